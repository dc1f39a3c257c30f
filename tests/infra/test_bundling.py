from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from infra import bundling
from infra.bundling import Bundler, FunctionMissing, content_hash


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one function and a domain of one module, and a build folder of its own."""
    (tmp_path / "functions" / "greet" / "__pycache__").mkdir(parents=True)
    (tmp_path / "functions" / "greet" / "handler.py").write_text("def lambda_handler(event, context): return 'hi'\n")
    (tmp_path / "functions" / "greet" / "__pycache__" / "old.pyc").write_text("stale")
    (tmp_path / "functions" / "other").mkdir()
    (tmp_path / "functions" / "other" / "handler.py").write_text("SECRET = 1\n")
    (tmp_path / "domain" / "auricle").mkdir(parents=True)
    (tmp_path / "domain" / "auricle" / "__init__.py").write_text("")
    monkeypatch.setattr(bundling, "FUNCTIONS", tmp_path / "functions")
    monkeypatch.setattr(bundling, "DOMAIN", tmp_path / "domain")
    monkeypatch.setattr(bundling, "BUILD", tmp_path / "build")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_function_is_its_own_folder_and_nothing_else(sources: Path) -> None:
    assert files(Bundler(complete=False).function("greet")) == {"greet/handler.py"}


def test_the_domain_lies_where_a_layer_is_imported_from(sources: Path) -> None:
    assert files(Bundler(complete=False).domain()) == {"python/auricle/__init__.py"}


def test_a_function_without_a_handler_is_named(sources: Path) -> None:
    (sources / "functions" / "empty").mkdir()
    with pytest.raises(FunctionMissing, match=r"functions/empty/handler\.py does not exist"):
        Bundler(complete=False).function("empty")
    assert bundling.function_names() == ["greet", "other"]


def test_the_same_sources_are_built_once_and_changed_ones_anew(sources: Path) -> None:
    bundler = Bundler(complete=False)
    first = bundler.function("greet")
    (first / "trace").write_text("left by the first build")
    assert bundler.function("greet") == first
    assert (first / "trace").exists()

    (sources / "functions" / "greet" / "handler.py").write_text("changed = True\n")
    assert bundler.function("greet") != first


def test_names_and_bytes_both_count(tmp_path: Path) -> None:
    for name, file, text in [("a", "x.py", "1"), ("b", "y.py", "1"), ("c", "x.py", "2"), ("d", "x.py", "1")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(text)
    hashes = [content_hash([tmp_path / name]) for name in "abcd"]
    assert len(set(hashes)) == 3
    assert hashes[0] == hashes[3]


def test_bytecode_is_never_compared_with_its_source(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Zips and image layers lose modification times, so the usual check would throw all bytecode away.
    monkeypatch.setattr(bundling, "_interpreter", lambda: sys.executable)
    (compiled,) = Bundler().function("greet").rglob("*.pyc")
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
    assert flags == 0b01, "bit 0: checked by hash, bit 1: checked at all"


def test_no_bytecode_without_the_runtimes_interpreter_and_the_build_says_so(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundling, "_interpreter", lambda: None)
    assert files(Bundler().function("greet")) == {"greet/handler.py"}
    assert "NOT compiled in, as no Python 3.13" in bundling.bytecode_hint()


def test_only_bytecode_the_runtime_reads_is_shipped() -> None:
    is_runtime = sys.version_info[:2] == (3, 13)
    assert bundling._makes_right_bytecode(sys.executable) == is_runtime
    assert not bundling._makes_right_bytecode("/nowhere/python3.13")


def test_incomplete_dependencies_are_marked_and_never_pass_for_complete_ones(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_network:
        without_network.setattr(Bundler, "_dependencies", lambda _self, _extra, target: target.mkdir())
        complete = Bundler().dependencies("service")
    incomplete = Bundler(complete=False).dependencies("service")
    assert files(incomplete) == {bundling.NOT_BUNDLED}
    assert incomplete.name != complete.name


def test_an_image_holds_the_code_it_runs_and_no_other(sources: Path) -> None:
    folder = Bundler(complete=False).image("speech", extras=["speech"], functions=["greet"])
    assert files(folder) == {
        "Dockerfile",
        "domain/auricle/__init__.py",
        "functions/greet/handler.py",
        bundling.NOT_BUNDLED,
    }


def test_only_the_last_few_builds_are_kept(sources: Path) -> None:
    for number in range(bundling._KEPT + 3):
        (sources / "functions" / "greet" / "handler.py").write_text(f"number = {number}\n")
        newest = Bundler(complete=False).function("greet")
    kept = list((sources / "build").iterdir())
    assert len(kept) == bundling._KEPT
    assert newest in kept


def test_the_lock_is_read_whole_with_its_hashes() -> None:
    blocks = bundling._lock_blocks()
    lines = bundling.LOCK.read_text().splitlines()
    assert set(blocks) == {bundling._canonical(line.split("==")[0]) for line in lines if line[:1].isalnum()}
    assert all("--hash=sha256:" in block for block in blocks.values())
    assert "boto3" in blocks


def test_images_build_with_the_python_and_the_uv_of_everything_else() -> None:
    gpu = (bundling.IMAGES / "gpu" / "Dockerfile").read_text()
    speech = (bundling.IMAGES / "speech" / "Dockerfile").read_text()
    (pinned,) = re.findall(r'"uv==([\d.]+)"', bundling.PROJECT.read_text())
    assert f"/uv:{pinned} " in gpu
    assert f"--python {bundling.PYTHON} " in gpu
    assert f"python:{bundling.PYTHON}\n" in speech
    for dockerfile in (gpu, speech):
        assert "--require-hashes" in dockerfile
        assert "--only-binary :all:" in dockerfile
