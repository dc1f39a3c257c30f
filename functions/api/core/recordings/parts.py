"""What recordings show of themselves beyond plain fields."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from api.core.shared import Timestamp
from api.models import CamelResponseModel, left_out, same_fields, without_none
from auricle.crm.connections import Platform
from auricle.crm.deals import Deal, Disposition
from auricle.recordings.debrief import ResponseType, Target

if TYPE_CHECKING:
    from auricle.crm.connections import Connection
    from auricle.crm.contacts import Contact
    from auricle.crm.deals import Address
    from auricle.recordings.debrief import DebriefQuestion
    from auricle.recordings.media import ImageGroup, MultimediaEvent
    from auricle.recordings.mobile_events import MobileEvent
    from auricle.recordings.recording import Capture, Split


class SplitMade(CamelResponseModel):
    """A cut, and the recording that begins there."""

    split_timestamp_ms: int = Field(description="Where it is cut, in milliseconds from the beginning.")
    split_recording_id: str = Field(description="The id of the recording that begins there.")
    split_date: Timestamp = Field(description="When it was cut.")

    @classmethod
    def of(cls, cut: Split) -> SplitMade:
        return cls(split_timestamp_ms=cut.at_ms, split_recording_id=cut.recording_id, split_date=cut.made_at)


class GeoPoint(CamelResponseModel):
    """A place."""

    latitude: float = Field(description="In degrees, north is positive.")
    longitude: float = Field(description="In degrees, east is positive.")


class GeohashedPoint(CamelResponseModel):
    """A place with its geohash."""

    geohash: str = Field(description="The geohash of ten digits, which is a metre.")
    geopoint: GeoPoint = Field(description="The same place.")


class CaptureSource(CamelResponseModel):
    """The app that recorded; what it did not say is left out."""

    sdk_version: str | None = Field(default=None, description="The version of its SDK.")
    bundle_id: str | None = Field(default=None, description="Its id in the store.")
    app_version: str | None = Field(default=None, description="Its version.")
    app_name: str | None = Field(default=None, description="Its name.")
    sdk_type: Literal["iOS", "android"] | None = Field(default=None, description="The kind of its SDK.")

    @classmethod
    def of(cls, capture: Capture) -> CaptureSource | None:
        """None of one that said nothing."""
        known = without_none(same_fields(cls, capture))
        return cls(**known) if known else None


ChunkCreationMode = Literal["minimized", "intervaled"]


class CaptureSettings(CamelResponseModel):
    """How the app made its chunks."""

    mobile_chunk_creation_mode: ChunkCreationMode = Field(description="As few chunks as possible, or one an interval.")


# --- what lies with a recording ---------------------------------------------------------------------------

CAPTURED = "When it was captured, in milliseconds since 1970"


class ImageRendering(CamelResponseModel):
    """One rendering of an image."""

    type: str = Field(description="What it is for, like `web`.")
    uri: str = Field(description="Where it is, as the client sent it.")
    url: str = Field(description="Where it is, as the client sent it.")


class CapturedImage(CamelResponseModel):
    """One image in its renderings. Auricle keeps the addresses, and fetches none."""

    raw_images: list[ImageRendering] = Field(description="The image's renderings.")
    linked_image: str | None = Field(description="The page that the image links to.")
    timestamp: int | None = Field(description=f"{CAPTURED}; null where the client did not say.")

    @classmethod
    def of(cls, image: ImageGroup) -> Self:
        return cls(**same_fields(cls, image), timestamp=image.captured_at_ms)


class CapturedMultimedia(CamelResponseModel):
    """One file that was captured during the recording."""

    storage_url: str = Field(description="The file's name, which is no address to fetch it from.")
    mime_type: str = Field(description="The file's media type.")
    timestamp_in_milliseconds: int = Field(description=f"{CAPTURED}.")

    @classmethod
    def of(cls, event: MultimediaEvent, **further: Any) -> Self:
        """With the `further` fields that subclasses have."""
        return cls(**same_fields(cls, event), timestamp_in_milliseconds=event.happened_at_ms, **further)


class RecordedMobileEvent(CamelResponseModel):
    """One event as its recording shows it."""

    id: str = Field(description="The id of the event.")
    recording_id: str = Field(description="The id of the recording.")
    user_id: str = Field(description="The id of the user who reported it.")
    event: dict[str, str] = Field(description="Its `name`, and what else follows from that.")
    organization_id: str = Field(description="The id of the organization.")
    date_created: Timestamp = Field(description="When it was reported, by the server's clock.")
    date_created_string: Timestamp = Field(description="The same as `dateCreated`.")
    timestamp_in_milliseconds: int | None = Field(
        description="When it happened, by the phone's clock, in milliseconds since 1970; null where it was not said."
    )
    duration_in_milliseconds: int | None = Field(description="How long it lasted; null where it was not said.")

    @classmethod
    def of(cls, event: MobileEvent) -> RecordedMobileEvent:
        return cls(
            **same_fields(cls, event),
            event={"name": event.name, **event.facts},
            organization_id=event.org,
            date_created=event.created_at,
            date_created_string=event.created_at,
            timestamp_in_milliseconds=event.happened_at_ms,
            duration_in_milliseconds=event.duration_ms,
        )


# --- the debrief ------------------------------------------------------------------------------------------


class DateConfigResponse(CamelResponseModel):
    """The answer is a day, or with `includeTime` a moment. Bounds that there are none of are left out."""

    include_time: bool = Field(description="Whether it is a moment of a day.")
    required: bool = Field(description="Whether a debrief without an answer is refused.")
    earliest_allowable_date: Timestamp = left_out(description="The earliest it may be.")
    latest_allowable_date: Timestamp = left_out(description="The latest it may be.")


class TextConfigResponse(CamelResponseModel):
    """The answer is text, whose length is bounded; or a number, which is. What there is none of is left out."""

    interpret_as_number: bool = Field(description="Whether it is a number.")
    required: bool = Field(description="Whether a debrief without an answer is refused.")
    min_size: int | float = left_out(description="The fewest characters, or the least number.")
    max_size: int | float = left_out(description="The most characters, or the greatest number.")
    validation_error_message: str = left_out(description="What to say of an answer that does not fit.")


class SelectConfigResponse(CamelResponseModel):
    """The answer is one of the options, or several. Bounds that there are none of are left out."""

    options: list[str | int | float] = Field(description="What can be chosen.")
    dropdown: bool = Field(description="Whether the app shows them as a dropdown.")
    min_selects: int = left_out(description="The fewest that are chosen; with 1 or more an answer is required.")
    max_selects: int = left_out(description="The most that are chosen.")


class ConditionResponse(CamelResponseModel):
    """Holds where that question was answered so."""

    question_id: str = Field(description="The id of another question.")
    value: str | int | float = Field(description="Its answer, or one of several.")


QuestionConfig = DateConfigResponse | TextConfigResponse | SelectConfigResponse


class RecordingQuestion(CamelResponseModel):
    """One question, as recordings show it. What it has none of is left out."""

    id: str = Field(description="Its id.")
    prompt: str = Field(description="The question.")
    response_type: ResponseType = Field(description="What kind of answer it takes.")
    response_config: QuestionConfig = Field(description="What answers fit: the configuration of its `responseType`.")
    sort_value: int | float = Field(description="Where it stands among the others: the lowest is asked first.")
    prompt_details: str = left_out(description="What is shown beneath the question.")
    include_if: list[ConditionResponse] = Field(description="It is asked where one of these holds; none means always.")
    only_include_if_flagged: bool = Field(description="Whether only the app brings it up: then it is never required.")
    set_response_to_field: Target = left_out(description="The recording's field that an answer sets.")
    hide_from_results: bool = Field(description="Whether the app leaves it out where it shows answers.")

    @classmethod
    def of(cls, question: DebriefQuestion) -> RecordingQuestion:
        return cls(**question_fields(question))


def question_fields(question: DebriefQuestion) -> dict[str, Any]:
    """What every answer shows of a question."""
    renamed = {
        "response_config": _config_of(question),
        "sort_value": _plain(question.sort_value),
        "only_include_if_flagged": question.only_if_flagged,
        "set_response_to_field": question.sets_field,
    }
    return without_none(same_fields(RecordingQuestion, question) | renamed)


def _config_of(question: DebriefQuestion) -> QuestionConfig:
    date, text, select = question.date, question.text, question.select
    if date is not None:
        return DateConfigResponse(
            include_time=date.include_time,
            required=date.required,
            **without_none({"earliest_allowable_date": date.earliest, "latest_allowable_date": date.latest}),
        )
    if text is not None:
        optional = {
            "min_size": _plain(text.min_size),
            "max_size": _plain(text.max_size),
            "validation_error_message": text.message,
        }
        return TextConfigResponse(interpret_as_number=text.as_number, required=text.required, **without_none(optional))
    if select is None:
        raise AssertionError(f"{question.id} has no configuration")
    return SelectConfigResponse(**without_none(same_fields(SelectConfigResponse, select)))


def _plain(number: float | None) -> int | float | None:
    """A whole number without a fraction of nothing."""
    return int(number) if number is not None and number == int(number) else number


# --- whom a recording concerns ----------------------------------------------------------------------------


class CrmCustomerType(StrEnum):
    """What somebody is in the CRM. An opportunity is a deal."""

    OPPORTUNITY = "OPPORTUNITY"
    CONTACT = "CONTACT"
    ACCOUNT = "ACCOUNT"
    LEAD = "LEAD"


class CrmCustomer(CamelResponseModel):
    """Whom a recording concerns: the deal or contact it is linked to, else its first contact.

    What it has none of is left out.
    """

    id: str = Field(description="Auricle's id of the deal or contact.")
    name: str = Field(description="The name of the contact; of a deal, its account's, where that is known.")
    customer_type: CrmCustomerType = Field(description="What it is in the CRM.")
    external_id: str = left_out(description="The CRM's id of it.")
    crm_url: str = left_out(description="Where the CRM shows it.")
    email_address: str = left_out(description="The contact's email address.")
    phone_number: str = left_out(description="The contact's telephone number.")
    amount: float = left_out(description="What the deal is worth.")
    disposition: Disposition = left_out(description="What became of the deal.")
    closed_at: Timestamp = left_out(description="When the deal was closed.")
    last_activity_at: Timestamp = Field(description="When it was last changed.")
    created_at: Timestamp = Field(description="When it was added.")
    updated_at: Timestamp = Field(description="When it was last changed.")
    matching_source: Literal["DIRECT"] = Field(description="How it was found: by its id.")
    organization_id: str = Field(description="The organization it belongs to.")

    @classmethod
    def of(cls, customer: Deal | Contact) -> CrmCustomer:
        own: dict[str, Any]
        if isinstance(customer, Deal):
            own = {"name": customer.account_name or customer.name, "customer_type": CrmCustomerType.OPPORTUNITY}
        else:
            own = {"email_address": customer.email, "phone_number": customer.phone}
        return cls(
            **without_none(same_fields(cls, customer) | own),
            last_activity_at=customer.updated_at,
            matching_source="DIRECT",
            organization_id=customer.org,
        )


class CrmAddress(CamelResponseModel):
    """An address in the CRM's own words. What it has none of is left out."""

    street: str = left_out(description="Street and number.")
    city: str = left_out(description="The city.")
    state: str = left_out(description="The state.")
    zip: str = left_out(description="The postal code.")
    country: str = left_out(description="The country.")

    @classmethod
    def of(cls, address: Address) -> CrmAddress:
        return cls(**without_none(same_fields(cls, address)))


class CrmOpportunity(CamelResponseModel):
    """The deal a recording concerns, with the account and the CRM it comes from."""

    opportunity_external_id: str | None = Field(description="The CRM's id of the deal.")
    account_id: str | None = Field(description="Auricle's id of its first contact.")
    account_name: str | None = Field(description="The account's name.")
    account_external_id: str | None = Field(description="Always null: deals do not carry the CRM's id of the account.")
    disposition: Disposition = Field(description="What became of the deal.")
    closed_at: Timestamp | None = Field(description="When it was closed.")
    name: str = Field(description="The deal's name.")
    amount: float | None = Field(description="What it is worth.")
    integration_name: str | None = Field(description="The name of the connection it comes from.")
    integration_platform: Platform | None = Field(description="The system it comes from.")
    addresses: list[CrmAddress] = Field(description="Where it is sold or delivered.")

    @classmethod
    def of(cls, deal: Deal, connection: Connection | None) -> CrmOpportunity:
        renamed = {
            "opportunity_external_id": deal.external_id,
            "account_id": next(iter(deal.contact_ids), None),
            "account_external_id": None,
            "integration_name": connection.name if connection else None,
            "integration_platform": connection.platform if connection else None,
            "addresses": [CrmAddress.of(address) for address in deal.addresses],
        }
        return cls(**same_fields(cls, deal) | renamed)
