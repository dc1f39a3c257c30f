"""The `local` cloud assembly put into the engine: assets, bootstrap version, then each stack in order.

What the CDK CLI does, without Node and without change sets. A stack whose template is the deployed one is left
alone: the template's hash travels as a tag of the stack, so engine state and record cannot disagree.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.environments import environment_named
from infra.local import aws
from infra.local.failures import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{aws.ACCOUNT}-{aws.REGION}"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"
TEMPLATE_TAG = "auricle:template"
TIMEOUT_S = 120.0
DEFAULT_BASE_URL = environment_named("local").public_url or ""
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass(frozen=True)
class Stack:
    """One CloudFormation stack of the assembly."""

    artifact: str
    name: str
    template: str
    assets: Mapping[str, Any]
    folder: Path
    dependencies: tuple[str, ...]

    def served_at(self, base_url: str) -> Stack:
        """This stack for an environment on another port: the synthesized template names the default one."""
        return replace(self, template=self.template.replace(DEFAULT_BASE_URL, base_url))

    @property
    def template_hash(self) -> str:
        """Names the template; the templates name their assets by hash, so it names those too."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def template_key(self) -> str:
        """Where the template lies in the bootstrap bucket."""
        return f"{self.template_hash}.template.json"


@dataclass(frozen=True)
class Deployment:
    """What is deployed: the outputs of all stacks, merged, and whether this run changed anything."""

    outputs: Mapping[str, str]
    stacks: tuple[str, ...]
    changed: tuple[str, ...] = field(default=())

    def __getitem__(self, output: str) -> str:
        return self.outputs[output]

    @property
    def api_id(self) -> str:
        """The HTTP API's id: output ApiId, or the first label of ApiUrl's host."""
        if "ApiId" in self.outputs:
            return self.outputs["ApiId"]
        if match := re.match(r"https?://([a-z0-9]+)\.execute-api\.", self.outputs.get("ApiUrl", "")):
            return match[1]
        raise DeploymentFailed("No stack has an output ApiId or ApiUrl: the API cannot be found.")

    @property
    def sweep_function(self) -> str | None:
        """The function that picks up what lost its event, where the stacks have one."""
        return self.outputs.get("SweepFunctionName")


def read_assembly(folder: Path) -> list[Stack]:
    """The stacks of a cloud assembly and the assemblies nested in it, each after those it depends on."""
    stacks: dict[str, Stack] = {}
    for path in sorted(folder.rglob("manifest.json")):
        if "asset." in str(path.relative_to(folder)):
            continue
        artifacts = json.loads(path.read_text())["artifacts"]
        for artifact, described in artifacts.items():
            if described["type"] == "aws:cloudformation:stack":
                stacks[artifact] = _read_stack(path.parent, artifact, described, artifacts)
    ordered: dict[str, Stack] = {}

    def place(stack: Stack) -> None:
        for needed in stack.dependencies:
            if needed in stacks and needed not in ordered:
                place(stacks[needed])
        ordered.setdefault(stack.artifact, stack)

    for stack in stacks.values():
        place(stack)
    return list(ordered.values())


def _read_stack(folder: Path, artifact: str, described: Mapping[str, Any], artifacts: Mapping[str, Any]) -> Stack:
    properties = described["properties"]
    assets: dict[str, Any] = {}
    for needed in described.get("dependencies", []):
        if artifacts.get(needed, {}).get("type") == "cdk:asset-manifest":
            assets |= json.loads((folder / artifacts[needed]["properties"]["file"]).read_text())["files"]
    return Stack(
        artifact=artifact,
        name=properties.get("stackName", artifact),
        template=(folder / properties["templateFile"]).read_text(),
        assets=assets,
        folder=folder,
        dependencies=tuple(described.get("dependencies", [])),
    )


def deploy(assembly: Path, *, base_url: str, endpoint: aws.Endpoint, progress: Callable[[str], None]) -> Deployment:
    """Bring the engine to the assembly. Raises DeploymentFailed with the resource and the reason."""
    stacks = [stack.served_at(base_url) for stack in read_assembly(assembly)]
    if not stacks:
        raise DeploymentFailed(f"The assembly {assembly} holds no stack.")
    cloudformation = endpoint.client("cloudformation")
    present = {stack["StackName"]: stack for stack in cloudformation.describe_stacks()["Stacks"]}
    changed = []
    for stack in stacks:
        deployed = present.get(stack.name)
        if deployed is None or not _is_current(deployed, stack):
            progress(f"Deploying {stack.name} …")
            _upload_assets(stack, endpoint)
            present[stack.name] = _bring_up(cloudformation, stack, deployed)
            _configure_cors(cloudformation, stack, endpoint)
            changed.append(stack.name)
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for stack in stacks
        for output in present[stack.name].get("Outputs", [])
        if not output["OutputKey"].startswith("ExportsOutput")  # what stacks tell each other
    }
    return Deployment(outputs=outputs, stacks=tuple(stack.name for stack in stacks), changed=tuple(changed))


def _is_current(deployed: Mapping[str, Any], stack: Stack) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in deployed.get("Tags", [])}
    complete = deployed["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return complete and tags.get(TEMPLATE_TAG) == stack.template_hash


def _configure_cors(cloudformation: Any, stack: Stack, endpoint: aws.Endpoint) -> None:
    """Give HTTP APIs the CORS configuration of their template: the engine's CloudFormation leaves it out."""
    described = json.loads(stack.template)["Resources"]
    apis = {name: found for name, found in described.items() if found["Type"] == "AWS::ApiGatewayV2::Api"}
    for name, resource in apis.items():
        found = cloudformation.describe_stack_resource(StackName=stack.name, LogicalResourceId=name)
        api_id = found["StackResourceDetail"]["PhysicalResourceId"]
        cors = resource["Properties"].get("CorsConfiguration")
        gateway = endpoint.client("apigatewayv2")
        if cors:
            gateway.update_api(ApiId=api_id, CorsConfiguration=cors)
        else:
            gateway.delete_cors_configuration(ApiId=api_id)


def _upload_assets(stack: Stack, endpoint: aws.Endpoint) -> None:
    s3 = endpoint.client("s3")
    if BOOTSTRAP_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BOOTSTRAP_BUCKET)
        endpoint.client("ssm").put_parameter(
            Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
        )
    listed = s3.list_objects_v2(Bucket=BOOTSTRAP_BUCKET).get("Contents", [])
    present = {entry["Key"] for entry in listed}
    for asset in stack.assets.values():
        source = stack.folder / asset["source"]["path"]
        for destination in asset["destinations"].values():
            key = destination["objectKey"]
            if key not in present:  # a key is its content's hash
                content = zip_folder(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
                s3.put_object(Bucket=BOOTSTRAP_BUCKET, Key=key, Body=content)
    # A template in the request may have 51,200 bytes; in a bucket, a megabyte.
    s3.put_object(Bucket=BOOTSTRAP_BUCKET, Key=stack.template_key, Body=stack.template.encode())


def zip_folder(folder: Path) -> bytes:
    """A zip with the same bytes for the same files: sorted, without times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(found for found in folder.rglob("*") if found.is_file()):
            if "__pycache__" in path.parts:
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _bring_up(cloudformation: Any, stack: Stack, deployed: Mapping[str, Any] | None) -> Mapping[str, Any]:
    request = {
        "StackName": stack.name,
        "TemplateURL": f"https://s3.{aws.REGION}.amazonaws.com/{BOOTSTRAP_BUCKET}/{stack.template_key}",
        "Capabilities": CAPABILITIES,
        "Tags": [{"Key": TEMPLATE_TAG, "Value": stack.template_hash}],
    }
    if deployed is not None and deployed["StackStatus"] in {"ROLLBACK_COMPLETE", "CREATE_FAILED"}:
        # What never came up holds nothing worth keeping, and cannot be updated.
        cloudformation.delete_stack(StackName=stack.name)
        _await_end(cloudformation, stack.name)
        deployed = None
    known = 0 if deployed is None else len(_events(cloudformation, stack.name))
    try:
        if deployed is None:
            cloudformation.create_stack(**request)
        else:
            cloudformation.update_stack(**request)
    except cloudformation.exceptions.ClientError as refused:
        raise DeploymentFailed(f"{stack.name} was refused: {str(refused)[:2000]}") from refused
    ended = _await_end(cloudformation, stack.name)
    if ended is None or ended["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        status = ended["StackStatus"] if ended else "gone"
        raise DeploymentFailed(f"{stack.name} ended as {status}.\n{_reasons(cloudformation, stack.name, known)}")
    return ended


def _await_end(cloudformation: Any, name: str) -> Mapping[str, Any] | None:
    deadline_s = time.monotonic() + TIMEOUT_S
    pause_s = 0.02
    while time.monotonic() < deadline_s:
        found = [stack for stack in cloudformation.describe_stacks()["Stacks"] if stack["StackName"] == name]
        if not found:
            return None
        if not found[0]["StackStatus"].endswith("IN_PROGRESS"):
            stack: Mapping[str, Any] = found[0]
            return stack
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.25)
    raise DeploymentFailed(f"{name} did not finish within {TIMEOUT_S:.0f} s.")


def _events(cloudformation: Any, name: str) -> list[Mapping[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]]


def _reasons(cloudformation: Any, name: str, known: int) -> str:
    newest_first = _events(cloudformation, name)
    fresh = newest_first[: len(newest_first) - known]
    failed = [
        f"  {event['LogicalResourceId']} ({event.get('ResourceType', '?')}): {event.get('ResourceStatusReason')}"
        for event in reversed(fresh)
        if "FAILED" in event["ResourceStatus"] or "ROLLBACK_IN_PROGRESS" in event["ResourceStatus"]
    ]
    return "\n".join(failed) or "  (the engine gave no reason: see engine.log)"
