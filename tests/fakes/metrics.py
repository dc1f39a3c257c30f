"""Metrics in memory."""

from __future__ import annotations

from datetime import datetime

from auricle.recordings.recording import Stage


class FakeMetrics:
    """What was counted and measured, in order."""

    def __init__(self) -> None:
        self.completed: list[float | None] = []
        """Seconds from upload to transcript."""
        self.failed: list[tuple[str, str, str]] = []
        self.oldest_open: list[float] = []
        self.jobs: list[tuple[str, Stage]] = []

    def __len__(self) -> int:
        return len(self.completed) + len(self.failed) + len(self.oldest_open) + len(self.jobs)

    def recording_completed(self, *, at: datetime, seconds_to_transcript: float | None) -> None:
        self.completed.append(seconds_to_transcript)

    def recording_failed(self, *, at: datetime, status: str, stage: str, code: str) -> None:
        self.failed.append((status, stage, code))

    def oldest_open_recording(self, *, age_seconds: float) -> None:
        self.oldest_open.append(age_seconds)

    def job_failed(self, *, stage: Stage) -> None:
        self.jobs.append(("failed", stage))

    def job_blocked(self, *, stage: Stage) -> None:
        self.jobs.append(("blocked", stage))
