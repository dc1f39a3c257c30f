from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auricle.errors import ModelUnavailable, NotFound, WeightsChanged
from auricle.speech import whisper_weights
from auricle.speech.whisper_weights import (
    PINNED,
    RECORD,
    PinnedWeights,
    fetch_whisper,
    find_whisper,
    recorded,
    verify_whisper,
)

COMMIT = "ab" * 20

pytestmark = pytest.mark.usefixtures("no_hub")


def test_a_folder_is_used_where_it_lies(toy: Path, tmp_path: Path) -> None:
    assert find_whisper(str(toy), tmp_path) == toy
    assert fetch_whisper(str(toy), tmp_path / "models") == toy
    assert find_whisper(str(tmp_path / "elsewhere"), tmp_path) is None
    with pytest.raises(ModelUnavailable, match="elsewhere"):
        fetch_whisper(str(tmp_path / "elsewhere"), tmp_path)


def test_a_prefix_is_fetched_once_and_appears_whole(toy: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch_folder(prefix: str, folder: Path) -> None:
        asked.append(prefix)
        shutil.copytree(toy, folder, dirs_exist_ok=True)

    prefix, models = "s3://weights/whisper/small", tmp_path / "models"
    assert find_whisper(prefix, models) is None
    folder = fetch_whisper(prefix, models, fetch_folder=fetch_folder)
    assert folder.parent == models
    assert fetch_whisper(prefix, models, fetch_folder=fetch_folder) == folder
    assert asked == [prefix]
    assert {path.name for path in models.iterdir()} == {folder.name, RECORD}, "nothing half-fetched is left"


def refuses(_prefix: str, _folder: Path) -> None:
    raise NotFound("There is nothing under s3://weights/none.")


def brings_half(_prefix: str, folder: Path) -> None:
    (folder / "config.json").write_text("{}")


@pytest.mark.parametrize(
    ("fetch_folder", "said"), [(None, "no access to S3"), (refuses, "nothing under"), (brings_half, r"model\.bin")]
)
def test_a_prefix_that_cannot_be_fetched_says_why(
    tmp_path: Path, fetch_folder: Callable[[str, Path], None] | None, said: str
) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        fetch_whisper("s3://weights/none", tmp_path / "models", fetch_folder=fetch_folder)
    assert not list((tmp_path / "models").iterdir())


def test_a_name_that_cannot_be_downloaded_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"faster-whisper-small.+huggingface\.co"):
        fetch_whisper("small", tmp_path)
    with pytest.raises(ModelUnavailable, match="large-v3"):
        fetch_whisper("enormous", tmp_path)


def test_what_faster_whisper_has_downloaded_before_is_found(toy: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    shutil.copytree(toy, cached / "snapshots" / ("0" * 40))
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0" * 40)
    assert find_whisper("small", tmp_path / "models") is None, "the newest is not the pinned one"
    shutil.copytree(toy, cached / "snapshots" / PINNED["small"].revision)
    found = find_whisper("small", tmp_path / "models")
    assert found is not None
    assert found.resolve() == (cached / "snapshots" / PINNED["small"].revision).resolve()


def test_a_download_reports_its_bytes() -> None:
    reports: list[tuple[int, int]] = []
    reporting = whisper_weights._reporting(lambda done, total: reports.append((done, total)))
    arriving, written = (reporting(total=0, unit="B", desc=what, name=what) for what in ("arriving", "written"))
    files = reporting(total=5, desc="files")
    for bar in (arriving, written):
        bar.total = 1000
    arriving.update(400)
    written.update(300)
    arriving.update(600)
    files.update(1)
    assert reports == [(400, 1000), (400, 1000), (1000, 1000)]


class Hub:
    """The hub with one repository, whose newest commit holds the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str | None] = []

    def snapshot_download(self, _repository: str, *, revision: str | None, local_dir: Path, **_: Any) -> str:
        self.asked.append(revision)
        shutil.copytree(self.folder, local_dir, dirs_exist_ok=True)
        return str(local_dir)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Hub:
        import huggingface_hub

        class Api:
            def model_info(self, _repository: str, *, revision: str | None) -> Any:
                return SimpleNamespace(sha=revision or COMMIT)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", self.snapshot_download)
        monkeypatch.setattr(huggingface_hub, "HfApi", Api)
        monkeypatch.setattr(whisper_weights, "_in_hub_cache", lambda *_: None)
        return self


@pytest.fixture
def changed(toy: Path, tmp_path: Path) -> Path:
    """The same model with other weights."""
    folder = tmp_path / "changed"
    shutil.copytree(toy, folder)
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes() + b"!")
    return folder


def test_every_name_means_one_commit_whose_files_are_known() -> None:
    for name, pinned in PINNED.items():
        assert len(pinned.revision) == 40, name
        assert {"model.bin", "config.json", "tokenizer.json"} < set(pinned.sha256), name
        assert all(len(sha256) == 64 for sha256 in pinned.sha256.values()), name
    assert len({pinned.sha256["model.bin"] for pinned in PINNED.values()}) == len(PINNED) - 1, "turbo has two names"


def test_a_pinned_name_is_fetched_at_its_commit_and_other_bytes_are_refused(
    toy: Path, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = {name: whisper_weights._sha256(toy / name) for name in whisper_weights._model_files(toy)}
    monkeypatch.setattr(whisper_weights, "PINNED", {"small": PinnedWeights("o/small", COMMIT, hashes)})
    hub = Hub(changed).install(monkeypatch)
    with pytest.raises(WeightsChanged, match=r"revision abab.+o/small.+model\.bin"):
        fetch_whisper("small", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == [], "what is not the pinned model is not kept"
    hub.folder = toy
    folder = fetch_whisper("small", tmp_path / "models")
    assert hub.asked == [COMMIT, COMMIT]
    assert recorded(tmp_path / "models")["small"] == {"revision": COMMIT, "sha256": hashes}
    assert verify_whisper("small", folder, tmp_path / "models") == hashes


def test_a_name_that_is_not_pinned_is_trusted_once_and_then_the_same(
    toy: Path, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, hub = tmp_path / "models", Hub(toy).install(monkeypatch)
    folder = fetch_whisper("owner/name", models)
    assert recorded(models)["owner/name"]["revision"] == COMMIT
    shutil.rmtree(folder)
    hub.folder = changed
    with pytest.raises(WeightsChanged, match=r"fetched before.+model\.bin.+whisper\.lock\.json"):
        fetch_whisper("owner/name", models)
    assert hub.asked == [COMMIT, COMMIT], "the second time the recorded commit is asked for"
    hub.folder = toy
    assert fetch_whisper("owner/name", models) == folder


def test_without_a_hub_it_is_not_tried_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each first run on a machine without the hub waits for this: listing a commit would try six times."""
    import huggingface_hub

    class Api:
        def model_info(self, _repository: str, *, revision: str | None) -> Any:
            raise ConnectionError(revision)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(whisper_weights, "_in_hub_cache", lambda *_: None)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("it was listed"))
    with pytest.raises(ModelUnavailable, match="ConnectionError"):
        fetch_whisper("small", tmp_path)


def test_a_commit_may_be_named(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(toy).install(monkeypatch)
    fetch_whisper(f"owner/name@{'cd' * 20}", tmp_path / "models")
    assert hub.asked == ["cd" * 20]
    with pytest.raises(ModelUnavailable, match="the commit in full"):
        fetch_whisper("owner/name@main", tmp_path / "models")


def test_a_prefix_whose_files_change_is_refused(toy: Path, changed: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    folder = fetch_whisper("s3://weights/ours", models, fetch_folder=lambda _, into: _copy(toy, into))
    shutil.rmtree(folder)
    with pytest.raises(WeightsChanged, match="remove its entry"):
        fetch_whisper("s3://weights/ours", models, fetch_folder=lambda _, into: _copy(changed, into))


def test_weights_that_were_damaged_since_are_noticed(toy: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    folder = fetch_whisper("s3://weights/ours", models, fetch_folder=lambda _, into: _copy(toy, into))
    (folder / "config.json").write_text("{}")
    with pytest.raises(WeightsChanged, match=r"config\.json"):
        verify_whisper("s3://weights/ours", folder, models)


def test_a_record_that_cannot_be_read_is_not_taken_for_none(toy: Path, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(json.dumps({})[:1])
    with pytest.raises(ModelUnavailable, match=RECORD):
        fetch_whisper("s3://weights/ours", tmp_path, fetch_folder=lambda _, into: _copy(toy, into))


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


def test_fetching_again_without_naming_the_commit_keeps_the_record(toy: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    fetch_whisper("s3://weights/ours", models, fetch_folder=lambda _, into: _copy(toy, into))
    content = json.loads((models / RECORD).read_text())
    content["s3://weights/ours"]["revision"] = COMMIT
    (models / RECORD).write_text(json.dumps(content))
    fetch_whisper("s3://weights/ours", models, fetch_folder=lambda _, into: _copy(toy, into))
    whisper_weights._check_and_record("s3://weights/ours", toy, models, None)
    assert recorded(models)["s3://weights/ours"]["revision"] == COMMIT
