"""The audio of a split or merged recording stays until the recordings made of it have their own copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auricle.bin import put_into_bin, restore
from auricle.consent import Consent
from auricle.consenting import record_consent
from auricle.errors import Conflict, ConsentRequired, TransientError
from auricle.processing.gather import Bounds, gather
from auricle.processing.job import Job
from auricle.processing.start import Accepted, accept_upload, remove
from auricle.processing.sweep import UPLOADS_END_AFTER, sweep
from auricle.recording import MAX_MADE_INTO, Audio, Recording, Status
from auricle.splitting import merge, split
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

AUDIO = Audio("wav", "pcm_s16le", 1, 16000, 3.0)
LATER = NOW + UPLOADS_END_AFTER


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def complete(fakes: Fakes, recording_id: str, **given: Any) -> Recording:
    recording = a_recording("acme", recording_id, status=Status.COMPLETE, version="v1", audio=AUDIO, **given)
    fakes.recordings.create(recording, [])
    job = recording.current_job()
    for key in (job.source_key, job.audio_key, job.peaks_key, job.transcript_key):
        fakes.objects.write(key, b"of " + recording_id.encode(), content_type="audio/flac")
    return recording


def parts_of(fakes: Fakes, recording_id: str = "rec_1") -> list[Recording]:
    _, parts = split("acme", recording_id, [1000, 2000], recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    return list(parts)


def merged(fakes: Fakes, *recording_ids: str) -> Recording:
    return merge(
        "acme",
        recording_ids,
        title=None,
        max_duration_s=600,
        recordings=fakes.recordings,
        workflow=fakes.workflow,
        now=NOW,
    )


def removed(fakes: Fakes, recording_id: str) -> None:
    remove("acme", recording_id, recordings=fakes.recordings, objects=fakes.objects, now=NOW, in_bin=True)


def recorded(fakes: Fakes, consent: Consent) -> None:
    record_consent(
        "acme",
        "rec_1",
        consent,
        by="u-2",
        note=None,
        grace=timedelta(days=30),
        recordings=fakes.recordings,
        all_recordings=fakes.recordings,
        objects=fakes.objects,
        workflow=fakes.workflow,
        max_upload_bytes=10**9,
        now=NOW,
    )


def swept(fakes: Fakes, at: Any = LATER) -> Mapping[str, int]:
    return sweep(
        untouched=timedelta(0),
        recordings=fakes.recordings,
        objects=fakes.objects,
        workflow=fakes.workflow,
        metrics=fakes.metrics,
        max_upload_bytes=1000,
        now=at,
    )


def fetched(fakes: Fakes, recording: Recording, folder: Path) -> set[str]:
    """What Prepare fetches of it; nothing is decoded."""
    gather(
        recording.current_job(),
        recording,
        recordings=fakes.recordings,
        objects=fakes.objects,
        bounds=Bounds(600, 10**9),
        folder=folder,
    )
    return {path.read_text() for path in folder.iterdir()}


def has_audio(fakes: Fakes, recording: Recording) -> None:
    """Prepare has written the recording's own copy."""
    fakes.objects.write(recording.current_job().audio_key, b"own", content_type="audio/flac")


def objects_of(fakes: Fakes, recording_id: str) -> list[str]:
    prefix = Job("acme", recording_id, 1).prefix
    return [key.removeprefix(prefix) for key in fakes.objects.keys(prefix)]


def test_parts_fetch_their_audio_after_the_original_was_removed(fakes: Fakes, tmp_path: Path) -> None:
    complete(fakes, "rec_1")
    parts = parts_of(fakes)
    removed(fakes, "rec_1")
    assert objects_of(fakes, "rec_1") == ["audio.flac"], "only what the parts need stays"
    for part in parts:
        assert fetched(fakes, part, tmp_path) == {"of rec_1"}
    assert swept(fakes)["erasing"] == 1
    for part in parts:
        assert objects_of(fakes, "rec_1") == ["audio.flac"]
        has_audio(fakes, part)
    assert swept(fakes)["erased"] == 1
    assert objects_of(fakes, "rec_1") == []
    assert "erased" not in swept(fakes), "it needs no further look"


def test_a_merged_recording_fetches_its_audio_after_a_source_was_removed(fakes: Fakes, tmp_path: Path) -> None:
    for recording_id in ("rec_1", "rec_2"):
        complete(fakes, recording_id)
    made = merged(fakes, "rec_1", "rec_2")
    removed(fakes, "rec_2")
    removed(fakes, "rec_1")
    assert fetched(fakes, made, tmp_path) == {"of rec_1", "of rec_2"}
    has_audio(fakes, made)
    assert swept(fakes)["erased"] == 2
    assert objects_of(fakes, "rec_1") == objects_of(fakes, "rec_2") == []


def test_the_trash_takes_nothing_from_the_parts(fakes: Fakes, tmp_path: Path) -> None:
    complete(fakes, "rec_1")
    part = parts_of(fakes)[0]
    put_into_bin("acme", "rec_1", recordings=fakes.recordings, now=NOW)
    assert fetched(fakes, part, tmp_path) == {"of rec_1"}
    restore("acme", "rec_1", recordings=fakes.recordings, now=NOW)
    assert "audio.flac" in objects_of(fakes, "rec_1")


def test_an_original_that_nothing_needs_is_erased_at_once(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    for part in parts_of(fakes):
        has_audio(fakes, part)
    removed(fakes, "rec_1")
    assert objects_of(fakes, "rec_1") == []


def test_a_failed_part_can_be_retried_and_holds_the_audio_until_it_is_removed(fakes: Fakes, tmp_path: Path) -> None:
    complete(fakes, "rec_1")
    first, *others = parts_of(fakes)
    for part in others:
        has_audio(fakes, part)
    failed = first.to(Status.ERROR, at=NOW)
    assert fakes.recordings.save(failed, expected=first)
    removed(fakes, "rec_1")
    week = LATER + timedelta(days=7)
    assert swept(fakes, week)["erasing"] == 1
    assert fetched(fakes, first, tmp_path) == {"of rec_1"}
    put_into_bin("acme", first.id, recordings=fakes.recordings, now=NOW)
    assert swept(fakes, week)["erasing"] == 1, "a part in the trash may be restored and retried"
    removed(fakes, first.id)
    swept(fakes, week)
    assert objects_of(fakes, "rec_1") == []


def test_a_part_that_failed_for_good_holds_nothing(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    for part in parts_of(fakes):
        assert fakes.recordings.save(part.to(Status.UNRECOVERABLE_ERROR, at=NOW), expected=part)
    removed(fakes, "rec_1")
    assert objects_of(fakes, "rec_1") == []


def test_a_part_of_a_part_needs_only_the_part(fakes: Fakes, tmp_path: Path) -> None:
    complete(fakes, "rec_1")
    first, *others = parts_of(fakes)
    for part in (first, *others):
        has_audio(fakes, part)
    assert fakes.recordings.save(replace(first, status=Status.COMPLETE, audio=AUDIO), expected=first)
    smaller = parts_of(fakes, first.id)
    removed(fakes, "rec_1")
    removed(fakes, first.id)
    assert (objects_of(fakes, "rec_1"), objects_of(fakes, first.id)) == ([], ["audio.flac"])
    assert fetched(fakes, smaller[0], tmp_path) == {"own"}


def test_a_late_upload_to_a_removed_original_takes_nothing_from_the_parts(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    parts_of(fakes)
    removed(fakes, "rec_1")
    fakes.objects.write(Job("acme", "rec_1", 1).source_key, b"late", content_type="audio/wav")
    stores: Any = {"recordings": fakes.recordings, "objects": fakes.objects, "workflow": fakes.workflow}
    assert accept_upload("acme", "rec_1", **stores, max_upload_bytes=1000, now=NOW) is Accepted.REMOVED
    assert objects_of(fakes, "rec_1") == ["audio.flac"]


def test_a_merge_that_was_noted_and_never_made_holds_the_audio_for_minutes(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for recording_id in ("rec_1", "rec_2"):
        complete(fakes, recording_id)

    def crash(_recording: Recording, _events: Any) -> None:
        raise TransientError("The table could not take the request just now. Try again shortly.")

    with monkeypatch.context() as patched:
        patched.setattr(fakes.recordings, "create", crash)
        with pytest.raises(TransientError):
            merged(fakes, "rec_1", "rec_2")
    removed(fakes, "rec_1")
    assert objects_of(fakes, "rec_1") == ["audio.flac"], "the merge may be on its way"
    assert swept(fakes)["erased"] == 1


def test_merging_again_while_the_merged_one_is_in_the_trash_makes_another(fakes: Fakes) -> None:
    for recording_id in ("rec_1", "rec_2"):
        complete(fakes, recording_id)
    first = merged(fakes, "rec_1", "rec_2")
    put_into_bin("acme", first.id, recordings=fakes.recordings, now=NOW)
    second = merged(fakes, "rec_1", "rec_2")
    assert (second.id != first.id, second.deleted_at) == (True, None)
    assert merged(fakes, "rec_1", "rec_2").id == second.id
    restore("acme", first.id, recordings=fakes.recordings, now=NOW)
    assert merged(fakes, "rec_1", "rec_2").id == first.id


def test_a_part_in_the_trash_is_not_started_again_by_splitting_again(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    first, *others = parts_of(fakes)
    put_into_bin("acme", first.id, recordings=fakes.recordings, now=NOW)
    assert [part.id for part in parts_of(fakes)] == [part.id for part in others]


def test_what_is_being_split_is_not_removed(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    complete(fakes, "rec_1")

    def crash(_recording: Recording, _events: Any) -> None:
        raise TransientError("The table could not take the request just now. Try again shortly.")

    with monkeypatch.context() as patched:
        patched.setattr(fakes.recordings, "create", crash)
        with pytest.raises(TransientError):
            parts_of(fakes)
    with pytest.raises(Conflict, match="being split"):
        removed(fakes, "rec_1")
    assert swept(fakes)["split"] == 1
    removed(fakes, "rec_1")
    assert objects_of(fakes, "rec_1") == ["audio.flac"]


def test_a_split_cut_short_waits_while_consent_is_withdrawn(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    complete(fakes, "rec_1")

    def crash(_recording: Recording, _events: Any) -> None:
        raise TransientError("The table could not take the request just now. Try again shortly.")

    with monkeypatch.context() as patched:
        patched.setattr(fakes.recordings, "create", crash)
        with pytest.raises(TransientError):
            parts_of(fakes)
    listed = fakes.recordings.get("acme", "rec_1")
    recorded(fakes, Consent.WITHDRAWN)
    with pytest.raises(ConsentRequired):
        parts_of(fakes)
    assert "split" not in swept(fakes)
    with monkeypatch.context() as patched:
        patched.setattr(fakes.recordings, "open_recordings", lambda *_: [listed])
        assert swept(fakes)["moved-on"] == 1, "consent was withdrawn after the sweep had listed it"
    wanted = fakes.recordings.get("acme", "rec_1").made_into
    assert fakes.recordings.find("acme", wanted) == {}, "nothing is made without consent"

    recorded(fakes, Consent.ALL_CONSENTED)
    assert swept(fakes)["split"] == 1
    made = fakes.recordings.find("acme", wanted).values()
    assert [(part.consent, part.withdrawal) for part in made] == [(Consent.ALL_CONSENTED, None)] * 3


def test_how_often_a_recording_is_merged_is_bounded(fakes: Fakes) -> None:
    complete(fakes, "rec_1", made_into=tuple(f"rec_made_{number}" for number in range(MAX_MADE_INTO)))
    complete(fakes, "rec_2")
    with pytest.raises(Conflict, match="rec_1 has been made into 200 others"):
        merged(fakes, "rec_1", "rec_2")
    assert len(fakes.workflow) == 0
