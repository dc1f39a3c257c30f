from __future__ import annotations

from pathlib import Path

from auricle.processing.stages import FUNCTIONS, JOBS, REQUIRED_STAGES, STAGES
from auricle.recordings.recording import Stage

FOLDERS = Path(__file__).resolve().parents[3] / "functions"


def test_every_stage_is_listed_once_in_the_order_of_the_workflow() -> None:
    assert [definition.stage for definition in STAGES] == list(Stage)
    assert [stage.value for stage in Stage] == ["prepare", "transcribe", "diarize", "assemble", "redact", "summarize"]


def test_without_these_stages_there_is_no_transcript() -> None:
    assert [stage.value for stage in REQUIRED_STAGES] == ["prepare", "transcribe", "assemble"]


def test_every_function_and_every_job_has_its_program() -> None:
    assert list(FUNCTIONS) == ["prepare", "transcribe", "diarize", "assemble", "summarize", "finish"]
    assert [stage.value for stage in JOBS] == ["transcribe", "diarize"]
    assert all((FOLDERS / name / "handler.py").is_file() for name in FUNCTIONS)
    assert all((FOLDERS / stage / "job.py").is_file() for stage in JOBS)


def test_only_functions_that_decode_or_listen_carry_the_speech_packages() -> None:
    assert [name for name, size in FUNCTIONS.items() if size.speech] == ["prepare", "transcribe", "diarize"]


def test_the_jobs_of_a_recording_fit_on_one_machine() -> None:
    assert sum(size.vcpus for size in JOBS.values()) <= 4
    assert sum(size.memory_gib for size in JOBS.values()) <= 15
    assert sum(size.gpus for size in JOBS.values()) == 1


def test_every_function_and_every_job_has_its_size() -> None:
    assert {
        name: (size.memory_mb, size.timeout_s, size.storage_mb, size.speech) for name, size in FUNCTIONS.items()
    } == {
        "prepare": (3008, 900, 4096, True),
        "transcribe": (3008, 900, 512, True),
        "diarize": (3008, 900, 2048, True),
        "assemble": (1024, 300, 512, False),
        "summarize": (1024, 300, 512, False),
        "finish": (1024, 300, 512, False),
    }
    assert {stage.value: (size.vcpus, size.memory_gib, size.gpus) for stage, size in JOBS.items()} == {
        "transcribe": (3, 10, 1),
        "diarize": (1, 3, 0),
    }
