"""Lambda: a completed call is announced on the bus (`telephony`, `call.completed`), and it is registered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.crm.calls import CALLS, upsert_call
from register_calls.event import parse_call_completed


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """What cannot be read is raised, as everything else is: Lambda tries twice more, then it lies in the queue.

    The tenant is the one the event names: whoever may put events on the bus is inside the account, and trusted.
    """
    org, call_id, facts, happened_at = parse_call_completed(event)
    wired = bootstrap()
    outcome = upsert_call(
        org,
        call_id,
        facts,
        # One that comes from a clock ahead must not win over what comes next.
        happened_at=min(happened_at, datetime.now(UTC)),
        calls=wired.records(CALLS),
        contacts=wired.contacts,
    )
    logger().info("call", extra={"org": org, "call": call_id, "outcome": outcome.value})
    return {"call": outcome.value}
