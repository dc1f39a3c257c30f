"""The functions' code, which the engine keeps beside their state in files named by their SHA-256.

Nothing of a user's is in them: each came from an object of the deployment's bucket, and can be had from there again.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from infra.local.files import write_durably
from infra.local.object_files import ObjectDamaged, ObjectFiles, files_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FUNCTIONS = "lambda"

_REFERENCE = re.compile(rb'"code_blob_ref": ?"([0-9a-f]{64})"')


def damaged_code(folder: Path, functions: bytes) -> Sequence[Path]:
    """Files the functions' saved state names that are missing, or hold something else than their name says."""
    named = sorted({found.decode() for found in _REFERENCE.findall(functions)})
    paths = [folder / "lambda-blobs" / f"{checksum}.zip" for checksum in named]
    return [path for path in paths if not _is_whole(path)]


def mend(path: Path, files: ObjectFiles, objects: Mapping[str, Any]) -> bool:
    """Whether the same bytes were found among the objects; what was damaged is kept beside them."""
    for _key, stored in files_of(objects):
        if stored.sha256 != path.stem:
            continue
        try:
            content = files.read(stored)
        except ObjectDamaged:
            continue
        if path.exists():
            path.replace(path.with_suffix(".zip.damaged"))
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_durably(path, content)
        return True
    return False


def _is_whole(path: Path) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    except OSError:
        return False
