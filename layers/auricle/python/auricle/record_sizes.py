"""How large records are, and whether there is room for one more: what is answered whole has bounds in bytes.

An answer has 6 MB at most (Lambda), an item of the table 400 KB (DynamoDB). Sizes are those of the JSON that a record
is stored and shown as, so that neither compression nor the table's own format decides what is taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from auricle.errors import Conflict

if TYPE_CHECKING:
    from auricle.ports import RecordStore
    from auricle.records import RecordKind, T


def bytes_as_json(value: Any) -> int:
    """The size of a value of JSON, or of a dataclass of such, as JSON in UTF-8."""
    return len(json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")).encode())


def check_room(
    new: Sequence[T],
    *,
    kind: RecordKind[T],
    records: RecordStore[T],
    max_count: int,
    max_bytes: int | None = None,
) -> None:
    """Whether these records of one recording may be added to those it has. No `max_bytes`: none of them is large.

    Two requests at once may both find room: bounds leave so much to the limits that this does not matter.

    Raises:
        Conflict: there would be too many, or too much.
    """
    org, recording_id = new[0].org, str(new[0].recording_id)  # type: ignore[attr-defined]  # of a kind with of_recording
    present = records.list(org, max_count, recording_id=recording_id).records
    what = f"{kind.name.replace('-', ' ')}s"
    if len(present) + len(new) > max_count:
        raise Conflict(f"The recording has {len(present)} {what} already, and {max_count} are the most.")
    if max_bytes is None:
        return
    size = sum(map(bytes_as_json, (*present, *new)))
    if size > max_bytes:
        raise Conflict(f"The recording's {what} would have {size} bytes together, and {max_bytes} are the most.")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
