"""Runs every bench of this package, or those named, and prints one JSON object a line."""

from __future__ import annotations

import importlib
import json
import operator
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence

from tests import bench

_KEPT: Mapping[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


def within(value: float, budget: str) -> bool:
    """Whether a value keeps a budget like `<= 1.2`."""
    relation, _, bound = budget.partition(" ")
    return _KEPT[relation](value, float(bound))


def run(names: Sequence[str]) -> int:
    """Prints what the benches measure; 1 when one could not be run at all. A budget not kept is no failure here."""
    failed = False
    for name in names:
        try:
            for measured in importlib.import_module(f"{bench.__name__}.{name}").measure():
                kept = within(float(measured["value"]), measured["budget"]) if "budget" in measured else None
                print(json.dumps({**measured, "within_budget": kept}), flush=True)
        except Exception as error:  # noqa: BLE001  # the other benches still count
            failed = True
            print(json.dumps({"name": name, "error": f"{type(error).__name__}: {error}"}), flush=True)
    return int(failed)


if __name__ == "__main__":
    found = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    sys.exit(run(sys.argv[1:] or found))
