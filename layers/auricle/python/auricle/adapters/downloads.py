"""Downloads over HTTPS: one address, no redirects, no way into the network the function runs in."""

from __future__ import annotations

import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from auricle.errors import InvalidRequest

_HTTPS_PORT = 443
_CHUNK_BYTES = 256 * 1024
_SILENCE_SECONDS = 5.0
"""A host that says nothing for so long says nothing more."""
_GLOBAL_V6 = IPv6Network("2000::/3")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/23"))
"""6to4, Teredo and other special purposes: an address within may lead to any IPv4 address at all."""


class HttpsDownloads:
    """Fetches files from hosts that somebody has allowed."""

    def fetch(self, url: str, path: Path, *, max_bytes: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        parts = _parts(url)
        host = _checked_host(parts)
        connection = _PinnedConnection(host, public_address(host), timeout=min(seconds, _SILENCE_SECONDS))
        try:
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request("GET", target, headers={"accept": "*/*", "accept-encoding": "identity"})
            response = connection.getresponse()
            if response.status != 200:
                raise InvalidRequest(f"the file could not be fetched: its host answered {response.status}")
            _write(response, path, max_bytes, end)
        except (OSError, HTTPException) as error:
            raise InvalidRequest("the file could not be fetched: its host did not deliver it") from error
        finally:
            connection.close()


class _PinnedConnection(HTTPSConnection):
    """To the address that was checked: a name may lead elsewhere the next time it is looked up."""

    def __init__(self, host: str, address: str, *, timeout: float) -> None:
        super().__init__(host, _HTTPS_PORT, timeout=timeout, context=ssl.create_default_context())
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]  # http.client's own


def _parts(url: str) -> SplitResult:
    """Raises InvalidRequest: not an address in printable ASCII, which is all that HTTP can send."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidRequest("must be a valid URL") from None
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise InvalidRequest("must be a valid URL: percent-encode what is not ASCII")
    return parts


def _checked_host(parts: SplitResult) -> str:
    """Raises InvalidRequest: not an HTTPS address of a host by its name, on the usual port."""
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme != "https" or not parts.hostname or port not in (None, _HTTPS_PORT):
        raise InvalidRequest("must be an https address on the usual port")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest("must not carry a user name or password")
    return parts.hostname


def public_address(host: str) -> str:
    """An address of the host's, all of which are on the public internet.

    Raises:
        InvalidRequest: it has none, or one that is not.
    """
    try:
        found = socket.getaddrinfo(host, _HTTPS_PORT, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the second: no name of a host at all, like one with an empty label
        raise InvalidRequest("its host is not known") from None
    addresses = [str(address[0]) for *_, address in found]
    if not addresses or not all(map(is_public, addresses)):
        raise InvalidRequest("its host is not on the public internet")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, and of nothing that stands in front of another address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (
        address not in _GLOBAL_V6 or any(address in tunnel for tunnel in _TUNNELS)
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _write(response: HTTPResponse, path: Path, max_bytes: int, end: float) -> None:
    too_large = InvalidRequest(f"the file has more than {max_bytes // 1024**2} MiB: upload it by signed URL instead")
    declared = response.getheader("content-length")
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise too_large
    written = 0
    with path.open("wb") as file:
        while block := response.read1(_CHUNK_BYTES):
            written += len(block)
            if written > max_bytes:
                raise too_large
            if time.monotonic() > end:
                raise InvalidRequest("the file could not be fetched in time: upload it by signed URL instead")
            file.write(block)
    if declared is not None and declared.isdigit() and written < int(declared):
        raise InvalidRequest("the file could not be fetched: its host did not deliver it")
