"""The model weights of this machine: what the locked packages carry, converted once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rich.console import Console


def convert_weights() -> dict[Any, Path]:
    """The weights, converted at the first call, with a bar that says which."""
    from auricle.settings import Settings
    from auricle.speech.models import ensure_models
    from infra.local import show

    def convert(tell: show.Tell) -> dict[Any, Path]:
        return dict(ensure_models(Settings.from_environment(os.environ).models_path, progress=tell))

    return show.with_bar(Console(stderr=True), "Converting model weights", convert)
