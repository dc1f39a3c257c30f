"""Calls in the real local engine: told on the bus, read through the API, their logs kept by the table."""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.integration.service import at_once, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

DETAIL: dict[str, Any] = {
    "org": "telephone",
    "call_id": "call_told",
    "direction": "inbound",
    "from_number": "+15550100",
    "started_at": "2026-03-15T13:40:20Z",
    "ended_at": "2026-03-15T13:51:15Z",
    "metadata": {"labels": ["vip", None, 2.5]},
}


@pytest.fixture(scope="module")
def api(auricle: Child) -> Iterator[httpx.Client]:
    token = auricle.token(org="telephone", scopes=["calls:read", "calls:write", "audio:write"])
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=auricle.base_url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def tell(engine: Child, **facts: Any) -> None:
    entry = {
        "EventBusName": engine.outputs["BusName"],
        "Source": "telephony",
        "DetailType": "call.completed",
        "Detail": json.dumps({**DETAIL, **facts}),
    }
    assert engine.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_call_told_on_the_bus_is_read_through_the_api(auricle: Child, api: httpx.Client) -> None:
    for _ in range(3):
        tell(auricle)
    answer = wait(lambda: api.get("/v1/calls/call_told"), lambda found: found.status_code == 200)
    found = answer.json()["data"]
    assert {name: found[name] for name in DETAIL if name != "org"} | {"org": "telephone"} == DETAIL
    assert found["duration_seconds"] == 655
    listed = api.get("/v1/calls", params={"direction": "inbound", "date_to": "2026-03-15"}).json()["data"]["calls"]
    assert [call["call_id"] for call in listed] == ["call_told"]


def test_what_cannot_be_read_registers_nothing_and_holds_up_nothing(auricle: Child, api: httpx.Client) -> None:
    tell(auricle, call_id="call_wrong", direction="sideways")
    tell(auricle, call_id="call_after")
    wait(lambda: api.get("/v1/calls/call_after"), lambda found: found.status_code == 200)
    assert api.get("/v1/calls/call_wrong").status_code == 404


def test_logs_saved_at_once_are_all_kept(api: httpx.Client) -> None:
    made = api.post("/v1/calls", json={"direction": "outbound", "metadata": {"a": [1, {"b": "ü"}]}})
    path = made.headers["location"]
    ours = api.post("/api/v1/audio-files/upload-url", json={"fileName": "call.wav"}).json()["audioFileId"]

    def save(recording_id: str, **facts: Any) -> httpx.Response:
        body = {"recording_id": recording_id, "recording_url": "https://cdn.example.com/a.mp3", "duration_seconds": 6}
        return api.post(f"{path}/recording-log", json={**body, **facts})

    ids = [ours, *(f"rec_{number}" for number in range(5))]
    answers = at_once([partial(save, recording_id, metadata={"of": recording_id}) for recording_id in ids])
    assert {answer.status_code for answer in answers} == {200}
    found = api.get(path).json()["data"]
    assert (sorted(found["recording_ids"]), found["linked_recording_ids"]) == (sorted(ids), [ours])
    log = api.get(f"{path}/recording-log/{ours}").json()["data"]
    assert (log["transcription_status"], log["metadata"]) == ("pending", {"of": ours})
    again = save(ours, transcription_status="failed").json()["data"]
    assert (again["created_at"], again["transcription_status"]) == (log["created_at"], "failed")
    assert again["metadata"] == log["metadata"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"direction": "inbound", "metadata": {"name": "J\xe4ne"}}', 400),
        (b'{"direction": "inbound", "metadata": {"a": NaN}}', 400),
        (b'{"direction": "inbound", "metadata": {"a": ' + b"9" * 400 + b"}}", 400),
        (b'{"direction": "inbound", "direction": "outbound"}', 400),
        (b"[" * 100_000, 400),
        ('{"direction": "inbound", "metadata": {"name": "J\u00e4ne \N{GRINNING FACE}"}}'.encode(), 201),
    ],
)
def test_json_is_read_strictly_behind_the_gateway(api: httpx.Client, body: bytes, status: int) -> None:
    """The gateway decodes what is declared to be JSON before the function sees it."""
    headers = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
    answer = api.post("/v1/calls", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 201:
        found = api.get(f"/v1/calls/{answer.json()['data']['call_id']}").json()
        assert found["data"]["metadata"] == {"name": "J\u00e4ne \N{GRINNING FACE}"}


def test_a_head_that_the_gateway_does_not_take_is_refused(api: httpx.Client) -> None:
    assert api.get("/v1/calls", headers={"x-long": "a" * 10_240}).status_code == 431
    assert api.get("/v1/calls", params={"cursor": "a" * 10_240}).status_code == 431
