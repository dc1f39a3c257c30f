"""Records in memory keep the same contract as records in the table (tests/integration/test_state.py)."""

from __future__ import annotations

import pytest

from auricle.recordings.counters import TallyChange
from tests.fakes import Fakes
from tests.fakes.collection_contract import CollectionContract


@pytest.fixture
def state() -> Fakes:
    return Fakes()


class TestFakes(CollectionContract):
    pass


def test_one_change_does_not_make_comments_unread_and_read() -> None:
    with pytest.raises(ValueError, match="not both"):
        TallyChange(unread=frozenset({("ann", "c1")}), read=frozenset({("bob", "c1")}))
