"""The core API by itself, which is as long as all others: schemathesis finds nothing on any of its operations."""

from __future__ import annotations

from tests.contract.fuzzing import findings


def test_schemathesis_finds_nothing() -> None:
    assert findings("core") == []
