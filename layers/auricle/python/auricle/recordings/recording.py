"""A recording: what is known of it, the states it passes through, and the stages of each run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from auricle.errors import Conflict, IllegalTransition, RecordingNotFound
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.chunks import Chunks
from auricle.recordings.consent import (
    Consent,
    ConsentBasis,
    ConsentChange,
    ObjectAccess,
    Parties,
    Withdrawal,
    content_may_be_shown,
)
from auricle.recordings.counters import NOTHING_COUNTED, Counters
from auricle.recordings.debrief import Answer, DebriefQuestion
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, SpeakerTalk


class Status(StrEnum):
    """Where a recording stands. `COMPLETE` and `ERROR` are final until it is processed again; `UNRECOVERABLE_ERROR`,
    `RAW_SPLIT` and `REMOVED` are final."""

    # The values are the wire names of the core API's `transcriptionStatus`.
    RECORDING = "RECORDING"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    TRANSCRIBING = "TRANSCRIBING"
    AWAITING_REDACTION = "AWAITING_REDACTION"
    REDACTING = "REDACTING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    UNRECOVERABLE_ERROR = "UNRECOVERABLE_ERROR"
    REMOVED = "REMOVED"
    RAW_SPLIT = "RAW_SPLIT"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.RECORDING: frozenset({Status.UPLOADING, Status.REMOVED}),
    Status.UPLOADING: frozenset({Status.UPLOADED, Status.REMOVED}),
    Status.UPLOADED: frozenset(
        {Status.TRANSCRIBING, Status.ERROR, Status.UNRECOVERABLE_ERROR, Status.REMOVED},
    ),
    Status.TRANSCRIBING: frozenset(
        {
            Status.AWAITING_REDACTION,
            Status.COMPLETE,
            Status.ERROR,
            Status.UNRECOVERABLE_ERROR,
            Status.REMOVED,
        },
    ),
    Status.AWAITING_REDACTION: frozenset({Status.REDACTING, Status.COMPLETE, Status.ERROR, Status.REMOVED}),
    Status.REDACTING: frozenset({Status.COMPLETE, Status.ERROR, Status.REMOVED}),
    Status.COMPLETE: frozenset({Status.RAW_SPLIT, Status.REMOVED}),
    Status.ERROR: frozenset({Status.REMOVED}),
    Status.UNRECOVERABLE_ERROR: frozenset({Status.REMOVED}),
    Status.RAW_SPLIT: frozenset({Status.REMOVED}),
    Status.REMOVED: frozenset(),
}
"""What may follow what within one run. Going back takes a new run (`NEW_RUN_FROM`)."""

NEW_RUN_FROM = frozenset({Status.COMPLETE, Status.ERROR})
"""States from which a new run may begin, which puts the recording back to UPLOADED."""

OPEN = frozenset(
    {Status.UPLOADING, Status.UPLOADED, Status.TRANSCRIBING, Status.AWAITING_REDACTION, Status.REDACTING},
)
"""States that something must still happen to: what the sweep looks after."""


MAX_CONTACTS = 20
"""A recording's state, its lines on every timeline and its events are one transaction, which DynamoDB bounds."""

MAX_MADE_INTO = 200
"""Recordings that one recording may be split or merged into: their ids stand in its record."""

MAX_LATER_VERSIONS = 20
"""Further uploads to one URL are kept in the bucket but not noted: they must not outgrow the record."""


class Result(StrEnum):
    """What a conversation came to, as its owner says."""

    # The values are the core API's wire names.
    CLOSED = "closed"
    NOT_CLOSED = "not closed"
    IN_PROGRESS = "in progress"


@dataclass(frozen=True, slots=True)
class Capture:
    """What recorded it, where, and how that went: said by the phone, never found out."""

    sdk_version: str | None = None
    bundle_id: str | None = None
    app_version: str | None = None
    app_name: str | None = None
    sdk_type: str | None = None
    os: str | None = None
    os_version: str | None = None
    device_type: str | None = None
    device_id: str | None = None
    code_version: str | None = None
    trigger: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    chunk_creation_mode: str | None = None
    record_errors: tuple[str, ...] = ()
    terminated_ungracefully: bool = False
    beta_features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rep:
    """Whose recording it is, by name, as the directory had it when the recording was made."""

    first_name: str | None = None
    last_name: str | None = None
    team_id: str | None = None
    organization_name: str | None = None


@dataclass(frozen=True, slots=True)
class CrmLink:
    """The one CRM record the recording was linked to by the core API. `id` is Auricle's, `external_id` the CRM's."""

    data_type: str
    id: str | None = None
    external_id: str | None = None
    connection_id: str | None = None
    trigger: str | None = None
    linked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of another recording's audio, in milliseconds; `end_ms` None means to its end."""

    recording_id: str
    start_ms: int = 0
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A cut that was made in this recording, and the recording that begins there."""

    at_ms: int
    recording_id: str
    made_at: datetime


class Stage(StrEnum):
    """One step of the workflow, with a state and an error of its own."""

    PREPARE = "prepare"
    TRANSCRIBE = "transcribe"
    DIARIZE = "diarize"
    ASSEMBLE = "assemble"
    REDACT = "redact"
    SUMMARIZE = "summarize"


class StageState(StrEnum):
    """How far a stage is. `complete`, `failed` and `skipped` are final of a run."""

    # The values are the wire names of the core API's per-stage statuses.
    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stage, or a whole run, did not succeed. `message` is written for the recording's owner."""

    stage: Stage
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StageResult:
    """The state of one stage in one run."""

    state: StageState = StageState.NOT_STARTED
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One passage through the workflow. `windows_total` is 0 until the recording is prepared."""

    number: int
    version: str
    started_at: datetime
    finished_at: datetime | None = None
    windows_total: int = 0
    windows_done: int = 0
    stages: Mapping[Stage, StageResult] = field(default_factory=dict)

    def stage(self, stage: Stage) -> StageResult:
        """The stage's result; a stage nothing is known of has not started."""
        return self.stages.get(stage, StageResult())


@dataclass(frozen=True, slots=True)
class Audio:
    """What was found in the uploaded file."""

    format: str
    codec: str
    channels: int
    sample_rate_hz: int
    duration_s: float
    is_video: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """Those fields of a recording that hold what was found in its sound: what nobody may see without consent."""

    language: str | None = None
    engines: Mapping[str, Engine] = field(default_factory=dict)
    warnings: tuple[ProcessingWarning, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    speakers: tuple[SpeakerTalk, ...] = ()
    word_count: int = 0
    confidence: float | None = None


FINDINGS = tuple(one.name for one in fields(Findings))
NOTHING_FOUND = Findings()


@dataclass(frozen=True, slots=True)
class Recording:
    """The record itself: everything but the words, which are the transcript's."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    status: Status
    file_name: str
    run: int = 1
    revision: int = 1
    queued_at: datetime | None = None
    """When its upload arrived, or its current run was asked for; see `awaited_since`."""
    user_id: str | None = None
    title: str | None = None
    kind: str = "phone"
    source: str | None = None
    consent: Consent = Consent.ALL_CONSENTED
    consent_changes: tuple[ConsentChange, ...] = ()
    """What was recorded of it since the recording was made, oldest first."""
    consent_basis: ConsentBasis | None = None
    """None of recordings that were made before it was noted."""
    parties: Parties = Parties()  # noqa: RUF009 - it is frozen
    """What those who were recorded said themselves."""
    withdrawal: Withdrawal | None = None
    object_access: ObjectAccess = ObjectAccess.OPEN
    withheld: Findings | None = None
    """What was found in it, kept apart for as long as it may not be shown (`as_consented`)."""
    contact_ids: tuple[str, ...] = ()
    deal_id: str | None = None
    campaign_id: str | None = None
    engagement_id: str | None = None
    is_ai_call: bool = False
    content_type: str | None = None
    version: str | None = None
    """The S3 object version that is processed: the first created. None until one is there."""
    size_bytes: int | None = None
    later_versions: tuple[str, ...] = ()
    """Object versions put to the same URL afterwards: kept, flagged, never processed."""
    failure: Failure | None = None
    audio: Audio | None = None
    language: str | None = None
    engines: Mapping[str, Engine] = field(default_factory=dict)
    warnings: tuple[ProcessingWarning, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    speakers: tuple[SpeakerTalk, ...] = ()
    word_count: int = 0
    confidence: float | None = None
    """Mean confidence of the words that have one, 0 to 1."""
    notes: str | None = None
    private: bool = False
    discoverable: bool = True
    locked: bool = False
    """Nothing but the lock itself may be changed by clients."""
    do_not_delete: bool = False
    result: Result | None = None
    outcome_label: str | None = None
    conversation_type: str | None = None
    conversation_quality: str | None = None
    transcription_language: str | None = None
    """The core API's word for it: English, Spanish or French."""
    deleted_at: datetime | None = None
    """Put into the trash: hidden everywhere, restorable, still there."""
    capture: Capture | None = None
    rep: Rep | None = None
    crm_link: CrmLink | None = None
    debrief: Mapping[str, Answer] = field(default_factory=dict)
    """Answers to debrief questions, by question id."""
    debrief_asked: tuple[DebriefQuestion, ...] = ()
    """Those questions, as they stood when they were answered."""
    made_of: tuple[Excerpt, ...] = ()
    """The pieces of other recordings this one was split off or merged from; empty of an upload."""
    made_into: tuple[str, ...] = ()
    """Ids of the recordings made of this one, noted before they are made. They fetch their audio from it."""
    splits: tuple[Split, ...] = ()
    chunked: bool = False
    """Uploaded in chunks (`RecordingDetail.chunks`), not in one file."""
    chunk_numbers: tuple[int, ...] = ()
    """The chunks its audio is put together from, in order: settled when the last was in."""
    seed_recording_id: str | None = None
    automatic_split: bool = False
    advanced_bookmarks_checked: bool | None = None
    """Kept for phones that say so; nothing reads it."""

    @property
    def duration_s(self) -> float | None:
        """Length of the audio in seconds; None until it has been decoded."""
        return self.audio.duration_s if self.audio else None

    @property
    def awaited_since(self) -> datetime | None:
        """Since when nothing but Auricle's own work is waited for; None of one that was queued before this was noted.

        Time spent waiting for consent is not counted.
        """
        if self.queued_at is None:
            return None
        given = [
            change.at
            for change in self.consent_changes
            if change.consent.allows_processing and not change.before.allows_processing
        ]
        return max([self.queued_at, *given])

    @property
    def split_in_progress(self) -> bool:
        """Whether cuts are noted that are not made yet."""
        return bool(self.splits) and self.status is not Status.RAW_SPLIT

    @property
    def awaits_work(self) -> bool:
        """Whether something must still happen to it by itself: not while consent holds it, nor after a failure."""
        if self.withdrawal is not None:
            return False
        held = self.status is Status.UPLOADED and not self.consent.allows_processing
        return self.half_split or (self.status in OPEN and not held and self.failure is None)

    @property
    def consent_work_at(self) -> datetime | None:
        """When something must be done because of its consent: objects blocked or unblocked, or all of it erased."""
        if self.status is Status.REMOVED:
            return None
        if not self.object_access.is_settled:
            return self.updated_at
        return self.withdrawal.erase_at if self.withdrawal else None

    @property
    def half_split(self) -> bool:
        """Cuts are noted, and its parts are still being made, or a crash left them undone. In the bin it rests."""
        return self.status is Status.COMPLETE and bool(self.splits) and self.deleted_at is None

    def is_visible(self, *, with_trashed: bool = False, with_removed: bool = False) -> bool:
        """Whether stores give it out: removed ones and those in the trash only where they are asked for."""
        if self.status is Status.REMOVED:
            return with_removed
        return with_trashed or self.deleted_at is None

    def as_consented(self) -> Recording:
        """The recording as everybody may see it: without consent, what was found in it is kept apart.

        Every store applies this to what it writes and reads, so no list, timeline or surface can show more.
        """
        if content_may_be_shown(self):
            return self.with_findings()
        found = Findings(**{name: getattr(self, name) for name in FINDINGS})
        if found == NOTHING_FOUND:
            return self
        return replace(self, withheld=found, **{name: getattr(NOTHING_FOUND, name) for name in FINDINGS})

    def with_findings(self) -> Recording:
        """The recording with what was kept apart back in its place: for those that write it, not for showing."""
        if self.withheld is None:
            return self
        return replace(self, withheld=None, **{name: getattr(self.withheld, name) for name in FINDINGS})

    def to(self, status: Status, *, at: datetime) -> Recording:
        """The recording in its next state.

        Raises:
            IllegalTransition: where `TRANSITIONS` does not allow it.
        """
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(f"A recording that is {self.status} cannot become {status}.")
        return replace(self, status=status, updated_at=at)

    def check_deletable(self) -> None:
        """Whether clients may delete it, for a while or for good.

        Raises:
            Conflict: it is locked, or protected; the message names the field that says so.
        """
        if self.locked:
            raise Conflict("The recording is locked. Set lock to false first, then delete it.")
        if self.do_not_delete:
            raise Conflict("The recording is protected. Set doNotDelete to false first, then delete it.")

    def new_run(self, *, at: datetime) -> Recording:
        """The recording about to be processed anew; what the last run found stays until this one has finished.

        Raises:
            IllegalTransition: from a state of which there is nothing to repeat (`NEW_RUN_FROM`).
        """
        if self.status not in NEW_RUN_FROM:
            raise IllegalTransition(f"A recording that is {self.status} cannot be processed anew.")
        return replace(self, status=Status.UPLOADED, run=self.run + 1, queued_at=at, failure=None, updated_at=at)

    def removed(self, *, at: datetime) -> Recording:
        """What is left of it once it is removed: ids, times and versions, nothing of its content or its people.

        `made_into` stays: what is made of it may still have to fetch its audio.
        One that was private stays so: what names it elsewhere does not become visible by its removal.
        """
        bare = Recording(
            org=self.org,
            id=self.id,
            created_at=self.created_at,
            updated_at=self.updated_at,
            status=self.status,
            file_name="",
            run=self.run,
            revision=self.revision,
            version=self.version,
            made_into=self.made_into,
            private=self.private,
            discoverable=self.discoverable,
        )
        return bare.to(Status.REMOVED, at=at)

    def erased(self, *, at: datetime) -> Recording:
        """What is left of it when it is erased because consent was withdrawn: as `removed`, and its consent's history.

        Nothing is made of it any more: without consent its sound is nobody's to use.
        """
        return replace(
            self.removed(at=at),
            consent=self.consent,
            consent_basis=self.consent_basis,
            consent_changes=self.consent_changes,
            parties=self.parties,
            withdrawal=self.withdrawal,
            made_into=(),
        )

    def noted_made_into(self, recording_ids: Iterable[str]) -> Recording:
        """The recording, knowing that those are made of it.

        Raises:
            Conflict: there would be too many (`MAX_MADE_INTO`).
        """
        made_into = tuple(dict.fromkeys((*self.made_into, *recording_ids)))
        if len(made_into) > MAX_MADE_INTO:
            raise Conflict(f"Recording {self.id} has been made into {MAX_MADE_INTO} others, which is the most.")
        return replace(self, made_into=made_into)

    @property
    def keys(self) -> RecordingKeys:
        """Where its objects lie in the bucket."""
        return RecordingKeys(self.org, self.id)

    def current_job(self) -> Job:
        """The work of the current run, as the workflow is told of it.

        Raises:
            IllegalTransition: when nothing has been uploaded yet.
        """
        if self.version is None:
            raise IllegalTransition("Nothing has been uploaded to this recording yet.")
        return Job(org=self.org, recording=self.id, run=self.run, version=self.version)


@dataclass(frozen=True, slots=True)
class RecordingDetail:
    """A recording with its current run and what was counted of it: what one query of the table gives."""

    recording: Recording
    run: Run | None
    chunks: Chunks | None = None
    """Where its chunks are; None of a recording uploaded in one file."""
    counters: Counters = NOTHING_COUNTED
    children: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """What was asked for of its children, by the name of their kind, oldest first."""


def visible_recording(recording: Recording | None, recording_id: str, *, with_trashed: bool) -> Recording:
    """Returns what a store found under the id, unless it was removed or is in the trash. `with_trashed` accepts trash.

    Raises:
        RecordingNotFound: every store raises it from here, so that nothing tells the cases apart.
    """
    if recording is None or not recording.is_visible(with_trashed=with_trashed):
        raise recording_not_found(recording_id)
    return recording


def recording_not_found(recording_id: str) -> RecordingNotFound:
    """The error of an id that is unknown, removed, in the trash, or hidden from the caller."""
    return RecordingNotFound(f"There is no recording {recording_id}.")
