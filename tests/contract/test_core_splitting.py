"""Splitting and merging recordings through the core API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.core.splitting import models as documented
from auricle.errors import TransientError
from auricle.processing.sweep import sweep
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Audio, Excerpt, Recording, Rep, Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Gateway
from tests.contract.test_core_chunks import named, refused, shown
from tests.fakes import Fakes, FakeWorkflow

SPLIT = "/v1/core/recordings/rec_1/split"
MERGE = "/v1/core/recordings/merge"
SAID: dict[str, Any] = {
    "user_id": "u-1",
    "title": "Two visits",
    "kind": "in-person",
    "source": "field app",
    "deal_id": "deal-1",
    "campaign_id": "camp-1",
    "engagement_id": "eng-1",
    "is_ai_call": True,
    "consent": Consent.ONE_PARTY,
    "private": True,
    "discoverable": False,
    "do_not_delete": True,
    "conversation_type": "sales",
    "transcription_language": "English",
    "rep": Rep("Ann", "Lee", "team-1", "ACME"),
}


def complete(archive: Archive, recording_id: str = "rec_1", *, duration_s: float = 61.2, **given: Any) -> Recording:
    audio = Audio("wav", "pcm_s16le", 1, 16000, duration_s)
    usual: dict[str, Any] = {"status": Status.COMPLETE, "version": "v1", "audio": audio}
    return archive.put(recording_id, **(usual | given))


def split(api: Gateway, *at_ms: int) -> Any:
    return shown(documented.SplitResponse, api.post(SPLIT, {"splitTimestampsMs": at_ms}))


def merged(api: Gateway, *recording_ids: str, **said: Any) -> Any:
    return shown(documented.MergeResponse, api.post(MERGE, {"recordingIds": recording_ids, **said}), 201)


# --- splitting ----------------------------------------------------------------------------------------------


def test_a_recording_becomes_its_parts(api: Gateway, archive: Archive, services: Fakes) -> None:
    contacts = ("ann", "bob")
    original = complete(archive, created_at=NOW - timedelta(hours=1), contact_ids=contacts, **SAID)
    answer = api.post(SPLIT, {"splitTimestampsMs": [20_000, 45_500]})
    data = shown(documented.SplitResponse, answer)
    assert (data["id"], data["transcriptionStatus"]) == ("rec_1", "RAW_SPLIT")
    ids = [part["id"] for part in data["recordings"]]
    assert len(set(ids)) == 3
    assert data["splitHistory"] == [
        {"splitTimestampMs": 20_000, "splitRecordingId": ids[1], "splitDate": "2026-03-30T12:00:00.123Z"},
        {"splitTimestampMs": 45_500, "splitRecordingId": ids[2], "splitDate": "2026-03-30T12:00:00.123Z"},
    ]
    assert [part["title"] for part in data["recordings"]] == [f"Two visits ({number} of 3)" for number in (1, 2, 3)]
    stored = services.recordings.get("acme", "rec_1")
    assert (stored.status, [cut.at_ms for cut in stored.splits]) == (Status.RAW_SPLIT, [20_000, 45_500])
    assert answer.headers["etag"] == f'"{stored.revision}"'
    parts = [services.recordings.get("acme", part_id) for part_id in ids]
    assert [part.made_of for part in parts] == [
        (Excerpt("rec_1", 0, 20_000),),
        (Excerpt("rec_1", 20_000, 45_500),),
        (Excerpt("rec_1", 45_500, None),),
    ]
    starts = [timedelta(0), timedelta(seconds=20), timedelta(seconds=45.5)]
    assert [part.created_at for part in parts] == [original.created_at + start for start in starts]
    for part in parts:
        assert (part.status, part.updated_at, part.audio) == (Status.UPLOADED, NOW, None)
        assert part.contact_ids == contacts
        for name, value in SAID.items():
            if name != "title":
                assert getattr(part, name) == value, name
    assert services.workflow.jobs == [part.current_job() for part in parts]
    told = [(event.type.value, event.recording_id) for event in services.recordings.announced]
    assert told == [(f"recording.{what}", part_id) for part_id in ids for what in ("created", "uploaded")]


def test_splitting_again_there_changes_nothing_and_elsewhere_is_refused(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    complete(archive)
    first = split(api, 1000, 2000)
    before = services.recordings.get("acme", "rec_1")
    assert split(api, 1000, 2000) == first
    assert services.recordings.get("acme", "rec_1") == before
    assert (len(services.recordings), len(services.workflow)) == (4, 3)
    for other in ([1000], [1000, 2001], [3000]):
        assert "1000, 2000 ms" in refused(api.post(SPLIT, {"splitTimestampsMs": other}), 409, "conflict")["error"]


def test_what_a_crash_left_undone_is_finished_by_asking_again(
    api: Gateway, archive: Archive, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(archive)
    create, made = services.recordings.create, list[str]()

    def crash(recording: Recording, events: Any) -> None:
        if made:
            raise TransientError("The table could not take the request just now. Try again shortly.")
        made.append(recording.id)
        create(recording, events)

    with monkeypatch.context() as patched:
        patched.setattr(services.recordings, "create", crash)
        refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 503, "transient")
    halfway = services.recordings.get("acme", "rec_1")
    assert (halfway.status, halfway.split_in_progress) == (Status.COMPLETE, True)
    refused(api.post(SPLIT, {"splitTimestampsMs": [1001]}), 409, "conflict")
    assert halfway.awaits_work
    complete(archive, "rec_2")
    refused(api.post(MERGE, {"recordingIds": ["rec_2", "rec_1"]}), 409, "conflict")
    changed = replace(halfway, title="Another", created_at=NOW - timedelta(days=1), locked=True)
    assert services.recordings.save(changed, expected=halfway)
    data = split(api, 1000)
    assert data["recordings"][0]["id"] == made[0]
    assert data["splitHistory"][0]["splitRecordingId"] == data["recordings"][1]["id"]
    after = services.recordings.get("acme", "rec_1")
    assert (after.status, after.split_in_progress) == (Status.RAW_SPLIT, False)
    assert len(services.workflow) == 2


def test_the_sweep_finishes_what_nobody_asks_for_again(
    api: Gateway, archive: Archive, services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_recording: Recording, _events: Any) -> None:
        raise TransientError("The table could not take the request just now. Try again shortly.")

    complete(archive)
    with monkeypatch.context() as patched:
        patched.setattr(services.recordings, "create", crash)
        refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 503, "transient")

    def swept() -> Mapping[str, int]:
        return sweep(
            untouched=timedelta(minutes=10),
            recordings=services.recordings,
            intake=services.intake(max_upload_bytes=1000),
            metrics=services.metrics,
            now=NOW + timedelta(minutes=10, seconds=1),
        )

    assert swept() == {"split": 1}
    assert services.recordings.get("acme", "rec_1").status is Status.RAW_SPLIT
    assert (len(services.recordings), len(services.workflow)) == (3, 2)
    assert swept() == {}


def test_parts_that_are_done_are_not_started_again(api: Gateway, archive: Archive, services: Fakes) -> None:
    """The workflow remembers names of executions for a while, not for ever."""
    complete(archive)
    for part in split(api, 1000)["recordings"]:
        before = services.recordings.get("acme", part["id"])
        done = before.to(Status.TRANSCRIBING, at=NOW).to(Status.COMPLETE, at=NOW)
        assert services.recordings.save(done, expected=before)
    services.workflow = FakeWorkflow()
    assert [part["transcriptionStatus"] for part in split(api, 1000)["recordings"]] == ["COMPLETE", "COMPLETE"]
    assert len(services.workflow) == 0


def test_a_part_that_was_removed_is_not_made_again(api: Gateway, archive: Archive) -> None:
    complete(archive)
    gone = split(api, 1000)["recordings"][1]["id"]
    assert api.delete(f"/api/v1/audio-files/{gone}").status == 204
    assert gone not in [part["id"] for part in split(api, 1000)["recordings"]]


@pytest.mark.parametrize(
    "at_ms",
    [
        [],
        [0],
        [-5],
        [61_200],
        [86_400_000],
        [10**30],
        [2000, 1000],
        [1000, 1000],
        [*range(1, 52)],
        ["5"],
        [1.5],
        5,
        None,
    ],
)
def test_wrong_moments_are_named(at_ms: Any, api: Gateway, archive: Archive, services: Fakes) -> None:
    before = complete(archive)
    assert named(api.post(SPLIT, {"splitTimestampsMs": at_ms}))[0].partition(".")[0] == "splitTimestampsMs"
    assert services.recordings.get("acme", "rec_1") == before


def test_the_first_and_the_last_millisecond_can_be_cut_off(api: Gateway, archive: Archive) -> None:
    complete(archive)
    assert len(split(api, 1, 61_199)["recordings"]) == 3


@pytest.mark.parametrize("status", [status for status in Status if status not in {Status.COMPLETE, Status.REMOVED}])
def test_only_what_is_complete_is_split_or_merged(status: Status, api: Gateway, archive: Archive) -> None:
    complete(archive, status=status)
    complete(archive, "rec_2")
    refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 409, "conflict")
    refused(api.post(MERGE, {"recordingIds": ["rec_2", "rec_1"]}), 409, "conflict")


def test_what_is_locked_is_not_touched(api: Gateway, archive: Archive) -> None:
    complete(archive, locked=True)
    complete(archive, "rec_2")
    refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 409, "conflict")
    refused(api.post(MERGE, {"recordingIds": ["rec_1", "rec_2"]}), 409, "conflict")


def test_a_stale_view_is_refused(api: Gateway, archive: Archive, services: Fakes) -> None:
    complete(archive, revision=4)
    body = {"splitTimestampsMs": [1000]}
    refused(api.post(SPLIT, body, headers={"if-match": '"3"'}), 412, "precondition-failed")
    assert len(services.recordings) == 1
    assert api.post(SPLIT, body, headers={"if-match": '"4"'}).status == 200


def test_held_parts_are_not_started(api: Gateway, archive: Archive, services: Fakes) -> None:
    complete(archive, consent=Consent.PENDING)
    assert [part["transcriptionStatus"] for part in split(api, 1000)["recordings"]] == ["UPLOADED", "UPLOADED"]
    assert len(services.workflow) == 0


def test_what_consent_was_withdrawn_from_is_neither_split_nor_merged(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    complete(archive, consent=Consent.WITHDRAWN)
    complete(archive, "rec_2")
    refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 409, "consent-required")
    refused(api.post(MERGE, {"recordingIds": ["rec_2", "rec_1"]}), 409, "consent-required")
    assert len(services.recordings) == 2


# --- merging ------------------------------------------------------------------------------------------------


def test_several_become_one_in_that_order(api: Gateway, archive: Archive, services: Fakes) -> None:
    first = complete(archive, "rec_2", contact_ids=("ann", "bob"), created_at=NOW - timedelta(hours=1), **SAID)
    second = complete(archive, "rec_1", contact_ids=("bob", "cid"), consent=Consent.ALL_CONSENTED)
    answer = api.post(MERGE, {"recordingIds": ["rec_2", "rec_1"]})
    data = shown(documented.MergeResponse, answer, 201)
    assert answer.headers["location"] == f"/v1/core/recordings/{data['id']}"
    assert data["madeOf"] == [
        {"recordingId": "rec_2", "startMs": 0, "endMs": None},
        {"recordingId": "rec_1", "startMs": 0, "endMs": None},
    ]
    made = services.recordings.get("acme", data["id"])
    assert answer.headers["etag"] == f'"{made.revision}"'
    assert (made.status, made.created_at) == (Status.UPLOADED, first.created_at)
    assert made.contact_ids == ("ann", "bob", "cid")
    for name, value in SAID.items():
        assert getattr(made, name) == value, name
    assert services.workflow.jobs == [made.current_job()]
    for source in (first, second):
        noted = replace(source, made_into=(made.id,), updated_at=NOW, revision=source.revision + 1)
        assert services.recordings.get("acme", source.id) == noted


def test_the_merged_is_guarded_as_the_most_guarded(api: Gateway, archive: Archive, services: Fakes) -> None:
    complete(archive)
    complete(archive, "rec_2", consent=Consent.PENDING, private=True, do_not_delete=True)
    made = services.recordings.get("acme", merged(api, "rec_1", "rec_2", title="Both")["id"])
    assert (made.title, made.consent, made.private, made.do_not_delete) == ("Both", Consent.PENDING, True, True)
    assert len(services.workflow) == 0


@pytest.mark.parametrize(
    ("first", "second", "owner", "rest"),
    [
        (("ann", {}), ("bob", {}), "ann", (False, True)),
        (("ann", {}), ("bob", {"private": True}), "bob", (True, True)),
        (("ann", {"private": True}), ("bob", {"private": True}), None, (True, True)),
        (("ann", {"private": True}), (None, {"private": True}), None, (True, True)),
        (("ann", {}), ("bob", {"discoverable": False}), "bob", (False, False)),
        (("ann", {"discoverable": False}), ("bob", {"private": True}), "bob", (True, False)),
        (("ann", {"discoverable": False}), ("bob", {"discoverable": False}), None, (False, False)),
    ],
)
def test_nobody_comes_to_see_by_a_merge_what_was_hidden_from_them(
    first: Any, second: Any, owner: str | None, rest: Any, api: Gateway, archive: Archive, services: Fakes
) -> None:
    for recording_id, (user_id, flags) in (("rec_1", first), ("rec_2", second)):
        complete(archive, recording_id, user_id=user_id, **flags)
    made = services.recordings.get("acme", merged(api, "rec_1", "rec_2")["id"])
    assert (made.user_id, (made.private, made.discoverable)) == (owner, rest)


def test_a_private_recording_of_another_is_neither_split_nor_merged(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    complete(archive, user_id="ann", private=True)
    complete(archive, "rec_2", user_id="bob")
    bob = api.identity.token(sub="bob", scope="recordings:read recordings:write", roles=())
    for answer in (
        api.post(SPLIT, {"splitTimestampsMs": [20_000]}, token=bob),
        api.post(MERGE, {"recordingIds": ["rec_2", "rec_1"]}, token=bob),
    ):
        assert refused(answer, 404, "recording-not-found")["error"] == "There is no recording rec_1."
    assert (len(services.recordings), len(services.workflow)) == (2, 0)
    ann = api.identity.token(sub="ann", scope="recordings:read recordings:write", roles=())
    parts = api.post(SPLIT, {"splitTimestampsMs": [20_000]}, token=ann).json["data"]["recordings"]
    for part in parts:
        assert api.get(f"/v1/core/recordings/{part['id']}", token=ann).json["data"]["isPrivate"] is True
        assert api.get(f"/v1/core/recordings/{part['id']}", token=bob).status == 404


def test_parts_and_originals_are_named_to_who_may_find_them(api: Gateway, archive: Archive, services: Fakes) -> None:
    complete(archive, user_id="ann")
    ann = api.identity.token(sub="ann", scope="recordings:read recordings:write", roles=())
    bob = api.identity.token(sub="bob", scope="recordings:read recordings:write", roles=())
    first, second = (part["id"] for part in split(api, 20_000)["recordings"])

    def becomes(recording_id: str, **flags: Any) -> None:
        before = services.recordings.get("acme", recording_id)
        assert services.recordings.save(replace(before, **flags), expected=before)

    def named_by(recording_id: str, token: str) -> tuple[list[str], str | None]:
        data = api.get(f"/v1/core/recordings/{recording_id}", token=token).json["data"]
        return [cut["splitRecordingId"] for cut in data["splitHistory"]], data["originalRecordingId"]

    for flags in ({"private": True}, {"discoverable": False}):
        becomes(second, **flags)
        assert (named_by("rec_1", ann), named_by("rec_1", bob)) == (([second], None), ([], None))
        becomes("rec_1", **flags)
        assert (named_by(first, ann), named_by(first, bob)) == (([], "rec_1"), ([], None))
        for recording_id in ("rec_1", second):
            becomes(recording_id, private=False, discoverable=True)
    becomes("rec_1", discoverable=False)
    becomes(second, discoverable=False)
    assert named_by("rec_1", bob) == ([second], None), "who has the id of the whole is led to its parts"
    becomes(second, private=True)
    again = api.post(SPLIT, {"splitTimestampsMs": [20_000]}, token=bob).json["data"]
    assert (again["splitHistory"], [part["id"] for part in again["recordings"]]) == ([], [first])


def test_a_merge_that_is_hidden_meanwhile_is_made_anew(api: Gateway, archive: Archive, services: Fakes) -> None:
    """As one that was removed is: nothing tells the two apart."""
    for number in (1, 2):
        complete(archive, f"rec_{number}", user_id="ann")
    ann = api.identity.token(sub="ann", scope="recordings:read recordings:write", roles=())
    bob = api.identity.token(sub="bob", scope="recordings:read recordings:write", roles=())
    body = {"recordingIds": ["rec_1", "rec_2"]}
    first = api.post(MERGE, body, token=ann).json["data"]["id"]
    made = services.recordings.get("acme", first)
    assert services.recordings.save(replace(made, private=True), expected=made)
    second = api.post(MERGE, body, token=bob)
    assert second.status == 201
    assert second.json["data"]["id"] != first


def test_merging_again_gives_the_same_and_otherwise_another(api: Gateway, archive: Archive, services: Fakes) -> None:
    for number in (1, 2, 3):
        complete(archive, f"rec_{number}")
    first = merged(api, "rec_1", "rec_2")
    assert merged(api, "rec_1", "rec_2") == first
    assert len(services.workflow) == 1
    others = [merged(api, *ids)["id"] for ids in (("rec_2", "rec_1"), ("rec_1", "rec_2", "rec_3"))]
    assert len({first["id"], *others}) == 3
    assert api.delete(f"/api/v1/audio-files/{first['id']}").status == 204
    again = merged(api, "rec_1", "rec_2")
    assert again["id"] not in {first["id"], *others}
    assert merged(api, "rec_1", "rec_2") == again


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "recordingIds"),
        ({"recordingIds": []}, "recordingIds"),
        ({"recordingIds": ["rec_1"]}, "recordingIds"),
        ({"recordingIds": ["rec_1", "rec_1"]}, "recordingIds"),
        ({"recordingIds": ["rec_1", "../x"]}, "recordingIds.1"),
        ({"recordingIds": [f"rec_{number}" for number in range(51)]}, "recordingIds"),
        ({"recordingIds": ["rec_1", "rec_2"], "title": ""}, "title"),
        ({"recordingIds": ["rec_1", "rec_2"], "titel": "x"}, "titel"),
        ({"recordingIds": ["rec_1", "rec_long"]}, "recordingIds"),
        ({"recordingIds": ["rec_1", "rec_crowd"]}, "recordingIds"),
    ],
)
def test_wrong_merges_are_named(body: Any, field: str, api: Gateway, archive: Archive, services: Fakes) -> None:
    complete(archive, contact_ids=("someone",))
    complete(archive, "rec_2")
    complete(archive, "rec_long", duration_s=4 * 3600)
    complete(archive, "rec_crowd", contact_ids=tuple(f"c{number}" for number in range(20)))
    assert named(api.post(MERGE, body))[0] == field
    assert len(services.workflow) == 0


def test_unknown_foreign_and_binned_recordings_are_refused_alike(api: Gateway, archive: Archive) -> None:
    complete(archive)
    complete(archive, "rec_foreign", org="other")
    complete(archive, "rec_binned", deleted_at=NOW)
    for other in ("rec_foreign", "rec_none", "rec_binned"):
        answer = api.post(MERGE, {"recordingIds": ["rec_1", other]})
        assert refused(answer, 404, "recording-not-found")["error"] == f"There is no recording {other}."


# --- both ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"org": "other"}, {"deleted_at": NOW}])
def test_foreign_and_binned_recordings_are_not_found(given: Any, api: Gateway, archive: Archive) -> None:
    complete(archive, **given)
    refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}), 404, "recording-not-found")


def test_no_two_tenants_get_the_same_ids(api: Gateway, archive: Archive) -> None:
    made = []
    for org in ("acme", "other"):
        for number in (1, 2, 3):
            complete(archive, f"rec_{number}", org=org)
        token = api.identity.token(org=org)
        merged_id = api.post(MERGE, {"recordingIds": ["rec_2", "rec_3"]}, token=token).json["data"]["id"]
        parts = api.post(SPLIT, {"splitTimestampsMs": [1000]}, token=token).json["data"]["recordings"]
        made += [merged_id, *(part["id"] for part in parts)]
    assert len(set(made)) == 6


def test_both_take_the_scope_of_writing(api: Gateway, archive: Archive) -> None:
    complete(archive)
    token = api.identity.token(scope="recordings:read")
    refused(api.post(SPLIT, {"splitTimestampsMs": [1000]}, token=token), 403, "insufficient-scope")
    refused(api.post(MERGE, {"recordingIds": ["rec_1", "rec_2"]}, token=token), 403, "insufficient-scope")
