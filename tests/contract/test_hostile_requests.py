"""Numbers, texts and addresses that no client means: each is refused in the surface's shape, naming its field."""

from __future__ import annotations

import base64
import json
from typing import Any
from unittest.mock import Mock

import pytest

from api.dependencies import Services
from tests.contract.conftest import Archive
from tests.contract.gateway import CONTEXT, Answer, Gateway, event

KEY = {"idempotency-key": "once"}
QUESTION = (
    b'{"prompt": "How did it go?", "responseType": "FREE_TEXT_RESPONSE", "sortValue": %s,'
    b' "responseConfig": {"interpretAsNumber": true, "required": false, "minSize": 1.0}}'
)
CHANGE = b'{"latitude": %s, "numberOfExpectedChunks": 2.0}'
DEAL = b'{"name": "Acme", "amount": %s}'
CALL = b'{"direction": "inbound", "metadata": {"deep": [%s]}}'

QUESTIONS, DEALS, CALLS = "/v1/core/debrief-questions", "/api/v1/agent/founder/deals", "/v1/calls"
RECORDING = "/v1/core/recordings/rec_1"

NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"9" * 400, b"-" + b"9" * 400, b"1e999", b"-1e999", b"9" * 5000]


def named(answer: Answer) -> str:
    """The field an error names, whatever the surface's shape."""
    said = answer.json
    if "issues" in said:
        return ".".join(said["issues"][0]["path"])
    if "errors" in said:
        return str(said["errors"][0]["field"])
    if "data" in said:
        return str(said["message"].split("'")[1])
    return str(said["error"]["fields"][0]["field"])


# --- JSON ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12].decode())
@pytest.mark.parametrize("headers", [{}, KEY], ids=["", "idempotency-key"])
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", QUESTIONS, QUESTION, 422, "sortValue"),
        ("PATCH", RECORDING, CHANGE, 422, "latitude"),
        ("POST", DEALS, DEAL, 422, "amount"),
        ("POST", CALLS, CALL, 400, "metadata.deep.0"),
    ],
)
def test_a_number_that_json_does_not_carry_is_named(
    number: bytes,
    headers: dict[str, str],
    method: str,
    path: str,
    body: bytes,
    status: int,
    field: str,
    api: Gateway,
    archive: Archive,
) -> None:
    archive.put("rec_1")
    answer = api.ask(method, path, body=body % number, headers=headers)
    assert (answer.status, named(answer)) == (status, field), answer.body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "Jane", "name": "Joan"}', "name"),
        (b'{"name": "\\ud800"}', "name"),
        (b'{"name": "Jane", "id": 1e999}', "id"),
    ],
)
@pytest.mark.parametrize("headers", [{}, KEY], ids=["", "idempotency-key"])
def test_texts_and_names_are_read_in_one_way(
    body: bytes, field: str, headers: dict[str, str], api: Gateway, services: Any
) -> None:
    answer = api.ask("POST", "/api/v1/agent/founder/contacts", body=body, headers=headers)
    assert (answer.status, named(answer)) == (422, field)
    assert len(services.contacts) == 0


@pytest.mark.parametrize("path", [QUESTIONS, DEALS, CALLS, "/api/v1/audio-files/upload-url"])
@pytest.mark.parametrize("headers", [{}, KEY], ids=["", "idempotency-key"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}",
        b"{",
        b"\x00",
    ],
)
def test_what_is_not_json_is_told_so(path: str, body: bytes, headers: dict[str, str], api: Gateway) -> None:
    answer = api.ask("POST", path, body=body, headers=headers)
    assert answer.status == 400
    assert b"not JSON in UTF-8" in answer.body


@pytest.mark.parametrize("token", ["", "none of ours", "auricle.acme.token_1.none"])
def test_the_body_of_who_proves_nothing_is_not_read(token: str, api: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Mock()
    monkeypatch.setattr("api.requests.parse_json", read)
    assert api.ask("POST", CALLS, body=b"{", token=token).status == 401
    read.assert_not_called()


def test_bytes_that_api_gateway_replaced_are_not_stored(api: Gateway, services: Any) -> None:
    """It decodes JSON bodies before it hands them on, and puts U+FFFD where they are not UTF-8."""
    body = b'{"name": "J\xe4ne"}'.decode("utf-8", "replace").encode()
    answer = api.ask("POST", "/api/v1/agent/founder/contacts", body=body)
    assert answer.status == 400, answer.body
    assert len(services.contacts) == 0


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/api/v1/agent/founder/contacts", "page=%EF%BC%99", "page"),  # a full-width nine
        ("/api/v1/agent/founder/contacts", "page=1_000", "page"),
        ("/api/v1/agent/founder/contacts", "page=%2B1", "page"),
        ("/api/v1/agent/founder/contacts", "page=1e3", "page"),
        ("/api/v1/agent/founder/contacts", "page=+1", "page"),
        ("/api/v1/agent/founder/contacts", "page=1%0A", "page"),
        ("/api/v1/agent/founder/contacts", "page=NaN", "page"),
        ("/api/v1/agent/founder/contacts", f"page={'9' * 5000}", "page"),
        ("/api/v1/agent/founder/contacts", f"page={'9' * 400}", "page"),
        ("/v1/core/recordings", "pageSize=1_0", "pageSize"),
        ("/v1/calls", "page_size=%D9%A1", "page_size"),  # an Arabic one
        ("/api/v1/audio-files", "pageSize=Infinity", "pageSize"),
    ],
)
def test_numbers_of_a_query_are_digits(path: str, query: str, field: str, api: Gateway) -> None:
    answer = api.ask("GET", path, query=query)
    assert answer.status in {400, 422}, answer.body
    assert named(answer) == field


def test_a_whole_number_may_still_be_written_as_a_fraction(api: Gateway) -> None:
    assert api.ask("GET", "/v1/calls", query="page=1.0&page_size=007").status == 200


# --- addresses ----------------------------------------------------------------------------------------------

MALFORMED_URLS = [
    "http://[",
    "https://[",
    "https://[::1",
    "https://[::1]/a.mp3",
    "https://[v1.a]/",
    "https://\uff41\uff42.example/a.mp3",
    "https://example.com\uff0f@evil.example/",
    "https://ex\u2100mple.com/",  # becomes a/c in some parsers
    "https://example.com/\u00e4.mp3",
    "https://example.com/\u65e5\u672c",
    "https://example.com/%",
    "https://example.com/%zz",
    "https://example.com/%e",
    "https://example.com/a b",
    "https://example.com/\x00",
    "https://example.com/\r\nHost: evil",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:99999999999999999999/",
    "https://example.com:\uff18\uff10/",
    "https://example.com:/",
    "https://example..com/",
    "https://-example.com/",
    "https://.example.com/",
    f"https://{'a' * 64}.com/",
    "https:///a",
    "https://",
    "https:example.com",
    "//example.com/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://example.com\\@evil.example/",
    "https://example.com/\ud7ff\ufffe",
    "",
]


@pytest.mark.parametrize("url", MALFORMED_URLS, ids=ascii)
def test_a_malformed_address_is_refused_by_every_field_that_takes_one(
    url: str, api: Gateway, archive: Archive, services: Services
) -> None:
    archive.put("rec_1")
    assert api.post(CALLS, {"call_id": "call_1", "direction": "inbound"}).status == 201
    log = {"recording_id": "rec_2", "recording_url": url, "duration_seconds": 1}
    answer = api.post(f"{CALLS}/call_1/recording-log", log)
    assert (answer.status, named(answer)) == (400, "recording_url")
    for field in ("downloadUrl", "fileUrl"):
        answer = api.post("/v1/core/recordings/upload", {field: url, "fileType": "mp3"})
        assert (answer.status, named(answer)) == (422, field)
    rendering = {"type": "x", "uri": "https://example.com/1", "url": "https://example.com/1"}
    for field in ("uri", "url"):
        answer = api.post(f"{RECORDING}/images", {"rawImages": [{**rendering, field: url}]})
        assert (answer.status, named(answer)) == (422, f"rawImages.0.{field}")
    answer = api.post(f"{RECORDING}/images", {"rawImages": [rendering], "linkedImage": url})
    assert (answer.status, named(answer)) == (422, "linkedImage")
    for kind in ("contacts", "deals"):
        answer = api.post(f"/api/v1/agent/founder/{kind}", {"name": "Acme", "crm_url": url})
        assert (answer.status, named(answer)) == (422, "crm_url")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a/b%20c?d=e&f=%C3%A4#g",
        "https://xn--bcher-kva.example/",
        "https://192.0.2.7/a.mp3",
        "https://a.b-c.example/?[x]=(1)",
    ],
)
def test_a_sound_address_is_taken(url: str, api: Gateway) -> None:
    assert api.post("/api/v1/agent/founder/contacts", {"name": "Jane", "crm_url": url}).status == 201


PATHS = [
    "/v1/core/recordings/%00",
    "/v1/core/recordings/%",
    "/v1/core/recordings/%zz",
    "/v1/core/recordings/%ff%fe",
    "/v1/core/recordings/\uff12",
    "/v1/core/recordings/\u00e4",
    "/v1/core/recordings/..%2f..%2fhealth",
    "/v1/core/recordings/" + "a" * 8000,
    "/v1/calls/%F0%9F%98%80/recording-log",
    "/v1/calls/\u65e5\u672c",
    "/api/v1/audio-files/%ed%a0%80",
    "/api/v1/agent/founder/contacts/[",
    "/\uff41",
    "//",
    "/%",
    "/http://[",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ascii(path)[:40])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_nothing_lies_at_is_not_found(path: str, method: str, api: Gateway) -> None:
    answer = api.ask(method, path)
    assert answer.status in {400, 404, 405, 422}, answer.body
    assert answer.json


@pytest.mark.parametrize("host", ["a:b:c", "[::1]", "[::1]:8080", ":", "a:", "a:b", "a:-1", "a:99999999", "\uff41", ""])
def test_a_host_that_is_none_ends_no_invocation(host: str, api: Gateway) -> None:
    assert api.get("/health", token="", headers={"host": host, "x-forwarded-port": "x"}).status == 200


def test_a_body_in_base64_is_read_as_it_is(api: Gateway) -> None:
    """Its bytes are the client's own, so U+FFFD in it is what the client wrote."""
    body = json.dumps({"name": "\ufffd"}, ensure_ascii=False).encode()
    headers = {"authorization": f"Bearer {api.identity.token()}", "content-type": "application/json; charset=utf-8"}
    made = event("POST", "/api/v1/agent/founder/contacts", body=body, headers=headers)
    made |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert api.handle(made, CONTEXT)["statusCode"] == 201
