"""What clients may say of recordings on the core API: flags, filters, how one begins, and what is changed."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from api.legacy.reading import Asked, Id, Line, Moment, Whole
from api.legacy.surfaces.core.given import CrmObjects

MAX_IDS = 100
MAX_SIGNATURE_BYTES = 256 * 1024

Flag = Literal["true", "false"]
Language = Literal["English", "Spanish", "French"]
Outcome = Literal["closed", "not closed", "in progress"]
Names = Annotated[str, StringConstraints(max_length=2000, pattern=r"[^,\s]")]
"""One name or several, between commas."""
TextBlock = Annotated[str, StringConstraints(max_length=20_000)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_STATUSES = Literal[
    "RECORDING",
    "UPLOADING",
    "UPLOADED",
    "TRANSCRIBING",
    "AWAITING_REDACTION",
    "REDACTING",
    "COMPLETE",
    "SECONDARY_TRANSCRIPTION_COMPLETE",
    "ERROR",
    "UNRECOVERABLE_ERROR",
    "REMOVED",
    "RAW_SPLIT",
]


class ShowRequest(Asked):
    """`GET /recordings/{id}`. What a flag does not ask for is null."""

    photos: Flag = Field("false", alias="showPhotos")
    crm_opportunities: Flag = Field("false", alias="showCrmOpportunities")
    media_opportunities: Flag = Field("false", alias="showMediaOpportunities")
    evaluation_score: Flag = Field("false", alias="showEvaluationScore")
    multimedia_events: Flag = Field("false", alias="showMultimediaEvents")
    mobile_events: Flag = Field("false", alias="showMobileEvents")
    followups: Flag = Field("false", alias="showFollowups")
    crm_customers: Flag = Field("false", alias="showCrmCustomers")
    summary: Flag = Field("false", alias="showSummary")
    entity_extractions: Flag = Field("false", alias="showEntityExtractions")


NOTHING_SHOWN = ShowRequest.model_construct()


class RecordingsRequest(Asked):
    """`GET /recordings`. Names and ids of several teams and types are separated by commas."""

    limit: int | None = Field(None, ge=1, le=100)
    page_size: int | None = Field(None, alias="pageSize", ge=1, le=100)
    conversation_type: Names | None = Field(None, alias="conversationType")
    result: Outcome | None = None
    organization_id: Annotated[str, StringConstraints(max_length=255)] | None = Field(None, alias="organizationId")
    team_id: Names | None = Field(None, alias="teamId")
    created_after: Moment | None = Field(None, alias="dateCreated:gt")
    created_before: Moment | None = Field(None, alias="dateCreated:lt")
    order_by: Literal["dateCreated"] = Field("dateCreated", alias="orderBy")
    order_direction: Literal["asc", "desc"] = Field("desc", alias="orderDirection")
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    crm_link_status: Literal["unlinked"] | None = Field(None, alias="crmLinkStatus")
    show_crm_customer: Flag = Field("false", alias="showCrmCustomer")
    show_crm_customers: Flag = Field("false", alias="showCrmCustomers")
    show_evaluation_score: Flag = Field("false", alias="showEvaluationScore")
    show_followups: Flag = Field("false", alias="showFollowups")


class FetchRequest(Asked):
    """`POST /recordings`. Without `ids`, recordings as they are listed."""

    ids: Annotated[tuple[Annotated[str, StringConstraints(max_length=255)], ...], Field(max_length=MAX_IDS)] | None = (
        None
    )
    cursor: Annotated[int, Field(le=MAX_IDS), Whole] | Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(MAX_IDS, alias="pageSize", ge=1, le=MAX_IDS)


class CaptureSource(Asked):
    """The app that recorded."""

    sdk_version: Short | None = Field(None, alias="sdkVersion")
    bundle_id: Short | None = Field(None, alias="bundleId")
    app_version: Short | None = Field(None, alias="appVersion")
    app_name: Short | None = Field(None, alias="appName")
    sdk_type: Literal["iOS", "android"] | None = Field(None, alias="sdkType")


class CaptureSettings(Asked):
    """How the app makes its chunks."""

    chunk_creation_mode: Literal["minimized", "intervaled"] | None = Field(None, alias="mobileChunkCreationMode")


VersionNumber = Annotated[float, Field(ge=0, le=10_000)]


def _version(given: Any) -> Any:
    """Phones say `17.2`, or 17.2."""
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


def _lower(given: Any) -> Any:
    """Some say iOS, some say ios."""
    return given.lower() if isinstance(given, str) else given


Os = Annotated[
    Literal["ios", "android", "windows", "macos", "web"],
    BeforeValidator(_lower, json_schema_input_type=Literal["ios", "android", "windows", "macos", "web"]),
]


class StartRequest(Asked):
    """`PUT /recordings`: a phone starts recording, under an id of its own."""

    id: Id
    is_private: bool = Field(False, alias="isPrivate", description="Seen by its owner and administrators alone.")
    automatic_split: bool = Field(False, alias="enableAutomaticSplit")
    created_at: Moment | None = Field(None, alias="dateCreated")
    conversation_type: Line | None = Field(None, alias="conversationType")
    source: CaptureSource | None = None
    original_device_id: Short | None = Field(None, alias="originalDeviceId")
    title: Line | None = None
    os: Os | None = None
    os_version: Annotated[Short, BeforeValidator(_version, json_schema_input_type=Short | VersionNumber)] | None = (
        Field(None, alias="osVersion")
    )
    device_type: Short | None = Field(None, alias="deviceType")
    code_version: Short | None = Field(None, alias="codeVersion")
    opportunity_id: Line | None = Field(None, alias="opportunityId")
    engagement_id: Id | None = Field(None, alias="engagementId")
    transcription_language: Language | None = Field(None, alias="transcriptionLanguage")
    settings: CaptureSettings | None = Field(None, alias="recordingSettings")
    connection_id: Id | None = Field(None, alias="integrationConnectionId")
    crm_objects: CrmObjects = Field((), alias="crmObjects")
    result: Outcome | None = None
    trigger: Literal["button-press", "deeplink", "modern-deeplink", "mobile-sdk"] | None = None
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    beta_features: Annotated[tuple[Short, ...], Field(max_length=50)] = Field((), alias="betaFeatures")
    seed_recording_id: Id | None = Field(None, alias="seedRecordingId")


def _signature(given: str) -> str:
    try:
        content = b64decode(given, validate=True)
    except ValueError:
        raise ValueError("must be base64") from None
    if not 0 < len(content) <= MAX_SIGNATURE_BYTES:
        raise ValueError(f"must have 1 to {MAX_SIGNATURE_BYTES} bytes")
    return given


class ChangeRequest(Asked):
    """`PATCH /recordings/{id}`. What is not sent stays; null clears what can be empty."""

    title: Line | None = None
    notes: TextBlock | None = None
    conversation_type: Line | None = Field(None, alias="conversationType")
    result: Outcome | None = None
    outcome_label: Literal["CLOSED", "NOT_CLOSED"] | None = Field(None, alias="outcomeLabel")
    conversation_quality: Literal["FULL_CONVERSATION", "NOT_FULL_CONVERSATION"] | None = Field(
        None, alias="conversationQualityTag"
    )
    is_private: bool | None = Field(
        None, alias="isPrivate", description="The owner's and administrators' to change: seen by them alone."
    )
    discoverable: bool | None = Field(
        None, description="The owner's and administrators' to change: where false, not listed or found by others."
    )
    lock: bool | None = None
    do_not_delete: bool | None = Field(None, alias="doNotDelete")
    advanced_bookmarks_checked: bool | None = Field(None, alias="advancedBookmarksChecked")
    created_at: Moment | None = Field(None, alias="dateCreated")
    transcription_status: _STATUSES | None = Field(None, alias="transcriptionStatus")
    chunk_count: int | None = Field(None, alias="numberOfExpectedChunks", ge=1, le=2000)
    chunks_outstanding: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=4, pattern=r"^[0-9]+$")], ...] | None, Field(max_length=2000)
    ] = Field(None, alias="expectedChunksOutstanding")
    terminated_ungracefully: bool | None = Field(None, alias="terminatedUngraciously")
    record_errors: (
        Annotated[tuple[Literal["paused-early", "interrupted", "stopped-early"], ...], Field(max_length=10)] | None
    ) = Field(None, alias="recordErrors")
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    customer_consents: bool | None = Field(None, alias="customerConsentAttested")
    rep_consents: bool | None = Field(None, alias="repConsentAttested")
    consent_signature: (
        Annotated[str, StringConstraints(min_length=4, max_length=350_000), AfterValidator(_signature)] | None
    ) = Field(None, alias="consentSignatureBase64")


class ChangeByIdRequest(ChangeRequest):
    """`PATCH /recordings`: the same, and of which recording."""

    id: Id


class DeleteRequest(Asked):
    """`DELETE /recordings/{id}`: into the trash, or for good."""

    permanent: Flag = "false"
