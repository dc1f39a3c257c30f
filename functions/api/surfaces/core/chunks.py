"""Recordings that arrive in chunks: start, presign, see what is outstanding, skip, finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.surfaces.core.wire import timestamp
from auricle.chunks import ChunkState

if TYPE_CHECKING:
    from auricle.recording import RecordingDetail

STATUSES = {
    ChunkState.MISSING: "RECORDING",
    ChunkState.REQUESTED: "UPLOADING",
    ChunkState.UPLOADED: "UPLOADED",
    ChunkState.PROCESSED: "COMPLETE",
    ChunkState.SKIPPED: "REMOVED",
}
"""A chunk's state in `chunkStatusMap`, whose values are those of `transcriptionStatus`."""


def chunks_shown(detail: RecordingDetail) -> dict[str, Any]:
    """What a recording says of its chunks: nothing where it has none."""
    chunks = detail.chunks
    if chunks is None:
        return dict.fromkeys(_SHOWN)
    return {
        "lastChunkUploaded": timestamp(max((chunk.arrived_at for chunk in chunks.arrived.values()), default=None)),
        "numberOfChunks": len(chunks.arrived),
        "numberOfProcessedChunks": len(chunks.processed),
        "numberOfExpectedChunks": chunks.expected,
        "chunkStatusMap": {str(number): STATUSES[chunks.state(number)] for number in chunks.numbers},
        "expectedChunksOutstanding": [str(number) for number in chunks.outstanding],
        "processedChunkNumbers": sorted(chunks.processed),
        "skippableChunkNumbers": sorted(chunks.skippable),
        "dateLackingSingleExpectedChunk": timestamp(chunks.lacking_one_since),
        "allChunksUploaded": chunks.complete,
    }


_SHOWN = (
    "lastChunkUploaded",
    "numberOfChunks",
    "numberOfProcessedChunks",
    "numberOfExpectedChunks",
    "chunkStatusMap",
    "expectedChunksOutstanding",
    "processedChunkNumbers",
    "skippableChunkNumbers",
    "dateLackingSingleExpectedChunk",
    "allChunksUploaded",
)
