"""One of everything a tenant can have, made as clients make it: by the requests that the documents show.

Whatever a path of the OpenAPI document names by an id is made by the POST beside it, with its own example; what no
POST makes is made here. So a new route needs no word here as long as something creates what it is about.
"""

from __future__ import annotations

import copy
import copyreg
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.examples import CONTACT_ID, RECORDING_ID
from auricle.crm.connections import Platform
from tests.contract.conftest import Archive
from tests.contract.gateway import Answer, Gateway, Identity
from tests.fakes import Fakes

PARAMETER = re.compile(r"{(\w+)}")
RECORDINGS = {"/v1/core/recordings/{recording_id}", "/api/v1/agent/founder/recordings/{recording_id}"}
FILES = "/api/v1/audio-files/{audio_file_id}"


@dataclass
class World:
    """A tenant, its credential, and its ids by the part of the path that names them."""

    api: Gateway
    services: Fakes
    document: Mapping[str, Any]
    org: str
    mark: str
    """A word that every text of the tenant holds, and no other tenant's does."""
    token: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.token = self.token or self.api.identity.token(org=self.org, sub=f"user_{self.mark}")
        recording = self._recording()
        self.ids = dict.fromkeys({*RECORDINGS, FILES}, recording)
        self._contact()

    def make_everything(self) -> None:
        """All that the document's paths name, instead of each when it is first asked for."""
        for path in sorted(self.document["paths"], key=len):
            for prefix in prefixes(path):
                self.id_of(prefix)

    def id_of(self, prefix: str) -> str:
        """The id at the end of that beginning of a path, made when it is first asked for."""
        if prefix not in self.ids:
            self.ids[prefix] = self._made(prefix)
        return self.ids[prefix]

    def path(self, template: str) -> str:
        """The path with this tenant's ids in it."""
        return filled(template, {prefix: self.id_of(prefix) for prefix in prefixes(template)})

    def example(self, operation: Mapping[str, Any]) -> Any:
        """The example of a request's body, in this tenant's own words and ids; None where there is none."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return self.own(content["example"]) if "example" in content else None

    def own(self, example: Any) -> Any:
        text = json.dumps(self._marked(example))
        for example_id, prefix in EXAMPLE_IDS.items():
            if f'"{example_id}"' in text:
                text = text.replace(f'"{example_id}"', f'"{self.id_of(prefix)}"')
        return json.loads(text.replace('"opp_12345"', f'"externalId_{self.mark}"'))

    def _marked(self, example: Any, name: str = "") -> Any:
        if isinstance(example, dict):
            return {key: self._marked(value, key) for key, value in example.items()}
        if isinstance(example, list):
            return [self._marked(each, name) for each in example]
        if name == "organizationId":
            return self.org
        is_prose = name in PROSE and isinstance(example, str) and " " in example
        return f"{example} {self.mark}" if is_prose else example

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes = b"",
        content_type: str = "application/json",
        query: str = "",
        api: Gateway | None = None,
        **headers: str,
    ) -> Answer:
        """One request with the tenant's own credential."""
        content = raw if body is None else json.dumps(body).encode()
        sent = {"content-type": content_type, **headers} if content else headers
        return (api or self.api).ask(method.upper(), path, query=query, body=content, token=self.token, headers=sent)

    def _made(self, prefix: str) -> str:
        if prefix in MADE:
            return MADE[prefix](self)
        above = prefix.rpartition("/")[0]
        creating = self.document["paths"].get(above, {}).get("post")
        assert creating, f"nothing creates what {prefix} names: say in {__name__}.MADE how it comes to be"
        answer = self.ask("POST", self.path(above), body=self.example(creating))
        assert answer.status in {200, 201}, f"POST {above}: {answer.status} {answer.body.decode()}"
        return answer.headers["location"].rpartition("/")[2]

    def _recording(self) -> str:
        recording_id = f"rec_19d4f2a1b00{self.mark}00000000000"
        Archive(self.services).complete(
            recording_id,
            org=self.org,
            title=f"Call of {self.mark}",
            campaign_id=f"campaignId_{self.mark}",
            engagement_id=f"engagementId_{self.mark}",
        )
        return recording_id

    def _contact(self) -> None:
        prefix = "/api/v1/agent/founder/contacts/{contact_id}"
        contact_id = f"contact_19d4f2a1b05{self.mark}00000000"
        answer = self.ask("POST", "/api/v1/agent/founder/contacts", body={"id": contact_id, "name": self.mark})
        assert answer.status == 201, answer.body
        self.ids[prefix] = contact_id
        body = {"contact_ids": [contact_id]}
        path = self.path("/api/v1/agent/founder/recordings/{recording_id}/link")
        assert self.ask("POST", path, body=body).status == 200


# So that what is copied has locks of its own.
copyreg.pickle(type(threading.Lock()), lambda _: (threading.Lock, ()))
copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))


class Restoring:
    """Services that are as they were at the start whenever asked to be."""

    def __init__(self, services: Fakes) -> None:
        self.at_start = copy.deepcopy(services)
        self._now = services

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now, name)

    def restore(self) -> None:
        self._now = copy.deepcopy(self.at_start)


def _mobile_event(world: World) -> str:
    path = "/v1/core/recordings/{recording_id}/mobile-events"
    answer = world.ask("POST", world.path(path), body=world.example(world.document["paths"][path]["post"]))
    assert answer.status == 201, answer.body
    return str(answer.json["data"][0]["id"])


def _connection(world: World) -> str:
    """One for each platform, and named by it: so each tenant has one to another."""
    path = "/v1/core/integrations/connections"
    body = world.example(world.document["paths"][path]["post"])
    body["integrationPlatform"] = [*Platform][len(world.org) % len(Platform)]
    answer = world.ask("POST", path, body=body)
    assert answer.status == 201, answer.body
    return answer.headers["location"].rpartition("/")[2]


def _deal(world: World) -> str:
    path = "/api/v1/agent/founder/deals"
    body = {**world.example(world.document["paths"][path]["post"]), "external_id": f"externalId_{world.mark}"}
    answer = world.ask("POST", path, body=body)
    assert answer.status == 201, answer.body
    return answer.headers["location"].rpartition("/")[2]


MADE: Mapping[str, Callable[[World], str]] = {
    "/api/v1/agent/founder/deals/{deal_id}": _deal,
    "/v1/core/integrations/connections/{connection_id}": _connection,
    "/v1/core/mobile-events/{event_id}": _mobile_event,
}
"""How what no POST with a `location` creates comes to be, by the beginning of the path that names it."""

PROSE = {"body", "comment", "description", "message", "name", "notes", "prompt", "subject", "summary", "text", "title"}
"""Fields of examples that hold free text."""

CONTACTS = "/api/v1/agent/founder/contacts/{contact_id}"
EXAMPLE_IDS: Mapping[str, str] = {
    RECORDING_ID: FILES,
    "rec_8sj29a": FILES,
    CONTACT_ID: CONTACTS,
    "deal_q3": "/api/v1/agent/founder/deals/{deal_id}",
    "contact_uuid_1": CONTACTS,
    "contact_uuid_2": CONTACTS,
}
"""What the ids that examples show are the ids of."""


def prefixes(template: str) -> list[str]:
    """The beginnings of a path that end in a parameter, shortest first."""
    return [template[: match.end()] for match in PARAMETER.finditer(template)]


def filled(template: str, ids: Mapping[str, str]) -> str:
    """The path with those ids, each named by the beginning of the path that it ends."""
    return PARAMETER.sub(lambda match: ids[template[: match.end()]], template)


def operations(document: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Every (method, path, operation) that takes a credential."""
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") != []
    ]


def served_document() -> dict[str, Any]:
    """The document as it is served."""
    answer = Gateway(Fakes(), Identity()).get("/openapi.json", token="")
    assert answer.status == 200, "an operation has no document, or a document no operation"
    document: dict[str, Any] = answer.json
    return document
