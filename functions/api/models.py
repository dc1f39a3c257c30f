"""The bases of request and response models, and the types that fields and parameters share.

Requests are read strictly: unknown fields are refused, and text is no number. Two things JSON and query strings need
beyond pydantic's strict mode stand here: a whole number may be written as 640.0, and numbers of a query string are
decimal digits alone (pydantic also reads `1_000` and `+1`).
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic.warnings import UnsupportedFieldAttributeWarning
from pydantic_core import CoreSchema, PydanticCustomError

from auricle.moments import parse_moment

# Of models that are built on first use pydantic finds the alias FastAPI gives to a body; FastAPI ignores that itself.
warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)

_EXACT_FLOATS = 2**53
"""Below this every whole number that is written as a fraction is exactly itself."""
_DIGITS = re.compile(r"-?[0-9]+(\.0+)?")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")


class _Documented(BaseModel):
    """Says defaults in words: generators of clients take a field with a `default` for one that is always there."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(schema)
        for each in handler.resolve_ref_schema(shown).get("properties", {}).values():
            default = each.pop("default", None)
            if default is not None and default not in ([], {}):
                sentence = f"`{json.dumps(default)}` where it is left out."
                each["description"] = f"{each.get('description', '')} {sentence}".strip()
        return shown


class RequestModel(_Documented):
    """Base of JSON bodies and forms in snake_case."""

    # Schemas are built on first use: a cold start that answers one request builds those of one route.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class CamelRequestModel(RequestModel):
    """Base of JSON bodies in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


class ResponseModel(_Documented):
    """Base of what is answered in snake_case. Domain objects with the same fields are shown by `model_validate`."""

    model_config = ConfigDict(extra="forbid", defer_build=True, from_attributes=True)


class CamelResponseModel(ResponseModel):
    """Base of what is answered in camelCase; made by the names that the code has."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


def left_out(**described: Any) -> Any:
    """The default of a body's field that may be left out and is never null; `model_fields_set` says whether it was."""
    return Field(default=None, **described)


# --- what requests say ------------------------------------------------------------------------------------


def _whole(given: Any) -> Any:
    if isinstance(given, float) and given.is_integer() and abs(given) < _EXACT_FLOATS:
        return int(given)
    return given


def _whole_of_text(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if _DIGITS.fullmatch(given) is None:
        raise ValueError("must be a whole number")
    return given.partition(".")[0]


def _number_of_text(given: Any) -> Any:
    if isinstance(given, str) and _DECIMAL.fullmatch(given) is None:
        raise ValueError("must be a number")
    return given


def _moment(given: Any) -> Any:
    return given if isinstance(given, datetime) else parse_moment(given if isinstance(given, str) else "")


def _end_moment(given: Any) -> Any:
    """Answers show whole seconds, so a moment taken from one and sent back as a bound includes what it came from."""
    moment = _moment(given)
    if isinstance(given, str) and len(given) <= 10:
        return datetime.combine(moment.date(), time.max, UTC)
    return moment if moment.microsecond else moment.replace(microsecond=999_999)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
"""A whole number of a JSON body: JSON has one kind of number, and some clients write 640 as 640.0."""
QueryInteger = Annotated[int, BeforeValidator(_whole_of_text)]
"""A whole number of a query string or a form."""
QueryNumber = Annotated[float, BeforeValidator(_number_of_text)]
"""A number of a query string or a form."""
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=datetime)]
"""An ISO 8601 date or moment; one without an offset is UTC."""
EndMoment = Annotated[datetime, BeforeValidator(_end_moment, json_schema_input_type=datetime)]
"""A bound that is included: a date alone means the whole of that day, a second the whole of that second."""
ByValue = Strict(False)
"""Of an enum in a JSON body, where its members stand by their values: strict models take the members alone."""
Id = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""An id given by a client: what `auricle.identifiers.is_id` admits."""
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    ),
]
"""One line of text without control characters."""
MediaType = Annotated[str, StringConstraints(max_length=127, pattern=r'^[\w.+-]+/[\w.+-]+(; ?[\w="-]+)*$')]
"""A media type with its parameters, like `audio/webm; codecs=opus`."""


def _split_at_commas(given: list[str], validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate([each for part in given for each in part.split(",")])
    except ValidationError as error:
        first = error.errors()[0]
        raise PydanticCustomError(first["type"], first["msg"]) from None


CommaSeparated = WrapValidator(_split_at_commas)
"""Of a list in a query string: given several times means the same as once, with commas between.

What is wrong with one element is said of the parameter, which has no elements that a client could count. It stands
after the `Query` that bounds how many there are.
"""

# --- what answers say -------------------------------------------------------------------------------------


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those that have a value. An answer whose route has `response_model_exclude_unset` leaves out the others."""
    return {name: value for name, value in fields.items() if value is not None}


def same_fields(model: type[BaseModel], shown: object) -> dict[str, Any]:
    """What the object has by the names of the model's fields; others are renamed or computed beside it."""
    return {name: getattr(shown, name) for name in model.model_fields if hasattr(shown, name)}


def _to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


ShownMoment = Annotated[datetime, PlainSerializer(_to_the_second, return_type=datetime)]
"""A moment in UTC like `2026-03-30T12:15:00Z`, which every client of the five documents parses."""
