"""Consent to a recording counts for all that is made of it, also where who records it may not see the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from auricle.processing.sweep import sweep
from auricle.recordings.consent import Consent
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import ALL_SCOPES, Answer, Gateway, Identity
from tests.fakes import Fakes

RECORDINGS = "/v1/core/recordings"
USERS_SCOPES = ALL_SCOPES.replace(" org:admin", "")
ALL, NONE = Consent.ALL_CONSENTED, Consent.WITHDRAWN


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@dataclass
class Users:
    """Two users of one organization, neither of whom administers it."""

    api: Gateway
    identity: Identity

    def _token(self, user: str) -> str:
        return self.identity.token(sub=user, scope=USERS_SCOPES, roles=())

    def post(self, user: str, path: str, body: Any) -> Any:
        answer = self.api.post(f"{RECORDINGS}/{path}", body, token=self._token(user))
        assert answer.status in {200, 201}, answer.body
        return answer.json["data"]

    def patch(self, user: str, recording_id: str, **said: Any) -> Answer:
        return self.api.ask(
            "PATCH", f"{RECORDINGS}/{recording_id}", body=json.dumps(said).encode(), token=self._token(user)
        )

    def attest(self, user: str, recording_id: str, customer: bool) -> None:
        assert self.patch(user, recording_id, customerConsentAttested=customer).status == 200

    def hide(self, owner: str, recording_id: str) -> None:
        assert self.patch(owner, recording_id, isPrivate=True).status == 200


@pytest.fixture
def users(api: Gateway, identity: Identity) -> Users:
    return Users(api, identity)


def consent(services: Fakes, recording_id: str) -> Consent:
    return services.recordings.get("acme", recording_id).consent


def swept(services: Fakes, after: timedelta) -> None:
    sweep(
        untouched=timedelta(minutes=10),
        recordings=services.recordings,
        intake=services.intake(max_upload_bytes=1000),
        metrics=services.metrics,
        now=NOW + after,
    )


def test_parts_that_became_private_lose_their_consent_and_get_it_back(
    users: Users, archive: Archive, services: Fakes
) -> None:
    archive.complete(user_id="ann")
    made = users.post("ann", "rec_1/split", {"splitTimestampsMs": [30000]})["recordings"]
    private, public = (part["id"] for part in made)
    users.hide("ann", private)
    assert users.patch("bob", private, title="mine").status == 404

    users.attest("bob", "rec_1", False)
    assert [consent(services, one) for one in ("rec_1", private, public)] == [NONE, NONE, NONE]
    assert users.patch("bob", private, title="mine").status == 404, "it stays hidden all the same"

    users.attest("bob", "rec_1", True)
    assert [consent(services, one) for one in ("rec_1", private, public)] == [ALL, ALL, ALL]
    swept(services, timedelta(days=31))
    assert not services.recordings.was_removed("acme", private)


def test_a_hidden_source_without_consent_keeps_it_from_what_was_merged(
    users: Users, archive: Archive, services: Fakes
) -> None:
    archive.complete("rec_a", user_id="bob", private=True)
    archive.complete("rec_b", user_id="ann")
    both = users.post("bob", "merge", {"recordingIds": ["rec_a", "rec_b"]})["id"]
    users.hide("ann", "rec_b")
    users.attest("bob", "rec_a", False)
    users.attest("ann", "rec_b", False)

    users.attest("bob", "rec_a", True)
    assert consent(services, both) is NONE, "ann's customer still refuses"
