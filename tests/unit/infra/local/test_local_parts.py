"""The parts of the local environment that need no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from infra import job_retries
from infra.local import keys, synthesis
from infra.local.batch_jobs import BatchJobs
from infra.local.deploy import Deployment, read_assembly, zip_folder
from infra.local.failures import DeploymentFailed, HomeInUse, SecretDamaged
from infra.local.glue import JobFailed
from infra.local.home import Home

# --- home --------------------------------------------------------------------------------------------------


def test_a_home_is_held_once_and_free_afterwards(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with home.held():
        assert home.root.stat().st_mode & 0o077 == 0
        (home.scratch / "leftover").touch()
        with pytest.raises(HomeInUse, match=str(os.getpid())), Home(home.root).held():
            pass
    with home.held():
        assert not list(home.scratch.iterdir())


# --- keys --------------------------------------------------------------------------------------------------


def test_a_token_holds_against_the_public_keys_of_the_same_home_only(tmp_path: Path) -> None:
    first, again, other = (keys.load_or_create(tmp_path / name) for name in ("home", "home", "other"))
    token = keys.issue_token(first, org="acme", roles=["founder"], scopes=["calls:read"], ttl_s=60)
    claims = jwt.decode(token, KeySet.import_key_set(json.loads(keys.jwks(again))), algorithms=["RS256"]).claims
    assert claims["org"] == "acme"
    assert claims["roles"] == ["founder"]
    assert claims["exp"] - claims["iat"] == 60
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(token, KeySet.import_key_set(json.loads(keys.jwks(other))), algorithms=["RS256"])


def test_the_secret_of_the_aws_port_is_one_for_a_home_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, again, other = (keys.aws_secret(tmp_path / name / "keys") for name in ("home", "home", "other"))
    assert first == again != other
    assert len(first) == 40
    assert (tmp_path / "home" / "keys" / "aws-secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "local", "x" * 41, "x" * 39 + " ", "é" * 40])
def test_a_damaged_secret_is_named_and_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "aws-secret").write_text(content)
    with pytest.raises(SecretDamaged, match=r"keys/aws-secret does not hold .* Delete it"):
        keys.aws_secret(tmp_path / "keys")


def test_the_served_keys_hold_nothing_private(tmp_path: Path) -> None:
    (served,) = json.loads(keys.jwks(keys.load_or_create(tmp_path)))["keys"]
    assert set(served) == {"kty", "n", "e", "kid", "use", "alg"}


# --- deploy ------------------------------------------------------------------------------------------------


def _write_stack(folder: Path, name: str, needs: list[str]) -> dict[str, object]:
    (folder / f"{name}.json").write_text(json.dumps({"Outputs": {"Url": {"Value": "http://127.0.0.1:8080"}}}))
    return {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": f"{name}.json", "stackName": f"auricle-{name}"},
        "dependencies": needs,
    }


def test_stacks_come_after_what_they_depend_on(tmp_path: Path) -> None:
    nested = tmp_path / "assembly-local"
    nested.mkdir()
    artifacts = {
        "a": _write_stack(nested, "a", ["b", "c"]),
        "b": _write_stack(nested, "b", ["c"]),
        "c": _write_stack(nested, "c", []),
    }
    (nested / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (tmp_path / "manifest.json").write_text(
        json.dumps({"artifacts": {"assembly-local": {"type": "cdk:cloud-assembly"}}})
    )
    assert [stack.name for stack in read_assembly(tmp_path)] == ["auricle-c", "auricle-b", "auricle-a"]


def test_a_template_on_another_port_is_another_template(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"a": _write_stack(tmp_path, "a", [])}}))
    (stack,) = read_assembly(tmp_path)
    moved = stack.served_at("http://127.0.0.1:9000")
    assert "127.0.0.1:9000" in moved.template
    assert "127.0.0.1:8080" not in moved.template
    assert moved.template_hash != stack.template_hash


def test_the_same_files_make_the_same_zip(tmp_path: Path) -> None:
    zips = []
    for name, time_s in (("one", 1_000_000_000), ("two", 1_500_000_000)):
        folder = tmp_path / name / "package"
        folder.mkdir(parents=True)
        for file in ("b.py", "a.py") if name == "one" else ("a.py", "b.py"):
            (folder / file).write_text(file)
            os.utime(folder / file, (time_s, time_s))
        zips.append(zip_folder(tmp_path / name))
    assert zips[0] == zips[1]


@pytest.mark.parametrize(
    ("outputs", "api_id"),
    [
        ({"ApiId": "abc"}, "abc"),
        ({"ApiUrl": "https://1a2b.execute-api.us-east-1.amazonaws.com/"}, "1a2b"),
    ],
)
def test_the_api_is_found_in_the_outputs(outputs: dict[str, str], api_id: str) -> None:
    assert Deployment(outputs=outputs, stacks=()).api_id == api_id


def test_without_an_api_there_is_nothing_to_serve() -> None:
    with pytest.raises(DeploymentFailed, match="ApiId"):
        _ = Deployment(outputs={}, stacks=()).api_id


# --- synthesis ---------------------------------------------------------------------------------------------


def test_the_synthesis_is_named_after_what_is_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("infra/local", "functions/api", "layers"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(synthesis, "CHECKOUT", tmp_path)
    monkeypatch.setattr(synthesis, "NOT_DEPLOYED", tmp_path / "infra" / "local")
    handler = tmp_path / "functions/api/handler.py"
    handler.write_text("one")
    before = synthesis.content_hash()

    (tmp_path / "infra/local/engine.py").write_text("not deployed")
    (tmp_path / "functions/api/__pycache__").mkdir()
    (tmp_path / "functions/api/__pycache__/handler.pyc").write_text("not source")
    assert synthesis.content_hash() == before
    assert synthesis.content_hash(["http://localhost:3000"]) != before

    handler.write_text("two")
    changed = synthesis.content_hash()
    handler.rename(handler.with_name("other.py"))
    assert len({before, changed, synthesis.content_hash()}) == 3


def test_the_node_of_the_wheel_runs() -> None:
    said = subprocess.run([synthesis.node(), "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("v")


# --- Batch -------------------------------------------------------------------------------------------------


def test_a_job_has_the_settings_of_the_function_of_its_package(tmp_path: Path) -> None:
    jobs = BatchJobs(
        logs=tmp_path,
        scratch=tmp_path,
        environments=lambda: {"tell": {"AURICLE_TABLE": "its own"}, "other": {"AURICLE_BUS": "another's"}},
        aws_environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PYTHONPATH": str(tmp_path)},
    )
    (tmp_path / "tell").mkdir()
    (tmp_path / "tell" / "job.py").write_text(
        "import json, os, sys\nprint(json.dumps({'arguments': sys.argv[1:], 'environment': dict(os.environ)}))\n"
    )
    job = jobs.submit_and_wait(
        {
            "JobName": "tell",
            "ContainerOverrides": {
                "Command": ["python", "-m", "tell.job", "acme", "rec_1"],
                "Environment": [{"Name": "EXTRA", "Value": 7}],
            },
        }
    )
    assert job["Status"] == "SUCCEEDED"
    told = json.loads((tmp_path / job["Container"]["LogStreamName"]).read_text())
    assert told["arguments"] == ["acme", "rec_1"]
    assert told["environment"]["AURICLE_TABLE"] == "its own"
    assert told["environment"]["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert told["environment"]["EXTRA"] == "7"
    assert "AURICLE_BUS" not in told["environment"]


def _job_that_ends_with(tmp_path: Path, *codes: str) -> tuple[BatchJobs, dict[str, Any]]:
    """A job whose attempts end one after the other as told, and what it is submitted with."""
    (tmp_path / "attempts.py").write_text(
        "import os, signal, sys, time\n"
        "end = sys.argv[int(os.environ['AWS_BATCH_JOB_ATTEMPT'])]\n"
        "os.kill(os.getpid(), signal.SIGKILL) if end == 'killed' else time.sleep(60) if end == 'sleep' else None\n"
        "sys.exit(int(end))\n"
    )
    jobs = BatchJobs(tmp_path, tmp_path, dict, {"PYTHONPATH": str(tmp_path)}, pause_s=0)
    command = ["python", "-m", "attempts", *codes]
    return jobs, {"ContainerOverrides": {"Command": command}, "Timeout": {"AttemptDurationSeconds": 5}}


def test_an_attempt_that_asks_for_another_gets_it(tmp_path: Path) -> None:
    jobs, submitted = _job_that_ends_with(tmp_path, "75", "75", "0")
    job = jobs.submit_and_wait(submitted)
    assert [attempt["Container"]["ExitCode"] for attempt in job["Attempts"]] == [75, 75, 0]
    assert (job["Status"], job["Container"]["ExitCode"]) == ("SUCCEEDED", 0)


@pytest.mark.parametrize(
    ("codes", "ended"),
    [
        (["75"] * 11, [75] * 10),
        (["1", "0"], [1]),
        (["75", "3", "0"], [75, 3]),
        (["killed", "0"], [137]),
    ],
)
def test_attempts_end_where_batch_ends_them(tmp_path: Path, codes: list[str], ended: list[int]) -> None:
    jobs, submitted = _job_that_ends_with(tmp_path, *codes)
    with pytest.raises(JobFailed) as failure:
        jobs.submit_and_wait(submitted)
    assert [attempt["Container"]["ExitCode"] for attempt in failure.value.job["Attempts"]] == ended
    assert failure.value.job["StatusReason"] == "Essential container in task exited"


def test_an_attempt_that_takes_too_long_is_the_last(tmp_path: Path) -> None:
    jobs, submitted = _job_that_ends_with(tmp_path, "sleep", "0")
    submitted["Timeout"]["AttemptDurationSeconds"] = 0.5
    with pytest.raises(JobFailed, match="duration exceeded") as failure:
        jobs.submit_and_wait(submitted)
    assert len(failure.value.job["Attempts"]) == 1


@pytest.mark.parametrize(
    ("status_reason", "reason", "exit_code", "again"),
    [
        ("Host EC2 (instance i-0abc) terminated.", "", None, True),
        ("Host EC2 (instance i-0abc) terminated.", "", 143, True),
        ("Task failed to start", "CannotStartContainerError: Docker did not answer", None, True),
        ("Essential container in task exited", "CannotPullContainerError: no space left", None, True),
        ("Essential container in task exited", "", 75, True),
        ("Essential container in task exited", "", 7, False),
        ("Essential container in task exited", "", 1, False),
        ("Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage", 137, False),
    ],
)
def test_what_batch_tries_again(status_reason: str, reason: str, exit_code: int | None, again: bool) -> None:
    assert job_retries.is_tried_again(status_reason=status_reason, reason=reason, exit_code=exit_code) is again


def test_a_job_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    (tmp_path / "sleeper.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    engine = (
        "from pathlib import Path\nfrom infra.local.batch_jobs import BatchJobs\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "jobs = BatchJobs(folder, folder, dict, {'PYTHONPATH': str(folder)})\n"
        "jobs.submit_and_wait({'ContainerOverrides': {'Command': ['python', '-m', 'sleeper']}})\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", engine])
    try:
        _wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
    finally:
        parent.kill()
        parent.wait()
    job_pid = int(pid_file.read_text())
    _wait_until(lambda: not _alive(job_pid))


def test_a_job_that_is_no_module_is_refused(tmp_path: Path) -> None:
    jobs = BatchJobs(tmp_path, tmp_path, dict, {})
    with pytest.raises(JobFailed) as failure:
        jobs.submit_and_wait({"ContainerOverrides": {"Command": ["sh", "-c", "true"]}})
    assert failure.value.job["Status"] == "FAILED"


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _wait_until(condition: object, within_s: float = 10.0) -> None:
    import time

    assert callable(condition)
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.02)
