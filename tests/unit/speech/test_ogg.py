from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import pytest

from auricle.errors import DamagedAudio
from auricle.speech.ogg import links
from tests.fixtures.containers import ogg_page


def page(flags: int, *, serial: int = 1, packet: bytes = b"sound") -> bytes:
    """33 bytes, if the packet has five and one lacing value."""
    return ogg_page([packet], serial=serial, sequence=0, position=0, flags=flags)


FIRST, MIDDLE, LAST = page(2), page(0), page(4)


def ends(parts: Sequence[bytes]) -> list[int]:
    return list(itertools.accumulate(len(part) for part in parts))


def test_pages_of_one_stream_are_one_link() -> None:
    content = FIRST + MIDDLE + LAST
    assert links(io.BytesIO(content)) == [(0, len(content))]
    assert links(io.BytesIO(content + b"OggS")) == [(0, len(content) + 4)]


def test_each_stream_of_a_chain_is_a_link() -> None:
    parts = [FIRST + MIDDLE + LAST, FIRST + page(0, packet=bytes(1000)) + LAST, FIRST + LAST]
    cuts = [0, *ends(parts)]
    assert links(io.BytesIO(b"".join(parts))) == list(itertools.pairwise(cuts))


def test_streams_that_begin_together_are_one_link() -> None:
    together = FIRST + page(2, serial=2) + MIDDLE + page(0, serial=2)
    assert links(io.BytesIO(together + together)) == [(0, len(together)), (len(together), 2 * len(together))]


def test_what_stands_before_the_first_page_belongs_to_the_first_link() -> None:
    content = b"tag of a player" + FIRST + MIDDLE
    assert links(io.BytesIO(content)) == [(0, len(content))]
    assert links(io.BytesIO(content + FIRST)) == [(0, len(content)), (len(content), len(content) + len(FIRST))]


def test_a_page_that_only_mentions_another_is_one_page() -> None:
    content = FIRST + page(0, packet=FIRST)
    assert links(io.BytesIO(content)) == [(0, len(content))]


def test_a_page_that_goes_on_with_a_packet_begins_no_link() -> None:
    content = FIRST + MIDDLE + page(1) + page(5)
    assert links(io.BytesIO(content)) == [(0, len(content))]


def test_a_page_of_many_packets_is_passed_over_whole() -> None:
    """Its last packet looks like a page, and is as long as the list of its packets."""
    content = FIRST + ogg_page([*[b"a"] * 40, FIRST], serial=1, sequence=1, position=0) + LAST
    assert links(io.BytesIO(content)) == [(0, len(content))]


@pytest.mark.parametrize("cut_bytes", [1, 5, 6, 26, 27])
def test_a_file_may_break_off_in_a_page(cut_bytes: int) -> None:
    content = FIRST + MIDDLE + MIDDLE[:cut_bytes]
    assert links(io.BytesIO(content)) == [(0, len(content))]


def test_a_page_without_packets_is_passed_over() -> None:
    empty = ogg_page([], serial=1, sequence=1, position=0)
    assert len(empty) == 27
    assert links(io.BytesIO(FIRST + empty + FIRST + MIDDLE)) == [(0, 60), (60, 126)]


@pytest.mark.parametrize("gap_bytes", [1, 4, 65_531, 65_532, 65_533, 65_535, 65_536, 65_537, 131_068, 200_000])
def test_a_link_is_found_behind_a_gap_of_any_length(gap_bytes: int) -> None:
    begin = FIRST + MIDDLE + bytes(gap_bytes)
    content = begin + FIRST + LAST
    assert links(io.BytesIO(content)) == [(0, len(begin)), (len(begin), len(content))]


@pytest.mark.parametrize("tail_bytes", [27, 28, 65_536, 65_540])
def test_a_gap_without_an_end_is_part_of_the_last_link(tail_bytes: int) -> None:
    content = FIRST + MIDDLE + bytes(tail_bytes)
    assert links(io.BytesIO(content)) == [(0, len(content))]


def test_there_may_be_a_thousand_links() -> None:
    link = FIRST + MIDDLE
    assert len(links(io.BytesIO(link * 1000))) == 1000
    with pytest.raises(DamagedAudio, match="a chain of more than 1000 Ogg streams"):
        links(io.BytesIO(link * 1001))
