"""`auricle evaluate`: the accuracy of the engines on recordings with a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.models import convert_weights, fetch_whisper_where_possible, settings_of_this_shell
from infra.cli.terminal import AsJson, console, errors, print_json

if TYPE_CHECKING:
    from infra.cli.display import ReportProgress

evaluate = typer.Typer(help="Accuracy of the engines on recordings with a reference.", no_args_is_help=True)


@evaluate.command("speech")
def evaluate_speech(
    folder: Annotated[Path, typer.Argument(help="manifest.json with `text` (words) or `rttm` (speakers) per audio.")],
    as_json: AsJson = False,
) -> None:
    """Word error rate, or diarization error rate, with the engines this machine runs."""
    from auricle.accuracy.evaluate import TranscriptionAccuracy, evaluate_folder
    from infra.cli import display

    convert_weights()
    fetch_whisper_where_possible()
    chosen = settings_of_this_shell()

    def work(report: ReportProgress) -> Any:
        return evaluate_folder(
            folder,
            models=chosen.models_path,
            transcription_engine=chosen.transcription_engine,
            whisper_model=chosen.whisper_model,
            whisper_device=chosen.whisper_device,
            progress=report,
        )

    found = display.with_bar(errors, "Evaluating", work)
    if as_json:
        print_json(found.summary())
    elif isinstance(found, TranscriptionAccuracy):
        display.transcription_accuracy(console, found)
    else:
        display.diarization_accuracy(console, found)
