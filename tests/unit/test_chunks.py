from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from auricle.chunks import MAX_CHUNKS, Chunk, Chunks, ChunkState, spoken_numbers
from auricle.processing.job import Job, chunk_key_ids, source_key_ids
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
    assert spoken_numbers(numbers) == words


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
    for number in (0, 17, MAX_CHUNKS - 1):
        assert chunk_key_ids(job.chunk_key(number)) == ("acme", "rec_1", number)
        assert source_key_ids(job.chunk_key(number)) is None


@pytest.mark.parametrize("name", ["2000", "02000", "1", "00001x", "", "0000\u0661", "-0001", "00001/2"])
def test_other_keys_are_no_chunks(name: str) -> None:
    assert chunk_key_ids(f"orgs/acme/recordings/rec_1/chunks/{name}") is None
    assert chunk_key_ids(f"orgs/acme/recordings/rec_1/other/{name}") is None
