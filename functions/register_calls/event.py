"""The event of a completed call, parsed once: EventBridge's `detail` as facts of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from auricle.crm.calls import PHONE_PATTERN, CallDirection, Changes, checked_metadata
from auricle.errors import InvalidRequest
from auricle.identifiers import is_id
from auricle.moments import parse_moment


def _id(given: str) -> str:
    if not is_id(given):
        raise ValueError("must be an id")
    return given


def _moment(given: Any) -> datetime:
    return parse_moment(given if isinstance(given, str) else "")


_Id = Annotated[str, AfterValidator(_id)]
_Phone = Annotated[str, StringConstraints(pattern=PHONE_PATTERN)]
_Moment = Annotated[datetime, BeforeValidator(_moment)]


class CallCompleted(BaseModel):
    """The detail of `call.completed`. What a telephony system adds to it is its own affair, and is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    org: _Id
    call_id: _Id
    direction: CallDirection
    from_number: _Phone | None = None
    to_number: _Phone | None = None
    agent_id: _Id | None = None
    contact_id: _Id | None = None
    campaign_id: _Id | None = None
    started_at: _Moment | None = None
    ended_at: _Moment | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(checked_metadata)] | None = None


class _Event(BaseModel):
    """As much of EventBridge's envelope as is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    time: _Moment
    detail: CallCompleted


def parse_call_completed(event: Mapping[str, Any]) -> tuple[str, str, Changes, datetime]:
    """The tenant, the call's id, its changes, and when it happened.

    Raises:
        InvalidRequest: naming the fields that are wrong, and nothing of what they hold: it will be logged.
    """
    try:
        parsed = _Event.model_validate(event)
    except ValidationError as error:
        wrong = sorted({".".join(str(part) for part in found["loc"]) for found in error.errors(include_input=False)})
        raise InvalidRequest(f"The event cannot be read: {', '.join(wrong)}.", field=wrong[0]) from None
    detail = parsed.detail
    named = detail.model_fields_set - {"org", "call_id"}
    return detail.org, detail.call_id, {name: getattr(detail, name) for name in named}, parsed.time.astimezone(UTC)
