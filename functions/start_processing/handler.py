"""Lambda: a source or a chunk has arrived in the bucket (EventBridge, S3 "Object Created")."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent, event_source

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.recordings.chunk_uploads import accept_chunk
from auricle.recordings.intake import Intake, accept_upload
from auricle.recordings.keys import chunk_key_ids, source_key_ids


@event_source(data_class=S3EventBridgeNotificationEvent)
def lambda_handler(event: S3EventBridgeNotificationEvent, _context: object) -> dict[str, str]:
    """Whatever goes wrong is raised: Lambda tries again, and what cannot be done lies in the dead-letter queue."""
    key = event.detail.object.key
    source, chunk = source_key_ids(key), chunk_key_ids(key)
    if source is not None:
        org, recording = source
        accept = partial(accept_upload, org, recording)
    elif chunk is not None:
        org, recording, number = chunk
        accept = partial(accept_chunk, org, recording, number)
    else:
        logger().warning("neither a source nor a chunk")
        return {"upload": "ignored"}
    wired = bootstrap()
    intake = Intake(wired.recordings, wired.objects, wired.workflow, wired.settings.max_upload_bytes)
    accepted = accept(intake=intake, now=datetime.now(UTC))
    # Keys that are appended to the logger stay with the process, and the next event is another tenant's.
    logger().info("upload", extra={"org": org, "recording": recording, "upload": accepted.value})
    return {"upload": accepted.value}
