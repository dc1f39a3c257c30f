from __future__ import annotations

from typing import Any

import pytest

from auricle.errors import ConsentRequired, NotReady
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Audio
from auricle.recordings.stored_audio import StoredAudio, audio_to_download, stored_audio, working_audio
from tests.fakes.contract import a_recording
from tests.fakes.objects import FakeObjects

SOURCE, COPY = "orgs/org_1/recordings/rec_1/source", "orgs/org_1/recordings/rec_1/audio.flac"
AUDIO = Audio(format="wav", codec="pcm_s16le", channels=1, sample_rate_hz=16_000, duration_s=3.0)


def recording(**given: Any) -> Any:
    return a_recording("org_1", "rec_1", **{"content_type": "audio/wav", **given})


def version(objects: FakeObjects, key: str) -> str:
    found = objects.latest_version(key)
    assert found is not None
    return found.version


@pytest.fixture
def objects() -> FakeObjects:
    objects = FakeObjects()
    for key in (SOURCE, COPY):
        objects.write(key, b"first", content_type="audio/wav")
    return objects


def test_an_upload_is_the_version_that_was_processed(objects: FakeObjects) -> None:
    expected = StoredAudio(SOURCE, "call.wav", "audio/wav", "version-7")
    assert stored_audio(recording(version="version-7")) == expected
    assert audio_to_download(recording(version="version-7", audio=AUDIO), objects) == expected
    assert stored_audio(recording()) is None


def test_of_chunks_it_is_the_copy_they_were_put_together_in(objects: FakeObjects) -> None:
    assert stored_audio(recording(chunked=True, version="version-7")) is None
    expected = StoredAudio(COPY, "call.flac", "audio/flac")
    assert stored_audio(recording(chunked=True, audio=AUDIO)) == expected
    found = audio_to_download(recording(chunked=True, audio=AUDIO), objects)
    assert found == StoredAudio(COPY, "call.flac", "audio/flac", version(objects, COPY))


@pytest.mark.parametrize(
    ("file_name", "shown"), [("a.b.wav", "a.b.flac"), ("call", "rec_1.flac"), (".wav", "rec_1.flac")]
)
def test_the_copy_is_named_after_the_file(objects: FakeObjects, file_name: str, shown: str) -> None:
    made = recording(chunked=True, audio=AUDIO, file_name=file_name)
    found = stored_audio(made)
    assert found is not None
    assert found.file_name == shown
    assert working_audio(made, objects).file_name == shown


def test_an_upload_whose_event_is_late_is_found_by_its_first_version(objects: FakeObjects) -> None:
    first = version(objects, SOURCE)
    objects.write(SOURCE, b"second", content_type="audio/wav")
    assert audio_to_download(recording(), objects) == StoredAudio(SOURCE, "call.wav", "audio/wav", first)


def test_the_engines_hear_the_copy_and_before_it_is_made_the_upload(objects: FakeObjects) -> None:
    copy = StoredAudio(COPY, "call.flac", "audio/flac", version(objects, COPY))
    assert working_audio(recording(version="version-7", audio=AUDIO), objects) == copy
    upload = StoredAudio(SOURCE, "call.wav", "audio/wav", "version-7")
    assert working_audio(recording(version="version-7"), objects) == upload


def test_what_is_not_there_yet_is_said_to_be_awaited() -> None:
    nothing = FakeObjects()
    with pytest.raises(NotReady, match="Nothing has been uploaded"):
        audio_to_download(recording(), nothing)
    with pytest.raises(NotReady, match="once it has been put together"):
        audio_to_download(recording(chunked=True), nothing)
    with pytest.raises(NotReady, match="put together anew"):
        audio_to_download(recording(chunked=True, audio=AUDIO), nothing)
    with pytest.raises(NotReady, match="put together anew"):
        working_audio(recording(version="version-7", audio=AUDIO), nothing)
    for awaited in (recording(), recording(chunked=True), recording(chunked=True, version="version-7")):
        with pytest.raises(NotReady, match="There is no audio to download yet"):
            working_audio(awaited, nothing)


def test_without_consent_nothing_is_given_out(objects: FakeObjects) -> None:
    withdrawn = recording(version="version-7", audio=AUDIO, consent=Consent.WITHDRAWN)
    for ask in (audio_to_download, working_audio):
        with pytest.raises(ConsentRequired):
            ask(withdrawn, objects)
