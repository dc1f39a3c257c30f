"""The second seed: a recording of an uploaded file, by signed URLs, and what refuses to be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.core.uploads import models as documented
from api.dependencies import Services
from auricle.crm.connections import CONNECTIONS, Connection, Platform
from auricle.crm.contacts import NewContact, add_contact
from auricle.directory.users import User, add_user
from auricle.processing.sweep import sweep
from auricle.recordings.intake import Accepted, accept_upload
from auricle.recordings.keys import source_key_ids
from auricle.recordings.recording import Result, Status
from tests.contract.conftest import NOW
from tests.contract.core_recordings import RECORDINGS, refused, shown
from tests.contract.gateway import SETTINGS, Answer, Gateway, Identity
from tests.fakes import Fakes

SIGNED = f"{RECORDINGS}/signed-urls"
UPLOAD = f"{RECORDINGS}/upload"
ELSEWHERE = "https://files.example.com/call.mp3?key=1"


def slot(api: Gateway, *, file_type: str = "mp3", size: int = 4, token: str | None = None) -> Any:
    answer = api.post(SIGNED, {"fileType": file_type, "fileSize": size}, token=token)
    return shown(documented.SignedUrlsResponse, answer)["data"]


def put(services: Fakes, download_url: str, content: bytes = b"ID3 ") -> str:
    """The file uploaded to a slot; the id of its recording to be."""
    key = download_url.partition("bucket.test/")[2].partition("?")[0]
    ids = source_key_ids(key)
    assert ids is not None
    services.objects.write(key, content, content_type="audio/mpeg")
    return ids[1]


def told(services: Fakes, recording_id: str, org: str = "acme") -> Accepted:
    """What becomes of the bucket's event."""
    return accept_upload(
        org,
        recording_id,
        intake=services.intake(max_upload_bytes=SETTINGS.max_upload_bytes),
        now=NOW,
    )


def created(answer: Answer) -> str:
    """The id of the recording, once the answer is found to be the documented one."""
    data = shown(documented.RecordingFromUploadResponse, answer, 201)["data"]
    assert set(data) == {"id", "recordingId"}
    assert data["id"] == data["recordingId"]
    assert answer.headers["location"] == f"{RECORDINGS}/{data['id']}"
    return str(data["id"])


def verbatim(download_url: str) -> dict[str, Any]:
    """The seed's request, with ids that there are in the places of ids."""
    return {
        "downloadUrl": download_url,
        "fileType": "mp3",
        "title": "<string>",
        "userId": "user_1",
        "userEmail": "<string>",
        "userPhone": "<string>",
        "organizationId": "acme",
        "conversationType": "<string>",
        "integrationConnectionId": "crm_1",
        "crmObjects": [{"objectType": "Opportunity", "objectId": "<string>"}],
        "customerPhone": "<string>",
        "customerName": "<string>",
        "dateCreated": "2023-11-07T05:31:56Z",
    }


@pytest.fixture
def connection(services: Services) -> str:
    services.records(CONNECTIONS).add(Connection("acme", "crm_1", NOW, NOW, "Our CRM", Platform.MERGE, "account-1"))
    return "crm_1"


# --- the signed URLs ----------------------------------------------------------------------------------------


def test_a_slot_is_signed_for_that_type_and_size(api: Gateway) -> None:
    found = slot(api, file_type="wav", size=1234)
    assert "method=PUT&seconds=900&type=audio%2Fwav&length=1234" in found["uploadUrl"]
    assert "method=GET&seconds=900" in found["downloadUrl"]
    assert found["uploadHeaders"] == {"Content-Type": "audio/wav", "x-goog-content-length-range": "0,1234"}
    assert found["expiresAt"] == "2026-03-30T12:15:00.123Z"


def test_no_recording_is_there_before_it_is_created(api: Gateway, services: Fakes) -> None:
    recording_id = put(services, slot(api)["downloadUrl"])
    assert told(services, recording_id) is Accepted.UNKNOWN
    assert (len(services.recordings), services.workflow.jobs) == (0, [])
    assert api.get(RECORDINGS).json["data"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fileType": "flac", "fileSize": 1}, "fileType"),
        ({"fileSize": 1}, "fileType"),
        ({"fileType": "mp3"}, "fileSize"),
        ({"fileType": "mp3", "fileSize": 0}, "fileSize"),
        ({"fileType": "mp3", "fileSize": 1.5}, "fileSize"),
        ({"fileType": "mp3", "fileSize": SETTINGS.max_upload_bytes + 1}, "fileSize"),
        ({"fileType": "mp3", "fileSize": 1, "name": "a"}, "name"),
    ],
)
def test_what_is_wrong_with_a_slot_is_named(body: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.post(SIGNED, body), 422, "invalid-request", field)


# --- creating the recording ---------------------------------------------------------------------------------


def test_the_seeds_request_creates_the_recording(api: Gateway, services: Fakes, connection: str) -> None:
    url = slot(api)["downloadUrl"]
    expected = put(services, url)
    recording_id = created(api.post(UPLOAD, verbatim(url)))
    assert recording_id == expected
    recording = services.recordings.get("acme", recording_id)
    assert (recording.status, recording.size_bytes, recording.content_type) == (Status.UPLOADED, 4, "audio/mpeg")
    assert [job.recording for job in services.workflow.jobs] == [recording_id]
    data = api.get(f"{RECORDINGS}/{recording_id}").json["data"]
    assert (data["title"], data["conversationType"], data["userId"]) == ("<string>", "<string>", "user_1")
    assert (data["dateCreated"], data["organizationId"]) == ("2023-11-07T05:31:56.000Z", "acme")
    assert recording.crm_link is not None
    assert (recording.crm_link.data_type, recording.crm_link.external_id) == ("OPPORTUNITY", "<string>")
    assert recording.crm_link.connection_id == connection


def test_the_references_names_are_understood_too(api: Gateway, services: Fakes) -> None:
    contact = add_contact(NewContact("Jane", phone="(555) 123-4567"), org="acme", contacts=services.contacts, now=NOW)
    url = slot(api)["downloadUrl"]
    body = {
        "fileUrl": url,
        "fileType": "mp3",
        "contactName": "Jane",
        "contactPhone": "+1 555 123 4567",
        "discoverable": False,
        "result": "in progress",
    }
    recording = services.recordings.get("acme", created(api.post(UPLOAD, body)))
    assert (recording.contact_ids, recording.discoverable, recording.result) == (
        (contact.id,),
        False,
        Result.IN_PROGRESS,
    )
    assert [entry.id for entry in services.contacts.timeline("acme", contact.id).entries] == [recording.id]


@pytest.mark.parametrize("first", ["claim", "event"])
def test_bytes_that_come_later_are_processed_once(first: str, api: Gateway, services: Fakes) -> None:
    url = slot(api)["downloadUrl"]
    recording_id = created(api.post(UPLOAD, {"downloadUrl": url, "fileType": "mp3"}))
    assert services.recordings.get("acme", recording_id).status is Status.UPLOADING
    put(services, url)
    assert told(services, recording_id) is Accepted.STARTED
    assert told(services, recording_id) is Accepted.KNOWN
    if first == "claim":
        assert created(api.post(UPLOAD, {"downloadUrl": url, "fileType": "mp3"})) == recording_id
    assert len(services.workflow.jobs) == 1


def test_a_slot_becomes_one_recording(api: Gateway, services: Fakes) -> None:
    url = slot(api)["downloadUrl"]
    put(services, url)
    body = {"downloadUrl": url, "fileType": "mp3", "title": "A", "dateCreated": "2026-03-01"}
    recording_id = created(api.post(UPLOAD, body))
    api.now = NOW + timedelta(minutes=20)
    assert created(api.post(UPLOAD, body)) == recording_id
    refused(api.post(UPLOAD, {**body, "title": "B"}), 409, "conflict")
    assert len(services.workflow.jobs) == 1
    assert api.delete(f"{RECORDINGS}/{recording_id}").status == 200
    assert api.ask("DELETE", f"{RECORDINGS}/{recording_id}", query="permanent=true").status == 200
    refused(api.post(UPLOAD, body), 409, "conflict")


def test_an_empty_file_is_a_recording_that_failed(api: Gateway, services: Fakes) -> None:
    url = slot(api)["downloadUrl"]
    put(services, url, b"")
    recording_id = created(api.post(UPLOAD, {"downloadUrl": url, "fileType": "mp3"}))
    assert services.recordings.get("acme", recording_id).status is Status.UNRECOVERABLE_ERROR


def test_an_upload_of_another_tenant_is_no_upload(api: Gateway, services: Fakes, identity: Identity) -> None:
    url = slot(api, token=identity.token(org="globex"))["downloadUrl"]
    foreign = refused(api.post(UPLOAD, {"downloadUrl": url, "fileType": "mp3"}), 422, "invalid-request", "downloadUrl")
    unknown = {"downloadUrl": "https://nowhere.example/x", "fileType": "mp3"}
    assert foreign["error"] == refused(api.post(UPLOAD, unknown), 422, "invalid-request", "downloadUrl")["error"]
    assert len(services.recordings) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("https:", "http:"),
        lambda url: url.replace("bucket.test", "bucket.test:8443"),
        lambda url: url.replace("bucket.test", "user@bucket.test"),
        lambda url: url.replace("bucket.test", "evil.example"),
        lambda url: url.replace("/source", "/audio.flac"),
        lambda url: url.replace("/recordings/", "/recordings/../"),
        lambda url: url.replace("/source", "/source/"),
        lambda url: url.replace("orgs/", "orgs%2F"),
        lambda url: url.replace("/rec_", "/%2e%2e/rec_"),
    ],
)
def test_what_only_looks_like_one_of_ours_is_refused(change: Any, api: Gateway, services: Fakes) -> None:
    url = slot(api)["downloadUrl"]
    put(services, url)
    answer = api.post(UPLOAD, {"downloadUrl": change(url), "fileType": "mp3"})
    refused(answer, 422, "invalid-request", "downloadUrl")
    assert (len(services.recordings), services.downloads.asked) == (0, [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"downloadUrl": None}, "downloadUrl"),
        ({"downloadUrl": "not a url"}, "downloadUrl"),
        ({"downloadUrl": "file:///etc/passwd"}, "downloadUrl"),
        ({"downloadUrl": "http://169.254.169.254/latest/meta-data/"}, "downloadUrl"),
        ({"downloadUrl": ELSEWHERE}, "downloadUrl"),
        ({"downloadUrl": None, "fileUrl": ELSEWHERE}, "fileUrl"),
        ({"fileUrl": ELSEWHERE}, "fileUrl"),
        ({"customerPhone": "1", "contactPhone": "2"}, "contactPhone"),
        ({"customerName": "A", "contactName": "B"}, "contactName"),
        ({"fileType": "ogg"}, "fileType"),
        ({"organizationId": "globex"}, "organizationId"),
        ({"userId": "user_9"}, "userId"),
        ({"userEmail": "nobody@example.com"}, "userEmail"),
        ({"userPhone": "+1 555 000"}, "userPhone"),
        ({"integrationConnectionId": "crm_9"}, "integrationConnectionId"),
        ({"crmObjects": [{"objectType": "Opportunity"}]}, "crmObjects.0.objectId"),
        ({"dateCreated": "1970-01-01"}, "dateCreated"),
        ({"dateCreated": "2026-04-30"}, "dateCreated"),
        ({"result": "won"}, "result"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_wrong_with_an_upload_is_named(
    change: dict[str, Any], field: str, api: Gateway, services: Fakes
) -> None:
    body = {"downloadUrl": slot(api)["downloadUrl"], "fileType": "mp3", **change}
    refused(api.post(UPLOAD, body), 422, "invalid-request", field)
    assert len(services.recordings) == 0


def test_uploads_need_the_scope_to_write(api: Gateway, identity: Identity) -> None:
    reader = identity.token(scope="recordings:read")
    for path in (SIGNED, UPLOAD):
        refused(api.post(path, {}, token=reader), 403, "insufficient-scope")


# --- whose it is, and whom it concerns ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [{"userId": "user_7"}, {"userEmail": "sam@example.com"}, {"userPhone": "+49 30 1234567"}],
)
def test_the_user_is_found_by_id_email_or_phone(said: dict[str, str], api: Gateway, services: Fakes) -> None:
    user = User(
        "acme",
        "user_7",
        NOW,
        NOW,
        "sam@example.com",
        first_name="Sam",
        last_name="Reyes",
        phone_number="+49301234567",
    )
    add_user(user, services)
    body = {"downloadUrl": slot(api)["downloadUrl"], "fileType": "mp3", **said}
    data = api.get(f"{RECORDINGS}/{created(api.post(UPLOAD, body))}").json["data"]
    assert (data["userId"], data["repFirstName"], data["repLastName"]) == ("user_7", "Sam", "Reyes")


def test_users_of_other_tenants_are_unknown(api: Gateway, services: Fakes) -> None:
    add_user(User("globex", "user_7", NOW, NOW, "sam@example.com"), services)
    for field, value in (("userId", "user_7"), ("userEmail", "sam@example.com")):
        body = {"downloadUrl": slot(api)["downloadUrl"], "fileType": "mp3", field: value}
        refused(api.post(UPLOAD, body), 422, "invalid-request", field)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"customerPhone": "555-123-4567"}, True),
        ({"customerPhone": "+1 (555) 123-4567"}, True),
        ({"customerPhone": "0015551234567"}, True),
        ({"customerPhone": "555-123-4568"}, False),
        ({"customerPhone": "4567"}, False),
        ({"customerPhone": "none"}, False),
        ({"customerPhone": "4567", "customerName": "Jane Smith"}, False),
        ({"customerName": "jane smith "}, True),
        ({"customerName": "Jane"}, False),
        ({"customerName": "Nobody"}, False),
        ({"customerPhone": "555-123-4567", "crmObjects": [{"objectType": "Event", "objectId": "e1"}]}, False),
    ],
)
def test_the_contact_is_found_by_phone_else_by_name_and_never_made(
    said: dict[str, Any], found: bool, api: Gateway, services: Fakes
) -> None:
    for number, contact in enumerate(
        (NewContact("Nobody"), NewContact("Jane Smith", phone="+1 555 123 4567"), NewContact("nobody", phone="5551"))
    ):
        add_contact(replace(contact, id=f"c{number}"), org="acme", contacts=services.contacts, now=NOW)
    add_contact(NewContact("Jane Smith", phone="5551234568"), org="globex", contacts=services.contacts, now=NOW)
    body = {"downloadUrl": slot(api)["downloadUrl"], "fileType": "mp3", **said}
    recording = services.recordings.get("acme", created(api.post(UPLOAD, body)))
    assert recording.contact_ids == (("c1",) if found else ())
    assert len(services.contacts) == 4


# --- files on other hosts -----------------------------------------------------------------------------------


@pytest.fixture
def open_api(services: Fakes, identity: Identity) -> Gateway:
    """The API where one other host is allow-listed."""
    settings = replace(SETTINGS, download_hosts="cdn.example.com, files.example.com")
    gateway = Gateway(services, identity, settings=settings)
    gateway.now = NOW
    return gateway


def test_a_file_of_an_allow_listed_host_is_fetched(open_api: Gateway, services: Fakes) -> None:
    services.downloads.files[ELSEWHERE] = b"ID3 from elsewhere"
    recording_id = created(open_api.post(UPLOAD, {"downloadUrl": ELSEWHERE, "fileType": "mp3"}))
    recording = services.recordings.get("acme", recording_id)
    assert (recording.status, recording.size_bytes) == (Status.UPLOADED, 18)
    assert len(services.workflow.jobs) == 1
    assert services.downloads.limits == [(67_108_864, 20.0)], "64 MiB in 20 s: API Gateway waits for 30"


def test_what_was_fetched_is_answered_though_its_processing_cannot_start_now(
    open_api: Gateway, services: Fakes
) -> None:
    """A client that is answered an error tries again, and every try would fetch and make another recording."""
    services.downloads.files[ELSEWHERE] = b"ID3 from elsewhere"
    services.workflow.unreachable = True
    recording_id = created(open_api.post(UPLOAD, {"downloadUrl": ELSEWHERE, "fileType": "mp3"}))
    assert len(services.recordings) == 1
    services.workflow.unreachable = False
    swept = sweep(
        untouched=timedelta(0),
        recordings=services.recordings,
        intake=services.intake(max_upload_bytes=100),
        metrics=services.metrics,
        now=NOW + timedelta(minutes=11),
    )
    assert (len(services.workflow.jobs), sum(swept.values())) == (1, 1)
    assert services.workflow.jobs[0].recording == recording_id


@pytest.mark.parametrize("url", ["https://evil.example/a.mp3", "https://files.example.com.evil.example/a.mp3"])
def test_no_other_host_is_asked(url: str, open_api: Gateway, services: Fakes) -> None:
    refused(open_api.post(UPLOAD, {"downloadUrl": url, "fileType": "mp3"}), 422, "invalid-request", "downloadUrl")
    assert services.downloads.asked == []


def test_a_file_that_cannot_be_fetched_is_no_recording(open_api: Gateway, services: Fakes) -> None:
    body = {"fileUrl": ELSEWHERE, "fileType": "mp3"}
    refused(open_api.post(UPLOAD, body), 422, "invalid-request", "fileUrl")
    services.downloads.files[ELSEWHERE] = bytes(67_108_865)
    refused(open_api.post(UPLOAD, body), 422, "invalid-request", "fileUrl")
    assert (len(services.recordings), len(services.objects)) == (0, 0)
