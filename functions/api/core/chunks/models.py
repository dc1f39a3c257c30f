"""What the core API reads and answers of recordings that arrive in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.core.shared import CoreTranscriptionStatus, Timestamp
from api.examples import example
from api.models import CamelRequestModel, CamelResponseModel, MediaType, WholeNumber
from auricle.recordings.chunks import MAX_CHUNKS, Chunks, ChunkState
from auricle.recordings.recording import RecordingDetail

MAX_AT_ONCE = 100
"""Chunks that one request names."""

FileEnding = Literal["mp3", "aac", "wav", "m4a", "mp4", "flac", "ogg", "webm"]
_CONTENT_TYPES: Mapping[FileEnding, str] = {"mp3": "audio/mpeg", "m4a": "audio/mp4"}
"""What `fileType` stands for; every other ending is the name of its media type, too."""

CHUNK_STATUSES: Mapping[ChunkState, CoreTranscriptionStatus] = {
    ChunkState.MISSING: CoreTranscriptionStatus.RECORDING,
    ChunkState.REQUESTED: CoreTranscriptionStatus.UPLOADING,
    ChunkState.UPLOADED: CoreTranscriptionStatus.UPLOADED,
    ChunkState.PROCESSED: CoreTranscriptionStatus.COMPLETE,
    ChunkState.SKIPPED: CoreTranscriptionStatus.REMOVED,
}
"""A chunk's state in `chunkStatusMap`, whose values are those of `transcriptionStatus`."""

ChunkNumber = Annotated[WholeNumber, Field(ge=0, lt=MAX_CHUNKS)]
ChunkNumbers = Annotated[list[ChunkNumber], Field(min_length=1, max_length=MAX_AT_ONCE)]

_UNTIL_REQUESTED = "; null until the first URL was requested."


class ChunkUrlsRequest(CamelRequestModel):
    """Chunks that are to be uploaded. A type, where given, is part of the signature: the PUT must carry it."""

    model_config = ConfigDict(json_schema_extra=example({"chunkNumbers": [0], "fileType": "wav"}))

    chunk_numbers: ChunkNumbers = Field(description="Their numbers, from 0 in the order of the audio.")
    content_type: MediaType | None = Field(None, description="The media type that the PUTs will carry.")
    file_type: FileEnding | None = Field(None, description="As a file's ending, where `contentType` is left out.")

    @property
    def signed_type(self) -> str | None:
        """The media type that is part of the signature."""
        if self.content_type or not self.file_type:
            return self.content_type
        return _CONTENT_TYPES.get(self.file_type, f"audio/{self.file_type}")


class SkipChunksRequest(CamelRequestModel):
    """Chunks that are waited for no more."""

    model_config = ConfigDict(json_schema_extra=example({"chunkNumbers": [1]}))

    chunk_numbers: ChunkNumbers = Field(description="Their numbers.")


class FinishRecordingRequest(CamelRequestModel):
    """How many chunks there are."""

    model_config = ConfigDict(json_schema_extra=example({"numberOfExpectedChunks": 2}))

    number_of_expected_chunks: WholeNumber | None = Field(
        None, ge=1, le=MAX_CHUNKS, description="Left out, there are as many as the highest number tells."
    )


class ChunkUrl(CamelResponseModel):
    """Where to PUT one chunk, and the headers to send with it."""

    chunk_number: int = Field(description="The number of the chunk.")
    upload_url: str = Field(description="Presigned PUT. Whoever has it can upload: treat it like a password.")
    upload_headers: dict[str, str] = Field(description="The headers that the PUT must carry.")
    expires_at: Timestamp = Field(description="Until when the URL is good.")


class ChunkUrlsResponse(CamelResponseModel):
    """Where to PUT the chunks."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": [{
          "chunkNumber": 0, "uploadUrl": "https://bucket.example.com/…?X-Amz-Signature=0a1b",
          "uploadHeaders": {"Content-Type": "audio/wav"}, "expiresAt": "2026-03-30T12:15:00.000Z"
        }]}""")
    )

    data: list[ChunkUrl] = Field(description="One for each number, in the order they were sent.")


class ChunkOnBoard(CamelResponseModel):
    """Where one chunk is."""

    chunk_number: int = Field(description="The number of the chunk.")
    status: ChunkState = Field(description="No URL requested yet, requested, here, in the audio, or not waited for.")
    size_bytes: int | None = Field(description="How many bytes it has; null until it is here.")
    date_uploaded: Timestamp | None = Field(description="When it arrived; null until it is here.")

    @classmethod
    def of(cls, chunks: Chunks, number: int) -> ChunkOnBoard:
        arrived = chunks.arrived.get(number)
        return cls(
            chunk_number=number,
            status=chunks.state(number),
            size_bytes=arrived.size_bytes if arrived else None,
            date_uploaded=arrived.arrived_at if arrived else None,
        )


class ChunkBoard(CamelResponseModel):
    """Where every chunk is."""

    id: str = Field(description="The id of the recording.")
    transcription_status: CoreTranscriptionStatus = Field(description="How far the recording is.")
    processing_error: str | None = Field(description="What is missing after too long a wait; null if nothing failed.")
    date_finished: Timestamp | None = Field(description="When recording ended; null until it was finished.")
    chunks: list[ChunkOnBoard] = Field(description="Each chunk there is something to say of, by number.")
    last_chunk_uploaded: Timestamp | None = Field(description="When the latest chunk arrived; null where none has.")
    number_of_chunks: int | None = Field(description=f"How many are here{_UNTIL_REQUESTED}")
    number_of_processed_chunks: int | None = Field(description=f"How many are in the audio{_UNTIL_REQUESTED}")
    number_of_expected_chunks: int | None = Field(description="How many there are to be; null while nobody knows.")
    chunk_status_map: dict[str, CoreTranscriptionStatus] | None = Field(
        description="By number: `RECORDING` has no URL yet, `UPLOADING` has one, `UPLOADED` is here, `COMPLETE` in the "
        f"audio, `REMOVED` skipped{_UNTIL_REQUESTED}"
    )
    expected_chunks_outstanding: list[str] | None = Field(description=f"Numbers that are waited for{_UNTIL_REQUESTED}")
    processed_chunk_numbers: list[int] | None = Field(description=f"Numbers of those in the audio{_UNTIL_REQUESTED}")
    skippable_chunk_numbers: list[int] | None = Field(description=f"Numbers that may be absent{_UNTIL_REQUESTED}")
    date_lacking_single_expected_chunk: Timestamp | None = Field(
        description="Since when all chunks but one are here; null where that is not so."
    )
    all_chunks_uploaded: bool | None = Field(description=f"Whether processing may start{_UNTIL_REQUESTED}")

    @classmethod
    def of(cls, detail: RecordingDetail) -> ChunkBoard:
        recording, chunks = detail.recording, detail.chunks
        return cls(
            id=recording.id,
            transcription_status=CoreTranscriptionStatus(recording.status),
            processing_error=recording.failure.message if recording.failure else None,
            date_finished=chunks.finished_at if chunks else None,
            chunks=[ChunkOnBoard.of(chunks, number) for number in chunks.numbers] if chunks else [],
            **chunk_fields(chunks),
        )


class ChunkBoardResponse(CamelResponseModel):
    """Where every chunk is."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "id": "rec_19d4f2a1b00c0ffee12345678901234", "transcriptionStatus": "UPLOADING", "processingError": null,
          "dateFinished": "2026-03-30T12:10:00.000Z",
          "chunks": [
            {"chunkNumber": 0, "status": "uploaded", "sizeBytes": 960044, "dateUploaded": "2026-03-30T12:05:00.000Z"},
            {"chunkNumber": 1, "status": "requested", "sizeBytes": null, "dateUploaded": null}
          ],
          "lastChunkUploaded": "2026-03-30T12:05:00.000Z", "numberOfChunks": 1, "numberOfProcessedChunks": 0,
          "numberOfExpectedChunks": 2, "chunkStatusMap": {"0": "UPLOADED", "1": "UPLOADING"},
          "expectedChunksOutstanding": ["1"], "processedChunkNumbers": [], "skippableChunkNumbers": [],
          "dateLackingSingleExpectedChunk": "2026-03-30T12:10:00.000Z", "allChunksUploaded": false
        }}""")
    )

    data: ChunkBoard = Field(description="Each chunk, and how far the recording is.")


def chunk_fields(chunks: Chunks | None) -> dict[str, Any]:
    """What a recording says of its chunks, too: null where it has none."""
    if chunks is None:
        return dict.fromkeys(chunk_fields(Chunks()))
    return {
        "last_chunk_uploaded": max((chunk.arrived_at for chunk in chunks.arrived.values()), default=None),
        "number_of_chunks": len(chunks.arrived),
        "number_of_processed_chunks": len(chunks.processed),
        "number_of_expected_chunks": chunks.expected,
        "chunk_status_map": {str(number): CHUNK_STATUSES[chunks.state(number)] for number in chunks.numbers},
        "expected_chunks_outstanding": [str(number) for number in chunks.outstanding],
        "processed_chunk_numbers": sorted(chunks.processed),
        "skippable_chunk_numbers": sorted(chunks.skippable),
        "date_lacking_single_expected_chunk": chunks.lacking_one_since,
        "all_chunks_uploaded": chunks.complete,
    }
