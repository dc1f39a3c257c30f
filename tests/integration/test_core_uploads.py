"""A file uploaded by signed URL becomes a recording of the core API inside the real local engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures import calls
from tests.integration.engine_probe import ORIGIN
from tests.integration.service import Service, put, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

RECORDINGS = "/v1/core/recordings"
SCOPES = ("recordings:read", "recordings:write", "audio:read")


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    token = auricle.token(org="uploads", scopes=SCOPES)
    headers = {"authorization": f"Bearer {token}"}
    http = httpx.Client(base_url=auricle.base_url, headers=headers, timeout=60, trust_env=False)
    yield Service(auricle, "uploads", http)
    http.close()


def asked(answer: httpx.Response) -> Any:
    return answer.raise_for_status().json()["data"]


def test_a_page_of_a_configured_origin_uploads_and_downloads(service: Service) -> None:
    """With the preflight requests its browser sends first, and the answers it must find before it goes on."""
    page = {"origin": ORIGIN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}

    def allowed(method: str, url: str, headers: str) -> None:
        wants = {"access-control-request-method": method, "access-control-request-headers": headers}
        with httpx.Client(trust_env=False) as browser:
            preflight = browser.options(service.http.base_url.join(url), headers={**page, **wants})
        assert preflight.is_success, preflight.text
        assert preflight.headers.get_list("access-control-allow-origin") == [ORIGIN]
        assert set(headers.split(",")) <= {
            name.strip().lower() for name in preflight.headers["access-control-allow-headers"].split(",")
        }

    allowed("POST", f"{RECORDINGS}/signed-urls", "authorization,content-type")
    content = calls.as_file(calls.stretch(0.0, 1.0), "call.wav", "pcm_s16le")
    answer = service.http.post(
        f"{RECORDINGS}/signed-urls", json={"fileType": "wav", "fileSize": len(content)}, headers=page
    )
    assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]
    slot = asked(answer)
    allowed("PUT", slot["uploadUrl"], ",".join(name.lower() for name in slot["uploadHeaders"]))
    stored = httpx.put(slot["uploadUrl"], content=content, headers={**slot["uploadHeaders"], **page}, trust_env=False)
    assert (stored.status_code, stored.headers["access-control-allow-origin"]) == (200, ORIGIN)
    read = httpx.get(slot["downloadUrl"], headers=page, trust_env=False)
    assert (read.content, read.headers["access-control-allow-origin"]) == (content, ORIGIN)
    refused = service.http.get(RECORDINGS, headers={**page, "origin": "https://evil.example"})
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)


def test_nothing_is_processed_before_it_is_described_and_once_afterwards(service: Service) -> None:
    content = calls.as_file(calls.stretch(0.0, 5.0), "call.wav", "pcm_s16le")
    slot = asked(service.http.post(f"{RECORDINGS}/signed-urls", json={"fileType": "wav", "fileSize": len(content)}))
    put(slot["uploadUrl"], content, **slot["uploadHeaders"])
    assert httpx.get(slot["downloadUrl"], trust_env=False).content == content
    assert asked(service.http.get(RECORDINGS)) == []

    body = {"downloadUrl": slot["downloadUrl"], "fileType": "wav", "title": "Door", "dateCreated": "2023-11-07"}
    recording = asked(service.http.post(f"{RECORDINGS}/upload", json=body))["id"]
    assert asked(service.http.post(f"{RECORDINGS}/upload", json=body))["recordingId"] == recording
    data = wait(
        lambda: asked(service.http.get(f"{RECORDINGS}/{recording}")),
        lambda now: now["processingStatus"] != "in-progress",
    )
    assert (data["transcriptionStatus"], data["title"]) == ("COMPLETE", "Door")
    assert (data["dateCreated"], data["durationInMilliseconds"]) == ("2023-11-07T00:00:00.000Z", 5000)
    said = asked(service.http.get(f"{RECORDINGS}/{recording}/utterances"))
    assert said["utterances"]
    assert {one["speakerTag"] for one in said["utterances"]} <= set(said["speakerMap"])
    signed = asked(service.http.post(f"{RECORDINGS}/{recording}/signedUrl"))
    assert httpx.get(signed["url"], trust_env=False).content.startswith(b"fLaC")
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]

    assert service.http.delete(f"{RECORDINGS}/{recording}").json() is None
    assert asked(service.http.get(RECORDINGS)) == []
    assert asked(service.http.post(f"{RECORDINGS}/{recording}/restore"))["deleted"] is False
    assert [one["id"] for one in asked(service.http.get(RECORDINGS, params={"orderDirection": "asc"}))] == [recording]
    service.http.delete(f"{RECORDINGS}/{recording}", params={"permanent": "true"}).raise_for_status()
    assert service.http.get(f"{RECORDINGS}/{recording}").status_code == 404
    assert service.keys(recording) == []
