"""Runs `python -m {stage}.job`, or the function `transcribe`, from an image's file tree, over stores in memory, and
notes what it tries to write.

A program of its own: `python -m tests.infra.job_in_image ENTRY CALL`, with PYTHONPATH and the other variables of the
image pointing into the tree. ENTRY is transcribe.job, diarize.job or transcribe.handler. Prints one JSON object.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main(entry: str, call: Path) -> None:
    changed: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            path = Path(os.fsdecode(arguments[0])) if isinstance(arguments[0], (str, bytes, Path)) else Path()
            folder = arguments[-1] if event in {"os.remove", "os.rmdir"} and arguments[-1] > 0 else None
            changed.append(str(Path(f"/proc/self/fd/{folder}").readlink() / path if folder else path.absolute()))

    import auricle
    from auricle import bootstrap
    from auricle.processing.fetching_audio import Bounds
    from auricle.processing.prepare import prepare_recording
    from auricle.processing.run_files import read_plan, read_turns, read_windows
    from auricle.recordings.consent import Consent
    from auricle.recordings.intake import accept_upload
    from auricle.recordings.keys import RecordingKeys
    from auricle.recordings.recording import Recording, Status
    from auricle.settings import Settings
    from auricle.speech.models import model_path
    from auricle.speech.vad import VoiceActivityModel
    from tests.fakes import Fakes

    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    settings, fakes = Settings.from_environment(os.environ), Fakes()
    stores: dict[str, Any] = {"recordings": fakes.recordings, "objects": fakes.objects}
    recording = Recording("acme", "rec_1", now, now, Status.UPLOADING, "call.flac", consent=Consent.ALL_CONSENTED)
    fakes.recordings.create(recording, [])
    fakes.objects.write(RecordingKeys("acme", "rec_1").source, call.read_bytes(), content_type="audio/flac")
    accept_upload("acme", "rec_1", intake=fakes.intake(max_upload_bytes=10**9), now=now)
    job = fakes.recordings.get("acme", "rec_1").current_job()
    with TemporaryDirectory() as workspace:
        prepare_recording(
            job,
            **stores,
            voice_model=VoiceActivityModel(model_path("voice-activity", settings.models_path)),
            bounds=Bounds(600, 10**9),
            workspace=Path(workspace),
            now=now,
        )
    wired = SimpleNamespace(settings=settings, **stores)
    bootstrap.bootstrap = lambda: wired  # type: ignore[assignment]
    sys.addaudithook(note)
    sys.argv = [entry, job.org, job.recording, str(job.run)]
    if entry.endswith(".job"):
        runpy.run_module(entry, run_name="__main__", alter_sys=True)
    else:
        for window in read_plan(job, fakes.objects).windows:
            event = {"org": job.org, "recording": job.recording, "run": job.run, "window": window.index}
            importlib.import_module(entry).lambda_handler({**event, "instead_of_gpu": True}, None)
    scratch = os.environ["TMPDIR"]
    found = {
        "code": auricle.__file__,
        "words": [word.text for window in read_windows(job, fakes.objects) for word in window.words],
        "engines": sorted({str(window.engine.model) for window in read_windows(job, fakes.objects)}),
        "speakers": len({turn.speaker for turn in read_turns(job, fakes.objects).turns}),
        "changed": [path for path in changed if not path.startswith((scratch, "/dev/null"))],
    }
    print(json.dumps(found))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
