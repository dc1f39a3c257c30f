"""Values as they lie in the table: a byte for the version, then JSON under zstd.

Every field is written, whatever its value: what is stored must not follow from a default in the code. Field names and
usual values are in a dictionary that both sides know, so that a stored document is little more than what it says: a
finished recording has to fit one kilobyte, which is what a write is paid by.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import orjson
import zstandard
from pydantic import TypeAdapter

from auricle.adapters.dynamodb import document_versions
from auricle.errors import UnknownVersion

LEVEL = 9
WRITTEN_VERSION = 2
_WRITTEN = bytes([WRITTEN_VERSION])
_DICTIONARIES = {1: document_versions.DICTIONARY_1, 2: document_versions.DICTIONARY_2}
_UPGRADES = {1: document_versions.FROM_VERSION_1, 2: document_versions.FROM_VERSION_2}

T = TypeVar("T")


def pack(value: Any, *, without: frozenset[str] = frozenset()) -> bytes:
    """The dataclass as stored, every field of it but those that lie elsewhere."""
    content = adapter(type(value)).dump_json(value, exclude=set(without) or None)
    return _WRITTEN + _zstd.compressor.compress(content)


def unpack(type_: type[T], stored: bytes, **elsewhere: Any) -> T:
    """The dataclass that was packed, with the fields that lay elsewhere.

    Raises:
        UnknownVersion: a newer release has written it.
    """
    version = stored[0]
    if version not in _UPGRADES:
        known = " and ".join(map(str, _UPGRADES))
        raise UnknownVersion(f"A stored document has version {version}. This release reads versions {known}.")
    content = orjson.loads(_zstd.decompressors[version].decompress(stored[1:]))
    upgrade = _UPGRADES[version].get(type_.__name__)
    if upgrade is not None:
        content = upgrade(content)
    content.update(elsewhere)
    value: T = adapter(type_).validate_python(content)
    return value


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(type_: type[Any]) -> TypeAdapter[Any]:
    """Made when its type is first read or written: a process knows few of them."""
    if type_ not in _ADAPTERS:
        _ADAPTERS[type_] = TypeAdapter(type_)
    return _ADAPTERS[type_]


class _PerThread(threading.local):
    """zstd works in a context that two threads must never share: both would write into it at once."""

    def __init__(self) -> None:
        dictionaries = {version: _dictionary(words) for version, words in _DICTIONARIES.items()}
        written = dictionaries[WRITTEN_VERSION]
        self.compressor = zstandard.ZstdCompressor(LEVEL, dict_data=written, write_content_size=True)
        self.decompressors = {
            version: zstandard.ZstdDecompressor(dict_data=dictionary) for version, dictionary in dictionaries.items()
        }


def _dictionary(words: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(words, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


_zstd = _PerThread()
