"""What recordings show of themselves beyond plain fields."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.core.shared import Timestamp
from api.models import CamelResponseModel, without_none
from auricle.recordings.recording import Capture, Split


class Cut(CamelResponseModel):
    """A cut that was made in the recording, and the recording that begins there."""

    split_timestamp_ms: int = Field(description="Where it is, in milliseconds from the beginning.")
    split_recording_id: str = Field(description="The id of the recording that begins there.")
    split_date: Timestamp = Field(description="When it was made.")

    @classmethod
    def of(cls, split: Split) -> Cut:
        return cls(split_timestamp_ms=split.at_ms, split_recording_id=split.recording_id, split_date=split.made_at)


class GeoPoint(CamelResponseModel):
    """A place."""

    latitude: float = Field(description="In degrees, north is positive.")
    longitude: float = Field(description="In degrees, east is positive.")


class HashedPlace(CamelResponseModel):
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
        known = without_none(
            {
                "sdk_version": capture.sdk_version,
                "bundle_id": capture.bundle_id,
                "app_version": capture.app_version,
                "app_name": capture.app_name,
                "sdk_type": capture.sdk_type,
            }
        )
        return cls(**known) if known else None


class CaptureSettings(CamelResponseModel):
    """How the app made its chunks."""

    mobile_chunk_creation_mode: Literal["minimized", "intervaled"] = Field(
        description="As few chunks as possible, or one after each interval."
    )
