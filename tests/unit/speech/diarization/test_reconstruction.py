from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization.embedding import LocalVoice
from auricle.speech.diarization.reconstruction import speaker_turns
from auricle.speech.diarization.windows import FRAMES_PER_WINDOW, STEP_FRAMES, frame_start_s
from auricle.transcript import SpeakerTurn

DURATION_S = 100.0
FRAMES = STEP_FRAMES + FRAMES_PER_WINDOW


def voice(window: int, slot: int) -> LocalVoice:
    return LocalVoice(window, slot, 3.0, np.ones(1, dtype=np.float32))


def turns(
    activities: NDArray[np.float64], labels: dict[tuple[int, int], int], duration_s: float = DURATION_S
) -> tuple[SpeakerTurn, ...]:
    voices = [voice(*place) for place in labels]
    return speaker_turns(activities, activities > 0.5, voices, np.array(list(labels.values())), duration_s)


def quiet(windows: int) -> NDArray[np.float64]:
    return np.zeros((windows, FRAMES_PER_WINDOW, 3))


def test_nobody_talks() -> None:
    assert turns(quiet(2), {}) == ()


def test_one_turn_where_one_slot_is_active() -> None:
    activities = quiet(1)
    activities[0, 50:150, 1] = 0.9
    assert turns(activities, {(0, 1): 0}) == (SpeakerTurn("speaker_0", frame_start_s(50), frame_start_s(150)),)


def test_slots_are_joined_across_windows_and_speakers_named_in_order() -> None:
    """Speaker 7 talks at frames 100-200 of the recording, as slot 0 then slot 2; speaker 3 after that."""
    activities = quiet(2)
    activities[0, 100:200, 0] = activities[1, 100 - STEP_FRAMES : 200 - STEP_FRAMES, 2] = 0.9
    activities[0, 220:, 1] = activities[1, 220 - STEP_FRAMES : 293 - STEP_FRAMES, 0] = 0.9
    assert turns(activities, {(0, 0): 7, (1, 2): 7, (0, 1): 3, (1, 0): 3}) == (
        SpeakerTurn("speaker_0", frame_start_s(100), frame_start_s(200)),
        SpeakerTurn("speaker_1", frame_start_s(220), frame_start_s(293)),
    )


def test_two_may_talk_at_once_but_not_three() -> None:
    activities = quiet(1)
    activities[0, 50:200, 0] = 0.9
    activities[0, 100:150, 1] = 0.8
    activities[0, 100:150, 2] = 0.7
    found = turns(activities, {(0, 0): 0, (0, 1): 1, (0, 2): 2})
    assert [turn.speaker for turn in found] == ["speaker_0", "speaker_1"]
    assert found[1].end_s < found[0].end_s


def test_windows_vote() -> None:
    """What one of two windows hears weakly, and the other not at all, is nobody."""
    activities = quiet(3)
    activities[0, 2 * STEP_FRAMES : 2 * STEP_FRAMES + 40, 0] = 0.6
    assert turns(activities, {(0, 0): 0}) == ()


def test_short_pauses_are_bridged_and_long_ones_kept() -> None:
    activities = quiet(1)
    activities[0, 50:100, 0] = activities[0, 110:150, 0] = activities[0, 170:200, 0] = 0.9
    found = turns(activities, {(0, 0): 0})
    assert [(turn.start_s, turn.end_s) for turn in found] == [
        (frame_start_s(50), frame_start_s(150)),  # 10 frames are 0.17 s
        (frame_start_s(170), frame_start_s(200)),  # 20 frames are 0.34 s
    ]


def test_a_blink_is_no_turn() -> None:
    activities = quiet(1)
    activities[0, 50:52, 0] = 0.9
    assert turns(activities, {(0, 0): 0}) == ()


def test_activity_without_a_voice_is_given_to_nobody() -> None:
    activities = quiet(1)
    activities[0, 50:100, 0] = activities[0, 200:206, 1] = 0.9
    assert len(turns(activities, {(0, 0): 0})) == 1


def test_turns_end_with_the_recording() -> None:
    activities = quiet(1)
    activities[0, 100:, 0] = 0.9
    (turn,) = turns(activities, {(0, 0): 0}, duration_s=3.0)
    assert turn.end_s == pytest.approx(3.0)
