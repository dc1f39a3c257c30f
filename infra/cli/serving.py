"""`auricle up`: the local environment, served until Ctrl-C; and one for as long as another command lasts."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.cli.credentials import local_token
from infra.cli.models import convert_weights, fetch_whisper_where_possible
from infra.cli.terminal import DEFAULT_PORT, DEMO_ORG, Port, console
from infra.local.home import default_home


def up(port: Port = DEFAULT_PORT) -> None:
    """Serve the local environment until Ctrl-C; a restart finds everything again."""
    from infra.local import engine

    convert_weights()
    fetch_whisper_where_possible()
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


@contextmanager
def served(port: int) -> Iterator[str]:
    """The address of an environment: the one that serves this home already, or one for as long as this lasts."""
    import httpx

    from infra.local import child

    address = f"http://127.0.0.1:{port}"
    try:
        if httpx.get(f"{address}/health", timeout=2, trust_env=False).is_success and _is_of_this_home(address):
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


def _is_of_this_home(address: str) -> bool:
    """Whether the environment there accepts the tokens of this AURICLE_HOME."""
    import httpx

    answer = httpx.get(
        f"{address}/api/v1/audio-files?pageSize=1",
        headers={"authorization": f"Bearer {local_token(DEMO_ORG)}"},
        timeout=10,
        trust_env=False,
    )
    return answer.is_success
