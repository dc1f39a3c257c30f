"""`make faults`: kills under load. SEED=…, KILLS=…, CLIENTS=… choose; the seed is printed, to have it again."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from auricle.settings import Settings
from auricle.speech.models import ensure_models
from tests.faults import kills
from tests.fixtures import calls


def main() -> int:
    """Exit status 1 where anything acknowledged was lost, doubled or stuck, or a restart took too long."""
    chosen = os.environ.get
    plan = kills.Plan(
        seed=int(chosen("SEED") or random.SystemRandom().randrange(1_000_000)),
        kills=int(chosen("KILLS") or 20),
        clients=int(chosen("CLIENTS") or 4),
    )
    print(f"SEED={plan.seed} KILLS={plan.kills} CLIENTS={plan.clients}", flush=True)
    ensure_models(Settings.from_environment(os.environ).models_path)
    with TemporaryDirectory(prefix="auricle-faults-") as folder:
        outcome = kills.run(Path(folder) / "home", plan, calls.silence(), lambda line: print(line, flush=True))
    for kind, found in (("lost", outcome.lost), ("doubled", outcome.doubled), ("stuck", outcome.stuck)):
        for line in found:
            print(f"{kind}: {line}")
    slow = [second for second in outcome.restarts_s if second > kills.RESTARTS_WITHIN_S]
    if slow:
        print(f"slow: {len(slow)} restarts took more than {kills.RESTARTS_WITHIN_S:g} s")
    print(outcome.summary())
    return 1 if outcome.lost or outcome.doubled or outcome.stuck or slow else 0


if __name__ == "__main__":
    sys.exit(main())
