from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.errors import DamagedAudio, UnsupportedAudio, UnusableRecording
from auricle.speech.decode import AudioFacts, Decoding, decode
from auricle.speech.flac import Samples
from auricle.speech.joining import decode_pieces
from auricle.speech.sniff import begins_file
from tests.fixtures import odd_audio
from tests.fixtures.odd_audio import tones

SAMPLE_RATE_HZ = 16_000


def taken(decoding: Decoding) -> tuple[Samples, AudioFacts]:
    blocks = list(decoding)
    return np.concatenate(blocks, axis=1), decoding.facts


def whole(path: Path) -> tuple[Samples, AudioFacts]:
    return taken(decode(path, max_duration_s=600, max_size_bytes=1 << 26))


def pieced(folder: Path, contents: Sequence[bytes], numbers: Sequence[int] | None = None) -> Decoding:
    """The pieces' decoding; they lie in the mapping in reverse order."""
    folder.mkdir()
    pieces = {}
    for number, content in reversed(list(zip(numbers or range(len(contents)), contents, strict=True))):
        pieces[number] = folder / f"{number:05d}"
        pieces[number].write_bytes(content)
    return decode_pieces(pieces, max_duration_s=600, max_size_bytes=1 << 26)


def sliced(content: bytes, count: int) -> list[bytes]:
    cuts = [len(content) * number // count for number in range(count + 1)]
    return [content[first:last] for first, last in itertools.pairwise(cuts)]


def files_of(folder: Path, sound: Samples, count: int, suffix: str, codec: str, rate_hz: int) -> list[bytes]:
    """The sound cut anywhere, each part a file of its own."""
    cuts = [0, *(sound.shape[1] * number // count + 7 * number for number in range(1, count)), sound.shape[1]]
    made = []
    for number, (first, last) in enumerate(itertools.pairwise(cuts)):
        path = folder / f"part-{number}{suffix}"
        made.append(odd_audio.write(path, sound[:, first:last], codec=codec, rate_hz=rate_hz).read_bytes())
    return made


@pytest.fixture
def rising() -> Samples:
    """Sound in which every moment is another, so that a gap or a repeat shows."""
    time_s = np.arange(4 * 44_100) / 44_100
    return np.stack([0.4 * np.sin(2 * np.pi * hz * time_s**2) for hz in (200.0, 310.0)]).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "codec", "rate_hz"),
    [
        (".wav", "pcm_s16le", 16_000),
        (".wav", "pcm_s16le", 44_100),
        (".flac", "flac", 44_100),
        (".mp3", "libmp3lame", 44_100),
        (".aac", "aac", 44_100),
        (".m4a", "aac", 44_100),
        (".webm", "libopus", 48_000),
        (".opus", "libopus", 48_000),
    ],
)
@pytest.mark.parametrize("count", [2, 20])
def test_slices_of_a_file_are_the_file(
    tmp_path: Path, rising: Samples, suffix: str, codec: str, rate_hz: int, count: int
) -> None:
    path = odd_audio.write(tmp_path / f"whole{suffix}", rising, codec=codec, rate_hz=rate_hz)
    expected, facts = whole(path)
    samples, found = taken(pieced(tmp_path / "pieces", sliced(path.read_bytes(), count)))
    assert np.array_equal(samples, expected)
    assert found == facts


@pytest.mark.parametrize(
    ("suffix", "codec", "rate_hz"),
    [
        (".wav", "pcm_s16le", 8000),
        (".wav", "pcm_s16le", 16_000),
        (".wav", "pcm_s24le", 44_100),
        (".flac", "flac", 16_000),
        (".flac", "flac", 44_100),
    ],
)
def test_small_lossless_files_are_the_whole_to_the_sample(
    tmp_path: Path, rising: Samples, suffix: str, codec: str, rate_hz: int
) -> None:
    expected, facts = whole(odd_audio.write(tmp_path / f"whole{suffix}", rising, codec=codec, rate_hz=rate_hz))
    samples, found = taken(pieced(tmp_path / "pieces", files_of(tmp_path, rising, 20, suffix, codec, rate_hz)))
    assert np.array_equal(samples, expected)
    assert (found.format, found.codec, found.channels, found.sample_rate_hz, found.duration_s) == (
        facts.format,
        facts.codec,
        facts.channels,
        facts.sample_rate_hz,
        facts.duration_s,
    )
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("suffix", "codec", "rate_hz"),
    [
        (".m4a", "aac", 44_100),
        (".webm", "libopus", 48_000),
        (".opus", "libopus", 48_000),
        (".mp3", "libmp3lame", 44_100),
        (".aac", "aac", 44_100),
    ],
)
def test_small_lossy_files_follow_each_other(
    tmp_path: Path, rising: Samples, suffix: str, codec: str, rate_hz: int
) -> None:
    """An encoder begins each file anew, so a few hundredths of a second may be added where they meet."""
    made = files_of(tmp_path, tones(6.0, 440, 1000, rate_hz=rate_hz), 4, suffix, codec, rate_hz)
    samples, facts = taken(pieced(tmp_path / "pieces", made))
    assert facts.duration_s == pytest.approx(6.0, abs=0.4)
    for start_s in (0.5, 2.0, 3.5, 5.0):
        second = samples[:, round(start_s * SAMPLE_RATE_HZ) :][:, :8000]
        heard = [float(np.argmax(np.abs(np.fft.rfft(channel))) * 2) for channel in second]
        assert heard == pytest.approx([440, 1000], abs=12)


def test_ogg_slices_may_begin_where_a_page_begins(tmp_path: Path, rising: Samples) -> None:
    path = odd_audio.write(tmp_path / "whole.opus", rising, codec="libopus", rate_hz=48_000)
    content, expected = path.read_bytes(), whole(path)[0]
    pages = [at for at in range(len(content)) if content[at : at + 4] == b"OggS"]
    assert len(pages) > 3
    cuts = [0, *pages[2:], len(content)]
    slices = [content[first:last] for first, last in itertools.pairwise(cuts)]
    assert np.array_equal(taken(pieced(tmp_path / "pieces", slices))[0], expected)


def test_the_first_slice_may_be_shorter_than_the_header(tmp_path: Path, rising: Samples) -> None:
    path = odd_audio.write(tmp_path / "whole.wav", rising, codec="pcm_s16le")
    content = path.read_bytes()
    slices = [content[:3], content[3:30], b"", content[30:], b""]
    assert np.array_equal(taken(pieced(tmp_path / "pieces", slices))[0], whole(path)[0])


def test_a_small_file_may_be_empty(tmp_path: Path, rising: Samples) -> None:
    first, second = files_of(tmp_path, rising, 2, ".wav", "pcm_s16le", 16_000)
    expected = taken(pieced(tmp_path / "pieces", [first, second]))[0]
    samples, _ = taken(pieced(tmp_path / "with-empty", [b"", first, b"", second, b""]))
    assert np.array_equal(samples, expected)


def test_small_files_may_be_of_several_formats(tmp_path: Path, rising: Samples) -> None:
    first, second = files_of(tmp_path, rising, 2, ".wav", "pcm_s16le", 16_000)
    expected = taken(pieced(tmp_path / "pieces", [first, second]))[0]
    _, second = files_of(tmp_path, rising, 2, ".flac", "flac", 16_000)
    assert np.array_equal(taken(pieced(tmp_path / "mixed", [first, second]))[0], expected)


def test_one_piece_is_a_file(tmp_path: Path, rising: Samples) -> None:
    path = odd_audio.write(tmp_path / "whole.flac", rising, codec="flac")
    assert np.array_equal(taken(pieced(tmp_path / "pieces", [path.read_bytes()], [7]))[0], whole(path)[0])


@pytest.mark.parametrize(("made_files", "odd", "found"), [(True, 9, "a slice"), (False, 4, "a complete file")])
def test_a_mixture_is_refused_and_names_the_odd_one(
    tmp_path: Path, rising: Samples, made_files: bool, odd: int, found: str
) -> None:
    files = files_of(tmp_path, rising, 5, ".wav", "pcm_s16le", 16_000)
    slices = sliced(odd_audio.write(tmp_path / "whole.wav", rising, codec="pcm_s16le").read_bytes(), 5)
    contents, others = (files, slices) if made_files else (slices, files)
    numbers = [0, 3, 4, 9, 12]
    contents[numbers.index(odd)] = others[numbers.index(odd)]
    with pytest.raises(UnusableRecording, match=f"Chunk {odd} is {found}"):
        pieced(tmp_path / "pieces", contents, numbers)


def test_what_does_not_begin_like_audio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAudio):
        pieced(tmp_path / "pieces", [b"plain text, ", b"and more of it"])


def test_a_broken_file_among_many_is_left_out_and_said(tmp_path: Path, rising: Samples) -> None:
    files = files_of(tmp_path, rising, 4, ".m4a", "aac", 44_100)
    expected = taken(pieced(tmp_path / "good", [*files[:2], files[3]]))[0]
    files[2] = files[2][:40]
    samples, facts = taken(pieced(tmp_path / "pieces", files, [0, 2, 5, 6]))
    assert np.array_equal(samples, expected)
    said = "Of this recording chunk 5 is damaged, and left out."
    assert [(warning.code, warning.message) for warning in facts.warnings] == [("chunk-damaged", said)]
    with pytest.raises(DamagedAudio):
        taken(pieced(tmp_path / "none", [content[:40] for content in files]))


def test_a_small_file_that_breaks_off_is_noticed(tmp_path: Path, rising: Samples) -> None:
    files = files_of(tmp_path, rising, 2, ".wav", "pcm_s16le", 16_000)
    files[0] = files[0][: len(files[0]) // 3]
    assert [warning.code for warning in taken(pieced(tmp_path / "pieces", files))[1].warnings] == ["truncated"]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb\x90\x64" + bytes(40),  # MPEG audio: any frame begins so
        b"\xff\xff\xfe\xff\x01\x00" * 8,  # quiet PCM looks much like it
        b"OggS\x00\x00" + bytes(40),
        b"\x1f\x43\xb6\x75" + bytes(40),  # a WebM cluster
        b"\x00\x00\x00\x18moof" + bytes(40),
        b"\x00\x00\x00\x18mdat" + bytes(40),
        bytes(40),
    ],
)
def test_what_may_stand_in_the_middle_begins_no_file(head: bytes) -> None:
    assert not begins_file(head)


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"fLaC\x00\x00",
        b"OggS\x00\x02" + bytes(40),
        b"\x1a\x45\xdf\xa3" + bytes(40),
        b"\x00\x00\x00\x18ftypM4A " + bytes(40),
        b"FORM\x00\x00\x00\x00AIFF",
        b"caff\x00\x01",
        b"#!AMR\n",
    ],
)
def test_a_container_s_mark_begins_a_file(head: bytes) -> None:
    assert begins_file(head)


def test_slices_are_joined_without_needing_the_disk_twice(
    tmp_path: Path, rising: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each slice is gone before the next is copied."""
    there: list[list[str]] = []
    copy = shutil.copyfileobj

    def copied(*given: Any) -> None:
        there.append(sorted(path.name for path in (tmp_path / "pieces").iterdir()))
        copy(*given)

    monkeypatch.setattr(shutil, "copyfileobj", copied)
    content = odd_audio.write(tmp_path / "whole.wav", rising, codec="pcm_s16le").read_bytes()
    pieced(tmp_path / "pieces", sliced(content, 3), [3, 5, 8])
    assert there == [["00003", "00005", "00008", "joined"], ["00005", "00008", "joined"], ["00008", "joined"]]
    assert [path.name for path in (tmp_path / "pieces").iterdir()] == ["joined"]
    assert (tmp_path / "pieces" / "joined").read_bytes() == content


def test_complete_files_stay_as_they_are(tmp_path: Path, rising: Samples) -> None:
    files = files_of(tmp_path, rising, 2, ".wav", "pcm_s16le", 16_000)
    taken(pieced(tmp_path / "pieces", files))
    assert sorted(path.name for path in (tmp_path / "pieces").iterdir()) == ["00000", "00001"]


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ([1, 2, 3], "Chunk 4 is a slice, while others are complete files"),
        ([1, 2], "Chunk 1 is a complete file, while others are slices of one file"),
        ([3], "Chunk 3 is a complete file, while others are slices of one file"),
    ],
)
def test_of_a_mixture_the_fewer_are_the_odd_ones(tmp_path: Path, marked: list[int], said: str) -> None:
    """The first piece begins like a file in either case; of two and two, the files are the odd ones."""
    contents = [b"fLaC" if number in marked or not number else b"1234" for number in range(5)]
    with pytest.raises(UnusableRecording, match=said):
        pieced(tmp_path / "pieces", contents)
