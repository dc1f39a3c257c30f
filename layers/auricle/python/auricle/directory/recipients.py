"""Whom something is for: users, and teams by their members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auricle.directory.users import members_of
from auricle.errors import InvalidRequest, TeamNotFound

if TYPE_CHECKING:
    from auricle.directory.organization_settings import RecordStores


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, or a team: whoever belongs to it when it is looked up."""

    id: str
    is_team: bool = False


def users_among(org: str, recipients: Sequence[Recipient], records: RecordStores) -> list[str]:
    """Ids of the users that the recipients are, in their order; some of them may stand there twice.

    Raises:
        InvalidRequest: a team is none of the organization's.
    """
    users: list[str] = []
    for number, recipient in enumerate(recipients):
        if not recipient.is_team:
            users.append(recipient.id)
            continue
        try:
            users += members_of(org, recipient.id, records)
        except TeamNotFound as error:
            raise InvalidRequest(error.message, field=f"recipients.{number}.key") from None
    return users
