"""Records in memory keep the same contract as records in the table (tests/integration/test_state.py)."""

from __future__ import annotations

import pytest

from auricle.recordings.counters import CountersChange
from tests.fakes import Fakes
from tests.fakes.records_contract import RecordStoreContract


@pytest.fixture
def state() -> Fakes:
    return Fakes()


class TestFakes(RecordStoreContract):
    pass


def test_one_change_does_not_make_comments_unread_and_read() -> None:
    with pytest.raises(ValueError, match="not both"):
        CountersChange(unread=frozenset({("ann", "c1")}), read=frozenset({("bob", "c1")}))
