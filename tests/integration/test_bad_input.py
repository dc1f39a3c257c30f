"""What people really upload: each ends in a clear state, with a message a person understands, and nothing half done."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
import httpx
import numpy as np
import pytest

from tests.fixtures import calls
from tests.fixtures.hostile.corpus import FILES
from tests.integration.service import AUDIO_FILES, FOUNDER, Listener, Service, put, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from infra.local.child import Child

SPEECH_S = (6.7, 12.2)
SAID = "heating system"
RESULTS = ["audio.flac", "peaks.json", "source", "transcript.json.zst"]
# Machines are shared: what is meant is "not the ten minutes that transcribing an hour takes".
HOUR_WITHIN_S = 120


def speech(name: str, codec: str, **how: Any) -> bytes:
    return calls.as_file(calls.stretch(*SPEECH_S), name, codec, **how)


def hour_of_silence() -> bytes:
    target = BytesIO()
    with av.open(target, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono")
        for second in range(3600):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8000, second * 8000
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def video_without_sound() -> bytes:
    target = BytesIO()
    with av.open(target, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            black = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            output.mux(stream.encode(black))
        output.mux(stream.encode(None))
    return target.getvalue()


def eight_channels() -> bytes:
    everywhere = np.repeat(calls.stretch(*SPEECH_S), 8, axis=0)
    return calls.as_file(everywhere, "array.wav", "pcm_s16le", layout="7.1")


def telephone() -> bytes:
    return calls.as_file(calls.stretch(0, 6.4), "call.wav", "pcm_mulaw", rate_hz=8000)


def without_its_index() -> bytes:
    """An m4a has its index at the end: an upload that broke off lacks it."""
    whole = speech("memo.m4a", "aac")
    assert whole.rindex(b"moov") > len(whole) // 2
    return whole[: whole.rindex(b"moov") - 4]


def hostile(name: str) -> bytes:
    """A file of the corpus that tests/unit/speech/test_hostile_media.py tries whole."""
    return next(file.make() for file in FILES if file.name == name)


def chained() -> bytes:
    """Two Opus streams, one behind the other, of which the second has another number of channels."""
    first, second = calls.stretch(6.7, 9.0), calls.stretch(9.0, 12.2)
    return calls.as_file(first, "a.opus", "libopus", rate_hz=48_000) + calls.as_file(
        np.repeat(second, 2, axis=0), "b.opus", "libopus", rate_hz=48_000
    )


def cut_wav() -> bytes:
    whole = speech("memo.wav", "pcm_s16le")
    return whole[: len(whole) * 3 // 4]


@dataclass(frozen=True)
class Refused:
    """An upload that can never become a recording: the code, and what its message must speak of."""

    name: str
    make: Callable[[], bytes]
    code: str
    speaks_of: str


@dataclass(frozen=True)
class Odd:
    """An upload that is unusual and works: facts of its audio, its warning, words that must be heard."""

    name: str
    make: Callable[[], bytes]
    audio: Mapping[str, Any] = field(default_factory=dict)
    warning: str | None = None
    said: str = SAID


REFUSED = {
    "not audio": Refused("call.mp3", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40, "unsupported-audio", "a PDF"),
    "a text": Refused("notes.wav", lambda: b"Dear customer,\n" * 99, "unsupported-audio", "plain text"),
    "empty": Refused("call.wav", lambda: b"", "empty-audio", "empty"),
    "without its index": Refused("memo.m4a", without_its_index, "damaged-audio", "cut off in transfer"),
    "a playlist": Refused(
        "call.mp3", lambda: b"#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n", "unsupported-audio", "a playlist"
    ),
    "an ffconcat script": Refused(
        "call.mp3",
        lambda: b"ffconcat version 1.0\nfile 'http://169.254.169.254/latest/meta-data/'\n",
        "unsupported-audio",
        "ffconcat",
    ),
    "81 bytes at 16 Hz": Refused(
        "call.flac", partial(hostile, "flac: 81 bytes at 16 Hz"), "unsupported-audio", "16 samples a second"
    ),
    "an unknown encoding": Refused(
        "call.wav", partial(hostile, "wav: encoding 0xFFFF"), "unsupported-audio", "an encoding that is not read"
    ),
    "a gigabyte of index": Refused(
        "memo.m4a", partial(hostile, "m4a: an index of 80 million samples"), "damaged-audio", "damaged"
    ),
    "a video without sound": Refused("screen.mp4", video_without_sound, "empty-audio", "no audio track"),
}

ODD = {
    "a cut wav": Odd("memo.wav", cut_wav, warning="truncated", said="letter about my"),
    "an hour of silence": Odd("night.flac", hour_of_silence, {"sampleRateHz": 8000}, "no-speech", said=""),
    "a video": Odd(
        "meeting.mp4", partial(speech, "meeting.mp4", "aac", rate_hz=44_100, picture=True), {"isVideo": True}
    ),
    "eight channels": Odd("array.wav", eight_channels, {"channels": 8}),
    "mu-law from a telephone": Odd(
        "call.wav",
        telephone,
        {"codec": "pcm_mulaw", "sampleRateHz": 8000},
        said="thank you for calling",
    ),
    "a chain of mono and stereo": Odd(
        "call.opus", chained, {"format": "opus"}, warning="channels-mixed", said="heating"
    ),
    "slashes and emoji": Odd("../../etc/Anruf 📞 «Müller»/5%.flac", partial(speech, "a.flac", "flac")),
}


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "odd")
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def contact(service: Service) -> str:
    return service.contact()


@pytest.fixture(scope="module")
def ended(service: Service, contact: str, heard: Listener) -> Iterator[Callable[[str], str]]:
    """The recording of the upload of that name, ended. All are on their way from the start, few at a time."""

    def upload(case: Refused | Odd) -> str:
        recording = service.upload(case.make(), case.name, contactIds=[contact])
        service.ended(recording)
        return recording

    with ThreadPoolExecutor(3) as threads:
        longest = "an hour of silence"
        recordings: dict[str, Future[str]] = {longest: threads.submit(upload, ODD[longest])}
        recordings |= {name: threads.submit(upload, refused) for name, refused in REFUSED.items()}
        recordings |= {name: threads.submit(upload, odd) for name, odd in ODD.items() if name != longest}
        yield lambda name: recordings[name].result()


# --- what cannot become a recording ------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_says_why(service: Service, ended: Callable[[str], str], name: str) -> None:
    case, recording = REFUSED[name], ended(name)
    status = service.status(recording)
    assert service.state(recording) == "UNRECOVERABLE_ERROR"
    assert (status["status"], status["error"]["stage"], status["error"]["code"]) == ("failed", "prepare", case.code)
    assert case.speaks_of in status["error"]["message"]
    assert status["message"] == status["error"]["message"]
    assert "Traceback" not in status["message"]
    states = {stage: found["state"] for stage, found in status["stages"].items()}
    assert "in-progress" not in states.values()
    if status["startedAt"]:
        assert states.pop("prepare") == "failed"
        assert set(states.values()) == {"skipped"}
        assert status["stages"]["prepare"]["error"]["code"] == case.code


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_leaves_nothing_half_done(
    service: Service, ended: Callable[[str], str], contact: str, heard: Listener, name: str
) -> None:
    recording = ended(name)
    assert service.keys(recording) == ["source"], "kept as it was sent, and nothing made of it"
    assert set(service.executions(recording).values()) <= {"SUCCEEDED"}
    detail = service.detail(recording)
    assert (detail["audio"], detail["wordCount"], detail["engines"], detail["highlights"]) == (None, 0, {}, [])
    assert "gsi2pk" not in service.items(recording)["STATE"], "the sweep has nothing to do with it"
    refused = service.http.get(f"{AUDIO_FILES}/{recording}/transcript")
    assert (refused.status_code, refused.json()["processingError"]["code"]) == (409, REFUSED[name].code)
    assert service.http.get(f"{FOUNDER}/recordings/{recording}/transcript").status_code == 422
    heard.until(recording, "failed")
    failed = next(event["detail"] for event in heard.of(recording) if event["detail-type"] == "recording.failed")
    assert failed["error"] == {"stage": "prepare", "code": REFUSED[name].code}
    timeline = service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]
    assert next(entry["status"] for entry in timeline if entry["id"] == recording) == "failed"


def test_processing_what_is_no_recording_again_is_refused(service: Service, ended: Callable[[str], str]) -> None:
    for name in ("not audio", "empty"):
        recording = ended(name)
        before = service.executions(recording)
        refused = service.process(recording)
        assert refused.status_code == 409
        assert REFUSED[name].speaks_of in refused.json()["detail"]
        assert service.executions(recording) == before
        assert service.status(recording)["run"] == 1


# --- what is odd, and works --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_works(service: Service, ended: Callable[[str], str], heard: Listener, name: str) -> None:
    case, recording = ODD[name], ended(name)
    detail = service.detail(recording)
    assert (service.state(recording), detail["status"], detail["error"]) == ("COMPLETE", "completed", None)
    assert detail["fileName"] == case.name
    assert {fact: detail["audio"][fact] for fact in case.audio} == case.audio
    assert [warning["code"] for warning in detail["warnings"]] == ([case.warning] if case.warning else [])
    segments = service.transcript(recording)["segments"]
    assert case.said in " ".join(segment["text"] for segment in segments)
    assert service.keys(recording) == RESULTS
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    heard.until(recording, "completed")


def test_an_hour_of_silence_is_quick_and_has_no_words(service: Service, ended: Callable[[str], str]) -> None:
    recording = ended("an hour of silence")
    status = service.status(recording)
    took = datetime.fromisoformat(status["finishedAt"]) - datetime.fromisoformat(status["startedAt"])
    assert took.total_seconds() < HOUR_WITHIN_S
    states = {stage: found["state"] for stage, found in status["stages"].items()}
    assert states["transcribe"] == states["diarize"] == "skipped"
    detail = service.detail(recording)
    assert (detail["durationSeconds"], detail["wordCount"], detail["speakers"]) == (3600.0, 0, [])
    assert detail["highlights"] == []
    assert service.transcript(recording)["segments"] == []
    assert "No speech" in status["warnings"][0]["message"]


def test_a_name_is_only_a_name(service: Service, ended: Callable[[str], str]) -> None:
    recording = ended("slashes and emoji")
    url = httpx.URL(service.get(f"{AUDIO_FILES}/{recording}/download-url")["downloadUrl"])
    assert url.path.endswith(f"/orgs/odd/recordings/{recording}/source")
    assert "%F0%9F%93%9E" in url.params["response-content-disposition"]
    assert "/etc" not in url.params["response-content-disposition"].split("filename*")[0]


# --- uploads that come twice, too late, or too early -------------------------------------------------------


def test_of_two_uploads_to_one_url_the_first_is_processed(service: Service) -> None:
    first, second = speech("a.flac", "flac"), b"%PDF-1.7 the wrong file"
    upload = service.request_upload()
    put(upload.url, first)
    put(upload.url, second)
    assert service.ended(upload.id)["status"] == "completed"
    assert SAID in service.get(f"{FOUNDER}/recordings/{upload.id}")["transcript_text"]
    wait(lambda: service.detail(upload.id)["laterUploads"] == 1)
    put(upload.url, second + b" again")
    wait(lambda: service.detail(upload.id)["laterUploads"] == 2)
    assert service.detail(upload.id)["sizeBytes"] == len(first)
    url = service.get(f"{AUDIO_FILES}/{upload.id}/download-url")["downloadUrl"]
    assert httpx.get(url, trust_env=False).content == first
    assert list(service.executions(upload.id).values()) == ["SUCCEEDED"]
    assert service.versions(upload.id).count("source") == 3, "what came later is kept"


def test_an_upload_to_a_removed_recording_is_erased(service: Service, heard: Listener) -> None:
    upload = service.request_upload()
    assert service.http.delete(f"{AUDIO_FILES}/{upload.id}").status_code == 204
    put(upload.url, speech("a.flac", "flac"))
    wait(lambda: not service.versions(upload.id))
    assert service.executions(upload.id) == {}
    assert service.http.get(f"{AUDIO_FILES}/{upload.id}").status_code == 404
    wait(lambda: len(heard.of(upload.id)) == 2)
    assert sorted(heard.types(upload.id)) == ["created", "removed"]


def test_a_recording_removed_while_it_is_processed_leaves_nothing(
    service: Service, heard: Listener, contact: str
) -> None:
    content = calls.as_file(calls.stretch(0, 20), "a.flac", "flac")
    recording = service.upload(content, contactIds=[contact])
    service.until(recording, lambda now: now["stages"]["prepare"]["state"] == "complete")
    assert service.http.delete(f"{AUDIO_FILES}/{recording}").status_code == 204
    for path in (f"{AUDIO_FILES}/{recording}", f"{FOUNDER}/recordings/{recording}"):
        assert service.http.get(path).status_code == 404
    wait(lambda: service.executions(recording), lambda all_: "RUNNING" not in all_.values())
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    service.sweep()
    assert service.versions(recording) == [], "nor of what stages wrote after it"
    assert "RUN#0001" not in service.items(recording)
    timeline = service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]
    assert recording not in {entry["id"] for entry in timeline}
    listed = service.get(f"{AUDIO_FILES}?pageSize=100")["items"]
    assert recording not in {one["audioFileId"] for one in listed}
    heard.until(recording, "removed")
    assert not {"completed", "failed"} & set(heard.types(recording))


def test_without_consent_it_is_kept_and_not_processed(service: Service) -> None:
    recording = service.upload(speech("a.flac", "flac"), consentStatus="pending")
    wait(lambda: service.state(recording) == "UPLOADED")
    status = service.status(recording)
    assert (status["status"], status["message"]) == ("pending", "Held until consent is recorded")
    refused = service.process(recording)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("consent-required")
    assert "consent" in refused.json()["detail"]
    service.sweep()
    assert service.executions(recording) == {}
    assert service.keys(recording) == ["source"]
    assert service.state(recording) == "UPLOADED"


def test_an_upload_without_bytes_waits_and_says_so(service: Service) -> None:
    upload = service.request_upload()
    assert service.status(upload.id)["message"] == "Waiting for the upload"
    refused = service.process(upload.id)
    assert refused.status_code == 409
    assert "PUT the file" in refused.json()["detail"]
    service.sweep()
    assert (service.state(upload.id), service.executions(upload.id)) == ("UPLOADING", {})


def test_an_upload_outside_its_url_is_refused(service: Service, tmp_path: Path) -> None:
    upload = service.request_upload(contentType="audio/flac")
    content = speech("a.flac", "flac")
    elsewhere = upload.url.replace(upload.id, "rec_somebody_elses")
    for url, media_type in ((elsewhere, "audio/flac"), (upload.url, "text/html")):
        answer = httpx.put(url, content=content, headers={"content-type": media_type}, trust_env=False)
        assert answer.status_code == 403
    assert service.state(upload.id) == "UPLOADING"
    put(upload.url, b"%PDF", **{"content-type": "audio/flac"})
    assert service.ended(upload.id)["error"]["code"] == "unsupported-audio"


def test_no_execution_is_left_running(service: Service, ended: Callable[[str], str]) -> None:
    for name in {**REFUSED, **ODD}:
        ended(name)
    machine = service.engine.outputs["StateMachineArn"]
    states = service.engine.client("stepfunctions")
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert running == []
