"""ObjectStore in memory: a bucket with versioning on."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from auricle.errors import NotFound
from auricle.ports import StoredObject
from auricle.recordings.media_types import download_media_type


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    content: bytes | None
    """None for a delete marker."""
    content_type: str = ""
    of_one_run: bool = False
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class FakeObjects:
    """`len(bucket)` objects that can be read; `key in bucket`."""

    def __init__(self) -> None:
        self._versions: dict[str, list[_Version]] = {}
        self.blocked: set[str] = set()
        """Ids of versions that nobody reads."""
        self.reads: list[str] = []
        """The key of every object that was asked for, whether it was there or not."""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.keys(""))

    def __contains__(self, key: object) -> bool:
        return self._latest(str(key)) is not None

    def expires(self, key: str) -> bool:
        """Whether the object goes by itself once its run is over."""
        latest = self._latest(key)
        return latest is not None and latest.of_one_run

    def first_version(self, key: str) -> StoredObject | None:
        for version in self._versions.get(key, ()):
            if version.content is not None:
                return StoredObject(
                    key=key, size_bytes=len(version.content), version=version.id, created_at=version.created_at
                )
        return None

    def versions_after_first(self, key: str) -> Sequence[str]:
        return [version.id for version in self._versions.get(key, ()) if version.content is not None][1:]

    def download(self, key: str, path: Path, *, version: str | None = None) -> None:
        path.write_bytes(self._content(key, version))

    def upload(self, path: Path, key: str, *, content_type: str) -> None:
        self.write(key, path.read_bytes(), content_type=content_type)

    def read(self, key: str) -> bytes:
        return self._content(key, None)

    def read_range(self, key: str, start_byte: int, end_byte: int) -> bytes:
        return self._content(key, None)[start_byte:end_byte]

    def write(self, key: str, content: bytes, *, content_type: str, of_one_run: bool = False) -> None:
        self._put(key, content, content_type, of_one_run=of_one_run)

    def keys(self, prefix: str) -> Sequence[str]:
        with self._lock:
            known = sorted(self._versions)
        return [key for key in known if key.startswith(prefix) and self._latest(key)]

    def folders(self, prefix: str, *, after: str = "") -> Iterator[str]:
        beneath = (key.removeprefix(prefix) for key in self.keys(prefix))
        names = {name for name, slash, _rest in (key.partition("/") for key in beneath) if slash}
        return iter(sorted(name for name in names if f"{name}/" > after))

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._put(key, None, "", of_one_run=False)

    def erase(self, prefix: str, *, keep: str | None = None) -> int:
        with self._lock:
            gone = [key for key in self._versions if key.startswith(prefix) and key != keep]
            return sum(len(self._versions.pop(key)) for key in gone)

    def block_reading(self, prefix: str) -> None:
        with self._lock:
            self.blocked |= self._readable_versions(prefix)

    def allow_reading(self, prefix: str) -> None:
        with self._lock:
            self.blocked -= self._readable_versions(prefix)

    def latest_version(self, key: str) -> StoredObject | None:
        latest = self._latest(key)
        if latest is None or latest.content is None:
            return None
        return StoredObject(key=key, size_bytes=len(latest.content), version=latest.id, created_at=latest.created_at)

    def is_blocked(self, key: str) -> bool:
        """Whether nobody reads the object, in any of its versions."""
        with self._lock:
            versions = self._readable_versions(key)
        return bool(versions) and versions <= self.blocked

    def tags(self, prefix: str) -> dict[tuple[str, str], dict[str, str]]:
        """The tags of every version under the prefix, by (key, version)."""
        return {
            (key, version.id): {
                **({"lifetime": "run"} if version.of_one_run else {}),
                **({"consent": "withdrawn"} if version.id in self.blocked else {}),
            }
            for key, versions in self._versions.items()
            if key.startswith(prefix)
            for version in versions
            if version.content is not None
        }

    def _readable_versions(self, prefix: str) -> set[str]:
        return {
            version.id
            for key, versions in self._versions.items()
            if key.startswith(prefix)
            for version in versions
            if version.content is not None
        }

    def upload_url(
        self,
        key: str,
        *,
        content_type: str | None,
        seconds: int,
        size_bytes: int | None = None,
        checksum_sha256: str | None = None,
    ) -> str:
        signed = f"&type={quote(content_type, safe='')}" if content_type else ""
        signed += f"&length={size_bytes}" if size_bytes is not None else ""
        signed += f"&sha256={quote(checksum_sha256, safe='')}" if checksum_sha256 is not None else ""
        return f"https://bucket.test/{quote(key)}?method=PUT&seconds={seconds}{signed}"

    def download_url(
        self, key: str, *, file_name: str, content_type: str | None, seconds: int, version: str | None = None
    ) -> str:
        named = f"&versionId={version}" if version else ""
        answered = (
            f"&name={quote(file_name, safe='')}&type={quote(download_media_type(content_type, file_name), safe='')}"
        )
        return f"https://bucket.test/{quote(key)}?method=GET&seconds={seconds}{answered}{named}"

    def _put(self, key: str, content: bytes | None, content_type: str, *, of_one_run: bool) -> None:
        with self._lock:
            version = _Version(f"v{next(self._numbers)}", content, content_type, of_one_run)
            self._versions.setdefault(key, []).append(version)

    def _latest(self, key: str) -> _Version | None:
        versions = self._versions.get(key)
        return versions[-1] if versions and versions[-1].content is not None else None

    def _content(self, key: str, version_id: str | None) -> bytes:
        self.reads.append(key)
        for version in reversed(self._versions.get(key, ())):
            if version_id in (None, version.id):
                if version.content is None:
                    break
                if version.id in self.blocked:
                    raise PermissionError(f"Nobody may read {key}.")
                return version.content
        raise NotFound(f"There is no object {key}.")
