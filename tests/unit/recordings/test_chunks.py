from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from auricle.processing_warnings import describe_chunks
from auricle.recordings.chunks import Chunk, Chunks, ChunksChange, ChunkState, noted
from auricle.recordings.job import Job
from auricle.recordings.keys import chunk_key_ids, source_key_ids
from tests.fakes.contract import NOW


def here(*numbers: int) -> dict[int, Chunk]:
    return {number: Chunk(f"v{number}", 1, NOW) for number in numbers}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], "no chunk is"),
        ([7], "chunk 7 is"),
        ([7, 8], "chunks 7 and 8 are"),
        ([0, 2, 3], "chunks 0, 2 and 3 are"),
        ([0, 1, 2, 7, 9, 10, 11, 12], "chunks 0 to 2, 7 and 9 to 12 are"),
        ([1, 2, 3], "chunks 1 to 3 are"),
        (range(0, 2000, 2), f"chunks {', '.join(str(each) for each in range(0, 40, 2))} and more are"),
        (range(2000), "chunks 0 to 1999 are"),
    ],
)
def test_numbers_are_said_shortly(numbers: Sequence[int], words: str) -> None:
    assert describe_chunks(numbers) == words


def test_what_is_outstanding_is_what_was_asked_for_until_the_count_is_known() -> None:
    assert Chunks(requested=frozenset({4, 1}), arrived=here(1)).outstanding == (4,)
    assert Chunks(requested=frozenset({4, 1}), arrived=here(1), expected=3).outstanding == (0, 2)
    assert Chunks(arrived=here(1), expected=3, skippable=frozenset({0})).outstanding == (2,)


def test_whole_is_finished_with_something_here_and_nothing_waited_for() -> None:
    whole: dict[str, Any] = {"arrived": here(0, 1), "expected": 3, "skippable": frozenset({2}), "finished_at": NOW}
    assert Chunks(**whole).complete
    changes: list[dict[str, Any]] = [
        {"finished_at": None},
        {"skippable": frozenset()},
        {"arrived": {}},
        {"expected": 4},
    ]
    for change in changes:
        assert not Chunks(**(whole | change)).complete
    assert not Chunks(skippable=frozenset({0}), expected=1, finished_at=NOW).complete
    assert not Chunks(arrived=here(7), skippable=frozenset({0}), expected=1, finished_at=NOW).complete


def test_what_comes_beyond_the_end_is_not_of_the_audio() -> None:
    chunks = Chunks(arrived=here(2, 0, 7), expected=3)
    assert chunks.usable == (0, 2)
    assert chunks.numbers == (0, 1, 2, 7)


def test_each_chunk_has_a_state() -> None:
    chunks = Chunks(
        requested=frozenset({0, 1, 2, 4}),
        arrived=here(0, 1),
        skippable=frozenset({1, 2}),
        expected=5,
        processed=frozenset({0}),
    )
    assert [chunks.state(number) for number in range(5)] == [
        ChunkState.PROCESSED,
        ChunkState.UPLOADED,
        ChunkState.SKIPPED,
        ChunkState.MISSING,
        ChunkState.REQUESTED,
    ]


def test_the_version_follows_from_the_chunks_and_their_order() -> None:
    chunks = Chunks(arrived=here(0, 1, 2))
    version = chunks.version_of((0, 1, 2))
    assert version == chunks.version_of([0, 1, 2])
    assert version.startswith("chunks-")
    others = (
        chunks.version_of((0, 1)),
        chunks.version_of((1, 0, 2)),
        Chunks(arrived=here(0, 1) | {2: Chunk("other", 1, NOW)}).version_of((0, 1, 2)),
    )
    assert len({version, *others}) == 4


def test_a_chunk_s_key_says_whose_it_is() -> None:
    job = Job("acme", "rec_1", 1)
    for number in (0, 17, 1999):
        assert chunk_key_ids(job.keys.chunk(number)) == ("acme", "rec_1", number)
        assert source_key_ids(job.keys.chunk(number)) is None


@pytest.mark.parametrize("name", ["2000", "02000", "1", "00001x", "", "0000\u0661", "-0001", "00001/2"])
def test_other_keys_are_no_chunks(name: str) -> None:
    assert chunk_key_ids(f"orgs/acme/recordings/rec_1/chunks/{name}") is None
    assert chunk_key_ids(f"orgs/acme/recordings/rec_1/other/{name}") is None


def test_the_first_chunk_beyond_the_end_is_not_of_the_audio() -> None:
    chunks = Chunks(arrived=here(0, 2, 3, 4), expected=3)
    assert chunks.usable == (0, 2)
    assert Chunks(arrived=here(0, 2, 3, 4)).usable == (0, 2, 3, 4), "nobody has said yet where the end is"


def test_before_anything_is_known_there_is_no_number_to_speak_of() -> None:
    assert Chunks().numbers == ()
    assert Chunks(requested=frozenset({3}), skippable=frozenset({1})).numbers == (1, 3)
    assert Chunks().outstanding == ()


def test_the_version_has_a_fixed_form() -> None:
    assert Chunks(arrived=here(0, 1)).version_of((0, 1)) == "chunks-1f9035668053459a6100bbfaccefbcb4"


def test_what_is_noted_first_stays_and_what_is_empty_changes_nothing() -> None:
    before = Chunks(
        requested=frozenset({0}),
        arrived=here(1),
        skippable=frozenset({2}),
        expected=4,
        finished_at=NOW,
        lacking_one_since=NOW,
        processed=frozenset({1}),
    )
    assert noted(before, ChunksChange()) == before
    assert noted(None, ChunksChange()) == Chunks()


def test_a_change_adds_to_what_is_known() -> None:
    before = Chunks(
        requested=frozenset({0}), arrived=here(1), skippable=frozenset({2}), expected=4, processed=frozenset({1})
    )
    later = NOW + timedelta(minutes=1)
    change = ChunksChange(
        requested=frozenset({3}),
        arrived={0: Chunk("v0", 5, later), 1: Chunk("sent again", 9, later)},
        skippable=frozenset({3}),
        expected=5,
        finished_at=later,
        lacking_one_since=later,
        processed=frozenset({0, 1}),
    )
    after = noted(before, change)
    assert after == Chunks(
        requested=frozenset({0, 3}),
        arrived={0: Chunk("v0", 5, later), 1: Chunk("v1", 1, NOW)},
        skippable=frozenset({2, 3}),
        expected=5,
        finished_at=later,
        lacking_one_since=later,
        processed=frozenset({0, 1}),
    )
    assert list(after.arrived) == [0, 1], "in the order of the audio"


def test_finishing_again_and_lacking_one_still_keep_the_first_moment() -> None:
    later = NOW + timedelta(minutes=1)
    before = Chunks(finished_at=NOW, lacking_one_since=NOW)
    after = noted(before, ChunksChange(finished_at=later, lacking_one_since=later))
    assert (after.finished_at, after.lacking_one_since) == (NOW, NOW)
    assert noted(before, ChunksChange(lacks_one_no_more=True)).lacking_one_since is None


def test_a_run_without_chunks_takes_the_place_of_one_with_some() -> None:
    before = Chunks(processed=frozenset({0, 1}))
    assert noted(before, ChunksChange(processed=frozenset())).processed == frozenset()


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([0], "chunk 0 is"),
        ([3, 4, 6], "chunks 3, 4 and 6 are"),
        (range(0, 38, 2), f"chunks {', '.join(str(each) for each in range(0, 36, 2))} and 36 are"),
        (range(0, 40, 2), f"chunks {', '.join(str(each) for each in range(0, 38, 2))} and 38 are"),
        (range(0, 42, 2), f"chunks {', '.join(str(each) for each in range(0, 40, 2))} and more are"),
    ],
)
def test_twenty_numbers_are_said_and_no_more(numbers: Sequence[int], words: str) -> None:
    assert describe_chunks(numbers) == words
