"""What travels between the workflow's states: ids and S3 keys, never transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auricle.identifiers import execution_name
from auricle.recordings.chunks import MAX_CHUNKS


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one recording, and where its objects lie in the bucket."""

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
    def prefix(self) -> str:
        """Everything of the recording lies under this prefix."""
        return f"orgs/{self.org}/recordings/{self.recording}/"

    @property
    def runs_prefix(self) -> str:
        """What runs need while they are under way: removed when one has finished, with what dead ones left."""
        return f"{self.prefix}runs/"

    @property
    def run_prefix(self) -> str:
        """What only this run needs."""
        return f"{self.runs_prefix}{self.run}/"

    @property
    def source_key(self) -> str:
        """The file as it was uploaded."""
        return f"{self.prefix}source"

    @property
    def chunks_prefix(self) -> str:
        """The pieces of a recording that was uploaded in chunks."""
        return f"{self.prefix}chunks/"

    def chunk_key(self, number: int) -> str:
        """One piece as it was uploaded."""
        return f"{self.chunks_prefix}{number:05d}"

    @property
    def audio_key(self) -> str:
        """16 kHz FLAC of one or two channels: what the engines read and browsers play."""
        return f"{self.prefix}audio.flac"

    @property
    def peaks_key(self) -> str:
        """The waveform's outline."""
        return f"{self.prefix}peaks.json"

    @property
    def transcript_key(self) -> str:
        """The finished transcript, JSON under zstd."""
        return f"{self.prefix}transcript.json.zst"

    @property
    def consent_key(self) -> str:
        """The customer's signature, as the phone took it."""
        return f"{self.prefix}consent-signature"

    @property
    def plan_key(self) -> str:
        """The windows of this run and where their bytes lie."""
        return f"{self.run_prefix}plan.json"

    @property
    def windows_prefix(self) -> str:
        """One object per transcribed window."""
        return f"{self.run_prefix}windows/"

    @property
    def turns_key(self) -> str:
        """Who spoke when."""
        return f"{self.run_prefix}turns.json"

    @property
    def highlights_key(self) -> str:
        """The extractive summary, until the record is finished."""
        return f"{self.run_prefix}highlights.json"

    def window_key(self, index: int) -> str:
        """The words of one window."""
        return f"{self.windows_prefix}{index:05d}.json"


def source_key_ids(key: str) -> tuple[str, str] | None:
    """(org, recording) of a source object's key; None for any other key."""
    parts = key.split("/")
    if len(parts) == 5 and parts[0] == "orgs" and parts[2] == "recordings" and parts[4] == "source":
        return parts[1], parts[3]
    return None


def chunk_key_ids(key: str) -> tuple[str, str, int] | None:
    """(org, recording, number) of a chunk's key; None for any other key."""
    parts = key.split("/")
    if len(parts) == 6 and parts[0] == "orgs" and parts[2] == "recordings" and parts[4] == "chunks":
        number = parts[5]
        if len(number) == 5 and number.isascii() and number.isdigit() and int(number) < MAX_CHUNKS:
            return parts[1], parts[3], int(number)
    return None
