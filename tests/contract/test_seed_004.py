"""The audio-files document, endpoint by endpoint: sent as it stands there, answered as it stands there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.audio_files import models as audio_files
from api.dependencies import Services
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity

FILES = "/api/v1/audio-files"
ENDPOINTS = [
    ("GET", FILES, "audio:read"),
    ("GET", f"{FILES}/af_98765", "audio:read"),
    ("GET", f"{FILES}/af_98765/download-url", "audio:download"),
    ("GET", f"{FILES}/af_98765/transcript", "audio:read"),
    ("POST", f"{FILES}/upload-url", "audio:write"),
    ("POST", f"{FILES}/af_98765/process", "audio:write"),
    ("GET", f"{FILES}/af_98765/processing-status", "audio:read"),
]
UPLOAD: dict[str, Any] = {
    "fileName": "call-2026-03-30.wav",
    "engagementId": "eng_abc123",
    "campaignId": "camp_xyz",
}


@pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
def test_every_endpoint_is_there_and_takes_the_documented_scope(
    method: str, path: str, scope: str, api: Gateway, archive: Archive, identity: Identity
) -> None:
    archive.complete("af_98765")
    body = b'{"fileName": "call-2026-03-30.wav"}' if path.endswith("upload-url") else b""
    answer = api.ask(method, path, body=body, token=identity.token(scope=scope, roles=[]))
    assert answer.status == (201 if path.endswith("upload-url") else 200), answer.body
    others = " ".join({"audio:read", "audio:write", "audio:download"} - {scope})
    assert api.ask(method, path, body=body, token=identity.token(scope=others)).status == 403


# --- uploading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [UPLOAD, {"fileName": UPLOAD["fileName"], "engagementId": UPLOAD["engagementId"]}])
def test_an_upload_url_is_answered_as_documented(body: dict[str, Any], api: Gateway, services: Services) -> None:
    answer = api.post(f"{FILES}/upload-url", body)
    assert answer.status == 201
    assert list(answer.json) == ["audioFileId", "uploadUrl", "expiresAt"]
    assert answer.json["expiresAt"] == "2026-03-30T12:15:00Z"
    recording = services.recordings.get("acme", answer.json["audioFileId"])
    assert (recording.file_name, recording.engagement_id) == (body["fileName"], body["engagementId"])
    assert recording.campaign_id == body.get("campaignId")


def test_the_url_binds_to_no_header_that_was_not_declared(api: Gateway) -> None:
    """So a PUT with the documented `x-ms-blob-type` and any Content-Type is taken."""
    url = api.post(f"{FILES}/upload-url", UPLOAD).json["uploadUrl"]
    assert set(parse_qs(urlsplit(url).query)) == {"method", "seconds"}


def test_processing_is_triggered_as_documented(api: Gateway, archive: Archive) -> None:
    archive.uploaded("af_98765")
    answer = api.post(f"{FILES}/af_98765/process")
    assert answer.json == {"status": "pending", "message": "Processing queued successfully"}
    assert answer.status == 202


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("uploaded", "pending"),
        ("transcribing", "processing"),
        ("evaluating", "evaluating"),
        ("complete", "completed"),
        ("failed", "failed"),
    ],
)
def test_the_processing_status_speaks_the_documented_words(
    state: str, status: str, api: Gateway, archive: Archive
) -> None:
    getattr(archive, state)("af_98765")
    answer = api.get(f"{FILES}/af_98765/processing-status")
    assert (answer.status, answer.json["audioFileId"], answer.json["status"]) == (200, "af_98765", status)
    assert api.get(f"{FILES}/af_98765").json["status"] == status


# --- downloading --------------------------------------------------------------------------------------------


def test_the_download_flow(api: Gateway, archive: Archive) -> None:
    archive.complete("af_98765", campaign_id="camp_xyz")
    (listed,) = api.get(FILES, campaignId="camp_xyz").json["items"]
    answer = api.get(f"{FILES}/{listed['audioFileId']}/download-url")
    assert (answer.status, list(answer.json)) == (200, ["downloadUrl", "expiresAt"])
    assert answer.json["expiresAt"] == "2026-03-30T12:15:00Z"
    assert parse_qs(urlsplit(answer.json["downloadUrl"]).query)["seconds"] == ["900"]


# --- listing ------------------------------------------------------------------------------------------------


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    audio_files.AudioFilePage.model_validate_json(answer.body)
    return [item["audioFileId"] for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"campaignId": "camp_xyz"}, ["af_3", "af_1"]),
        ({"isAICall": "true"}, ["af_2", "af_1"]),
        ({"isAICall": "false"}, ["af_3"]),
        ({"engagementId": "eng_abc123"}, ["af_2"]),
        ({"dateFrom": "2026-03-30T12:01:30Z"}, ["af_3", "af_2"]),
        ({"dateTo": "2026-03-30T12:01:30Z"}, ["af_1"]),
        ({"dateFrom": "2026-03-30", "dateTo": "2026-03-30", "isAICall": "true"}, ["af_2", "af_1"]),
        ({"page": "2", "pageSize": "2"}, ["af_1"]),
        ({}, ["af_3", "af_2", "af_1"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_every_documented_parameter(query: dict[str, Any], expected: list[str], api: Gateway, archive: Archive) -> None:
    facts: list[dict[str, Any]] = [
        {"campaign_id": "camp_xyz", "is_ai_call": True},
        {"engagement_id": "eng_abc123", "is_ai_call": True},
        {"campaign_id": "camp_xyz"},
    ]
    for number, given in enumerate(facts, start=1):
        archive.put(f"af_{number}", created_at=NOW + timedelta(minutes=number), **given)
    assert ids(api.get(FILES, **query)) == expected


def test_pages_have_fifty_by_default_and_a_hundred_at_most(api: Gateway, archive: Archive) -> None:
    for number in range(101):
        archive.put(f"af_{number:03d}", created_at=NOW + timedelta(minutes=number))
    first = api.get(FILES)
    assert (len(ids(first)), first.json["page"], first.json["pageSize"]) == (50, 1, 50)
    assert len(ids(api.get(FILES, pageSize=100))) == 100
    assert api.get(FILES, pageSize=101).status == 422
