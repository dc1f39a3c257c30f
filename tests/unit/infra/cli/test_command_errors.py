"""What users can get wrong about the local environment ends in one plain message and exit status 1."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from infra.cli import main as cli
from infra.local import engine, keys
from infra.local.failures import HomeUnusable, KeyDamaged, PortTaken, PortUnusable
from infra.local.home import Home


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status and what stood on stderr, on one line."""
    monkeypatch.setattr("sys.argv", ["auricle", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0), " ".join(capsys.readouterr().err.split())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AURICLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("port", ["99999", "65535", "-1"])
def test_a_port_that_does_not_exist(
    command: str, port: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)
    status, message = run(monkeypatch, capsys, command)
    assert status == 1
    assert message.startswith(f"✘ Port {port} cannot be used: ports here are between 0 and 65534.")
    assert not home.exists()


def test_the_engine_refuses_such_a_port_itself(tmp_path: Path) -> None:
    with pytest.raises(PortUnusable, match="Port 99999 cannot be used: the highest is 65535"):
        engine.start(tmp_path / "home", 99_999)


@pytest.mark.parametrize(
    ("number", "failure"), [(errno.EADDRINUSE, PortTaken), (errno.EACCES, PortUnusable)], ids=["taken", "not-allowed"]
)
def test_why_a_port_cannot_be_had(
    number: int, failure: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(failure, match=r"PORT=…"):
        engine.start(tmp_path / "home", 80)


def test_a_home_that_is_a_file(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    home.write_text("a file")
    status, message = run(monkeypatch, capsys, "token", "--org", "acme")
    assert status == 1
    assert f"{home} cannot be used as AURICLE_HOME" in message
    assert "Set AURICLE_HOME to a folder of your own." in message
    with pytest.raises(HomeUnusable, match="is not a folder"):
        engine.start(home, 0)
    assert home.read_text() == "a file"


@pytest.mark.parametrize("part", ["state", "keys", "objects", "logs", "lock"])
def test_a_part_of_the_home_is_something_else(part: str, home: Path) -> None:
    home.mkdir()
    (home / part).mkdir() if part == "lock" else (home / part).write_text("")
    with pytest.raises(HomeUnusable, match="cannot be used as AURICLE_HOME"):
        engine.start(home, 0)


def test_a_home_that_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HomeUnusable, match="Permission denied"):
        engine.start(home, 0)
    with pytest.raises(HomeUnusable, match="Permission denied"):
        keys.load_or_create(home / "keys")


DAMAGED_KEYS = {
    "empty": b"",
    "cut off": RSAKey.generate_key(2048).as_pem(private=True)[:400],
    "no key": b"\x00\xffgarbage",
    "of another kind": ECKey.generate_key("P-256").as_pem(private=True),
    "public only": RSAKey.generate_key(2048).as_pem(private=False),
}


@pytest.mark.parametrize("content", DAMAGED_KEYS.values(), ids=DAMAGED_KEYS)
def test_a_damaged_signing_key(
    content: bytes, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Home(home).keys / "signing-key.pem"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    status, message = run(monkeypatch, capsys, "token", "--org", "acme")
    assert status == 1
    assert "signing-key.pem is not a private RSA key of at least 2048 bits" in message
    assert "move it away" in message
    with pytest.raises(KeyDamaged):
        engine.start(home, 0)
    assert path.read_bytes() == content, "a damaged key is never overwritten"


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "127.0.0.1:8080", "ftp://127.0.0.1"])
def test_an_address_that_is_none(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, message = run(monkeypatch, capsys, "status", "rec_1", "--url", url)
    assert status == 1
    assert "is not the address of an API" in message
