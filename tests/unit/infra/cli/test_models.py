"""`auricle models`: what the engines run on, fetched and held to what was fetched before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auricle.errors import WeightsChanged
from auricle.speech.whisper_weights import RECORD
from infra.cli.main import app
from tests.fixtures import toy_whisper


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AURICLE_MODELS_DIR", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_what_is_fetched_is_recorded_and_a_later_change_fails(models: Path, tmp_path: Path) -> None:
    toy = str(toy_whisper.build(tmp_path / "toy"))
    fetched = CliRunner().invoke(app, ["models", "fetch", toy])
    assert fetched.exit_code == 0, fetched.output
    record = json.loads((models / RECORD).read_text())[toy]
    assert set(record["sha256"]) == {path.name for path in Path(toy).iterdir()}
    assert all(sha256 in fetched.output for sha256 in record["sha256"].values())

    (Path(toy) / "config.json").write_text("{}")
    changed = CliRunner().invoke(app, ["models", "fetch", toy])
    assert isinstance(changed.exception, WeightsChanged)
    assert "config.json" in changed.exception.message
    assert json.loads((models / RECORD).read_text())[toy] == record, "the record stays as it was"


def test_without_a_name_the_carried_models_are_converted(models: Path) -> None:
    done = CliRunner().invoke(app, ["models"])
    assert done.exit_code == 0, done.output
    assert len(list(models.glob("*.onnx"))) == 3
