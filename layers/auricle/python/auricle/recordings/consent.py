"""Consent: who agreed to being recorded, on what it rests, and what may be done and shown because of it.

Without consent a recording is kept and not processed, and nothing of its content is shown (`content_may_be_shown`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from auricle.errors import ConsentRequired, TransientError

if TYPE_CHECKING:
    from auricle.recordings.recording import Recording

MAX_CHANGES = 100
"""Of a recording's consent: the first and the latest are kept."""


class Consent(StrEnum):
    """Who agreed to being recorded. `withdrawn` is a refusal from the start, or consent that was taken back."""

    # The values are the wire names of the agent API's `consent_status`.
    ALL_CONSENTED = "all_consented"
    ONE_PARTY = "one_party"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"

    @property
    def allows_processing(self) -> bool:
        """Whether the next step may be taken."""
        return self in {Consent.ALL_CONSENTED, Consent.ONE_PARTY}


class BasisKind(StrEnum):
    """Where a recording's consent comes from."""

    # The values are wire names.
    STATED = "stated"
    """A client or a person said it of this recording."""
    POLICY = "policy"
    """Nobody said anything: the organization's settings decided."""


@dataclass(frozen=True, slots=True)
class ConsentBasis:
    """What a recording's present consent rests on, and since when."""

    kind: BasisKind
    at: datetime
    legal_basis: str | None = None
    """What the organization's settings named, where its policy assumed consent."""


@dataclass(frozen=True, slots=True)
class Parties:
    """What those who were recorded said themselves, as a client attests it; None: nothing is known."""

    customer: bool | None = None
    rep: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether one of them said no, whatever the other says."""
        return self.customer is False or self.rep is False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Since when consent is withdrawn, and when what there is of the recording is erased."""

    at: datetime
    erase_at: datetime
    with_recording: str | None = None
    """The recording this one is made of, where consent was withdrawn from that one."""


class ObjectAccess(StrEnum):
    """Whether the bucket gives the recording's objects out. Blocking and unblocking many of them takes a while."""

    OPEN = "open"
    BLOCKING = "blocking"
    BLOCKED = "blocked"
    UNBLOCKING = "unblocking"

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be done in the bucket."""
        return self in {ObjectAccess.OPEN, ObjectAccess.BLOCKED}

    @property
    def is_to_be_blocked(self) -> bool:
        """Whether objects are, or are about to be, kept from everybody."""
        return self in {ObjectAccess.BLOCKING, ObjectAccess.BLOCKED}


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """Who recorded which consent when. `before` is what held until then."""

    consent: Consent
    before: Consent
    at: datetime
    by: str
    note: str | None = None


def attested(before: Consent, parties: Parties) -> Consent:
    """The consent after those who were recorded have said so themselves.

    A refusal is a refusal, whoever else agrees. The customer's yes counts for both. The representative's alone is one
    party's: it takes nothing away from what all have consented to, and does not lift a withdrawal.
    """
    if parties.refused:
        return Consent.WITHDRAWN
    if parties.customer:
        return Consent.ALL_CONSENTED
    if parties.rep:
        return Consent.ONE_PARTY if before is Consent.PENDING else before
    return before


def content_may_be_shown(recording: Recording) -> bool:
    """Whether the recording's sound, transcript and everything found in them may be shown to anybody.

    This is the one rule. What lies in the record itself is taken out of it by `Recording.as_consented`, which every
    store applies; whoever reads the bucket or signs a URL asks `check_content_may_be_shown` first, and the bucket's
    policy refuses what would be forgotten.
    """
    return recording.consent.allows_processing


def check_content_may_be_shown(recording: Recording) -> None:
    """Before anything of the recording is read from the bucket, or a URL to it is signed.

    Raises:
        ConsentRequired: consent is missing or withdrawn.
        TransientError: it was recorded again a moment ago, and the bucket does not give everything out yet.
    """
    if recording.consent is Consent.WITHDRAWN:
        raise ConsentRequired(
            "Consent to this recording was withdrawn or refused: nothing of its content is shown until consent is "
            "recorded again."
        )
    if not content_may_be_shown(recording):
        raise ConsentRequired("Consent to this recording is pending: its content is shown once consent is recorded.")
    if recording.object_access is ObjectAccess.UNBLOCKING:
        raise TransientError("Consent was recorded again just now, and the audio is being made available. Try again.")
