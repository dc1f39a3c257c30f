"""Who may see a recording: the one rule for private and undiscoverable recordings.

A private recording is seen, found and changed by its owner, by holders of the scope `org:admin` and by the role
`founder`; for everybody else it does not exist. A recording that is not discoverable is left out of what others list
and search, and opened by whoever has its id. A recording without an owner has nobody but administrators and founders.

The stores of `visible_stores` apply this rule, so that whoever reads through them cannot forget it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from auricle.errors import NotYours
from auricle.identifiers import is_id

ADMIN_SCOPE = "org:admin"
FOUNDER_ROLE = "founder"


class Restricted(Protocol):
    """What the rule reads: of a recording, or of its line on a timeline."""

    @property
    def user_id(self) -> str | None: ...
    @property
    def private(self) -> bool: ...
    @property
    def discoverable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody of the tenant who asks for recordings."""

    user_ids: frozenset[str]
    """The user's ids: the subject of their credential, and the directory's id where that is another."""
    sees_all: bool = False

    def owns(self, recording: Restricted) -> bool:
        """Whether it is the viewer's own."""
        return recording.user_id in self.user_ids

    def may_open(self, recording: Restricted) -> bool:
        """Whether it exists for a viewer who has its id."""
        return not recording.private or self.sees_all or self.owns(recording)

    def may_find(self, recording: Restricted) -> bool:
        """Whether it is listed, found and counted for the viewer."""
        return (recording.discoverable and not recording.private) or self.sees_all or self.owns(recording)

    def may_restrict(self, recording: Restricted) -> bool:
        """Whether the viewer may say who sees it."""
        return self.sees_all or self.owns(recording)

    def check_change(self, before: Restricted, *, private: bool, discoverable: bool) -> None:
        """Whether the viewer may give the recording these flags.

        Raises:
            NotYours: they differ from what they are, and the recording is somebody else's.
        """
        if (private, discoverable) != (before.private, before.discoverable) and not self.may_restrict(before):
            raise NotYours(
                "Only the recording's owner or an administrator may change who sees it: isPrivate and discoverable."
            )


def viewer_of(user: str, *, scopes: Collection[str], roles: Collection[str]) -> Viewer:
    """The viewer that a credential proves: its subject, scopes and roles."""
    return Viewer(_ids_of(user), ADMIN_SCOPE in scopes or FOUNDER_ROLE in roles)


def _ids_of(user: str) -> frozenset[str]:
    if is_id(user):
        return frozenset((user,))
    from auricle.directory.users import directory_id

    # A recording that was uploaded for a user by their address has the directory's id of them.
    return frozenset((user, directory_id(user)))
