"""A form becomes a transcript inside the real local engine; one that is too large is told where its file goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures import calls
from tests.integration.service import FOUNDER, Service, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

UPLOAD = f"{FOUNDER}/recordings/upload"
SAID = {"type": "phone", "source": "twilio", "consent_status": "all_consented"}
TOO_LARGE_BYTES = 24_000_000


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "forms")
    yield made
    made.http.close()


def a_call(seconds: float = 5.5) -> bytes:
    return calls.as_file(calls.stretch(6.7, 6.7 + seconds), "call.wav", "pcm_s16le")


def test_a_form_becomes_a_transcript_that_is_found(service: Service) -> None:
    contact = service.contact()
    form = {**SAID, "contact_ids": f'["{contact}"]', "deal_id": "deal_1"}
    answer = service.http.post(UPLOAD, data=form, files={"file": ("call.wav", a_call(), "audio/wav")})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["estimated_duration_seconds"] in {5, 6}
    assert service.ended(made["id"])["status"] == "completed"

    found = service.get(f"{FOUNDER}/recordings/{made['id']}")
    assert (found["status"], found["contact_ids"], found["deal_id"]) == ("completed", [contact], "deal_1")
    assert found["audio_url"] == made["audio_url"]
    assert "heating system" in found["transcript_text"]
    listed = service.get(f"{FOUNDER}/recordings?contact_id={contact}&deal_id=deal_1&type=phone")["recordings"]
    assert [recording["id"] for recording in listed] == [made["id"]]
    hit = service.get(f"{FOUNDER}/crm/search?q=heating+system&contact_id={contact}")["results"][0]
    assert (hit["type"], hit["recording_id"], hit["contact_name"]) == ("recording_segment", made["id"], "Jane Smith")
    assert "heating system" in hit["snippet"]


def test_a_form_without_consent_waits_for_it(service: Service) -> None:
    form = {**SAID, "consent_status": "pending"}
    answer = service.http.post(UPLOAD, data=form, files={"file": ("call.wav", a_call(), "audio/wav")})
    recording = answer.raise_for_status().json()["id"]
    service.until(recording, lambda status: "consent" in status["message"])
    assert service.executions(recording) == {}
    path = f"{FOUNDER}/recordings/{recording}/consent"
    service.http.put(path, json={"consent_status": "one_party", "note": "by email"}).raise_for_status()
    assert service.ended(recording)["status"] == "completed"
    assert [change["consent_status"] for change in service.get(path)["history"]] == ["pending", "one_party"]


def test_a_file_that_is_too_large_goes_to_the_bucket(service: Service) -> None:
    """The plain form, with many times what an invocation takes: refused, kept, and handed over."""
    content = a_call()
    files = {"file": ("long.wav", content + bytes(TOO_LARGE_BYTES), "audio/wav")}
    answer = service.http.post(UPLOAD, data={**SAID, "title": "Long"}, files=files)
    assert answer.status_code == 413, answer.text
    error = answer.json()["error"]
    assert error["code"] == "FILE_TOO_LARGE"
    handed = error["upload"]
    waiting = service.get(f"{FOUNDER}/recordings/{handed['id']}")
    assert (waiting["title"], waiting["file_name"], waiting["transcription_status"]) == ("Long", "long.wav", "queued")
    put(handed["upload_url"], content, **handed["headers"])
    assert service.ended(handed["id"])["status"] == "completed"
    assert "heating system" in service.get(f"{FOUNDER}/recordings/{handed['id']}")["transcript_text"]


def test_a_form_without_its_file_gets_the_same_answer(service: Service) -> None:
    said = {**SAID, "file_name": "long.wav", "file_size": str(TOO_LARGE_BYTES)}
    parts = {name: (None, value) for name, value in said.items()}
    answer = service.http.post(UPLOAD, files=parts)
    assert answer.status_code == 413, answer.text
    assert httpx.URL(answer.json()["error"]["upload"]["upload_url"]).path.endswith("/source")


def test_who_may_not_upload_learns_it_whatever_the_size(auricle: Child) -> None:
    for size in (100, TOO_LARGE_BYTES):
        files = {"file": ("a.wav", bytes(size), "audio/wav")}
        answer = httpx.post(f"{auricle.base_url}{UPLOAD}", data=SAID, files=files, trust_env=False, timeout=60)
        assert answer.status_code == 401, answer.text
