"""When somebody speaks: Silero's voice activity model over a stream of any length.

The model (Silero VAD v6, MIT) looks at 512 samples at a time and carries a recurrent state. Here the state is
carried across blocks, so one pass over a stream gives exactly what the whole file at once would, in constant
memory but for one probability and one level per frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auricle.errors import ModelUnavailable
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
"""32 ms: the step of every track below."""

_CONTEXT_SAMPLES = 64
_FRAMES_PER_RUN = 256
_SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class SpeechRegion:
    """A stretch in which somebody speaks, in seconds."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, eq=False)
class VoiceTrack:
    """What the model heard on one channel, one value for each 32 ms."""

    probabilities: npt.NDArray[np.float32]
    """Probability of speech, (frames,)."""

    levels_db: npt.NDArray[np.float32]
    """Level in dB of full scale, (frames,)."""

    duration_s: float


class VoiceActivityModel:
    """The weights, loaded once and shared by any number of channels. One thread: two would only contend."""

    def __init__(self, path: Path) -> None:
        import onnxruntime as ort

        if not path.is_file():
            raise ModelUnavailable(f"The voice activity model is not at {path}.")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session: InferenceSession = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class VoiceActivity:
    """Listens to one channel: `feed` it the stream in blocks of any size, then `finish`."""

    def __init__(self, model: VoiceActivityModel) -> None:
        self._session = model.session
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
        self._context: Samples = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._pending: list[Samples] = []
        self._pending_count = 0
        self._sample_count = 0
        self._probabilities: list[npt.NDArray[np.float32]] = []
        self._levels_db: list[npt.NDArray[np.float32]] = []

    def feed(self, samples: Samples) -> None:
        """Take the next samples of the channel, (n,)."""
        self._pending.append(samples)
        self._pending_count += len(samples)
        self._sample_count += len(samples)
        if self._pending_count >= FRAME_SAMPLES * _FRAMES_PER_RUN:
            waiting = np.concatenate(self._pending)
            whole = len(waiting) // FRAME_SAMPLES * FRAME_SAMPLES
            self._run(waiting[:whole])
            self._pending, self._pending_count = [waiting[whole:]], len(waiting) - whole

    def finish(self) -> VoiceTrack:
        """The whole track. A last, incomplete frame is filled up with silence."""
        if self._pending_count:
            waiting = np.concatenate(self._pending)
            self._run(np.pad(waiting, (0, -len(waiting) % FRAME_SAMPLES)))
            self._pending, self._pending_count = [], 0
        nothing = np.zeros(0, np.float32)
        return VoiceTrack(
            np.concatenate([nothing, *self._probabilities]),
            np.concatenate([nothing, *self._levels_db]),
            self._sample_count / SAMPLE_RATE_HZ,
        )

    def _run(self, samples: Samples) -> None:
        frames = samples.reshape(-1, FRAME_SAMPLES)
        for first in range(0, len(frames), _FRAMES_PER_RUN):
            self._run_frames(frames[first : first + _FRAMES_PER_RUN])

    def _run_frames(self, frames: Samples) -> None:
        if not len(frames):
            return
        tails = frames[:, -_CONTEXT_SAMPLES:]
        contexts = np.concatenate([self._context[None], tails[:-1]])
        probabilities, self._hidden, self._cell = self._session.run(
            None,
            {"input": np.concatenate([contexts, frames], axis=1), "h": self._hidden, "c": self._cell},
        )
        self._context = tails[-1]
        self._probabilities.append(probabilities.reshape(-1))
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        self._levels_db.append((10 * np.log10(power + 10 ** (_SILENCE_DB / 10))).astype(np.float32))


def without_crosstalk(tracks: Sequence[VoiceTrack], *, margin_db: float = 6.0) -> tuple[VoiceTrack, ...]:
    """Two channels of a call, each keeping only what was said into it.

    Telephony lets a little of each side through to the other, and the model hears speech in that too. A frame
    counts only where the channel's own level, over 0.1 s, is at least the other's less `margin_db`. Other numbers
    of tracks come back as they are.
    """
    if len(tracks) != 2:
        return tuple(tracks)
    levels = [_smoothed_db(track.levels_db) for track in tracks]
    return tuple(
        VoiceTrack(
            np.where(own >= other - margin_db, track.probabilities, np.float32(0)),
            track.levels_db,
            track.duration_s,
        )
        for track, own, other in zip(tracks, levels, reversed(levels), strict=True)
    )


def speech_regions(
    track: VoiceTrack,
    *,
    threshold: float = 0.5,
    min_speech_s: float = 0.25,
    min_silence_s: float = 0.5,
    padding_s: float = 0.2,
) -> tuple[SpeechRegion, ...]:
    """Where somebody speaks, in order and without overlap.

    Speech begins at `threshold` and ends where the probability stays 0.15 below it for `min_silence_s`; less than
    `min_speech_s` of it is dropped. Each region is widened by `padding_s`, at most to the middle of the pause.
    """
    padded = []
    spoken = _spoken(track, threshold, min_speech_s, min_silence_s)
    for place, (start_s, end_s) in enumerate(spoken):
        before_s = (start_s - spoken[place - 1][1]) / 2 if place else start_s
        after_s = (spoken[place + 1][0] - end_s) / 2 if place + 1 < len(spoken) else track.duration_s - end_s
        padded.append(
            SpeechRegion(start_s - min(padding_s, before_s), end_s + min(padding_s, after_s)),
        )
    return tuple(padded)


def _spoken(
    track: VoiceTrack, threshold: float, min_speech_s: float, min_silence_s: float
) -> list[tuple[float, float]]:
    release = threshold - 0.15
    found: list[tuple[float, float]] = []
    start_s: float | None = None
    quiet_since_s: float | None = None

    def close(end_s: float) -> None:
        if start_s is not None and end_s - start_s >= min_speech_s:
            found.append((start_s, end_s))

    for frame, probability in enumerate(track.probabilities.tolist()):
        at_s = frame * FRAME_S
        if probability >= threshold:
            start_s = at_s if start_s is None else start_s
            quiet_since_s = None
        elif start_s is not None and (probability < release or quiet_since_s is not None):
            quiet_since_s = at_s if quiet_since_s is None else quiet_since_s
            if at_s - quiet_since_s >= min_silence_s:
                close(quiet_since_s)
                start_s = quiet_since_s = None
    close(track.duration_s if quiet_since_s is None else min(quiet_since_s, track.duration_s))
    return found


def _smoothed_db(levels_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Levels averaged as power over three frames, about 0.1 s."""
    power = 10 ** (levels_db.astype(np.float64) / 10)
    if len(power) < 3:
        return np.asarray(10 * np.log10(power), np.float64)
    return np.asarray(10 * np.log10(np.convolve(power, np.ones(3) / 3, mode="same")), np.float64)
