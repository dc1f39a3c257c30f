"""Which object is a recording's audio, for whoever wants to have it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auricle.errors import NotReady
from auricle.ports import ObjectStore
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.recording import Recording


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
    if not recording.chunked and not recording.made_of:
        uploaded = recording.version is not None
        source = StoredAudio(recording.keys.source, recording.file_name, recording.content_type, recording.version)
        return source if uploaded else None
    if recording.audio is None:
        return None
    return _working_copy(recording)


def working_audio(recording: Recording, objects: ObjectStore) -> StoredAudio:
    """The copy that the engines hear, or the upload itself until that has been made.

    Raises:
        ConsentRequired, NotReady: as `audio_to_download` does.
    """
    check_content_may_be_shown(recording)
    if recording.audio is None:
        if recording.version is None or recording.chunked or recording.made_of:
            raise NotReady("There is no audio to download yet. Ask again when the recording has been processed.")
        return audio_to_download(recording, objects)
    return _with_version(_working_copy(recording), objects)


def _working_copy(recording: Recording) -> StoredAudio:
    name = recording.file_name.rpartition(".")[0] or recording.id
    return StoredAudio(recording.keys.audio, f"{name}.flac", "audio/flac")


def _with_version(audio: StoredAudio, objects: ObjectStore) -> StoredAudio:
    """Raises NotReady: it is not there."""
    if audio.version is not None:
        return audio
    latest = objects.latest_version(audio.key)
    if latest is None:
        raise NotReady("The audio is being put together anew. Ask again when the recording has been processed.")
    return replace(audio, version=latest.version)


def audio_to_download(recording: Recording, objects: ObjectStore) -> StoredAudio:
    """`stored_audio`, and where the word of an upload is a moment behind the upload itself, what is there.

    It is named by its version: a URL of it does not lead to what is written in its place later.

    Raises:
        ConsentRequired: it may not be given to anybody.
        NotReady: there is nothing yet.
    """
    check_content_may_be_shown(recording)
    found = stored_audio(recording)
    if found is not None:
        return _with_version(found, objects)
    if recording.chunked or recording.made_of:
        raise NotReady(
            "The audio is there once it has been put together. Ask again when the recording has been processed."
        )
    first = objects.first_version(recording.keys.source)
    if first is None:
        raise NotReady("Nothing has been uploaded to this audio file yet. PUT the file to its upload URL first.")
    return StoredAudio(first.key, recording.file_name, recording.content_type, first.version)
