"""Contacts, deals, interactions, timelines and search on the agent API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from api.agent.contacts.models import Contact, ContactPage
from api.agent.deals.models import Deal, DealPage
from api.agent.interactions.models import Interaction
from api.agent.searching.models import SearchResults
from api.agent.timelines.models import Timeline
from auricle.errors import TransientError
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity
from tests.contract.test_agent import FOUNDER, error, shown
from tests.fakes import Fakes

CONTACTS = f"{FOUNDER}/contacts"
DEALS = f"{FOUNDER}/deals"


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@pytest.fixture
def contact(api: Gateway) -> str:
    made = api.post(CONTACTS, {"id": "contact_uuid_1", "name": "Jane Smith", "company": "Acme Corp"})
    return str(shown(Contact, made, 201)["id"])


def wrong(answer: Answer) -> list[str]:
    """The fields that a refusal names."""
    return [field["field"] for field in error(answer, 422, "INVALID_REQUEST")["fields"]]


# --- contacts -----------------------------------------------------------------------------------------------


def test_a_contact_says_what_it_is_in_its_crm(api: Gateway) -> None:
    said = {
        "name": "Jane",
        "title": "CFO",
        "customer_type": "LEAD",
        "external_id": "003",
        "connection_id": "connection_1",
        "crm_url": "https://crm.example/003",
    }
    made = shown(Contact, api.post(CONTACTS, said), 201)
    assert made == {**made, **said}
    assert shown(Contact, api.get(f"{CONTACTS}/{made['id']}")) == made


def test_what_is_named_is_changed_and_nothing_else(api: Gateway, contact: str) -> None:
    api.now = NOW + timedelta(hours=1)
    changed = shown(Contact, patch(api, f"{CONTACTS}/{contact}", {"title": "CFO", "company": None}))
    assert (changed["name"], changed["title"], changed["company"]) == ("Jane Smith", "CFO", None)
    assert (changed["created_at"], changed["updated_at"]) == ("2026-03-30T12:00:00Z", "2026-03-30T13:00:00Z")
    assert shown(Contact, api.get(f"{CONTACTS}/{contact}")) == changed


def test_a_change_is_made_to_the_state_it_names(api: Gateway, contact: str) -> None:
    path = f"{CONTACTS}/{contact}"
    first = api.get(path).headers["etag"]
    answer = patch(api, path, {"title": "CFO"}, if_match=first)
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    error(patch(api, path, {"title": "CEO"}, if_match=first), 412, "PRECONDITION_FAILED")
    error(patch(api, path, {"title": "CEO"}, if_match="2"), 412, "PRECONDITION_FAILED")
    assert patch(api, path, {"title": "CFO"}, if_match='"2"').headers["etag"] == '"2"', "nothing was changed"
    assert patch(api, path, {"title": "CEO"}, if_match="*").headers["etag"] == '"3"'
    assert api.get(path).headers["etag"] == '"3"'


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"customer_type": None}, "customer_type"),
        ({"customer_type": "FRIEND"}, "customer_type"),
        ({"crm_url": "ftp://x"}, "crm_url"),
        ({"id": "other"}, "id"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_wrong_changes_of_contacts_are_named(body: Any, field: str, api: Gateway, contact: str) -> None:
    assert wrong(patch(api, f"{CONTACTS}/{contact}", body)) == [field]
    assert api.get(f"{CONTACTS}/{contact}").headers["etag"] == '"1"'


def test_contacts_are_listed_by_page_and_by_cursor(api: Gateway) -> None:
    for number in range(5):
        api.now = NOW + timedelta(minutes=number)
        api.post(CONTACTS, {"id": f"c{number}", "name": f"Contact {number}"})

    def page(**query: Any) -> tuple[list[str], Any]:
        found = shown(ContactPage, api.get(CONTACTS, **query))
        return [contact["id"] for contact in found["contacts"]], found

    assert page()[0] == ["c4", "c3", "c2", "c1", "c0"]
    ids, first = page(per_page=2)
    assert (ids, first["page"], first["per_page"]) == (["c4", "c3"], 1, 2)
    assert page(per_page=2, page=2)[0] == ["c2", "c1"]
    assert page(per_page=2, page=3)[0] == ["c0"]
    assert page(per_page=2, page=4)[0] == []
    ids, second = page(per_page=2, cursor=first["next"])
    assert (ids, second["page"]) == (["c2", "c1"], None)
    assert page(per_page=2, page=3)[1]["next"] is None
    assert wrong(api.get(CONTACTS, cursor=first["next"], page=2)) == ["cursor"]
    assert wrong(api.get(CONTACTS, cursor=first["next"], q="contact")) == ["cursor"]
    assert wrong(api.get(CONTACTS, page=200, per_page=100)) == ["page"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"email": "JANE@acme.example"}, ["jane"]),
        ({"email": "acme.example"}, []),
        ({"phone": "+15550100"}, ["jane"]),
        ({"phone": "1 555 0100"}, ["jane"]),
        ({"phone": "5550"}, []),
        ({"company": "acme corp"}, ["john", "jane"]),
        ({"company": "acme"}, []),
        ({"q": "smith"}, ["jane"]),
        ({"q": "acme JOHN"}, ["john"]),
        ({"q": "0100"}, ["jane"]),
        ({"q": "acme", "email": "jane@acme.example"}, ["jane"]),
        ({"q": "nobody"}, []),
    ],
)
def test_contacts_are_found_by_what_is_known_of_them(query: Any, found: list[str], api: Gateway) -> None:
    said = {"name": "Jane Smith", "company": "Acme Corp", "email": "jane@acme.example", "phone": "+1 (555) 0100"}
    api.post(CONTACTS, {"id": "jane", **said})
    api.now = NOW + timedelta(minutes=1)
    api.post(CONTACTS, {"id": "john", "name": "John Doe", "company": "ACME Corp"})
    api.post(CONTACTS, {"id": "mary", "name": "Mary Major"})
    assert [contact["id"] for contact in shown(ContactPage, api.get(CONTACTS, **query))["contacts"]] == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1000000000", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("per_page=many", "per_page"),
        ("cursor=abc", "cursor"),
        ("q=", "q"),
        ("name=Jane", "name"),
    ],
)
@pytest.mark.parametrize("path", [CONTACTS, f"{FOUNDER}/recordings", DEALS])
def test_wrong_parameters_of_lists_are_named(query: str, field: str, path: str, api: Gateway) -> None:
    assert wrong(api.ask("GET", path, query=query)) == [field]


# --- deals --------------------------------------------------------------------------------------------------


def test_a_deal_comes_back_as_it_was_created(api: Gateway, contact: str) -> None:
    said = {
        "name": "Q3 renewal",
        "account_name": "Acme Corp",
        "amount": 12500.5,
        "stage": "negotiation",
        "disposition": "WON",
        "contact_ids": [contact],
        "external_id": "006",
        "connection_id": "connection_1",
        "crm_url": "https://crm.example/006",
        "closed_at": "2026-03-01T00:00:00Z",
        "addresses": [{"street": "1 Main St", "city": "Springfield", "state": "IL", "zip": "62701", "country": "US"}],
    }
    answer = api.post(DEALS, said)
    made = shown(Deal, answer, 201)
    assert made == {**made, **said}
    assert answer.headers["location"] == f"{DEALS}/{made['id']}"
    assert answer.headers["etag"] == '"1"'
    assert shown(Deal, api.get(f"{DEALS}/{made['id']}")) == made


def test_a_deal_of_which_little_is_known(api: Gateway) -> None:
    made = shown(Deal, api.post(DEALS, {"id": "d1", "name": "Renewal", "amount": 3}), 201)
    assert (made["id"], made["disposition"], made["amount"]) == ("d1", "OPEN", 3)
    unknown = ("account_name", "stage", "external_id", "connection_id", "crm_url", "closed_at")
    assert [made[name] for name in unknown] == [None] * 6
    assert (made["contact_ids"], made["addresses"]) == ([], [])
    error(api.post(DEALS, {"id": "d1", "name": "Another"}), 409, "CONFLICT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "a", "amount": -1}, "amount"),
        ({"name": "a", "amount": "12"}, "amount"),
        ({"name": "a", "amount": 1e13}, "amount"),
        ({"name": "a", "disposition": "MAYBE"}, "disposition"),
        ({"name": "a", "closed_at": "soon"}, "closed_at"),
        ({"name": "a", "contact_ids": "c1"}, "contact_ids"),
        ({"name": "a", "addresses": [{"planet": "Mars"}]}, "addresses.0.planet"),
        ({"name": "a", "owner": "me"}, "owner"),
    ],
)
def test_wrong_deals_are_named(body: Any, field: str, api: Gateway) -> None:
    assert wrong(api.post(DEALS, body)) == [field]


def test_a_deals_contacts_are_known(api: Gateway, contact: str) -> None:
    error(api.post(DEALS, {"name": "a", "contact_ids": [contact, "nobody"]}), 404, "CONTACT_NOT_FOUND")
    assert shown(DealPage, api.get(DEALS))["deals"] == []
    api.post(DEALS, {"id": "d1", "name": "a"})
    error(patch(api, f"{DEALS}/d1", {"contact_ids": ["nobody"]}), 404, "CONTACT_NOT_FOUND")
    linked = shown(Deal, patch(api, f"{DEALS}/d1", {"contact_ids": [contact, contact]}))
    assert linked["contact_ids"] == [contact]


def test_a_deal_is_changed_in_the_state_that_is_named(api: Gateway) -> None:
    api.post(DEALS, {"id": "d1", "name": "a", "stage": "early", "addresses": [{"city": "Bonn"}]})
    api.now = NOW + timedelta(hours=1)
    body: dict[str, Any] = {"disposition": "LOST", "closed_at": "2026-03-30T12:30:00Z", "stage": None, "addresses": []}
    answer = patch(api, f"{DEALS}/d1", body, if_match='"1"')
    changed = shown(Deal, answer)
    assert (changed["disposition"], changed["closed_at"]) == ("LOST", "2026-03-30T12:30:00Z")
    assert (changed["stage"], changed["addresses"], changed["name"]) == (None, [], "a")
    assert (changed["updated_at"], answer.headers["etag"]) == ("2026-03-30T13:00:00Z", '"2"')
    error(patch(api, f"{DEALS}/d1", {"stage": "late"}, if_match='"1"'), 412, "PRECONDITION_FAILED")
    for name in ("name", "disposition", "contact_ids", "addresses"):
        assert wrong(patch(api, f"{DEALS}/d1", {name: None})) == [name]


def test_deals_are_listed_and_narrowed(api: Gateway, contact: str) -> None:
    all_said: list[dict[str, Any]] = [
        {"stage": "early", "contact_ids": [contact]},
        {"stage": "late", "disposition": "WON"},
        {"stage": "early"},
    ]
    for number, said in enumerate(all_said):
        api.now = NOW + timedelta(minutes=number)
        api.post(DEALS, {"id": f"d{number}", "name": "a", **said})

    def ids(**query: Any) -> list[str]:
        return [deal["id"] for deal in shown(DealPage, api.get(DEALS, **query))["deals"]]

    assert ids() == ["d2", "d1", "d0"]
    assert ids(contact_id=contact) == ["d0"]
    assert ids(stage="early") == ["d2", "d0"]
    assert ids(disposition="WON") == ["d1"]
    assert ids(stage="early", disposition="WON") == []
    first = api.get(DEALS, per_page=1, stage="early").json
    assert ids(per_page=1, stage="early", cursor=first["next"]) == ids(per_page=1, stage="early", page=2) == ["d0"]
    assert wrong(api.get(DEALS, disposition="MAYBE")) == ["disposition"]


@pytest.mark.parametrize("what", ["contacts", "deals"])
def test_endless_change_is_a_passing_error(
    what: str, api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post(f"{FOUNDER}/{what}", {"id": "x1", "name": "a"})
    monkeypatch.setattr(services.contacts, "replace_contact", lambda *_, **__: False)
    monkeypatch.setattr("tests.fakes.records.FakeRecordStore.replace", lambda *_, **__: False)
    answer = patch(api, f"{FOUNDER}/{what}/x1", {"name": "b"})
    error(answer, 503, TransientError.code.upper())
    assert int(answer.headers["retry-after"]) > 0


# --- interactions and timelines -----------------------------------------------------------------------------

EMAIL = {
    "type": "email",
    "date": "2026-02-25T09:30:00Z",
    "subject": "RE: Partnership Opportunity",
    "body": "Thank you for the follow-up.\n\n" + "We would like to see it. " * 20,
    "direction": "inbound",
}


def test_an_interaction_comes_back_as_it_was_recorded(api: Gateway, contact: str) -> None:
    answer = api.post(f"{CONTACTS}/{contact}/interactions", EMAIL)
    made = shown(Interaction, answer, 201)
    assert made == {**made, **EMAIL, "contact_id": contact, "duration_seconds": None}
    assert made["preview"].startswith("Thank you for the follow-up. We would")
    assert made["preview"].endswith("...")
    assert (made["recorded_by"], made["recorded_at"]) == ("user_1", "2026-03-30T12:00:00Z")
    assert answer.headers["location"] == f"{CONTACTS}/{contact}/interactions/{made['id']}"
    assert shown(Interaction, api.get(answer.headers["location"])) == made


def test_every_type_stands_on_the_timeline_with_its_own_fields(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,))
    path = f"{CONTACTS}/{contact}/interactions"
    said = (
        {"type": "email", "date": "2026-03-29", "subject": "Hello", "preview": "Thank you..."},
        {"type": "sms", "date": "2026-03-28T10:00:00+02:00", "body": "See you", "direction": "outbound"},
        {"type": "meeting", "date": "2026-03-27", "subject": "Kick-off", "body": "Agenda", "duration_seconds": 1800},
        {"type": "note", "date": "2026-03-26", "body": "Wants\na discount"},
    )
    ids = [shown(Interaction, api.post(path, each), 201)["id"] for each in said]
    found = shown(Timeline, api.get(f"{CONTACTS}/{contact}/timeline"))["timeline"]
    assert [entry["type"] for entry in found] == ["recording", "email", "sms", "meeting", "note"]
    assert found[1:] == [
        {
            "type": "email",
            "id": ids[0],
            "date": "2026-03-29T00:00:00Z",
            "subject": "Hello",
            "preview": "Thank you...",
        },
        {
            "type": "sms",
            "id": ids[1],
            "date": "2026-03-28T08:00:00Z",
            "preview": "See you",
            "direction": "outbound",
        },
        {
            "type": "meeting",
            "id": ids[2],
            "date": "2026-03-27T00:00:00Z",
            "subject": "Kick-off",
            "preview": "Agenda",
            "duration_seconds": 1800.0,
        },
        {
            "type": "note",
            "id": ids[3],
            "date": "2026-03-26T00:00:00Z",
            "subject": None,
            "preview": "Wants a discount",
        },
    ]


def test_without_a_date_it_happened_just_now(api: Gateway, contact: str) -> None:
    made = shown(Interaction, api.post(f"{CONTACTS}/{contact}/interactions", {"type": "note", "body": "x"}), 201)
    assert made["date"] == "2026-03-30T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "recording"}, "type"),
        ({"type": "letter"}, "type"),
        ({"type": "email", "body": "x"}, "subject"),
        ({"type": "sms", "subject": "x"}, "body"),
        ({"type": "note"}, "body"),
        ({"type": "note", "body": ""}, "body"),
        ({"type": "note", "body": "x" * 10_001}, "body"),
        ({"type": "note", "body": "a\x00b"}, "body"),
        ({"type": "meeting", "date": "2026-03-01"}, "subject"),
        ({"type": "meeting", "subject": "x"}, "date"),
        ({"type": "meeting", "subject": "x", "date": "soon"}, "date"),
        ({"type": "meeting", "subject": "x", "date": "2026-03-01", "duration_seconds": -1}, "duration_seconds"),
        ({"type": "meeting", "subject": "x", "date": "2026-03-01", "direction": "inbound"}, "direction"),
        ({"type": "note", "body": "x", "duration_seconds": 60}, "duration_seconds"),
        ({"type": "note", "body": "x", "date": "1969-12-31"}, "date"),
        ({"type": "note", "body": "x", "date": "2500-01-01"}, "date"),
        ({"type": "sms", "body": "x", "direction": "sideways"}, "direction"),
        ({"type": "note", "body": "x", "id": "note_1"}, "id"),
    ],
)
def test_wrong_interactions_are_named(body: Any, field: str, api: Gateway, contact: str) -> None:
    assert wrong(api.post(f"{CONTACTS}/{contact}/interactions", body)) == [field]
    assert api.get(f"{CONTACTS}/{contact}/timeline").json["timeline"] == []


def test_an_interaction_can_be_removed(api: Gateway, contact: str) -> None:
    location = api.post(f"{CONTACTS}/{contact}/interactions", EMAIL).headers["location"]
    assert api.delete(location).status == 204
    for answer in (api.get(location), api.delete(location)):
        error(answer, 404, "INTERACTION_NOT_FOUND")
    assert api.get(f"{CONTACTS}/{contact}/timeline").json["timeline"] == []


def test_a_recording_is_no_interaction(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,))
    error(api.delete(f"{CONTACTS}/{contact}/interactions/rec_1"), 404, "INTERACTION_NOT_FOUND")
    assert len(api.get(f"{CONTACTS}/{contact}/timeline").json["timeline"]) == 1


def test_an_interaction_is_found_with_its_contact_alone(api: Gateway, contact: str) -> None:
    api.post(CONTACTS, {"id": "other", "name": "Other"})
    made = api.post(f"{CONTACTS}/{contact}/interactions", EMAIL).json["id"]
    error(api.get(f"{CONTACTS}/other/interactions/{made}"), 404, "INTERACTION_NOT_FOUND")
    error(api.post(f"{CONTACTS}/nobody/interactions", EMAIL), 404, "CONTACT_NOT_FOUND")
    error(api.post(f"{CONTACTS}/nobody/interactions", {"type": "note"}), 404, "CONTACT_NOT_FOUND")


def test_a_timeline_has_page_numbers_too(api: Gateway, contact: str) -> None:
    for day in range(1, 6):
        api.post(f"{CONTACTS}/{contact}/interactions", {"type": "note", "body": str(day), "date": f"2026-03-0{day}"})
    path = f"{CONTACTS}/{contact}/timeline"

    def said(**query: Any) -> list[str]:
        return [entry["preview"] for entry in shown(Timeline, api.get(path, **query))["timeline"]]

    assert said(per_page=2) == said(limit=2) == said(per_page=2, page=1) == ["5", "4"]
    assert said(per_page=2, page=3) == ["1"]
    assert said(per_page=2, page=4) == []
    assert said(per_page=2, cursor=api.get(path, per_page=2).json["next"]) == ["3", "2"]
    assert wrong(api.get(path, per_page=2, limit=2)) == ["limit"]
    assert wrong(api.get(path, page=2, cursor="abc")) == ["cursor"]
    assert wrong(api.get(path, page=0)) == ["page"]
    assert wrong(api.get(path, per_page=101)) == ["per_page"]
    assert wrong(api.get(path, page=10**9)) == ["page"]


# --- search -------------------------------------------------------------------------------------------------

SEARCH = f"{FOUNDER}/crm/search"


def test_what_was_said_is_found_with_its_time(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,))
    (found,) = shown(SearchResults, api.get(SEARCH, q="Thank you"))["results"]
    assert 0 < found.pop("relevance_score") <= 1
    assert found == {
        "type": "recording_segment",
        "recording_id": "rec_1",
        "contact_name": "Jane Smith",
        "snippet": "thank you",
        "timestamp_seconds": 0.51,
    }


def test_interactions_and_contacts_are_found(api: Gateway, contact: str) -> None:
    made = api.post(f"{CONTACTS}/{contact}/interactions", EMAIL).json
    (found,) = shown(SearchResults, api.get(SEARCH, q="partnership"))["results"]
    assert (found["type"], found["interaction_id"], found["contact_id"]) == ("email", made["id"], contact)
    assert (found["contact_name"], found["date"]) == ("Jane Smith", EMAIL["date"])
    (found,) = shown(SearchResults, api.get(SEARCH, q="jane"))["results"]
    assert (found["type"], found["contact_id"], found["snippet"]) == ("contact", contact, "Jane Smith, Acme Corp")


def test_a_search_has_a_scope_and_a_limit(api: Gateway, archive: Archive, contact: str) -> None:
    for number in range(12):
        archive.complete(f"rec_{number}", contact_ids=(contact,))
    archive.complete("rec_other")

    def ids(**query: Any) -> list[str]:
        return [found["recording_id"] for found in shown(SearchResults, api.get(SEARCH, q="bye", **query))["results"]]

    assert len(ids()) == 10
    assert len(ids(limit=50)) == 13
    assert len(ids(limit=50, contact_id=contact)) == 12
    assert len(ids(limit=1)) == 1
    assert ids(limit=50) == ids(limit=50)
    error(api.get(SEARCH, q="bye", contact_id="nobody"), 404, "CONTACT_NOT_FOUND")


def test_what_is_in_the_bin_is_not_found(api: Gateway, archive: Archive) -> None:
    archive.complete(deleted_at=NOW)
    assert shown(SearchResults, api.get(SEARCH, q="bye"))["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=%20%20", "q"),
        ("q=%3F%21", "q"),
        pytest.param(f"q={'x' * 501}", "q", id="long"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=51", "limit"),
        ("q=a&contact_id=a%2Fb", "contact_id"),
        ("q=a&page=2", "page"),
    ],
)
def test_wrong_searches_are_named(query: str, field: str, api: Gateway) -> None:
    assert wrong(api.ask("GET", SEARCH, query=query)) == [field]


# --- who may ------------------------------------------------------------------------------------------------

ROUTES = [
    ("GET", CONTACTS),
    ("PATCH", f"{CONTACTS}/c9"),
    ("POST", DEALS),
    ("GET", DEALS),
    ("GET", f"{DEALS}/d9"),
    ("PATCH", f"{DEALS}/d9"),
    ("POST", f"{CONTACTS}/c9/interactions"),
    ("GET", f"{CONTACTS}/c9/interactions/note_1"),
    ("DELETE", f"{CONTACTS}/c9/interactions/note_1"),
    ("GET", SEARCH),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_founders_role_is_needed(method: str, path: str, api: Gateway, identity: Identity) -> None:
    error(api.ask(method, path, token=identity.token(roles=["agent"])), 403, "FORBIDDEN")
    error(api.ask(method, path, token=""), 401, "UNAUTHENTICATED")


def test_what_belongs_to_another_tenant_does_not_exist(api: Gateway, archive: Archive, identity: Identity) -> None:
    theirs = identity.token(org="globex")
    api.post(CONTACTS, {"id": "c9", "name": "Secret Name"}, token=theirs)
    api.post(DEALS, {"id": "d9", "name": "Secret"}, token=theirs)
    note = api.post(f"{CONTACTS}/c9/interactions", {"type": "note", "body": "secret"}, token=theirs).json["id"]
    archive.complete("rec_9", org="globex", contact_ids=("c9",))
    api.post(CONTACTS, {"id": "c1", "name": "Ours"})
    for answer, code in (
        (patch(api, f"{CONTACTS}/c9", {"name": "x"}), "CONTACT_NOT_FOUND"),
        (patch(api, f"{CONTACTS}/c9", {"name": "x"}, if_match='"1"'), "CONTACT_NOT_FOUND"),
        (api.get(f"{DEALS}/d9"), "DEAL_NOT_FOUND"),
        (patch(api, f"{DEALS}/d9", {"name": "x"}), "DEAL_NOT_FOUND"),
        (api.post(DEALS, {"name": "x", "contact_ids": ["c9"]}), "CONTACT_NOT_FOUND"),
        (api.post(f"{CONTACTS}/c9/interactions", EMAIL), "CONTACT_NOT_FOUND"),
        (api.get(f"{CONTACTS}/c9/interactions/{note}"), "INTERACTION_NOT_FOUND"),
        (api.delete(f"{CONTACTS}/c9/interactions/{note}"), "INTERACTION_NOT_FOUND"),
        (api.get(f"{CONTACTS}/c1/interactions/{note}"), "INTERACTION_NOT_FOUND"),
        (api.get(SEARCH, q="secret", contact_id="c9"), "CONTACT_NOT_FOUND"),
    ):
        error(answer, 404, code)
    assert [contact["id"] for contact in api.get(CONTACTS).json["contacts"]] == ["c1"]
    assert api.get(DEALS).json["deals"] == []
    assert api.get(DEALS, contact_id="c9").json["deals"] == []
    assert api.get(SEARCH, q="secret bye").json["results"] == []
    assert api.get(f"{FOUNDER}/recordings", contact_id="c9").json["recordings"] == []


def patch(api: Gateway, path: str, body: Any, *, if_match: str | None = None) -> Answer:
    headers = {"if-match": if_match} if if_match else {}
    return api.ask("PATCH", path, body=json.dumps(body).encode(), headers=headers)
