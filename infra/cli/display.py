"""What the `auricle` command prints: a finished recording, its progress, the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from auricle.accuracy.evaluate import DiarizationAccuracy, TranscriptionAccuracy
    from infra.cli.api_client import Finished

Result = TypeVar("Result")
ReportProgress = Callable[[str, int, int], None]
"""Called with a name, how many are ready, and of how many."""

SPEAKER_STYLES = ("bold cyan", "bold magenta", "bold green", "bold yellow", "bold blue", "bold red")
_BAR_CELLS = 24


def clock(seconds: float) -> str:
    """`1:05`, or `1:02:05` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(size_bytes: int) -> str:
    """`812 KB`, `4.1 MB`."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, round(size_bytes / 1e3))} KB"


def progress(console: Console, *, transient: bool = False) -> Progress:
    """One line with a spinner, what is being done, a bar and the time it has taken; a transient one goes away."""
    return Progress(
        SpinnerColumn(finished_text="[green]✔[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[note]}", style="dim"),
        TimeElapsedColumn(),
        console=console,
        transient=transient,
    )


def stage_note(status: Mapping[str, Any]) -> str:
    """What the workflow is doing just now, in a few words."""
    busy = [name for name, stage in status["stages"].items() if stage["state"] == "in-progress"]
    return " ∥ ".join(busy) or str(status["status"])


def recording(console: Console, finished: Finished) -> None:
    """A finished recording as a page: facts, who said what when, highlights, what went wrong."""
    detail, transcript = finished.detail, finished.transcript
    console.print(Panel(_facts(finished), title=f"[bold]{escape(str(detail['fileName']))}[/]", expand=False))
    styles = _styles(transcript)
    if transcript and transcript["segments"]:
        console.print(_conversation(transcript["segments"], styles))
    lines = detail.get("highlights") or []
    if lines:
        console.print(Panel(_highlights(lines, styles), title="[bold]Highlights[/]", expand=False))
    for stage, state in finished.status["stages"].items():
        if state["state"] == "failed":
            console.print(f"[red]✘ {stage}:[/] {escape(state['error']['message'])}")
    if finished.status.get("error"):
        console.print(f"[red]✘ {escape(finished.status['error']['message'])}[/]")


def search(console: Console, query: str, results: Sequence[Mapping[str, Any]]) -> None:
    """What a search over the tenant's conversations finds, best first."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    for found in results:
        at_s = found.get("timestamp_seconds")
        rows.add_row("" if at_s is None else clock(at_s), Text(found["snippet"]))
    console.print(Panel(rows, title=f"[bold]Search: {escape(query)}[/]", expand=False))


def longest_word(transcript: Mapping[str, Any] | None) -> str | None:
    """The longest word of the transcript: something to search for."""
    words = [word for segment in (transcript or {}).get("segments", ()) for word in segment["text"].split()]
    return max(words, key=len, default=None)


def _facts(finished: Finished) -> RenderableType:
    detail = finished.detail
    rows = Table.grid(padding=(0, 2))
    audio = detail.get("audio") or {}
    if audio:
        channels = {1: "mono", 2: "two channels"}.get(audio["channels"], f"{audio['channels']} channels")
        rate = f"{audio['sampleRateHz'] / 1000:g} kHz"
        rows.add_row("Audio", f"{clock(finished.detail['durationSeconds'])} of {audio['codec']}, {channels}, {rate}")
    total_s = sum(talk["talkSeconds"] for talk in detail.get("speakers") or ()) or 1.0
    for position, talk in enumerate(detail.get("speakers") or ()):
        share = talk["talkSeconds"] / total_s
        style = SPEAKER_STYLES[position % len(SPEAKER_STYLES)]
        bar = Text("█" * round(share * _BAR_CELLS), style=style)
        rows.add_row(
            Text(talk["speaker"], style=style),
            Text.assemble(bar, f" {share:.0%} · {clock(talk['talkSeconds'])} · {talk['wordCount']} words"),
        )
    for stage, engine in (detail.get("engines") or {}).items():
        model = f" ({engine['model']})" if engine.get("model") else ""
        rows.add_row(Text(stage, style="dim"), Text(f"{engine['name']} {engine['version']}{model}", style="dim"))
    for warning in detail.get("warnings") or ():
        rows.add_row("[yellow]Note[/]", Text(warning["message"], style="yellow"))
    return rows


def _conversation(segments: Sequence[Mapping[str, Any]], styles: Mapping[str, str]) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column()
    for segment in segments:
        rows.add_row(
            clock(segment["start"]),
            Text(segment["speaker"], style=styles.get(segment["speaker"], "dim")),
            Text(segment["text"]),
        )
    return Group(Text("\nWho said what when", style="bold"), rows, Text())


def _highlights(lines: Sequence[Mapping[str, Any]], styles: Mapping[str, str]) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", style="dim", no_wrap=True)
    for line in lines:
        rows.add_row(
            clock(line["start"]),
            Text(line["speaker"], style=styles.get(line["speaker"], "dim")),
            Text(f"“{line['text']}”"),
        )
    return rows


def _styles(transcript: Mapping[str, Any] | None) -> dict[str, str]:
    speakers = sorted({segment["speaker"] for segment in (transcript or {}).get("segments", ())})
    return {speaker: SPEAKER_STYLES[position % len(SPEAKER_STYLES)] for position, speaker in enumerate(speakers)}


def with_bar(console: Console, what: str, work: Callable[[ReportProgress], Result]) -> Result:
    """Runs `work` under a bar that goes away; `work` reports how many of how many are ready."""
    with progress(console, transient=True) as bars:
        task = bars.add_task(what, total=None, note="")

        def report(name: str, ready: int, total: int) -> None:
            bars.update(task, completed=ready, total=total, note=name)

        return work(report)


def transcription_accuracy(console: Console, found: TranscriptionAccuracy) -> None:
    """One line a file, worst first, and the figures over all words."""
    rows = Table(title="Transcription", title_justify="left")
    for heading in ("audio", "length", "words", "WER"):
        rows.add_column(heading, justify="left" if heading == "audio" else "right")
    for file in sorted(found.files, key=lambda file: -file.error.rate):
        rows.add_row(file.audio, f"{file.duration_s:.1f} s", str(file.error.reference_words), f"{file.error.rate:.1%}")
    console.print(rows)
    console.print(
        f"[bold]WER {found.wer:.1%}[/] over {found.error.reference_words} words · RTFx {found.rtfx:.1f} · "
        f"{found.engine.name} {found.engine.version} ({found.engine.model})"
    )


def diarization_accuracy(console: Console, found: DiarizationAccuracy) -> None:
    """One line a file, worst first, and the figures over all speech."""
    rows = Table(title="Diarization", title_justify="left")
    for heading in ("audio", "length", "speakers (true)", "DER", "DER ±0.25 s"):
        rows.add_column(heading, justify="left" if heading == "audio" else "right")
    for file in sorted(found.files, key=lambda file: -file.error.rate):
        rows.add_row(
            file.audio,
            f"{file.duration_s:.1f} s",
            f"{file.speakers_found} ({file.speakers_there})",
            f"{file.error.rate:.1%}",
            f"{file.error_with_collar.rate:.1%}",
        )
    console.print(rows)
    console.print(
        f"[bold]DER {found.der_collar_0:.1%}[/], [bold]{found.der_collar_250ms:.1%}[/] at ±0.25 s · speakers right "
        f"{found.speakers_exact} of {len(found.files)} · RTFx {found.rtfx:.1f}"
    )


def where_next(console: Console, *, base_url: str, recording_id: str, org: str, home: Path) -> None:
    """What somebody who has just seen their first recording may want to do."""
    steps = (
        ("serve it; the API and its documentation", f"make up   # {base_url}/docs"),
        (
            "this recording's transcript from the API, with `make up` running",
            (
                f"TOKEN=$(.venv/bin/auricle token --org {org})\n"
                f'curl -H "Authorization: Bearer $TOKEN" \\\n'
                f"  {base_url}/api/v1/audio-files/{recording_id}/transcript"
            ),
        ),
        ("your own recording", "make demo FILE=call.mp3"),
        ("the CloudFormation for your AWS account", "make synth ENV=dev"),
    )
    console.print(Text("Where to look next", style="bold"))
    for what, command in steps:
        console.print(Text(f"# {what}", style="dim"))
        console.print(Text(command), soft_wrap=True)
    console.print(Text(f"# everything is kept in {home}", style="dim"))
