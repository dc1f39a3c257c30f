"""The sub-application of the core API."""

from __future__ import annotations

from fastapi import FastAPI

from api.core.errors import CoreError, error_response
from api.core.shared import PREFIX
from api.on_demand import RouterOnDemand
from api.sub_application import surface_app

_RECORDING = f"{PREFIX}/recordings/[^/]+"
ROUTERS: tuple[RouterOnDemand, ...] = (
    RouterOnDemand("api.core.uploads.routes", f"{PREFIX}/recordings/(signed-urls|upload)"),
    RouterOnDemand("api.core.splitting.routes", rf"{_RECORDING}/split|{PREFIX}/recordings/merge"),
    RouterOnDemand("api.core.chunks.routes", f"{_RECORDING}/(chunks(/.*)?|finish)"),
    RouterOnDemand("api.core.crm_links.routes", f"{_RECORDING}/link"),
    RouterOnDemand("api.core.comments.routes", f"{_RECORDING}/comments(/.*)?"),
    RouterOnDemand("api.core.media.routes", f"{_RECORDING}/(images|multimedia-events)(/.*)?"),
    RouterOnDemand("api.core.mobile_events.routes", f"({_RECORDING}|{PREFIX})/mobile-events(/.*)?"),
    RouterOnDemand("api.core.views.routes", f"{_RECORDING}/(viewed|views|listen|star)"),
    RouterOnDemand("api.core.organization_settings.routes", f"{PREFIX}/organization/settings"),
    RouterOnDemand("api.core.tokens.routes", f"{PREFIX}/auth/.*"),
    RouterOnDemand("api.core.connections.routes", f"{PREFIX}/integrations/.*"),
    RouterOnDemand("api.core.debrief.routes", f"{PREFIX}/debrief-questions(/.*)?|{_RECORDING}/debrief"),
    RouterOnDemand("api.core.people.routes", f"{PREFIX}/(users|teams|organization)(/.*)?"),
    RouterOnDemand(
        "api.core.transcripts.routes", f"{_RECORDING}/(utterances|summary|signedUrl|transcription-language)"
    ),
    RouterOnDemand("api.core.recordings.collection_routes", f"{PREFIX}/recordings"),
    RouterOnDemand("api.core.recordings.routes", f"{_RECORDING}(/.*)?"),
)
"""Which subject answers which paths; the first that fits does. A request imports no other."""

TAGS: list[dict[str, str]] = [
    {"name": "recordings", "description": "Recordings with everything known of them."},
    {"name": "transcripts", "description": "What a recording says: utterances, the summary, and the audio itself."},
    {"name": "uploaded files", "description": "Recordings made elsewhere, of files that are uploaded first."},
    {"name": "chunks", "description": "Recordings whose audio arrives in chunks."},
    {"name": "comments", "description": "Comments on a recording, in threads, and who has read them."},
    {"name": "media", "description": "Images, videos and voice notes that were captured during a recording."},
    {"name": "CRM links", "description": "The one CRM record a recording is linked to."},
    {"name": "splitting", "description": "Splitting one recording into several, and merging several into one."},
    {"name": "debrief", "description": "Questions a rep answers after a conversation, and the answers."},
    {"name": "mobile events", "description": "What a phone reports of a recording: started, paused, offline."},
    {"name": "views", "description": "Who viewed a recording, who starred it, and how long they listened."},
    {"name": "people", "description": "Users and teams of the organization, and the organization itself."},
    {"name": "tokens", "description": "API tokens of the organization, and whose credential a request carries."},
    {"name": "connections", "description": "Connections to CRMs and other systems of the organization."},
    {"name": "organization settings", "description": "What the organization decides for all of its recordings."},
]


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle core",
        description="Recordings with everything known of them, for CRM integrators and phones. camelCase, "
        "milliseconds.",
        prefix=PREFIX,
        error_model=CoreError,
        render=error_response,
        tags=TAGS,
    )
    app.router.routes.extend(ROUTERS)
    return app
