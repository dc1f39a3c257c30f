"""What holds for every surface: addresses that do not exist, errors of our own, request ids, the documents."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any, NoReturn

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api import problems
from api.agent.errors import AgentError
from api.calls.errors import CallsError
from api.core.errors import CoreError
from api.on_demand import RouterOnDemand
from api.problems import ProblemDetails
from auricle import errors
from auricle.errors import TransientError
from tests.contract.gateway import CONTEXT, Gateway, Identity, event
from tests.fixtures.operations import scopes_of, surfaces

FILES = "/api/v1/audio-files"
FOUNDER = "/api/v1/agent/founder"


class Nothing:
    """Services whose every use fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self) -> NoReturn:
        raise self._error

    @property
    def recordings(self) -> Any:
        self._fail()

    contacts = objects = workflow = answers = rate_limit_store = downloads = recordings

    def records(self, kind: Any) -> Any:
        self._fail()


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity()


@pytest.fixture
def api(identity: Identity) -> Gateway:
    return Gateway(Nothing(AssertionError("nothing outside may be asked")), identity)


# --- addresses ----------------------------------------------------------------------------------------------


def test_health_takes_no_credential_and_asks_nothing(api: Gateway) -> None:
    answer = api.get("/health", token="")
    assert (answer.status, answer.json["status"], answer.json["environment"]) == (200, "ok", "local")


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1", f"{FILES}x", f"{FILES}/", f"{FILES}/a/b/c", "/api//v1"])
def test_unknown_addresses_are_problems(path: str, api: Gateway) -> None:
    answer = api.get(path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    ProblemDetails.model_validate(answer.json)
    assert answer.json["instance"] == path


def test_unknown_addresses_of_the_agent_api_have_its_shape(api: Gateway) -> None:
    answer = api.get(f"{FOUNDER}/nothing")
    assert (answer.status, answer.json["error"]["code"]) == (404, "NOT_FOUND")
    AgentError.model_validate(answer.json)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", FILES, "GET, HEAD"),
        ("PUT", f"{FILES}/rec_1", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"{FILES}/upload-url", "POST"),
        ("DELETE", f"{FILES}/rec_1/process", "POST"),
        ("DELETE", f"{FOUNDER}/contacts", "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_are_allowed(method: str, path: str, allowed: str, api: Gateway) -> None:
    answer = api.ask(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert b"method-not-allowed" in answer.body or b"METHOD_NOT_ALLOWED" in answer.body


# --- errors of our own --------------------------------------------------------------------------------------


def test_a_defect_shows_nothing_of_itself(identity: Identity, caplog: pytest.LogCaptureFixture) -> None:
    api = Gateway(Nothing(RuntimeError("the secret is 42")), identity)
    for path, code in (
        (f"{FILES}/rec_1", b"urn:auricle:error:internal-error"),
        (f"{FOUNDER}/contacts/c", b"INTERNAL_ERROR"),
    ):
        answer = api.get(path)
        assert answer.status == 500
        assert code in answer.body
        assert b"42" not in answer.body
    assert [vars(record)["error"] for record in caplog.records] == ["RuntimeError", "RuntimeError"]
    logged = "".join(str(vars(record)) for record in caplog.records)
    assert "the secret" not in logged
    assert api._token not in logged


def test_a_defect_outside_every_surface_is_logged_and_answered(
    api: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defective(*_args: object, **_kwargs: object) -> NoReturn:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("api.documentation.merged_document", defective)
    answer = api.get("/openapi.json", token="")
    assert (answer.status, answer.json["type"]) == (500, "urn:auricle:error:internal-error")
    assert b"42" not in answer.body
    (logged,) = [vars(record) for record in caplog.records if "operation" in vars(record)]
    assert (logged["operation"], logged["error"]) == ("/openapi.json", "RuntimeError")


def test_the_agent_api_gives_its_codes_the_statuses_it_documents(identity: Identity) -> None:
    held = Gateway(Nothing(errors.ConsentRequired("Held.")), identity)
    answer = held.get(f"{FOUNDER}/recordings/r/transcript")
    assert (answer.status, answer.json["error"]["code"]) == (422, "CONSENT_REQUIRED")
    assert held.get(f"{FILES}/rec_1/transcript").status == 409


def test_what_is_briefly_away_says_when_to_try_again(identity: Identity) -> None:
    api = Gateway(Nothing(TransientError("Try again.")), identity)
    answer = api.get(f"{FILES}/rec_1")
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)


def test_an_issuer_that_cannot_be_reached_is_no_fault_of_the_credential(identity: Identity) -> None:
    away = Identity(keys=identity.keys)
    away.document = lambda _url="": b"<html>"  # type: ignore[method-assign]  # an issuer that is out of order
    answer = Gateway(Nothing(AssertionError()), away).get(f"{FILES}/rec_1")
    assert (answer.status, "www-authenticate" in answer.headers) == (503, False)


ERROR_MODELS: dict[str, type[BaseModel]] = {
    "/api/v1/audio-files": ProblemDetails,
    "/api/v1/agent/founder": AgentError,
    "/v1/core": CoreError,
    "/v1/calls": CallsError,
}
ERROR_CLASSES = [
    found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, errors.AuricleError)
]


@pytest.mark.parametrize("error_class", ERROR_CLASSES, ids=lambda found: found.__name__)
def test_every_error_has_a_status_and_keeps_its_words(error_class: type[errors.AuricleError]) -> None:
    problem = problems.problem_of(error_class("What was wrong, and what to do."))
    if problem is problems.INTERNAL:
        internal = (errors.SupersededRun, errors.EngineFailed, errors.UnknownVersion)
        assert issubclass(error_class, internal) or error_class is errors.AuricleError
    else:
        assert (problem.code, problem.detail) == (error_class.code, "What was wrong, and what to do.")
        assert 400 <= problem.status <= 503


# --- request ids --------------------------------------------------------------------------------------------


def test_a_clients_request_id_comes_back(api: Gateway) -> None:
    for path in ("/health", "/nothing", f"{FILES}?x"):
        answer = api.get(path, headers={"x-request-id": "trace-1.2_3"})
        assert answer.headers["x-request-id"] == "trace-1.2_3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\r\nset-cookie: b", "ü", "{}"])
def test_an_unsound_request_id_is_replaced(given: str, api: Gateway) -> None:
    answer = api.get("/health", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == CONTEXT.aws_request_id


def test_without_a_context_an_id_is_made(api: Gateway) -> None:
    made = {api.handle(event("GET", "/health"), None)["headers"]["x-request-id"] for _ in range(2)}
    assert len(made) == 2


def test_answers_are_not_to_be_kept(api: Gateway) -> None:
    answer = api.get(f"{FILES}/rec_1", token="")
    assert answer.headers["cache-control"] == "no-store"


def test_json_of_every_kind_travels_as_text(api: Gateway) -> None:
    """What is not known as text API Gateway would get as base64."""
    answered = api.handle(event("GET", "/nothing"), CONTEXT)
    assert answered["isBase64Encoded"] is False
    assert json.loads(answered["body"])["status"] == 404


# --- documents ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document(identity: Identity) -> dict[str, Any]:
    found: dict[str, Any] = Gateway(Nothing(AssertionError()), identity).get("/openapi.json", token="").json
    return found


def test_the_document_is_served_without_a_credential(api: Gateway) -> None:
    answer = api.get("/openapi.json", token="")
    assert answer.json["openapi"] == "3.1.0"
    assert answer.json["servers"] == [{"url": "https://api.test"}]
    page = api.get("/docs", token="")
    assert page.headers["content-type"].startswith("text/html")
    assert b"/openapi.json" in page.body


@pytest.mark.parametrize("prefix", surfaces())
def test_every_surface_serves_its_own_document(prefix: str, api: Gateway, document: dict[str, Any]) -> None:
    found = api.get(f"{prefix}/openapi.json", token="").json
    assert set(found["paths"]) == {path for path in document["paths"] if path.startswith(prefix)}
    assert f"{prefix}/openapi.json".encode() in api.get(f"{prefix}/docs", token="").body


def test_the_documents_of_surfaces_do_not_name_two_things_alike() -> None:
    schemas: dict[str, Any] = {}
    for app in surfaces().values():
        for name, schema in app.openapi()["components"]["schemas"].items():
            assert schemas.setdefault(name, schema) == schema, name


def test_every_route_says_who_may_use_it(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            # Who the caller is may be asked with any credential that holds.
            needs_nothing = path == "/health" or operation["operationId"] == "get_caller_identity"
            assert needs_nothing or scopes_of(operation), path


def test_every_post_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    without = {
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method == "post" and not any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    }
    assert without == set()


def test_no_default_is_null_where_null_is_refused(document: dict[str, Any]) -> None:
    """A generated client sends the defaults that a document names."""
    wrong = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if described.get("default", "") is None
        and {"type": "null"} not in described.get("anyOf", ())
        and described.get("type") != "null"
    ]
    assert wrong == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names == set(document["components"]["schemas"])


def test_every_operation_documents_its_errors_as_they_are_rendered(document: dict[str, Any]) -> None:
    seen = 0
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            if path == "/health":
                continue
            responses = described["responses"]
            expected = {"401", "403", "429", "500", "503"}
            expected |= {"400"} if path.startswith("/v1/calls") else {"422"}  # as its document has it
            expected |= {"404"} if "{" in path else set()
            expected |= {"400", "413", "415"} if "requestBody" in described else set()
            expected |= {"412"} if method in {"put", "patch"} and "{" in path else set()
            expected |= {"409"} if method == "post" else set()  # an earlier one with its key is being answered
            assert expected <= set(responses), (method, path)
            for status, response in responses.items():
                if int(status) < 400:
                    continue
                (content,) = response["content"].values()
                model = next(of for prefix, of in ERROR_MODELS.items() if path.startswith(prefix))
                for example in content["examples"].values():
                    model.model_validate(example["value"])
                    seen += 1
    assert seen > 50


def test_a_surface_s_document_says_what_a_credential_may_lack(document: dict[str, Any]) -> None:
    refusals = {
        path: document["paths"][path]["get"]["responses"]["403"]
        for path in ("/v1/calls", "/api/v1/agent/founder/deals")
    }
    assert {
        path: (said["description"], *next(iter(said["content"].values()))["examples"])
        for path, said in refusals.items()
    } == {
        "/v1/calls": ("The credential lacks the scope.", "insufficient-scope"),
        "/api/v1/agent/founder/deals": ("The credential lacks the role.", "forbidden"),
    }


def test_what_an_operation_reads_is_what_its_document_shows(document: dict[str, Any]) -> None:
    parameters = document["paths"][FILES]["get"]["parameters"]
    assert {parameter["name"] for parameter in parameters if parameter["in"] == "query"} == {
        "campaignId",
        "engagementId",
        "isAICall",
        "dateFrom",
        "dateTo",
        "page",
        "pageSize",
        "cursor",
    }
    page_size = next(parameter for parameter in parameters if parameter["name"] == "pageSize")
    assert (page_size["schema"]["default"], page_size["schema"]["maximum"]) == (50, 100)
    assert document["paths"][f"{FILES}/upload-url"]["post"]["requestBody"]["required"] is True
    process = document["paths"][FILES + "/{audio_file_id}/process"]["post"]
    assert process["requestBody"].get("required", False) is False


# --- start-up -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", surfaces())
def test_every_route_is_found_by_the_pattern_of_its_router_alone(prefix: str) -> None:
    """Else a request imports what does not answer it, or is not found at all."""
    routers = [each for each in surfaces()[prefix].routes if isinstance(each, RouterOnDemand)]
    for router in routers:
        for route in router.router.routes:
            assert isinstance(route, APIRoute)
            path = re.sub(r"{\w+}", "rec_1", route.path)
            first = next(each for each in routers if each.pattern.fullmatch(path))
            assert first is router, route.path


_LOADED = """
import sys
from types import SimpleNamespace
from api.app import create_app
from api.dependencies import AppDependencies

nothing = SimpleNamespace()
app = create_app(AppDependencies(settings=nothing, services=nothing, authenticator=nothing, now=nothing))
def loaded():
    return sorted(name for name in sys.modules if name in {
        "api.audio_files.app", "api.agent.app", "api.core.app", "api.calls.app",
        "api.documentation", "joserfc", "cryptography", "boto3", "pynamodb",
    })
print(loaded())
app.state.surfaces[3].app
print(loaded())
"""


def test_a_process_starts_without_any_surface_and_loads_the_one_that_is_asked_for() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert answer.stdout.splitlines() == ["[]", "['api.calls.app']"], answer.stdout


@pytest.mark.parametrize(
    "code",
    [
        *sorted({found.code for found in ERROR_CLASSES if problems.problem_of(found("x")).status < 500}),
        "idempotency-key-reused",
        "idempotency-in-progress",
        "idempotency-answer-lost",
    ],
)
def test_every_error_of_a_client_has_a_title(code: str) -> None:
    unusable = {found.code for found in ERROR_CLASSES if issubclass(found, errors.UnusableRecording)}
    assert code in problems.TITLES or code in unusable
