"""The checks that stand before a deployment: that they pass, and that they can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra import synth
from infra.environments import IdentityMissing, NobodyToTell, environment_named
from infra.synth import ChecksFailed, Report, StackTemplate
from tests.infra import assemblies
from tests.infra.assemblies import Assembly

IDENTIFIED = environment_named("prod").configured(
    {"jwks_url": "https://id.acme.test/jwks", "jwt_issuer": "https://id.acme.test/", "alarm_email": "ops@acme.test"}
)
CLEAN = Report(problems=(), unpacked_bytes={"api": 1}, incomplete=(), with_bytecode=True)


def test_cfn_lint_has_nothing_to_say(assembly: Assembly) -> None:
    assert synth.check(assembly.templates).problems == ()


def test_cfn_lint_is_heard(local: Assembly, tmp_path: Path) -> None:
    service = local.stacks["service"]
    broken = service.load()
    machine = next(each for each in broken["Resources"].values() if each["Type"] == "AWS::StepFunctions::StateMachine")
    definition = json.loads(machine["Properties"]["DefinitionString"])
    definition["States"]["Finish"]["TimeoutSeconds"] = "soon"
    machine["Properties"]["DefinitionString"] = json.dumps(definition)
    written = tmp_path / "broken.json"
    written.write_text(json.dumps(broken))
    problems = synth.check([StackTemplate(service.stack_name, written, service.assets)]).problems
    assert any("E3601" in problem and "soon" in problem for problem in problems), problems


def test_cdk_nag_is_heard_and_every_reason_answers_a_finding() -> None:
    """Templates are synthesized at all only when cdk-nag has nothing to say; here is what it says without reasons."""
    unexplained = json.loads((assemblies.synthesized() / assemblies.UNEXPLAINED).read_text())
    found = {finding.split(": ")[1] for finding in unexplained["found"]}
    assert {"AwsSolutions-APIG4", "AwsSolutions-SQS3", "AwsSolutions-IAM5[Resource::*]"} <= found
    assert set(unexplained["reasons"]) == found
    assert all(len(reason) > 20 for reason in unexplained["reasons"].values())


def test_what_does_not_fit_is_said(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "_lint", lambda _template: [])
    sizes = synth.check(assembly.templates).unpacked_bytes
    assert set(sizes) >= {"api", "finish", "sweep"}
    assert all(size > 10_000 for size in sizes.values())
    assert not synth.check(assembly.templates).with_bytecode, "bundling=false leaves it out"
    monkeypatch.setattr(synth, "ZIP_LIMIT_BYTES", 10_000)
    problems = synth.check(assembly.templates).problems
    assert len(problems) == len(sizes)
    assert "make it an image" in problems[0]


def test_what_was_not_bundled_is_not_deployed(prod: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "_lint", lambda _template: [])
    report = synth.check(prod.templates)
    assert len(report.incomplete) == 3, "the layer of the service and two images"
    with pytest.raises(ChecksFailed, match="bundling=false"):
        synth.require_deployable(IDENTIFIED, report)


def test_what_is_clean_and_identified_is_deployed() -> None:
    synth.require_deployable(IDENTIFIED, CLEAN)
    with pytest.raises(ChecksFailed, match="something is wrong"):
        synth.require_deployable(IDENTIFIED, replace(CLEAN, problems=("something is wrong",)))
    with pytest.raises(IdentityMissing):
        synth.require_deployable(environment_named("prod"), CLEAN)
    with pytest.raises(NobodyToTell):
        synth.require_deployable(replace(IDENTIFIED, alarm_email=None), CLEAN)


def test_the_report_reads(local: Assembly) -> None:
    lines = list(replace(CLEAN, problems=("something is wrong",)).lines())
    assert lines == [
        "Lambda takes 250 MiB unpacked; with their layers:",
        "  api                   0.0 MiB",
        "Bytecode: compiled in.",
        "PROBLEM  something is wrong",
    ]
