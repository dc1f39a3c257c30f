"""Every place that holds something of a recording is on the one list that its removal walks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import auricle
from auricle.adapters.dynamodb.items import Item
from auricle.errors import NotFound, TransientError
from auricle.recordings import stores
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.stores import STORES, DataStore, StoresOfRecording, erase_everywhere
from auricle.records import RecordKind
from tests.fakes import Fakes
from tests.fakes.contract import a_recording

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
KEYS = RecordingKeys("acme", "rec_1")


def _defining_modules(text: str) -> Iterator[Any]:
    root = Path(str(auricle.__file__)).parent
    for path in sorted(root.rglob("*.py")):
        if text in path.read_text(encoding="utf-8"):
            yield import_module(".".join(["auricle", *path.relative_to(root).with_suffix("").parts]))


def _discriminators() -> set[str]:
    list(_defining_modules("discriminator="))
    below: list[Any] = list(Item.__subclasses__())
    for model in below:
        below += model.__subclasses__()
    ours = [model for model in below if model.__module__.startswith("auricle.")]
    attribute = Item._get_discriminator_attribute()
    assert attribute is not None
    return {str(attribute.get_discriminator(model)) for model in ours}


def _kinds() -> list[RecordKind[Any]]:
    found = [value for module in _defining_modules("RecordKind(") for value in vars(module).values()]
    return list({kind.name: kind for kind in found if isinstance(kind, RecordKind)}.values())


def _names_a_recording(record: type[Any]) -> bool:
    """Whether a field of the record, or of what it is made of, is called after recordings."""
    hints = get_type_hints(record)
    inner = {part for hint in hints.values() for part in (hint, *get_args(hint)) if is_dataclass(part)}
    return any("recording" in name for name in hints) or any(_names_a_recording(part) for part in inner)  # type: ignore[arg-type]  # classes, as they are hints


def _unlisted_kinds(kinds: Iterable[RecordKind[Any]], listed: Iterable[DataStore] = STORES) -> set[str]:
    erased = {name for store in listed if store.erase for name in store.records}
    known = erased | {name for store in listed for name in store.records}
    return {
        kind.name
        for kind in kinds
        if kind.name not in (erased if kind.of_recording else known)
        and (kind.of_recording or _names_a_recording(kind.record))
    }


def _unlisted_keys(keys: RecordingKeys, listed: Iterable[DataStore] = STORES) -> set[str]:
    """Names of keys that lie under no prefix that an entry covers."""
    covered = tuple(str(getattr(keys, name)) for store in listed if store.erase for name in store.keys)
    named = {name: getattr(keys, name) for name in dir(keys) if not name.startswith("_")}
    texts = {name: key for name, key in named.items() if isinstance(key, str) and name not in {"org", "recording"}}
    texts |= {"chunk": keys.chunk(1), "media": keys.media("media_1"), "run": keys.run(1).plan}
    return {name for name, key in texts.items() if not key.startswith(covered)}


def test_every_kind_of_item_in_the_table_is_on_the_list() -> None:
    assert {name for store in STORES for name in store.items} == _discriminators()


def test_every_record_of_a_recording_is_erased_with_it_and_what_names_one_is_on_the_list() -> None:
    kinds = _kinds()
    assert len(kinds) >= 16
    assert _unlisted_kinds(kinds) == set()
    assert {name for store in STORES for name in store.records} <= {kind.name for kind in kinds}


def test_every_object_of_a_recording_is_erased_with_it() -> None:
    assert _unlisted_keys(KEYS) == set()


def test_a_store_that_is_not_on_the_list_is_found() -> None:
    @dataclass(frozen=True, slots=True)
    class Note:
        org: str
        id: str
        created_at: datetime
        revision: int
        seed_recording_id: str

    own = RecordKind("note", Note, NotFound, of_recording=True)
    naming = RecordKind("tenant-note", Note, NotFound)
    assert _unlisted_kinds([own, naming]) == {"note", "tenant-note"}
    staying = DataStore("notes", "notes", records=frozenset({"note", "tenant-note"}), stays="They hold ids alone.")
    assert _unlisted_kinds([own, naming], [staying]) == {"note"}, "a recording's own records are erased, not kept"


def test_a_key_outside_the_recording_s_prefix_is_found() -> None:
    class Elsewhere(RecordingKeys):
        @property
        def export(self) -> str:
            return f"exports/{self.recording}"

    assert _unlisted_keys(Elsewhere("acme", "rec_1")) == {"export"}


def test_an_entry_is_erased_or_says_why_it_stays() -> None:
    assert len({store.name for store in STORES}) == len(STORES)
    for store in STORES:
        assert (store.erase is None) == bool(store.stays), store.name
        assert store.holds, store.name


def test_all_stores_are_erased_and_one_that_holds_on_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def entry(name: str, *, empty: bool) -> DataStore:
        def erase(*_: object) -> bool:
            asked.append(name)
            return empty

        return DataStore(name, "words", erase=erase)

    fakes, removed = Fakes(), a_recording("acme")
    ports = StoresOfRecording(fakes.recordings, fakes.objects, NOW)
    monkeypatch.setattr(stores, "STORES", (entry("first", empty=False), entry("second", empty=True)))
    assert not erase_everywhere(removed, ports)
    assert asked == ["first", "second"], "what the first still holds does not keep the second"
    monkeypatch.setattr(stores, "STORES", (entry("second", empty=True), DataStore("third", "ids", stays="Ids.")))
    assert erase_everywhere(removed, ports)


def test_a_store_that_does_not_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> bool:
        raise TransientError("The index did not answer.")

    fakes = Fakes()
    monkeypatch.setattr(stores, "STORES", (DataStore("index", "words", erase=silent),))
    with pytest.raises(TransientError, match="index"):
        erase_everywhere(a_recording("acme"), StoresOfRecording(fakes.recordings, fakes.objects, NOW))
