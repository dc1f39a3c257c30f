"""What was stored once is read for ever: golden items of every stored type, written by the code of their day."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import auricle
from auricle.adapters.dynamodb import documents
from auricle.adapters.dynamodb.items import Item
from auricle.crm.timeline import TimelineEntry
from auricle.recordings.chunks import Chunks
from auricle.recordings.counters import Counters
from auricle.recordings.recording import Recording, Run
from auricle.records import RecordKind
from auricle.transcripts.storage import load_transcript
from auricle.transcripts.transcript import Transcript
from tests.fixtures.golden_documents import (
    expected_values,
    plain,
    read_table,
    stored_items,
    stored_transcript,
    versions,
)

NEWEST = versions()[-1]
WITHOUT_CONSENT = bytes.fromhex("0128b52ffd2018950000587b63616c6c2e776176227d0100340e2104")
"""The document of `rec_bare` as it was written before consent was always written."""


@pytest.mark.parametrize("version", versions())
def test_what_was_stored_means_what_it_meant(version: str) -> None:
    expected = expected_values(version)
    transcript = expected.pop("transcript")
    assert plain(read_table(stored_items(version))) == expected
    assert plain(load_transcript(stored_transcript(version))) == transcript


@pytest.mark.parametrize("version", versions())
def test_nothing_that_is_read_follows_from_a_default_of_todays_code(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any defaults, everything reads as it did: a default that changes rewrites nothing that is stored."""
    monkeypatch.setattr(documents, "_ADAPTERS", {})
    for type_ in _stored_types():
        for field in fields(type_):
            monkeypatch.setattr(field, "default", MISSING)
            monkeypatch.setattr(field, "default_factory", MISSING)
        monkeypatch.setattr(type_.__init__, "__defaults__", None)
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(Recording)[:6])
    with pytest.raises(TypeError, match="missing"):
        Recording(**nothing)
    expected = expected_values(version)
    transcript = expected.pop("transcript")
    assert plain(read_table(stored_items(version))) == expected
    assert plain(load_transcript(stored_transcript(version))) == transcript


def test_a_recording_of_the_time_before_consent_was_written_has_everybodys() -> None:
    items = [
        item | {"document": {"B": WITHOUT_CONSENT}} if _is_state_of(item, "rec_bare") else item
        for item in stored_items("1")
    ]
    recording = read_table(items)["recording rec_bare"]
    assert recording.consent.value == "all_consented"
    assert plain(recording) == expected_values("1")["recording rec_bare"]


def test_every_kind_of_record_has_golden_items() -> None:
    written = {item["record_kind"]["S"] for item in stored_items(NEWEST) if "record_kind" in item}
    assert written == {kind.name for kind in _record_kinds()}


def test_every_kind_of_item_has_golden_items() -> None:
    _ = list(_record_kinds())  # imports every module that describes items
    kinds = {Item.kind.get_discriminator(one) for one in Item.__subclasses__() if one.__module__.startswith("auricle.")}
    assert {item["kind"]["S"] for item in stored_items(NEWEST)} == kinds


def test_every_field_of_every_stored_type_is_set_in_a_golden_item() -> None:
    """Of a field that is at its default in all of them, nothing would show that it comes back."""
    types = _stored_types()
    assert len(types) >= 40
    found = [*_dataclasses_in(read_table(stored_items(NEWEST)))]
    found += _dataclasses_in(load_transcript(stored_transcript(NEWEST)))
    never_set = {
        (type_.__name__, field.name)
        for type_ in types
        for field in fields(type_)
        if not any(_is_set(field, one) for one in found if type(one) is type_)
    }
    assert never_set == {("Word", "channel"), ("SpeakerTurn", "channel")}, "and these two are not stored"


def _is_state_of(item: Mapping[str, Any], recording_id: str) -> bool:
    return bool(item["pk"]["S"].endswith(f"#REC#{recording_id}") and item["sk"]["S"] == "STATE")


def _record_kinds() -> Iterator[RecordKind[Any]]:
    """Of every module that makes one. Modules that describe items are imported too."""
    (folder,) = auricle.__path__
    for path in Path(folder).rglob("*.py"):
        if re.search(r"= RecordKind\(|discriminator=", path.read_text()):
            module = importlib.import_module(".".join(path.relative_to(Path(folder).parent).with_suffix("").parts))
            yield from (value for value in vars(module).values() if isinstance(value, RecordKind))


def _stored_types() -> set[Any]:
    """Every dataclass that is stored, by itself or as a part of another."""
    whole = {Recording, Run, Chunks, Counters, TimelineEntry, Transcript, *(kind.record for kind in _record_kinds())}
    return {one for each in whole for one in _dataclasses_of(each)}


def _dataclasses_of(annotated: Any) -> Iterator[Any]:
    """The dataclasses that a value of the type can be made of, the type itself among them."""
    if isinstance(annotated, type) and is_dataclass(annotated):
        yield annotated
        for inner in get_type_hints(annotated).values():
            yield from _dataclasses_of(inner)
    for argument in get_args(annotated):
        yield from _dataclasses_of(argument)


def _dataclasses_in(value: Any) -> Iterator[Any]:
    """The dataclasses' instances in a value."""
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from _dataclasses_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _dataclasses_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _dataclasses_in(one)


def _is_set(field: Field[Any], holder: Any) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return bool(getattr(holder, field.name) != default)
