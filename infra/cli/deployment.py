"""The commands of `auricle` that look at AWS or deploy to it: synth, preflight, deploy, cdk."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from infra.cli.models import convert_weights
from infra.cli.terminal import errors
from infra.environments import CONTEXT_KEYS, Environment, InvalidContext, check_keys, environment_named
from infra.local.home import CHECKOUT

if TYPE_CHECKING:
    from infra.preflight import Check, Target
    from infra.synth import Report, StackTemplate

KNOWN_KEYS = (*CONTEXT_KEYS, "bundling")

console = Console(soft_wrap=True, highlight=False)

EnvironmentName = Annotated[str, typer.Argument(metavar="ENV", help="dev, staging or prod")]
Context = Annotated[list[str] | None, typer.Option("--context", "-c", help="key=value, as the CDK CLI takes it.")]
Profile = Annotated[str | None, typer.Option(help="Profile of the AWS configuration.", envvar="AWS_PROFILE")]
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(synth)
    app.command()(preflight)
    app.command(context_settings=PASSED_ON)(deploy)
    app.command(context_settings={**PASSED_ON, "help_option_names": []})(cdk)


def synth(environment: EnvironmentName, context: Context = None) -> None:
    """Synthesize and check the CloudFormation templates of one environment, and say what they would deploy."""
    settings = _settings(environment, context)
    _synthesize(settings, context)
    missing = _what_is_missing(settings)
    if missing:
        console.print(Text(f"Not to deploy yet: {missing}", style="yellow"))


def preflight(
    environment: EnvironmentName,
    context: Context = None,
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Look at everything that would stop a deployment of this environment, and change nothing."""
    from infra import preflight as checking

    settings = _settings(environment, context)
    settings.require_aws()
    checks, _ = _checks(settings, profile)
    if as_json:
        typer.echo(json.dumps(checking.as_json(checks), ensure_ascii=False))
    else:
        _show(checks)
    raise typer.Exit(0 if checking.passed(checks) else 1)


def deploy(
    arguments: typer.Context,
    environment: EnvironmentName,
    context: Context = None,
    profile: Profile = None,
    checked: Annotated[
        bool, typer.Option("--preflight/--no-preflight", help="Stop where the preflight finds something.")
    ] = True,
) -> None:
    """Check, synthesize and deploy one environment. What this command does not know is passed on to `cdk deploy`.

    Where nobody can be asked (no terminal, or CI is set) changes that broaden rights are not asked about.
    """
    from infra import cdk_cli
    from infra import preflight as checking
    from infra import synth as assembly

    settings = _settings(environment, context)
    settings.require_deployable()
    checks, target = _checks(settings, profile)
    _show(checks)
    if target is None or (checked and not checking.passed(checks)):
        console.print(
            "[red]✘[/] Not deployed. Mend what is marked above" + (", or say --no-preflight." if target else ".")
        )
        raise typer.Exit(1)
    report, outdir = _synthesize(settings, context)
    assembly.require_deployable(settings, report)
    given = [*(["--profile", profile] if profile else []), *arguments.args]
    interactive = cdk_cli.is_interactive(os.environ)
    console.print(f"Deploying {settings.name} to account {target.account}, region {target.region}")
    raise typer.Exit(
        cdk_cli.run(
            *cdk_cli.deploy_arguments(outdir / f"assembly-{settings.name}", given, interactive=interactive),
            region=target.region,
        )
    )


def cdk(arguments: typer.Context) -> None:
    """Run the CDK CLI of the pinned version, as in `auricle cdk bootstrap aws://ACCOUNT/REGION`."""
    from infra import cdk_cli

    raise typer.Exit(cdk_cli.run(*arguments.args))


def pairs(context: Sequence[str]) -> dict[str, str]:
    """`-c key=value` as a mapping.

    Raises:
        InvalidContext: one is no pair, or its key means nothing.
    """
    wrong = next((pair for pair in context if "=" not in pair), None)
    if wrong is not None:
        raise InvalidContext(f"-c takes key=value; it was given {wrong!r}.")
    found = dict(pair.split("=", 1) for pair in context)
    check_keys(found, known=KNOWN_KEYS)
    return found


def _settings(environment: str, context: list[str] | None) -> Environment:
    return environment_named(environment).configured(pairs(context or []))


def _what_is_missing(settings: Environment) -> str:
    from infra.environments import SettingsRefused

    try:
        settings.require_deployable()
    except SettingsRefused as error:
        return str(error)
    return ""


def _checks(settings: Environment, profile: str | None) -> tuple[list[Check], Target | None]:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    from infra import preflight as checking

    try:
        session: Any = boto3.Session(profile_name=profile, region_name=settings.region)
    except BotoCoreError as error:
        raise InvalidContext(f"The AWS profile cannot be used: {error}") from error
    region = settings.region or session.region_name
    patient = Config(connect_timeout=10, read_timeout=20, retries={"max_attempts": 2})
    with errors.status("Looking at the account …"):
        return checking.preflight(
            settings, client=lambda service: session.client(service, region_name=region, config=patient), region=region
        )


def _show(checks: Sequence[Check]) -> None:
    for check in checks:
        console.print(Text(check.line()))


def _synthesize(settings: Environment, context: list[str] | None) -> tuple[Report, Path]:
    """Templates of one environment in cdk.out/, and what the checks say of them. Problems end the command."""
    from infra import synth as assembly

    convert_weights()
    outdir = CHECKOUT / "cdk.out" / settings.name
    with errors.status(f"Synthesizing {settings.name} …"):
        templates = assembly.synthesize(settings.name, outdir, context=pairs(context or []))
    for template in templates:
        console.print(Text(_contents(template)))
    with errors.status("Checking …"):
        report = assembly.check(templates)
    for line in report.lines():
        console.print(Text(line))
    if report.problems:
        raise typer.Exit(1)
    return report, outdir


def _contents(template: StackTemplate) -> str:
    """One stack, where its template lies, and what is in it."""
    kinds = Counter(each["Type"].rpartition("::")[2] for each in template.load()["Resources"].values())
    most = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(6))
    path = template.template
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"✔ {template.stack_name}: {shown}\n    {kinds.total()} resources: {most}" + (" …" if len(kinds) > 6 else "")
