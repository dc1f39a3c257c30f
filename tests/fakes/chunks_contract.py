"""What every RecordingStore does with chunks: run on the fakes (unit) and on the table and bucket (integration).

A subclass gives `state`. Tests share it, so each works in a tenant of its own (`org`).
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from auricle.errors import Conflict, RecordingNotFound
from auricle.recordings.chunk_uploads import accept_chunk, finish, request_chunks, skip
from auricle.recordings.chunks import Chunk, Chunks, ChunksChange
from auricle.recordings.intake import Accepted, remove
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Status
from tests.fakes.contract import NOW, State, a_recording, intake_of

LATER = NOW + timedelta(minutes=1)
HERE = {0: Chunk("v0", 100, NOW), 12: Chunk("v-12", 7, LATER)}


class ChunksContract:
    """Subclasses are collected; this class alone is not."""

    @pytest.fixture
    def org(self, state: State) -> str:
        name = f"org-{uuid4().hex[:12]}"
        state.recordings.create(a_recording(name, status=Status.RECORDING, chunked=True), [])
        return name

    def chunks(self, state: State, org: str) -> Chunks | None:
        return state.recordings.detail(org, "rec_1").chunks

    def test_what_is_noted_adds_up(self, state: State, org: str) -> None:
        assert self.chunks(state, org) is None
        for change in (
            ChunksChange(requested=frozenset({0, 12})),
            ChunksChange(arrived=HERE),
            ChunksChange(requested=frozenset({3}), skippable=frozenset({3}), expected=14),
            ChunksChange(skippable=frozenset({4}), expected=13, finished_at=NOW, lacking_one_since=NOW),
            ChunksChange(finished_at=LATER, lacking_one_since=LATER),
            ChunksChange(processed=frozenset({0, 1})),
            ChunksChange(processed=frozenset({0, 12})),
        ):
            state.recordings.change_chunks(org, "rec_1", change)
        assert self.chunks(state, org) == Chunks(
            requested=frozenset({0, 3, 12}),
            arrived=HERE,
            skippable=frozenset({3, 4}),
            expected=13,
            finished_at=NOW,
            lacking_one_since=NOW,
            processed=frozenset({0, 12}),
        )
        state.recordings.change_chunks(org, "rec_1", ChunksChange(lacks_one_no_more=True, processed=frozenset()))
        after = self.chunks(state, org)
        assert after is not None
        assert (after.lacking_one_since, after.processed) == (None, frozenset())

    def test_a_chunk_told_of_twice_is_one(self, state: State, org: str) -> None:
        for arrived_at in (NOW, LATER):
            change = ChunksChange(arrived={0: Chunk("v0", 100, arrived_at)})
            state.recordings.change_chunks(org, "rec_1", change)
        assert self.chunks(state, org) == Chunks(arrived={0: Chunk("v0", 100, NOW)})

    def test_as_many_as_there_may_be_are_kept(self, state: State, org: str) -> None:
        numbers = range(2000)
        arrived = {number: Chunk(f"version-of-32-characters-{number:07d}", 10**9, NOW) for number in numbers}
        state.recordings.change_chunks(
            org, "rec_1", ChunksChange(requested=frozenset(numbers), skippable=frozenset(numbers))
        )
        state.recordings.change_chunks(org, "rec_1", ChunksChange(arrived=arrived, processed=frozenset(numbers)))
        noted = self.chunks(state, org)
        assert noted is not None
        assert noted.arrived == arrived

    def test_notes_at_the_same_time_are_all_kept(self, state: State, org: str) -> None:
        def note(number: int) -> None:
            change = ChunksChange(requested=frozenset({number}), arrived={number: Chunk(f"v{number}", 1, NOW)})
            state.recordings.change_chunks(org, "rec_1", change)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(note, range(24)))
        noted = self.chunks(state, org)
        assert noted is not None
        assert (sorted(noted.arrived), noted.requested) == (list(range(24)), frozenset(range(24)))

    def test_nothing_is_noted_of_what_is_not_there(self, state: State, org: str) -> None:
        change = ChunksChange(requested=frozenset({0}))
        state.recordings.change_chunks(org, "rec_1", change)
        for tenant, recording_id in ((org, "rec_none"), (f"{org}-other", "rec_1")):
            with pytest.raises(RecordingNotFound):
                state.recordings.change_chunks(tenant, recording_id, change)
        remove(org, "rec_1", recordings=state.recordings, objects=state.objects, now=NOW)
        with pytest.raises(RecordingNotFound):
            state.recordings.change_chunks(org, "rec_1", change)

    def test_a_recording_and_its_chunks_are_written_together_or_not_at_all(self, state: State, org: str) -> None:
        before = state.recordings.get(org, "rec_1")
        change = ChunksChange(expected=2, finished_at=NOW)
        after = replace(before, title="New").to(Status.UPLOADING, at=LATER)
        assert not state.recordings.save(after, expected=replace(before, revision=9), chunks=change)
        assert state.recordings.detail(org, "rec_1").recording == before
        assert self.chunks(state, org) is None
        assert state.recordings.save(after, expected=before, chunks=change)
        assert state.recordings.get(org, "rec_1") == replace(after, revision=before.revision + 1)
        assert self.chunks(state, org) == Chunks(expected=2, finished_at=NOW)
        again = state.recordings.get(org, "rec_1")
        assert state.recordings.save(again, expected=again, chunks=ChunksChange(expected=3, finished_at=LATER))
        assert self.chunks(state, org) == Chunks(expected=3, finished_at=NOW)

    # --- through the domain -------------------------------------------------------------------------------

    def put(self, state: State, org: str, number: int, content: bytes) -> None:
        state.objects.write(RecordingKeys(org, "rec_1").chunk(number), content, content_type="audio/wav")

    def told(self, state: State, org: str, number: int) -> Accepted:
        return accept_chunk(
            org,
            "rec_1",
            number,
            intake=intake_of(state, max_upload_bytes=10_000),
            now=LATER,
        )

    def requested(self, state: State, org: str, *numbers: int) -> None:
        request_chunks(
            org,
            "rec_1",
            numbers,
            content_type=None,
            recordings=state.recordings,
            objects=state.objects,
            url_seconds=900,
            now=NOW,
        )

    def test_whole_at_once_and_told_of_by_all_is_started_once(self, state: State, org: str) -> None:
        """The last chunks, the end of the recording and a skipped one, all at the same time, and each twice."""
        count = 12
        self.requested(state, org, *range(count))
        for number in range(count - 1):
            self.put(state, org, number, b"RIFF")
            self.put(state, org, number, b"a retry")
        intake = intake_of(state, max_upload_bytes=10_000)
        steps: list[int | str] = [*range(count - 1), "finish", "skip"] * 2
        random.Random(5).shuffle(steps)

        def take(step: int | str) -> Accepted | None:
            if step == "finish":
                finish(org, "rec_1", count, intake=intake, now=LATER)
            elif step == "skip":
                with suppress(Conflict):  # the second time it may be whole already
                    skip(org, "rec_1", [count - 1], intake=intake, now=LATER)
            else:
                return self.told(state, org, int(step))
            return None

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(take, steps))
        detail = state.recordings.detail(org, "rec_1")
        assert detail.chunks is not None
        assert detail.recording.status is Status.UPLOADED
        assert detail.recording.chunk_numbers == tuple(range(count - 1))
        assert detail.recording.version == detail.chunks.version_of(range(count - 1))
        assert detail.recording.size_bytes == 4 * (count - 1)
        assert state.workflow.outcome(detail.recording.current_job()) == "RUNNING"
        assert not state.workflow.start(detail.recording.current_job())
