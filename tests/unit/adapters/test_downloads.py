"""Downloads from other hosts: what is fetched, how much, and from where never."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from auricle.adapters.downloads import HttpsDownloads, is_public, public_address
from auricle.errors import InvalidRequest

URL = "https://files.example.com/call.mp3?key=1"


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104  # an address to refuse
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.170",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "2001:0:a9fe:a9fe::1",
        "2001:db8::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "not an address",
        "",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def resolving(*addresses: str) -> Any:
    def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_the_first_address_is_taken_if_all_are_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14", "8.8.8.8"))
    assert public_address("files.example.com") == "93.184.215.14"
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14", "10.0.0.1"))
    with pytest.raises(InvalidRequest, match="public internet"):
        public_address("files.example.com")
    monkeypatch.setattr(socket, "getaddrinfo", resolving())
    with pytest.raises(InvalidRequest, match="public internet"):
        public_address("files.example.com")


def test_a_name_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(InvalidRequest, match="not known"):
        public_address("files.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/a",
        "ftp://files.example.com/a",
        "https:///a",
        "https://files.example.com:8443/a",
        "https://files.example.com:99999/a",
        "https://user@files.example.com/a",
        "https://user:secret@files.example.com/a",
    ],
)
def test_addresses_that_are_not_asked(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14"))
    monkeypatch.setattr(socket, "create_connection", _never)
    with pytest.raises(InvalidRequest, match="must"):
        HttpsDownloads().fetch(url, tmp_path / "file", max_bytes=10, seconds=1)


def _never(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing outside may be asked")


class Host:
    """What stands in for a socket: it gives one answer, and keeps what was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked = b""
        self.connected_to: tuple[str, int] | None = None
        self.silence_s = 0.0
        self.named: str | None = None

    def install(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolving(*(addresses or ("93.184.215.14",))))
        monkeypatch.setattr(socket, "create_connection", self._connect)
        monkeypatch.setattr(ssl.SSLContext, "wrap_socket", self._wrap)

    def _connect(self, address: tuple[str, int], timeout: float) -> Host:
        self.connected_to = address
        self.silence_s = timeout
        return self

    def _wrap(self, _plain: Host, *, server_hostname: str) -> Host:
        self.named = server_hostname
        return self

    def sendall(self, content: bytes) -> None:
        self.asked += content

    def makefile(self, _mode: str) -> Any:
        from io import BytesIO

        return BytesIO(self.answer)

    def close(self) -> None:
        pass


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_file_is_fetched_from_the_address_that_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(answer("200 OK", b"ID3 ", **{"Content-Length": "4"}))
    host.install(monkeypatch)
    HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)
    assert (tmp_path / "file").read_bytes() == b"ID3 "
    assert (host.connected_to, host.named) == (("93.184.215.14", 443), "files.example.com")
    assert host.asked.startswith(b"GET /call.mp3?key=1 HTTP/1.1\r\nHost: files.example.com\r\n")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (answer("302 Found", Location="https://169.254.169.254/"), "answered 302"),
        (answer("404 Not Found"), "answered 404"),
        (answer("206 Partial Content", b"ID3"), "answered 206"),
        (answer("200 OK", b"ID3 5", **{"Content-Length": "5"}), "more than"),
        (answer("200 OK", b"ID3 5"), "more than"),
        (answer("200 OK", b"ID", **{"Content-Length": "4"}), "did not deliver"),
        (b"SSH-2.0-OpenSSH\r\n", "did not deliver"),
    ],
)
def test_what_is_not_the_file_is_refused(
    told: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Host(told).install(monkeypatch)
    with pytest.raises(InvalidRequest, match=words):
        HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)


def test_a_host_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Host(answer("200 OK", b"ID3 ")).install(monkeypatch)
    clock = iter((0.0, 6.0, 7.0))
    monkeypatch.setattr("auricle.adapters.downloads.time.monotonic", lambda: next(clock))
    with pytest.raises(InvalidRequest, match="in time"):
        HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)


def test_a_host_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14"))
    monkeypatch.setattr(socket, "create_connection", refused)
    with pytest.raises(InvalidRequest, match="did not deliver"):
        HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)


@pytest.mark.parametrize(("seconds", "silence_s"), [(60, 5.0), (3, 3)])
def test_a_host_may_be_silent_for_five_seconds(
    seconds: float, silence_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(answer("200 OK", b"ID3 "))
    host.install(monkeypatch)
    HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=seconds)
    assert host.silence_s == silence_s
    assert b"\r\naccept: */*\r\naccept-encoding: identity\r\n" in host.asked


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://files.example.com", b"/"),
        ("https://files.example.com?key=1", b"/?key=1"),
        ("https://files.example.com:443/a%20b#there", b"/a%20b"),
    ],
)
def test_what_is_asked_for(url: str, target: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(answer("200 OK", b"ID3 "))
    host.install(monkeypatch)
    HttpsDownloads().fetch(url, tmp_path / "file", max_bytes=4, seconds=5)
    assert host.asked.startswith(b"GET " + target + b" HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url", ["https://[", "https://files.example.com/ä", "https://files.example.com/a b", "https://a\x7f"]
)
def test_what_is_no_address(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="must be a valid URL"):
        HttpsDownloads().fetch(url, tmp_path / "file", max_bytes=10, seconds=1)


def test_the_bound_is_told_in_mebibytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Host(answer("200 OK", b"", **{"Content-Length": "3145729"})).install(monkeypatch)
    with pytest.raises(InvalidRequest, match="more than 3 MiB"):
        HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=3_145_728, seconds=5)


def test_a_length_that_is_no_number_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Host(answer("200 OK", b"ID3 ", **{"Content-Length": "many"})).install(monkeypatch)
    HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)
    assert (tmp_path / "file").read_bytes() == b"ID3 "


def test_the_last_moment_is_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Host(answer("200 OK", b"ID3 ")).install(monkeypatch)
    clock = iter((1.0, 6.0))
    monkeypatch.setattr("auricle.adapters.downloads.time.monotonic", lambda: next(clock))
    HttpsDownloads().fetch(URL, tmp_path / "file", max_bytes=4, seconds=5)
    assert (tmp_path / "file").read_bytes() == b"ID3 "
