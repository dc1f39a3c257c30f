"""What the commands share: the terminal they print to, and the options that mean the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from infra.local.failures import LocalEnvironmentError, PortUnusable

DEFAULT_PORT = 8080
HIGHEST_PORT = 65_534
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
DEMO_ORG = "demo"

console = Console()
errors = Console(stderr=True)


def _usable_port(port: int) -> int:
    """Refuses a port that does not exist, or has none after it, before anything is started."""
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


def print_json(content: Any) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))


def require_file(path: Path) -> None:
    if not path.is_file():
        raise LocalEnvironmentError(f"{path} is not a file.")


def relative_to_here(path: Path) -> Path:
    """The path as somebody in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
