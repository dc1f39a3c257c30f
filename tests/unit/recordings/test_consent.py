"""What consent, and its absence, do to a recording: what is shown, what is processed, what is erased, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from auricle.adapters.dynamodb import document_versions, documents, items
from auricle.directory.visibility import Viewer
from auricle.errors import ConsentRequired, RecordingNotFound, TransientError
from auricle.processing import gate
from auricle.processing.fetching_audio import Bounds, fetch_audio
from auricle.processing.finish import finish_recording
from auricle.processing.sweep import run_stopped, sweep
from auricle.recordings.chunk_uploads import accept_chunk
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis, ConsentChange, ObjectAccess, Parties
from auricle.recordings.consent_changes import record_consent
from auricle.recordings.intake import Accepted, accept_upload, process
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import FINDINGS, Audio, Failure, Recording, Stage, Status
from auricle.recordings.splitting import merge, split
from auricle.recordings.trash import move_to_trash, restore
from auricle.recordings.updates import AttestedConsent, Update, update_recording
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_finished_recording, a_recording

GRACE = timedelta(days=30)
AUDIO = Audio("wav", "pcm_s16le", 1, 16000, 3.0)
NONE, ALL, ONE, HELD = Consent.WITHDRAWN, Consent.ALL_CONSENTED, Consent.ONE_PARTY, Consent.PENDING


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, recording: Recording) -> Recording:
    fakes.recordings.create(recording, [])
    keys = recording.keys
    for key in (keys.source, keys.audio, keys.transcript, keys.peaks, keys.media("media_1")):
        fakes.objects.write(key, b"of " + recording.id.encode(), content_type="audio/flac")
    return fakes.recordings.get(recording.org, recording.id)


def complete(fakes: Fakes, recording_id: str = "rec_1", **given: Any) -> Recording:
    return put(fakes, replace(a_finished_recording("acme", recording_id), do_not_delete=False, **given))


def short(fakes: Fakes, recording_id: str) -> Recording:
    return put(fakes, a_recording("acme", recording_id, status=Status.COMPLETE, version="v1", audio=AUDIO))


def stored(fakes: Fakes, recording_id: str = "rec_1") -> Recording:
    return fakes.recordings.get("acme", recording_id)


def recorded(
    fakes: Fakes,
    consent: Consent,
    recording_id: str = "rec_1",
    *,
    grace: timedelta = GRACE,
    at: datetime = NOW,
    note: str | None = None,
) -> Recording:
    return record_consent(
        "acme",
        recording_id,
        consent,
        by="u-2",
        note=note,
        grace=grace,
        intake=fakes.intake(max_upload_bytes=1000),
        all_recordings=fakes.recordings,
        now=at,
    )


def swept(fakes: Fakes, at: datetime) -> Mapping[str, int]:
    return sweep(
        untouched=timedelta(minutes=10),
        recordings=fakes.recordings,
        intake=fakes.intake(max_upload_bytes=1000),
        metrics=fakes.metrics,
        now=at,
    )


def blocked(fakes: Fakes, recording_id: str = "rec_1") -> bool:
    return fakes.objects.is_blocked(RecordingKeys("acme", recording_id).prefix)


def told(fakes: Fakes) -> list[str]:
    return [event.type.value for event in fakes.recordings.announced]


# --- what is shown ------------------------------------------------------------------------------------------


def test_withdrawing_takes_what_was_found_out_of_the_record_and_recording_again_brings_it_back(fakes: Fakes) -> None:
    before = complete(fakes)
    hidden = recorded(fakes, NONE)
    assert hidden == stored(fakes)
    assert (hidden.language, hidden.engines, hidden.warnings, hidden.highlights) == (None, {}, (), ())
    assert (hidden.speakers, hidden.word_count, hidden.confidence) == ((), 0, None)
    assert (hidden.title, hidden.status, hidden.audio) == (before.title, Status.COMPLETE, before.audio)
    lines = fakes.contacts.timeline("acme", "ann").entries
    assert ["summary" in line.facts for line in lines] == [False]
    back = recorded(fakes, ONE, at=NOW + timedelta(days=29))
    assert {name: getattr(back, name) for name in FINDINGS} == {name: getattr(before, name) for name in FINDINGS}
    assert back.withheld is None
    assert fakes.contacts.timeline("acme", "ann").entries[0].facts["summary"] == "we need it by Friday … yes"


def test_every_field_of_a_recording_is_either_found_in_it_or_not() -> None:
    """A new field that holds what was found in the sound belongs into `Findings`, or it is shown without consent."""
    not_found_in_it = {
        *("org", "id", "created_at", "updated_at", "status", "file_name", "run", "revision", "user_id", "title"),
        *("kind", "source", "consent", "consent_changes", "consent_basis", "parties", "withdrawal", "object_access"),
        *("withheld", "contact_ids", "deal_id", "campaign_id", "engagement_id", "is_ai_call", "content_type"),
        *(
            "queued_at",
            "version",
            "size_bytes",
            "later_versions",
            "failure",
            "audio",
            "notes",
            "private",
            "discoverable",
        ),
        *("locked", "do_not_delete", "result", "outcome_label", "conversation_type", "conversation_quality"),
        *("transcription_language", "deleted_at", "capture", "rep", "crm_link", "debrief", "debrief_asked"),
        *("made_of", "made_into", "splits", "chunked", "chunk_numbers", "seed_recording_id", "automatic_split"),
        "advanced_bookmarks_checked",
    }
    assert {one.name for one in fields(Recording)} == not_found_in_it | set(FINDINGS)


def test_nobody_reads_its_objects_until_consent_is_recorded_again(fakes: Fakes) -> None:
    complete(fakes)
    complete(fakes, "rec_10")
    recorded(fakes, NONE)
    assert (blocked(fakes), blocked(fakes, "rec_10")) == (True, False)
    recorded(fakes, ALL)
    assert not fakes.objects.blocked
    assert stored(fakes).object_access is ObjectAccess.OPEN


def test_consent_that_becomes_pending_hides_and_is_not_erased(fakes: Fakes) -> None:
    complete(fakes)
    after = recorded(fakes, HELD)
    assert (after.highlights, after.withdrawal, blocked(fakes)) == ((), None, True)
    assert swept(fakes, NOW + 2 * GRACE) == {"settled": 1}
    assert swept(fakes, NOW + 3 * GRACE) == {}
    assert recorded(fakes, ALL).highlights != ()


def test_a_bucket_that_does_not_answer_does_not_undo_a_withdrawal(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_prefix: str) -> None:
        raise TransientError("Not now.")

    complete(fakes)
    with monkeypatch.context() as patched:
        patched.setattr(fakes.objects, "block_reading", unreachable)
        with pytest.raises(TransientError):
            recorded(fakes, NONE)
        assert (stored(fakes).consent, stored(fakes).highlights) == (NONE, ())
        assert swept(fakes, NOW + timedelta(seconds=1)) == {"postponed": 1}
    assert swept(fakes, NOW + timedelta(seconds=2)) == {"blocking": 1}
    assert blocked(fakes)


def test_what_was_written_after_the_withdrawal_is_blocked_too(fakes: Fakes) -> None:
    complete(fakes)
    recorded(fakes, NONE)
    fakes.objects.write(RecordingKeys("acme", "rec_1").audio, b"late", content_type="audio/flac")
    assert not blocked(fakes)
    assert swept(fakes, NOW + timedelta(minutes=5)) == {"blocking": 1}
    assert blocked(fakes)
    assert swept(fakes, NOW + timedelta(hours=1)) == {"settled": 1}
    assert swept(fakes, NOW + timedelta(days=29)) == {}, "nothing to do until the grace period ends"


def test_while_its_run_goes_on_it_is_looked_at_again(fakes: Fakes) -> None:
    recording = complete(fakes, status=Status.TRANSCRIBING)
    fakes.workflow.start(recording.current_job())
    recorded(fakes, NONE)
    assert swept(fakes, NOW + timedelta(hours=2)) == {"blocking": 1}
    fakes.workflow.end(recording.current_job(), "FAILED")
    assert swept(fakes, NOW + timedelta(hours=2)) == {"settled": 1}


def test_who_withdraws_and_who_records_at_the_same_time_agree_in_the_end(fakes: Fakes) -> None:
    """The one that is told last holds, in the record and in the bucket."""
    complete(fakes)
    block, done = fakes.objects.block_reading, list[str]()

    def interrupted(prefix: str) -> None:
        if not done:
            done.append("recorded again")
            recorded(fakes, ALL)
        block(prefix)

    fakes.objects.block_reading = interrupted  # type: ignore[method-assign]
    assert recorded(fakes, NONE).consent is ALL
    assert (stored(fakes).consent, stored(fakes).object_access) == (ALL, ObjectAccess.OPEN)
    assert not fakes.objects.blocked


# --- what is erased -----------------------------------------------------------------------------------------


def test_after_the_grace_period_it_is_erased_and_its_consents_history_stays(fakes: Fakes) -> None:
    complete(fakes, locked=True)
    recorded(fakes, NONE, note="asked by phone")
    for at in (NOW + timedelta(days=1), NOW + GRACE - timedelta(seconds=1)):
        swept(fakes, at)
        assert stored(fakes).status is Status.COMPLETE
    assert swept(fakes, NOW + GRACE + timedelta(seconds=1)) == {"erasing": 1}
    with pytest.raises(RecordingNotFound):
        stored(fakes)
    assert len(fakes.objects) == 0
    assert not fakes.contacts.timeline("acme", "ann").entries
    (left,) = fakes.recordings.removed_recordings(NOW + 2 * GRACE, 10)
    assert (left.consent, [change.note for change in left.consent_changes]) == (NONE, ["asked by phone"])
    assert (left.withdrawal and left.withdrawal.at, left.highlights, left.withheld) == (NOW, (), None)
    assert told(fakes) == ["recording.consent_withdrawn", "recording.removed", "recording.erased"]
    assert swept(fakes, NOW + GRACE + timedelta(hours=2)) == {"erased": 1}
    assert swept(fakes, NOW + 2 * GRACE) == {}


def test_without_a_grace_period_the_next_sweep_erases(fakes: Fakes) -> None:
    complete(fakes)
    recorded(fakes, NONE, grace=timedelta(0))
    assert swept(fakes, NOW + timedelta(seconds=1)) == {"erasing": 1}
    assert len(fakes.objects) == 0


def test_withdrawing_again_does_not_put_the_erasure_off(fakes: Fakes) -> None:
    complete(fakes)
    recorded(fakes, NONE)
    recorded(fakes, NONE, at=NOW + timedelta(days=20), note="asked again")
    withdrawal = stored(fakes).withdrawal
    assert withdrawal is not None
    assert (withdrawal.at, withdrawal.erase_at) == (NOW, NOW + GRACE)
    assert swept(fakes, NOW + GRACE + timedelta(seconds=1)) == {"erasing": 1}


def test_in_the_trash_it_is_withdrawn_from_and_erased_all_the_same(fakes: Fakes) -> None:
    complete(fakes)
    move_to_trash("acme", "rec_1", recordings=fakes.recordings, now=NOW)
    recorded(fakes, NONE)
    assert blocked(fakes)
    restored = restore("acme", "rec_1", recordings=fakes.recordings, now=NOW)
    assert restored.highlights == ()
    move_to_trash("acme", "rec_1", recordings=fakes.recordings, now=NOW)
    assert swept(fakes, NOW + GRACE + timedelta(seconds=1)) == {"erasing": 1}
    assert len(fakes.objects) == 0


# --- while it is processed ----------------------------------------------------------------------------------


DONE, FAILED = {"state": "complete"}, {"state": "failed", "error": "ClientError", "cause": ""}


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        ({"prepare": DONE, "transcribe": FAILED}, Stage.TRANSCRIBE),
        (dict.fromkeys(("prepare", "transcribe", "diarize", "assemble", "summarize"), DONE), Stage.ASSEMBLE),
    ],
)
def test_a_run_that_finishes_without_consent_shows_nothing(stages: Any, stage: Stage, fakes: Fakes) -> None:
    """Every stage may be over already, or have failed because the bucket gave nothing out any more."""
    before = complete(fakes, status=Status.UPLOADED, run=1)
    begun = before.to(Status.TRANSCRIBING, at=NOW)
    assert fakes.recordings.begin_run(begun, expected=before, events=[])
    recorded(fakes, NONE)
    job = before.current_job()
    assert finish_recording(job, stages, recordings=fakes.recordings, objects=fakes.objects, now=NOW) == {
        "status": "ERROR"
    }
    after = stored(fakes)
    assert after.failure == Failure(
        stage,
        "consent-required",
        "Consent was withdrawn while the recording was being processed: it is kept and not processed further. "
        "Record consent, and processing goes on.",
    )
    assert (after.highlights, after.word_count) == ((), 0)
    again = recorded(fakes, ALL)
    assert (again.status, again.run, again.highlights) == (Status.UPLOADED, 2, before.highlights)
    assert [job.run for job in fakes.workflow.jobs] == [2]


def test_bytes_that_are_no_audio_are_none_with_consent_either(fakes: Fakes) -> None:
    before = complete(fakes, status=Status.UPLOADED, run=1)
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    recorded(fakes, NONE)
    stages = {"prepare": {"state": "failed", "error": "UnsupportedAudio", "cause": ""}}
    finish_recording(before.current_job(), stages, recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert recorded(fakes, ALL).status is Status.UNRECOVERABLE_ERROR
    assert len(fakes.workflow) == 0


def test_an_execution_that_died_without_consent_begins_anew_with_it(fakes: Fakes) -> None:
    before = complete(fakes, status=Status.UPLOADED, run=1)
    job = before.current_job()
    fakes.workflow.start(job)
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    recorded(fakes, NONE)
    fakes.workflow.end(job, "FAILED")
    assert run_stopped(job, recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    again = recorded(fakes, ALL)
    assert (again.status, again.run, [one.run for one in fakes.workflow.jobs]) == (Status.UPLOADED, 2, [1, 2])


def made_available_later(fakes: Fakes, patched: pytest.MonkeyPatch) -> None:
    def unreachable(_prefix: str) -> None:
        raise TransientError("Not now.")

    patched.setattr(fakes.objects, "allow_reading", unreachable)


def asked_for(fakes: Fakes, ask: Callable[..., Any]) -> Any:
    return ask("acme", "rec_1", intake=fakes.intake(max_upload_bytes=1000), now=NOW)


def test_nothing_is_processed_before_the_bucket_gives_its_objects_out_again(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fakes, a_recording("acme", status=Status.UPLOADED, version="v1"))
    recorded(fakes, NONE)
    later = NOW + timedelta(minutes=20)
    with monkeypatch.context() as patched:
        made_available_later(fakes, patched)
        with pytest.raises(TransientError):
            recorded(fakes, ALL)
        assert asked_for(fakes, accept_upload) is Accepted.POSTPONED
        assert asked_for(fakes, partial(process, reprocess=False)).status is Status.UPLOADED
        assert swept(fakes, later) == {"postponed": 2}, "neither started nor made available"
        assert fakes.metrics.oldest_open[-1] == 20 * 60, "it waits for nothing but Auricle"
        assert len(fakes.workflow) == 0
    swept(fakes, later)
    assert stored(fakes).object_access is ObjectAccess.OPEN
    swept(fakes, later + timedelta(minutes=10))
    assert [job.run for job in fakes.workflow.jobs] == [1]


def test_a_new_run_that_is_asked_for_too_early_is_started_by_the_sweep(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fakes, a_recording("acme", status=Status.COMPLETE, version="v1", audio=AUDIO))
    recorded(fakes, NONE)
    with monkeypatch.context() as patched:
        made_available_later(fakes, patched)
        with pytest.raises(TransientError):
            recorded(fakes, ALL)
        again = asked_for(fakes, partial(process, reprocess=True))
        assert (again.status, again.run, len(fakes.workflow)) == (Status.UPLOADED, 2, 0)
        assert asked_for(fakes, partial(process, reprocess=True)).run == 2
    for minutes in (20, 40):
        swept(fakes, NOW + timedelta(minutes=minutes))
    assert [job.run for job in fakes.workflow.jobs] == [2]


def test_a_stage_that_begins_too_early_is_tried_again(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    job = complete(fakes, status=Status.TRANSCRIBING).current_job()
    recorded(fakes, NONE)
    with monkeypatch.context() as patched:
        made_available_later(fakes, patched)
        with pytest.raises(TransientError):
            recorded(fakes, ALL)
        with pytest.raises(TransientError, match="being made available"):
            gate.enter(job, fakes.recordings)
        with pytest.raises(TransientError, match="being made available"):
            finish_recording(job, {}, recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    recorded(fakes, ALL)
    assert gate.enter(job, fakes.recordings).recording.id == "rec_1"


def test_what_is_uploaded_without_consent_is_blocked_when_it_arrives(fakes: Fakes) -> None:
    fakes.recordings.create(a_recording("acme"), [])
    recorded(fakes, NONE)
    key = RecordingKeys("acme", "rec_1").source
    for content in (b"first", b"later"):
        fakes.objects.write(key, content, content_type="audio/wav")
        accept_upload(
            "acme",
            "rec_1",
            intake=fakes.intake(max_upload_bytes=1000),
            now=NOW,
        )
        assert blocked(fakes)
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize("status", [Status.RECORDING, Status.UPLOADED])
def test_a_chunk_that_comes_after_everything_was_blocked_is_blocked_too(status: Status, fakes: Fakes) -> None:
    blocked_before = {"consent": NONE, "object_access": ObjectAccess.BLOCKED}
    fakes.recordings.create(a_recording("acme", status=status, version="v1", chunked=True, **blocked_before), [])
    key = RecordingKeys("acme", "rec_1").chunk(3)
    fakes.objects.write(key, b"late", content_type="audio/wav")
    assert not fakes.objects.is_blocked(key)
    asked_for(fakes, partial(accept_chunk, number=3))
    assert fakes.objects.is_blocked(key)


def test_an_upload_that_arrives_while_consent_is_recorded_is_not_left_blocked(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(fakes, a_recording("acme", status=Status.UPLOADED, version="v1"))
    recorded(fakes, NONE)
    block = fakes.objects.block_reading

    def interrupted(prefix: str) -> None:
        recorded(fakes, ALL)
        block(prefix)

    monkeypatch.setattr(fakes.objects, "block_reading", interrupted)
    asked_for(fakes, accept_upload)
    assert stored(fakes).object_access is ObjectAccess.OPEN
    assert not fakes.objects.blocked


# --- recordings that are made of others ---------------------------------------------------------------------


def parts_of(fakes: Fakes, recording_id: str = "rec_1") -> list[str]:
    _, parts = split("acme", recording_id, [1000], recordings=fakes.recordings, workflow=fakes.workflow, now=NOW)
    return [part.id for part in parts]


def merged(fakes: Fakes, *recording_ids: str) -> str:
    return merge(
        "acme",
        recording_ids,
        title=None,
        max_duration_s=600,
        recordings=fakes.recordings,
        workflow=fakes.workflow,
        now=NOW,
    ).id


def test_parts_lose_their_consent_with_their_original_and_get_it_back_with_it(fakes: Fakes) -> None:
    short(fakes, "rec_1")
    parts = parts_of(fakes)
    recorded(fakes, NONE)
    for part in parts:
        lost = stored(fakes, part)
        assert (lost.consent, lost.withdrawal and lost.withdrawal.with_recording) == (NONE, "rec_1")
    recorded(fakes, NONE, parts[1], note="asked for this part too")
    recorded(fakes, ONE)
    assert [stored(fakes, part).consent for part in parts] == [ALL, NONE], "one was withdrawn from for itself"


def test_what_is_merged_has_consent_again_when_all_of_its_sources_have(fakes: Fakes) -> None:
    for recording_id in ("rec_1", "rec_2"):
        short(fakes, recording_id)
    both = merged(fakes, "rec_1", "rec_2")
    for recording_id in ("rec_1", "rec_2"):
        recorded(fakes, NONE, recording_id)
    recorded(fakes, ALL, "rec_1")
    assert stored(fakes, both).consent is NONE
    recorded(fakes, ALL, "rec_2")
    recorded(fakes, ALL, "rec_1")
    assert stored(fakes, both).consent is ALL


@pytest.mark.parametrize("order", [("rec_1", "rec_2"), ("rec_2", "rec_1")])
def test_what_is_merged_has_consent_again_in_whatever_order_its_sources_get_it(
    order: tuple[str, str], fakes: Fakes
) -> None:
    for recording_id in ("rec_1", "rec_2"):
        short(fakes, recording_id)
    both = merged(fakes, "rec_1", "rec_2")
    for recording_id in ("rec_1", "rec_2"):
        recorded(fakes, NONE, recording_id)
    recorded(fakes, ALL, order[0])
    assert stored(fakes, both).consent is NONE
    recorded(fakes, ALL, order[1])
    assert (stored(fakes, both).consent, stored(fakes, both).withdrawal) == (ALL, None)
    swept(fakes, NOW + GRACE + timedelta(seconds=1))
    assert stored(fakes, both).consent is ALL, "it was not erased"


def test_what_is_merged_stays_without_consent_when_a_source_was_erased_for_it(fakes: Fakes) -> None:
    for recording_id in ("rec_1", "rec_2"):
        short(fakes, recording_id)
    both = merged(fakes, "rec_1", "rec_2")
    recorded(fakes, NONE, "rec_1")
    recorded(fakes, NONE, "rec_2", grace=timedelta(days=1))
    swept(fakes, NOW + timedelta(days=2))
    assert fakes.recordings.was_removed("acme", "rec_2")
    recorded(fakes, ALL, "rec_1", at=NOW + timedelta(days=3))
    assert stored(fakes, both).consent is NONE


def test_a_source_that_was_merely_removed_takes_no_consent_away(fakes: Fakes) -> None:
    for recording_id in ("rec_1", "rec_2"):
        short(fakes, recording_id)
    both = merged(fakes, "rec_1", "rec_2")
    recorded(fakes, NONE, "rec_1")
    source = stored(fakes, "rec_2")
    assert fakes.recordings.save(source.removed(at=NOW), expected=source)
    recorded(fakes, ALL, "rec_1")
    assert stored(fakes, both).consent is ALL


def test_a_part_takes_no_audio_of_an_original_without_consent(fakes: Fakes, tmp_path: Path) -> None:
    short(fakes, "rec_1")
    part = parts_of(fakes)[0]
    recorded(fakes, NONE)
    recorded(fakes, ALL, part)
    with pytest.raises(ConsentRequired):
        fetch_audio(
            stored(fakes, part).current_job(),
            stored(fakes, part),
            recordings=fakes.recordings,
            objects=fakes.objects,
            bounds=Bounds(600, 10**9),
            folder=tmp_path,
        )


def test_the_sweep_carries_a_withdrawal_to_what_was_made_meanwhile(fakes: Fakes) -> None:
    short(fakes, "rec_1")
    parts = parts_of(fakes)
    source = stored(fakes)
    changes = (ConsentChange(ALL, ONE, NOW, "u-7"), ConsentChange(NONE, ALL, NOW, "u-8"))
    lost = replace(source, consent=NONE, consent_changes=changes, object_access=ObjectAccess.BLOCKING)
    assert fakes.recordings.save(lost, expected=source)
    assert swept(fakes, NOW + timedelta(seconds=1))["blocking"] >= 1
    assert [stored(fakes, part).consent for part in parts] == [NONE, NONE]
    assert [stored(fakes, part).consent_changes[-1].by for part in parts] == ["u-8", "u-8"]


def fails_to_block(fakes: Fakes, recording_id: str, patched: pytest.MonkeyPatch) -> None:
    block = fakes.objects.block_reading

    def unreachable(prefix: str) -> None:
        if prefix == RecordingKeys("acme", recording_id).prefix:
            raise TransientError("Not now.")
        block(prefix)

    patched.setattr(fakes.objects, "block_reading", unreachable)


def test_a_withdrawal_reaches_the_parts_before_their_original_is_erased(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a grace period, erasing is all that is left to do when the withdrawal was cut short."""
    short(fakes, "rec_1")
    first, second = parts_of(fakes)
    with monkeypatch.context() as patched:
        fails_to_block(fakes, "rec_1", patched)
        with pytest.raises(TransientError):
            recorded(fakes, NONE, grace=timedelta(0))
    assert [stored(fakes, part).consent for part in (first, second)] == [ALL, ALL]
    soon = NOW + timedelta(seconds=1)
    with monkeypatch.context() as patched:
        fails_to_block(fakes, first, patched)
        assert swept(fakes, soon) == {"postponed": 1}
        assert stored(fakes).consent is NONE, "not erased before all parts know"
    assert swept(fakes, soon)["erasing"] >= 1
    with pytest.raises(RecordingNotFound):
        stored(fakes)
    swept(fakes, soon + timedelta(seconds=1))
    for part in (first, second):
        with pytest.raises(RecordingNotFound):
            stored(fakes, part)


@pytest.mark.parametrize("late", [False, True])
def test_consent_recorded_again_while_the_erasure_is_due_keeps_original_and_parts(
    late: bool, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    short(fakes, "rec_1")
    parts = parts_of(fakes)
    with monkeypatch.context() as patched:
        fails_to_block(fakes, "rec_1", patched)
        with pytest.raises(TransientError):
            recorded(fakes, NONE, grace=timedelta(0))
    store = fakes.recordings
    work, save = store.consent_work, store.save

    def listed(*given: Any) -> Any:
        found = work(*given)
        if not late:
            recorded(fakes, ALL)
        return found

    def saved(after: Recording, **given: Any) -> bool:
        if late and after.status is Status.REMOVED and not store.get("acme", "rec_1").consent.allows_processing:
            recorded(fakes, ALL)
        return save(after, **given)

    monkeypatch.setattr(store, "consent_work", listed)
    monkeypatch.setattr(store, "save", saved)
    assert swept(fakes, NOW + timedelta(seconds=1))["moved-on"] == 1
    assert [stored(fakes, each).consent for each in ("rec_1", *parts)] == [ALL, ALL, ALL]


# --- what it rests on ---------------------------------------------------------------------------------------

STORED_BEFORE = {
    ALL: "0128b52ffd602a00b5020014037b63616c6c52656e6577616c763122312e32357765206e6565642069742062792046726964617934"
    "322e35352e3038307d0b2040c2a33e3cd1d0e16d70572a0ef35200b809610fd358e1180904e090118d435c01",
    HELD: "0128b52ffd603e00ed020024037b63616c6c52656e657770656e763122312e32357765206e6565642069742062792046726964617934"
    "322e35352e3038307d0d2040c293f80150a1e1946de4ae5e1d86a6007a096119a7f9f1406d0a060cbb9240028e8c681cfe0a",
    NONE: "0128b52ffd60c400550500d4057b63616c6c52656e657777697468647261776e5f67656265666f22616c6c5f31312d3231543039"
    "3a33303a30305a752d32736b656420627920707d5d763122312e32357765206e65656420697446726964617934322e35352e3038307d"
    "1a202082a288c87dd6180d6abc0dee0e195e6803b452017a2584719d46b119f7d7fa0217f0239f7cb3007615d7e11a84b0e6d43ccaa23"
    "60510780c5017cb610983fe24108bc38c681ce20a",
}
"""Documents of recordings as they were stored when consent at its default was left out."""


@pytest.mark.parametrize("consent", STORED_BEFORE)
@pytest.mark.parametrize("default", [ALL, HELD, NONE])
def test_a_default_in_the_code_changes_no_stored_recording(
    consent: Consent, default: Consent, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = a_recording("acme", status=Status.COMPLETE, consent=ONE)
    item = items.recording_item(standing)
    item.document = bytes.fromhex(STORED_BEFORE[consent])
    newer = items.recording_item(replace(standing, consent=consent, consent_basis=ConsentBasis(BasisKind.STATED, NOW)))
    field = next(one for one in fields(Recording) if one.name == "consent")
    monkeypatch.setattr(field, "default", default)
    monkeypatch.setattr(documents, "_ADAPTERS", {})
    assert items.recording_of(item).consent is consent
    assert items.recording_of(newer).consent is consent
    shown = items.recording_of(item)
    assert shown.highlights == () if consent is not ALL else shown.highlights[0].text == "we need it by Friday"


@pytest.mark.parametrize("consent", Consent)
def test_consent_and_its_basis_are_always_written(consent: Consent) -> None:
    import orjson
    import zstandard

    basis = ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest")
    for given in (basis, None):
        item = items.recording_item(a_recording("acme", consent=consent, consent_basis=given))
        dictionary = zstandard.ZstdCompressionDict(
            document_versions.DICTIONARY_2, dict_type=zstandard.DICT_TYPE_RAWCONTENT
        )
        content = orjson.loads(zstandard.ZstdDecompressor(dict_data=dictionary).decompress(item.document[1:]))
        assert content["consent"] == consent.value
        assert content["consent_basis"] == (
            {"kind": "policy", "at": "2026-11-21T09:30:00.123456Z", "legal_basis": "legitimate interest"}
            if given
            else None
        )


def test_what_is_said_by_a_person_replaces_the_policy(fakes: Fakes) -> None:
    complete(fakes, consent=ALL, consent_basis=ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest"))
    later = NOW + timedelta(hours=1)
    assert recorded(fakes, ALL, at=later).consent_basis == ConsentBasis(BasisKind.STATED, later)
    revision = stored(fakes).revision
    assert recorded(fakes, ALL, at=later + timedelta(hours=1)).revision == revision, "saying it again notes nothing"


def test_what_somebody_records_replaces_what_the_parties_said(fakes: Fakes) -> None:
    complete(fakes)

    def attested(parties: Parties) -> Recording:
        update_recording(
            "acme",
            "rec_1",
            Update(consent=AttestedConsent(parties, by="u-2", grace=GRACE)),
            viewer=Viewer(frozenset({"u-2"})),
            intake=fakes.intake(max_upload_bytes=1000),
            all_recordings=fakes.recordings,
            now=NOW,
        )
        return stored(fakes)

    refused = attested(Parties(customer=False))
    assert (refused.consent, refused.parties) == (NONE, Parties(customer=False))
    assert recorded(fakes, ALL).parties == Parties()
    assert attested(Parties(rep=True)).consent is ALL


def test_events_say_what_happened_with_ids_alone(fakes: Fakes) -> None:
    complete(fakes)
    recorded(fakes, NONE, note="Jane Smith asked by phone")
    recorded(fakes, ALL)
    withdrawn, again = fakes.recordings.announced
    assert withdrawn.envelope() == {
        "id": "evt_rec_1_2_consent",
        "version": "1",
        "org": "acme",
        "recordingId": "rec_1",
        "occurredAt": NOW.isoformat(),
        "status": "COMPLETE",
        "consentStatus": "withdrawn",
        "eraseAt": (NOW + GRACE).isoformat(),
    }
    assert (again.type.value, again.detail) == (
        "recording.consent_recorded",
        {"status": "COMPLETE", "consentStatus": "all_consented"},
    )
    assert withdrawn.id != again.id
