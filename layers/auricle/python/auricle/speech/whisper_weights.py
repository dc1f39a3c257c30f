"""Whisper's weights: which revision of them, what the files hash to, and where they lie on this machine.

Nothing carries them, so they are fetched when a machine or an image is set up (`fetch_whisper`), and only found
when a recording is transcribed (`find_whisper`). A name on the hub means one commit there, not the newest one:
`PINNED` says which, with each file's SHA-256. What is fetched from anywhere else is recorded in `RECORD` the first
time, and must be the same the next time.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from auricle.errors import AuricleError, ModelUnavailable, WeightsChanged

FetchFolder = Callable[[str, Path], None]
"""Copies everything under an `s3://` prefix into a folder; raises an AuricleError when it cannot."""

DownloadProgress = Callable[[int, int], None]
"""Called while weights are downloaded with the bytes there so far and the bytes in all."""

RECORD = "whisper.lock.json"
"""Lies beside the fetched weights: by model the revision and SHA-256 of what was fetched."""

_REQUIRED_FILES = ("model.bin", "config.json", "tokenizer.json")
_WANTED_FILES = (*_REQUIRED_FILES, "preprocessor_config.json", "vocabulary.*")
_HASHED_AT_ONCE_BYTES = 1024 * 1024

_TOKENIZER = {
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_ENGLISH_TOKENIZER = {
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
}
_LARGE_V3_FEATURES = {
    "preprocessor_config.json": "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
    "vocabulary.json": "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
}
_LARGE_V3_TOKENIZER = {"tokenizer.json": "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"}


@dataclass(frozen=True, slots=True)
class PinnedWeights:
    """One conversion of a Whisper model for CTranslate2. All of these are under the MIT licence."""

    repository: str
    """On the Hugging Face hub."""
    revision: str
    """The commit there."""
    sha256: Mapping[str, str]
    """Of every file that is read, by name."""


def _systran(name: str, revision: str, model: str, config: str, others: Mapping[str, str]) -> PinnedWeights:
    return PinnedWeights(f"Systran/{name}", revision, {"model.bin": model, "config.json": config, **others})


_LARGE_V3_TURBO = PinnedWeights(
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
    {
        "model.bin": "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        "config.json": "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e",
        "tokenizer.json": "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
        **_LARGE_V3_FEATURES,
    },
)

PINNED: Mapping[str, PinnedWeights] = MappingProxyType(
    {
        "tiny": _systran(
            "faster-whisper-tiny",
            "d90ca5fe260221311c53c58e660288d3deb8d356",
            "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
            "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8",
            _TOKENIZER,
        ),
        "tiny.en": _systran(
            "faster-whisper-tiny.en",
            "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            _ENGLISH_TOKENIZER,
        ),
        "base": _systran(
            "faster-whisper-base",
            "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            _TOKENIZER,
        ),
        "base.en": _systran(
            "faster-whisper-base.en",
            "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
            "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef",
            "f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb",
            _ENGLISH_TOKENIZER,
        ),
        "small": _systran(
            "faster-whisper-small",
            "536b0662742c02347bc0e980a01041f333bce120",
            "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
            "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828",
            _TOKENIZER,
        ),
        "small.en": _systran(
            "faster-whisper-small.en",
            "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
            "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a",
            "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae",
            _ENGLISH_TOKENIZER,
        ),
        "medium": _systran(
            "faster-whisper-medium",
            "08e178d48790749d25932bbc082711ddcfdfbc4f",
            "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
            "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807",
            _TOKENIZER,
        ),
        "medium.en": _systran(
            "faster-whisper-medium.en",
            "a29b04bd15381511a9af671baec01072039215e3",
            "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b",
            "4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962",
            _ENGLISH_TOKENIZER,
        ),
        "large-v2": _systran(
            "faster-whisper-large-v2",
            "f0fe81560cb8b68660e564f55dd99207059c092e",
            "bf2a9746382e1aa7ffff6b3a0d137ed9edbd9670c3b87e5d35f5e85e70d0333a",
            "d86b7a7664a12559d644aa210a32ce9a7e03913e794b7ea4fb7182de69e273a7",
            _TOKENIZER,
        ),
        "large-v3": _systran(
            "faster-whisper-large-v3",
            "edaa852ec7e145841d8ffdb056a99866b5f0a478",
            "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
            "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
            {**_LARGE_V3_TOKENIZER, **_LARGE_V3_FEATURES},
        ),
        "distil-large-v3": _systran(
            "faster-distil-whisper-large-v3",
            "c3058b475261292e64a0412df1d2681c06260fab",
            "b79368e19b6623813609431a6e5ee309a71506701ebc49fd7820e692dec7c5f5",
            "90c55f775cc4e0bb17293d0bf12f96557a486f20dea886fabd8e6075a3588b21",
            {**_LARGE_V3_TOKENIZER, **_LARGE_V3_FEATURES},
        ),
        "turbo": _LARGE_V3_TURBO,
        "large-v3-turbo": _LARGE_V3_TURBO,
    }
)


def find_whisper(model: str, models: Path) -> Path | None:
    """The folder of `model`'s weights where they are on this machine already, else None. Reads no network.

    `model` is a folder, an `s3://` prefix, a name of `PINNED`, or a repository of the hub (`owner/name`, or
    `owner/name@commit`). `models` is where fetched weights are kept; what faster-whisper has downloaded of the same
    commit before is found too.
    """
    if _is_folder(model):
        folder = Path(model).expanduser()
        return folder if _is_complete(folder) else None
    kept = models / folder_name(model)
    if _is_complete(kept):
        return kept
    return None if model.startswith("s3://") else _in_hub_cache(*_hub_source(model, models))


def fetch_whisper(
    model: str,
    models: Path,
    *,
    fetch_folder: FetchFolder | None = None,
    progress: DownloadProgress | None = None,
) -> Path:
    """The folder of `model`'s weights, fetched first where they are not on this machine.

    `fetch_folder` is asked for `s3://` prefixes; other names come from the hub, and `progress` hears of it. Raises
    `ModelUnavailable`, which says where the weights were looked for, and `WeightsChanged` for other bytes than the
    pinned or recorded ones.
    """
    found = find_whisper(model, models)
    if found is not None:
        return found
    if _is_folder(model):
        raise ModelUnavailable(
            f"There is no whisper model in the folder {model}: it must hold {', '.join(_REQUIRED_FILES)}."
        )
    target = models / folder_name(model)
    models.mkdir(parents=True, exist_ok=True)
    # Complete or not there at all: another process may be looking.
    with tempfile.TemporaryDirectory(dir=models, prefix=".fetching-") as workspace:
        arriving = Path(workspace) / target.name
        arriving.mkdir()
        if model.startswith("s3://"):
            _fetch_prefix(model, arriving, fetch_folder)
            revision = None
        else:
            repository, revision = _hub_source(model, models)
            revision = _fetch_from_hub(repository, revision, arriving, progress)
        if not _is_complete(arriving):
            raise ModelUnavailable(
                f"{model} is not a faster-whisper model: {', '.join(_REQUIRED_FILES)} must be there."
            )
        shutil.rmtree(arriving / ".cache", ignore_errors=True)
        _check_and_record(model, arriving, models, revision)
        try:
            arriving.rename(target)
        except OSError:
            if not _is_complete(target):
                raise
    return target


def verify_whisper(model: str, folder: Path, models: Path) -> Mapping[str, str]:
    """The SHA-256 of every file of `model` in `folder`, checked against what is pinned or recorded.

    Where neither is, they are recorded now. Raises `WeightsChanged`.
    """
    return _check_and_record(model, folder, models, None)


def folder_name(model: str) -> str:
    """What the folder of fetched weights is called in the folder of all models."""
    readable = "".join(character if character.isalnum() or character in ".-" else "-" for character in model)
    return f"whisper-{readable[-40:].strip('-.')}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def recorded(models: Path) -> dict[str, dict[str, Any]]:
    """By model: the `revision` and the `sha256` of the files that were fetched into `models`."""
    try:
        content: dict[str, dict[str, Any]] = json.loads((models / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelUnavailable(
            f"{models / RECORD}, which says what weights have been fetched, is no JSON any more. Put it back, or "
            "remove it together with the weights beside it to fetch them anew."
        ) from error
    return content


def _check_and_record(model: str, folder: Path, models: Path, revision: str | None) -> Mapping[str, str]:
    found = {name: _sha256(folder / name) for name in _model_files(folder)}
    pinned = PINNED.get(model)
    before = recorded(models).get(model)
    expected = pinned.sha256 if pinned else before["sha256"] if before else None
    if expected is not None:
        differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        if differing:
            source = f"revision {pinned.revision} of {pinned.repository}" if pinned else "what was fetched before"
            raise WeightsChanged(
                f"The whisper model {model} in {folder} is not {source}: {', '.join(differing)} differ(s) from the "
                "SHA-256 on record. Remove that folder and fetch it again"
                + ("." if pinned else f"; if the change is meant, remove its entry from {models / RECORD} first.")
            )
    if before is None or (before["sha256"], before["revision"]) != (found, revision or before["revision"]):
        _record(model, {"revision": revision or (pinned.revision if pinned else None), "sha256": found}, models)
    return found


def _record(model: str, what: Mapping[str, Any], models: Path) -> None:
    content = json.dumps({**recorded(models), model: what}, indent=2, sort_keys=True) + "\n"
    descriptor, part = tempfile.mkstemp(dir=models, prefix=f".{RECORD}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    Path(part).chmod(0o644)
    Path(part).replace(models / RECORD)


def _model_files(folder: Path) -> list[str]:
    return sorted({path.name for pattern in _WANTED_FILES for path in folder.glob(pattern)})


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASHED_AT_ONCE_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_folder(model: str) -> bool:
    path = Path(model).expanduser()
    return path.is_absolute() or model.startswith((".", "~")) or path.is_dir()


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _REQUIRED_FILES)


def _hub_source(model: str, models: Path) -> tuple[str, str | None]:
    """The repository and the commit of a name; no commit where none is pinned, named or recorded."""
    if model in PINNED:
        return PINNED[model].repository, PINNED[model].revision
    named = re.fullmatch(r"([^/@]+/[^/@]+)(?:@([0-9a-f]{40}))?", model)
    if named is None:
        raise ModelUnavailable(
            f"There is no whisper model called {model!r}. Name a folder, an s3:// prefix, a model on the hub "
            f"(owner/name@commit, the commit in full), or one of {', '.join(PINNED)}."
        )
    return named[1], named[2] or recorded(models).get(model, {}).get("revision")


def _in_hub_cache(repository: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repository, revision=revision, local_files_only=True, allow_patterns=list(_WANTED_FILES)
        )
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return Path(str(folder)) if _is_complete(Path(str(folder))) else None


def _fetch_prefix(prefix: str, folder: Path, fetch_folder: FetchFolder | None) -> None:
    if fetch_folder is None:
        raise ModelUnavailable(f"The whisper model at {prefix} cannot be fetched here: there is no access to S3.")
    try:
        fetch_folder(prefix, folder)
    except AuricleError as error:
        raise ModelUnavailable(f"The whisper model at {prefix} cannot be fetched: {error.message}") from error


def _fetch_from_hub(
    repository: str, revision: str | None, folder: Path, progress: DownloadProgress | None
) -> str | None:
    """Downloads one commit, the newest where none is given, and says which."""
    from huggingface_hub import HfApi, constants, snapshot_download

    try:
        # Also where the commit is known: without a hub this ends at once, and listing a commit tries for 24 s.
        revision = HfApi().model_info(repository, revision=revision).sha
        snapshot_download(
            repository,
            revision=revision,
            local_dir=folder,
            allow_patterns=list(_WANTED_FILES),
            tqdm_class=_reporting(progress),
        )
    except Exception as error:  # the hub's HTTP library, whose errors come through, changes with its version
        raise ModelUnavailable(
            f"The whisper model {repository} is not on this machine and cannot be downloaded from "
            f"{constants.ENDPOINT} ({type(error).__name__}). Give a folder or an s3:// prefix instead."
        ) from error
    return revision


def _reporting(progress: DownloadProgress | None) -> type[Any]:
    """A progress bar that draws nothing and reports bytes."""
    tqdm: Any = importlib.import_module("tqdm.asyncio").tqdm_asyncio
    bars: dict[int, tuple[int, int]] = {}

    def begin(bar: Any, *args: Any, **keywords: Any) -> None:
        bar.counts_bytes = keywords.get("unit") == "B"
        keywords.pop("name", None)
        tqdm.__init__(bar, *args, **{**keywords, "disable": True})

    def update(bar: Any, advance: float | None = 1) -> None:
        if bar.counts_bytes and progress is not None:
            done, _ = bars.get(id(bar), (0, 0))
            bars[id(bar)] = (done + int(advance or 0), int(bar.total or 0))
            # The hub counts the same bytes twice, as they arrive and as they are written.
            progress(*max(bars.values()))

    return type("Reporting", (tqdm,), {"__init__": begin, "update": update})
