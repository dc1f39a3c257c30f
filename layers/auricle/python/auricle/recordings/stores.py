"""Where a recording's data lies, and how it is removed: the one list that removal, erasure and the sweep walk.

It stands with the recordings, beneath everything that stores something made of one, so that whoever removes a recording
reaches all of it through the ports. An entry names what it covers as text, for the layers that store it stand higher:
`tests/unit/recordings/test_stores.py` compares those names with the items, the kinds of records and the keys there are,
and fails for one that no entry covers.

To add a store: give it an entry. If it holds words, names or sounds of a recording, the entry has `erase`, which may be
called any number of times; if not, `stays` says what it holds instead, and until when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auricle.ports import ObjectStore, RecordingStore
from auricle.recordings.erasing import erase_objects
from auricle.recordings.recording import Recording


@dataclass(frozen=True, slots=True)
class StoresOfRecording:
    """The ports through which a removed recording's data is erased."""

    recordings: RecordingStore
    objects: ObjectStore
    now: datetime


@dataclass(frozen=True, slots=True)
class DataStore:
    """One place where data of a recording, or made from one, lies. It has either `erase` or `stays`."""

    name: str
    holds: str
    items: frozenset[str] = frozenset()
    """Discriminators of the table's items that it covers."""
    records: frozenset[str] = frozenset()
    """Names of the kinds of records that it covers."""
    keys: frozenset[str] = frozenset()
    """Names in `RecordingKeys` of the prefixes whose objects it covers."""
    erase: Callable[[Recording, StoresOfRecording], bool] | None = None
    """Erases it, for a recording that is stored as removed; whether nothing of it is left."""
    stays: str = ""
    """Why nothing is to be erased: what stays holds no content, goes with another write, or expires."""


def _forget_children(recording: Recording, stores: StoresOfRecording) -> bool:
    stores.recordings.forget_children(recording.org, recording.id)
    return True


def _erase_objects(recording: Recording, stores: StoresOfRecording) -> bool:
    return erase_objects(recording, recordings=stores.recordings, objects=stores.objects, now=stores.now)


STORES = (
    DataStore(
        "children",
        "what lies beside the recording in its partition: runs, chunks, counters, comments, images, multimedia and "
        "mobile events, who viewed it",
        items=frozenset({"run", "chunks", "tally", "record"}),
        records=frozenset({"comment", "image", "multimedia-event", "mobile-event", "audience", "engagement"}),
        erase=_forget_children,
    ),
    DataStore(
        "objects",
        "everything under the recording's prefix, in every version: the upload, the working audio, the transcript, "
        "signature, media, files of runs. The working audio waits for recordings made of it that have no copy yet",
        keys=frozenset({"prefix"}),
        erase=_erase_objects,
    ),
    DataStore(
        "state",
        "the recording itself",
        items=frozenset({"recording"}),
        stays="`Recording.removed` leaves ids, times and versions, and `Recording.erased` the history of its consent, "
        "with its notes, as well: by them, what arrives late is known, and answers stay 404. For good.",
    ),
    DataStore(
        "timelines",
        "the recording's lines on the timelines of its contacts, with its summary",
        items=frozenset({"timeline"}),
        stays="They go in the transaction that stores the recording as removed: one removed has no contacts. Other "
        "interactions are the contact's own.",
    ),
    DataStore(
        "outbox",
        "events to publish",
        items=frozenset({"outbox"}),
        stays="Ids, times, states and error codes alone. They expire 7 days after they occurred.",
    ),
    DataStore(
        "answers",
        "answers kept for requests that are sent again with an `Idempotency-Key`, among them the recording as it was",
        items=frozenset({"answer"}),
        stays="They are encrypted, and expire 24 hours after the request.",
    ),
    DataStore(
        "calls",
        "logs that a telephony system wrote of recordings of its calls: their ids, URLs, lengths and times, and "
        "metadata of its own",
        records=frozenset({"call"}),
        stays="They are the call's, whose recording may lie elsewhere. They stay as long as the call does, and no new "
        "log of a removed recording is taken.",
    ),
    DataStore(
        "months",
        "the months in which the tenant has recordings",
        items=frozenset({"months"}),
        stays="No recording is named. For good.",
    ),
    DataStore(
        "rate limits",
        "how many requests a credential has sent",
        items=frozenset({"meter"}),
        stays="No recording is named. They expire within minutes.",
    ),
    DataStore(
        "executions",
        "inputs and outputs of the workflow's states",
        stays="Ids, versions, counts and errors alone. Step Functions forgets an execution 90 days after its end.",
    ),
    DataStore(
        "recordings made of it",
        "excerpts that were split off or merged",
        stays="They are recordings of their own, with their own copy, and are removed as such. Withdrawn consent is "
        "carried to them, and they are erased in turn.",
    ),
)


def erase_everywhere(recording: Recording, stores: StoresOfRecording) -> bool:
    """Erases what every store holds of a recording that is stored as removed; whether nothing of it is left.

    It may be called again: a stage or an upload that was under way at the removal writes after it.

    Raises:
        TransientError: a store did not answer. What it and those after it hold is still there.
    """
    outcomes = [store.erase(recording, stores) for store in STORES if store.erase is not None]
    return all(outcomes)
