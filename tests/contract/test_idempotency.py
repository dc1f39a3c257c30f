"""Idempotency-Key: a POST that is sent again has its effect once and gets the same answer, and only who may have it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import idempotency
from auricle.errors import TransientError
from tests.contract.conftest import Archive
from tests.contract.gateway import SETTINGS, Answer, Gateway, Identity
from tests.fakes import Fakes

FILES = "/api/v1/audio-files"
CONTACTS = "/api/v1/agent/founder/contacts"
CALLS = "/v1/calls"
TOKENS = "/v1/core/auth/tokens"
KEY = {"idempotency-key": "rec-log-2026-03-15-01"}
NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity()


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@pytest.fixture
def api(services: Fakes, identity: Identity) -> Gateway:
    made = Gateway(services, identity)
    made.now = NOON
    return made


def replayed(answer: Answer) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


def test_the_same_request_has_its_effect_once_and_the_same_answer_byte_for_byte(api: Gateway, services: Fakes) -> None:
    body = {"fileName": "call.wav", "campaignId": "camp_1"}
    first = api.post(f"{FILES}/upload-url", body, headers=KEY)
    api.now += timedelta(minutes=5)
    again = api.post(f"{FILES}/upload-url", body, headers=KEY)
    assert (first.status, replayed(first)) == (201, False)
    assert (again.status, replayed(again)) == (201, True)
    assert again.body == first.body
    for header in ("content-type", "location"):
        assert again.headers[header] == first.headers[header]
    assert len(services.recordings) == 1


def test_an_answer_given_again_has_the_headers_of_the_first(api: Gateway) -> None:
    """A client that repeats its request must be able to change what it made: it needs the tag."""
    first, again = (api.post(CONTACTS, {"name": "Jane"}, headers=KEY) for _ in range(2))
    assert (first.headers["etag"], first.headers["location"]) == ('"1"', f"{CONTACTS}/{first.json['id']}")
    volatile = {"idempotency-replayed", "x-request-id"}
    assert {name: value for name, value in again.headers.items() if name not in volatile} == {
        name: value for name, value in first.headers.items() if name not in volatile
    }
    assert again.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("characters", "is_kept"), [(290_000, True), (301_000, False)])
def test_an_answer_too_large_for_the_table_is_made_anew(
    characters: int, is_kept: bool, api: Gateway, services: Fakes
) -> None:
    Archive(services).complete(title="x" * characters)
    first, again = (api.post("/v1/core/recordings/rec_1/restore", headers=KEY) for _ in range(2))
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert replayed(again) is is_kept
    assert len(services.answers.held) == int(is_kept), "a claim without an answer would block the key for a minute"


def test_a_body_says_the_same_however_it_is_written(api: Gateway) -> None:
    first = api.post(f"{FILES}/upload-url", b'{"fileName": "a.wav", "title": "x"}', headers=KEY)
    again = api.post(f"{FILES}/upload-url", b'{"title":"x",\n"fileName":"a.wav"}', headers=KEY)
    assert again.body == first.body


def test_another_body_under_the_same_key_is_refused(api: Gateway, services: Fakes) -> None:
    api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, headers=KEY)
    answer = api.post(f"{FILES}/upload-url", {"fileName": "b.wav"}, headers=KEY)
    assert answer.status == 422
    assert answer.json["type"] == "urn:auricle:error:idempotency-key-reused"
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert len(services.recordings) == 1


def test_a_key_is_good_for_one_user_and_one_path(api: Gateway, identity: Identity, services: Fakes) -> None:
    body = {"name": "Jane Smith"}
    answers = [
        api.post(CONTACTS, body, headers=KEY),
        api.post(CONTACTS, body, headers=KEY, token=identity.token(sub="user_2")),
        api.post(CONTACTS, body, headers=KEY, token=identity.token(org="globex")),
        api.post("/v1/core/teams", body, headers=KEY),
    ]
    assert [answer.status for answer in answers] == [201] * 4
    assert not any(map(replayed, answers))
    assert len(services.contacts) == 3


NEW_KEY = {"tokenName": "CRM", "organizationId": "acme"}


def test_a_key_made_for_a_user_is_not_the_user(api: Gateway, identity: Identity, services: Fakes) -> None:
    """Who administers the tenant makes keys that act for anybody: none may read what that user was answered."""
    api.now = datetime.now(UTC)  # keys end by the clock that proves them
    owner = identity.token(sub="user_2")
    secret = api.post(TOKENS, NEW_KEY, headers=KEY, token=owner)
    assert secret.status == 200
    minted = api.post(TOKENS, {**NEW_KEY, "userId": "user_2"}).json["token"]
    stolen = api.post(TOKENS, NEW_KEY, headers=KEY, token=minted)
    assert (stolen.status, replayed(stolen)) == (200, False)
    assert stolen.json["token"] != secret.json["token"]
    contact = api.post(CONTACTS, {"name": "Jane"}, headers=KEY, token=owner)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY, token=minted).json["id"] != contact.json["id"]
    other = api.post(TOKENS, {**NEW_KEY, "userId": "user_2"}).json["token"]
    third = api.post(CONTACTS, {"name": "Jane"}, headers=KEY, token=other)
    assert not replayed(third)
    assert len(services.contacts) == 3


def test_a_refreshed_token_of_the_same_user_gets_the_answer(api: Gateway, identity: Identity) -> None:
    for path, body in ((CONTACTS, {"name": "Jane"}), (TOKENS, NEW_KEY)):
        first = api.post(path, body, headers=KEY, token=identity.token(jti="1"))
        again = api.post(path, body, headers=KEY, token=identity.token(jti="2"))
        assert (again.status, again.body, replayed(again)) == (first.status, first.body, True)


def test_the_same_subject_of_another_issuer_is_somebody_else(services: Fakes, identity: Identity) -> None:
    first = Gateway(services, identity).post(CONTACTS, {"name": "Jane"}, headers=KEY)
    moved = Gateway(services, identity, issuer="https://other.test")
    again = moved.post(CONTACTS, {"name": "Jane"}, headers=KEY, token=identity.token(iss="https://other.test"))
    assert (first.status, again.status, replayed(again)) == (201, 201, False)


@pytest.mark.parametrize(
    ("path", "body", "demoted"),
    [
        (CONTACTS, {"name": "Jane"}, {"roles": ()}),
        (f"{FILES}/upload-url", {"fileName": "a.wav"}, {"scope": "audio:read"}),
        (CALLS, {"call_id": "call_1", "direction": "inbound"}, {"scope": "calls:read"}),
        (TOKENS, NEW_KEY, {"scope": "recordings:read"}),
        (TOKENS, NEW_KEY, {"scope": "org:admin"}),  # it may still make tokens, and the kept one can do more
        (TOKENS, NEW_KEY, {"roles": ()}),
    ],
)
def test_a_demoted_credential_gets_no_answer_it_was_given_before(
    path: str, body: Any, demoted: dict[str, Any], api: Gateway, identity: Identity
) -> None:
    first = api.post(path, body, headers=KEY)
    assert first.status < 300, first.body
    answer = api.post(path, body, headers=KEY, token=identity.token(**demoted))
    assert (answer.status, replayed(answer)) == (403, False), answer.body


def test_an_answer_about_a_recording_is_given_while_it_is_there(api: Gateway, services: Fakes) -> None:
    recording_id = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}).json["audioFileId"]
    body = {"mimeType": "image/png", "timestampInMilliseconds": 1000}
    path = f"/v1/core/recordings/{recording_id}/multimedia-events"
    first = api.post(path, body, headers=KEY)
    assert first.status == 201, first.body
    assert api.post(path, body, headers=KEY).body == first.body
    assert api.delete(f"/v1/core/recordings/{recording_id}").status == 200
    assert api.post(path, body, headers=KEY).status == 404


def test_an_answer_about_a_recording_is_given_to_who_may_see_it(api: Gateway, identity: Identity) -> None:
    """Its owner made it private after a colleague was answered."""
    scope = "recordings:read recordings:write audio:write"
    owner, colleague = (identity.token(sub=user, scope=scope, roles=()) for user in ("user_1", "user_2"))
    made = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, token=owner)
    path = f"/v1/core/recordings/{made.json['audioFileId']}"
    body = {"mimeType": "image/png", "timestampInMilliseconds": 1000}
    first = api.post(f"{path}/multimedia-events", body, headers=KEY, token=colleague)
    assert first.status == 201, first.body
    assert api.post(f"{path}/multimedia-events", body, headers=KEY, token=colleague).body == first.body
    assert api.ask("PATCH", path, body=b'{"isPrivate": true}', token=owner).status == 200
    assert api.post(f"{path}/multimedia-events", body, headers=KEY, token=colleague).status == 404


def test_an_answer_that_shows_content_is_not_given_again_without_consent(api: Gateway, services: Fakes) -> None:
    Archive(services).complete()
    path = "/v1/core/recordings/rec_1"
    first = api.post(f"{path}/restore", headers=KEY)
    assert first.json["data"]["detected_language"], "it shows what was found in the recording"
    assert api.post(f"{path}/restore", headers=KEY).body == first.body
    for attests, status, code in ((False, 409, "idempotency-answer-lost"), (True, 200, None)):
        body = b'{"customerConsentAttested": %s}' % str(attests).lower().encode()
        assert api.ask("PATCH", path, body=body).status == 200
        again = api.post(f"{path}/restore", headers=KEY)
        assert (again.status, again.json.get("code"), replayed(again)) == (status, code, attests), again.body
    assert again.body == first.body


def test_an_answer_without_content_is_given_again_without_consent(api: Gateway, services: Fakes) -> None:
    Archive(services).complete()
    path, body = "/v1/core/recordings/rec_1/multimedia-events", {"mimeType": "image/png", "timestampInMilliseconds": 1}
    first = api.post(path, body, headers=KEY)
    refusal = b'{"customerConsentAttested": false}'
    assert api.ask("PATCH", "/v1/core/recordings/rec_1", body=refusal).status == 200
    assert api.post(path, body, headers=KEY).body == first.body


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("of", ["a log", "a merge"])
def test_an_answer_about_a_recording_in_the_body_is_given_to_who_may_see_it(
    of: str, hidden: bool, api: Gateway, identity: Identity, services: Fakes
) -> None:
    scope = "recordings:read recordings:write audio:write calls:read calls:write"
    owner, colleague = (identity.token(sub=user, scope=scope, roles=()) for user in ("user_1", "user_2"))
    archive = Archive(services)
    archive.complete("rec_1", user_id="user_1")
    archive.complete("rec_2", user_id="user_2")
    body: dict[str, Any]
    if of == "a merge":
        path, body = "/v1/core/recordings/merge", {"recordingIds": ["rec_1", "rec_2"]}
    else:
        path = f"{api.post(CALLS, {'call_id': 'call_1', 'direction': 'inbound'}).headers['location']}/recording-log"
        body = {"recording_id": "rec_1", "recording_url": "https://example.com/a.wav", "duration_seconds": 3}
    first = api.post(path, body, headers=KEY, token=colleague)
    assert first.status in (200, 201), first.body
    if hidden:
        changed = api.ask("PATCH", "/v1/core/recordings/rec_1", body=b'{"isPrivate": true}', token=owner)
        assert changed.status == 200, changed.body
    again = api.post(path, body, headers=KEY, token=colleague)
    assert (again.status, replayed(again)) == ((404, False) if hidden else (first.status, True))
    assert (again.body == first.body) is not hidden


def test_a_kept_answer_does_not_tell_a_hidden_recording_from_an_unknown_one(
    api: Gateway, identity: Identity, services: Fakes
) -> None:
    """A log under either id is taken, and its answer given again."""
    Archive(services).complete("rec_1", user_id="user_1", private=True)
    colleague = identity.token(sub="user_2", scope="calls:read calls:write", roles=())
    path = f"{api.post(CALLS, {'call_id': 'call_1', 'direction': 'inbound'}).headers['location']}/recording-log"
    for recording_id in ("rec_1", "unknown"):
        log = {"recording_id": recording_id, "recording_url": "https://example.com/a.wav", "duration_seconds": 3}
        headers = {"idempotency-key": recording_id}
        first, again = (api.post(path, log, headers=headers, token=colleague) for _ in range(2))
        assert first.status == 200, first.body
        assert replayed(again)
        assert again.body == first.body


def test_a_post_that_only_reads_is_answered_anew(api: Gateway, services: Fakes) -> None:
    """What it shows may have been changed, hidden or removed since."""
    recording_id = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}).json["audioFileId"]
    first = api.post("/v1/core/recordings", {"ids": [recording_id]}, headers=KEY)
    assert len(first.json["data"]) == 1
    assert api.delete(f"/v1/core/recordings/{recording_id}").status == 200
    again = api.post("/v1/core/recordings", {"ids": [recording_id]}, headers=KEY)
    assert (again.status, again.json["data"], replayed(again)) == (200, [], False)
    assert api.post("/v1/core/recordings", {}, headers={"idempotency-key": "a" * 256}).status == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CALLS, {"call_id": "call_1j2kd9", "direction": "outbound"}),
        ("/v1/core/users", {"email": "dana@example.com", "organizationId": "acme"}),
        (CONTACTS, {"name": "Jane Smith"}),
        (f"{FILES}/upload-url", {"fileName": "call.wav"}),
    ],
)
def test_every_surface_keeps_the_answers_of_its_posts(path: str, body: Any, api: Gateway) -> None:
    first, again = api.post(path, body, headers=KEY), api.post(path, body, headers=KEY)
    assert first.status < 300, first.body
    assert (again.status, again.body, replayed(again)) == (first.status, first.body, True)


def test_what_was_refused_is_tried_again(api: Gateway, services: Fakes) -> None:
    """A refusal changed nothing: the client mends what was wrong, or waits, and sends the same key."""
    log = {"recording_id": "rec_1", "recording_url": "https://cdn.example.com/1.mp3", "duration_seconds": 1}
    assert api.post(f"{CALLS}/call_1/recording-log", log, headers=KEY).status == 404
    assert api.post(CALLS, {"call_id": "call_1", "direction": "inbound"}).status < 300
    assert api.post(f"{CALLS}/call_1/recording-log", log, headers=KEY).status == 200
    assert api.post(f"{FILES}/upload-url", {"fileName": 7}, headers=KEY).status == 422
    assert api.post(f"{FILES}/upload-url", {"fileName": "a"}, headers=KEY).status == 201


def test_a_failure_of_ours_is_not_kept(api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise TransientError("Try again.")

    with monkeypatch.context() as patched:
        patched.setattr(services.recordings, "create", away)
        assert api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, headers=KEY).status == 503
    answer = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, headers=KEY)
    assert (answer.status, replayed(answer)) == (201, False)


def test_what_is_done_is_told_even_if_the_answer_cannot_be_kept(
    api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told otherwise, the client would try again, and once the claim has run out that would be a second effect."""

    def away(*_: Any, **__: Any) -> None:
        raise TransientError("Try again.")

    monkeypatch.setattr(services.answers, "keep", away)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY).status == 201


def test_a_defect_while_an_answer_is_kept_shows_nothing_of_itself(
    api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("what nobody should read")

    monkeypatch.setattr(services.answers, "keep", broken)
    answer = api.post(CONTACTS, {"name": "Jane"}, headers=KEY)
    assert (answer.status, answer.json["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "what nobody should read" not in caplog.text


def test_a_failure_stays_itself_even_if_the_key_cannot_be_let_go(
    api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise TransientError("Try again.")

    monkeypatch.setattr(services.answers, "release", away)
    log = {"recording_id": "rec_1", "recording_url": "https://cdn.example.com/1.mp3", "duration_seconds": 1}
    assert api.post(f"{CALLS}/call_1/recording-log", log, headers=KEY).status == 404


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ", "a\tb"])
def test_a_key_that_is_none_is_refused(key: str, api: Gateway, services: Fakes) -> None:
    answer = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, headers={"idempotency-key": key})
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert len(services.recordings) == 0


def test_an_answer_is_kept_for_a_day(api: Gateway) -> None:
    first = api.post(CONTACTS, {"name": "Jane"}, headers=KEY)
    api.now = NOON + timedelta(hours=24, seconds=-1)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY).body == first.body
    api.now = NOON + timedelta(hours=24, seconds=1)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY).json["id"] != first.json["id"]


def test_two_at_once_have_one_effect(services: Fakes, identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first is being answered, in another process; it waits, and gets the first's answer."""
    monkeypatch.setattr(idempotency, "POLL_S", 0.01)
    entered, may_go_on = threading.Event(), threading.Event()
    create = services.contacts.create_contact

    def slowly(contact: Any) -> None:
        entered.set()
        assert may_go_on.wait(5)
        create(contact)

    monkeypatch.setattr(services.contacts, "create_contact", slowly)
    processes = [Gateway(services, identity) for _ in range(2)]

    def ask(process: Gateway) -> Answer:
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            return process.post(CONTACTS, {"name": "Jane"}, headers=KEY)
        finally:
            asyncio.get_event_loop().close()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(ask, processes[0])
        assert entered.wait(5)
        second = threads.submit(ask, processes[1])
        may_go_on.set()
        answers = [first.result(), second.result()]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert len(services.contacts) == 1


@pytest.fixture
def claimed(api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody took the key, and does not answer."""
    monkeypatch.setattr(idempotency, "WAIT_S", 0.02)
    monkeypatch.setattr(idempotency, "POLL_S", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(services.answers, "keep", lambda *_, **__: None)
        api.post(CONTACTS, {"name": "Jane"}, headers=KEY)


@pytest.mark.usefixtures("claimed")
def test_one_that_is_not_answered_in_time_is_told_to_come_again(api: Gateway, services: Fakes) -> None:
    answer = api.post(CONTACTS, {"name": "Jane"}, headers=KEY)
    assert (answer.status, answer.json["error"]["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert int(answer.headers["retry-after"]) > 0
    assert len(services.contacts) == 1


@pytest.mark.usefixtures("claimed")
def test_a_process_that_died_before_a_minute_is_over_still_holds_the_key(api: Gateway) -> None:
    api.now = NOON + timedelta(seconds=59)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY).status == 409


def test_an_earlier_request_is_awaited_for_three_seconds(
    api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(services.answers, "keep", lambda *_, **__: None)
    api.post(CONTACTS, {"name": "Jane"}, headers=KEY)
    monkeypatch.setattr("api.idempotency.asyncio.sleep", sleep)
    answer = api.post(CONTACTS, {"name": "Jane"}, headers=KEY)
    assert (answer.status, answer.headers["retry-after"]) == (409, "1")
    assert waits == [0.1] * 30


@pytest.mark.usefixtures("claimed")
def test_a_process_that_died_holds_a_key_for_a_minute(api: Gateway) -> None:
    api.now = NOON + timedelta(seconds=61)
    assert api.post(CONTACTS, {"name": "Jane"}, headers=KEY).status == 201


def test_what_is_kept_cannot_be_read_from_the_table(api: Gateway, services: Fakes) -> None:
    made = api.post(TOKENS, {"tokenName": "CRM", "organizationId": "acme"}, headers=KEY)
    uploaded = api.post(f"{FILES}/upload-url", {"fileName": "a.wav"}, headers=KEY)
    for answer in (made, uploaded):
        assert answer.status < 300, answer.body
    stored = b"".join(kept.content or b"" for kept in services.answers.held.values())
    assert len(stored) > len(made.body)
    for secret in (made.json["token"], uploaded.json["uploadUrl"]):
        assert secret.encode() not in stored
    assert api.post(TOKENS, {"tokenName": "CRM", "organizationId": "acme"}, headers=KEY).body == made.body
    other = Gateway(services, api.identity, settings=replace(SETTINGS, cursor_key="another secret"))
    other.now = NOON
    lost = other.post(TOKENS, {"tokenName": "CRM", "organizationId": "acme"}, headers=KEY)
    assert (lost.status, lost.json["code"]) == (409, "idempotency-answer-lost")
