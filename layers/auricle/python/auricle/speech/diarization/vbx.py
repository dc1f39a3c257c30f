"""Variational Bayesian clustering of voice embeddings under a PLDA model.

Landini et al., "Bayesian HMM clustering of x-vector sequences (VBx) in speaker diarization" (2022), with the
chain's stickiness set to zero: local speakers overlap in time, so that their order says nothing, and the hidden
Markov model becomes a mixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_INITIAL_SMOOTHING = 7.0
_MOST_ITERATIONS = 20
_LEAST_ITERATIONS = 3
_CONVERGED = 1e-4


def vbx(
    points: Floats,
    between_variance: Floats,
    labels: NDArray[np.int64],
    *,
    evidence_weight: float = 0.07,
    regularization: float = 0.8,
) -> NDArray[np.int64]:
    """Refines a clustering of `points` (count, dimensions), and drops the clusters the evidence does not carry.

    The points are whitened: within a speaker their covariance is the identity, between speakers it is diagonal
    with `between_variance`. `labels` is the clustering to begin with, and should have too many clusters rather
    than too few. `evidence_weight` and `regularization` are the paper's F_A and F_B: less evidence counts less
    (points from overlapping windows are not independent), and more regularization means fewer speakers.

    Answers a label per point, a subset of those given.
    """
    names, start = np.unique(labels, return_inverse=True)
    responsibilities = softmax(_INITIAL_SMOOTHING * np.eye(len(names))[start], axis=1)
    weights = np.full(len(names), 1 / len(names))
    scaled = points * np.sqrt(between_variance)
    log_density = -0.5 * (np.square(points).sum(axis=1) + points.shape[1] * np.log(2 * np.pi))
    ratio = evidence_weight / regularization
    last_bound = -np.inf
    for iteration in range(_MOST_ITERATIONS):
        # Equations 16 and 17: the posterior of each speaker's place.
        spread = 1 / (1 + ratio * responsibilities.sum(axis=0)[:, None] * between_variance)
        place = ratio * spread * (responsibilities.T @ scaled)
        # Equation 23, the expected log likelihood of each point under each speaker, then who it belongs to.
        expected = scaled @ place.T - 0.5 * (spread + np.square(place)) @ between_variance + log_density[:, None]
        joint = evidence_weight * expected + np.log(weights + 1e-12)
        evidence = logsumexp(joint, axis=1, keepdims=True)
        responsibilities = np.exp(joint - evidence)
        weights = responsibilities.sum(axis=0) / len(points)
        divergence = 0.5 * (np.log(spread) - spread - np.square(place) + 1).sum()
        bound = float(evidence.sum() + regularization * divergence)
        if iteration >= _LEAST_ITERATIONS and bound - last_bound < _CONVERGED:
            break
        last_bound = bound
    refined: NDArray[np.int64] = names[responsibilities.argmax(axis=1)]
    return refined
