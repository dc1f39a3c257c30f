"""From the app to templates: synthesized, and checked before anything is deployed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bundling import NOT_BUNDLED, ZIP_LIMIT_BYTES, bytecode_hint, size_bytes
from infra.environments import Environment

_MIB = 1024 * 1024


class ChecksFailed(RuntimeError):
    """What the checks found, one line each."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """One stack of a cloud assembly."""

    stack_name: str
    template: Path
    """The CloudFormation template, JSON."""
    assets: Path
    """CDK's list of the files to upload before: each with its source folder or file and destinations."""

    def load(self) -> dict[str, Any]:
        """The template as CloudFormation reads it."""
        loaded: dict[str, Any] = json.loads(self.template.read_text(encoding="utf-8"))
        return loaded

    def asset(self, object_key: str) -> Path:
        """The folder that is uploaded, zipped, under this key of the bootstrap bucket."""
        files = json.loads(self.assets.read_text(encoding="utf-8"))["files"]
        return self.assets.parent / str(files[Path(object_key).stem]["source"]["path"])


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks saw."""

    problems: tuple[str, ...]
    """One line each; empty is good."""
    unpacked_bytes: Mapping[str, int]
    """By zip function: itself and its layers."""
    incomplete: tuple[str, ...]
    """Assets without their dependencies (bundling=false) or weights, and why: not to deploy."""
    with_bytecode: bool
    """Whether every zip function carries bytecode, and need not compile at each cold start."""

    def lines(self) -> Iterator[str]:
        """The report as text."""
        yield f"Lambda takes {ZIP_LIMIT_BYTES // _MIB} MiB unpacked; with their layers:"
        for name, size in sorted(self.unpacked_bytes.items()):
            yield f"  {name:<18}{size / _MIB:7.1f} MiB"
        yield "Bytecode: compiled in." if self.with_bytecode else bytecode_hint()
        yield from (f"PROBLEM  {problem}" for problem in self.problems)
        yield from (f"NOT TO DEPLOY  {asset}" for asset in self.incomplete)
        if not self.problems:
            yield "cfn-lint, cdk-nag (AwsSolutions) and sizes: nothing to say."


def synthesize(environment: str, outdir: Path, *, context: Mapping[str, str] | None = None) -> list[StackTemplate]:
    """Synthesizes one environment into `outdir` and returns its stacks in the order of deployment.

    Args:
        context: as `-c key=value` of the CDK CLI; see `infra.environments.CONTEXT_KEYS`, and `bundling=false`.

    Raises:
        BundlingFailed: when dependencies cannot be fetched.
        ChecksFailed: with cdk-nag's findings that nobody has accepted.
    """
    from infra.app import build

    if (outdir / "cdk.out").is_file():  # CDK's mark of an assembly: what is left of an older one goes
        shutil.rmtree(outdir)
    app = build(environment, outdir=outdir, context=context)
    try:
        app.synth()
    except RuntimeError as error:
        findings = list(_nag_findings(outdir))
        if not findings:
            raise
        raise ChecksFailed(findings) from error
    return stacks(outdir / f"assembly-{environment}")


def check(templates: Sequence[StackTemplate]) -> Report:
    """What is wrong with synthesized templates, and what their functions unpack to.

    cfn-lint reads each template, with state machines' definitions opened up for it; cdk-nag has read the app
    before (`synthesize` raises over its findings); and each zip function must fit Lambda's bound with its layers.
    """
    problems = [problem for template in templates for problem in _lint(template)]
    folders = {name: parts for template in templates for name, parts in _function_folders(template)}
    sizes = {name: sum(map(size_bytes, parts)) for name, parts in folders.items()}
    problems += [
        f"{name} unpacks to {size / _MIB:.0f} MiB with its layers; Lambda takes {ZIP_LIMIT_BYTES // _MIB}. "
        "Give it fewer dependencies, or make it an image (infra/environments.py: speech_packaging)."
        for name, size in sizes.items()
        if size > ZIP_LIMIT_BYTES
    ]
    return Report(
        problems=tuple(problems),
        unpacked_bytes=sizes,
        incomplete=tuple(_incomplete(templates)),
        with_bytecode=all(any(part.rglob("*.pyc")) for parts in folders.values() for part in parts),
    )


def require_deployable(environment: Environment, report: Report) -> None:
    """What may be looked at may not always be deployed.

    Raises:
        SettingsRefused: when the API would trust the example identity provider, or alarms would tell nobody.
        ChecksFailed: when a check found something, or assets were synthesized without bundling.
    """
    environment.require_deployable()
    if report.problems:
        raise ChecksFailed(list(report.problems))
    if report.incomplete:
        raise ChecksFailed(list(report.incomplete))


def stacks(assembly: Path) -> list[StackTemplate]:
    """The stacks of a synthesized stage, each after those it depends on."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    artifacts = {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in ordered or name not in artifacts:
            return
        for needed in artifacts[name].get("dependencies", []):
            visit(needed)
        ordered.append(name)

    for name in artifacts:
        visit(name)
    return [
        StackTemplate(
            stack_name=artifacts[name]["properties"]["stackName"],
            template=assembly / artifacts[name]["properties"]["templateFile"],
            assets=assembly / f"{name}.assets.json",
        )
        for name in ordered
    ]


def _nag_findings(outdir: Path) -> Iterator[str]:
    report = outdir / "validation-report.json"
    if not report.exists():
        return
    for plugin in json.loads(report.read_text(encoding="utf-8"))["pluginReports"]:
        for finding in plugin.get("violations", []):
            for construct in finding.get("violatingConstructs", []):
                yield f"{construct['constructPath']}: {finding['ruleName']}: {finding['description']}"


def _lint(template: StackTemplate) -> Iterator[str]:
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    from infra.constructs.findings import LINT_EXCEPTIONS

    opened = template.load()
    for resource in _resources(opened, "AWS::StepFunctions::StateMachine").values():
        properties = resource["Properties"]
        definition = properties.pop("DefinitionString")
        for name, value in properties["DefinitionSubstitutions"].items():
            # cfn-lint knows numbers only where JSONata may compute them; the tests check what computes.
            definition = definition.replace(f'"{{% ${{{name}}} %}}"', str(value))
        properties["Definition"] = json.loads(definition)
        resource.get("Metadata", {}).pop("cfn-lint", None)
    for match in lint(json.dumps(opened, indent=1), config=ManualArgs(ignore_checks=[*LINT_EXCEPTIONS])):
        yield f"{template.stack_name}: {match.rule.id} {match.message} ({'/'.join(map(str, match.path or []))})"


def _function_folders(template: StackTemplate) -> Iterator[tuple[str, list[Path]]]:
    """Zip functions' names, each with what is unpacked for it: its own folder and its layers'."""
    loaded = template.load()
    layers = _resources(loaded, "AWS::Lambda::LayerVersion")
    for function in _resources(loaded, "AWS::Lambda::Function").values():
        properties = function["Properties"]
        if "S3Key" not in properties["Code"]:
            continue  # an image, which may hold 10 GB
        contents = [
            properties["Code"],
            *(layers[layer["Ref"]]["Properties"]["Content"] for layer in properties["Layers"]),
        ]
        yield properties["Handler"].split(".")[0], [template.asset(content["S3Key"]) for content in contents]


def _incomplete(templates: Sequence[StackTemplate]) -> Iterator[str]:
    for template in templates:
        manifest = json.loads(template.assets.read_text(encoding="utf-8"))
        for kind in ("files", "dockerImages"):
            for asset in manifest.get(kind, {}).values():
                source = asset["source"]
                folder = template.assets.parent / (source.get("path") or source.get("directory"))
                if (folder / NOT_BUNDLED).exists():
                    reason = (folder / NOT_BUNDLED).read_text(encoding="utf-8").strip()
                    yield f"{template.stack_name}: {asset.get('displayName', folder.name)}: {reason}"


def _resources(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}
