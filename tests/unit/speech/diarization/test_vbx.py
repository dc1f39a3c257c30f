from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization.vbx import vbx

DIMENSIONS = 32
BETWEEN = np.linspace(30.0, 2.0, DIMENSIONS)


def drawn(speakers: int, points_each: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points of the model itself: places with the between-speaker variance, unit noise around them."""
    dice = np.random.default_rng(seed)
    truth = np.repeat(np.arange(speakers), points_each)
    places = dice.normal(size=(speakers, DIMENSIONS)) * np.sqrt(BETWEEN)
    return places[truth] + dice.normal(size=(len(truth), DIMENSIONS)), truth


@pytest.mark.parametrize("speakers", [1, 2, 4])
def test_finds_the_speakers_in_a_clustering_too_fine(speakers: int) -> None:
    points, truth = drawn(speakers, 60, seed=speakers)
    too_fine = truth * 3 + np.arange(len(truth)) % 3
    found = vbx(points, BETWEEN, too_fine)
    pairs = set(zip(truth.tolist(), found.tolist(), strict=True))
    assert len(pairs) == len(set(found.tolist())) == speakers


def test_labels_are_some_of_those_given() -> None:
    points, truth = drawn(2, 40, seed=9)
    assert set(vbx(points, BETWEEN, truth * 10 + 5).tolist()) == {5, 15}


def test_more_regularization_means_fewer_speakers() -> None:
    points, truth = drawn(4, 8, seed=3)
    assert len(set(vbx(points, BETWEEN, truth, regularization=0.1).tolist())) == 4
    assert len(set(vbx(points, BETWEEN, truth, regularization=500.0).tolist())) == 1


def test_one_point_is_one_speaker() -> None:
    assert vbx(np.ones((1, DIMENSIONS)), BETWEEN, np.zeros(1, dtype=np.int64)).tolist() == [0]
