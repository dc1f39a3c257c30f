"""What a removed recording leaves: a word that stood in every text of it is looked for in the table and the bucket.

The stages are the real ones, over the real adapters; the table and the bucket answer inside this process. Only the
words are an engine's that hears what the test wants to find again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import zstandard

from auricle.adapters import aws
from auricle.adapters.dynamodb import documents
from auricle.adapters.dynamodb.items import Item
from auricle.bootstrap import Bootstrap
from auricle.crm.calls import CALLS, CallDirection, RecordingLog, TelephoneCall
from auricle.crm.contacts import Contact
from auricle.processing.assemble import assemble_transcript
from auricle.processing.diarize import diarize_recording
from auricle.processing.fetching_audio import Bounds
from auricle.processing.finish import finish_recording
from auricle.processing.prepare import prepare_recording
from auricle.processing.summarize import summarize_transcript
from auricle.processing.sweep import sweep
from auricle.processing.transcribe import transcribe_all
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.comments import COMMENTS, Comment, CommentAudio
from auricle.recordings.consent import Consent
from auricle.recordings.consent_changes import record_consent
from auricle.recordings.counters import CountersChange
from auricle.recordings.debrief import DebriefQuestion, ResponseType
from auricle.recordings.intake import accept_upload, remove
from auricle.recordings.media import IMAGES, MULTIMEDIA, ImageGroup, MultimediaEvent, RawImage
from auricle.recordings.mobile_events import MOBILE_EVENTS, MobileEvent
from auricle.recordings.recording import Capture, CrmLink, Recording, Rep, Stage, Status
from auricle.recordings.stores import STORES
from auricle.recordings.views import ENGAGEMENTS, VIEWERS, Engagement, Viewer
from auricle.settings import Settings, settings
from auricle.speech.diarization.pipeline import DiarizationModels
from auricle.speech.flac import FlacWriter, Samples
from auricle.speech.models import ensure_models, model_path
from auricle.speech.transcription import WindowTranscript
from auricle.speech.vad import VoiceActivityModel
from auricle.speech.windows import Window
from auricle.speech.working_copy import read_blocks
from auricle.transcripts.transcript import Engine, Word
from tests.fakes import FakeMetrics
from tests.fakes.aws_in_process import MACHINE, aws_in_process
from tests.fakes.contract import intake_of

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
CANARY = "kanarienvogel"
NOTE = "zeisig"
"""Stands in the note with which consent is withdrawn, which is evidence and stays."""
DONE = {"state": "complete"}
NO_TEXT = {"org", "id", "recording_id", "thread_id", "author_id", "user_id", "version", "kind", "content_type"}
"""Ids, and what only certain words may stand in."""


class Parrot:
    """An engine that hears the same words in every window."""

    engine = Engine("parrot", "1")

    def transcribe(self, _audio: Samples, window: Window) -> WindowTranscript:
        said = ["we", "bought", CANARY, "for", "the", CANARY, "house"]
        starts = [window.start_s + 0.1 * place for place in range(len(said))]
        words = [Word(word, at, at + 0.05, 0.9, window.channel) for word, at in zip(said, starts, strict=True)]
        return WindowTranscript(tuple(words), "en", self.engine)

    def transcribe_together(self, heard: Sequence[tuple[Samples, Window]]) -> tuple[WindowTranscript, ...]:
        return tuple(self.transcribe(*one) for one in heard)


def filled(type_: type[Any], **given: Any) -> Any:
    """One whose every text holds the word, those that a later version of the code adds too."""
    hints = get_type_hints(type_)
    texts = {
        one.name: f"{CANARY} {one.name}"
        for one in fields(type_)
        if hints[one.name] in (str, str | None) and one.name not in NO_TEXT
    }
    made = type_(**{"org": "acme", **texts, **given} if "org" in hints else {**texts, **given})
    assert not [one.name for one in fields(type_) if one.default is MISSING and getattr(made, one.name) is None]
    return made


class Service:
    """One tenant's recording, from its upload to its end."""

    def __init__(self, state: Bootstrap, name: str, models: Path, workspace: Path) -> None:
        self.state, self.name, self.models, self.workspace = state, name, models, workspace
        self.stores: dict[str, Any] = {"recordings": state.recordings, "objects": state.objects}

    def finish_a_recording(self, sound: bytes) -> Recording:
        self.state.contacts.create_contact(Contact("acme", "ann", "Ann", NOW, NOW))
        recording = filled(
            Recording,
            id="rec_1",
            created_at=NOW,
            updated_at=NOW,
            status=Status.UPLOADING,
            contact_ids=("ann",),
            capture=filled(Capture, record_errors=(CANARY,), beta_features=(CANARY,)),
            rep=filled(Rep),
            crm_link=filled(CrmLink),
            debrief={"question_1": f"{CANARY} answer"},
            debrief_asked=(
                filled(
                    DebriefQuestion,
                    id="question_1",
                    created_at=NOW,
                    updated_at=NOW,
                    response_type=ResponseType.FREE_TEXT,
                    sort_value=1.0,
                ),
            ),
        )
        self.state.recordings.create(recording, [])
        keys = recording.keys
        for _ in range(2):  # what is put to the same URL later is kept as another version
            self.state.objects.write(keys.source, sound, content_type="audio/flac")
        for key in (keys.consent_signature, keys.chunk(0), keys.media("media_1"), keys.run(9).plan):
            self.state.objects.write(key, CANARY.encode(), content_type="application/octet-stream")
        accept_upload("acme", "rec_1", intake=intake_of(self.state, max_upload_bytes=10**9), now=NOW)
        self._process()
        self._say_things()
        return self.state.recordings.get("acme", "rec_1")

    def _process(self) -> None:
        job = self.state.recordings.get("acme", "rec_1").current_job()
        voice = VoiceActivityModel(model_path("voice-activity", self.models))
        prepare_recording(
            job, **self.stores, voice_model=voice, bounds=Bounds(600, 10**9), workspace=self.workspace, now=NOW
        )
        transcribe_all(job, **self.stores, engine=Parrot())
        diarize_recording(
            job, **self.stores, load_models=lambda: DiarizationModels.load(self.models), workspace=self.workspace
        )
        assemble_transcript(job, {"transcribe": DONE, "diarize": DONE}, **self.stores)
        summarize_transcript(job, **self.stores)
        stages = {stage.value: DONE for stage in Stage if stage is not Stage.REDACT}
        assert finish_recording(job, stages, **self.stores, now=NOW) == {"status": "COMPLETE"}

    def _say_things(self) -> None:
        base = {"recording_id": "rec_1", "created_at": NOW}
        user = {"user_id": "user_1"}
        comment = filled(
            Comment,
            **base,
            id="comment_1",
            author_id="user_1",
            thread_id="comment_1",
            start_ms=0,
            end_ms=1,
            audio=filled(CommentAudio),
        )
        self.state.records(COMMENTS).add(comment, counters=CountersChange(comments=1))
        event = filled(MobileEvent, **base, **user, id="event_1", facts={"title": CANARY}, opportunity_ids=(CANARY,))
        self.state.records(MOBILE_EVENTS).add(event)
        images = filled(ImageGroup, **base, id="image_1", raw_images=(filled(RawImage),))
        self.state.records(IMAGES).add(images)
        self.state.records(MULTIMEDIA).add(filled(MultimediaEvent, **base, id="media_1"))
        self.state.records(VIEWERS).add(filled(Viewer, **base, id="user_1"))
        self.state.records(ENGAGEMENTS).add(filled(Engagement, **base, **user, id="engagement_1", updated_at=NOW))
        self.state.recordings.change_chunks("acme", "rec_1", ChunksChange(requested=frozenset({0})))
        self.state.answers.claim("acme", "key_1", "owner_1", "fingerprint", now=NOW)
        self.state.answers.keep("acme", "key_1", "owner_1", CANARY.encode(), now=NOW)
        log = RecordingLog("rec_1", f"https://calls.test/{CANARY}", 12, NOW, NOW, linked=True)
        call = TelephoneCall("acme", "call_1", NOW, NOW, CallDirection.INBOUND, logs=(log,))
        self.state.records(CALLS).add(call)

    def items(self) -> Iterator[dict[str, Any]]:
        client = Item.connection().client
        position: dict[str, Any] = {}
        while True:
            page = client._make_api_call("Scan", {"TableName": self.name, **position})
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            position = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def items_holding(self, word: str) -> set[str]:
        """Kinds of the items that hold it, of records the kind of record."""
        return {_kind(item) for item in self.items() if word in _text(item)}

    def objects(self) -> dict[str, list[bytes]]:
        """The content of every version there is, and delete markers as versions without content."""
        s3 = aws.client("s3")
        found: dict[str, list[bytes]] = {}
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.name):
            for one in page.get("DeleteMarkers", ()):
                found.setdefault(one["Key"], []).append(b"")
            for one in page.get("Versions", ()):
                read = s3.get_object(Bucket=self.name, Key=one["Key"], VersionId=one["VersionId"])
                found.setdefault(one["Key"], []).append(read["Body"].read())
        return found


def _kind(item: dict[str, Any]) -> str:
    return str(item.get("record_kind", item["kind"])["S"])


def _text(item: dict[str, Any]) -> str:
    """Everything the item says, its documents decompressed."""
    return json.dumps(item, default=lambda value: _unpacked(value) if isinstance(value, bytes) else str(value))


def _unpacked(stored: bytes) -> str:
    decompressor = documents._zstd.decompressors.get(stored[0])
    if decompressor is None:
        return stored.decode()
    return str(decompressor.decompress(stored[1:]).decode())


def _content(stored: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(stored) if stored.startswith(b"\x28\xb5\x2f\xfd") else stored


@pytest.fixture(scope="module")
def models() -> Path:
    ensure_models(settings().models_path)
    return settings().models_path


@pytest.fixture(scope="module")
def sound(demo_call: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The first two turns of the demo call."""
    path = tmp_path_factory.mktemp("call") / "short.flac"
    writer = FlacWriter(path, channels=1)
    for block in islice(read_blocks(demo_call), 12):
        writer.write(block)
    writer.close()
    return path.read_bytes()


@pytest.fixture
def service(models: Path, tmp_path: Path) -> Iterator[Service]:
    with aws_in_process() as (_, name):
        state = Bootstrap(Settings(table=name, bucket=name, state_machine_arn=MACHINE))
        yield Service(state, name, models, tmp_path)


def check_all_is_there(service: Service) -> None:
    """What is looked for is found while the recording lives: a scan that is blind would find nothing afterwards."""
    assert service.items_holding(CANARY) == {
        "recording",
        "timeline",
        "answer",
        "call",
        "comment",
        "mobile-event",
        "image",
        "multimedia-event",
        "engagement",
    }
    stored = {str(item["kind"]["S"]) for item in service.items()}
    assert stored >= {name for store in STORES if store.erase for name in store.items}
    found = service.objects()
    holding = {
        key.rpartition("rec_1/")[2]
        for key, all_ in found.items()
        if any(CANARY.encode() in _content(one) for one in all_)
    }
    assert holding >= {"transcript.json.zst", "consent-signature", "chunks/00000", "media/media_1"}
    assert {key.rpartition("rec_1/")[2] for key in found} >= {"source", "audio.flac", "peaks.json"}


def check_nothing_is_left(service: Service, state_item: set[str]) -> None:
    assert service.items_holding(CANARY) == {"answer", "call"}, "the list says that they stay, and until when"
    assert service.objects() == {}
    stayed = [item for item in service.items() if "#REC#rec_1" in item["pk"]["S"]]
    assert {_kind(item) for item in stayed} == {"recording", "outbox"}
    assert service.items_holding(NOTE) == state_item
    (answer,) = [item for item in service.items() if _kind(item) == "answer"]
    assert int(answer["expires_at"]["N"]) == int((NOW + timedelta(hours=24)).timestamp())
    for item in stayed:
        if _kind(item) == "outbox":
            envelope = json.loads(item["envelope"]["S"])
            until = datetime.fromisoformat(envelope["occurredAt"]) + timedelta(days=7)
            assert int(item["expires_at"]["N"]) == int(until.timestamp())


def test_nothing_of_a_removed_recording_stays(service: Service, sound: bytes) -> None:
    service.finish_a_recording(sound)
    check_all_is_there(service)
    remove("acme", "rec_1", **service.stores, now=NOW)
    check_nothing_is_left(service, set())


def test_nothing_of_a_recording_erased_without_consent_stays(service: Service, sound: bytes) -> None:
    service.finish_a_recording(sound)
    record_consent(
        "acme",
        "rec_1",
        Consent.WITHDRAWN,
        by="user_1",
        note=NOTE,
        grace=timedelta(days=1),
        intake=intake_of(service.state, max_upload_bytes=10**9),
        all_recordings=service.state.recordings,
        now=NOW,
    )
    assert service.items_holding(CANARY) >= {"recording", "comment"}, "it can be consented to again"
    ends = sweep(
        untouched=timedelta(minutes=10),
        recordings=service.state.recordings,
        intake=intake_of(service.state, max_upload_bytes=10**9),
        metrics=FakeMetrics(),
        now=NOW + timedelta(days=2),
    )
    assert ends == {"erasing": 1}, "what is still under way may write for an hour"
    check_nothing_is_left(service, {"recording"})
