"""Lexical search: what is found, in which order, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.interactions import NewInteraction, record_interaction
from auricle.crm.timeline import EntryType
from auricle.errors import ContactNotFound, InvalidRequest
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Recording, Status
from auricle.search.lexical import Hit, search, terms
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Segment, Transcript, Word
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
SNIPPET = (
    "...weather and nothing else for a while the warranty we talked about the weather and nothing else for a while "
    "we talked about the weather and nothing else for a..."
)
FILLER = "we talked about the weather and nothing else for a while"


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for contact_id, name in (("ann", "Ann Miller"), ("bob", "Bob Stone")):
        add_contact(NewContact(name, id=contact_id, company="Acme"), org="acme", contacts=made.contacts, now=NOW)
    return made


def heard(
    fakes: Fakes, recording_id: str, *said: str, contact_id: str = "ann", org: str = "acme", days: int = 0
) -> None:
    """A recording of one segment for each text, ten seconds each."""
    created_at = NOW + timedelta(days=days)
    recording = Recording(
        org, recording_id, created_at, created_at, Status.COMPLETE, "a.wav", contact_ids=(contact_id,), word_count=9
    )
    fakes.recordings.create(recording, [])
    segments = tuple(
        Segment(index, "speaker_0", tuple(Word(word, index * 10.0, index * 10.0 + 5) for word in text.split()))
        for index, text in enumerate(said)
    )
    key = RecordingKeys(org, recording_id).transcript
    fakes.objects.write(key, transcript_file.dump(Transcript(segments), {}), content_type="application/zstd")


def found(fakes: Fakes, question: str, *, contact_id: str | None = None, limit: int = 10) -> list[Hit]:
    return list(
        search(
            "acme",
            question,
            contact_id=contact_id,
            limit=limit,
            recordings=fakes.recordings,
            contacts=fakes.contacts,
            objects=fakes.objects,
        )
    )


def test_a_segment_is_found_with_its_time_and_whose_it_was(fakes: Fakes) -> None:
    heard(fakes, "rec_1", FILLER, "the pricing is a bit high compared to Toast", FILLER)
    (hit,) = found(fakes, "What about pricing objections?")
    assert (hit.kind, hit.id, hit.start_s) == ("recording_segment", "rec_1", 10.0)
    assert (hit.contact_id, hit.contact_name) == ("ann", "Ann Miller")
    assert hit.snippet == "the pricing is a bit high compared to Toast"
    assert 0 < hit.score < 1


def test_more_of_what_was_asked_comes_first(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "the price is fine", "a discount on the price", FILLER, FILLER)
    heard(fakes, "rec_2", "a discount would be nice", days=1)
    assert found(fakes, "price discount")[0].start_s == 10.0
    assert len(found(fakes, "price discount")) == 3
    assert len(found(fakes, "price discount", limit=2)) == 2


def test_of_equals_the_newest_comes_first_and_always_in_the_same_order(fakes: Fakes) -> None:
    for number in range(4):
        heard(fakes, f"rec_{number}", "renewal", days=number)
    order = [hit.id for hit in found(fakes, "renewal")]
    assert order == ["rec_3", "rec_2", "rec_1", "rec_0"]
    assert [hit.id for hit in found(fakes, "renewal")] == order


def test_a_highlight_weighs_more(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "renewal", "renewal")
    before = fakes.recordings.get("acme", "rec_1")
    picked = replace(before, highlights=(Highlight("renewal", None, 1, 10, 15),))
    assert fakes.recordings.save(picked, expected=before)
    assert [hit.start_s for hit in found(fakes, "renewal")] == [10.0, 0.0]


def test_interactions_and_contacts_are_found_too(fakes: Fakes) -> None:
    for wanted in (
        NewInteraction(EntryType.EMAIL, NOW, subject="Warranty terms", body="See attachment"),
        NewInteraction(EntryType.NOTE, NOW, body="Asked for the warranty twice"),
    ):
        record_interaction(wanted, org="acme", contact_id="bob", user="u", contacts=fakes.contacts, now=NOW)
    assert {hit.kind for hit in found(fakes, "warranty")} == {"email", "note"}
    assert {hit.contact_name for hit in found(fakes, "warranty")} == {"Bob Stone"}
    (hit,) = found(fakes, "stone")
    assert (hit.kind, hit.id, hit.contact_id, hit.snippet) == ("contact", "bob", "bob", "Bob Stone, Acme")


def test_a_search_can_be_kept_to_one_contact(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "warranty")
    heard(fakes, "rec_2", "warranty", contact_id="bob")
    note = NewInteraction(EntryType.NOTE, NOW, body="warranty")
    record_interaction(note, org="acme", contact_id="bob", user="u", contacts=fakes.contacts, now=NOW)
    assert {hit.id for hit in found(fakes, "warranty", contact_id="ann")} == {"rec_1"}
    assert {hit.kind for hit in found(fakes, "warranty", contact_id="bob")} == {"recording_segment", "note"}
    with pytest.raises(ContactNotFound):
        found(fakes, "warranty", contact_id="cid")


def test_another_tenants_words_are_not_found(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "warranty", org="globex")
    assert found(fakes, "warranty") == []


def test_what_was_removed_meanwhile_is_passed_over(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "warranty")
    fakes.objects.erase("orgs/acme/recordings/rec_1/")
    assert found(fakes, "warranty") == []


def test_the_newest_recordings_are_searched(fakes: Fakes) -> None:
    for number in range(101):
        heard(fakes, f"rec_{number}", "warranty", days=number)
    assert {hit.id for hit in found(fakes, "warranty", limit=1000)} == {f"rec_{number}" for number in range(1, 101)}


@pytest.mark.parametrize("contact_id", [None, "ann"])
def test_the_newest_five_hundred_interactions_are_searched(contact_id: str | None, fakes: Fakes) -> None:
    made = []
    for number in range(501):
        note = NewInteraction(EntryType.NOTE, body="warranty", date=NOW + timedelta(minutes=number))
        entry = record_interaction(note, org="acme", contact_id="ann", user="user_1", contacts=fakes.contacts, now=NOW)
        made.append(entry.id)
    assert {hit.id for hit in found(fakes, "warranty", contact_id=contact_id, limit=1000)} == set(made[1:])


@pytest.mark.parametrize("question", ["", "   ", "?!", "…"])
def test_a_question_without_a_word_is_refused(question: str, fakes: Fakes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        found(fakes, question)
    assert refused.value.field == "q"


def test_words_that_say_nothing_are_passed_over_unless_there_are_no_others(fakes: Fakes) -> None:
    heard(fakes, "rec_1", "who are you", "the pricing")
    assert [hit.start_s for hit in found(fakes, "what is the pricing")] == [10.0]
    assert [hit.start_s for hit in found(fakes, "who are you")] == [0.0]


def test_words_are_compared_without_case_accents_and_plurals() -> None:
    assert terms("Prospects' PRICES") == terms("prospect price")
    assert terms("Café companies") == terms("cafe company")
    assert terms("the customer\u2019s") == terms("the customer")
    assert terms("business bus this") == ["business", "bus", "this"]
    assert terms("Größe 42") == ["grosse", "42"]


def test_a_long_text_is_shown_where_it_holds_what_was_asked(fakes: Fakes) -> None:
    heard(fakes, "rec_1", f"{FILLER} {FILLER} {FILLER} the warranty is long {FILLER} {FILLER} {FILLER}")
    (hit,) = found(fakes, "warranty long")
    assert "the warranty is long" in hit.snippet
    assert hit.snippet.startswith("...")
    assert hit.snippet.endswith("...")
    assert len(hit.snippet) <= 166
    heard(fakes, "rec_2", f"warranty {FILLER} {FILLER} {FILLER}", "x" * 500)
    snippets = [hit.snippet for hit in found(fakes, "warranty") if hit.id == "rec_2"]
    assert snippets[0].startswith("warranty we talked")
    assert len(found(fakes, "x" * 500)[0].snippet) <= 166


def test_short_pages_are_followed_a_few_times(fakes: Fakes) -> None:
    """A listing stops where it has looked at much, and says where to go on: five pages are read."""
    fakes.recordings.looks_at = 3
    for number in range(20):
        heard(fakes, f"rec_{number:02d}", "warranty", days=number)
    assert {hit.id for hit in found(fakes, "warranty", limit=100)} == {f"rec_{number:02d}" for number in range(5, 20)}


def test_no_more_recordings_are_searched_where_pages_are_short(fakes: Fakes) -> None:
    fakes.recordings.looks_at = 60
    for number in range(130):
        heard(fakes, f"rec_{number}", "warranty", days=number)
    assert {hit.id for hit in found(fakes, "warranty", limit=1000)} == {f"rec_{number}" for number in range(30, 130)}


def test_a_contact_that_is_not_among_the_newest_five_hundred_is_named_with_its_recording(fakes: Fakes) -> None:
    for number in range(500):
        new = NewContact(f"Contact {number}", id=f"c{number}")
        add_contact(new, org="acme", contacts=fakes.contacts, now=NOW + timedelta(minutes=1))
    heard(fakes, "rec_1", "warranty")
    assert [(hit.contact_id, hit.contact_name) for hit in found(fakes, "warranty")] == [("ann", "Ann Miller")]


def test_short_pages_of_a_timeline_are_followed_too(fakes: Fakes) -> None:
    fakes.contacts.looks_at = 2
    for number in range(8):
        heard(fakes, f"rec_{number}", "warranty", days=number)
    assert {hit.id for hit in found(fakes, "warranty", contact_id="ann", limit=100)} == {
        f"rec_{number}" for number in range(8)
    }


def test_a_score_is_one_at_most(fakes: Fakes) -> None:
    """A highlight that says nothing else would have more."""
    heard(fakes, "rec_1", "renewal " * 300, FILLER)
    before = fakes.recordings.get("acme", "rec_1")
    picked = replace(before, highlights=(Highlight("renewal", None, 0, 0, 5),))
    assert fakes.recordings.save(picked, expected=before)
    assert [hit.score for hit in found(fakes, "renewal")] == [1.0]


def test_scores_are_those_of_bm25(fakes: Fakes) -> None:
    """Four passages of 2, 4, 3 and 3 words, two of them contacts; k1 is 1.2 and b 0.4."""
    heard(fakes, "rec_1", "renewal price", "renewal of the contract")
    assert [(hit.start_s, hit.score) for hit in found(fakes, "renewal")] == [(0.0, 0.4902), (10.0, 0.4237)]
    assert [(hit.start_s, hit.score) for hit in found(fakes, "renewal price")] == [(0.0, 0.4902), (10.0, 0.1548)]


def test_of_a_long_text_the_part_is_shown_that_holds_most(fakes: Fakes) -> None:
    most = "the warranty is long and the price is high"
    heard(fakes, "rec_1", f"warranty {FILLER} {FILLER} {FILLER} {FILLER} {most} {FILLER}")
    (hit,) = found(fakes, "warranty long price")
    assert most in hit.snippet
    assert hit.snippet.startswith("...")


def test_a_snippet_is_cut_between_words(fakes: Fakes) -> None:
    heard(fakes, "rec_1", f"{FILLER} {FILLER} {FILLER} {FILLER} the warranty {FILLER} {FILLER} {FILLER}")
    (hit,) = found(fakes, "warranty")
    assert hit.snippet == SNIPPET


def test_a_text_of_160_characters_is_shown_whole(fakes: Fakes) -> None:
    exact = f"warranty {'y' * 151}"
    heard(fakes, "rec_1", exact, f"{exact}y")
    shown = {hit.start_s: hit.snippet for hit in found(fakes, "warranty")}
    assert shown == {0.0: exact, 10.0: "warranty..."}


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        (f"warranty {'y' * 100} {'z' * 50} more", f"warranty {'y' * 100} {'z' * 50}..."),
        (f"warranty {'y' * 100} {'z' * 51} more", f"warranty {'y' * 100}..."),
    ],
    ids=["the last word ends with it", "the last word is a letter longer"],
)
def test_a_snippet_has_160_characters_at_most(text: str, snippet: str, fakes: Fakes) -> None:
    heard(fakes, "rec_1", text)
    assert [hit.snippet for hit in found(fakes, "warranty")] == [snippet]


def test_a_word_longer_than_a_snippet_is_cut(fakes: Fakes) -> None:
    """As in languages that are written without spaces."""
    heard(fakes, "rec_1", "x" * 500, f"so {'y' * 500}")
    assert [hit.snippet for hit in found(fakes, "x" * 500)] == [f"{'x' * 160}..."]
    assert [hit.snippet for hit in found(fakes, "y" * 500)] == [f"so {'y' * 157}..."]


@pytest.mark.parametrize(("between", "start"), [(112, "...the weather"), (113, "price we talked")])
def test_found_words_are_shown_together_where_they_begin_within_120_characters(
    between: int, start: str, fakes: Fakes
) -> None:
    """Of parts that show as many of them, the first is shown."""
    heard(fakes, "rec_1", f"price {' '.join([FILLER] * 4)} price {'y' * between} price {FILLER} {FILLER} {FILLER}")
    (hit,) = found(fakes, "price")
    assert hit.snippet.startswith(start)


def test_a_word_found_in_a_sign_is_shown_from_the_beginning(fakes: Fakes) -> None:
    """The sign of the kilogram is compared as "kg", and no letter of the text says where that stands."""
    heard(fakes, "rec_1", f"\u338f so {FILLER} {FILLER} {FILLER}")
    (hit,) = found(fakes, "kg")
    assert hit.snippet == f"\u338f so {FILLER} {FILLER} we talked about the weather and nothing..."
