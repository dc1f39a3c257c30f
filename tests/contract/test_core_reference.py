"""The reference's schema holds of our answers, for the endpoints it shares with us.

One rule reconciles it with the first seed: a field that nothing has set is null in `GET` of one recording, which shows
every field; the schema has such fields optional, not null, so there a null stands for an absent field. Every other
answer leaves such fields out, and is held to the schema as it is. `nullable` is read as OpenAPI 3.0 means it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.deals import DEALS, Address, Deal
from auricle.recordings.recording import CrmLink, Rep, Result
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import RECORDINGS, contract, furnish, send
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes
from tests.fixtures.operations import method_of, routes

ONE = f"{RECORDINGS}/rec_1"


@cache
def reference() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(contract("core-recordings.openapi.json").read_text())
    return read


def plain(schema: Any) -> Any:
    """The schema with `nullable`, which JSON Schema does not know, in JSON Schema's own words."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: plain(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def hold(answer: Answer, method: str, path: str, *, without_null: bool = False) -> Any:
    """The answer, once the reference's schema of that operation and status holds of it."""
    described = reference()["paths"][path][method.lower()]["responses"][str(answer.status)]
    schema = plain(described["content"]["application/json"]["schema"])
    schema["components"] = plain(reference()["components"])
    content = answer.json
    if without_null:
        content["data"] = {name: value for name, value in content["data"].items() if value is not None}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    wrong = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(content)]
    assert wrong == [], wrong
    return content


@pytest.fixture
def known(api: Gateway, archive: Archive, services: Fakes) -> None:
    """A finished recording of a contact, and one of which everything is known."""
    add_contact(NewContact("Jane", id="c1", phone="5551"), org="acme", contacts=services.contacts, now=NOW)
    address = Address(street="12 Main Street", city="Springfield")
    deal = Deal("acme", "deal_1", NOW, NOW, "Renewal", amount=5.5, external_id="006", addresses=(address,))
    services.records(DEALS).add(deal)
    archive.complete(
        contact_ids=("c1",),
        deal_id="deal_1",
        user_id="user_1",
        title="Visit",
        result=Result.CLOSED,
        rep=Rep("Sam", "Reyes", "team_1"),
        crm_link=CrmLink("CONTACT", id="c1"),
    )
    furnish(services)


FLAGS = (
    "showPhotos",
    "showCrmOpportunities",
    "showMediaOpportunities",
    "showEvaluationScore",
    "showMultimediaEvents",
    "showMobileEvents",
    "showFollowups",
    "showCrmCustomers",
    "showSummary",
    "showEntityExtractions",
)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("recording_id", ["rec_1", "rec_full"])
@pytest.mark.parametrize("flag", ["true", "false"])
def test_one_recording(recording_id: str, flag: str, api: Gateway) -> None:
    flags: dict[str, Any] = dict.fromkeys(FLAGS, flag)
    path = f"{RECORDINGS}/{recording_id}"
    found = hold(api.get(path, **flags), "GET", "/v1/core/recordings/{id}", without_null=True)
    # The update's answer has the schema of nearly all fields.
    updated = plain(
        reference()["paths"]["/v1/core/recordings"]["patch"]["responses"]["200"]["content"]["application/json"]
    )["schema"]
    updated["components"] = plain(reference()["components"])
    assert [error.message for error in Draft202012Validator(updated).iter_errors(found)] == []


_Asking = Callable[[Gateway], Answer]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("method", "path", "status", "ask"),
    [
        ("GET", "/v1/core/recordings", 200, lambda api: api.get(RECORDINGS, limit=1)),
        ("GET", "/v1/core/recordings", 200, lambda api: api.get(RECORDINGS, showCrmCustomer="true")),
        ("POST", "/v1/core/recordings", 200, lambda api: api.post(RECORDINGS, {"ids": ["rec_1"]})),
        ("POST", "/v1/core/recordings", 200, lambda api: api.post(RECORDINGS, {})),
        ("PUT", "/v1/core/recordings", 201, lambda api: send(api, "PUT", RECORDINGS, {"id": "rec_2"})),
        (
            "PATCH",
            "/v1/core/recordings",
            200,
            lambda api: send(api, "PATCH", RECORDINGS, {"id": "rec_1", "title": "A"}),
        ),
        ("DELETE", "/v1/core/recordings/{id}", 200, lambda api: api.delete(ONE)),
        (
            "POST",
            "/v1/core/recordings/signed-urls",
            200,
            lambda api: api.post(f"{RECORDINGS}/signed-urls", {"fileType": "mp3", "fileSize": 4}),
        ),
        ("GET", "/v1/core/recordings/{id}/utterances", 200, lambda api: api.get(f"{ONE}/utterances", pageSize=2)),
        ("GET", "/v1/core/recordings/{id}/utterances", 200, lambda api: api.get(f"{ONE}/utterances")),
        ("GET", "/v1/core/recordings/{id}/summary", 200, lambda api: api.get(f"{ONE}/summary")),
        ("POST", "/v1/core/recordings/{id}/signedUrl", 200, lambda api: api.post(f"{ONE}/signedUrl")),
        (
            "PATCH",
            "/v1/core/recordings/{id}/transcription-language",
            200,
            lambda api: send(api, "PATCH", f"{ONE}/transcription-language", {"transcriptionLanguage": "French"}),
        ),
        ("PUT", "/v1/core/recordings/{id}/viewed", 200, lambda api: send(api, "PUT", f"{ONE}/viewed")),
    ],
)
def test_answers(method: str, path: str, status: int, ask: _Asking, api: Gateway) -> None:
    answer = ask(api)
    assert answer.status == status, answer.body
    hold(answer, method, path)


def test_a_recording_of_an_upload(api: Gateway) -> None:
    url = api.post(f"{RECORDINGS}/signed-urls", {"fileType": "mp3", "fileSize": 4}).json["data"]["downloadUrl"]
    answer = api.post(f"{RECORDINGS}/upload", {"fileUrl": url, "fileType": "mp3"})
    assert answer.status == 201
    hold(answer, "POST", "/v1/core/recordings/upload")


LATER = (
    "/bookmark",
    "/chats",
    "/entities/",
    "/followups",
    "/outcomes",
    "/scorecards",
    "/search",
)
"""What belongs to issues that are still to come."""


def test_every_endpoint_of_the_reference_is_served_or_belongs_to_a_later_issue() -> None:
    def shape(path: str) -> str:
        return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))

    served = {(method_of(route), shape(route.path)) for route in routes("/v1/core")}
    missing = {
        f"{method.upper()} {path}"
        for path, operations in reference()["paths"].items()
        for method in operations
        if (method.upper(), shape(path)) not in served and not any(later in path for later in LATER)
    }
    assert missing == set()
