"""Editing: what a recording's owner and the phone that made it may say of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from auricle.ports import RecordingStore
from auricle.recordings.changes import change_recording
from auricle.recordings.recording import Capture, Recording


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change; what is not said stays as it is."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the recording, by their names there."""
    capture: Mapping[str, Any] = field(default_factory=dict)
    """Of its capture."""

    @property
    def unlocks(self) -> bool:
        """Whether it may be made of a locked recording: it unlocks it, or says no more than that it is locked."""
        return self.fields.get("locked") is False or self == Edit({"locked": True})

    def made(self, before: Recording) -> Recording:
        """The recording as the edit has it."""
        after = replace(before, **self.fields)
        return replace(after, capture=replace(before.capture or Capture(), **self.capture)) if self.capture else after


def edit_recording(
    org: str,
    recording_id: str,
    edit: Edit,
    *,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """The recording as edited; an edit that changes nothing writes nothing.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is locked, and the edit does not unlock it.
    """
    return change_recording(
        org,
        recording_id,
        edit.made,
        recordings=recordings,
        now=now,
        if_revision=if_revision,
        locked=edit.unlocks,
    )
