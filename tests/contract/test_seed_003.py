"""The recording-log document, request by request: sent as it stands there, answered as it stands there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auricle.errors import TransientError
from tests.contract.gateway import Gateway
from tests.fakes import FakeRecordStore

PATH = "/v1/calls/call_1j2kd9/recording-log"
BODY: dict[str, Any] = {
    "recording_id": "rec_8sj29a",
    "recording_url": "https://cdn.example-ai.com/recordings/call_1j2kd9_rec_8sj29a.mp3",
    "duration_seconds": 642,
    "transcription_id": "tr_92kd82",
    "transcription_status": "completed",
    "started_at": "2026-03-15T13:40:29Z",
    "ended_at": "2026-03-15T13:51:11Z",
    "metadata": {"direction": "outbound", "agent_id": "usr_82hd92", "labels": ["vip", "renewal"]},
}
SHORT_BODY = {name: BODY[name] for name in ("recording_id", "recording_url", "duration_seconds")}
FIELDS = ["call_id", *BODY, "created_at", "updated_at"]


@pytest.fixture
def call(api: Gateway) -> str:
    answer = api.post("/v1/calls", {"call_id": "call_1j2kd9", "direction": "outbound"})
    assert answer.status == 201, answer.body
    return "call_1j2kd9"


def test_the_example_request_gets_the_example_response(api: Gateway, call: str) -> None:
    answer = api.post(PATH, BODY, headers={"idempotency-key": "rec-log-2026-03-15-01"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "status": "success",
        "message": "Call recording log saved successfully.",
        "data": {
            "call_id": "call_1j2kd9",
            **BODY,
            "created_at": "2026-03-30T12:00:00Z",
            "updated_at": "2026-03-30T12:00:00Z",
        },
    }
    assert list(answer.json) == ["status", "message", "data"]
    assert list(answer.json["data"]) == FIELDS


def test_the_short_request_gets_every_field(api: Gateway, call: str) -> None:
    data = api.post(PATH, SHORT_BODY).json["data"]
    assert list(data) == FIELDS
    optional = ("transcription_id", "transcription_status", "started_at", "ended_at", "metadata")
    assert [data[name] for name in optional] == [None] * 5


def test_the_same_call_and_recording_can_be_sent_many_times(api: Gateway, call: str) -> None:
    for key in ("1", "2", "3"):
        assert api.post(PATH, BODY, headers={"idempotency-key": key}).status == 200
    assert len(api.get(PATH).json["data"]["recording_logs"]) == 1


def test_400_as_documented(api: Gateway, call: str) -> None:
    answer = api.post(PATH, {**BODY, "recording_url": "http://cdn.example-ai.com/recordings/a.mp3"})
    assert (answer.status, answer.json) == (
        400,
        {"status": "error", "message": "Field 'recording_url' must be a valid HTTPS URL.", "data": None},
    )


@pytest.mark.parametrize("token", ["", "sk_test_51_fakeapikey123456", "a.b.c"])
def test_401_as_documented(token: str, api: Gateway, call: str) -> None:
    answer = api.post(PATH, BODY, token=token)
    assert (answer.status, answer.json) == (
        401,
        {"status": "error", "message": "Invalid API token.", "data": None},
    )


def test_404_as_documented(api: Gateway) -> None:
    answer = api.post(PATH, BODY)
    assert (answer.status, answer.json) == (
        404,
        {"status": "error", "message": "Call not found: call_1j2kd9.", "data": None},
    )


@pytest.mark.parametrize("cause", [TransientError("throttled"), RuntimeError("the table is gone")])
def test_500_as_documented(cause: Exception, api: Gateway, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> bool:
        raise cause

    monkeypatch.setattr(FakeRecordStore, "replace", fail)
    answer = api.post(PATH, BODY)
    assert (answer.status, answer.json) == (
        500,
        {"status": "error", "message": "Could not persist recording log. Please retry.", "data": None},
    )
    assert api.get(PATH).json["data"] == {"recording_logs": []}


def test_a_retry_with_its_key_is_the_same_answer_and_no_second_log(api: Gateway, call: str) -> None:
    key = {"idempotency-key": "rec-log-2026-03-15-01"}
    first = api.post(PATH, BODY, headers=key)
    api.now += timedelta(minutes=1)
    assert api.post(PATH, BODY, headers=key).body == first.body
    other = api.post(PATH, SHORT_BODY, headers=key)
    assert (other.status, other.json["status"], other.json["data"]) == (422, "error", None)
    (log,) = api.get(PATH).json["data"]["recording_logs"]
    assert log == first.json["data"]


def test_what_failed_can_be_retried_with_its_key(api: Gateway, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"idempotency-key": "rec-log-2026-03-15-01"}
    with monkeypatch.context() as failing:
        failing.setattr(FakeRecordStore, "replace", _throttled)
        assert api.post(PATH, BODY, headers=key).status == 500
    assert api.post(PATH, BODY, headers=key).status == 200


def _throttled(*_args: object, **_named: object) -> bool:
    raise TransientError("throttled")
