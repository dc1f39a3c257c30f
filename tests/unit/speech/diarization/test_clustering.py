from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization import clustering
from auricle.speech.diarization.clustering import VoiceSpace, cluster
from auricle.speech.diarization.embedding import LocalVoice
from auricle.speech.diarization.vbx import vbx

SIZE = 24


@pytest.fixture(scope="module")
def space() -> VoiceSpace:
    """Voices as they are; speakers differ much more than one speaker does."""
    return VoiceSpace(
        mean=np.zeros(SIZE), centre=np.zeros(SIZE), projection=np.eye(SIZE) * 40, between_variance=np.full(SIZE, 60.0)
    )


def voice(speaker: int, window: int, slot: int = 0, *, solo_s: float = 3.0, blur: float = 0.1) -> LocalVoice:
    """A voice that points along its speaker's axis, a little off it."""
    direction = np.random.default_rng(window * 7 + slot).normal(size=SIZE) * blur / np.sqrt(SIZE)
    direction[speaker] += 1
    return LocalVoice(window, slot, solo_s, (direction / np.linalg.norm(direction)).astype(np.float32))


def groups(labels: NDArray[np.int64], speakers: list[int]) -> int:
    """How many speakers were found, if each is one label and each label one speaker."""
    pairs = set(zip(labels.tolist(), speakers, strict=True))
    assert len(pairs) == len(set(labels.tolist())) == len(set(speakers))
    return len(pairs)


def test_nobody(space: VoiceSpace) -> None:
    assert cluster([], space).tolist() == []


def test_one_voice_is_one_speaker(space: VoiceSpace) -> None:
    assert cluster([voice(0, 0)], space).tolist() == [0]


@pytest.mark.parametrize("speakers", [1, 2, 5])
def test_as_many_speakers_as_there_are(space: VoiceSpace, speakers: int) -> None:
    truth = [window % speakers for window in range(60)]
    labels = cluster([voice(speaker, window) for window, speaker in enumerate(truth)], space)
    assert groups(labels, truth) == speakers


def test_voices_heard_too_shortly_do_not_become_speakers(space: VoiceSpace) -> None:
    voices = [voice(window % 2, window) for window in range(30)]
    brief = [voice(5, 30 + extra, solo_s=0.4) for extra in range(10)]
    labels = cluster([*voices, *brief], space)
    assert set(labels.tolist()) == {0, 1}


def test_two_slots_of_a_window_are_two_people(space: VoiceSpace) -> None:
    """Slot 1 of the last window sounds like speaker 0, as slot 0 does even more."""
    voices = [voice(window % 2, window) for window in range(30)]
    doubtful = np.zeros(SIZE)
    doubtful[:2] = 0.8, 0.6
    last = [voice(0, 30), LocalVoice(30, 1, 0.3, doubtful.astype(np.float32))]
    labels = cluster([*voices, *last], space)
    assert labels[-2] == labels[0]
    assert labels[-1] == labels[1]


def test_a_stray_voice_joins_the_nearest(space: VoiceSpace) -> None:
    voices = [voice(window % 2, window) for window in range(60)]
    labels = cluster([*voices, voice(7, 60)], space)
    assert len(set(labels.tolist())) == 2


@pytest.mark.parametrize("speakers", [1, 2, 3])
def test_the_number_of_speakers_may_be_given(space: VoiceSpace, speakers: int) -> None:
    truth = [window % 3 for window in range(45)]
    labels = cluster([voice(speaker, window, blur=0.6) for window, speaker in enumerate(truth)], space, speakers)
    assert len(set(labels.tolist())) == speakers
    if speakers == 3:
        assert groups(labels, truth) == 3


def test_speakers_vbx_takes_for_one_are_split_when_the_number_is_given(space: VoiceSpace) -> None:
    near = VoiceSpace(space.mean, space.centre, space.projection / 200, space.between_variance)
    truth = [window % 2 for window in range(40)]
    voices = [voice(speaker, window) for window, speaker in enumerate(truth)]
    assert len(set(cluster(voices, near).tolist())) == 1
    assert groups(cluster(voices, near, 2), truth) == 2


def test_more_speakers_than_voices_are_as_many_as_voices(space: VoiceSpace) -> None:
    assert len(set(cluster([voice(0, 0), voice(1, 9)], space, 5).tolist())) == 2


def test_of_a_long_recording_a_part_decides_for_all(space: VoiceSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(points: NDArray[np.float64], *rest: Any) -> NDArray[np.int64]:
        asked.append(len(points))
        return vbx(points, *rest)

    monkeypatch.setattr(clustering, "vbx", counted)
    truth = [window % 3 for window in range(4000)]
    labels = cluster([voice(speaker, window) for window, speaker in enumerate(truth)], space)
    assert groups(labels, truth) == 3
    assert asked == [800]


def test_only_voices_alone_for_a_second_decide() -> None:
    voices = [voice(0, window, solo_s=solo_s) for window, solo_s in enumerate((1.0, 0.99, 2.0, 0.5, 1.5))]
    assert clustering._deciding(voices, at_least=2).tolist() == [0, 2, 4]
    assert clustering._deciding(voices, at_least=3).tolist() == [0, 2, 4]
    assert clustering._deciding(voices, at_least=4).tolist() == [0, 1, 2, 3, 4]


def test_of_more_than_800_voices_so_many_are_taken_evenly() -> None:
    voices = [voice(0, window) for window in range(1599)]
    assert len(clustering._deciding(voices[:801], at_least=2)) == 800
    assert clustering._deciding(voices[:800], at_least=2).tolist() == list(range(800))
    assert clustering._deciding(voices, at_least=2).tolist() == list(range(0, 1599, 2))


@pytest.mark.parametrize(("cosine", "clusters"), [(0.61, 1), (0.59, 2)])
def test_voices_at_a_cosine_distance_of_two_fifths_are_linked(cosine: float, clusters: int) -> None:
    directions = np.array([[1.0, 0.0], [cosine, np.sqrt(1 - cosine**2)]])
    assert len(set(clustering._linked(directions).tolist())) == clusters


def test_linkage_is_by_the_average() -> None:
    """Two voices 20 degrees apart and one 40 from the nearer: at 0.234 and 0.5 to the two, on average 0.367."""
    angles = np.radians([0.0, 20.0, 60.0])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert len(set(clustering._linked(directions).tolist())) == 1
    angles[2] = np.radians(64.0)  # 0.281 and 0.562, on average 0.421
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert len(set(clustering._linked(directions).tolist())) == 2


@pytest.mark.parametrize(("voices", "few", "kept"), [(50, 2, True), (50, 1, False), (63, 2, False), (12, 1, True)])
def test_a_cluster_with_less_than_a_twenty_fifth_joins_the_nearest(voices: int, few: int, kept: bool) -> None:
    directions = np.zeros((voices, 3))
    labels = np.full(voices, 4)
    directions[:, 0] = 1
    labels[:few], directions[:few] = 9, [0, 0.6, 0.8]
    labels[-5:], directions[-5:] = 2, [0, 1, 0]
    found = clustering._without_small(directions, labels)
    assert found[few:].tolist() == labels[few:].tolist()
    assert found[:few].tolist() == [9 if kept else 2] * few


def test_if_all_clusters_are_small_the_largest_is_kept() -> None:
    labels = np.array([*range(70), 33])
    assert set(clustering._without_small(np.eye(71), labels).tolist()) == {33}


def test_voices_are_compared_in_the_space_of_the_analysis() -> None:
    space = VoiceSpace(
        mean=np.array([1.0, 1.0, 0.0]),
        centre=np.array([0.1, 0.2, 0.0]),
        projection=np.array([[2.0, 0.0], [0.0, 3.0], [0.0, 0.0]]),
        between_variance=np.array([3.0, 0.0]),
    )
    # (4, 5, 0) less the mean is (3, 4, 0), of unit length (0.6, 0.8, 0), less the centre (0.5, 0.6, 0).
    whitened = space.whitened(np.array([[4.0, 5.0, 0.0], [1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(whitened, [[1.0, 1.8], [-0.2, -0.6]])
    np.testing.assert_allclose(space.directions(whitened), [[1.0, 0.0], [-1.0, 0.0]])
    wider = VoiceSpace(space.mean, space.centre, space.projection, np.array([3.0, 1 / 3]))
    # Axes count by the roots of 3/4 and 1/4: (0.866, 0.9) of length 1.249.
    np.testing.assert_allclose(wider.directions(whitened[:1]), [[0.69338, 0.72058]], atol=1e-5)


def test_a_space_is_loaded_with_its_numbers_in_double_precision(tmp_path: Path) -> None:
    single = [np.array(values, np.float32) for values in ([1, 2], [3, 4], [[5], [6]], [7])]
    np.savez(tmp_path / "space.npz", mean=single[0], centre=single[1], projection=single[2], between_variance=single[3])
    space = VoiceSpace.load(tmp_path / "space.npz")
    found = (space.mean, space.centre, space.projection, space.between_variance)
    assert [values.tolist() for values in found] == [[1, 2], [3, 4], [[5], [6]], [7]]
    assert {values.dtype for values in found} == {np.dtype(np.float64)}


def test_slots_of_a_window_are_assigned_best_in_sum() -> None:
    """0.9 + 0.1 is less than 0.8 + 0.7; a third slot keeps the speaker it is most like."""
    likeness = np.array([[0.9, 0.8], [0.7, 0.1], [0.9, 0.1], [0.2, 0.3]])
    voices = [voice(0, 0), voice(0, 0, 1), voice(0, 1), voice(0, 2)]
    assert clustering._assigned(voices, likeness).tolist() == [1, 0, 0, 1]
    alike = np.array([[0.9, 0.2], [0.8, 0.1], [0.1, 0.9]])
    assert clustering._assigned([voice(0, 0, slot) for slot in range(3)], alike).tolist() == [0, 0, 1]


def test_means_of_a_cluster_are_of_unit_length() -> None:
    directions = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    labels = np.array([3, 3, 8])
    np.testing.assert_allclose(clustering._centroids(directions, labels), [[0.5**0.5, 0.5**0.5], [-1, 0]])
    np.testing.assert_allclose(clustering._centroids(directions, labels, np.array([8])), [[-1, 0]])
    assert clustering._unit(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0.0, 0.0], [0.6, 0.8]]


def test_k_means_begins_with_the_largest_clusters_and_ends_at_the_means() -> None:
    """The cluster of one voice is given up, and its voice goes to the nearest."""
    angles = np.radians([0.0, 10.0, 20.0, 90.0, 100.0, 40.0])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = clustering._k_means(directions, np.array([7, 7, 7, 5, 5, 1]), 2)
    assert np.degrees(np.arctan2(found[:, 1], found[:, 0])).tolist() == pytest.approx([17.427, 95.0], abs=1e-3)


def test_k_means_splits_the_widest_cluster() -> None:
    angles = np.radians([0.0, 2.0, 80.0, 82.0, 180.0, 182.0])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = clustering._k_means(directions, np.array([1, 1, 1, 1, 2, 2]), 3)
    degrees = sorted(float(angle) % 360 for angle in np.degrees(np.arctan2(found[:, 1], found[:, 0])))
    assert degrees == pytest.approx([1.0, 81.0, 181.0])


def test_the_widest_cluster_is_split_at_its_standard_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where k-means begins: voices at 0, 2, 80 and 82 degrees have their middle at 41, and lie 0.684 from it."""
    monkeypatch.setattr(clustering, "_KMEANS_ITERATIONS", 0)
    angles = np.radians([0.0, 2.0, 80.0, 82.0, 180.0, 182.0])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = clustering._k_means(directions, np.array([1, 1, 1, 1, 2, 2]), 3)
    degrees = sorted(float(angle) % 360 for angle in np.degrees(np.arctan2(found[:, 1], found[:, 0])))
    assert degrees == pytest.approx([6.62, 75.38, 181.0], abs=0.01)
