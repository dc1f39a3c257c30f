"""API keys: credentials of a tenant that are made and revoked here, for systems that have no identity provider.

A key names its tenant and itself, so that it is found by one read; what proves it is a secret of 256 random bits, of
which only a digest is kept. The digest needs no salt and no slow hash: nobody guesses such a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from auricle.collection import Kind
from auricle.errors import TokenNotFound
from auricle.identifiers import is_id, new_id

if TYPE_CHECKING:
    from auricle.ports import Collection

PREFIX = "auricle."
_SECRET_CHARACTERS = 43


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
    revision: int = 1


API_KEYS = Kind("token", ApiKey, TokenNotFound)


def make_key(
    *,
    org: str,
    name: str,
    user_id: str,
    created_by: str,
    scopes: Iterable[str],
    roles: Iterable[str],
    expires_at: datetime | None,
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
    )
    return key, f"{PREFIX}{org}.{key.id}.{secret}"


def proven_key(text: str, keys: Collection[ApiKey], *, now: datetime) -> ApiKey | None:
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
    return key if key.expires_at is None or now < key.expires_at else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
