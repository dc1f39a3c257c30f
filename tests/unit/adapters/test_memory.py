from __future__ import annotations

import resource
import sys

import pytest

from auricle.adapters.memory import allocations_bounded

FAR_TOO_MUCH_BYTES = 8 << 30
"""More than the heap of this process can have to spare from tests that ran before."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is bounded elsewhere")


def test_what_asks_for_too_much_is_refused_and_the_process_lives_on() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with allocations_bounded(200 << 20):
        assert len(bytearray(100 << 20)) == 100 << 20
        with pytest.raises(MemoryError):
            bytearray(FAR_TOO_MUCH_BYTES)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(300 << 20)) == 300 << 20


def test_the_bound_ends_with_the_work_that_failed() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(MemoryError), allocations_bounded(10 << 20):
        bytearray(FAR_TOO_MUCH_BYTES)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
