from __future__ import annotations

from dataclasses import replace

from auricle.highlights import Highlight
from auricle.timeline import SUMMARY_CHARACTERS, EntryType, recording_entries
from tests.fakes.contract import a_finished_recording, a_recording


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
    assert SUMMARY_CHARACTERS - 10 < len(summary) <= SUMMARY_CHARACTERS
    assert summary.endswith("wordy…")
