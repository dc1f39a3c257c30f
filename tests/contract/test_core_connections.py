"""Connections to CRMs and other systems on the core API."""

from __future__ import annotations

from typing import Any

import pytest

from api.core.connections import models as documented
from auricle.crm.connections import Platform
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.gateway import Gateway

PATH = "/v1/core/integrations/connections"
BODY = {"name": "Our CRM", "integrationPlatform": "MERGE", "externalAccountId": "acct/42"}


def added(api: Gateway, platform: str = "MERGE", **given: Any) -> Any:
    answer = api.post(PATH, {**BODY, "integrationPlatform": platform, **given})
    return shown(documented.ConnectionResponse, answer, 201)


def test_a_connection_is_added_as_the_reference_says(api: Gateway) -> None:
    answer = api.post(PATH, BODY)
    connection = conforms(answer, "post", PATH)
    assert {**connection, **BODY} == connection
    assert (answer.status, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"] == f"{PATH}/{connection['id']}"
    assert (connection["organizationId"], connection["isActive"], connection["syncTranscript"]) == ("acme", True, False)
    assert (connection["syncStatus"], connection["createdAt"]) == ([], "2026-03-30T12:00:00.123Z")
    read = api.get(answer.headers["location"])
    assert (shown(documented.ConnectionResponse, read), read.headers["etag"]) == (connection, '"1"')
    assert conforms(api.get(PATH), "get", PATH) == {"data": [connection], "cursor": None}
    assert added(api, "SPOTIO", isActive=False)["isActive"] is False


@pytest.mark.parametrize("platform", [*Platform])
def test_an_organization_has_one_connection_to_a_platform(platform: str, api: Gateway) -> None:
    added(api, platform)
    again = api.post(PATH, {**BODY, "integrationPlatform": platform, "name": "Another"})
    assert refused(again, 409, "conflict")["error"] == f"The organization has a connection to {platform} already."
    other = api.identity.token(org="globex")
    assert api.post(PATH, {**BODY, "integrationPlatform": platform}, token=other).status == 201


@pytest.mark.parametrize("platform", ["SALESFORCE", "CALENDAR_ONLY", "merge", "FAX"])
def test_a_platform_that_is_not_supported_is_a_bad_request(platform: str, api: Gateway) -> None:
    answer = api.post(PATH, {**BODY, "integrationPlatform": platform})
    refused(answer, 400, "platform-not-supported", "integrationPlatform")
    assert api.get(PATH).json["data"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"integrationPlatform": None}, "integrationPlatform"),
        ({"externalAccountId": ""}, "externalAccountId"),
        ({"isActive": "yes"}, "isActive"),
        ({"syncStatus": []}, "syncStatus"),
    ],
)
def test_a_wrong_field_is_named(wrong: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.post(PATH, {**BODY, **wrong}), 422, "invalid-request", field)


def test_connections_are_filtered_and_come_in_pages(api: Gateway) -> None:
    ids = {platform: added(api, platform)["id"] for platform in ("MERGE", "SPOTIO", "INGAGE")}
    assert [one["id"] for one in api.get(PATH, integrationPlatform="SPOTIO").json["data"]] == [ids["SPOTIO"]]
    assert api.get(PATH, integrationPlatform="SALESFORCE").json == {"data": [], "cursor": None}
    first = shown(documented.ConnectionPage, api.get(PATH, pageSize=2))
    rest = shown(documented.ConnectionPage, api.get(PATH, pageSize=2, cursor=first["cursor"]))
    assert {one["id"] for one in (*first["data"], *rest["data"])} == set(ids.values())
    assert (len(first["data"]), len(rest["data"]), rest["cursor"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"integrationPlatform": "FAX"}, "integrationPlatform"),
        ({"pageSize": 0}, "pageSize"),
        ({"cursor": "a"}, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(query: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.get(PATH, **query), 422, "invalid-request", field)


def test_a_connection_is_changed_if_it_is_as_it_was(api: Gateway) -> None:
    before = added(api)
    one = f"{PATH}/{before['id']}"
    said = {"isActive": False, "name": "CRM", "syncTranscript": True}
    answer = send(api, "PATCH", one, said, headers={"if-match": '"1"'})
    after = shown(documented.ConnectionResponse, answer)
    assert (after, answer.headers["etag"]) == ({**before, **said}, '"2"')
    same = send(api, "PATCH", one, {"name": None})
    assert (same.json, same.headers["etag"]) == (after, '"2"')
    refused(send(api, "PATCH", one, {"name": "A"}, headers={"if-match": '"1"'}), 412, "precondition-failed")
    refused(send(api, "PATCH", one, {"integrationPlatform": "SPOTIO"}), 422, "invalid-request", "integrationPlatform")
    assert api.get(one).json == after


def test_a_connection_is_removed_and_may_be_made_anew(api: Gateway) -> None:
    one = f"{PATH}/{added(api)['id']}"
    refused(send(api, "DELETE", one, headers={"if-match": '"2"'}), 412, "precondition-failed")
    assert send(api, "DELETE", one, headers={"if-match": '"1"'}).status == 204
    refused(api.get(one), 404, "connection-not-found")
    refused(api.delete(one), 404, "connection-not-found")
    added(api)


def test_anothers_connection_is_not_there(api: Gateway) -> None:
    one, foreign = f"{PATH}/{added(api)['id']}", api.identity.token(org="globex")
    for path, token in ((one, foreign), (f"{PATH}/unknown", None), (f"{PATH}/a%20b", None)):
        refused(api.get(path, token=token), 404, "connection-not-found")
        refused(send(api, "PATCH", path, {"name": "A"}, token=token), 404, "connection-not-found")
        refused(api.delete(path, token=token), 404, "connection-not-found")
    assert api.get(PATH, token=foreign).json["data"] == []
    assert api.get(one).json["name"] == "Our CRM"


def test_reading_takes_one_scope_and_writing_another(api: Gateway) -> None:
    one = f"{PATH}/{added(api)['id']}"
    reader, writer = (api.identity.token(scope=scope) for scope in ("recordings:read", "org:admin"))
    for path in (PATH, one):
        assert api.get(path, token=reader).status == 200
        refused(api.get(path, token=writer), 403, "insufficient-scope")
    for method, path in (("POST", PATH), ("PATCH", one), ("DELETE", one)):
        refused(send(api, method, path, {"name": "A"}, token=reader), 403, "insufficient-scope")
