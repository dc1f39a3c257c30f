"""The transcript as it lies in S3: JSON under zstd, words as columns.

An hour of conversation is 756 KB of plain JSON and 86 KB under zstd. The layout, version 1:

    {"version": 1, "language": "en", "engines": {"transcribe": {"name", "version", "model"}, "diarize": {…}},
     "segments": [{"index", "speaker", "start_s", "end_s", "text", "confidence",
                   "words": [["hello", 0.51, 0.80, 0.93], …]}],
     "turns": [["speaker_0", 0.5, 3.3], …],
     "warnings": [{"code", "message"}, …]}

Words are `[text, start_s, end_s, confidence]`; turns are `[speaker, start_s, end_s]`. `warnings` is what
transcribing the windows warned of; it is left out where there is nothing, as in files from before it was noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from auricle.errors import UnknownVersion
from auricle.processing_warnings import ProcessingWarning
from auricle.transcripts.transcript import Engine, Segment, SpeakerTurn, Transcript, Word

VERSION = 1
_ZSTD_LEVEL = 9


@dataclass(frozen=True, slots=True)
class StoredTranscript:
    """All that the stored form holds."""

    transcript: Transcript
    engines: Mapping[str, Engine]
    warnings: tuple[ProcessingWarning, ...]


def dump(transcript: Transcript, engines: Mapping[str, Engine], warnings: Sequence[ProcessingWarning] = ()) -> bytes:
    """The stored form of a transcript."""
    import orjson
    import zstandard

    content: dict[str, Any] = {
        "version": VERSION,
        "language": transcript.language,
        "engines": {stage: asdict(engine) for stage, engine in engines.items()},
        "segments": [_segment(segment) for segment in transcript.segments],
        "turns": [[turn.speaker, round(turn.start_s, 3), round(turn.end_s, 3)] for turn in transcript.turns],
    }
    if warnings:
        content["warnings"] = [asdict(warning) for warning in warnings]
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(orjson.dumps(content))


def load(stored: bytes) -> dict[str, Any]:
    """The stored form as plain JSON values: what the API's surfaces read.

    Raises:
        UnknownVersion: a newer release has written it.
    """
    import orjson
    import zstandard

    content: dict[str, Any] = orjson.loads(zstandard.ZstdDecompressor().decompress(stored))
    version = content["version"]
    if version != VERSION:
        raise UnknownVersion(f"A stored transcript has version {version}. This release reads version {VERSION}.")
    return content


def load_transcript(stored: bytes) -> Transcript:
    """The stored form as a `Transcript`: what later stages of the workflow read.

    Which channel a word or a turn was on is not stored.
    """
    return load_whole(stored).transcript


def load_whole(stored: bytes) -> StoredTranscript:
    """The stored form with its engines and warnings: what becomes the record."""
    content = load(stored)
    return StoredTranscript(
        transcript=_transcript(content),
        engines={stage: Engine(**engine) for stage, engine in content["engines"].items()},
        warnings=tuple(ProcessingWarning(**warning) for warning in content.get("warnings", ())),
    )


def _transcript(content: Mapping[str, Any]) -> Transcript:
    return Transcript(
        segments=tuple(
            Segment(
                index=segment["index"],
                speaker=segment["speaker"],
                words=tuple(
                    Word(text, start_s, end_s, confidence, channel=0)
                    for text, start_s, end_s, confidence in segment["words"]
                ),
            )
            for segment in content["segments"]
        ),
        turns=tuple(SpeakerTurn(speaker, start_s, end_s, channel=None) for speaker, start_s, end_s in content["turns"]),
        language=content["language"],
    )


def _segment(segment: Segment) -> dict[str, Any]:
    confidence = segment.confidence
    return {
        "index": segment.index,
        "speaker": segment.speaker,
        "start_s": round(segment.start_s, 3),
        "end_s": round(segment.end_s, 3),
        "text": segment.text,
        "confidence": None if confidence is None else round(confidence, 3),
        "words": [
            [
                word.text,
                round(word.start_s, 3),
                round(word.end_s, 3),
                None if word.confidence is None else round(word.confidence, 3),
            ]
            for word in segment.words
        ],
    }
