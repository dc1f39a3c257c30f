"""What goes into AWS: folders of code, dependencies and weights, made without Docker and named by their content.

Everything is built under `build/assets/` in a folder whose name is the hash of what it is made from, moved there
when it is complete: a second build finds it, and two builds at once do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "assets"
FUNCTIONS = ROOT / "functions"
DOMAIN = ROOT / "layers" / "auricle" / "python"
IMAGES = ROOT / "infra" / "images"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"

PYTHON = "3.13"
"""The interpreter of Lambda's python3.13 runtime."""
PLATFORM = "aarch64-manylinux_2_34"
"""Graviton, and the glibc of Amazon Linux 2023, which that runtime stands on. An older glibc (manylinux2014)
would leave out packages that publish no wheels for it any more: av is one."""
ZIP_LIMIT_BYTES = 250 * 1024 * 1024
"""What a function and its layers may unpack to."""

NOT_BUNDLED = "NOT_BUNDLED"
"""A file of this name marks an asset without its dependencies: good for looking at templates, not to deploy."""

_BYTECODE_MAGIC = 3571
"""Of CPython 3.13 (Lib/importlib/_bootstrap_external.py): other interpreters' bytecode would be ignored there."""
_CACHES = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
_LAYOUT_VERSION = "2"
_KEPT = 4


class FunctionMissing(FileNotFoundError):
    """A function that the stack names has no folder with a handler."""


class BundlingFailed(RuntimeError):
    """Dependencies could not be fetched or do not fit; the message says which."""


def function_names() -> list[str]:
    """Every folder of `functions/` that holds a handler."""
    return sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))


@dataclass(frozen=True, slots=True)
class Bundler:
    """Makes asset folders.

    `complete` is False where templates are wanted and nothing is deployed from here: dependencies, weights and
    bytecode are left out, which needs no network and takes no time. The templates differ in those assets' hashes
    alone, and have to: under the same hash, what is not there would be taken for uploaded already.
    """

    complete: bool = True

    def function(self, name: str) -> Path:
        """The folder to zip for one function: its own code and nothing else.

        Raises:
            FunctionMissing: when `functions/{name}/handler.py` is not there.
        """
        source = _function_source(name)
        return self._built(f"function-{name}", [source], lambda target: self._code(source, target / name))

    def domain(self) -> Path:
        """The folder to zip for the layer of the domain: it becomes /opt/python/auricle."""
        return self._built("layer-auricle", [DOMAIN], lambda target: self._code(DOMAIN, target / "python"))

    def dependencies(self, extra: str) -> Path:
        """The folder to zip for the layer of one extra of pyproject.toml, in the lock's versions.

        boto3 and botocore are in it, though the runtime has its own: those change without notice, and the laptop,
        the tests and the cloud speak through one pinned SDK (29 MB of the layer).

        Raises:
            BundlingFailed: when a wheel for the platform cannot be had.
        """
        return self._built(
            f"layer-{extra}",
            [LOCK, PROJECT],
            lambda target: self._dependencies(extra, target / "python"),
            extra,
        )

    def image(
        self, name: str, *, extras: Sequence[str], functions: Sequence[str], whisper_model: str | None = None
    ) -> Path:
        """The folder Docker builds `infra/images/{name}/Dockerfile` in: code, requirements and weights, no more.

        It is made without Docker; whoever deploys builds it. `whisper_model` is fetched where this machine does not
        have it yet, and an image whose weights cannot be had is marked: it is not deployed.
        """
        sources = [_function_source(function) for function in functions]
        weights = _whisper_weights(whisper_model) if self.complete and whisper_model else None

        def fill(target: Path) -> None:
            shutil.copy(IMAGES / name / "Dockerfile", target)
            for source in sources:
                _copy(source, target / "functions" / source.name)
            _copy(DOMAIN, target / "domain")
            if not self.complete:
                _mark_incomplete(target, f"Extras: {', '.join(extras)}. Whisper: {whisper_model}.")
                return
            (target / "requirements.txt").write_text(requirements(extras), encoding="utf-8")
            _convert_models(target / "models")
            if weights:
                weights.place(target)

        made_from = [IMAGES / name, *sources, DOMAIN, LOCK, PROJECT]
        facts = [weights.identity] if weights else [str(whisper_model)]
        return self._built(f"image-{name}", made_from, fill, *extras, *facts)

    def _code(self, source: Path, target: Path) -> None:
        _copy(source, target)
        if self.complete:
            _compile(target)

    def _dependencies(self, extra: str, target: Path) -> None:
        target.mkdir()
        if not self.complete:
            _mark_incomplete(target.parent)
            return
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "requirements.txt"
            wanted.write_text(requirements([extra]), encoding="utf-8")
            _uv(
                "install",
                *("--target", str(target), "--requirements", str(wanted), "--require-hashes", "--no-deps"),
                *("--python-version", PYTHON, "--python-platform", PLATFORM, "--only-binary", ":all:"),
                *("--link-mode", "copy"),
            )
        _strip(target)
        _compile(target)

    def _built(self, kind: str, made_from: Iterable[Path], fill: Callable[[Path], None], *facts: str) -> Path:
        """The finished folder `build/assets/{kind}-{hash}`, filled if it is not there yet."""
        completeness = f"bytecode {_interpreter() is not None}" if self.complete else NOT_BUNDLED
        finished = BUILD / f"{kind}-{content_hash(made_from, _LAYOUT_VERSION, completeness, *facts)}"
        if finished.is_dir():
            os.utime(finished)
            return finished
        BUILD.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=BUILD))
        try:
            unfinished.chmod(0o755)
            fill(unfinished)
            try:
                unfinished.rename(finished)
            except OSError:
                if not finished.is_dir():  # another build was first: then its folder is as good as ours
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        _forget_old(kind)
        return finished


def _forget_old(kind: str) -> None:
    """Sources change often and folders are large: the last few of a kind are kept."""
    folders = [path for path in BUILD.glob(f"{kind}-*") if re.fullmatch(rf"{kind}-[0-9a-f]{{20}}", path.name)]
    for old in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def requirements(extras: Sequence[str]) -> str:
    """The blocks of requirements.lock, with their hashes, that the project and these extras need.

    uv says which packages those are; versions and hashes come from the lock alone.

    Raises:
        BundlingFailed: when the lock lacks a package, or uv cannot resolve.
    """
    resolved = _uv(
        "compile",
        str(PROJECT),
        *("--constraints", str(LOCK), "--python-version", PYTHON, "--python-platform", PLATFORM),
        *("--no-header", "--no-annotate", "--no-emit-index-url"),
        *(argument for extra in extras for argument in ("--extra", extra)),
    )
    names = {_canonical(line.split("==")[0]) for line in resolved.splitlines() if "==" in line and line[0].isalnum()}
    blocks = _lock_blocks()
    missing = names - blocks.keys()
    if missing:
        raise BundlingFailed(f"requirements.lock lacks {', '.join(sorted(missing))}: run `make lock`.")
    return "".join(blocks[name] for name in sorted(names))


def content_hash(paths: Iterable[Path], *facts: str) -> str:
    """SHA-256 (20 hex digits) over files' relative names and bytes, and over facts besides."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(_shipped_files(path)) if path.is_dir() else [path]:
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    for fact in facts:
        digest.update(f"\0{fact}".encode())
    return digest.hexdigest()[:20]


def size_bytes(folder: Path) -> int:
    """What the folder's files add up to."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def bytecode_hint() -> str:
    """One line for whoever built without bytecode: what it costs, and what would bring it."""
    if _interpreter():
        return "Bytecode: not compiled in, as this was not bundled for AWS."
    return (
        f"Bytecode: NOT compiled in, as no Python {PYTHON} is to be found here. Cold starts take about twice as "
        f"long; install Python {PYTHON}, or name one with PYTHON{PYTHON.replace('.', '')}=/path/to/python."
    )


def _function_source(name: str) -> Path:
    source = FUNCTIONS / name
    if not (source / "handler.py").is_file():
        raise FunctionMissing(f"functions/{name}/handler.py does not exist, but the app deploys a function {name!r}.")
    return source


def _shipped_files(folder: Path) -> Iterable[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _CACHES]
        yield from (Path(parent) / file for file in files)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_CACHES), dirs_exist_ok=True)


def _mark_incomplete(target: Path, lacking: str = "") -> None:
    said = f"Synthesized with bundling=false: for looking at, not to deploy. {lacking}".strip()
    (target / NOT_BUNDLED).write_text(f"{said}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _WhisperWeights:
    """The weights of a whisper model on this machine; without a folder they could not be had."""

    model: str
    folder: Path | None
    files: tuple[str, ...]
    identity: str
    """Changes with the files, or says why there are none."""

    def place(self, image: Path) -> None:
        """Puts the weights where the image's functions look for them, linked where possible: they are gigabytes."""
        from auricle.speech.whisper_weights import folder_name

        if self.folder is None:
            (image / NOT_BUNDLED).write_text(f"{self.identity}\n", encoding="utf-8")
            return
        target = image / "models" / folder_name(self.model)
        target.mkdir()
        for name in self.files:
            _link((self.folder / name).resolve(), target / name)


def _whisper_weights(model: str) -> _WhisperWeights:
    """Fetched where they are not here yet, and checked against what is pinned or recorded.

    Raises:
        WeightsChanged: when they are other bytes than those.
    """
    from auricle.adapters.s3 import fetch_folder
    from auricle.errors import ModelUnavailable, WeightsChanged
    from auricle.settings import Settings
    from auricle.speech.whisper_weights import fetch_whisper, verify_whisper

    models = Settings.from_environment(os.environ).models_path
    try:
        folder = fetch_whisper(model, models, fetch_folder=fetch_folder)
        hashes = verify_whisper(model, folder, models)
    except WeightsChanged:
        raise
    except ModelUnavailable as error:
        return _WhisperWeights(model, None, (), error.message)
    return _WhisperWeights(model, folder, tuple(hashes), f"{model} {sorted(hashes.items())}")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _convert_models(target: Path) -> None:
    from auricle.speech.models import ensure_models

    target.mkdir()
    ensure_models(target)


def _strip(site_packages: Path) -> None:
    """Removes what no import reads: packages' own tests, installers' records, scripts of the build machine."""
    for folder in [path for path in site_packages.rglob("*") if path.name in {"tests", *_CACHES} and path.is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)
    for record in site_packages.glob("*.dist-info/*"):
        if record.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}:
            record.unlink()
    shutil.rmtree(site_packages / "bin", ignore_errors=True)


def _compile(folder: Path) -> None:
    """Bytecode that is never checked against its source: zips lose the times that the usual check compares."""
    interpreter = _interpreter()
    if interpreter is None:
        return
    subprocess.run(
        [
            interpreter,
            "-m",
            "compileall",
            "-q",
            "-j",
            "0",
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            folder,
            folder,
        ],
        check=False,  # a package may carry a template that is no Python; it stays source
        stdout=subprocess.DEVNULL,
    )


@cache
def _interpreter() -> str | None:
    """A Python whose bytecode the runtime accepts, or None."""
    named = os.environ.get(f"PYTHON{PYTHON.replace('.', '')}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        named,
        sys.executable,
        shutil.which(f"python{PYTHON}"),
        *sorted(map(str, pyenv.glob(f"{PYTHON}.*/bin/python{PYTHON}"))),
    ]
    return next((path for path in candidates if path and _makes_right_bytecode(path)), None)


def _makes_right_bytecode(path: str) -> bool:
    question = "import importlib.util as u; print(int.from_bytes(u.MAGIC_NUMBER[:2], 'little'))"
    try:
        answer = subprocess.run([path, "-c", question], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == str(_BYTECODE_MAGIC)


def _uv(command: str, *arguments: str) -> str:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise BundlingFailed("uv is not installed: run `make setup`.")
    done = subprocess.run(
        [uv, "pip", command, "--quiet", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BundlingFailed(f"uv pip {command} failed:\n{done.stderr.strip()}")
    return done.stdout


@cache
def _lock_blocks() -> dict[str, str]:
    """By canonical name: the lines of one package in the lock (both where a marker splits it in two)."""
    blocks: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8")):
        name = re.match(r"[A-Za-z0-9._-]+(?===|\[)", block)
        if name:
            key = _canonical(name[0])
            blocks[key] = blocks.get(key, "") + block.rstrip("\n") + "\n"
    return blocks


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.split("[")[0].strip()).lower()
