"""From the app to templates: synthesized, and checked before anything is deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


def synthesize(environment: str, outdir: Path, *, context: Mapping[str, str] | None = None) -> list[StackTemplate]:
    """Synthesizes one environment into `outdir` and returns its stacks in the order of deployment.

    Args:
        context: as `-c key=value` of the CDK CLI; see `infra.environments.CONTEXT_KEYS`.
    """
    from infra.app import build

    build(environment, outdir=outdir, context=context).synth()
    return stacks(outdir / f"assembly-{environment}")


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
