"""The CDK app: one stage per environment. `python -m infra.app` synthesizes one of them into cdk.out.

Which one: `-c environment=prod` of the CDK CLI, else the variable AURICLE_ENV, else cdk.json's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Annotations, App, Stack, Stage, Tags, Validations
from aws_cdk import Environment as Place
from cdk_nag import AwsSolutionsChecks

from infra.bundling import ROOT, Bundler
from infra.environments import CONTEXT_KEYS, Environment, SettingsRefused, check_keys, environment_named
from infra.stacks.data import DataStack
from infra.stacks.gpu import GpuStack
from infra.stacks.service import ServiceStack


def build(
    environment_name: str | None = None,
    *,
    outdir: Path | None = None,
    context: Mapping[str, str] | None = None,
) -> App:
    """The app with the one stage asked for, not yet synthesized.

    Args:
        environment_name: wins over context and AURICLE_ENV.
        outdir: where the cloud assembly goes.
        context: as `-c key=value` would give it; see `Environment.configured`. `bundling=false` leaves
            dependencies, weights and bytecode out: see `Bundler`.
    """
    app = App(
        outdir=str(outdir) if outdir else None,
        context={**_cdk_json_context(), **(context or {})},
        analytics_reporting=False,
    )
    check_keys(context_said(app), known=KNOWN_KEYS)
    environment = environment_named(environment_name or _chosen(app)).configured(_given(app))
    bundler = Bundler(complete=environment.in_aws and app.node.try_get_context("bundling") not in (False, "false"))

    stage = Stage(app, environment.name, env=_place(environment))
    named = f"auricle-{environment.name}"
    data = DataStack(stage, "Data", environment=environment, stack_name=f"{named}-data")
    service = ServiceStack(
        stage, "Service", environment=environment, data=data, bundler=bundler, stack_name=f"{named}-service"
    )
    if environment.gpu:
        gpu = GpuStack(
            stage,
            "Gpu",
            environment=environment,
            fleet=environment.gpu,
            data=data,
            bundler=bundler,
            stack_name=f"{named}-gpu",
        )
        service.add_stack_dependency(gpu, "The workflow names the queue and its jobs.")
    if environment.in_aws:
        _mark_undeployable(stage, environment)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    Tags.of(stage).add("application", "auricle")
    Tags.of(stage).add("environment", environment.name)
    return app


KNOWN_KEYS = (*CONTEXT_KEYS, "bundling", "environment")
"""What `-c` can say to the app."""
_OF_CDK = ("@aws-cdk/", "aws:", "acknowledged-issue-numbers", "cli-telemetry")
"""How context begins that is CDK's own: feature flags, what the CLI adds, what `cdk acknowledge` notes."""


def context_said(app: App) -> list[str]:
    """The keys that somebody gave, by `-c` or in cdk.json: all but CDK's own."""
    return [key for key in app.node.get_all_context() if not key.startswith(_OF_CDK) and ":account=" not in key]


def _place(environment: Environment) -> Place | None:
    """Where the environment says it is deployed; without a word of it, wherever the credentials lead."""
    if environment.account is None and environment.region is None:
        return None
    return Place(account=environment.account, region=environment.region)


def _mark_undeployable(stage: Stage, environment: Environment) -> None:
    """The CDK CLI deploys nothing with an error on it, whoever calls it; looking at templates goes on."""
    try:
        environment.require_deployable()
    except SettingsRefused as missing:
        for stack in stage.node.find_all():
            if isinstance(stack, Stack):
                Annotations.of(stack).add_error(str(missing))


def _chosen(app: App) -> str:
    """The CLI passes its own context by a variable, and it wins over AURICLE_ENV; cdk.json's comes last."""
    said = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}")).get("environment")
    return str(said or os.environ.get("AURICLE_ENV") or app.node.try_get_context("environment") or "dev")


def _given(app: App) -> dict[str, str | None]:
    return {key: app.node.try_get_context(key) for key in CONTEXT_KEYS}


def _cdk_json_context() -> dict[str, Any]:
    """The CLI reads cdk.json; without it we do, so that both make the same templates."""
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    context: dict[str, Any] = settings["context"]
    return context


def main() -> None:
    """What `cdk.json` runs for the CDK CLI, and the local engine for its own template.

    Raises:
        NotForAws: the CLI, which deploys, asks for the template of the local engine.
    """
    app = build()
    if os.environ.get("CDK_CLI_VERSION"):
        environment_named(_chosen(app)).require_aws()
    app.synth()


if __name__ == "__main__":
    main()
