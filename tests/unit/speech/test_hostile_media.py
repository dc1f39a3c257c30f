"""Every file of the hostile corpus through prepare, in processes that are bounded as the function is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auricle.settings import settings
from auricle.speech.models import ensure_models
from tests.fixtures.hostile.cases import Heard, HostileFile, Refused
from tests.fixtures.hostile.corpus import FILES
from tests.fixtures.hostile.pool import answers

_CLASS_NAME = re.compile(r"[A-Za-z]+(Error|Exception)\b|Traceback|\bav\.|<none>|NoneType")
_LONG_NUMBER = re.compile(r"\d{11}")


@pytest.fixture(scope="module")
def ended() -> dict[str, dict[str, Any]]:
    """What became of each file."""
    ensure_models(settings().models_path, ["voice-activity"])
    return answers([file.name for file in FILES])


def test_the_corpus_is_large_and_its_names_tell_its_files_apart() -> None:
    assert len(FILES) >= 240
    assert len({file.name for file in FILES}) == len(FILES)
    assert sum(isinstance(file.expected, Heard) for file in FILES) >= 80, "not everything is refused"


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_hostile_file_ends_as_expected(file: HostileFile, ended: dict[str, dict[str, Any]]) -> None:
    found, expected = ended[file.name], file.expected
    assert found["state"] != "died", found
    assert found["peak_bytes"] <= 1_500_000_000
    if isinstance(expected, Refused):
        assert (found["state"], found["code"]) == ("UNRECOVERABLE_ERROR", expected.code), found
        assert expected.speaks_of in found["message"]
        assert found["seconds"] is None
    else:
        assert found["state"] == "TRANSCRIBING", found
        assert found["seconds"] == pytest.approx(expected.seconds, abs=expected.within_s)
        assert set(found["warnings"]) - {"no-speech"} == expected.warnings
    for message in [found["message"], *found["messages"]]:
        assert message is None or _is_for_people(message), message


def test_the_corpus_takes_little_time_and_memory(ended: dict[str, dict[str, Any]]) -> None:
    assert sum(found["cpu_s"] for found in ended.values()) <= 60
    assert max(found["peak_bytes"] for found in ended.values()) <= 1_500_000_000


def _is_for_people(message: str) -> bool:
    """Whole sentences, without class names, and without the absurd numbers that files declare."""
    whole = message[:1].isupper() or message[:1].isdigit()
    return whole and message.endswith(".") and not _CLASS_NAME.search(message) and not _LONG_NUMBER.search(message)
