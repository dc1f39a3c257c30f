"""The people conversations concern: as much of a CRM as a timeline needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer of the tenant. `phone` and `email` are kept as given."""

    org: str
    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    revision: int = 1
