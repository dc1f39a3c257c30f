"""What the domain needs from outside, as protocols. `adapters/` implements them on AWS, `tests/fakes` in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol

from auricle.records import T

if TYPE_CHECKING:
    from auricle.crm.contacts import Contact
    from auricle.crm.timeline import EntryType, TimelineEntry
    from auricle.directory.visibility import Viewer
    from auricle.domain_events import DomainEvent
    from auricle.recordings.chunks import ChunksChange
    from auricle.recordings.counters import CountersChange
    from auricle.recordings.job import Job
    from auricle.recordings.recording import Failure, Recording, RecordingDetail, Stage, StageResult, StageState
    from auricle.records import Page, RecordKind


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings of a tenant to list; None filters nothing. Dates bound `created_at`, both inclusive."""

    campaign_id: str | None = None
    engagement_id: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    kind: str | None = None
    is_ai_call: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    user_id: str | None = None
    team_ids: frozenset[str] = frozenset()
    conversation_types: frozenset[str] = frozenset()
    result: str | None = None
    linked_to_crm: bool | None = None
    in_trash: bool = False
    """Those in the trash, instead of those that are not."""

    def admits(self, recording: Recording) -> bool:
        """Whether the recording is one of those asked for."""
        return (
            self.campaign_id in (None, recording.campaign_id)
            and self.engagement_id in (None, recording.engagement_id)
            and (self.contact_id is None or self.contact_id in recording.contact_ids)
            and self.deal_id in (None, recording.deal_id)
            and self.kind in (None, recording.kind)
            and self.is_ai_call in (None, recording.is_ai_call)
            and (self.created_from is None or recording.created_at >= self.created_from)
            and (self.created_to is None or recording.created_at <= self.created_to)
            and self.user_id in (None, recording.user_id)
            and (not self.team_ids or (recording.rep is not None and recording.rep.team_id in self.team_ids))
            and (not self.conversation_types or recording.conversation_type in self.conversation_types)
            and self.result in (None, recording.result)
            and self.linked_to_crm in (None, recording.crm_link is not None)
            and self.in_trash == (recording.deleted_at is not None)
        )


Position = Mapping[str, str]
"""Where a listing goes on: opaque to everyone but the store; surfaces seal it into a cursor."""


class RecordingPage(NamedTuple):
    """Some recordings, newest first, and where the next begin (None at the end)."""

    recordings: tuple[Recording, ...]
    next_position: Position | None


class TimelinePage(NamedTuple):
    """Some of a contact's entries, newest first, and where the next begin (None at the end)."""

    entries: tuple[TimelineEntry, ...]
    next_position: Position | None


class RecordingStore(Protocol):
    """State of recordings and their runs. Every write is conditional; what it announces is written with it.

    A recording in the trash is invisible to whoever does not ask for it; the pipeline and the sweep do.

    Without consent, what was found in a recording is kept apart in what is stored and read (`Recording.as_consented`).
    """

    def create(self, recording: Recording, events: Sequence[DomainEvent]) -> None:
        """A new recording, its lines on its contacts' timelines, and the events, in one transaction."""

    def get(self, org: str, recording_id: str, *, with_trashed: bool = False) -> Recording:
        """The recording without its run. `with_trashed` finds one in the trash too.

        Raises RecordingNotFound: unknown, removed, or in the trash.
        """

    def find(
        self, org: str, recording_ids: Sequence[str], *, with_trashed: bool = False, with_removed: bool = False
    ) -> Mapping[str, Recording]:
        """The recordings of these ids that exist. `with_trashed` adds those in the trash; `with_removed` adds what is
        left of removed ones."""

    def detail(
        self,
        org: str,
        recording_id: str,
        *,
        children: Sequence[RecordKind[Any]] = (),
        with_trashed: bool = False,
    ) -> RecordingDetail:
        """The recording with its current run and counts, and its records of those kinds, in one query.

        Raises RecordingNotFound as `get` does.
        """

    def list(
        self,
        org: str,
        wanted: RecordingFilter,
        limit: int,
        position: Position | None = None,
        *,
        oldest_first: bool = False,
        viewer: Viewer | None = None,
    ) -> RecordingPage:
        """Recordings of the tenant that the filter admits, newest first unless asked; removed ones are left out.

        A viewer, where given, gets those alone that they may find.

        A page has `limit` recordings while there are that many, unless the filter admits so few of so many that
        looking further would take too long: then it has fewer, and still a next position.
        """

    def save(
        self,
        recording: Recording,
        *,
        expected: Recording,
        events: Sequence[DomainEvent] = (),
        finished_stages: Mapping[Stage, StageResult] | None = None,
        chunks: ChunksChange | None = None,
    ) -> bool:
        """Writes the recording's new state if it is still as `expected` (same revision, status and run).

        In the same transaction: the lines on the timelines of its contacts (added, changed, and taken from
        contacts no longer linked), the events, and what is noted of its chunks. The stored revision becomes
        `expected.revision + 1`. Returns False, having written none of them, when the recording has moved on.

        Stages, where given, end the run before that, once: a run that has ended stays as it ended. Raises
        SupersededRun when the run is gone.
        """

    def add_later_version(self, org: str, recording_id: str, version: str) -> None:
        """Notes an object version that came after the processed one; noting it twice changes nothing."""

    def begin_run(self, recording: Recording, *, expected: Recording, events: Sequence[DomainEvent]) -> bool:
        """`save`, and the run's own item with it. Beginning the same run again (a retried Prepare) keeps it."""

    def note_stage(self, job: Job, stage: Stage, state: StageState, failure: Failure | None = None) -> None:
        """The stage's state in the run's item. Raises SupersededRun when the run is gone."""

    def note_windows(self, job: Job, total: int) -> None:
        """How many windows there are to transcribe."""

    def note_window_done(self, job: Job, index: int) -> None:
        """One more window transcribed; noting the same one again changes nothing."""

    def was_removed(self, org: str, recording_id: str) -> bool:
        """Whether there was such a recording; `get` tells a removed one from an unknown one to nobody."""

    def count(self, org: str, recording_id: str, change: CountersChange) -> None:
        """Adds to the recording's counts. Raises RecordingNotFound."""

    def change_chunks(self, org: str, recording_id: str, change: ChunksChange) -> None:
        """Notes it of the recording's chunks, whoever else notes something then. Raises RecordingNotFound."""

    def forget_children(self, org: str, recording_id: str) -> None:
        """Removes everything that lies with a removed recording: its records, chunks, counts and runs."""

    def confirm_erased(self, org: str, recording_id: str) -> None:
        """Nothing of the removed recording is left in the bucket: it needs no further look."""


class SweptRecordings(RecordingStore, Protocol):
    """The recordings of every tenant, for the sweep alone. What answers a request never has them."""

    def open_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        """Recordings of every tenant that await work (`Recording.awaits_work`), untouched since, oldest first."""

    def consent_work(self, due: datetime, limit: int) -> Iterable[Recording]:
        """Recordings of every tenant that something must be done about because of their consent, which was due
        before that moment (`Recording.consent_work_at`), the longest due first.
        """

    def removed_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        """Recordings of every tenant removed before that moment whose erasure is not yet confirmed."""


class RecordStore(Protocol, Generic[T]):
    """Records of one kind. Every write is conditional; foreign ids are unknown ids."""

    def add(self, record: T, *, counters: CountersChange | None = None) -> None:
        """A new record and, of a recording's, what it counts for, in one transaction. Raises Conflict: id taken.

        Of a kind with `of_recording`, raises RecordingNotFound when the recording is not there (any more).
        """

    def add_all(self, records: Sequence[T]) -> None:
        """New records of one recording, in as few transactions as that takes; those of one are added or none is.

        Raises Conflict and RecordingNotFound as `add` does.
        """

    def get(self, org: str, record_id: str, *, recording_id: str | None = None) -> T:
        """Raises the kind's own NotFound. `recording_id` belongs to kinds with `of_recording`, and only to them."""

    def find(self, org: str, record_ids: Sequence[str]) -> Mapping[str, T]:
        """Those of the ids there are, of a kind that is the tenant's."""

    def replace(self, record: T, *, expected: T, counters: CountersChange | None = None) -> bool:
        """Writes it under `expected.revision + 1` if it is still at that revision; False, having written nothing.

        Also False where it counts for a recording that was removed meanwhile.
        """

    def remove(self, record: T, *, counters: CountersChange | None = None) -> bool:
        """Removes it if it is still at its revision; False, having removed nothing. As with `replace`."""

    def list(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        recording_id: str | None = None,
        wanted: Callable[[T], bool] | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> Page[T]:
        """Records newest first (of a recording: oldest first), those that `wanted` admits.

        Of a kind with `of_recording`, those of all recordings can be listed where it is `listed`. Dates bound
        `created_at`, both inclusive.

        A page is full while there are enough, unless `wanted` admits so few of so many that looking further would
        take too long: then it is short, and still has a next position.
        """


class ContactStore(Protocol):
    """Contacts and their timelines."""

    def create_contact(self, contact: Contact) -> None:
        """Raises Conflict when the id is taken."""

    def get_contact(self, org: str, contact_id: str) -> Contact:
        """Raises ContactNotFound."""

    def get_contacts(self, org: str, contact_ids: Sequence[str]) -> Sequence[Contact]:
        """All of them, in the order asked. Raises ContactNotFound naming the first that is missing."""

    def replace_contact(self, contact: Contact, *, expected: Contact) -> bool:
        """Writes it under `expected.revision + 1` if it is still at that revision; False, having written nothing."""

    def list_contacts(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        wanted: Callable[[Contact], bool] | None = None,
    ) -> Page[Contact]:
        """Contacts of the tenant that `wanted` admits, newest first; pages as `RecordStore.list` makes them."""

    def add_interaction(self, entry: TimelineEntry) -> None:
        """A line that no recording writes. Raises ContactNotFound."""

    def get_interaction(self, org: str, contact_id: str, interaction_id: str) -> TimelineEntry:
        """Raises InteractionNotFound."""

    def remove_interaction(self, org: str, contact_id: str, interaction_id: str) -> None:
        """Raises InteractionNotFound."""

    def recent_interactions(self, org: str, limit: int) -> Sequence[TimelineEntry]:
        """The tenant's latest, with whatever contact, newest first."""

    def timeline(
        self,
        org: str,
        contact_id: str,
        *,
        types: Sequence[EntryType] = (),
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        limit: int = 100,
        position: Position | None = None,
        viewer: Viewer | None = None,
    ) -> TimelinePage:
        """The contact's entries, newest first; no types means all of them.

        A viewer, where given, gets the lines of those recordings alone that they may find. Pages are as full as
        those of recordings.
        """


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    version: str
    created_at: datetime


MAX_URL_SECONDS = 900
"""A presigned URL never holds longer than 15 minutes, whatever the setting."""


class ObjectStore(Protocol):
    """The bucket. Keys come from `recordings.keys.RecordingKeys`."""

    def first_version(self, key: str) -> StoredObject | None:
        """The first created version that is still there, whatever came after; None when there is none."""

    def versions_after_first(self, key: str) -> Sequence[str]:
        """Ids of the versions put to the same key afterwards, oldest first."""

    def download(self, key: str, path: Path, *, version: str | None = None) -> None:
        """The whole object into a file. Raises NotFound."""

    def upload(self, path: Path, key: str, *, content_type: str) -> None:
        """A file becomes an object, in parts where it is large."""

    def read(self, key: str) -> bytes:
        """The whole object. Raises NotFound."""

    def read_range(self, key: str, start_byte: int, end_byte: int) -> bytes:
        """Bytes [start, end). Raises NotFound."""

    def write(self, key: str, content: bytes, *, content_type: str, of_one_run: bool = False) -> None:
        """An object; one that only its run needs is tagged so, and expires by itself."""

    def keys(self, prefix: str) -> Sequence[str]:
        """Keys under the prefix, in order."""

    def folders(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Names between the prefix and the next slash, in order, from the first that sorts after `after`."""

    def remove(self, keys: Sequence[str]) -> None:
        """Removes objects; one that is not there is no error."""

    def erase(self, prefix: str, *, keep: str | None = None) -> int:
        """Removes every version of every object under the prefix, for good; returns how many there were.

        The object with the key `keep` stays, in all its versions.
        """

    def block_reading(self, prefix: str) -> None:
        """From now on nobody reads any version of any object under the prefix, by whatever right or presigned URL.

        Objects that are written afterwards can be read.
        """

    def allow_reading(self, prefix: str) -> None:
        """Takes back what `block_reading` did."""

    def latest_version(self, key: str) -> StoredObject | None:
        """The version that is there now; None when there is none."""

    def upload_url(
        self,
        key: str,
        *,
        content_type: str | None,
        seconds: int,
        size_bytes: int | None = None,
        checksum_sha256: str | None = None,
    ) -> str:
        """A presigned PUT (SigV4) of that type, size and SHA-256 (in Base64), where they are given. Never logged."""

    def download_url(
        self, key: str, *, file_name: str, content_type: str | None, seconds: int, version: str | None = None
    ) -> str:
        """A presigned GET that saves under `file_name`, of that version where one is given. Private: never logged.

        The answer's media type is `download_media_type` of the two, whatever the object was uploaded as.
        """


class Downloads(Protocol):
    """Files on other hosts."""

    def fetch(self, url: str, path: Path, *, max_bytes: int, seconds: float) -> None:
        """The file at an https address, written to `path`.

        Raises:
            InvalidRequest: the address is none that may be fetched, or does not give a file of that size in time.
        """


class Workflow(Protocol):
    """The processing state machine."""

    def start(self, job: Job) -> bool:
        """Starts the job's execution; False when it exists already. Raises TransientError."""

    def outcome(self, job: Job) -> str | None:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; None when it was never started."""


CLAIMED = timedelta(minutes=1)
"""How long a request that is being answered keeps others with its key away: longer than any may take."""
KEPT = timedelta(hours=24)
"""How long an answer is kept for a request that is sent again."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is there under a name: whose request it was, and its sealed answer; None while it is being made."""

    fingerprint: str
    content: bytes | None


class IdempotencyStore(Protocol):
    """Answers to requests that may be sent again, by names that stand for caller, path and key."""

    def claim(self, org: str, name: str, owner: str, fingerprint: str, *, now: datetime) -> KeptAnswer | None:
        """Takes the name for `owner`, so that nobody else answers meanwhile; None when it was free.

        It is free where nothing is there, what was there has expired, or who took it did not answer in time.
        """

    def keep(self, org: str, name: str, owner: str, content: bytes, *, now: datetime) -> None:
        """The answer, where the name is still the owner's."""

    def release(self, org: str, name: str, owner: str) -> None:
        """There is no answer to keep: the name is free again."""


class RateLimitStore(Protocol):
    """How many requests a credential has taken of a minute."""

    def take(self, org: str, credential: str, window: int, amount: int) -> int:
        """Takes so many of the minute `window` (since 1970); returns how many were taken in all. TransientError."""


class EventBus(Protocol):
    """Where events go."""

    def publish(self, events: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Puts stored events, `{"type", "envelope"}`, on the bus; returns the positions of those that were refused."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job of a queue, as AWS Batch lists it."""

    id: str
    status: str
    """SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED."""
    created_at: datetime
    started_at: datetime | None = None
    """Of its last attempt."""
    stopped_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """For a machine."""
        return self.status == "RUNNABLE"

    @property
    def runs(self) -> bool:
        """On a machine, or is about to."""
        return self.status in {"STARTING", "RUNNING"}


class JobQueue(Protocol):
    """The queue of the jobs that run on machines of their own."""

    def jobs_since(self, created: datetime) -> Sequence[QueuedJob]:
        """Every job that was created after that, whatever became of it. Raises TransientError."""

    def attempts_ended(self, job_ids: Sequence[str]) -> Mapping[str, datetime]:
        """When the last attempt of each of these jobs ended, without jobs that had none. Raises TransientError.

        A job that is tried again waits since then. Listed jobs do not say it: `stopped_at` is of the job's own end.
        """

    def cancel(self, job_id: str, reason: str) -> None:
        """Ends the job with that reason if it still waits, and leaves it alone otherwise. Raises TransientError."""


class Metrics(Protocol):
    """Figures for who operates Auricle. None names a tenant, a user or a recording."""

    def recording_completed(self, *, at: datetime, seconds_to_transcript: float | None) -> None:
        """A recording became COMPLETE, so long after its upload; None where it is not known when that was."""

    def recording_failed(self, *, at: datetime, status: str, stage: str, code: str) -> None:
        """A recording became ERROR or UNRECOVERABLE_ERROR. `code` is one of those that `errors` and `failures` list."""

    def oldest_open_recording(self, *, age_seconds: float) -> None:
        """How long the recording that has waited longest has waited; 0 where none waits."""

    def job_failed(self, *, stage: Stage) -> None:
        """A Batch job failed for good."""

    def job_blocked(self, *, stage: Stage) -> None:
        """A Batch job stands at the head of its queue, and no machine can be had for it."""
