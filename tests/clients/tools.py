"""The generators and validators that the tests run, installed beside `.venv`'s own packages by their locks.

openapi-generator is Java, and its package carries a runtime for it; what is JavaScript runs on the Node that the
project's lock carries. openapi-python-client takes an older typer than the project does, hence the place of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cdk_cli import wheel_folder

HERE = Path(__file__).parent
FOLDER = Path(sys.prefix) / "clients"
NODE_MODULES = FOLDER / "node_modules"
_LOCKS = ("package.json", "package-lock.json", "requirements.lock")
_STAMP = FOLDER / ".installed"


def install() -> None:
    """Installs what the locks name, unless it is there.

    Raises:
        RuntimeError: with what npm or uv printed.
    """
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _LOCKS)).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text() == wanted:
        return
    print(f"Installing the generators of clients that tests run into {FOLDER} (about 250 MB) …")  # noqa: T201
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name in _LOCKS[:2]:
        shutil.copy(HERE / name, FOLDER)
    npm = wheel_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    uv = str(Path(sys.executable).with_name("uv"))
    for command in (
        [*node(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        [uv, "venv", "--quiet", "--python", sys.executable, "python"],
        [
            *(uv, "pip", "install", "--quiet", "--python", "python", "--no-deps", "--require-hashes"),
            *("--requirements", str(HERE / "requirements.lock")),
        ],
    ):
        done = run(command, FOLDER)
        if done.status:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.printed}")
    _STAMP.write_text(wanted)


def node(script: Path) -> list[str]:
    """How a script is run by the Node that the lock carries."""
    return [str(wheel_folder() / "bin" / "node"), str(script)]


def node_tool(name: str) -> list[str]:
    """How a tool of `package.json` is run."""
    return node((NODE_MODULES / ".bin" / name).resolve())


def python_tool(name: str) -> list[str]:
    """How a tool of `requirements.in` is run."""
    return [str(FOLDER / "python" / "bin" / name)]


@dataclass(frozen=True, slots=True)
class Done:
    """What a tool answered."""

    status: int
    printed: str


def run(command: Sequence[str], folder: Path) -> Done:
    """Runs a command in a folder, with nothing of it reported to anybody."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(FOLDER / "python" / "bin"), str(wheel_folder() / "bin"), os.environ.get("PATH", "")]
        ),
        "JAVA_OPTS": "-XX:TieredStopAtLevel=1",
        "NO_COLOR": "1",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout + done.stderr)
