"""What a search on the agent API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.examples import example
from api.models import ResponseModel, ShownMoment

if TYPE_CHECKING:
    from auricle.search.lexical import Hit

_SNIPPET = "What was found, with some of what stands around it."
_SCORE = "How well it fits, 0 to 1."
_CONTACT_NAME = "The contact's name; null where nobody is linked."


class SegmentResult(ResponseModel):
    """Something said in a recording, and when in it."""

    type: Literal["recording_segment"] = Field(description="That it was said in a recording.")
    recording_id: str = Field(description="The id of the recording.")
    contact_name: str | None = Field(description=_CONTACT_NAME)
    snippet: str = Field(description=_SNIPPET)
    relevance_score: float = Field(description=_SCORE)
    timestamp_seconds: float = Field(description="Seconds from the beginning of the recording to where it was said.")


class InteractionResult(ResponseModel):
    """An email, text message, meeting or note."""

    type: Literal["email", "sms", "meeting", "note"] = Field(description="What kind of interaction it is.")
    interaction_id: str = Field(description="The id of the interaction.")
    contact_id: str = Field(description="The contact it was with.")
    contact_name: str | None = Field(description=_CONTACT_NAME)
    snippet: str = Field(description=_SNIPPET)
    relevance_score: float = Field(description=_SCORE)
    date: ShownMoment = Field(description="When it happened.")


class ContactResult(ResponseModel):
    """A contact by their name, company, address or number."""

    type: Literal["contact"] = Field(description="That it is a contact.")
    contact_id: str = Field(description="The id of the contact.")
    contact_name: str = Field(description="Their name.")
    snippet: str = Field(description=_SNIPPET)
    relevance_score: float = Field(description=_SCORE)


Result = SegmentResult | InteractionResult | ContactResult


def result_of(hit: Hit) -> Result:
    """What was found as its kind shows it."""
    fields: dict[str, Any] = {
        "type": hit.kind,
        "contact_name": hit.contact_name,
        "snippet": hit.snippet,
        "relevance_score": hit.score,
    }
    if hit.kind == "recording_segment":
        fields["timestamp_seconds"] = hit.start_s
        return SegmentResult(**fields, recording_id=hit.id)
    if hit.kind == "contact":
        return ContactResult(**fields, contact_id=hit.id)
    fields |= {"contact_id": hit.contact_id, "date": hit.date}
    return InteractionResult(**fields, interaction_id=hit.id)


class SearchResults(ResponseModel):
    """What was found, best first."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"results": [
            {"type": "recording_segment", "recording_id": "rec_19d4f2a1b00c0ffee12345678901234",
             "contact_name": "Jane Smith", "snippet": "...we think the pricing is a bit high compared to Toast...",
             "relevance_score": 0.94, "timestamp_seconds": 245.0}]}
        """)
    )

    results: list[Annotated[Result, Field(discriminator="type")]] = Field(description="Best first, then newest first.")
