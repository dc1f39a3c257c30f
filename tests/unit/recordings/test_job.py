"""Where a recording's objects lie: buckets are full of these keys, so none of them may change."""

from __future__ import annotations

from typing import Any

import pytest

from auricle.recordings.job import Job, chunk_key_ids, source_key_ids

JOB = Job("acme", "rec_1", 3, "v1")


def test_keys_are_fixed() -> None:
    named = {name: getattr(JOB, name) for name in dir(Job) if name.endswith(("_key", "prefix"))}
    assert {name: key for name, key in named.items() if isinstance(key, str)} == {
        "prefix": "orgs/acme/recordings/rec_1/",
        "runs_prefix": "orgs/acme/recordings/rec_1/runs/",
        "run_prefix": "orgs/acme/recordings/rec_1/runs/3/",
        "source_key": "orgs/acme/recordings/rec_1/source",
        "chunks_prefix": "orgs/acme/recordings/rec_1/chunks/",
        "audio_key": "orgs/acme/recordings/rec_1/audio.flac",
        "peaks_key": "orgs/acme/recordings/rec_1/peaks.json",
        "transcript_key": "orgs/acme/recordings/rec_1/transcript.json.zst",
        "consent_key": "orgs/acme/recordings/rec_1/consent-signature",
        "plan_key": "orgs/acme/recordings/rec_1/runs/3/plan.json",
        "windows_prefix": "orgs/acme/recordings/rec_1/runs/3/windows/",
        "turns_key": "orgs/acme/recordings/rec_1/runs/3/turns.json",
        "highlights_key": "orgs/acme/recordings/rec_1/runs/3/highlights.json",
    }
    assert JOB.chunk_key(7) == "orgs/acme/recordings/rec_1/chunks/00007"
    assert JOB.window_key(12) == "orgs/acme/recordings/rec_1/runs/3/windows/00012.json"


def test_an_execution_is_named_by_recording_version_and_run() -> None:
    assert JOB.execution_name == "rec_1-3bfc269594ef-r3"
    assert Job("acme", "rec_1", 3, "v2").execution_name != JOB.execution_name
    assert len(Job("acme", "r" * 64, 10**6, "v1").execution_name) <= 80


@pytest.mark.parametrize(
    ("event", "job"),
    [
        ({"org": "acme", "recording": "rec_1", "run": 3, "version": "v1"}, JOB),
        ({"org": "acme", "recording": "rec_1", "run": "3", "version": "v1", "index": 4}, JOB),
        ({"org": "acme", "recording": "rec_1", "run": 3}, Job("acme", "rec_1", 3, "")),
    ],
)
def test_a_state_s_event_says_whose_work_it_is(event: dict[str, Any], job: Job) -> None:
    assert Job.from_event(event) == job


def test_a_source_key_says_whose_it_is() -> None:
    assert source_key_ids("orgs/acme/recordings/rec_1/source") == ("acme", "rec_1")


@pytest.mark.parametrize(
    "key",
    [
        "org/acme/recordings/rec_1/source",
        "orgs/acme/recording/rec_1/source",
        "orgs/acme/recordings/rec_1/sources",
        "orgs/acme/recordings/rec_1/source/again",
        "orgs/acme/recordings/source",
        "",
    ],
)
def test_other_keys_are_no_source(key: str) -> None:
    assert source_key_ids(key) is None


@pytest.mark.parametrize(
    "key",
    [
        "org/acme/recordings/rec_1/chunks/00001",
        "orgs/acme/recording/rec_1/chunks/00001",
        "orgs/acme/recordings/rec_1/chunk/00001",
        "orgs/acme/recordings/rec_1/chunks/00001/more",
        "orgs/acme/recordings/rec_1/00001",
    ],
)
def test_keys_elsewhere_are_no_chunk(key: str) -> None:
    assert chunk_key_ids(key) is None
    assert chunk_key_ids("orgs/acme/recordings/rec_1/chunks/01999") == ("acme", "rec_1", 1999)
