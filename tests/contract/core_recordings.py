"""What tests of the core API's recordings share: requests, errors, a furnished recording, the reference's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.core.errors import CoreError
from auricle.recordings.chunks import Chunk, ChunksChange
from auricle.recordings.counters import CountersChange
from auricle.recordings.debrief import DebriefQuestion, ResponseType, TextConfig
from auricle.recordings.job import Job
from auricle.recordings.recording import (
    Audio,
    Capture,
    CrmLink,
    Excerpt,
    Failure,
    Recording,
    Rep,
    Result,
    Split,
    Stage,
    StageResult,
    StageState,
    Status,
)
from auricle.transcripts.highlights import Highlight
from tests.contract.conftest import ENGINES, NOW, SPOKEN
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes

CORE = "/v1/core"
RECORDINGS = f"{CORE}/recordings"
CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
"""The reference, which lies beside the checkout and in no commit."""


def contract(name: str) -> Path:
    """A file of the reference; the test is skipped, and says so, where there is none."""
    path = CONTRACTS / name
    if not path.is_file():
        pytest.skip(f"REFERENCE NOT CHECKED: {path} is not there")
    return path


def documented_fields() -> list[str]:
    """The fields a recording has, without what stands inside of them, in order."""
    lines = contract("core-recording.fields.tsv").read_text().splitlines()
    return list(dict.fromkeys(line.split("\t")[0].partition(".")[0].partition("[")[0] for line in lines))


def send(
    api: Gateway,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> Answer:
    """One request with a JSON body."""
    raw = b"" if body is None else json.dumps(body).encode()
    return api.ask(method, path, body=raw, token=token, headers=headers, query=query)


def shown(model: type[Any], answer: Answer, status: int = 200) -> Any:
    """The answer's JSON, once it is found to be exactly what the OpenAPI document promises."""
    assert answer.status == status, answer.body
    model.model_validate_json(answer.body)
    return answer.json


def refused(answer: Answer, status: int, code: str, *fields: str) -> Any:
    """The error, once it is found to be that one, naming exactly those fields."""
    found = answer.json
    CoreError.model_validate(found)
    assert (answer.status, found["code"]) == (status, code), found
    assert sorted(".".join(issue["path"]) for issue in found.get("issues", ())) == sorted(fields), found
    return found


def furnish(services: Fakes, recording_id: str = "rec_full") -> Recording:
    """A recording of which everything is known that anything sets today."""
    before = Recording(
        org="acme",
        id=recording_id,
        created_at=NOW,
        updated_at=NOW,
        status=Status.TRANSCRIBING,
        file_name="visit.mp4",
        user_id="user_1",
        title="Visit",
        version="v1",
        size_bytes=4,
        chunked=True,
    )
    services.recordings.create(before, [])
    assert services.recordings.begin_run(before, expected=before, events=[])
    before = services.recordings.get("acme", recording_id, with_trashed=True)
    after = replace(
        before,
        status=Status.COMPLETE,
        updated_at=NOW + timedelta(seconds=70),
        audio=Audio("mp4", "aac", 1, 48000, 61.2, is_video=True),
        failure=Failure(Stage.SUMMARIZE, "summarize-failed", "No highlights could be picked."),
        language="en",
        engines=ENGINES,
        highlights=(Highlight("thank you", "speaker_0", 0, 0.51, 1.32),),
        speakers=SPOKEN.talk(),
        word_count=len(SPOKEN.words),
        confidence=0.86,
        notes="Call back on Monday",
        private=True,
        discoverable=False,
        locked=True,
        do_not_delete=True,
        result=Result.CLOSED,
        conversation_type="Door to door",
        conversation_quality="FULL_CONVERSATION",
        transcription_language="English",
        deleted_at=NOW + timedelta(days=1),
        capture=Capture(
            sdk_version="3.1",
            bundle_id="com.example.field",
            app_version="2.0",
            app_name="Field",
            sdk_type="iOS",
            os="ios",
            os_version="17.2",
            device_type="iPhone",
            device_id="device-1",
            code_version="2.0.1",
            trigger="button-press",
            latitude=57.64911,
            longitude=10.40744,
            chunk_creation_mode="minimized",
            record_errors=("interrupted",),
            terminated_ungracefully=True,
            beta_features=("live",),
        ),
        rep=Rep("Sam", "Reyes", "team_1", "Acme Corp"),
        crm_link=CrmLink("LEAD", id="contact_1", external_id="00Q1", linked_at=NOW),
        debrief={"question_1": "yes"},
        debrief_asked=(
            DebriefQuestion("acme", "question_1", NOW, NOW, "Sold?", ResponseType.FREE_TEXT, 1, text=TextConfig()),
        ),
        made_of=(Excerpt("rec_before", 1500),),
        splits=(Split(30_000, "rec_after", NOW),),
        seed_recording_id="seed_1",
        automatic_split=True,
        advanced_bookmarks_checked=True,
    )
    stages = dict.fromkeys(Stage, StageResult(StageState.COMPLETE))
    stages[Stage.SUMMARIZE] = StageResult(StageState.FAILED, after.failure)
    assert services.recordings.save(after, expected=before, finished_stages=stages)
    services.recordings.change_chunks(
        "acme",
        recording_id,
        ChunksChange(
            requested=frozenset({0, 1, 2, 3}),
            arrived={0: Chunk("v1", 4, NOW), 1: Chunk("v1", 4, NOW + timedelta(seconds=5))},
            skippable=frozenset({2}),
            expected=4,
            lacking_one_since=NOW,
            processed=frozenset({0, 1}),
        ),
    )
    services.recordings.count(
        "acme",
        recording_id,
        CountersChange(
            views=3,
            viewers=2,
            comments=1,
            stars=1,
            unread=frozenset({("user_2", "comment_1"), ("user_3", "comment_1")}),
        ),
    )
    job = Job(org="acme", recording=recording_id, run=1)
    services.objects.write(job.keys.source, b"RIFF", content_type="audio/mp4")
    return services.recordings.get("acme", recording_id, with_trashed=True)
