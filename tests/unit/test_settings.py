from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from auricle.settings import SettingMissing, Settings


def test_an_empty_variable_is_not_set() -> None:
    assert Settings.from_environment({"AURICLE_TABLE": "", "AURICLE_MAX_DURATION_S": ""}) == Settings()


def test_numbers_are_read_as_numbers() -> None:
    assert Settings.from_environment({"AURICLE_MAX_DURATION_S": "60"}).max_duration_s == 60


def test_what_is_not_a_number_is_named() -> None:
    with pytest.raises(SettingMissing, match="AURICLE_MAX_DURATION_S must be a whole number"):
        Settings.from_environment({"AURICLE_MAX_DURATION_S": "an hour"})


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingMissing, match="AURICLE_TABLE is not set"):
        Settings().require("table")


def test_models_lie_in_the_users_cache_unless_said_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Settings().models_path == tmp_path / "auricle" / "models"
    assert Settings(models_dir="/opt/models").models_path == Path("/opt/models")


def test_what_holds_where_nothing_is_set() -> None:
    assert {name: value for name, value in asdict(Settings()).items() if value} == {
        "env": "local",
        "jwt_audience": "auricle",
        "transcribe_compute": "lambda",
        "diarize_compute": "lambda",
        "transcription_engine": "auto",
        "whisper_model": "small",
        "whisper_device": "auto",
        "gpu_wait_minutes": 10,
        "max_duration_s": 14_400,
        "max_upload_bytes": 1_073_741_824,
        "upload_url_seconds": 900,
        "download_url_seconds": 900,
    }


def test_every_text_is_read_from_the_variable_of_its_name() -> None:
    read = Settings.from_environment({"AURICLE_TABLE": "t", "AURICLE_JOB_QUEUE": "q", "TABLE": "x", "AURICLE_X": "y"})
    assert (read.table, read.job_queue, read.bucket) == ("t", "q", "")
    assert read.require("table") == "t"


def test_without_a_folder_named_models_lie_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings().models_path == tmp_path / ".cache" / "auricle" / "models"
