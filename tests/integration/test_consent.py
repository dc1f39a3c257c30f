"""Consent withdrawn in the real local engine: a URL that was signed a second before does not work any more."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fixtures import calls
from tests.integration.service import AUDIO_FILES, FOUNDER, Service, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

SETTINGS = "/v1/core/organization/settings"
SPOKEN = "heating system"


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "consenting")
    yield made
    made.http.close()


def record(service: Service, recording: str, status: str) -> None:
    answer = service.http.put(f"{FOUNDER}/recordings/{recording}/consent", json={"consent_status": status})
    assert answer.status_code == 200, answer.text


def found(service: Service) -> list[str]:
    hits = service.get(f"{FOUNDER}/crm/search?q=heating+system")["results"]
    return [hit["recording_id"] for hit in hits]


def tags(service: Service, recording: str) -> set[str]:
    s3, bucket = service.engine.client("s3"), service.engine.outputs["BucketName"]
    prefix = f"orgs/{service.org}/recordings/{recording}/"
    versions = s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]
    return {
        tag["Value"]
        for one in versions
        if one["IsLatest"]
        for tag in s3.get_object_tagging(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["TagSet"]
        if tag["Key"] == "consent"
    }


def test_what_consent_is_withdrawn_from_is_hidden_at_once_comes_back_and_is_erased(service: Service) -> None:
    call = calls.as_file(calls.stretch(6.7, 12.2), "call.wav", "pcm_s16le")
    recording = service.upload(call, "call.wav")
    assert service.ended(recording)["status"] == "completed"
    basis = service.get(f"{FOUNDER}/recordings/{recording}/consent")["basis"]
    assert (basis["kind"], basis["legal_basis"]) == ("policy", "legitimate interest")
    before = service.get(f"{FOUNDER}/recordings/{recording}")
    assert SPOKEN in before["transcript_text"]
    urls = [
        service.get(f"{AUDIO_FILES}/{recording}/download-url")["downloadUrl"],
        service.http.post(f"/v1/core/recordings/{recording}/signedUrl").json()["data"]["url"],
    ]
    assert [httpx.get(url).status_code for url in urls] == [200, 200]

    record(service, recording, "withdrawn")
    for url in urls:
        refused = httpx.get(url)
        assert (refused.status_code, "<Code>AccessDenied</Code>" in refused.text) == (403, True)
        assert httpx.get(url, headers={"range": "bytes=0-9"}).status_code == 403
    assert tags(service, recording) == {"withdrawn"}
    refused = service.http.get(f"{FOUNDER}/recordings/{recording}/transcript")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "CONSENT_REQUIRED")
    for path in (f"{AUDIO_FILES}/{recording}/transcript", f"/v1/core/recordings/{recording}/utterances"):
        assert service.http.get(path).status_code == 409
    assert found(service) == []
    assert service.get(f"{FOUNDER}/recordings/{recording}")["transcript_text"] is None

    record(service, recording, "all_consented")
    assert [httpx.get(url).status_code for url in urls] == [200, 200]
    assert found(service) == [recording]
    after = service.get(f"{FOUNDER}/recordings/{recording}")
    assert {**after, "updated_at": before["updated_at"]} == before
    assert tags(service, recording) == set()

    service.http.patch(SETTINGS, json={"consentGraceDays": 0}).raise_for_status()
    record(service, recording, "withdrawn")
    wait(lambda: service.invoke("Sweep", {}), lambda _ends: not service.versions(recording))
    assert service.http.get(f"{FOUNDER}/recordings/{recording}").status_code == 404
    assert service.state(recording) == "REMOVED"
    assert [httpx.get(url).status_code for url in urls] == [404, 404]


def test_what_is_uploaded_after_the_withdrawal_is_kept_and_neither_processed_nor_signed(service: Service) -> None:
    upload = service.request_upload("call.wav")
    record(service, upload.id, "withdrawn")
    call = calls.as_file(calls.stretch(6.7, 8.0), "call.wav", "pcm_s16le")
    assert httpx.put(upload.url, content=call).status_code == 200
    service.until(upload.id, lambda status: "consent" in status["message"])
    assert service.executions(upload.id) == {}
    assert service.http.get(f"{AUDIO_FILES}/{upload.id}/download-url").status_code == 409
    assert urlsplit(upload.url).query, "the URL itself stays good for putting: what it puts is nobody's to read"
