"""A sample of `make faults`: three kills of the engine's process group under four uploading clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import kills
from tests.fixtures import calls

if TYPE_CHECKING:
    from pathlib import Path

SEED = 7


def test_what_was_acknowledged_survives_and_is_done_once(tmp_path: Path, weights: None) -> None:
    plan = kills.Plan(seed=SEED, kills=3, uploads=(1, 3), and_then_s=(0.0, 1.0), settled_within_s=300)
    outcome = kills.run(tmp_path / "home", plan, calls.silence())
    assert (outcome.lost, outcome.doubled, outcome.stuck) == ([], [], []), outcome.summary()
    assert outcome.acknowledged > 0, "nothing was under way"
    assert outcome.kills == 3
