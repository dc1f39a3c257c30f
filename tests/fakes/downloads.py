"""Downloads in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from auricle.errors import InvalidRequest


@dataclass(slots=True)
class FakeDownloads:
    """What lies at which address; `asked` are the addresses that were fetched, `limits` their bytes and seconds."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    limits: list[tuple[int, float]] = field(default_factory=list)

    def fetch(self, url: str, path: Path, *, max_bytes: int, seconds: float) -> None:
        self.asked.append(url)
        self.limits.append((max_bytes, seconds))
        content = self.files.get(url)
        if content is None or len(content) > max_bytes:
            raise InvalidRequest("the file could not be fetched")
        path.write_bytes(content)
