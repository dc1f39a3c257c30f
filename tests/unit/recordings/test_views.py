"""Views and listening sessions, where two requests of one user come at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import InvalidRequest, PreconditionFailed, RecordingNotFound, TransientError
from auricle.recordings.counters import Counters
from auricle.recordings.recording import Recording, Status
from auricle.recordings.views import ENGAGEMENTS, VIEWERS, Viewer, begin_view, end_view, listen, star
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.recordings.create(Recording("acme", "rec_1", NOW, NOW, Status.COMPLETE, "a.wav"), [])
    return made


def counts(fakes: Fakes) -> Counters:
    return fakes.recordings.detail("acme", "rec_1").counters


class Interrupted:
    """A collection before each of whose next writes a rival comes."""

    def __init__(self, collection: Any, *rivals: Callable[[], object]) -> None:
        self._collection, self._rivals = collection, list(rivals)
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._collection, name)
        if name not in {"add", "replace"}:
            return found

        def write(*given: Any, **named: Any) -> Any:
            self.writes += 1
            if self._rivals:
                self._rivals.pop(0)()
            return found(*given, **named)

        return write


def view(viewers: Any, **given: Any) -> Viewer:
    return begin_view("acme", "rec_1", "ann", viewers=viewers, **{"now": NOW, "if_revision": None, **given})


def test_two_first_views_at_once_are_one_viewer(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    rival = Interrupted(viewers, lambda: end_view("acme", "rec_1", "ann", 700, viewers=viewers, now=NOW))
    after = view(rival)
    assert (after.views, after.viewed_ms, after.open_since, after.revision) == (2, 700, NOW, 2)
    assert viewers.get("acme", "ann", recording_id="rec_1") == after
    assert counts(fakes) == Counters(views=2, viewers=1, viewed_ms=700)


def test_a_view_begun_twice_at_once_is_one_view(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    assert view(Interrupted(viewers, lambda: view(viewers))).views == 1
    assert counts(fakes) == Counters(views=1, viewers=1)


def test_a_change_by_a_rival_is_not_lost(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    view(viewers)
    rival = Interrupted(viewers, lambda: end_view("acme", "rec_1", "ann", 700, viewers=viewers, now=NOW))
    after = star("acme", "rec_1", "ann", True, viewers=rival, now=NOW)
    assert (after.starred, after.viewed_ms, after.views, after.revision) == (True, 700, 1, 3)
    assert counts(fakes) == Counters(views=1, viewers=1, viewed_ms=700, stars=1)


def test_after_eight_attempts_the_client_is_asked_to_try_again(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    view(viewers)
    rivals = [lambda: end_view("acme", "rec_1", "ann", 1, viewers=viewers, now=NOW)] * 20
    interrupted = Interrupted(viewers, *rivals)
    with pytest.raises(TransientError):
        star("acme", "rec_1", "ann", True, viewers=interrupted, now=NOW)
    assert interrupted.writes == 8

    session = listened(fakes, None, 1)
    engagements = fakes.records(ENGAGEMENTS)
    interrupted = Interrupted(engagements, *[lambda: listened(fakes, session, 1)] * 20)
    with pytest.raises(TransientError):
        listened(fakes, session, 2, engagements=interrupted)
    assert interrupted.writes == 8


def test_a_view_waits_for_its_duration_for_twelve_hours(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    view(viewers)
    begun = view(viewers, now=NOW + timedelta(hours=12, seconds=-1))
    assert (begun.views, begun.open_since) == (1, NOW)
    begun = view(viewers, now=NOW + timedelta(hours=12))
    assert (begun.views, begun.open_since) == (2, NOW + timedelta(hours=12))
    assert end_view("acme", "rec_1", "ann", 5, viewers=viewers, now=NOW).open_since is None


def test_only_the_state_the_caller_means_is_changed(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    for revision in (0, 1):
        with pytest.raises(PreconditionFailed):
            view(viewers, if_revision=revision)
    view(viewers)
    assert view(viewers, if_revision=1).revision == 1
    with pytest.raises(PreconditionFailed):
        view(viewers, if_revision=2)
    with pytest.raises(PreconditionFailed):
        star("acme", "rec_1", "ann", True, viewers=viewers, now=NOW, if_revision=2)
    with pytest.raises(PreconditionFailed):
        listened(fakes, None, 5, if_revision=1)
    assert counts(fakes) == Counters(views=1, viewers=1)


def test_what_changes_nothing_writes_nothing(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    star("acme", "rec_1", "ann", True, viewers=viewers, now=NOW)
    again = Interrupted(viewers)
    assert star("acme", "rec_1", "ann", True, viewers=again, now=NOW).revision == 1
    assert again.writes == 0


def test_a_star_taken_back_that_was_never_given_counts_nothing(fakes: Fakes) -> None:
    viewer = star("acme", "rec_1", "ann", False, viewers=fakes.records(VIEWERS), now=NOW)
    assert (viewer.starred, viewer.views, counts(fakes)) == (False, 0, Counters())


def listened(fakes: Fakes, session: str | None, duration_ms: int, **given: Any) -> str:
    usual = {"engagements": fakes.records(ENGAGEMENTS), "now": NOW, "client_platform": None}
    return listen("acme", "rec_1", "ann", duration_ms, session=session, **{**usual, **given}).id


def test_a_listening_session_keeps_the_longest_time_told(fakes: Fakes) -> None:
    engagements = fakes.records(ENGAGEMENTS)
    session = listened(fakes, None, 5, client_platform="WEB")
    rival = Interrupted(engagements, lambda: listened(fakes, session, 9))
    listened(fakes, session, 7, engagements=rival, now=NOW + timedelta(seconds=1))
    found = engagements.get("acme", session, recording_id="rec_1")
    assert (found.duration_ms, found.client_platform, found.revision) == (9, "WEB", 3)
    assert (found.created_at, found.updated_at) == (NOW, NOW + timedelta(seconds=1))
    assert counts(fakes) == Counters(listened_ms=9)
    with pytest.raises(PreconditionFailed):
        listened(fakes, session, 10, if_revision=2)
    with pytest.raises(InvalidRequest) as refused:
        listen("acme", "rec_1", "bob", 9, session=session, client_platform=None, engagements=engagements, now=NOW)
    assert refused.value.field == "recordingEngagementId"


def test_nothing_is_viewed_of_a_recording_that_is_gone(fakes: Fakes) -> None:
    viewers = fakes.records(VIEWERS)
    gone = replace(fakes.recordings.get("acme", "rec_1"), id="rec_2")
    with pytest.raises(RecordingNotFound):
        begin_view("acme", gone.id, "ann", viewers=viewers, now=NOW, if_revision=None)
