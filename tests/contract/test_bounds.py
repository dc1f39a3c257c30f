"""Bounds of what is kept: every field has one, and what is answered whole fits an answer however it is filled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.conftest import Archive
from tests.contract.gateway import CONTEXT, Answer, Gateway, Identity, event
from tests.contract.world import operations, served_document
from tests.fakes import Fakes

LAMBDA_BYTES = 6 * 1024 * 1024
QUESTIONS = "/v1/core/debrief-questions"
RECORDING = "/v1/core/recordings/rec_1"


def invocation_bytes(api: Gateway, method: str, path: str, *, query: str = "", body: bytes = b"") -> tuple[int, Any]:
    """How large the function's answer is as Lambda counts it, and what it says; nothing is compressed."""
    headers = {"authorization": f"Bearer {api.identity.token()}", "accept-encoding": "identity"}
    if body:
        headers["content-type"] = "application/json"
    raw = api.handle(event(method, path, query=query, body=body, headers=headers), CONTEXT)
    assert raw["statusCode"] == 200, raw["body"][:300]
    return len(json.dumps(raw, ensure_ascii=False).encode()), json.loads(raw["body"])


# --- fields -------------------------------------------------------------------------------------------------


def unbounded(schema: Mapping[str, Any], place: str, schemas: Mapping[str, Any], seen: frozenset[str]) -> Iterator[str]:
    """Places in a request that take as much as anybody sends."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        if name not in seen:
            yield from unbounded(schemas[name], name, schemas, seen | {name})
        return
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from unbounded(choice, place, schemas, seen)
    bounds = {
        "string": {"maxLength", "enum", "const"},
        "array": {"maxItems"},
        "integer": {"maximum", "exclusiveMaximum", "enum", "const"},
        "number": {"maximum", "exclusiveMaximum"},
    }
    kind = schema.get("type")
    is_bounded_otherwise = schema.get("format") in {"date-time", "binary"}
    if kind in bounds and not bounds[kind] & schema.keys() and not is_bounded_otherwise:
        yield f"{place} ({kind})"
    if kind == "array":
        yield from unbounded(schema["items"], f"{place}[]", schemas, seen)
    if kind == "object":
        for field, value in schema.get("properties", {}).items():
            yield from unbounded(value, f"{place}.{field}", schemas, seen)
        others = schema.get("additionalProperties", True)
        if others is not False and "maxProperties" not in schema:
            yield f"{place} (object)"
        if isinstance(others, dict):
            yield from unbounded(others, f"{place}.*", schemas, seen)


def test_every_field_of_every_request_has_a_bound() -> None:
    document = served_document()
    schemas = document["components"]["schemas"]
    found, looked_at = set(), 0
    for method, path, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            looked_at += 1
            found |= set(unbounded(content["schema"], path, schemas, frozenset()))
        for parameter in operation.get("parameters", ()):
            # Page numbers have a bound of their own, which says how to go on beyond it.
            if "$ref" not in parameter and parameter["name"] != "page":
                looked_at += 1
                found |= set(
                    unbounded(parameter["schema"], f"{method} {path} {parameter['name']}", schemas, frozenset())
                )
    assert looked_at > 150
    assert sorted(found) == []


# --- debrief questions --------------------------------------------------------------------------------------


def question(number: int, *, prompt: str, options: list[str]) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "responseType": "SELECT_RESPONSE",
        "sortValue": number,
        "responseConfig": {"options": [f"{option}{index}" for index, option in enumerate(options)]},
    }


def test_a_question_has_a_bound_in_bytes(api: Gateway, services: Fakes) -> None:
    large = question(1, prompt="How?", options=["\N{GRINNING FACE}" * 990] * 5)
    answer = api.post(QUESTIONS, large)
    assert (answer.status, answer.json["issues"][0]["path"]) == (422, ["responseConfig"])
    assert "16384" in answer.json["error"]
    made = api.post(QUESTIONS, question(1, prompt="How?", options=["a"]))
    assert made.status == 201
    place = f"{QUESTIONS}/{made.json['data']['id']}"
    assert api.ask("PUT", place, body=json.dumps(large).encode()).status == 422


@pytest.mark.parametrize("letter", ['"', "\\", "\n", "\N{GRINNING FACE}"])
def test_a_tenants_questions_are_answered_whole_however_they_are_filled(letter: str, api: Gateway) -> None:
    statuses = []
    for number in range(60):
        prompt = letter * (2000 if letter != "\n" else 1990) + "?"
        statuses.append(api.post(QUESTIONS, question(number, prompt=prompt[:2000], options=["a", "b"])).status)
    assert set(statuses) == {201, 409}
    size, said = invocation_bytes(api, "GET", QUESTIONS)
    assert len(said["data"]) == statuses.count(201)
    assert size < 1_000_000
    last = said["data"][0]
    longer = question(0, prompt="b", options=["b" * 900] * 17)
    assert api.ask("PUT", f"{QUESTIONS}/{last['id']}", body=json.dumps(longer).encode()).status == 409
    shorter = question(0, prompt="b", options=["b"])
    assert api.ask("PUT", f"{QUESTIONS}/{last['id']}", body=json.dumps(shorter).encode()).status == 200


def answer_debrief(api: Gateway) -> None:
    """Answers to as many questions as large as the bound lets them be, and no larger."""
    asked = {"prompt": "How?", "responseType": "FREE_TEXT_RESPONSE", "sortValue": 1}
    asked["responseConfig"] = {"interpretAsNumber": False, "required": False}
    ids = [api.post(QUESTIONS, asked).json["data"]["id"] for _ in range(10)]

    def answered(characters: int) -> Answer:
        responses = dict.fromkeys(ids, "\N{GRINNING FACE}" * characters)
        return api.ask("PUT", f"{RECORDING}/debrief", body=json.dumps({"responses": responses}).encode())

    refused = answered(2000)
    assert (refused.status, refused.json["issues"][0]["path"]) == (422, ["responses"])
    assert "65536" in refused.json["error"]
    assert answered(1500).status == 200


def test_answers_of_a_debrief_have_a_bound_in_bytes(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_1")
    answer_debrief(api)


# --- what lies with a recording -----------------------------------------------------------------------------


def image(characters: int) -> dict[str, Any]:
    url = f"https://a.example/{'a' * characters}"
    return {"rawImages": [{"type": "x", "uri": url, "url": url}] * 20, "linkedImage": url}


def event_of_phone(number: int) -> dict[str, Any]:
    facts = {"name": "deeplinkReceived", "fullUrl": f"app:{'a' * 2044}"}
    if number % 2:
        facts = {"name": "recordingMetadataChanged", "title": '"' * 255}
    return {"event": facts, "timestampInMilliseconds": 1_700_000_000_000 + number, "durationInMilliseconds": 5}


def test_a_recording_is_shown_whole_however_it_is_filled(api: Gateway, archive: Archive) -> None:
    """With every flag, compressed for nobody."""
    archive.complete("rec_1")
    assert api.ask("PATCH", RECORDING, body=json.dumps({"notes": '"' * 20_000}).encode()).status == 200
    answer_debrief(api)
    images = [api.post(f"{RECORDING}/images", image(2000)).status for _ in range(25)]
    assert set(images) == {201, 409}
    small = [api.post(f"{RECORDING}/images", {"rawImages": image(1)["rawImages"][:1]}).status for _ in range(100)]
    assert set(small) == {201, 409}
    media = {"mimeType": "image/jpeg", "timestampInMilliseconds": 1}
    files = [api.post(f"{RECORDING}/multimedia-events", media).status for _ in range(201)]
    assert (files.count(201), files.count(409)) == (200, 1)
    reports = []
    for first in range(0, 1200, 100):
        told = {"events": [event_of_phone(number) for number in range(first, first + 100)]}
        reports.append(api.post(f"{RECORDING}/mobile-events", told).status)
    assert set(reports) == {201, 409}
    flags = ("showPhotos", "showMultimediaEvents", "showMobileEvents", "showSummary", "showCrmCustomers")
    size, said = invocation_bytes(api, "GET", RECORDING, query="&".join(f"{flag}=true" for flag in flags))
    assert len(said["data"]["multimediaEvents"]) == 200
    assert len(said["data"]["images"]) >= 15
    assert 3_000_000 < size < LAMBDA_BYTES


def test_a_full_collection_says_its_bound(api: Gateway, archive: Archive) -> None:
    archive.put("rec_1")
    for _ in range(100):
        assert api.post(f"{RECORDING}/images", {"rawImages": image(1)["rawImages"][:1]}).status == 201
    full = api.post(f"{RECORDING}/images", {"rawImages": image(1)["rawImages"][:1]})
    assert (full.status, full.json["code"]) == (409, "conflict")
    assert "100 are the most" in full.json["error"]
    first = api.get(f"{RECORDING}/images").json["data"][0]["id"]
    assert api.delete(f"{RECORDING}/images/{first}").status == 200
    assert api.post(f"{RECORDING}/images", {"rawImages": image(1)["rawImages"][:1]}).status == 201


# --- pages --------------------------------------------------------------------------------------------------


def test_a_page_of_large_comments_is_shorter(api: Gateway, archive: Archive) -> None:
    archive.put("rec_1")
    words = "\n" * 10_000
    body = {"text": words, "audio": {"storageId": "a", "textTranscription": '"' * 10_000}, "recipients": []}
    body["highlightRange"] = {"start": 0, "end": 1}
    for _ in range(120):
        assert api.post(f"{RECORDING}/comments", body).status == 201
    found: list[str] = []
    cursor, pages = "", 0
    while cursor is not None:
        query = f"pageSize=100&cursor={cursor}" if cursor else "pageSize=100"
        size, said = invocation_bytes(api, "GET", f"{RECORDING}/comments", query=query)
        assert size < LAMBDA_BYTES
        found += [comment["id"] for comment in said["data"]]
        cursor, pages = said["cursor"], pages + 1
    assert len(set(found)) == len(found) == 120
    assert pages > 2


def test_a_page_of_large_events_of_phones_is_shorter(api: Gateway, archive: Archive) -> None:
    """Each recording has a bound; a page goes over all of them."""
    ids = ["\N{GRINNING FACE}" * 250 + str(number) for number in range(20)]
    large = {"event": {"name": "networkStatusChange", "value": "online"}, "externalOpportunityIds": ids}
    for number in range(6):
        archive.put(f"rec_{number}")
        body = json.dumps({"events": [large] * 45}, ensure_ascii=False).encode()
        told = api.post(f"/v1/core/recordings/rec_{number}/mobile-events", body)
        assert told.status == 201, told.body
    found: list[str] = []
    cursor, pages = "", 0
    while cursor is not None:
        query = f"pageSize=1000&cursor={cursor}" if cursor else "pageSize=1000"
        size, said = invocation_bytes(api, "GET", "/v1/core/mobile-events", query=query)
        assert size < LAMBDA_BYTES
        found += [each["id"] for page in said["data"] for each in page]
        cursor, pages = said["cursor"], pages + 1
    assert len(set(found)) == len(found) == 270
    assert pages > 2


@pytest.mark.parametrize("by_ids", [True, False])
def test_a_page_of_large_recordings_is_shorter(by_ids: bool, api: Gateway, archive: Archive) -> None:
    ids = [f"rec_{number:03d}" for number in range(100)]
    for recording_id in ids:
        archive.put(recording_id, notes='"' * 40_000)
    found: list[str] = []
    cursor: Any = None
    body: dict[str, Any] = {"ids": ids} if by_ids else {}
    while True:
        sent = json.dumps({**body, **({"cursor": cursor} if cursor is not None else {})}).encode()
        size, said = invocation_bytes(api, "POST", "/v1/core/recordings", body=sent)
        assert size < LAMBDA_BYTES
        found += [recording["id"] for recording in said["data"]]
        cursor = said["cursor"]
        if cursor is None:
            break
    assert sorted(found) == ids


def test_other_pages_fit_however_they_are_filled(services: Fakes, identity: Identity) -> None:
    """Their items have bounds so small that a hundred of them fit."""
    api = Gateway(services, identity)
    line = '"' * 255
    small = '"' * 100
    address = {"street": line, "city": small, "state": small, "zip": small, "country": small}
    url = f"https://a.example/{'a' * 2000}"
    deal = {"name": line, "account_name": line, "stage": line, "addresses": [address] * 10, "crm_url": url}
    contact = {"name": line, "company": line, "title": line, "external_id": line, "crm_url": url}
    call = {"direction": "inbound", "metadata": {str(number): '"' * 100 for number in range(36)}}
    made = {
        "/api/v1/agent/founder/deals": (deal, "per_page=100"),
        "/api/v1/agent/founder/contacts": (contact, "per_page=100"),
        "/v1/calls": (call, "page_size=100"),
    }
    for path, (body, query) in made.items():
        for _ in range(100):
            answer = api.post(path, body)
            assert answer.status == 201, answer.body
        size, _ = invocation_bytes(api, "GET", path, query=query)
        assert size < LAMBDA_BYTES, path
