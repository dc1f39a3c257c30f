"""The first seed: a recording with all of its fields, each from where it comes, and null where nothing sets it."""

from __future__ import annotations

from typing import Any

import pytest

from api.core.recordings import models as documented
from api.core.recordings.recording import CoreRecording, Source, SparseCoreRecording, source_of
from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.deals import DEALS, Deal
from auricle.recordings.geohashes import geohash
from auricle.recordings.media import IMAGES, MULTIMEDIA, ImageGroup, MultimediaEvent, RawImage
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import RECORDINGS, contract, documented_fields, furnish, shown
from tests.contract.gateway import Gateway
from tests.fakes import Fakes

FLAGGED = {
    "images": "showPhotos",
    "crmOpportunities": "showCrmOpportunities",
    "crmCustomer": "showCrmCustomers",
    "mediaOpportunities": "showMediaOpportunities",
    "multimediaEvents": "showMultimediaEvents",
    "evaluation": "showEvaluationScore",
    "followups": "showFollowups",
    "mobileEvents": "showMobileEvents",
}
"""Fields that are null unless their flag asks for them."""

ADDED = ("summary", "entityExtractions")
"""Fields that are left out unless their flag asks for them."""
SCHEMA = CoreRecording.model_json_schema(mode="serialization")
FIELDS = {
    field.alias: source_of(field)
    for field in CoreRecording.model_fields.values()
    if field.alias and field.alias not in ADDED
}
"""What sets each field, by its name on the wire."""


def of_source(*, is_set: bool) -> list[str]:
    return [name for name, source in FIELDS.items() if source.is_set is is_set]


# --- every field, walked ------------------------------------------------------------------------------------


def test_every_documented_field_says_where_it_comes_from_and_no_other_does() -> None:
    assert list(FIELDS) == documented_fields()
    assert len(FIELDS) == 145
    assert SCHEMA["required"] == list(FIELDS)
    assert [field.alias for field in SparseCoreRecording.model_fields.values()] == [*FIELDS, *ADDED]


def test_the_answer_has_exactly_the_documented_fields_whatever_is_known(api: Gateway, archive: Archive) -> None:
    archive.put("rec_bare")
    archive.complete("rec_done")
    for recording_id in ("rec_bare", "rec_done"):
        answer = shown(documented.RecordingResponse, api.get(f"{RECORDINGS}/{recording_id}"))
        assert set(answer) == {"data", "cursor", "pageSize", "limit"}
        assert set(answer["data"]) == set(documented_fields())


@pytest.mark.parametrize("name", [name for name in of_source(is_set=True) if name not in FLAGGED])
def test_what_something_sets_is_shown_of_a_furnished_recording(name: str, api: Gateway, services: Fakes) -> None:
    furnish(services)
    assert api.get(f"{RECORDINGS}/rec_full").json["data"][name] is not None


@pytest.mark.parametrize("name", of_source(is_set=False))
def test_what_nothing_sets_yet_is_null_of_a_furnished_recording(name: str, api: Gateway, services: Fakes) -> None:
    furnish(services)
    asked: dict[str, Any] = {"showEvaluationScore": "true", "showFollowups": "true"}
    assert api.get(f"{RECORDINGS}/rec_full", **asked).json["data"][name] is None
    made = SparseCoreRecording.of(services.recordings.detail("acme", "rec_full", with_trashed=True))
    assert name not in made.model_dump(exclude_unset=True)


@pytest.mark.parametrize("name", FLAGGED)
def test_what_no_flag_asks_for_is_null(name: str, api: Gateway, services: Fakes) -> None:
    furnish(services)
    assert api.get(f"{RECORDINGS}/rec_full").json["data"][name] is None
    asked: dict[str, Any] = {FLAGGED[name]: "false"}
    assert api.get(f"{RECORDINGS}/rec_full", **asked).json["data"][name] is None


def test_types_are_those_of_the_documents(api: Gateway, services: Fakes) -> None:
    """`fields.tsv` gives each leaf's type: what stands in a furnished recording has it."""
    furnish(services)
    data = api.get(f"{RECORDINGS}/rec_full").json["data"]
    plain = {"string": str, "number": int | float, "boolean": bool}
    checked = 0
    for line in contract("core-recording.fields.tsv").read_text().splitlines():
        name, _, kind = line.partition("\t")
        expected = plain.get(kind.split(" ")[0])
        value = data.get(name)
        if expected is None or value is None or name == "coordinates":
            continue
        assert isinstance(value, expected), (name, value)
        assert isinstance(value, bool) is (kind == "boolean"), (name, value)
        checked += 1
    assert checked > 60


# --- what they show -----------------------------------------------------------------------------------------


def test_a_furnished_recording(api: Gateway, services: Fakes) -> None:
    recording = furnish(services)
    answer = api.get(f"{RECORDINGS}/rec_full")
    data = answer.json["data"]
    assert answer.headers["etag"] == f'"{recording.revision}"'
    expected: dict[str, Any] = {
        "id": "rec_full",
        "dateCreated": "2026-03-30T12:00:00.123Z",
        "deleted": True,
        "deletedDate": "2026-03-31T12:00:00.123Z",
        "deletedPermanently": False,
        "transcriptionStatus": "COMPLETE",
        "processingStatus": "error",
        "processingStage": "done",
        "processingErrors": ["summary-failed"],
        "summaryProcessingStatus": "error",
        "processingError": "No highlights could be picked.",
        "error": "No highlights could be picked.",
        "recordErrors": ["interrupted"],
        "rawAudioPath": "orgs/acme/recordings/rec_full/source",
        "rawVideoPath": "orgs/acme/recordings/rec_full/source",
        "processedAudioPath": "orgs/acme/recordings/rec_full/audio.flac",
        "lastProcessedAudio": "2026-03-30T12:01:10.123Z",
        "organizationId": "acme",
        "organizationName": "Acme Corp",
        "teamId": "team_1",
        "repFirstName": "Sam",
        "repLastName": "Reyes",
        "userId": "user_1",
        "lock": True,
        "locked": True,
        "speakerMap": {"speaker_0": "Speaker 1", "speaker_1": "Speaker 2"},
        "confidence": 0.86,
        "result": "closed",
        "outcomeLabel": "CLOSED",
        "durationInMilliseconds": 61200,
        "audioDurationInMilliseconds": 61200,
        "isVideo": True,
        "detected_language": "en",
        "starCount": 1,
        "viewCount": 3,
        "uniqueViewCount": 2,
        "numberOfComments": 1,
        "unreadComments": {"user_2": 1, "user_3": 1},
        "originalRecordingId": "rec_before",
        "offsetFromOriginalRecordingMs": 1500,
        "splitHistory": [
            {"splitTimestampMs": 30000, "splitRecordingId": "rec_after", "splitDate": "2026-03-30T12:00:00.123Z"}
        ],
        "leadIdSiro": "contact_1",
        "coordinates": {"latitude": 57.64911, "longitude": 10.40744},
        "g": {"geohash": "u4pruydqqv", "geopoint": {"latitude": 57.64911, "longitude": 10.40744}},
        "source": {
            "sdkVersion": "3.1",
            "bundleId": "com.example.field",
            "appVersion": "2.0",
            "appName": "Field",
            "sdkType": "iOS",
        },
        "recordingSettings": {"mobileChunkCreationMode": "minimized"},
        "debriefResponses": {"question_1": "yes"},
        "numberOfChunks": 2,
        "numberOfExpectedChunks": 4,
        "processedChunkNumbers": [0, 1],
        "expectedChunksOutstanding": ["3"],
        "allChunksUploaded": False,
        "seedRecordingId": "seed_1",
        "seedRecordingRecordingId": "seed_1_rec_full",
    }
    assert {name: data[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (57.64911, 10.40744, "u4pruydqqv"),
        (42.605, -5.603, "ezs42s000e"),
        (0.0, 0.0, "s000000000"),
        (-90.0, -180.0, "0000000000"),
        (90.0, 180.0, "zzzzzzzzzz"),
    ],
)
def test_geohashes_are_those_others_make(latitude: float, longitude: float, expected: str) -> None:
    assert geohash(latitude, longitude) == expected


def test_summary_and_extractions_are_added_when_asked_for(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_1")
    answer = api.get(f"{RECORDINGS}/rec_1", showSummary="true", showEntityExtractions="true")
    data = shown(documented.RecordingResponse, answer)["data"]
    assert set(data) == {*documented_fields(), "summary", "entityExtractions"}
    assert (data["summary"], data["entityExtractions"]) == ("thank you", None)


def test_one_reading_of_the_store_is_enough(api: Gateway, services: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The detail is one query; nothing else is asked while no flag asks for more."""
    furnish(services)
    asked: list[str] = []
    detail = services.recordings.detail

    def counted(org: str, recording_id: str, **given: Any) -> Any:
        asked.append(recording_id)
        return detail(org, recording_id, **given)

    monkeypatch.setattr(services.recordings, "detail", counted)
    monkeypatch.setattr(Fakes, "records", None)
    assert api.get(f"{RECORDINGS}/rec_full").status == 200
    assert asked == ["rec_full"]


def test_no_source_is_left_over() -> None:
    assert set(FIELDS.values()) == set(Source)


# --- what flags ask for -------------------------------------------------------------------------------------


def test_flags_show_what_lies_with_the_recording_and_whom_it_concerns(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    contact = add_contact(
        NewContact("Jane Smith", email="jane@example.com", external_id="003"),
        org="acme",
        contacts=services.contacts,
        now=NOW,
    )
    services.records(DEALS).add(Deal("acme", "deal_1", NOW, NOW, "Renewal", amount=50000, external_id="006"))
    archive.complete(contact_ids=(contact.id,), deal_id="deal_1")
    image = ImageGroup("acme", "image_1", "rec_1", NOW, raw_images=(RawImage("web", "https://a/b", "https://a/b"),))
    services.records(IMAGES).add(image)
    photo = MultimediaEvent("acme", "media_1", "rec_1", NOW, happened_at_ms=1640995200000)
    services.records(MULTIMEDIA).add(photo)
    event = {
        "event": {"name": "recorderStateChange", "value": "start", "trigger": "interruption"},
        "timestampInMilliseconds": 1640995200000,
        "durationInMilliseconds": 5000,
    }
    posted = api.post(f"{RECORDINGS}/rec_1/mobile-events", {"events": [event]})
    assert posted.status == 201, posted.body
    flags: dict[str, Any] = dict.fromkeys(FLAGGED.values(), "true")
    data = shown(documented.RecordingResponse, api.get(f"{RECORDINGS}/rec_1", **flags))["data"]
    assert data["images"][0]["rawImages"] == [{"type": "web", "uri": "https://a/b", "url": "https://a/b"}]
    assert data["multimediaEvents"] == [
        {"storageUrl": "rec_1/media_1", "mimeType": "image/jpeg", "timestampInMilliseconds": 1640995200000}
    ]
    assert data["mobileEvents"][0]["event"] == {
        "name": "recorderStateChange",
        "value": "start",
        "trigger": "interruption",
    }
    assert (data["crmCustomer"]["name"], data["crmCustomer"]["externalId"]) == ("Jane Smith", "003")
    assert (data["crmOpportunities"][0]["name"], data["crmOpportunities"][0]["amount"]) == ("Renewal", 50000)
    assert (data["mediaOpportunities"], data["evaluation"], data["followups"]) == ([], None, None)
    listed = api.get(RECORDINGS, showCrmCustomers="true").json["data"]
    assert listed[0]["crmCustomer"] == data["crmCustomer"]
