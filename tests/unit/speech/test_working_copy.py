from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auricle.errors import DamagedAudio, EmptyAudio
from auricle.speech.flac import Samples, decode_flac_range
from auricle.speech.vad import VoiceActivityModel
from auricle.speech.working_copy import WorkingCopy, read_blocks, write_working_copy
from tests.fixtures import odd_audio

SAMPLE_RATE_HZ = 16_000


def copied(source: Path, model: VoiceActivityModel) -> WorkingCopy:
    target = source.with_name("copy.flac")
    return write_working_copy(source, target, voice_activity=model, max_duration_s=3600, max_size_bytes=1 << 26)


def test_the_demo_call_becomes_windows_of_speech(demo_copy: tuple[WorkingCopy, Path], demo_call: Samples) -> None:
    copy, flac = demo_copy
    assert copy.index.duration_s == copy.facts.duration_s == len(demo_call) / SAMPLE_RATE_HZ
    assert len(copy.peaks.levels[0]) == np.ceil(copy.index.duration_s * 10)
    assert 3 <= len(copy.windows) <= 5
    assert sum(window.duration_s for window in copy.windows) > 0.9 * copy.index.duration_s
    wanted = copy.index.window_byte_range(copy.windows[1].start_s, copy.windows[1].end_s)
    content = flac.read_bytes()[wanted.start_byte : wanted.end_byte]
    sound = decode_flac_range(content, copy.index.stream_info, wanted)[0]
    np.testing.assert_allclose(sound, demo_call[wanted.start_sample : wanted.end_sample], atol=1e-4)


def test_a_call_keeps_its_sides_apart(tmp_path: Path, voice_activity: VoiceActivityModel, demo_call: Samples) -> None:
    length = 30 * SAMPLE_RATE_HZ
    agent, customer = demo_call[:length].copy(), np.zeros(length, np.float32)
    customer[round(6.5 * SAMPLE_RATE_HZ) : round(12.2 * SAMPLE_RATE_HZ)] = agent[
        round(6.5 * SAMPLE_RATE_HZ) : round(12.2 * SAMPLE_RATE_HZ)
    ]
    agent -= 0.9 * customer  # a tenth of the customer comes through on the agent's side
    call = odd_audio.write(tmp_path / "call.wav", np.stack([agent, customer]), codec="pcm_s16le")
    copy = copied(call, voice_activity)
    assert (copy.facts.fold, copy.index.channels, len(copy.peaks.levels)) == (None, 2, 2)
    spoken = [[r for w in copy.windows if w.channel == channel for r in w.regions] for channel in (0, 1)]
    assert all(region.start_s > 6.4 and region.end_s < 12.4 for region in spoken[1])
    assert spoken[1]
    assert not [r for r in spoken[0] if 7.0 < (r.start_s + r.end_s) / 2 < 11.5], "crosstalk is not transcribed"


@pytest.mark.parametrize("phase", [1, -1])
def test_one_conversation_on_two_channels_becomes_one_channel(
    tmp_path: Path, voice_activity: VoiceActivityModel, demo_call: Samples, phase: int
) -> None:
    sound = demo_call[: 12 * SAMPLE_RATE_HZ]
    stereo = odd_audio.write(tmp_path / "memo.wav", np.stack([sound, phase * sound]), codec="pcm_s16le")
    copy = copied(stereo, voice_activity)
    assert (copy.facts.channels, copy.facts.channels_kept, copy.index.channels) == (2, 2, 1)
    kept = np.concatenate(list(read_blocks(tmp_path / "copy.flac")), axis=1)
    np.testing.assert_allclose(kept[0], sound, atol=2e-4)
    assert copy.windows
    assert {path.name for path in tmp_path.iterdir()} == {"memo.wav", "copy.flac"}


def test_silence_has_no_windows(tmp_path: Path, voice_activity: VoiceActivityModel) -> None:
    silence = np.zeros((2, 60 * SAMPLE_RATE_HZ), np.float32)
    copy = copied(odd_audio.write(tmp_path / "silence.flac", silence, codec="flac"), voice_activity)
    assert copy.windows == ()
    assert copy.index.duration_s == 60
    assert not any(copy.peaks.levels[0])


def test_errors_leave_no_open_file(tmp_path: Path, voice_activity: VoiceActivityModel) -> None:
    bare = odd_audio.write_wav_8_bit(tmp_path / "bare.wav", np.zeros((1, 0), np.float32))
    with pytest.raises(EmptyAudio):
        copied(bare, voice_activity)
    broken = odd_audio.write(tmp_path / "a.m4a", odd_audio.tones(3, 440), codec="aac")
    with pytest.raises(DamagedAudio):
        copied(odd_audio.cut(broken, 0.5), voice_activity)
