"""The core API's recordings: listed, fetched, started, changed, trashed, restored and removed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.core.recordings import collection_models as collection
from api.core.recordings import models as documented
from api.core.transcripts import models as transcripts_documented
from auricle.crm.contacts import NewContact, add_contact
from auricle.processing.sweep import sweep
from auricle.recordings.chunks import Chunk, ChunksChange
from auricle.recordings.consent import Consent
from auricle.recordings.edits import Edit, edit_recording
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Audio, Capture, CrmLink, Recording, Rep, Result, Status
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import CORE, RECORDINGS, furnish, refused, send, shown
from tests.contract.gateway import Gateway, Identity
from tests.fakes import Fakes

ONE = f"{RECORDINGS}/rec_1"
LISTED = collection.RecordingPage
CHANGED = documented.ChangedRecordingResponse


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer["data"]]


def stored(services: Fakes, recording_id: str = "rec_1") -> Recording:
    return services.recordings.get("acme", recording_id, with_trashed=True)


# --- reading one --------------------------------------------------------------------------------------------


def test_an_unknown_a_foreign_and_an_impossible_id_look_the_same(api: Gateway, archive: Archive) -> None:
    archive.put("rec_1", org="globex")
    for recording_id in ("rec_1", "rec_none", "a" * 65, "%2e%2e"):
        refused(api.get(f"{RECORDINGS}/{recording_id}"), 404, "recording-not-found")


def test_flags_are_true_or_false(api: Gateway, archive: Archive) -> None:
    archive.put()
    refused(api.get(ONE, showPhotos="yes"), 422, "invalid-request", "showPhotos")
    refused(api.get(ONE, showAll="true"), 422, "invalid-request", "showAll")


@pytest.mark.parametrize(
    ("status", "processing", "stage"),
    [
        (Status.RECORDING, "in-progress", "recording"),
        (Status.UPLOADING, "in-progress", "uploading"),
        (Status.UPLOADED, "in-progress", "processing"),
        (Status.TRANSCRIBING, "in-progress", "processing"),
        (Status.AWAITING_REDACTION, "in-progress", "processing"),
        (Status.REDACTING, "in-progress", "processing"),
        (Status.COMPLETE, "complete", "done"),
        (Status.RAW_SPLIT, "complete", "done"),
    ],
)
def test_statuses_have_their_words(status: Status, processing: str, stage: str, api: Gateway, archive: Archive) -> None:
    archive.put(status=status)
    data = shown(documented.RecordingResponse, api.get(ONE))["data"]
    assert (data["transcriptionStatus"], data["processingStatus"], data["processingStage"]) == (
        status.value,
        processing,
        stage,
    )
    assert data["summaryProcessingStatus"] == "not-started"


def test_a_failed_one_says_why(api: Gateway, archive: Archive) -> None:
    archive.failed()
    data = shown(documented.RecordingResponse, api.get(ONE))["data"]
    assert (data["processingStatus"], data["processingStage"]) == ("error", "processing")
    assert data["processingError"] == data["error"] == "That did not work."


def test_an_answer_needs_its_scope(api: Gateway, archive: Archive, identity: Identity) -> None:
    archive.put()
    reader = identity.token(scope="recordings:read")
    writer = identity.token(scope="recordings:write")
    for method, path in (("GET", ONE), ("GET", RECORDINGS), ("POST", RECORDINGS), ("POST", f"{ONE}/signedUrl")):
        refused(send(api, method, path, token=writer), 403, "insufficient-scope")
    for method, path in (
        ("PUT", RECORDINGS),
        ("PATCH", RECORDINGS),
        ("PATCH", ONE),
        ("DELETE", ONE),
        ("POST", f"{ONE}/restore"),
        ("PATCH", f"{ONE}/transcription-language"),
    ):
        refused(send(api, method, path, token=reader), 403, "insufficient-scope")


# --- lists --------------------------------------------------------------------------------------------------


def three(archive: Archive) -> None:
    for number in range(3):
        archive.put(f"rec_{number}", created_at=NOW + timedelta(minutes=number))


def test_lists_are_newest_first_unless_asked_and_go_on_by_cursor(api: Gateway, archive: Archive) -> None:
    three(archive)
    archive.put("rec_foreign", org="globex")
    everything = shown(LISTED, api.get(RECORDINGS))
    assert ids(everything) == ["rec_2", "rec_1", "rec_0"]
    assert (everything["cursor"], everything["limit"], everything["pageSize"]) == (None, 100, 100)
    first = shown(LISTED, api.get(RECORDINGS, limit=2))
    rest = shown(LISTED, api.get(RECORDINGS, pageSize=2, cursor=first["cursor"]))
    assert (ids(first), ids(rest), rest["cursor"]) == (["rec_2", "rec_1"], ["rec_0"], None)
    oldest = shown(LISTED, api.get(RECORDINGS, limit=2, orderDirection="asc", orderBy="dateCreated"))
    assert ids(oldest) == ["rec_0", "rec_1"]
    after = api.get(RECORDINGS, limit=2, orderDirection="asc", cursor=oldest["cursor"])
    assert ids(shown(LISTED, after)) == ["rec_2"]
    refused(api.get(RECORDINGS, limit=2, cursor=oldest["cursor"]), 422, "invalid-request", "cursor")


def test_a_list_item_says_what_is_known_and_no_more(api: Gateway, archive: Archive) -> None:
    archive.put("rec_0")
    archive.put(
        "rec_1",
        created_at=NOW + timedelta(minutes=1),
        title="Visit",
        user_id="user_1",
        result=Result.IN_PROGRESS,
        rep=Rep("Sam", "Reyes"),
        audio=Audio("wav", "pcm_s16le", 1, 16000, 2.5),
        private=True,
    )
    full, bare = shown(LISTED, api.get(RECORDINGS))["data"]
    assert full == {
        "id": "rec_1",
        "repFirstName": "Sam",
        "repLastName": "Reyes",
        "dateCreated": "2026-03-30T12:01:00.123Z",
        "durationInMilliseconds": 2500,
        "result": "in progress",
        "title": "Visit",
        "isPrivate": True,
        "userId": "user_1",
        "discoverable": True,
        "isVideo": False,
    }
    assert set(bare) == {"id", "dateCreated", "isPrivate", "discoverable"}


def test_a_list_item_says_what_a_recording_was_started_with(api: Gateway, archive: Archive) -> None:
    archive.put("rec_0", capture=Capture())
    archive.put("rec_1", created_at=NOW + timedelta(minutes=1), capture=Capture(trigger="deeplink"))
    pressed, unknown = shown(LISTED, api.get(RECORDINGS))["data"]
    assert pressed["trigger"] == "deeplink"
    assert "trigger" not in unknown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"conversationType": "Door, Phone"}, ["rec_3", "rec_1"]),
        ({"result": "not closed"}, ["rec_2"]),
        ({"teamId": "team_1,team_9"}, ["rec_1"]),
        ({"organizationId": "acme"}, ["rec_3", "rec_2", "rec_1"]),
        ({"organizationId": "globex"}, []),
        ({"organizationId": "nobody"}, []),
        ({"crmLinkStatus": "unlinked"}, ["rec_3", "rec_1"]),
        ({"dateCreated:gt": "2026-03-30T12:01:00.123Z"}, ["rec_3", "rec_2"]),
        ({"dateCreated:lt": "2026-03-30T12:02:00.123Z"}, ["rec_1"]),
        ({"dateCreated:gt": "2026-03-30T12:01:00.123Z", "dateCreated:lt": "2026-03-30T12:03:00.123Z"}, ["rec_2"]),
        ({"dateCreated:gt": "9999-12-31T23:59:59.999999Z"}, []),
        ({"dateCreated:lt": "0001-01-01T00:00:00Z"}, []),
        ({"showCrmCustomer": "false", "showFollowups": "true", "showEvaluationScore": "true"}, None),
    ],
)
def test_filters(query: dict[str, Any], expected: list[str] | None, api: Gateway, archive: Archive) -> None:
    archive.put("rec_1", created_at=NOW + timedelta(minutes=1), conversation_type="Door", rep=Rep(team_id="team_1"))
    archive.put(
        "rec_2",
        created_at=NOW + timedelta(minutes=2, microseconds=10),
        result=Result.NOT_CLOSED,
        crm_link=CrmLink("ACCOUNT", id="a"),
    )
    archive.put("rec_3", created_at=NOW + timedelta(minutes=3), conversation_type="Phone", rep=Rep(team_id="team_2"))
    archive.put("rec_binned", deleted_at=NOW)
    assert ids(shown(LISTED, api.get(RECORDINGS, **query))) == (
        expected or ([] if expected == [] else ["rec_3", "rec_2", "rec_1"])
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"pageSize": "-1"}, "pageSize"),
        ({"limit": "2", "pageSize": "3"}, "pageSize"),
        ({"orderBy": "title"}, "orderBy"),
        ({"orderDirection": "up"}, "orderDirection"),
        ({"result": "won"}, "result"),
        ({"crmLinkStatus": "linked"}, "crmLinkStatus"),
        ({"teamId": ", ,"}, "teamId"),
        ({"teamId": ",".join(map(str, range(101)))}, "teamId"),
        ({"conversationType": ""}, "conversationType"),
        ({"dateCreated:gt": "yesterday"}, "dateCreated:gt"),
        ({"dateCreated:gt": "2026-03-31", "dateCreated:lt": "2026-03-30"}, "dateCreated:gt"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"showCrmCustomer": "1"}, "showCrmCustomer"),
        ({"page": "1"}, "page"),
    ],
)
def test_a_wrong_filter_is_named(query: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.get(RECORDINGS, **query), 422, "invalid-request", field)


def test_cursors_are_of_one_tenant_and_one_listing(api: Gateway, archive: Archive, identity: Identity) -> None:
    three(archive)
    cursor = api.get(RECORDINGS, limit=1).json["cursor"]
    foreign = identity.token(org="globex")
    refused(api.get(RECORDINGS, limit=1, cursor=cursor, token=foreign), 422, "invalid-request", "cursor")
    refused(api.get(RECORDINGS, limit=1, cursor=cursor, result="closed"), 422, "invalid-request", "cursor")


# --- fetching by id -----------------------------------------------------------------------------------------


def test_fetching_gives_those_there_are_in_the_order_asked(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_1")
    archive.put("rec_2")
    archive.put("rec_binned", deleted_at=NOW)
    archive.put("rec_foreign", org="globex")
    wanted = ["rec_2", "rec_none", "rec_foreign", "rec_binned", "no id", "rec_1", "rec_2"]
    answer = shown(collection.FetchedRecordings, api.post(RECORDINGS, {"ids": wanted}))
    assert (ids(answer), answer["cursor"]) == (["rec_2", "rec_1"], None)
    assert all(value is not None for one in answer["data"] for value in one.values())
    assert answer["data"][1]["durationInMilliseconds"] == 61200


def test_fetching_goes_on_page_by_page(api: Gateway, archive: Archive) -> None:
    three(archive)
    wanted = ["rec_0", "rec_1", "rec_2"]
    first = shown(collection.FetchedRecordings, api.post(RECORDINGS, {"ids": wanted, "pageSize": 2}))
    body = {"ids": wanted, "pageSize": 2, "cursor": first["cursor"]}
    rest = shown(collection.FetchedRecordings, api.post(RECORDINGS, body))
    assert (ids(first), ids(rest), rest["cursor"]) == (["rec_0", "rec_1"], ["rec_2"], None)
    everything = shown(collection.FetchedRecordings, api.post(RECORDINGS, {"pageSize": 2}))
    after = shown(collection.FetchedRecordings, api.post(RECORDINGS, {"pageSize": 2, "cursor": everything["cursor"]}))
    assert (ids(everything), ids(after), after["cursor"]) == (["rec_2", "rec_1"], ["rec_0"], None)
    assert ids(api.post(RECORDINGS, {"ids": []}).json) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": [f"rec_{number}" for number in range(101)]}, "ids"),
        ({"ids": "rec_1"}, "ids"),
        ({"ids": [1]}, "ids.0"),
        ({"pageSize": 0}, "pageSize"),
        ({"pageSize": 1000}, "pageSize"),
        ({"ids": ["rec_1"], "cursor": "1"}, "cursor"),
        ({"ids": ["rec_1"], "cursor": -1}, "cursor"),
        ({"cursor": 2}, "cursor"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"which": "all"}, "which"),
    ],
)
def test_what_is_wrong_with_a_fetch_is_named(body: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.post(RECORDINGS, body), 422, "invalid-request", field)


# --- starting -----------------------------------------------------------------------------------------------

STARTED: dict[str, Any] = {
    "id": "5f0c2a6e-9d7e-4a51-8d4b-0a2f4e9c1b77",
    "isPrivate": True,
    "enableAutomaticSplit": True,
    "dateCreated": "2026-03-30T11:00:00.000Z",
    "conversationType": "Door to door",
    "source": {
        "sdkVersion": "3.1",
        "bundleId": "com.example.field",
        "appVersion": "2.0",
        "appName": "Field",
        "sdkType": "iOS",
    },
    "originalDeviceId": "device-1",
    "title": "12 Main Street",
    "os": "ios",
    "osVersion": 17.2,
    "deviceType": "iPhone",
    "codeVersion": "2.0.1",
    "engagementId": "eng_1",
    "transcriptionLanguage": "English",
    "recordingSettings": {"mobileChunkCreationMode": "intervaled"},
    "result": "in progress",
    "trigger": "deeplink",
    "latitude": 52.5,
    "longitude": 13.4,
    "betaFeatures": ["live"],
    "seedRecordingId": "seed_1",
}


def test_a_phone_starts_a_recording_under_its_own_id(api: Gateway, services: Fakes) -> None:
    answer = send(api, "PUT", RECORDINGS, {key: value for key, value in STARTED.items() if key != "engagementId"})
    assert (answer.status, answer.json) == (201, None)
    assert answer.headers["location"] == f"{RECORDINGS}/{STARTED['id']}"
    data = api.get(answer.headers["location"]).json["data"]
    assert data["transcriptionStatus"] == "RECORDING"
    told = {name: value for name, value in STARTED.items() if name not in {"engagementId", "trigger", "osVersion"}}
    assert {name: data[name] for name in told} == told
    assert (data["osVersion"], data["userId"], data["deviceId"]) == ("17.2", "user_1", "device-1")
    assert stored(services, STARTED["id"]).chunked
    assert [event.type.value for event in services.recordings.announced] == ["recording.created"]


def test_starting_again_in_the_same_words_changes_nothing(api: Gateway, services: Fakes) -> None:
    body = {"id": "rec_p", "title": "A"}
    assert send(api, "PUT", RECORDINGS, body).status == 201
    before = stored(services, "rec_p")
    api.now = NOW + timedelta(minutes=1)
    assert send(api, "PUT", RECORDINGS, body).status == 201
    assert stored(services, "rec_p") == before
    assert send(api, "PUT", RECORDINGS, body, headers={"if-match": '"1"'}).status == 201
    refused(send(api, "PUT", RECORDINGS, {**body, "title": "B"}), 409, "conflict")
    dated = {"id": "rec_d", "dateCreated": "2026-03-30T11:00:00Z"}
    assert send(api, "PUT", RECORDINGS, dated).status == 201
    assert send(api, "PUT", RECORDINGS, dated).status == 201
    refused(send(api, "PUT", RECORDINGS, {**dated, "dateCreated": "2026-03-30T11:00:01Z"}), 409, "conflict")


def test_an_id_that_was_removed_is_taken_for_good(api: Gateway) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_p"}).status == 201
    assert send(api, "DELETE", f"{RECORDINGS}/rec_p", query="permanent=true").status == 200
    refused(send(api, "PUT", RECORDINGS, {"id": "rec_p"}), 409, "conflict")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": 5}, "id"),
        ({"dateCreated": "1989-12-31"}, "dateCreated"),
        ({"dateCreated": (NOW + timedelta(days=1, seconds=1)).isoformat()}, "dateCreated"),
        ({"isPrivate": "yes"}, "isPrivate"),
        ({"os": "beos"}, "os"),
        ({"osVersion": True}, "osVersion"),
        ({"source": {"sdkType": "web"}}, "source.sdkType"),
        ({"source": {"more": "x"}}, "source.more"),
        ({"recordingSettings": {"mobileChunkCreationMode": "all"}}, "recordingSettings.mobileChunkCreationMode"),
        ({"transcriptionLanguage": "German"}, "transcriptionLanguage"),
        ({"result": "won"}, "result"),
        ({"latitude": 91}, "latitude"),
        ({"longitude": -181}, "longitude"),
        ({"crmObjects": [{"objectType": "Thing", "objectId": "1"}]}, "crmObjects.0.objectType"),
        ({"crmObjects": [{"objectType": "Lead", "objectId": ""}]}, "crmObjects.0.objectId"),
        ({"title": "a\nb"}, "title"),
        ({"status": "COMPLETE"}, "status"),
    ],
)
def test_what_is_wrong_with_a_start_is_named(change: dict[str, Any], field: str, api: Gateway) -> None:
    refused(send(api, "PUT", RECORDINGS, {"id": "rec_p", **change}), 422, "invalid-request", field)


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ({"opportunityId": "006"}, ("OPPORTUNITY", "006")),
        ({"engagementId": "eng_1"}, ("ENGAGEMENT", "eng_1")),
        ({"crmObjects": [{"objectType": "Account", "objectId": "001"}], "opportunityId": "006"}, ("ACCOUNT", "001")),
        ({"crmObjects": [{"objectType": "ServiceAppointment", "objectId": "08p"}]}, ("ENGAGEMENT", "08p")),
    ],
)
def test_a_start_links_the_first_of_what_it_names(
    said: dict[str, Any], link: tuple[str, str], api: Gateway, services: Fakes
) -> None:
    body = {"id": "rec_p", **said}
    assert send(api, "PUT", RECORDINGS, body).status == 201
    found = stored(services, "rec_p").crm_link
    assert found is not None
    assert (found.data_type, found.external_id, found.linked_at) == (*link, NOW)
    api.now = NOW + timedelta(minutes=1)
    assert send(api, "PUT", RECORDINGS, body).status == 201
    unknown = {"id": "rec_q", "integrationConnectionId": "crm_9", **said}
    refused(send(api, "PUT", RECORDINGS, unknown), 422, "invalid-request", "integrationConnectionId")


def test_systems_are_known_however_they_are_written(api: Gateway) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_p", "os": "iOS"}).status == 201
    assert api.get(f"{RECORDINGS}/rec_p").json["data"]["os"] == "ios"


def test_a_start_needs_an_id(api: Gateway) -> None:
    refused(send(api, "PUT", RECORDINGS, {"title": "A"}), 422, "invalid-request", "id")


# --- changing -----------------------------------------------------------------------------------------------

CHANGE: dict[str, Any] = {
    "title": "Renewal",
    "conversationType": "Phone",
    "isPrivate": True,
    "notes": "Call back\non Monday",
    "discoverable": False,
    "result": "not closed",
    "outcomeLabel": "NOT_CLOSED",
    "advancedBookmarksChecked": True,
    "doNotDelete": True,
    "conversationQualityTag": "NOT_FULL_CONVERSATION",
    "dateCreated": "2026-01-02T03:04:05.000Z",
    "terminatedUngraciously": True,
    "recordErrors": ["stopped-early"],
    "latitude": 1.5,
    "longitude": -2.5,
}


def test_a_change_is_shown_and_stays(api: Gateway, archive: Archive) -> None:
    archive.put()
    answer = send(api, "PATCH", RECORDINGS, {"id": "rec_1", **CHANGE})
    data = shown(CHANGED, answer)["data"]
    assert {name: data[name] for name in CHANGE} == CHANGE
    assert all(value is not None for value in data.values())
    read = api.get(ONE)
    assert {name: read.json["data"][name] for name in CHANGE} == CHANGE
    assert answer.headers["etag"] == read.headers["etag"] == '"2"'
    before_february: dict[str, Any] = {"dateCreated:lt": "2026-02-01"}
    assert ids(api.get(RECORDINGS, **before_february).json) == ["rec_1"]


def test_the_same_by_path_and_null_clears(api: Gateway, archive: Archive) -> None:
    archive.put(title="A", notes="B", result=Result.CLOSED, conversation_type="C", outcome_label="CLOSED")
    cleared = dict.fromkeys(("title", "notes", "result", "conversationType", "outcomeLabel"))
    data = shown(CHANGED, send(api, "PATCH", ONE, cleared))["data"]
    assert not set(cleared) & set(data)
    kept = shown(CHANGED, send(api, "PATCH", ONE, {"isPrivate": None, "doNotDelete": None}))
    assert (kept["data"]["isPrivate"], kept["data"]["doNotDelete"]) == (False, False)


def test_a_change_that_changes_nothing_writes_nothing(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.put(title="A")
    before = stored(services)
    assert send(api, "PATCH", ONE, {"title": "A"}).headers["etag"] == '"1"'
    assert send(api, "PATCH", ONE, {}).status == 200
    assert stored(services) == before


def test_a_change_meant_for_another_state_is_refused(api: Gateway, archive: Archive) -> None:
    archive.put()
    stale = {"if-match": '"7"'}
    for method, path, body in (
        ("PUT", RECORDINGS, {"id": "rec_1"}),
        ("PUT", RECORDINGS, {"id": "rec_none"}),
        ("PATCH", ONE, {"title": "A"}),
        ("PATCH", RECORDINGS, {"id": "rec_1", "title": "A"}),
        ("DELETE", ONE, None),
        ("POST", f"{ONE}/restore", None),
        ("PATCH", f"{ONE}/transcription-language", {"transcriptionLanguage": "French"}),
    ):
        refused(send(api, method, path, body, headers=stale), 412, "precondition-failed")
    permanent = send(api, "DELETE", ONE, headers=stale, query="permanent=true")
    refused(permanent, 412, "precondition-failed")
    good = {"if-match": api.get(ONE).headers["etag"]}
    assert send(api, "PATCH", ONE, {"title": "A"}, headers=good).status == 200


def test_a_change_does_not_overwrite_one_that_was_written_meanwhile(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    archive.put()
    current = {"if-match": api.get(ONE).headers["etag"]}

    def rival() -> None:
        services.recordings.before_save = lambda: None
        edit_recording("acme", "rec_1", Edit(fields={"title": "Theirs"}), recordings=services.recordings, now=NOW)

    services.recordings.before_save = rival
    refused(send(api, "PATCH", ONE, {"title": "Ours"}, headers=current), 412, "precondition-failed")
    assert stored(services).title == "Theirs"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a" * 256}, "title"),
        ({"notes": "a" * 20_001}, "notes"),
        ({"result": "won"}, "result"),
        ({"outcomeLabel": "closed"}, "outcomeLabel"),
        ({"conversationQualityTag": "GOOD"}, "conversationQualityTag"),
        ({"isPrivate": "true"}, "isPrivate"),
        ({"lock": 1}, "lock"),
        ({"transcriptionStatus": "DONE"}, "transcriptionStatus"),
        ({"numberOfExpectedChunks": 0}, "numberOfExpectedChunks"),
        ({"numberOfExpectedChunks": 2001}, "numberOfExpectedChunks"),
        ({"expectedChunksOutstanding": ["one"]}, "expectedChunksOutstanding.0"),
        ({"recordErrors": ["broken"]}, "recordErrors.0"),
        ({"dateCreated": "1900-01-01"}, "dateCreated"),
        ({"consentSignatureBase64": "!!!!"}, "consentSignatureBase64"),
        ({"consentSignatureBase64": base64.b64encode(bytes(256 * 1024 + 1)).decode()}, "consentSignatureBase64"),
        ({"durationInMilliseconds": 1}, "durationInMilliseconds"),
    ],
)
def test_what_is_wrong_with_a_change_is_named(
    change: dict[str, Any], field: str, api: Gateway, archive: Archive
) -> None:
    archive.put()
    refused(send(api, "PATCH", ONE, change), 422, "invalid-request", field)
    refused(send(api, "PATCH", RECORDINGS, {"id": "rec_1", **change}), 422, "invalid-request", field)


def test_changes_of_what_is_not_there(api: Gateway, archive: Archive) -> None:
    archive.put("rec_1", org="globex")
    archive.put("rec_binned", deleted_at=NOW)
    for recording_id in ("rec_1", "rec_none", "rec_binned"):
        refused(send(api, "PATCH", f"{RECORDINGS}/{recording_id}", {"title": "A"}), 404, "recording-not-found")
        refused(send(api, "PATCH", RECORDINGS, {"id": recording_id, "title": "A"}), 404, "recording-not-found")


def test_a_locked_recording_takes_no_change_but_the_lock(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.put()
    assert send(api, "PATCH", ONE, {"lock": True, "title": "A"}).json["data"]["lock"] is True
    for change in ({"title": "B"}, {"lock": True, "title": "B"}, {"lock": True, "latitude": 1.0}):
        assert "locked" in refused(send(api, "PATCH", ONE, change), 409, "conflict")["error"]
    refused(send(api, "PATCH", f"{ONE}/transcription-language", {"transcriptionLanguage": "French"}), 409, "conflict")
    assert send(api, "PATCH", ONE, {"lock": True}).status == 200
    assert stored(services).title == "A"
    assert send(api, "PATCH", ONE, {"lock": False, "title": "B"}).json["data"]["title"] == "B"


# --- the phone's word on its recording ----------------------------------------------------------------------


def test_the_phone_says_how_many_chunks_and_that_it_has_ended(api: Gateway, services: Fakes) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1"}).status == 201
    data = send(api, "PATCH", ONE, {"numberOfExpectedChunks": 3}).json["data"]
    assert (data["numberOfExpectedChunks"], data["transcriptionStatus"]) == (3, "RECORDING")
    data = send(api, "PATCH", ONE, {"expectedChunksOutstanding": ["0", "3"]}).json["data"]
    assert data["expectedChunksOutstanding"] == ["0", "1", "2", "3"]
    body = {"transcriptionStatus": "UPLOADING", "numberOfExpectedChunks": 2}
    data = shown(CHANGED, send(api, "PATCH", ONE, body))["data"]
    assert (data["transcriptionStatus"], data["numberOfExpectedChunks"]) == ("UPLOADING", 2)
    assert send(api, "PATCH", ONE, {"transcriptionStatus": "UPLOADING"}).status == 200
    detail = services.recordings.detail("acme", "rec_1")
    assert detail.chunks is not None
    assert detail.chunks.finished_at == NOW


def test_one_request_ends_a_recording_and_changes_its_fields_from_the_state_it_names(
    api: Gateway, services: Fakes
) -> None:
    """Ending the chunks writes the recording as well: the state that the client named is the one before both."""
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1"}).status == 201
    current = {"if-match": api.get(ONE).headers["etag"]}
    body = {"transcriptionStatus": "UPLOADING", "numberOfExpectedChunks": 2, "title": "A"}
    data = shown(CHANGED, send(api, "PATCH", ONE, body, headers=current))["data"]
    assert (data["transcriptionStatus"], data["title"]) == ("UPLOADING", "A")


@pytest.mark.parametrize("status", ["RECORDING", "UPLOADED", "COMPLETE", "REMOVED", "SECONDARY_TRANSCRIPTION_COMPLETE"])
def test_no_other_status_is_a_clients_to_set(status: str, api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.put()
    answer = send(api, "PATCH", ONE, {"transcriptionStatus": status, "title": "A"})
    assert "transcriptionStatus" in refused(answer, 409, "illegal-transition")["error"]
    assert stored(services).title is None


def test_what_is_refused_for_its_chunks_changes_nothing(api: Gateway, services: Fakes) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1"}).status == 201
    services.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived={5: Chunk("v1", 4, NOW)}))
    answer = send(api, "PATCH", ONE, {"title": "A", "numberOfExpectedChunks": 2})
    refused(answer, 422, "invalid-request", "numberOfExpectedChunks")
    assert stored(services).title is None
    current = {"if-match": api.get(ONE).headers["etag"]}
    both = {"title": "A", "numberOfExpectedChunks": 6}
    assert send(api, "PATCH", ONE, both, headers=current).json["data"]["title"] == "A"
    refused(send(api, "PATCH", ONE, both, headers={"if-match": '"99"'}), 412, "precondition-failed")


def test_chunks_of_a_recording_that_has_none(api: Gateway, archive: Archive) -> None:
    archive.put()
    refused(send(api, "PATCH", ONE, {"numberOfExpectedChunks": 2}), 409, "conflict")


EVERYTHING: dict[str, Any] = {
    "title": "New",
    "isPrivate": True,
    "latitude": 1.5,
    "transcriptionStatus": "UPLOADING",
    "numberOfExpectedChunks": 2,
    "customerConsentAttested": False,
    "consentSignatureBase64": base64.b64encode(b"a name").decode(),
}
"""Fields, who sees it, the end, chunks and consent."""


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (EVERYTHING, {"if-match": '"7"'}, 412, "precondition-failed"),
        (EVERYTHING, {"if-match": '"1", "2"'}, 412, "precondition-failed"),
        ({**EVERYTHING, "transcriptionStatus": "COMPLETE"}, {}, 409, "illegal-transition"),
        ({**EVERYTHING, "numberOfExpectedChunks": 1}, {}, 422, "invalid-request"),
        ({**EVERYTHING, "dateCreated": "1989-12-31"}, {}, 422, "invalid-request"),
    ],
)
def test_a_change_of_many_kinds_is_made_whole_or_not_at_all(
    body: dict[str, Any], headers: dict[str, str], status: int, code: str, api: Gateway, services: Fakes
) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1"}).status == 201
    services.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived={1: Chunk("v1", 4, NOW)}))
    before = services.recordings.detail("acme", "rec_1")
    announced = len(services.recordings.announced)
    answer = send(api, "PATCH", ONE, body, headers=headers)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert services.recordings.detail("acme", "rec_1") == before
    assert RecordingKeys("acme", "rec_1").consent_signature not in services.objects
    assert len(services.recordings.announced) == announced
    current = {"if-match": api.get(ONE).headers["etag"]}
    made = send(api, "PATCH", ONE, EVERYTHING, headers=current)
    data = shown(CHANGED, made)["data"]
    assert (data["title"], data["isPrivate"], data["latitude"]) == ("New", True, 1.5)
    assert (data["transcriptionStatus"], data["numberOfExpectedChunks"]) == ("UPLOADING", 2)
    assert stored(services).consent is Consent.WITHDRAWN
    assert RecordingKeys("acme", "rec_1").consent_signature in services.objects
    assert made.headers["etag"] == api.get(ONE).headers["etag"]


def test_a_change_of_many_kinds_does_not_overwrite_one_that_was_written_meanwhile(
    api: Gateway, services: Fakes
) -> None:
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1"}).status == 201
    current = {"if-match": api.get(ONE).headers["etag"]}

    def rival() -> None:
        services.recordings.before_save = lambda: None
        edit_recording("acme", "rec_1", Edit(fields={"title": "Theirs"}), recordings=services.recordings, now=NOW)

    services.recordings.before_save = rival
    refused(send(api, "PATCH", ONE, EVERYTHING, headers=current), 412, "precondition-failed")
    found = services.recordings.detail("acme", "rec_1")
    assert (found.recording.title, found.recording.status, found.chunks) == ("Theirs", Status.RECORDING, None)
    assert (found.recording.private, found.recording.consent) == (False, Consent.ALL_CONSENTED)


ALL, ONE_PARTY, HELD, NONE = Consent.ALL_CONSENTED, Consent.ONE_PARTY, Consent.PENDING, Consent.WITHDRAWN


@pytest.mark.parametrize(
    ("customer", "rep", "from_pending", "from_one", "from_all", "from_withdrawn"),
    [
        (True, True, ALL, ALL, ALL, ALL),
        (True, None, ALL, ALL, ALL, ALL),
        (None, True, ONE_PARTY, ONE_PARTY, ALL, NONE),
        (True, False, NONE, NONE, NONE, NONE),
        (False, True, NONE, NONE, NONE, NONE),
        (False, False, NONE, NONE, NONE, NONE),
        (False, None, NONE, NONE, NONE, NONE),
        (None, False, NONE, NONE, NONE, NONE),
        (None, None, HELD, ONE_PARTY, ALL, NONE),
    ],
)
def test_attested_consent(
    customer: bool | None,
    rep: bool | None,
    from_pending: Consent,
    from_one: Consent,
    from_all: Consent,
    from_withdrawn: Consent,
    api: Gateway,
    archive: Archive,
    services: Fakes,
) -> None:
    """A refusal is a refusal, whoever else agrees, and only the customer's own word lifts one."""
    attested = {"customerConsentAttested": customer, "repConsentAttested": rep}
    said = {name: value for name, value in attested.items() if value is not None}
    expected = {HELD: from_pending, ONE_PARTY: from_one, ALL: from_all, NONE: from_withdrawn}
    for before, after in expected.items():
        path = f"{RECORDINGS}/rec_{before}"
        archive.uploaded(f"rec_{before}", consent=before)
        assert send(api, "PATCH", path, {"title": "A", **said}).status == 200
        assert services.recordings.get("acme", f"rec_{before}").consent is after, before
    started = {job.recording for job in services.workflow.jobs}
    allowed = {f"rec_{before}" for before, after in expected.items() if after in {ALL, ONE_PARTY}}
    assert started == (allowed if said else set())


def test_a_refusal_stays_until_who_refused_agrees(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.uploaded(consent=Consent.PENDING)
    for said, after in (
        ({"customerConsentAttested": False}, NONE),
        ({"repConsentAttested": True}, NONE),
        ({"customerConsentAttested": True, "repConsentAttested": False}, NONE),
        ({"customerConsentAttested": True}, NONE),
        ({"repConsentAttested": True}, ALL),
    ):
        assert send(api, "PATCH", ONE, said).status == 200
        assert stored(services).consent is after, said
        assert bool(services.workflow.jobs) == (after is ALL)


def test_what_was_held_is_processed_once_consent_is_attested(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.uploaded(consent=Consent.PENDING)
    assert send(api, "PATCH", ONE, {"title": "A"}).status == 200
    assert services.workflow.jobs == []
    assert send(api, "PATCH", ONE, {"customerConsentAttested": True}).status == 200
    assert [job.recording for job in services.workflow.jobs] == ["rec_1"]


def test_a_signature_is_kept_with_the_recording_and_goes_with_it(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    archive.put()
    signature = base64.b64encode(b"\x89PNG a name").decode()
    body = {"consentSignatureBase64": signature, "customerConsentAttested": True}
    assert send(api, "PATCH", ONE, body).status == 200
    key = RecordingKeys("acme", "rec_1").consent_signature
    assert services.objects.read(key) == b"\x89PNG a name"
    assert send(api, "DELETE", ONE, query="permanent=true").status == 200
    assert key not in services.objects


# --- the bin ------------------------------------------------------------------------------------------------


def test_a_signature_may_be_of_one_byte(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.put()
    assert send(api, "PATCH", ONE, {"consentSignatureBase64": "iQ=="}).status == 200
    assert services.objects.read(RecordingKeys("acme", "rec_1").consent_signature) == b"\x89"


def test_the_bin_hides_a_recording_everywhere_but_here(api: Gateway, archive: Archive, services: Fakes) -> None:
    add_contact(NewContact("Jane", id="c1"), org="acme", contacts=services.contacts, now=NOW)
    archive.complete(contact_ids=("c1",))
    answer = api.delete(ONE)
    assert (answer.status, answer.json) == (200, None)
    data = api.get(ONE).json["data"]
    assert (data["deleted"], data["deletedDate"]) == (True, "2026-03-30T12:00:00.123Z")
    assert answer.headers["etag"] == api.get(ONE).headers["etag"]
    for path in (
        "/api/v1/audio-files/rec_1",
        "/api/v1/audio-files/rec_1/transcript",
        "/api/v1/audio-files/rec_1/download-url",
        "/api/v1/audio-files/rec_1/processing-status",
        "/api/v1/agent/founder/recordings/rec_1",
        "/api/v1/agent/founder/recordings/rec_1/transcript",
        f"{ONE}/utterances",
        f"{ONE}/summary",
    ):
        assert api.get(path).status == 404, path
    for method, path in (
        ("DELETE", "/api/v1/audio-files/rec_1"),
        ("POST", "/api/v1/audio-files/rec_1/process"),
        ("POST", f"{ONE}/signedUrl"),
    ):
        assert send(api, method, path).status == 404, path
    linking = {"contact_ids": ["c1"]}
    assert api.post("/api/v1/agent/founder/recordings/rec_1/link", linking).status == 404
    assert api.get("/api/v1/audio-files").json["items"] == []
    assert api.get("/api/v1/agent/founder/contacts/c1/timeline").json["timeline"] == []
    assert api.get(RECORDINGS).json["data"] == []
    assert api.post(RECORDINGS, {"ids": ["rec_1"]}).json["data"] == []


def test_what_is_in_the_bin_can_be_had_back(api: Gateway, archive: Archive, services: Fakes) -> None:
    before = archive.complete()
    assert api.delete(ONE).status == 200
    trashed = stored(services)
    api.now = NOW + timedelta(days=2)
    assert api.delete(ONE).status == 200
    assert stored(services) == trashed
    data = shown(CHANGED, api.post(f"{ONE}/restore"))["data"]
    assert (data["deleted"], "deletedDate" in data) == (False, False)
    after = stored(services)
    assert replace(after, revision=before.revision, updated_at=before.updated_at) == replace(
        before, updated_at=before.updated_at
    )
    assert shown(CHANGED, api.post(f"{ONE}/restore"))["data"]["id"] == "rec_1"
    assert stored(services) == after
    assert ids(api.get(RECORDINGS).json) == ["rec_1"]


def test_removing_for_good_leaves_nothing(api: Gateway, services: Fakes) -> None:
    recording = furnish(services)
    unlocked = replace(recording, locked=False, do_not_delete=False)
    assert services.recordings.save(unlocked, expected=recording)
    answer = send(api, "DELETE", f"{RECORDINGS}/rec_full", query="permanent=true")
    assert (answer.status, answer.json) == (200, None)
    refused(api.get(f"{RECORDINGS}/rec_full"), 404, "recording-not-found")
    refused(api.post(f"{RECORDINGS}/rec_full/restore"), 404, "recording-not-found")
    assert services.objects.keys("orgs/acme/recordings/rec_full/") == []
    assert ("acme", "rec_full") not in services.recordings.chunks
    assert ("acme", "rec_full") not in services.recordings.tallies


@pytest.mark.parametrize(("protection", "named"), [("locked", "lock"), ("do_not_delete", "doNotDelete")])
@pytest.mark.parametrize("query", ["", "permanent=true"])
def test_what_is_protected_is_not_deleted_by_any_door(
    protection: str, named: str, query: str, api: Gateway, archive: Archive
) -> None:
    protected: dict[str, Any] = {protection: True}
    archive.complete(**protected)
    found = refused(send(api, "DELETE", ONE, query=query), 409, "conflict")
    assert named in found["error"]
    assert api.delete("/api/v1/audio-files/rec_1").status == 409
    assert api.get(ONE).json["data"]["deleted"] is False


def test_deleting_what_is_not_there(api: Gateway, archive: Archive) -> None:
    archive.put("rec_1", org="globex")
    for recording_id in ("rec_1", "rec_none"):
        path = f"{RECORDINGS}/{recording_id}"
        refused(api.delete(path), 404, "recording-not-found")
        refused(send(api, "DELETE", path, query="permanent=true"), 404, "recording-not-found")
        refused(api.post(f"{path}/restore"), 404, "recording-not-found")
    refused(send(api, "DELETE", ONE, query="permanent=maybe"), 422, "invalid-request", "permanent")


def test_a_recording_of_long_ago_is_not_given_up_before_its_time(api: Gateway, services: Fakes) -> None:
    """Whatever date a phone gives, the day it has for uploading begins when it tells of the recording."""
    assert send(api, "PUT", RECORDINGS, {"id": "rec_1", "dateCreated": "2020-01-01"}).status == 201
    sweep(
        untouched=timedelta(minutes=10),
        recordings=services.recordings,
        intake=services.intake(max_upload_bytes=10**9),
        metrics=services.metrics,
        now=NOW + timedelta(hours=1),
    )
    assert stored(services).failure is None


# --- what was said ------------------------------------------------------------------------------------------


def test_utterances_have_milliseconds_and_a_known_speaker(api: Gateway, archive: Archive) -> None:
    archive.complete()
    answer = shown(transcripts_documented.UtterancesPage, api.get(f"{ONE}/utterances"))
    assert (answer["pageSize"], answer["cursor"]) == (100_000, None)
    data = answer["data"]
    assert data["speakerMap"] == {
        "speaker_0": "Speaker 1",
        "speaker_1": "Speaker 2",
        "unknown": "Unknown speaker",
    }
    assert data["isLowDataMode"] is False
    assert data["utterances"][0] == {
        "utterance": "thank you",
        "startTimeInMillis": 510,
        "endTimeInMillis": 1320,
        "speakerTag": "speaker_0",
        "redacted": False,
        "confidence": 0.87,
    }
    assert "confidence" not in data["utterances"][1]
    assert [one["speakerTag"] for one in data["utterances"]] == ["speaker_0", "speaker_1", "unknown", "speaker_0"]


def test_utterances_by_pages(api: Gateway, archive: Archive) -> None:
    archive.complete()
    path = f"{ONE}/utterances"
    pages = [api.get(path, pageSize=3, cursor=number).json for number in (1, 2, 3)]
    assert [len(page["data"]["utterances"]) for page in pages] == [3, 1, 0]
    assert [page["cursor"] for page in pages] == [2, None, None]
    assert api.get(path, pageSize=4).json["cursor"] is None
    assert len(pages[1]["data"]["speakerMap"]) == 3
    for cursor in (0, -1, 10**9, "x"):
        refused(api.get(path, cursor=cursor), 422, "invalid-request", "cursor")
    for size in (0, 100_001):
        refused(api.get(path, pageSize=size), 422, "invalid-request", "pageSize")


def test_utterances_that_are_not_there(api: Gateway, archive: Archive) -> None:
    archive.transcribing("rec_1")
    answer = api.get(f"{ONE}/utterances")
    refused(answer, 409, "not-ready")
    assert answer.headers["retry-after"] == "5"
    archive.failed("rec_2")
    assert "did not work" in refused(api.get(f"{RECORDINGS}/rec_2/utterances"), 409, "processing-failed")["error"]
    refused(api.get(f"{RECORDINGS}/rec_none/utterances"), 404, "recording-not-found")


def test_the_summary_is_called_what_it_is(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_1")
    archive.put("rec_2")
    answer = shown(transcripts_documented.SummaryResponse, api.get(f"{ONE}/summary"))
    assert answer["data"] == [
        {
            "id": "rec_1-highlights",
            "promptHeader": "Highlights",
            "promptResponse": "Speaker 1: thank you",
            "summaryResultIndex": 0,
            "quotes": [{"quote": "thank you", "startTimeInMillis": 510, "endTimeInMillis": 1320}],
        }
    ]
    assert api.get(f"{RECORDINGS}/rec_2/summary").json == {"data": []}
    refused(api.get(f"{RECORDINGS}/rec_none/summary"), 404, "recording-not-found")


def test_the_audio_is_signed_for_a_quarter_of_an_hour(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_1")
    archive.uploaded("rec_2")
    archive.put("rec_3")
    data = shown(transcripts_documented.SignedDownloadResponse, api.post(f"{ONE}/signedUrl"))["data"]
    assert (
        "orgs/acme/recordings/rec_1/audio.flac?method=GET&seconds=900&name=call.flac&type=audio%2Fflac&versionId=v2"
        in data["url"]
    )
    assert (data["error"], data["expiration"]) == (False, round((NOW.timestamp() + 900) * 1000))
    url = api.post(f"{RECORDINGS}/rec_2/signedUrl", {}).json["data"]["url"]
    assert "/source?method=GET&seconds=900&name=call.wav&type=audio%2Fwav&versionId=v1" in url
    refused(api.post(f"{RECORDINGS}/rec_3/signedUrl"), 409, "not-ready")
    refused(api.post(f"{RECORDINGS}/rec_none/signedUrl"), 404, "recording-not-found")


def test_the_language_is_said(api: Gateway, archive: Archive) -> None:
    archive.put()
    path = f"{ONE}/transcription-language"
    answer = send(api, "PATCH", path, {"transcriptionLanguage": "Spanish"})
    assert shown(transcripts_documented.TranscriptionLanguageResponse, answer) == {"data": None}
    read = api.get(ONE)
    assert (read.json["data"]["transcriptionLanguage"], read.headers["etag"]) == ("Spanish", answer.headers["etag"])
    refused(
        send(api, "PATCH", path, {"transcriptionLanguage": "spanish"}), 422, "invalid-request", "transcriptionLanguage"
    )
    refused(send(api, "PATCH", path, {}), 422, "invalid-request", "transcriptionLanguage")
    refused(
        send(api, "PATCH", f"{CORE}/recordings/rec_none/transcription-language", {"transcriptionLanguage": "French"}),
        404,
        "recording-not-found",
    )


def test_a_page_of_ids_may_be_numbered_as_javascript_writes_numbers(api: Gateway, archive: Archive) -> None:
    archive.put()
    answer = api.post("/v1/core/recordings", b'{"ids": ["rec_0", "rec_1"], "cursor": 1.0, "pageSize": 1}')
    assert ids(shown(collection.FetchedRecordings, answer)) == ["rec_1"]


# --- who sees it ------------------------------------------------------------------------------------------

USERS = "recordings:read recordings:write audio:read"


@pytest.mark.parametrize(
    "change",
    [{"isPrivate": True}, {"discoverable": False}, {"isPrivate": True, "transcriptionStatus": "UPLOADING"}],
)
@pytest.mark.parametrize("owner", ["ann", None])
def test_who_sees_a_recording_its_owner_and_administrators_say(
    change: Any, owner: str | None, api: Gateway, archive: Archive, services: Fakes
) -> None:
    before = archive.put(status=Status.RECORDING, chunked=True, user_id=owner)
    bob = api.identity.token(sub="bob", scope=USERS, roles=())
    refusal = refused(send(api, "PATCH", ONE, {"title": "Mine", **change}, token=bob), 403, "forbidden")
    assert refusal["error"].startswith("Only the recording's owner or an administrator may change who sees it")
    assert services.recordings.get("acme", "rec_1") == before, "nothing is changed by half"
    same = {"title": "Ours", "isPrivate": False, "discoverable": True}
    assert send(api, "PATCH", ONE, same, token=bob).status == 200
    if owner:
        ann = api.identity.token(sub=owner, scope=USERS, roles=())
        flags = {name: value for name, value in change.items() if name != "transcriptionStatus"}
        assert send(api, "PATCH", ONE, flags, token=ann).status == 200
    for scope, roles in ((f"{USERS} org:admin", ()), (USERS, ("founder",))):
        admin = api.identity.token(sub="dora", scope=scope, roles=roles)
        answer = shown(CHANGED, send(api, "PATCH", ONE, {"isPrivate": True, "discoverable": False}, token=admin))
        assert (answer["data"]["isPrivate"], answer["data"]["discoverable"]) == (True, False)
        assert send(api, "PATCH", ONE, {"isPrivate": False, "discoverable": True}, token=admin).status == 200


def test_who_started_a_private_recording_sees_it(api: Gateway) -> None:
    ann, bob = (api.identity.token(sub=user, scope=USERS, roles=()) for user in ("ann", "bob"))
    started = {"id": "rec_phone", "isPrivate": True}
    assert send(api, "PUT", "/v1/core/recordings", started, token=ann).status == 201
    assert send(api, "PUT", "/v1/core/recordings", started, token=ann).status == 201, "the phone may ask again"
    assert api.get("/v1/core/recordings/rec_phone", token=ann).json["data"]["isPrivate"] is True
    refused(api.get("/v1/core/recordings/rec_phone", token=bob), 404, "recording-not-found")
    assert [one["id"] for one in api.get("/v1/core/recordings", token=ann).json["data"]] == ["rec_phone"]
    assert api.get("/v1/core/recordings", token=bob).json["data"] == []


def test_a_key_sees_what_the_user_sees_for_whom_it_acts(api: Gateway, archive: Archive) -> None:
    archive.complete(user_id="ann", private=True)
    api.now = datetime.now(UTC)  # keys end, by the clock that credentials are proved by
    seen = {}
    for user in ("ann", "bob"):
        said = {"tokenName": "k", "organizationId": "acme", "userId": user, "scopes": ["recordings:read"], "roles": []}
        key = api.post("/v1/core/auth/tokens", said).json["token"]
        seen[user] = api.get(ONE, token=key).status
    assert seen == {"ann": 200, "bob": 404}


def test_an_answer_is_not_given_again_of_what_was_hidden_meanwhile(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    before = archive.complete(user_id="ann")
    bob, key = api.identity.token(sub="bob", scope=USERS, roles=()), {"idempotency-key": "k-1"}
    body = {"rawImages": [{"type": "full", "uri": "https://a.test/1", "url": "https://a.test/1"}]}
    assert api.post(f"{ONE}/images", body, token=bob, headers=key).status == 201
    before = services.recordings.get("acme", before.id)
    assert services.recordings.save(replace(before, private=True), expected=before)
    refused(api.post(f"{ONE}/images", body, token=bob, headers=key), 404, "recording-not-found")
