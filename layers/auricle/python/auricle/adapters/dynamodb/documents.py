"""Values as they lie in the table: JSON under zstd, what is at its default left out unless it is to last.

Field names and usual values are in a dictionary that both sides know, so that a stored document is little more than
what it says: a finished recording has to fit one kilobyte, which is what a write is paid by.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
import zstandard
from pydantic import TypeAdapter

LEVEL = 9
_VERSION_1 = b"\x01"
# Part of what is stored: it never changes. Another one would be another version. What is used most stands last,
# where a match costs least.
_DICTIONARY_1 = (
    b'{"debrief":{"question_"},"crm_link":{"data_type":"OPPORTUNITY","id":"deal_","external_id":"",'
    b'"connection_id":"connection_","trigger":"EXTERNAL_API_LINK","linked_at":"2026-"},"made_of":[{"recording_id":'
    b'"rec_01","start_ms":0,"end_ms":60000}],"splits":[{"at_ms":0,"recording_id":"rec_01","made_at":"2026-"}],'
    b'"seed_recording_id":"","automatic_split":true,"deleted_at":"2026-","outcome_label":"CLOSED","locked":true,'
    b'"do_not_delete":true,"private":true,"discoverable":false,"conversation_quality":"FULL_CONVERSATION",'
    b'"failure":{"stage":"prepare","code":"-failed","message":""},"chunked":true,"transcription_language":"English",'
    b'"capture":{"sdk_version":"1.","bundle_id":"com.","app_version":"1.","app_name":"","sdk_type":"iOS","os":"ios",'
    b'"os_version":"17.","device_type":"iPhone","device_id":"","code_version":"1.","trigger":"button-press",'
    b'"latitude":40.,"longitude":-70.,"chunk_creation_mode":"minimized","record_errors":["interrupted"],'
    b'"terminated_ungracefully":true,"beta_features":[]},"rep":{"first_name":"","last_name":"","team_id":"team_01",'
    b'"organization_name":""},"source":"manual","consent":"one_party","content_type":"audio/mpeg","notes":"",'
    b'"cautions":[{"code":"no-speech","message":"No speech was found in this recording, so its transcript is empty."'
    b'},{"code":"not-english","message":""}],"engines":{"transcribe":{"name":"pocketsphinx","version":"5.1.1","model"'
    b':"en-us"},"transcribe":{"name":"whisper","version":"1.2.1","model":"small"},"diarize":{"name":"embedded",'
    b'"version":"1"},"summarize":{"name":"highlights","version":"1"}},"language":"en","file_name":".wav","user_id":'
    b'"user_01","title":"","version":"","size_bytes":1,"audio":{"format":"wav","codec":"pcm_s16le","channels":1,'
    b'"sample_rate_hz":16000,"duration_s":60.0},"speakers":[{"speaker":"speaker_0","talk_s":1.,"word_count":1},'
    b'{"speaker":"speaker_1","talk_s":1.,"word_count":1}],"highlights":[{"text":" you have the that we would and to '
    b'the ","speaker":"speaker_0","segment":1,"start_s":1.,"end_s":1.},{"text":"so you can we are going to i think '
    b'that is ","speaker":"speaker_1","segment":1,"start_s":1.,"end_s":1.}],"word_count":1,"confidence":0.}'
)

T = TypeVar("T")


def pack(
    value: Any, *, without: frozenset[str] = frozenset(), always: frozenset[str] = frozenset(), whole: bool = False
) -> bytes:
    """The dataclass as stored, but for the fields that lie elsewhere.

    Fields at their default are left out, except those of `always`, or where it is stored `whole`: of them, a default
    that changes in the code must change nothing that is stored.
    """
    dump = adapter(type(value)).dump_json
    content = dump(value, exclude=set(without | always) or None, exclude_defaults=not whole)
    if always:
        content = _joined(dump(value, include=set(always)), content)
    return _VERSION_1 + _zstd.compressor.compress(content)


def _joined(first: bytes, second: bytes) -> bytes:
    """Two JSON objects as one."""
    return first if second == b"{}" else first[:-1] + b"," + second[1:]


def unpack(type_: type[T], stored: bytes, *, left_out: Mapping[str, Any] | None = None, **elsewhere: Any) -> T:
    """The dataclass that was packed, with the fields that lay elsewhere.

    `left_out` is what fields that are missing meant when the document was written, whatever their default is today.
    """
    content = {**(left_out or {}), **orjson.loads(_zstd.decompressor.decompress(stored[1:]))}
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
        dictionary = zstandard.ZstdCompressionDict(_DICTIONARY_1, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self.compressor = zstandard.ZstdCompressor(LEVEL, dict_data=dictionary, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)


_zstd = _PerThread()
