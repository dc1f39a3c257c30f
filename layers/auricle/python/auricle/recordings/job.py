"""What travels between the workflow's states: ids and S3 keys, never transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auricle.identifiers import execution_name
from auricle.recordings.keys import RecordingKeys, RunKeys


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one recording, as the workflow works on it."""

    org: str
    recording: str
    run: int
    version: str = ""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Job:
        """Reads the ids every state's event carries."""
        return cls(
            org=str(event["org"]),
            recording=str(event["recording"]),
            run=int(event["run"]),
            version=str(event.get("version", "")),
        )

    @property
    def execution_name(self) -> str:
        """Derived from recording, object version and run: exactly one execution for each."""
        return execution_name(self.recording, self.version, self.run)

    @property
    def keys(self) -> RecordingKeys:
        """Where the recording's objects lie in the bucket."""
        return RecordingKeys(self.org, self.recording)

    @property
    def run_keys(self) -> RunKeys:
        """Where what only this run needs lies."""
        return self.keys.run(self.run)
