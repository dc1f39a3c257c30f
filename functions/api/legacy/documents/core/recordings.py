"""In the OpenAPI document: recordings: get with every field, list, create, update, bin, restore and remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from api.legacy.documents import CREATED_AT, RECORDING_ID, Documented, Refusal


class CoreShown(BaseModel):
    """Base of what names its fields as the wire does."""

    model_config = ConfigDict(extra="forbid")


_Status = Literal[
    "RECORDING",
    "UPLOADING",
    "UPLOADED",
    "TRANSCRIBING",
    "AWAITING_REDACTION",
    "REDACTING",
    "COMPLETE",
    "ERROR",
    "UNRECOVERABLE_ERROR",
    "RAW_SPLIT",
]
_StageStatus = Literal["not-started", "in-progress", "complete", "error"]
_Objects = list[dict[str, Any]]

_Private = Annotated[
    bool,
    Field(
        description="Seen, found and changed by its owner (`userId`), holders of `org:admin` and the role `founder` "
        "alone; to everybody else there is no such recording."
    ),
]
_Discoverable = Annotated[
    bool,
    Field(
        description="Where false, others than its owner, holders of `org:admin` and the role `founder` are not shown "
        "it by lists, searches, timelines and counts; who has its id may open it."
    ),
]

_FIELDS: Mapping[str, Any] = {
    "id": str,
    "dateCreated": str,
    "deleted": bool,
    "transcriptionStatus": _Status,
    "processingStatus": Literal["in-progress", "complete", "error"],
    "processingStage": Literal["recording", "uploading", "processing", "done"],
    "processingErrors": list[Literal["bookmarking-failed", "summary-failed"]],
    "recordErrors": list[Literal["paused-early", "interrupted", "stopped-early"]],
    "processingError": str,
    "rawAudioPath": str,
    "processedAudioPath": str,
    "lastProcessedAudio": str,
    "organizationId": str,
    "teamId": str,
    "userId": str,
    "locked": bool,
    "terminatedUngraciously": bool,
    "originalDeviceId": str,
    "codeVersion": str,
    "lock": bool,
    "splitLock": bool,
    "mergeLock": bool,
    "splitRetryNeeded": bool,
    "organizationName": str,
    "repFirstName": str,
    "repLastName": str,
    "speakerMap": dict[str, str],
    "mergeRetryNeeded": bool,
    "redactedTranscript": str,
    "confidence": float,
    "error": str,
    "jumpToTags": _Objects,
    "jumpToTagsWordsOnly": list[str],
    "lastUpdatedJumpToTags": str,
    "manualLabelBookmarkConfigIds": list[str],
    "result": Literal["closed", "not closed", "in progress"],
    "title": str,
    "notes": str,
    "durationInMilliseconds": int,
    "discoverable": _Discoverable,
    "isPrivate": _Private,
    "detected_language": str,
    "trendingScore": float,
    "starCount": int,
    "viewCount": int,
    "uniqueViewCount": int,
    "deletedDate": str,
    "deletedPermanently": bool,
    "originalRecordingId": str,
    "enableAutomaticSplit": bool,
    "offsetFromOriginalRecordingMs": int,
    "conversationType": str,
    "debriefResponses": dict[str, Any],
    "debriefQuestions": _Objects,
    "lastChunkUploaded": str,
    "numberOfChunks": int,
    "numberOfProcessedChunks": int,
    "numberOfExpectedChunks": int,
    "numberOfComments": int,
    "unreadComments": dict[str, int],
    "unreadTags": dict[str, int],
    "tags": dict[str, bool],
    "lastLabeled": str,
    "bookmarkConfigsUsedDuringLabeling": list[str],
    "bookmarklabels": dict[str, Any],
    "outcomeLabel": Literal["CLOSED", "NOT_CLOSED"],
    "manualLabels": _Objects,
    "splitHistory": _Objects,
    "secondaryTranscriptionJobId": str,
    "secondaryTranscriptionService": str,
    "secondaryProcessingStatus": str,
    "secondaryTranscriptionIgnored": bool,
    "secondaryTranscriptionAttempts": int,
    "secondaryTranscriptionDurationSent": int,
    "lastSuccessfulSecondaryTranscription": dict[str, int],
    "lastSuccessfulSecondaryTranscriptionJobId": str,
    "leadIdSiro": str,
    "leadInteractionIdSiro": str,
    "leadInteractionMatchScore": float,
    "latitude": float,
    "longitude": float,
    "coordinates": dict[str, float],
    "g": dict[str, Any],
    "conversationTime": int,
    "repSpeakingTime": int,
    "customerSpeakingTime": int,
    "customerQuestionsCount": int,
    "repQuestionsCount": int,
    "exchangesCount": int,
    "repExchangesCount": int,
    "totalRepExchangesWithAQuestion": int,
    "repWordCount": int,
    "repUniqueWordsUsedCount": int,
    "repFillerWordsCount": int,
    "totalRepVocabularyScore": float,
    "totalRepWordObscurityScore": float,
    "longestMonologueMillis": int,
    "longestCustomerStoryMillis": int,
    "repWordsPerMinute": float,
    "repFillerWordsPerMin": float,
    "repSpeakerShare": float,
    "interactivityScore": float,
    "repControl": float,
    "repVocabularyLevel": float,
    "repWordObscurityScore": float,
    "conversationSegmentDates": _Objects,
    "chunkStatusMap": dict[str, str],
    "expectedChunksOutstanding": list[str],
    "advancedBookmarksChecked": bool,
    "extractedPrimaryContactPhoneNumber": dict[str, Any],
    "doNotDelete": bool,
    "processedChunkNumbers": list[int],
    "skippableChunkNumbers": list[int],
    "dateLackingSingleExpectedChunk": str,
    "audioDurationInMilliseconds": int,
    "isVideo": bool,
    "videoRecordingId": str,
    "rawVideoPath": str,
    "source": dict[str, str],
    "transcriptionLanguage": Literal["English", "Spanish", "French"],
    "os": Literal["ios", "android", "windows", "macos", "web"],
    "osVersion": str,
    "deviceType": str,
    "deviceId": str,
    "summaryProcessingStatus": _StageStatus,
    "bookmarkingProcessingStatus": _StageStatus,
    "llmBookmarkingStatus": _StageStatus,
    "llmSpeakerAssignmentStatus": _StageStatus,
    "conversationQualityTag": Literal["FULL_CONVERSATION", "NOT_FULL_CONVERSATION"],
    "conversationQualityTagReasoning": str,
    "llmConversationApprovalStatus": _StageStatus,
    "aiMetricsProcessingStatus": _StageStatus,
    "betaFeatures": list[str],
    "allChunksUploaded": bool,
    "recordingSettings": dict[str, str],
    "images": _Objects,
    "crmOpportunities": _Objects,
    "crmCustomer": dict[str, Any],
    "mediaOpportunities": _Objects,
    "multimediaEvents": _Objects,
    "evaluation": dict[str, Any],
    "followups": _Objects,
    "mobileEvents": _Objects,
    "seedRecordingId": str,
    "seedRecordingRecordingId": str,
}
"""The type of each field, where it is set."""

_ALWAYS = {"id", "dateCreated", "deleted"}


class _Shown(CoreShown):
    """Further fields, of flags that ask for more than the 145."""

    summary: str | None = None
    entityExtractions: _Objects | None = None  # noqa: N815  # as on the wire


CoreRecording: type[BaseModel] = create_model(  # type: ignore[call-overload]  # fields of a mapping
    "CoreRecording",
    __base__=_Shown,
    __doc__="A recording with every field; null is what nothing has set.",
    **{name: (of if name in _ALWAYS else of | None, ...) for name, of in _FIELDS.items()},
)
SaidOfRecording: type[BaseModel] = create_model(  # type: ignore[call-overload]  # as above
    "SaidOfRecording",
    __base__=CoreShown,
    __doc__="A recording with the fields that something has set; what nothing has set is left out.",
    **{name: (of, ...) if name in _ALWAYS else (of | None, None) for name, of in _FIELDS.items()},
)


class CoreListed(CoreShown):
    """A recording as lists show it; what nothing has set is left out."""

    id: str
    dateCreated: str  # noqa: N815  # as on the wire
    isPrivate: _Private  # noqa: N815
    discoverable: _Discoverable
    repFirstName: str | None = None  # noqa: N815
    repLastName: str | None = None  # noqa: N815
    durationInMilliseconds: int | None = None  # noqa: N815
    result: Literal["closed", "not closed", "in progress"] | None = None
    title: str | None = None
    userId: str | None = None  # noqa: N815
    isVideo: bool | None = None  # noqa: N815
    trigger: Literal["button-press", "deeplink", "modern-deeplink", "mobile-sdk"] | None = None
    crmCustomer: dict[str, Any] | None = None  # noqa: N815


class CoreRecordingAnswer(CoreShown):
    """One recording. It is its own page: `cursor` is null."""

    data: CoreRecording  # type: ignore[valid-type]  # made of the fields above
    cursor: None
    pageSize: int  # noqa: N815
    limit: int


class CoreChangedAnswer(CoreShown):
    """The recording as it stands now."""

    data: SaidOfRecording  # type: ignore[valid-type]  # made of the fields above


class CoreListAnswer(CoreShown):
    """Some recordings. `cursor` is where the next begin, null at the end."""

    data: list[CoreListed]
    cursor: str | None
    pageSize: int  # noqa: N815
    limit: int


class CoreFetchAnswer(CoreShown):
    """The recordings of those ids that there are, in the order asked."""

    data: list[SaidOfRecording]  # type: ignore[valid-type]  # made of the fields above
    cursor: int | str | None
    pageSize: int  # noqa: N815
    limit: int


_SAID: dict[str, Any] = {
    "id": RECORDING_ID,
    "dateCreated": "2026-03-30T12:00:00.000Z",
    "deleted": False,
    "transcriptionStatus": "COMPLETE",
    "processingStatus": "complete",
    "processingStage": "done",
    "processingErrors": [],
    "recordErrors": [],
    "organizationId": "acme",
    "userId": "user_1",
    "lock": False,
    "title": "Renewal with Jane Smith",
    "result": "closed",
    "durationInMilliseconds": 61200,
    "discoverable": True,
    "isPrivate": False,
    "detected_language": "en",
    "speakerMap": {"speaker_0": "Speaker 1", "speaker_1": "Speaker 2"},
    "viewCount": 3,
    "uniqueViewCount": 2,
    "numberOfComments": 0,
    "summaryProcessingStatus": "complete",
}
_LISTED = {
    "id": RECORDING_ID,
    "repFirstName": "Sam",
    "repLastName": "Reyes",
    "dateCreated": "2026-03-30T12:00:00.000Z",
    "durationInMilliseconds": 61200,
    "result": "closed",
    "title": "Renewal with Jane Smith",
    "isPrivate": False,
    "userId": "user_1",
    "discoverable": True,
}
_NOT_THERE = Refusal(
    404, "recording-not-found", "Unknown, of another tenant, or private and somebody else's: all look the same."
)
_NOT_YOURS = Refusal(403, "forbidden", "`isPrivate` and `discoverable` are the owner's and administrators' to change.")
_LOCKED = Refusal(409, "conflict", "The recording is locked, or protected from deletion.")
_FLAGS = "What a `show…` flag does not ask for is null."

OPERATIONS: Mapping[str, Documented] = {
    "get_core_recording": Documented(
        "Get a recording",
        f"Every field, always; null is what nothing has set (yet), and only here: every other answer leaves such "
        f"fields out. {_FLAGS} A recording in the trash is shown with `deleted: true`.",
        CoreRecordingAnswer,
        {"data": {**dict.fromkeys(_FIELDS), **_SAID}, "cursor": None, "pageSize": 1, "limit": 1},
        refusals=(_NOT_THERE,),
    ),
    "list_core_recordings": Documented(
        "List recordings",
        "Newest first, or oldest first with `orderDirection=asc`. Filters combine. Both bounds of `dateCreated` are "
        "left out of what they bound. Go on with `cursor`, filters unchanged. Left out is what is private, or not "
        "discoverable, and somebody else's.",
        CoreListAnswer,
        {"data": [_LISTED], "cursor": None, "pageSize": 100, "limit": 100},
    ),
    "fetch_core_recordings": Documented(
        "Fetch recordings by id",
        "Up to 100, in the order asked; ids that are unknown, another tenant's, in the trash, or private and somebody "
        "else's are left out. Without `ids`, all recordings that the caller may find, page by page.",
        CoreFetchAnswer,
        {"data": [_SAID], "cursor": None, "pageSize": 100, "limit": 100},
        request_example={"ids": [RECORDING_ID]},
    ),
    "start_core_recording": Documented(
        "Start a recording",
        "A phone starts recording under an id of its own; the audio follows in chunks. Answers `null`. Starting it "
        "again in the same words changes nothing.",
        None,
        None,
        status=201,
        request_example={
            "id": "5f0c2a6e-9d7e-4a51-8d4b-0a2f4e9c1b77",
            "dateCreated": CREATED_AT,
            "title": "Visit at 12 Main Street",
            "source": {"sdkVersion": "3.1.0", "appName": "Field", "sdkType": "iOS"},
            "os": "ios",
            "osVersion": "17.2",
            "recordingSettings": {"mobileChunkCreationMode": "minimized"},
        },
        refusals=(Refusal(409, "conflict", "There is another recording of that id."),),
    ),
    "change_core_recording": Documented(
        "Change a recording",
        "What is not sent stays; `null` clears what can be empty. `transcriptionStatus` takes one move: from "
        "RECORDING to UPLOADING, which says that nothing more is recorded. Who sees the recording, its owner and "
        "administrators say.",
        CoreChangedAnswer,
        {"data": _SAID},
        request_example={"title": "Renewal with Jane Smith", "result": "closed", "lock": False},
        refusals=(
            _NOT_YOURS,
            _NOT_THERE,
            _LOCKED,
            Refusal(409, "illegal-transition", "The status is not a client's to set."),
        ),
    ),
    "change_core_recording_in_body": Documented(
        "Change a recording, its id in the body",
        "As `PATCH /v1/core/recordings/{recording_id}`.",
        CoreChangedAnswer,
        {"data": _SAID},
        request_example={"id": RECORDING_ID, "title": "Renewal with Jane Smith", "result": "closed"},
        refusals=(
            _NOT_YOURS,
            _NOT_THERE,
            _LOCKED,
            Refusal(409, "illegal-transition", "The status is not a client's to set."),
        ),
    ),
    "delete_core_recording": Documented(
        "Delete a recording",
        "Into the bin: hidden from every list and every other API, and restorable. With `permanent=true` for good: "
        "nothing of it is kept. Answers `null`.",
        None,
        None,
        refusals=(_NOT_THERE, _LOCKED),
    ),
    "restore_core_recording": Documented(
        "Restore a recording from the trash",
        "One that is not in the trash stays as it is.",
        CoreChangedAnswer,
        {"data": _SAID},
        refusals=(_NOT_THERE,),
    ),
}
