from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import InvalidRequest, TransientError
from auricle.identifiers import earliest_id, made_at, new_id
from auricle.processing.orphans import LOOKED_FOR_DURING, ORPHANED_AFTER, erase_orphans
from auricle.recordings.intake import remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.upload_slots import CLAIMABLE_FOR, Described, claim
from tests.fakes import Fakes
from tests.fakes.contract import a_recording

UPLOADED = datetime.now(UTC)
SOON_ENOUGH = UPLOADED + ORPHANED_AFTER + timedelta(days=1)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def upload(fakes: Fakes, *, made: datetime = UPLOADED, org: str = "acme") -> str:
    """Bytes at a signed URL, and the id they were signed for."""
    recording_id = new_id("rec", made)
    fakes.objects.write(RecordingKeys(org, recording_id).source, b"RIFF", content_type="audio/wav")
    return recording_id


def erased(fakes: Fakes, now: datetime) -> Mapping[str, int]:
    return erase_orphans(recordings=fakes.recordings, objects=fakes.objects, now=now)


def is_there(fakes: Fakes, recording_id: str, org: str = "acme") -> bool:
    return RecordingKeys(org, recording_id).source in fakes.objects


def test_what_nobody_described_is_erased_with_all_its_versions(fakes: Fakes) -> None:
    orphans = [upload(fakes), upload(fakes, org="other")]
    fakes.objects.write(RecordingKeys("acme", orphans[0]).source, b"again", content_type="audio/wav")
    assert erased(fakes, SOON_ENOUGH) == {"erased": 2}
    assert list(fakes.objects.keys("")) == []
    assert fakes.objects.versions_after_first(RecordingKeys("acme", orphans[0]).source) == []


def test_what_may_still_be_described_stays(fakes: Fakes) -> None:
    orphan = upload(fakes)
    for days in range(CLAIMABLE_FOR.days + 7):
        assert erased(fakes, UPLOADED + timedelta(days=days)) == {}
    assert is_there(fakes, orphan)


def test_what_is_too_old_to_be_kept_can_be_described_no_more(fakes: Fakes) -> None:
    orphan = upload(fakes)

    def describe(now: datetime) -> None:
        claim(
            Described(file_type="wav", user_id="user_1"),
            orphan,
            org="acme",
            link=lambda recording: recording,
            intake=fakes.intake(max_upload_bytes=100),
            now=now,
        )

    with pytest.raises(InvalidRequest, match="signed more than 7 days ago"):
        describe(UPLOADED + CLAIMABLE_FOR + timedelta(minutes=1))
    describe(UPLOADED + CLAIMABLE_FOR - timedelta(minutes=1))
    assert erased(fakes, SOON_ENOUGH) == {"known": 1}
    assert is_there(fakes, orphan)


def test_recordings_keep_their_audio_also_when_they_are_removed_and_it_is_held(fakes: Fakes) -> None:
    kept, removed = upload(fakes), upload(fakes)
    for recording_id in (kept, removed):
        fakes.recordings.create(replace(a_recording("acme", recording_id), created_at=UPLOADED), [])
    remove("acme", removed, recordings=fakes.recordings, objects=fakes.objects, now=UPLOADED)
    fakes.objects.write(RecordingKeys("acme", removed).source, b"held", content_type="audio/wav")
    assert erased(fakes, SOON_ENOUGH) == {"known": 2}
    assert is_there(fakes, kept)
    assert is_there(fakes, removed)


def test_each_is_met_on_seven_days_and_older_ones_cost_nothing(fakes: Fakes) -> None:
    recording_id = upload(fakes)
    fakes.recordings.create(a_recording("acme", recording_id), [])
    days = [day for day in range(40) if erased(fakes, UPLOADED + timedelta(days=day, minutes=1))]
    assert days == list(range(ORPHANED_AFTER.days, ORPHANED_AFTER.days + LOOKED_FOR_DURING.days))


def test_an_id_that_claims_to_be_older_than_its_audio_proves_nothing(fakes: Fakes) -> None:
    """Its time stands in the id, and a clock that was wrong may have made it."""
    orphan = upload(fakes, made=UPLOADED - ORPHANED_AFTER - timedelta(days=1))
    assert erased(fakes, UPLOADED) == {"young": 1}
    assert is_there(fakes, orphan)


@pytest.mark.parametrize("file", ["audio.flac", "transcript.json.zst", "chunks/000000"])
def test_what_was_processed_once_is_reported_and_kept(file: str, fakes: Fakes) -> None:
    """Its record was lost: this is the only copy of a conversation."""
    lost = upload(fakes)
    fakes.objects.write(RecordingKeys("acme", lost).prefix + file, b"x", content_type="application/octet-stream")
    assert erased(fakes, SOON_ENOUGH) == {"unowned": 1}
    assert is_there(fakes, lost)


def test_audio_without_its_upload_is_kept(fakes: Fakes) -> None:
    part = Job("acme", new_id("rec", UPLOADED), 1)
    fakes.objects.write(part.keys.audio, b"fLaC", content_type="audio/flac")
    assert erased(fakes, SOON_ENOUGH) == {"unowned": 1}
    assert part.keys.audio in fakes.objects


def test_a_table_that_knows_hardly_any_upload_erases_none(fakes: Fakes) -> None:
    """It was emptied, or is only half restored."""
    uploads = [upload(fakes, made=UPLOADED + timedelta(seconds=number)) for number in range(12)]
    fakes.recordings.create(replace(a_recording("acme", uploads[0]), created_at=UPLOADED), [])
    assert erased(fakes, SOON_ENOUGH) == {"known": 1, "doubtful": 11}
    assert all(is_there(fakes, each) for each in uploads)


def test_names_that_are_no_ids_are_left_alone(fakes: Fakes) -> None:
    fakes.objects.write("orgs/acme/recordings/rec_1/source", b"RIFF", content_type="audio/wav")
    fakes.objects.write("orgs/acme/exports/all.zip", b"PK", content_type="application/zip")
    fakes.objects.write("another/folder/file", b"x", content_type="text/plain")
    assert erased(fakes, SOON_ENOUGH) == {}
    assert len(fakes.objects) == 3


def test_ids_tell_when_they_were_made() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, 5000, tzinfo=UTC)
    assert made_at(new_id("rec", moment)) == moment
    assert made_at("rec_1") is None
    assert earliest_id("rec", moment) < new_id("rec", moment) < earliest_id("rec", moment + timedelta(milliseconds=1))


def test_what_cannot_be_asked_for_now_is_met_again_tomorrow(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = [upload(fakes, org="acme"), upload(fakes, org="acme"), upload(fakes, org="other")]
    find = fakes.recordings.find

    def unreachable(org: str, ids: Any, **given: Any) -> Any:
        if org == "acme":
            raise TransientError("The table did not answer.")
        return find(org, ids, **given)

    monkeypatch.setattr(fakes.recordings, "find", unreachable)
    assert erased(fakes, SOON_ENOUGH) == {"postponed": 2, "erased": 1}
    assert is_there(fakes, uploads[0])
    assert is_there(fakes, uploads[1])


def test_one_that_cannot_be_erased_now_does_not_stop_the_rest(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted([upload(fakes), upload(fakes)])
    erase = fakes.objects.erase

    def unreachable(prefix: str, **given: Any) -> int:
        if first in prefix:
            raise TransientError("The bucket did not answer.")
        return erase(prefix, **given)

    monkeypatch.setattr(fakes.objects, "erase", unreachable)
    assert erased(fakes, SOON_ENOUGH) == {"postponed": 1, "erased": 1}
    assert (is_there(fakes, first), is_there(fakes, second)) == (True, False)


@pytest.mark.parametrize(
    ("known", "unknown", "ends"),
    [
        (0, 10, {"erased": 10}),
        (0, 11, {"doubtful": 11}),
        (12, 12, {"known": 12, "erased": 12}),
        (11, 13, {"known": 11, "doubtful": 13}),
    ],
)
def test_more_than_ten_and_more_than_half_unknown_is_too_many(
    fakes: Fakes, known: int, unknown: int, ends: dict[str, int]
) -> None:
    for number in range(known + unknown):
        recording_id = upload(fakes)
        if number < known:
            fakes.recordings.create(a_recording("acme", recording_id), [])
    assert erased(fakes, SOON_ENOUGH) == ends


def test_each_hundred_is_judged_by_itself(fakes: Fakes) -> None:
    ids = sorted(upload(fakes) for _ in range(110))
    for recording_id in ids[:100]:
        fakes.recordings.create(a_recording("acme", recording_id), [])
    assert erased(fakes, SOON_ENOUGH) == {"known": 100, "erased": 10}


def test_ids_are_looked_at_from_fourteen_days_on_for_seven_days(fakes: Fakes) -> None:
    made = UPLOADED.replace(microsecond=0)
    recording_id = upload(fakes, made=made)
    fakes.recordings.create(a_recording("acme", recording_id), [])
    millisecond = timedelta(milliseconds=1)
    assert erased(fakes, made + timedelta(days=14)) == {}
    assert erased(fakes, made + timedelta(days=14) + millisecond) == {"known": 1}
    assert erased(fakes, made + timedelta(days=21)) == {"known": 1}
    assert erased(fakes, made + timedelta(days=21) + millisecond) == {}
