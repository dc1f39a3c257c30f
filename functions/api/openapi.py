"""The OpenAPI document: what each surface declares (`surfaces/`) and says of itself (`documents/`), put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.documents import REQUEST_ID, Documented, Refusal, SurfaceDocument, agent, audio_files, calls, core
from api.faults import Fault
from api.reading import MAX_BODY_BYTES, NothingAsked
from api.surface import Operation, Surface
from auricle import __version__

DOCUMENTS: Mapping[str, SurfaceDocument] = {
    "audio files": audio_files.DOCUMENT,
    "agent": agent.DOCUMENT,
    "core": core.DOCUMENT,
    "calls": calls.DOCUMENT,
}
"""By the surface's name."""

_OF_EVERY_OPERATION = (
    Refusal(401, "unauthenticated", "No credential, or one that does not hold."),
    Refusal(422, "invalid-request", "A field or parameter is wrong or unknown; each is named."),
    Refusal(500, "internal-error", "Something went wrong on our side."),
    Refusal(503, "transient", "Briefly unavailable; Retry-After says when to try again."),
)
_OF_BODIES = (
    Refusal(400, "not-json", "The body is not JSON in UTF-8."),
    Refusal(413, "body-too-large", f"The body has more than {MAX_BODY_BYTES} bytes."),
    Refusal(415, "unsupported-media-type", "The body is declared to be something other than JSON."),
)

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"{(\w+)}")
_ID_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
_DESCRIPTION = """\
Recorded conversations become records a team can act on.

Every request carries `Authorization: Bearer <JWT>`: RS256, with `exp`, `iss`, `aud`, `sub`, `org` (the tenant), and
`scope` and `roles` as the operation says. Every answer carries `x-request-id`. Moments are ISO 8601 in UTC.
"""


def build_document(surfaces: Sequence[Surface], *, public_url: str) -> dict[str, Any]:
    """The whole API as OpenAPI 3.1, with examples and every error each operation can return."""
    schemas = _schemas(surfaces)
    paths: dict[str, dict[str, Any]] = {"/health": {"get": _health()}}
    for surface in surfaces:
        document = DOCUMENTS[surface.name]
        for operation in surface.operations:
            described = _operation(surface, operation, document, schemas)
            paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Auricle", "version": __version__, "description": _DESCRIPTION, "license": {"name": "MIT"}},
        "servers": [{"url": public_url or "/"}],
        "tags": [{"name": surface.name, "description": DOCUMENTS[surface.name].description} for surface in surfaces],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"bearer": []}],
    }


def _schemas(surfaces: Sequence[Surface]) -> dict[str, Any]:
    """Every model by its name: bodies as they are read, answers and errors as they are written."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for surface in surfaces:
        document = DOCUMENTS[surface.name]
        wanted.append((document.error, "serialization"))
        for operation in surface.operations:
            if not operation.in_query and operation.reads is not NothingAsked:
                wanted.append((operation.reads, "validation"))
            answer = document.operations[operation.name].answer
            if answer is not None:
                wanted.append((answer, "serialization"))
    _, made = models_json_schema(list(dict.fromkeys(wanted)), by_alias=True, ref_template=_REF)
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _operation(
    surface: Surface, operation: Operation, document: SurfaceDocument, schemas: Mapping[str, Any]
) -> dict[str, Any]:
    documented = document.operations[operation.name]
    needs = f"the scope `{operation.scope}`" if operation.scope else f"the role `{surface.role}`"
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [surface.name],
        "summary": documented.summary,
        "description": f"{documented.description}\n\nNeeds {needs}.",
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": dict(sorted((_answers(documented) | _refusals(surface, operation, document)).items())),
    }
    if not operation.in_query and operation.reads is not NothingAsked:
        content: dict[str, Any] = {"schema": _ref(operation.reads)}
        if documented.request_example:
            content["example"] = documented.request_example
        required = bool(schemas[operation.reads.__name__].get("required"))
        described["requestBody"] = {"required": required, "content": {"application/json": content}}
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID_SCHEMA}
        for name in _PARAMETER.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if not operation.in_query:
        return []
    schema = operation.reads.model_json_schema(by_alias=True)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(found)}
        for name, found in schema.get("properties", {}).items()
    ]


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter is given or not; it is never null."""
    shown = {name: value for name, value in schema.items() if name != "title" and (name, value) != ("default", None)}
    given = [choice for choice in shown.pop("anyOf", ()) if choice != {"type": "null"}]
    return {**shown, **(given[0] if len(given) == 1 else {"anyOf": given} if given else {})}


def _answers(documented: Documented) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, says in {documented.status: documented.summary, **(documented.other_statuses or {})}.items():
        answers[str(status)] = {"description": says, "headers": _headers(status)}
        if documented.answer is not None:
            answers[str(status)]["content"] = {
                "application/json": {"schema": _ref(documented.answer), "example": documented.example},
            }
    return answers


def _refusals(surface: Surface, operation: Operation, document: SurfaceDocument) -> dict[str, Any]:
    """Each error under its status, with an example for each code, rendered as the surface renders it."""
    possible = [*_OF_EVERY_OPERATION, *(_OF_BODIES if not operation.in_query else ())]
    lacking = "scope" if operation.scope else "role"
    possible.append(
        Refusal(403, "insufficient-scope" if operation.scope else "forbidden", f"The credential lacks the {lacking}.")
    )
    possible += document.operations[operation.name].refusals
    described: dict[str, Any] = {}
    for refusal in possible:
        fault = Fault(refusal.status, refusal.code, refusal.description)
        answer = surface.render(fault, operation.path, REQUEST_ID)
        media_type = dict(answer.raw_headers)[b"content-type"].decode()
        entry = described.setdefault(
            str(refusal.status),
            {
                "description": "",
                "headers": _headers(refusal.status),
                "content": {media_type: {"schema": _ref(document.error), "examples": {}}},
            },
        )
        entry["description"] = f"{entry['description']} {refusal.description}".strip()
        entry["content"][media_type]["examples"][refusal.code] = {"value": orjson.loads(answer.body)}
    return described


def _headers(status: int) -> dict[str, Any]:
    said = {"x-request-id": "Name this when asking for help."}
    if status == 201:
        said["location"] = "Where it is now."
    if status in {401, 403}:
        said["www-authenticate"] = "What the credential lacks (RFC 6750)."
    if status == 503:
        said["retry-after"] = "Seconds to wait."
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in said.items()}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _health() -> dict[str, Any]:
    content = {"application/json": {"example": {"status": "ok", "version": __version__, "environment": "dev"}}}
    return {
        "operationId": "health",
        "summary": "Whether the API answers",
        "security": [],
        "responses": {"200": {"description": "It does.", "content": content}},
    }
