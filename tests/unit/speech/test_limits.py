from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from auricle.errors import DamagedAudio, EmptyAudio, UnsupportedAudio
from auricle.speech import limits


def track(codec: str | None = "aac", *, rate_hz: int = 16_000, channels: int = 1) -> Any:
    context = None if codec is None else SimpleNamespace(codec=SimpleNamespace(name=codec))
    return SimpleNamespace(codec_context=context, sample_rate=rate_hz, channels=channels)


def frame(*, rate_hz: int = 16_000, channels: int = 1) -> Any:
    return SimpleNamespace(sample_rate=rate_hz, layout=SimpleNamespace(nb_channels=channels))


def test_the_first_track_that_can_be_decoded_is_taken() -> None:
    readable = track("opus")
    assert limits.chosen_track([track(None), track("h264"), readable, track("aac")]) is readable
    with pytest.raises(EmptyAudio, match="no audio track"):
        limits.chosen_track([])
    with pytest.raises(UnsupportedAudio, match="an encoding that is not read"):
        limits.chosen_track([track(None), track("h264")])


def test_a_track_that_leaves_its_rate_open_is_taken() -> None:
    open_track = track(rate_hz=0)
    assert limits.chosen_track([open_track]) is open_track


@pytest.mark.parametrize(("rate_hz", "read"), [(3999, False), (4000, True), (384_000, True), (384_001, False)])
def test_rates_from_4_to_384_khz_are_read(rate_hz: int, read: bool) -> None:
    if read:
        limits.check_format(frame(rate_hz=rate_hz))
        limits.chosen_track([track(rate_hz=rate_hz)])
        return
    said = f"The file has {rate_hz} samples a second; from 4000 to 384000 are read"
    with pytest.raises(UnsupportedAudio, match=said):
        limits.check_format(frame(rate_hz=rate_hz))
    with pytest.raises(UnsupportedAudio, match=said):
        limits.chosen_track([track(rate_hz=rate_hz)])


def test_at_most_64_channels_are_read() -> None:
    limits.check_format(frame(channels=64))
    limits.chosen_track([track(channels=64)])
    said = "The file has 65 channels; at most 64 are read"
    with pytest.raises(UnsupportedAudio, match=said):
        limits.check_format(frame(channels=65))
    with pytest.raises(UnsupportedAudio, match=said):
        limits.chosen_track([track(channels=65)])


def test_a_packet_has_at_most_16_mib() -> None:
    packet: Any = SimpleNamespace(size=16_777_216)
    limits.check_packet(packet)
    packet.size += 1
    with pytest.raises(DamagedAudio, match="17 MB of sound in a single piece"):
        limits.check_packet(packet)


def test_a_frame_has_at_most_four_mebisamples_of_all_channels_together() -> None:
    limits.check_length(4_194_304, 1)
    limits.check_length(2_097_152, 2)
    for samples, channels in ((4_194_305, 1), (2_097_153, 2)):
        with pytest.raises(DamagedAudio, match=f"The file holds {samples} samples in a single piece"):
            limits.check_length(samples, channels)


def test_the_decoder_is_told_the_bounds_too() -> None:
    options = limits.OPEN_OPTIONS
    assert (options["protocol_whitelist"], options["max_streams"], options["max_samples"]) == ("none", "100", "4194304")
    assert limits.DECODER_OPTIONS == {"max_samples": "4194304"}
    assert limits.MAX_FORMAT_CHANGES == 1000
    readers = options["codec_whitelist"].split(",")
    assert readers == sorted(readers)
    assert {"aac", "opus", "flac", "pcm_s16le", "amrnb"} <= set(readers)
    assert not {"h264", "png", "mjpeg"} & set(readers)
