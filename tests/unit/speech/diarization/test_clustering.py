from __future__ import annotations

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
