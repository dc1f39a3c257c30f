"""`auricle models`: the model weights of this machine, converted or fetched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.terminal import console, errors

if TYPE_CHECKING:
    from auricle.settings import Settings
    from infra.cli.display import ReportProgress

models = typer.Typer(help="The weights the engines run on.", invoke_without_command=True)


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

    kept = settings_of_this_shell().models_path
    folder = _fetch_weights(name)
    hashes = verify_whisper(name, folder, kept)
    revision = recorded(kept)[name]["revision"]
    source = PINNED[name].repository if name in PINNED else name
    console.print(f"{source}{f', revision {revision}' if revision else ''}", highlight=False)
    for file, sha256 in hashes.items():
        console.print(f"  {sha256}  {folder / file}", highlight=False, soft_wrap=True)


def convert_weights() -> dict[Any, Path]:
    """The weights that the locked packages carry, converted at the first call under a progress bar."""
    from auricle.speech.models import ensure_models
    from infra.cli import display

    def convert(report: ReportProgress) -> dict[Any, Path]:
        return dict(ensure_models(settings_of_this_shell().models_path, progress=report))

    return display.with_bar(errors, "Converting model weights", convert)


def fetch_whisper_where_possible() -> None:
    """Fetch whisper's weights now: functions use the weights they find, and never wait for a download.

    Where they cannot be had, pocketsphinx transcribes, unless the settings ask for whisper.
    """
    from auricle.errors import ModelUnavailable
    from auricle.speech.whisper_weights import find_whisper

    chosen = settings_of_this_shell()
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


def settings_of_this_shell() -> Settings:
    """The settings that this shell's AURICLE_… variables make."""
    from auricle.settings import Settings

    return Settings.from_environment(os.environ)


def _fetch_weights(model: str) -> Path:
    from auricle.adapters.s3 import fetch_folder
    from auricle.speech.whisper_weights import fetch_whisper
    from infra.cli import display

    def fetch(report: ReportProgress) -> Path:
        return fetch_whisper(
            model,
            settings_of_this_shell().models_path,
            fetch_folder=fetch_folder,
            progress=lambda sent_bytes, of_bytes: report(f"whisper {model}", sent_bytes, of_bytes),
        )

    return display.with_bar(errors, "Fetching weights", fetch)
