"""Metrics as CloudWatch's Embedded Metric Format: one JSON line each on standard output, which Lambda's log carries.

Every metric has the dimensions `service` and `environment`; alarms (`infra/constructs/alarms.py`) watch these. Failures
are also told apart by `status`, and by `stage` and `code`: few values each, since every combination is a metric that is
paid for. A tenant, a user or a recording is never a dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from auricle.recordings.recording import Stage

NAMESPACE = "Auricle"
SERVICE = "auricle"

RECORDINGS_COMPLETED = "RecordingsCompleted"
RECORDINGS_FAILED = "RecordingsFailed"
"""1 for each that failed and 0 for each that completed: its sum counts failures, its average is their share."""
SECONDS_TO_TRANSCRIPT = "SecondsToTranscript"
OLDEST_OPEN_RECORDING = "OldestOpenRecording"
JOBS_FAILED = "JobsFailed"
JOBS_BLOCKED = "JobsBlocked"

_OLDEST = timedelta(days=13)
"""CloudWatch drops what is older than two weeks."""


def dimensions(environment: str, **more: str) -> dict[str, str]:
    """The dimensions by which a metric of this environment is found."""
    return {"service": SERVICE, "environment": environment, **more}


class EmbeddedMetrics:
    """The metrics of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def recording_completed(self, *, at: datetime, seconds_to_transcript: float | None) -> None:
        figures: dict[str, tuple[str, float]] = {
            RECORDINGS_COMPLETED: ("Count", 1),
            RECORDINGS_FAILED: ("Count", 0),
        }
        if seconds_to_transcript is not None:
            figures[SECONDS_TO_TRANSCRIPT] = ("Seconds", seconds_to_transcript)
        self._emit(figures, at=at)

    def recording_failed(self, *, at: datetime, status: str, stage: str, code: str) -> None:
        self._emit({RECORDINGS_FAILED: ("Count", 1)}, {"status": status}, {"stage": stage, "code": code}, at=at)

    def oldest_open_recording(self, *, age_seconds: float) -> None:
        self._emit({OLDEST_OPEN_RECORDING: ("Seconds", age_seconds)})

    def job_failed(self, *, stage: Stage) -> None:
        self._emit({JOBS_FAILED: ("Count", 1)}, {"stage": stage.value})

    def job_blocked(self, *, stage: Stage) -> None:
        self._emit({JOBS_BLOCKED: ("Count", 1)}, {"stage": stage.value})

    def _emit(
        self, figures: Mapping[str, tuple[str, float]], *also_by: Mapping[str, str], at: datetime | None = None
    ) -> None:
        """One line, by the environment's dimensions and again by each of `also_by` beside them."""
        from aws_lambda_powertools.metrics import EphemeralMetrics  # 35 ms of CPU: only who emits pays for it

        everywhere = dimensions(self._environment)
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE, default_dimensions=everywhere)
        for name, (unit, value) in figures.items():
            metrics.add_metric(name=name, unit=unit, value=value)
        for each in also_by:
            metrics.add_dimensions(**each)
        if at is not None:
            metrics.set_timestamp(max(at, datetime.now(UTC) - _OLDEST))
        metrics.flush_metrics()
