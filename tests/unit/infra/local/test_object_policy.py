"""Which part of the bucket's policy the local AWS port applies to presigned URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.local import glue
from infra.local.object_policy import denied_by_tags

TLS_ONLY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
BY_TAG = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": "arn:aws:s3:::b/*",
    "Condition": {"StringEquals": {"s3:ExistingObjectTag/consent": "withdrawn"}},
}
MIXED = {**BY_TAG, "Condition": {**BY_TAG["Condition"], "Bool": {"aws:SecureTransport": "false"}}}  # type: ignore[dict-item]
ALLOWED_BY_TAG = {**BY_TAG, "Effect": "Allow"}


@pytest.fixture
def tags(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Tags of every object, as the engine's own evaluator is told of them."""
    carried: dict[str, str] = {}

    def conditions(_action: str, _query: Mapping[str, Any], _path: str, _headers: Mapping[str, str]) -> dict[str, str]:
        return {f"s3:ExistingObjectTag/{key}": value for key, value in carried.items()}

    monkeypatch.setattr(type(glue.S3_CONDITIONS), "resolve", _resolving({glue.S3_CONDITIONS: conditions}))
    return carried


def _resolving(replaced: Mapping[Any, Any]) -> Any:
    original = type(glue.S3_CONDITIONS).resolve
    return lambda self: replaced[self] if self in replaced else original(self)


def stored(monkeypatch: pytest.MonkeyPatch, *statements: Mapping[str, Any]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None
    monkeypatch.setattr(glue, "bucket_policy", lambda _bucket: policy)


@pytest.mark.parametrize("version", [None, "v1"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_what_carries_the_tag_is_denied(
    method: str, version: str | None, tags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(monkeypatch, TLS_ONLY, BY_TAG)
    assert not denied_by_tags(method, "b", "orgs/acme/source", version)
    tags["consent"] = "given"
    assert not denied_by_tags(method, "b", "orgs/acme/source", version)
    tags["consent"] = "withdrawn"
    assert denied_by_tags(method, "b", "orgs/acme/source", version)
    assert not denied_by_tags("PUT", "b", "orgs/acme/source", version), "S3 knows no such condition for writing"


@pytest.mark.parametrize("statements", [(), (TLS_ONLY,), (MIXED,), (ALLOWED_BY_TAG,)])
def test_other_statements_deny_nothing_here(
    statements: tuple[Mapping[str, Any], ...], tags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tags["consent"] = "withdrawn"
    stored(monkeypatch, *statements)
    assert not denied_by_tags("GET", "b", "orgs/acme/source", None)


def test_a_statement_about_another_bucket_or_prefix_denies_nothing(
    tags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tags["consent"] = "withdrawn"
    stored(monkeypatch, {**BY_TAG, "Resource": "arn:aws:s3:::b/orgs/other/*"})
    assert not denied_by_tags("GET", "b", "orgs/acme/source", None)
    assert denied_by_tags("GET", "b", "orgs/other/source", None)
