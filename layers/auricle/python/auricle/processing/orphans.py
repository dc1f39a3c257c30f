"""Audio that belongs to no recording: uploads to signed URLs that nobody described are erased, all else is reported.

What a recording may still be made for is never erased: a slot may be claimed for `CLAIMABLE_FOR`, and is looked at
after `ORPHANED_AFTER` at the earliest. What was processed once belonged to a recording, whose record was lost: it is
the only copy of a conversation, and is kept for whoever restores the table. Where most of what is found is unknown, the
table is more likely to have lost records than its users to have given up uploads, and nothing is erased either.

Ids sort by time, so that only those of a few days are listed, by folder and not by object; each is found on several
days, and a day without a sweep loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice, takewhile

from auricle.errors import TransientError
from auricle.identifiers import earliest_id, is_id
from auricle.ports import ObjectStore, RecordingStore
from auricle.recordings.keys import ORGS_PREFIX, RecordingKeys, recordings_prefix
from auricle.recordings.upload_slots import CLAIMABLE_FOR

ORPHANED_AFTER = CLAIMABLE_FOR + timedelta(days=7)
"""Of an id's making. The week between is for whoever restores a table from a backup."""

LOOKED_FOR_DURING = timedelta(days=7)
"""After that, what is there was seen on seven days, and found to belong to a recording."""

MAX_RECORDINGS = 20_000
"""Of one tenant and one day's sweep: about 200 reads of the table, and 20 listings."""

_AT_ONCE = 100
_FEW = 10
"""So many unknown ones of a tenant prove nothing about its table."""


def erase_orphans(*, recordings: RecordingStore, objects: ObjectStore, now: datetime) -> Mapping[str, int]:
    """Checks folders whose recording does not exist; returns the number of folders by outcome.

    `erased` were abandoned uploads. `unowned` hold more than an upload, and `doubtful` are too many to believe that
    their recordings never were: both are kept. A removed recording is known: what is left of it is the sweep's work.
    """
    ends: Counter[str] = Counter()
    for org in objects.folders(ORGS_PREFIX):
        for ids in _in_parts(_looked_at(org, objects, now)):
            try:
                known = recordings.find(org, ids, with_trashed=True, with_removed=True)
            except TransientError:
                ends["postponed"] += len(ids)
                continue
            unknown = [recording_id for recording_id in ids if recording_id not in known]
            ends["known"] += len(known)
            if len(unknown) > max(_FEW, len(ids) // 2):
                ends["doubtful"] += len(unknown)
                continue
            for recording_id in unknown:
                try:
                    ends[_erase(org, recording_id, objects, now)] += 1
                except TransientError:
                    ends["postponed"] += 1  # tomorrow's sweep meets it again
    return {end: count for end, count in ends.items() if count}


def _looked_at(org: str, objects: ObjectStore, now: datetime) -> Iterator[str]:
    oldest = earliest_id("rec", now - ORPHANED_AFTER - LOOKED_FOR_DURING)
    newest = earliest_id("rec", now - ORPHANED_AFTER)
    found = objects.folders(recordings_prefix(org), after=oldest)
    return islice(filter(is_id, takewhile(lambda name: name < newest, found)), MAX_RECORDINGS)


def _erase(org: str, recording_id: str, objects: ObjectStore, now: datetime) -> str:
    keys = RecordingKeys(org, recording_id)
    source = objects.first_version(keys.source)
    if source is not None and now - source.created_at < ORPHANED_AFTER:
        return "young"  # its id says more than it knows
    if list(objects.keys(keys.prefix)) != [keys.source]:
        return "unowned"
    objects.erase(keys.prefix)
    return "erased"


def _in_parts(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
