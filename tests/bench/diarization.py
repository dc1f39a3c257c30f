"""Diarization of an hour on one core: speed and peak memory, in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MINUTES = 60
FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "demo_call.flac"


def measure() -> Iterator[dict[str, object]]:
    """Speed as seconds of audio per second of wall time, and the largest resident set."""
    for minutes in (MINUTES // 6, MINUTES):
        command = [sys.executable, "-m", "tests.bench.diarization", str(minutes)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(answer.stdout)
        about = {"minutes": minutes, "speakers": found["speakers"], "cores": 1}
        yield {"name": "diarization speed", "value": found["rtfx"], "unit": "x real time", "budget": ">= 30", **about}
        yield {"name": "diarization memory", "value": found["peak_mb"], "unit": "MB", "budget": "<= 1024", **about}


def _repeated(minutes: int) -> Iterator[object]:
    """The demo call over and over, a minute or so at a time, never held as a whole."""
    from auricle.speech.working_copy import read_blocks

    left = minutes * 60 * 16_000
    while left > 0:
        for block in read_blocks(FIXTURE):
            yield block[0][:left]
            left -= len(block[0])
            if left <= 0:
                return


def _main(minutes: int) -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from auricle.settings import settings
    from auricle.speech.diarization.pipeline import DiarizationModels, diarize
    from auricle.speech.models import ensure_models

    ensure_models(settings().models_path)
    models = DiarizationModels.load(settings().models_path)
    started_s = time.perf_counter()
    found = diarize(_repeated(minutes), models)  # type: ignore[arg-type]  # blocks are float32 arrays
    wall_s = time.perf_counter() - started_s
    print(
        json.dumps(
            {
                "rtfx": round(minutes * 60 / wall_s, 1),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "speakers": len({turn.speaker for turn in found.turns}),
            },
        ),
    )


if __name__ == "__main__":
    _main(int(sys.argv[1]))
