"""The weights speech runs on: where each comes from, under which licence, and what it must hash to.

Weights travel inside Python packages that are installed for their files alone and never imported (their own
dependencies would bring PyTorch). `ensure_models` turns them once into what onnxruntime reads; after that the
converted folder is enough, and a Lambda image carries only that. pocketsphinx finds its own model.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from auricle.errors import ModelUnavailable

ModelName = Literal["voice-activity", "speaker-segmentation", "speaker-encoder", "speaker-lda"]

Progress = Callable[[ModelName, int, int], None]
"""Called after each model with its name, how many are ready, and how many there are."""


def _as_it_is(content: bytes) -> bytes:
    return content


def _speaker_encoder(checkpoint: bytes) -> bytes:
    from auricle.speech import checkpoints, onnx_graphs

    return onnx_graphs.speaker_encoder_graph(checkpoints.read_weights(checkpoint, "model_state"))


def _speaker_segmentation(checkpoint: bytes) -> bytes:
    from auricle.speech import checkpoints, onnx_graphs

    return onnx_graphs.speaker_segmentation_graph(checkpoints.read_weights(checkpoint, "state_dict"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedModel:
    """One model: the package that carries it, and the file it becomes."""

    name: ModelName
    package: str
    version: str
    licence: str
    path_in_package: str
    """Relative to where the package is installed."""
    source_sha256: str
    suffix: str
    sha256: str
    """Of the converted file. Its beginning is part of the file's name, so that a model that changes is
    converted anew and an older release still finds its own."""
    convert: Callable[[bytes], bytes]

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.sha256[:12]}{self.suffix}"


_LDA_SHA256 = "516330f30591f5c300d5f17bb280fdf4478a97abb952bf6691f6fed8067aed41"

MODELS: Mapping[ModelName, CarriedModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            CarriedModel(
                name="voice-activity",
                package="silero-vad",
                version="6.2.3",
                licence="MIT",
                path_in_package="silero_vad/data/silero_vad_16k_sequence.onnx",
                source_sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
                suffix=".onnx",
                sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
                convert=_as_it_is,
            ),
            CarriedModel(
                name="speaker-segmentation",
                package="whisperx",
                version="3.8.6",
                licence="MIT (pyannote/segmentation; the package around it is BSD-2-Clause)",
                path_in_package="whisperx/assets/pytorch_model.bin",
                source_sha256="0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
                suffix=".onnx",
                sha256="8f5a1a6a7642e01379104140f1a81c96d122a15fab9d0055460cff376e117cfb",
                convert=_speaker_segmentation,
            ),
            CarriedModel(
                name="speaker-encoder",
                package="resemblyzer",
                version="0.1.4",
                licence="Apache-2.0",
                path_in_package="resemblyzer/pretrained.pt",
                source_sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
                suffix=".onnx",
                sha256="1423f514020f29c7b8a95855c8f5d2ec3f4d73abd30457baf933a8f6cd37efbc",
                convert=_speaker_encoder,
            ),
            CarriedModel(
                name="speaker-lda",
                package="auricle",
                version="1",
                licence="MIT (trained for this project on LibriSpeech voices, CC BY 4.0)",
                path_in_package="auricle/speech/diarization/speaker_lda.npz",
                source_sha256=_LDA_SHA256,
                suffix=".npz",
                sha256=_LDA_SHA256,
                convert=_as_it_is,
            ),
        )
    }
)


def ensure_models(
    directory: Path, names: Iterable[ModelName] | None = None, progress: Progress | None = None
) -> dict[ModelName, Path]:
    """Makes sure the named models (all by default) lie converted and unharmed in `directory`; gives their paths.

    What is there with the right SHA-256 is left alone, so a read-only folder will do once it is complete.
    Files appear whole or not at all: several processes may call this at once. Raises ModelUnavailable, which
    says what to install, where a package is missing or its weights are not the expected ones.
    """
    wanted = [MODELS[name] for name in (MODELS if names is None else dict.fromkeys(names))]
    paths: dict[ModelName, Path] = {}
    for ready, model in enumerate(wanted, start=1):
        path = directory / model.file_name
        if not _holds(path, model.sha256):
            _write_whole(path, _converted(model))
        paths[model.name] = path
        if progress is not None:
            progress(model.name, ready, len(wanted))
    return paths


def model_path(name: ModelName, directory: Path) -> Path:
    """Where `ensure_models` put a model. Raises ModelUnavailable if it did not."""
    path = directory / MODELS[name].file_name
    if not path.is_file():
        raise ModelUnavailable(
            f"The model {name} is not in {directory}. Set up the models once (ensure_models), or point "
            "AURICLE_MODELS_DIR to the folder that holds them."
        )
    return path


def _holds(path: Path, sha256: str) -> bool:
    try:
        return _sha256(path.read_bytes()) == sha256
    except FileNotFoundError:
        return False


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _converted(model: CarriedModel) -> bytes:
    source = _carried_file(model)
    content = source.read_bytes()
    if _sha256(content) != model.source_sha256:
        raise ModelUnavailable(
            f"{source} is not the file of {model.package} {model.version} that the model {model.name} is made "
            f"from. Install {model.package}=={model.version}."
        )
    converted = model.convert(content)
    if _sha256(converted) != model.sha256:
        raise ModelUnavailable(
            f"Converting the model {model.name} gave another file than expected. "
            "Install the versions of requirements.lock (onnx above all) and try again."
        )
    return converted


def _carried_file(model: CarriedModel) -> Path:
    if model.package == "auricle":
        return Path(__file__).parents[2] / model.path_in_package
    try:
        source = Path(str(metadata.distribution(model.package).locate_file(model.path_in_package)))
    except metadata.PackageNotFoundError:
        source = None
    if source is None or not source.is_file():
        raise ModelUnavailable(
            f"The model {model.name} is carried by the package {model.package}, which is not installed here. "
            f"Install {model.package}=={model.version} without its dependencies, or copy the converted models into "
            "the models folder."
        )
    return source


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # mkstemp makes files private; the models folder may be shared by several users of a machine or image.
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
