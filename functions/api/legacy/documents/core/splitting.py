"""In the OpenAPI document: splitting one recording into several, and merging several into one."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class MadeOf(CamelShown):
    """A stretch of a recording's audio; `endMs` null is its end."""

    recording_id: str
    start_ms: int
    end_ms: int | None


class MadeRecording(CamelShown):
    """A recording that was made of others; read it by its id for everything else."""

    id: str
    title: str | None
    date_created: str
    transcription_status: str
    made_of: list[MadeOf]


class SplitMade(CamelShown):
    """A cut, and the recording that begins there."""

    split_timestamp_ms: int
    split_recording_id: str
    split_date: str


class SplitRecording(CamelShown):
    """The recording that was split, and its parts in order."""

    id: str
    transcription_status: str
    split_history: list[SplitMade]
    recordings: list[MadeRecording] = Field(description="Those parts that were not removed since.")


class SplitAnswer(CamelShown):
    """What became of the recording."""

    data: SplitRecording


class MergeAnswer(CamelShown):
    """The recording that was made."""

    data: MadeRecording


_PART_ID = "rec_9b1c2d3e4f5061728394a5b6c7d8e9f"
_SECOND_ID = "rec_8sj29a"
_REST_ID = "rec_0f1e2d3c4b5a69788796a5b4c3d2e1f"


def _part(recording_id: str, number: int, start_ms: int, end_ms: int | None, created_at: str) -> Mapping[str, object]:
    return {
        "id": recording_id,
        "title": f"Kitchen remodel ({number} of 2)",
        "dateCreated": created_at,
        "transcriptionStatus": "UPLOADED",
        "madeOf": [{"recordingId": RECORDING_ID, "startMs": start_ms, "endMs": end_ms}],
    }


OPERATIONS: Mapping[str, Documented] = {
    "split_recording": Documented(
        "Split a recording",
        "Each stretch becomes a recording of its own, with the contacts, consent and everything else that was said "
        "of this one, and is transcribed anew. The recording stays, as `RAW_SPLIT`; it may be deleted at once: its "
        "audio is kept until each part has its own copy, and then erased. Parts belong to its owner, and are private "
        "or not discoverable where it is; what it becomes later they do not follow. Asking again for the same cuts "
        "changes nothing, and finishes what a failure left undone.",
        SplitAnswer,
        {
            "data": {
                "id": RECORDING_ID,
                "transcriptionStatus": "RAW_SPLIT",
                "splitHistory": [
                    {
                        "splitTimestampMs": 30500,
                        "splitRecordingId": _REST_ID,
                        "splitDate": "2026-03-30T12:00:00.000Z",
                    },
                ],
                "recordings": [
                    _part(_PART_ID, 1, 0, 30500, "2026-03-30T11:00:00.000Z"),
                    _part(_REST_ID, 2, 30500, None, "2026-03-30T11:00:30.500Z"),
                ],
            },
        },
        refusals=(
            Refusal(404, "recording-not-found", "Unknown, or removed."),
            Refusal(409, "conflict", "Not complete, locked, or split elsewhere already."),
            Refusal(412, "precondition-failed", "`If-Match` names another state than the present one."),
        ),
        request_example={"splitTimestampsMs": [30500]},
    ),
    "merge_recordings": Documented(
        "Merge recordings",
        "One recording of all of them, in the order named, which is transcribed anew; they stay as they are. It has "
        "the contacts of all, and what else was said of the first. They may be deleted at once: their audio is kept "
        "until the new recording has its own copy, and then erased. It is private where one of them is, and "
        "discoverable where all are; it belongs to the owner of the first or, where others are private or not "
        "discoverable, to theirs, and to nobody where those are several's. Merging the same again gives the "
        "same recording, or another one where that was removed or is in the trash.",
        MergeAnswer,
        {
            "data": {
                "id": _PART_ID,
                "title": "Both visits",
                "dateCreated": "2026-03-30T11:00:00.000Z",
                "transcriptionStatus": "UPLOADED",
                "madeOf": [
                    {"recordingId": RECORDING_ID, "startMs": 0, "endMs": None},
                    {"recordingId": _SECOND_ID, "startMs": 0, "endMs": None},
                ],
            },
        },
        status=201,
        refusals=(
            Refusal(404, "recording-not-found", "One of them is unknown, or removed."),
            Refusal(409, "conflict", "One of them is not complete, is locked, is split, or was merged 200 times."),
        ),
        request_example={"recordingIds": [RECORDING_ID, _SECOND_ID], "title": "Both visits"},
    ),
}
