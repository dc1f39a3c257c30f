from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import numpy as np

import auricle.accuracy
import auricle.speech
from auricle.speech.vad import VoiceTrack


def value_classes() -> Iterator[type]:
    for package in (auricle.speech, auricle.accuracy):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for each in vars(module).values():
                if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == found.name:
                    yield each


def test_results_cannot_be_changed_and_carry_no_other_attributes() -> None:
    """They go from stage to stage and between threads."""
    classes = list(value_classes())
    assert len(classes) > 20
    for each in classes:
        assert each.__dataclass_params__.frozen, each  # type: ignore[attr-defined]  # every dataclass has them
        assert "__slots__" in vars(each), each


def test_tracks_are_compared_by_identity() -> None:
    """Arrays have no single answer to whether they are equal."""
    values = np.zeros(3, np.float32)
    track, other = VoiceTrack(values, values, 1.0), VoiceTrack(values, values, 1.0)
    assert track == track
    assert track != other
