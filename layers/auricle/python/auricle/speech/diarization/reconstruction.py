"""From what each window says about its own slots, and who those are, to the speaker turns of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from auricle.speech.diarization.windows import FRAMES_PER_WINDOW, STEP_FRAMES, frame_start_s
from auricle.transcripts.transcript import SpeakerTurn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from auricle.speech.diarization.embedding import LocalVoice

_MOST_AT_ONCE = 2
_BRIDGED_PAUSE_S = 0.2
_LEAST_TURN_S = 0.05


def speaker_turns(
    activities: NDArray[np.floating],
    active: NDArray[np.bool_],
    voices: Sequence[LocalVoice],
    labels: NDArray[np.int64],
    duration_s: float,
) -> tuple[SpeakerTurn, ...]:
    """Turns in order of time, speakers numbered by who talks first.

    `activities` and `active` are (windows, 293, slots); `labels` gives the speaker of each voice. The windows
    over a frame vote: their mean number of active slots, rounded, says how many people talk, and the speakers
    with the most activity are taken.
    """
    if not voices:
        return ()
    windows, slots = activities.shape[0], activities.shape[2]
    speakers = int(labels.max()) + 1
    frames = (windows - 1) * STEP_FRAMES + FRAMES_PER_WINDOW
    speaker_of = np.full((windows, slots), -1)
    for voice, label in zip(voices, labels, strict=True):
        speaker_of[voice.window, voice.slot] = label

    votes = np.zeros(frames)
    talking = np.zeros(frames)
    score = np.zeros((frames, speakers))
    for window in range(windows):
        here = slice(window * STEP_FRAMES, window * STEP_FRAMES + FRAMES_PER_WINDOW)
        votes[here] += 1
        talking[here] += active[window].sum(axis=1)
        for speaker in np.unique(speaker_of[window][speaker_of[window] >= 0]):
            score[here, speaker] += activities[window][:, speaker_of[window] == speaker].max(axis=1)

    count = np.minimum(np.rint(talking / votes), _MOST_AT_ONCE)
    rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1)
    chosen = (rank < count[:, None]) & (score > 0)
    spans = sorted(
        (start_s, end_s, speaker)
        for speaker in range(speakers)
        for start_s, end_s in _spans(chosen[:, speaker], duration_s)
    )
    names: dict[int, str] = {}
    return tuple(
        SpeakerTurn(names.setdefault(speaker, f"speaker_{len(names)}"), start_s, end_s)
        for start_s, end_s, speaker in spans
    )


def _spans(talking: NDArray[np.bool_], duration_s: float) -> list[tuple[float, float]]:
    """Seconds from, seconds to; short pauses are bridged, and what is left too short is no turn."""
    changes = np.flatnonzero(np.diff(talking, prepend=False, append=False))
    spans: list[tuple[float, float]] = []
    for first, end in zip(changes[::2], changes[1::2], strict=True):
        start_s, end_s = frame_start_s(int(first)), min(frame_start_s(int(end)), duration_s)
        if spans and start_s - spans[-1][1] < _BRIDGED_PAUSE_S:
            start_s = spans.pop()[0]
        spans.append((start_s, end_s))
    return [(start_s, end_s) for start_s, end_s in spans if end_s - start_s > _LEAST_TURN_S]
