"""The agent API in the OpenAPI document."""

from __future__ import annotations

from api.legacy.documents import SurfaceDocument
from api.legacy.documents.agent import crm, recordings
from api.legacy.documents.agent.wire import AgentError

DOCUMENT = SurfaceDocument(
    description="Recordings and CRM timelines for founders: the credential carries the role `founder`.",
    error=AgentError,
    operations={**recordings.OPERATIONS, **crm.OPERATIONS},
)
