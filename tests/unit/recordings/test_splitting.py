"""The audio of a split or merged recording stays until the recordings made of it have their own copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auricle.errors import (
    Conflict,
    ConsentRequired,
    InvalidRequest,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.processing.fetching_audio import Bounds, fetch_audio
from auricle.processing.sweep import sweep
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis, Parties
from auricle.recordings.consent_changes import record_consent
from auricle.recordings.intake import Accepted, accept_upload, remove
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Audio, Capture, CrmLink, Excerpt, Recording, Rep, Result, Split, Status
from auricle.recordings.splitting import merge, split
from auricle.recordings.trash import move_to_trash, restore
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

AUDIO = Audio("wav", "pcm_s16le", 1, 16000, 3.0)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def complete(fakes: Fakes, recording_id: str, **given: Any) -> Recording:
    recording = a_recording("acme", recording_id, status=Status.COMPLETE, version="v1", audio=AUDIO, **given)
    fakes.recordings.create(recording, [])
    job = recording.current_job()
    for key in (job.keys.source, job.keys.audio, job.keys.peaks, job.keys.transcript):
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
    remove("acme", recording_id, recordings=fakes.recordings, objects=fakes.objects, now=NOW, with_trashed=True)


def recorded(fakes: Fakes, consent: Consent) -> None:
    record_consent(
        "acme",
        "rec_1",
        consent,
        by="u-2",
        note=None,
        grace=timedelta(days=30),
        intake=fakes.intake(max_upload_bytes=10**9),
        all_recordings=fakes.recordings,
        now=NOW,
    )


def swept(fakes: Fakes, at: Any = LATER) -> Mapping[str, int]:
    return sweep(
        untouched=timedelta(0),
        recordings=fakes.recordings,
        intake=fakes.intake(max_upload_bytes=1000),
        metrics=fakes.metrics,
        now=at,
    )


def fetched(fakes: Fakes, recording: Recording, folder: Path) -> set[str]:
    """What Prepare fetches of it; nothing is decoded."""
    fetch_audio(
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
    fakes.objects.write(recording.keys.audio, b"own", content_type="audio/flac")


def objects_of(fakes: Fakes, recording_id: str) -> list[str]:
    prefix = RecordingKeys("acme", recording_id).prefix
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
    move_to_trash("acme", "rec_1", recordings=fakes.recordings, now=NOW)
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
    move_to_trash("acme", first.id, recordings=fakes.recordings, now=NOW)
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
    fakes.objects.write(RecordingKeys("acme", "rec_1").source, b"late", content_type="audio/wav")
    assert accept_upload("acme", "rec_1", intake=fakes.intake(max_upload_bytes=1000), now=NOW) is Accepted.REMOVED
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
    move_to_trash("acme", first.id, recordings=fakes.recordings, now=NOW)
    second = merged(fakes, "rec_1", "rec_2")
    assert (second.id != first.id, second.deleted_at) == (True, None)
    assert merged(fakes, "rec_1", "rec_2").id == second.id
    restore("acme", first.id, recordings=fakes.recordings, now=NOW)
    assert merged(fakes, "rec_1", "rec_2").id == first.id


def test_a_part_in_the_trash_is_not_started_again_by_splitting_again(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    first, *others = parts_of(fakes)
    move_to_trash("acme", first.id, recordings=fakes.recordings, now=NOW)
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
    complete(fakes, "rec_1", made_into=tuple(f"rec_made_{number}" for number in range(200)))
    complete(fakes, "rec_2")
    with pytest.raises(Conflict, match="rec_1 has been made into 200 others"):
        merged(fakes, "rec_1", "rec_2")
    assert len(fakes.workflow) == 0


# --- what parts and merged recordings are made of -----------------------------------------------------------

INHERITED: dict[str, Any] = {
    "user_id": "u-1",
    "kind": "in-person",
    "source": "field app",
    "consent": Consent.ONE_PARTY,
    "consent_basis": ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest"),
    "parties": Parties(customer=None, rep=True),
    "contact_ids": ("ann", "bob"),
    "deal_id": "deal-1",
    "campaign_id": "camp-1",
    "engagement_id": "eng-1",
    "is_ai_call": True,
    "private": True,
    "discoverable": False,
    "do_not_delete": True,
    "conversation_type": "sales",
    "transcription_language": "Spanish",
    "capture": Capture(os="iOS"),
    "rep": Rep("Ann", "Lee", "team-1", "ACME"),
    "crm_link": CrmLink("deal", "deal-1", "00Q1", "conn-1", "manual", NOW),
}
FOUND: dict[str, Any] = {
    "language": "en",
    "word_count": 7,
    "confidence": 0.5,
    "notes": "Of the whole conversation.",
    "result": Result.CLOSED,
    "size_bytes": 9,
    "later_versions": ("v2",),
}
"""What was found in the original, or said of it as a whole: not of its parts."""


def made_of(recording: Recording) -> dict[str, Any]:
    return {name: getattr(recording, name) for name in INHERITED}


def test_parts_inherit_what_was_said_of_the_original_and_nothing_that_was_found_in_it(fakes: Fakes) -> None:
    complete(fakes, "rec_1", title="Visit", file_name="visit.day.wav", run=3, **INHERITED, **FOUND)
    original, parts = split(
        "acme", "rec_1", [1000, 2000], recordings=fakes.recordings, workflow=fakes.workflow, now=LATER
    )
    assert original == fakes.recordings.get("acme", "rec_1")
    assert (original.status, original.updated_at) == (Status.RAW_SPLIT, LATER)
    assert original.splits == (Split(1000, parts[1].id, LATER), Split(2000, parts[2].id, LATER))
    assert original.made_into == tuple(part.id for part in parts)
    assert len({part.id for part in parts}) == len({part.version for part in parts}) == 3
    for number, part in enumerate(parts, 1):
        assert part == fakes.recordings.get("acme", part.id)
        assert made_of(part) == INHERITED
        assert part.title == f"Visit ({number} of 3)"
        assert (part.status, part.run, part.revision) == (Status.UPLOADED, 1, 1)
        assert (part.file_name, part.content_type) == ("visit.day.flac", "audio/flac")
        assert (part.updated_at, part.queued_at) == (LATER, LATER)
        assert {name: getattr(part, name) for name in FOUND} == {
            "language": None,
            "word_count": 0,
            "confidence": None,
            "notes": None,
            "result": None,
            "size_bytes": None,
            "later_versions": (),
        }
        assert (part.audio, part.made_into, part.splits) == (None, (), ())
    assert [part.made_of for part in parts] == [
        (Excerpt("rec_1", 0, 1000),),
        (Excerpt("rec_1", 1000, 2000),),
        (Excerpt("rec_1", 2000, None),),
    ]
    assert [part.created_at - NOW for part in parts] == [timedelta(seconds=each) for each in (0, 1, 2)]
    assert [job.recording for job in fakes.workflow.jobs] == [part.id for part in parts]
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created", "recording.uploaded"] * 3


def test_ids_of_what_is_made_never_change(fakes: Fakes) -> None:
    """Asking again after a crash, with a newer version of the code, must find what was made."""
    for recording_id in ("rec_1", "rec_2", "rec_3"):
        complete(fakes, recording_id)
    first, _, last = parts_of(fakes)
    assert (first.id, last.id) == (
        "rec_a3797de123277b6ce0c96d758b66f33",
        "rec_19e3495bc1e81a5a8c2eb8fee15b454",
    )
    made = merged(fakes, "rec_2", "rec_3")
    assert made.id == "rec_65e26d2e93ed15dabc31f89c7bef370"
    assert first.version == "made-c7c5b4bcccd5fb24ce229308b4ac0d99"


def test_a_long_title_is_shortened_to_255_characters_and_none_stays_none(fakes: Fakes) -> None:
    complete(fakes, "rec_1", title="x" * 255)
    titles = [part.title for part in parts_of(fakes)]
    assert titles[0] == "x" * 246 + " (1 of 3)"
    complete(fakes, "rec_2", file_name="no ending")
    untitled = parts_of(fakes, "rec_2")[0]
    assert (untitled.title, untitled.file_name) == (None, "no ending.flac")


@pytest.mark.parametrize(
    ("at_ms", "message"),
    [
        ([], "Name from 1 to 50 moments."),
        (list(range(1, 52)), "Name from 1 to 50 moments."),
        ([1000, 1000], "Each moment must be earlier than the next."),
        ([2000, 1000], "Each moment must be earlier than the next."),
        ([0], "Every moment must be earlier than the end of the recording, at 3000 ms."),
        ([0, 1000], "Every moment must be earlier than the end of the recording, at 3000 ms."),
        ([3000], "Every moment must be earlier than the end of the recording, at 3000 ms."),
        ([1000, 3001], "Every moment must be earlier than the end of the recording, at 3000 ms."),
    ],
)
def test_moments_that_cannot_be_are_refused(fakes: Fakes, at_ms: list[int], message: str) -> None:
    before = complete(fakes, "rec_1")
    with pytest.raises(InvalidRequest) as refused:
        split("acme", "rec_1", at_ms, recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    assert (refused.value.message, refused.value.field) == (message, "splitTimestampsMs")
    assert fakes.recordings.get("acme", "rec_1") == before


@pytest.mark.parametrize("at_ms", [[1], [2999], list(range(1, 51))])
def test_moments_just_within_the_bounds_are_taken(fakes: Fakes, at_ms: list[int]) -> None:
    complete(fakes, "rec_1")
    _, parts = split("acme", "rec_1", at_ms, recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    assert len(parts) == len(at_ms) + 1


def test_splitting_elsewhere_is_a_conflict_and_asks_for_the_revision(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    with pytest.raises(PreconditionFailed):
        split("acme", "rec_1", [1], recordings=fakes.recordings, workflow=fakes.workflow, now=NOW, if_revision=7)
    parts_of(fakes)
    with pytest.raises(Conflict) as refused:
        split("acme", "rec_1", [1000], recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    assert refused.value.message == "This recording is split already, at 1000, 2000 ms."


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"consent": Consent.WITHDRAWN}, ConsentRequired, "was withdrawn or refused: it cannot be {}."),
        ({"status": Status.RAW_SPLIT}, Conflict, "Recording rec_1 is split: it cannot be {}."),
        ({"status": Status.ERROR}, Conflict, "Recording rec_1 is not complete: it cannot be {} yet."),
        ({"audio": None}, Conflict, "Recording rec_1 is not complete: it cannot be {} yet."),
        ({"locked": True}, Conflict, "Recording rec_1 is locked. Unlock it first, then send the request anew."),
        ({"deleted_at": NOW}, RecordingNotFound, "There is no recording rec_1."),
    ],
)
def test_what_is_not_ready_is_neither_split_nor_merged(
    fakes: Fakes, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    complete(fakes, "rec_1")
    complete(fakes, "rec_2")
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(replace(before, **given), expected=before)
    with pytest.raises(error) as refused:
        parts_of(fakes)
    assert message.format("split") in str(refused.value)
    with pytest.raises(error) as refused:
        merged(fakes, "rec_2", "rec_1")
    assert message.format("merged") in str(refused.value)
    assert len(fakes.workflow) == 0


def test_while_consent_is_pending_parts_are_made_and_not_processed(fakes: Fakes) -> None:
    complete(fakes, "rec_1", consent=Consent.PENDING)
    assert [part.consent for part in parts_of(fakes)] == [Consent.PENDING] * 3
    assert len(fakes.workflow) == 0


def test_one_that_was_locked_after_it_was_cut_is_finished(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    parts = parts_of(fakes)
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(replace(before, locked=True), expected=before)
    assert parts_of(fakes) == parts


def test_a_merged_recording_inherits_from_the_first_and_has_the_contacts_of_all(fakes: Fakes) -> None:
    said = INHERITED | {"private": False, "discoverable": True, "do_not_delete": False}
    complete(fakes, "rec_1", title="Visit", **said, **FOUND)
    complete(fakes, "rec_2", title="Second", contact_ids=("bob", "cem"), consent=Consent.ONE_PARTY)
    made = merged(fakes, "rec_1", "rec_2")
    assert made == fakes.recordings.get("acme", made.id)
    assert made_of(made) == said | {"contact_ids": ("ann", "bob", "cem")}
    assert (made.title, made.status, made.created_at) == ("Visit", Status.UPLOADED, NOW)
    assert made.made_of == (Excerpt("rec_1"), Excerpt("rec_2"))
    assert fakes.workflow.jobs == [made.current_job()]
    for recording_id in ("rec_1", "rec_2"):
        source = fakes.recordings.get("acme", recording_id)
        assert (source.status, source.made_into) == (Status.COMPLETE, (made.id,))


def test_a_title_that_is_given_is_the_merged_one_s(fakes: Fakes) -> None:
    complete(fakes, "rec_1", title="Visit")
    complete(fakes, "rec_2")
    stores: Any = {"recordings": fakes.recordings, "workflow": fakes.workflow, "now": NOW}
    made = merge("acme", ["rec_1", "rec_2"], title="Both", max_duration_s=6.0, **stores)
    assert made.title == "Both"


@pytest.mark.parametrize(
    ("first", "second", "merged_as"),
    [
        (Consent.ALL_CONSENTED, Consent.ONE_PARTY, Consent.ONE_PARTY),
        (Consent.ONE_PARTY, Consent.PENDING, Consent.PENDING),
        (Consent.PENDING, Consent.ALL_CONSENTED, Consent.PENDING),
        (Consent.ALL_CONSENTED, Consent.ALL_CONSENTED, Consent.ALL_CONSENTED),
    ],
)
def test_a_merged_one_has_the_weakest_consent_and_what_that_rests_on(
    fakes: Fakes, first: Consent, second: Consent, merged_as: Consent
) -> None:
    for recording_id, consent in (("rec_1", first), ("rec_2", second)):
        basis = ConsentBasis(BasisKind.POLICY, NOW, f"of {consent.value}")
        parties = Parties(customer=True if consent is merged_as else None)
        complete(fakes, recording_id, consent=consent, consent_basis=basis, parties=parties)
    made = merged(fakes, "rec_1", "rec_2")
    assert made.consent is merged_as
    assert made.consent_basis == ConsentBasis(BasisKind.POLICY, NOW, f"of {merged_as.value}")
    assert made.parties == Parties(customer=True)


@pytest.mark.parametrize(
    ("first", "second", "guarded"),
    [
        ({}, {}, (False, True, False, "u-1")),
        ({"private": True}, {}, (True, True, False, "u-1")),
        ({}, {"private": True}, (True, True, False, "u-2")),
        ({}, {"discoverable": False}, (False, False, False, "u-2")),
        ({"discoverable": False}, {"discoverable": False}, (False, False, False, None)),
        ({"private": True}, {"discoverable": False}, (True, False, False, "u-1")),
        ({"private": True}, {"private": True}, (True, True, False, None)),
        ({"private": True}, {"private": True, "user_id": "u-1"}, (True, True, False, "u-1")),
        ({}, {"do_not_delete": True}, (False, True, True, "u-1")),
    ],
)
def test_a_merged_one_is_guarded_as_the_most_guarded_is(
    fakes: Fakes, first: dict[str, Any], second: dict[str, Any], guarded: tuple[Any, ...]
) -> None:
    complete(fakes, "rec_1", **{"user_id": "u-1", **first})
    complete(fakes, "rec_2", **{"user_id": "u-2", **second})
    made = merged(fakes, "rec_1", "rec_2")
    assert (made.private, made.discoverable, made.do_not_delete, made.user_id) == guarded


def test_too_few_too_many_or_the_same_twice_are_not_merged(fakes: Fakes) -> None:
    ids = [f"rec_{number}" for number in range(51)]
    for recording_id in ids:
        complete(fakes, recording_id)
    for wanted, message in (
        (ids[:1], "Name from 2 to 50 recordings."),
        ([], "Name from 2 to 50 recordings."),
        (ids, "Name from 2 to 50 recordings."),
        (["rec_1", "rec_2", "rec_1"], "A recording is named more than once."),
    ):
        with pytest.raises(InvalidRequest) as refused:
            merged(fakes, *wanted)
        assert (refused.value.message, refused.value.field) == (message, "recordingIds")
    assert len(merged(fakes, *ids[:50]).made_of) == 50


def test_how_long_a_merged_one_may_be_is_bounded(fakes: Fakes) -> None:
    complete(fakes, "rec_1")
    complete(fakes, "rec_2")
    stores: Any = {"recordings": fakes.recordings, "workflow": fakes.workflow, "now": NOW}
    with pytest.raises(InvalidRequest) as refused:
        merge("acme", ["rec_1", "rec_2"], title=None, max_duration_s=5.999, **stores)
    assert refused.value.message == "Together they are longer than 0 minutes, the longest there may be."
    assert refused.value.field == "recordingIds"
    assert fakes.recordings.get("acme", "rec_1").made_into == ()
    assert merge("acme", ["rec_1", "rec_2"], title=None, max_duration_s=6.0, **stores).id


@pytest.mark.parametrize("count", [10, 11])
def test_a_merged_one_has_twenty_contacts_at_most(fakes: Fakes, count: int) -> None:
    complete(fakes, "rec_1", contact_ids=tuple(f"a{number}" for number in range(10)))
    complete(fakes, "rec_2", contact_ids=tuple(f"b{number}" for number in range(count)))
    if count == 10:
        assert len(merged(fakes, "rec_1", "rec_2").contact_ids) == 20
        return
    with pytest.raises(InvalidRequest) as refused:
        merged(fakes, "rec_1", "rec_2")
    assert refused.value.message == "Together they have more than 20 contacts, the most a recording can have."
    assert refused.value.field == "recordingIds"


def test_one_that_is_being_split_is_not_merged(fakes: Fakes) -> None:
    complete(fakes, "rec_1", splits=(Split(1000, "rec_9", NOW),))
    complete(fakes, "rec_2")
    with pytest.raises(Conflict) as refused:
        merged(fakes, "rec_2", "rec_1")
    assert refused.value.message == "Recording rec_1 is being split: it cannot be merged."


def test_the_longest_a_merged_one_may_be_is_said_in_minutes(fakes: Fakes) -> None:
    for recording_id in ("rec_1", "rec_2"):
        before = complete(fakes, recording_id)
        assert fakes.recordings.save(replace(before, audio=replace(AUDIO, duration_s=7200.0)), expected=before)
    stores: Any = {"recordings": fakes.recordings, "workflow": fakes.workflow, "now": NOW}
    with pytest.raises(InvalidRequest, match="Together they are longer than 180 minutes"):
        merge("acme", ["rec_1", "rec_2"], title=None, max_duration_s=10_800.0, **stores)


def test_one_that_was_locked_between_its_cut_and_its_parts_is_split_by_asking_again(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(fakes, "rec_1")

    def crash(_recording: Recording, _events: Any) -> None:
        raise TransientError("The table could not take the request just now. Try again shortly.")

    with monkeypatch.context() as patched:
        patched.setattr(fakes.recordings, "create", crash)
        with pytest.raises(TransientError):
            parts_of(fakes)
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(replace(before, locked=True), expected=before)
    assert len(parts_of(fakes)) == 3
    assert fakes.recordings.get("acme", "rec_1").status is Status.RAW_SPLIT
