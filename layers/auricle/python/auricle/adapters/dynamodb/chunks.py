"""Where a recording's chunks are, noted in its item: what is added by one arrival meets no other."""

from __future__ import annotations

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from auricle.adapters.dynamodb import items
from auricle.adapters.dynamodb.items import ChunksItem, Item
from auricle.adapters.dynamodb.records import still_there
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated, transact
from auricle.recordings.chunks import ChunksChange


def noting_chunks(org: str, recording_id: str, noted: ChunksChange) -> tuple[ChunksItem, list[Action]]:
    """The item where chunks are noted, and the update of it."""
    return ChunksItem(items.recording_key(org, recording_id), items.CHUNKS_KEY), _actions(noted)


def change_chunks(org: str, recording_id: str, noted: ChunksChange) -> None:
    """Notes it. Only the first note of a recording asks for the recording: an item that is there has one.

    Raises:
        ConditionFailed: the recording is unknown, or removed.
    """
    item, actions = noting_chunks(org, recording_id, noted)
    try:
        repeated(lambda: item.update(actions, condition=Item.pk.exists()))
    except ConditionFailed:

        def fill(transaction: TransactWrite) -> None:
            still_there(transaction, org, recording_id)
            transaction.update(item, actions)

        transact(fill)


def _actions(noted: ChunksChange) -> list[Action]:
    actions: list[Action] = [Item.kind.set(ChunksItem)]
    for attribute, numbers in ((ChunksItem.requested, noted.requested), (ChunksItem.skippable, noted.skippable)):
        if numbers:
            actions.append(attribute.add(set(numbers)))
    if noted.arrived:
        lines = {items.chunk_line(number, chunk) for number, chunk in noted.arrived.items()}
        actions.append(ChunksItem.arrived.add(lines))
    if noted.expected is not None:
        actions.append(ChunksItem.expected.set(noted.expected))
    for moment, given in (
        (ChunksItem.finished_at, noted.finished_at),
        (ChunksItem.lacking_one_since, noted.lacking_one_since),
    ):
        if given is not None:
            actions.append(moment.set(moment | given))
    if noted.lacks_one_no_more:
        actions.append(ChunksItem.lacking_one_since.remove())
    if noted.processed is not None:
        kept = ChunksItem.processed
        actions.append(kept.set(set(noted.processed)) if noted.processed else kept.remove())
    return actions
