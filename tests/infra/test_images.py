"""The container images, without Docker: their file trees as the job's user sees them, and what their base carries."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from auricle.settings import Settings
from auricle.speech.models import ensure_models
from auricle.speech.whisper_weights import PINNED, RECORD, folder_name, verify_whisper
from infra import bundling
from infra.bundling import NOT_BUNDLED, Bundler
from tests.fixtures import calls, toy_whisper
from tests.infra import assemblies
from tests.infra.assemblies import Assembly
from tests.infra.dockerfile import Dockerfile, is_root, paths_of

MODEL = f"toys/whisper@{'ab' * 20}"
NOBODY = 65534
PR_CAPBSET_DROP = 24
CAPABILITIES = 41


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine's folder of models with a toy whisper that was fetched from a hub."""
    folder = tmp_path_factory.mktemp("models")
    for path in ensure_models(Settings.from_environment(os.environ).models_path).values():
        shutil.copy(path, folder)
    weights = toy_whisper.build(folder / folder_name(MODEL))
    verify_whisper(MODEL, weights, folder)
    return folder


@pytest.fixture(scope="module")
def bundled(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """Bundles an image without a package index: its requirements are empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURICLE_MODELS_DIR", str(models))
        patch.setattr(bundling, "BUILD", tmp_path_factory.mktemp("build"))
        patch.setattr(bundling, "requirements", lambda _extras: "")
        yield Bundler().image


@contextmanager
def laid_out(image: str, context: Path) -> Iterator[Path]:
    """The root of an image as its user finds it: everything somebody else's, to read only."""
    assert list(paths_of(image, context)) == []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        Dockerfile.of(image).lay_out(context, root)
        for path in (Path(folder), root, *root.rglob("*")):
            if is_root():
                os.chown(path, NOBODY, NOBODY)
            path.chmod(path.stat().st_mode & 0o555 | (0o555 if path == root else 0))
        Path(folder).chmod(0o755)
        yield root
        for path in (root, *root.rglob("*")):
            path.chmod(0o755)


@contextmanager
def private_files() -> Iterator[None]:
    """A build machine that keeps its files to itself."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def tree(bundled: Callable[..., Path]) -> Iterator[Path]:
    with private_files():
        context = bundled("gpu", extras=[], functions=["transcribe", "diarize"], whisper_model=MODEL)
    with laid_out("gpu", context) as root:
        yield root


def without_rights() -> None:
    """Root may write everywhere. Without capabilities it is the owner of its own files and nobody elsewhere."""
    if is_root():
        libc = ctypes.CDLL(None)
        for capability in range(CAPABILITIES):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def run(
    tree: Path, scratch: Path, *arguments: str, image: str = "gpu", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Python as the image starts it, in its tree."""
    of_image = {
        name: value.replace("/opt/", f"{tree}/opt/")
        for name, value in Dockerfile.of(image).environment.items()
        if name not in {"PATH", "UV_PYTHON_INSTALL_DIR"}
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=scratch,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "TMPDIR": str(scratch),
            "AWS_DEFAULT_REGION": "eu-central-1",
            **of_image,
            "AURICLE_TRANSCRIPTION_ENGINE": "whisper",
            "AURICLE_WHISPER_MODEL": MODEL,
            **variables,
        },
        preexec_fn=without_rights,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.flac"
    path.write_bytes(calls.as_file(calls.stretch(0, 12.2), "call.flac", "flac"))
    return path


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_jobs_user_cannot_write_in_the_tree(tree: Path, tmp_path: Path) -> None:
    """Otherwise the tests below would prove nothing."""
    for place in ("opt/models/x", "opt/auricle/x", "x"):
        done = run(tree, tmp_path, "-c", f"open({str(tree / place)!r}, 'w')")
        assert "PermissionError" in done.stderr


def test_transcription_runs_from_the_image_and_writes_in_its_temporary_folder_alone(
    tree: Path, tmp_path: Path, call: Path
) -> None:
    found = answer(run(tree, tmp_path, "-m", "tests.infra.job_in_image", "transcribe.job", str(call)))
    assert found["code"].startswith(str(tree)), "it is the image's code that ran"
    assert found["words"][:3] == list(toy_whisper.WORDS)
    assert found["engines"] == [MODEL]
    assert found["changed"] == []


def test_diarization_runs_from_the_image_and_writes_in_its_temporary_folder_alone(
    tree: Path, tmp_path: Path, call: Path
) -> None:
    found = answer(run(tree, tmp_path, "-m", "tests.infra.job_in_image", "diarize.job", str(call)))
    assert found["code"].startswith(str(tree))
    assert found["speakers"] == 2
    assert found["changed"] == []


def test_a_gpu_that_is_not_there_fails_the_job_before_it_hears_anything(
    tree: Path, tmp_path: Path, call: Path, prod: Assembly
) -> None:
    (told,) = (
        {each["Name"]: each["Value"] for each in job["Properties"]["ContainerProperties"]["Environment"]}
        for job in prod.resources("AWS::Batch::JobDefinition").values()
        if job["Properties"]["JobDefinitionName"].endswith("transcribe")
    )
    device = told["AURICLE_WHISPER_DEVICE"]
    done = run(
        tree,
        tmp_path,
        *("-m", "tests.infra.job_in_image", "transcribe.job", str(call)),
        AURICLE_WHISPER_DEVICE=device,
        CUDA_VISIBLE_DEVICES="",
    )
    assert done.returncode != 0
    assert "GpuUnavailable" in done.stderr


def test_the_image_holds_the_weights_it_was_bundled_with_and_those_are_checked(
    bundled: Callable[..., Path], models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = bundled("gpu", extras=[], functions=["transcribe"], whisper_model=MODEL)
    recorded = json.loads((models / RECORD).read_text())[MODEL]["sha256"]
    weights = context / "models" / folder_name(MODEL)
    assert {path.name for path in weights.iterdir()} == set(recorded)
    assert not (context / NOT_BUNDLED).exists()

    damaged = tmp_path / "models"
    shutil.copytree(models, damaged)
    (damaged / folder_name(MODEL) / "config.json").write_text("{}")
    monkeypatch.setenv("AURICLE_MODELS_DIR", str(damaged))
    with pytest.raises(Exception, match=r"config\.json differ"):
        bundled("gpu", extras=[], functions=["transcribe"], whisper_model=MODEL)


def test_an_image_without_its_weights_is_not_deployed(
    bundled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    context = bundled("gpu", extras=[], functions=["transcribe"], whisper_model=f"no/model@{'0' * 40}")
    assert "no/model is not on this machine" in (context / NOT_BUNDLED).read_text()


def test_environments_transcribe_with_pinned_weights() -> None:
    from infra.environments import ENVIRONMENTS

    for environment in ENVIRONMENTS.values():
        if environment.transcription_engine == "whisper":
            assert environment.whisper_model in PINNED
            assert environment.lambda_whisper_model in PINNED


def libraries_opened_by(package: str) -> set[str]:
    """Shared objects that a wheel's own shared objects name, whether linked or opened later, without the version."""
    named: set[str] = set()
    for file in distribution(package).files or ():
        if ".so" in file.name:
            content = Path(str(file.locate())).read_bytes()
            named |= {name.decode() for name in re.findall(rb"lib[A-Za-z]+(?=\.so[.\d]*\0)", content)}
    return named


def test_the_base_image_carries_the_cuda_libraries_that_ctranslate2_opens_and_no_others() -> None:
    opened = libraries_opened_by("ctranslate2")
    assert "libcublas" in opened, "the search sees libraries that are opened by name"
    image = Dockerfile.of("gpu")
    assert re.fullmatch(r"nvidia/cuda:12\.\d+\.\d+-base-ubuntu24\.04", image.base), "the runtime, and no library"
    cuda = {package for package in image.system_packages if re.search(r"-12-\d+$", package)}
    assert cuda == {"libcublas-12-8"}
    assert ("libcudnn" in opened) == ("cudnn" in image.base or any("cudnn" in each for each in image.system_packages))
    assert "onnxruntime-gpu" not in bundling.LOCK.read_text(), "it would open more"


def test_the_function_that_takes_a_gpus_place_runs_from_its_image(
    bundled: Callable[..., Path], tmp_path: Path, call: Path
) -> None:
    """Lambda runs it as a user of its own choice, on a file system that is to be read only but for /tmp."""
    with private_files():
        context = bundled("speech", extras=[], functions=["prepare", "transcribe", "diarize"], whisper_model=MODEL)
    with laid_out("speech", context) as tree:
        code = tree / "LAMBDA_TASK_ROOT"
        from_there = {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}  # the image compiles it when it is built
        arguments = ("-m", "tests.infra.job_in_image", "transcribe.handler", str(call))
        found = answer(run(tree, tmp_path, *arguments, image="speech", **from_there))
    assert found["code"].startswith(str(code))
    assert found["engines"] == [MODEL]
    assert found["words"][:3] == list(toy_whisper.WORDS)
    assert found["changed"] == []


def test_the_images_carry_whisper_where_their_environment_runs_it() -> None:
    """Assets of templates that were synthesized without bundling say what they would hold."""
    lacking = {
        environment: {
            name: (Path(folder) / NOT_BUNDLED).read_text().partition("Extras: ")[2].strip()
            for name, folder in images(assemblies.read(environment))
        }
        for environment in ("dev", "prod")
    }
    assert lacking["dev"] == {"speech": "speech. Whisper: None."}
    assert lacking["prod"] == {
        "speech": "speech, whisper. Whisper: small.",
        "gpu": "speech, whisper. Whisper: large-v3-turbo.",
    }


def images(assembly: Assembly) -> Iterator[tuple[str, Path]]:
    """The folders that Docker would build, by the name of the image."""
    for template in assembly.templates:
        manifest = json.loads(template.assets.read_text(encoding="utf-8"))
        for asset in manifest.get("dockerImages", {}).values():
            folder = template.assets.parent / asset["source"]["directory"]
            is_gpu = "nvidia" in (folder / "Dockerfile").read_text()
            yield ("gpu" if is_gpu else "speech"), folder


def test_a_job_cannot_borrow_the_role_of_its_machine(prod: Assembly) -> None:
    """Batch runs jobs in the machine's own network, where no limit on hops keeps them from its metadata."""
    (added,) = (line for line in Dockerfile.of("gpu").all("RUN") if "useradd" in line)
    found = re.search(r"useradd --uid (\d+) --create-home auricle$", added)
    assert found
    template = prod.only("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert template["MetadataOptions"]["HttpTokens"] == "required"
    script = json.dumps(template["UserData"])
    assert f"iptables --insert OUTPUT --destination 169.254.169.254 --match owner --uid-owner {found[1]}" in script
    assert "Content-Type: multipart/mixed" in script, "Batch adds its own part"
    users = [
        job["Properties"]["ContainerProperties"]["User"] for job in prod.resources("AWS::Batch::JobDefinition").values()
    ]
    assert users == ["auricle", "auricle"]
