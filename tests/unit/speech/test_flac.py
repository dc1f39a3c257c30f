from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auricle.errors import DamagedAudio
from auricle.speech.flac import FlacIndex, FlacWriter, Samples, decode_flac_range
from auricle.speech.working_copy import read_blocks

FRAME_SAMPLES = 4096
SAMPLE_RATE_HZ = 16_000


def noise(channels: int, samples: int) -> Samples:
    random = np.random.default_rng(7)
    return np.clip(random.standard_normal((channels, samples)) * 0.1, -1, 1).astype(np.float32)


def as_kept(sound: Samples) -> Samples:
    """What 16 bits keep of a sound."""
    return np.rint(np.clip(sound, -1, 1) * 32767).astype(np.float32) / np.float32(32767)


def written(path: Path, sound: Samples, block_samples: int = 5000) -> FlacIndex:
    writer = FlacWriter(path, channels=len(sound))
    for start in range(0, sound.shape[1], block_samples):
        writer.write(sound[:, start : start + block_samples])
    return writer.close()


def read(path: Path, index: FlacIndex, start_s: float, end_s: float) -> Samples:
    """As from S3: only the range's bytes are read."""
    wanted = index.window_byte_range(start_s, end_s)
    with path.open("rb") as file:
        file.seek(wanted.start_byte)
        content = file.read(wanted.end_byte - wanted.start_byte)
    return decode_flac_range(content, index.stream_info, wanted)


@pytest.mark.parametrize("channels", [1, 2])
def test_any_stretch_reads_back_to_the_sample(tmp_path: Path, channels: int) -> None:
    sound = noise(channels, 10 * SAMPLE_RATE_HZ + 77)
    index = written(tmp_path / "a.flac", sound)
    assert (index.channels, index.sample_count) == (channels, sound.shape[1])
    random = np.random.default_rng(1)
    stretches = [sorted(random.integers(0, sound.shape[1] + 1, 2)) for _ in range(40)]
    frames = sound.shape[1] // FRAME_SAMPLES * FRAME_SAMPLES
    stretches += [[0, 1], [0, sound.shape[1]], [FRAME_SAMPLES - 1, FRAME_SAMPLES + 1], [frames, sound.shape[1]]]
    stretches += [[FRAME_SAMPLES, 2 * FRAME_SAMPLES], [sound.shape[1] - 1, sound.shape[1]]]
    for first, last in stretches:
        if first == last:
            continue
        part = read(tmp_path / "a.flac", index, first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ)
        assert part.dtype == np.float32
        np.testing.assert_array_equal(part, as_kept(sound[:, first:last]))


def test_the_whole_file_is_ordinary_flac(tmp_path: Path) -> None:
    sound = noise(2, 3 * SAMPLE_RATE_HZ)
    index = written(tmp_path / "a.flac", sound)
    whole = np.concatenate(list(read_blocks(tmp_path / "a.flac")), axis=1)
    assert np.abs(whole - sound).max() < 1e-4
    assert index.frame_offsets[-1] == (tmp_path / "a.flac").stat().st_size


def test_a_range_costs_little_more_than_its_share_of_the_file(tmp_path: Path) -> None:
    index = written(tmp_path / "a.flac", noise(1, 60 * SAMPLE_RATE_HZ))
    wanted = index.window_byte_range(20.0, 30.0)
    assert wanted.end_byte - wanted.start_byte < 1.1 * index.frame_offsets[-1] * 10 / 60


def test_a_window_is_cut_to_the_recording(tmp_path: Path) -> None:
    sound = noise(1, SAMPLE_RATE_HZ)
    index = written(tmp_path / "a.flac", sound)
    assert read(tmp_path / "a.flac", index, -1.0, 9.0).shape == sound.shape
    with pytest.raises(ValueError, match="no audio"):
        index.window_byte_range(1.0, 2.0)


@pytest.mark.parametrize("content", ["", "half", "noise"])
def test_bytes_that_are_not_the_range_are_damaged(tmp_path: Path, content: str) -> None:
    index = written(tmp_path / "a.flac", noise(1, 2 * SAMPLE_RATE_HZ))
    wanted = index.window_byte_range(0.5, 1.5)
    whole = (tmp_path / "a.flac").read_bytes()[wanted.start_byte : wanted.end_byte]
    given = {"": b"", "half": whole[: len(whole) // 2], "noise": np.random.default_rng(0).bytes(len(whole))}[content]
    with pytest.raises(DamagedAudio):
        decode_flac_range(given, index.stream_info, wanted)


def test_what_does_not_fit_is_clipped_and_not_wrapped(tmp_path: Path) -> None:
    index = written(tmp_path / "a.flac", np.array([[0.0, 2.0, -2.0, 0.5]], np.float32))
    np.testing.assert_allclose(read(tmp_path / "a.flac", index, 0, 1)[0], [0.0, 1.0, -1.0, 0.5], atol=1e-4)


def test_the_number_of_channels_is_the_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 or 2"):
        FlacWriter(tmp_path / "a.flac", channels=3)
    writer = FlacWriter(tmp_path / "a.flac", channels=1)
    with pytest.raises(ValueError, match="1 channels"):
        writer.write(noise(2, 100))
    writer.abandon()


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, 0.1, (100, 200, 0, 1600)),
        (0.0, 0.256, (100, 200, 0, 4096)),
        (0.0, 4097 / 16_000, (100, 300, 0, 4097)),
        (4095 / 16_000, 0.3, (100, 300, 4095, 4800)),
        (0.256, 0.512, (200, 300, 4096, 8192)),
        (0.512, 9.0, (300, 350, 8192, 10_000)),
        (-1.0, 0.00004, (100, 200, 0, 1)),
    ],
)
def test_a_range_is_the_whole_frames_around_what_is_wanted(
    start_s: float, end_s: float, expected: tuple[int, int, int, int]
) -> None:
    index = FlacIndex(bytes(34), (100, 200, 300, 350), sample_count=10_000, channels=1)
    assert index.duration_s == 0.625
    found = index.window_byte_range(start_s, end_s)
    assert (found.start_byte, found.end_byte, found.start_sample, found.end_sample) == expected


@pytest.mark.parametrize(("start_s", "end_s"), [(0.5, 0.5), (0.5, 0.4), (0.625, 1.0), (-2.0, -1.0)])
def test_a_range_without_audio_is_refused(start_s: float, end_s: float) -> None:
    index = FlacIndex(bytes(34), (100, 200, 300, 350), sample_count=10_000, channels=1)
    with pytest.raises(ValueError, match=r"of 0\.625 s"):
        index.window_byte_range(start_s, end_s)
