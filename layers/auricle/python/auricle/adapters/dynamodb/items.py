"""The one table: its items, and how domain values become them and come back.

Everything of a recording lies in one partition, in an order that makes its detail the end of it:
`ITEM#…` < `OUTBOX#…` < `RUN#0001` < `RUN#0002` < `STATE` < `STATE#CHUNKS` < `STATE#TALLY`. What is asked for by
condition, filter or index is an attribute of its own; the rest is one compressed document (`documents`).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    DiscriminatorAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from auricle.adapters.aws import ATTEMPTS, CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from auricle.adapters.dynamodb import documents
from auricle.adapters.dynamodb.stream import OUTBOX_KIND
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.domain_events import DomainEvent
from auricle.recordings.chunks import Chunk, Chunks
from auricle.recordings.counters import Counters, by_user
from auricle.recordings.recording import Failure, Recording, Run, Stage, StageResult, StageState, Status

RawItem = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB answers it: by name of each attribute, its value by its type."""
SHARDS = 8
"""Partitions of the index of unfinished recordings: one key would bound the whole service's writes."""
OUTBOX_KEPT = timedelta(days=7)
RECORDING_KIND = "recording"
"""`kind` of items that are a recording's state."""
STATE_KEY = "STATE"
CHUNKS_KEY = "STATE#CHUNKS"
TALLY_KEY = "STATE#TALLY"
LAST_KEY = "STATE~"
"""Above every key of a recording's detail."""
CHILD_KEYS = "ITEM#"
RUN_KEYS = "RUN#"
MONTHS_KEY = "MONTHS"
TIMELINE_KEYS = "TL#"


# --- keys -------------------------------------------------------------------------------------------------


def tenant_key(org: str) -> str:
    return f"ORG#{org}"


def recording_key(org: str, recording_id: str) -> str:
    return f"{tenant_key(org)}#REC#{recording_id}"


def child_key(kind: str, record_id: str) -> str:
    """Of a record that belongs to a recording: ids sort by the time they were made."""
    return f"{CHILD_KEYS}{kind}#{record_id}"


def record_key(org: str, kind: str, record_id: str) -> str:
    """Of a record that is the tenant's."""
    return f"{tenant_key(org)}#{kind.upper()}#{record_id}"


def records_key(org: str, kind: str) -> str:
    """Of the list of the tenant's records of a kind."""
    return f"{tenant_key(org)}#{kind.upper()}S"


def contact_key(org: str, contact_id: str) -> str:
    return f"{tenant_key(org)}#CONTACT#{contact_id}"


def month_key(org: str, month: str) -> str:
    return f"{tenant_key(org)}#RECS#{month.replace('-', '')}"


def run_key(number: int) -> str:
    return f"{RUN_KEYS}{number:04d}"


def month_of(moment: datetime) -> str:
    """`2026-11`."""
    return sortable(moment)[:7]


def sortable(moment: datetime) -> str:
    """ISO 8601 in UTC, always as wide: texts order as the moments do."""
    # Not strftime, which leaves out the zeros of a year before 1000.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def list_key(recording: Recording) -> str:
    return f"{sortable(recording.created_at)}#{recording.id}"


def timeline_key(date: datetime, type_: EntryType, entry_id: str) -> str:
    return f"{TIMELINE_KEYS}{sortable(date)}#{type_.value}#{entry_id}"


def interactions_key(org: str) -> str:
    """Of the list of the tenant's interactions, with whatever contact."""
    return f"{tenant_key(org)}#INTERACTIONS"


def open_key(shard: int) -> str:
    return f"OPEN#{shard}"


def consent_key(shard: int) -> str:
    return f"CONSENT#{shard}"


def removed_key(shard: int) -> str:
    return f"REMOVED#{shard}"


def shard_of(recording_id: str) -> int:
    return zlib.crc32(recording_id.encode()) % SHARDS


# --- items ------------------------------------------------------------------------------------------------


class ByMonth(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]  # pynamodb's own hook has no types
    """Recordings of a tenant in the order they were made."""

    class Meta:
        index_name = "gsi1"
        projection = AllProjection()

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class Unfinished(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]  # as above
    """What the sweep looks after, of every tenant; no request reads it."""

    class Meta:
        index_name = "gsi2"
        projection = IncludeProjection(["kind"])

    gsi2pk = UnicodeAttribute(hash_key=True)
    gsi2sk = UnicodeAttribute(range_key=True)


class Item(Model):
    """What every item has. `use_table` says which table it is: nothing is read from the environment here."""

    class Meta:
        table_name = ""
        connect_timeout_seconds = CONNECT_TIMEOUT_S
        read_timeout_seconds = READ_TIMEOUT_S
        max_retry_attempts = ATTEMPTS - 1

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    by_month = ByMonth()
    unfinished = Unfinished()

    @classmethod
    def connection(cls) -> Connection:
        """The one connection of all items, made on first use; no call goes out for it."""
        return Item._get_connection().connection


class RecordingItem(Item, discriminator=RECORDING_KIND):
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    run = NumberAttribute()
    revision = NumberAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    call_kind = UnicodeAttribute(null=True)
    is_ai_call = BooleanAttribute(null=True)
    contact_ids: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    deal_id = UnicodeAttribute(null=True)
    user_id = UnicodeAttribute(null=True)
    team_id = UnicodeAttribute(null=True)
    conversation_type = UnicodeAttribute(null=True)
    result = UnicodeAttribute(null=True)
    crm_type = UnicodeAttribute(null=True)
    """What kind of CRM record it is linked to; absent where it is not."""
    in_trash = BooleanAttribute(null=True)
    """True or absent."""
    campaign_id = UnicodeAttribute(null=True)
    engagement_id = UnicodeAttribute(null=True)
    later_versions: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    document = BinaryAttribute(legacy_encoding=False)


class RunItem(Item, discriminator="run"):
    version = UnicodeAttribute()
    started_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    windows_total = NumberAttribute(null=True)
    windows_done = NumberSetAttribute(null=True)
    """Indexes, so that the same window counts once; gives way to `windows_counted` when the run has finished."""
    windows_counted = NumberAttribute(null=True)
    # Each stage has an attribute of its own, so that two may be noted at one time.
    locals().update({stage.value: JSONAttribute(null=True) for stage in Stage})


class ChunksItem(Item, discriminator="chunks"):
    """Numbers and lines of `number version bytes moment`: adding one touches no other, and twice is once."""

    requested = NumberSetAttribute(null=True)
    arrived = UnicodeSetAttribute(null=True)
    skippable = NumberSetAttribute(null=True)
    expected = NumberAttribute(null=True)
    finished_at = UTCDateTimeAttribute(null=True)
    lacking_one_since = UTCDateTimeAttribute(null=True)
    processed = NumberSetAttribute(null=True)


class CountersItem(Item, discriminator="tally"):
    views = NumberAttribute(null=True)
    viewers = NumberAttribute(null=True)
    viewed_ms = NumberAttribute(null=True)
    listened_ms = NumberAttribute(null=True)
    comments = NumberAttribute(null=True)
    stars = NumberAttribute(null=True)
    unread = UnicodeSetAttribute(null=True)
    """`comment user` each: ids of comments hold no space."""
    unread_private = UnicodeSetAttribute(null=True)
    """Likewise, of private comments."""


class RecordItem(Item, discriminator="record"):
    """A record of any kind (`auricle.records`)."""

    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    record_kind = UnicodeAttribute()
    revision = NumberAttribute()
    document = BinaryAttribute(legacy_encoding=False)
    expires_at = TTLAttribute(null=True)


class OutboxItem(Item, discriminator=OUTBOX_KIND):
    event_type = UnicodeAttribute()
    envelope = UnicodeAttribute()
    expires_at = TTLAttribute()


class MonthsItem(Item, discriminator="months"):
    months = UnicodeSetAttribute(null=True)


class TimelineItem(Item, discriminator="timeline"):
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    """Of interactions, which are the tenant's too; lines of recordings are found by their recordings."""
    entry_type = UnicodeAttribute()
    entry_id = UnicodeAttribute()
    date = UTCDateTimeAttribute()
    facts: JSONAttribute = JSONAttribute()
    private = BooleanAttribute(null=True)
    """True or absent."""
    discoverable = BooleanAttribute(null=True)
    """False or absent."""
    user_id = UnicodeAttribute(null=True)


def use_table(name: str) -> None:
    """All items are of this table from now on: a process has one."""
    Item.Meta.table_name = name


# --- values -----------------------------------------------------------------------------------------------


_NATIVE = frozenset(
    {
        "org",
        "id",
        "status",
        "run",
        "revision",
        "created_at",
        "updated_at",
        "kind",
        "is_ai_call",
        "contact_ids",
        "deal_id",
        "campaign_id",
        "engagement_id",
        "later_versions",
        "user_id",
        "conversation_type",
        "result",
    },
)
"""Fields of a recording that are attributes of their own, and not in its document."""


def recording_item(recording: Recording) -> RecordingItem:
    """The recording as it is stored, under its own revision."""
    removed = recording.status is Status.REMOVED
    item = RecordingItem(
        recording_key(recording.org, recording.id),
        STATE_KEY,
        status=recording.status.value,
        run=recording.run,
        revision=recording.revision,
        created_at=recording.created_at,
        updated_at=recording.updated_at,
        call_kind=recording.kind,
        is_ai_call=recording.is_ai_call,
        contact_ids=list(recording.contact_ids) or None,
        deal_id=recording.deal_id,
        user_id=recording.user_id,
        team_id=recording.rep.team_id if recording.rep else None,
        conversation_type=recording.conversation_type,
        result=recording.result.value if recording.result else None,
        crm_type=recording.crm_link.data_type if recording.crm_link else None,
        in_trash=recording.deleted_at is not None or None,
        campaign_id=recording.campaign_id,
        engagement_id=recording.engagement_id,
        later_versions=list(recording.later_versions) or None,
        document=documents.pack(recording, without=_NATIVE),
    )
    if not removed:
        item.gsi1pk = month_key(recording.org, month_of(recording.created_at))
        item.gsi1sk = list_key(recording)
    shard, consent_work_at = shard_of(recording.id), recording.consent_work_at
    if consent_work_at is not None:
        item.gsi2pk = consent_key(shard)
        item.gsi2sk = f"{sortable(consent_work_at)}#{recording.id}"
    elif removed or recording.awaits_work:
        item.gsi2pk = removed_key(shard) if removed else open_key(shard)
        item.gsi2sk = f"{sortable(recording.updated_at)}#{recording.id}"
    return item


def recording_of(item: RecordingItem) -> Recording:
    return _recording(
        item.pk,
        item.document,
        created_at=item.created_at,
        updated_at=item.updated_at,
        status=item.status,
        run=int(item.run),
        revision=int(item.revision),
        kind=item.call_kind,
        contact_ids=item.contact_ids or (),
        deal_id=item.deal_id,
        user_id=item.user_id,
        conversation_type=item.conversation_type,
        result=item.result,
        campaign_id=item.campaign_id,
        engagement_id=item.engagement_id,
        is_ai_call=item.is_ai_call,
        later_versions=item.later_versions or (),
    )


def recording_of_raw(raw: RawItem) -> Recording:
    """What `recording_of` makes of the item, without pynamodb: its attributes cost more than all else of a list."""
    return _recording(
        raw["pk"]["S"],
        raw["document"]["B"],
        created_at=datetime.fromisoformat(raw["created_at"]["S"]),
        updated_at=datetime.fromisoformat(raw["updated_at"]["S"]),
        status=raw["status"]["S"],
        run=int(raw["run"]["N"]),
        revision=int(raw["revision"]["N"]),
        kind=raw["call_kind"]["S"],
        contact_ids=_raw_texts(raw, "contact_ids"),
        deal_id=_raw_text(raw, "deal_id"),
        user_id=_raw_text(raw, "user_id"),
        conversation_type=_raw_text(raw, "conversation_type"),
        result=_raw_text(raw, "result"),
        campaign_id=_raw_text(raw, "campaign_id"),
        engagement_id=_raw_text(raw, "engagement_id"),
        is_ai_call=raw["is_ai_call"]["BOOL"],
        later_versions=_raw_texts(raw, "later_versions"),
    )


def _recording(key: str, document: bytes, **attributes: Any) -> Recording:
    org, recording_id = recording_owner(key)
    return documents.unpack(Recording, document, org=org, id=recording_id, **attributes).as_consented()


def _raw_text(raw: RawItem, name: str) -> str | None:
    value = raw.get(name)
    return value["S"] if value else None


def _raw_texts(raw: RawItem, name: str) -> list[str]:
    value = raw.get(name)
    return [one["S"] for one in value["L"]] if value else []


def chunks_of(item: ChunksItem) -> Chunks:
    arrived: dict[int, Chunk] = {}
    for line in sorted(item.arrived or ()):
        number, version, size_bytes, moment = line.split(" ")
        arrived.setdefault(int(number), Chunk(version, int(size_bytes), datetime.fromisoformat(moment)))
    return Chunks(
        requested=_numbers(item.requested),
        arrived=dict(sorted(arrived.items())),
        skippable=_numbers(item.skippable),
        expected=int(item.expected) if item.expected is not None else None,
        finished_at=item.finished_at,
        lacking_one_since=item.lacking_one_since,
        processed=_numbers(item.processed),
    )


def chunk_line(number: int, chunk: Chunk) -> str:
    """An arrival as it is noted; of two of one number the one that sorts first counts."""
    return f"{number} {chunk.version} {chunk.size_bytes} {sortable(chunk.arrived_at)}"


def counters_of(item: CountersItem) -> Counters:
    return Counters(
        views=int(item.views or 0),
        viewers=int(item.viewers or 0),
        viewed_ms=int(item.viewed_ms or 0),
        listened_ms=int(item.listened_ms or 0),
        comments=int(item.comments or 0),
        stars=int(item.stars or 0),
        unread=_unread(item.unread),
        unread_private=_unread(item.unread_private),
    )


def _unread(lines: set[str] | None) -> Mapping[str, frozenset[str]]:
    pairs = (line.partition(" ") for line in lines or ())
    return by_user((user, comment) for comment, _, user in pairs)


def _numbers(stored: set[float] | None) -> frozenset[int]:
    return frozenset(int(number) for number in stored or ())


def run_of(item: RunItem) -> Run:
    return Run(
        number=int(item.sk.removeprefix(RUN_KEYS)),
        version=item.version,
        started_at=item.started_at,
        finished_at=item.finished_at,
        windows_total=int(item.windows_total or 0),
        windows_done=max(int(item.windows_counted or 0), len(item.windows_done or ())),
        stages={stage: _stage_result(stage, stored) for stage in Stage if (stored := getattr(item, stage.value))},
    )


def stage_attribute(stage: Stage) -> Attribute[Any]:
    """The attribute that holds the result of the stage."""
    return RunItem.get_attributes()[stage.value]


def stored_stage(result: StageResult) -> list[str]:
    """`[state]` or `[state, code, message]`; whose it is says the attribute's name."""
    failure = result.failure
    return [result.state.value, failure.code, failure.message] if failure else [result.state.value]


def outbox_item(event: DomainEvent) -> OutboxItem:
    """The event as it waits to be published, in its recording's partition."""
    return OutboxItem(
        recording_key(event.org, event.recording_id),
        f"OUTBOX#{event.id}",
        event_type=event.type.value,
        envelope=orjson.dumps(event.envelope()).decode(),
        expires_at=event.occurred_at + OUTBOX_KEPT,
    )


def timeline_item(entry: TimelineEntry) -> TimelineItem:
    item = TimelineItem(
        contact_key(entry.org, entry.contact_id),
        timeline_key(entry.date, entry.type, entry.id),
        entry_type=entry.type.value,
        entry_id=entry.id,
        date=entry.date,
        facts=dict(entry.facts),
        private=entry.private or None,
        discoverable=None if entry.discoverable else False,
        user_id=entry.user_id,
    )
    if entry.type is not EntryType.RECORDING:
        item.gsi1pk = interactions_key(entry.org)
        item.gsi1sk = f"{sortable(entry.date)}#{entry.id}"
    return item


def entry_of(item: TimelineItem) -> TimelineEntry:
    org, contact_id = _owner(item.pk, "#CONTACT#")
    return TimelineEntry(
        org=org,
        contact_id=contact_id,
        type=EntryType(item.entry_type),
        id=item.entry_id,
        date=item.date,
        facts=item.facts,
        private=item.private is True,
        discoverable=item.discoverable is not False,
        user_id=item.user_id,
    )


def _stage_result(stage: Stage, stored: list[str]) -> StageResult:
    state = StageState(stored[0])
    return StageResult(state, Failure(stage, stored[1], stored[2]) if len(stored) == 3 else None)


def recording_owner(key: str) -> tuple[str, str]:
    """(org, id) of a recording's partition key."""
    return _owner(key, "#REC#")


def _owner(key: str, marker: str) -> tuple[str, str]:
    """(org, id) of a partition key."""
    org, _, owned = key.removeprefix("ORG#").partition(marker)
    return org, owned
