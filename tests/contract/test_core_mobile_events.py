"""Mobile events on the core API: told by a phone, listed of the tenant, shown with the recording."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.core.mobile_events import models as documented
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.gateway import Gateway
from tests.fakes import Fakes

TOLD = "/v1/core/recordings/rec_1/mobile-events"
EVENTS = "/v1/core/mobile-events"
START = {"name": "recorderStateChange", "value": "start", "trigger": "buttonPress"}
OFFLINE = {"name": "networkStatusChange", "value": "offline"}
EVERY = [
    START,
    OFFLINE,
    {"name": "appStateChange", "value": "background"},
    {"name": "consentStatusChanged", "status": "granted"},
    {"name": "recordingMetadataChanged", "title": "Visit"},
    {"name": "deeplinkReceived", "fullUrl": "field://open?id=1"},
    {"name": "deeplinkConsumed", "fullUrl": "field://open?id=1"},
    {"name": "userAuthStatusChanged", "status": "authenticated"},
]


@pytest.fixture(autouse=True)
def recordings(archive: Archive) -> None:
    archive.complete()
    archive.complete("rec_2")


def told(api: Gateway, *events: Any, recording_id: str = "rec_1", token: str | None = None) -> list[Any]:
    """Tells of the events; what is answered of each. A second passes."""
    path = TOLD.replace("rec_1", recording_id)
    answer = send(api, "POST", path, {"events": [{"event": event} for event in events]}, token=token)
    api.now += timedelta(seconds=1)
    made: list[Any] = shown(documented.ReportedMobileEventsResponse, answer, 201)["data"]
    return made


def listed(api: Gateway, query: str = "") -> list[str]:
    """Ids of one page."""
    answer = api.ask("GET", EVENTS, query=query)
    return [event["id"] for page in shown(documented.MobileEventPage, answer)["data"] for event in page]


def test_every_kind_of_event_is_told_listed_and_read(api: Gateway) -> None:
    made = told(api, *EVERY)
    assert [{"name": one["eventCode"], **one["event"]} for one in made] == EVERY
    page = conforms(api.get(EVENTS), "get", EVENTS)
    assert page == {"data": [made[::-1]], "cursor": None}
    for one in made:
        answer = api.get(f"{EVENTS}/{one['id']}")
        assert shown(documented.MobileEvent, answer) == one
        conforms(answer, "get", f"{EVENTS}/{{id}}")
    assert made[0] == {
        "id": made[0]["id"],
        "recordingId": "rec_1",
        "externalOpportunityIds": [],
        "userId": "user_1",
        "organizationId": "acme",
        "eventCode": "recorderStateChange",
        "event": {"value": "start", "trigger": "buttonPress"},
        "createdAt": "2026-03-30T12:00:00.123Z",
    }
    assert made[1]["createdAt"] == "2026-03-30T12:00:00.124Z"


def test_nothing_told_is_an_empty_page(api: Gateway) -> None:
    assert conforms(api.get(EVENTS), "get", EVENTS) == {"data": [], "cursor": None}


def test_events_are_shown_with_their_recording_in_the_order_told(api: Gateway) -> None:
    events = [
        {
            "event": START,
            "timestampInMilliseconds": 1640995200000,
            "durationInMilliseconds": 5000,
            "externalOpportunityIds": ["opp_1"],
        },
        {"event": OFFLINE},
    ]
    made = shown(documented.ReportedMobileEventsResponse, api.post(TOLD, {"events": events}), 201)["data"]
    assert made[0]["externalOpportunityIds"] == ["opp_1"]
    told(api, START, recording_id="rec_2")
    found = api.get("/v1/core/recordings/rec_1", showMobileEvents="true").json["data"]["mobileEvents"]
    assert found == [
        {
            "id": made[0]["id"],
            "recordingId": "rec_1",
            "userId": "user_1",
            "event": START,
            "organizationId": "acme",
            "dateCreated": "2026-03-30T12:00:00.123Z",
            "dateCreatedString": "2026-03-30T12:00:00.123Z",
            "timestampInMilliseconds": 1640995200000,
            "durationInMilliseconds": 5000,
        },
        {
            "id": made[1]["id"],
            "recordingId": "rec_1",
            "userId": "user_1",
            "event": OFFLINE,
            "organizationId": "acme",
            "dateCreated": "2026-03-30T12:00:00.124Z",
            "dateCreatedString": "2026-03-30T12:00:00.124Z",
            "timestampInMilliseconds": None,
            "durationInMilliseconds": None,
        },
    ]


def test_filters_combine(api: Gateway) -> None:
    (first,) = told(api, START)
    (second,) = told(api, OFFLINE, recording_id="rec_2")
    (third,) = told(api, OFFLINE, token=api.identity.token(sub="bob"))
    ids = [one["id"] for one in (first, second, third)]
    assert listed(api) == ids[::-1]
    assert listed(api, "recordingId=rec_1") == [ids[0], ids[2]]
    assert listed(api, "eventCode=networkStatusChange") == [ids[2], ids[1]]
    assert listed(api, "eventCodeIn=networkStatusChange,appStateChange") == [ids[2], ids[1]]
    both = "eventCodeIn=networkStatusChange&eventCodeIn=recorderStateChange"
    assert listed(api, both) == ids[::-1]
    assert listed(api, "eventCode=recorderStateChange&eventCodeIn=appStateChange") == [ids[0]]
    assert listed(api, "userId=bob") == [ids[2]]
    assert listed(api, "userId=bob&recordingId=rec_2") == []
    assert listed(api, "recordingId=rec_none") == []


def test_ten_kinds_of_events_are_named_at_most(api: Gateway) -> None:
    (event,) = told(api, START)
    assert listed(api, "eventCodeIn=" + ",".join([START["name"]] * 10)) == [event["id"]]
    for many in (
        ",".join([START["name"]] * 11),
        "&eventCodeIn=".join([START["name"]] * 11),
        "",
        "recorderStateChange,",
    ):
        refused(api.ask("GET", EVENTS, query=f"eventCodeIn={many}"), 422, "invalid-request", "eventCodeIn")


def test_dates_exclude_the_moment_they_name(api: Gateway) -> None:
    made = [told(api, START)[0] for _ in range(3)]
    moments = [one["createdAt"] for one in made]
    assert listed(api, f"createdAtGt={moments[0]}") == [made[2]["id"], made[1]["id"]]
    assert listed(api, f"createdAtLt={moments[2]}") == [made[1]["id"], made[0]["id"]]
    assert listed(api, f"createdAtGt={moments[0]}&createdAtLt={moments[2]}") == [made[1]["id"]]
    assert listed(api, f"createdAtGt={moments[1]}&recordingId=rec_1") == [made[2]["id"]]
    answer = api.ask("GET", EVENTS, query=f"createdAtGt={moments[1]}&createdAtLt={moments[1]}")
    refused(answer, 422, "invalid-request", "createdAtGt")
    assert listed(api, "createdAtLt=0001-01-01") == []
    assert listed(api, "createdAtGt=9999-12-31T23:59:59.999999Z") == []


@pytest.mark.parametrize("filters", ["", "&recordingId=rec_1", "&eventCode=recorderStateChange"])
def test_pages_go_on_by_cursor(api: Gateway, filters: str) -> None:
    made = [one["id"] for one in told(api, *[START] * 100)]
    everything = made if "recordingId" in filters else made[::-1]
    found: list[str] = []
    query = f"pageSize=40{filters}"
    while True:
        page = api.ask("GET", EVENTS, query=query).json
        found += [one["id"] for one in page["data"][0]]
        if page["cursor"] is None:
            break
        query = f"pageSize=40{filters}&cursor={page['cursor']}"
    assert found == everything
    assert listed(api, f"pageSize=1000{filters}") == everything
    first = api.ask("GET", EVENTS, query=f"pageSize=1{filters}").json["cursor"]
    for other in (f"cursor={first}&userId=bob{filters}", "cursor=x"):
        refused(api.ask("GET", EVENTS, query=other), 422, "invalid-request", "cursor")
    stranger = api.identity.token(org="globex")
    refused(api.ask("GET", EVENTS, query=f"cursor={first}{filters}", token=stranger), 422, "invalid-request", "cursor")


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        ({"name": "dance"}, "events.0.event"),
        ({}, "events.0.event"),
        ({"name": "recorderStateChange", "value": "start"}, "events.0.event.recorderStateChange.trigger"),
        ({**START, "value": "online"}, "events.0.event.recorderStateChange.value"),
        ({**START, "trigger": "dog"}, "events.0.event.recorderStateChange.trigger"),
        ({**OFFLINE, "trigger": "unknown"}, "events.0.event.networkStatusChange.trigger"),
        ({"name": "appStateChange", "value": "off"}, "events.0.event.appStateChange.value"),
        ({"name": "consentStatusChanged", "status": "maybe"}, "events.0.event.consentStatusChanged.status"),
        ({"name": "recordingMetadataChanged", "title": ""}, "events.0.event.recordingMetadataChanged.title"),
        ({"name": "deeplinkReceived", "fullUrl": "a b"}, "events.0.event.deeplinkReceived.fullUrl"),
        ({"name": "userAuthStatusChanged"}, "events.0.event.userAuthStatusChanged.status"),
    ],
    ids=str,
)
def test_every_wrong_field_of_an_event_is_named(api: Gateway, event: Any, wrong: str) -> None:
    refused(api.post(TOLD, {"events": [{"event": event}]}), 422, "invalid-request", wrong)
    assert listed(api) == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "events"),
        ({"events": []}, "events"),
        ({"events": [{"event": START}] * 101}, "events"),
        ({"events": [{}]}, "events.0.event"),
        ({"events": [{"event": START, "timestampInMilliseconds": -1}]}, "events.0.timestampInMilliseconds"),
        ({"events": [{"event": START, "durationInMilliseconds": 1e12}]}, "events.0.durationInMilliseconds"),
        ({"events": [{"event": START, "externalOpportunityIds": [""]}]}, "events.0.externalOpportunityIds.0"),
        ({"events": [{"event": START, "userId": "bob"}]}, "events.0.userId"),
    ],
    ids=["none", "empty", "many", "no-event", "before-1970", "for-years", "no-id", "another-user"],
)
def test_every_wrong_field_of_a_report_is_named(api: Gateway, body: Any, wrong: str) -> None:
    refused(api.post(TOLD, body), 422, "invalid-request", wrong)


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=0",
        "pageSize=1001",
        "eventCode=dance",
        "eventCodeIn=dance",
        "eventCodeIn=" + ",".join(["appStateChange"] * 11),
        "createdAtGt=yesterday",
        "recordingId=a%20b",
        "userId=",
        "x=1",
        "userId=a&userId=b",
    ],
)
def test_every_wrong_parameter_is_named(api: Gateway, query: str) -> None:
    refused(api.ask("GET", EVENTS, query=query), 422, "invalid-request", query.partition("=")[0])


def test_unknown_binned_and_foreign_ids_look_the_same(api: Gateway, archive: Archive, services: Fakes) -> None:
    (event,) = told(api, START)
    archive.put("rec_3", deleted_at=NOW)
    archive.put("rec_4", org="globex")
    for recording_id in ("rec_none", "rec_3", "rec_4"):
        answer = api.post(TOLD.replace("rec_1", recording_id), {"events": [{"event": START}]})
        assert refused(answer, 404, "recording-not-found")["error"] == f"There is no recording {recording_id}."
    stranger = api.identity.token(org="globex")
    refused(api.get(f"{EVENTS}/{event['id']}", token=stranger), 404, "event-not-found")
    assert api.get(EVENTS, token=stranger).json["data"] == []
    unknown = event["id"][:-1] + ("0" if event["id"][-1] != "0" else "1")
    for event_id in (unknown, "evt_1", "evt_fffffffffff00000000000000000000", "a%20b"):
        found = refused(api.get(f"{EVENTS}/{event_id}"), 404, "event-not-found")
        assert found["error"] == f"There is no mobile event {event_id.replace('%20', ' ')}."


def test_events_go_with_their_recording(api: Gateway, services: Fakes) -> None:
    (event,), (other,) = told(api, START), told(api, START, recording_id="rec_2")
    assert send(api, "DELETE", "/v1/core/recordings/rec_1").status == 200
    refused(api.get(f"{EVENTS}/{event['id']}"), 404, "event-not-found")
    assert listed(api, "recordingId=rec_1") == []
    services.recordings.forget_children("acme", "rec_1")
    assert listed(api) == [other["id"]]


def test_telling_and_reading_take_their_scopes(api: Gateway) -> None:
    (event,) = told(api, START)
    body = {"events": [{"event": START}]}
    refused(send(api, "POST", TOLD, body, token=api.identity.token(scope="recordings:read")), 403, "insufficient-scope")
    token = api.identity.token(scope="recordings:write")
    for path in (EVENTS, f"{EVENTS}/{event['id']}"):
        refused(api.get(path, token=token), 403, "insufficient-scope")


@pytest.mark.parametrize("flags", [{"private": True}, {"discoverable": False}])
@pytest.mark.parametrize("query", ["pageSize=1", "pageSize=1&eventCode=networkStatusChange"])
def test_the_cursor_tells_nothing_of_hidden_events(
    query: str, flags: dict[str, bool], api: Gateway, archive: Archive
) -> None:
    """The last page of what somebody may see is the last one, however many hidden events follow."""
    archive.complete("rec_3", user_id="ann", **flags)
    bob = api.identity.token(sub="bob", scope="recordings:read recordings:write", roles=())
    (first,) = told(api, OFFLINE)
    for _ in range(3):
        told(api, *[OFFLINE] * 20, recording_id="rec_3")
    (last,) = told(api, OFFLINE)

    page = api.ask("GET", EVENTS, query=query, token=bob).json
    assert [[event["id"] for event in events] for events in page["data"]] == [[last["id"]]]
    page = api.ask("GET", EVENTS, query=f"{query}&cursor={page['cursor']}", token=bob).json
    assert [[event["id"] for event in events] for events in page["data"]] == [[first["id"]]]
    assert page["cursor"] is None

    told(api, OFFLINE, recording_id="rec_3")
    (newest,) = told(api, OFFLINE, recording_id="rec_2")
    since = f"{query}&createdAtGt={last['createdAt']}"
    page = api.ask("GET", EVENTS, query=since, token=bob).json
    assert [event["id"] for event in page["data"][0]] == [newest["id"]]
    assert page["cursor"] is None
