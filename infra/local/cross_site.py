"""Requests that pages of other sites send to this machine, and which of them may pass.

Both ports listen on loopback, where every page that is open in a browser of this machine can send requests: forms,
images, `fetch` with text/plain, or anything at all from a host name that the page's owner lets point to 127.0.0.1
(DNS rebinding). Pages cannot forge what the browser itself says in `Host`, `Origin` and `Sec-Fetch-Site`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local.failures import LocalEnvironmentError

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
CORS_VARIABLE = "AURICLE_CORS_ORIGINS"

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_RAW_TARGET = re.compile(rb"/[\x21-\x22\x24-\x7e]*")


class RequestRefused(Exception):
    """The request comes from where it must not, or is none; with the HTTP status to answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def configured_origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The origins whose pages may call the local environment, from AURICLE_CORS_ORIGINS.

    Raises:
        LocalEnvironmentError: one of them is no origin, or is `*`.
    """
    origins = tuple(part.strip() for part in environment.get(CORS_VARIABLE, "").split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise LocalEnvironmentError(
                f"{CORS_VARIABLE} lists the origins whose pages may call, separated by commas, such as "
                f"http://localhost:3000 (in lower case, no path, no wildcard). It was given {origin!r}."
            )
    return origins


@dataclass(frozen=True, slots=True)
class CrossSiteRules:
    """What may come to one port: requests to a loopback name, from no page, its own pages, or configured origins."""

    port: int
    origins: frozenset[str] = field(default_factory=frozenset)

    def check(self, scope: Mapping[str, Any]) -> None:
        """Check a request to the API. Raises RequestRefused."""
        host = self.check_address(scope)
        origin, site = _page(scope)
        if origin is not None:
            if origin != f"http://{host}" and origin not in self.origins:
                raise RequestRefused(
                    403,
                    f"Pages of this origin may not call. Start Auricle with {CORS_VARIABLE} naming it if they should.",
                )
        elif site not in {None, "none", "same-origin"}:
            raise RequestRefused(403, "Pages of other sites may not call or link here. Open the address yourself.")

    def check_address(self, scope: Mapping[str, Any]) -> str:
        """Check that the request is well formed and meant for this server; returns its Host. Raises RequestRefused."""
        if not _RAW_TARGET.fullmatch(scope["raw_path"]) or not scope["query_string"].isascii():
            raise RequestRefused(400, "The request's address must be a path in ASCII, percent-encoded.")
        hosts = _values(scope, b"host")
        found = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if found is None:
            raise RequestRefused(400, "The request needs one Host header with a name and a port.")
        if found["name"] not in LOOPBACK_HOSTS or int(found["port"] or 80) != self.port:
            raise RequestRefused(403, f"This server is http://127.0.0.1:{self.port}, and answers to no other name.")
        return found[0]


def sent_by_a_page(scope: Mapping[str, Any]) -> bool:
    """Whether a browser sent it for a page, whichever that is."""
    origin, site = _page(scope)
    return origin is not None or site not in {None, "none"}


def _page(scope: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """`Origin` and `Sec-Fetch-Site` of a request. Raises RequestRefused where one is given twice."""
    origins, sites = _values(scope, b"origin"), _values(scope, b"sec-fetch-site")
    if len(origins) > 1 or len(sites) > 1:
        raise RequestRefused(400, "Origin and Sec-Fetch-Site may be given once.")
    return next(iter(origins), None), next(iter(sites), None)


def _values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value.decode("latin-1").strip() for present, value in headers if present.lower() == name]
