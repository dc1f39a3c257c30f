"""The OpenAPI document: what each surface declares (`surfaces/`) and says of itself (`documents/`), put together."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.legacy.documents import REQUEST_ID, Documented, Refusal, SurfaceDocument, core
from api.legacy.faults import Fault
from api.legacy.reading import MAX_BODY_BYTES, NothingAsked
from api.legacy.surface import Operation, Surface
from auricle import __version__

DOCUMENTS: Mapping[str, SurfaceDocument] = {
    "core": core.DOCUMENT,
}
"""By the surface's name."""

_OF_EVERY_OPERATION = (
    Refusal(401, "unauthenticated", "No credential, or one that does not hold."),
    Refusal(422, "invalid-request", "A field or parameter is wrong or unknown; each is named."),
    Refusal(
        422, "answer-too-large", "The answer would have more than 6 MB; send Accept-Encoding: gzip or ask for less."
    ),
    Refusal(429, "too-many-requests", "The credential has spent its requests; Retry-After says when there are more."),
    Refusal(500, "internal-error", "Something went wrong on our side."),
    Refusal(503, "transient", "Briefly unavailable; Retry-After says when to try again."),
)
_OF_BODIES = (
    Refusal(400, "not-json", "The body is not JSON in UTF-8."),
    Refusal(413, "body-too-large", f"The body has more than {MAX_BODY_BYTES} bytes."),
    Refusal(415, "unsupported-media-type", "The body is declared to be something other than JSON."),
    Refusal(422, "record-too-large", "With what is kept already there would be more than 400 KB."),
)
_OF_POSTS = (
    Refusal(422, "idempotency-key-reused", "The Idempotency-Key was sent before, with another body."),
    Refusal(409, "idempotency-in-progress", "An earlier request with the Idempotency-Key is still being answered."),
    Refusal(409, "idempotency-answer-lost", "It has been answered, by a key since changed: the answer is unreadable."),
)
_OF_UPDATES = (Refusal(412, "precondition-failed", "If-Match names a state that is no longer the present one."),)

_REF = "#/components/schemas/{model}"
_LONG_NAME = re.compile(r"\b(?:\w+__)?(?P<module>[a-z]\w*?)__(?P<name>[A-Z]\w*)")
_PARAMETER = re.compile(r"{(\w+)}")
_ID_SCHEMA = {"type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]*$"}
_UPDATES = {"PUT", "PATCH"}
_DESCRIPTION = """\
Recorded conversations become records a team can act on.

**Credentials.** A JWT as `Authorization: Bearer …`: RS256, with `exp`, `iss`, `aud`, `sub`, `org` (the tenant), and
`scope` and `roles` as the operation says. Or an API key: as bearer, in `x-api-key` or in `x-siro-auth-token`.

**Pages.** A list says where it goes on; the cursor is good for the same caller's tenant, route and filters.

**Changes.** What can be changed carries an `etag`; sent back as `If-Match`, a change is made to that state or not at
all. A POST repeated with its `Idempotency-Key` and body gets the same answer, and is done once.

**Everything else.** Every answer carries `x-request-id`. Moments are ISO 8601 in UTC. An id that is unknown, or of
another tenant, is 404. Too many requests are 429, with `retry-after`.
"""
_HEADER_PARAMETERS: Mapping[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Chosen by the client, for one request and its repetitions.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `etag` of the state that is to be changed.",
        "schema": {"type": "string", "pattern": '^(\\*|"(0|[1-9][0-9]{0,8})")$'},
    },
}
_SECURITY_SCHEMES: Mapping[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A JWT, or an API key."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "siroAuthToken": {"type": "apiKey", "in": "header", "name": "x-siro-auth-token"},
}
"""Any one of them is enough."""


def build_document(surfaces: Sequence[Surface], *, public_url: str) -> dict[str, Any]:
    """The whole API as OpenAPI 3.1, with examples and every error each operation can return."""
    schemas = _schemas(surfaces)
    paths: dict[str, dict[str, Any]] = {"/health": {"get": _health()}}
    for surface in surfaces:
        document = DOCUMENTS[surface.name]
        changeable = {each.path for each in surface.operations if _is_conditional(each, document) and "{" in each.path}
        for operation in surface.operations:
            described = _operation(surface, operation, document, schemas, changeable)
            paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Auricle", "version": __version__, "description": _DESCRIPTION, "license": {"name": "MIT"}},
        "servers": [{"url": public_url or "/"}],
        "tags": [
            {"name": "service", "description": "What belongs to no surface."},
            *({"name": surface.name, "description": DOCUMENTS[surface.name].description} for surface in surfaces),
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.shapes,
            "parameters": _HEADER_PARAMETERS,
            "securitySchemes": _SECURITY_SCHEMES,
        },
        "security": [{name: []} for name in _SECURITY_SCHEMES],
    }


@dataclass(frozen=True, slots=True)
class _Schemas:
    """Every model's schema by its name, and what each model is called: two may have one name in the code."""

    shapes: dict[str, dict[str, Any]]
    names: Mapping[tuple[type[BaseModel], JsonSchemaMode], str]

    def read(self, model: type[BaseModel]) -> str:
        """The name of a body."""
        return self.names[model, "validation"]

    def written(self, model: type[BaseModel]) -> dict[str, str]:
        """A reference to an answer or an error."""
        return _reference(self.names[model, "serialization"])


def _schemas(surfaces: Sequence[Surface]) -> _Schemas:
    """Bodies as they are read, answers and errors as they are written."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for surface in surfaces:
        document = DOCUMENTS[surface.name]
        wanted.append((document.error, "serialization"))
        for operation in surface.operations:
            documented = document.operations[operation.name]
            body = _body_model(operation, documented)
            if body is not None:
                wanted.append((body, "validation"))
            if documented.answer is not None:
                wanted.append((documented.answer, "serialization"))
    references, made = models_json_schema(list(dict.fromkeys(wanted)), by_alias=True, ref_template=_REF)
    shapes = orjson.loads(_LONG_NAME.sub(_short_name, orjson.dumps(made["$defs"]).decode()))
    names = {each: _LONG_NAME.sub(_short_name, references[each]["$ref"]).rpartition("/")[2] for each in wanted}
    for surface in surfaces:
        for documented in DOCUMENTS[surface.name].operations.values():
            if documented.multipart is not None:
                form = shapes[names[documented.multipart, "validation"]]
                form["properties"] = {name: _as_parameter(part, {}) for name, part in form["properties"].items()}
    _close(shapes)
    return _Schemas(shapes, names)


def _close(schema: Any) -> None:
    """Keys that fit no pattern are refused, which pydantic does and does not say."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema.setdefault("additionalProperties", False)
        for each in schema.values():
            _close(each)
    elif isinstance(schema, list):
        for each in schema:
            _close(each)


def _short_name(found: re.Match[str]) -> str:
    """`api__surfaces__calls__ChangeRequest`, as pydantic tells namesakes apart, becomes `CallsChangeRequest`."""
    return "".join(word.capitalize() for word in found["module"].split("_")) + found["name"]


def _operation(
    surface: Surface,
    operation: Operation,
    document: SurfaceDocument,
    schemas: _Schemas,
    changeable: Container[str],
) -> dict[str, Any]:
    documented = document.operations[operation.name]
    needs = f"the scope `{operation.scope}`" if operation.scope else f"the role `{surface.role}`"
    parameters = [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation, document)]
    answers = _answers(documented, schemas, tagged=_is_tagged(operation, changeable))
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [surface.name],
        "summary": documented.summary,
        "description": f"{documented.description}\n\nNeeds {needs}.",
        "parameters": parameters,
        "responses": dict(sorted((answers | _refusals(surface, operation, document, schemas)).items())),
    }
    body = _body_model(operation, documented)
    if body is not None:
        name = schemas.read(body)
        content: dict[str, Any] = {"schema": _reference(name)}
        if documented.request_example:
            content["example"] = documented.request_example
        media_type = "multipart/form-data" if documented.multipart else "application/json"
        required = bool(schemas.shapes[name].get("required"))
        described["requestBody"] = {"required": required, "content": {media_type: content}}
    return described


def _body_model(operation: Operation, documented: Documented) -> type[BaseModel] | None:
    if documented.multipart is not None:
        return documented.multipart
    return None if operation.in_query or operation.reads is NothingAsked else operation.reads


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID_SCHEMA}
        for name in _PARAMETER.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if not operation.in_query:
        return []
    schema = operation.reads.model_json_schema(by_alias=True)
    required, named = schema.get("required", ()), schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _as_parameter(found, named)}
        for name, found in schema.get("properties", {}).items()
    ]


def _as_parameter(schema: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """A query parameter, or a form's part, is given or not, it is never null; and what it refers to stands in it."""
    shown = {name: value for name, value in schema.items() if name != "title" and (name, value) != ("default", None)}
    given = [choice for choice in shown.pop("anyOf", ()) if choice != {"type": "null"}]
    shown |= given[0] if len(given) == 1 else {"anyOf": given} if given else {}
    referred = named.get(shown.get("$ref", "").rpartition("/")[2])
    return {**referred, **{name: value for name, value in shown.items() if name != "$ref"}} if referred else shown


def _header_parameters(operation: Operation, document: SurfaceDocument) -> list[dict[str, str]]:
    taken = (("IdempotencyKey", operation.method == "POST"), ("IfMatch", _is_conditional(operation, document)))
    return [{"$ref": f"#/components/parameters/{name}"} for name, is_taken in taken if is_taken]


def _is_conditional(operation: Operation, document: SurfaceDocument) -> bool:
    """Whether it changes what is there, and so honours `If-Match`: PUT of a collection creates, others say so."""
    said = {refusal.status for refusal in document.operations[operation.name].refusals}
    return operation.method == "PATCH" or (operation.method == "PUT" and "{" in operation.path) or 412 in said


def _is_tagged(operation: Operation, changeable: Container[str]) -> bool:
    """Whether an answer shows one thing that can be changed, and so carries its `etag`."""
    return operation.path in changeable and operation.method in {"GET", *_UPDATES}


def _answers(documented: Documented, schemas: _Schemas, *, tagged: bool) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, says in {documented.status: documented.summary, **(documented.other_statuses or {})}.items():
        answers[str(status)] = {"description": says, "headers": _headers(status, tagged=tagged)}
        if documented.answer is not None:
            answers[str(status)]["content"] = {
                "application/json": {
                    "schema": schemas.written(documented.answer),
                    "example": documented.example,
                },
            }
    return answers


def _refusals(surface: Surface, operation: Operation, document: SurfaceDocument, schemas: _Schemas) -> dict[str, Any]:
    """Each error under its status, with an example for each code, rendered as the surface renders it."""
    documented = document.operations[operation.name]
    lacking = "scope" if operation.scope else "role"
    possible = [
        *_OF_EVERY_OPERATION,
        Refusal(403, "insufficient-scope" if operation.scope else "forbidden", f"The credential lacks the {lacking}."),
        *(_OF_BODIES if _body_model(operation, documented) and not documented.multipart else ()),
        *(_OF_POSTS if operation.method == "POST" else ()),
        *(_OF_UPDATES if _is_conditional(operation, document) else ()),
        *documented.refusals,
    ]
    described: dict[str, Any] = {}
    for refusal in {(each.status, each.code): each for each in possible}.values():
        answer = surface.render(Fault(refusal.status, refusal.code, refusal.description), operation.path, REQUEST_ID)
        media_type = dict(answer.raw_headers)[b"content-type"].decode()
        entry = described.setdefault(
            str(answer.status_code),
            {
                "description": "",
                "headers": _headers(answer.status_code),
                "content": {media_type: {"schema": schemas.written(document.error), "examples": {}}},
            },
        )
        entry["description"] = f"{entry['description']} {refusal.description}".strip()
        entry["content"][media_type]["examples"][refusal.code] = {"value": orjson.loads(answer.body)}
    return described


_SOMETIMES = {("location", 201), ("www-authenticate", 403)}
"""Of many things created there is no one place; where only an owner may do something, no credential would do."""


def _headers(status: int, *, tagged: bool = False) -> dict[str, Any]:
    """What an answer of that status carries."""
    text, seconds = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}
    said: dict[str, tuple[str, Mapping[str, Any]]] = {"x-request-id": ("Name this when asking for help.", text)}
    if status == 201:
        said["location"] = ("Where it is now.", text)
    if status in {401, 403}:
        said["www-authenticate"] = ("What the credential lacks (RFC 6750).", text)
    if status in {429, 503}:
        said["retry-after"] = ("Seconds to wait.", seconds)
    if tagged:
        said["etag"] = ("This state, for `If-Match`.", {"type": "string", "pattern": '^"[0-9]{1,9}"$'})
    return {
        name: {"description": description, "required": (name, status) not in _SOMETIMES, "schema": schema}
        for name, (description, schema) in said.items()
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=name)}


def _health() -> dict[str, Any]:
    example = {"status": "ok", "version": __version__, "environment": "dev"}
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in example},
        "required": [*example],
        "additionalProperties": False,
    }
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        "operationId": "health",
        "tags": ["service"],
        "summary": "Whether the API answers",
        "security": [],
        "responses": {"200": {"description": "It does.", "headers": _headers(200), "content": content}},
    }
