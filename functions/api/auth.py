"""Who is asking: a signed JWT or an API key becomes a `Caller`, and a caller is allowed or not.

The tenant comes from the verified credential and from nowhere else. Credentials are never logged or kept: what is
remembered between requests is a hash of a JWT with the caller it proved. Of API keys nothing is remembered: one that
is revoked holds for no further request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from auricle.directory.api_keys import PREFIX
from auricle.directory.visibility import Viewer, viewer_of
from auricle.errors import Forbidden, Unauthenticated
from auricle.identifiers import is_id

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

    from auricle.directory.api_keys import ApiKey
    from auricle.ports import RecordStore

ALGORITHM = "RS256"
LEEWAY_S = 30
"""How far clocks may differ."""
MAX_TOKEN_BYTES = 8192
REMEMBERED_TOKENS = 1024
REMEMBERED_S = 300.0
"""A proven token is verified again after this long: a key that its issuer withdrew must not live on in memory."""

_API_KEY = PREFIX.encode()
_BARE = frozenset({b"x-api-key", b"x-siro-auth-token"})
_TWO = b"two"
_MALFORMED = "The credential is not a valid token. Send `Authorization: Bearer <token>`, a signed JWT or an API key."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a credential proves: a user of one tenant, with what they may do."""

    org: str
    user: str
    scopes: frozenset[str]
    roles: frozenset[str]
    credential: str = ""
    """What requests are counted by: the user, whichever of their tokens they send, or the API key."""
    key_id: str | None = None
    """Of an API key; None of a JWT."""
    issuer: str | None = None
    """Of a JWT; None of an API key."""
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    viewer: Viewer = field(init=False, repr=False, compare=False)
    """Who this is where recordings are to be seen: follows from the user, the scopes and the roles."""
    users_own: bool = True
    """Whether the user made it for themself: a key may act for a user who never saw it."""

    @property
    def reader(self) -> frozenset[str]:
        """Whose private comments it reads: the user's, by their ids; nobody's, of a key somebody else made for them."""
        return self.viewer.user_ids if self.users_own else frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "viewer", viewer_of(self.user, scopes=self.scopes, roles=self.roles))

    @property
    def principal(self) -> tuple[str, ...]:
        """Whose requests these are: the subject of an issuer, whichever of their tokens they send, or one API key.

        An API key that acts for a user is not that user: whoever administers the tenant makes keys for anybody.
        """
        return ("key", self.key_id) if self.key_id is not None else ("jwt", self.issuer or "", self.user)


class SigningKeys(Protocol):
    """The public keys credentials are signed with."""

    def key(self, key_id: str) -> RSAKey | None:
        """The key of that id; None when the issuer has none such. Raises TransientError."""


class Authenticator:
    """Proves bearer tokens. Verifying costs a signature check; a token seen before costs a hash."""

    def __init__(
        self,
        *,
        keys: Callable[[], SigningKeys],
        issuer: Callable[[], str],
        audience: Callable[[], str],
        api_keys: Callable[[], RecordStore[ApiKey]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._api_keys = api_keys
        self._clock = clock
        self._proven: dict[bytes, tuple[Caller, float]] = {}

    def caller(self, authorization: bytes | None) -> Caller:
        """The caller the `Authorization` header proves.

        Raises:
            Unauthenticated: no credential, or one that does not hold, saying which part.
            TransientError: the issuer's keys cannot be fetched.
        """
        token = _bearer_token(authorization)
        if token.startswith(_API_KEY):
            return self._of_api_key(token)
        fingerprint = sha256(token).digest()
        proven = self._proven.get(fingerprint)
        if proven is not None:
            if proven[1] > self._clock():
                return proven[0]
            del self._proven[fingerprint]
        caller, expires_at_s = self._verify(token)
        while len(self._proven) >= REMEMBERED_TOKENS:
            del self._proven[next(iter(self._proven))]
        self._proven[fingerprint] = (caller, min(expires_at_s, self._clock() + REMEMBERED_S))
        return caller

    def _of_api_key(self, token: bytes) -> Caller:
        from auricle.directory.api_keys import proven_key

        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            key = proven_key(token.decode("ascii"), self._api_keys(), now=now)
        except UnicodeDecodeError:
            key = None
        if key is None:  # unknown, forged, revoked or expired: who does not hold it learns nothing of it
            raise Unauthenticated("The API token is not valid (any more). Ask who administers your organization.")
        return Caller(
            org=key.org,
            user=key.user_id,
            scopes=frozenset(key.scopes),
            roles=frozenset(key.roles),
            credential=f"key {key.id}",
            key_id=key.id,
            issued_at=key.created_at,
            expires_at=key.expires_at,
            # A key made with another says of its maker no more than for whom that one acts.
            users_own=key.created_by == key.user_id and not key.makers,
        )

    def _verify(self, token: bytes) -> tuple[Caller, int | float]:
        from joserfc import jws, jwt
        from joserfc.errors import ClaimError, ExpiredTokenError, JoseError

        # The algorithm is ours to say, never the token's: neither `none` nor a public key used as an HMAC secret.
        registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        claims_registry = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY_S,
            exp={"essential": True},
            iss={"essential": True, "value": self._issuer()},
            aud={"essential": True, "value": self._audience()},
            sub={"essential": True},
            org={"essential": True},
        )
        try:
            key = self._key_of(jws.extract_compact(token).headers())
            claims = jwt.decode(token, key, algorithms=[ALGORITHM], registry=registry).claims
            claims_registry.validate(claims)
        except ExpiredTokenError:
            raise Unauthenticated("The credential has expired. Ask your identity provider for a new one.") from None
        except ClaimError as error:  # which claim is no secret: whoever signed the token put it there
            raise Unauthenticated(f"The credential is not accepted here. {error.description.rstrip('.')}.") from None
        except (JoseError, ValueError, TypeError, UnicodeError, RecursionError):
            raise Unauthenticated(_MALFORMED) from None
        return _caller_of(claims), claims["exp"]

    def _key_of(self, header: Mapping[str, Any]) -> RSAKey:
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
            raise Unauthenticated(f"The credential must be signed with {ALGORITHM} and name its key (`kid`).")
        if "crit" in header:
            raise Unauthenticated("The credential demands extensions (`crit`) that are not understood here.")
        key = self._keys().key(key_id)
        if key is None:
            raise Unauthenticated("The credential is signed with a key its issuer does not publish.")
        return key


def authorization(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The credential of an ASGI scope's headers, as an `Authorization` header has it; None where there is none.

    `x-api-key` and `x-siro-auth-token` carry it bare. A request that says two different ones proves neither: the
    answer then is a header that holds none.
    """
    found: bytes | None = None
    for name, value in headers:
        if name == b"authorization" or name in _BARE:
            credential = value if name == b"authorization" else b"Bearer " + value.strip()
            if found is not None and credential != found:
                return _TWO
            found = credential
    return found


def challenge(error: str | None, scope: str | None = None) -> str:
    """The `WWW-Authenticate` of a refusal (RFC 6750); no error where no credential was sent."""
    parts = ['Bearer realm="auricle"']
    if error:
        parts.append(f'error="{error}"')
    if scope:
        parts.append(f'scope="{scope}"')
    return ", ".join(parts)


def demand(caller: Caller, *, scope: str | None, role: str | None) -> None:
    """Lets the caller pass.

    Raises:
        Forbidden: naming the scope or role that is missing.
    """
    if scope is not None and scope not in caller.scopes:
        raise Forbidden(f"The credential lacks the scope {scope}.")
    if role is not None and role not in caller.roles:
        raise Forbidden(f"The credential lacks the role {role}.")


def _bearer_token(authorization: bytes | None) -> bytes:
    if not authorization:
        raise Unauthenticated("A credential is needed. Send `Authorization: Bearer <token>`.")
    scheme, _, token = authorization.partition(b" ")
    token = token.strip()
    if scheme.lower() != b"bearer" or not token or len(token) > MAX_TOKEN_BYTES:
        raise Unauthenticated(_MALFORMED)
    return token


def _caller_of(claims: Mapping[str, Any]) -> Caller:
    org, user, scope, roles = claims["org"], claims["sub"], claims.get("scope", ""), claims.get("roles", [])
    if not isinstance(org, str) or not is_id(org):
        raise Unauthenticated("The credential's `org` is not a tenant's id.")
    expires_at = _moment(claims["exp"])
    if expires_at is None:  # else one that never ends would count as one that does
        raise Unauthenticated("The credential's `exp` is no moment.")
    if not isinstance(user, str) or not user or len(user) > 256 or not user.isprintable():
        raise Unauthenticated("The credential's `sub` is not a user's id.")
    if not isinstance(scope, str) or not scope.isprintable():
        raise Unauthenticated("The credential's `scope` must be text, scopes separated by spaces.")
    if not isinstance(roles, list) or not all(isinstance(role, str) and role.isprintable() for role in roles):
        raise Unauthenticated("The credential's `roles` must be a list of names.")
    return Caller(
        org=org,
        user=user,
        scopes=frozenset(scope.split()),
        roles=frozenset(roles),
        credential=f"user {user}",
        issuer=claims["iss"],
        issued_at=_moment(claims.get("iat")),
        expires_at=expires_at,
    )


def _moment(stamp: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(stamp, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
