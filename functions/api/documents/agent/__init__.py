"""The agent API in the OpenAPI document."""

from __future__ import annotations

from api.documents import SurfaceDocument
from api.documents.agent import crm, recordings
from api.documents.agent.wire import AgentError

DOCUMENT = SurfaceDocument(
    description="Recordings and CRM timelines for founders: the credential carries the role `founder`.",
    error=AgentError,
    operations={**recordings.OPERATIONS, **crm.OPERATIONS},
)
