"""Lambda: an upload becomes working audio and a plan of windows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.adapters.memory import allocations_bounded
from auricle.bootstrap import bootstrap
from auricle.processing.fetching_audio import Bounds
from auricle.processing.prepare import prepare_recording
from auricle.recordings.job import Job
from auricle.speech.models import model_path
from auricle.speech.vad import VoiceActivityModel

MAX_ALLOCATED_BYTES = 1 << 30
"""What preparing one recording may take beyond the process and its model: hours of audio take a tenth of it."""


@cache
def _voice_model() -> VoiceActivityModel:
    return VoiceActivityModel(model_path("voice-activity", bootstrap().settings.models_path))


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("prepare", job) as facts, TemporaryDirectory() as workspace:
        voice_model = _voice_model()
        with allocations_bounded(MAX_ALLOCATED_BYTES):
            plan = prepare_recording(
                job,
                recordings=wired.recordings,
                objects=wired.objects,
                voice_model=voice_model,
                bounds=Bounds(wired.settings.max_duration_s, wired.settings.max_upload_bytes),
                workspace=Path(workspace),
                now=datetime.now(UTC),
            )
        facts["windows"] = len(plan["windows"])
        return dict(plan)
