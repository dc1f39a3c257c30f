"""The engine's buckets on disk: descriptions of keys in the journal, bytes in files of their own.

This takes the place of the engine's own persistence of objects, which writes bytes and description one after the
other over the old ones, ignores a disk that is full, and believes whatever it finds there.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from infra.local import glue
from infra.local.object_files import ObjectDamaged, ObjectFiles, StoredBytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.local.journal import Journal

NULL_VERSION = "null"

log = logging.getLogger("auricle.local.objects")


class JournaledObjects:
    """Hooks into the engine's buckets, and what is known of their objects."""

    def __init__(self, journal: Journal, files: ObjectFiles) -> None:
        self._journal = journal
        self._files = files
        self._described: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        self._unread = threading.local()

    def install(self) -> None:
        """From now on every change is journaled. Call once, after the engine was imported."""
        glue.KEEP_OBJECT.replace(self._keep)
        glue.KEEP_DELETE_MARKER.replace(lambda bucket_name, key, _marker: self._describe(bucket_name, key))
        glue.FORGET_OBJECT.replace(self._describe)
        glue.FORGET_BUCKET.replace(self._forget_bucket)
        # A version's file stays what it is when another takes its place, and goes when its description does.
        for superfluous in (glue.KEEP_DISPLACED_VERSION, glue.FORGET_VERSION):
            superfluous.replace(lambda *_: None)
        glue.READ_OBJECT.replace(self._read_object)
        glue.READ_VERSION.replace(self._read_version)
        glue.DELETE_OBJECT_VERSION.replace(self._without_reading(glue.DELETE_OBJECT_VERSION.resolve()))
        glue.S3_REQUEST.replace(_answering_damage(glue.S3_REQUEST.resolve()))

    # --- writing ------------------------------------------------------------------------------------------

    def _keep(self, bucket: str, key: str, obj: dict[str, Any]) -> None:
        """Store what is in memory only, then describe the key. Raises OSError: the request fails with it."""
        stored = dict(self._stored(bucket, key))
        entries = glue.OBJECT_VERSIONS.resolve().get((bucket, key)) or []
        if obj.get("body") is not None:
            version = obj.get("version_id") or NULL_VERSION
            if version == NULL_VERSION or version not in stored:  # an older version may be the current one again
                stored[version] = self._files.write(obj["body"]).as_json()
            obj["body"] = None
            for entry in entries:
                if entry["version_id"] == version:
                    entry["data"] = None
        for entry in entries:
            if entry.get("data") is not None:
                if entry["version_id"] not in stored:
                    stored[entry["version_id"]] = self._files.write(entry["data"]).as_json()
                entry["data"] = None
        self._describe(bucket, key, stored)

    def _describe(self, bucket: str, key: str, stored: Mapping[str, Any] | None = None) -> None:
        """Journal what the key is now; the files it no longer needs go once that is on the disk."""
        account = glue.CURRENT_ACCOUNT.resolve()()
        before = self._stored(bucket, key)
        stored = before if stored is None else stored
        current = (glue.BUCKETS.resolve().get(bucket) or {"objects": {}})["objects"].get(key)
        history = glue.DESCRIBE_HISTORY.resolve()(bucket, key)
        if history.get("versions") and history["versions"][-1].get("is_delete_marker"):
            current = None  # the engine hides it only after this
        live = {entry["version_id"] for entry in history.get("versions", ()) if not entry.get("is_delete_marker")}
        if current is not None:
            live.add(current.get("version_id") or NULL_VERSION)
        kept = {version: file for version, file in stored.items() if version in live}
        keys = self._described.setdefault(account, {}).setdefault(bucket, {})
        if current is None and not history.get("versions"):
            description = None
            keys.pop(key, None)
        else:
            described = None if current is None else glue.DESCRIBE_OBJECT.resolve()(current)
            description = {"current": described, "history": history, "files": kept}
            keys[key] = description
        gone = [file for file in [*before.values(), *stored.values()] if file not in kept.values()]
        self._journal.append(["object", account, bucket, key, description], lambda: self._remove(gone))

    def _remove(self, files: list[Any]) -> None:
        for file in files:
            self._files.remove(StoredBytes.from_json(file))

    def _forget_bucket(self, name: str) -> None:
        for key in list(self._described.get(glue.CURRENT_ACCOUNT.resolve()(), {}).get(name, ())):
            self._describe(name, key)

    def _stored(self, bucket: str, key: str) -> Mapping[str, Any]:
        keys = self._described.get(glue.CURRENT_ACCOUNT.resolve()(), {}).get(bucket, {})
        files: Mapping[str, Any] = keys[key]["files"] if key in keys else {}
        return files

    # --- reading ------------------------------------------------------------------------------------------

    def _read_object(self, bucket_name: str, key: str, obj: Mapping[str, Any]) -> bytes:
        body: bytes | None = obj.get("body")
        return body if body is not None else self._read(bucket_name, key, obj.get("version_id") or NULL_VERSION)

    def _without_reading(self, delete: Callable[..., Any]) -> Callable[..., Any]:
        """The engine would read the version that becomes the current one. One that is damaged must not keep another
        from being erased."""

        def delete_version(*arguments: Any) -> Any:
            self._unread.active = True
            try:
                return delete(*arguments)
            finally:
                self._unread.active = False

        return delete_version

    def _read_version(self, _bucket: object, bucket_name: str, key: str, version: Mapping[str, Any]) -> bytes | None:
        body: bytes | None = version.get("data")
        if body is None and getattr(self._unread, "active", False):
            return None
        return body if body is not None else self._read(bucket_name, key, version["version_id"])

    def _read(self, bucket: str, key: str, version: str) -> bytes:
        stored = self._stored(bucket, key).get(version)
        try:
            return self._files.read(StoredBytes.from_json(stored) if stored else StoredBytes("unknown", 0, ""))
        except ObjectDamaged as damage:
            log.error("The object %s/%s (version %s) is damaged: %s", bucket, key, version, damage)  # noqa: TRY400
            raise

    # --- copies -------------------------------------------------------------------------------------------

    def copy(self) -> Mapping[str, Any]:
        """Descriptions are replaced, never changed, so that copying the maps is enough."""
        return {
            "objects": {
                account: {bucket: dict(keys) for bucket, keys in list(buckets.items())}
                for account, buckets in list(self._described.items())
            }
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Put back what `copy` copied, into buckets that have been put back before."""
        self._described = state["objects"]
        all_buckets = glue.BUCKETS.resolve()._data  # noqa: SLF001
        versions = glue.OBJECT_VERSIONS.resolve()._data  # noqa: SLF001
        stores = {"tags": glue.OBJECT_TAGS, "acl": glue.OBJECT_ACL, "annotations": glue.OBJECT_ANNOTATIONS}
        for account, buckets in self._described.items():
            for bucket, keys in buckets.items():
                made = all_buckets.setdefault((account, bucket), {"created": "", "objects": {}, "region": None})
                for key, description in keys.items():
                    if description["current"] is not None:
                        made["objects"][key] = {"body": None, **description["current"]}
                    history = description["history"]
                    if history.get("versions"):
                        entries = [{**entry, "data": None} for entry in history["versions"]]
                        versions[(account, (bucket, key))] = entries
                    for field, store in stores.items():
                        for version, value in history.get(field, {}).items():
                            of_version = None if version == NULL_VERSION else version
                            store.resolve()._data[(account, (bucket, key, of_version))] = value  # noqa: SLF001


def _answering_damage(handle: Any) -> Any:
    """Damage as an error of S3's own shape, which no SDK tries again."""

    async def handle_request(*arguments: Any, **named: Any) -> Any:
        try:
            return await handle(*arguments, **named)
        except ObjectDamaged:
            return glue.S3_ERROR.resolve()(
                "ObjectDamaged",
                "The stored bytes of this object are damaged: they are not those that were uploaded. Put its file back "
                "from a backup (engine.log names it), or upload the object again.",
                422,
            )

    return handle_request
