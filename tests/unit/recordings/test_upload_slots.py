"""Uploading first and describing afterwards: whose a slot is, how long it holds, and what claiming it again answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import Conflict, InvalidRequest
from auricle.identifiers import new_id
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.intake import remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Recording, Rep, Result, Status
from auricle.recordings.trash import move_to_trash
from auricle.recordings.upload_slots import Described, claim, fetch_into_slot, open_slot, slot_of
from tests.fakes import Fakes

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WANTED = Described(
    file_type="mp3",
    user_id="u-1",
    rep=Rep("Ann", "Lee", "team-1", "ACME"),
    title="Renewal",
    conversation_type="sales",
    created_at=NOW - timedelta(days=2),
    discoverable=False,
    result=Result.CLOSED,
    contact_ids=("c-1", "c-2"),
    consent=Consent.ONE_PARTY,
    consent_basis=ConsentBasis(BasisKind.STATED, NOW),
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def slot() -> str:
    return new_id("rec", NOW)


def claimed(fakes: Fakes, slot: str, wanted: Described = WANTED, at: datetime = LATER, **given: Any) -> Recording:
    usual: dict[str, Any] = {"org": "acme", "link": lambda recording: recording, "now": at}
    return claim(
        wanted,
        slot,
        intake=fakes.intake(max_upload_bytes=100),
        **(usual | given),
    )


def uploaded(fakes: Fakes, slot: str) -> None:
    fakes.objects.write(RecordingKeys("acme", slot).source, b"ID3", content_type="audio/mpeg")


# --- slots -------------------------------------------------------------------------------------------------


def opened(fakes: Fakes, file_type: str = "mp3", url_seconds: int = 600) -> Any:
    return open_slot(
        "acme", file_type=file_type, size_bytes=1234, objects=fakes.objects, url_seconds=url_seconds, now=NOW
    )


@pytest.mark.parametrize(
    ("file_type", "media_type"), [("mp3", "audio/mpeg"), ("aac", "audio/aac"), ("wav", "audio/wav")]
)
def test_a_slot_takes_one_file_of_its_type_and_size(fakes: Fakes, file_type: str, media_type: str) -> None:
    slot = opened(fakes, file_type)
    assert slot.content_type == media_type
    assert "/orgs/acme/recordings/rec_" in slot.upload_url
    assert "method=PUT" in slot.upload_url
    assert f"type={media_type.replace('/', '%2F')}" in slot.upload_url
    assert "length=1234" in slot.upload_url
    assert "seconds=600" in slot.upload_url
    assert f"name=recording.{file_type}" in slot.download_url
    assert f"type={media_type.replace('/', '%2F')}" in slot.download_url
    assert "seconds=600" in slot.download_url
    assert slot.expires_at == NOW + timedelta(seconds=600)
    assert len(fakes.recordings) == 0


def test_no_slot_holds_longer_than_a_quarter_of_an_hour(fakes: Fakes) -> None:
    slot = opened(fakes, url_seconds=86_400)
    assert slot.expires_at == NOW + timedelta(seconds=900)
    assert "seconds=900" in slot.upload_url
    assert "seconds=900" in slot.download_url


def test_either_url_of_a_slot_names_it_to_its_tenant_alone(fakes: Fakes) -> None:
    slot = opened(fakes)
    found = slot_of(slot.upload_url, org="acme", objects=fakes.objects)
    assert found is not None
    assert f"/{found}/source" in slot.upload_url
    assert slot_of(slot.download_url, org="acme", objects=fakes.objects) == found
    assert slot_of(slot.upload_url, org="other", objects=fakes.objects) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket.test/orgs/acme/recordings/rec_1/source",
        "https://another.test/orgs/acme/recordings/rec_1/source",
        "https://bucket.test/x/orgs/acme/recordings/rec_1/source",
        "https://bucket.test/orgs/acme/recordings/rec_1/audio.flac",
        "https://bucket.test/orgs/acme/recordings/rec 1/source",
        "https://bucket.test/orgs/acme/recordings/_rec/source",
        "https://[bucket.test/orgs/acme/recordings/rec_1/source",
        "https://bucket.test/",
        "",
    ],
)
def test_any_other_url_names_no_slot(fakes: Fakes, url: str) -> None:
    assert (
        slot_of("https://bucket.test/orgs/acme/recordings/rec_1/source", org="acme", objects=fakes.objects) == "rec_1"
    )
    assert slot_of(url, org="acme", objects=fakes.objects) is None


# --- claiming ----------------------------------------------------------------------------------------------


def test_the_recording_is_as_it_was_described(fakes: Fakes, slot: str) -> None:
    recording = claimed(fakes, slot)
    assert recording == fakes.recordings.get("acme", slot)
    assert recording == Recording(
        org="acme",
        id=slot,
        created_at=NOW - timedelta(days=2),
        updated_at=LATER,
        status=Status.UPLOADING,
        file_name=f"{slot}.mp3",
        user_id="u-1",
        title="Renewal",
        contact_ids=("c-1", "c-2"),
        consent=Consent.ONE_PARTY,
        consent_basis=ConsentBasis(BasisKind.STATED, NOW),
        content_type="audio/mpeg",
        conversation_type="sales",
        discoverable=False,
        result=Result.CLOSED,
        rep=Rep("Ann", "Lee", "team-1", "ACME"),
    )
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created"]
    assert len(fakes.workflow) == 0


def test_of_what_is_not_described_the_usual_holds(fakes: Fakes, slot: str) -> None:
    recording = claimed(fakes, slot, Described(file_type="wav", user_id="u-1"))
    assert (recording.created_at, recording.discoverable, recording.title) == (LATER, True, None)
    assert (recording.content_type, recording.consent, recording.contact_ids) == (
        "audio/wav",
        Consent.ALL_CONSENTED,
        (),
    )


def test_it_is_linked_before_it_is_stored(fakes: Fakes, slot: str) -> None:
    recording = claimed(fakes, slot, link=lambda one: replace(one, deal_id="deal-1"))
    assert recording.deal_id == "deal-1"
    assert fakes.recordings.get("acme", slot).deal_id == "deal-1"


def test_bytes_that_are_there_already_are_processed_at_once(fakes: Fakes, slot: str) -> None:
    uploaded(fakes, slot)
    recording = claimed(fakes, slot)
    assert (recording.status, recording.version, recording.size_bytes) == (Status.UPLOADED, "v1", 3)
    assert fakes.workflow.jobs == [Job("acme", slot, 1, "v1")]


def test_a_file_that_is_too_large_fails_at_once(fakes: Fakes, slot: str) -> None:
    fakes.objects.write(RecordingKeys("acme", slot).source, bytes(101), content_type="audio/mpeg")
    assert claimed(fakes, slot).status is Status.UNRECOVERABLE_ERROR


def test_what_cannot_be_started_now_is_claimed_all_the_same(fakes: Fakes, slot: str) -> None:
    uploaded(fakes, slot)
    fakes.workflow.unreachable = True
    assert claimed(fakes, slot).status is Status.UPLOADING
    assert fakes.recordings.get("acme", slot).status is Status.UPLOADED, "the sweep starts it"


def test_claiming_again_in_the_same_words_changes_nothing(fakes: Fakes, slot: str) -> None:
    first = claimed(fakes, slot)
    for wanted in (WANTED, replace(WANTED, created_at=None), replace(WANTED, contact_ids=(), rep=None)):
        assert claimed(fakes, slot, wanted, at=LATER + timedelta(minutes=5)) == first
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created"]


def test_claiming_again_what_is_in_the_trash_changes_nothing(fakes: Fakes, slot: str) -> None:
    claimed(fakes, slot)
    move_to_trash("acme", slot, recordings=fakes.recordings, now=LATER)
    trashed = fakes.recordings.get("acme", slot, with_trashed=True)
    assert claimed(fakes, slot) == trashed
    assert trashed.deleted_at == LATER


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "u-2"},
        {"user_id": "u-0"},
        {"result": Result.NOT_CLOSED},
        {"result": None},
        {"title": "Another"},
        {"title": None},
        {"conversation_type": "service"},
        {"conversation_type": "a"},
        {"file_type": "wav"},
        {"file_type": "aac"},
        {"created_at": NOW - timedelta(days=1)},
        {"created_at": NOW - timedelta(days=3)},
    ],
)
def test_claiming_again_in_other_words_is_a_conflict(fakes: Fakes, slot: str, other: dict[str, Any]) -> None:
    first = claimed(fakes, slot)
    with pytest.raises(Conflict) as refused:
        claimed(fakes, slot, replace(WANTED, **other))
    assert refused.value.message == "This upload has become a recording already. Ask for a new upload URL."
    assert fakes.recordings.get("acme", slot) == first


def test_the_slot_of_a_removed_recording_is_taken(fakes: Fakes, slot: str) -> None:
    claimed(fakes, slot)
    remove("acme", slot, recordings=fakes.recordings, objects=fakes.objects, now=LATER)
    with pytest.raises(Conflict):
        claimed(fakes, slot)


def test_a_slot_may_be_claimed_for_seven_days(fakes: Fakes, slot: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        claimed(fakes, slot, at=NOW + timedelta(days=7, seconds=1))
    assert refused.value.message == (
        "was signed more than 7 days ago, so its file is kept no longer: ask for a new URL and upload the file again"
    )
    assert len(fakes.recordings) == 0
    assert claimed(fakes, slot, at=NOW + timedelta(days=7)).id == slot


def test_an_id_that_tells_no_time_may_be_claimed(fakes: Fakes) -> None:
    assert claimed(fakes, "rec_1").id == "rec_1"


# --- fetching ----------------------------------------------------------------------------------------------


def fetched(fakes: Fakes, url: str) -> str:
    return fetch_into_slot(
        url,
        org="acme",
        content_type="audio/mpeg",
        allowed_hosts=["files.example"],
        downloads=fakes.downloads,
        objects=fakes.objects,
        now=NOW,
    )


@pytest.mark.parametrize("url", ["https://files.example/a.mp3", "https://FILES.example:443/a.mp3"])
def test_a_file_at_an_allowed_host_is_put_into_a_new_slot(fakes: Fakes, url: str) -> None:
    fakes.downloads.files[url] = b"ID3"
    slot = fetched(fakes, url)
    assert fakes.objects.read(f"orgs/acme/recordings/{slot}/source") == b"ID3"
    assert slot < new_id("rec", NOW + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a.mp3",
        "https://files.example.evil.test/a.mp3",
        "https://files.example@evil.test/a.mp3",
        "https://[files.example/a.mp3",
        "files.example/a.mp3",
        "",
    ],
)
def test_no_other_host_is_asked(fakes: Fakes, url: str) -> None:
    fakes.downloads.files[url] = b"ID3"
    with pytest.raises(InvalidRequest, match="no other host is read"):
        fetched(fakes, url)
    assert (fakes.downloads.asked, len(fakes.objects)) == ([], 0)


def test_what_cannot_be_fetched_makes_no_slot(fakes: Fakes) -> None:
    with pytest.raises(InvalidRequest, match="could not be fetched"):
        fetched(fakes, "https://files.example/none.mp3")
    assert len(fakes.objects) == 0
