"""What goes into AWS: folders of code and dependencies, made without Docker and named by their content.

Everything is built under `build/` in a folder whose name is the hash of what it is made from, in one step at
the end: a second build finds it, and two builds at once do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "assets"
FUNCTIONS = ROOT / "functions"
DOMAIN = ROOT / "layers" / "auricle" / "python"

_NOT_SHIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


class FunctionMissing(FileNotFoundError):
    """A function the stack names has no folder with a handler."""


def function_names() -> list[str]:
    """Every folder of `functions/` that holds a handler."""
    return sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))


def function_folder(name: str) -> Path:
    """The folder to zip for one function: its own code and nothing else.

    Raises:
        FunctionMissing: when `functions/{name}/handler.py` is not there.
    """
    source = FUNCTIONS / name
    if not (source / "handler.py").is_file():
        raise FunctionMissing(
            f"functions/{name}/handler.py does not exist, but the service stack deploys a function {name!r}."
        )
    return _built(f"function-{name}", [source], lambda target: _copy(source, target / name))


def domain_folder() -> Path:
    """The folder to zip for the layer of the domain: it becomes /opt/python/auricle."""
    return _built("layer-auricle", [DOMAIN], lambda target: _copy(DOMAIN, target / "python"))


def content_hash(paths: Iterable[Path], *facts: str) -> str:
    """SHA-256 (20 hex digits) over files' relative names and bytes, and over facts besides."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(_shipped_files(path)) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    for fact in facts:
        digest.update(f"\0{fact}".encode())
    return digest.hexdigest()[:20]


def _shipped_files(folder: Path) -> Iterable[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_SHIPPED]
        yield from (Path(parent) / file for file in files)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_NOT_SHIPPED), dirs_exist_ok=True)


def _built(kind: str, made_from: Iterable[Path], fill: Callable[[Path], None], *facts: str) -> Path:
    """The finished folder `build/assets/{kind}-{hash}`, filled if it is not there yet."""
    finished = BUILD / f"{kind}-{content_hash(made_from, *facts)}"
    if finished.is_dir():
        return finished
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=BUILD))
    try:
        unfinished.chmod(0o755)
        fill(unfinished)
        try:
            unfinished.rename(finished)
        except OSError:
            if not finished.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return finished
