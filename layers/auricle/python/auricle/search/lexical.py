"""Search over what was said with a tenant's customers: conversations, interactions, and who the customers are.

Lexical: BM25 over what is newest, read when it is asked for. It needs no index and finds words, not meanings; an
index takes its place behind `search` without its callers noticing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auricle.crm.contacts import Contact
from auricle.crm.links import linked_recordings
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import ContactNotFound, InvalidRequest, NotFound
from auricle.ports import RecordingFilter, RecordingPage
from auricle.recordings.consent import content_may_be_shown
from auricle.recordings.recording import Recording
from auricle.transcripts import storage as transcript_file

if TYPE_CHECKING:
    from auricle.ports import ContactStore, ObjectStore, Position, RecordingStore

MAX_RECORDINGS = 100
MAX_INTERACTIONS = 500
MAX_CONTACTS = 500
"""How many of each are searched, the newest: a request reads them all."""
SNIPPET_CHARACTERS = 160
_READERS = 8
_READINGS = 5
_HEARD_TWICE = 1.1
"""What a highlight weighs, being what its conversation was about."""
_K1 = 1.2
_B = 0.4
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `kind` is `recording_segment`, `contact`, or an interaction's type; `score` 0 to 1."""

    kind: str
    id: str
    """The recording's, interaction's or contact's."""
    contact_id: str | None
    contact_name: str | None
    snippet: str
    score: float
    start_s: float | None = None
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Passage:
    """Something to be found, before it is known whether it is."""

    kind: str
    id: str
    contact_ids: Sequence[str]
    text: str
    date: datetime
    start_s: float | None = None
    weight: float = 1.0


def search(
    org: str,
    question: str,
    *,
    contact_id: str | None,
    limit: int,
    recordings: RecordingStore,
    contacts: ContactStore,
    objects: ObjectStore,
) -> Sequence[Hit]:
    """What answers the question best, best first; of equals, the newest. Only what holds one of its words is found.

    Raises:
        InvalidRequest: the question has no word.
        ContactNotFound: the contact whose conversations are to be searched is not the tenant's.
    """
    wanted = _question_terms(question)
    if not wanted:
        raise InvalidRequest("q must hold a word to search for", field="q")
    known = _contacts(org, contact_id, contacts)
    passages = [
        *_of_recordings(org, contact_id, recordings, contacts, objects),
        *_of_interactions(org, contact_id, contacts),
        *(_of_contact(contact) for contact in known.values()),
    ]
    best = _ranked(passages, wanted)[:limit]
    for passage, _ in best:
        for owner in passage.contact_ids[:1]:
            if owner not in known:
                with suppress(ContactNotFound):
                    known[owner] = contacts.get_contact(org, owner)
    return [_hit(passage, score, wanted, contact_id, known) for passage, score in best]


def terms(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents, possessives and plural endings."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [_stem(word) for word in _WORD.findall(plain)]


def _stem(word: str) -> str:
    word = word.replace("\u2019", "'")
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_STOP_WORDS = frozenset(
    _stem(word)
    for word in (
        "a about all an and any are as at be been but by can could did do does for from had has have he her his how i "
        "if in into is it its me my no not of on or our she so some that the their them then there they this to up us "
        "was we were what when where which who will with would you your"
    ).split()
)


def _question_terms(question: str) -> tuple[str, ...]:
    """What to look for: words that say something, unless there are only others."""
    asked = dict.fromkeys(terms(question))
    telling = [term for term in asked if term not in _STOP_WORDS]
    return tuple(telling or asked)


def _contacts(org: str, contact_id: str | None, contacts: ContactStore) -> dict[str, Contact]:
    if contact_id is not None:
        return {contact_id: contacts.get_contact(org, contact_id)}
    return {contact.id: contact for contact in contacts.list_contacts(org, MAX_CONTACTS).records}


def _of_contact(contact: Contact) -> _Passage:
    said = (contact.name, contact.title, contact.company, contact.email, contact.phone)
    text = ", ".join(part for part in said if part)
    return _Passage("contact", contact.id, (contact.id,), text, contact.updated_at)


def _of_interactions(org: str, contact_id: str | None, contacts: ContactStore) -> Iterator[_Passage]:
    if contact_id is None:
        entries: Sequence[TimelineEntry] = contacts.recent_interactions(org, MAX_INTERACTIONS)
    else:
        types = [type_ for type_ in EntryType if type_ is not EntryType.RECORDING]
        entries = contacts.timeline(org, contact_id, types=types, limit=MAX_INTERACTIONS).entries
    for entry in entries:
        said = (entry.facts.get("subject"), entry.facts.get("body") or entry.facts.get("preview"))
        text = " — ".join(part for part in said if part)
        yield _Passage(entry.type.value, entry.id, (entry.contact_id,), text, entry.date)


def _of_recordings(
    org: str, contact_id: str | None, recordings: RecordingStore, contacts: ContactStore, objects: ObjectStore
) -> Iterator[_Passage]:
    found: list[Recording] = []
    position: Position | None = None
    for _ in range(_READINGS):
        page = _newest(org, contact_id, MAX_RECORDINGS - len(found), position, recordings, contacts)
        found += page.recordings
        position = page.next_position
        if position is None or len(found) == MAX_RECORDINGS:
            break
    heard = [recording for recording in found if recording.word_count and content_may_be_shown(recording)]
    with ThreadPoolExecutor(_READERS) as readers:
        transcripts = readers.map(lambda recording: _transcript(recording, objects), heard)
        for recording, transcript in zip(heard, transcripts, strict=True):
            picked = {highlight.segment for highlight in recording.highlights}
            for segment in transcript.get("segments", ()):
                yield _Passage(
                    "recording_segment",
                    recording.id,
                    recording.contact_ids,
                    segment["text"],
                    recording.created_at,
                    start_s=segment["start_s"],
                    weight=_HEARD_TWICE if segment["index"] in picked else 1.0,
                )


def _newest(
    org: str,
    contact_id: str | None,
    limit: int,
    position: Position | None,
    recordings: RecordingStore,
    contacts: ContactStore,
) -> RecordingPage:
    wanted = RecordingFilter(contact_id=contact_id)
    if contact_id is None:
        return recordings.list(org, wanted, limit, position)
    return linked_recordings(org, contact_id, wanted, limit, position, recordings=recordings, contacts=contacts)


def _transcript(recording: Recording, objects: ObjectStore) -> Mapping[str, Any]:
    """What was said; nothing where the recording was removed since it was listed."""
    with suppress(NotFound):
        return transcript_file.load(objects.read(recording.keys.transcript))
    return {}


def _ranked(passages: Sequence[_Passage], wanted: Sequence[str]) -> list[tuple[_Passage, float]]:
    """Passages that hold a wanted term, by BM25: 1 is one that holds them all, often."""
    counts = [Counter(terms(passage.text)) for passage in passages]
    lengths = [sum(count.values()) for count in counts]
    usual_length = sum(lengths) / len(lengths) if lengths else 1.0
    weights = {}
    for term in wanted:
        holding = sum(term in count for count in counts)
        weights[term] = math.log1p((len(passages) - holding + 0.5) / (holding + 0.5))
    most = sum(weights.values()) * (_K1 + 1)
    found = []
    for passage, count, length in zip(passages, counts, lengths, strict=True):
        around = _K1 * (1 - _B + _B * length / usual_length) if usual_length else _K1
        score = sum(weights[term] * count[term] * (_K1 + 1) / (count[term] + around) for term in wanted if count[term])
        if score > 0:
            found.append((passage, round(min(1.0, score * passage.weight / most), 4)))
    found.sort(key=lambda one: (-one[1], -one[0].date.timestamp(), one[0].kind, one[0].id, one[0].start_s or 0.0))
    return found


def _hit(
    passage: _Passage, score: float, wanted: Sequence[str], asked_of: str | None, known: Mapping[str, Contact]
) -> Hit:
    owner = asked_of or next(iter(passage.contact_ids), None)
    contact = known.get(owner) if owner else None
    return Hit(
        kind=passage.kind,
        id=passage.id,
        contact_id=owner,
        contact_name=contact.name if contact else None,
        snippet=_snippet(passage.text, frozenset(wanted)),
        score=score,
        start_s=passage.start_s,
        date=passage.date,
    )


def _snippet(text: str, wanted: frozenset[str]) -> str:
    """Where the text holds most of what is wanted, with what stands around it.

    It is cut between words, and within a word only where one is longer than the snippet has room for.
    """
    line = " ".join(text.split())
    if len(line) <= SNIPPET_CHARACTERS:
        return line
    held = [match.start() for match in _WORD.finditer(line) if wanted.intersection(terms(match[0]))]
    first = held[0] if held else 0
    for start in held:
        if _within(held, start) > _within(held, first):
            first = start
    begin = max(0, min(first - SNIPPET_CHARACTERS // 4, len(line) - SNIPPET_CHARACTERS))
    if begin:
        begin = line.rfind(" ", 0, begin + 1) + 1
    end = min(len(line), begin + SNIPPET_CHARACTERS)
    if end < len(line):
        space = line.rfind(" ", first, end + 1)
        end = space if space >= 0 else end
    return f"{'...' if begin else ''}{line[begin:end].strip()}{'...' if end < len(line) else ''}"


def _within(held: Sequence[int], start: int) -> int:
    """How many of the found words one snippet that begins about there would show."""
    return sum(start <= place < start + SNIPPET_CHARACTERS * 3 // 4 for place in held)
