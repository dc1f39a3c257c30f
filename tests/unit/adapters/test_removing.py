"""What the bucket answers to being asked to remove objects: some of it comes within an answer that is no error."""

from __future__ import annotations

from typing import Any

import pytest

from auricle.adapters.s3 import ObjectsKept, S3Objects
from auricle.errors import TransientError


class Bucket:
    """A client whose answers to delete_objects are given."""

    def __init__(self, *codes: str) -> None:
        self._errors = [{"Key": "k", "Code": code} for code in codes]
        self.asked: list[int] = []

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's name
        self.asked.append(len(Delete["Objects"]))
        return {"Errors": self._errors} if self._errors else {}


def objects(bucket: Bucket) -> S3Objects:
    made = S3Objects("recordings")
    vars(made)["_client"] = bucket  # where cached_property keeps it
    return made


def test_objects_are_removed_a_thousand_at_once() -> None:
    bucket = Bucket()
    objects(bucket).remove([f"k{number}" for number in range(2001)])
    assert bucket.asked == [1000, 1000, 1]


def test_a_busy_bucket_is_worth_another_try() -> None:
    with pytest.raises(TransientError):
        objects(Bucket("SlowDown", "InternalError")).remove(["k"])


def test_a_bucket_that_refuses_is_heard() -> None:
    """As another try it would be put off for ever by every sweep, and nobody would learn of it."""
    with pytest.raises(ObjectsKept, match="refuses to remove objects: AccessDenied"):
        objects(Bucket("AccessDenied", "SlowDown")).remove(["k"])
