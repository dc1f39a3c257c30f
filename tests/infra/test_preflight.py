"""What the preflight finds, by the answers that AWS documents. Nothing here reaches AWS."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from infra import preflight as checking
from infra.environments import ENVIRONMENTS, Environment
from infra.preflight import Check, Outcome, preflight
from infra.synth import stacks
from tests.infra import assemblies
from tests.infra.assemblies import Assembly

ACCOUNT, REGION = "123456789012", "eu-central-1"
SAID = {
    "jwks_url": "https://id.acme.test/jwks.json",
    "jwt_issuer": "https://id.acme.test/",
    "alarm_email": "ops@acme.test",
    "account": ACCOUNT,
    "region": REGION,
}
PROD = ENVIRONMENTS["prod"].configured(SAID)
DEV = ENVIRONMENTS["dev"].configured({**SAID, "alarm_email": None})
KEYS = {"keys": [{"kty": "RSA", "use": "sig", "kid": "1", "n": "…", "e": "AQAB"}]}
INFO = "linux/x86_64\n"
BUILDER = "Name: default\n\nNodes:\nStatus: running\nPlatforms: linux/amd64, linux/arm64/v8, linux/386\n"


def quota(code: str, value: float) -> dict[str, Any]:
    """As GetServiceQuota and GetAWSDefaultServiceQuota answer."""
    return {
        "Quota": {
            "ServiceCode": "ec2",
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:ec2/{code}",
            "QuotaCode": code,
            "QuotaName": "Running On-Demand G and VT instances",
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }


class Account:
    """An account whose answers a test may change; the SDK checks requests and answers against the services' models."""

    def __init__(self, clients: ExitStack) -> None:
        self._clients = clients
        self._stubs: dict[str, Stubber] = {}
        self._made: dict[str, Any] = {}
        self.docker: dict[str, tuple[int, str, str]] = {"info": (0, INFO, ""), "buildx": (0, BUILDER, "")}
        self.jwks: Any = KEYS

    def stub(self, service: str) -> Stubber:
        if service not in self._stubs:
            client = boto3.client(
                service,  # type: ignore[call-overload]  # stubs name services one by one
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
            self._made[service] = client
            self._stubs[service] = self._clients.enter_context(Stubber(client))
        return self._stubs[service]

    def client(self, service: str) -> Any:
        assert service in self._made, f"the test says nothing of {service}"
        return self._made[service]

    def is_fine(self, *, but: str = "") -> None:
        """Everything prod needs, except for what the test says itself."""
        if but != "sts":
            identity = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/dana", "UserId": "AIDA"}
            self.stub("sts").add_response("get_caller_identity", identity, {})
        if but != "ssm":
            self.bootstrapped("30")
        if but != "lambda":
            self.concurrency(1000)
        if but != "service-quotas":
            for code in ("L-DB2E81BA", "L-3819A6DF"):
                self.quota(code, 64)
        if but != "iam":
            role = {
                "Path": "/aws-service-role/spot.amazonaws.com/",
                "RoleName": "AWSServiceRoleForEC2Spot",
                "RoleId": "AROAEXAMPLEROLEIDENT",
                "Arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
                "CreateDate": "2026-01-01T00:00:00Z",
            }
            self.stub("iam").add_response("get_role", {"Role": role}, {"RoleName": "AWSServiceRoleForEC2Spot"})

    def bootstrapped(self, version: str) -> None:
        parameter = {"Name": "/cdk-bootstrap/hnb659fds/version", "Type": "String", "Value": version, "Version": 1}
        self.stub("ssm").add_response(
            "get_parameter", {"Parameter": parameter}, {"Name": "/cdk-bootstrap/hnb659fds/version"}
        )

    def concurrency(self, executions: int) -> None:
        answer = {"AccountLimit": {"ConcurrentExecutions": executions, "UnreservedConcurrentExecutions": executions}}
        self.stub("lambda").add_response("get_account_settings", answer, {})

    def quota(self, code: str, value: float) -> None:
        asked = {"ServiceCode": "ec2", "QuotaCode": code}
        self.stub("service-quotas").add_response("get_service_quota", quota(code, value), asked)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        assert command[0] == "docker"
        code, out, err = self.docker[command[1]]
        return subprocess.CompletedProcess(command, code, out, err)

    def fetch(self, url: str) -> Any:
        assert url == "https://id.acme.test/jwks.json"
        if isinstance(self.jwks, Exception):
            raise self.jwks
        return self.jwks

    def looked_at(self, environment: Environment = PROD, region: str | None = REGION) -> dict[str, Check]:
        checks, _ = preflight(environment, client=self.client, region=region, run=self.run, fetch=self.fetch)
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()
        return {check.name: check for check in checks}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.delenv("CDK_DOCKER", raising=False)
    with ExitStack() as clients:
        yield Account(clients)


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.outcome is not Outcome.PASSED}


def test_an_account_that_has_everything_passes(account: Account) -> None:
    account.is_fine()
    checks = account.looked_at()
    assert failed(checks) == set()
    assert list(checks) == [
        "AWS account",
        "Identity provider",
        "Alarms",
        "CDK bootstrap",
        "Lambda concurrency",
        "GPU quota, on demand",
        "GPU quota, spot",
        "Spot role",
        "Docker",
    ]
    assert all(not check.advice for check in checks.values())


def test_an_environment_without_gpu_asks_nothing_of_them(account: Account) -> None:
    account.is_fine(but="")
    account._stubs.pop("service-quotas").deactivate()
    account._stubs.pop("iam").deactivate()
    checks = account.looked_at(DEV)
    assert failed(checks) == set()
    assert not [name for name in checks if "GPU" in name or "Spot" in name]
    assert checks["Docker"].found == "builds for linux/arm64."


def test_another_account_is_named_and_nothing_further_is_asked_of_it(account: Account) -> None:
    other = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/dana", "UserId": "AIDA"}
    account.stub("sts").add_response("get_caller_identity", other, {})
    checks = account.looked_at()
    assert "999999999999" in checks["AWS account"].found
    assert ACCOUNT in checks["AWS account"].found
    assert "--profile" in checks["AWS account"].advice
    assert checks["CDK bootstrap"].outcome is Outcome.NOT_CHECKED
    assert not checking.passed(list(checks.values()))


def test_credentials_that_have_expired(account: Account) -> None:
    account.stub("sts").add_client_error("get_caller_identity", "ExpiredToken", "The security token …", 403)
    checks = account.looked_at()
    assert "ExpiredToken" in checks["AWS account"].found
    assert "aws sso login" in checks["AWS account"].advice


def test_no_credentials_at_all() -> None:
    def client(service: str) -> Any:
        raise NoCredentialsError

    checks, target = preflight(
        PROD, client=client, region=REGION, run=Account(ExitStack()).run, fetch=lambda _url: KEYS
    )
    assert target is None
    assert "NoCredentialsError" in checks[0].found


def test_a_region_has_to_be_said_by_somebody(account: Account) -> None:
    checks = account.looked_at(ENVIRONMENTS["prod"].configured({**SAID, "region": None}), region=None)
    assert "-c region=" in checks["AWS account"].advice


def test_an_account_that_was_never_bootstrapped(account: Account) -> None:
    account.is_fine(but="ssm")
    account.stub("ssm").add_client_error("get_parameter", "ParameterNotFound", "", 400)
    checks = account.looked_at()
    assert failed(checks) == {"CDK bootstrap"}
    assert checks["CDK bootstrap"].advice == f"Run: .venv/bin/auricle cdk bootstrap aws://{ACCOUNT}/{REGION}"


def test_a_bootstrap_that_is_too_old(account: Account) -> None:
    account.is_fine(but="ssm")
    account.bootstrapped("7")
    checks = account.looked_at()
    assert failed(checks) == {"CDK bootstrap"}
    assert "version 7" in checks["CDK bootstrap"].found


def test_the_version_asked_for_is_what_assemblies_need(assembly: Assembly) -> None:
    folder = assemblies.synthesized() / assembly.environment / f"assembly-{assembly.environment}"
    assert stacks(folder)
    needed: list[int] = []
    for artifact in json.loads((folder / "manifest.json").read_text())["artifacts"].values():
        version = artifact.get("properties", {}).get("requiresBootstrapStackVersion")
        needed += [version] if version else []
    assert 0 < max(needed) <= checking.BOOTSTRAP_VERSION == 8


@pytest.mark.parametrize(("kind", "code"), [("on demand", "L-DB2E81BA"), ("spot", "L-3819A6DF")])
def test_a_quota_below_the_fleet(account: Account, kind: str, code: str) -> None:
    account.is_fine(but="service-quotas")
    for each in ("L-DB2E81BA", "L-3819A6DF"):
        account.quota(each, 63.0 if each == code else 64.0)
    checks = account.looked_at()
    assert failed(checks) == {f"GPU quota, {kind}"}
    check = checks[f"GPU quota, {kind}"]
    assert check.found == "63 vCPUs of G and VT instances, and the fleet takes up to 64."
    assert f"--quota-code {code} --desired-value 64" in check.advice


def test_the_quotas_are_those_of_the_fleets_machines() -> None:
    for environment in ENVIRONMENTS.values():
        if environment.gpu:
            for name in (*environment.gpu.instance_types, *environment.gpu.spot_instance_types):
                assert name.startswith(("g", "vt")), "P instances have quotas of their own"


def test_a_quota_that_was_never_asked_for_is_the_default(account: Account) -> None:
    account.is_fine(but="service-quotas")
    stub = account.stub("service-quotas")
    for code in ("L-DB2E81BA", "L-3819A6DF"):
        stub.add_client_error("get_service_quota", "NoSuchResourceException", "", 404)
        stub.add_response("get_aws_default_service_quota", quota(code, 0.0), {"ServiceCode": "ec2", "QuotaCode": code})
    checks = account.looked_at()
    assert failed(checks) == {"GPU quota, on demand", "GPU quota, spot"}
    assert checks["GPU quota, spot"].found.startswith("0 vCPUs")


def test_what_may_not_be_looked_at_has_not_passed(account: Account) -> None:
    account.is_fine(but="service-quotas")
    for _ in range(2):
        account.stub("service-quotas").add_client_error("get_service_quota", "AccessDeniedException", "", 400)
    checks = account.looked_at()
    assert failed(checks) == {"GPU quota, on demand", "GPU quota, spot"}
    assert "AccessDeniedException" in checks["GPU quota, spot"].found


def test_a_new_accounts_ten_executions_are_too_few(account: Account) -> None:
    account.is_fine(but="lambda")
    account.concurrency(10)
    checks = account.looked_at()
    assert failed(checks) == {"Lambda concurrency"}
    assert "10 executions at once" in checks["Lambda concurrency"].found
    assert "L-B99A9384" in checks["Lambda concurrency"].advice


def test_spot_machines_need_their_role(account: Account) -> None:
    account.is_fine(but="iam")
    account.stub("iam").add_client_error("get_role", "NoSuchEntity", "", 404)
    checks = account.looked_at()
    assert failed(checks) == {"Spot role"}
    assert "create-service-linked-role --aws-service-name spot.amazonaws.com" in checks["Spot role"].advice


@pytest.mark.parametrize(
    ("jwks", "found"),
    [
        (OSError("it answered 404"), "it answered 404"),
        (ValueError("no JSON"), "no JSON"),
        ({"keys": []}, "no RSA key"),
        ({"keys": [{"kty": "EC", "crv": "P-256"}]}, "no RSA key"),
        ({"keys": [{"kty": "RSA", "use": "enc"}]}, "no RSA key"),
        ({"keys": "none"}, "no RSA key"),
        (["not", "a", "document"], "no RSA key"),
    ],
)
def test_an_identity_provider_without_keys(account: Account, jwks: Any, found: str) -> None:
    account.is_fine()
    account.jwks = jwks
    checks = account.looked_at()
    assert failed(checks) == {"Identity provider"}
    assert found in checks["Identity provider"].found


def test_keys_come_by_tls_alone(account: Account) -> None:
    account.is_fine()
    checks = account.looked_at(ENVIRONMENTS["prod"].configured({**SAID, "jwks_url": "http://id.acme.test/jwks.json"}))
    assert "not https" in checks["Identity provider"].found


def test_the_example_provider_is_nobodys(account: Account) -> None:
    account.is_fine()
    checks = account.looked_at(ENVIRONMENTS["prod"].configured({**SAID, "jwks_url": None, "jwt_issuer": None}))
    assert failed(checks) == {"Identity provider"}
    assert "-c jwks_url=" in checks["Identity provider"].advice


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_somebody_is_told_where_alarms_notify(account: Account, name: str) -> None:
    account.is_fine()
    checks = account.looked_at(ENVIRONMENTS[name].configured({**SAID, "alarm_email": None}))
    assert failed(checks) == {"Alarms"}
    assert "-c alarm_email=" in checks["Alarms"].advice


def test_a_topic_of_ones_own_has_to_be_there(account: Account) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:pager"
    own = ENVIRONMENTS["prod"].configured({**SAID, "alarm_email": None, "alarm_topic": topic})
    account.is_fine()
    account.stub("sns").add_response("get_topic_attributes", {"Attributes": {"TopicArn": topic}}, {"TopicArn": topic})
    assert failed(account.looked_at(own)) == set()
    account.is_fine()
    account.stub("sns").add_client_error("get_topic_attributes", "NotFound", "Topic does not exist", 404)
    checks = account.looked_at(own)
    assert failed(checks) == {"Alarms"}
    assert "NotFound" in checks["Alarms"].found


@pytest.mark.parametrize(
    ("docker", "found", "advice"),
    [
        ({"info": (1, "", "Cannot connect to the Docker daemon")}, "Cannot connect", "Install Docker"),
        (
            {"buildx": (0, "Platforms: linux/amd64, linux/386\n", "")},
            "not for linux/arm64",
            "--install arm64",
        ),
        ({"buildx": (1, "", "docker: 'buildx' is not a docker command.")}, "not for linux/arm64", "--install arm64"),
        (
            {"info": (0, "linux/aarch64\n", ""), "buildx": (1, "", "unknown")},
            "builds for linux/arm64, and not for linux/amd64",
            "--install amd64",
        ),
    ],
)
def test_docker_builds_for_functions_and_for_gpu_machines(
    account: Account, docker: dict[str, tuple[int, str, str]], found: str, advice: str
) -> None:
    account.is_fine()
    account.docker |= docker
    checks = account.looked_at()
    assert failed(checks) == {"Docker"}
    assert found in checks["Docker"].found
    assert advice in checks["Docker"].advice


def test_a_machine_without_docker(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.is_fine()
    monkeypatch.setenv("CDK_DOCKER", "no-such-builder")
    monkeypatch.setattr(account, "run", checking.run_command)
    checks = account.looked_at()
    assert failed(checks) == {"Docker"}
    assert "no-such-builder" in checks["Docker"].found


def test_what_programs_read(account: Account) -> None:
    account.is_fine(but="ssm")
    account.bootstrapped("7")
    told = checking.as_json(list(account.looked_at().values()))
    assert told["passed"] is False
    assert {check["outcome"] for check in told["checks"]} == {"passed", "failed"}
    assert [check["name"] for check in told["checks"] if check["advice"]] == ["CDK bootstrap"]


def test_what_people_read() -> None:
    assert Check("Docker", Outcome.PASSED, "builds.").line() == "✔ Docker: builds."
    assert Check("Docker", Outcome.FAILED, "is off.", "Start it.").line() == "✘ Docker: is off.\n    Start it."
