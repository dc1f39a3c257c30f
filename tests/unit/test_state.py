"""The ports in memory keep the same contract as the ports on AWS (tests/integration/test_state.py)."""

from __future__ import annotations

import pytest

from tests.fakes import Fakes
from tests.fakes.chunks_contract import ChunksContract
from tests.fakes.contract import State, StateContract
from tests.fakes.idempotency_contract import MannersContract


@pytest.fixture
def state() -> Fakes:
    return Fakes()


class TestFakes(StateContract):
    def tags(self, state: State, prefix: str) -> dict[tuple[str, str], dict[str, str]]:
        assert isinstance(state, Fakes)
        return state.objects.tags(prefix)


class TestChunksInMemory(ChunksContract):
    pass


class TestMannersInMemory(MannersContract):
    pass
