"""Told often, done once: deliveries, requests and sweeps at the same moment make one run and one set of results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import calls
from tests.integration.service import Listener, Service, at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

RESULTS = ["audio.flac", "peaks.json", "source", "transcript.json.zst"]
TIMES = 5


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "once")
    yield made
    made.http.close()


def call() -> bytes:
    return calls.as_file(calls.stretch(6.7, 12.2), "call.flac", "flac")


def test_five_deliveries_and_five_requests_make_one_run(service: Service, heard: Listener) -> None:
    recording = service.upload(call())
    deliver = partial(service.invoke, "StartProcessing", service.uploaded_event(recording))
    asked = at_once([deliver, partial(service.process, recording)] * TIMES)

    uploads = [answer["upload"] for answer in asked[::2]]
    assert set(uploads) <= {"started", "known"}
    assert uploads.count("started") <= 1, "the bucket's own event, or a request, may have been first"
    assert {answer.status_code for answer in asked[1::2]} <= {200, 202}
    assert service.ended(recording)["status"] == "completed"
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    assert sorted(key for key in service.items(recording) if not key.startswith("OUTBOX")) == ["RUN#0001", "STATE"]
    assert service.keys(recording) == RESULTS
    assert service.detail(recording)["laterUploads"] == 0
    before = service.versions(recording)
    assert [before.count(key) for key in RESULTS] == [1, 1, 1, 1], "each result was written once"

    state = service.items(recording)["STATE"]
    assert {answer["upload"] for answer in at_once([deliver] * TIMES)} == {"known"}
    assert service.items(recording)["STATE"] == state, "late deliveries change nothing"
    assert service.versions(recording) == before
    heard.until(recording, "completed")
    assert sorted(heard.types(recording)) == ["completed", "created", "processing", "uploaded"]


def test_five_requests_on_a_failed_recording_make_one_new_run(service: Service, heard: Listener) -> None:
    with service.reconfigured("Finish", AURICLE_TABLE="no-such-table"):
        recording = service.upload(call())
        failed = service.ended(recording)
    assert failed["status"] == "failed"
    answers = at_once([partial(service.process, recording)] * TIMES)
    statuses = {answer.status_code for answer in answers}
    assert 202 in statuses
    assert statuses <= {200, 202}, "who came later was told that it is under way"
    assert {answer.json()["status"] for answer in answers} <= {"pending", "processing"}
    ended = service.ended(recording, run=2)
    assert (ended["status"], ended["run"]) == ("completed", 2)
    assert sorted(service.executions(recording).values()) == ["FAILED", "SUCCEEDED"]
    heard.until(recording, "completed")
    told = heard.of(recording)
    assert len({event["detail"]["id"] for event in told}) == len(told)
    assert heard.types(recording).count("failed") == heard.types(recording).count("completed") == 1


def test_five_requests_to_process_again_make_one_new_run(service: Service) -> None:
    recording = service.upload(call())
    assert service.ended(recording)["status"] == "completed"
    at_once([partial(service.status, recording)] * TIMES)  # now all can be answered at once
    at_once([partial(service.process, recording, reprocess=True)] * TIMES)
    assert service.ended(recording, run=2)["run"] == 2
    assert list(service.executions(recording).values()) == ["SUCCEEDED"] * 2


def test_a_sweep_beside_a_run_does_not_disturb_it(service: Service) -> None:
    recording = service.upload(call())
    at_once([service.sweep] * 3)
    assert service.ended(recording)["status"] == "completed"
    service.sweep()
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    assert service.status(recording)["run"] == 1


def test_an_upload_whose_event_was_lost_is_found_by_the_sweep(service: Service) -> None:
    with service.reconfigured("StartProcessing", AURICLE_TABLE="no-such-table"):
        recording = service.upload(call())
        service.sweep()
    assert service.ended(recording)["status"] == "completed"
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]


def test_events_that_cannot_be_published_now_are_published_later(service: Service, heard: Listener) -> None:
    with service.reconfigured("PublishEvents", AURICLE_BUS=""):
        upload = service.request_upload()
        assert heard.of(upload.id) == []
    heard.until(upload.id, "created")
