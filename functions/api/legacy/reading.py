"""What a request says, parsed once at the edge: JSON bodies and query strings into typed, frozen values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, get_args
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from api.legacy.faults import Fault, FieldFault, Refused, first_faults
from api.legacy.json_bodies import InvalidValues, NotJson, parse_json
from auricle.errors import InvalidRequest
from auricle.moments import parse_moment

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES = 1024 * 1024
_MAX_QUERY_PARAMETERS = 100
_EXACT_FLOATS = 2**53
"""Below this every whole number that is written as a fraction is exactly itself."""


class Asked(BaseModel):
    """Base of everything a request may say: unknown fields are refused, and nothing changes afterwards."""

    # Built on first use: a cold start that answers one request builds the one schema it needs.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True, populate_by_name=False)
    repeatable: ClassVar[frozenset[str]] = frozenset()
    """Query parameters that may be given several times: it means the same as once, with commas between."""

    def named_recordings(self) -> Sequence[str]:
        """Ids in a body whose recordings its answer is about, besides the one in the path."""
        return ()


class NothingAsked(Asked):
    """Of routes that take neither parameters nor a body."""


def _moment(given: Any) -> Any:
    """An ISO 8601 date or moment as a moment; one without an offset is UTC."""
    return parse_moment(given if isinstance(given, str) else "")


def _end_moment(given: Any) -> Any:
    """Like `_moment`, but a date alone means the whole of that day, and a second the whole of that second.

    Answers show whole seconds, so a moment taken from one and sent back as a bound includes what it came from.
    """
    moment = _moment(given)
    if len(given) <= 10:
        return datetime.combine(moment.date(), time.max, UTC)
    return moment if moment.microsecond else moment.replace(microsecond=999_999)


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=datetime)]
EndMoment = Annotated[datetime, BeforeValidator(_end_moment, json_schema_input_type=datetime)]
Whole = BeforeValidator(lambda given: int(given) if isinstance(given, float) and given.is_integer() else given)
"""For integers within a union, of which the reader of bodies cannot tell that 2.0 is meant to be whole."""
Id = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""An id given by a client: what `auricle.identifiers.is_id` admits."""
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    ),
]
"""One line of text without control characters."""


_Model = TypeVar("_Model", bound=Asked)


def read_query(request: Request, model: type[_Model]) -> _Model:
    """The query string as the model.

    Raises:
        Refused: 422 naming every parameter that is wrong, unknown or given twice.
    """
    text = request.scope["query_string"]
    given: dict[str, str] = {}
    if text:
        try:
            pairs = parse_qsl(
                text.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_QUERY_PARAMETERS,
            )
        except ValueError:
            raise InvalidRequest("The query string is not valid: percent-encode it as UTF-8.") from None
        for name, value in pairs:
            given[name] = f"{given[name]},{value}" if name in given and name in model.repeatable else value
        twice = {name for name, many in Counter(name for name, _ in pairs).items() if many > 1} - model.repeatable
        if twice:
            raise refused([FieldFault(name, "is given more than once") for name in sorted(twice)])
    return as_model(given, model)


def as_model(given: Mapping[str, str], model: type[_Model]) -> _Model:
    """Texts by their names as the model: of a query string, or of a form.

    Raises:
        Refused: 422 naming every one that is wrong or unknown.
    """
    numbers = _number_fields(model)
    faults = [FieldFault(name, numbers[name][1]) for name in given if name in numbers]
    faults = [fault for fault in faults if numbers[fault.field][0].fullmatch(given[fault.field]) is None]
    if faults:
        raise refused(faults)
    try:
        return model.model_validate_strings(given, strict=False)
    except ValidationError as error:
        raise refused(_field_faults(error)) from None


_WHOLE_NUMBER = (re.compile(r"-?[0-9]+(\.0+)?"), "must be a whole number")
_NUMBER = (re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?"), "must be a number")


@cache
def _number_fields(model: type[Asked]) -> Mapping[str, tuple[re.Pattern[str], str]]:
    """How numbers are written, by the names of those the model has.

    Pydantic reads more than that from text: `1_000`, `+1`, ` 1 `, NaN.
    """
    found = {}
    for name, field in model.model_fields.items():
        types = {field.annotation, *get_args(field.annotation)}
        if float in types:
            found[field.alias or name] = _NUMBER
        elif int in types:
            found[field.alias or name] = _WHOLE_NUMBER
    return found


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """The JSON body as the model; no body at all is an empty object.

    Raises:
        Refused: 413, 415, 400 for what is not JSON in UTF-8, 422 naming every field that is wrong or unknown.
    """
    content = await request.body()
    if len(content) > MAX_BODY_BYTES:
        raise Refused(Fault(413, "body-too-large", f"The body may have {MAX_BODY_BYTES} bytes at most."))
    if content and not _is_json(request.headers.get("content-type")):
        raise Refused(
            Fault(415, "unsupported-media-type", "Send the body as JSON, with Content-Type: application/json.")
        )
    try:
        given = parse_json(content or b"{}", was_decoded=_was_decoded(request))
        return _read_json(content or b"{}", given, model)
    except NotJson as error:
        raise _not_json(str(error)) from None
    except InvalidValues as error:
        raise refused(error.faults) from None
    except ValidationError as error:
        # What Python's parser takes and pydantic's does not: depth.
        if error.error_count() == 1 and error.errors(include_url=False)[0]["type"] == "json_invalid":
            raise _not_json("it is nested too deeply") from None
        raise refused(_field_faults(error)) from None


def _not_json(reason: str) -> Refused:
    return Refused(Fault(400, "not-json", f"The body is not JSON in UTF-8: {reason}."))


def _was_decoded(request: Request) -> bool:
    """Whether API Gateway handed the body on as text, having decoded it."""
    event = request.scope.get("aws.event")
    return event is not None and not event.get("isBase64Encoded", False)


def _read_json(content: bytes, given: Any, model: type[_Model]) -> _Model:
    """The JSON as the model. JSON has one kind of number: 640.0 is a whole one, and some clients write it so."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        places = [
            found["loc"]
            for found in error.errors(include_url=False, include_context=False)
            if found["type"] == "int_type" and isinstance(found["input"], float) and found["input"].is_integer()
        ]
        if not places:
            raise
    return model.model_validate_json(_with_whole_numbers(given, places))


def _with_whole_numbers(given: Any, places: Sequence[tuple[str | int, ...]]) -> bytes:
    import orjson

    for *way, last in places:
        holder = given
        with suppress(LookupError, TypeError):  # a place within a union has steps that the JSON does not
            for step in way:
                holder = holder[step]
            if abs(holder[last]) < _EXACT_FLOATS:
                holder[last] = int(holder[last])
    return orjson.dumps(given)


def _is_json(content_type: str | None) -> bool:
    media_type = (content_type or "application/json").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def refused(faults: Iterable[FieldFault]) -> Refused:
    """422, naming the first of the fields."""
    named = first_faults(faults)
    detail = "; ".join(f"{fault.field} {fault.message}" if fault.field else fault.message for fault in named[:5])
    return Refused(Fault(422, "invalid-request", f"{detail}.", fields=named))


def _field_faults(error: ValidationError) -> Iterator[FieldFault]:
    """Pydantic's findings in words a client understands; what was sent is not repeated."""
    for found in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in found["loc"])
        yield FieldFault(field, _MESSAGES.get(found["type"]) or _as_clause(found["msg"]))


_MESSAGES = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_parsing_size": "is out of range",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "has characters that are not allowed here",
}


def _as_clause(message: str) -> str:
    """`Input should be less than 5` → `should be less than 5`: it follows the field's name."""
    for opening in ("Value error, ", "Input "):
        message = message.removeprefix(opening)
    return message[:1].lower() + message[1:]
