"""Recordings of files that are there already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.uploaded_files import UploadedFile, record_uploaded_file
from auricle.errors import InvalidRequest
from auricle.recordings.recording import Recording
from auricle.recordings.upload_slots import open_slot
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def file(fakes: Fakes) -> UploadedFile:
    slot = open_slot("acme", file_type="mp3", size_bytes=4, objects=fakes.objects, url_seconds=900, now=NOW)
    return UploadedFile(slot.download_url, "downloadUrl", "mp3", title="Renewal")


def recorded(fakes: Fakes, file: UploadedFile, **how: Any) -> Recording:
    given: dict[str, Any] = {"link": lambda recording: recording, "download_hosts": (), **how}
    return record_uploaded_file(
        file,
        org="acme",
        caller="user_1",
        intake=fakes.intake(max_upload_bytes=1000),
        records=fakes,
        contacts=fakes.contacts,
        downloads=fakes.downloads,
        now=NOW,
        **given,
    )


def test_a_file_becomes_the_callers_recording_with_the_contact_that_it_names(fakes: Fakes, file: UploadedFile) -> None:
    add_contact(NewContact("Jane Smith", id="c1"), org="acme", contacts=fakes.contacts, now=NOW)
    made = recorded(fakes, replace(file, contact_name="Jane Smith"))
    stored = fakes.recordings.get("acme", made.id)
    assert (stored.user_id, stored.title, stored.contact_ids) == ("user_1", "Renewal", ("c1",))


def test_it_is_linked_before_it_is_stored(fakes: Fakes, file: UploadedFile) -> None:
    made = recorded(fakes, file, link=lambda recording: replace(recording, deal_id="d1"))
    assert fakes.recordings.get("acme", made.id).deal_id == "d1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"created_at": datetime(1989, 12, 31, tzinfo=UTC)}, "dateCreated"),
        ({"connection_id": "crm_1"}, "integrationConnectionId"),
        ({"user_id": "nobody"}, "userId"),
        ({"url": "https://files.example.com/call.mp3"}, "downloadUrl"),
    ],
)
def test_what_is_not_there_makes_no_recording(
    change: dict[str, Any], field: str, fakes: Fakes, file: UploadedFile
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        recorded(fakes, replace(file, **change))
    assert raised.value.field == field
    assert len(fakes.recordings) == 0


def test_an_address_that_is_not_read_is_named_as_the_client_does(fakes: Fakes, file: UploadedFile) -> None:
    elsewhere = replace(file, url="https://files.example.com/call.mp3", url_field="fileUrl")
    with pytest.raises(InvalidRequest, match=r"^fileUrl must be") as raised:
        recorded(fakes, elsewhere, download_hosts=["other.example.com"])
    assert raised.value.field == "fileUrl"
