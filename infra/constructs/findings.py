"""Findings of cdk-nag that are accepted: each with its reason, next to the resource it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, *, reason: str, findings: Iterable[str] = ()) -> None:
    """Acknowledges one AwsSolutions rule on a construct and what lies beneath it.

    Args:
        rule: the rule without its pack, as in "IAM5".
        reason: why the finding is right to stay.
        findings: for rules with several findings a resource, each of those accepted, as in "Resource::*".
    """
    names = [f"[{finding}]" for finding in findings] or [""]
    for name in names:
        Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}{name}", reason=reason))


def finding_text(construct: IConstruct, arn: str) -> str:
    """How cdk-nag writes an ARN: joined, its references as <LogicalId>, <LogicalId.Attribute> or JSON."""
    resolved = Stack.of(construct).resolve(arn)
    return _joined(resolved)


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_joined(part) for part in parts)
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    return json.dumps(value, separators=(",", ":"))


LINT_EXCEPTIONS = {"W3005": "CDK writes DependsOn next to references that already say it."}
"""Rules of cfn-lint that no template here is checked by."""

STATE_MACHINE_LINT_EXCEPTIONS = {
    "E1101": "cfn-lint 1.58 takes a JSONata definition in a string for JSONPath, and fails over what it then finds.",
}
"""Of state machines alone. `infra.synth.check` shows cfn-lint the definition as an object, which it does check."""


def lint_exceptions(stack: Stack) -> None:
    """Writes the exceptions into the template, so that cfn-lint alone says the same as our checks."""
    stack.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": list(LINT_EXCEPTIONS)}}}


def state_machine_lint_exceptions(machine: CfnResource) -> None:
    """The same, into one state machine."""
    machine.add_metadata("cfn-lint", {"config": {"ignore_checks": list(STATE_MACHINE_LINT_EXCEPTIONS)}})
