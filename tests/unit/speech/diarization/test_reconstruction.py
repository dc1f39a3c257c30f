from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization.embedding import LocalVoice
from auricle.speech.diarization.reconstruction import speaker_turns
from auricle.transcripts.transcript import SpeakerTurn

FRAMES_PER_WINDOW = 293
STEP_FRAMES = 71


def frame_start_s(frame: int) -> float:
    """The first frame begins at sample 360 of the recording, and each has 270 at 16 kHz."""
    return (360 + frame * 270) / 16_000


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


@pytest.mark.parametrize(("pause_frames", "found"), [(11, 1), (12, 2)])
def test_a_pause_under_two_tenths_of_a_second_is_bridged(pause_frames: int, found: int) -> None:
    activities = quiet(1)
    activities[0, 50:100, 0] = activities[0, 100 + pause_frames : 180, 0] = 0.9
    assert len(turns(activities, {(0, 0): 0})) == found


@pytest.mark.parametrize(("frames", "found"), [(2, 0), (3, 1)])
def test_a_turn_has_more_than_a_twentieth_of_a_second(frames: int, found: int) -> None:
    activities = quiet(1)
    activities[0, 50 : 50 + frames, 0] = 0.9
    assert len(turns(activities, {(0, 0): 0})) == found


def test_who_is_most_active_in_sum_over_the_windows_is_taken() -> None:
    """Both windows hear one person from 100 to 200: speaker 1 has 0.4 + 0.9 there, speaker 0 has 0.8 + 0.3. Who is
    speaker 1 talks alone later."""
    activities = quiet(2)
    activities[0, 100:200, 0], activities[0, 100:200, 1] = 0.8, 0.4
    activities[1, 29:129, 0], activities[1, 29:129, 1] = 0.3, 0.9
    activities[0, 220:250, 1] = activities[1, 149:179, 1] = 0.9
    assert turns(activities, {(0, 0): 0, (0, 1): 1, (1, 0): 0, (1, 1): 1}) == (
        SpeakerTurn("speaker_0", frame_start_s(100), frame_start_s(200)),
        SpeakerTurn("speaker_0", frame_start_s(220), frame_start_s(250)),
    )


def test_two_slots_of_one_speaker_count_as_the_more_active_of_them() -> None:
    """Speaker 0 has two slots with 0.3 each, which are 0.3 together; speaker 1 has 0.55 and is the one who talks."""
    activities = quiet(1)
    activities[0, 100:200, 0] = activities[0, 100:200, 1] = 0.3
    activities[0, 100:200, 2] = 0.55
    activities[0, 250:280, 0] = 0.9
    found = turns(activities, {(0, 0): 0, (0, 1): 0, (0, 2): 1})
    assert [turn.speaker for turn in found] == ["speaker_0", "speaker_1"]


def test_half_a_vote_is_rounded_to_even() -> None:
    """Of two windows one hears somebody: that is half a person, and none. Of two that hear one and two, it is two."""
    activities = quiet(2)
    activities[0, 100:200, 0] = 0.9
    assert turns(activities, {(0, 0): 0}) == ()
    activities[1, 29:129, 0], activities[1, 29:129, 1] = 0.9, 0.9
    assert len(turns(activities, {(0, 0): 0, (1, 0): 0, (1, 1): 1})) == 2
