"""What each local speaker of a window sounds like: one voice embedding from the moments they talk alone.

Encoder: Wan et al., "Generalized end-to-end loss for speaker verification" (2018), as trained by Resemblyzer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auricle.speech.diarization import mel
from auricle.speech.diarization.windows import (
    FIRST_FRAME_SAMPLE,
    FRAME_SAMPLES,
    FRAMES_PER_WINDOW,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
)
from auricle.speech.onnx_session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from auricle.speech.diarization.windows import WindowBatch

    Floats = NDArray[np.float32]

EMBEDDING_SIZE = 256

_EXCERPT_FRAMES = 160
"""1.6 s of mel frames, the length the encoder was trained on."""
_ENCODER_BATCH = 32

_LEAST_ACTIVE_FRAMES = 8
_LEAST_SOLO_FRAMES = 30
"""Half a second alone; with less, the moments shared with others are used too."""
_LEAST_MEL_FRAMES = 20

_TARGET_POWER = 10 ** (-30 / 10)
"""-30 dBFS, to which Resemblyzer raises what is quieter before it listens."""


@dataclass(frozen=True, slots=True)
class LocalVoice:
    """One slot of one window, heard long enough to say whose voice it is."""

    window: int
    slot: int
    solo_s: float
    """How long the slot talks alone in its window: how far the embedding can be trusted."""
    embedding: Floats
    """(256,), of unit length."""


class SpeakerEncoder:
    """The encoder model, loaded. Safe to use again for the next recording."""

    def __init__(self, model: Path) -> None:
        self._session = open_session(model)

    def embeddings(self, excerpts: Sequence[Floats]) -> Floats:
        """Unit embeddings (excerpts, 256) of excerpts of mel frames, each (160, 40)."""
        outcome = [
            self._session.run(None, {"mel": np.stack(excerpts[start : start + _ENCODER_BATCH])})[0]
            for start in range(0, len(excerpts), _ENCODER_BATCH)
        ]
        return np.concatenate(outcome) if outcome else np.zeros((0, EMBEDDING_SIZE), dtype=np.float32)


def local_voices(batch: WindowBatch, active: NDArray[np.bool_], encoder: SpeakerEncoder) -> Iterator[LocalVoice]:
    """The voices of a batch of windows; `active` (windows, 293, slots) says who talks when."""
    if not active.any():
        return
    # A recorder's offset is no sound, but would count as loudness and leak into the lowest bands.
    mel_frames, power = mel.mel_power(batch.samples - batch.samples.mean())
    found: list[tuple[int, int, float]] = []
    excerpts: list[Floats] = []
    owners: list[int] = []
    for window, slot in zip(*np.nonzero(active.sum(axis=1) >= _LEAST_ACTIVE_FRAMES), strict=True):
        own = active[window, :, slot]
        solo = own & (active[window].sum(axis=1) == 1)
        spoken = _mel_frames_of(solo if solo.sum() >= _LEAST_SOLO_FRAMES else own, int(window), len(mel_frames))
        if len(spoken) < _LEAST_MEL_FRAMES:
            continue
        gain = max(1.0, _TARGET_POWER / max(float(power[spoken].mean()), 1e-12))
        pieces = _excerpts(mel_frames[spoken] * np.float32(gain))
        owners += [len(found)] * len(pieces)
        excerpts += pieces
        found.append((int(window), int(slot), float(solo.sum()) * FRAME_SAMPLES / SAMPLE_RATE_HZ))
    if not found:
        return
    embeddings = encoder.embeddings(excerpts)
    owner = np.array(owners)
    for index, (window, slot, solo_s) in enumerate(found):
        mean = embeddings[owner == index].mean(axis=0)
        yield LocalVoice(batch.first_window + window, slot, solo_s, mean / np.linalg.norm(mean))


def _mel_frames_of(frames: NDArray[np.bool_], window: int, mel_count: int) -> NDArray[np.int64]:
    """The mel frames, counted within the batch, whose centres lie in the given frames of one of its windows."""
    centres = np.arange(mel_count) * mel.HOP_SAMPLES - window * STEP_SAMPLES
    frame = (centres - FIRST_FRAME_SAMPLE) // FRAME_SAMPLES
    inside = (frame >= 0) & (frame < FRAMES_PER_WINDOW)
    return np.nonzero(inside & frames[np.clip(frame, 0, FRAMES_PER_WINDOW - 1)])[0]


def _excerpts(frames: Floats) -> list[Floats]:
    """Excerpts of 1.6 s, evenly spread; what is shorter is said again until it is long enough.

    There are as many as fit best, so that a little may be left out between two: the encoder is half of all the
    work, and the next window hears the same voice again.
    """
    if len(frames) < _EXCERPT_FRAMES:
        frames = np.resize(frames, (_EXCERPT_FRAMES, mel.BANDS))
    spare = len(frames) - _EXCERPT_FRAMES
    count = round(len(frames) / _EXCERPT_FRAMES)
    starts = np.linspace(0, spare, count).astype(int) if count > 1 else [spare // 2]
    return [frames[start : start + _EXCERPT_FRAMES] for start in starts]
