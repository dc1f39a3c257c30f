"""Recordings that arrive in chunks: start, presign, see what is outstanding, skip, finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked
from api.legacy.surface import Call
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, surface, timestamp
from auricle.errors import Conflict
from auricle.recordings.chunks import MAX_CHUNKS, ChunkState

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.chunks import Chunks
    from auricle.recordings.recording import RecordingDetail

MAX_AT_ONCE = 100
"""Chunks that one request names."""

CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "webm": "audio/webm",
}
"""What `fileType` stands for."""

ChunkNumbers = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=MAX_CHUNKS)], ...], Field(min_length=1, max_length=MAX_AT_ONCE)
]


class ChunkUrlsRequest(Asked):
    """`POST …/chunks/signed-urls`. A type, where given, must be sent with the PUT: it is part of the signature."""

    chunk_numbers: ChunkNumbers = Field(alias="chunkNumbers")
    content_type: (
        Annotated[str, StringConstraints(max_length=127, pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w=\"-]+)*$")] | None
    ) = Field(None, alias="contentType")
    file_type: Literal["mp3", "aac", "wav", "m4a", "mp4", "flac", "ogg", "webm"] | None = Field(None, alias="fileType")


class SkipChunksRequest(Asked):
    """`POST …/chunks/skip`."""

    chunk_numbers: ChunkNumbers = Field(alias="chunkNumbers")


class FinishRequest(Asked):
    """`POST …/finish`. Without a number there are as many chunks as the highest number tells."""

    expected: int | None = Field(None, alias="numberOfExpectedChunks", ge=1, le=MAX_CHUNKS)


@surface.post("/recordings/{recording_id}/chunks/signed-urls", scope=WRITE, reads=ChunkUrlsRequest)
async def request_chunk_urls(call: Call, asked: ChunkUrlsRequest) -> Response:
    from auricle.recordings.chunk_uploads import request_chunks

    content_type = asked.content_type or (CONTENT_TYPES[asked.file_type] if asked.file_type else None)
    uploads = request_chunks(
        call.org,
        call.recording_id(),
        asked.chunk_numbers,
        content_type=content_type,
        recordings=call.services.recordings,
        objects=call.services.objects,
        url_seconds=call.parts.settings().upload_url_seconds,
        now=call.parts.now(),
    )
    headers = {"Content-Type": content_type} if content_type else {}
    return enveloped(
        [
            {
                "chunkNumber": upload.number,
                "uploadUrl": upload.url,
                "uploadHeaders": headers,
                "expiresAt": timestamp(upload.expires_at),
            }
            for upload in uploads
        ],
    )


@surface.get("/recordings/{recording_id}/chunks", scope=READ)
async def list_chunks(call: Call) -> Response:
    detail = call.detail(call.recording_id())
    if not detail.recording.chunked:
        raise Conflict("This recording is not uploaded in chunks.")
    return enveloped(_board(detail))


@surface.post("/recordings/{recording_id}/chunks/skip", scope=WRITE, reads=SkipChunksRequest)
async def skip_chunks(call: Call, asked: SkipChunksRequest) -> Response:
    from auricle.recordings.chunk_uploads import skip

    return enveloped(
        _board(skip(call.org, call.recording_id(), asked.chunk_numbers, intake=call.intake, now=call.parts.now()))
    )


@surface.post("/recordings/{recording_id}/finish", scope=WRITE, reads=FinishRequest)
async def finish_chunked_recording(call: Call, asked: FinishRequest) -> Response:
    from auricle.recordings.chunk_uploads import finish

    return enveloped(
        _board(finish(call.org, call.recording_id(), asked.expected, intake=call.intake, now=call.parts.now()))
    )


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


def _board(detail: RecordingDetail) -> dict[str, Any]:
    """Where every chunk is."""
    recording, chunks = detail.recording, detail.chunks
    return {
        "id": recording.id,
        "transcriptionStatus": recording.status,
        "processingError": recording.failure.message if recording.failure else None,
        "dateFinished": timestamp(chunks.finished_at) if chunks else None,
        "chunks": [_chunk(chunks, number) for number in chunks.numbers] if chunks else [],
        **chunks_shown(detail),
    }


def _chunk(chunks: Chunks, number: int) -> dict[str, Any]:
    arrived = chunks.arrived.get(number)
    return {
        "chunkNumber": number,
        "status": chunks.state(number),
        "sizeBytes": arrived.size_bytes if arrived else None,
        "dateUploaded": timestamp(arrived.arrived_at) if arrived else None,
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
