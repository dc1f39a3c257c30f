"""The audio-files API as its document says: names, statuses, flows, and what it refuses."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from api.audio_files import models as audio_files
from api.dependencies import Services
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity

FILES = "/api/v1/audio-files"


def shown(model: type[Any], answer: Answer, status: int = 200) -> Any:
    """The answer's JSON, once it is found to be exactly what the OpenAPI document promises."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    model.model_validate_json(answer.body)
    return answer.json


def problem(answer: Answer, status: int, code: str) -> Any:
    """The answer's problem details, once they are found to be that problem and well-formed."""
    assert answer.headers["content-type"] == "application/problem+json", answer.body
    found = answer.json
    audio_files.AudioFileProblem.model_validate(found)
    assert (answer.status, found["status"], found["type"]) == (status, status, f"urn:auricle:error:{code}"), found
    assert found["requestId"] == answer.headers["x-request-id"]
    return found


def fields(found: Any) -> set[str]:
    return {error["field"] for error in found["errors"]}


# --- uploading ----------------------------------------------------------------------------------------------


def test_the_documented_request_gets_an_upload_url(api: Gateway, services: Services) -> None:
    body = {"fileName": "call-2026-03-30.wav", "engagementId": "eng_abc123", "campaignId": "camp_xyz"}
    answer = api.post(f"{FILES}/upload-url", body)
    given = shown(audio_files.UploadUrl, answer, 201)
    assert set(given) == {"audioFileId", "uploadUrl", "expiresAt"}
    assert given["expiresAt"] == "2026-03-30T12:15:00Z"
    assert answer.headers["location"] == f"{FILES}/{given['audioFileId']}"
    recording = services.recordings.get("acme", given["audioFileId"])
    assert (recording.status, recording.file_name) == (Status.UPLOADING, "call-2026-03-30.wav")
    assert (recording.engagement_id, recording.campaign_id, recording.user_id) == ("eng_abc123", "camp_xyz", "user_1")


def test_everything_else_that_can_be_said_of_an_upload(api: Gateway, services: Services) -> None:
    api.post("/api/v1/agent/founder/contacts", {"id": "contact_1", "name": "Jane Smith"})
    body = {
        "fileName": "a.mp3",
        "title": "Renewal",
        "contentType": "audio/mpeg",
        "consentStatus": "pending",
        "contactIds": ["contact_1", "contact_1"],
        "isAICall": True,
    }
    given = shown(audio_files.UploadUrl, api.post(f"{FILES}/upload-url", body), 201)
    found = shown(audio_files.AudioFileDetail, api.get(f"{FILES}/{given['audioFileId']}"))
    for name in ("title", "contentType", "consentStatus", "isAICall"):
        assert found[name] == body[name]
    assert found["contactIds"] == ["contact_1"]


@pytest.mark.parametrize("checksum", [sha256(b"RIFF").hexdigest(), b64encode(sha256(b"RIFF").digest()).decode()])
def test_what_is_declared_of_the_bytes_is_signed_and_said(checksum: str, api: Gateway) -> None:
    body = {"fileName": "a.wav", "contentType": "audio/wav", "sizeBytes": 4, "checksumSha256": checksum}
    given = shown(audio_files.UploadUrl, api.post(f"{FILES}/upload-url", body), 201)
    in_base64 = b64encode(sha256(b"RIFF").digest()).decode()
    assert given["requiredHeaders"] == {
        "content-type": "audio/wav",
        "content-length": "4",
        "x-amz-checksum-sha256": in_base64,
    }
    signed = parse_qs(urlsplit(given["uploadUrl"]).query)
    assert (signed["type"], signed["length"], signed["sha256"]) == (["audio/wav"], ["4"], [in_base64])


@pytest.mark.parametrize("name", ["Gespräch 📞.wav", "2026/03/30/call.wav", "..", "a" * 255, "<script>.wav"])
def test_a_file_name_is_a_label_and_comes_back_as_it_was(name: str, api: Gateway) -> None:
    given = shown(audio_files.UploadUrl, api.post(f"{FILES}/upload-url", {"fileName": name}), 201)
    assert api.get(f"{FILES}/{given['audioFileId']}").json["fileName"] == name


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"fileName"}),
        ({"fileName": ""}, {"fileName"}),
        ({"fileName": "  "}, {"fileName"}),
        ({"fileName": None}, {"fileName"}),
        ({"fileName": 7}, {"fileName"}),
        ({"fileName": "a" * 256}, {"fileName"}),
        ({"fileName": "a\nb"}, {"fileName"}),
        ({"fileName": "a\x00b"}, {"fileName"}),
        ({"fileName": "a", "filename": "b"}, {"filename"}),
        ({"fileName": "a", "file_name": "b"}, {"file_name"}),
        ({"fileName": "a", "campaignId": "../x"}, {"campaignId"}),
        ({"fileName": "a", "engagementId": "x" * 65}, {"engagementId"}),
        ({"fileName": "a", "isAICall": "yes"}, {"isAICall"}),
        ({"fileName": "a", "consentStatus": "maybe"}, {"consentStatus"}),
        ({"fileName": "a", "contentType": "audio"}, {"contentType"}),
        ({"fileName": "a", "contentType": "audio/wav\r\nx: y"}, {"contentType"}),
        ({"fileName": "a", "sizeBytes": 0}, {"sizeBytes"}),
        ({"fileName": "a", "sizeBytes": -1}, {"sizeBytes"}),
        ({"fileName": "a", "sizeBytes": 1.5}, {"sizeBytes"}),
        ({"fileName": "a", "sizeBytes": 1024**3 + 1}, {"sizeBytes"}),
        ({"fileName": "a", "sizeBytes": 10**30}, {"sizeBytes"}),
        ({"fileName": "a", "checksumSha256": "abc"}, {"checksumSha256"}),
        ({"fileName": "a", "checksumSha256": "g" * 64}, {"checksumSha256"}),
        ({"fileName": "a", "checksumSha256": "A" * 44}, {"checksumSha256"}),
        ({"fileName": "a", "contactIds": "contact_1"}, {"contactIds"}),
        ({"fileName": "a", "contactIds": ["a b"]}, {"contactIds.0"}),
        ({"fileName": "a", "contactIds": [f"c{n}" for n in range(21)]}, {"contactIds"}),
        ({"fileName": "a", "contactIds": ["nobody"]}, {"contactIds"}),
        ({"fileName": 1, "campaignId": 2, "org": "globex"}, {"fileName", "campaignId", "org"}),
    ],
)
def test_every_wrong_field_is_named(body: Any, wrong: set[str], api: Gateway, services: Services) -> None:
    found = problem(api.post(f"{FILES}/upload-url", body), 422, "invalid-request")
    assert fields(found) == wrong
    assert api.get(FILES).json["items"] == []


@pytest.mark.parametrize("body", [b"{", b"fileName=a", b"\xff\xfe", b'{"fileName": "\xe9"}', b"[" * 100_000])
def test_what_is_not_json_is_said_to_be(body: bytes, api: Gateway) -> None:
    problem(api.post(f"{FILES}/upload-url", body), 400, "not-json")


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"null", b"3"])
def test_json_that_is_no_object_is_refused(body: bytes, api: Gateway) -> None:
    problem(api.post(f"{FILES}/upload-url", body), 422, "invalid-request")


def test_a_body_too_large_is_refused(api: Gateway) -> None:
    problem(api.post(f"{FILES}/upload-url", {"fileName": "a" * 1_100_000}), 413, "body-too-large")


def test_another_media_type_is_refused(api: Gateway) -> None:
    answer = api.post(
        f"{FILES}/upload-url", b"fileName=a", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    problem(answer, 415, "unsupported-media-type")


# --- one audio file -----------------------------------------------------------------------------------------


def test_an_audio_file_shows_what_was_found(api: Gateway, archive: Archive) -> None:
    archive.complete(campaign_id="camp_xyz")
    found = shown(audio_files.AudioFileDetail, api.get(f"{FILES}/rec_1"))
    assert (found["status"], found["durationSeconds"], found["language"]) == ("completed", 61.2, "en")
    assert found["createdAt"] == "2026-03-30T12:00:00Z"
    assert found["speakers"][0]["speaker"] == "Speaker 1"
    assert found["highlights"] == [
        {"text": "thank you", "speaker": "Speaker 1", "segment": 0, "start": 0.51, "end": 1.32}
    ]
    assert found["engines"]["transcribe"] == {"name": "pocketsphinx", "version": "5.1.1", "model": "en-us"}
    assert found["warnings"][0]["code"] == "cut-off"


@pytest.mark.parametrize("state", ["put", "uploaded", "transcribing", "evaluating", "complete", "failed"])
def test_every_state_can_be_shown(state: str, api: Gateway, archive: Archive) -> None:
    getattr(archive, state)()
    shown(audio_files.AudioFileDetail, api.get(f"{FILES}/rec_1"))
    shown(audio_files.AudioFilePage, api.get(FILES))
    shown(audio_files.ProcessingStatus, api.get(f"{FILES}/rec_1/processing-status"))


def patch(api: Gateway, body: Any, token: str | None = None, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask("PATCH", f"{FILES}/rec_1", body=json.dumps(body).encode(), token=token, headers=sent)


def test_a_change_replaces_what_is_sent_and_nothing_else(api: Gateway, archive: Archive) -> None:
    archive.complete(title="Call", campaign_id="camp_1", engagement_id="eng_1")
    before = api.get(f"{FILES}/rec_1").json
    api.now = NOW + timedelta(hours=1)
    answer = patch(api, {"title": "Renewal", "campaignId": None})
    after = shown(audio_files.AudioFileDetail, answer)
    assert after == {**before, "title": "Renewal", "campaignId": None, "updatedAt": "2026-03-30T13:00:00Z"}
    assert after["engagementId"] == "eng_1"
    again = api.get(f"{FILES}/rec_1")
    assert (again.json, again.headers["etag"]) == (after, answer.headers["etag"])
    assert patch(api, {}).headers["etag"] == answer.headers["etag"]


def test_a_stale_change_or_removal_is_refused(api: Gateway, archive: Archive) -> None:
    archive.uploaded()
    tag = api.get(f"{FILES}/rec_1").headers["etag"]
    assert patch(api, {"title": "First"}, if_match=tag).status == 200
    problem(patch(api, {"title": "Second"}, if_match=tag), 412, "precondition-failed")
    problem(api.ask("DELETE", f"{FILES}/rec_1", headers={"if-match": tag}), 412, "precondition-failed")
    found = api.get(f"{FILES}/rec_1")
    assert found.json["title"] == "First"
    assert api.ask("DELETE", f"{FILES}/rec_1", headers={"if-match": found.headers["etag"]}).status == 204


def test_what_is_locked_is_not_changed(api: Gateway, archive: Archive) -> None:
    archive.uploaded(locked=True)
    problem(patch(api, {"title": "x"}), 409, "conflict")
    problem(api.delete(f"{FILES}/rec_1"), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"title": ""}, "title"),
        ({"title": 7}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"campaignId": "a b"}, "campaignId"),
        ({"engagementId": "x" * 65}, "engagementId"),
        ({"fileName": "b.wav"}, "fileName"),
        ({"status": "completed"}, "status"),
        ({"org": "globex"}, "org"),
    ],
)
def test_wrong_fields_of_a_change_are_named(body: Any, wrong: str, api: Gateway, archive: Archive) -> None:
    archive.uploaded()
    before = api.get(f"{FILES}/rec_1").json
    assert fields(problem(patch(api, body), 422, "invalid-request")) == {wrong}
    assert api.get(f"{FILES}/rec_1").json == before


def test_what_is_in_the_bin_is_not_there(api: Gateway, archive: Archive) -> None:
    archive.uploaded(deleted_at=NOW)
    for method, path, _ in ROUTES:
        if "rec_1" in path:
            problem(api.ask(method, path), 404, "recording-not-found")
    assert ids(api.get(FILES)) == []


def test_removing_takes_it_from_every_surface(api: Gateway, archive: Archive) -> None:
    archive.complete()
    answer = api.delete(f"{FILES}/rec_1")
    assert (answer.status, answer.body) == (204, b"")
    problem(api.get(f"{FILES}/rec_1"), 404, "recording-not-found")
    problem(api.delete(f"{FILES}/rec_1"), 404, "recording-not-found")
    assert api.get(FILES).json["items"] == []
    assert api.get("/api/v1/agent/founder/recordings/rec_1").status == 404


# --- downloading --------------------------------------------------------------------------------------------


def test_a_download_url_is_there_as_soon_as_the_file_is(api: Gateway, archive: Archive, services: Services) -> None:
    archive.put("rec_new")
    problem(api.get(f"{FILES}/rec_new/download-url"), 409, "not-ready")
    services.objects.write("orgs/acme/recordings/rec_new/source", b"RIFF", content_type="audio/wav")
    given = shown(audio_files.DownloadUrl, api.get(f"{FILES}/rec_new/download-url"))
    assert given["expiresAt"] == "2026-03-30T12:15:00Z"
    archive.failed("rec_failed")
    shown(audio_files.DownloadUrl, api.get(f"{FILES}/rec_failed/download-url"))


def test_what_is_downloaded_is_what_was_processed(api: Gateway, archive: Archive, services: Services) -> None:
    recording = archive.complete()
    services.objects.write("orgs/acme/recordings/rec_1/source", b"put there later", content_type="audio/wav")
    given = shown(audio_files.DownloadUrl, api.get(f"{FILES}/rec_1/download-url"))
    assert f"versionId={recording.version}" in given["downloadUrl"]


@pytest.mark.parametrize(("declared", "served"), [("audio/mp4", "audio%2Fmp4"), ("text/html", "audio%2Fwav")])
def test_what_is_downloaded_is_never_called_a_page(api: Gateway, archive: Archive, declared: str, served: str) -> None:
    archive.complete(content_type=declared)
    given = shown(audio_files.DownloadUrl, api.get(f"{FILES}/rec_1/download-url"))
    assert f"&type={served}" in given["downloadUrl"]


# --- the transcript -----------------------------------------------------------------------------------------


def test_the_transcript_has_speakers_times_words_and_confidence(api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = shown(audio_files.Transcript, api.get(f"{FILES}/rec_1/transcript"))
    assert [segment["speaker"] for segment in found["segments"]] == [
        "Speaker 1",
        "Speaker 2",
        "Unknown speaker",
        "Speaker 1",
    ]
    first = found["segments"][0]
    assert (first["text"], first["start"], first["end"], first["confidence"]) == ("thank you", 0.51, 1.32, 0.87)
    assert first["words"][0] == {"text": "thank", "start": 0.51, "end": 0.92, "confidence": 0.91}
    assert found["segments"][1]["words"][0]["confidence"] is None


def test_the_transcript_is_there_before_the_highlights_are(api: Gateway, archive: Archive) -> None:
    archive.evaluating()
    assert shown(audio_files.Transcript, api.get(f"{FILES}/rec_1/transcript"))["status"] == "evaluating"


@pytest.mark.parametrize(
    ("state", "status"), [("put", "pending"), ("uploaded", "pending"), ("transcribing", "processing")]
)
def test_a_transcript_that_is_not_ready_says_where_it_stands(
    state: str, status: str, api: Gateway, archive: Archive
) -> None:
    getattr(archive, state)()
    answer = api.get(f"{FILES}/rec_1/transcript")
    assert problem(answer, 409, "not-ready")["processingStatus"] == status
    assert int(answer.headers["retry-after"]) > 0


def test_a_transcript_that_failed_says_at_which_stage(api: Gateway, archive: Archive) -> None:
    archive.failed()
    found = problem(api.get(f"{FILES}/rec_1/transcript"), 409, "processing-failed")
    assert found["processingStatus"] == "failed"
    assert found["processingError"] == {
        "stage": "transcribe",
        "code": "transcribe-failed",
        "message": "That did not work.",
    }


# --- processing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"reprocess": False}])
def test_processing_is_queued_as_documented(body: Any, api: Gateway, archive: Archive) -> None:
    archive.uploaded()
    answer = api.post(f"{FILES}/rec_1/process", body)
    given = shown(audio_files.ProcessAnswer, answer, 202)
    assert given == {"status": "pending", "message": "Processing queued successfully"}
    assert shown(audio_files.ProcessAnswer, api.post(f"{FILES}/rec_1/process", body), 202) == given


def test_what_has_finished_is_processed_again_only_when_asked(api: Gateway, archive: Archive) -> None:
    archive.complete()
    assert shown(audio_files.ProcessAnswer, api.post(f"{FILES}/rec_1/process"))["status"] == "completed"
    again = shown(audio_files.ProcessAnswer, api.post(f"{FILES}/rec_1/process", {"reprocess": True}), 202)
    assert again["status"] == "pending"
    assert api.get(f"{FILES}/rec_1/processing-status").json["run"] == 2


def test_what_failed_is_started_again(api: Gateway, archive: Archive) -> None:
    archive.failed()
    assert shown(audio_files.ProcessAnswer, api.post(f"{FILES}/rec_1/process"), 202)["status"] == "pending"


def test_processing_what_was_never_uploaded_is_refused(api: Gateway, archive: Archive) -> None:
    archive.put()
    assert api.post(f"{FILES}/rec_1/process").status == 409


@pytest.mark.parametrize(("body", "wrong"), [({"reprocess": "true"}, "reprocess"), ({"force": True}, "force")])
def test_wrong_fields_of_a_process_request_are_named(body: Any, wrong: str, api: Gateway, archive: Archive) -> None:
    archive.uploaded()
    assert fields(problem(api.post(f"{FILES}/rec_1/process", body), 422, "invalid-request")) == {wrong}


@pytest.mark.parametrize(
    ("state", "status", "progress"),
    [
        ("put", "pending", 0.0),
        ("uploaded", "pending", 0.0),
        ("transcribing", "processing", 0.25),
        ("evaluating", "evaluating", 0.99),
        ("complete", "completed", 1.0),
        ("failed", "failed", 0.0),
    ],
)
def test_the_processing_status_follows_the_run(
    state: str, status: str, progress: float, api: Gateway, archive: Archive
) -> None:
    getattr(archive, state)()
    answer = api.get(f"{FILES}/rec_1/processing-status")
    found = shown(audio_files.ProcessingStatus, answer)
    assert (found["status"], found["progress"]) == (status, progress)
    assert ("retry-after" in answer.headers) == (status not in {"completed", "failed"})


def test_a_failed_stage_is_shown_and_hides_nothing(api: Gateway, archive: Archive) -> None:
    archive.complete(diarized=False)
    found = shown(audio_files.ProcessingStatus, api.get(f"{FILES}/rec_1/processing-status"))
    assert (found["status"], found["error"]) == ("completed", None)
    assert found["stages"]["diarize"]["state"] == "failed"
    assert found["stages"]["diarize"]["error"]["message"] == "The speakers could not be told apart."
    assert found["stages"]["transcribe"] == {"state": "complete", "error": None}


# --- listing ------------------------------------------------------------------------------------------------


def ids(answer: Answer) -> list[str]:
    return [item["audioFileId"] for item in shown(audio_files.AudioFilePage, answer)["items"]]


def seed(archive: Archive, count: int) -> list[str]:
    """So many recordings, a minute apart; their ids newest first."""
    made = [f"rec_{number:04d}" for number in range(count)]
    for number, name in enumerate(made):
        archive.put(name, created_at=NOW + timedelta(minutes=number))
    return made[::-1]


def test_filters_combine(api: Gateway, archive: Archive) -> None:
    archive.put("rec_a", campaign_id="camp_1", is_ai_call=True)
    archive.put("rec_b", campaign_id="camp_1", engagement_id="eng_1")
    archive.put("rec_c", campaign_id="camp_2")
    assert set(ids(api.get(FILES, campaignId="camp_1"))) == {"rec_a", "rec_b"}
    assert ids(api.get(FILES, campaignId="camp_1", isAICall="true")) == ["rec_a"]
    assert ids(api.get(FILES, campaignId="camp_1", isAICall="false")) == ["rec_b"]
    assert ids(api.get(FILES, engagementId="eng_1")) == ["rec_b"]
    assert ids(api.get(FILES, campaignId="camp_3")) == []


def test_dates_bound_the_list_and_belong_to_it(api: Gateway, archive: Archive) -> None:
    newest, middle, oldest = seed(archive, 3)
    created_at = api.get(f"{FILES}/{middle}").json["createdAt"]
    assert ids(api.get(FILES, dateFrom=created_at)) == [newest, middle]
    assert ids(api.get(FILES, dateTo=created_at)) == [middle, oldest]
    assert ids(api.get(FILES, dateFrom="2026-03-30", dateTo="2026-03-30")) == [newest, middle, oldest]
    assert ids(api.get(FILES, dateFrom="2026-03-30T14:01:00+02:00")) == [newest, middle]
    assert ids(api.get(FILES, dateFrom="2026-03-31")) == []


def test_pages_and_cursors_lead_through_the_same_list(api: Gateway, archive: Archive) -> None:
    expected = seed(archive, 7)
    assert ids(api.get(FILES)) == expected
    by_page = [ids(api.get(FILES, page=page, pageSize=3)) for page in (1, 2, 3, 4)]
    assert by_page == [expected[:3], expected[3:6], expected[6:], []]
    by_cursor, cursor = [], api.get(FILES, pageSize=3).json["next"]
    while cursor:
        answer = api.get(FILES, pageSize=3, cursor=cursor)
        by_cursor.append(ids(answer))
        cursor = answer.json["next"]
    assert by_cursor == [expected[3:6], expected[6:]]


def test_the_default_page_has_fifty(api: Gateway, archive: Archive) -> None:
    seed(archive, 51)
    found = shown(audio_files.AudioFilePage, api.get(FILES))
    assert (len(found["items"]), found["page"], found["pageSize"]) == (50, 1, 50)
    assert found["next"]


def test_a_cursor_belongs_to_its_tenant_and_filters(api: Gateway, archive: Archive, identity: Identity) -> None:
    seed(archive, 3)
    cursor = api.get(FILES, pageSize=1).json["next"]
    for answer in (
        api.get(FILES, cursor=cursor, campaignId="camp_1"),
        api.get(FILES, cursor=cursor, token=identity.token(org="globex")),
        api.get(FILES, cursor=cursor[:-1]),
        api.get(FILES, cursor="x" * 3000),
        api.get(FILES, cursor=cursor, page=2),
    ):
        assert fields(problem(answer, 422, "invalid-request")) == {"cursor"}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1000000000", "page"),
        ("page=1e3", "page"),
        ("page=", "page"),
        ("page=99999999999999999999999", "page"),
        ("page=201&pageSize=50", "page"),
        ("pageSize=0", "pageSize"),
        ("pageSize=101", "pageSize"),
        ("pageSize=ten", "pageSize"),
        ("isAICall=perhaps", "isAICall"),
        ("dateFrom=yesterday", "dateFrom"),
        ("dateFrom=1795226400", "dateFrom"),
        ("dateFrom=2026-02-30", "dateFrom"),
        ("dateFrom=0001-01-01T00:00:00%2B14:00", "dateFrom"),
        ("dateTo=", "dateTo"),
        ("dateFrom=2026-03-31&dateTo=2026-03-30", "dateFrom"),
        ("campaignId=a/b", "campaignId"),
        ("campaign=camp_1", "campaign"),
        ("page=1&page=2", "page"),
        ("campaign_id=camp_1", "campaign_id"),
    ],
)
def test_every_wrong_parameter_is_named(query: str, wrong: str, api: Gateway) -> None:
    assert fields(problem(api.ask("GET", FILES, query=query), 422, "invalid-request")) == {wrong}


@pytest.mark.parametrize("query", ["campaignId=%ff%fe", "&".join(f"a{n}=1" for n in range(200))])
def test_a_broken_query_string_is_refused(query: str, api: Gateway) -> None:
    problem(api.ask("GET", FILES, query=query), 422, "invalid-request")


def test_parameters_where_none_are_taken_are_refused(api: Gateway, archive: Archive) -> None:
    archive.uploaded()
    for answer in (
        api.ask("GET", f"{FILES}/rec_1", query="expand=1"),
        api.ask("POST", f"{FILES}/rec_1/process", query="expand=1"),
    ):
        assert fields(problem(answer, 422, "invalid-request")) == {"expand"}


# --- who may ------------------------------------------------------------------------------------------------

ROUTES = [
    ("GET", FILES, "audio:read"),
    ("POST", f"{FILES}/upload-url", "audio:write"),
    ("GET", f"{FILES}/rec_1", "audio:read"),
    ("PATCH", f"{FILES}/rec_1", "audio:write"),
    ("DELETE", f"{FILES}/rec_1", "audio:write"),
    ("GET", f"{FILES}/rec_1/download-url", "audio:download"),
    ("GET", f"{FILES}/rec_1/transcript", "audio:read"),
    ("POST", f"{FILES}/rec_1/process", "audio:write"),
    ("GET", f"{FILES}/rec_1/processing-status", "audio:read"),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_each_route_takes_its_own_scope(
    method: str, path: str, scope: str, api: Gateway, archive: Archive, identity: Identity
) -> None:
    archive.complete()
    others = " ".join({"audio:read", "audio:write", "audio:download"} - {scope})
    answer = api.ask(method, path, token=identity.token(scope=others))
    assert scope in problem(answer, 403, "insufficient-scope")["detail"]
    assert answer.headers["www-authenticate"] == f'Bearer realm="auricle", error="insufficient_scope", scope="{scope}"'
    assert api.ask(method, path, token=identity.token(scope=scope)).status not in {401, 403}


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_each_route_takes_a_credential(method: str, path: str, scope: str, api: Gateway) -> None:
    answer = api.ask(method, path, token="")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="auricle"'
    answer = api.ask(method, path, token="forged")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="auricle", error="invalid_token"'


@pytest.mark.parametrize(("method", "path", "scope"), [route for route in ROUTES if "rec_1" in route[1]])
def test_another_tenants_audio_file_is_not_told_from_a_missing_one(
    method: str, path: str, scope: str, api: Gateway, archive: Archive
) -> None:
    archive.complete("rec_1", org="globex")
    foreign = api.ask(method, path)
    missing = api.ask(method, path.replace("rec_1", "rec_0"))
    assert problem(foreign, 404, "recording-not-found") == {
        **problem(missing, 404, "recording-not-found"),
        "detail": foreign.json["detail"],
        "instance": path,
    }
    assert foreign.json["detail"].replace("rec_1", "rec_0") == missing.json["detail"]


def test_lists_show_the_tenants_own_only(api: Gateway, archive: Archive, identity: Identity) -> None:
    archive.put("rec_1", org="globex")
    archive.put("rec_2")
    assert ids(api.get(FILES)) == ["rec_2"]
    assert ids(api.get(FILES, token=identity.token(org="globex"))) == ["rec_1"]


@pytest.mark.parametrize("name", ["..", "a b", "ü", "x" * 65, "-a", "ORG#globex", "%2e%2e", "rec_1;"])
def test_what_cannot_be_an_id_is_unknown(name: str, api: Gateway) -> None:
    for path in (name, quote(name, safe="")):
        problem(api.get(f"{FILES}/{path}"), 404, "recording-not-found")
