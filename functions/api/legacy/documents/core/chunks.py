"""In the OpenAPI document: recordings that arrive in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal

ChunkStatus = Literal["RECORDING", "UPLOADING", "UPLOADED", "COMPLETE", "REMOVED"]


class ChunkUrl(CamelShown):
    """Where to PUT one chunk, and the headers to send with it."""

    chunk_number: int
    upload_url: str
    upload_headers: dict[str, str]
    expires_at: str


class ChunkUrlsAnswer(CamelShown):
    """One for each number asked for."""

    data: list[ChunkUrl]


class ChunkShown(CamelShown):
    """Where one chunk is: not asked for, asked for, here, in the audio, or not waited for."""

    chunk_number: int
    status: Literal["missing", "requested", "uploaded", "processed", "skipped"]
    size_bytes: int | None
    date_uploaded: str | None


class ChunkBoard(CamelShown):
    """Where every chunk is. Null until the first URL was asked for."""

    id: str
    transcription_status: str
    processing_error: str | None = Field(description="What is missing, once it has been waited for long enough.")
    date_finished: str | None
    chunks: list[ChunkShown]
    last_chunk_uploaded: str | None
    number_of_chunks: int | None = Field(description="How many are here.")
    number_of_processed_chunks: int | None
    number_of_expected_chunks: int | None
    chunk_status_map: dict[str, ChunkStatus] | None = Field(
        description="By number: `RECORDING` is not asked for yet, `UPLOADING` asked for, `UPLOADED` here, `COMPLETE` "
        "in the audio, `REMOVED` skipped."
    )
    expected_chunks_outstanding: list[str] | None
    processed_chunk_numbers: list[int] | None
    skippable_chunk_numbers: list[int] | None
    date_lacking_single_expected_chunk: str | None
    all_chunks_uploaded: bool | None


class ChunkBoardAnswer(CamelShown):
    """The board."""

    data: ChunkBoard


_NOT_THERE = Refusal(404, "recording-not-found", "Unknown, or removed.")
_NOT_OPEN = Refusal(409, "conflict", "Not uploaded in chunks, all of them here already, or locked.")
_BOARD = {
    "data": {
        "id": RECORDING_ID,
        "transcriptionStatus": "UPLOADING",
        "processingError": None,
        "dateFinished": "2026-03-30T12:10:00.000Z",
        "chunks": [
            {
                "chunkNumber": 0,
                "status": "uploaded",
                "sizeBytes": 960044,
                "dateUploaded": "2026-03-30T12:05:00.000Z",
            },
            {"chunkNumber": 1, "status": "requested", "sizeBytes": None, "dateUploaded": None},
        ],
        "lastChunkUploaded": "2026-03-30T12:05:00.000Z",
        "numberOfChunks": 1,
        "numberOfProcessedChunks": 0,
        "numberOfExpectedChunks": 2,
        "chunkStatusMap": {"0": "UPLOADED", "1": "UPLOADING"},
        "expectedChunksOutstanding": ["1"],
        "processedChunkNumbers": [],
        "skippableChunkNumbers": [],
        "dateLackingSingleExpectedChunk": "2026-03-30T12:10:00.000Z",
        "allChunksUploaded": False,
    },
}

OPERATIONS: Mapping[str, Documented] = {
    "request_chunk_urls": Documented(
        "Get URLs to upload chunks",
        "PUT each chunk to its URL, with the headers given, in any order; the URL holds for 15 minutes. Chunks are "
        "numbered from 0 in the order of the audio. Send slices of one file, or files that are each complete, but "
        "not both. A chunk that is sent again is kept, and the first that arrived counts.",
        ChunkUrlsAnswer,
        {
            "data": [
                {
                    "chunkNumber": 0,
                    "uploadUrl": "https://bucket.example.com/…?X-Amz-Signature=0a1b",
                    "uploadHeaders": {"Content-Type": "audio/wav"},
                    "expiresAt": "2026-03-30T12:15:00.000Z",
                },
            ],
        },
        refusals=(_NOT_THERE, _NOT_OPEN),
        request_example={"chunkNumbers": [0], "fileType": "wav"},
    ),
    "list_chunks": Documented(
        "See where every chunk is",
        "Processing starts when the recording is finished and nothing is outstanding. What has not come ten minutes "
        "after the end is named in `processingError`, and still taken when it comes.",
        ChunkBoardAnswer,
        _BOARD,
        refusals=(_NOT_THERE, Refusal(409, "conflict", "Not uploaded in chunks.")),
    ),
    "skip_chunks": Documented(
        "Go on without chunks",
        "Those chunks are waited for no more. One that comes before processing starts is taken all the same.",
        ChunkBoardAnswer,
        _BOARD,
        refusals=(_NOT_THERE, _NOT_OPEN),
        request_example={"chunkNumbers": [1]},
    ),
    "finish_chunked_recording": Documented(
        "Finish the recording",
        "Nothing more is recorded. Chunks that are on their way are waited for. Finishing again changes nothing, "
        "unless another number is given while chunks are still outstanding.",
        ChunkBoardAnswer,
        _BOARD,
        refusals=(_NOT_THERE, _NOT_OPEN),
        request_example={"numberOfExpectedChunks": 2},
    ),
}
