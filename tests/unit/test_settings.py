from __future__ import annotations

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
