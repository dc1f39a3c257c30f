from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np
import pytest

from auricle.errors import DamagedAudio, EmptyAudio, TooLarge, TooLong, UnsupportedAudio
from auricle.speech import decode as decoding_module
from auricle.speech import ogg
from auricle.speech.decode import AudioFacts, decode
from auricle.speech.flac import Samples
from tests.fixtures import containers, odd_audio
from tests.fixtures.odd_audio import tones

SAMPLE_RATE_HZ = 16_000


def decoded(source: Path | BinaryIO, max_duration_s: float = 7200.0) -> tuple[Samples, AudioFacts]:
    decoding = decode(source, max_duration_s=max_duration_s, max_size_bytes=1 << 26)
    blocks = list(decoding)
    return np.concatenate(blocks, axis=1), decoding.facts


def loudest_hz(channel: Samples) -> float:
    middle = channel[len(channel) // 4 : len(channel) * 3 // 4]
    return float(np.argmax(np.abs(np.fft.rfft(middle))) * SAMPLE_RATE_HZ / len(middle))


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "format_name"),
    [
        ("a.wav", "pcm_s16le", 16_000, "wav"),
        ("a.wav", "pcm_f32le", 48_000, "wav"),
        ("a.wav", "pcm_s24le", 44_100, "wav"),
        ("a.mp3", "libmp3lame", 44_100, "mp3"),
        ("a.m4a", "aac", 44_100, "m4a"),
        ("a.mp4", "aac", 48_000, "mp4"),
        ("a.mov", "aac", 48_000, "mov"),
        ("a.aac", "aac", 44_100, "aac"),
        ("a.webm", "libopus", 48_000, "webm"),
        ("a.mkv", "libopus", 48_000, "matroska"),
        ("a.opus", "libopus", 48_000, "opus"),
        ("a.ogg", "vorbis", 44_100, "ogg"),
        ("a.flac", "flac", 44_100, "flac"),
        ("a.wma", "wmav2", 44_100, "wma"),
        ("a.aiff", "pcm_s16be", 22_050, "aiff"),
        ("a.au", "pcm_s16be", 8_000, "au"),
        ("a.caf", "pcm_s16le", 16_000, "caf"),
    ],
)
def test_every_format_keeps_its_two_channels_apart(
    tmp_path: Path, name: str, codec: str, rate_hz: int, format_name: str
) -> None:
    sound = tones(3.0, 440, 1000, rate_hz=rate_hz)
    samples, facts = decoded(odd_audio.write(tmp_path / name, sound, codec=codec, rate_hz=rate_hz))
    assert samples.dtype == np.float32
    assert [loudest_hz(channel) for channel in samples] == pytest.approx([440, 1000], abs=12)
    assert facts.format == format_name
    assert (facts.channels, facts.channels_kept, facts.sample_rate_hz) == (2, 2, rate_hz)
    assert facts.duration_s == pytest.approx(3.0, abs=0.15)
    assert facts.duration_s == samples.shape[1] / SAMPLE_RATE_HZ
    assert (facts.is_video, facts.fold, facts.warnings) == (False, None, ())


def test_amr_from_a_telephone() -> None:
    frame = bytes([0x3C]) + bytes(31)  # 12.2 kbit/s, 20 ms
    samples, facts = decoded(io.BytesIO(b"#!AMR\n" + frame * 100))
    assert (facts.format, facts.codec, facts.sample_rate_hz) == ("amr", "amr_nb", 8000)
    assert samples.shape[1] == pytest.approx(2 * SAMPLE_RATE_HZ, abs=320)


def test_telephone_mu_law_becomes_16_khz(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "call.wav", tones(2, 440, rate_hz=8000), codec="pcm_mulaw", rate_hz=8000)
    samples, facts = decoded(path)
    assert (facts.codec, facts.sample_rate_hz, facts.channels) == ("pcm_mulaw", 8000, 1)
    assert samples.shape == (1, 2 * SAMPLE_RATE_HZ)
    assert loudest_hz(samples[0]) == pytest.approx(440, abs=1)


def test_eight_bits_are_enough(tmp_path: Path) -> None:
    samples, _ = decoded(odd_audio.write_wav_8_bit(tmp_path / "memo.wav", tones(1, 440)))
    assert np.abs(samples - tones(1, 440)).max() < 0.02


def test_eight_channels_become_one_in_which_each_counts_the_same(tmp_path: Path) -> None:
    frequencies = [300 + 200 * channel for channel in range(8)]
    path = odd_audio.write(tmp_path / "array.wav", tones(2, *frequencies), codec="pcm_s16le", layout="7.1")
    samples, facts = decoded(path)
    assert (facts.channels, facts.channels_kept, len(samples)) == (8, 1, 1)
    spectrum = np.abs(np.fft.rfft(samples[0]))
    heard = spectrum[[2 * hz for hz in frequencies]]
    assert heard.min() > 0.9 * heard.max(), "the fourth microphone is no subwoofer"


def test_sixteen_channels_without_a_layout_become_one(tmp_path: Path) -> None:
    path = tmp_path / "array.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(16)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.repeat(tones(1, 440), 16, axis=0).T * 32767).astype("<i2").tobytes())
    samples, facts = decoded(path)
    assert (facts.channels, len(samples)) == (16, 1)
    assert np.abs(samples - tones(1, 440)).max() < 0.01


def test_a_wav_of_unknown_length_is_not_called_truncated(tmp_path: Path) -> None:
    content = bytearray(odd_audio.write_wav_8_bit(tmp_path / "a.wav", tones(1, 440)).read_bytes())
    for unknown in (0, 0xFFFF_FFFF):
        content[40:44] = unknown.to_bytes(4, "little")
        _, facts = decoded(io.BytesIO(bytes(content)))
        assert facts.duration_s == pytest.approx(1.0, abs=0.01)
        assert facts.warnings == ()


def test_only_the_sound_of_a_video_is_taken_and_the_facts_say_so(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.mp4", tones(2, 440, rate_hz=44_100), codec="aac", rate_hz=44_100, picture=True)
    samples, facts = decoded(path)
    assert facts.is_video
    assert loudest_hz(samples[0]) == pytest.approx(440, abs=2)


def test_a_video_without_sound_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        output.mux(video.encode(None))
    with pytest.raises(EmptyAudio, match="no audio track"):
        decoded(path)


def test_a_stream_can_change_its_shape_on_the_way(tmp_path: Path) -> None:
    first = odd_audio.write(tmp_path / "a.mp3", tones(2, 440, 440, rate_hz=44_100), codec="libmp3lame", rate_hz=44_100)
    then = odd_audio.write(tmp_path / "b.mp3", tones(2, 1000, rate_hz=22_050), codec="libmp3lame", rate_hz=22_050)
    samples, facts = decoded(io.BytesIO(first.read_bytes() + then.read_bytes()))
    assert len(samples) == facts.channels_kept == 2
    assert facts.duration_s == pytest.approx(4.0, abs=0.3)
    assert loudest_hz(samples[0, -SAMPLE_RATE_HZ:]) == pytest.approx(1000, abs=5)


def test_the_name_does_not_matter_and_an_open_file_does(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.m4a", tones(1, 440), codec="aac")
    misnamed = path.rename(tmp_path / "ÄÖ 🎙 notes.txt")
    with misnamed.open("rb") as file:
        assert decoded(file)[1].format == "m4a"
        assert not file.closed, "whoever opened it closes it"


@pytest.mark.parametrize("script", ["ffconcat version 1.0\nfile '{}'\n", "#EXTM3U\n#EXTINF:3,\n{}\n"])
def test_a_list_of_files_posing_as_audio_opens_none_of_them(tmp_path: Path, script: str) -> None:
    secret = odd_audio.write(tmp_path / "secret.wav", tones(1, 440), codec="pcm_s16le")
    posing = tmp_path / "call.mp3"
    posing.write_text(script.format(secret.name))
    with pytest.raises(UnsupportedAudio, match="list"):
        decode(posing, max_duration_s=60, max_size_bytes=1 << 20)


def test_a_list_behind_an_id3_tag_opens_no_file_either(tmp_path: Path) -> None:
    odd_audio.write(tmp_path / "secret.wav", tones(1, 440), codec="pcm_s16le")
    posing = tmp_path / "call.mp3"
    posing.write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"ffconcat version 1.0\nfile secret.wav\n")
    with pytest.raises(UnsupportedAudio):
        decode(posing, max_duration_s=60, max_size_bytes=1 << 20)


def test_empty_files(tmp_path: Path) -> None:
    with pytest.raises(EmptyAudio, match="0 bytes"):
        decoded(io.BytesIO(b""))
    bare = odd_audio.write_wav_8_bit(tmp_path / "bare.wav", np.zeros((1, 0), np.float32))
    with pytest.raises(EmptyAudio, match="no length"):
        decoded(bare)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.mp3", "libmp3lame"), ("a.flac", "flac")])
def test_a_truncated_file_gives_what_is_there_and_a_warning(tmp_path: Path, name: str, codec: str) -> None:
    path = odd_audio.write(tmp_path / name, tones(10, 440, rate_hz=44_100), codec=codec, rate_hz=44_100)
    samples, facts = decoded(odd_audio.cut(path, 0.6))
    assert facts.duration_s == pytest.approx(6.0, abs=0.7)
    assert samples.shape[1] == facts.duration_s * SAMPLE_RATE_HZ
    (warning,) = facts.warnings
    assert warning.code == "truncated"
    assert "10.0 s" in warning.message
    assert f"{facts.duration_s:.1f} s" in warning.message


def test_a_truncated_m4a_whose_index_comes_first_gives_what_is_there(tmp_path: Path) -> None:
    path = odd_audio.write(
        tmp_path / "a.m4a",
        tones(10, 440, rate_hz=44_100),
        codec="aac",
        rate_hz=44_100,
        options={"movflags": "faststart"},
    )
    _, facts = decoded(odd_audio.cut(path, 0.6))
    assert 4.0 < facts.duration_s < 7.0
    assert [warning.code for warning in facts.warnings] == ["truncated"]


def test_a_truncated_m4a_without_its_index_is_damaged(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.m4a", tones(10, 440, rate_hz=44_100), codec="aac", rate_hz=44_100)
    with pytest.raises(DamagedAudio, match="cut off in transfer"):
        decoded(odd_audio.cut(path, 0.6))


@pytest.mark.parametrize("share", [0.0008, 0.004])
def test_hardly_more_than_a_header_is_damaged(tmp_path: Path, share: float) -> None:
    path = odd_audio.write(tmp_path / "a.flac", tones(10, 440), codec="flac")
    with pytest.raises(DamagedAudio):
        decoded(odd_audio.cut(path, share))


def test_noise_behind_a_good_head_is_damaged(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.m4a", tones(5, 440), codec="aac", options={"movflags": "faststart"})
    content = bytearray(path.read_bytes())
    sound_starts = content.index(b"mdat") + 4
    content[sound_starts:] = np.random.default_rng(0).bytes(len(content) - sound_starts)
    with pytest.raises(DamagedAudio):
        decoded(io.BytesIO(bytes(content)))


def test_a_damaged_part_is_left_out_and_said(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.flac", tones(20, 440, 700), codec="flac")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    _, facts = decoded(io.BytesIO(bytes(content)))
    assert 15 < facts.duration_s <= 20
    assert {warning.code for warning in facts.warnings} <= {"damaged", "truncated"}
    assert facts.warnings


def test_an_hour_of_silence_is_read_in_little_memory_and_bounded(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "hour.flac", np.zeros((1, 3600 * 8000), np.float32), codec="flac", rate_hz=8000)
    assert path.stat().st_size < 1_000_000
    decoding = decode(path, max_duration_s=3600.5, max_size_bytes=1 << 20)
    assert max(block.shape[1] for block in decoding) < 2 * SAMPLE_RATE_HZ
    assert decoding.facts.duration_s == 3600
    taken: list[Samples] = []
    with pytest.raises(TooLong, match="1 min 30 s"):
        taken.extend(decode(path, max_duration_s=90, max_size_bytes=1 << 20))
    assert sum(block.shape[1] for block in taken) <= 90 * SAMPLE_RATE_HZ, "it stops there, the rest is not decoded"


def test_too_many_bytes_are_refused_before_decoding(tmp_path: Path) -> None:
    path = odd_audio.write(tmp_path / "a.wav", tones(2, 440), codec="pcm_s16le")
    with pytest.raises(TooLarge, match="at most"):
        decode(path, max_duration_s=60, max_size_bytes=path.stat().st_size - 1)
    assert list(decode(path, max_duration_s=60, max_size_bytes=path.stat().st_size))


def test_facts_wait_for_the_last_block(tmp_path: Path) -> None:
    decoding = decode(
        odd_audio.write(tmp_path / "a.wav", tones(2, 440), codec="pcm_s16le"), max_duration_s=60, max_size_bytes=1 << 20
    )
    with pytest.raises(RuntimeError):
        _ = decoding.facts


def test_floats_beyond_reason_do_not_spread(tmp_path: Path) -> None:
    sound = tones(1, 440)
    sound[0, 5000:5010] = np.nan
    samples, _ = decoded(odd_audio.write(tmp_path / "a.wav", sound, codec="pcm_f32le"))
    assert np.isfinite(samples).all()


def test_two_channels_with_one_conversation_can_be_folded(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    voice, other = random.standard_normal((2, SAMPLE_RATE_HZ)).astype(np.float32) * 0.1
    silence = np.zeros_like(voice)

    def fold(left: Samples, right: Samples) -> tuple[float, float] | None:
        return decoded(odd_audio.write(tmp_path / "a.wav", np.stack([left, right]), codec="pcm_f32le"))[1].fold

    assert fold(voice, voice) == (0.5, 0.5)
    assert fold(voice, -voice) == (0.5, -0.5), "opposite phases would cancel out"
    assert fold(voice, 0.7 * voice + 0.3 * other) == (0.5, 0.5)
    assert fold(voice, silence) == (1.0, 0.0)
    assert fold(silence, voice) == (0.0, 1.0)
    assert fold(voice, other) is None
    assert fold(voice + 0.25 * other, other + 0.25 * voice) is None, "crosstalk at -12 dB is still two sides of a call"


def test_a_room_before_distant_microphones_is_one_conversation_and_a_call_is_two(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    voices = random.standard_normal((2, 30 * SAMPLE_RATE_HZ)).astype(np.float32) * 0.1
    for second in range(30):  # they take turns, and every third second is a pause
        moment = slice(second * SAMPLE_RATE_HZ, (second + 1) * SAMPLE_RATE_HZ)
        voices[[0, 1] if second % 3 == 2 else [1 - second % 3], moment] *= 0.001
    one, two = voices
    late = round(0.02 * SAMPLE_RATE_HZ)  # seven metres further away

    def fold(left: Samples, right: Samples) -> tuple[float, float] | None:
        return decoded(odd_audio.write(tmp_path / "a.wav", np.stack([left, right]), codec="pcm_f32le"))[1].fold

    assert fold(one + 0.7 * np.roll(two, late), two + 0.7 * np.roll(one, late)) == (0.5, 0.5)
    assert fold(one, two) is None
    assert fold(one + 0.25 * np.roll(two, late), two + 0.25 * np.roll(one, late)) is None


def test_sides_that_take_turns_every_tenth_of_a_second_are_two_sides_of_a_call(tmp_path: Path) -> None:
    """Each tenth belongs to one of them. Both hear the same sound behind their own, and every fifth second is quiet."""
    sound = np.random.default_rng(0).standard_normal((2, 20 * SAMPLE_RATE_HZ)).astype(np.float32) * 0.1
    for tenth in range(200):
        moment = slice(tenth * 1600, (tenth + 1) * 1600)
        sound[[0, 1] if tenth % 50 >= 40 else [tenth % 2], moment] *= 0.001
    assert decoded(odd_audio.write(tmp_path / "a.wav", sound, codec="pcm_f32le"))[1].fold is None


@pytest.mark.parametrize(
    ("size", "sizes", "found"),
    [
        (5_000, b"\0\0\x26\x7e", "flac"),
        (67_108_864, b"\x1f\x7f\x7f\x76", "flac"),
        (67_108_865, b"\x1f\x7f\x7f\x77", "mp3"),
    ],
)
def test_a_format_is_told_behind_an_id3_tag_of_up_to_64_mib(
    tmp_path: Path, size: int, sizes: bytes, found: str
) -> None:
    """A tag that is longer than what is looked at holds cover art, which nearly always comes with MP3."""
    flac = odd_audio.write(tmp_path / "a.flac", tones(1, 440), codec="flac").read_bytes()
    with (tmp_path / "tagged").open("wb") as file:
        file.write(b"ID3\x04\0\0" + sizes)
        file.seek(size)
        file.write(flac)
    assert decode(tmp_path / "tagged", max_duration_s=60, max_size_bytes=1 << 27).format.name == found


# --- what a file refers to ----------------------------------------------------------------------------------


def test_a_movie_opens_no_other_file_though_libavformat_would(tmp_path: Path) -> None:
    secret = odd_audio.write(tmp_path / "secret.wav", tones(2, 440), codec="pcm_s16le")
    table = containers.sample_table(containers.sound_description())
    reference = containers.file_reference(str(secret))
    content = containers.movie(bytes(64_000), containers.track(table, reference=reference))
    asked: list[str] = []

    def open_it(url: str, *_: object) -> BinaryIO:
        asked.append(url)
        return secret.open("rb")

    allowed = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(io.BytesIO(content), format="mov", options=allowed, io_open=open_it):
        assert asked == [str(secret)], "the file does refer to another"
    with pytest.raises(DamagedAudio, match="nothing in it can be decoded"):
        decoded(io.BytesIO(content))


# --- chains -------------------------------------------------------------------------------------------------


def test_every_link_of_a_chain_is_decoded_whatever_its_channels(tmp_path: Path) -> None:
    links = [
        odd_audio.write(tmp_path / f"{number}.opus", tones(2, *hz, rate_hz=48_000), codec="libopus", rate_hz=48_000)
        for number, hz in enumerate([(440,), (1000, 1000), (700,)])
    ]
    samples, facts = decoded(io.BytesIO(b"".join(link.read_bytes() for link in links)))
    assert facts.duration_s == pytest.approx(6.0, abs=0.1)
    heard = [loudest_hz(samples[0, 2 * at * SAMPLE_RATE_HZ : 2 * (at + 1) * SAMPLE_RATE_HZ]) for at in range(3)]
    assert heard == pytest.approx([440, 1000, 700], abs=12)
    assert [warning.code for warning in facts.warnings] == ["channels-mixed"]


def test_a_chain_is_cut_where_its_links_begin(tmp_path: Path) -> None:
    sound = tones(2, 440, rate_hz=48_000)
    link = odd_audio.write(tmp_path / "a.opus", sound, codec="libopus", rate_hz=48_000).read_bytes()
    assert ogg.links(io.BytesIO(link)) == [(0, len(link))]
    noise = b"\1" * 70_000
    chained = io.BytesIO(link + noise + link)
    assert ogg.links(chained) == [(0, len(link) + len(noise)), (len(link) + len(noise), 2 * len(link) + len(noise))]
    assert ogg.links(io.BytesIO(noise)) == [(0, len(noise))]


# --- failures that nobody foresaw ---------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [MemoryError(), AttributeError("codec"), KeyError("x"), av.error.ExitError(1, "?")])
def test_an_unknown_failure_of_the_decoder_has_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    path = odd_audio.write(tmp_path / "a.wav", tones(1, 440), codec="pcm_s16le")

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(DamagedAudio, match="damaged or of an unknown kind") as raised:
        decoded(path)
    assert raised.value.__cause__ is failure, "for the log"


def test_a_disk_that_fails_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 4096:
                raise OSError(5, "Input/output error")
            return super().read(size)

    path = odd_audio.write(tmp_path / "a.wav", tones(10, 440), codec="pcm_s16le")
    with pytest.raises(OSError, match="Input/output"):
        decoded(Failing(path.read_bytes()))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (7325, "2 h 2 min 5 s"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert decoding_module._spoken(seconds) == said


@pytest.mark.parametrize(
    ("declares", "seconds"), [(None, 0.5), (32_000, 1.0), (1, 1 / 32_000), (0, None), (2**32 - 1, None)]
)
def test_a_wav_header_promises_its_data_over_its_byte_rate(declares: int | None, seconds: float | None) -> None:
    odd = containers.chunk(b"LIST", b"abc")
    content = containers.wav(containers.wav_format(), bytes(16_000), before=odd, declares=declares)
    assert decoding_module._wav_duration_s(content) == seconds
    assert decoding_module._wav_duration_s(content[: 12 + 24 + 12 + 8]) == seconds, "the header is enough"
    assert decoding_module._wav_duration_s(content[: 12 + 24 + 12 + 7]) is None


def test_a_wav_header_without_a_byte_rate_promises_nothing() -> None:
    assert decoding_module._wav_duration_s(containers.wav(containers.wav_format(bytes_per_s=0), bytes(100))) is None
