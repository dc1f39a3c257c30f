"""What the bucket's policy says of single objects: the statements that deny by an object's tags.

The engine evaluates no policy for the account that owns a bucket. A presigned URL has to end when its object is
tagged, as it does on AWS, so those statements of the policy that was deployed are evaluated here, by the engine's own
evaluator, whenever such a URL is used to read. Other statements are left out: the one that asks for TLS would deny
everything on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.local import glue

READING_METHODS = frozenset({"GET", "HEAD"})
_TAG_CONDITION = "s3:existingobjecttag/"


def denied_by_tags(method: str, bucket: str, key: str, version: str | None) -> bool:
    """Whether the bucket's policy denies reading that version of the object; None is the newest.

    Deleting and writing are not asked about: S3 knows no condition on existing tags for them.
    """
    if method not in READING_METHODS:
        return False
    policy = glue.bucket_policy(bucket)
    statements = _tag_statements(json.loads(policy)) if policy else []
    if not statements:
        return False
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return glue.policy_denies({"Statement": statements}, action, bucket, key, version)


def _tag_statements(policy: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Those that deny, and whose every condition is about the tags of an object."""
    statements = policy.get("Statement", [])
    found = [statements] if isinstance(statements, dict) else statements
    return [one for one in found if one.get("Effect") == "Deny" and _asks_for_tags_alone(one.get("Condition", {}))]


def _asks_for_tags_alone(condition: Mapping[str, Mapping[str, Any]]) -> bool:
    asked = [name for operator in condition.values() for name in operator]
    return bool(asked) and all(name.lower().startswith(_TAG_CONDITION) for name in asked)
