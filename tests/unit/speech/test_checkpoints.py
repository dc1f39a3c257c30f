"""Checkpoints are written here opcode by opcode, so that PyTorch is needed for nothing."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from auricle.speech.checkpoints import UnreadableCheckpoint, read_weights

VALUES = np.arange(12, dtype="<f4")


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tuple_of(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *, key: str = "0", length: int = 12) -> bytes:
    storage = tuple_of(text("storage"), b"ctorch\nFloatStorage\n", text(key), text("cpu"), integer(length)) + b"Q"
    sizes = tuple_of(*map(integer, shape)) + tuple_of(*map(integer, strides))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(offset) + sizes + b"tR"


def document(section: bytes) -> bytes:
    """{"weights": {"layer": <section>}}"""
    return b"\x80\x02}" + text("weights") + b"}" + text("layer") + section + b"ss."


def zipped(section: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", document(section))
        archive.writestr("archive/data/0", VALUES.tobytes())
    return stream.getvalue()


def legacy(section: bytes) -> bytes:
    heads = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    storage = struct.pack("<q", len(VALUES)) + VALUES.tobytes()
    return b"".join([*heads, document(section), pickle.dumps(["0"], 2), storage])


@pytest.mark.parametrize("layout", [zipped, legacy])
def test_reads_a_part_of_a_storage_in_its_shape(layout: object) -> None:
    assert callable(layout)
    weights = read_weights(layout(tensor(4, (2, 3), (3, 1))), "weights")
    np.testing.assert_array_equal(weights["layer"], [[4, 5, 6], [7, 8, 9]])


@pytest.mark.parametrize(
    "called",
    [b"cposix\nsystem\n", b"c__builtin__\neval\n", b"cbuiltins\nexec\n", b"csubprocess\ncall\n", b"cnumpy\nload\n"],
)
def test_refuses_names_it_does_not_know_and_calls_nothing(called: bytes, tmp_path: Path) -> None:
    trace = tmp_path / "called"
    section = called + tuple_of(text(f"touch {trace}")) + b"R"
    with pytest.raises(UnreadableCheckpoint, match="not on the list"):
        read_weights(zipped(section), "weights")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (tensor(0, (2, 3), (1, 2)), "row by row"),
        (tensor(8, (2, 3), (3, 1)), "beyond its storage"),
        (tensor(-1, (2, 3), (3, 1)), "beyond its storage"),
        (integer(7), "not a tensor"),
        (tensor(0, (2, 3), (3, 1), key="9"), "cannot be read"),
        (tensor(0, (100,), (1,), length=100), "cannot be read"),
    ],
)
def test_refuses_tensors_that_do_not_fit(section: bytes, said: str) -> None:
    with pytest.raises(UnreadableCheckpoint, match=said):
        read_weights(zipped(section), "weights")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"PK", id="two bytes"),
        pytest.param(b"not a pickle", id="text"),
        pytest.param(b"\x80\x02K\x01.", id="a number"),
        pytest.param(zipped(tensor(0, (1,), (1,)))[:90], id="cut off"),
    ],
)
def test_refuses_what_is_no_checkpoint(content: bytes) -> None:
    with pytest.raises(UnreadableCheckpoint):
        read_weights(content, "weights")


def test_a_missing_section_is_named() -> None:
    with pytest.raises(UnreadableCheckpoint, match="'state_dict'"):
        read_weights(zipped(tensor(0, (1,), (1,))), "state_dict")
