from __future__ import annotations

import math

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


def by_the_equations(
    points: NDArray[np.float64], between: NDArray[np.float64], labels: list[int], f_a: float, f_b: float
) -> list[int]:
    """Equations 16, 17 and 23 of the paper, term by term."""
    names, dimensions = sorted(set(labels)), range(len(between))
    owned = [[math.exp(7.0 * (label == name)) for name in names] for label in labels]
    owned = [[share / sum(row) for share in row] for row in owned]
    weights = [1 / len(names)] * len(names)
    last = -math.inf
    for iteration in range(20):
        expected = [[0.0] * len(names) for _ in labels]
        divergence = 0.0
        for k in range(len(names)):
            count = sum(row[k] for row in owned)
            for d in dimensions:
                spread = 1 / (1 + f_a / f_b * count * between[d])
                pulled = sum(row[k] * point[d] for row, point in zip(owned, points, strict=True))
                place = f_a / f_b * spread * pulled * math.sqrt(between[d])
                divergence += (math.log(spread) - spread - place**2 + 1) / 2
                for i, point in enumerate(points):
                    expected[i][k] += point[d] * math.sqrt(between[d]) * place - between[d] * (spread + place**2) / 2
        evidence = 0.0
        for i, point in enumerate(points):
            density = -(float(np.dot(point, point)) + len(between) * math.log(2 * math.pi)) / 2
            joint = [f_a * (expected[i][k] + density) + math.log(weights[k] + 1e-12) for k in range(len(names))]
            whole = max(joint) + math.log(sum(math.exp(each - max(joint)) for each in joint))
            owned[i] = [math.exp(each - whole) for each in joint]
            evidence += whole
        weights = [sum(row[k] for row in owned) / len(points) for k in range(len(names))]
        bound = evidence + f_b * divergence
        if iteration >= 3 and bound - last < 1e-4:
            break
        last = bound
    return [names[row.index(max(row))] for row in owned]


@pytest.mark.parametrize(("f_a", "f_b"), [(0.07, 0.8), (0.3, 2.0), (1.0, 1.0), (0.5, 6.0)])
def test_it_is_the_paper_s_equations_where_the_evidence_is_weak(f_a: float, f_b: float) -> None:
    """Small problems whose answers are close: some of them change with any change of the arithmetic."""
    for seed in range(25):
        dice = np.random.default_rng(seed)
        between = dice.uniform(0.3, 12.0, 3)
        points = dice.normal(size=(11, 3)) * np.sqrt(1 + between)
        labels = dice.integers(0, 4, 11)
        expected = by_the_equations(points, between, labels.tolist(), f_a, f_b)
        assert vbx(points, between, labels, evidence_weight=f_a, regularization=f_b).tolist() == expected, seed
        if f_a == 0.07:
            assert vbx(points, between, labels).tolist() == expected, "these are what is used"
