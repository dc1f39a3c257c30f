"""Where a recording's objects lie in the bucket: the one place that knows the layout.

Buckets are full of these keys, so none of them may change. Grants, the bucket's events and what is erased follow
from them: `RecordingKeys.of_any()` gives the patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

from auricle.recordings.chunks import MAX_CHUNKS

ORGS_PREFIX = "orgs/"
"""The folder of each tenant lies under it."""


def recordings_prefix(org: str) -> str:
    """The folder of each recording of the tenant lies under it."""
    return f"{ORGS_PREFIX}{org}/recordings/"


@dataclass(frozen=True, slots=True)
class RunKeys:
    """What only one run of a recording needs."""

    prefix: str

    @property
    def plan(self) -> str:
        """The windows of this run and where their bytes lie."""
        return f"{self.prefix}plan.json"

    def planned_windows(self, part: int) -> str:
        """A part of the plan's windows, which is all that the transcription of one of them reads of the plan."""
        return f"{self.prefix}plan/{part:05d}.json"

    @property
    def windows_prefix(self) -> str:
        """One object per transcribed window."""
        return f"{self.prefix}windows/"

    def window(self, index: int) -> str:
        """The words of one window."""
        return f"{self.windows_prefix}{index:05d}.json"

    @property
    def turns(self) -> str:
        """Who spoke when."""
        return f"{self.prefix}turns.json"

    @property
    def highlights(self) -> str:
        """The extractive summary, until the record is finished."""
        return f"{self.prefix}highlights.json"


@dataclass(frozen=True, slots=True)
class RecordingKeys:
    """The keys of one recording's objects."""

    org: str
    recording: str

    @classmethod
    def of_any(cls) -> RecordingKeys:
        """Patterns that the keys of any recording match, as IAM and EventBridge read them: `*` is any text."""
        return cls("*", "*")

    @property
    def prefix(self) -> str:
        """Everything of the recording lies under this prefix."""
        return f"{recordings_prefix(self.org)}{self.recording}/"

    @property
    def source(self) -> str:
        """The file as it was uploaded."""
        return f"{self.prefix}source"

    @property
    def chunks_prefix(self) -> str:
        """The pieces of a recording that was uploaded in chunks."""
        return f"{self.prefix}chunks/"

    def chunk(self, number: int) -> str:
        """One piece as it was uploaded."""
        return f"{self.chunks_prefix}{number:05d}"

    @property
    def audio(self) -> str:
        """16 kHz FLAC of one or two channels: what the engines read and browsers play."""
        return f"{self.prefix}audio.flac"

    @property
    def peaks(self) -> str:
        """The waveform's outline."""
        return f"{self.prefix}peaks.json"

    @property
    def transcript(self) -> str:
        """The finished transcript, JSON under zstd."""
        return f"{self.prefix}transcript.json.zst"

    @property
    def consent_signature(self) -> str:
        """The customer's signature, as the phone took it."""
        return f"{self.prefix}consent-signature"

    @property
    def media_prefix(self) -> str:
        """Photos, videos and voice notes that were added to the recording."""
        return f"{self.prefix}media/"

    def media(self, event_id: str) -> str:
        """The file of one multimedia event."""
        return f"{self.media_prefix}{event_id}"

    @property
    def runs_prefix(self) -> str:
        """What runs need while they are under way: removed when one has finished, with what dead ones left."""
        return f"{self.prefix}runs/"

    def run(self, number: int) -> RunKeys:
        """The keys of what only this run needs."""
        return RunKeys(f"{self.runs_prefix}{number}/")


def source_key_ids(key: str) -> tuple[str, str] | None:
    """(org, recording) of a source object's key; None for any other key."""
    keys = _keys_around(key)
    return (keys.org, keys.recording) if keys is not None and key == keys.source else None


def chunk_key_ids(key: str) -> tuple[str, str, int] | None:
    """(org, recording, number) of a chunk's key; None for any other key."""
    keys = _keys_around(key)
    if keys is None or not key.startswith(keys.chunks_prefix):
        return None
    number = key.removeprefix(keys.chunks_prefix)
    if len(number) == 5 and number.isascii() and number.isdigit() and int(number) < MAX_CHUNKS:
        return keys.org, keys.recording, int(number)
    return None


def _keys_around(key: str) -> RecordingKeys | None:
    """The keys of the recording under whose prefix this one lies."""
    parts = key.split("/", 4)
    if len(parts) < 5:
        return None
    keys = RecordingKeys(org=parts[1], recording=parts[3])
    return keys if key.startswith(keys.prefix) else None
