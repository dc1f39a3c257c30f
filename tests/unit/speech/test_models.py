from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from auricle.errors import ModelUnavailable
from auricle.speech import models
from auricle.speech.models import MODELS, ModelName, ensure_models, model_path


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    ensure_models(directory)
    return directory


class NothingInstalled:
    """What importlib.metadata answers in a Lambda image, where the packages are not."""

    def __call__(self, package: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(package)


def test_each_model_becomes_the_file_the_table_names(converted: Path) -> None:
    for name, model in MODELS.items():
        content = model_path(name, converted).read_bytes()
        assert hashlib.sha256(content).hexdigest() == model.sha256, name
    assert len(list(converted.iterdir())) == len(MODELS), "nothing half-written is left behind"


def test_everybody_on_the_machine_may_read_a_model_and_its_owner_write_it(converted: Path) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in converted.iterdir()} == {0o644}


def test_the_table_matches_what_is_installed() -> None:
    for model in MODELS.values():
        if model.package != "auricle":
            assert metadata.version(model.package) == model.version


def test_converting_imports_none_of_the_packages(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from auricle.speech.models import ensure_models;"
        f"ensure_models(pathlib.Path({str(tmp_path)!r}));"
        "print(sorted({'torch', 'whisperx', 'resemblyzer', 'silero_vad'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


def test_progress_tells_of_each_model(converted: Path) -> None:
    seen: list[tuple[ModelName, int, int]] = []
    wanted: list[ModelName] = ["speaker-lda", "voice-activity"]
    ensure_models(converted, wanted, progress=lambda *told: seen.append(told))
    assert seen == [("speaker-lda", 1, 2), ("voice-activity", 2, 2)]


def test_converted_models_need_no_packages_and_no_writing(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "distribution", NothingInstalled())
    monkeypatch.setattr(models, "_write_whole", lambda *_: pytest.fail("wrote a model that was there"))
    assert ensure_models(converted) == {name: model_path(name, converted) for name in MODELS}


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (path,) = ensure_models(tmp_path, ["voice-activity"]).values()
    path.write_bytes(path.read_bytes()[:1000])
    ensure_models(tmp_path, ["voice-activity"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == MODELS["voice-activity"].sha256


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "distribution", NothingInstalled())
    with pytest.raises(ModelUnavailable, match=r"resemblyzer==0\.1\.4"):
        ensure_models(tmp_path, ["speaker-encoder"])
    assert not list(tmp_path.iterdir())


def test_other_weights_than_expected_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Newer(metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return None

        def locate_file(self, path: object) -> Path:
            return tmp_path / "pretrained.pt"

    (tmp_path / "pretrained.pt").write_bytes(b"other weights")
    monkeypatch.setattr(metadata, "distribution", lambda _: Newer())
    with pytest.raises(ModelUnavailable, match=r"is not the file of resemblyzer 0\.1\.4"):
        ensure_models(tmp_path / "models", ["speaker-encoder"])


def test_several_processes_may_convert_at_once(tmp_path: Path) -> None:
    script = (
        "import pathlib; from auricle.speech.models import ensure_models;"
        f"ensure_models(pathlib.Path({str(tmp_path)!r}), ['speaker-encoder'])"
    )
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [MODELS["speaker-encoder"].file_name]


def test_a_model_that_was_never_set_up_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="Set up the models once"):
        model_path("voice-activity", tmp_path)
