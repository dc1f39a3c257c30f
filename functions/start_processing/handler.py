"""Lambda: a source has arrived in the bucket (EventBridge, S3 "Object Created")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.processing.job import source_key_ids
from auricle.processing.start import accept_upload


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Whatever goes wrong is raised: Lambda tries again, and what cannot be done lies in the dead-letter queue."""
    ids = source_key_ids(event["detail"]["object"]["key"])
    if ids is None:
        logger().warning("not a source")
        return {"upload": "ignored"}
    org, recording = ids
    wired = bootstrap()
    accepted = accept_upload(
        org,
        recording,
        recordings=wired.recordings,
        objects=wired.objects,
        workflow=wired.workflow,
        max_upload_bytes=wired.settings.max_upload_bytes,
        now=datetime.now(UTC),
    )
    # Said of this line alone: keys that are appended stay with the process, and the next event is another tenant's.
    logger().info("upload", extra={"org": org, "recording": recording, "upload": accepted.value})
    return {"upload": accepted.value}
