"""Findings of cdk-nag that are accepted: each with its reason, next to the resource it is about."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Validations
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
