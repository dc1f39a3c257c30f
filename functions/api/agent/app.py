"""The sub-application of the agent API."""

from __future__ import annotations

from fastapi import FastAPI

from api.agent.errors import AgentError, error_response
from api.agent.shared import PREFIX
from api.on_demand import RouterOnDemand
from api.sub_application import surface_app

_RECORDING = f"{PREFIX}/recordings/[^/]+"
_CONTACT = f"{PREFIX}/contacts/[^/]+"
ROUTERS: tuple[RouterOnDemand, ...] = (
    RouterOnDemand("api.agent.uploads.routes", f"{PREFIX}/recordings/upload"),
    RouterOnDemand("api.agent.consent.routes", f"{_RECORDING}/consent"),
    RouterOnDemand("api.agent.links.routes", f"{_RECORDING}/link"),
    RouterOnDemand("api.agent.recordings.routes", f"{PREFIX}/recordings(/.*)?"),
    RouterOnDemand("api.agent.interactions.routes", f"{_CONTACT}/interactions(/.*)?"),
    RouterOnDemand("api.agent.timelines.routes", f"{_CONTACT}/timeline"),
    RouterOnDemand("api.agent.contacts.routes", f"{PREFIX}/contacts(/.*)?"),
    RouterOnDemand("api.agent.deals.routes", f"{PREFIX}/deals(/.*)?"),
    RouterOnDemand("api.agent.searching.routes", f"{PREFIX}/crm/search"),
)
"""Which subject answers which paths; the first that fits does. A request imports no other."""

TAGS: list[dict[str, str]] = [
    {"name": "uploads", "description": "Recordings made elsewhere."},
    {"name": "recordings", "description": "Recordings with who said what."},
    {"name": "consent", "description": "Who agreed to being recorded, and what follows from it."},
    {"name": "links", "description": "Which contacts and which deal a recording concerns."},
    {"name": "contacts", "description": "The people conversations are held with."},
    {"name": "interactions", "description": "Emails, text messages, meetings and notes of a contact."},
    {"name": "timelines", "description": "Everything that happened with a contact."},
    {"name": "deals", "description": "What conversations are held to win."},
    {"name": "search", "description": "Everything that was said with customers, by words."},
]


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle agent",
        description="Recordings and CRM timelines for founders: the credential carries the role `founder`.",
        prefix=PREFIX,
        error_model=AgentError,
        render=error_response,
        tags=TAGS,
    )
    app.router.routes.extend(ROUTERS)
    return app
