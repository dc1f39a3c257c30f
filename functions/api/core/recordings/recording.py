"""The recording as the core API shows it: every documented field, with what sets it.

A field is null until something has set it. Fields of what Auricle does not do yet, or never will, say so in their
`Source`, and are null always.
"""

# Annotations are evaluated as they stand here: as texts, a hundred and fifty of them take a cold start 10 ms.

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field
from pydantic.fields import FieldInfo

from api.core.recordings.parts import (
    CapturedImage,
    CapturedMultimedia,
    CaptureSettings,
    CaptureSource,
    CrmCustomer,
    CrmOpportunity,
    GeohashedPoint,
    GeoPoint,
    RecordedMobileEvent,
    RecordingQuestion,
    SplitMade,
)
from api.core.shared import CoreTranscriptionStatus, Language, Timestamp, milliseconds
from api.examples import parsed
from api.models import CamelResponseModel, without_none
from auricle.recordings.consent import content_may_be_shown
from auricle.recordings.geohashes import geohash
from auricle.recordings.recording import OPEN, Capture, Recording, RecordingDetail, Rep, Stage, StageState, Status
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


def _of(source: Source, description: str, *, alias: str | None = None) -> Any:
    """A field that is null, or left out, until the source sets it."""
    unset = "" if source.is_set else " Always null." if source is Source.NEVER else " Null as yet."
    field: Any = Field(default=None, description=f"{description}{unset}", alias=alias)
    field.metadata.append(source)
    return field


def source_of(field: FieldInfo) -> Source:
    """What sets a field of a recording."""
    return next(each for each in field.metadata if isinstance(each, Source))


class RecordingProcessingStatus(StrEnum):
    """How processing goes. `complete` is final until the recording is processed again; so is `error`."""

    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    ERROR = "error"


class RecordingProcessingStage(StrEnum):
    """How far the recording is; of one that failed, where it stopped. `done` is final."""

    RECORDING = "recording"
    UPLOADING = "uploading"
    PROCESSING = "processing"
    DONE = "done"


class RecordingStageStatus(StrEnum):
    """How far one stage of processing is. `complete` and `error` are final of a run."""

    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    ERROR = "error"


_STAGES = {
    Status.RECORDING: RecordingProcessingStage.RECORDING,
    Status.UPLOADING: RecordingProcessingStage.UPLOADING,
    Status.COMPLETE: RecordingProcessingStage.DONE,
    Status.RAW_SPLIT: RecordingProcessingStage.DONE,
}
"""Of all other statuses, processing."""
_STAGE_STATUSES = {
    StageState.NOT_STARTED: RecordingStageStatus.NOT_STARTED,
    StageState.SKIPPED: RecordingStageStatus.NOT_STARTED,
    StageState.IN_PROGRESS: RecordingStageStatus.IN_PROGRESS,
    StageState.COMPLETE: RecordingStageStatus.COMPLETE,
    StageState.FAILED: RecordingStageStatus.ERROR,
}

Outcome = Literal["closed", "not closed", "in progress"]
OutcomeLabel = Literal["CLOSED", "NOT_CLOSED"]
ConversationQuality = Literal["FULL_CONVERSATION", "NOT_FULL_CONVERSATION"]
OperatingSystem = Literal["ios", "android", "windows", "macos", "web"]
DebriefAnswer = str | int | float | list[str | int | float]
ProcessingError = Literal["bookmarking-failed", "summary-failed"]
RecordError = Literal["paused-early", "interrupted", "stopped-early"]

PRIVATE = (
    "Seen, found and changed by its owner (`userId`), holders of `org:admin` and the role `founder` alone; to "
    "everybody else there is no such recording."
)
DISCOVERABLE = (
    "Where false, others than its owner, holders of `org:admin` and the role `founder` are not shown it by lists, "
    "searches, timelines and counts; who has its id may open it."
)

EXAMPLE = parsed("""{
  "id": "rec_19d4f2a1b00c0ffee12345678901234", "dateCreated": "2026-03-30T12:00:00.000Z", "deleted": false,
  "transcriptionStatus": "COMPLETE", "processingStatus": "complete", "processingStage": "done",
  "processingErrors": [], "recordErrors": [], "organizationId": "acme", "userId": "user_1", "lock": false,
  "title": "Renewal with Jane Smith", "result": "closed", "durationInMilliseconds": 61200, "discoverable": true,
  "isPrivate": false, "detected_language": "en", "speakerMap": {"speaker_0": "Speaker 1", "speaker_1": "Speaker 2"},
  "viewCount": 3, "uniqueViewCount": 2, "numberOfComments": 0, "summaryProcessingStatus": "complete"
}""")

_R, _RUN, _COUNTS, _CHUNKS = Source.RECORDING, Source.RUN, Source.COUNTS, Source.CHUNKS
_CRM, _EVENTS, _DEBRIEF, _DIRECTORY = Source.CRM, Source.EVENTS, Source.DEBRIEF, Source.DIRECTORY
_METRICS, _BOOKMARKS, _EXTRACTION, _NEVER = Source.METRICS, Source.BOOKMARKS, Source.EXTRACTION, Source.NEVER


class SparseCoreRecording(CamelResponseModel):
    """A recording with the fields that something has set; what nothing has set is left out."""

    id: Annotated[str, _R] = Field(description="The recording's id.")
    date_created: Annotated[Timestamp, _R] = Field(description="When it was recorded, or else when it was uploaded.")
    deleted: Annotated[bool, _R] = Field(description="Whether it is in the trash.")
    transcription_status: CoreTranscriptionStatus | None = _of(_R, "How far it is.")
    processing_status: RecordingProcessingStatus | None = _of(_R, "How processing goes.")
    processing_stage: RecordingProcessingStage | None = _of(_R, "How far it is, in four steps.")
    processing_errors: list[ProcessingError] | None = _of(_RUN, "What failed although the transcript is there.")
    record_errors: list[RecordError] | None = _of(_R, "What went wrong on the phone while it was recorded.")
    processing_error: str | None = _of(_R, "Why processing failed, in a sentence.")
    raw_audio_path: str | None = _of(_R, "The key of the uploaded file in the bucket, which is no address of it.")
    processed_audio_path: str | None = _of(_R, "The key in the bucket of the audio as browsers play it.")
    last_processed_audio: Timestamp | None = _of(_RUN, "When its latest run ended.")
    organization_id: str | None = _of(_R, "The id of the organization.")
    team_id: str | None = _of(_DIRECTORY, "The id of the team its owner was a member of.")
    user_id: str | None = _of(_R, "The id of its owner.")
    locked: bool | None = _of(_R, "Whether it is locked: nothing but the lock can be changed. The same as `lock`.")
    terminated_ungraciously: bool | None = _of(_R, "Whether the app ended while it was recording.")
    original_device_id: str | None = _of(_R, "The id of the device that recorded it.")
    code_version: str | None = _of(_R, "The version of the app that recorded it.")
    lock: bool | None = _of(_R, "Whether it is locked: nothing but the lock can be changed.")
    split_lock: bool | None = _of(_R, "Whether it is being split.")
    merge_lock: bool | None = _of(_R, "Whether its audio is still being put together from that of others.")
    split_retry_needed: bool | None = _of(_R, "Always false: a split cut short is finished by asking for it again.")
    organization_name: str | None = _of(_DIRECTORY, "The name of the organization.")
    rep_first_name: str | None = _of(_DIRECTORY, "The first name of its owner.")
    rep_last_name: str | None = _of(_DIRECTORY, "The last name of its owner.")
    speaker_map: dict[str, str] | None = _of(_R, "The speakers' names, by the tags that utterances have.")
    merge_retry_needed: bool | None = _of(_R, "Always false: a merge cut short is finished by asking for it again.")
    redacted_transcript: str | None = _of(Source.REDACTION, "The transcript without what was redacted.")
    confidence: float | None = _of(_R, "How sure the engine is of the words on average, 0 to 1.")
    error: str | None = _of(_R, "The same as `processingError`.")
    jump_to_tags: list[dict[str, Any]] | None = _of(_BOOKMARKS, "Bookmarks.")
    jump_to_tags_words_only: list[str] | None = _of(_BOOKMARKS, "The texts of bookmarks.")
    last_updated_jump_to_tags: str | None = _of(_BOOKMARKS, "When bookmarks were last changed.")
    manual_label_bookmark_config_ids: list[str] | None = _of(_BOOKMARKS, "Bookmark configurations people have set.")
    result: Outcome | None = _of(_R, "What came of the conversation.")
    title: str | None = _of(_R, "What people call it.")
    notes: str | None = _of(_R, "What its owner noted.")
    duration_in_milliseconds: int | None = _of(_R, "How long it is, in milliseconds; null until it has been decoded.")
    discoverable: bool | None = _of(_R, DISCOVERABLE)
    is_private: bool | None = _of(_R, PRIVATE)
    detected_language: str | None = _of(_R, "The language heard, as an ISO 639-1 code.", alias="detected_language")
    trending_score: float | None = _of(_NEVER, "How much attention it gets.")
    star_count: int | None = _of(_COUNTS, "How many users have starred it.")
    view_count: int | None = _of(_COUNTS, "How often it was viewed.")
    unique_view_count: int | None = _of(_COUNTS, "How many users have viewed it.")
    deleted_date: Timestamp | None = _of(_R, "When it was put into the trash.")
    deleted_permanently: bool | None = _of(_R, "Always false: one that was removed for good is not found.")
    original_recording_id: str | None = _of(_R, "The id of the recording that it was split off from.")
    enable_automatic_split: bool | None = _of(_R, "Whether the phone asked for it to be split by itself.")
    offset_from_original_recording_ms: int | None = _of(_R, "Where it begins in that recording, in milliseconds.")
    conversation_type: str | None = _of(_R, "What kind of conversation it is, in the organization's words.")
    debrief_responses: dict[str, DebriefAnswer] | None = _of(_DEBRIEF, "The answers to debrief questions, by question.")
    debrief_questions: list[RecordingQuestion] | None = _of(_DEBRIEF, "Debrief questions as they stood when answered.")
    last_chunk_uploaded: Timestamp | None = _of(_CHUNKS, "When the latest of its chunks arrived.")
    number_of_chunks: int | None = _of(_CHUNKS, "How many chunks are here.")
    number_of_processed_chunks: int | None = _of(_CHUNKS, "How many chunks its audio was put together from.")
    number_of_expected_chunks: int | None = _of(_CHUNKS, "How many chunks there are to be, once the phone has said so.")
    number_of_comments: int | None = _of(_COUNTS, "How many comments it has.")
    unread_comments: dict[str, int] | None = _of(_COUNTS, "How many comments users have not read, by user id.")
    unread_tags: dict[str, int] | None = _of(_BOOKMARKS, "How many bookmarks users have not seen, by user id.")
    tags: dict[str, bool] | None = _of(_BOOKMARKS, "The tags it has.")
    last_labeled: str | None = _of(_BOOKMARKS, "When somebody last set a bookmark.")
    bookmark_configs_used_during_labeling: list[str] | None = _of(_BOOKMARKS, "Configurations when bookmarks were set.")
    bookmarklabels: dict[str, Any] | None = _of(_BOOKMARKS, "Labels of bookmarks, by configuration.")
    outcome_label: OutcomeLabel | None = _of(_R, "Deprecated: follows from `result` unless it was set itself.")
    manual_labels: list[dict[str, Any]] | None = _of(_BOOKMARKS, "Bookmarks that people have set.")
    split_history: list[SplitMade] | None = _of(_R, "The cuts made in it, and the recordings that begin there.")
    secondary_transcription_job_id: str | None = _of(_NEVER, "The job of a second transcription.")
    secondary_transcription_service: str | None = _of(_NEVER, "What transcribed it a second time.")
    secondary_processing_status: RecordingProcessingStatus | None = _of(_NEVER, "How far a second transcription is.")
    secondary_transcription_ignored: bool | None = _of(_NEVER, "Whether a second transcription was ignored.")
    secondary_transcription_attempts: int | None = _of(_NEVER, "How often a second transcription was tried.")
    secondary_transcription_duration_sent: int | None = _of(_NEVER, "Milliseconds transcribed a second time.")
    last_successful_secondary_transcription: dict[str, int] | None = _of(_NEVER, "When it last succeeded.")
    last_successful_secondary_transcription_job_id: str | None = _of(_NEVER, "The last such job that succeeded.")
    lead_id_siro: str | None = _of(_R, "The id of the lead that it is linked to.")
    lead_interaction_id_siro: str | None = _of(_NEVER, "The interaction with the lead.")
    lead_interaction_match_score: float | None = _of(_NEVER, "How well the interaction fits.")
    latitude: float | None = _of(_R, "Where it was recorded, in degrees.")
    longitude: float | None = _of(_R, "Where it was recorded, in degrees.")
    coordinates: GeoPoint | None = _of(_R, "Where it was recorded.")
    g: GeohashedPoint | None = _of(_R, "Where it was recorded, with its geohash.")
    conversation_time: int | None = _of(_METRICS, "How long people talked, in milliseconds.")
    rep_speaking_time: int | None = _of(_METRICS, "How long the representative talked, in milliseconds.")
    customer_speaking_time: int | None = _of(_METRICS, "How long the customer talked, in milliseconds.")
    customer_questions_count: int | None = _of(_METRICS, "How many questions the customer asked.")
    rep_questions_count: int | None = _of(_METRICS, "How many questions the representative asked.")
    exchanges_count: int | None = _of(_METRICS, "How often the speaker changed.")
    rep_exchanges_count: int | None = _of(_METRICS, "How often the representative took the word.")
    total_rep_exchanges_with_a_question: int | None = _of(_METRICS, "The representative's turns with a question.")
    rep_word_count: int | None = _of(_METRICS, "How many words the representative said.")
    rep_unique_words_used_count: int | None = _of(_METRICS, "How many different words the representative said.")
    rep_filler_words_count: int | None = _of(_METRICS, "How many filler words the representative said.")
    total_rep_vocabulary_score: float | None = _of(_METRICS, "How rich the representative's vocabulary is, summed up.")
    total_rep_word_obscurity_score: float | None = _of(_METRICS, "How rare the representative's words are, summed up.")
    longest_monologue_millis: int | None = _of(_METRICS, "The representative's longest talk without a break, in ms.")
    longest_customer_story_millis: int | None = _of(_METRICS, "The customer's longest talk without a break, in ms.")
    rep_words_per_minute: float | None = _of(_METRICS, "How fast the representative talked.")
    rep_filler_words_per_min: float | None = _of(_METRICS, "How many filler words the representative said a minute.")
    rep_speaker_share: float | None = _of(_METRICS, "How much of the talking was the representative's, in percent.")
    interactivity_score: float | None = _of(_METRICS, "How lively the exchange was.")
    rep_control: float | None = _of(_METRICS, "How many of the representative's turns had a question, in percent.")
    rep_vocabulary_level: float | None = _of(_METRICS, "How rich the representative's vocabulary is.")
    rep_word_obscurity_score: float | None = _of(_METRICS, "How rare the representative's words are.")
    conversation_segment_dates: list[dict[str, Any]] | None = _of(_METRICS, "When parts of it began and ended.")
    chunk_status_map: dict[str, CoreTranscriptionStatus] | None = _of(
        _CHUNKS,
        "Where each chunk is, by its number: `RECORDING` is not asked for yet, `UPLOADING` asked for, `UPLOADED` here, "
        "`COMPLETE` in the audio, `REMOVED` skipped.",
    )
    expected_chunks_outstanding: list[str] | None = _of(_CHUNKS, "The numbers of chunks that are waited for.")
    advanced_bookmarks_checked: bool | None = _of(_R, "Kept for phones that say so; nothing reads it.")
    extracted_primary_contact_phone_number: dict[str, Any] | None = _of(_EXTRACTION, "A telephone number someone said.")
    do_not_delete: bool | None = _of(_R, "Whether it is protected from deletion.")
    processed_chunk_numbers: list[int] | None = _of(_CHUNKS, "The numbers of the chunks that its audio is made of.")
    skippable_chunk_numbers: list[int] | None = _of(_CHUNKS, "The numbers of chunks that are not waited for.")
    date_lacking_single_expected_chunk: Timestamp | None = _of(_CHUNKS, "Since when all chunks but one are here.")
    audio_duration_in_milliseconds: int | None = _of(_R, "The same as `durationInMilliseconds`.")
    is_video: bool | None = _of(_R, "Whether there is a picture too; null until it has been decoded.")
    video_recording_id: str | None = _of(_NEVER, "The video that belongs to it.")
    raw_video_path: str | None = _of(_R, "The key of the uploaded file in the bucket, where it is a video.")
    source: CaptureSource | None = _of(_R, "The app that recorded it.")
    transcription_language: Language | None = _of(_R, "The language that is spoken, as its owner said.")
    os: OperatingSystem | None = _of(_R, "The system of the device that recorded it.")
    os_version: str | None = _of(_R, "The version of that system.")
    device_type: str | None = _of(_R, "The kind of device that recorded it.")
    device_id: str | None = _of(_R, "The id of the device that recorded it.")
    summary_processing_status: RecordingStageStatus | None = _of(_RUN, "How far its summary is.")
    bookmarking_processing_status: RecordingStageStatus | None = _of(_BOOKMARKS, "How far its bookmarks are.")
    llm_bookmarking_status: RecordingStageStatus | None = _of(_BOOKMARKS, "How far bookmarks by a language model are.")
    llm_speaker_assignment_status: RecordingStageStatus | None = _of(_EXTRACTION, "How far a model is with who is who.")
    conversation_quality_tag: ConversationQuality | None = _of(_R, "Whether it is a whole conversation, by its owner.")
    conversation_quality_tag_reasoning: str | None = _of(_EXTRACTION, "Why it is taken for a whole conversation.")
    llm_conversation_approval_status: RecordingStageStatus | None = _of(_EXTRACTION, "How far a model's approval is.")
    ai_metrics_processing_status: RecordingStageStatus | None = _of(_METRICS, "How far its metrics are.")
    beta_features: list[str] | None = _of(_R, "The beta features of the app that recorded it.")
    all_chunks_uploaded: bool | None = _of(_CHUNKS, "Whether recording has ended and no chunk is waited for.")
    recording_settings: CaptureSettings | None = _of(_R, "How the app made its chunks.")
    images: list[CapturedImage] | None = _of(_EVENTS, "The images that were captured; asked for by `showPhotos`.")
    crm_opportunities: list[CrmOpportunity] | None = _of(_CRM, "Its deal, if any; asked for by `showCrmOpportunities`.")
    crm_customer: CrmCustomer | None = _of(_CRM, "Whom it concerns; asked for by `showCrmCustomers`.")
    media_opportunities: list[dict[str, Any]] | None = _of(_CRM, "Empty as yet; asked for by `showMediaOpportunities`.")
    multimedia_events: list[CapturedMultimedia] | None = _of(
        _EVENTS, "The files that were captured; asked for by `showMultimediaEvents`."
    )
    evaluation: dict[str, Any] | None = _of(Source.SCORECARDS, "How it was scored; asked for by `showEvaluationScore`.")
    followups: list[dict[str, Any]] | None = _of(Source.FOLLOWUPS, "What is to be done; asked for by `showFollowups`.")
    mobile_events: list[RecordedMobileEvent] | None = _of(_EVENTS, "Phone events; asked for by `showMobileEvents`.")
    seed_recording_id: str | None = _of(_R, "The recording that the phone made this one from.")
    seed_recording_recording_id: str | None = _of(_R, "The id of that recording and of this one, joined.")
    summary: str | None = Field(None, description="What stands out of it; left out unless `showSummary` asks for it.")
    entity_extractions: list[dict[str, Any]] | None = Field(
        None, description="Null: nothing extracts entities yet; asked for by `showEntityExtractions`, else left out."
    )

    @classmethod
    def of(cls, detail: RecordingDetail, **flagged: Any) -> Self:
        """The recording without what nothing has set. `flagged` are the fields that flags ask for."""
        return cls(**without_none(_fields(detail) | flagged))


def _all_but_added(schema: dict[str, Any]) -> None:
    schema["required"] = [name for name in schema["properties"] if name not in _ADDED_BY_FLAGS]


_ADDED_BY_FLAGS = ("summary", "entityExtractions")


class CoreRecording(SparseCoreRecording):
    """A recording with every field; null is what nothing has set."""

    model_config = ConfigDict(json_schema_extra=_all_but_added)

    @classmethod
    def of(cls, detail: RecordingDetail, **flagged: Any) -> Self:
        """The recording. `flagged` are the fields that flags ask for, null ones among them."""
        return cls(**{**_NOTHING, **_fields(detail), **flagged})


_NOTHING: dict[str, Any] = {
    name: None for name, field in CoreRecording.model_fields.items() if field.alias not in _ADDED_BY_FLAGS
}
WHOLE_EXAMPLE: dict[str, Any] = {
    str(field.alias): EXAMPLE.get(str(field.alias)) for field in CoreRecording.model_fields.values()
}
_NO_REP, _NO_CAPTURE = Rep(), Capture()
_OF_RECORDING = """id user_id locked confidence title notes discoverable conversation_type advanced_bookmarks_checked
do_not_delete transcription_language seed_recording_id""".split()
_OF_CAPTURE = "record_errors code_version latitude longitude os os_version device_type device_id beta_features".split()
"""Fields that the domain calls by the same names."""


def _fields(detail: RecordingDetail) -> dict[str, Any]:
    """What is set of the recording, as far as no flag asks for it."""
    recording, run, counters = detail.recording, detail.run, detail.counters
    capture, rep, audio = recording.capture or _NO_CAPTURE, recording.rep or _NO_REP, recording.audio
    failure = recording.failure.message if recording.failure else None
    may_be_shown = content_may_be_shown(recording)
    source = recording.keys.source if recording.version and may_be_shown else None
    summary = run.stage(Stage.SUMMARIZE).state if run else StageState.NOT_STARTED
    stage = _STAGES.get(recording.status, RecordingProcessingStage.PROCESSING)
    # One that was merged of several has no one original.
    original = recording.made_of[0] if len(recording.made_of) == 1 else None
    link = recording.crm_link
    duration_ms = milliseconds(recording.duration_s)
    fields = {
        **{name: getattr(recording, name) for name in _OF_RECORDING},
        **{name: getattr(capture, name) for name in _OF_CAPTURE},
        "date_created": recording.created_at,
        "deleted": recording.deleted_at is not None,
        "transcription_status": recording.status.value,
        "processing_status": _processing_status(recording, stage),
        "processing_stage": stage,
        "processing_errors": ["summary-failed"] if summary is StageState.FAILED else [],
        "processing_error": failure,
        "raw_audio_path": source,
        "processed_audio_path": recording.keys.audio if audio and may_be_shown else None,
        "last_processed_audio": run.finished_at if run else None,
        "organization_id": recording.org,
        "team_id": rep.team_id,
        "terminated_ungraciously": capture.terminated_ungracefully,
        "original_device_id": capture.device_id,
        "lock": recording.locked,
        "split_lock": recording.split_in_progress,
        "merge_lock": len(recording.made_of) > 1 and recording.status in OPEN,
        "split_retry_needed": False,
        "organization_name": rep.organization_name,
        "rep_first_name": rep.first_name,
        "rep_last_name": rep.last_name,
        "speaker_map": {talk.speaker: display_name(talk.speaker) for talk in recording.speakers},
        "merge_retry_needed": False,
        "error": failure,
        "result": recording.result.value if recording.result else None,
        "duration_in_milliseconds": duration_ms,
        "is_private": recording.private,
        "detected_language": recording.language,
        "star_count": counters.stars,
        "view_count": counters.views,
        "unique_view_count": counters.viewers,
        "deleted_date": recording.deleted_at,
        "deleted_permanently": False,
        "original_recording_id": original.recording_id if original else None,
        "enable_automatic_split": recording.automatic_split,
        "offset_from_original_recording_ms": original.start_ms if original else None,
        "debrief_responses": recording.debrief,
        "number_of_comments": counters.comments,
        "unread_comments": {user: len(unread) for user, unread in counters.unread.items()},
        "outcome_label": _outcome_label(recording),
        "split_history": [SplitMade.of(split) for split in recording.splits],
        "lead_id_siro": link.id if link and link.data_type == "LEAD" else None,
        "audio_duration_in_milliseconds": duration_ms,
        "is_video": audio.is_video if audio else None,
        "raw_video_path": source if audio and audio.is_video else None,
        "source": CaptureSource.of(capture),
        "summary_processing_status": _STAGE_STATUSES[summary],
        "conversation_quality_tag": recording.conversation_quality,
    }
    if capture.latitude is not None and capture.longitude is not None:
        point = GeoPoint(latitude=capture.latitude, longitude=capture.longitude)
        fields |= {
            "coordinates": point,
            "g": GeohashedPoint(geohash=geohash(capture.latitude, capture.longitude), geopoint=point),
        }
    if capture.chunk_creation_mode:
        settings = {"mobile_chunk_creation_mode": capture.chunk_creation_mode}
        fields["recording_settings"] = CaptureSettings.model_validate(settings)
    if recording.seed_recording_id:
        fields["seed_recording_recording_id"] = f"{recording.seed_recording_id}_{recording.id}"
    if recording.debrief_asked:
        fields["debrief_questions"] = [RecordingQuestion.of(question) for question in recording.debrief_asked]
    if detail.chunks is not None:
        from api.core.chunks.models import chunk_fields

        fields |= chunk_fields(detail.chunks)
    return fields


def _processing_status(recording: Recording, stage: RecordingProcessingStage) -> RecordingProcessingStatus:
    if recording.failure is not None:
        return RecordingProcessingStatus.ERROR
    done = stage is RecordingProcessingStage.DONE
    return RecordingProcessingStatus.COMPLETE if done else RecordingProcessingStatus.IN_PROGRESS


def _outcome_label(recording: Recording) -> str | None:
    if recording.outcome_label is not None or recording.result is None:
        return recording.outcome_label
    return {"closed": "CLOSED", "not closed": "NOT_CLOSED"}.get(recording.result.value)
