"""What a media file may declare. A few bytes can promise gigabytes of samples, so the promise is checked first.

A FLAC file of 81 bytes at 16 Hz becomes a thousand times as many samples at 16 kHz; a cover picture of 30,000 pixels a
side is decoded by libavformat only to learn its colours. Everything here is checked before the decoder or the
resampler is asked for the result.
"""

from __future__ import annotations

from collections.abc import Sequence

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.packet import Packet

from auricle.errors import DamagedAudio, EmptyAudio, UnsupportedAudio

MIN_SAMPLE_RATE_HZ = 4_000
MAX_SAMPLE_RATE_HZ = 384_000
MAX_CHANNELS = 64
MAX_TRACKS = 100
MAX_PACKET_BYTES = 16 << 20
MAX_FRAME_SAMPLES = 1 << 22
"""Of all channels together. Few frames have more than 8 x 65,535 (FLAC) or a second (PCM in a movie)."""
MAX_FORMAT_CHANGES = 1000
"""How often rate or channels may change on the way: every change takes a new resampler."""

_DECODERS = frozenset(
    """
    aac aac_latm ac3 eac3 dca truehd mlp alac flac opus libopus vorbis libvorbis speex libspeex
    mp1 mp1float mp2 mp2float mp3 mp3float wavpack tta
    wmav1 wmav2 wmapro wmavoice wmalossless truespeech
    amrnb amrwb libopencore_amrnb libopencore_amrwb evrc qcelp gsm gsm_ms
    g722 g723_1 g726 g726le g729 nellymoser qdm2 qdmc mace3 mace6
    adpcm_ms adpcm_ima_wav adpcm_ima_qt adpcm_ima_oki adpcm_yamaha adpcm_swf
    pcm_alaw pcm_mulaw pcm_s8 pcm_s8_planar pcm_u8
    pcm_s16be pcm_s16be_planar pcm_s16le pcm_s16le_planar pcm_u16be pcm_u16le
    pcm_s24be pcm_s24le pcm_s24le_planar pcm_u24be pcm_u24le
    pcm_s32be pcm_s32le pcm_s32le_planar pcm_u32be pcm_u32le pcm_s64be pcm_s64le
    pcm_f16le pcm_f24le pcm_f32be pcm_f32le pcm_f64be pcm_f64le
    """.split()
)
"""libavcodec's decoders of recorded sound. Others (games, broadcast, pictures, video) are never started."""

OPEN_OPTIONS = {
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(sorted(_DECODERS)),
    "max_streams": str(MAX_TRACKS),
    "max_samples": str(MAX_FRAME_SAMPLES),
}
"""For av.open: these hold while libavformat probes the tracks, too."""

DECODER_OPTIONS = {"max_samples": str(MAX_FRAME_SAMPLES)}


def chosen_track(tracks: Sequence[AudioStream]) -> AudioStream:
    """The first track that can be decoded: phones put one for their own players beside it.

    Raises:
        EmptyAudio: there is no audio track.
        UnsupportedAudio: none of them is in an encoding that is read, or the first that is breaks a bound.
    """
    if not tracks:
        raise EmptyAudio("The file holds no sound: there is no audio track in it.")
    for stream in tracks:
        # PyAV has no codec context where libavcodec has no decoder, as for a made-up format tag.
        context: CodecContext | None = stream.codec_context
        if context is not None and context.codec.name in _DECODERS:
            # A rate that the header leaves open is told by the first frame.
            if stream.sample_rate:
                _check_rate(stream.sample_rate)
            _check_channels(stream.channels)
            return stream
    raise UnsupportedAudio(f"The sound in the file is in an encoding that is not read here. {_SAVE_AS}")


def check_packet(packet: Packet[AudioStream]) -> None:
    """Raises DamagedAudio for encoded sound in one piece that is larger than any encoder makes."""
    if packet.size > MAX_PACKET_BYTES:
        raise DamagedAudio(
            f"The file holds {packet.size / 1e6:.0f} MB of sound in a single piece, larger than any encoder makes: "
            f"it is damaged. {_SAVE_AS}"
        )


def check_format(frame: AudioFrame) -> None:
    """Raises UnsupportedAudio for decoded sound whose format must not reach the resampler."""
    _check_rate(frame.sample_rate)
    _check_channels(frame.layout.nb_channels)


def check_length(samples: int, channels: int) -> None:
    """Raises DamagedAudio for a frame that must not reach the resampler."""
    if samples * channels > MAX_FRAME_SAMPLES:
        raise DamagedAudio(f"The file holds {samples} samples in a single piece: it is damaged. {_SAVE_AS}")


def _check_rate(rate_hz: int) -> None:
    if not MIN_SAMPLE_RATE_HZ <= rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise UnsupportedAudio(
            f"The file has {rate_hz} samples a second; from {MIN_SAMPLE_RATE_HZ} to {MAX_SAMPLE_RATE_HZ} are read. "
            "Save the recording at 16000 or 48000 Hz and upload it again."
        )


def _check_channels(channels: int) -> None:
    if channels > MAX_CHANNELS:
        raise UnsupportedAudio(
            f"The file has {channels} channels; at most {MAX_CHANNELS} are read. "
            "Save the recording with one or two channels and upload it again."
        )


_SAVE_AS = "Save the recording as WAV, FLAC, MP3, M4A or Opus and upload it again."
