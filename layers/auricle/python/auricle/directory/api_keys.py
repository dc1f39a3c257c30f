"""API keys: credentials of a tenant that are made and revoked here, for systems that have no identity provider.

A key names its tenant and itself, so that it is found by one read; what proves it is a secret of 256 random bits, of
which only a digest is kept. The digest needs no salt and no slow hash: nobody guesses such a secret.

Every key ends. One that is made with another key ends with it at the latest, and when that one is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from auricle.errors import Conflict, InvalidRequest, NotYours, TokenNotFound
from auricle.identifiers import is_id, new_id
from auricle.records import RecordKind, remove_record

if TYPE_CHECKING:
    from auricle.ports import RecordStore

PREFIX = "auricle."
_SECRET_CHARACTERS = 43
USUAL_LIFETIME = timedelta(days=90)
"""Of a key that is made without saying when it ends."""
MAX_LIFETIME = timedelta(days=366)
MAX_MAKERS = 8
"""How long a line of keys may be of which each made the next: all of them are read to prove the last."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: everything but its secret."""

    org: str
    id: str
    created_at: datetime
    name: str
    digest: str
    """SHA-256 of the secret, hexadecimal."""
    user_id: str
    """On whose behalf it acts."""
    created_by: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    expires_at: datetime | None = None
    """None of keys that were made before every key had an end."""
    makers: tuple[str, ...] = ()
    """Ids of the keys it comes from: the one it was made with, the one that was made with, and so on."""
    revision: int = 1


class KeyCreator(Protocol):
    """Who makes a key: the user that a credential proves, and what it allows."""

    @property
    def user(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def key_id(self) -> str | None:
        """Of a credential that is an API key."""


API_KEYS = RecordKind("token", ApiKey, TokenNotFound)


def create_key(
    org: str,
    *,
    name: str,
    user_id: str | None,
    scopes: Sequence[str] | None,
    roles: Sequence[str] | None,
    expires_at: datetime | None,
    creator: KeyCreator,
    keys: RecordStore[ApiKey],
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key, stored, and the text that proves it: the only time that anybody sees it.

    Where they are None, user, scopes and roles are its creator's, and `expires_at` follows from `end_of_key`.

    Raises:
        InvalidRequest: it would have ended, or live for longer than any key may.
        Conflict: its creator is a key that comes from as many others as one may.
        NotYours: a scope or role that its creator does not have.
    """
    maker = keys.get(org, creator.key_id) if creator.key_id is not None else None
    end, makers = end_of_key(expires_at, maker=maker, now=now), makers_of_key(maker)
    for field, wanted, held in (("scopes", scopes, creator.scopes), ("roles", roles, creator.roles)):
        for number, each in enumerate(wanted or ()):
            if each not in held:
                raise NotYours(f"{field}.{number} is not yours to give: a token may do no more than its maker.")
    key, text = make_key(
        org=org,
        name=name,
        user_id=user_id or creator.user,
        created_by=creator.user,
        scopes=creator.scopes if scopes is None else scopes,
        roles=creator.roles if roles is None else roles,
        expires_at=end,
        makers=makers,
        now=now,
    )
    keys.add(key)
    return key, text


def end_of_key(asked: datetime | None, *, maker: ApiKey | None, now: datetime) -> datetime:
    """When a key ends that is made now.

    Raises:
        InvalidRequest: it would have ended, or live for longer than any key may.
    """
    if asked is not None and asked <= now:
        raise InvalidRequest("expiresAt must lie in the future", field="expiresAt")
    latest = now + MAX_LIFETIME
    if asked is not None and asked > latest:
        raise InvalidRequest(f"expiresAt must not be later than {MAX_LIFETIME.days} days from now", field="expiresAt")
    end = asked or now + USUAL_LIFETIME
    return min(end, maker.expires_at) if maker is not None and maker.expires_at is not None else end


def makers_of_key(maker: ApiKey | None) -> tuple[str, ...]:
    """The makers of a key that is made with that one; None where it is made with no key.

    Raises:
        Conflict: the line of makers is as long as it may be.
    """
    if maker is None:
        return ()
    if len(maker.makers) + 1 > MAX_MAKERS:
        raise Conflict(
            f"A token comes from {MAX_MAKERS} others at most. Make this one with one of those, or with a JWT."
        )
    return (maker.id, *maker.makers)


def make_key(
    *,
    org: str,
    name: str,
    user_id: str,
    created_by: str,
    scopes: Iterable[str],
    roles: Iterable[str],
    expires_at: datetime,
    makers: tuple[str, ...],
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key, and the text that proves it: the only time that anybody sees it."""
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        org=org,
        id=new_id("token", now),
        created_at=now,
        name=name,
        digest=_digest(secret),
        user_id=user_id,
        created_by=created_by,
        scopes=tuple(sorted(set(scopes))),
        roles=tuple(sorted(set(roles))),
        expires_at=expires_at,
        makers=makers,
    )
    return key, f"{PREFIX}{org}.{key.id}.{secret}"


def proven_key(text: str, keys: RecordStore[ApiKey], *, now: datetime) -> ApiKey | None:
    """The key that the text proves; None of one that is malformed, unknown, revoked, expired or forged alike."""
    parts = text.removeprefix(PREFIX).split(".")
    if len(parts) != 3 or not is_id(parts[0]) or not is_id(parts[1]) or len(parts[2]) != _SECRET_CHARACTERS:
        return None
    org, key_id, secret = parts
    try:
        key = keys.get(org, key_id)
    except TokenNotFound:
        return None
    if not hmac.compare_digest(key.digest, _digest(secret)):
        return None
    if key.expires_at is not None and now >= key.expires_at:
        return None
    # Read anew, as the key itself is: what a revoked key made is revoked in the same moment, listed or not.
    return key if not key.makers or len(keys.find(org, key.makers)) == len(key.makers) else None


def revoke_key(org: str, key_id: str, keys: RecordStore[ApiKey]) -> ApiKey:
    """Removes the key, and those that come from it. Returns the key as it was.

    Keys that come from it prove nothing as soon as it is gone: they are removed so that nobody wonders about them.

    Raises:
        TokenNotFound: there is no such key, or not any more.
        TransientError: it kept changing under the removal.
    """
    key = remove_record("token", lambda: keys.get(org, key_id), keys.remove, if_revision=None)
    position = None
    while True:
        page = keys.list(org, _PAGE, position, wanted=lambda other: key_id in other.makers)
        for other in page.records:
            keys.remove(other)
        position = page.next_position
        if position is None:
            return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
