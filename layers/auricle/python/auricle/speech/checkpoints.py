"""Reads the weights out of PyTorch checkpoints without PyTorch, and without running what a pickle asks for.

A checkpoint is a pickle, and a pickle may call anything. This reader knows a short list of names: those that
describe tensors and plain containers are rebuilt, those that only carry training settings become inert
stand-ins, and any other name is refused. Two layouts are read: the zip of PyTorch >= 1.6 and the bare stream
of pickles before it.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001

_STORAGE_TYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}

_CONTAINERS: dict[tuple[str, str], Any] = {
    # Checkpoints are written with pickle protocol 2, which spells names as Python 2 did.
    ("__builtin__", "dict"): dict,
    ("__builtin__", "list"): list,
    ("__builtin__", "set"): set,
    ("__builtin__", "int"): int,
    ("__builtin__", "long"): int,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
}

_TRAINING_SETTINGS = frozenset(
    {
        ("omegaconf.base", "ContainerMetadata"),
        ("omegaconf.base", "Metadata"),
        ("omegaconf.listconfig", "ListConfig"),
        ("omegaconf.nodes", "AnyNode"),
        ("pyannote.audio.core.model", "Introspection"),
        ("pyannote.audio.core.task", "Problem"),
        ("pyannote.audio.core.task", "Resolution"),
        ("pyannote.audio.core.task", "Specifications"),
        ("torch.torch_version", "TorchVersion"),
        ("typing", "Any"),
    }
)

_BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What reading a file that is cut off, or is something else, may end in."""


class UnreadableCheckpoint(EngineFailed):
    """Not a checkpoint this reader knows, or one that names something it does not trust."""

    code = "unreadable-checkpoint"


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    length: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]


class _Setting:
    """Stands where a training setting stood. Takes whatever the pickle says about it, and forgets it."""

    def __init__(self, *_arguments: object) -> None: ...

    def __setstate__(self, _state: object) -> None: ...


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *_unused: object
) -> _Tensor:
    contiguous = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if tuple(strides) != contiguous:
        raise UnreadableCheckpoint("A tensor of the checkpoint is not stored row by row.")
    if offset < 0 or offset + math.prod(shape) > storage.length:
        raise UnreadableCheckpoint("A tensor of the checkpoint reaches beyond its storage.")
    return _Tensor(storage, offset, tuple(shape))


class _CheckpointUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGE_TYPES:
            return _STORAGE_TYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) in _CONTAINERS:
            return _CONTAINERS[module, name]
        if (module, name) in _TRAINING_SETTINGS:
            return _Setting
        raise UnreadableCheckpoint(
            f"The checkpoint refers to {module}.{name}, which is not on the list of known names."
        )

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", np.dtype() as dtype, str(key), _, int(length), *_):
                return _Storage(key, dtype, length)
        raise UnreadableCheckpoint("The checkpoint refers to something outside itself that is not a tensor's storage.")


def read_weights(checkpoint: bytes, section: str) -> dict[str, NDArray[Any]]:
    """The tensors of one section of a checkpoint's top dictionary (`state_dict`, `model_state`, …), by name.

    Raises UnreadableCheckpoint for anything that is not a known layout, names what is not listed above, or
    has no such section.
    """
    try:
        return _read_section(checkpoint, section)
    except _BROKEN as error:
        raise UnreadableCheckpoint(f"The checkpoint cannot be read: {error}") from error


def _read_section(checkpoint: bytes, section: str) -> dict[str, NDArray[Any]]:
    content, read_storage = (_open_zip if checkpoint[:2] == b"PK" else _open_legacy)(checkpoint)
    weights = content.get(section) if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise UnreadableCheckpoint(f"The checkpoint has no section {section!r}.")
    arrays = {}
    for name, tensor in weights.items():
        if not isinstance(tensor, _Tensor):
            raise UnreadableCheckpoint(f"{section}.{name} of the checkpoint is not a tensor.")
        values = np.frombuffer(read_storage(tensor.storage), tensor.storage.dtype)
        arrays[str(name)] = values[tensor.offset : tensor.offset + math.prod(tensor.shape)].reshape(tensor.shape)
    return arrays


def _unpickle(stream: io.BytesIO) -> Any:
    return _CheckpointUnpickler(stream).load()


def _open_zip(checkpoint: bytes) -> tuple[Any, Callable[[_Storage], bytes]]:
    archive = zipfile.ZipFile(io.BytesIO(checkpoint))
    root = archive.namelist()[0].split("/")[0]
    content = _unpickle(io.BytesIO(archive.read(f"{root}/data.pkl")))
    return content, lambda storage: archive.read(f"{root}/data/{storage.key}")


def _open_legacy(checkpoint: bytes) -> tuple[Any, Callable[[_Storage], bytes]]:
    """Five pickles (magic number, protocol, byte order, content, storage keys), then the storages by key."""
    stream = io.BytesIO(checkpoint)
    magic, protocol, system = _unpickle(stream), _unpickle(stream), _unpickle(stream)
    if magic != _LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL or not system.get("little_endian"):
        raise UnreadableCheckpoint("The file is not a PyTorch checkpoint of a known layout.")
    content, keys = _unpickle(stream), _unpickle(stream)
    item_sizes = {storage.key: storage.dtype.itemsize for storage in _storages(content)}
    spans: dict[str, bytes] = {}
    for key in keys:
        (length,) = struct.unpack("<q", stream.read(8))
        spans[key] = stream.read(length * item_sizes[key])
    return content, lambda storage: spans[storage.key]


def _storages(value: object) -> list[_Storage]:
    if isinstance(value, _Tensor):
        return [value.storage]
    members: Mapping[Any, Any] | Sequence[Any]
    if isinstance(value, dict):
        members = list(value.values())
    elif isinstance(value, (list, tuple)):
        members = value
    else:
        return []
    return [storage for member in members for storage in _storages(member)]
