"""Which local voices are the same person: from one embedding per voice to one speaker number per voice.

Voices go into the space of a linear discriminant analysis, where what differs between recordings of one person
counts little; average-linkage clustering finds too many speakers there, and VBx merges them. The thresholds are
those the method was measured with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist

from auricle.speech.diarization.vbx import vbx

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from auricle.speech.diarization.embedding import LocalVoice

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int64]

_TRUSTED_SOLO_S = 1.0
"""Voices heard alone for this long decide who there is; the others only choose among them."""
_MERGE_DISTANCE = 0.4
_MOST_DECIDING = 800
"""Of more trusted voices, as in recordings of over a quarter of an hour, so many are taken evenly over time.
Linkage takes the square of this in memory and time. And VBx takes every voice for new evidence, though one person
in one recording is the same session over and over: with thousands of voices it splits people."""
_LEAST_SHARE = 0.04
_KMEANS_ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class VoiceSpace:
    """The space voices are compared in; see `speaker-lda` in `auricle.speech.models`."""

    mean: Floats
    centre: Floats
    projection: Floats
    """(256, 128)."""
    between_variance: Floats
    """(128,): how far apart speakers lie along each axis; within a speaker it is 1 along each."""

    @classmethod
    def load(cls, path: Path) -> VoiceSpace:
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name].astype(np.float64) for name in cls.__slots__})

    def whitened(self, embeddings: NDArray[np.floating]) -> Floats:
        """(count, 256) to (count, 128), as VBx takes them."""
        return (_unit(embeddings - self.mean) - self.centre) @ self.projection

    def directions(self, whitened: Floats) -> Floats:
        """Unit vectors whose cosine compares voices: axes on which speakers differ little are shrunk."""
        return _unit(whitened * np.sqrt(self.between_variance / (1 + self.between_variance)))


def cluster(voices: Sequence[LocalVoice], space: VoiceSpace, speakers: int | None = None) -> Labels:
    """A speaker number for each voice, in the order given, which is the order of their windows.

    `speakers` is how many people talk, where that is known. Two slots of one window are different people, as
    long as there are enough speakers.
    """
    if not voices:
        return np.zeros(0, dtype=np.int64)
    whitened = space.whitened(np.stack([voice.embedding for voice in voices]).astype(np.float64))
    directions = space.directions(whitened)
    deciding = _deciding(voices, at_least=max(2, speakers or 0))
    found = vbx(whitened[deciding], space.between_variance, _linked(directions[deciding]))
    if speakers is None:
        centroids = _centroids(directions[deciding], _without_small(directions[deciding], found))
    else:
        centroids = _k_means(directions[deciding], found, min(speakers, len(deciding)))
    return _assigned(voices, directions @ centroids.T)


def _deciding(voices: Sequence[LocalVoice], at_least: int) -> Labels:
    """Places of the voices that decide who there is: the trusted ones, or all where those are too few."""
    trusted = np.flatnonzero([voice.solo_s >= _TRUSTED_SOLO_S for voice in voices])
    if len(trusted) < at_least:
        trusted = np.arange(len(voices))
    spread = np.linspace(0, len(trusted) - 1, min(_MOST_DECIDING, len(trusted)))
    return np.asarray(trusted[spread.astype(int)], dtype=np.int64)


def _linked(directions: Floats) -> Labels:
    """Average-linkage clusters by cosine distance."""
    if len(directions) < 2:
        return np.zeros(len(directions), dtype=np.int64)
    tree = linkage(pdist(directions, "cosine"), "average")
    return np.asarray(fcluster(tree, _MERGE_DISTANCE, "distance"), dtype=np.int64)


def _without_small(directions: Floats, labels: Labels) -> Labels:
    """Clusters with less than their share of the voices go to the nearest of the others."""
    names, counts = np.unique(labels, return_counts=True)
    kept = names[counts >= max(1, round(_LEAST_SHARE * len(labels)))]
    if len(kept) == 0:
        kept = names[[counts.argmax()]]
    nearest = kept[(directions @ _centroids(directions, labels, kept).T).argmax(axis=1)]
    return np.where(np.isin(labels, kept), labels, nearest)


def _k_means(directions: Floats, labels: Labels, speakers: int) -> Floats:
    """Spherical k-means from what VBx found: its largest clusters, or its widest split until there are enough.

    Dhillon and Modha, "Concept decompositions for large sparse text data using clustering" (2001).
    """
    names, counts = np.unique(labels, return_counts=True)
    centroids = _centroids(directions, labels, names[np.argsort(-counts, kind="stable")[:speakers]])
    while len(centroids) < speakers:
        nearest = (directions @ centroids.T).argmax(axis=1)
        scatter = [np.square(directions[nearest == each] - centroids[each]).sum() for each in range(len(centroids))]
        widest = int(np.argmax(scatter))
        offsets = directions[nearest == widest] - centroids[widest]
        axis = np.linalg.svd(offsets, full_matrices=False)[2][0] * np.sqrt(scatter[widest] / max(1, len(offsets)))
        halves = _unit(np.stack([centroids[widest] + axis, centroids[widest] - axis]))
        centroids = np.concatenate([np.delete(centroids, widest, axis=0), halves])
    for _ in range(_KMEANS_ITERATIONS):
        nearest = (directions @ centroids.T).argmax(axis=1)
        moved = centroids.copy()
        for each in np.unique(nearest):
            moved[each] = _unit(directions[nearest == each].mean(axis=0))
        if np.array_equal(moved, centroids):
            break
        centroids = moved
    return centroids


def _assigned(voices: Sequence[LocalVoice], likeness: Floats) -> Labels:
    """For each window the assignment of its slots to different speakers that is best in sum."""
    labels = np.asarray(likeness.argmax(axis=1), dtype=np.int64)
    for _, group in groupby(range(len(voices)), key=lambda index: voices[index].window):
        members = np.array(list(group))
        rows, columns = linear_sum_assignment(likeness[members], maximize=True)
        labels[members[rows]] = columns
    return labels


def _centroids(directions: Floats, labels: Labels, names: Labels | None = None) -> Floats:
    names = np.unique(labels) if names is None else names
    return _unit(np.stack([directions[labels == name].mean(axis=0) for name in names]))


def _unit(vectors: NDArray[np.floating]) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-8), dtype=np.float64)
