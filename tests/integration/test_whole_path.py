"""From a presigned URL to a finished recording on its contact's timeline, inside the real local engine."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures import calls
from tests.integration.service import AUDIO_FILES, FOUNDER, SCOPES, Listener, Service, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.child import Child

# Five turns of the two speakers.
CUT_S = (0.0, 26.6)
TOLD = ["created", "uploaded", "processing", "completed"]
KEPT = ["audio.flac", "peaks.json", "source", "transcript.json.zst"]


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "whole")
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def contact(service: Service) -> str:
    return service.contact()


@pytest.fixture(scope="module")
def call(service: Service, contact: str, heard: Listener) -> str:
    """A finished call of two people on one channel."""
    recording = service.upload(call_file(), "renewal.flac", title="Renewal", contactIds=[contact], campaignId="spring")
    assert service.ended(recording)["status"] == "completed"
    return recording


def call_file() -> bytes:
    return calls.as_file(calls.stretch(*CUT_S), "call.flac", "flac")


def words_of(transcript: dict[str, Any]) -> list[dict[str, Any]]:
    return [word for segment in transcript["segments"] for word in segment["words"]]


# --- one call, from end to end -----------------------------------------------------------------------------


def test_every_stage_completes_in_one_execution(service: Service, call: str) -> None:
    status = service.status(call)
    states = {stage: found["state"] for stage, found in status["stages"].items()}
    assert states.pop("redact") == "skipped", "there is nothing yet that redacts"
    assert set(states.values()) == {"complete"}
    assert (status["progress"], status["run"], status["error"], status["warnings"]) == (1.0, 1, None, [])
    assert list(service.executions(call).values()) == ["SUCCEEDED"]


def test_its_end_and_its_time_are_measured_without_saying_whose_it_was(service: Service, call: str) -> None:
    log = service.engine.home / "logs" / "functions.log"

    def measured() -> list[dict[str, Any]]:
        lines = re.findall(r'\{"_aws".*\}$', log.read_text(encoding="utf-8"), re.MULTILINE)
        return [line for line in map(json.loads, lines) if "SecondsToTranscript" in line]

    wait(lambda: measured() or None)
    assert all(0 < line["SecondsToTranscript"][0] < 600 for line in measured())
    assert {(line["environment"], line["service"]) for line in measured()} == {("local", "auricle")}
    assert not [line for line in measured() if call in json.dumps(line) or service.org in json.dumps(line)]


def test_words_are_in_order_and_inside_the_audio(service: Service, call: str) -> None:
    transcript = service.transcript(call)
    duration_s = CUT_S[1] - CUT_S[0]
    assert transcript["durationSeconds"] == pytest.approx(duration_s, abs=0.01)
    words = words_of(transcript)
    assert len(words) > 60
    assert all(0 <= word["start"] < word["end"] <= duration_s for word in words)
    assert all(before["start"] <= after["start"] for before, after in pairwise(words))
    assert all(0 <= word["confidence"] <= 1 for word in words)
    for segment in transcript["segments"]:
        assert segment["text"] == " ".join(word["text"] for word in segment["words"])
        assert (segment["start"], segment["end"]) == (segment["words"][0]["start"], segment["words"][-1]["end"])


def test_what_was_said_is_heard_from_who_said_it(service: Service, call: str) -> None:
    """The demo call's real turns are known: each must be found, with most of its words, at its speaker."""
    transcript = service.transcript(call)
    assert {speaker["speaker"] for speaker in transcript["speakers"]} == {"Speaker 1", "Speaker 2"}
    speakers = {"agent": "Speaker 1", "customer": "Speaker 2"}
    for turn in calls.demo_turns():
        if turn["end_s"] > CUT_S[1]:
            break
        heard = " ".join(
            word["text"]
            for segment in transcript["segments"]
            if segment["speaker"] == speakers[turn["speaker"]]
            for word in segment["words"]
            if turn["start_s"] - 0.3 <= word["start"] <= turn["end_s"]
        )
        said = re.findall(r"[a-z']+", turn["text"].lower())
        assert len(set(said) & set(heard.split())) > len(set(said)) * 0.6, turn


def test_highlights_are_quotations_of_their_segments(service: Service, call: str) -> None:
    segments = service.transcript(call)["segments"]
    highlights = service.detail(call)["highlights"]
    assert highlights
    for highlight in highlights:
        segment = segments[highlight["segment"]]
        assert highlight["text"] in segment["text"]
        assert highlight["speaker"] == segment["speaker"]
        assert segment["start"] <= highlight["start"] < highlight["end"] <= segment["end"]


def test_the_record_names_its_engines(service: Service, call: str) -> None:
    engines = service.detail(call)["engines"]
    assert set(engines) == {"transcribe", "diarize", "summarize"}
    assert engines["transcribe"]["name"] in {"pocketsphinx", "whisper"}
    assert engines["diarize"]["name"] == "auricle-diarization"
    assert all(engine["version"] for engine in engines.values())
    stored = service.transcript(call)["engines"]
    assert stored == {stage: engines[stage] for stage in ("transcribe", "diarize")}


def test_the_call_is_on_its_contacts_timeline(service: Service, call: str, contact: str) -> None:
    timeline = service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]
    assert [(entry["type"], entry["id"], entry["status"]) for entry in timeline] == [("recording", call, "completed")]
    assert timeline[0]["title"] == "Renewal"
    assert timeline[0]["duration_seconds"] == service.detail(call)["durationSeconds"]
    assert timeline[0]["summary"].startswith(service.detail(call)["highlights"][0]["text"])


def test_both_surfaces_show_the_same_recording(service: Service, call: str) -> None:
    founder, audio_file = service.get(f"{FOUNDER}/recordings/{call}"), service.detail(call)
    assert (founder["status"], founder["transcription_status"]) == ("completed", "completed")
    assert founder["transcript_text"].count("\n") == len(service.transcript(call)["segments"]) - 1
    assert founder["duration_seconds"] == audio_file["durationSeconds"]
    assert [one["text"] for one in founder["highlights"]] == [one["text"] for one in audio_file["highlights"]]
    full = service.get(f"{FOUNDER}/recordings/{call}/transcript")
    assert [one["text"] for one in full["segments"]] == [one["text"] for one in service.transcript(call)["segments"]]
    listed = service.get(f"{AUDIO_FILES}?campaignId=spring")["items"]
    assert [one["audioFileId"] for one in listed] == [call]


def test_the_bucket_keeps_the_results_and_nothing_of_the_run(service: Service, call: str) -> None:
    assert service.keys(call) == KEPT
    url = service.get(f"{AUDIO_FILES}/{call}/download-url")["downloadUrl"]
    assert httpx.get(url, trust_env=False, timeout=30).content == call_file()
    # The engine signs the name but does not send it; AWS does both.
    assert 'filename="renewal.flac"' in httpx.URL(url).params["response-content-disposition"]


def test_the_bus_is_told_each_step_once(service: Service, call: str, heard: Listener) -> None:
    wait(lambda: len(heard.of(call)) >= len(TOLD))
    events = heard.of(call)
    assert sorted(heard.types(call)) == sorted(TOLD)
    assert len({event["detail"]["id"] for event in events}) == len(TOLD)
    assert {event["detail"]["id"] for event in events} == {f"evt_{call}_1_{name}" for name in TOLD}
    assert all(event["detail"]["org"] == service.org for event in events)
    completed = next(event["detail"] for event in events if event["detail-type"] == "recording.completed")
    assert completed["durationSeconds"] == service.detail(call)["durationSeconds"]
    assert not any("text" in event["detail"] for event in events), "what was said is in no event"


def test_the_table_keeps_the_history(service: Service, call: str) -> None:
    items = service.items(call)
    assert sorted(items) == [*sorted(f"OUTBOX#evt_{call}_1_{name}" for name in TOLD), "RUN#0001", "STATE"]
    run = items["RUN#0001"]
    assert run["started_at"]["S"] < run["finished_at"]["S"]
    assert int(run["windows_counted"]["N"]) == int(run["windows_total"]["N"]) > 0
    # Created, uploaded, processing, completed: what else happened left no trace in the state itself.
    assert (items["STATE"]["status"]["S"], items["STATE"]["revision"]["N"]) == ("COMPLETE", "4")
    assert "gsi2pk" not in items["STATE"], "the sweep has nothing more to do with it"


def test_processing_again_is_done_only_when_asked_and_makes_a_new_run(
    service: Service, heard: Listener, contact: str
) -> None:
    recording = service.upload(calls.as_file(calls.stretch(6.7, 12.2), "a.flac", "flac"), contactIds=[contact])
    first = service.ended(recording)
    answer = service.process(recording)
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    transcript = service.transcript(recording)

    assert service.process(recording, reprocess=True).status_code == 202
    second = service.ended(recording, run=2)
    assert (first["run"], second["run"], second["status"]) == (1, 2, "completed")
    assert list(service.executions(recording).values()) == ["SUCCEEDED"] * 2
    assert service.transcript(recording) == transcript
    assert service.keys(recording) == KEPT
    wait(lambda: heard.types(recording).count("completed") == 2)
    assert len({event["detail"]["id"] for event in heard.of(recording)}) == len(heard.of(recording))
    timeline = service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]
    assert [entry["status"] for entry in timeline if entry["id"] == recording] == ["completed"]


# --- other shapes of calls ---------------------------------------------------------------------------------


def test_each_channel_of_a_two_channel_call_is_a_speaker(service: Service) -> None:
    content = calls.as_file(calls.on_two_channels(6.7, 20.9), "call.wav", "pcm_s16le")
    recording = service.upload(content, "call.wav")
    assert service.ended(recording)["status"] == "completed"
    detail, transcript = service.detail(recording), service.transcript(recording)
    assert detail["audio"]["channels"] == 2
    assert detail["engines"]["diarize"]["name"] == "channels"
    texts = {
        name: " ".join(segment["text"] for segment in transcript["segments"] if segment["speaker"] == name)
        for name in ("Speaker 1", "Speaker 2")
    }
    assert "account" in texts["Speaker 1"]
    assert "heating system" in texts["Speaker 2"]
    assert "heating system" not in texts["Speaker 1"]
    starts = [segment["start"] for segment in transcript["segments"]]
    assert starts == sorted(starts)
    assert all(word["end"] <= transcript["durationSeconds"] for word in words_of(transcript))


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "format_name"),
    [
        ("call.mp3", "libmp3lame", 44_100, "mp3"),
        ("call.m4a", "aac", 44_100, "m4a"),
        ("call.webm", "libopus", 48_000, "webm"),
    ],
)
def test_what_phones_and_browsers_record(
    service: Service, name: str, codec: str, rate_hz: int, format_name: str
) -> None:
    recording = service.upload(calls.as_file(calls.stretch(6.7, 12.2), name, codec, rate_hz=rate_hz), name)
    assert service.ended(recording)["status"] == "completed"
    detail = service.detail(recording)
    assert (detail["audio"]["format"], detail["audio"]["sampleRateHz"]) == (format_name, rate_hz)
    assert detail["durationSeconds"] == pytest.approx(5.5, abs=0.15)
    assert "heating system" in " ".join(word["text"] for word in words_of(service.transcript(recording)))
    assert detail["warnings"] == []


def test_linking_puts_a_finished_call_on_the_timeline(service: Service, call: str) -> None:
    other = service.contact()
    linked = service.http.post(f"{FOUNDER}/recordings/{call}/link", json={"contact_ids": [other], "deal_id": "deal_1"})
    assert linked.raise_for_status().json()["contact_ids"][-1] == other
    timeline = service.get(f"{FOUNDER}/contacts/{other}/timeline")["timeline"]
    assert [(entry["id"], entry["status"]) for entry in timeline] == [(call, "completed")]


# --- tenants -----------------------------------------------------------------------------------------------


def test_another_tenant_finds_none_of_it(auricle: Child, service: Service, call: str, contact: str) -> None:
    """Every route of the API's own document that names a thing, asked by who must not know it."""
    document = service.get("/openapi.json")
    stranger = Service.at(auricle, "stranger")
    ids = defaultdict(lambda: call, contact_id=contact)
    named = [
        (method, path, operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example"))
        for path, operations in document["paths"].items()
        if "{" in path
        for method, operation in operations.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    assert len(named) >= 60
    for method, path, body in named:
        answer = stranger.http.request(method, path.format_map(ids), json=body)
        assert answer.status_code == 404, (method, path, answer.text)
    assert stranger.get(AUDIO_FILES)["items"] == []
    refused = stranger.http.post(f"{AUDIO_FILES}/upload-url", json={"fileName": "a.wav", "contactIds": [contact]})
    assert refused.status_code == 422
    assert service.status(call)["status"] == "completed", "asking changed nothing"
    stranger.http.close()


# --- users -------------------------------------------------------------------------------------------------


def test_another_user_finds_none_of_what_is_private(auricle: Child, service: Service, call: str) -> None:
    """The same of a user of the tenant, with every scope of one, and the routes that lead to a recording."""
    document = service.get("/openapi.json")
    scopes = [scope for scope in SCOPES if scope != "org:admin"]
    token = auricle.token(org=service.org, user="bob", scopes=scopes)
    lists = ("/v1/core/recordings?pageSize=100", f"{AUDIO_FILES}?pageSize=100", "/v1/core/mobile-events")
    core = f"/v1/core/recordings/{call}"
    event = {"name": "networkStatusChange", "value": "offline"}
    service.http.post(f"{core}/mobile-events", json={"events": [{"event": event}]}).raise_for_status()
    with httpx.Client(
        base_url=auricle.base_url, headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    ) as bob:
        assert all(call in bob.get(path).raise_for_status().text for path in lists)
        service.http.patch(core, json={"isPrivate": True}).raise_for_status()
        for path, operations in document["paths"].items():
            of_recording = "{recording_id}" in path or "{audio_file_id}" in path
            if not of_recording or path.startswith((FOUNDER, "/v1/calls")):
                continue
            for method, operation in operations.items():
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
                answer = bob.request(method, path.format_map(defaultdict(lambda: call)), json=body)
                assert answer.status_code == 404, (method, path, answer.text)
        assert not any(call in bob.get(path).raise_for_status().text for path in lists)
        assert all(call in service.http.get(path).raise_for_status().text for path in lists)
        service.http.patch(core, json={"isPrivate": False, "discoverable": False}).raise_for_status()
        assert bob.get(core).json()["data"]["id"] == call
        assert not any(call in bob.get(path).raise_for_status().text for path in lists)
        service.http.patch(core, json={"discoverable": True}).raise_for_status()
        assert all(call in bob.get(path).raise_for_status().text for path in lists)
