"""Addresses that clients send, as one grammar: what it admits, every parser of URLs reads the same way.

A host by its DNS name or an IPv4 address, no user name or password, a port there can be, and printable ASCII with
whole percent-encodings after it. Other characters are sent percent-encoded (RFC 3986), names of hosts in punycode.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_CHARACTER = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\[\]|-]|%[0-9A-Fa-f]{2})"
_AFTER_SCHEME = rf"{_LABEL}(?:\.{_LABEL}){{0,20}}(?::{_PORT})?(?:[/?]{_CHARACTER}*)?(?:#{_CHARACTER}*)?$"
_HTTPS = f"^https://{_AFTER_SCHEME}"
_WEB = f"^https?://{_AFTER_SCHEME}"

DEEPLINK_PATTERN = r"^[A-Za-z][A-Za-z0-9+.-]*:[!#-\[\]-~]+$"
"""Of an app, by a scheme of its own: what follows it is the app's to read."""


def _url(pattern: str, max_length: int, what: str) -> Any:
    """Text of that pattern and length, refused in words that follow the field's name."""
    text = Annotated[str, StringConstraints(max_length=max_length, pattern=pattern)]
    return Annotated[text, BeforeValidator(_checked(re.compile(pattern), what), json_schema_input_type=text)]


def _checked(pattern: re.Pattern[str], what: str) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        if not isinstance(given, str) or pattern.fullmatch(given) is None:
            raise ValueError(f"must be a valid {what} URL")
        return given

    return check


HttpsUrl = _url(_HTTPS, 2048, "HTTPS")
"""It is kept and shown, and never fetched."""
WebUrl = _url(_WEB, 2048, "HTTP or HTTPS")
"""Of a page somebody can open."""
SignedUrl = _url(_WEB, 8192, "HTTP or HTTPS")
"""Of a file that is fetched: signatures make it long."""
