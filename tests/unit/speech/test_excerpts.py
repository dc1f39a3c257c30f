from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from auricle.errors import DamagedAudio, EmptyAudio, TooLong
from auricle.speech.excerpts import Excerpts, FlacExcerpt
from auricle.speech.flac import FlacWriter, Samples
from tests.fixtures.odd_audio import tones

SAMPLE_RATE_HZ = 16_000

FULL_SCALE = np.float32(32767.0)


def written(path: Path, sound: Samples) -> Samples:
    """A working copy of the sound; returns it as its 16 bits have it."""
    writer = FlacWriter(path, channels=len(sound))
    writer.write(sound)
    writer.close()
    return np.asarray(np.rint(np.clip(sound, -1, 1) * FULL_SCALE) / FULL_SCALE, dtype=np.float32)


def taken(excerpts: Excerpts) -> Samples:
    return np.concatenate(list(excerpts), axis=1)


def excerpted(*excerpts: FlacExcerpt, max_duration_s: float = 600) -> Excerpts:
    return Excerpts(excerpts, max_duration_s=max_duration_s)


def test_an_excerpt_is_its_samples_and_the_rest_the_others(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    sound = written(flac, tones(5.0, 440, 700, level=0.999))
    for start_ms, end_ms in ((0, 1), (0, 1234), (1234, 4100), (4100, None), (0, None)):
        excerpts = excerpted(FlacExcerpt(flac, start_ms, end_ms))
        samples = taken(excerpts)
        last = None if end_ms is None else end_ms * 16
        assert np.array_equal(samples, sound[:, start_ms * 16 : last])
        assert excerpts.facts.duration_s == samples.shape[1] / SAMPLE_RATE_HZ
    assert (excerpts.facts.channels, excerpts.facts.channels_kept, excerpts.facts.fold) == (2, 2, None)


def test_a_copy_of_a_copy_is_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "first.flac", tmp_path / "second.flac"
    sound = written(first, np.random.default_rng(7).uniform(-1, 1, (1, 50_000)).astype(np.float32))
    written(second, taken(excerpted(FlacExcerpt(first))))
    assert np.array_equal(taken(excerpted(FlacExcerpt(second))), sound)


def test_several_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    sound = written(flac, tones(5.0, 440))
    parts = [FlacExcerpt(flac, 0, 1111), FlacExcerpt(flac, 1111, 3001), FlacExcerpt(flac, 3001)]
    assert np.array_equal(taken(excerpted(*parts)), sound)
    assert taken(excerpted(*parts, *parts)).shape[1] == 2 * sound.shape[1]


def test_two_channels_and_one_become_one(tmp_path: Path) -> None:
    mono, stereo = tmp_path / "mono.flac", tmp_path / "stereo.flac"
    alone, both = written(mono, tones(1.0, 440)), written(stereo, tones(1.0, 440, 700))
    excerpts = excerpted(FlacExcerpt(stereo), FlacExcerpt(mono))
    samples = taken(excerpts)
    assert np.array_equal(samples, np.concatenate([both.mean(axis=0, keepdims=True), alone], axis=1))
    assert excerpts.facts.channels_kept == 1
    assert [warning.code for warning in excerpts.facts.warnings] == ["channels-mixed"]


def test_what_there_is_not_is_refused(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    written(flac, tones(2.0, 440))
    with pytest.raises(EmptyAudio):
        taken(excerpted(FlacExcerpt(flac, 2000)))
    with pytest.raises(TooLong):
        taken(excerpted(FlacExcerpt(flac), FlacExcerpt(flac), max_duration_s=3))
    flac.write_bytes(b"fLaC, and no more")
    with pytest.raises(DamagedAudio):
        taken(excerpted(FlacExcerpt(flac)))


def test_blocks_have_a_second_or_more_but_for_the_last(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    written(flac, tones(3.5, 440))
    lengths = [block.shape[1] for block in excerpted(FlacExcerpt(flac))]
    assert lengths == [16_384, 16_384, 16_384, 6848]


def test_as_much_as_is_accepted_is_taken(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    written(flac, tones(2.0, 440))
    assert taken(excerpted(FlacExcerpt(flac), max_duration_s=2.0)).shape == (1, 32_000)
    with pytest.raises(TooLong):
        taken(excerpted(FlacExcerpt(flac), max_duration_s=1.9999))


def test_the_facts_are_there_in_the_end_and_not_before(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    written(flac, tones(0.5, 440))
    excerpts = excerpted(FlacExcerpt(flac))
    with pytest.raises(RuntimeError, match="complete once every block was taken"):
        _ = excerpts.facts
    taken(excerpts)
    facts = excerpts.facts
    assert (facts.format, facts.codec, facts.sample_rate_hz, facts.duration_s) == ("flac", "flac", 16_000, 0.5)
    assert (facts.channels, facts.is_video, facts.warnings) == (1, False, ())


def test_a_file_that_is_no_flac_or_not_there_is_damaged_or_missing(tmp_path: Path) -> None:
    flac = tmp_path / "audio.flac"
    sound = np.random.default_rng(0).uniform(-1, 1, (1, 64_000)).astype(np.float32)
    written(flac, sound)
    content = flac.read_bytes()
    flac.write_bytes(content[:4] + b"\xff" * 4 + content[8:])
    with pytest.raises(DamagedAudio, match="cannot be read"):
        taken(excerpted(FlacExcerpt(flac)))


def test_a_copy_is_read_as_flac_and_its_format_never_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess would take a playlist for one, and open what it lists."""
    flac = tmp_path / "audio.flac"
    written(flac, np.zeros((1, 16_000), np.float32))
    formats: list[str | None] = []
    real_open = av.open

    def noted(*given: Any, **how: Any) -> Any:
        formats.append(how.get("format"))
        return real_open(*given, **how)

    monkeypatch.setattr(av, "open", noted)
    taken(excerpted(FlacExcerpt(flac)))
    assert formats == ["flac", "flac"]
