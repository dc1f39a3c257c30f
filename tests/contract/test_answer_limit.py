"""No answer is larger than Lambda sends: compressed where that is accepted, else refused in the surface's shape."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from api.answer_limit import fits
from tests.contract.conftest import Archive
from tests.contract.gateway import CONTEXT, Answer, Gateway, event

LAMBDA_BYTES = 6 * 1024 * 1024
SURFACES = ("/api/v1/agent/founder/recordings", "/v1/core/recordings", "/api/v1/audio-files")


@pytest.fixture
def large(archive: Archive) -> None:
    """A recording whose title is as long as none may be: no bound of its field holds this answer."""
    archive.complete("rec_1", title='"' * 4_000_000)


def answered(api: Gateway, path: str, accept: str) -> tuple[dict[str, Any], Answer]:
    headers = {"authorization": f"Bearer {api.identity.token()}", "accept-encoding": accept}
    raw = api.handle(event("GET", path, headers=headers), CONTEXT)
    body = raw.get("body", "")
    content = base64.b64decode(body) if raw["isBase64Encoded"] else body.encode()
    return raw, Answer(raw["statusCode"], raw["headers"], content)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("accept", ["", "identity", "br", "gzip;q=0"])
def test_an_answer_that_is_too_large_is_refused_and_logged(
    accept: str, api: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    raw, answer = answered(api, "/v1/core/recordings/rec_1", accept)
    assert len(json.dumps(raw, ensure_ascii=False).encode()) < LAMBDA_BYTES
    assert (answer.status, answer.json["code"]) == (422, "answer-too-large")
    assert "gzip" in answer.json["error"]
    assert answer.headers["x-request-id"]
    logged = [vars(record) for record in caplog.records if record.getMessage() == "answer too large"]
    assert [record["operation"] for record in logged] == ["get_core_recording"]
    assert logged[0]["bodyBytes"] > 8_000_000


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("accept", ["gzip", "br, gzip;q=0.5", "*"])
def test_who_accepts_compression_gets_it(accept: str, api: Gateway) -> None:
    raw, answer = answered(api, "/v1/core/recordings/rec_1", accept)
    assert len(json.dumps(raw).encode()) < LAMBDA_BYTES
    assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert json.loads(gzip.decompress(answer.body))["data"]["title"] == '"' * 4_000_000


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("path", SURFACES)
def test_each_surface_says_so_in_its_own_shape(path: str, api: Gateway) -> None:
    _, answer = answered(api, f"{path}/rec_1", "")
    said = answer.json
    code = said.get("code") or said.get("type") or said["error"]["code"]
    assert answer.status == 422
    assert "ANSWER_TOO_LARGE" in str(code).upper().replace("-", "_")


def test_what_counts_is_the_body_as_json() -> None:
    assert fits(b"a" * 6_200_000)
    assert not fits(b"a" * 6_300_000)
    assert not fits(b'"' * 3_200_000)
    assert not fits(b"\x01" * 1_100_000)
    assert not fits("\u00e4".encode() * 3_200_000)
    assert fits(b"\xff" * 4_600_000)
    assert not fits(b"\xff" * 4_800_000)
