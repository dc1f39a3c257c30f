"""DynamoDB's limit on items: stores in memory refuse what the table would."""

from __future__ import annotations

from typing import Any

from auricle.adapters.dynamodb import documents
from auricle.errors import RecordTooLarge

MAX_ITEM_BYTES = 400 * 1024
_OTHER_ATTRIBUTES_BYTES = 1024


def check_item_size(record: Any) -> None:
    """Raises RecordTooLarge."""
    if len(documents.pack(record)) + _OTHER_ATTRIBUTES_BYTES > MAX_ITEM_BYTES:
        raise RecordTooLarge("With this the record would have more than 400 KB, the most that is kept.")
