"""The one table: its items, and how domain values become them and come back.

Everything of a recording lies in one partition, in an order that makes its detail the last two items before
`STATE`: `OUTBOX#…` < `RUN#0001` < `RUN#0002` < `STATE`. What is asked for by condition, filter or index is an
attribute of its own; the rest of a recording is one compressed document, which costs a quarter to write.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import zstandard
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
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from auricle.adapters.aws import ATTEMPTS, CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from auricle.adapters.dynamodb.stream import OUTBOX_KIND
from auricle.cautions import Caution
from auricle.consent import Consent
from auricle.contacts import Contact
from auricle.domain_events import DomainEvent
from auricle.highlights import Highlight
from auricle.recording import Audio, Failure, Recording, Run, Stage, StageResult, StageState, Status
from auricle.timeline import EntryType, TimelineEntry
from auricle.transcript import Engine, SpeakerTalk

SHARDS = 8
"""Partitions of the index of unfinished recordings: one key would bound the whole service's writes."""
OUTBOX_KEPT = timedelta(days=7)
COMPRESSION_LEVEL = 9
STATE_KEY = "STATE"
RUN_KEYS = "RUN#"
MONTHS_KEY = "MONTHS"
CONTACT_KEY = "CONTACT"
TIMELINE_KEYS = "TL#"


# --- keys -------------------------------------------------------------------------------------------------


def tenant_key(org: str) -> str:
    return f"ORG#{org}"


def recording_key(org: str, recording_id: str) -> str:
    return f"{tenant_key(org)}#REC#{recording_id}"


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
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def list_key(recording: Recording) -> str:
    return f"{sortable(recording.created_at)}#{recording.id}"


def timeline_key(entry: TimelineEntry) -> str:
    return f"{TIMELINE_KEYS}{sortable(entry.date)}#{entry.type.value}#{entry.id}"


def open_key(shard: int) -> str:
    return f"OPEN#{shard}"


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
        projection = AllProjection()

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


class RecordingItem(Item, discriminator="recording"):
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
    prepare: JSONAttribute = JSONAttribute(null=True)
    transcribe: JSONAttribute = JSONAttribute(null=True)
    diarize: JSONAttribute = JSONAttribute(null=True)
    assemble: JSONAttribute = JSONAttribute(null=True)
    redact: JSONAttribute = JSONAttribute(null=True)
    summarize: JSONAttribute = JSONAttribute(null=True)


class OutboxItem(Item, discriminator=OUTBOX_KIND):
    event_type = UnicodeAttribute()
    envelope = UnicodeAttribute()
    expires_at = TTLAttribute()


class MonthsItem(Item, discriminator="months"):
    months = UnicodeSetAttribute(null=True)


class ContactItem(Item, discriminator="contact"):
    name = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    company = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    revision = NumberAttribute()


class TimelineItem(Item, discriminator="timeline"):
    entry_type = UnicodeAttribute()
    entry_id = UnicodeAttribute()
    date = UTCDateTimeAttribute()
    facts: JSONAttribute = JSONAttribute()


def use_table(name: str) -> None:
    """All items are of this table from now on: a process has one."""
    Item.Meta.table_name = name


# --- values -----------------------------------------------------------------------------------------------


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
        campaign_id=recording.campaign_id,
        engagement_id=recording.engagement_id,
        later_versions=list(recording.later_versions) or None,
        document=_packed(recording),
    )
    if not removed:
        item.gsi1pk = month_key(recording.org, month_of(recording.created_at))
        item.gsi1sk = list_key(recording)
    if removed or recording.awaits_work:
        shard = shard_of(recording.id)
        item.gsi2pk = removed_key(shard) if removed else open_key(shard)
        item.gsi2sk = f"{sortable(recording.updated_at)}#{recording.id}"
    return item


def recording_of(item: RecordingItem) -> Recording:
    org, recording_id = recording_owner(item.pk)
    document = orjson.loads(zstandard.decompress(item.document))
    failure, audio = document.get("failure"), document.get("audio")
    return Recording(
        org=org,
        id=recording_id,
        created_at=item.created_at,
        updated_at=item.updated_at,
        status=Status(item.status),
        file_name=document["file_name"],
        run=int(item.run),
        revision=int(item.revision),
        user_id=document.get("user_id"),
        title=document.get("title"),
        kind=item.call_kind,
        source=document.get("source"),
        consent=Consent(document["consent"]),
        contact_ids=tuple(item.contact_ids or ()),
        deal_id=item.deal_id,
        campaign_id=item.campaign_id,
        engagement_id=item.engagement_id,
        is_ai_call=item.is_ai_call,
        content_type=document.get("content_type"),
        version=document.get("version"),
        size_bytes=document.get("size_bytes"),
        later_versions=tuple(item.later_versions or ()),
        failure=Failure(Stage(failure[0]), failure[1], failure[2]) if failure else None,
        audio=Audio(**audio) if audio else None,
        language=document.get("language"),
        engines={stage: Engine(**engine) for stage, engine in document.get("engines", {}).items()},
        cautions=tuple(Caution(*caution) for caution in document.get("cautions", ())),
        highlights=tuple(Highlight(*highlight) for highlight in document.get("highlights", ())),
        speakers=tuple(SpeakerTalk(*speaker) for speaker in document.get("speakers", ())),
        word_count=document["word_count"],
    )


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
    """Each stage has an attribute of its own, so that two may be noted at one time."""
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


def contact_item(contact: Contact) -> ContactItem:
    return ContactItem(
        contact_key(contact.org, contact.id),
        CONTACT_KEY,
        name=contact.name,
        created_at=contact.created_at,
        updated_at=contact.updated_at,
        company=contact.company,
        email=contact.email,
        phone=contact.phone,
        revision=contact.revision,
    )


def contact_of(item: ContactItem) -> Contact:
    org, contact_id = _owner(item.pk, "#CONTACT#")
    return Contact(
        org=org,
        id=contact_id,
        name=item.name,
        created_at=item.created_at,
        updated_at=item.updated_at,
        company=item.company,
        email=item.email,
        phone=item.phone,
        revision=int(item.revision),
    )


def timeline_item(entry: TimelineEntry) -> TimelineItem:
    return TimelineItem(
        contact_key(entry.org, entry.contact_id),
        timeline_key(entry),
        entry_type=entry.type.value,
        entry_id=entry.id,
        date=entry.date,
        facts=dict(entry.facts),
    )


def entry_of(item: TimelineItem) -> TimelineEntry:
    org, contact_id = _owner(item.pk, "#CONTACT#")
    return TimelineEntry(
        org=org,
        contact_id=contact_id,
        type=EntryType(item.entry_type),
        id=item.entry_id,
        date=item.date,
        facts=item.facts,
    )


def _packed(recording: Recording) -> bytes:
    """Everything no condition, filter or index asks for; what is not known is left out."""
    failure = recording.failure
    content: Mapping[str, Any] = {
        "file_name": recording.file_name,
        "user_id": recording.user_id,
        "title": recording.title,
        "source": recording.source,
        "consent": recording.consent.value,
        "content_type": recording.content_type,
        "version": recording.version,
        "size_bytes": recording.size_bytes,
        "failure": (failure.stage.value, failure.code, failure.message) if failure else None,
        "audio": asdict(recording.audio) if recording.audio else None,
        "language": recording.language,
        "engines": {stage: asdict(engine) for stage, engine in recording.engines.items()},
        "cautions": [(caution.code, caution.message) for caution in recording.cautions],
        "highlights": [
            (line.text, line.speaker, line.segment, line.start_s, line.end_s) for line in recording.highlights
        ],
        "speakers": [(talk.speaker, talk.talk_s, talk.word_count) for talk in recording.speakers],
        "word_count": recording.word_count,
    }
    known = {name: value for name, value in content.items() if value is not None and value not in ([], {})}
    return zstandard.compress(orjson.dumps(known), COMPRESSION_LEVEL)


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
