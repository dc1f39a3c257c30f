"""The local environment's own secrets: the key pair that signs tokens (and its JWKS), and the AWS secret."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import time
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from infra.environments import environment_named
from infra.local.failures import KeyDamaged, SecretDamaged
from infra.local.home import usable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# A name, not an address: tokens stay good whichever port the environment is served on.
ISSUER = environment_named("local").identity.issuer
AUDIENCE = environment_named("local").identity.audience
MIN_KEY_BITS = 2048

SECRET_BYTES = 30
_SECRET = re.compile(r"[A-Za-z0-9_-]{40}")


def load_or_create(folder: Path) -> RSAKey:
    """The environment's key pair, made at the first call and kept in `folder` (mode 0600).

    Raises HomeUnusable where the folder cannot be used, and KeyDamaged where the file holds no such key.
    """
    path = folder / "signing-key.pem"
    with usable(folder.parent):
        content = _read_or_create(path, lambda: RSAKey.generate_key(MIN_KEY_BITS, private=True).as_pem(private=True))
    try:
        key = RSAKey.import_key(content)
    except (ValueError, TypeError, JoseError) as error:
        raise KeyDamaged(str(path), "it is empty" if not content else "it cannot be read as one") from error
    if not key.is_private:
        raise KeyDamaged(str(path), "it holds a public key only")
    if key.raw_value.key_size < MIN_KEY_BITS:
        raise KeyDamaged(str(path), f"it has {key.raw_value.key_size} bits")
    return key


def aws_secret(folder: Path) -> str:
    """The secret that requests to the AWS port are signed with, made at the first call and kept in `folder` (0600).

    Raises HomeUnusable where the folder cannot be used, and SecretDamaged where the file holds no such secret.
    """
    path = folder / "aws-secret"
    with usable(folder.parent):
        content = _read_or_create(path, lambda: secrets.token_urlsafe(SECRET_BYTES).encode())
    found = content.decode("latin-1").strip()
    if not _SECRET.fullmatch(found):
        raise SecretDamaged(str(path))
    return found


def _read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; written first, and readable by its owner only, where there is none."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(make())
        try:
            os.link(unfinished, path)  # fails where another process was first: then its file is the one
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return path.read_bytes()


def jwks(key: RSAKey) -> bytes:
    """The public half as a JWKS document."""
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "RS256"}
    return json.dumps({"keys": [public]}).encode()


def issue_token(
    key: RSAKey,
    *,
    org: str,
    user: str = "local-user",
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    ttl_s: int = 86_400,
) -> str:
    """A signed JWT for one user of one tenant, good for `ttl_s` seconds."""
    now_s = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user,
        "org": org,
        "roles": list(roles),
        "scope": " ".join(scopes),
        "iat": now_s,
        "exp": now_s + ttl_s,
    }
    return jwt.encode({"alg": "RS256", "kid": key.thumbprint()}, claims, key)
