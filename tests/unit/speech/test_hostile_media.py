"""Every file of the hostile corpus through prepare, in processes that are bounded as the function is."""

from __future__ import annotations

from typing import Any

import pytest

from auricle.settings import settings
from auricle.speech.models import ensure_models
from tests.fixtures.hostile.cases import Heard, HostileFile, Refused
from tests.fixtures.hostile.corpus import FILES
from tests.fixtures.hostile.pool import answers
from tests.fixtures.hostile.rules import objections

MUTANTS = (*range(5000, 5069), 251, 297, 317, 688)
"""Three of each valid file, and some that pointed beyond any position a file can have. `make mediafuzz` tries
thousands."""


@pytest.fixture(scope="module")
def ended() -> dict[str | int, dict[str, Any]]:
    """What became of each file, by its name or seed."""
    ensure_models(settings().models_path, ["voice-activity"])
    return answers([*(file.name for file in FILES), *MUTANTS])


def test_the_corpus_is_large_and_its_names_tell_its_files_apart() -> None:
    assert len(FILES) >= 240
    assert len({file.name for file in FILES}) == len(FILES)
    assert sum(isinstance(file.expected, Heard) for file in FILES) >= 80, "not everything is refused"


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_hostile_file_ends_as_expected(file: HostileFile, ended: dict[str | int, dict[str, Any]]) -> None:
    found, expected = ended[file.name], file.expected
    assert list(objections(found)) == []
    if isinstance(expected, Refused):
        assert (found["state"], found["code"]) == ("UNRECOVERABLE_ERROR", expected.code), found
        assert expected.speaks_of in found["message"]
        assert found["seconds"] is None
    else:
        assert found["state"] == "TRANSCRIBING", found
        assert found["seconds"] == pytest.approx(expected.seconds, abs=expected.within_s)
        assert set(found["warnings"]) - {"no-speech"} == expected.warnings


@pytest.mark.parametrize("seed", MUTANTS)
def test_a_damaged_file_is_prepared_or_refused(seed: int, ended: dict[str | int, dict[str, Any]]) -> None:
    assert list(objections(ended[seed])) == []


def test_all_of_them_take_little_time_and_memory(ended: dict[str | int, dict[str, Any]]) -> None:
    assert sum(found["cpu_s"] for found in ended.values()) <= 60
    assert max(found["peak_bytes"] for found in ended.values()) <= 1_500_000_000
