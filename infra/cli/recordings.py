"""`auricle demo`, `submit` and `status`: recordings, uploaded and followed through the public API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from infra.cli.credentials import local_token
from infra.cli.models import convert_weights, fetch_whisper_where_possible
from infra.cli.serving import served
from infra.cli.terminal import (
    DEFAULT_PORT,
    DEFAULT_URL,
    DEMO_ORG,
    AsJson,
    Org,
    Port,
    Url,
    console,
    print_json,
    relative_to_here,
    require_file,
)
from infra.local.home import CHECKOUT, default_home

if TYPE_CHECKING:
    from infra.cli.api_client import Client

DEMO_CONTACT = "jane-smith"
DEMO_CALL = CHECKOUT / "tests" / "fixtures" / "demo_call.flac"
FOLLOW_LIMIT_S = 6 * 3600


def demo(
    file: Annotated[Path | None, typer.Argument(help="A recording; without one, the call that comes with it.")] = None,
    port: Port = DEFAULT_PORT,
    picture: Annotated[Path | None, typer.Option(help="Also save what is printed as an SVG.")] = None,
) -> None:
    """Upload a call through the public API, follow it, print who said what when, and search for it."""
    from infra.cli import display
    from infra.cli.api_client import Client

    console.record = picture is not None

    call = file or DEMO_CALL
    require_file(call)
    convert_weights()
    fetch_whisper_where_possible()
    with served(port) as base_url, Client(base_url, local_token(DEMO_ORG)) as client:
        contact = _demo_contact(client)
        finished = _process(client, call, contact_ids=(contact["id"],))
        display.recording(console, finished)
        timeline = client.get(f"/api/v1/agent/founder/contacts/{contact['id']}/timeline")["timeline"]
        if any(entry["id"] == finished.id for entry in timeline):
            who = f"{contact['name']} ({contact['company']})"
            console.print(f"[green]✔[/] On the timeline of {who}, which holds {len(timeline)} recording(s) now\n")
        word = display.longest_word(finished.transcript)
        found = client.get("/api/v1/agent/founder/crm/search", q=word, limit="3")["results"] if word else []
        if word:
            display.search(console, word, found)
        display.where_next(
            console,
            base_url=f"http://127.0.0.1:{port}",
            recording_id=finished.id,
            org=DEMO_ORG,
            home=relative_to_here(default_home()),
        )
        complete = (
            finished.succeeded
            and finished.transcript is not None
            and finished.transcript["segments"]
            and finished.detail["highlights"]
            and any(entry["id"] == finished.id for entry in timeline)
            and found
        )
    if picture is not None:
        console.save_svg(str(picture), title="make demo")
    raise typer.Exit(0 if complete else 1)


def submit(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    wait: Annotated[bool, typer.Option("--wait", help="Follow it and print the finished recording.")] = False,
    as_json: AsJson = False,
    org: Org = DEMO_ORG,
    url: Url = DEFAULT_URL,
    token: Annotated[
        str | None, typer.Option(help="A credential; by default a local one.", envvar="AURICLE_TOKEN")
    ] = None,
) -> None:
    """Upload a recording to a running environment."""
    from infra.cli import display
    from infra.cli.api_client import Client, reachable

    require_file(file)
    with reachable(url), Client(url, token or local_token(org)) as client:
        if not wait:
            recording_id = client.submit(file)
            print_json({"audioFileId": recording_id}) if as_json else console.print(recording_id, highlight=False)
            return
        finished = _process(client, file, quiet=as_json)
    if as_json:
        print_json(
            {
                "audioFileId": finished.id,
                "processing": finished.status,
                "recording": finished.detail,
                "transcript": finished.transcript,
            },
        )
    else:
        display.recording(console, finished)
    raise typer.Exit(0 if finished.succeeded else 1)


def status(
    recording: Annotated[str, typer.Argument(help="Id of a recording.")],
    as_json: AsJson = False,
    org: Org = DEMO_ORG,
    url: Url = DEFAULT_URL,
) -> None:
    """Show how far a recording is, or the finished recording."""
    from infra.cli import display
    from infra.cli.api_client import Client, reachable

    with reachable(url), Client(url, local_token(org)) as client:
        finished = client.finished(recording)
    if as_json:
        print_json({"processing": finished.status, "recording": finished.detail})
    else:
        console.print(f"[bold]{finished.status['status']}[/] · {display.stage_note(finished.status)}")
        display.recording(console, finished)


def _demo_contact(client: Client) -> Mapping[str, Any]:
    """The customer of the demo, the same in every demo, so that her timeline grows."""
    from infra.cli.api_client import ApiError

    try:
        return client.get(f"/api/v1/agent/founder/contacts/{DEMO_CONTACT}")
    except ApiError as error:
        if error.status != 404:
            raise
    jane = {"id": DEMO_CONTACT, "name": "Jane Smith", "company": "Acme Corp"}
    return client.post("/api/v1/agent/founder/contacts", jane)


def _process(client: Client, file: Path, *, contact_ids: tuple[str, ...] = (), quiet: bool = False) -> Any:
    """Uploads and follows a recording under one progress line each."""
    from infra.cli import display

    with display.progress(Console(quiet=True) if quiet else console) as bars:
        upload = bars.add_task("Uploading", total=file.stat().st_size, note=display.size(file.stat().st_size))
        recording_id = client.submit(
            file, contact_ids=contact_ids, on_sent=lambda sent_bytes: bars.advance(upload, sent_bytes)
        )
        work = bars.add_task("Processing", total=1.0, note="waiting to be picked up")
        state: Any = {}
        for state in client.follow(recording_id, limit_s=FOLLOW_LIMIT_S):
            bars.update(work, completed=state["progress"], note=display.stage_note(state))
        if state["status"] == "completed":
            bars.update(work, completed=1.0, note="done")
    return client.finished(recording_id)
