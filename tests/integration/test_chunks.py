"""Recordings in chunks, split and merged, inside the real local engine: what is heard is what the whole file says."""

from __future__ import annotations

import io
import random
import wave
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures import calls
from tests.integration.service import ENDED, SCOPES, Service, at_once, put, wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.local.child import Child

CORE = "/v1/core/recordings"
CUT_S = (0.0, 12.2)
CHUNKS = 20
RETRIED, LATE = 7, 12


class Phone(Service):
    """A tenant that records through the core API."""

    @classmethod
    def at(cls, engine: Child, org: str) -> Phone:
        token = engine.token(org=org, roles=["founder"], scopes=SCOPES)
        headers = {"authorization": f"Bearer {token}"}
        return cls(engine, org, httpx.Client(base_url=engine.base_url, headers=headers, timeout=60, trust_env=False))

    def start(self, recording: str) -> None:
        begun = {"id": recording, "dateCreated": "2026-03-30T12:00:00Z", "title": "In chunks"}
        assert self.http.put(CORE, json=begun).is_success

    def ask(self, path: str, body: Any) -> Any:
        answer = self.http.post(f"{CORE}{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def board(self, recording: str) -> Any:
        return self.get(f"{CORE}/{recording}/chunks")["data"]

    def finished(self, recording: str) -> dict[str, Any]:
        """The recording's transcript, without the id."""
        status = self.ended(recording)
        assert (status["status"], status["warnings"]) == ("completed", [])
        transcript = self.transcript(recording)
        assert transcript.pop("audioFileId") == recording
        return transcript


@pytest.fixture(scope="module")
def phone(auricle: Child) -> Iterator[Phone]:
    made = Phone.at(auricle, "phone")
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def call() -> bytes:
    """Two turns of the demo call, as a WAV file."""
    return calls.as_file(calls.stretch(*CUT_S), "call.wav", "pcm_s16le")


@pytest.fixture(scope="module")
def whole(phone: Phone, call: bytes) -> str:
    """The recording that was uploaded in one file."""
    recording = phone.upload(call, "call.wav")
    phone.finished(recording)
    return recording


def slices(call: bytes) -> list[bytes]:
    """The file's bytes, cut anywhere."""
    cuts = [len(call) * number // CHUNKS + number % 2 for number in range(CHUNKS)]
    return [call[first:last] for first, last in zip([0, *cuts[1:]], [*cuts[1:], len(call)], strict=True)]


def small_files(call: bytes) -> list[bytes]:
    """The same sound as so many complete files of different lengths."""
    with wave.open(io.BytesIO(call)) as file:
        shape, samples = file.getparams(), file.readframes(file.getnframes())
    total = len(samples) // shape.sampwidth
    cuts = [0, *(total * number // CHUNKS + 37 * number for number in range(1, CHUNKS)), total]
    made = []
    for first, last in pairwise(cuts):
        target = io.BytesIO()
        with wave.open(target, "wb") as part:
            part.setparams(shape)
            part.writeframes(samples[first * shape.sampwidth : last * shape.sampwidth])
        made.append(target.getvalue())
    return made


def upload(phone: Phone, recording: str, contents: Sequence[bytes]) -> None:
    """Out of order, four at a time, one chunk twice with other bytes, and one after the end."""
    phone.start(recording)
    urls: dict[int, str] = {}
    for numbers in (list(range(15)), *([number] for number in range(15, CHUNKS))):
        for asked in phone.ask(f"/{recording}/chunks/signed-urls", {"chunkNumbers": numbers}):
            urls[asked["chunkNumber"]] = asked["uploadUrl"]
    order = [number for number in range(CHUNKS) if number != LATE]
    random.Random(3).shuffle(order)
    for first in range(0, len(order), 4):
        at_once([partial(put, urls[number], contents[number]) for number in order[first : first + 4]])
        if RETRIED in order[first : first + 4]:
            put(urls[RETRIED], b"RIFF, sent again by mistake")
    board = phone.ask(f"/{recording}/finish", {"numberOfExpectedChunks": CHUNKS})
    assert board["transcriptionStatus"] == "UPLOADING"
    board = wait(lambda: phone.board(recording), lambda now: now["numberOfChunks"] == CHUNKS - 1)
    assert (board["expectedChunksOutstanding"], board["allChunksUploaded"]) == ([str(LATE)], False)
    assert phone.executions(recording) == {}
    put(urls[LATE], contents[LATE])


@pytest.mark.parametrize("cut", [slices, small_files])
def test_in_chunks_it_says_what_the_whole_file_says(phone: Phone, whole: str, call: bytes, cut: Any) -> None:
    recording = f"phone-{cut.__name__.replace('_', '-')}"
    upload(phone, recording, cut(call))
    heard = phone.finished(recording)
    expected = phone.finished(whole)
    assert len(expected["segments"]) > 1
    assert heard == expected
    assert list(phone.executions(recording).values()) == ["SUCCEEDED"]
    board = phone.board(recording)
    assert board["processedChunkNumbers"] == list(range(CHUNKS))
    assert set(board["chunkStatusMap"].values()) == {"COMPLETE"}
    assert (board["allChunksUploaded"], board["dateLackingSingleExpectedChunk"]) == (True, None)


def test_parts_put_together_say_what_the_whole_said(phone: Phone, whole: str) -> None:
    """The cut lies in the middle of a word: neither part has it, and the two of them together do."""
    words = [word for segment in phone.finished(whole)["segments"] for word in segment["words"]]
    middle = words[len(words) // 2]
    at_ms = round((middle["start"] + middle["end"]) * 500)
    split = phone.ask(f"/{whole}/split", {"splitTimestampsMs": [at_ms]})
    first, second = [part["id"] for part in split["recordings"]]
    assert split["transcriptionStatus"] == "RAW_SPLIT"
    parts = [phone.finished(part) for part in (first, second)]
    duration_s = phone.finished(whole)["durationSeconds"]
    assert [part["durationSeconds"] for part in parts] == pytest.approx([at_ms / 1000, duration_s - at_ms / 1000])
    merged = phone.ask("/merge", {"recordingIds": [first, second], "title": "Whole again"})["id"]
    assert phone.finished(merged) == phone.finished(whole)
    for part in (first, second):
        assert phone.http.delete(f"/api/v1/audio-files/{part}").status_code == 204
    assert phone.process(merged, reprocess=True).status_code == 202
    assert phone.until(merged, lambda now: now["run"] == 2 and now["status"] in ENDED)["status"] == "completed"
    assert phone.transcript(merged)["segments"] == phone.transcript(whole)["segments"]
