"""Uploading to the agent API: forms, what is wrong with them, and the way for files that are too large for one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.agent.uploads import models as recordings
from auricle.errors import TransientError
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW
from tests.contract.forms import BOUNDARY, UPLOAD, a_wav, form, send, upload
from tests.contract.gateway import Gateway, Identity
from tests.contract.test_agent import FOUNDER, error, shown
from tests.fakes import Fakes
from tests.fixtures.hostile.durations import UNBELIEVABLE

USUAL = (("type", "phone"), ("consent_status", "all_consented"))


@pytest.fixture
def services() -> Fakes:
    return Fakes()


def stored(services: Fakes, recording_id: str) -> Any:
    return services.recordings.get("acme", recording_id)


def source(recording_id: str) -> str:
    return f"orgs/acme/recordings/{recording_id}/source"


# --- what is taken ------------------------------------------------------------------------------------------


def test_a_form_becomes_a_recording_whose_bytes_are_stored(api: Gateway, services: Fakes) -> None:
    for contact_id in ("c1", "c2"):
        api.post(f"{FOUNDER}/contacts", {"id": contact_id, "name": contact_id})
    answer = upload(
        api,
        ("type", "voice_memo"),
        ("consent_status", "one_party"),
        ("source", "manual"),
        ("contact_ids", '["c1", "c2", "c1"]'),
        ("deal_id", "deal_9"),
        ("title", "Größe"),
        ("file", a_wav(12.4)),
        file_name="Gespräch.wav",
    )
    made = shown(recordings.UploadedRecording, answer, 201)
    assert set(made) == {
        "id",
        "status",
        "audio_url",
        "estimated_duration_seconds",
        "transcription_status",
        "created_at",
    }
    assert (made["status"], made["transcription_status"]) == ("processing", "queued")
    assert (made["estimated_duration_seconds"], made["created_at"]) == (12, "2026-03-30T12:00:00Z")
    assert made["audio_url"] == f"s3://recordings/{source(made['id'])}"
    assert answer.headers["location"] == f"{FOUNDER}/recordings/{made['id']}"
    kept = stored(services, made["id"])
    assert (kept.status, kept.kind, kept.source, kept.consent) == (
        Status.UPLOADING,
        "voice_memo",
        "manual",
        Consent.ONE_PARTY,
    )
    assert (kept.contact_ids, kept.deal_id, kept.title) == (("c1", "c2"), "deal_9", "Größe")
    assert (kept.file_name, kept.content_type, kept.user_id) == ("Gespräch.wav", "audio/wav", "user_1")
    assert services.objects.read(source(made["id"])) == a_wav(12.4)
    assert api.get(f"{FOUNDER}/contacts/c1/timeline").json["timeline"][0]["id"] == made["id"]


def test_what_is_left_empty_was_not_given(api: Gateway, services: Fakes) -> None:
    empty = tuple((name, "") for name in ("source", "contact_ids", "deal_id", "title", "file_name", "file_size"))
    made = shown(recordings.UploadedRecording, upload(api, *USUAL, *empty, ("file", a_wav())), 201)
    kept = stored(services, made["id"])
    assert (kept.source, kept.contact_ids, kept.deal_id, kept.title) == (None, (), None, None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\fakepath\\call.wav", "call.wav"),
        ("/home/jane/call.wav", "call.wav"),
        ("../../etc/passwd", "passwd"),
        ("", "recording.wav"),
        ("a\x07b.wav", "ab.wav"),
        ("x" * 300, "x" * 255),
    ],
)
def test_of_a_file_name_the_name_is_kept(sent: str, kept: str, api: Gateway, services: Fakes) -> None:
    made = shown(recordings.UploadedRecording, upload(api, *USUAL, ("file", a_wav()), file_name=sent), 201)
    assert stored(services, made["id"]).file_name == kept


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0", "audio/mpeg"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x20ftypisom", "audio/mp4"),
        (b"OggS" + bytes(24) + b"OpusHead", "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3" + bytes(20) + b"webm", "audio/webm"),
    ],
    ids=["wav", "mp3", "m4a", "mp4", "opus", "ogg", "webm"],
)
def test_every_documented_format_is_told_by_its_content(
    head: bytes, content_type: str, api: Gateway, services: Fakes
) -> None:
    answer = upload(api, *USUAL, ("file", head + bytes(1000)), file_name="whatever.bin")
    made = shown(recordings.UploadedRecording, answer, 201)
    assert stored(services, made["id"]).content_type == content_type
    assert made["estimated_duration_seconds"] >= 1


def test_a_file_of_the_very_limit_is_taken(api: Gateway, services: Fakes) -> None:
    content = a_wav() + bytes(4_500_000 - len(a_wav()))
    made = shown(recordings.UploadedRecording, upload(api, *USUAL, ("file", content)), 201)
    assert services.objects.read(source(made["id"])) == content


def test_a_form_may_hold_what_looks_like_its_boundary(api: Gateway, services: Fakes) -> None:
    content = a_wav() + f"\r\n--{BOUNDARY[:-1]}\r\n--".encode() + b"\r\n\r\n"
    made = shown(recordings.UploadedRecording, upload(api, *USUAL, ("file", content)), 201)
    assert services.objects.read(source(made["id"])) == content


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [(), (("consent_status", ""),), (("consent_status", "  "),)])
def test_without_consent_nothing_is_taken(sent: Any, api: Gateway, services: Fakes) -> None:
    error(upload(api, ("type", "phone"), *sent, ("file", a_wav())), 422, "CONSENT_REQUIRED")
    assert len(services.recordings) == len(services.objects) == 0


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7", b"hello", b"PK\x03\x04" + bytes(100), b"\xff\xd8\xff\xe0", b'{"a": 1}', b"", b"MThd" + bytes(50)],
    ids=["pdf", "text", "zip", "jpeg", "json", "empty", "midi"],
)
def test_a_file_that_is_none_of_the_formats(content: bytes, api: Gateway, services: Fakes) -> None:
    found = error(upload(api, *USUAL, ("file", content), file_name="call.wav"), 422, "INVALID_AUDIO_FORMAT")
    assert found["message"]
    assert len(services.recordings) == len(services.objects) == 0


def test_what_is_processed_is_taken_though_the_document_does_not_name_it(api: Gateway, services: Fakes) -> None:
    """A FLAC file of the fixtures, told by its content; its length stands in its header."""
    content = (Path(__file__).parents[1] / "fixtures" / "demo_call.flac").read_bytes()
    answer = upload(api, *USUAL, ("file", content), file_name="call.bin")
    assert answer.status == 201, answer.body
    assert answer.json["estimated_duration_seconds"] == 68
    assert services.recordings.get("acme", answer.json["id"]).content_type == "audio/flac"


def test_an_unknown_contact(api: Gateway, services: Fakes, identity: Identity) -> None:
    api.post(f"{FOUNDER}/contacts", {"id": "theirs", "name": "Theirs"}, token=identity.token(org="globex"))
    for contact_id in ("theirs", "nobody"):
        answer = upload(api, *USUAL, ("contact_ids", f'["{contact_id}"]'), ("file", a_wav()))
        assert error(answer, 404, "CONTACT_NOT_FOUND")["message"] == f"There is no contact {contact_id}."
    assert len(services.recordings) == len(services.objects) == 0


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ((("type", "fax"),), "type"),
        ((("consent_status", "withdrawn"),), "consent_status"),
        ((("contact_ids", "c1"),), "contact_ids"),
        ((("contact_ids", '{"a": 1}'),), "contact_ids"),
        ((("contact_ids", '["a b"]'),), "contact_ids.0"),
        ((("contact_ids", "[1]"),), "contact_ids.0"),
        ((("contact_ids", str([f"c{number}" for number in range(21)]).replace("'", '"')),), "contact_ids"),
        ((("deal_id", "a/b"),), "deal_id"),
        ((("source", "x" * 256),), "source"),
        ((("title", "a\nb"),), "title"),
        ((("file_size", "many"),), "file_size"),
        ((("file_size", "0"),), "file_size"),
        ((("org", "globex"),), "org"),
        ((("audio", b"RIFF"),), "audio"),
        ((("file", b"RIFF"),), "file"),
        ((("title", "a"), ("title", "b")), "title"),
    ],
)
def test_wrong_parts_are_named(parts: Any, wrong: str, api: Gateway, services: Fakes) -> None:
    sent = dict(USUAL) | {name: value for name, value in parts if name in dict(USUAL)}
    others = [part for part in parts if part[0] not in sent]
    found = error(upload(api, *sent.items(), *others, ("file", a_wav())), 422, "INVALID_REQUEST")
    assert {field["field"] for field in found["fields"]} == {wrong}
    assert len(services.recordings) == len(services.objects) == 0


def test_what_is_missing_is_named(api: Gateway) -> None:
    for parts, wrong in (
        ((("consent_status", "pending"), ("file", a_wav())), "type"),
        (USUAL, "file"),
        ((*USUAL, ("file_size", "1000")), "file"),
        ((*USUAL, ("file", "RIFF")), "file"),
    ):
        found = error(upload(api, *parts), 422, "INVALID_REQUEST")
        assert [field["field"] for field in found["fields"]] == [wrong]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"type": "phone"}', "application/json", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"type=phone", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"RIFF", "audio/wav", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"", "", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (form(*USUAL), "multipart/form-data", 400, "BROKEN_FORM"),
        (form(*USUAL), "multipart/form-data; boundary=other", 400, "BROKEN_FORM"),
        (b"nothing of a form", f"multipart/form-data; boundary={BOUNDARY}", 400, "BROKEN_FORM"),
        (form(*USUAL, ("file", a_wav()))[:-100], f"multipart/form-data; boundary={BOUNDARY}", 400, "BROKEN_FORM"),
        (form(("title", "?")).replace(b"?", b"\xff"), f"multipart/form-data; boundary={BOUNDARY}", 400, "BROKEN_FORM"),
        (form(("title", "x" * 70_000)), f"multipart/form-data; boundary={BOUNDARY}", 400, "BROKEN_FORM"),
        (form(*[("title", "x")] * 41), f"multipart/form-data; boundary={BOUNDARY}", 400, "BROKEN_FORM"),
        (form(*USUAL), f"multipart/form-data; boundary={'x' * 300}", 400, "BROKEN_FORM"),
        (form(*USUAL), f"multipart/form-data; boundary={BOUNDARY}; charset=undefined", 400, "BROKEN_FORM"),
        (
            form(*USUAL, ("title", "\\ud800")),
            f"multipart/form-data; boundary={BOUNDARY}; charset=unicode_escape",
            400,
            "BROKEN_FORM",
        ),
    ],
    ids=[
        "json",
        "urlencoded",
        "audio",
        "nothing",
        "no boundary",
        "other boundary",
        "no parts",
        "cut off",
        "not utf-8",
        "large field",
        "many parts",
        "long boundary",
        "no decoder",
        "decoder of halves",
    ],
)
def test_what_is_no_form(body: bytes, content_type: str, status: int, code: str, api: Gateway, services: Fakes) -> None:
    answer = api.ask("POST", UPLOAD, body=body, headers={"content-type": content_type})
    error(answer, status, code)
    assert len(services.recordings) == 0


def test_who_may_not_upload(api: Gateway, identity: Identity, services: Fakes) -> None:
    error(upload(api, *USUAL, ("file", a_wav()), token=""), 401, "UNAUTHENTICATED")
    error(upload(api, *USUAL, ("file", a_wav()), token=identity.token(roles=["agent"])), 403, "FORBIDDEN")
    assert len(services.recordings) == 0


def test_bytes_that_cannot_be_stored_leave_no_recording(
    api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TransientError("The bucket could not take the request. Try again shortly.")

    monkeypatch.setattr(services.objects, "write", fail)
    api.post(f"{FOUNDER}/contacts", {"id": "c1", "name": "Jane"})
    answer = upload(api, *USUAL, ("contact_ids", '["c1"]'), ("file", a_wav()))
    error(answer, 503, "TRANSIENT")
    assert api.get(f"{FOUNDER}/recordings").json["recordings"] == []
    assert api.get(f"{FOUNDER}/contacts/c1/timeline").json["timeline"] == []
    assert len(services.objects) == 0


@pytest.mark.parametrize("content", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
def test_a_duration_beyond_belief_is_answered_and_makes_one_recording(
    content: bytes, api: Gateway, services: Fakes
) -> None:
    made = shown(recordings.UploadedRecording, upload(api, *USUAL, ("file", content)), 201)
    assert made["estimated_duration_seconds"] in {1, 2}
    assert len(services.recordings) == 1


# --- what is too large --------------------------------------------------------------------------------------


def test_a_file_above_the_limit_is_handed_over(api: Gateway, services: Fakes) -> None:
    """The form is kept; its bytes go to the same recording by the URL in the refusal."""
    content = a_wav() + bytes(4_500_001 - len(a_wav()))
    parts = (*USUAL, ("source", "twilio"), ("title", "Long"), ("deal_id", "d1"))
    answer = upload(api, *parts, ("file", content), file_name="long.wav")
    handed = error(answer, 413, "FILE_TOO_LARGE")["upload"]
    assert set(handed) == {"id", "method", "upload_url", "expires_at", "headers"}
    assert (handed["method"], handed["headers"]) == ("PUT", {})
    assert handed["expires_at"] == (NOW + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert source(handed["id"]) in handed["upload_url"]
    kept = stored(services, handed["id"])
    assert (kept.status, kept.file_name, kept.source, kept.title, kept.deal_id) == (
        Status.UPLOADING,
        "long.wav",
        "twilio",
        "Long",
        "d1",
    )
    assert source(handed["id"]) not in services.objects


def test_a_form_without_its_file_says_how_large_it_is(api: Gateway, services: Fakes) -> None:
    parts = (*USUAL, ("file_name", "long.mp3"), ("file_size", "4500001"))
    handed = error(upload(api, *parts), 413, "FILE_TOO_LARGE")["upload"]
    assert stored(services, handed["id"]).file_name == "long.mp3"


def test_a_file_larger_than_anything_that_is_processed(api: Gateway, services: Fakes) -> None:
    error(upload(api, *USUAL, ("file_size", str(1024**3 + 1))), 422, "TOO_LARGE")
    assert len(services.recordings) == 0


def test_a_large_file_needs_consent_and_known_contacts_too(api: Gateway, services: Fakes) -> None:
    size = ("file_size", "4500001")
    error(upload(api, ("type", "phone"), size), 422, "CONSENT_REQUIRED")
    error(upload(api, *USUAL, ("contact_ids", '["nobody"]'), size), 404, "CONTACT_NOT_FOUND")
    assert len(services.recordings) == 0


# --- what is sent again -------------------------------------------------------------------------------------


def test_a_form_sent_again_makes_one_recording(api: Gateway, services: Fakes) -> None:
    parts = (*USUAL, ("title", "a"), ("file", a_wav()))
    key = {"idempotency-key": "one"}
    first = upload(api, *parts, **key)
    again = send(
        api,
        form(*reversed(parts)).replace(BOUNDARY.encode(), b"another"),
        **{"content-type": "multipart/form-data; boundary=another"},
        **key,
    )
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert len(services.recordings) == 1
    for changed in ((*USUAL, ("title", "b"), parts[-1]), (*parts[:-1], ("file", a_wav(3)))):
        error(upload(api, *changed, **key), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(services.recordings) == 1


def test_a_large_form_sent_again_is_handed_over_once(api: Gateway, services: Fakes) -> None:
    parts = (*USUAL, ("file_size", "4500001"))
    answers = [upload(api, *parts, **{"idempotency-key": "two"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [413, 413]
    assert answers[0].body == answers[1].body
    assert answers[0].headers["location"].endswith(answers[0].json["error"]["upload"]["id"])
    assert len(services.recordings) == 1


def test_a_refused_form_can_be_mended_and_sent_again(api: Gateway, services: Fakes) -> None:
    key = {"idempotency-key": "three"}
    error(upload(api, *USUAL, ("file", b"%PDF"), **key), 422, "INVALID_AUDIO_FORMAT")
    error(send(api, b"nothing", **key), 400, "BROKEN_FORM")
    assert upload(api, *USUAL, ("file", a_wav()), **key).status == 201
    assert len(services.recordings) == 1


def test_nothing_is_added_to_a_broken_form(api: Gateway) -> None:
    error(send(api, b""), 400, "BROKEN_FORM")
