"""Splitting a recording into several, and merging several into one: new recordings made of the audio of others.

They are made under ids that follow from what they are made of. So asking again, after a crash in the middle or at
the same time, finds what was made and goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise

from auricle.domain_events import EventType
from auricle.errors import Conflict, ConsentRequired, InvalidRequest, RecordingNotFound
from auricle.ports import RecordingStore, Workflow
from auricle.recordings.changes import change_recording
from auricle.recordings.consent import Consent
from auricle.recordings.events import recording_event
from auricle.recordings.recording import MAX_CONTACTS, Excerpt, Recording, Split, Status

MAX_SPLITS = 50
MAX_MERGED = 50
MAX_TITLE_CHARACTERS = 255

_MOST_GUARDED_FIRST = (Consent.PENDING, Consent.ONE_PARTY, Consent.ALL_CONSENTED)


def split(
    org: str,
    recording_id: str,
    at_ms: Sequence[int],
    *,
    recordings: RecordingStore,
    workflow: Workflow,
    now: datetime,
    if_revision: int | None = None,
) -> tuple[Recording, Sequence[Recording]]:
    """The recording, split, and its parts, which are being processed.

    First the recording notes where it is cut, which no two can do differently; then the parts are made; then it
    counts as split. A cut that is noted and not made is made by asking again.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        InvalidRequest: moments that are not rising, or not within the recording.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is not complete, is locked, or is cut elsewhere already.
        ConsentRequired: consent was withdrawn.
        TransientError: something did not answer; ask again.
    """

    def cut(before: Recording) -> Recording:
        if before.splits:
            if _cuts(before) != tuple(at_ms):
                raise Conflict(f"This recording is split already, at {', '.join(map(str, _cuts(before)))} ms.")
            if before.half_split:  # parts made now would inherit the lack of consent, and nobody could give it back
                _check_consent(before, "split")
            return before
        _check_usable(before, "split")
        _check_moments(before, at_ms)
        parts = _parts(before, at_ms, now)
        return replace(
            before.noted_made_into(part.id for part in parts),
            splits=tuple(Split(at, part.id, now) for at, part in zip(at_ms, parts[1:], strict=True)),
        )

    original = change_recording(
        org, recording_id, cut, recordings=recordings, now=now, if_revision=if_revision, locked=True
    )
    made = [_made(part, recordings) for part in _parts(original, at_ms, now)]
    original = change_recording(
        org,
        recording_id,
        lambda before: before.to(Status.RAW_SPLIT, at=now) if before.status is Status.COMPLETE else before,
        recordings=recordings,
        now=now,
        locked=True,
    )
    parts = [part for part in made if part is not None]
    _start(parts, workflow)
    return original, parts


def merge(
    org: str,
    recording_ids: Sequence[str],
    *,
    title: str | None,
    max_duration_s: float,
    recordings: RecordingStore,
    workflow: Workflow,
    now: datetime,
) -> Recording:
    """One recording of all of them, in that order, which is being processed; they stay, and note what they became.

    What is said of the first is said of it; it has the contacts of all, and is guarded as the most guarded is.
    Merging the same again gives the same recording, unless that was removed or is in the trash.

    Raises:
        RecordingNotFound: one is unknown, removed, or in the trash; the message names it.
        InvalidRequest: fewer than two, one that is there twice, or too much of anything.
        Conflict: one is not complete, is locked, or was merged too often.
        ConsentRequired: consent to one was withdrawn.
        TransientError: something did not answer; ask again.
    """
    if not 2 <= len(recording_ids) <= MAX_MERGED:
        raise InvalidRequest(f"Name from 2 to {MAX_MERGED} recordings.", field="recordingIds")
    if len(set(recording_ids)) < len(recording_ids):
        raise InvalidRequest("A recording is named more than once.", field="recordingIds")
    sources = [_source(org, recording_id, recordings) for recording_id in recording_ids]
    if sum(source.duration_s or 0 for source in sources) > max_duration_s:
        raise InvalidRequest(
            f"Together they are longer than {max_duration_s / 60:.0f} minutes, the longest there may be.",
            field="recordingIds",
        )
    contacts = tuple(dict.fromkeys(contact for source in sources for contact in source.contact_ids))
    if len(contacts) > MAX_CONTACTS:
        raise InvalidRequest(
            f"Together they have more than {MAX_CONTACTS} contacts, the most a recording can have.",
            field="recordingIds",
        )
    guarded = min(sources, key=lambda source: _MOST_GUARDED_FIRST.index(source.consent))
    merged = replace(
        _inheriting(sources[0], tuple(Excerpt(source.id) for source in sources), now),
        title=title or sources[0].title,
        consent=guarded.consent,
        consent_basis=guarded.consent_basis,
        parties=guarded.parties,
        contact_ids=contacts,
        private=any(source.private for source in sources),
        discoverable=all(source.discoverable for source in sources),
        user_id=_owner_of_merged(sources),
        do_not_delete=any(source.do_not_delete for source in sources),
    )
    for attempt in count():
        wanted = replace(merged, id=_derived_id(merged, attempt))
        for source in sources:
            _note_made_into(source, wanted.id, recordings, now)
        made = _made(wanted, recordings)
        if made is not None:
            _start([made], workflow)
            return made
    raise AssertionError("there is always another id")


def _owner_of_merged(sources: Sequence[Recording]) -> str | None:
    """The first recording's owner, unless others are guarded more: then theirs, and nobody where they are several's.

    So nobody comes to see by a merge what was hidden from them.
    """
    private = [source for source in sources if source.private]
    unlisted = [source for source in sources if not source.discoverable]
    owners = {source.user_id for source in private or unlisted or sources[:1]}
    return owners.pop() if len(owners) == 1 else None


def _note_made_into(source: Recording, made_id: str, recordings: RecordingStore, now: datetime) -> None:
    """Noted before the other is made, so that removing the source meanwhile does not take its audio away."""
    change_recording(
        source.org,
        source.id,
        lambda before: before.noted_made_into([made_id]),
        recordings=recordings,
        now=now,
        locked=True,
    )


def _check_consent(recording: Recording, done: str) -> None:
    if recording.consent is Consent.WITHDRAWN:
        raise ConsentRequired(f"Consent to recording {recording.id} was withdrawn or refused: it cannot be {done}.")


def _check_usable(recording: Recording, done: str) -> None:
    _check_consent(recording, done)
    if recording.status is Status.RAW_SPLIT:
        raise Conflict(f"Recording {recording.id} is split: it cannot be {done}.")
    if recording.status is not Status.COMPLETE or recording.duration_s is None:
        raise Conflict(f"Recording {recording.id} is not complete: it cannot be {done} yet.")
    if recording.locked:
        raise Conflict(f"Recording {recording.id} is locked. Unlock it first, then send the request anew.")


def _check_moments(recording: Recording, at_ms: Sequence[int]) -> None:
    if not 1 <= len(at_ms) <= MAX_SPLITS:
        raise InvalidRequest(f"Name from 1 to {MAX_SPLITS} moments.", field="splitTimestampsMs")
    if any(later <= earlier for earlier, later in pairwise(at_ms)):
        raise InvalidRequest("Each moment must be earlier than the next.", field="splitTimestampsMs")
    end_ms = round((recording.duration_s or 0) * 1000)
    if at_ms[0] <= 0 or at_ms[-1] >= end_ms:
        raise InvalidRequest(
            f"Every moment must be earlier than the end of the recording, at {end_ms} ms.", field="splitTimestampsMs"
        )


def _source(org: str, recording_id: str, recordings: RecordingStore) -> Recording:
    source = recordings.get(org, recording_id)
    _check_usable(source, "merged")
    if source.splits:
        raise Conflict(f"Recording {source.id} is being split: it cannot be merged.")
    return source


def _cuts(recording: Recording) -> tuple[int, ...]:
    return tuple(split.at_ms for split in recording.splits)


def _parts(original: Recording, at_ms: Sequence[int], now: datetime) -> Sequence[Recording]:
    """What a recording becomes when it is cut there."""
    parts = []
    bounds: list[int | None] = [0, *at_ms, None]
    for number, (start_ms, end_ms) in enumerate(pairwise(bounds)):
        part = _inheriting(original, (Excerpt(original.id, start_ms or 0, end_ms),), now)
        ending = f" ({number + 1} of {len(bounds) - 1})"
        title = original.title and original.title[: MAX_TITLE_CHARACTERS - len(ending)] + ending
        created_at = original.created_at + timedelta(milliseconds=start_ms or 0)
        part = replace(part, title=title, created_at=created_at)
        parts.append(replace(part, id=_derived_id(part, 0)))
    return parts


def _inheriting(source: Recording, made_of: tuple[Excerpt, ...], now: datetime) -> Recording:
    """A recording made of others, with all that people said of this one, and nothing that was found in it."""
    said = "\n".join(f"{excerpt.recording_id} {excerpt.start_ms} {excerpt.end_ms}" for excerpt in made_of)
    return Recording(
        org=source.org,
        id=source.id,
        created_at=source.created_at,
        updated_at=now,
        queued_at=now,
        status=Status.UPLOADED,
        file_name=f"{source.file_name.rpartition('.')[0] or source.file_name}.flac",
        user_id=source.user_id,
        title=source.title,
        kind=source.kind,
        source=source.source,
        consent=source.consent,
        consent_basis=source.consent_basis,
        parties=source.parties,
        contact_ids=source.contact_ids,
        deal_id=source.deal_id,
        campaign_id=source.campaign_id,
        engagement_id=source.engagement_id,
        is_ai_call=source.is_ai_call,
        content_type="audio/flac",
        version=f"made-{hashlib.sha256(said.encode()).hexdigest()[:32]}",
        private=source.private,
        discoverable=source.discoverable,
        do_not_delete=source.do_not_delete,
        conversation_type=source.conversation_type,
        transcription_language=source.transcription_language,
        capture=source.capture,
        rep=source.rep,
        crm_link=source.crm_link,
        made_of=made_of,
    )


def _derived_id(made: Recording, attempt: int) -> str:
    """Follows from what the recording is made of, and from nothing that could change until it is asked for again."""
    digest = hashlib.sha256(f"{made.org}\n{made.version}\n{attempt}".encode()).hexdigest()
    return f"rec_{digest[:31]}"


def _made(wanted: Recording, recordings: RecordingStore) -> Recording | None:
    """The recording, made now or before; None where it was made before and removed, or is in the trash."""
    events = [recording_event(kind, wanted) for kind in (EventType.RECORDING_CREATED, EventType.RECORDING_UPLOADED)]
    with suppress(Conflict):
        recordings.create(wanted, events)
        return wanted
    with suppress(RecordingNotFound):
        return recordings.get(wanted.org, wanted.id)
    return None


def _start(made: Sequence[Recording], workflow: Workflow) -> None:
    for recording in made:
        if recording.status is Status.UPLOADED and recording.consent.allows_processing:
            workflow.start(recording.current_job())
