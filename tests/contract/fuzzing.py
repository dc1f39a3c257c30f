"""schemathesis over one surface: all of its OpenAPI document, every check, on real ids, bounded and repeatable."""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
)
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.run import PhaseName
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from tests.contract.conftest import NOW
from tests.contract.gateway import Gateway, Identity
from tests.contract.world import PARAMETER, Restoring, World, operations, served_document
from tests.fakes import Fakes

EXAMPLES = 8
"""Random requests to each operation, beside those that reach every bound and example of its schema."""
JOURNEYS = 10
"""Chains of requests, each going on with what the one before answered."""

BEYOND_SCHEMAS = (
    # What is named is not there.
    r"[Tt]here is no [a-z ]+ \S+\.",
    r"is no (other )?(contact|connection|deal|question|recording|team|user)\b",
    r"is no listening session of yours",
    r"is no thread of this recording",
    r"is not a question asked about this conversation",
    r"no other host is read",
    # One part of the request does not go with another.
    r"must (not be later|be earlier) than",
    r"must not be (more|less) than",
    r"name the same user",
    r"are two ways to go on",
    r"say the same: give one of them",
    r"cursor (of a listing|among ids) is the",
    r"is missing, and so is",
    r"Give contact_ids or a deal_id to (link|take off)",
    r"(is needed: it is|does not belong to) an? (email|text message|meeting|note)",
    r"downloadUrl is missing",
    r"is not one of a [A-Z_]+_RESPONSE",
    r"is missing: the question must be answered",
    r"must be later than the one before",
    r"must be the organization of the credential",
    r"is not yours: a token may do no more than its maker",
    r"must lie between 1990-01-01 and a day from now",
    r"must be from \d{4} to \d{4}",
    r"must lie in the future",
    r"is missing: up to \d+ bytes are sent with the form",
    r"has the same option twice",
    r"is named more than once",
    # A signature, or an encoding.
    r"is not one of ours for this request",
    r"must be base64",
    r"must be a JSON array of ids",
    # What a file holds, and whether a text holds a word.
    r"(The file looks like|The uploaded file is empty|The file is [A-Z0-9]+\. Send)",
    r"must hold a word to search for",
    # It would be too much.
    r"reaches the first \d+ results only",
    r"bytes is the most that is processed here",
    r"is a number out of range",
    r"must not (be nested deeper|have more than \d+ (bytes|keys)|have numbers that JSON|have half of a)",
)
"""Why a request that its schema allows may be refused all the same."""

PREFIXES = {
    "agent": "/api/v1/agent/founder",
    "audio files": "/api/v1/audio-files",
    "calls": "/v1/calls",
    "core": "/v1/core",
    "service": "/health",
}
"""Where the paths of a surface begin."""
PRECONDITION_FAILED = 412
"""If-Match of a state that is not the present one: neither invalid, nor to be accepted."""


def findings(surface: str) -> list[str]:
    """What schemathesis finds on the operations of one surface, each kind of finding once.

    It goes on with what it is answered, so ids are the same ones each time.
    """
    numbers = random.Random(1)
    with patch("secrets.token_hex", lambda size=32: numbers.randbytes(size).hex()):
        return _findings(surface)


def _findings(surface: str) -> list[str]:
    services, identity = Fakes(), Identity()
    document = served_document()
    maker = Gateway(services, identity)
    maker.now = NOW
    world = World(maker, services, document, org="acme", mark="alpha")
    restoring = Restoring(services)
    api = Gateway(restoring, identity)
    api.now = NOW

    tried = _of_surface(world, surface)
    schema = schemathesis.openapi.from_dict(tried, config=_config(world, tried["paths"]))
    schema.app = api.app

    def after_call(_context: object, case: Any, _response: object) -> None:
        if case.meta is None or case.meta.phase.name is not TestPhase.STATEFUL:
            restoring.restore()

    def filter_failure(_context: object, failure: Failure, _case: object, response: Any) -> bool:
        """Whether it counts."""
        return not (isinstance(failure, RejectedPositiveData) and _is_beyond_schemas(response))

    schema.hook(after_call)
    schema.hook(filter_failure)
    found: dict[tuple[str, ...], str] = {}
    times, tested = Counter[tuple[str, ...]](), set[PhaseName]()
    for event in from_schema(schema).execute():
        match event:
            case events.NonFatalError() | events.FatalError():
                found["error", str(event)] = str(event.__dict__)
            case events.ScenarioFinished():
                tested.add(event.phase)
                for key, told in _failures(event):
                    times[key] += 1
                    found.setdefault(key, told)
    assert {PhaseName.EXAMPLES, PhaseName.COVERAGE, PhaseName.FUZZING} <= tested, "nothing was tested"
    return [f"{told}\n({times[key]} times)" for key, told in found.items()]


def _of_surface(world: World, surface: str) -> dict[str, Any]:
    """The document with that surface's operations alone, its examples in the tenant's own words."""
    document = copy.deepcopy(dict(world.document))
    document["paths"] = {
        path: methods for path, methods in document["paths"].items() if path.startswith(PREFIXES[surface])
    }
    for _, _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                content["example"] = world.own(content["example"])
    return {**document, "servers": [{"url": "/"}]}


def _config(world: World, paths: Iterable[str]) -> SchemathesisConfig:
    pinned = [
        {
            "include-path": path,
            "parameters": {f"path.{match[1]}": world.id_of(path[: match.end()]) for match in PARAMETER.finditer(path)},
        }
        for path in paths
        if PARAMETER.search(path)
    ]
    positive, negative = POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES, NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "workers": 1,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {world.token}"},
            "generation": {"deterministic": True, "no-shrink": True, "max-examples": EXAMPLES},
            "phases": {"stateful": {"generation": {"max-examples": JOURNEYS}}},
            "checks": {
                # 413: a form that says its file is large is told where the file goes instead.
                "positive_data_acceptance": {"expected-statuses": [*positive, str(PRECONDITION_FAILED), "413"]},
                "negative_data_rejection": {"expected-statuses": [*negative, str(PRECONDITION_FAILED), "413"]},
            },
            "operations": pinned,
        }
    )


def _failures(event: events.ScenarioFinished) -> Iterator[tuple[tuple[str, ...], str]]:
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            request = event.recorder.cases[case_id].value
            answer = event.recorder.interactions[case_id].response
            sent = (request.path_parameters, request.query, _shown(request.headers), request.body)
            told = [
                f"{failure.operation}: {check.name}: {failure.title}",
                failure.message[:800],
                f"{request.method} {sent}"[:800],
                f"{answer.status_code} {answer.text[:400]}" if answer else "no answer",
            ]
            yield (check.name, str(failure.operation), failure.message.partition("\n")[0]), "\n".join(told)


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _is_beyond_schemas(response: Any) -> bool:
    return response.status_code in {400, 422} and any(re.search(reason, response.text) for reason in BEYOND_SCHEMAS)
