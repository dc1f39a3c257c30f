"""What people did with a recording, counted: it changes often and says nothing of the recording itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts of one recording."""

    views: int = 0
    viewers: int = 0
    """How many users viewed it. Who they are, their own records say (`auricle.recordings.views`)."""
    viewed_ms: int = 0
    listened_ms: int = 0
    comments: int = 0
    """Those that everybody sees: private ones are counted nowhere."""
    stars: int = 0
    unread: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the comments each user has not read, by user id; private ones aside."""
    unread_private: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Likewise of private comments: each user's are shown to that user alone."""

    @property
    def all_unread(self) -> int:
        """How many marks are kept, of whatever comments."""
        return sum(map(len, (*self.unread.values(), *self.unread_private.values())))

    def as_seen_by(self, user_ids: frozenset[str]) -> Counters:
        """The counts as they are shown to a user: the private comments they have not read among the others."""
        if not self.unread_private:
            return self
        unread = dict(self.unread)
        for user, comments in self.unread_private.items():
            if user in user_ids:
                unread[user] = unread.get(user, frozenset()) | comments
        return replace(self, unread=dict(sorted(unread.items())), unread_private={})


NOTHING_COUNTED = Counters()


@dataclass(frozen=True, slots=True)
class CountersChange:
    """What to add to the counts, in the same transaction as what is counted."""

    views: int = 0
    viewers: int = 0
    viewed_ms: int = 0
    listened_ms: int = 0
    comments: int = 0
    stars: int = 0
    unread: frozenset[tuple[str, str]] = frozenset()
    """(user, comment) that became unread."""
    read: frozenset[tuple[str, str]] = frozenset()
    """(user, comment) that are unread no more. One change adds or takes away: the table cannot do both at once."""
    private: bool = False
    """Whether those comments are private."""

    def __post_init__(self) -> None:
        if self.unread and self.read:
            raise ValueError("A change of the counts makes comments unread or read, not both.")


def counted(counters: Counters, change: CountersChange) -> Counters:
    """The counts after the change."""
    before = counters.unread_private if change.private else counters.unread
    pairs = {(user, comment) for user, comments in before.items() for comment in comments}
    unread = by_user((pairs | change.unread) - change.read)
    return Counters(
        views=counters.views + change.views,
        viewers=counters.viewers + change.viewers,
        viewed_ms=counters.viewed_ms + change.viewed_ms,
        listened_ms=counters.listened_ms + change.listened_ms,
        comments=counters.comments + change.comments,
        stars=counters.stars + change.stars,
        unread=counters.unread if change.private else unread,
        unread_private=unread if change.private else counters.unread_private,
    )


def by_user(unread: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """(user, comment) pairs as the comments of each user."""
    found: dict[str, set[str]] = {}
    for user, comment in unread:
        found.setdefault(user, set()).add(comment)
    return {user: frozenset(comments) for user, comments in sorted(found.items())}
