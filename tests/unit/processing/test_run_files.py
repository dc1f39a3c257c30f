"""What stages leave for each other comes back as it was left, and goes with its run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auricle.errors import NotFound
from auricle.processing.run_files import (
    Plan,
    PlannedWindow,
    Turns,
    WindowWords,
    read_highlights,
    read_plan,
    read_planned_window,
    read_turns,
    read_window,
    read_windows,
    write_highlights,
    write_plan,
    write_turns,
    write_window,
)
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.job import Job
from auricle.recordings.recording import Audio
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, SpeakerTurn, Word
from tests.fakes import Fakes

JOB = Job("acme", "rec_1", 2, "v1")
ANOTHER_RUN = Job("acme", "rec_1", 1, "v1")
ENGINE = Engine("whisper", "1.2", "small")
PLAN = Plan(
    audio=Audio("wav", "pcm_s16le", 2, 8000, 61.25, is_video=True),
    channels=2,
    stream_info=b"\x00\x10\xff",
    windows=(
        PlannedWindow(0, 1, 0.5, 4.25, ((0.5, 2.0), (3.0, 4.25)), 100, 200, 8000, 68000),
        PlannedWindow(1, 0, 5.0, 6.0, ((5.0, 6.0),), 200, 300, 80000, 96000),
    ),
    speech=(((5.0, 6.0),), ((0.5, 2.0), (3.0, 4.25))),
    warnings=(ProcessingWarning("truncated", "The file ends early."),),
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def words(index: int) -> WindowWords:
    return WindowWords(
        index,
        (Word("hello", 0.5, 0.75, 0.9, 1), Word("there", 1.0, 1.5)),
        ENGINE,
        "en",
        (ProcessingWarning("no-gpu", "A smaller model."),),
    )


def test_the_plan_comes_back_as_it_was(fakes: Fakes) -> None:
    write_plan(JOB, PLAN, fakes.objects)
    assert read_plan(JOB, fakes.objects) == PLAN
    with pytest.raises(NotFound):
        read_plan(ANOTHER_RUN, fakes.objects)


def test_one_window_of_the_plan_is_read_without_the_others(fakes: Fakes) -> None:
    plan = replace(PLAN, windows=tuple(replace(PLAN.windows[0], index=index) for index in range(101)))
    write_plan(JOB, plan, fakes.objects)
    assert [key.rpartition("/runs/2/")[2] for key in fakes.objects.keys("")] == [
        "plan.json",
        "plan/00000.json",
        "plan/00001.json",
        "plan/00002.json",
    ]
    for index in (0, 49, 50, 100):
        assert read_planned_window(JOB, index, fakes.objects) == (plan.windows[index], b"\x00\x10\xff")
    assert [key.rpartition("/runs/2/")[2] for key in fakes.objects.reads] == [
        "plan/00000.json",
        "plan/00000.json",
        "plan/00001.json",
        "plan/00002.json",
    ]


def test_a_run_that_was_prepared_before_plans_had_parts_goes_on(fakes: Fakes) -> None:
    write_plan(JOB, PLAN, fakes.objects)
    fakes.objects.remove(["orgs/acme/recordings/rec_1/runs/2/plan/00000.json"])
    assert read_planned_window(JOB, 1, fakes.objects) == (PLAN.windows[1], b"\x00\x10\xff")
    with pytest.raises(NotFound):
        read_planned_window(ANOTHER_RUN, 1, fakes.objects)


def test_windows_come_back_in_order_and_only_those_of_the_run(fakes: Fakes) -> None:
    for index in (10, 2, 0):
        write_window(JOB, words(index), fakes.objects)
    write_window(ANOTHER_RUN, words(7), fakes.objects)
    assert read_window(JOB, 2, fakes.objects) == words(2)
    assert read_window(JOB, 7, fakes.objects) is None
    assert read_windows(JOB, fakes.objects) == [words(0), words(2), words(10)]


def test_warnings_under_the_name_of_the_version_before_are_read(fakes: Fakes) -> None:
    write_plan(JOB, PLAN, fakes.objects)
    write_window(JOB, words(0), fakes.objects)
    for name in ("plan.json", "windows/00000.json"):
        key = f"orgs/acme/recordings/rec_1/runs/2/{name}"
        old = fakes.objects.read(key).replace(b'"warnings"', b'"cautions"')
        assert b'"cautions"' in old
        fakes.objects.write(key, old, content_type="application/json")
    assert read_plan(JOB, fakes.objects) == PLAN
    assert read_window(JOB, 0, fakes.objects) == words(0)


def test_a_window_without_words_is_a_window(fakes: Fakes) -> None:
    silent = WindowWords(0, (), Engine("pocketsphinx", "5"))
    write_window(JOB, silent, fakes.objects)
    assert read_windows(JOB, fakes.objects) == [silent]


def test_turns_come_back_and_none_are_there_before(fakes: Fakes) -> None:
    assert read_turns(JOB, fakes.objects) == Turns()
    turns = Turns((SpeakerTurn("speaker_0", 0.5, 2.0, 1), SpeakerTurn("speaker_1", 3.0, 4.0)), ENGINE)
    write_turns(JOB, turns, fakes.objects)
    assert read_turns(JOB, fakes.objects) == turns
    write_turns(JOB, Turns(), fakes.objects)
    assert read_turns(JOB, fakes.objects) == Turns()


def test_highlights_that_were_not_picked_are_not_no_highlights(fakes: Fakes) -> None:
    assert read_highlights(JOB, fakes.objects) is None
    write_highlights(JOB, [], fakes.objects)
    assert read_highlights(JOB, fakes.objects) == ()
    picked = (Highlight("hello there", "speaker_0", 3, 0.5, 1.5), Highlight("yes", None, 4, 2.0, 2.5))
    write_highlights(JOB, picked, fakes.objects)
    assert read_highlights(JOB, fakes.objects) == picked


def test_all_of_it_lies_under_the_run_and_expires_by_itself(fakes: Fakes) -> None:
    write_plan(JOB, PLAN, fakes.objects)
    write_window(JOB, words(3), fakes.objects)
    write_turns(JOB, Turns(), fakes.objects)
    write_highlights(JOB, [], fakes.objects)
    keys = fakes.objects.keys("")
    assert keys == [
        "orgs/acme/recordings/rec_1/runs/2/highlights.json",
        "orgs/acme/recordings/rec_1/runs/2/plan.json",
        "orgs/acme/recordings/rec_1/runs/2/plan/00000.json",
        "orgs/acme/recordings/rec_1/runs/2/turns.json",
        "orgs/acme/recordings/rec_1/runs/2/windows/00003.json",
    ]
    assert all(fakes.objects.expires(key) for key in keys)
