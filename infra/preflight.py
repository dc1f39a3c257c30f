"""What would fail in the middle of a deployment, or only with the first recording, looked at before.

Every check says what it found and what to do. Nothing is changed, neither in the account nor here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.environments import Environment, IdentityMissing, NobodyToTell

BOOTSTRAP_VERSION = 8
"""What the assemblies ask for (a test compares): CDK's bootstrap stack, by its SSM parameter."""
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"

ON_DEMAND_QUOTA = "L-DB2E81BA"
"""Running On-Demand G and VT instances, in vCPUs."""
SPOT_QUOTA = "L-3819A6DF"
"""All G and VT Spot Instance Requests, in vCPUs."""
SPOT_ROLE = "AWSServiceRoleForEC2Spot"

OTHER_FUNCTIONS = 50
"""Executions at once that the API and the workflow's other functions should have beside the windows."""

_TIMEOUT_S = 20

Client = Callable[[str], Any]
"""A botocore client by the service's name."""
Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]
Fetch = Callable[[str], Any]
"""The JSON document at an address."""


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"
    """It could not be looked at: what it needs failed before."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    outcome: Outcome
    found: str
    advice: str = ""
    """What to do; empty where nothing is to be done."""

    def line(self) -> str:
        """The check as text."""
        mark = {Outcome.PASSED: "✔", Outcome.FAILED: "✘", Outcome.NOT_CHECKED: "?"}[self.outcome]
        return f"{mark} {self.name}: {self.found}" + (f"\n    {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the credentials at hand deploy to."""

    account: str
    region: str


def preflight(
    environment: Environment, *, client: Client, region: str | None, run: Run | None = None, fetch: Fetch | None = None
) -> tuple[list[Check], Target | None]:
    """Looks at everything; returns the checks in order, and where a deployment would go (None without credentials).

    Args:
        client: made of the credentials that will deploy, in the region below.
        region: of the environment, else of the credentials.
        run: a command without a shell, for Docker.
        fetch: a JSON document by its address.
    """
    place = _credentials(environment, client, region)
    target = Target(place.found.split()[1].rstrip(","), region) if place.outcome is Outcome.PASSED and region else None
    checks = [place, _identity(environment, fetch or fetch_json), _recipient(environment, client, target)]
    if target is None:
        checks += [
            Check(name, Outcome.NOT_CHECKED, "needs credentials, and a region.")
            for name in (
                "CDK bootstrap",
                "Lambda concurrency",
                *(("GPU quota", "Spot role") if environment.gpu else ()),
            )
        ]
    else:
        checks += [_bootstrap(client, target), _concurrency(environment, client)]
        if environment.gpu:
            checks += [*_gpu_quotas(environment, client), _spot_role(client)]
    if environment.speech_packaging == "image":
        checks.append(_docker(environment, run or run_command))
    return checks, target


def passed(checks: list[Check]) -> bool:
    """Whether there is nothing to mend. What could not be looked at is no reason to go on."""
    return all(check.outcome is Outcome.PASSED for check in checks)


def as_json(checks: list[Check]) -> dict[str, Any]:
    """For programs."""
    return {
        "passed": passed(checks),
        "checks": [
            {"name": check.name, "outcome": check.outcome.value, "found": check.found, "advice": check.advice}
            for check in checks
        ],
    }


def _credentials(environment: Environment, client: Client, region: str | None) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = "AWS account"
    if region is None:
        return Check(name, Outcome.FAILED, "no region is said.", "Say it: -c region=eu-central-1, or set AWS_REGION.")
    try:
        account = str(client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        return Check(
            name,
            Outcome.FAILED,
            f"the credentials of this shell are not accepted ({_why(error)}).",
            "Sign in (aws sso login, aws configure), or name a profile: --profile NAME.",
        )
    if environment.account and account != environment.account:
        return Check(
            name,
            Outcome.FAILED,
            f"the credentials are those of {account}, and {environment.name} is said to be in {environment.account}.",
            "Use credentials of that account (--profile NAME), or mend -c account=.",
        )
    return Check(name, Outcome.PASSED, f"account {account}, region {region}.")


def _identity(environment: Environment, fetch: Fetch) -> Check:
    name = "Identity provider"
    try:
        environment.require_identity()
    except IdentityMissing as error:
        return Check(name, Outcome.FAILED, "the API would accept nobody's credentials.", str(error))
    url = environment.identity.jwks_url
    advice = "The API fetches its keys there (-c jwks_url=…): mend the address, or what it serves."
    if not url.startswith("https://"):
        return Check(name, Outcome.FAILED, f"{url} is not https: whoever stands between could give keys.", advice)
    try:
        document = fetch(url)
    except (OSError, ValueError) as error:
        return Check(name, Outcome.FAILED, f"{url} gives no keys ({error}).", advice)
    keys = document.get("keys") if isinstance(document, Mapping) else None
    usable = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, Mapping) and key.get("kty") == "RSA" and key.get("use", "sig") == "sig"
    ]
    if not usable:
        return Check(name, Outcome.FAILED, f"{url} has no RSA key to verify signatures with (RS256).", advice)
    return Check(name, Outcome.PASSED, f"{len(usable)} key(s) at {url}.")


def _recipient(environment: Environment, client: Client, target: Target | None) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = "Alarms"
    if not environment.notify:
        return Check(name, Outcome.PASSED, f"{environment.name} notifies nobody; alarms show in CloudWatch.")
    if environment.alarm_topic:
        if target is None:
            return Check(name, Outcome.NOT_CHECKED, "needs credentials, and a region.")
        try:
            client("sns").get_topic_attributes(TopicArn=environment.alarm_topic)
        except (BotoCoreError, ClientError) as error:
            return Check(
                name,
                Outcome.FAILED,
                f"the topic {environment.alarm_topic} cannot be read ({_why(error)}).",
                "Name a topic that is there, in the same region, and lets cloudwatch.amazonaws.com publish.",
            )
        return Check(name, Outcome.PASSED, f"go to {environment.alarm_topic}.")
    if environment.alarm_email:
        return Check(
            name, Outcome.PASSED, f"go to {environment.alarm_email}, once the mail that AWS sends there is confirmed."
        )
    try:
        environment.require_deployable()
    except NobodyToTell as error:
        return Check(name, Outcome.FAILED, "nobody is told when one rings.", str(error))
    except IdentityMissing:
        return Check(name, Outcome.FAILED, "nobody is told when one rings.", "Say -c alarm_email= or -c alarm_topic=.")
    raise AssertionError("who notifies and names nobody is refused")


def _bootstrap(client: Client, target: Target) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = "CDK bootstrap"
    advice = f"Run: .venv/bin/auricle cdk bootstrap aws://{target.account}/{target.region}"
    try:
        version = int(client("ssm").get_parameter(Name=BOOTSTRAP_PARAMETER)["Parameter"]["Value"])
    except ClientError as error:
        if _code(error) != "ParameterNotFound":
            return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Allow ssm:GetParameter.")
        return Check(name, Outcome.FAILED, f"{target.region} of {target.account} is not bootstrapped.", advice)
    except BotoCoreError as error:
        return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Try again.")
    if version < BOOTSTRAP_VERSION:
        found = f"version {version}, and {BOOTSTRAP_VERSION} is needed."
        return Check(name, Outcome.FAILED, found, advice)
    return Check(name, Outcome.PASSED, f"version {version}.")


def _concurrency(environment: Environment, client: Client) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = "Lambda concurrency"
    needed = environment.max_windows_at_once + OTHER_FUNCTIONS
    try:
        limit = int(client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
    except (BotoCoreError, ClientError) as error:
        return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Allow lambda:GetAccountSettings.")
    if limit < needed:
        return Check(
            name,
            Outcome.FAILED,
            f"{limit} executions at once, and one long recording may take {environment.max_windows_at_once}.",
            "Ask for more: aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
            f"L-B99A9384 --desired-value {max(1000, needed)}",
        )
    return Check(name, Outcome.PASSED, f"{limit} executions at once.")


def _gpu_quotas(environment: Environment, client: Client) -> Iterator[Check]:
    assert environment.gpu is not None  # noqa: S101 - asked for environments with a fleet alone
    needed = environment.gpu.max_vcpus
    for kind, code in (("on demand", ON_DEMAND_QUOTA), ("spot", SPOT_QUOTA)):
        yield _gpu_quota(kind, code, needed, client)


def _gpu_quota(kind: str, code: str, needed: int, client: Client) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = f"GPU quota, {kind}"
    quotas = client("service-quotas")
    try:
        try:
            quota = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
        except ClientError as error:
            if _code(error) != "NoSuchResourceException":  # nothing was ever applied for: the default holds
                raise
            quota = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
    except (BotoCoreError, ClientError) as error:
        return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Allow servicequotas:GetServiceQuota.")
    allowed = int(quota["Value"])
    if allowed < needed:
        return Check(
            name,
            Outcome.FAILED,
            f"{allowed} vCPUs of G and VT instances, and the fleet takes up to {needed}.",
            f"Ask for more: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code} "
            f"--desired-value {needed} (AWS takes a day or two), or lower max_vcpus in infra/environments.py.",
        )
    return Check(name, Outcome.PASSED, f"{allowed} vCPUs; the fleet takes up to {needed}.")


def _spot_role(client: Client) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    name = "Spot role"
    try:
        client("iam").get_role(RoleName=SPOT_ROLE)
    except ClientError as error:
        if _code(error) != "NoSuchEntity":
            return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Allow iam:GetRole.")
        return Check(
            name,
            Outcome.FAILED,
            f"{SPOT_ROLE} is missing: Batch cannot ask for spot machines.",
            "Run once for the account: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
        )
    except BotoCoreError as error:
        return Check(name, Outcome.FAILED, f"cannot be read ({_why(error)}).", "Try again.")
    return Check(name, Outcome.PASSED, f"{SPOT_ROLE} is there.")


def _docker(environment: Environment, run: Run) -> Check:
    """Images are built here. Functions run on arm64, GPU machines on amd64: one of them is never this machine's."""
    name = "Docker"
    docker = os.environ.get("CDK_DOCKER", "docker")
    needed = ["linux/arm64", *(["linux/amd64"] if environment.gpu else [])]
    install = "Install Docker (or name another builder by CDK_DOCKER) and start it."
    try:
        asked = run([docker, "info", "--format", "{{.OSType}}/{{.Architecture}}"])
        if asked.returncode:
            return Check(name, Outcome.FAILED, f"{docker} does not answer: {_last(asked)}", install)
        native = asked.stdout.strip().replace("x86_64", "amd64").replace("aarch64", "arm64")
        builder = run([docker, "buildx", "inspect", "--bootstrap"])
    except OSError as error:
        return Check(name, Outcome.FAILED, f"{docker} cannot be run ({error}).", install)
    except subprocess.TimeoutExpired:
        return Check(name, Outcome.FAILED, f"{docker} did not answer in time.", install)
    platforms = {native}
    if builder.returncode == 0:
        for line in builder.stdout.splitlines():
            if line.strip().startswith("Platforms:"):
                platforms |= {each.strip().rstrip("*") for each in line.partition(":")[2].split(",")}
    lacking = [platform for platform in needed if not any(_is(each, platform) for each in platforms)]
    if lacking:
        return Check(
            name,
            Outcome.FAILED,
            f"builds for {', '.join(sorted(platforms))}, and not for {', '.join(lacking)}.",
            f"Let it emulate: {docker} run --privileged --rm tonistiigi/binfmt --install "
            f"{','.join(each.removeprefix('linux/') for each in lacking)}",
        )
    return Check(name, Outcome.PASSED, f"builds for {', '.join(needed)}.")


def _is(platform: str, needed: str) -> bool:
    """linux/arm64/v8 is linux/arm64."""
    return platform == needed or platform.startswith(f"{needed}/")


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}."


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _why(error: Exception) -> str:
    """The service's code, or the kind of error: never the text, which may hold what a shell was given."""
    return _code(error) if hasattr(error, "response") else type(error).__name__


def run_command(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Raises OSError where there is no such command."""
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"there is no {command[0]}")
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_S * 3)


def fetch_json(url: str) -> Any:
    """Raises OSError or ValueError, with what went wrong."""
    import httpx

    try:
        answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise OSError(f"it answered {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from None
    return json.loads(answer.content)
