"""Engines for the tests, each in a process of its own: the engine is one per process and keeps global state.

`auricle` is the real application (the synthesized `local` stacks); `probe` a small one for the engine itself.
A module runs in one xdist worker (`--dist loadfile`), and the modules of one worker share its engines.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from auricle.settings import Settings
from auricle.speech.models import ensure_models
from infra.local.child import Child, launched
from infra.local.cross_site import CORS_VARIABLE
from tests.integration.engine_probe import ORIGIN, write_assembly
from tests.integration.service import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def weights() -> None:
    """The models, converted once per machine: without them no stage listens."""
    ensure_models(Settings.from_environment(os.environ).models_path)


@pytest.fixture(scope="session", autouse=True)
def cors_origins() -> Iterator[None]:
    """Every engine here serves the pages of ORIGIN, so that all deploy the same templates: synthesized once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CORS_VARIABLE, ORIGIN)
        yield


@pytest.fixture(scope="session")
def auricle(tmp_path_factory: pytest.TempPathFactory, weights: None) -> Iterator[Child]:
    """The deployed application: `auricle.base_url`, `.outputs`, `.token(org=…)`, `.client("s3")`."""
    with launched(tmp_path_factory.mktemp("auricle") / "home") as engine:
        yield engine


@pytest.fixture(scope="session")
def heard(auricle: Child) -> Listener:
    """What is told on the bus of `auricle`, from before the first upload of a test that asks."""
    return Listener(auricle)


@pytest.fixture(scope="session")
def probe_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The probe application as a cloud assembly."""
    return write_assembly(tmp_path_factory.mktemp("probe") / "assembly")


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory, probe_assembly: Path) -> Iterator[Child]:
    """An engine with the probe application, shared by tests that leave it running."""
    with launched(tmp_path_factory.mktemp("probe-engine") / "home", assembly=probe_assembly) as engine:
        yield engine


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """`eventually(read, within_s=10)`: the first truthy answer of `read`; fails when there is none in time."""

    def wait(read: Callable[[], Any], within_s: float = 15.0) -> Any:
        deadline_s = time.monotonic() + within_s
        while True:
            answer = read()
            if answer:
                return answer
            if time.monotonic() > deadline_s:
                pytest.fail(f"nothing within {within_s:g} s; the last answer was {answer!r}")
            time.sleep(0.05)

    return wait
