"""Which object is a recording's audio, for whoever wants to have it."""

from __future__ import annotations

from dataclasses import dataclass

from auricle.errors import NotReady
from auricle.ports import ObjectStore
from auricle.processing.job import Job
from auricle.recording import Recording


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """An object in the bucket; None is its latest version."""

    key: str
    file_name: str
    content_type: str | None
    """As it was declared, for what was uploaded."""
    version: str | None = None


def stored_audio(recording: Recording) -> StoredAudio | None:
    """The file as it was uploaded. Of a recording that came in chunks, or was made of others, it is the copy they
    were put together in; None until they are, and of a file until it has arrived."""
    job = Job(org=recording.org, recording=recording.id, run=recording.run)
    if not recording.chunked and not recording.made_of:
        uploaded = recording.version is not None
        source = StoredAudio(job.source_key, recording.file_name, recording.content_type, recording.version)
        return source if uploaded else None
    if recording.audio is None:
        return None
    return StoredAudio(job.audio_key, f"{recording.file_name.rpartition('.')[0] or recording.id}.flac", "audio/flac")


def audio_to_download(recording: Recording, objects: ObjectStore) -> StoredAudio:
    """`stored_audio`, and where the word of an upload is a moment behind the upload itself, what is there.

    Raises:
        NotReady: there is nothing yet.
    """
    found = stored_audio(recording)
    if found is not None:
        return found
    if recording.chunked or recording.made_of:
        raise NotReady(
            "The audio is there once it has been put together. Ask again when the recording has been processed."
        )
    first = objects.first_version(Job(org=recording.org, recording=recording.id, run=recording.run).source_key)
    if first is None:
        raise NotReady("Nothing has been uploaded to this audio file yet. PUT the file to its upload URL first.")
    return StoredAudio(first.key, recording.file_name, recording.content_type, first.version)
