"""50 recordings out of the table for a list: through pynamodb's models, as single ones are read, and as lists are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

from tests.bench.api import recording

ROUNDS = 300
RECORDINGS = 50


def measure() -> Iterator[dict[str, Any]]:
    """CPU time of each, by turns in this process; the ratio is the middle one of all rounds."""
    from auricle.adapters.dynamodb import items

    items.use_table("bench")
    raw = [items.recording_item(recording(f"rec_{number:04d}")).serialize() for number in range(RECORDINGS)]
    rounds = [(_spent_us(_through_models, raw), _spent_us(items.recording_of_raw, raw)) for _ in range(ROUNDS)]
    rounds = rounds[ROUNDS // 10 :]  # without what is made on first use
    models, lists = (round(median(column), 1) for column in zip(*rounds, strict=True))
    yield {
        "name": f"recordings out of the table, {RECORDINGS}, through pynamodb's models",
        "value": models,
        "unit": "us",
    }
    yield {"name": f"recordings out of the table, {RECORDINGS}, as a list reads them", "value": lists, "unit": "us"}
    yield {
        "name": "reading recordings for a list, against pynamodb's models",
        "value": round(median(each / model for model, each in rounds), 3),
        "unit": "x",
        "budget": "<= 0.6",
    }


def _through_models(raw: Mapping[str, Any]) -> Any:
    """As lists were read before, and single recordings are read still."""
    from auricle.adapters.dynamodb import items

    return items.recording_of(items.RecordingItem.from_raw_data(dict(raw)))


def _spent_us(read: Callable[[Any], Any], raw: list[Any]) -> float:
    started = time.thread_time_ns()
    for each in raw:
        read(each)
    return (time.thread_time_ns() - started) / 1000
