"""What a function imports is in the package it is deployed with: on a laptop every extra is installed."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bundling import PROJECT, PYTHON, function_names
from infra.stacks.service import SPEECH_FUNCTIONS
from tests.infra.code import imported

AT_SET_UP = {"onnx"}
"""Read weights out of packages when an image is built, which holds them converted; never in a function."""
WHISPER = {"faster_whisper", "ctranslate2", "huggingface_hub"}
"""Carried where the environment transcribes with whisper; where it does not, nothing asks for them."""


def third_party(start: str) -> dict[str, set[str]]:
    return {name: who for name, who in imported(start)[1].items() if name not in sys.stdlib_module_names}


@cache
def carried(*extras: str) -> frozenset[str]:
    """Every distribution that comes with the project's own dependencies and these extras."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    waiting = [
        *project["dependencies"],
        *(each for extra in extras for each in project["optional-dependencies"][extra]),
    ]
    found: set[tuple[str, str]] = set()
    while waiting:
        wanted = Requirement(waiting.pop())
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key in found:
                continue
            found.add(key)
            waiting += _needed(wanted.name, extra)
    return frozenset(name for name, _ in found)


def _needed(distribution: str, extra: str) -> Iterable[str]:
    environment = {"extra": extra, "python_version": PYTHON, "python_full_version": f"{PYTHON}.0"}
    try:
        stated = requires(distribution) or []
    except PackageNotFoundError:
        return
    for line in stated:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield str(requirement).split(";")[0]


def missing(start: str, *extras: str, allowed: Iterable[str] = ()) -> dict[str, set[str]]:
    """Top-level names `start` may import that are not carried, with the modules that ask for them."""
    homes = packages_distributions()
    have = carried(*extras)
    return {
        name: who
        for name, who in third_party(start).items()
        if name not in allowed and not have & {canonicalize_name(home) for home in homes.get(name, [])}
    }


def test_the_walk_sees_imports_within_functions() -> None:
    assert "joserfc" in third_party("api.handler")
    assert "pocketsphinx" in third_party("transcribe.handler")
    assert "mypy_boto3_s3" not in third_party("api.handler"), "types alone are not imported"
    assert missing("api.handler", "speech"), "this can fail"


@pytest.mark.parametrize("name", function_names())
def test_a_function_imports_only_what_it_carries(name: str) -> None:
    if name in SPEECH_FUNCTIONS:
        assert missing(f"{name}.handler", "speech", allowed=AT_SET_UP | WHISPER) == {}
        assert missing(f"{name}.handler", "speech", "whisper", allowed=AT_SET_UP) == {}
    else:
        assert missing(f"{name}.handler", "service") == {}


@pytest.mark.parametrize("stage", ["transcribe", "diarize"])
def test_a_job_imports_only_what_its_image_carries(stage: str) -> None:
    assert missing(f"{stage}.job", "speech", "whisper", allowed=AT_SET_UP) == {}


@pytest.mark.parametrize("name", function_names())
def test_a_function_imports_no_other_function(name: str) -> None:
    others = {each.split(".")[0] for each in imported(f"{name}.handler")[0]} - {"auricle", name}
    assert others == set()
