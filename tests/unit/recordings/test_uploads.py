"""Asking for an upload: a recording that waits, and a URL that does not live long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.crm.contacts import NewContact, add_contact
from auricle.errors import ContactNotFound, TransientError, UnsupportedAudio
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.recording import Recording, Rep, Status
from auricle.recordings.uploads import NewRecording, Upload, request_upload, take_audio, take_upload
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


def requested(fakes: Fakes, wanted: NewRecording, url_seconds: int = 900) -> Upload:
    return request_upload(
        wanted,
        org="acme",
        user="user_1",
        recordings=fakes.recordings,
        contacts=fakes.contacts,
        objects=fakes.objects,
        url_seconds=url_seconds,
        now=NOW,
    )


def test_the_recording_waits_for_its_bytes() -> None:
    fakes = Fakes()
    add_contact(NewContact("Jane Smith", id="c1"), org="acme", contacts=fakes.contacts, now=NOW)
    wanted = NewRecording(
        "call.wav", title="Renewal", consent=Consent.PENDING, contact_ids=["c1", "c1"], is_ai_call=True
    )
    upload = requested(fakes, wanted)
    stored = fakes.recordings.get("acme", upload.recording.id)
    assert (stored.status, stored.version, stored.user_id) == (Status.UPLOADING, None, "user_1")
    assert (stored.title, stored.consent, stored.contact_ids, stored.is_ai_call) == (
        "Renewal",
        Consent.PENDING,
        ("c1",),
        True,
    )
    assert [entry.id for entry in fakes.contacts.timeline("acme", "c1").entries] == [stored.id]
    assert f"orgs/acme/recordings/{stored.id}/source" in upload.url


@pytest.mark.parametrize(("setting", "seconds"), [(60, 60), (900, 900), (86_400, 900)])
def test_a_url_never_holds_longer_than_a_quarter_of_an_hour(setting: int, seconds: int) -> None:
    upload = requested(Fakes(), NewRecording("call.wav"), setting)
    assert upload.expires_at == NOW + timedelta(seconds=seconds)
    assert f"seconds={seconds}" in upload.url


def test_a_declared_type_is_signed() -> None:
    assert "audio%2Fwav" in requested(Fakes(), NewRecording("call.wav", content_type="audio/wav")).url
    assert "type=" not in requested(Fakes(), NewRecording("call.wav")).url


def test_an_unknown_contact_leaves_nothing_behind() -> None:
    fakes = Fakes()
    with pytest.raises(ContactNotFound):
        requested(fakes, NewRecording("call.wav", contact_ids=["nobody"]))
    assert len(fakes.recordings) == 0


EVERYTHING = NewRecording(
    file_name="call.wav",
    title="Renewal",
    kind="video",
    source="web",
    content_type="audio/wav",
    size_bytes=4,
    checksum_sha256="q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=",
    consent=Consent.ONE_PARTY,
    consent_basis=ConsentBasis(BasisKind.STATED, NOW),
    contact_ids=("c1",),
    deal_id="deal-1",
    campaign_id="camp-1",
    engagement_id="eng-1",
    is_ai_call=True,
)
REP = Rep("Ann", "Lee", "team-1", "ACME")


def as_wanted(recording_id: str) -> Recording:
    return Recording(
        org="acme",
        id=recording_id,
        created_at=NOW,
        updated_at=NOW,
        status=Status.UPLOADING,
        file_name="call.wav",
        user_id="user_1",
        rep=REP,
        title="Renewal",
        kind="video",
        source="web",
        consent=Consent.ONE_PARTY,
        consent_basis=ConsentBasis(BasisKind.STATED, NOW),
        contact_ids=("c1",),
        deal_id="deal-1",
        campaign_id="camp-1",
        engagement_id="eng-1",
        is_ai_call=True,
        content_type="audio/wav",
    )


def ports(fakes: Fakes) -> dict[str, Any]:
    add_contact(NewContact("Jane Smith", id="c1"), org="acme", contacts=fakes.contacts, now=NOW)
    return {
        "org": "acme",
        "user": "user_1",
        "rep": REP,
        "recordings": fakes.recordings,
        "contacts": fakes.contacts,
        "objects": fakes.objects,
        "now": NOW,
    }


def test_everything_that_is_said_is_stored_and_what_is_declared_is_signed() -> None:
    fakes = Fakes()
    upload = request_upload(EVERYTHING, url_seconds=600, **ports(fakes))
    assert upload.recording == fakes.recordings.get("acme", upload.recording.id) == as_wanted(upload.recording.id)
    assert "type=audio%2Fwav" in upload.url
    assert "length=4" in upload.url
    assert "sha256=q1MKE%2BRZFJgrefm34%2FuplM%2FR8%2Fsi9xzqGvvwK0YMbR0%3D" in upload.url
    assert upload.headers == {
        "content-type": "audio/wav",
        "content-length": "4",
        "x-amz-checksum-sha256": "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=",
    }
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created"]


def test_what_is_not_declared_is_not_asked_of_the_put() -> None:
    upload = requested(Fakes(), NewRecording("call.wav"))
    assert upload.headers == {}
    assert requested(Fakes(), NewRecording("call.wav", size_bytes=0)).headers == {"content-length": "0"}
    stored = upload.recording
    assert (stored.kind, stored.consent, stored.is_ai_call, stored.contact_ids) == (
        "phone",
        Consent.ALL_CONSENTED,
        False,
        (),
    )


def test_bytes_that_come_with_the_request_are_stored_for_the_bucket_to_tell_of() -> None:
    fakes = Fakes()
    recording = take_upload(EVERYTHING, b"RIFF", **ports(fakes))
    assert recording == fakes.recordings.get("acme", recording.id) == as_wanted(recording.id)
    key = f"orgs/acme/recordings/{recording.id}/source"
    assert fakes.objects.keys("") == [key]
    assert fakes.objects.read(key) == b"RIFF"
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created"]
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize(
    ("declared", "stored"),
    [("audio/wav", "audio/wav"), (None, "application/octet-stream"), ("", "application/octet-stream")],
)
def test_bytes_are_stored_with_their_type(declared: str | None, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, types = Fakes(), list[str]()
    monkeypatch.setattr(fakes.objects, "write", lambda _key, _content, *, content_type: types.append(content_type))
    take_upload(replace(EVERYTHING, content_type=declared), b"RIFF", **ports(fakes))
    assert types == [stored]


@pytest.mark.parametrize("removable", [True, False])
def test_where_the_bytes_cannot_be_stored_nothing_is_left(removable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = Fakes()
    given = ports(fakes)
    write = fakes.objects.write

    def fails_afterwards(key: str, content: bytes, *, content_type: str) -> None:
        write(key, content, content_type=content_type)
        if not removable:
            monkeypatch.setattr(fakes.recordings, "save", lambda *_args, **_named: False)
        raise TransientError("The bucket did not answer.")

    monkeypatch.setattr(fakes.objects, "write", fails_afterwards)
    with pytest.raises(TransientError, match="The bucket did not answer"):
        take_upload(EVERYTHING, b"RIFF", **given)
    if removable:
        assert (len(fakes.recordings), len(fakes.objects)) == (0, 0)


@pytest.mark.parametrize(
    ("head", "content_type", "name"),
    [
        (b"RIFF\0\0\0\0WAVE", "audio/wav", "recording.wav"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4", "recording.m4a"),
        (b"caff", None, "recording.caf"),
    ],
)
def test_audio_is_what_its_bytes_say(head: bytes, content_type: str | None, name: str) -> None:
    fakes = Fakes()
    given = ports(fakes)
    named = take_audio(replace(EVERYTHING, content_type="text/html"), head + bytes(10_000), **given)
    nameless = take_audio(replace(EVERYTHING, file_name=""), head + bytes(10_000), **given)
    assert named.recording == fakes.recordings.get("acme", named.recording.id)
    assert (named.recording.file_name, named.recording.content_type) == (EVERYTHING.file_name, content_type)
    assert nameless.recording.file_name == name
    assert named.estimated_s >= 1


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"hello"], ids=["empty", "pdf", "text"])
def test_what_is_no_audio_becomes_no_recording(content: bytes) -> None:
    fakes = Fakes()
    with pytest.raises(UnsupportedAudio):
        take_audio(EVERYTHING, content, **ports(fakes))
    assert (len(fakes.recordings), len(fakes.objects)) == (0, 0)
