"""Consent is a gate: what is not consented to is kept and not processed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_CHANGES = 100
"""Of a recording's consent: the first and the latest are kept."""


class Consent(StrEnum):
    """Who agreed to being recorded. The values are the wire names of the agent API's `consent_status`."""

    ALL_CONSENTED = "all_consented"
    ONE_PARTY = "one_party"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"

    @property
    def allows_processing(self) -> bool:
        """Whether the next step may be taken."""
        return self in {Consent.ALL_CONSENTED, Consent.ONE_PARTY}


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """Who recorded which consent when. `before` is what held until then."""

    consent: Consent
    before: Consent
    at: datetime
    by: str
    note: str | None = None
