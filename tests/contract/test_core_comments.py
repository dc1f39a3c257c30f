"""Comments on the core API: threads, who may see and change them, who has read them, and what counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.core.comments import models as documented
from auricle.directory.users import TEAMS, USERS, Team, User
from auricle.recordings.counters import NOTHING_COUNTED
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes

COMMENTS = "/v1/core/recordings/rec_1/comments"
REFERENCE = "/v1/core/recordings/{id}/comments"
RANGE = {"start": 1000, "end": 2500}


class People:
    """Users of one tenant, each with a credential of their own."""

    def __init__(self, api: Gateway, services: Fakes) -> None:
        self.api, self.services = api, services
        self._tokens: dict[str, str] = {}

    def token(self, user: str, **claims: Any) -> str:
        if user not in self._tokens or claims:
            self._tokens[user] = self.api.identity.token(sub=user, **claims)
        return self._tokens[user]

    def ask(self, user: str, method: str, path: str = COMMENTS, body: Any = None, **asked: Any) -> Answer:
        return send(self.api, method, path, body, token=self.token(user), **asked)

    def writes(self, user: str = "ann", *recipients: str, **given: Any) -> Any:
        to = [{"type": "team" if one.startswith("team") else "user", "key": one} for one in recipients]
        body = {"text": "Listen to this", "highlightRange": RANGE, "recipients": to, **given}
        written = shown(documented.CommentResponse, self.ask(user, "POST", body=body), 201)["data"]
        self.api.now += timedelta(milliseconds=1)
        return written

    def reads(self, user: str, query: str = "") -> list[str]:
        answer = self.ask(user, "GET", query=query)
        return [comment["id"] for comment in shown(documented.CommentPage, answer)["data"]]

    def changes(self, user: str, comment: Any, body: Any, **headers: str) -> Any:
        answer = self.ask(user, "PATCH", f"{COMMENTS}/{comment['id']}", body, headers=headers)
        return shown(documented.CommentResponse, answer)["data"]

    def counts(self) -> tuple[int, dict[str, int]]:
        counters = self.services.recordings.detail("acme", "rec_1").counters
        return counters.comments, {user: len(unread) for user, unread in counters.unread.items()}

    def joins(self, user: str, team: str | None = None, **named: Any) -> None:
        if team and not self.services.records(TEAMS).find("acme", [team]):
            self.services.records(TEAMS).add(Team("acme", team, NOW, NOW, name=team))
        self.services.records(USERS).add(
            User("acme", user, NOW, NOW, email=f"{user}@acme.test", member_team_id=team, **named)
        )


@pytest.fixture
def people(api: Gateway, services: Fakes, archive: Archive) -> People:
    archive.complete(title="Visit")
    return People(api, services)


def test_a_comment_shows_what_was_said_by_whom_and_for_whom(people: People) -> None:
    people.joins("ann", first_name="Ann", last_name="Lee")
    body = {"text": "Yes 📞\nno", "highlightRange": RANGE, "recipients": [{"type": "user", "key": "bob"}]}
    answer = people.ask("ann", "POST", body=body)
    comment = shown(documented.CommentResponse, answer, 201)["data"]
    assert comment == {
        "id": comment["id"],
        "threadId": comment["id"],
        "commenterUid": "ann",
        "commenterFirstName": "Ann",
        "commenterLastName": "Lee",
        "recordingId": "rec_1",
        "recordingTitle": "Visit",
        "dateCreated": "2026-03-30T12:00:00.123Z",
        "timestampStartInMilliseconds": 1000,
        "timestampEndInMilliseconds": 2500,
        "text": "Yes 📞\nno",
        "seenByUids": [],
        "unreadUids": ["bob"],
        "isPrivate": False,
    }
    assert answer.headers["location"] == f"{COMMENTS}/{comment['id']}"
    read = people.ask("bob", "GET", f"{COMMENTS}/{comment['id']}")
    assert (read.json["data"], read.headers["etag"]) == (comment, '"1"')


def test_answers_are_what_the_reference_says(people: People) -> None:
    audio = {
        "storageId": "s1",
        "storagePath": "a/b.m4a",
        "extension": "m4a",
        "durationInMilliseconds": 1500.4,
        "textTranscription": "um",
        "status": "failed",
        "errorMessage": "no",
    }
    body = {"audio": audio, "highlightRange": {"start": 0, "end": 0.6}, "recipients": []}
    written = conforms(people.ask("ann", "POST", body=body), "post", REFERENCE)["data"]
    assert written["audio"] == {**audio, "durationInMilliseconds": 1500}
    assert (written["timestampEndInMilliseconds"], "text" in written) == (1, False)
    place = f"{COMMENTS}/{written['id']}"
    one = f"{REFERENCE}/{{commentId}}"
    assert conforms(people.ask("ann", "GET"), "get", REFERENCE)["data"] == [written]
    assert conforms(people.ask("ann", "GET", place), "get", one)["data"] == written
    changed = conforms(people.ask("ann", "PATCH", place, {"text": "x"}), "patch", one)["data"]
    assert (changed["text"], changed["audio"]) == ("x", written["audio"])
    assert conforms(people.ask("ann", "DELETE", place), "delete", one)["data"] == changed


def test_what_clients_send_along_of_recipients_is_taken(people: People) -> None:
    people.joins("bob", "team_1")
    rep = {"type": "user", "key": "zed", "firstName": "Z", "lastName": "Ed", "email": "z@x.test", "reps": []}
    to = [{"type": "team", "key": "team_1", "firstName": "T", "lastName": "1", "email": "t@x.test", "reps": [rep]}]
    body = {"text": "x", "highlightRange": RANGE, "recipients": to}
    assert people.ask("ann", "POST", body=body).json["data"]["unreadUids"] == ["bob"]


def test_a_thread_goes_on(people: People) -> None:
    first, other = people.writes(), people.writes()
    answer = people.writes("bob", selectedThreadId=first["id"])
    again = people.writes("ann", selectedThreadId=first["id"])
    assert answer["threadId"] == again["threadId"] == first["threadId"]
    assert people.reads("cid", f"threadIds={first['id']}") == [first["id"], answer["id"], again["id"]]
    both = people.reads("cid", f"threadIds={first['id']}&threadIds={other['id']}")
    assert both == people.reads("cid", f"threadIds={first['id']},{other['id']}") == people.reads("cid")
    assert people.reads("cid", "commenterUid=bob") == [answer["id"]]
    assert people.reads("cid", "threadIds=comment_none") == []
    body = {"text": "x", "highlightRange": RANGE, "recipients": []}
    for unknown in ("comment_none", answer["id"]):
        refusal = people.ask("ann", "POST", body={**body, "selectedThreadId": unknown})
        refused(refusal, 422, "invalid-request", "selectedThreadId")


def test_a_thread_outlives_the_comment_that_began_it(people: People) -> None:
    first = people.writes("ann", "bob")
    people.ask("ann", "DELETE", f"{COMMENTS}/{first['id']}")
    answer = people.writes("bob", selectedThreadId=first["id"])
    assert people.reads("ann") == [answer["id"]]


def test_teams_are_their_members(people: People) -> None:
    for user in ("bob", "cid", "ann"):
        people.joins(user, "team_1")
    people.joins("dan", "team_2")
    comment = people.writes("ann", "team_1", "bob", "eve")
    assert comment["unreadUids"] == ["bob", "cid", "eve"]
    body = {"text": "x", "highlightRange": RANGE, "recipients": [{"type": "team", "key": "team_none"}]}
    refused(people.ask("ann", "POST", body=body), 422, "invalid-request", "recipients.0.key")


def test_the_recording_counts_comments_and_who_has_not_read_them(people: People) -> None:
    first = people.writes("ann", "bob", "cid")
    second = people.writes("bob", "cid", "ann", "bob")
    assert people.counts() == (2, {"ann": 1, "bob": 1, "cid": 2})
    read = people.changes("cid", first, {"unreadUids": {"remove": ["cid"]}})
    assert (read["unreadUids"], read["seenByUids"]) == (["bob"], ["cid"])
    assert people.counts() == (2, {"ann": 1, "bob": 1, "cid": 1})
    people.changes("cid", first, {"unreadUids": {"remove": ["cid"]}})
    assert people.counts() == (2, {"ann": 1, "bob": 1, "cid": 1})
    unread = people.changes("cid", first, {"unreadUids": {"add": ["cid"]}})
    assert (unread["unreadUids"], unread["seenByUids"]) == (["bob", "cid"], [])
    deleted = people.ask("bob", "DELETE", f"{COMMENTS}/{second['id']}")
    assert shown(documented.CommentResponse, deleted)["data"]["unreadUids"] == ["ann", "cid"]
    assert people.counts() == (1, {"bob": 1, "cid": 1})


def test_one_change_makes_it_unread_for_some_and_read_for_others(people: People) -> None:
    comment = people.writes("ann", "bob", "cid")
    changed = people.changes("ann", comment, {"unreadUids": {"add": ["dan"], "remove": ["bob"]}, "text": "More"})
    assert (changed["unreadUids"], changed["seenByUids"], changed["text"]) == (["cid", "dan"], ["bob"], "More")
    assert people.counts() == (1, {"cid": 1, "dan": 1})


def test_only_whom_it_concerns_has_read_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    comment = people.writes("ann", "bob", "cid")
    changed = people.changes("ann", comment, {"unreadUids": {"remove": ["bob", "stranger", "ann"]}})
    assert (changed["unreadUids"], changed["seenByUids"]) == (["cid"], ["bob"])
    assert people.changes("eve", comment, {"unreadUids": {"remove": ["eve"]}})["seenByUids"] == ["bob", "eve"]
    monkeypatch.setattr("auricle.recordings.comments.MAX_UNREAD", 2)
    more = people.ask("dan", "PATCH", f"{COMMENTS}/{comment['id']}", {"unreadUids": {"remove": ["dan"]}})
    refused(more, 409, "conflict")


def test_new_recipients_find_it_unread_and_former_ones_no_more(people: People) -> None:
    comment = people.writes("ann", "bob", "cid")
    people.changes("cid", comment, {"unreadUids": {"remove": ["cid"]}})
    to = [{"type": "user", "key": key} for key in ("cid", "dan")]
    changed = people.changes("ann", comment, {"recipients": to})
    assert (changed["unreadUids"], changed["seenByUids"]) == (["dan"], ["cid"])
    assert people.counts() == (1, {"dan": 1})


def test_what_is_private_exists_for_its_author_and_recipients_alone(people: People) -> None:
    public, private = people.writes("ann"), people.writes("ann", "bob", isPrivate=True)
    assert people.reads("ann") == people.reads("bob") == [public["id"], private["id"]]
    assert people.reads("cid") == [public["id"]]
    assert people.reads("bob", "excludePrivate=true") == [public["id"]]
    assert people.reads("bob", "excludePrivate=false") == [public["id"], private["id"]]
    place = f"{COMMENTS}/{private['id']}"
    for method, body in (("GET", None), ("PATCH", {"text": "x"}), ("DELETE", None)):
        refusal = refused(people.ask("cid", method, place, body), 404, "comment-not-found")
        assert refusal["error"] == f"There is no comment {private['id']}."
    answer = {"text": "x", "highlightRange": RANGE, "recipients": [], "selectedThreadId": private["id"]}
    refused(people.ask("cid", "POST", body=answer), 422, "invalid-request", "selectedThreadId")
    refused(
        people.ask("ann", "PATCH", place, {"unreadUids": {"add": ["cid"]}}), 422, "invalid-request", "unreadUids.add"
    )
    assert people.counts() == (1, {})


def test_what_is_private_is_counted_for_who_may_read_it(people: People) -> None:
    """Neither how many there are, nor for whom they are, nor whether they were read."""
    people.writes("ann", "bob", "cid")
    private = people.writes("ann", "bob", isPrivate=True)

    def shown_to(user: str) -> tuple[int, dict[str, int]]:
        data = people.ask(user, "GET", "/v1/core/recordings/rec_1").json["data"]
        return data["numberOfComments"], data["unreadComments"]

    assert shown_to("ann") == shown_to("cid") == shown_to("eve") == (1, {"bob": 1, "cid": 1})
    assert shown_to("bob") == (1, {"bob": 2, "cid": 1})
    people.changes("bob", private, {"unreadUids": {"remove": ["bob"]}})
    assert shown_to("bob") == (1, {"bob": 1, "cid": 1})
    people.changes("ann", private, {"recipients": [{"type": "user", "key": "dan"}]})
    assert shown_to("dan") == (1, {"bob": 1, "cid": 1, "dan": 1})
    assert people.ask("ann", "DELETE", f"{COMMENTS}/{private['id']}").status == 200
    assert shown_to("dan") == (1, {"bob": 1, "cid": 1})
    assert people.services.recordings.detail("acme", "rec_1").counters.unread_private == {}


def test_who_administers_reads_no_private_comment(people: People) -> None:
    private = people.writes("ann", "bob", isPrivate=True)
    for roles, scope in ((["founder"], "recordings:read"), ([], "recordings:read org:admin")):
        token = people.api.identity.token(sub="dora", roles=roles, scope=scope)
        assert people.api.get(f"{COMMENTS}/{private['id']}", token=token).status == 404


def test_a_key_reads_private_comments_of_who_made_it_for_themself(people: People) -> None:
    """Whoever administers makes keys for anybody: a key for Bob that Dora made, or a key it made, is not Bob."""

    def key(maker: str, **said: str) -> str:
        body = {"tokenName": "key", "organizationId": "acme", **said}
        answer = people.api.post("/v1/core/auth/tokens", body, token=maker)
        assert answer.status == 200, answer.body
        return str(answer.json["token"])

    people.api.now = datetime.now(UTC)  # keys end, by the clock that credentials are proved by
    private, public = people.writes("ann", "bob", isPrivate=True), people.writes("ann", "bob")
    bobs, doras = key(people.token("bob")), key(people.token("dora"), userId="bob")
    place, thread = f"{COMMENTS}/{private['id']}", {**GOOD, "selectedThreadId": private["id"]}
    assert people.api.get(place, token=bobs).json["data"]["text"] == private["text"]
    for token in (doras, key(doras), key(doras, userId="bob")):
        assert people.api.get(f"{COMMENTS}/{public['id']}", token=token).status == 200
        for method, body in (("GET", None), ("PATCH", {"unreadUids": {"remove": ["bob"]}}), ("DELETE", None)):
            refused(send(people.api, method, place, body, token=token), 404, "comment-not-found")
        assert [one["id"] for one in people.api.get(COMMENTS, token=token).json["data"]] == [public["id"]]
        refused(people.api.post(COMMENTS, thread, token=token), 422, "invalid-request", "selectedThreadId")
        unread = people.api.get("/v1/core/recordings/rec_1", token=token).json["data"]["unreadComments"]
        assert unread == {"bob": 1}
    assert people.api.get("/v1/core/recordings/rec_1", token=bobs).json["data"]["unreadComments"] == {"bob": 2}


def test_a_user_with_a_subject_of_any_form_reads_what_is_written_for_them(people: People) -> None:
    """The directory's id of them is what can be named as a recipient."""
    private = people.writes("ann", "sub_621b3ebd936e3d561f86d5a77e7b36d500435f86", isPrivate=True)
    assert people.reads("auth0|5f7c8ec7") == [private["id"]]
    assert people.reads("auth0|5f7c8ec8") == []


def test_an_answer_in_a_private_thread_is_for_those_of_the_thread(people: People) -> None:
    first = people.writes("ann", "bob", "cid", isPrivate=True)
    answer = people.writes("bob", "dan", selectedThreadId=first["id"])
    assert (answer["isPrivate"], answer["unreadUids"]) == (True, ["ann", "cid", "dan"])
    assert people.reads("cid") == [first["id"], answer["id"]]
    assert people.reads("dan") == [answer["id"]]
    assert people.reads("eve") == []


def test_only_the_author_changes_what_is_said(people: People) -> None:
    comment = people.writes("ann", "bob")
    place = f"{COMMENTS}/{comment['id']}"
    changes: list[dict[str, Any]] = [
        {"text": "x"},
        {"audio": {"storageId": "s"}},
        {"recipients": []},
        {"unreadUids": {"remove": ["cid"]}},
    ]
    for body in changes:
        found = refused(people.ask("bob", "PATCH", place, body), 403, "forbidden")
        assert "Only the author" in found["error"]
        assert "www-authenticate" not in people.ask("bob", "PATCH", place, body).headers
    refused(people.ask("bob", "DELETE", place), 403, "forbidden")
    assert people.ask("ann", "GET", place).json["data"] == comment


def test_a_change_says_when_it_was_made_and_nothing_writes_nothing(people: People) -> None:
    comment = people.writes("ann")
    place = f"{COMMENTS}/{comment['id']}"
    same = people.ask("ann", "PATCH", place, {})
    assert (same.json["data"], same.headers["etag"]) == (comment, '"1"')
    people.api.now = NOW + timedelta(minutes=1)
    changed = people.ask("ann", "PATCH", place, {"text": "More"})
    assert changed.json["data"] == {**comment, "text": "More", "dateUpdated": "2026-03-30T12:01:00.123Z"}
    assert changed.headers["etag"] == '"2"'


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_stale_state_is_not_changed(people: People, method: str) -> None:
    comment = people.writes("ann")
    place, body = f"{COMMENTS}/{comment['id']}", {"text": "x"} if method == "PATCH" else None
    people.changes("ann", comment, {"text": "y"})
    refused(people.ask("ann", method, place, body, headers={"if-match": '"1"'}), 412, "precondition-failed")
    assert people.ask("ann", "GET", place).json["data"]["text"] == "y"
    assert people.ask("ann", method, place, body, headers={"if-match": '"2"'}).status == 200


def test_what_is_deleted_is_gone_and_nothing_of_it_is_kept(people: People) -> None:
    comment = people.writes("ann", "bob", text="secret word")
    place = f"{COMMENTS}/{comment['id']}"
    assert people.ask("ann", "DELETE", place).json["data"]["text"] == "secret word"
    for method in ("GET", "DELETE"):
        refused(people.ask("ann", method, place), 404, "comment-not-found")
    assert people.reads("ann") == []
    assert "secret word" not in repr(people.services.recordings.children.held)


def test_pages_go_on_by_cursor(people: People) -> None:
    made = [people.writes(f"u{number % 2}", isPrivate=number == 3)["id"] for number in range(7)]
    visible = [one for one in made if one != made[3]]
    found, query, sizes = [], "pageSize=2", []
    while True:
        page = shown(documented.CommentPage, people.ask("u0", "GET", query=query))
        found += [one["id"] for one in page["data"]]
        sizes.append(len(page["data"]))
        if page["cursor"] is None:
            break
        query = f"pageSize=2&cursor={page['cursor']}"
    assert (found, sizes) == (visible, [2, 2, 2])
    first = people.ask("u0", "GET", query="pageSize=2").json["cursor"]
    for query in (f"cursor={first}&commenterUid=u0", "cursor=x", f"cursor={first}x"):
        refused(people.ask("u0", "GET", query=query), 422, "invalid-request", "cursor")
    refused(people.ask("u1", "GET", query=f"cursor={first}"), 422, "invalid-request", "cursor")


GOOD: dict[str, Any] = {"text": "x", "highlightRange": RANGE, "recipients": []}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"text": None, "audio": None}, ["text"]),
        ({"text": ""}, ["text"]),
        ({"text": "x" * 10_001}, ["text"]),
        ({"text": "a\x00b"}, ["text"]),
        ({"text": 7}, ["text"]),
        ({"audio": {}}, ["audio.storageId"]),
        ({"audio": {"storageId": "s", "status": "lost"}}, ["audio.status"]),
        ({"audio": {"storageId": "s", "extension": "../x"}}, ["audio.extension"]),
        ({"audio": {"storageId": "s", "durationInMilliseconds": -1}}, ["audio.durationInMilliseconds"]),
        ({"highlightRange": None}, ["highlightRange"]),
        ({"highlightRange": {"start": 2, "end": 1}}, ["highlightRange.end"]),
        ({"highlightRange": {"start": 1}}, ["highlightRange.end"]),
        ({"recipients": None}, ["recipients"]),
        ({"recipients": [{"type": "robot", "key": "a"}]}, ["recipients.0.type"]),
        ({"recipients": [{"type": "user"}]}, ["recipients.0.key"]),
        ({"recipients": [{"type": "user", "key": "a b"}]}, ["recipients.0.key"]),
        ({"recipients": [{"type": "user", "key": f"u{number}"} for number in range(101)]}, ["recipients"]),
        ({"isPrivate": "yes"}, ["isPrivate"]),
        ({"selectedThreadId": ""}, ["selectedThreadId"]),
        ({"commenterUid": "bob"}, ["commenterUid"]),
    ],
    ids=str,
)
def test_every_wrong_field_of_a_comment_is_named(people: People, change: dict[str, Any], wrong: list[str]) -> None:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None or name in wrong[:1]}
    refused(people.ask("ann", "POST", body=body), 422, "invalid-request", *wrong)
    assert people.counts() == (0, {})


def test_a_range_is_two_numbers(people: People) -> None:
    for start in (-1, "1", None, 1e12):
        body = {**GOOD, "highlightRange": {"start": start, "end": 2e8}}
        answer = people.ask("ann", "POST", body=body)
        assert answer.status == 422
        assert {issue["path"][1] for issue in answer.json["issues"]} == {"start"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"unreadUids": {"add": ["a"], "remove": ["a"]}}, ["unreadUids.remove"]),
        ({"unreadUids": {"add": ["a b"]}}, ["unreadUids.add.0"]),
        ({"isPrivate": True}, ["isPrivate"]),
        ({"text": ""}, ["text"]),
    ],
    ids=str,
)
def test_every_wrong_field_of_a_change_is_named(people: People, body: Any, wrong: list[str]) -> None:
    comment = people.writes("ann")
    answer = people.ask("ann", "PATCH", f"{COMMENTS}/{comment['id']}", body)
    refused(answer, 422, "invalid-request", *wrong)


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=101", "threadIds=a,,b", "excludePrivate=maybe", "x=1"])
def test_every_wrong_parameter_is_named(people: People, query: str) -> None:
    refused(people.ask("ann", "GET", query=query), 422, "invalid-request", query.partition("=")[0])


def test_what_is_given_twice_is_named_before_what_is_unknown(people: People) -> None:
    answer = people.ask("ann", "GET", query="y=1&x=1&x=2&pageSize=1&pageSize=1")
    found = refused(answer, 422, "invalid-request", "pageSize", "x")
    assert found["error"] == "pageSize is given more than once; x is given more than once."
    found = refused(people.ask("ann", "GET", query="y=1&x=1&pageSize=1"), 422, "invalid-request", "x", "y")
    assert found["error"] == "y is not known here; x is not known here."


def test_a_comment_is_for_so_many_and_so_much_stays_unread(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(201):
        people.joins(f"m{number}", "team_1")
    body = {**GOOD, "recipients": [{"type": "team", "key": "team_1"}]}
    refused(people.ask("ann", "POST", body=body), 422, "invalid-request", "recipients")
    monkeypatch.setattr("auricle.recordings.comments.MAX_UNREAD", 3)
    comment = people.writes("ann", "bob", "cid")
    people.writes("ann", "bob")
    more = people.ask("ann", "PATCH", f"{COMMENTS}/{comment['id']}", {"unreadUids": {"add": ["dan"]}})
    refused(more, 409, "conflict")
    refused(people.ask("ann", "POST", body={**GOOD, "recipients": [{"type": "user", "key": "dan"}]}), 409, "conflict")
    people.writes("ann")


def test_unknown_binned_and_foreign_recordings_look_the_same(people: People, archive: Archive) -> None:
    comment = people.writes("ann")
    archive.put("rec_2", deleted_at=NOW)
    archive.put("rec_3", org="globex")
    for recording_id in ("rec_none", "rec_2", "rec_3", "rec 1"):
        path = f"/v1/core/recordings/{recording_id.replace(' ', '%20')}/comments"
        for method, place, body in (
            ("GET", path, None),
            ("POST", path, GOOD),
            ("GET", f"{path}/{comment['id']}", None),
            ("PATCH", f"{path}/{comment['id']}", {"text": "x"}),
            ("DELETE", f"{path}/{comment['id']}", None),
        ):
            found = refused(people.ask("ann", method, place, body), 404, "recording-not-found")
            assert found["error"] == f"There is no recording {recording_id}."
    refused(people.ask("ann", "GET", f"{COMMENTS}/comment_none"), 404, "comment-not-found")
    refused(people.ask("ann", "GET", f"{COMMENTS}/a%20b"), 404, "comment-not-found")
    stranger = people.api.identity.token(org="globex", sub="ann")
    refused(people.api.get(f"{COMMENTS}/{comment['id']}", token=stranger), 404, "recording-not-found")


def test_reading_and_writing_take_their_scopes(people: People) -> None:
    comment = people.writes("ann")
    place = f"{COMMENTS}/{comment['id']}"
    for scope, requests in (
        ("recordings:read", (("POST", COMMENTS, GOOD), ("PATCH", place, {"text": "x"}), ("DELETE", place, None))),
        ("recordings:write", (("GET", COMMENTS, None), ("GET", place, None))),
    ):
        token = people.api.identity.token(sub="ann", scope=scope)
        for method, path, body in requests:
            refused(send(people.api, method, path, body, token=token), 403, "insufficient-scope")


def test_rivals_changes_are_both_kept(people: People, services: Fakes) -> None:
    """Another request marks the comment as read between this one's reading and its writing."""
    from auricle.recordings.comments import COMMENTS as KIND
    from auricle.recordings.comments import CommentEdit, edit_comment

    comment = people.writes("ann", "bob", "cid")
    comments = services.records(KIND)
    as_read = comments.get("acme", comment["id"], recording_id="rec_1")
    people.changes("bob", comment, {"unreadUids": {"remove": ["bob"]}})
    marks = CommentEdit(now_read=frozenset({"cid"}))
    after = edit_comment(
        as_read, marks, editor="cid", reader=frozenset({"cid"}), counters=NOTHING_COUNTED, comments=comments, now=NOW
    )
    assert (sorted(after.unread), sorted(after.seen)) == ([], ["bob", "cid"])
    assert people.counts() == (1, {})
