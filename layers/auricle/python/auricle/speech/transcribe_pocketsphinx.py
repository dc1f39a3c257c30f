"""The embedded transcription engine: CMU PocketSphinx with its own English models, offline and on any processor.

Good enough to find one's way in clear English; telephone sound and other languages need Whisper. PocketSphinx:
BSD-2-Clause, Carnegie Mellon University.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from auricle.errors import EngineFailed
from auricle.processing_warnings import ProcessingWarning
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.transcription import WindowTranscript
from auricle.speech.windows import Window
from auricle.transcripts.transcript import Engine, Word

_NAME = "pocketsphinx"
_MODEL = "en-us"
_FRAMES_PER_S = 100

_SEARCH = {
    # At most this many states and words are kept alive per frame: four times as fast as the defaults, and on read
    # speech as accurate.
    "maxhmmpf": 3000,
    "maxwpf": 20,
    # The second pass costs a fifth of the time and changed no word error rate that was measured.
    "fwdflat": False,
}

_PEAK = 0.3
"""Every utterance is brought to this level: recordings differ by 40 dB, the models were trained on one."""

_INAUDIBLE = 3e-4
"""Where no sample is above this (-70 dB), nothing was said; brought to that level, noise would become words."""

_MARGIN_S = 0.1
"""Silence put around an utterance: the models expect some, and else take the first word for it."""

_DITHER = 1e-5
"""Noise far below hearing: digital silence has no logarithm, and breaks the features of what follows it."""

_DOUBTFUL = 0.35
"""Mean confidence of a window. Clear English has 0.41 to 0.93. Other languages come out as fluent nonsense at 0.26
(French) to 0.43 (German, which this does not catch), noise and many stretches of telephone speech at 0.18 to 0.3."""

_ENOUGH_WORDS = 5

_ALTERNATE = re.compile(r"\(\d+\)$")
"""How the dictionary tells a word's second pronunciation from its first."""

_FIRST_PERSON = re.compile(r"^i(?=$|')")
"""The dictionary knows no capitals; this one is always right."""


class PocketsphinxTranscription:
    """Loads the models once (0.3 to 1.2 s, 210 MB). Not for use by several threads at a time."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self.engine = Engine(_NAME, metadata.version("pocketsphinx"), _MODEL)
        try:
            self._decoder: Any = Decoder(samprate=float(SAMPLE_RATE_HZ), loglevel="FATAL", **_SEARCH)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed("pocketsphinx could not load its English models.") from error

    def transcribe(self, audio: Samples, window: Window) -> WindowTranscript:
        """See `TranscriptionEngine`. The language is English: the engine knows no other."""
        # The decoder adapts to what it hears; a window must not depend on which came before it on this worker.
        self._decoder.reinit_feat()
        words = tuple(
            word for start_s, sound in _utterances(audio, window) for word in self._words(sound, start_s, window)
        )
        confidence = float(np.mean([word.confidence for word in words])) if words else 1.0
        warnings: tuple[ProcessingWarning, ...] = ()
        if len(words) >= _ENOUGH_WORDS and confidence < _DOUBTFUL:
            warnings = (
                ProcessingWarning(
                    "likely-not-english",
                    "The words are unlikely to be right: the sound is noisy, from a telephone, or not English. "
                    "The whisper engine handles all three.",
                ),
            )
        return WindowTranscript(words, "en", self.engine, warnings)

    def transcribe_together(self, heard: Sequence[tuple[Samples, Window]]) -> tuple[WindowTranscript, ...]:
        """One after the other: the engine gains nothing by taking several."""
        return tuple(self.transcribe(audio, window) for audio, window in heard)

    def _words(self, sound: Samples, start_s: float, window: Window) -> Iterator[Word]:
        decoder = self._decoder
        try:
            decoder.start_utt()
            decoder.process_raw(_pcm(sound), no_search=False, full_utt=True)
            decoder.end_utt()
            segments = list(decoder.seg() or ())
        except RuntimeError as error:
            raise EngineFailed("pocketsphinx could not decode a stretch of the recording.") from error
        for segment in segments:
            if segment.word.startswith(("<", "[", "+")):
                continue  # silence, noise, and the sentence's own beginning and end
            from_s = start_s - _MARGIN_S + segment.start_frame / _FRAMES_PER_S
            to_s = start_s - _MARGIN_S + (segment.end_frame + 1) / _FRAMES_PER_S
            yield Word(
                text=_FIRST_PERSON.sub("I", _ALTERNATE.sub("", segment.word)),
                start_s=round(min(max(from_s, start_s), window.end_s), 3),
                end_s=round(min(max(to_s, start_s), window.end_s), 3),
                confidence=round(min(1.0, float(segment.prob)), 4),
                channel=window.channel,
            )


def _utterances(audio: Samples, window: Window) -> Iterator[tuple[float, Samples]]:
    for region in window.regions:
        first = round((region.start_s - window.start_s) * SAMPLE_RATE_HZ)
        last = round((region.end_s - window.start_s) * SAMPLE_RATE_HZ)
        sound = audio[first:last]
        if np.abs(sound).max(initial=0.0) > _INAUDIBLE:
            yield region.start_s, sound


def _pcm(sound: Samples) -> bytes:
    """The utterance as the decoder takes it: 16 bits, at one level, with silence around it."""
    gain = _PEAK / float(np.abs(sound).max())
    margin = round(_MARGIN_S * SAMPLE_RATE_HZ)
    padded = np.pad(sound * np.float32(gain), (margin, margin))
    noise: npt.NDArray[np.float64] = np.random.default_rng(0).standard_normal(len(padded)) * _DITHER
    return (np.clip(padded + noise, -1, 1) * 32767).astype("<i2").tobytes()
