"""What the API reads and answers where recordings are split and merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from api.core.recordings.parts import SplitMade
from api.core.shared import Timestamp
from api.examples import RECORDING_ID, example
from api.models import CamelRequestModel, CamelResponseModel, Id, Line, WholeNumber, same_fields
from auricle.recordings.recording import Recording, Split, Status
from auricle.recordings.splitting import MAX_MERGED, MAX_SPLITS

_DAY_MS = 24 * 3600 * 1000

Cuts = Annotated[list[Annotated[WholeNumber, Field(ge=1, lt=_DAY_MS)]], Field(min_length=1, max_length=MAX_SPLITS)]
RecordingIds = Annotated[list[Id], Field(min_length=2, max_length=MAX_MERGED)]

_FIRST_PART_ID = "rec_9b1c2d3e4f5061728394a5b6c7d8e9f"
_SECOND_PART_ID = "rec_0f1e2d3c4b5a69788796a5b4c3d2e1f"
_OTHER_ID = "rec_8sj29a"


class SplitRequest(CamelRequestModel):
    """Where a recording is cut."""

    model_config = ConfigDict(json_schema_extra=example({"splitTimestampsMs": [30500]}))

    split_timestamps_ms: Cuts = Field(description="Cuts in milliseconds from the beginning, each later than the last.")


class MergeRequest(CamelRequestModel):
    """Which recordings become one."""

    model_config = ConfigDict(
        json_schema_extra=example({"recordingIds": [RECORDING_ID, _OTHER_ID], "title": "Both visits"})
    )

    recording_ids: RecordingIds = Field(description="The recordings, in the order they are to follow each other.")
    title: Line | None = Field(None, description="The title of the new recording; that of the first where it is null.")


class MadeOf(CamelResponseModel):
    """A stretch of a recording's audio."""

    recording_id: str = Field(description="The id of the recording.")
    start_ms: int = Field(description="Where it begins, in milliseconds from the recording's beginning.")
    end_ms: int | None = Field(description="Where it ends, so counted; null is the recording's end.")


class MadeRecording(CamelResponseModel):
    """A recording that was made of others; read it by its id for everything else."""

    id: str = Field(description="Its id.")
    title: str | None = Field(description="Its title.")
    date_created: Timestamp = Field(description="When what is heard in it was recorded.")
    transcription_status: Status = Field(description="How far it is.")
    made_of: list[MadeOf] = Field(description="The audio it is made of, in order.")

    @classmethod
    def of(cls, recording: Recording) -> MadeRecording:
        fields = same_fields(cls, recording)
        return cls(**fields, date_created=recording.created_at, transcription_status=recording.status)


class SplitRecording(CamelResponseModel):
    """The recording that was split, and its parts."""

    id: str = Field(description="Its id.")
    transcription_status: Status = Field(description="How far it is: `RAW_SPLIT` once it is split.")
    split_history: list[SplitMade] = Field(description="Where it is cut.")
    recordings: list[MadeRecording] = Field(description="Its parts in order, those that were not removed since.")


class SplitResponse(CamelResponseModel):
    """What became of the recording."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "id": "rec_19d4f2a1b00c0ffee12345678901234", "transcriptionStatus": "RAW_SPLIT",
          "splitHistory": [{
            "splitTimestampMs": 30500, "splitRecordingId": "rec_0f1e2d3c4b5a69788796a5b4c3d2e1f",
            "splitDate": "2026-03-30T12:00:00.000Z"
          }],
          "recordings": [
            {
              "id": "rec_9b1c2d3e4f5061728394a5b6c7d8e9f", "title": "Kitchen remodel (1 of 2)",
              "dateCreated": "2026-03-30T11:00:00.000Z", "transcriptionStatus": "UPLOADED",
              "madeOf": [{"recordingId": "rec_19d4f2a1b00c0ffee12345678901234", "startMs": 0, "endMs": 30500}]
            },
            {
              "id": "rec_0f1e2d3c4b5a69788796a5b4c3d2e1f", "title": "Kitchen remodel (2 of 2)",
              "dateCreated": "2026-03-30T11:00:30.500Z", "transcriptionStatus": "UPLOADED",
              "madeOf": [{"recordingId": "rec_19d4f2a1b00c0ffee12345678901234", "startMs": 30500, "endMs": null}]
            }
          ]
        }}""")
    )

    data: SplitRecording = Field(description="The recording and its parts.")

    @classmethod
    def of(cls, original: Recording, cuts: Sequence[Split], parts: Sequence[Recording]) -> SplitResponse:
        return cls(
            data=SplitRecording(
                id=original.id,
                transcription_status=original.status,
                split_history=[SplitMade.of(cut) for cut in cuts],
                recordings=[MadeRecording.of(part) for part in parts],
            )
        )


class MergeResponse(CamelResponseModel):
    """The recording that was made."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "id": "rec_9b1c2d3e4f5061728394a5b6c7d8e9f", "title": "Both visits",
          "dateCreated": "2026-03-30T11:00:00.000Z", "transcriptionStatus": "UPLOADED",
          "madeOf": [
            {"recordingId": "rec_19d4f2a1b00c0ffee12345678901234", "startMs": 0, "endMs": null},
            {"recordingId": "rec_8sj29a", "startMs": 0, "endMs": null}
          ]
        }}""")
    )

    data: MadeRecording = Field(description="The recording.")
