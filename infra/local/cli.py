"""The `auricle` command: the local environment, and the project's own chores."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from infra import deploy_commands
from infra.local.failures import LocalEnvironmentError, PortUnusable
from infra.local.home import CHECKOUT, Home, default_home
from infra.local.state_commands import state
from infra.local.weights import convert_weights

if TYPE_CHECKING:
    from auricle.settings import Settings
    from infra.local.client import Client

DEFAULT_PORT = 8080
DEMO_ORG = "demo"
DEMO_CONTACT = "jane-smith"
DEMO_CALL = CHECKOUT / "tests" / "fixtures" / "demo_call.flac"
EVERY_SCOPE = (
    "audio:read",
    "audio:write",
    "audio:download",
    "recordings:read",
    "recordings:write",
    "calls:read",
    "calls:write",
    "org:admin",
)

app = typer.Typer(
    help="Recording intelligence, whole on a laptop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
evaluate = typer.Typer(help="Accuracy of the engines on recordings with a reference.", no_args_is_help=True)
app.add_typer(evaluate, name="evaluate")
models = typer.Typer(help="The weights the engines run on.", invoke_without_command=True)
app.add_typer(models, name="models")
app.add_typer(state, name="state")

console = Console()
errors = Console(stderr=True)

HIGHEST_PORT = 65_534


def _usable_port(port: int) -> int:
    """Refuses what is no port, or has none after it, before anything is started."""
    if not 0 <= port <= HIGHEST_PORT:
        raise PortUnusable(port, f"ports here are between 0 and {HIGHEST_PORT}")
    return port


Port = Annotated[
    int,
    typer.Option(
        help="Port of the API; the AWS endpoint takes the one after it.", envvar="PORT", callback=_usable_port
    ),
]
Url = Annotated[str, typer.Option(help="Address of the API.", envvar="AURICLE_URL")]
Org = Annotated[str, typer.Option(help="Tenant to act for.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Runs the command; what users can mend is one line on stderr and exit status 1."""
    from auricle.errors import AuricleError
    from infra.bundling import BundlingFailed
    from infra.environments import SettingsRefused
    from infra.local.client import ApiError
    from infra.synth import ChecksFailed

    ours = (LocalEnvironmentError, AuricleError, ApiError, BundlingFailed, ChecksFailed, SettingsRefused)
    try:
        app()
    except ours as error:
        errors.print("[red]✘[/]", Text(str(error)), highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


@app.command()
def up(port: Port = DEFAULT_PORT) -> None:
    """Serve the local environment until Ctrl-C; a restart finds everything again."""
    from infra.local import engine

    convert_weights()
    _fetch_whisper()
    started_s = time.monotonic()
    running = engine.start(default_home(), port, lambda text: console.print(f"[dim]{text}[/]"))
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    console.print(
        f"[green]✔[/] Auricle serves [bold]{running.base_url}[/] "
        f"({time.monotonic() - started_s:.1f} s; docs at {running.base_url}/docs; state in {default_home()})",
    )
    console.print("[dim]Ctrl-C stops it.[/]")
    while not stopping and not running.wait(0.2):
        pass
    running.stop()
    console.print("Stopped; everything is kept.")


@app.command()
def demo(
    file: Annotated[Path | None, typer.Argument(help="A recording; without one, the call that comes with it.")] = None,
    port: Port = DEFAULT_PORT,
    picture: Annotated[Path | None, typer.Option(help="Also save what is printed as an SVG.")] = None,
) -> None:
    """Upload a call through the public API, follow it, print who said what when, and search for it."""
    from infra.local import show
    from infra.local.client import Client

    console.record = picture is not None

    call = file or DEMO_CALL
    _must_be_a_file(call)
    convert_weights()
    _fetch_whisper()
    with _engine(port) as base_url, Client(base_url, _token(DEMO_ORG)) as client:
        contact = _demo_contact(client)
        finished = _process(client, call, contact_ids=(contact["id"],))
        show.recording(console, finished)
        timeline = client.get(f"/api/v1/agent/founder/contacts/{contact['id']}/timeline")["timeline"]
        if any(entry["id"] == finished.id for entry in timeline):
            who = f"{contact['name']} ({contact['company']})"
            console.print(f"[green]✔[/] On the timeline of {who}, which holds {len(timeline)} recording(s) now\n")
        word = show.telling_word(finished.transcript)
        found = client.get("/api/v1/agent/founder/crm/search", q=word, limit="3")["results"] if word else []
        if word:
            show.search(console, word, found)
        show.where_next(
            console,
            base_url=f"http://127.0.0.1:{port}",
            recording_id=finished.id,
            org=DEMO_ORG,
            home=_from_here(default_home()),
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


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    wait: Annotated[bool, typer.Option("--wait", help="Follow it and print the finished recording.")] = False,
    as_json: AsJson = False,
    org: Org = DEMO_ORG,
    url: Url = f"http://127.0.0.1:{DEFAULT_PORT}",
    token: Annotated[
        str | None, typer.Option(help="A credential; by default a local one.", envvar="AURICLE_TOKEN")
    ] = None,
) -> None:
    """Upload a recording to a running environment."""
    from infra.local import show
    from infra.local.client import Client, reachable

    _must_be_a_file(file)
    with reachable(url), Client(url, token or _token(org)) as client:
        if not wait:
            recording_id = client.submit(file)
            _print_json({"audioFileId": recording_id}) if as_json else console.print(recording_id, highlight=False)
            return
        finished = _process(client, file, quiet=as_json)
    if as_json:
        _print_json(
            {
                "audioFileId": finished.id,
                "processing": finished.status,
                "recording": finished.detail,
                "transcript": finished.transcript,
            },
        )
    else:
        show.recording(console, finished)
    raise typer.Exit(0 if finished.succeeded else 1)


@app.command()
def status(
    recording: Annotated[str, typer.Argument(help="Id of a recording.")],
    as_json: AsJson = False,
    org: Org = DEMO_ORG,
    url: Url = f"http://127.0.0.1:{DEFAULT_PORT}",
) -> None:
    """Show how far a recording is, or the finished recording."""
    from infra.local import show
    from infra.local.client import Client, reachable

    with reachable(url), Client(url, _token(org)) as client:
        finished = client.finished(recording)
    if as_json:
        _print_json({"processing": finished.status, "recording": finished.detail})
    else:
        console.print(f"[bold]{finished.status['status']}[/] · {show.stage_note(finished.status)}")
        show.recording(console, finished)


@app.command()
def token(
    org: Annotated[str, typer.Option(help="Tenant the token acts for.")],
    user: Annotated[str, typer.Option(help="Whose token it is.")] = "local-user",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given again. [default: founder]")] = None,
    scope: Annotated[str, typer.Option(help="Scopes, separated by spaces.")] = " ".join(EVERY_SCOPE),
    hours: Annotated[int, typer.Option(help="How long it holds.", min=1, max=24 * 365)] = 24,
) -> None:
    """Print a JWT that the local environment accepts."""
    typer.echo(_token(org, user=user, roles=tuple(role or ("founder",)), scopes=tuple(scope.split()), hours=hours))


@models.callback()
def convert_models(context: typer.Context) -> None:
    """Convert the model weights the locked packages carry, and say where they lie."""
    if context.invoked_subcommand is None:
        for name, path in convert_weights().items():
            console.print(f"{name:24} {path}", highlight=False)


@models.command("fetch")
def fetch_model(
    name: Annotated[str, typer.Argument(help="A size (small, large-v3-turbo), owner/name@commit, or an s3:// prefix.")],
) -> None:
    """Fetch the weights of a whisper model, and say which revision they are and what they hash to.

    They are checked against what is pinned, or was recorded the first time; images are built with them.
    """
    from auricle.speech.whisper_weights import PINNED, recorded, verify_whisper

    kept = _settings().models_path
    folder = _fetch_weights(name)
    hashes = verify_whisper(name, folder, kept)
    revision = recorded(kept)[name]["revision"]
    source = PINNED[name].repository if name in PINNED else name
    console.print(f"{source}{f', revision {revision}' if revision else ''}", highlight=False)
    for file, sha256 in hashes.items():
        console.print(f"  {sha256}  {folder / file}", highlight=False, soft_wrap=True)


deploy_commands.register(app)


@evaluate.command("speech")
def evaluate_speech(
    folder: Annotated[Path, typer.Argument(help="manifest.json with `text` (words) or `rttm` (speakers) per audio.")],
    as_json: AsJson = False,
) -> None:
    """Word error rate, or diarization error rate, with the engines this machine runs."""
    from auricle.accuracy.evaluate import TranscriptionAccuracy, evaluate_folder
    from infra.local import show

    convert_weights()
    _fetch_whisper()
    chosen = _settings()

    def work(tell: show.Tell) -> Any:
        return evaluate_folder(
            folder,
            models=chosen.models_path,
            transcription_engine=chosen.transcription_engine,
            whisper_model=chosen.whisper_model,
            whisper_device=chosen.whisper_device,
            progress=tell,
        )

    found = show.with_bar(errors, "Evaluating", work)
    if as_json:
        _print_json(found.summary())
    elif isinstance(found, TranscriptionAccuracy):
        show.transcription_accuracy(console, found)
    else:
        show.diarization_accuracy(console, found)


def _demo_contact(client: Client) -> Mapping[str, Any]:
    """The customer of the demo, the same in every demo: her timeline grows."""
    from infra.local.client import ApiError

    try:
        return client.get(f"/api/v1/agent/founder/contacts/{DEMO_CONTACT}")
    except ApiError as error:
        if error.status != 404:
            raise
    jane = {"id": DEMO_CONTACT, "name": "Jane Smith", "company": "Acme Corp"}
    return client.post("/api/v1/agent/founder/contacts", jane)


def _process(client: Client, file: Path, *, contact_ids: tuple[str, ...] = (), quiet: bool = False) -> Any:
    """Uploads and follows a recording under one progress line each."""
    from infra.local import show

    with show.progress(Console(quiet=True) if quiet else console) as bars:
        upload = bars.add_task("Uploading", total=file.stat().st_size, note=show.size(file.stat().st_size))
        recording_id = client.submit(
            file, contact_ids=contact_ids, sent=lambda sent_bytes: bars.advance(upload, sent_bytes)
        )
        work = bars.add_task("Processing", total=1.0, note="waiting to be picked up")
        state: Any = {}
        for state in client.follow(recording_id, limit_s=6 * 3600):
            bars.update(work, completed=state["progress"], note=show.stage_note(state))
        if state["status"] == "completed":
            bars.update(work, completed=1.0, note="done")
    return client.finished(recording_id)


@contextmanager
def _engine(port: int) -> Iterator[str]:
    """A running environment's address: the one that serves this home already, or one for as long as this lasts."""
    import httpx

    from infra.local import child

    address = f"http://127.0.0.1:{port}"
    try:
        if httpx.get(f"{address}/health", timeout=2, trust_env=False).is_success and _is_ours(address):
            console.print(f"[green]✔[/] Using the environment that serves {address}")
            yield address
            return
        port = 0  # something else lives there
    except httpx.HTTPError:
        pass
    started_s = time.monotonic()
    with console.status("Starting the engine …") as line:
        running = child.launch(default_home(), port, lambda text: line.update(text))
    try:
        console.print(f"[green]✔[/] Engine ready at {running.base_url} ({time.monotonic() - started_s:.1f} s)")
        yield running.base_url
    finally:
        running.stop()


def _is_ours(address: str) -> bool:
    """Whether the environment there accepts this home's tokens."""
    import httpx

    answer = httpx.get(
        f"{address}/api/v1/audio-files?pageSize=1",
        headers={"authorization": f"Bearer {_token(DEMO_ORG)}"},
        timeout=10,
        trust_env=False,
    )
    return answer.is_success


def _token(
    org: str,
    *,
    user: str = "local-user",
    roles: tuple[str, ...] = ("founder",),
    scopes: tuple[str, ...] = EVERY_SCOPE,
    hours: int = 24,
) -> str:
    from infra.local import keys

    key = keys.load_or_create(Home(default_home()).keys)
    return keys.issue_token(key, org=org, user=user, roles=roles, scopes=scopes, ttl_s=hours * 3600)


def _fetch_whisper() -> None:
    """Whisper's weights, where this machine can have them: functions use what they find, and never wait for a hub."""
    from auricle.errors import ModelUnavailable
    from auricle.speech.whisper_weights import find_whisper

    chosen = _settings()
    model = chosen.whisper_model
    if chosen.transcription_engine == "pocketsphinx" or find_whisper(model, chosen.models_path):
        return
    try:
        _fetch_weights(model)
    except ModelUnavailable:
        if chosen.transcription_engine == "whisper":
            raise
        errors.print(
            f"[dim]The weights of whisper {model} cannot be fetched here, so pocketsphinx transcribes: good enough to "
            "try Auricle, not for telephone calls.[/]",
            highlight=False,
        )


def _fetch_weights(model: str) -> Path:
    from auricle.adapters.s3 import fetch_folder
    from auricle.speech.whisper_weights import fetch_whisper
    from infra.local import show

    def fetch(tell: show.Tell) -> Path:
        return fetch_whisper(
            model,
            _settings().models_path,
            fetch_folder=fetch_folder,
            progress=lambda sent_bytes, of_bytes: tell(f"whisper {model}", sent_bytes, of_bytes),
        )

    return show.with_bar(errors, "Fetching weights", fetch)


def _settings() -> Settings:
    """What this shell's AURICLE_… variables say."""
    from auricle.settings import Settings

    return Settings.from_environment(os.environ)


def _must_be_a_file(path: Path) -> None:
    if not path.is_file():
        raise LocalEnvironmentError(f"{path} is not a file.")


def _from_here(path: Path) -> Path:
    """The path as somebody in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))


if __name__ == "__main__":
    main()
