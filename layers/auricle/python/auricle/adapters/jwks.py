"""The issuer's public keys, fetched over HTTP (JWKS, RFC 7517), kept, and fetched again when keys rotate."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auricle.errors import TransientError

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

FRESH_S = 600.0
"""A key the issuer withdraws is refused after this long at the latest, while the issuer can be reached."""
STALE_S = 6 * 3600.0
"""How long known keys serve when the issuer cannot be reached."""
REFETCH_EVERY_S = 60.0
"""An unknown key id asks the issuer again at most this often: ids cost a sender nothing to invent."""
TIMEOUT_S = 3.0
MAX_DOCUMENT_BYTES = 256 * 1024
MIN_KEY_BITS = 2048


class PublishedKeys:
    """The RSA signing keys at one JWKS address."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or _fetch
        self._clock = clock
        self._keys: dict[str, RSAKey] | None = None
        self._fetched_at = 0.0
        self._asked_at = float("-inf")

    def key(self, key_id: str) -> RSAKey | None:
        """The key of that id, asking the issuer when it is unknown or the known keys are old.

        Raises:
            TransientError: the issuer cannot be reached and no keys are known that may still serve.
        """
        now = self._clock()
        known = self._keys
        if known is None or now - self._fetched_at > FRESH_S or key_id not in known:
            known = self._refreshed(now)
        return known.get(key_id)

    def _refreshed(self, now: float) -> dict[str, RSAKey]:
        usable = self._keys if now - self._fetched_at <= STALE_S else None
        if usable is not None and now - self._asked_at < REFETCH_EVERY_S:
            return usable
        self._asked_at = now
        try:
            fetched = _signing_keys(self._fetch(self._url))
        except (OSError, ValueError) as error:
            if usable is None:
                raise TransientError("The keys that sign credentials cannot be fetched. Try again shortly.") from error
            return usable
        self._keys, self._fetched_at = fetched, now
        return fetched


def _fetch(url: str) -> bytes:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError("The JWKS address must begin with http:// or https://.")
    request = Request(url, headers={"accept": "application/json"})  # noqa: S310  # the scheme is checked above
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # the scheme is checked above
            content: bytes = answer.read(MAX_DOCUMENT_BYTES + 1)
    except HTTPException as error:
        raise OSError(str(error)) from error
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ValueError("The JWKS document is too large.")
    return content


def _signing_keys(document: bytes) -> dict[str, RSAKey]:
    """The document's RSA keys for signatures, by id; keys of other kinds and uses are another's business."""
    import orjson

    try:
        listed = list(orjson.loads(document)["keys"])
    except (TypeError, KeyError) as error:
        raise ValueError("The JWKS document has no list of keys.") from error
    keys: dict[str, RSAKey] = {}
    for published in listed:
        key = _signing_key(published)
        if key is not None:
            keys[published["kid"]] = key
    return keys


def _signing_key(published: Any) -> RSAKey | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    if (
        not isinstance(published, dict)
        or published.get("kty") != "RSA"
        or published.get("use", "sig") != "sig"
        or published.get("alg", "RS256") != "RS256"
        or not isinstance(published.get("kid"), str)
    ):
        return None
    try:
        if len(published["n"]) * 6 < MIN_KEY_BITS:  # six bits a character of base64
            return None
        return RSAKey.import_key({name: published[name] for name in ("kty", "n", "e")})
    except (JoseError, ValueError, KeyError, TypeError):
        return None
