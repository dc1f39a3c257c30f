"""The agent API's contacts, deals, timelines and search in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.legacy.documents import CONTACT_ID, CREATED_AT, RECORDING_ID, Documented, Shown
from api.legacy.documents.agent.wire import ID_TAKEN, NO_CONTACT, NO_DEAL, NO_INTERACTION, Status

Disposition = Literal["OPEN", "WON", "LOST"]
Direction = Literal["inbound", "outbound"]


class Contact(Shown):
    """A CRM contact. `external_id` is its id in the CRM that `connection_id` leads to."""

    id: str
    name: str
    company: str | None
    email: str | None
    phone: str | None
    title: str | None
    customer_type: Literal["CONTACT", "ACCOUNT", "LEAD"]
    external_id: str | None
    connection_id: str | None
    crm_url: str | None
    created_at: datetime
    updated_at: datetime


class ContactPage(Shown):
    """Contacts, newest first. `next` is the cursor of what follows, null at the end."""

    contacts: list[Contact]
    page: int | None = Field(description="Null where a cursor was sent.")
    per_page: int
    next: str | None


class DealPlace(Shown):
    """Where something is sold or delivered."""

    street: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None


class Deal(Shown):
    """A CRM deal. `external_id` is its id in the CRM that `connection_id` leads to."""

    id: str
    name: str
    account_name: str | None
    amount: float | None
    stage: str | None
    disposition: Disposition
    contact_ids: list[str]
    external_id: str | None
    connection_id: str | None
    crm_url: str | None
    closed_at: datetime | None
    addresses: list[DealPlace]
    created_at: datetime
    updated_at: datetime


class DealPage(Shown):
    """Deals, newest first. `next` is the cursor of what follows, null at the end."""

    deals: list[Deal]
    page: int | None = Field(description="Null where a cursor was sent.")
    per_page: int
    next: str | None


class Interaction(Shown):
    """An email, text message, meeting or note."""

    id: str
    type: Literal["email", "sms", "meeting", "note"]
    contact_id: str
    date: datetime
    subject: str | None
    preview: str | None = Field(description="What the timeline shows of it.")
    body: str | None
    direction: Direction | None
    duration_seconds: float | None
    recorded_by: str | None
    recorded_at: datetime


class TimelineContact(Shown):
    """Whose timeline it is."""

    id: str
    name: str
    company: str | None


class RecordingEntry(Shown):
    """A recording on a timeline."""

    type: Literal["recording"]
    id: str
    date: datetime
    summary: str | None
    sentiment_score: float | None
    duration_seconds: float | None
    action_items: list[str]
    status: Status | None = None
    title: str | None = None


class EmailEntry(Shown):
    """An email on a timeline."""

    type: Literal["email"]
    id: str
    date: datetime
    subject: str | None
    preview: str | None


class SmsEntry(Shown):
    """A text message on a timeline."""

    type: Literal["sms"]
    id: str
    date: datetime
    preview: str | None
    direction: Direction | None


class MeetingEntry(Shown):
    """A meeting on a timeline."""

    type: Literal["meeting"]
    id: str
    date: datetime
    subject: str | None
    preview: str | None
    duration_seconds: float | None


class NoteEntry(Shown):
    """A note on a timeline."""

    type: Literal["note"]
    id: str
    date: datetime
    subject: str | None
    preview: str | None


class Timeline(Shown):
    """What happened with a contact, newest first. `next` is the cursor of what follows, null at the end."""

    contact: TimelineContact
    timeline: list[
        Annotated[RecordingEntry | EmailEntry | SmsEntry | MeetingEntry | NoteEntry, Field(discriminator="type")]
    ]
    next: str | None


class SegmentResult(Shown):
    """Something said in a recording, and when in it."""

    type: Literal["recording_segment"]
    recording_id: str
    contact_name: str | None
    snippet: str
    relevance_score: float
    timestamp_seconds: float


class InteractionResult(Shown):
    """An email, text message, meeting or note."""

    type: Literal["email", "sms", "meeting", "note"]
    interaction_id: str
    contact_id: str
    contact_name: str | None
    snippet: str
    relevance_score: float
    date: datetime


class ContactResult(Shown):
    """A contact by their name, company, address or number."""

    type: Literal["contact"]
    contact_id: str
    contact_name: str
    snippet: str
    relevance_score: float


class SearchResults(Shown):
    """What answers the question best, best first."""

    results: list[Annotated[SegmentResult | InteractionResult | ContactResult, Field(discriminator="type")]]


_CONTACT: dict[str, Any] = {
    "id": CONTACT_ID,
    "name": "Jane Smith",
    "company": "Acme Corp",
    "email": "jane@acme.example",
    "phone": "+1 555 0100",
    "title": "Head of Purchasing",
    "customer_type": "CONTACT",
    "external_id": "0035e00000B1abc",
    "connection_id": None,
    "crm_url": None,
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
}
_DEAL: dict[str, Any] = {
    "id": "deal_19d4f2a1b0512345678901234abcdef",
    "name": "Q3 renewal",
    "account_name": "Acme Corp",
    "amount": 12500.0,
    "stage": "negotiation",
    "disposition": "OPEN",
    "contact_ids": [CONTACT_ID],
    "external_id": "0065e00000C2def",
    "connection_id": None,
    "crm_url": None,
    "closed_at": None,
    "addresses": [],
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
}
_EMAIL: dict[str, Any] = {
    "id": "email_19d3e9c7a4012345678901234abcdef",
    "type": "email",
    "contact_id": CONTACT_ID,
    "date": "2026-03-27T09:30:00Z",
    "subject": "RE: Partnership Opportunity",
    "preview": "Thank you for the follow-up...",
    "body": None,
    "direction": "inbound",
    "duration_seconds": None,
    "recorded_by": "user_1",
    "recorded_at": CREATED_AT,
}

OPERATIONS: Mapping[str, Documented] = {
    "create_contact": Documented(
        "Create a contact",
        "Without an `id` one is made.",
        Contact,
        _CONTACT,
        status=201,
        request_example={"name": "Jane Smith", "company": "Acme Corp"},
        refusals=(ID_TAKEN,),
    ),
    "list_contacts": Documented(
        "List contacts",
        "Newest first. `q` is looked for in names, companies, titles, addresses and numbers, whatever their case; "
        "`email`, `company` and `phone` must be the contact's own.",
        ContactPage,
        {"contacts": [_CONTACT], "page": 1, "per_page": 20, "next": None},
    ),
    "get_contact": Documented("Get a contact", "As it stands now.", Contact, _CONTACT, refusals=(NO_CONTACT,)),
    "update_contact": Documented(
        "Change a contact",
        "What is named is changed; null empties it.",
        Contact,
        _CONTACT,
        request_example={"title": "Head of Purchasing"},
        refusals=(NO_CONTACT,),
    ),
    "create_deal": Documented(
        "Create a deal",
        "Without an `id` one is made. Recordings may have named the id before the deal was known here.",
        Deal,
        _DEAL,
        status=201,
        request_example={"name": "Q3 renewal", "amount": 12500.0, "stage": "negotiation", "contact_ids": [CONTACT_ID]},
        refusals=(NO_CONTACT, ID_TAKEN),
    ),
    "list_deals": Documented(
        "List deals",
        "Newest first.",
        DealPage,
        {"deals": [_DEAL], "page": 1, "per_page": 20, "next": None},
    ),
    "get_deal": Documented("Get a deal", "As it stands now.", Deal, _DEAL, refusals=(NO_DEAL,)),
    "update_deal": Documented(
        "Change a deal",
        "What is named is changed; null empties it.",
        Deal,
        {**_DEAL, "disposition": "WON", "closed_at": CREATED_AT},
        request_example={"disposition": "WON", "closed_at": CREATED_AT},
        refusals=(NO_DEAL, NO_CONTACT),
    ),
    "record_contact_interaction": Documented(
        "Record an interaction",
        "An email needs a subject, a text message and a note a body, a meeting a subject and a date. `direction` "
        "belongs to emails and text messages, `duration_seconds` to meetings. Without a date it happened just now; "
        "without a preview the timeline shows the beginning of the body.",
        Interaction,
        _EMAIL,
        status=201,
        request_example={
            "type": "email",
            "date": "2026-03-27T09:30:00Z",
            "subject": "RE: Partnership Opportunity",
            "preview": "Thank you for the follow-up...",
            "direction": "inbound",
        },
        refusals=(NO_CONTACT,),
    ),
    "get_contact_interaction": Documented(
        "Get an interaction", "With its whole body.", Interaction, _EMAIL, refusals=(NO_INTERACTION,)
    ),
    "remove_contact_interaction": Documented(
        "Remove an interaction",
        "It is gone from the timeline and from searches.",
        None,
        None,
        status=204,
        refusals=(NO_INTERACTION,),
    ),
    "get_contact_timeline": Documented(
        "Get a contact's timeline",
        "Recordings, emails, text messages, meetings and notes, newest first; dates are both inclusive. `limit` and "
        "`per_page` are the same, 50 where neither is given.",
        Timeline,
        {
            "contact": {"id": CONTACT_ID, "name": "Jane Smith", "company": "Acme Corp"},
            "timeline": [
                {
                    "type": "recording",
                    "id": RECORDING_ID,
                    "date": CREATED_AT,
                    "summary": "we could renew for two years",
                    "sentiment_score": None,
                    "duration_seconds": 61.2,
                    "action_items": [],
                    "status": "completed",
                },
                {
                    "type": "email",
                    "id": _EMAIL["id"],
                    "date": _EMAIL["date"],
                    "subject": _EMAIL["subject"],
                    "preview": _EMAIL["preview"],
                },
            ],
            "next": None,
        },
        refusals=(NO_CONTACT,),
    ),
    "search_crm": Documented(
        "Search everything that was said with customers",
        "By words: what holds more of them, and rarer ones, comes first; `relevance_score` is 1 for what holds them "
        "all, often. Searched are the newest: the transcripts of 100 recordings, 500 interactions, 500 contacts.",
        SearchResults,
        {
            "results": [
                {
                    "type": "recording_segment",
                    "recording_id": RECORDING_ID,
                    "contact_name": "Jane Smith",
                    "snippet": "...we think the pricing is a bit high compared to Toast...",
                    "relevance_score": 0.94,
                    "timestamp_seconds": 245.0,
                },
            ],
        },
        refusals=(NO_CONTACT,),
    ),
}
