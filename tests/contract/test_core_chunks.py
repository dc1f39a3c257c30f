"""Recordings in chunks, as a phone uploads them through the core API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.core.chunks import models as documented
from api.core.errors import CoreError
from auricle.processing.sweep import sweep
from auricle.recordings.chunk_uploads import accept_chunk, finish, request_chunks
from auricle.recordings.intake import Intake
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Audio, Excerpt, Recording, Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes

CHUNKS = "/v1/core/recordings/rec_1/chunks"
URLS = f"{CHUNKS}/signed-urls"
SKIP = f"{CHUNKS}/skip"
FINISH = "/v1/core/recordings/rec_1/finish"
NOTHING = (
    "lastChunkUploaded",
    "numberOfChunks",
    "numberOfProcessedChunks",
    "numberOfExpectedChunks",
    "chunkStatusMap",
    "expectedChunksOutstanding",
    "processedChunkNumbers",
    "skippableChunkNumbers",
    "dateLackingSingleExpectedChunk",
    "allChunksUploaded",
)


class Phone:
    """What a phone and the bucket's events do."""

    def __init__(self, api: Gateway, fakes: Fakes) -> None:
        self.api = api
        self.fakes = fakes

    def put(self, number: int, content: bytes = b"RIFF", *, told: bool = True) -> None:
        self.fakes.objects.write(RecordingKeys("acme", "rec_1").chunk(number), content, content_type="audio/wav")
        if told:
            accept_chunk("acme", "rec_1", number, intake=self.intake, now=self.api.now)

    def asks(self, *numbers: int) -> Any:
        return shown(documented.ChunkUrlsResponse, self.api.post(URLS, {"chunkNumbers": numbers}))

    def finishes(self, **said: Any) -> Any:
        return shown(documented.ChunkBoardResponse, self.api.post(FINISH, said))

    def skips(self, *numbers: int) -> Any:
        return shown(documented.ChunkBoardResponse, self.api.post(SKIP, {"chunkNumbers": numbers}))

    def sees(self) -> Any:
        return shown(documented.ChunkBoardResponse, self.api.get(CHUNKS))

    def swept(self) -> Any:
        return sweep(
            untouched=timedelta(0),
            recordings=self.fakes.recordings,
            intake=self.intake,
            metrics=self.fakes.metrics,
            now=self.api.now,
        )

    @property
    def intake(self) -> Intake:
        return self.fakes.intake(max_upload_bytes=1000)

    @property
    def recording(self) -> Recording:
        return self.fakes.recordings.get("acme", "rec_1")


@pytest.fixture
def phone(api: Gateway, services: Fakes, archive: Archive) -> Phone:
    archive.put(status=Status.RECORDING, chunked=True)
    return Phone(api, services)


def shown(model: type[Any], answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.body
    model.model_validate_json(answer.body)
    return answer.json["data"]


def refused(answer: Answer, status: int, code: str) -> Any:
    assert answer.status == status, answer.body
    CoreError.model_validate_json(answer.body)
    assert answer.json["code"] == code
    return answer.json


def named(answer: Answer) -> list[str]:
    return [".".join(issue["path"]) for issue in refused(answer, 422, "invalid-request")["issues"]]


# --- asking for URLs ----------------------------------------------------------------------------------------


def test_each_chunk_has_a_url_of_its_own(phone: Phone) -> None:
    first, second = phone.asks(0, 1, 0)
    assert set(first) == {"chunkNumber", "uploadUrl", "uploadHeaders", "expiresAt"}
    assert (first["chunkNumber"], second["chunkNumber"]) == (0, 1)
    assert first["uploadUrl"].startswith("https://bucket.test/orgs/acme/recordings/rec_1/chunks/00000?method=PUT")
    assert "seconds=900" in first["uploadUrl"]
    assert "/chunks/00001?" in second["uploadUrl"]
    assert (first["uploadHeaders"], first["expiresAt"]) == ({}, "2026-03-30T12:15:00.123Z")
    assert phone.recording.status is Status.UPLOADING


@pytest.mark.parametrize(
    ("said", "content_type"),
    [
        ({"fileType": "m4a"}, "audio/mp4"),
        ({"contentType": "audio/x-caf"}, "audio/x-caf"),
        ({"contentType": "audio/webm; codecs=opus", "fileType": "webm"}, "audio/webm; codecs=opus"),
    ],
)
def test_a_type_that_is_said_is_signed(phone: Phone, said: dict[str, str], content_type: str) -> None:
    (url,) = shown(documented.ChunkUrlsResponse, phone.api.post(URLS, {"chunkNumbers": [7], **said}))
    assert url["uploadHeaders"] == {"Content-Type": content_type}
    assert "&type=" in url["uploadUrl"]


def test_no_setting_makes_a_url_hold_for_longer_than_a_quarter_of_an_hour(phone: Phone) -> None:
    (upload,) = request_chunks(
        "acme",
        "rec_1",
        [0],
        content_type=None,
        recordings=phone.fakes.recordings,
        objects=phone.fakes.objects,
        url_seconds=86_400,
        now=NOW,
    )
    assert "seconds=900" in upload.url
    assert upload.expires_at == NOW + timedelta(minutes=15)


def test_a_hundred_at_once_and_up_to_the_last_number(phone: Phone) -> None:
    assert len(phone.asks(*range(1900, 2000))) == 100


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "chunkNumbers"),
        ({"chunkNumbers": []}, "chunkNumbers"),
        ({"chunkNumbers": [*range(101)]}, "chunkNumbers"),
        ({"chunkNumbers": [0, -1]}, "chunkNumbers.1"),
        ({"chunkNumbers": [2000]}, "chunkNumbers.0"),
        ({"chunkNumbers": [10**30]}, "chunkNumbers.0"),
        ({"chunkNumbers": ["1"]}, "chunkNumbers.0"),
        ({"chunkNumbers": [1.5]}, "chunkNumbers.0"),
        ({"chunkNumbers": 1}, "chunkNumbers"),
        ({"chunkNumbers": [1], "fileType": "exe"}, "fileType"),
        ({"chunkNumbers": [1], "contentType": "audio/wav\r\nx: y"}, "contentType"),
        ({"chunkNumbers": [1], "size": 4}, "size"),
    ],
)
def test_wrong_requests_for_urls_are_named(phone: Phone, body: Any, field: str) -> None:
    assert named(phone.api.post(URLS, body))[0] == field
    assert phone.recording.status is Status.RECORDING


def test_numbers_beyond_the_last_expected_are_refused(phone: Phone) -> None:
    phone.asks(0)
    phone.finishes(numberOfExpectedChunks=2)
    for path in (URLS, SKIP):
        assert named(phone.api.post(path, {"chunkNumbers": [1, 2]})) == ["chunkNumbers"]


# --- the way of a recording ---------------------------------------------------------------------------------


def test_before_the_first_url_nothing_is_said(phone: Phone) -> None:
    board = phone.sees()
    assert (board["id"], board["transcriptionStatus"], board["chunks"]) == ("rec_1", "RECORDING", [])
    assert {name: board[name] for name in NOTHING} == dict.fromkeys(NOTHING)


def test_in_any_order_with_a_retry_and_one_that_is_late(phone: Phone) -> None:
    phone.asks(0, 1, 2, 3)
    phone.put(2, b"333")
    phone.put(0, b"1")
    phone.put(2, b"a retry, which does not count")
    board = phone.sees()
    assert [(chunk["chunkNumber"], chunk["status"], chunk["sizeBytes"]) for chunk in board["chunks"]] == [
        (0, "uploaded", 1),
        (1, "requested", None),
        (2, "uploaded", 3),
        (3, "requested", None),
    ]
    assert board["chunkStatusMap"] == {"0": "UPLOADED", "1": "UPLOADING", "2": "UPLOADED", "3": "UPLOADING"}
    assert (board["numberOfChunks"], board["numberOfExpectedChunks"]) == (2, None)
    assert (board["expectedChunksOutstanding"], board["allChunksUploaded"]) == (["1", "3"], False)
    assert board["dateLackingSingleExpectedChunk"] is None
    phone.put(1, b"22")
    assert phone.recording.status is Status.UPLOADING
    phone.api.now = NOW + timedelta(minutes=2)
    board = phone.finishes(numberOfExpectedChunks=4)
    assert (board["transcriptionStatus"], board["dateFinished"]) == ("UPLOADING", "2026-03-30T12:02:00.123Z")
    assert (board["numberOfExpectedChunks"], board["expectedChunksOutstanding"]) == (4, ["3"])
    assert board["dateLackingSingleExpectedChunk"] == "2026-03-30T12:02:00.123Z"
    assert len(phone.fakes.workflow) == 0
    phone.api.now = NOW + timedelta(minutes=3)
    phone.put(3, b"4444")
    board = phone.sees()
    assert (board["transcriptionStatus"], board["allChunksUploaded"]) == ("UPLOADED", True)
    assert (board["expectedChunksOutstanding"], board["dateLackingSingleExpectedChunk"]) == ([], None)
    assert board["lastChunkUploaded"] == "2026-03-30T12:03:00.123Z"
    recording = phone.recording
    assert (recording.chunk_numbers, recording.size_bytes) == ((0, 1, 2, 3), 10)
    assert phone.fakes.workflow.jobs == [recording.current_job()]
    assert [event.type.value for event in phone.fakes.recordings.announced] == ["recording.uploaded"]


def test_finishing_tells_the_number_by_the_highest_there_is(phone: Phone) -> None:
    phone.asks(0, 4)
    for number in (0, 4):
        phone.put(number)
    board = phone.finishes()
    assert (board["numberOfExpectedChunks"], board["expectedChunksOutstanding"]) == (5, ["1", "2", "3"])
    assert board["chunkStatusMap"]["1"] == "RECORDING"
    assert board["chunks"][1]["status"] == "missing"
    assert phone.finishes() == board


def test_finishing_again_with_another_number_corrects_it(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.put(0)
    phone.put(1)
    assert phone.finishes(numberOfExpectedChunks=3)["transcriptionStatus"] == "UPLOADING"
    board = phone.finishes(numberOfExpectedChunks=2)
    assert (board["transcriptionStatus"], board["numberOfExpectedChunks"]) == ("UPLOADED", 2)
    assert phone.finishes()["transcriptionStatus"] == "UPLOADED"
    assert phone.finishes(numberOfExpectedChunks=2)["transcriptionStatus"] == "UPLOADED"
    refused(phone.api.post(FINISH, {"numberOfExpectedChunks": 3}), 409, "conflict")
    assert len(phone.fakes.workflow) == 1


@pytest.mark.parametrize("number", [0, -1, 2001, 1.5, "2", True])
def test_wrong_numbers_of_chunks_are_named(phone: Phone, number: Any) -> None:
    assert named(phone.api.post(FINISH, {"numberOfExpectedChunks": number})) == ["numberOfExpectedChunks"]


def test_fewer_than_are_here_is_refused(phone: Phone) -> None:
    phone.asks(5)
    phone.put(5)
    assert named(phone.api.post(FINISH, {"numberOfExpectedChunks": 5})) == ["numberOfExpectedChunks"]


def test_finishing_with_nothing_to_tell_the_number_by_is_refused(phone: Phone) -> None:
    assert named(phone.api.post(FINISH, {})) == ["numberOfExpectedChunks"]
    assert phone.sees()["transcriptionStatus"] == "RECORDING"
    assert phone.finishes(numberOfExpectedChunks=2)["transcriptionStatus"] == "UPLOADING"


def test_what_is_skipped_is_waited_for_no_more(phone: Phone) -> None:
    phone.asks(0, 1, 2)
    phone.put(0)
    phone.put(2)
    phone.finishes()
    board = phone.skips(1)
    assert (board["transcriptionStatus"], board["skippableChunkNumbers"]) == ("UPLOADED", [1])
    assert board["chunkStatusMap"] == {"0": "UPLOADED", "1": "REMOVED", "2": "UPLOADED"}
    assert phone.recording.chunk_numbers == (0, 2)
    assert len(phone.fakes.workflow) == 1
    refused(phone.api.post(SKIP, {"chunkNumbers": [1]}), 409, "conflict")
    refused(phone.api.post(URLS, {"chunkNumbers": [1]}), 409, "conflict")


def test_a_skipped_chunk_that_comes_in_time_is_taken(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.skips(1)
    phone.put(0)
    phone.put(1)
    assert phone.finishes()["numberOfChunks"] == 2
    assert phone.recording.chunk_numbers == (0, 1)


def test_what_never_comes_is_named_and_still_taken(phone: Phone) -> None:
    phone.asks(0, 1, 2, 3)
    phone.put(1)
    phone.finishes()
    phone.api.now = NOW + timedelta(minutes=9)
    assert phone.swept() == {"awaited": 1}
    phone.api.now = NOW + timedelta(minutes=10)
    assert phone.swept() == {"abandoned": 1}
    board = phone.sees()
    assert "chunks 0, 2 and 3 are missing" in board["processingError"]
    assert board["transcriptionStatus"] == "UPLOADING"
    assert phone.swept() == {}
    for number in (0, 2, 3):
        phone.put(number)
    assert phone.sees()["processingError"] is None
    assert phone.recording.status is Status.UPLOADED


def test_what_was_named_is_looked_for_again_after_the_next_word(phone: Phone) -> None:
    phone.asks(0, 1, 2)
    phone.put(0)
    phone.finishes()
    phone.api.now = NOW + timedelta(minutes=20)
    assert phone.swept() == {"abandoned": 1}
    assert phone.skips(1)["processingError"] is None
    phone.api.now += timedelta(minutes=1)
    assert phone.swept() == {"abandoned": 1}
    assert "chunk 2 is missing" in phone.sees()["processingError"]
    phone.asks(2)
    phone.put(2, told=False)
    phone.api.now += timedelta(minutes=1)
    assert phone.swept() == {"started": 1}


def test_a_recording_without_any_chunk_says_so(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.skips(0, 1)
    phone.finishes()
    phone.api.now = NOW + timedelta(minutes=11)
    assert phone.swept() == {"abandoned": 1}
    assert "at least one" in phone.sees()["processingError"]


def test_one_that_is_never_finished_says_so_a_day_after_its_last_chunk(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.api.now = NOW + timedelta(hours=20)
    phone.put(0)
    phone.api.now = NOW + timedelta(hours=43)
    assert phone.swept() == {"awaited": 1}
    phone.api.now = NOW + timedelta(hours=45)
    assert phone.swept() == {"abandoned": 1}
    assert "never finished" in phone.sees()["processingError"]
    phone.put(1)
    assert phone.finishes()["transcriptionStatus"] == "UPLOADED"


def test_what_is_known_is_not_noted_again(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events repeat, and uploads are: what is noted must not grow with them."""
    phone.asks(0, 1)
    phone.put(0)
    noted: list[object] = []
    monkeypatch.setattr(phone.fakes.recordings, "change_chunks", lambda *change: noted.append(change))
    for _ in range(3):
        phone.put(0, b"again")
    phone.api.now = NOW + timedelta(minutes=11)
    assert phone.swept() == {"awaited": 1}
    assert noted == []


def test_events_that_were_lost_are_made_up_for(phone: Phone) -> None:
    phone.asks(0, 1, 2)
    phone.put(0)
    for number in (1, 2):
        phone.put(number, told=False)
    phone.finishes()
    phone.api.now = NOW + timedelta(minutes=1)
    assert phone.swept() == {"started": 1}
    assert phone.recording.chunk_numbers == (0, 1, 2)


# --- what holds it ------------------------------------------------------------------------------------------


def test_empty_and_oversized_ones_end_for_good(api: Gateway, services: Fakes, archive: Archive) -> None:
    for content, code in ((b"", "empty-audio"), (b"x" * 501, "too-large")):
        archive.put(f"rec_{code}", status=Status.RECORDING, chunked=True)
        phone = Phone(api, services)
        api.post(f"/v1/core/recordings/rec_{code}/chunks/signed-urls", {"chunkNumbers": [0, 1]})
        for number in (0, 1):
            services.objects.write(RecordingKeys("acme", f"rec_{code}").chunk(number), content, content_type="a/b")
            accept_chunk("acme", f"rec_{code}", number, intake=phone.intake, now=NOW)
        finish("acme", f"rec_{code}", intake=phone.intake, now=NOW)
        failed = services.recordings.get("acme", f"rec_{code}")
        assert failed.status is Status.UNRECOVERABLE_ERROR
        assert failed.failure is not None
        assert failed.failure.code == code


def test_without_consent_it_is_held(api: Gateway, services: Fakes, archive: Archive) -> None:
    from auricle.recordings.consent import Consent

    archive.put(status=Status.RECORDING, chunked=True, consent=Consent.PENDING)
    phone = Phone(api, services)
    phone.asks(0)
    phone.put(0)
    assert phone.finishes()["transcriptionStatus"] == "UPLOADED"
    assert len(services.workflow) == 0


def test_a_chunk_of_a_removed_recording_is_erased(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.put(0)
    assert phone.api.delete("/api/v1/audio-files/rec_1").status == 204
    assert phone.fakes.recordings.chunks == {}
    phone.put(1)
    assert len(phone.fakes.objects) == 0


def test_a_single_upload_has_no_chunks(api: Gateway, archive: Archive) -> None:
    archive.put()
    for answer in (
        api.get(CHUNKS),
        api.post(URLS, {"chunkNumbers": [0]}),
        api.post(SKIP, {"chunkNumbers": [0]}),
        api.post(FINISH, {"numberOfExpectedChunks": 1}),
    ):
        refused(answer, 409, "conflict")


def test_a_locked_one_takes_nothing(api: Gateway, archive: Archive) -> None:
    archive.put(status=Status.RECORDING, chunked=True, locked=True)
    for path, body in ((URLS, {"chunkNumbers": [0]}), (SKIP, {"chunkNumbers": [0]}), (FINISH, {})):
        refused(api.post(path, body), 409, "conflict")


@pytest.mark.parametrize("path", [URLS, SKIP, FINISH])
def test_unknown_foreign_and_binned_recordings_are_not_found(
    path: str, api: Gateway, archive: Archive, services: Fakes
) -> None:
    archive.put("rec_1", org="other", status=Status.RECORDING, chunked=True)
    body = {} if path == FINISH else {"chunkNumbers": [0]}
    refused(api.post(path, body), 404, "recording-not-found")
    refused(api.get(CHUNKS), 404, "recording-not-found")
    archive.put("rec_1", status=Status.RECORDING, chunked=True, deleted_at=NOW)
    refused(api.post(path, body), 404, "recording-not-found")
    refused(api.get(CHUNKS), 404, "recording-not-found")
    assert services.recordings.detail("other", "rec_1").chunks is None


def test_reading_and_writing_take_their_scopes(phone: Phone) -> None:
    token = phone.api.identity.token(scope="recordings:read")
    assert phone.api.get(CHUNKS, token=token).status == 200
    for path in (URLS, SKIP, FINISH):
        refused(phone.api.post(path, {"chunkNumbers": [0]}, token=token), 403, "insufficient-scope")
    refused(phone.api.get(CHUNKS, token=phone.api.identity.token(scope="recordings:write")), 403, "insufficient-scope")


def test_asking_for_processing_says_what_is_missing(phone: Phone) -> None:
    process = "/api/v1/audio-files/rec_1/process"
    assert "not finished" in phone.api.post(process).json["detail"]
    phone.asks(0, 1)
    phone.put(0)
    phone.finishes()
    answer = phone.api.post(process)
    assert (answer.status, "chunk 1 is missing" in answer.json["detail"]) == (409, True)


def test_a_new_run_takes_in_what_came_after_all(phone: Phone) -> None:
    phone.asks(0, 1)
    phone.put(0)
    phone.finishes()
    phone.skips(1)
    phone.put(1, b"late")
    first = phone.recording
    assert first.chunk_numbers == (0,)
    done = first.to(Status.TRANSCRIBING, at=NOW)
    assert phone.fakes.recordings.begin_run(done, expected=first, events=[])
    begun = phone.recording
    assert phone.fakes.recordings.save(begun.to(Status.COMPLETE, at=NOW), expected=begun)
    assert phone.api.post("/api/v1/audio-files/rec_1/process", {"reprocess": True}).status == 202
    again = phone.recording
    assert (again.chunk_numbers, again.size_bytes, again.run) == ((0, 1), 8, 2)
    assert again.version != first.version


@pytest.mark.parametrize("given", [{"chunked": True}, {"made_of": (Excerpt("rec_0"),)}])
def test_its_audio_is_the_copy_it_was_put_together_in(
    given: Any, api: Gateway, archive: Archive, services: Fakes
) -> None:
    download = "/api/v1/audio-files/rec_1/download-url"
    detail = "/api/v1/agent/founder/recordings/rec_1"
    uploaded = archive.put(status=Status.UPLOADED, version="chunks-1", file_name="visit.webm", **given)
    answer = api.get(download)
    assert (answer.status, answer.json["type"]) == (409, "urn:auricle:error:not-ready")
    assert api.get(detail).json["audio_url"] is None
    prepared = replace(uploaded, audio=Audio("wav", "pcm_s16le", 1, 16000, 9.5))
    assert services.recordings.save(prepared, expected=uploaded)
    services.objects.write(uploaded.current_job().keys.audio, b"fLaC", content_type="audio/flac")
    url = api.get(download).json["downloadUrl"]
    assert "/recordings/rec_1/audio.flac?" in url
    assert "name=visit.flac" in url
    assert url.endswith("&versionId=v1"), "what is written in its place later has another version"
    assert api.get(detail).json["audio_url"] == "s3://recordings/orgs/acme/recordings/rec_1/audio.flac"


# --- through the recording itself ---------------------------------------------------------------------------


def test_a_phone_starts_uploads_and_ends_by_the_recording_alone(api: Gateway, services: Fakes) -> None:
    started = api.ask("PUT", "/v1/core/recordings", body=b'{"id": "rec_1", "dateCreated": "2026-03-30T11:00:00Z"}')
    assert started.status in {200, 201}, started.body
    phone = Phone(api, services)
    assert (phone.recording.status, phone.recording.chunked) == (Status.RECORDING, True)
    phone.asks(0, 1)
    phone.put(1)
    path = "/v1/core/recordings/rec_1"
    ended = api.ask("PATCH", path, body=b'{"transcriptionStatus": "UPLOADING", "numberOfExpectedChunks": 2}')
    assert ended.status == 200, ended.body
    said = api.get(path).json["data"]
    assert {name: said[name] for name in NOTHING} == {name: phone.sees()[name] for name in NOTHING}
    assert (said["numberOfExpectedChunks"], said["expectedChunksOutstanding"]) == (2, ["0"])
    assert said["chunkStatusMap"] == {"0": "UPLOADING", "1": "UPLOADED"}
    phone.put(0)
    assert api.get(path).json["data"]["allChunksUploaded"] is True
    assert len(services.workflow) == 1


# --- what a body is called -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/x+json"])
@pytest.mark.parametrize("content", [b"", b"{}"])
def test_json_has_several_names(phone: Phone, content: bytes, content_type: str) -> None:
    phone.asks(0)
    answer = phone.api.ask("POST", FINISH, body=content, headers={"content-type": content_type})
    assert shown(documented.ChunkBoardResponse, answer)["numberOfExpectedChunks"] == 1


def test_what_is_called_something_else_is_not_read(phone: Phone) -> None:
    phone.asks(0)
    for content in (b"{}", b'{"numberOfExpectedChunks": 1}'):
        answer = phone.api.ask("POST", FINISH, body=content, headers={"content-type": "text/plain"})
        refused(answer, 415, "unsupported-media-type")
    nothing = phone.api.ask("POST", FINISH, headers={"content-type": "text/plain"})
    assert shown(documented.ChunkBoardResponse, nothing)["numberOfExpectedChunks"] == 1
