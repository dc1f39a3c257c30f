from __future__ import annotations

from dataclasses import replace

from auricle.crm.timeline import EntryType, recording_entries
from auricle.transcripts.highlights import Highlight
from tests.fakes.contract import NOW, a_finished_recording, a_recording


def test_each_contact_has_a_line_of_its_own() -> None:
    recording = a_finished_recording("acme")
    ann, bob = recording_entries(recording)
    assert (ann.contact_id, bob.contact_id) == ("ann", "bob")
    assert replace(ann, contact_id="bob") == bob
    assert (ann.org, ann.type, ann.id, ann.date) == ("acme", EntryType.RECORDING, "rec_1", recording.created_at)
    assert ann.facts == {
        "summary": "we need it by Friday … yes",
        "duration_seconds": 61.25,
        "status": "COMPLETE",
        "title": "Gespräch über Größen",
    }


def test_what_is_not_known_is_left_out() -> None:
    (entry,) = recording_entries(a_recording("acme", contact_ids=("ann",)))
    assert entry.facts == {"status": "UPLOADING"}
    assert recording_entries(a_recording("acme")) == ()


def test_a_long_summary_ends_between_words() -> None:
    long = Highlight("wordy " * 80, "speaker_0", 0, 0.0, 1.0)
    (entry,) = recording_entries(a_recording("acme", contact_ids=("ann",), highlights=(long, long)))
    summary = entry.facts["summary"]
    assert 590 < len(summary) <= 600
    assert summary.endswith("wordy…")


def test_a_summary_of_600_characters_stands_whole() -> None:
    """Longer ones lose their last word at least, and a sign says so."""
    for length, shown in ((600, 600), (601, 597)):
        text = f"{'x' * 596} {'y' * (length - 597)}"
        (entry,) = recording_entries(
            a_recording("acme", contact_ids=("ann",), highlights=(Highlight(text, None, 0, 0.0, 1.0),))
        )
        assert len(entry.facts["summary"]) == shown
        assert entry.facts["summary"].endswith("…") == (length == 601)


def test_a_line_carries_who_may_find_it() -> None:
    for private, discoverable, user_id in ((False, True, None), (True, True, "u-1"), (False, False, "u-1")):
        recording = a_recording("acme", contact_ids=("ann",), user_id="u-1", private=private, discoverable=discoverable)
        (entry,) = recording_entries(recording)
        assert (entry.private, entry.discoverable, entry.user_id) == (private, discoverable, user_id)


def test_what_is_in_the_trash_has_no_line() -> None:
    assert recording_entries(replace(a_finished_recording("acme"), deleted_at=NOW)) == ()
