"""The OpenAPI documents: FastAPI's own output for each surface, with the errors and headers that every operation has.

An operation names its own errors beside its route, `responses=errors(RECORDING_NOT_FOUND)`. Those that follow from
what a route is (a credential, a body, an Idempotency-Key, If-Match) are added here, each with the example that the
surface's renderer makes of it. Source: FastAPI's documentation, "Extending OpenAPI".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from api.dependencies import ROLE
from api.forms import MEDIA_TYPE, Form
from api.on_demand import RouterOnDemand
from api.problems import DOCUMENTED_ERRORS, PossibleError, Problem, Renderer
from api.requests import MAX_BODY_BYTES
from api.sub_application import LICENSE
from auricle import __version__


@dataclass(frozen=True, slots=True)
class _Surface:
    """How the errors of a surface look."""

    error_model: type[BaseModel]
    render: Renderer


REQUEST_ID_SHOWN = "8d6f1c2e-6a0b-4c55-9d0e-2f1f3a9c7b11"
_OF_FASTAPI = "Successful Response"
_METHODS = ("get", "post", "put", "patch", "delete")
_UPDATES = {"put", "patch"}
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

_OTHER_CREDENTIALS = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "An API key, or a JWT."},
    "siroAuthToken": {
        "type": "apiKey",
        "in": "header",
        "name": "x-siro-auth-token",
        "description": "An API key, or a JWT.",
    },
}
"""Where the credential may stand instead of `Authorization`."""

_OF_EVERY_OPERATION = (
    PossibleError(401, "unauthenticated", "No credential, or one that does not hold."),
    PossibleError(422, "invalid-request", "A field or parameter is wrong or unknown; each is named."),
    PossibleError(
        422, "answer-too-large", "The answer would have more than 6 MB; send Accept-Encoding: gzip or ask for less."
    ),
    PossibleError(429, "too-many-requests", "The credential has spent its requests; Retry-After says when to go on."),
    PossibleError(500, "internal-error", "Something went wrong on our side."),
    PossibleError(503, "transient", "Briefly unavailable; Retry-After says when to try again."),
)
_LACKING_SCOPE = PossibleError(403, "insufficient-scope", "The credential lacks the scope.")
_LACKING_ROLE = PossibleError(403, "forbidden", "The credential lacks the role.")
_OF_BODIES = (
    PossibleError(400, "not-json", "The body is not JSON in UTF-8."),
    PossibleError(413, "body-too-large", f"The body has more than {MAX_BODY_BYTES} bytes."),
    PossibleError(415, "unsupported-media-type", "The body is declared to be something other than JSON."),
    PossibleError(422, "record-too-large", "With what is kept already there would be more than 400 KB."),
)
_OF_FORMS = (
    PossibleError(400, "broken-form", "The form is broken, was not sent whole, or is not in UTF-8."),
    PossibleError(415, "unsupported-media-type", "The body is not multipart/form-data."),
)
_OF_POSTS = (
    PossibleError(422, "idempotency-key-reused", "The Idempotency-Key was sent before, with another body."),
    PossibleError(409, "idempotency-in-progress", "An earlier request with the key is still being answered."),
    PossibleError(409, "idempotency-answer-lost", "It has been answered; the answer is not kept any more."),
)
_OF_UPDATES = (PossibleError(412, "precondition-failed", "If-Match names a state that is no longer the present one."),)


def surface_document(app: FastAPI, error_model: type[BaseModel]) -> dict[str, Any]:
    """The document of a surface, whose errors are answered as the model."""
    surface = _Surface(error_model, app.state.render)
    routes = list(_routes(app.routes))
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
        servers=_servers(app),
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, made = models_json_schema([(surface.error_model, "serialization")], ref_template="#/components/schemas/{model}")
    schemas |= made["$defs"]
    _show_forms(document, routes)
    _mend([schemas, document["paths"]])
    components["securitySchemes"] = components.get("securitySchemes", {}) | _OTHER_CREDENTIALS
    for path, operations in document["paths"].items():
        operations.pop("head", None)
        changeable = "{" in path and any(_takes(operations[each], "If-Match") for each in operations)
        for method, operation in operations.items():
            _complete(operation, path, surface, tagged=changeable and method in {"get", *_UPDATES})
            _describe_bodies(operation, schemas)
    _show_examples(document, routes)
    return document


def merged_document(surfaces: Iterable[Mapping[str, Any]], app: FastAPI) -> dict[str, Any]:
    """The documents of all surfaces as one, with the health check."""
    from api.app import Health

    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Auricle", "version": __version__, "description": _DESCRIPTION, "license": LICENSE},
        "servers": _servers(app),
        "tags": [{"name": "service", "description": "What belongs to no surface."}],
        "paths": {"/health": {"get": _HEALTH}},
        "components": {"schemas": {"Health": Health.model_json_schema()}},
    }
    for document in surfaces:
        surface = document["info"]["title"].removeprefix("Auricle ")
        merged["tags"] += [{**tag, "name": _subject(surface, tag["name"])} for tag in document["tags"]]
        for path, operations in document["paths"].items():
            merged["paths"][path] = {
                method: {**operation, "tags": [_subject(surface, tag) for tag in operation["tags"]]}
                for method, operation in operations.items()
            }
        for kind, found in document["components"].items():
            merged["components"].setdefault(kind, {}).update(found)
    return merged


def _subject(surface: str, tag: str) -> str:
    """The name of a subject among those of all surfaces: two of them have recordings."""
    return tag if tag == surface else f"{surface} {tag}"


_HEALTH = {
    "operationId": "health",
    "tags": ["service"],
    "summary": "Whether the API answers",
    "security": [],
    "responses": {
        "200": {
            "description": "It does.",
            "headers": {
                "x-request-id": {"description": "Name this when asking for help.", "schema": {"type": "string"}}
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
        },
        "429": {"description": "Too many requests at once, of all clients together: the gateway's own answer."},
    },
}


def _servers(app: FastAPI) -> list[dict[str, str]]:
    return [{"url": app.state.dependencies.settings().public_url or "/"}]


def _routes(routes: Iterable[BaseRoute]) -> Iterable[BaseRoute]:
    for route in routes:
        yield from route.router.routes if isinstance(route, RouterOnDemand) else (route,)


def _takes(operation: Mapping[str, Any], header: str) -> bool:
    return any(each["name"] == header for each in operation.get("parameters", ()))


def _complete(operation: dict[str, Any], path: str, surface: _Surface, *, tagged: bool) -> None:
    """Adds what follows from what the operation is: its errors, and the headers of its answers."""
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _not_null(parameter["schema"])
    body = operation.get("requestBody", {}).get("content", {})
    needed = next(iter(operation["security"][0].values()))
    possible = [
        *_OF_EVERY_OPERATION,
        _LACKING_ROLE if needed and needed[0].startswith(ROLE) else _LACKING_SCOPE,
        *(_OF_BODIES if "application/json" in body else ()),
        *(_OF_FORMS if MEDIA_TYPE in body else ()),
        *(_OF_POSTS if _takes(operation, "Idempotency-Key") else ()),
        *(_OF_UPDATES if _takes(operation, "If-Match") else ()),
    ]
    operation["security"] += [{scheme: needed} for scheme in _OTHER_CREDENTIALS]
    responses: dict[str, Any] = operation["responses"]
    if DOCUMENTED_ERRORS not in responses.get("422", {DOCUMENTED_ERRORS: ()}):
        del responses["422"]  # FastAPI's own, in a shape that nothing here has
    for status, response in responses.items():
        possible += [PossibleError(int(status), code, said) for code, said in response.pop(DOCUMENTED_ERRORS, ())]
    of_success = {status: each for status, each in responses.items() if status < "300"}
    described: dict[str, Any] = {}
    for each in {(one.status, one.code): one for one in possible}.values():
        _describe(described, each, path, surface)
    operation["responses"] = dict(sorted({**described, **of_success}.items()))
    for status, response in operation["responses"].items():
        response["headers"] = _headers(int(status), tagged=tagged and status < "300") | response.get("headers", {})


def _describe_bodies(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Describes what is sent, and what is answered where all is well, as their models do."""
    answers = [each for status, each in operation["responses"].items() if status < "300"]
    for part in (operation.get("requestBody", {}), *answers):
        if part and part.get("description", _OF_FASTAPI) == _OF_FASTAPI:
            references = [content["schema"].get("$ref", "") for content in part.get("content", {}).values()]
            names = [reference.rpartition("/")[2] for reference in references]
            found = [schemas[name]["description"] for name in names if name in schemas]
            part["description"] = found[0] if found else "It is done."


def _form_of(route: APIRoute) -> type[BaseModel] | None:
    """The model of the form that the route reads."""
    called = (each.call for each in route.dependant.dependencies)
    return next((each.model for each in called if isinstance(each, Form)), None)


def _show_forms(document: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Shows the bodies that are read after the caller is known, of which FastAPI knows nothing."""
    for route in routes:
        model = _form_of(route) if isinstance(route, APIRoute) else None
        if model is not None and isinstance(route, APIRoute):
            _, made = models_json_schema([(model, "validation")], ref_template="#/components/schemas/{model}")
            document["components"]["schemas"] |= made["$defs"]
            content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
            for method in route.methods or ():
                document["paths"][route.path][method.lower()]["requestBody"] = {"required": True, "content": content}


def _show_examples(document: Mapping[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Shows the example of each body and answer that its model has, with its nulls, which FastAPI leaves out."""
    examples: dict[str, Any] = {}
    for route in routes:
        if isinstance(route, APIRoute):
            bodies = [_form_of(route), *(param.field_info.annotation for param in route.dependant.body_params)]
            others = [response.get("model") for response in route.responses.values()]
            for model in (route.response_model, *bodies, *others):
                extra = getattr(model, "model_config", {}).get("json_schema_extra")
                if isinstance(extra, dict) and "examples" in extra:
                    examples[f"#/components/schemas/{model.__name__}"] = extra["examples"][0]
    for reference, example in examples.items():
        document["components"]["schemas"][reference.rpartition("/")[2]]["examples"] = [example]
    for operations in document["paths"].values():
        for operation in operations.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for content in part.get("content", {}).values():
                    if content["schema"] == {}:  # of a route that returns nothing
                        content |= {"schema": {"const": None}, "example": None}
                    reference = content["schema"].get("$ref")
                    if reference in examples:
                        content["example"] = examples[reference]


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is given or not, it is never null."""
    given = [choice for choice in schema.pop("anyOf", ()) if choice != {"type": "null"}]
    return {**schema, **(given[0] if len(given) == 1 else {"anyOf": given} if given else {})}


def _describe(described: dict[str, Any], error: PossibleError, path: str, surface: _Surface) -> None:
    answer = surface.render(Problem(error.status, error.code, error.description), path, REQUEST_ID_SHOWN)
    reference = {"$ref": f"#/components/schemas/{surface.error_model.__name__}"}
    entry = described.setdefault(str(answer.status_code), {"description": "", "content": {}})
    entry["description"] = f"{entry['description']} {error.description}".strip()
    content = entry["content"].setdefault(answer.media_type, {"schema": reference, "examples": {}})
    content["examples"][error.code] = {"value": orjson.loads(answer.body)}


_SOMETIMES = {("location", 201), ("www-authenticate", 403)}
"""Of many things created there is no one place; where only an owner may do something, no credential would do."""


def _headers(status: int, *, tagged: bool) -> dict[str, Any]:
    """What an answer of that status carries."""
    text, seconds = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}
    carried: dict[str, tuple[str, Mapping[str, Any]]] = {"x-request-id": ("Name this when asking for help.", text)}
    if status == 201:
        carried["location"] = ("Where it is now.", text)
    if status in {401, 403}:
        carried["www-authenticate"] = ("What the credential lacks (RFC 6750).", text)
    if status in {429, 503}:
        carried["retry-after"] = ("Seconds to wait.", seconds)
    if tagged:
        carried["etag"] = ("This state, for `If-Match`.", {"type": "string", "pattern": '^"[0-9]{1,9}"$'})
    return {
        name: {"description": description, "required": (name, status) not in _SOMETIMES, "schema": schema}
        for name, (description, schema) in carried.items()
    }


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _mend(schema: Any) -> None:
    """Says two things in JSON Schema's words that pydantic does not: that keys which fit no pattern are refused, and
    the bounds of numbers that a validator reads first. For generators of clients it leaves out the titles that pydantic
    makes of fields' names, which types would be named after, and writes what is always null as a constant,
    since openapi-generator's Python knows no type of that name."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        fields = properties.values() if isinstance(properties, dict) else ()
        for each in (schema.get("schema"), schema.get("items"), *fields):
            if isinstance(each, dict):
                if isinstance(each.get("title"), str):
                    del each["title"]
                if each.get("type") == "null":
                    del each["type"]
                    each["const"] = None
        if "patternProperties" in schema:
            schema.setdefault("additionalProperties", False)
        for name in _BOUNDS.keys() & schema.keys():
            if isinstance(schema[name], int | float):
                schema[_BOUNDS[name]] = schema.pop(name)
        for each in schema.values():
            _mend(each)
    elif isinstance(schema, list):
        for each in schema:
            _mend(each)
