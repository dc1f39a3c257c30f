"""What every implementation of the state's ports does: run on the fakes (unit) and on AWS's (integration).

A subclass gives `state`. Tests share it, so each works in a tenant of its own (`org`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from auricle.crm.contacts import Contact, CustomerType
from auricle.crm.interactions import place_of
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.directory.visibility import Viewer
from auricle.domain_events import EventType
from auricle.errors import (
    Conflict,
    ContactNotFound,
    InteractionNotFound,
    InvalidRequest,
    NotFound,
    RecordingNotFound,
    SupersededRun,
)
from auricle.identifiers import new_id
from auricle.ports import ContactStore, ObjectStore, RecordingFilter, SweptRecordings, Workflow
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.consent import Consent, ObjectAccess, Withdrawal
from auricle.recordings.events import recording_event
from auricle.recordings.intake import Accepted, Intake, accept_upload, process, remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import (
    MAX_LATER_VERSIONS,
    Audio,
    Failure,
    Recording,
    Stage,
    StageResult,
    StageState,
    Status,
)
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, SpeakerTalk

NOW = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)
TOO_LARGE = 1000


class State(Protocol):
    """The ports under test."""

    @property
    def recordings(self) -> SweptRecordings: ...
    @property
    def contacts(self) -> ContactStore: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def workflow(self) -> Workflow: ...


def intake_of(state: State, *, max_upload_bytes: int) -> Intake:
    """What accepting uploads needs, of these ports."""
    return Intake(state.recordings, state.objects, state.workflow, max_upload_bytes)


def a_recording(org: str, recording_id: str = "rec_1", **given: Any) -> Recording:
    """One whose upload is awaited, unless the test says otherwise."""
    usual = Recording(
        org=org, id=recording_id, created_at=NOW, updated_at=NOW, status=Status.UPLOADING, file_name="call.wav"
    )
    return replace(usual, **given)


def a_finished_recording(org: str, recording_id: str = "rec_1") -> Recording:
    """One with every field filled."""
    return a_recording(
        org,
        recording_id,
        status=Status.COMPLETE,
        run=3,
        queued_at=NOW,
        user_id="u-1",
        title="Gespräch über Größen",
        kind="in-person",
        source="field app",
        consent=Consent.ONE_PARTY,
        contact_ids=("ann", "bob"),
        deal_id="deal-1",
        campaign_id="camp-1",
        engagement_id="eng-1",
        is_ai_call=True,
        content_type="audio/wav",
        version="v1",
        size_bytes=0,
        later_versions=("v2", "v3"),
        failure=Failure(Stage.SUMMARIZE, "summarize-failed", "Picking highlights failed."),
        audio=Audio("wav", "pcm_s16le", 2, 8000, 61.25, is_video=True),
        language="en",
        engines={"transcribe": Engine("whisper", "1.2", "small"), "diarize": Engine("embedded", "1")},
        warnings=(ProcessingWarning("cut-off", "The file ends in the middle."),),
        highlights=(
            Highlight("we need it by Friday", "speaker_0", 4, 12.5, 15.0),
            Highlight("yes", None, 5, 16.0, 16.2),
        ),
        speakers=(SpeakerTalk("speaker_0", 31.2, 80), SpeakerTalk("speaker_1", 12.0, 0)),
        word_count=80,
    )


def an_interaction(org: str, contact_id: str, type_: EntryType, date: datetime, **facts: Any) -> TimelineEntry:
    """A line of the contact's timeline, whose id says where it lies."""
    interaction_id = new_id(type_.value, date)
    return TimelineEntry(org, contact_id, type_, interaction_id, place_of(interaction_id)[1], facts)


def timeline_of(state: State, org: str, contact_id: str) -> list[tuple[str, str]]:
    """(recording, status) of the contact's lines, newest first."""
    page = state.contacts.timeline(org, contact_id)
    return [(entry.id, entry.facts["status"]) for entry in page.entries]


def listed(
    state: State,
    org: str,
    wanted: RecordingFilter | None = None,
    page_size: int = 100,
    *,
    oldest_first: bool = False,
    viewer: Viewer | None = None,
) -> list[list[str]]:
    """Ids of the whole listing, a list a page."""
    pages: list[list[str]] = []
    position = None
    while True:
        page = state.recordings.list(
            org, wanted or RecordingFilter(), page_size, position, oldest_first=oldest_first, viewer=viewer
        )
        pages.append([recording.id for recording in page.recordings])
        position = page.next_position
        if position is None:
            return pages


class StateContract(ABC):
    """Subclasses are collected; this class alone is not."""

    @pytest.fixture
    def org(self) -> str:
        return f"org-{uuid4().hex[:12]}"

    # --- recordings ---------------------------------------------------------------------------------------

    def test_a_recording_comes_back_as_it_was_written(self, state: State, org: str) -> None:
        for recording in (a_recording(org), a_finished_recording(org, "rec_2")):
            state.recordings.create(recording, [])
            assert state.recordings.get(org, recording.id) == recording
            assert state.recordings.detail(org, recording.id).recording == recording

    def test_an_id_is_taken_once(self, state: State, org: str) -> None:
        state.recordings.create(a_recording(org, title="first"), [])
        with pytest.raises(Conflict):
            state.recordings.create(a_recording(org, title="second"), [])
        assert state.recordings.get(org, "rec_1").title == "first"

    def test_unknown_and_foreign_recordings_look_the_same(self, state: State, org: str) -> None:
        state.recordings.create(a_recording(org), [])
        messages = set()
        for tenant, recording_id in ((org, "rec_none"), (f"{org}-other", "rec_1")):
            for read in (state.recordings.get, state.recordings.detail):
                with pytest.raises(RecordingNotFound) as refused:
                    read(tenant, recording_id)
                messages.add(refused.value.message.replace(recording_id, "…"))
        assert len(messages) == 1

    def test_tenants_with_the_same_ids_never_mix(self, state: State, org: str) -> None:
        other = f"{org}-other"
        for tenant in (org, other):
            state.recordings.create(a_recording(tenant, title=tenant, contact_ids=("ann",)), [])
        before = state.recordings.get(org, "rec_1")
        assert state.recordings.save(before.removed(at=NOW), expected=before)
        assert state.recordings.get(other, "rec_1").title == other
        assert (listed(state, org), listed(state, other)) == ([[]], [["rec_1"]])
        assert (timeline_of(state, org, "ann"), timeline_of(state, other, "ann")) == ([], [("rec_1", "UPLOADING")])

    def test_a_write_is_refused_once_the_recording_has_moved_on(self, state: State, org: str) -> None:
        first = a_recording(org, contact_ids=("ann",))
        state.recordings.create(first, [])
        second = replace(first, title="second")
        assert state.recordings.save(second, expected=first)
        assert state.recordings.get(org, "rec_1") == replace(second, revision=2)
        late = replace(first, title="late", contact_ids=("bob",))
        assert not state.recordings.save(late, expected=first)
        assert state.recordings.get(org, "rec_1").title == "second"
        assert timeline_of(state, org, "bob") == []
        for moved in (replace(second, revision=2, status=Status.UPLOADED), replace(second, revision=2, run=2)):
            assert not state.recordings.save(late, expected=moved)

    def test_of_rivals_with_the_same_view_one_writes(self, state: State, org: str) -> None:
        before = a_recording(org, contact_ids=("ann",))
        state.recordings.create(before, [])
        rivals = [replace(before, title=f"rival {number}") for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda rival: state.recordings.save(rival, expected=before), rivals))
        assert won.count(True) == 1
        assert state.recordings.get(org, "rec_1") == replace(rivals[won.index(True)], revision=2)

    def test_those_there_are_are_found_at_once(self, state: State, org: str) -> None:
        known = [a_recording(org, f"rec_{number}") for number in range(3)]
        for recording in known:
            state.recordings.create(recording, [])
        assert state.recordings.save(known[2].removed(at=NOW), expected=known[2])
        found = state.recordings.find(org, ["rec_1", "rec_9", "rec_0", "rec_2", "rec_1"])
        assert found == {"rec_0": known[0], "rec_1": known[1]}
        assert state.recordings.find(f"{org}-other", ["rec_0"]) == {}
        assert state.recordings.find(org, []) == {}
        left = state.recordings.find(org, ["rec_0", "rec_2"], with_removed=True)
        assert {key: recording.status for key, recording in left.items()} == {
            "rec_0": Status.UPLOADING,
            "rec_2": Status.REMOVED,
        }

    def test_what_is_left_of_a_private_recording_is_private(self, state: State, org: str) -> None:
        before = a_recording(org, private=True, user_id="ann")
        state.recordings.create(before, [])
        assert state.recordings.save(before.removed(at=NOW), expected=before)
        (left,) = state.recordings.find(org, ["rec_1"], with_removed=True).values()
        assert (left.private, left.user_id) == (True, None)

    def test_timelines_follow_the_recording(self, state: State, org: str) -> None:
        before = a_recording(org, contact_ids=("ann", "bob"))
        state.recordings.create(before, [])
        assert timeline_of(state, org, "ann") == timeline_of(state, org, "bob") == [("rec_1", "UPLOADING")]
        after = replace(before, contact_ids=("bob", "cid"), version="v1").to(Status.UPLOADED, at=NOW)
        assert state.recordings.save(after, expected=before)
        assert timeline_of(state, org, "ann") == []
        assert timeline_of(state, org, "bob") == timeline_of(state, org, "cid") == [("rec_1", "UPLOADED")]
        stored = state.recordings.get(org, "rec_1")
        assert state.recordings.save(stored.removed(at=NOW), expected=stored)
        assert timeline_of(state, org, "bob") == timeline_of(state, org, "cid") == []

    def test_all_contacts_of_a_recording_can_change_at_once(self, state: State, org: str) -> None:
        before = a_recording(org, contact_ids=tuple(f"a{number}" for number in range(20)))
        after = replace(before, contact_ids=tuple(f"b{number}" for number in range(20)))
        state.recordings.create(before, [recording_event(EventType.RECORDING_CREATED, before)])
        assert state.recordings.save(
            after, expected=before, events=[recording_event(EventType.RECORDING_UPLOADED, after)]
        )
        assert (timeline_of(state, org, "a0"), len(timeline_of(state, org, "b19"))) == ([], 1)
        crowd = replace(after, contact_ids=(*after.contact_ids, "one-more"))
        with pytest.raises(InvalidRequest):
            state.recordings.save(crowd, expected=after)
        with pytest.raises(InvalidRequest):
            state.recordings.create(replace(crowd, id="rec_2"), [])

    def test_a_recording_of_another_date_moves_in_listings_and_timelines(self, state: State, org: str) -> None:
        before = a_recording(org, contact_ids=("ann",))
        state.recordings.create(before, [])
        earlier = NOW - timedelta(days=70)
        assert state.recordings.save(replace(before, created_at=earlier), expected=before)
        assert listed(state, org, RecordingFilter(created_to=NOW - timedelta(days=1))) == [["rec_1"]]
        assert listed(state, org) == [["rec_1"]]
        assert [entry.date for entry in state.contacts.timeline(org, "ann").entries] == [earlier]

    def test_what_is_in_the_bin_is_on_no_timeline(self, state: State, org: str) -> None:
        before = a_recording(org, contact_ids=("ann",))
        state.recordings.create(before, [])
        trashed = replace(before, deleted_at=NOW)
        assert state.recordings.save(trashed, expected=before)
        assert timeline_of(state, org, "ann") == []
        assert listed(state, org) == [[]]
        stored = state.recordings.get(org, "rec_1", with_trashed=True)
        assert state.recordings.save(before, expected=stored)
        assert timeline_of(state, org, "ann") == [("rec_1", "UPLOADING")]

    def test_what_is_in_the_trash_is_invisible_to_who_does_not_ask_for_it(self, state: State, org: str) -> None:
        recordings = state.recordings
        for recording_id in ("rec_1", "rec_2", "rec_3"):
            recordings.create(a_recording(org, recording_id), [])
        for recording_id in ("rec_2", "rec_3"):
            before = recordings.get(org, recording_id)
            assert recordings.save(replace(before, deleted_at=NOW), expected=before)
        before = recordings.get(org, "rec_3", with_trashed=True)
        assert recordings.save(before.removed(at=NOW), expected=before, events=[])
        ids = ["rec_1", "rec_2", "rec_3", "rec_none"]
        for read in (recordings.get, recordings.detail):
            for recording_id in ids[1:]:
                with pytest.raises(RecordingNotFound) as raised:
                    read(org, recording_id)
                assert raised.value.message == f"There is no recording {recording_id}."
            for recording_id in ids[2:]:
                with pytest.raises(RecordingNotFound):
                    read(org, recording_id, with_trashed=True)
        assert recordings.get(org, "rec_2", with_trashed=True).deleted_at == NOW
        assert recordings.detail(org, "rec_2", with_trashed=True).recording.deleted_at == NOW
        assert set(recordings.find(org, ids)) == {"rec_1"}
        assert set(recordings.find(org, ids, with_trashed=True)) == {"rec_1", "rec_2"}
        assert set(recordings.find(org, ids, with_removed=True)) == {"rec_1", "rec_3"}
        assert set(recordings.find(org, ids, with_trashed=True, with_removed=True)) == {"rec_1", "rec_2", "rec_3"}
        assert listed(state, org) == [["rec_1"]]

    def test_later_versions_are_noted_once_and_bounded(self, state: State, org: str) -> None:
        before = a_recording(org)
        state.recordings.create(before, [])
        for version in ("v2", "v3", "v2"):
            state.recordings.add_later_version(org, "rec_1", version)
        assert state.recordings.get(org, "rec_1").later_versions == ("v2", "v3")
        assert not state.recordings.save(replace(before, title="stale"), expected=before)
        for number in range(MAX_LATER_VERSIONS + 5):
            state.recordings.add_later_version(org, "rec_1", f"w{number}")
        assert len(state.recordings.get(org, "rec_1").later_versions) == MAX_LATER_VERSIONS
        state.recordings.add_later_version(org, "rec_none", "v1")
        assert listed(state, org) == [["rec_1"]]

    # --- listing ------------------------------------------------------------------------------------------

    def test_listings_are_newest_first_over_months_in_exact_pages(self, state: State, org: str) -> None:
        times = [NOW - timedelta(days=17 * number) for number in range(9)]
        for number, created_at in enumerate(times):
            state.recordings.create(a_recording(org, f"rec_{number}", created_at=created_at), [])
        state.recordings.create(a_recording(org, "rec_9", created_at=times[-1]), [])
        everything = [f"rec_{number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 9, 8)]
        assert listed(state, org) == [everything]
        assert listed(state, org, page_size=4) == [everything[:4], everything[4:8], everything[8:]]
        assert listed(state, org, page_size=5) == [everything[:5], everything[5:]]
        assert listed(state, f"{org}-other") == [[]]
        backwards = everything[::-1]
        assert listed(state, org, oldest_first=True) == [backwards]
        assert listed(state, org, page_size=4, oldest_first=True) == [backwards[:4], backwards[4:8], backwards[8:]]
        lately = RecordingFilter(created_from=times[3], created_to=times[1])
        assert listed(state, org, lately, oldest_first=True) == [["rec_3", "rec_2", "rec_1"]]

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (RecordingFilter(campaign_id="camp-1"), ["rec_1"]),
            (RecordingFilter(engagement_id="eng-1"), ["rec_1"]),
            (RecordingFilter(deal_id="deal-1"), ["rec_1"]),
            (RecordingFilter(contact_id="bob"), ["rec_1"]),
            (RecordingFilter(contact_id="bo"), []),
            (RecordingFilter(kind="in-person"), ["rec_1"]),
            (RecordingFilter(is_ai_call=True), ["rec_1"]),
            (RecordingFilter(is_ai_call=False), ["rec_2", "rec_0"]),
            (RecordingFilter(is_ai_call=False, kind="in-person"), []),
            (RecordingFilter(created_from=NOW), ["rec_2", "rec_1"]),
            (RecordingFilter(created_from=NOW + timedelta(microseconds=1)), ["rec_2"]),
            (RecordingFilter(created_to=NOW), ["rec_1", "rec_0"]),
            (RecordingFilter(created_to=NOW - timedelta(microseconds=1)), ["rec_0"]),
            (RecordingFilter(created_from=NOW, created_to=NOW), ["rec_1"]),
            (RecordingFilter(created_from=NOW, created_to=NOW - timedelta(days=90)), []),
            (RecordingFilter(created_from=NOW + timedelta(days=3), created_to=NOW + timedelta(days=2)), []),
        ],
    )
    def test_listings_admit_what_was_asked_for(
        self, state: State, org: str, wanted: RecordingFilter, expected: list[str]
    ) -> None:
        state.recordings.create(a_recording(org, "rec_0", created_at=NOW - timedelta(days=40)), [])
        state.recordings.create(a_finished_recording(org, "rec_1"), [])
        state.recordings.create(a_recording(org, "rec_2", created_at=NOW + timedelta(days=5)), [])
        assert listed(state, org, wanted) == [expected]
        assert [one for page in listed(state, org, wanted, page_size=1) for one in page] == expected

    def test_a_sparse_filter_fills_its_pages(self, state: State, org: str) -> None:
        for number in range(24):
            created_at = NOW + timedelta(minutes=number)
            deal_id = "deal-1" if number % 5 == 0 else None
            state.recordings.create(a_recording(org, f"rec_{number:02d}", created_at=created_at, deal_id=deal_id), [])
        wanted = RecordingFilter(deal_id="deal-1")
        assert listed(state, org, wanted, page_size=2) == [["rec_20", "rec_15"], ["rec_10", "rec_05"], ["rec_00"]]

    def test_a_viewer_is_listed_what_they_may_find_in_full_pages(self, state: State, org: str) -> None:
        for number in range(12):
            restricted = {"private": number % 3 == 0, "discoverable": number % 3 != 1}
            owner = ("ann", "bob", None)[number % 4 % 3]
            created_at = NOW + timedelta(minutes=number)
            state.recordings.create(
                a_recording(org, f"rec_{number:02d}", created_at=created_at, user_id=owner, **restricted), []
            )
        anyones = ["rec_11", "rec_08", "rec_05", "rec_02"]
        anns = ["rec_11", "rec_08", "rec_07", "rec_05", "rec_04", "rec_03", "rec_02", "rec_00"]
        everything = [f"rec_{number:02d}" for number in range(11, -1, -1)]

        def pages(user: str, size: int, *, sees_all: bool = False, **asked: Any) -> list[list[str]]:
            return listed(state, org, RecordingFilter(**asked), size, viewer=Viewer(frozenset((user,)), sees_all))

        assert pages("ann", 3) == [anns[:3], anns[3:6], anns[6:]]
        assert pages("ann", 100) == [anns]
        assert pages("cid", 2) == [anyones[:2], anyones[2:]]
        assert pages("cid", 12, sees_all=True) == [everything]
        assert pages("ann", 100, user_id="bob") == [["rec_05"]]
        assert listed(state, org) == [everything]

    # --- runs ---------------------------------------------------------------------------------------------

    def uploaded(self, state: State, org: str, **given: Any) -> Recording:
        recording = a_recording(org, **{"status": Status.UPLOADED, "version": "v1", **given})
        state.recordings.create(recording, [])
        return recording

    def transcribing(self, state: State, org: str, **given: Any) -> Recording:
        before = self.uploaded(state, org, **given)
        assert state.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
        return state.recordings.get(org, before.id)

    def test_a_run_is_told_of_as_it_goes(self, state: State, org: str) -> None:
        recording = self.transcribing(state, org)
        job = recording.current_job()
        state.recordings.note_windows(job, 3)
        for index in (0, 2, 0):
            state.recordings.note_window_done(job, index)
        failure = Failure(Stage.DIARIZE, "engine-failed", "No.")
        state.recordings.note_stage(job, Stage.TRANSCRIBE, StageState.IN_PROGRESS)
        state.recordings.note_stage(job, Stage.DIARIZE, StageState.FAILED, failure)
        state.recordings.note_stage(job, Stage.TRANSCRIBE, StageState.COMPLETE)
        run = state.recordings.detail(org, recording.id).run
        assert run is not None
        assert (run.number, run.version, run.started_at, run.finished_at) == (1, "v1", NOW, None)
        assert (run.windows_total, run.windows_done) == (3, 2)
        assert run.stages == {
            Stage.TRANSCRIBE: StageResult(StageState.COMPLETE),
            Stage.DIARIZE: StageResult(StageState.FAILED, failure),
        }

    def test_finishing_writes_recording_and_run_together(self, state: State, org: str) -> None:
        before = self.transcribing(state, org)
        job = before.current_job()
        state.recordings.note_windows(job, 2)
        for index in (0, 1):
            state.recordings.note_window_done(job, index)
        later = NOW + timedelta(minutes=1)
        stages = {Stage.PREPARE: StageResult(StageState.COMPLETE), Stage.REDACT: StageResult(StageState.SKIPPED)}
        after = replace(before, word_count=7).to(Status.COMPLETE, at=later)
        assert not state.recordings.save(after, expected=replace(before, revision=9), finished_stages=stages)
        assert state.recordings.save(after, expected=before, finished_stages=stages)
        detail = state.recordings.detail(org, before.id)
        assert detail.recording == replace(after, revision=before.revision + 1)
        assert detail.run is not None
        assert (detail.run.finished_at, detail.run.stages) == (later, stages)
        assert (detail.run.windows_total, detail.run.windows_done) == (2, 2)

    def test_a_run_ends_once(self, state: State, org: str) -> None:
        before = self.transcribing(state, org)
        ended = {Stage.PREPARE: StageResult(StageState.COMPLETE)}
        changed = replace(before, title="by a client meanwhile")
        assert state.recordings.save(changed, expected=before)
        after = before.to(Status.ERROR, at=NOW)
        assert not state.recordings.save(after, expected=before, finished_stages=ended)
        late = {Stage.PREPARE: StageResult(StageState.SKIPPED), Stage.REDACT: StageResult(StageState.SKIPPED)}
        again = state.recordings.get(org, before.id)
        assert state.recordings.save(again.to(Status.ERROR, at=NOW), expected=again, finished_stages=late)
        run = state.recordings.detail(org, before.id).run
        assert run is not None
        assert (run.finished_at, run.stages) == (NOW, ended)

    def test_only_the_current_run_is_shown(self, state: State, org: str) -> None:
        before = self.transcribing(state, org)
        failed = before.to(Status.ERROR, at=NOW)
        assert state.recordings.save(failed, expected=before)
        anew = replace(failed, revision=before.revision + 1).new_run(at=NOW)
        assert state.recordings.save(anew, expected=replace(failed, revision=before.revision + 1))
        waiting = state.recordings.detail(org, before.id)
        assert (waiting.recording.run, waiting.run) == (2, None)
        begun = waiting.recording.to(Status.TRANSCRIBING, at=NOW)
        assert state.recordings.begin_run(begun, expected=waiting.recording, events=[])
        state.recordings.note_windows(begun.current_job(), 5)
        run = state.recordings.detail(org, before.id).run
        assert run is not None
        assert (run.number, run.windows_total) == (2, 5)

    def test_a_run_that_is_not_there_is_superseded(self, state: State, org: str) -> None:
        recording = self.transcribing(state, org)
        absent = replace(recording.current_job(), run=2)
        for job in (absent, Job(org, "rec_none", 1, "v1")):
            with pytest.raises(SupersededRun):
                state.recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
            with pytest.raises(SupersededRun):
                state.recordings.note_windows(job, 1)
        assert state.recordings.save(recording.removed(at=NOW), expected=recording)
        with pytest.raises(SupersededRun):
            state.recordings.note_window_done(recording.current_job(), 0)

    # --- what the sweep asks ------------------------------------------------------------------------------

    def test_open_recordings_are_those_that_await_work(self, state: State, org: str) -> None:
        def put(recording_id: str, minutes: int, **given: Any) -> None:
            touched = NOW + timedelta(minutes=minutes)
            state.recordings.create(a_recording(org, recording_id, updated_at=touched, version="v", **given), [])

        put("rec_waiting", 3)
        put("rec_uploaded", 1, status=Status.UPLOADED)
        put("rec_running", 2, status=Status.TRANSCRIBING)
        put("rec_held", 1, status=Status.UPLOADED, consent=Consent.PENDING)
        put("rec_flagged", 1, failure=Failure(Stage.PREPARE, "upload-missing", "It never arrived."))
        put("rec_done", 1, status=Status.COMPLETE)
        put("rec_fresh", 4)

        def opened(minutes: int, limit: int = 10_000) -> list[str]:
            found = state.recordings.open_recordings(NOW + timedelta(minutes=minutes), limit)
            return [recording.id for recording in found if recording.org == org]

        assert opened(4) == ["rec_uploaded", "rec_running", "rec_waiting"]
        assert opened(1) == []
        before = state.recordings.get(org, "rec_running")
        done = before.to(Status.COMPLETE, at=NOW + timedelta(minutes=2))
        assert state.recordings.save(done, expected=before)
        assert opened(4) == ["rec_uploaded", "rec_waiting"]

    def test_removed_recordings_are_looked_at_until_they_are_erased(self, state: State, org: str) -> None:
        recording = self.uploaded(state, org, title="private", contact_ids=("ann",))
        assert not state.recordings.was_removed(org, recording.id)
        assert state.recordings.save(recording.removed(at=NOW), expected=recording)
        assert state.recordings.was_removed(org, recording.id)
        assert not state.recordings.was_removed(org, "rec_none")
        with pytest.raises(RecordingNotFound):
            state.recordings.get(org, recording.id)
        with pytest.raises(RecordingNotFound):
            state.recordings.detail(org, recording.id)
        assert listed(state, org) == [[]]

        def unconfirmed() -> list[Recording]:
            found = state.recordings.removed_recordings(NOW + timedelta(seconds=1), 10_000)
            return [recording for recording in found if recording.org == org]

        (left,) = unconfirmed()
        assert (left.id, left.title, left.file_name, left.contact_ids) == (recording.id, None, "", ())
        state.recordings.confirm_erased(org, recording.id)
        assert unconfirmed() == []
        assert state.recordings.was_removed(org, recording.id)

    # --- contacts -----------------------------------------------------------------------------------------

    def test_contacts_come_back_in_the_order_asked(self, state: State, org: str) -> None:
        known = {
            name: Contact(org, name, name.title(), NOW, NOW, company="ACME", email=f"{name}@example.com", phone=None)
            for name in ("ann", "bob")
        }
        for contact in known.values():
            state.contacts.create_contact(contact)
        with pytest.raises(Conflict):
            state.contacts.create_contact(known["ann"])
        assert state.contacts.get_contact(org, "ann") == known["ann"]
        assert list(state.contacts.get_contacts(org, ["bob", "ann"])) == [known["bob"], known["ann"]]
        assert list(state.contacts.get_contacts(org, [])) == []
        with pytest.raises(ContactNotFound, match="cid"):
            state.contacts.get_contacts(org, ["ann", "cid", "dan"])
        with pytest.raises(ContactNotFound):
            state.contacts.get_contact(f"{org}-other", "ann")

    def test_a_contact_is_replaced_by_who_read_its_latest_state(self, state: State, org: str) -> None:
        before = Contact(org, "ann", "Ann", NOW, NOW)
        state.contacts.create_contact(before)
        after = replace(
            before,
            name="Ann B.",
            title="CFO",
            customer_type=CustomerType.LEAD,
            external_id="003",
            connection_id="connection_1",
            crm_url="https://crm.example/003",
            updated_at=NOW + timedelta(hours=1),
        )
        assert state.contacts.replace_contact(after, expected=before)
        assert state.contacts.get_contact(org, "ann") == replace(after, revision=2)
        assert not state.contacts.replace_contact(replace(before, name="late"), expected=before)
        assert not state.contacts.replace_contact(replace(before, id="bob"), expected=before)
        assert state.contacts.get_contact(org, "ann").name == "Ann B."

    def test_contacts_are_listed_newest_first_in_exact_pages(self, state: State, org: str) -> None:
        for number in range(5):
            made = Contact(org, f"c{number}", f"Contact {number}", NOW + timedelta(days=number), NOW)
            state.contacts.create_contact(made)
        state.contacts.create_contact(Contact(f"{org}-other", "c9", "Theirs", NOW, NOW))

        def ids(limit: int, wanted: Callable[[Contact], bool] | None = None) -> list[list[str]]:
            pages, position = [], None
            while True:
                page = state.contacts.list_contacts(org, limit, position, wanted=wanted)
                pages.append([contact.id for contact in page.records])
                position = page.next_position
                if position is None:
                    return pages

        assert ids(2) == [["c4", "c3"], ["c2", "c1"], ["c0"]]
        assert ids(5) == [["c4", "c3", "c2", "c1", "c0"]]
        assert ids(2, lambda contact: contact.id in {"c0", "c3"}) == [["c3", "c0"]]

    def test_a_timeline_is_newest_first_in_exact_pages(self, state: State, org: str) -> None:
        for day in range(5):
            created_at = NOW + timedelta(days=day)
            state.recordings.create(a_recording(org, f"rec_{day}", created_at=created_at, contact_ids=("ann",)), [])

        def ids(**asked: Any) -> list[list[str]]:
            pages, position = [], None
            while True:
                page = state.contacts.timeline(org, "ann", position=position, **asked)
                pages.append([entry.id for entry in page.entries])
                position = page.next_position
                if position is None:
                    return pages

        assert ids(limit=2) == [["rec_4", "rec_3"], ["rec_2", "rec_1"], ["rec_0"]]
        assert ids(limit=5) == [["rec_4", "rec_3", "rec_2", "rec_1", "rec_0"]]
        assert ids(types=[EntryType.RECORDING, EntryType.NOTE], limit=3) == [
            ["rec_4", "rec_3", "rec_2"],
            ["rec_1", "rec_0"],
        ]
        assert ids(types=[EntryType.NOTE]) == [[]]
        between = {"date_from": NOW + timedelta(days=1), "date_to": NOW + timedelta(days=3)}
        assert ids(**between) == [["rec_3", "rec_2", "rec_1"]]
        assert ids(date_from=NOW + timedelta(days=2), date_to=NOW + timedelta(days=1)) == [[]]

    def test_a_timeline_shows_a_viewer_what_they_may_find_in_full_pages(self, state: State, org: str) -> None:
        for day in range(6):
            state.recordings.create(
                a_recording(
                    org,
                    f"rec_{day}",
                    created_at=NOW + timedelta(days=day),
                    contact_ids=("ann",),
                    user_id="bob",
                    private=day in {2, 5},
                    discoverable=day != 3,
                ),
                [],
            )

        def ids(viewer: Viewer | None, limit: int = 2) -> list[list[str]]:
            pages, position = [], None
            while True:
                page = state.contacts.timeline(org, "ann", limit=limit, position=position, viewer=viewer)
                pages.append([entry.id for entry in page.entries])
                position = page.next_position
                if position is None:
                    return pages

        bob, cid = Viewer(frozenset(("bob",))), Viewer(frozenset(("cid",)))
        everything = [["rec_5", "rec_4"], ["rec_3", "rec_2"], ["rec_1", "rec_0"]]
        assert ids(None) == ids(bob) == ids(replace(cid, sees_all=True)) == everything
        assert ids(cid) == [["rec_4", "rec_1"], ["rec_0"]]

        def becomes(recording_id: str, **flags: bool) -> None:
            before = state.recordings.get(org, recording_id)
            assert state.recordings.save(replace(before, **flags), expected=before)  # type: ignore[arg-type]  # flags

        becomes("rec_4", private=True)
        becomes("rec_1", discoverable=False)
        becomes("rec_2", private=False)
        becomes("rec_3", discoverable=True)
        assert ids(cid) == [["rec_3", "rec_2"], ["rec_0"]]
        assert ids(bob) == everything

    def test_interactions_stand_on_the_timeline_among_recordings(self, state: State, org: str) -> None:
        for name in ("ann", "bob"):
            state.contacts.create_contact(Contact(org, name, name.title(), NOW, NOW))
        state.recordings.create(a_recording(org, contact_ids=("ann",)), [])
        email = an_interaction(org, "ann", EntryType.EMAIL, NOW + timedelta(days=1), subject="Hello", body="x" * 10_000)
        note = an_interaction(org, "ann", EntryType.NOTE, NOW - timedelta(days=1), body="Größe 42", amount=0.5)
        others = an_interaction(org, "bob", EntryType.SMS, NOW - timedelta(days=2), body="ok")
        for entry in (email, note, others):
            state.contacts.add_interaction(entry)
        entries = state.contacts.timeline(org, "ann").entries
        assert [entry.id for entry in entries] == [email.id, "rec_1", note.id]
        assert entries[0] == email == state.contacts.get_interaction(org, "ann", email.id)
        assert state.contacts.timeline(org, "ann", types=[EntryType.NOTE]).entries == (note,)
        assert list(state.contacts.recent_interactions(org, 10)) == [email, note, others]
        assert list(state.contacts.recent_interactions(org, 1)) == [email]
        assert list(state.contacts.recent_interactions(f"{org}-other", 10)) == []

    def test_an_interaction_belongs_to_its_contact(self, state: State, org: str) -> None:
        for name in ("ann", "bob"):
            state.contacts.create_contact(Contact(org, name, name.title(), NOW, NOW))
        note = an_interaction(org, "ann", EntryType.NOTE, NOW, body="x")
        state.contacts.add_interaction(note)
        with pytest.raises(ContactNotFound):
            state.contacts.add_interaction(replace(note, contact_id="cid"))
        for look in (state.contacts.get_interaction, state.contacts.remove_interaction):
            for owner, contact_id, entry_id in (
                (org, "bob", note.id),
                (f"{org}-other", "ann", note.id),
                (org, "ann", note.id.replace("note", "sms")),
                (org, "ann", "rec_1"),
                (org, "ann", "note"),
            ):
                with pytest.raises(InteractionNotFound):
                    look(owner, contact_id, entry_id)
        state.contacts.remove_interaction(org, "ann", note.id)
        assert state.contacts.timeline(org, "ann").entries == ()
        with pytest.raises(InteractionNotFound):
            state.contacts.remove_interaction(org, "ann", note.id)

    # --- objects ------------------------------------------------------------------------------------------

    def test_the_first_version_stays_the_first(self, state: State, org: str) -> None:
        key = f"orgs/{org}/recordings/rec_1/source"
        assert state.objects.first_version(key) is None
        assert list(state.objects.versions_after_first(key)) == []
        for content in (b"one", b"second", b"the third"):
            state.objects.write(key, content, content_type="audio/wav")
        state.objects.write(f"{key}-of-another", b"x", content_type="audio/wav")
        first = state.objects.first_version(key)
        assert first is not None
        assert first.size_bytes == 3
        assert abs(datetime.now(UTC) - first.created_at) < timedelta(minutes=2)
        later = state.objects.versions_after_first(key)
        assert (len(later), len({first.version, *later})) == (2, 3)
        state.objects.remove([key])
        assert state.objects.first_version(key) == first
        assert list(state.objects.versions_after_first(key)) == list(later)

    def test_a_version_can_be_downloaded_whole(self, state: State, org: str, tmp_path: Path) -> None:
        key, path = f"orgs/{org}/recordings/rec_1/source", tmp_path / "file"
        path.write_bytes(bytes(range(256)) * 40_000)
        state.objects.upload(path, key, content_type="audio/flac")
        state.objects.write(key, b"later", content_type="audio/flac")
        first = state.objects.first_version(key)
        assert first is not None
        state.objects.download(key, tmp_path / "first", version=first.version)
        state.objects.download(key, tmp_path / "latest")
        assert (tmp_path / "first").read_bytes() == path.read_bytes()
        assert (tmp_path / "latest").read_bytes() == b"later"

    def test_folders_are_listed_from_a_name_on(self, state: State, org: str) -> None:
        for name in ("rec_a/source", "rec_b/source", "rec_b/runs/1/x", "rec_c/source"):
            state.objects.write(f"orgs/{org}/recordings/{name}", b"x", content_type="audio/wav")
        assert org in list(state.objects.folders("orgs/"))
        assert list(state.objects.folders(f"orgs/{org}/recordings/")) == ["rec_a", "rec_b", "rec_c"]
        assert list(state.objects.folders(f"orgs/{org}/recordings/", after="rec_b")) == ["rec_b", "rec_c"]
        assert list(state.objects.folders(f"orgs/{org}/recordings/", after="rec_bb")) == ["rec_c"]
        assert list(state.objects.folders(f"orgs/{org}/nothing/")) == []

    def test_objects_are_read_whole_and_in_parts(self, state: State, org: str) -> None:
        key = f"orgs/{org}/recordings/rec_1/audio.flac"
        state.objects.write(key, b"0123456789", content_type="audio/flac", of_one_run=True)
        assert state.objects.read(key) == b"0123456789"
        assert state.objects.read_range(key, 2, 5) == b"234"
        assert state.objects.read_range(key, 8, 100) == b"89"
        assert state.objects.read_range(key, 4, 4) == b""

    def test_what_is_not_there_is_not_found(self, state: State, org: str, tmp_path: Path) -> None:
        key = f"orgs/{org}/recordings/rec_1/source"
        for read in (
            lambda: state.objects.read(key),
            lambda: state.objects.read_range(key, 0, 1),
            lambda: state.objects.download(key, tmp_path / "file"),
        ):
            with pytest.raises(NotFound):
                read()
        state.objects.remove([key])
        state.objects.remove([])

    def test_what_consent_is_to_be_followed_for_is_found_when_it_is_due(self, state: State, org: str) -> None:
        withdrawn = Withdrawal(NOW - timedelta(days=400), NOW - timedelta(days=370))
        blocked = {"object_access": ObjectAccess.BLOCKED, "consent": Consent.WITHDRAWN}
        ids = {name: f"rec_{name}{uuid4().hex}" for name in ("due", "later", "blocking", "held", "pending")}
        later = replace(withdrawn, erase_at=NOW + timedelta(days=400))
        made: dict[str, dict[str, Any]] = {
            "due": {**blocked, "withdrawal": withdrawn},
            "later": {**blocked, "withdrawal": later},
            "blocking": {"consent": Consent.WITHDRAWN, "withdrawal": later, "object_access": ObjectAccess.BLOCKING},
            "held": {"consent": Consent.PENDING, "object_access": ObjectAccess.BLOCKED},
            "pending": {"consent": Consent.PENDING},
        }
        old = NOW - timedelta(days=380)
        for name, given in made.items():
            state.recordings.create(a_recording(org, ids[name], updated_at=old, **given), [])

        def found(due: datetime) -> list[str]:
            mine = [each for each in state.recordings.consent_work(due, 1000) if each.org == org]
            return [name for each in mine for name, known in ids.items() if known == each.id]

        assert found(old) == []
        assert found(NOW) == ["blocking", "due"]
        assert set(found(NOW + timedelta(days=401))) == {"blocking", "due", "later"}
        before = state.recordings.get(org, ids["due"])
        still_open = {each.id for each in state.recordings.open_recordings(NOW, 1000)}
        assert still_open & set(ids.values()) == {ids["held"], ids["pending"]}, "without erasing them, uploads go on"
        assert state.recordings.save(before.erased(at=NOW), expected=before)
        assert found(NOW) == ["blocking"]
        (left,) = (one for one in state.recordings.removed_recordings(NOW + timedelta(1), 1000) if one.id == ids["due"])
        assert left.withdrawal == withdrawn

    def test_without_consent_what_was_found_is_kept_apart(self, state: State, org: str) -> None:
        recording = a_finished_recording(org)
        state.recordings.create(recording, [])
        assert "summary" in state.contacts.timeline(org, "ann").entries[0].facts
        hidden = replace(recording, consent=Consent.WITHDRAWN)
        assert state.recordings.save(hidden, expected=recording)
        stored = state.recordings.get(org, "rec_1")
        assert (stored.highlights, stored.speakers, stored.word_count) == ((), (), 0)
        assert stored == replace(hidden.as_consented(), revision=2)
        assert state.recordings.list(org, RecordingFilter(), 1).recordings == (stored,)
        assert state.recordings.detail(org, "rec_1").recording == stored
        assert "summary" not in state.contacts.timeline(org, "ann").entries[0].facts
        assert state.recordings.save(replace(stored, consent=Consent.ONE_PARTY), expected=stored)
        assert state.recordings.get(org, "rec_1") == replace(recording, revision=3)
        assert "summary" in state.contacts.timeline(org, "ann").entries[0].facts

    def test_removing_hides_and_erasing_leaves_nothing(self, state: State, org: str) -> None:
        mine, other = f"orgs/{org}/recordings/rec_1/", f"orgs/{org}/recordings/rec_10/"
        for key in (f"{mine}source", f"{mine}source", f"{mine}runs/1/plan.json", f"{other}source"):
            state.objects.write(key, b"x", content_type="audio/wav")
        assert list(state.objects.keys(mine)) == [f"{mine}runs/1/plan.json", f"{mine}source"]
        state.objects.remove([f"{mine}runs/1/plan.json"])
        assert list(state.objects.keys(mine)) == [f"{mine}source"]
        assert state.objects.first_version(f"{mine}runs/1/plan.json") is not None
        assert state.objects.erase(mine, keep=f"{mine}source") == 2  # a plan and the marker that hid it
        assert list(state.objects.keys(mine)) == [f"{mine}source"]
        state.objects.write(f"{mine}runs/1/plan.json", b"x", content_type="application/json")
        assert state.objects.erase(mine) == 3
        assert state.objects.first_version(f"{mine}runs/1/plan.json") is None
        assert state.objects.first_version(f"{mine}source") is None
        assert list(state.objects.keys(f"orgs/{org}/")) == [f"{other}source"]

    def test_what_is_blocked_nobody_reads_until_it_is_allowed_again(self, state: State, org: str) -> None:
        """Tags keep their meaning beside it: what only a run needs still expires by itself."""
        mine, other = f"orgs/{org}/recordings/rec_1/", f"orgs/{org}/recordings/rec_10/"
        state.objects.write(f"{mine}source", b"first", content_type="audio/wav")
        state.objects.write(f"{mine}source", b"second", content_type="audio/wav")
        state.objects.write(f"{mine}runs/1/plan.json", b"x", content_type="application/json", of_one_run=True)
        state.objects.write(f"{other}source", b"x", content_type="audio/wav")
        before = self.tags(state, mine) | self.tags(state, other)
        for _ in range(2):
            state.objects.block_reading(mine)
        blocked = self.tags(state, mine)
        assert [blocked[key] for key in sorted(blocked)] == [
            {"lifetime": "run", "consent": "withdrawn"},
            {"consent": "withdrawn"},
            {"consent": "withdrawn"},
        ]
        assert self.tags(state, other) == {key: tags for key, tags in before.items() if key[0].startswith(other)}
        for _ in range(2):
            state.objects.allow_reading(mine)
        assert self.tags(state, mine) | self.tags(state, other) == before
        state.objects.block_reading(f"orgs/{org}/recordings/rec_none/")

    @abstractmethod
    def tags(self, state: State, prefix: str) -> dict[tuple[str, str], dict[str, str]]:
        """The tags of every version under the prefix, by (key, version)."""

    def test_the_latest_version_is_what_a_reader_gets(self, state: State, org: str) -> None:
        key = f"orgs/{org}/recordings/rec_1/audio.flac"
        assert state.objects.latest_version(key) is None
        state.objects.write(key, b"first", content_type="audio/flac")
        first = state.objects.latest_version(key)
        state.objects.write(key, b"again", content_type="audio/flac")
        latest = state.objects.latest_version(key)
        assert first is not None
        assert latest is not None
        assert (latest.key, latest.size_bytes, latest.version != first.version) == (key, 5, True)
        assert [latest.version] == list(state.objects.versions_after_first(key))
        state.objects.remove([key])
        assert state.objects.latest_version(key) is None

    # --- the workflow, and what starts it -----------------------------------------------------------------

    def test_a_job_has_one_execution(self, state: State, org: str) -> None:
        job = Job(org, f"rec_{uuid4().hex}", 1, "v1")
        assert state.workflow.outcome(job) is None
        assert state.workflow.start(job)
        assert not state.workflow.start(job)
        assert state.workflow.outcome(job) == "RUNNING"
        assert state.workflow.outcome(replace(job, run=2)) is None

    def accept(self, state: State, recording: Recording) -> Accepted:
        return accept_upload(
            recording.org,
            recording.id,
            intake=intake_of(state, max_upload_bytes=TOO_LARGE),
            now=NOW + timedelta(minutes=1),
        )

    def asked_to_process(self, state: State, recording: Recording, *, reprocess: bool = False) -> Recording:
        return process(
            recording.org,
            recording.id,
            reprocess=reprocess,
            intake=intake_of(state, max_upload_bytes=TOO_LARGE),
            now=NOW + timedelta(minutes=1),
        )

    def arrived(self, state: State, org: str, contents: Sequence[bytes] = (b"RIFF",)) -> Recording:
        recording = a_recording(org, f"rec_{uuid4().hex[:20]}", contact_ids=("ann",))
        state.recordings.create(recording, [])
        key = RecordingKeys(org, recording.id).source
        for content in contents:
            state.objects.write(key, content, content_type="audio/wav")
        return recording

    def test_events_and_requests_all_at_once_begin_one_run(self, state: State, org: str) -> None:
        recording = self.arrived(state, org, [b"first", b"and second"])
        with ThreadPoolExecutor(10) as pool:
            events = [pool.submit(self.accept, state, recording) for _ in range(5)]
            requests = [pool.submit(self.asked_to_process, state, recording) for _ in range(5)]
            accepted = [event.result() for event in events]
            answered = [request.result() for request in requests]
        assert set(accepted) <= {Accepted.STARTED, Accepted.KNOWN}
        assert {(one.run, one.status) for one in answered} == {(1, Status.UPLOADED)}
        stored = state.recordings.get(org, recording.id)
        first = state.objects.first_version(RecordingKeys(org, recording.id).source)
        assert first is not None
        assert (stored.version, stored.size_bytes) == (first.version, 5)
        assert list(stored.later_versions) == list(state.objects.versions_after_first(first.key))
        assert state.workflow.outcome(stored.current_job()) == "RUNNING"
        assert not state.workflow.start(stored.current_job())
        assert state.workflow.outcome(replace(stored.current_job(), run=2)) is None

    def test_requests_at_once_begin_one_new_run(self, state: State, org: str) -> None:
        recording = self.arrived(state, org)
        assert self.accept(state, recording) is Accepted.STARTED
        before = state.recordings.get(org, recording.id)
        failed = replace(before, failure=Failure(Stage.TRANSCRIBE, "transcribe-failed", "No.")).to(Status.ERROR, at=NOW)
        assert state.recordings.save(failed, expected=before)
        with ThreadPoolExecutor(5) as pool:
            requests = [pool.submit(self.asked_to_process, state, recording, reprocess=True) for _ in range(5)]
            answered = [request.result() for request in requests]
        assert {(one.run, one.status, one.failure) for one in answered} == {(2, Status.UPLOADED, None)}
        job = state.recordings.get(org, recording.id).current_job()
        assert state.workflow.outcome(job) == "RUNNING"
        assert state.workflow.outcome(replace(job, run=3)) is None

    def test_removing_leaves_nothing_and_takes_late_uploads(self, state: State, org: str) -> None:
        recording = self.arrived(state, org, [b"first", b"second"])
        remove(org, recording.id, recordings=state.recordings, objects=state.objects, now=NOW)
        key = RecordingKeys(org, recording.id).source
        assert state.objects.first_version(key) is None
        state.objects.write(key, b"too late", content_type="audio/wav")
        assert self.accept(state, recording) is Accepted.REMOVED
        assert state.objects.first_version(key) is None
        assert state.workflow.outcome(Job(org, recording.id, 1, "v1")) is None
