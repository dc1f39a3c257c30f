"""ObjectStore on S3."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from auricle.adapters import aws
from auricle.errors import NotFound, TransientError
from auricle.ports import StoredObject
from auricle.recordings.media_types import download_media_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef, TagTypeDef

OF_ONE_RUN = urlencode({"lifetime": "run"})
"""The tag by which the bucket's lifecycle knows what only one run needs."""

BLOCKED = {"consent": "withdrawn"}
"""The tag by which the bucket's policy knows what nobody may read."""

_CHUNK_BYTES = 1024 * 1024
_TAGGERS = 8
"""Versions that are tagged at one time: a recording in chunks may have thousands."""
_DELETED_AT_ONCE = 1000
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class ObjectsKept(Exception):
    """The bucket does not remove what it should, and will not the next time either."""


class S3Objects:
    """One bucket, with versioning on."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @cached_property
    def _client(self) -> S3Client:
        # SigV4 has to be asked for: presigned URLs fall back to SigV2 in some regions and at local endpoints. So has
        # the region's own host: by default URLs are signed for the global one, which sends uploads to a bucket made
        # lately on to its region, where the signature no longer holds. An address as endpoint keeps names in the path.
        client: S3Client = aws.client("s3", signature_version="s3v4", s3={"addressing_style": "virtual"})
        return client

    def first_version(self, key: str) -> StoredObject | None:
        first = None
        for version in self._versions(key):
            first = version
        return first

    def versions_after_first(self, key: str) -> Sequence[str]:
        return [version.version for version in self._versions(key)][-2::-1]

    def download(self, key: str, path: Path, *, version: str | None = None) -> None:
        which: dict[str, Any] = {"VersionId": version} if version else {}
        with _errors(key):
            body = self._client.get_object(Bucket=self._bucket, Key=key, **which)["Body"]
            with path.open("wb") as file:
                for chunk in body.iter_chunks(_CHUNK_BYTES):
                    file.write(chunk)

    def upload(self, path: Path, key: str, *, content_type: str) -> None:
        from boto3.exceptions import Boto3Error
        from boto3.s3.transfer import S3Transfer

        try:
            with _errors(key):
                S3Transfer(self._client).upload_file(
                    str(path), self._bucket, key, extra_args={"ContentType": content_type}
                )
        except Boto3Error as error:
            raise TransientError("A file could not be stored just now. Try again shortly.") from error

    def read(self, key: str) -> bytes:
        with _errors(key):
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def read_range(self, key: str, start_byte: int, end_byte: int) -> bytes:
        if end_byte <= start_byte:
            return b""
        with _errors(key):
            wanted = f"bytes={start_byte}-{end_byte - 1}"
            return self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)["Body"].read()

    def write(self, key: str, content: bytes, *, content_type: str, of_one_run: bool = False) -> None:
        tags: dict[str, Any] = {"Tagging": OF_ONE_RUN} if of_one_run else {}
        with _errors(key):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, **tags)

    def keys(self, prefix: str) -> Sequence[str]:
        with _errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def folders(self, prefix: str, *, after: str = "") -> Iterator[str]:
        # What is given is compared with whole keys: a folder of that very name sorts after it too.
        with _errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/", StartAfter=f"{prefix}{after}"
            )
            for page in pages:
                for found in page.get("CommonPrefixes", ()):
                    yield found["Prefix"].removeprefix(prefix).rstrip("/")

    def remove(self, keys: Sequence[str]) -> None:
        self._delete([{"Key": key} for key in keys])

    def erase(self, prefix: str, *, keep: str | None = None) -> int:
        with _errors(prefix):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
            found: list[ObjectIdentifierTypeDef] = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for page in pages
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                if one["Key"] != keep
            ]
        self._delete(found)
        return len(found)

    def block_reading(self, prefix: str) -> None:
        self._tag_versions(prefix, lambda tags: {**tags, **BLOCKED})

    def allow_reading(self, prefix: str) -> None:
        self._tag_versions(prefix, lambda tags: {key: value for key, value in tags.items() if key not in BLOCKED})

    def latest_version(self, key: str) -> StoredObject | None:
        with suppress(NotFound), _errors(key):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
            return StoredObject(
                key=key,
                size_bytes=found["ContentLength"],
                version=found["VersionId"],
                created_at=found["LastModified"],
            )
        return None

    def upload_url(
        self,
        key: str,
        *,
        content_type: str | None,
        seconds: int,
        size_bytes: int | None = None,
        checksum_sha256: str | None = None,
    ) -> str:
        signed: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        if content_type:
            signed["ContentType"] = content_type
        if size_bytes is not None:
            signed["ContentLength"] = size_bytes
        if checksum_sha256 is not None:
            signed["ChecksumSHA256"] = checksum_sha256
        return self._client.generate_presigned_url("put_object", Params=signed, ExpiresIn=seconds)

    def download_url(
        self, key: str, *, file_name: str, content_type: str | None, seconds: int, version: str | None = None
    ) -> str:
        signed = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": _saved_as(file_name),
            "ResponseContentType": download_media_type(content_type, file_name),
        }
        if version:
            signed["VersionId"] = version
        return self._client.generate_presigned_url("get_object", Params=signed, ExpiresIn=seconds)

    def _versions(self, key: str) -> Iterator[StoredObject]:
        """Versions of exactly this key, newest first; delete markers are none."""
        with _errors(key):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
            for page in pages:
                for found in page.get("Versions", ()):
                    if found["Key"] == key:
                        yield StoredObject(
                            key=key,
                            size_bytes=found["Size"],
                            version=found["VersionId"],
                            created_at=found["LastModified"],
                        )

    def _tag_versions(self, prefix: str, changed: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Changes the tags of every version under the prefix."""
        from concurrent.futures import ThreadPoolExecutor

        with _errors(prefix):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
            found = [(one["Key"], one["VersionId"]) for page in pages for one in page.get("Versions", ())]

        def tag(version: tuple[str, str]) -> None:
            key, version_id = version
            with suppress(NotFound), _errors(key):  # it may have been removed since it was listed
                stored = self._client.get_object_tagging(Bucket=self._bucket, Key=key, VersionId=version_id)
                before = {one["Key"]: one["Value"] for one in stored["TagSet"]}
                after = changed(before)
                if after == before:
                    return
                if not after:
                    self._client.delete_object_tagging(Bucket=self._bucket, Key=key, VersionId=version_id)
                    return
                tags: list[TagTypeDef] = [{"Key": name, "Value": value} for name, value in after.items()]
                self._client.put_object_tagging(
                    Bucket=self._bucket, Key=key, VersionId=version_id, Tagging={"TagSet": tags}
                )

        with ThreadPoolExecutor(_TAGGERS) as taggers:
            for _ in taggers.map(tag, found):
                pass

    def _delete(self, found: Sequence[ObjectIdentifierTypeDef]) -> None:
        for part in _parts(found):
            with _errors("objects"):
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": part, "Quiet": True})
            refused = {error.get("Code", "") for error in answer.get("Errors", ())}
            if not refused:
                continue
            if all(aws.is_transient_code(code) for code in refused):
                raise TransientError("Some objects could not be removed just now. Try again shortly.")
            # Trying again would go on for ever, and nobody would learn that what was removed is still there.
            raise ObjectsKept(f"The bucket refuses to remove objects: {', '.join(sorted(refused))}.")


def fetch_folder(address: str, folder: Path) -> None:
    """Everything under `s3://bucket/prefix` into the folder: model weights may lie in a bucket of their own.

    Raises:
        NotFound: there is nothing under the prefix.
    """
    bucket, _, path = address.removeprefix("s3://").partition("/")
    prefix = f"{path.rstrip('/')}/" if path else ""
    objects = S3Objects(bucket)
    keys = [key for key in objects.keys(prefix) if not key.endswith("/")]
    if not keys:
        raise NotFound(f"There is nothing under {address}.")
    for key in keys:
        target = folder / key.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        objects.download(key, target)


def _parts(found: Sequence[ObjectIdentifierTypeDef]) -> Iterator[Sequence[ObjectIdentifierTypeDef]]:
    for start in range(0, len(found), _DELETED_AT_ONCE):
        yield found[start : start + _DELETED_AT_ONCE]


def _saved_as(file_name: str) -> str:
    """RFC 6266: plain characters for old clients, the exact name for the others."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


@contextmanager
def _errors(key: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        with aws.transient_errors("The bucket could not take the request"):
            yield
    except ClientError as error:
        if aws.error_code(error) in _MISSING:
            # May come before a user's eyes: where things lie in the bucket is not theirs to know.
            raise NotFound(f"A file that is needed is not stored any more: {key.rpartition('/')[2]}.") from error
        raise
