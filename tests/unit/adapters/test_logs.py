"""What a stage writes to its log: ids and counts, nothing anyone said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from auricle.adapters import logs
from auricle.recordings.job import Job

JOB = Job("acme", "rec_1", 2, "v1")


@pytest.fixture(autouse=True)
def _new_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A logger keeps the stream it was made with, and is found again by its name.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-of-logs-{uuid4().hex}")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    logs.logger.cache_clear()
    yield
    logs.logger.cache_clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_stage_is_logged_when_it_begins_and_when_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.stage_logged("prepare", JOB, window=3) as found:
        found["bytes"] = 10
    begun, ended = lines(capsys)
    assert (begun["message"], ended["message"]) == ("stage started", "stage finished")
    for line in (begun, ended):
        wanted = {"org": "acme", "recording": "rec_1", "run": 2, "stage": "prepare", "window": 3, "level": "INFO"}
        assert {name: line[name] for name in wanted} == wanted
        assert line["timestamp"].endswith(("Z", "+00:00"))
    assert "bytes" not in begun
    assert ended["bytes"] == 10
    assert 0 <= ended["ms"] < 60_000


def test_of_an_error_its_class_is_logged_and_not_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    def stage() -> None:
        with logs.stage_logged("prepare", JOB, window=3):
            raise ValueError("my card is 4111") from KeyError("secret")

    with pytest.raises(ValueError, match="4111"):
        stage()
    _, failed = lines(capsys)
    assert (failed["message"], failed["level"], failed["window"]) == ("stage failed", "WARNING", 3)
    assert (failed["error"], failed["cause"]) == ("ValueError", "KeyError")
    assert "ms" in failed
    assert "4111" not in json.dumps(failed)
    assert "secret" not in json.dumps(failed)


def test_an_error_without_a_cause_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="gone"), logs.stage_logged("prepare", JOB):
        raise OSError("gone")
    assert "cause" not in lines(capsys)[1]


def test_a_duration_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("auricle.adapters.logs.time.perf_counter", iter((10.0, 12.5)).__next__)
    with logs.stage_logged("prepare", JOB):
        pass
    assert lines(capsys)[1]["ms"] == 2500
