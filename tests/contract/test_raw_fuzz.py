"""Raw requests of every kind to every operation: no 5xx, and every refusal in its surface's shape.

`AURICLE_FUZZ_REQUESTS=200000 pytest tests/contract/test_raw_fuzz.py` asks for longer; `AURICLE_FUZZ_SEED` asks others.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any
from urllib.parse import unquote

import pytest

from tests.contract.conftest import NOW
from tests.contract.gateway import CONTEXT, Gateway, Identity
from tests.contract.raw_requests import RawRequest, RawRequests
from tests.contract.world import Restoring, World, served_document
from tests.fakes import Fakes

REQUESTS = int(os.environ.get("AURICLE_FUZZ_REQUESTS", "8000"))
SEED = int(os.environ.get("AURICLE_FUZZ_SEED", "7"))
RESTORED_EVERY = 500
"""Requests after which everything is as it was at first: some of them remove what others are about."""


def wrong_with(answered: dict[str, Any], request: RawRequest) -> str | None:
    """Why the answer is none that a client can work with; None of a sound one."""
    status, headers = answered["statusCode"], answered["headers"]
    if status >= 500:
        return f"{status} {answered.get('body', '')[:300]}"
    if "x-request-id" not in headers:
        return "no x-request-id"
    if len(json.dumps(answered).encode()) > 6 * 1024 * 1024:
        return "larger than Lambda sends"
    if status < 400 or request.method in {"HEAD", "OPTIONS"}:
        return None
    try:
        said = json.loads(answered["body"])
    except (ValueError, KeyError):
        return f"{status} without JSON"
    shapes: dict[str, Any] = {
        "/api/v1/agent/founder": lambda: said["error"]["code"].isupper() and said["error"]["message"],
        "/v1/core": lambda: said["error"] and said["code"],
        "/v1/calls": lambda: (said["status"], said["data"]) == ("error", None) and said["message"],
    }
    shape = next((shape for prefix, shape in shapes.items() if _lies_on(request, prefix)), None)
    shape = shape or (lambda: said["type"].startswith("urn:auricle:error:") and said["status"] == status)
    try:
        return None if shape() else f"{status} in no shape: {said}"
    except (KeyError, TypeError, AttributeError):
        return f"{status} in another shape: {said}"


def _lies_on(request: RawRequest, prefix: str) -> bool:
    path = unquote(request.path)
    return path == prefix or path.startswith(f"{prefix}/")


@pytest.fixture(scope="module")
def world() -> World:
    services, identity = Fakes(), Identity()
    api = Gateway(services, identity)
    api.now = NOW
    token = identity.token(org="acme", sub="user_alpha", exp=int(identity.clock()) + 86_400)
    made = World(api, services, served_document(), org="acme", mark="alpha", token=token)
    made.make_everything()
    return made


def test_whatever_is_sent_no_answer_is_a_failure(world: World, caplog: pytest.LogCaptureFixture) -> None:
    restoring = Restoring(world.services)
    api = Gateway(restoring, world.api.identity)
    api.now = NOW
    statuses, found = Counter[int](), list[str]()
    for number, request in zip(range(REQUESTS), RawRequests(world, SEED), strict=False):
        if number % RESTORED_EVERY == 0:
            restoring.restore()
            caplog.clear()
        try:
            answered = api.handle(request.event(), CONTEXT)
            problem = wrong_with(answered, request)
            statuses[answered["statusCode"]] += 1
        except Exception as error:  # noqa: BLE001  # the invocation fails: API Gateway makes a 500 of it
            problem = f"{type(error).__name__}: {error}"[:300]
        if problem is not None:
            logged = [vars(record) for record in caplog.records[-1:]]
            where = [(one.get("error"), one.get("where"), one.get("cause")) for one in logged]
            found.append(f"request {number} of seed {SEED}: {problem}\n{where}\n{request}")
            if len(found) == 20:
                break
    assert not found, "\n\n".join(found)
    # Else it asks nothing that is understood, or nothing that is not.
    assert {200, 201, 400, 401, 404, 405, 409, 412, 413, 415, 422} <= statuses.keys()
    assert statuses[200] + statuses[201] > REQUESTS * 0.1
