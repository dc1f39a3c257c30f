"""Diarization of one mixed channel: who spoke when, from the sound alone, in one pass and bounded memory.

    windows → segmentation → a voice embedding per local speaker → clustering → turns

Only what the windows say is kept (a few megabytes an hour), never the sound. The outline follows Bredin,
"pyannote.audio 2.1 speaker diarization pipeline" (2023); each module names the paper it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auricle.speech.diarization.clustering import VoiceSpace, cluster
from auricle.speech.diarization.embedding import LocalVoice, SpeakerEncoder, local_voices
from auricle.speech.diarization.reconstruction import speaker_turns
from auricle.speech.diarization.segmentation import SpeakerSegmentation, active
from auricle.speech.diarization.windows import SAMPLE_RATE_HZ, window_batches
from auricle.speech.models import model_path
from auricle.transcripts.transcript import Engine, SpeakerTurn

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ENGINE = Engine(name="auricle-diarization", version="1", model="pyannote-segmentation+resemblyzer+vbx")

_WINDOWS_PER_BATCH = 16

Progress = Callable[[float], None]
"""Called now and then with the seconds of audio heard so far."""


@dataclass(frozen=True, slots=True)
class Diarization:
    """The turns of one recording, in order of time. No turns means that nobody was heard to talk."""

    turns: tuple[SpeakerTurn, ...]
    engine: Engine


@dataclass(frozen=True, slots=True)
class DiarizationModels:
    """The models diarization runs on, loaded once for any number of recordings."""

    segmentation: SpeakerSegmentation
    encoder: SpeakerEncoder
    space: VoiceSpace

    @classmethod
    def load(cls, directory: Path) -> DiarizationModels:
        """From the folder `ensure_models` filled. Raises ModelUnavailable."""
        return cls(
            SpeakerSegmentation(model_path("speaker-segmentation", directory)),
            SpeakerEncoder(model_path("speaker-encoder", directory)),
            VoiceSpace.load(model_path("speaker-lda", directory)),
        )


def diarize(
    blocks: Iterable[NDArray[np.float32]],
    models: DiarizationModels,
    *,
    speakers: int | None = None,
    progress: Progress | None = None,
) -> Diarization:
    """Who speaks when in mono audio at 16 kHz, given as blocks of float samples (-1 to 1) of any lengths.

    `speakers` is the number of people, where it is known; it must be at least 1. Speakers are named `speaker_0`,
    `speaker_1`, … by who talks first. Silence gives no turns.
    """
    if speakers is not None and speakers < 1:
        raise ValueError("speakers must be at least 1, or None where the number is not known.")
    heard = _Counted(blocks)
    activities: list[NDArray[np.float16]] = []
    decided: list[NDArray[np.bool_]] = []
    voices: list[LocalVoice] = []
    for batch in window_batches(heard, _WINDOWS_PER_BATCH):
        likely = models.segmentation.activities(batch)
        certain = active(likely)
        voices += local_voices(batch, certain, models.encoder)
        # Half precision: a thousandth of an activity decides nothing, and hours of them are kept.
        activities.append(likely.astype(np.float16))
        decided.append(certain)
        if progress is not None:
            progress(heard.samples / SAMPLE_RATE_HZ)
    if not voices:
        return Diarization((), ENGINE)
    labels = cluster(voices, models.space, speakers)
    turns = speaker_turns(
        np.concatenate(activities), np.concatenate(decided), voices, labels, heard.samples / SAMPLE_RATE_HZ
    )
    return Diarization(turns, ENGINE)


class _Counted:
    """Blocks as they come, and how many samples that was so far."""

    def __init__(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for block in self._blocks:
            self.samples += len(block)
            yield block
