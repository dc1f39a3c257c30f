"""What an organization decides for all of its recordings, where the code would otherwise decide by its defaults.

Settings are stored whole, with every field and the version of their form: a default that changes in the code changes
nothing that is stored. A new setting is a new field of `OrganizationSettings`, a value in `DEFAULTS`, and the next
`VERSION`. The field itself has a default then, for settings that were stored before it: what held until it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from auricle.errors import Conflict, NotFound
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.records import RecordKind, change_record

if TYPE_CHECKING:
    from auricle.ports import RecordStore
    from auricle.records import T

VERSION = 1
"""Of the form settings are stored in: one more whenever a field is added."""

MAX_GRACE_DAYS = 365


class ConsentPolicy(StrEnum):
    """What holds for a recording whose client says nothing of consent."""

    # The values are wire names.
    ASSUMED = "assumed"
    """It is processed, on the legal basis the settings name."""
    HELD = "held"
    """It is kept and not processed until somebody records consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSettings:
    """The settings of one tenant."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    revision: int
    version: int
    consent_policy: ConsentPolicy
    consent_legal_basis: str
    """In the organization's own words; noted with every recording whose consent is assumed."""
    consent_grace_days: int
    """Between the withdrawal of consent and the erasure of the recording."""

    @property
    def consent_grace(self) -> timedelta:
        """How long after its withdrawal consent can be recorded again."""
        return timedelta(days=self.consent_grace_days)


SETTINGS = RecordKind("organization-settings", OrganizationSettings, NotFound)

DEFAULTS: Mapping[str, Any] = {
    "consent_policy": ConsentPolicy.ASSUMED,
    "consent_legal_basis": "legitimate interest",
    "consent_grace_days": 30,
}
"""What holds until the organization says otherwise."""


class RecordStores(Protocol):
    """Where records are."""

    def records(self, kind: RecordKind[T]) -> RecordStore[T]: ...


def settings_of(org: str, *, records: RecordStores, now: datetime) -> OrganizationSettings:
    """The tenant's settings; the defaults, at revision 0, of one that has not changed any."""
    found = records.records(SETTINGS).find(org, [org]).get(org)
    if found is not None:
        return found
    return OrganizationSettings(
        org=org, id=org, created_at=now, updated_at=now, revision=0, version=VERSION, **DEFAULTS
    )


def change_settings(
    org: str,
    changes: Mapping[str, Any],
    *,
    records: RecordStores,
    now: datetime,
    if_revision: int | None = None,
) -> OrganizationSettings:
    """The settings with those fields changed; what is not named stays as it is.

    Changing nothing writes nothing.

    Raises:
        PreconditionFailed: they are not at `if_revision` (any more).
        TransientError: they kept changing under the write.
    """
    stored = records.records(SETTINGS)

    def write(after: OrganizationSettings, before: OrganizationSettings) -> bool:
        if before.revision:
            return stored.replace(after, expected=before)
        try:
            stored.add(replace(after, revision=1))
        except Conflict:
            return False
        return True

    return change_record(
        "settings",
        lambda: settings_of(org, records=records, now=now),
        write,
        lambda before: replace(before, **changes),
        now=now,
        if_revision=if_revision,
    )


def consent_at_creation(
    org: str, stated: Consent | None, *, records: RecordStores, now: datetime
) -> tuple[Consent, ConsentBasis]:
    """The consent a recording begins with, and its basis: what its client states, else what the policy says."""
    if stated is not None:
        return stated, ConsentBasis(BasisKind.STATED, now)
    settings = settings_of(org, records=records, now=now)
    if settings.consent_policy is ConsentPolicy.HELD:
        return Consent.PENDING, ConsentBasis(BasisKind.POLICY, now)
    return Consent.ALL_CONSENTED, ConsentBasis(BasisKind.POLICY, now, settings.consent_legal_basis)
