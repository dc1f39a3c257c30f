"""What the core API reads and answers of several recordings, and of one that is started."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from api.core.crm_objects import CrmObjectRequest, CrmObjects
from api.core.recordings.models import CHANGE_EXAMPLE, Latitude, Longitude, RecordingChanges, Short, Trigger
from api.core.recordings.parts import ChunkCreationMode, CrmCustomer
from api.core.recordings.recording import DISCOVERABLE, EXAMPLE, PRIVATE, OperatingSystem, Outcome, SparseCoreRecording
from api.core.shared import Language, Timestamp, milliseconds
from api.examples import RECORDING_ID, example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Id, Line, Moment, WholeNumber, same_fields, without_none
from auricle.recordings.recording import Capture, Recording

MAX_IDS = 100
Names = Annotated[str, StringConstraints(max_length=2000, pattern=r"[^,\s]")]
"""One name or several, between commas."""
VersionNumber = Annotated[float, Field(ge=0, le=10_000)]
WantedIds = Annotated[list[Annotated[str, StringConstraints(max_length=255)]], Field(max_length=MAX_IDS)]
PageNumber = Annotated[WholeNumber, Field(le=MAX_IDS)]
PageText = Annotated[str, StringConstraints(max_length=2048)]
PageSize = Annotated[WholeNumber, Field(ge=1, le=MAX_IDS)]


class FetchRecordingsRequest(CamelRequestModel):
    """Recordings by their ids, or all of them."""

    model_config = ConfigDict(json_schema_extra=example({"ids": [RECORDING_ID]}))

    ids: WantedIds | None = Field(None, description="Those wanted; left out, all that can be found.")
    cursor: PageNumber | PageText | None = Field(None, description="Of the page before: a number among ids, else text.")
    page_size: PageSize = Field(MAX_IDS, description="How many a page has at most.")


class CaptureSourceRequest(CamelRequestModel):
    """The app that records."""

    sdk_version: Short | None = Field(None, description="The version of its SDK.")
    bundle_id: Short | None = Field(None, description="Its id in the store.")
    app_version: Short | None = Field(None, description="Its version.")
    app_name: Short | None = Field(None, description="Its name.")
    sdk_type: Literal["iOS", "android"] | None = Field(None, description="The kind of its SDK.")


class CaptureSettingsRequest(CamelRequestModel):
    """How the app makes its chunks."""

    mobile_chunk_creation_mode: ChunkCreationMode | None = Field(None, description="Few chunks, or one each interval.")


_OF_CAPTURE = {"os", "os_version", "device_type", "code_version", "trigger", "latitude", "longitude"}


def _version(value: Any) -> Any:
    """Phones say `17.2`, or 17.2."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _lower(value: Any) -> Any:
    """Some say iOS, some say ios."""
    return value.lower() if isinstance(value, str) else value


AnyCaseSystem = Annotated[OperatingSystem, BeforeValidator(_lower, json_schema_input_type=OperatingSystem)]
SystemVersion = Annotated[Short, BeforeValidator(_version, json_schema_input_type=Short | VersionNumber)]


class StartRecordingRequest(CamelRequestModel):
    """A recording that a phone begins, under an id of its own."""

    model_config = ConfigDict(
        json_schema_extra=example("""{
          "id": "5f0c2a6e-9d7e-4a51-8d4b-0a2f4e9c1b77", "dateCreated": "2026-03-30T12:00:00Z",
          "title": "Visit at 12 Main Street",
          "source": {"sdkVersion": "3.1.0", "appName": "Field", "sdkType": "iOS"}, "os": "ios", "osVersion": "17.2",
          "recordingSettings": {"mobileChunkCreationMode": "minimized"}
        }""")
    )

    id: Id = Field(description="The recording's id, made by the phone.")
    is_private: bool = Field(False, description="Seen by its owner and administrators alone.")
    enable_automatic_split: bool = Field(False, description="Whether it is to be split by itself; kept, and not done.")
    date_created: Moment | None = Field(None, description="When it began, from 1990 to a day from now; left out, now.")
    conversation_type: Line | None = Field(None, description="The kind of conversation, in the organization's words.")
    source: CaptureSourceRequest | None = Field(None, description="The app that records.")
    original_device_id: Short | None = Field(None, description="The id of the device.")
    title: Line | None = Field(None, description="What people call it.")
    os: AnyCaseSystem | None = Field(None, description="The system of the device; capitals do not matter.")
    os_version: SystemVersion | None = Field(None, description="The version of that system.")
    device_type: Short | None = Field(None, description="The kind of device.")
    code_version: Short | None = Field(None, description="The version of the app.")
    opportunity_id: Line | None = Field(None, description="The CRM's id of its opportunity, like one of `crmObjects`.")
    engagement_id: Id | None = Field(None, description="The id of its engagement, like one of `crmObjects`.")
    transcription_language: Language | None = Field(None, description="The language that is spoken.")
    recording_settings: CaptureSettingsRequest | None = Field(None, description="How the app makes its chunks.")
    integration_connection_id: Id | None = Field(None, description="The connection that the CRM's ids belong to.")
    crm_objects: CrmObjects = Field([])
    result: Outcome | None = Field(None, description="What came of the conversation.")
    trigger: Trigger | None = Field(None, description="What began the recording.")
    latitude: Latitude | None = Field(None, description="Where it is recorded, in degrees.")
    longitude: Longitude | None = Field(None, description="Where it is recorded, in degrees.")
    beta_features: list[Short] = Field([], max_length=50, description="The beta features of the app.")
    seed_recording_id: Id | None = Field(None, description="The recording that the phone makes this one from.")

    def capture(self) -> Capture:
        source = self.source.model_dump() if self.source else {}
        settings = self.recording_settings
        return Capture(
            **source,
            **self.model_dump(include=_OF_CAPTURE),
            device_id=self.original_device_id,
            chunk_creation_mode=settings.mobile_chunk_creation_mode if settings else None,
            beta_features=tuple(self.beta_features),
        )

    def all_crm_objects(self) -> list[CrmObjectRequest]:
        """With the appointment's opportunity and engagement, which stand for CRM objects of these types."""
        named = (("Opportunity", self.opportunity_id), ("Engagement", self.engagement_id))
        return [
            *self.crm_objects,
            *(CrmObjectRequest.model_construct(object_type=of, object_id=id_) for of, id_ in named if id_ is not None),
        ]


class ChangeRecordingByIdRequest(RecordingChanges):
    """What to change, and of which recording. What is not sent stays; null clears what can be empty."""

    model_config = ConfigDict(json_schema_extra=example({"id": RECORDING_ID, **CHANGE_EXAMPLE}))

    id: Id = Field(description="The recording's id.")


_LISTED = parsed("""{
  "id": "rec_19d4f2a1b00c0ffee12345678901234", "repFirstName": "Sam", "repLastName": "Reyes",
  "dateCreated": "2026-03-30T12:00:00.000Z", "durationInMilliseconds": 61200, "result": "closed",
  "title": "Renewal with Jane Smith", "isPrivate": false, "userId": "user_1", "discoverable": true
}""")
_SIZES = {"pageSize": 100, "limit": 100}
_PAGE_SIZE, _LIMIT = "How many a page has at most.", "The same as `pageSize`."


class ListedRecording(CamelResponseModel):
    """A recording as lists show it; what nothing has set is left out."""

    id: str = Field(description="The recording's id.")
    date_created: Timestamp = Field(description="When it was recorded.")
    is_private: bool = Field(description=PRIVATE)
    discoverable: bool = Field(description=DISCOVERABLE)
    rep_first_name: str | None = Field(None, description="The first name of its owner.")
    rep_last_name: str | None = Field(None, description="The last name of its owner.")
    duration_in_milliseconds: int | None = Field(None, description="How long it is, in milliseconds.")
    result: Outcome | None = Field(None, description="What came of the conversation.")
    title: str | None = Field(None, description="What people call it.")
    user_id: str | None = Field(None, description="The id of its owner.")
    is_video: bool | None = Field(None, description="Whether there is a picture too.")
    trigger: Trigger | None = Field(None, description="What began the recording.")
    crm_customer: CrmCustomer | None = Field(None, description="Whom it concerns; asked for by `showCrmCustomer`.")

    @classmethod
    def of(cls, recording: Recording, customer: CrmCustomer | None = None) -> ListedRecording:
        rep, audio, capture = recording.rep, recording.audio, recording.capture
        renamed: dict[str, Any] = {
            "date_created": recording.created_at,
            "is_private": recording.private,
            "rep_first_name": rep.first_name if rep else None,
            "rep_last_name": rep.last_name if rep else None,
            "result": recording.result.value if recording.result else None,
            "trigger": capture.trigger if capture else None,
            "crm_customer": customer,
        }
        if audio is not None:
            renamed |= {"duration_in_milliseconds": milliseconds(audio.duration_s), "is_video": audio.is_video}
        return cls(**without_none(same_fields(cls, recording) | renamed))


class RecordingPage(CamelResponseModel):
    """Some recordings."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_LISTED], "cursor": None, **_SIZES}))

    data: list[ListedRecording] = Field(description="The recordings of this page.")
    cursor: str | None = Field(description="Leads to what follows; null at the end.")
    page_size: int = Field(description=_PAGE_SIZE)
    limit: int = Field(description=_LIMIT)


class FetchedRecordings(CamelResponseModel):
    """The recordings of those ids that there are, in the order they were asked for."""

    model_config = ConfigDict(json_schema_extra=example({"data": [EXAMPLE], "cursor": None, **_SIZES}))

    data: list[SparseCoreRecording] = Field(description="The recordings of this page.")
    cursor: int | str | None = Field(description="Leads to what follows; null at the end.")
    page_size: int = Field(description=_PAGE_SIZE)
    limit: int = Field(description=_LIMIT)
