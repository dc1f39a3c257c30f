"""Telephone calls and their recording logs: registered, read back, listed, changed, and what is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.calls import models as calls
from api.calls.errors import CallsError
from api.dependencies import Services
from auricle.crm.calls import CALLS
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity

CALLS_PATH = "/v1/calls"
CALL = f"{CALLS_PATH}/call_1"
LOGS = f"{CALL}/recording-log"
URL = "https://cdn.example.com/a.mp3"
LOG: dict[str, Any] = {"recording_id": "rec_1", "recording_url": URL, "duration_seconds": 60}


def shown(model: type[Any], answer: Answer, status: int = 200) -> Any:
    """What stands under `data`, once the answer is found to be what the OpenAPI document promises."""
    assert answer.status == status, answer.body
    model.model_validate_json(answer.body)
    return answer.json["data"]


def refused(answer: Answer, status: int) -> str:
    """The message, once the answer is found to be a well-formed error of that status."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    CallsError.model_validate(answer.json)
    return str(answer.json["message"])


def registered(api: Gateway, call_id: str = "call_1", **facts: Any) -> Any:
    body = {"call_id": call_id, "direction": "inbound", **facts}
    return shown(calls.CallResponse, api.post(CALLS_PATH, body), 201)


def patch(api: Gateway, body: Any, path: str = CALL, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask("PATCH", path, body=json.dumps(body).encode(), headers=sent)


# --- calls --------------------------------------------------------------------------------------------------


def test_everything_that_can_be_said_of_a_call_comes_back(api: Gateway) -> None:
    api.post("/api/v1/agent/founder/contacts", {"id": "contact_1", "name": "Jane Smith"})
    body = {
        "call_id": "call_1",
        "direction": "outbound",
        "from_number": "+1 (555) 010-0100",
        "to_number": "911",
        "agent_id": "usr_1",
        "contact_id": "contact_1",
        "campaign_id": "camp_1",
        "started_at": "2026-03-30T13:00:00+02:00",
        "ended_at": "2026-03-30T11:10:55Z",
        "metadata": {"a": [1, 2.5, None, True, {"b": "ü"}]},
    }
    answer = api.post(CALLS_PATH, body)
    expected = {
        **body,
        "started_at": "2026-03-30T11:00:00Z",
        "duration_seconds": 655,
        "recording_ids": [],
        "linked_recording_ids": [],
        "created_at": "2026-03-30T12:00:00Z",
        "updated_at": "2026-03-30T12:00:00Z",
    }
    assert shown(calls.CallResponse, answer, 201) == expected
    assert (answer.headers["location"], answer.headers["etag"]) == (CALL, '"1"')
    found = api.get(CALL)
    assert shown(calls.CallResponse, found) == expected
    assert (found.headers["etag"], found.json["message"]) == ('"1"', "Call retrieved successfully.")


def test_an_id_is_made_where_none_is_given(api: Gateway) -> None:
    answer = api.post(CALLS_PATH, {"direction": "inbound"})
    made = shown(calls.CallResponse, answer, 201)
    assert made["call_id"].startswith("call_")
    assert answer.headers["location"] == f"{CALLS_PATH}/{made['call_id']}"
    assert {made[name] for name in ("from_number", "agent_id", "started_at", "duration_seconds", "metadata")} == {None}


def test_an_id_is_taken_once(api: Gateway) -> None:
    registered(api, agent_id="usr_1")
    assert refused(api.post(CALLS_PATH, {"call_id": "call_1", "direction": "inbound"}), 409) == (
        "There is a call call_1 already."
    )
    assert api.get(CALL).json["data"]["agent_id"] == "usr_1"


WRONG_FACTS = [
    ({"from_number": "nobody"}, "from_number"),
    ({"to_number": "+1" + "0" * 40}, "to_number"),
    ({"to_number": 5550100}, "to_number"),
    ({"agent_id": "a b"}, "agent_id"),
    ({"contact_id": "contact_0"}, "contact_id"),
    ({"campaign_id": ""}, "campaign_id"),
    ({"started_at": "yesterday"}, "started_at"),
    ({"started_at": 1774865000}, "started_at"),
    ({"ended_at": "2026-02-30"}, "ended_at"),
    ({"started_at": "2026-03-30T12:00:01Z", "ended_at": "2026-03-30T12:00:00Z"}, "started_at"),
    ({"metadata": []}, "metadata"),
    ({"metadata": {"a": "x" * 9000}}, "metadata"),
    ({"metadata": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "metadata"),
    ({"metadata": {"a": [[[[[]]]]]}}, "metadata"),
    ({"metadata": {f"k{n}": 1 for n in range(101)}}, "metadata"),
    ({"metadata": {"a": [{f"k{n}": 1 for n in range(60)}, {f"k{n}": 1 for n in range(60)}]}}, "metadata"),
    ({"metadata": {"k" * 9000: 1}}, "metadata"),
    ({"metadata": {"a": 2**53}}, "metadata"),
    ({"metadata": {"a": float("nan")}}, "metadata.a"),
    ({"metadata": {"a": float("inf")}}, "metadata.a"),
    ({"org": "globex"}, "org"),
    ({"direction": "sideways"}, "direction"),
    ({"direction": None}, "direction"),
]
WRONG_IDS = [f"{number}-{field}" for number, (_, field) in enumerate(WRONG_FACTS)]


@pytest.mark.parametrize(("facts", "wrong"), WRONG_FACTS, ids=WRONG_IDS)
def test_every_wrong_fact_is_named(facts: dict[str, Any], wrong: str, api: Gateway) -> None:
    message = refused(api.post(CALLS_PATH, {"direction": "inbound", **facts}), 400)
    assert message.startswith(f"Field '{wrong}'")
    assert api.get(CALLS_PATH).json["data"]["calls"] == []
    before = registered(api)
    assert refused(patch(api, facts), 400) == message
    assert api.get(CALL).json["data"] == before


@pytest.mark.parametrize("call_id", ["a b", "", "x" * 65, 7, "../x"])
def test_an_id_that_is_none_is_refused(call_id: Any, api: Gateway) -> None:
    assert refused(api.post(CALLS_PATH, {"call_id": call_id, "direction": "inbound"}), 400).startswith(
        "Field 'call_id'"
    )


def test_the_address_of_the_documentation_is_no_id(api: Gateway) -> None:
    """A call of that id could never be read: this surface serves its documentation there."""
    assert api.get(f"{CALLS_PATH}/docs", token="").headers["content-type"].startswith("text/html")
    message = refused(api.post(CALLS_PATH, {"call_id": "docs", "direction": "inbound"}), 400)
    assert message == "Field 'call_id' must not be docs: that is the address of the API's documentation."
    assert api.get(CALLS_PATH).json["data"]["calls"] == []
    assert refused(patch(api, {"agent_id": "usr_1"}, f"{CALLS_PATH}/docs"), 404) == "Call not found: docs."


def test_a_direction_is_needed(api: Gateway) -> None:
    assert refused(api.post(CALLS_PATH, {}), 400) == "Field 'direction' is missing."


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "The body is not JSON in UTF-8"),
        (b"\xff", 400, "The body is not JSON in UTF-8"),
        (b"[]", 400, "The body should be an object."),
        (b'{"direction": "' + b"x" * 1_100_000 + b'"}', 413, "The body may have"),
    ],
    ids=["cut", "bytes", "list", "long"],
)
@pytest.mark.parametrize("path", [CALLS_PATH, LOGS])
def test_what_is_no_body(body: bytes, status: int, message: str, path: str, api: Gateway) -> None:
    registered(api)
    assert refused(api.post(path, body), status).startswith(message)


def test_another_media_type_is_refused(api: Gateway) -> None:
    refused(api.post(CALLS_PATH, b"direction=inbound", headers={"content-type": "text/plain"}), 415)


def test_a_change_replaces_what_is_sent_and_nothing_else(api: Gateway) -> None:
    before = registered(api, agent_id="usr_1", campaign_id="camp_1", metadata={"a": 1, "b": 2})
    api.now = NOW + timedelta(minutes=1)
    answer = patch(api, {"agent_id": "usr_2", "campaign_id": None, "metadata": {"b": 3}, "direction": "outbound"})
    after = shown(calls.CallResponse, answer)
    assert after == {
        **before,
        "agent_id": "usr_2",
        "campaign_id": None,
        "metadata": {"b": 3},
        "direction": "outbound",
        "updated_at": "2026-03-30T12:01:00Z",
    }
    assert (answer.headers["etag"], answer.json["message"]) == ('"2"', "Call updated successfully.")
    assert api.get(CALL).json["data"] == after


def test_a_change_that_changes_nothing_writes_nothing(api: Gateway) -> None:
    before = registered(api, agent_id="usr_1")
    api.now = NOW + timedelta(minutes=1)
    for body in ({}, {"agent_id": "usr_1"}):
        answer = patch(api, body)
        assert (shown(calls.CallResponse, answer), answer.headers["etag"]) == (before, '"1"')


def test_ends_are_in_order_after_the_change_too(api: Gateway) -> None:
    registered(api, started_at="2026-03-30T12:00:00Z")
    message = refused(patch(api, {"ended_at": "2026-03-30T11:59:59Z"}), 400)
    assert message == "Field 'started_at' must not be later than ended_at."


def test_a_stale_change_is_refused(api: Gateway) -> None:
    registered(api)
    assert patch(api, {"agent_id": "usr_1"}, if_match='"1"').status == 200
    for tag in ('"1"', '"3"', "nonsense"):
        refused(patch(api, {"agent_id": "usr_2"}, if_match=tag), 412)
    assert patch(api, {"agent_id": "usr_3"}, if_match="*").status == 200
    assert patch(api, {"agent_id": "usr_4"}, if_match='"3"').status == 200


# --- listing ------------------------------------------------------------------------------------------------


def ids(answer: Answer) -> list[str]:
    return [each["call_id"] for each in shown(calls.CallsResponse, answer)["calls"]]


def test_filters_combine(api: Gateway) -> None:
    registered(api, "call_a", agent_id="usr_1", campaign_id="camp_1")
    registered(api, "call_b", agent_id="usr_1", direction="outbound")
    registered(api, "call_c", agent_id="usr_2", campaign_id="camp_1")
    api.post("/v1/calls/call_c/recording-log", LOG)
    assert set(ids(api.get(CALLS_PATH))) == {"call_a", "call_b", "call_c"}
    assert set(ids(api.get(CALLS_PATH, agent_id="usr_1"))) == {"call_a", "call_b"}
    assert ids(api.get(CALLS_PATH, agent_id="usr_1", direction="outbound")) == ["call_b"]
    assert ids(api.get(CALLS_PATH, agent_id="usr_1", campaign_id="camp_1")) == ["call_a"]
    assert ids(api.get(CALLS_PATH, recording_id="rec_1")) == ["call_c"]
    assert ids(api.get(CALLS_PATH, contact_id="contact_1")) == []


def test_dates_bound_when_a_call_began(api: Gateway) -> None:
    registered(api, "call_old", started_at="2026-03-01T09:00:00Z")
    registered(api, "call_new", started_at="2026-03-20T09:00:00Z")
    registered(api, "call_now")
    assert ids(api.get(CALLS_PATH)) == ["call_now", "call_new", "call_old"]
    assert ids(api.get(CALLS_PATH, date_from="2026-03-20T09:00:00Z")) == ["call_now", "call_new"]
    assert ids(api.get(CALLS_PATH, date_to="2026-03-20")) == ["call_new", "call_old"]
    assert ids(api.get(CALLS_PATH, date_from="2026-03-02", date_to="2026-03-29")) == ["call_new"]
    patch(api, {"started_at": "2026-03-25T09:00:00Z"}, f"{CALLS_PATH}/call_old")
    assert ids(api.get(CALLS_PATH)) == ["call_now", "call_old", "call_new"]


def test_pages_and_cursors_lead_through_the_same_list(api: Gateway) -> None:
    expected = [f"call_{number}" for number in range(7)][::-1]
    for number in range(7):
        registered(api, f"call_{number}", started_at=f"2026-03-0{number + 1}")
    assert [ids(api.get(CALLS_PATH, page=page, page_size=3)) for page in (1, 2, 3, 4)] == [
        expected[:3],
        expected[3:6],
        expected[6:],
        [],
    ]
    first = shown(calls.CallsResponse, api.get(CALLS_PATH, page_size=3))
    assert (first["page"], first["page_size"]) == (1, 3)
    second = api.get(CALLS_PATH, page_size=3, cursor=first["next"])
    assert (ids(second), second.json["data"]["page"]) == (expected[3:6], None)
    third = api.get(CALLS_PATH, page_size=3, cursor=second.json["data"]["next"])
    assert (ids(third), third.json["data"]["next"]) == (expected[6:], None)


def test_a_cursor_belongs_to_its_tenant_and_filters(api: Gateway, identity: Identity) -> None:
    for number in range(3):
        registered(api, f"call_{number}")
    cursor = api.get(CALLS_PATH, page_size=1).json["data"]["next"]
    for answer in (
        api.get(CALLS_PATH, cursor=cursor, agent_id="usr_1"),
        api.get(CALLS_PATH, cursor=cursor, token=identity.token(org="globex")),
        api.get(CALLS_PATH, cursor=cursor[:-1]),
        api.get(CALLS_PATH, cursor=cursor, page=1),
    ):
        assert refused(answer, 400).startswith("Field 'cursor'")


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1000000000", "page"),
        ("page=201", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("direction=up", "direction"),
        ("agent_id=a/b", "agent_id"),
        ("recording_id=", "recording_id"),
        ("date_from=soon", "date_from"),
        ("date_from=2026-03-31&date_to=2026-03-30", "date_from"),
        ("agentId=usr_1", "agentId"),
        ("page=1&page=2", "page"),
    ],
)
def test_every_wrong_parameter_is_named(query: str, wrong: str, api: Gateway) -> None:
    assert refused(api.ask("GET", CALLS_PATH, query=query), 400).startswith(f"Field '{wrong}' ")


# --- recording logs -----------------------------------------------------------------------------------------


def logged(api: Gateway, **facts: Any) -> Any:
    return shown(calls.RecordingLogResponse, api.post(LOGS, {**LOG, **facts}))


def test_an_update_replaces_what_is_sent_and_nothing_else(api: Gateway) -> None:
    registered(api)
    before = logged(api, transcription_id="tr_1", transcription_status="pending", metadata={"a": 1})
    api.now = NOW + timedelta(minutes=1)
    after = logged(api, duration_seconds=61, transcription_status="completed", metadata=None)
    assert after == {
        **before,
        "duration_seconds": 61,
        "transcription_status": "completed",
        "metadata": None,
        "updated_at": "2026-03-30T12:01:00Z",
    }
    assert (after["transcription_id"], after["created_at"]) == ("tr_1", "2026-03-30T12:00:00Z")
    assert shown(calls.RecordingLogResponse, api.get(f"{LOGS}/rec_1")) == after


def test_logs_are_read_back_with_their_call(api: Gateway) -> None:
    registered(api)
    first, second = logged(api), logged(api, recording_id="rec_2")
    assert shown(calls.RecordingLogsResponse, api.get(LOGS)) == {"recording_logs": [first, second]}
    assert api.get(CALL).json["data"]["recording_ids"] == ["rec_1", "rec_2"]
    assert refused(api.get(f"{LOGS}/rec_3"), 404) == "Recording log not found: rec_3."


def test_a_call_has_so_many_logs_and_no_more(api: Gateway) -> None:
    registered(api)
    for number in range(20):
        logged(api, recording_id=f"rec_{number}")
    assert "20" in refused(api.post(LOGS, {**LOG, "recording_id": "rec_more"}), 409)
    logged(api, recording_id="rec_0", duration_seconds=1)


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"recording_id": None}, "recording_id"),
        ({"recording_id": "a b"}, "recording_id"),
        ({"recording_id": 8}, "recording_id"),
        *(
            ({"recording_url": url}, "recording_url")
            for url in (
                None,
                7,
                "",
                "http://cdn.example.com/a",
                "https://",
                "https:///a",
                "https://[a/b",
                "https://a:x/",
                "https://a:0/",
                "https://user:secret@a/",
                "HTTPS://a/",
                "https://a b/",
                "https://a\n/",
                "//a/b",
                "javascript:alert(1)",
                "https://é.example/",
            )
        ),
        ({"recording_url": "https://a/" + "x" * 2048}, "recording_url"),
        ({"duration_seconds": None}, "duration_seconds"),
        ({"duration_seconds": -1}, "duration_seconds"),
        ({"duration_seconds": 1.5}, "duration_seconds"),
        ({"duration_seconds": "642"}, "duration_seconds"),
        ({"duration_seconds": True}, "duration_seconds"),
        ({"duration_seconds": 604801}, "duration_seconds"),
        ({"duration_seconds": 10**30}, "duration_seconds"),
        ({"transcription_id": "tr 1"}, "transcription_id"),
        ({"transcription_status": "done"}, "transcription_status"),
        ({"started_at": "now"}, "started_at"),
        ({"started_at": "2026-03-15T13:51:11Z", "ended_at": "2026-03-15T13:51:10Z"}, "started_at"),
        ({"metadata": "vip"}, "metadata"),
        ({"metadata": {"a": float("nan")}}, "metadata.a"),
        ({"call_id": "call_1"}, "call_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_wrong_field_of_a_log_is_named(facts: dict[str, Any], wrong: str, api: Gateway) -> None:
    registered(api)
    message = refused(api.post(LOGS, {**LOG, **facts}), 400)
    assert message.startswith(f"Field '{wrong}' ")
    if wrong == "recording_url" and facts[wrong] != "https://a/" + "x" * 2048:
        assert message == "Field 'recording_url' must be a valid HTTPS URL."
    assert shown(calls.RecordingLogsResponse, api.get(LOGS)) == {"recording_logs": []}


@pytest.mark.parametrize(
    "url", ["https://a", "https://a.b-c.de:8443/x/y.mp3?sig=a%2Fb&c=d#t=1", "https://192.0.2.1/?a"]
)
def test_a_url_is_kept_as_it_is(url: str, api: Gateway) -> None:
    registered(api)
    assert logged(api, recording_url=url)["recording_url"] == url


def test_every_wrong_field_is_named_at_once(api: Gateway) -> None:
    registered(api)
    assert refused(api.post(LOGS, {"recording_url": "x", "org": "globex"}), 400) == (
        "Field 'recording_id' is missing. Field 'recording_url' must be a valid HTTPS URL. "
        "Field 'duration_seconds' is missing. Field 'org' is not known here."
    )


def test_a_log_keeps_its_ends_in_order_over_updates(api: Gateway) -> None:
    registered(api)
    logged(api, started_at="2026-03-15T13:00:00Z")
    body = {**LOG, "ended_at": "2026-03-15T12:59:59Z"}
    assert refused(api.post(LOGS, body), 400) == "Field 'started_at' must not be later than ended_at."


def test_a_stale_log_is_refused(api: Gateway) -> None:
    registered(api)
    answer = api.post(LOGS, LOG, headers={"if-match": '"1"'})
    assert answer.headers["etag"] == '"2"' == api.get(LOGS).headers["etag"] == api.get(f"{LOGS}/rec_1").headers["etag"]
    refused(api.post(LOGS, LOG, headers={"if-match": '"1"'}), 412)
    assert api.post(LOGS, LOG, headers={"if-match": '"2"'}).status == 200


def test_logs_saved_at_once_are_all_there(api: Gateway, services: Services) -> None:
    from auricle.crm.calls import save_log

    registered(api)

    def save(number: int) -> None:
        facts = {"recording_url": URL, "duration_s": number}
        kept = services.records(CALLS)
        save_log(
            "acme", "call_1", f"rec_{number}", facts, calls=kept, recordings=services.recordings, now=NOW, sees_all=True
        )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save, range(6)))
    found = shown(calls.RecordingLogsResponse, api.get(LOGS))["recording_logs"]
    assert sorted(log["recording_id"] for log in found) == [f"rec_{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("put", "pending"),
        ("uploaded", "pending"),
        ("transcribing", "pending"),
        ("evaluating", "pending"),
        ("complete", "completed"),
        ("failed", "failed"),
    ],
)
def test_a_recording_of_our_own_is_linked_and_says_how_far_it_is(
    state: str, status: str, api: Gateway, archive: Archive
) -> None:
    getattr(archive, state)()
    registered(api)
    assert logged(api)["transcription_status"] == status
    assert api.get(CALL).json["data"]["linked_recording_ids"] == ["rec_1"]
    assert api.get(f"{LOGS}/rec_1").json["data"]["transcription_status"] == status
    assert logged(api, transcription_status="pending")["transcription_status"] == "pending"


def test_the_status_of_our_own_recording_moves_with_it(api: Gateway, archive: Archive, services: Services) -> None:
    recording = archive.transcribing()
    registered(api)
    assert logged(api)["transcription_status"] == "pending"
    assert services.recordings.save(recording.to(Status.COMPLETE, at=NOW), expected=recording)
    assert api.get(LOGS).json["data"]["recording_logs"][0]["transcription_status"] == "completed"
    api.delete("/api/v1/audio-files/rec_1")
    assert api.get(f"{LOGS}/rec_1").json["data"]["transcription_status"] is None


@pytest.mark.parametrize(
    ("given", "linked"), [({"org": "globex"}, []), ({"deleted_at": NOW}, ["rec_1"])], ids=["foreign", "in-the-bin"]
)
def test_a_recording_of_our_own_is_linked_in_the_bin_too(
    given: dict[str, Any], linked: list[str], api: Gateway, archive: Archive
) -> None:
    archive.put(**given)
    registered(api)
    assert logged(api)["transcription_status"] is None
    assert api.get(CALL).json["data"]["linked_recording_ids"] == linked


# --- who may ------------------------------------------------------------------------------------------------

ROUTES: list[tuple[str, str, Any, str]] = [
    ("POST", CALLS_PATH, {"direction": "inbound"}, "calls:write"),
    ("GET", CALLS_PATH, None, "calls:read"),
    ("GET", CALL, None, "calls:read"),
    ("PATCH", CALL, {"agent_id": "usr_9"}, "calls:write"),
    ("POST", LOGS, LOG, "calls:write"),
    ("GET", LOGS, None, "calls:read"),
    ("GET", f"{LOGS}/rec_1", None, "calls:read"),
]


def ask(api: Gateway, method: str, path: str, body: Any, token: str | None = None) -> Answer:
    return api.ask(method, path, body=json.dumps(body).encode() if body else b"", token=token)


@pytest.mark.parametrize(("method", "path", "body", "scope"), ROUTES)
def test_each_route_takes_its_own_scope(
    method: str, path: str, body: Any, scope: str, api: Gateway, identity: Identity
) -> None:
    registered(api)
    logged(api)
    other = ({"calls:read", "calls:write"} - {scope}).pop()
    answer = ask(api, method, path, body, identity.token(scope=other))
    assert refused(answer, 403) == f"The credential lacks the scope {scope}."
    assert ask(api, method, path, body, identity.token(scope=scope, roles=[])).status in {200, 201}
    assert refused(ask(api, method, path, body, ""), 401) == "Invalid API token."


@pytest.mark.parametrize(("method", "path", "body", "scope"), [route for route in ROUTES if "call_1" in route[1]])
def test_another_tenants_call_is_not_told_from_a_missing_one(
    method: str, path: str, body: Any, scope: str, api: Gateway, identity: Identity
) -> None:
    registered(api)
    logged(api)
    before = api.get(CALL).json, api.get(LOGS).json
    foreign = ask(api, method, path, body, identity.token(org="globex"))
    missing = ask(api, method, path.replace("call_1", "call_0"), body)
    assert (refused(foreign, 404), refused(missing, 404)) == ("Call not found: call_1.", "Call not found: call_0.")
    assert api.get(CALLS_PATH, token=identity.token(org="globex")).json["data"]["calls"] == []
    assert (api.get(CALL).json, api.get(LOGS).json) == before


@pytest.mark.parametrize("name", ["x" * 65, "-a", "a%20b"])
def test_what_cannot_be_an_id_is_unknown(name: str, api: Gateway) -> None:
    for path in (name, f"{name}/recording-log"):
        assert refused(api.get(f"{CALLS_PATH}/{path}"), 404).startswith("Call not found: ")


def test_an_unknown_path_and_method_have_the_envelope_too(api: Gateway) -> None:
    refused(api.get(f"{CALL}/recording-logs"), 404)
    refused(api.ask("PUT", LOGS), 405)


# --- recordings that are hidden from some -------------------------------------------------------------------

ORDINARY = "audio:read audio:write recordings:read recordings:write calls:read calls:write"


@pytest.mark.parametrize("flags", [{"private": True}, {"discoverable": False}])
def test_the_log_of_a_hidden_recording_is_shown_to_who_may_see_the_recording(
    flags: Any, api: Gateway, archive: Archive
) -> None:
    archive.complete(user_id="ann", **flags)
    ann = api.identity.token(sub="ann", scope=ORDINARY, roles=())
    bob = api.identity.token(sub="bob", scope=ORDINARY, roles=())
    registered(api)
    shown(calls.RecordingLogResponse, api.post(LOGS, {**LOG, "metadata": {"of": "ann"}}, token=ann))

    def seen(token: str) -> list[Any]:
        one = shown(calls.CallResponse, api.get(CALL, token=token))
        (listed,) = shown(calls.CallsResponse, api.get(CALLS_PATH, token=token))["calls"]
        logs = shown(calls.RecordingLogsResponse, api.get(LOGS, token=token))["recording_logs"]
        assert listed == one
        return [one["recording_ids"], one["linked_recording_ids"], [log["recording_id"] for log in logs]]

    assert seen(ann) == seen(api.identity.token()) == [["rec_1"]] * 3
    assert seen(bob) == [[]] * 3
    found = api.get(CALLS_PATH, token=bob, recording_id="rec_1").json["data"]["calls"]
    by_id = api.get(f"{LOGS}/rec_1", token=bob)
    if "private" in flags:
        assert found == []
        assert refused(by_id, 404) == "Recording log not found: rec_1."
    else:  # who has the id may open it
        assert len(found) == 1
        assert shown(calls.RecordingLogResponse, by_id)["metadata"] == {"of": "ann"}


def test_a_log_under_the_id_of_a_hidden_recording_stands_beside_its_own(api: Gateway, archive: Archive) -> None:
    """As one of an unknown recording would: nothing tells that there is such a recording, or changes its log."""
    archive.complete(user_id="ann", private=True)
    ann = api.identity.token(sub="ann", scope=ORDINARY, roles=())
    bob = api.identity.token(sub="bob", scope=ORDINARY, roles=())
    registered(api)
    anns = shown(calls.RecordingLogResponse, api.post(LOGS, LOG, token=ann))
    for duration in (7, 8):
        bobs = shown(calls.RecordingLogResponse, api.post(LOGS, {**LOG, "duration_seconds": duration}, token=bob))
        assert (bobs["duration_seconds"], bobs["transcription_status"]) == (duration, None)
    assert shown(calls.RecordingLogResponse, api.get(f"{LOGS}/rec_1", token=ann)) == anns
    assert shown(calls.RecordingLogResponse, api.get(f"{LOGS}/rec_1", token=bob)) == bobs
    assert shown(calls.CallResponse, api.get(CALL, token=bob))["recording_ids"] == ["rec_1"]
    assert shown(calls.CallResponse, api.get(CALL, token=bob))["linked_recording_ids"] == []
    assert shown(calls.CallResponse, api.get(CALL, token=ann))["recording_ids"] == ["rec_1", "rec_1"]


def test_the_log_of_a_private_recording_stays_hidden_when_the_recording_is_removed(
    api: Gateway, archive: Archive
) -> None:
    archive.complete(user_id="ann", private=True)
    registered(api)
    shown(calls.RecordingLogResponse, api.post(LOGS, LOG))
    assert api.delete("/api/v1/audio-files/rec_1").status == 204
    bob = api.identity.token(sub="bob", scope=ORDINARY, roles=())
    assert shown(calls.CallResponse, api.get(CALL, token=bob))["recording_ids"] == []
    assert shown(calls.CallResponse, api.get(CALL))["recording_ids"] == ["rec_1"]


@pytest.mark.parametrize("by", ["ann", "administrator"])
@pytest.mark.parametrize("how", ["to the trash", "for good"])
def test_the_log_of_a_private_recording_stays_hidden_when_it_is_sent_again_after_a_removal(
    how: str, by: str, api: Gateway, archive: Archive
) -> None:
    archive.complete(user_id="ann", private=True)
    ann = api.identity.token(sub="ann", scope=ORDINARY, roles=())
    bob = api.identity.token(sub="bob", scope=ORDINARY, roles=())
    registered(api)
    shown(calls.RecordingLogResponse, api.post(LOGS, LOG, token=ann))
    path = "/v1/core/recordings/rec_1" if how == "to the trash" else "/api/v1/audio-files/rec_1"
    assert api.delete(path).status in (200, 204)

    again = api.post(LOGS, {**LOG, "transcription_status": "completed"}, token=ann if by == "ann" else None)
    if by == "ann" and how == "for good":  # nobody can tell any more that it was Ann's
        assert refused(again, 409) == "The recording rec_1 was removed. No log of it is taken any more."
    else:
        assert shown(calls.RecordingLogResponse, again)["transcription_status"] == "completed"
    assert shown(calls.CallResponse, api.get(CALL, token=bob))["recording_ids"] == []
    assert refused(api.get(f"{LOGS}/rec_1", token=bob), 404) == "Recording log not found: rec_1."
    assert shown(calls.CallResponse, api.get(CALL))["linked_recording_ids"] == ["rec_1"]


@pytest.mark.parametrize("private", [True, False])
def test_of_a_removed_recording_no_log_is_taken(private: bool, api: Gateway, archive: Archive) -> None:
    """Whether it was private makes no difference that others could see."""
    archive.complete(user_id="ann", private=private)
    registered(api)
    assert api.delete("/api/v1/audio-files/rec_1").status == 204
    bob = api.identity.token(sub="bob", scope=ORDINARY, roles=())
    assert refused(api.post(LOGS, LOG, token=bob), 409)
    assert shown(calls.CallResponse, api.get(CALL))["recording_ids"] == []
