"""Where a recording's objects lie: buckets are full of these keys, so none of them may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from auricle.recordings.job import Job
from auricle.recordings.keys import (
    ORGS_PREFIX,
    RecordingKeys,
    RunKeys,
    chunk_key_ids,
    recordings_prefix,
    source_key_ids,
)

KEYS = RecordingKeys("acme", "rec_1")
ROOT = Path(__file__).parents[3]


def test_keys_are_fixed() -> None:
    assert ORGS_PREFIX == "orgs/"
    assert recordings_prefix("acme") == "orgs/acme/recordings/"
    named = {name: getattr(KEYS, name) for name in dir(RecordingKeys) if not name.startswith("_")}
    assert {name: key for name, key in named.items() if isinstance(key, str)} == {
        "org": "acme",
        "recording": "rec_1",
        "prefix": "orgs/acme/recordings/rec_1/",
        "source": "orgs/acme/recordings/rec_1/source",
        "chunks_prefix": "orgs/acme/recordings/rec_1/chunks/",
        "audio": "orgs/acme/recordings/rec_1/audio.flac",
        "peaks": "orgs/acme/recordings/rec_1/peaks.json",
        "transcript": "orgs/acme/recordings/rec_1/transcript.json.zst",
        "consent_signature": "orgs/acme/recordings/rec_1/consent-signature",
        "media_prefix": "orgs/acme/recordings/rec_1/media/",
        "runs_prefix": "orgs/acme/recordings/rec_1/runs/",
    }
    assert KEYS.chunk(7) == "orgs/acme/recordings/rec_1/chunks/00007"
    assert KEYS.media("media_1") == "orgs/acme/recordings/rec_1/media/media_1"


def test_keys_of_one_run_are_fixed() -> None:
    run = KEYS.run(3)
    named = {name: getattr(run, name) for name in dir(RunKeys) if not name.startswith("_")}
    assert {name: key for name, key in named.items() if isinstance(key, str)} == {
        "prefix": "orgs/acme/recordings/rec_1/runs/3/",
        "plan": "orgs/acme/recordings/rec_1/runs/3/plan.json",
        "windows_prefix": "orgs/acme/recordings/rec_1/runs/3/windows/",
        "turns": "orgs/acme/recordings/rec_1/runs/3/turns.json",
        "highlights": "orgs/acme/recordings/rec_1/runs/3/highlights.json",
    }
    assert run.window(12) == "orgs/acme/recordings/rec_1/runs/3/windows/00012.json"


def test_a_job_has_the_keys_of_its_recording_and_of_its_run() -> None:
    job = Job("acme", "rec_1", 3, "v1")
    assert job.keys == KEYS
    assert job.run_keys == KEYS.run(3)


def test_patterns_match_the_keys_of_any_recording() -> None:
    pattern = RecordingKeys.of_any()
    assert pattern.source == "orgs/*/recordings/*/source"
    assert pattern.chunks_prefix == "orgs/*/recordings/*/chunks/"
    assert pattern.runs_prefix == "orgs/*/recordings/*/runs/"


def test_the_layout_of_the_bucket_is_written_down_in_one_module() -> None:
    """Examples in the API's documents are texts for readers: they alone repeat it."""
    sources = [path for folder in ("layers", "functions", "infra") for path in (ROOT / folder).rglob("*.py")]
    repeating = {path.relative_to(ROOT).as_posix() for path in sources if "orgs/" in path.read_text(encoding="utf-8")}
    assert repeating - {"functions/api/examples.py"} == {"layers/auricle/python/auricle/recordings/keys.py"}


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
