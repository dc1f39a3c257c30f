"""The one CRM record a recording is linked to: by whose id, what else follows from it, and what answers show of it."""

from __future__ import annotations

from typing import Any

import pytest

from api.core.crm_links import models as documented
from api.dependencies import Services
from auricle.crm.deals import DEALS
from auricle.recordings.recording import CrmLink
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.gateway import Answer, Gateway

ONE = "/v1/core/recordings/rec_1"
LINK = f"{ONE}/link"
REFERENCE = "/v1/core/recordings/{id}/link"
AGENT = "/api/v1/agent/founder"


@pytest.fixture(autouse=True)
def known(api: Gateway, archive: Archive) -> None:
    """A recording, two deals and two contacts, each known to two CRMs by ids that differ."""
    archive.complete()
    deals: list[dict[str, Any]] = [
        {"id": "deal_1", "name": "Renewal", "account_name": "Acme Roofs", "amount": 1200.5, "external_id": "opp/1"},
        {"id": "deal_2", "name": "Upsell", "external_id": "opp/2"},
    ]
    contacts: list[dict[str, Any]] = [
        {"id": "c1", "name": "Jane Smith", "email": "jane@example.com", "phone": "5551", "external_id": "003/1"},
        {"id": "c2", "name": "Roe Ltd", "customer_type": "ACCOUNT", "external_id": "001/2"},
    ]
    connection = {"connection_id": a_connection(api)}
    for path, records in (("deals", deals), ("contacts", contacts)):
        for record in records:
            answer = api.post(f"{AGENT}/{path}", {**record, **connection})
            assert answer.status == 201, answer.body


def a_connection(api: Gateway) -> str:
    path = "/v1/core/integrations/connections"
    held = api.get(path).json["data"]
    if held:
        return str(held[0]["id"])
    made = api.post(path, {"name": "Our CRM", "integrationPlatform": "MERGE", "externalAccountId": "a"})
    return str(made.json["id"])


def link(api: Gateway, data_type: str, **given: Any) -> Any:
    return shown(documented.CrmLinkResponse, put(api, {"dataType": data_type, **given}))["data"]


def put(api: Gateway, body: Any, **headers: str) -> Answer:
    return send(api, "PUT", LINK, body, headers=headers)


def unlink(api: Gateway, data_type: str, **given: Any) -> bool:
    answer = send(api, "DELETE", LINK, {"dataType": data_type, **given})
    taken: bool = shown(documented.CrmUnlinkResponse, answer)["data"]
    return taken


def on_timeline(api: Gateway, contact_id: str) -> bool:
    answer = api.get(f"{AGENT}/contacts/{contact_id}/timeline")
    assert answer.status == 200, answer.body
    return b"rec_1" in answer.body


# --- linking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [{"id": "deal_1"}, {"externalId": "opp/1"}, {"id": "deal_1", "externalId": "opp/1"}])
def test_a_deal_by_its_id_or_its_crms(named: Any, api: Gateway, services: Services) -> None:
    answer = put(api, {"dataType": "OPPORTUNITY", **named})
    assert conforms(answer, "put", REFERENCE)["data"] == {
        "id": "deal_1",
        "externalId": "opp/1",
        "dataType": "OPPORTUNITY",
        "name": "Renewal",
        "lastActivityAt": "2026-03-30T12:00:00.123Z",
    }
    recording = services.recordings.get("acme", "rec_1")
    assert (recording.deal_id, answer.headers["etag"]) == ("deal_1", f'"{recording.revision}"')
    connection = a_connection(api)
    assert recording.crm_link == CrmLink("OPPORTUNITY", "deal_1", "opp/1", connection, "EXTERNAL_API_LINK", NOW)


@pytest.mark.parametrize(
    ("data_type", "named", "contact"),
    [
        ("CONTACT", {"id": "c1"}, "c1"),
        ("LEAD", {"externalId": "003/1"}, "c1"),
        ("ACCOUNT", {"externalId": "001/2"}, "c2"),
    ],
)
def test_a_contact_has_the_recording_on_its_timeline(data_type: str, named: Any, contact: str, api: Gateway) -> None:
    assert not on_timeline(api, contact)
    found = link(api, data_type, **named)
    assert (found["id"], found["dataType"]) == (contact, data_type)
    assert on_timeline(api, contact)
    assert unlink(api, data_type, **named)
    assert not on_timeline(api, contact)


@pytest.mark.parametrize("named", [{"id": "eng_7"}, {"externalId": "eng_7"}])
def test_an_engagement_is_taken_as_it_is_named(named: Any, api: Gateway, services: Services) -> None:
    found = conforms(put(api, {"dataType": "ENGAGEMENT", **named}), "put", REFERENCE)["data"]
    assert (found["id"], found["externalId"], found["name"]) == ("eng_7", "eng_7", "eng_7")
    assert services.recordings.get("acme", "rec_1").engagement_id == "eng_7"
    assert unlink(api, "ENGAGEMENT", **named)
    assert services.recordings.get("acme", "rec_1").engagement_id is None


def test_ids_of_a_crm_are_those_of_its_connection(api: Gateway) -> None:
    connection = a_connection(api)
    assert link(api, "CONTACT", externalId="003/1", integrationConnectionId=connection)["id"] == "c1"
    other = {"dataType": "CONTACT", "externalId": "003/1", "integrationConnectionId": "connection_other"}
    refused(put(api, other), 404, "contact-not-found")
    by_id = {"dataType": "CONTACT", "id": "c1", "integrationConnectionId": "connection_other"}
    refused(put(api, by_id), 404, "contact-not-found")


def test_a_link_replaces_the_one_before(api: Gateway, services: Services) -> None:
    link(api, "OPPORTUNITY", id="deal_1")
    link(api, "OPPORTUNITY", id="deal_2")
    assert services.recordings.get("acme", "rec_1").deal_id == "deal_2"
    link(api, "CONTACT", id="c1")
    link(api, "ACCOUNT", id="c2")
    recording = services.recordings.get("acme", "rec_1")
    assert (recording.deal_id, recording.contact_ids) == (None, ("c2",))
    assert (on_timeline(api, "c1"), on_timeline(api, "c2")) == (False, True)


def test_the_same_link_again_changes_nothing(api: Gateway) -> None:
    first = put(api, {"dataType": "CONTACT", "id": "c1"})
    again = put(api, {"dataType": "CONTACT", "externalId": "003/1", "trigger": "USER_LINK_WEB"})
    assert (again.json, again.headers["etag"]) == (first.json, first.headers["etag"])


def test_the_same_link_again_mends_what_was_taken_off_meanwhile(api: Gateway) -> None:
    link(api, "CONTACT", id="c1")
    taken = send(api, "DELETE", f"{AGENT}/recordings/rec_1/link", {"contact_ids": ["c1"]})
    assert taken.status in {200, 204}, taken.body
    assert not on_timeline(api, "c1")
    link(api, "CONTACT", id="c1")
    assert on_timeline(api, "c1")


# --- unlinking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [{"id": "deal_1"}, {"externalId": "opp/1"}])
@pytest.mark.parametrize("by_connection", [True, False])
def test_a_link_is_taken_off_however_it_was_made(
    made: Any, by_connection: bool, api: Gateway, services: Services
) -> None:
    link(api, "OPPORTUNITY", **made)
    named = {"integrationConnectionId": a_connection(api)} if by_connection else {}
    answer = send(api, "DELETE", LINK, {"dataType": "OPPORTUNITY", "externalId": "opp/1", **named})
    assert conforms(answer, "delete", REFERENCE)["data"] is True
    recording = services.recordings.get("acme", "rec_1")
    assert (recording.crm_link, recording.deal_id) == (None, None)
    assert unlink(api, "OPPORTUNITY", id="deal_1") is False


@pytest.mark.parametrize(
    "named",
    [
        {"dataType": "OPPORTUNITY", "id": "deal_2"},
        {"dataType": "OPPORTUNITY", "externalId": "opp/2"},
        {"dataType": "OPPORTUNITY", "id": "deal_1", "integrationConnectionId": "connection_other"},
        {"dataType": "CONTACT", "id": "deal_1"},
    ],
)
def test_another_link_than_the_one_there_is_is_not_taken_off(named: Any, api: Gateway, services: Services) -> None:
    link(api, "OPPORTUNITY", id="deal_1")
    assert unlink(api, named.pop("dataType"), **named) is False
    assert services.recordings.get("acme", "rec_1").deal_id == "deal_1"


def test_what_an_answer_calls_a_record_leads_to_it(api: Gateway) -> None:
    """A record no CRM knows is shown with its own id as the CRM's."""
    assert api.post(f"{AGENT}/deals", {"id": "deal_3", "name": "Ours alone"}).status == 201
    found = link(api, "OPPORTUNITY", id="deal_3")
    assert found["externalId"] == "deal_3"
    named = {"id": found["id"], "externalId": found["externalId"]}
    assert link(api, "OPPORTUNITY", **named) == found
    assert unlink(api, "OPPORTUNITY", **named) is True


def test_whatever_link_of_that_type_there_is(api: Gateway) -> None:
    link(api, "OPPORTUNITY", id="deal_1")
    assert unlink(api, "OPPORTUNITY") is True


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "deal_1"}, "dataType"),
        ({"dataType": "DEAL", "id": "deal_1"}, "dataType"),
        ({"dataType": "OPPORTUNITY", "id": "a b"}, "id"),
        ({"dataType": "OPPORTUNITY", "externalId": ""}, "externalId"),
        ({"dataType": "OPPORTUNITY", "externalId": 7}, "externalId"),
        ({"dataType": "OPPORTUNITY", "id": "deal_1", "integrationConnectionId": ""}, "integrationConnectionId"),
        ({"dataType": "OPPORTUNITY", "id": "deal_1", "trigger": "ME"}, "trigger"),
        ({"dataType": "OPPORTUNITY", "id": "deal_1", "url": "x"}, "url"),
    ],
)
def test_every_wrong_field_is_named(body: Any, field: str, api: Gateway) -> None:
    for method in ("PUT", "DELETE"):
        refused(send(api, method, LINK, body), 422, "invalid-request", field)


def test_a_link_names_something(api: Gateway) -> None:
    refused(put(api, {"dataType": "OPPORTUNITY"}), 422, "invalid-request", "id")


@pytest.mark.parametrize("data_type", ["OPPORTUNITY", "CONTACT"])
@pytest.mark.parametrize("named", [{"id": "nobody"}, {"externalId": "nobody"}])
def test_what_is_unknown_or_anothers_cannot_be_linked(
    data_type: str, named: Any, api: Gateway, archive: Archive
) -> None:
    missing = "deal-not-found" if data_type == "OPPORTUNITY" else "contact-not-found"
    refused(put(api, {"dataType": data_type, **named}), 404, missing)
    archive.put("rec_2", org="globex")
    foreign = api.identity.token(org="globex")
    ours = {"id": "deal_1" if data_type == "OPPORTUNITY" else "c1"}
    answer = send(api, "PUT", "/v1/core/recordings/rec_2/link", {"dataType": data_type, **ours}, token=foreign)
    refused(answer, 404, missing)


def test_a_recording_that_is_unknown_or_anothers_cannot_be_linked(api: Gateway) -> None:
    foreign, body = api.identity.token(org="globex"), {"dataType": "ENGAGEMENT", "id": "eng_1"}
    for method in ("PUT", "DELETE"):
        refused(send(api, method, LINK, body, token=foreign), 404, "recording-not-found")
        refused(send(api, method, "/v1/core/recordings/rec_9/link", body), 404, "recording-not-found")


def test_linking_takes_the_scope_of_writing(api: Gateway) -> None:
    reader = api.identity.token(scope="recordings:read")
    for method in ("PUT", "DELETE"):
        refused(send(api, method, LINK, {"dataType": "CONTACT"}, token=reader), 403, "insufficient-scope")


def test_a_recording_changed_meanwhile_or_locked_stays_as_it_is(api: Gateway, archive: Archive) -> None:
    body = {"dataType": "CONTACT", "id": "c1"}
    refused(put(api, body, **{"if-match": '"99"'}), 412, "precondition-failed")
    first = put(api, body)
    stale = {"if-match": '"1"'}
    refused(send(api, "DELETE", LINK, body, headers=stale), 412, "precondition-failed")
    assert put(api, {**body, "id": "c2"}, **{"if-match": first.headers["etag"]}).status == 200
    linked = CrmLink("CONTACT", "c1", "003/1")
    archive.put("rec_2", locked=True, crm_link=linked)
    archive.put("rec_3", deleted_at=NOW, crm_link=linked)
    for method, changed in (("PUT", {**body, "id": "c2"}), ("DELETE", body)):
        refused(send(api, method, "/v1/core/recordings/rec_2/link", changed), 409, "conflict")
        refused(send(api, method, "/v1/core/recordings/rec_3/link", changed), 404, "recording-not-found")


# --- what answers show of it --------------------------------------------------------------------------------


def customer(api: Gateway) -> Any:
    """The recording, with whom it concerns."""
    answer = api.get(ONE, showCrmCustomers="true", showCrmOpportunities="true")
    assert answer.status == 200, answer.body
    return answer.json["data"]


def test_the_customer_of_a_deal_is_its_account(api: Gateway) -> None:
    link(api, "OPPORTUNITY", id="deal_1")
    found = customer(api)
    assert found["crmCustomer"] == {
        "id": "deal_1",
        "name": "Acme Roofs",
        "customerType": "OPPORTUNITY",
        "externalId": "opp/1",
        "amount": 1200.5,
        "disposition": "OPEN",
        "lastActivityAt": "2026-03-30T12:00:00.123Z",
        "createdAt": "2026-03-30T12:00:00.123Z",
        "updatedAt": "2026-03-30T12:00:00.123Z",
        "matchingSource": "DIRECT",
        "organizationId": "acme",
    }
    (opportunity,) = found["crmOpportunities"]
    shown_of_it = {name: opportunity[name] for name in ("opportunityExternalId", "name", "amount", "accountName")}
    assert shown_of_it == {
        "opportunityExternalId": "opp/1",
        "name": "Renewal",
        "amount": 1200.5,
        "accountName": "Acme Roofs",
    }
    assert (opportunity["integrationName"], opportunity["integrationPlatform"]) == ("Our CRM", "MERGE")


def test_the_customer_of_a_contact_is_that_contact(api: Gateway) -> None:
    send(api, "POST", f"{AGENT}/recordings/rec_1/link", {"contact_ids": ["c1"]})
    link(api, "ACCOUNT", id="c2")
    found = customer(api)["crmCustomer"]
    assert (found["id"], found["name"], found["customerType"], found["externalId"]) == (
        "c2",
        "Roe Ltd",
        "ACCOUNT",
        "001/2",
    )
    unlink(api, "ACCOUNT", id="c2")
    found = customer(api)["crmCustomer"]
    assert (found["id"], found["emailAddress"], found["phoneNumber"]) == ("c1", "jane@example.com", "5551")


def test_the_customer_of_a_deal_that_is_gone_is_a_contact_if_there_is_one(api: Gateway, services: Services) -> None:
    link(api, "OPPORTUNITY", id="deal_1")
    deals = services.records(DEALS)
    deals.remove(deals.get("acme", "deal_1"))
    assert (customer(api).get("crmCustomer"), customer(api)["crmOpportunities"]) == (None, [])
    send(api, "POST", f"{AGENT}/recordings/rec_1/link", {"contact_ids": ["c1"]})
    assert customer(api)["crmCustomer"]["id"] == "c1"


def test_a_recording_that_concerns_nobody_has_no_customer(api: Gateway) -> None:
    found = customer(api)
    assert (found.get("crmCustomer"), found["crmOpportunities"]) == (None, [])
