"""Metrics as they stand in the log, from where CloudWatch takes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.adapters.metrics import EmbeddedMetrics, dimensions
from auricle.recordings.recording import Stage

METRICS = EmbeddedMetrics("dev")


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def described(line: dict[str, Any]) -> dict[str, str]:
    """Each metric's unit."""
    (one,) = line["_aws"]["CloudWatchMetrics"]
    assert one["Namespace"] == "Auricle"
    return {metric["Name"]: metric["Unit"] for metric in one["Metrics"]}


def counted_by(line: dict[str, Any]) -> list[list[str]]:
    (one,) = line["_aws"]["CloudWatchMetrics"]
    return sorted(sorted(each) for each in one["Dimensions"])


def test_metrics_are_found_by_service_and_environment() -> None:
    assert dimensions("prod", stage="prepare") == {"service": "auricle", "environment": "prod", "stage": "prepare"}


def test_a_completed_recording_is_one_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    METRICS.recording_completed(at=at, seconds_to_transcript=12.5)
    line = emitted(capsys)
    assert described(line) == {
        "RecordingsCompleted": "Count",
        "RecordingsFailed": "Count",
        "SecondsToTranscript": "Seconds",
    }
    names = ("RecordingsCompleted", "RecordingsFailed", "SecondsToTranscript", "service", "environment")
    assert [line[name] for name in names] == [[1.0], [0.0], [12.5], "auricle", "dev"]
    assert counted_by(line) == [["environment", "service"]]
    assert line["_aws"]["Timestamp"] == int(at.timestamp() * 1000)


def test_how_long_it_took_is_left_out_where_it_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    METRICS.recording_completed(at=datetime.now(UTC), seconds_to_transcript=None)
    assert set(described(emitted(capsys))) == {"RecordingsCompleted", "RecordingsFailed"}


def test_what_is_too_old_for_cloudwatch_counts_as_thirteen_days_old(capsys: pytest.CaptureFixture[str]) -> None:
    METRICS.recording_completed(at=datetime(2020, 1, 1, tzinfo=UTC), seconds_to_transcript=0.0)
    line = emitted(capsys)
    age_days = (datetime.now(UTC).timestamp() * 1000 - line["_aws"]["Timestamp"]) / 86_400_000
    assert 12.99 < age_days < 13.01
    assert line["SecondsToTranscript"] == [0.0]


def test_a_failure_is_also_counted_by_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    METRICS.recording_failed(at=datetime.now(UTC), status="ERROR", stage="prepare", code="unreadable")
    line = emitted(capsys)
    assert described(line) == {"RecordingsFailed": "Count"}
    assert line["RecordingsFailed"] == [1.0]
    assert counted_by(line) == [
        ["code", "environment", "service", "stage"],
        ["environment", "service"],
        ["environment", "service", "status"],
    ]
    assert (line["status"], line["stage"], line["code"]) == ("ERROR", "prepare", "unreadable")


def test_the_oldest_open_recording_is_measured_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    METRICS.oldest_open_recording(age_seconds=3600.5)
    line = emitted(capsys)
    assert (described(line), line["OldestOpenRecording"]) == ({"OldestOpenRecording": "Seconds"}, [3600.5])


def test_jobs_are_counted_by_their_stage(capsys: pytest.CaptureFixture[str]) -> None:
    for count, name in ((METRICS.job_failed, "JobsFailed"), (METRICS.job_blocked, "JobsBlocked")):
        count(stage=Stage.DIARIZE)
        line = emitted(capsys)
        assert (described(line), line[name], line["stage"]) == ({name: "Count"}, [1.0], "diarize")
        assert counted_by(line) == [["environment", "service"], ["environment", "service", "stage"]]
