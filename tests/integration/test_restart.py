"""kill -9 of the engine at the worst moments: every recording still finishes, once, and nothing finished is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local.child import Child, launch
from tests.fixtures import calls
from tests.integration.service import Listener, Service, put
from tests.integration.test_engine_recovery import two_free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESULTS = ["audio.flac", "peaks.json", "source", "transcript.json.zst"]


class Engine:
    """An engine that is killed and started again at the same address."""

    def __init__(self, home: Path) -> None:
        self._home, self._port = home, two_free_ports()
        self.child = self._launch()

    def _launch(self) -> Child:
        self.child = launch(self._home, self._port)
        self.service = Service.at(self.child, "restarted")
        return self.child

    def kill_and_start_again(self) -> None:
        self.kill()
        self._launch()

    def kill(self) -> None:
        self.service.http.close()
        self.child.kill()


@pytest.fixture
def engine(tmp_path: Path, weights: None) -> Iterator[Engine]:
    made = Engine(tmp_path / "home")
    yield made
    made.service.http.close()
    made.child.stop()


def call(start_s: float = 6.7, end_s: float = 12.2) -> bytes:
    return calls.as_file(calls.stretch(start_s, end_s), "call.flac", "flac")


def test_every_recording_finishes_once_however_the_engine_dies(engine: Engine) -> None:
    heard = Listener(engine.child)
    finished = engine.service.upload(call())
    assert engine.service.ended(finished)["status"] == "completed"
    transcript, detail = engine.service.transcript(finished), engine.service.detail(finished)
    last_moment = engine.service.request_upload()
    never_sent = engine.service.request_upload()
    in_the_middle = engine.service.upload(call(0, 20))
    engine.service.until(in_the_middle, lambda now: now["stages"]["transcribe"]["state"] == "in-progress")
    put(last_moment.url, call())
    engine.kill_and_start_again()

    service = engine.service
    assert service.transcript(finished) == transcript
    assert service.detail(finished) == detail
    for recording in (in_the_middle, last_moment.id):
        assert service.until(recording, lambda now: now["status"] in {"completed", "failed"})["status"] == "completed"
    # At once: what finished within the last second, and the removal of its run's files, is in the journal only.
    engine.kill_and_start_again()

    service = engine.service
    for recording in (finished, in_the_middle, last_moment.id):
        status = service.ended(recording)
        assert (status["status"], status["run"]) == ("completed", 1)
        assert list(service.executions(recording).values()) == ["SUCCEEDED"]
        assert service.keys(recording) == RESULTS
        runs = [item for key, item in service.items(recording).items() if key.startswith("RUN#")]
        assert [("finished_at" in run, run["prepare"]["S"]) for run in runs] == [(True, '["complete"]')]
        heard.until(recording, "completed")
        told = {(event["detail-type"], event["detail"]["id"]) for event in heard.of(recording)}
        assert len(told) == len({name for name, _ in told}), "told again perhaps, but as the same event"
    assert service.transcript(finished) == transcript
    assert len(service.transcript(in_the_middle)["speakers"]) == 2
    assert service.status(never_sent.id)["message"] == "Waiting for the upload"
    put(never_sent.url, call())
    assert service.ended(never_sent.id)["status"] == "completed", "URLs hold across a restart"
