"""Every documented field of a recording on the core API: where it comes from, and what it shows.

A field shows null until something has set it. Fields of what Auricle does not do yet, or never will, say so here and
show null always; nothing is invented to fill them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from api.legacy.surfaces.core.wire import milliseconds, timestamp
from auricle.recordings.consent import content_may_be_shown
from auricle.recordings.recording import (
    OPEN,
    Capture,
    CrmLink,
    Recording,
    RecordingDetail,
    Rep,
    Stage,
    StageState,
    Status,
)
from auricle.transcripts.transcript import display_name


class Source(StrEnum):
    """What sets a field."""

    RECORDING = "the recording: what its owner, the phone and processing said of it"
    DIRECTORY = "the directory of users, as it was when the recording was made"
    RUN = "the stages of its latest run"
    COUNTS = "its counts: views, comments, stars"
    CHUNKS = "where its chunks are"
    DEBRIEF = "the debrief"
    CRM = "the CRM record it is linked to; asked for by a flag"
    EVENTS = "what was sent along with it; asked for by a flag"
    METRICS = "later: metrics"
    BOOKMARKS = "later: bookmarks"
    SCORECARDS = "later: scorecards"
    FOLLOWUPS = "later: followups"
    REDACTION = "later: redaction"
    EXTRACTION = "later: what language models read out of the conversation"
    NEVER = "never: Auricle has nothing it could stand for"

    @property
    def is_set(self) -> bool:
        """Whether something sets such fields today."""
        return not self.value.startswith(("later", "never"))


class Seen(NamedTuple):
    """What the fields are read from."""

    detail: RecordingDetail
    recording: Recording
    capture: Capture
    rep: Rep
    link: CrmLink | None


class Field(NamedTuple):
    """Where a field comes from, and its value; none where another part of the API shows it, or nothing does."""

    source: Source
    value: Callable[[Seen], Any] | None = None


STAGES: Mapping[Status, str] = {
    Status.RECORDING: "recording",
    Status.UPLOADING: "uploading",
    Status.UPLOADED: "processing",
    Status.TRANSCRIBING: "processing",
    Status.AWAITING_REDACTION: "processing",
    Status.REDACTING: "processing",
    Status.COMPLETE: "done",
    Status.RAW_SPLIT: "done",
    Status.ERROR: "processing",
    Status.UNRECOVERABLE_ERROR: "processing",
}
"""`processingStage`: of a failed recording, where it stopped."""

_STAGE_STATES: Mapping[StageState, str] = {
    StageState.NOT_STARTED: "not-started",
    StageState.SKIPPED: "not-started",
    StageState.IN_PROGRESS: "in-progress",
    StageState.COMPLETE: "complete",
    StageState.FAILED: "error",
}


def processing_status(recording: Recording) -> str:
    """`processingStatus`."""
    if recording.failure is not None:
        return "error"
    return "complete" if STAGES[recording.status] == "done" else "in-progress"


def _raw_path(seen: Seen) -> str | None:
    return seen.recording.keys.source if seen.recording.version and content_may_be_shown(seen.recording) else None


def _processed_path(seen: Seen) -> str | None:
    return seen.recording.keys.audio if seen.recording.audio and content_may_be_shown(seen.recording) else None


def _processing_errors(seen: Seen) -> list[str]:
    run = seen.detail.run
    failed = run is not None and run.stage(Stage.SUMMARIZE).state is StageState.FAILED
    return ["summary-failed"] if failed else []


def _summary_status(seen: Seen) -> str:
    run = seen.detail.run
    return _STAGE_STATES[run.stage(Stage.SUMMARIZE).state if run else StageState.NOT_STARTED]


def _failure(seen: Seen) -> str | None:
    return seen.recording.failure.message if seen.recording.failure else None


def _speaker_map(seen: Seen) -> dict[str, str]:
    return {talk.speaker: display_name(talk.speaker) for talk in seen.recording.speakers}


def _duration(seen: Seen) -> int | None:
    return milliseconds(seen.recording.duration_s)


def _outcome_label(seen: Seen) -> str | None:
    """Deprecated in favour of `result`, from which it follows unless it was set itself."""
    recording = seen.recording
    if recording.outcome_label is not None or recording.result is None:
        return recording.outcome_label
    return {"closed": "CLOSED", "not closed": "NOT_CLOSED"}.get(recording.result.value)


def _original(seen: Seen) -> str | None:
    """Of a recording that was split off: one made of several was merged, and has no one original."""
    pieces = seen.recording.made_of
    return pieces[0].recording_id if len(pieces) == 1 else None


def _offset(seen: Seen) -> int | None:
    pieces = seen.recording.made_of
    return pieces[0].start_ms if len(pieces) == 1 else None


def _merging(seen: Seen) -> bool:
    """Whether its audio is still being put together from that of others."""
    return len(seen.recording.made_of) > 1 and seen.recording.status in OPEN


def _splits(seen: Seen) -> list[dict[str, Any]]:
    return [
        {
            "splitTimestampMs": split.at_ms,
            "splitRecordingId": split.recording_id,
            "splitDate": timestamp(split.made_at),
        }
        for split in seen.recording.splits
    ]


def _is_lead(seen: Seen) -> str | None:
    return seen.link.id if seen.link and seen.link.data_type == "LEAD" else None


def _coordinates(seen: Seen) -> dict[str, float] | None:
    latitude, longitude = seen.capture.latitude, seen.capture.longitude
    if latitude is None or longitude is None:
        return None
    return {"latitude": latitude, "longitude": longitude}


def _geo(seen: Seen) -> dict[str, Any] | None:
    point = _coordinates(seen)
    if point is None:
        return None
    return {"geohash": geohash(point["latitude"], point["longitude"]), "geopoint": point}


_GEOHASH_DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
_GEOHASH_BITS = 25
"""Of each of the two: ten digits of five bits, which is a metre."""


def geohash(latitude: float, longitude: float) -> str:
    """The place as a geohash: the bits of longitude and latitude by turns, five to a digit."""
    steps = 1 << _GEOHASH_BITS
    east = min(int((longitude + 180) / 360 * steps), steps - 1)
    north = min(int((latitude + 90) / 180 * steps), steps - 1)
    bits = 0
    for place in range(_GEOHASH_BITS - 1, -1, -1):
        bits = bits << 2 | (east >> place & 1) << 1 | north >> place & 1
    return "".join(_GEOHASH_DIGITS[bits >> shift & 31] for shift in range(2 * _GEOHASH_BITS - 5, -1, -5))


def _source(seen: Seen) -> dict[str, str] | None:
    capture = seen.capture
    said = {
        "sdkVersion": capture.sdk_version,
        "bundleId": capture.bundle_id,
        "appVersion": capture.app_version,
        "appName": capture.app_name,
        "sdkType": capture.sdk_type,
    }
    return {name: value for name, value in said.items() if value is not None} or None


def _settings(seen: Seen) -> dict[str, str] | None:
    mode = seen.capture.chunk_creation_mode
    return {"mobileChunkCreationMode": mode} if mode else None


def _seed_place(seen: Seen) -> str | None:
    seed = seen.recording.seed_recording_id
    return f"{seed}_{seen.recording.id}" if seed else None


_R, _RUN, _COUNTS, _CHUNKS = Source.RECORDING, Source.RUN, Source.COUNTS, Source.CHUNKS
_CRM, _EVENTS, _DEBRIEF, _DIRECTORY = Source.CRM, Source.EVENTS, Source.DEBRIEF, Source.DIRECTORY
_METRIC, _BOOKMARK, _EXTRACTED = Field(Source.METRICS), Field(Source.BOOKMARKS), Field(Source.EXTRACTION)
_NEVER = Field(Source.NEVER)
_NEVER_STUCK = Field(_R, lambda _seen: False)
"""A split or merge that was cut short is taken up by whoever asks for it again: nothing waits for a retry."""

FIELDS: Mapping[str, Field] = {
    "id": Field(_R, lambda seen: seen.recording.id),
    "dateCreated": Field(_R, lambda seen: timestamp(seen.recording.created_at)),
    "deleted": Field(_R, lambda seen: seen.recording.deleted_at is not None),
    "transcriptionStatus": Field(_R, lambda seen: seen.recording.status.value),
    "processingStatus": Field(_R, lambda seen: processing_status(seen.recording)),
    "processingStage": Field(_R, lambda seen: STAGES[seen.recording.status]),
    "processingErrors": Field(_RUN, _processing_errors),
    "recordErrors": Field(_R, lambda seen: seen.capture.record_errors),
    "processingError": Field(_R, _failure),
    "rawAudioPath": Field(_R, _raw_path),
    "processedAudioPath": Field(_R, _processed_path),
    "lastProcessedAudio": Field(_RUN, lambda seen: timestamp(seen.detail.run.finished_at) if seen.detail.run else None),
    "organizationId": Field(_R, lambda seen: seen.recording.org),
    "teamId": Field(_DIRECTORY, lambda seen: seen.rep.team_id),
    "userId": Field(_R, lambda seen: seen.recording.user_id),
    "locked": Field(_R, lambda seen: seen.recording.locked),
    "terminatedUngraciously": Field(_R, lambda seen: seen.capture.terminated_ungracefully),
    "originalDeviceId": Field(_R, lambda seen: seen.capture.device_id),
    "codeVersion": Field(_R, lambda seen: seen.capture.code_version),
    "lock": Field(_R, lambda seen: seen.recording.locked),
    "splitLock": Field(_R, lambda seen: seen.recording.split_in_progress),
    "mergeLock": Field(_R, _merging),
    "splitRetryNeeded": _NEVER_STUCK,
    "organizationName": Field(_DIRECTORY, lambda seen: seen.rep.organization_name),
    "repFirstName": Field(_DIRECTORY, lambda seen: seen.rep.first_name),
    "repLastName": Field(_DIRECTORY, lambda seen: seen.rep.last_name),
    "speakerMap": Field(_R, _speaker_map),
    "mergeRetryNeeded": _NEVER_STUCK,
    "redactedTranscript": Field(Source.REDACTION),
    "confidence": Field(_R, lambda seen: seen.recording.confidence),
    "error": Field(_R, _failure),
    "jumpToTags": _BOOKMARK,
    "jumpToTagsWordsOnly": _BOOKMARK,
    "lastUpdatedJumpToTags": _BOOKMARK,
    "manualLabelBookmarkConfigIds": _BOOKMARK,
    "result": Field(_R, lambda seen: seen.recording.result),
    "title": Field(_R, lambda seen: seen.recording.title),
    "notes": Field(_R, lambda seen: seen.recording.notes),
    "durationInMilliseconds": Field(_R, _duration),
    "discoverable": Field(_R, lambda seen: seen.recording.discoverable),
    "isPrivate": Field(_R, lambda seen: seen.recording.private),
    "detected_language": Field(_R, lambda seen: seen.recording.language),
    "trendingScore": _NEVER,
    "starCount": Field(_COUNTS, lambda seen: seen.detail.counters.stars),
    "viewCount": Field(_COUNTS, lambda seen: seen.detail.counters.views),
    "uniqueViewCount": Field(_COUNTS, lambda seen: seen.detail.counters.viewers),
    "deletedDate": Field(_R, lambda seen: timestamp(seen.recording.deleted_at)),
    # One that was is not found.
    "deletedPermanently": Field(_R, lambda _seen: False),
    "originalRecordingId": Field(_R, _original),
    "enableAutomaticSplit": Field(_R, lambda seen: seen.recording.automatic_split),
    "offsetFromOriginalRecordingMs": Field(_R, _offset),
    "conversationType": Field(_R, lambda seen: seen.recording.conversation_type),
    "debriefResponses": Field(_DEBRIEF, lambda seen: seen.recording.debrief),
    "debriefQuestions": Field(_DEBRIEF),
    "lastChunkUploaded": Field(_CHUNKS),
    "numberOfChunks": Field(_CHUNKS),
    "numberOfProcessedChunks": Field(_CHUNKS),
    "numberOfExpectedChunks": Field(_CHUNKS),
    "numberOfComments": Field(_COUNTS, lambda seen: seen.detail.counters.comments),
    "unreadComments": Field(
        _COUNTS, lambda seen: {user: len(unread) for user, unread in seen.detail.counters.unread.items()}
    ),
    "unreadTags": _BOOKMARK,
    "tags": _BOOKMARK,
    "lastLabeled": _BOOKMARK,
    "bookmarkConfigsUsedDuringLabeling": _BOOKMARK,
    "bookmarklabels": _BOOKMARK,
    "outcomeLabel": Field(_R, _outcome_label),
    "manualLabels": _BOOKMARK,
    "splitHistory": Field(_R, _splits),
    "secondaryTranscriptionJobId": _NEVER,
    "secondaryTranscriptionService": _NEVER,
    "secondaryProcessingStatus": _NEVER,
    "secondaryTranscriptionIgnored": _NEVER,
    "secondaryTranscriptionAttempts": _NEVER,
    "secondaryTranscriptionDurationSent": _NEVER,
    "lastSuccessfulSecondaryTranscription": _NEVER,
    "lastSuccessfulSecondaryTranscriptionJobId": _NEVER,
    "leadIdSiro": Field(_R, _is_lead),
    "leadInteractionIdSiro": _NEVER,
    "leadInteractionMatchScore": _NEVER,
    "latitude": Field(_R, lambda seen: seen.capture.latitude),
    "longitude": Field(_R, lambda seen: seen.capture.longitude),
    "coordinates": Field(_R, _coordinates),
    "g": Field(_R, _geo),
    "conversationTime": _METRIC,
    "repSpeakingTime": _METRIC,
    "customerSpeakingTime": _METRIC,
    "customerQuestionsCount": _METRIC,
    "repQuestionsCount": _METRIC,
    "exchangesCount": _METRIC,
    "repExchangesCount": _METRIC,
    "totalRepExchangesWithAQuestion": _METRIC,
    "repWordCount": _METRIC,
    "repUniqueWordsUsedCount": _METRIC,
    "repFillerWordsCount": _METRIC,
    "totalRepVocabularyScore": _METRIC,
    "totalRepWordObscurityScore": _METRIC,
    "longestMonologueMillis": _METRIC,
    "longestCustomerStoryMillis": _METRIC,
    "repWordsPerMinute": _METRIC,
    "repFillerWordsPerMin": _METRIC,
    "repSpeakerShare": _METRIC,
    "interactivityScore": _METRIC,
    "repControl": _METRIC,
    "repVocabularyLevel": _METRIC,
    "repWordObscurityScore": _METRIC,
    "conversationSegmentDates": _METRIC,
    "chunkStatusMap": Field(_CHUNKS),
    "expectedChunksOutstanding": Field(_CHUNKS),
    "advancedBookmarksChecked": Field(_R, lambda seen: seen.recording.advanced_bookmarks_checked),
    "extractedPrimaryContactPhoneNumber": _EXTRACTED,
    "doNotDelete": Field(_R, lambda seen: seen.recording.do_not_delete),
    "processedChunkNumbers": Field(_CHUNKS),
    "skippableChunkNumbers": Field(_CHUNKS),
    "dateLackingSingleExpectedChunk": Field(_CHUNKS),
    "audioDurationInMilliseconds": Field(_R, _duration),
    "isVideo": Field(_R, lambda seen: seen.recording.audio.is_video if seen.recording.audio else None),
    "videoRecordingId": _NEVER,
    "rawVideoPath": Field(
        _R, lambda seen: _raw_path(seen) if seen.recording.audio and seen.recording.audio.is_video else None
    ),
    "source": Field(_R, _source),
    "transcriptionLanguage": Field(_R, lambda seen: seen.recording.transcription_language),
    "os": Field(_R, lambda seen: seen.capture.os),
    "osVersion": Field(_R, lambda seen: seen.capture.os_version),
    "deviceType": Field(_R, lambda seen: seen.capture.device_type),
    "deviceId": Field(_R, lambda seen: seen.capture.device_id),
    "summaryProcessingStatus": Field(_RUN, _summary_status),
    "bookmarkingProcessingStatus": _BOOKMARK,
    "llmBookmarkingStatus": _BOOKMARK,
    "llmSpeakerAssignmentStatus": _EXTRACTED,
    "conversationQualityTag": Field(_R, lambda seen: seen.recording.conversation_quality),
    "conversationQualityTagReasoning": _EXTRACTED,
    "llmConversationApprovalStatus": _EXTRACTED,
    "aiMetricsProcessingStatus": _METRIC,
    "betaFeatures": Field(_R, lambda seen: seen.capture.beta_features),
    "allChunksUploaded": Field(_CHUNKS),
    "recordingSettings": Field(_R, _settings),
    "images": Field(_EVENTS),
    "crmOpportunities": Field(_CRM),
    "crmCustomer": Field(_CRM),
    "mediaOpportunities": Field(_CRM),
    "multimediaEvents": Field(_EVENTS),
    "evaluation": Field(Source.SCORECARDS),
    "followups": Field(Source.FOLLOWUPS),
    "mobileEvents": Field(_EVENTS),
    "seedRecordingId": Field(_R, lambda seen: seen.recording.seed_recording_id),
    "seedRecordingRecordingId": Field(_R, _seed_place),
}
"""By name on the wire, in the documents' order."""

_NOTHING: dict[str, Any] = dict.fromkeys(FIELDS)
_READ = tuple((name, field.value) for name, field in FIELDS.items() if field.value is not None)
_NOBODY, _UNSAID = Rep(), Capture()


def fields_of(detail: RecordingDetail, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of the recording; `shown` are those that other parts of the API show."""
    recording = detail.recording
    seen = Seen(detail, recording, recording.capture or _UNSAID, recording.rep or _NOBODY, recording.crm_link)
    fields: dict[str, Any] = {**_NOTHING, **shown}
    for name, value in _READ:
        fields[name] = value(seen)
    return fields
