"""Asking for an upload: a recording that waits, and a URL that does not live long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auricle.consent import Consent
from auricle.contacts import NewContact, add_contact
from auricle.errors import ContactNotFound
from auricle.ports import MAX_URL_SECONDS
from auricle.recording import Status
from auricle.uploading import NewRecording, Upload, request_upload
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


@pytest.mark.parametrize(("setting", "seconds"), [(60, 60), (MAX_URL_SECONDS, 900), (86_400, 900)])
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
