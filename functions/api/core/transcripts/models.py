"""What the core API reads and answers of transcripts, summaries and downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field

from api.core.shared import Language, milliseconds
from api.examples import example
from api.models import CamelRequestModel, CamelResponseModel, left_out, without_none
from auricle.recordings.recording import Recording
from auricle.transcripts.transcript import display_name

UNKNOWN_SPEAKER = "unknown"
"""The tag of words nobody could be told for."""
_BEGIN = "Where it begins, in milliseconds from the beginning of the recording."
_END = "Where it ends, in milliseconds from the beginning of the recording."


class ChangeTranscriptionLanguageRequest(CamelRequestModel):
    """Which language is spoken."""

    model_config = ConfigDict(json_schema_extra=example({"transcriptionLanguage": "English"}))

    transcription_language: Language = Field(description="The language that is spoken.")


class Utterance(CamelResponseModel):
    """What one speaker said in one go."""

    utterance: str = Field(description="What was said.")
    start_time_in_millis: int = Field(description=_BEGIN)
    end_time_in_millis: int = Field(description=_END)
    speaker_tag: str = Field(description="Whose it is: a key of `speakerMap`.")
    redacted: bool = Field(description="Whether something was taken out of it: always false, nothing redacts yet.")
    confidence: float = left_out(description="0 to 1; left out where the engine gives none.")

    @classmethod
    def of(cls, segment: Mapping[str, Any]) -> Utterance:
        """A segment as `auricle.transcripts.storage` keeps it."""
        return cls(
            utterance=segment["text"],
            start_time_in_millis=milliseconds(segment["start_s"]),
            end_time_in_millis=milliseconds(segment["end_s"]),
            speaker_tag=_tag(segment["speaker"]),
            redacted=False,
            **without_none({"confidence": segment["confidence"]}),
        )


class Utterances(CamelResponseModel):
    """Some utterances, and who the speakers are."""

    utterances: list[Utterance] = Field(description="The utterances of this page, in reading order.")
    is_low_data_mode: bool = Field(description="Whether something was left out to save data: always false.")
    speaker_map: dict[str, str] = Field(description="The names of all speakers, by their tags.")


class UtterancesPage(CamelResponseModel):
    """A page of utterances."""

    model_config = ConfigDict(
        json_schema_extra=example("""{
          "data": {
            "utterances": [{
              "utterance": "thank you", "startTimeInMillis": 510, "endTimeInMillis": 1320, "speakerTag": "speaker_0",
              "redacted": false, "confidence": 0.87
            }],
            "isLowDataMode": false, "speakerMap": {"speaker_0": "Speaker 1"}
          },
          "pageSize": 100000, "cursor": null
        }""")
    )

    data: Utterances = Field(description="The utterances.")
    page_size: int = Field(description="How many a page has at most.")
    cursor: int | None = Field(description="The number of the next page; null at the end.")

    @classmethod
    def of(cls, segments: Sequence[Mapping[str, Any]], page: int, page_size: int) -> UtterancesPage:
        """One page of a stored transcript; the first is 1."""
        end = page * page_size
        speakers = dict.fromkeys(segment["speaker"] for segment in segments)
        return cls(
            data=Utterances(
                utterances=[Utterance.of(segment) for segment in segments[end - page_size : end]],
                is_low_data_mode=False,
                speaker_map={_tag(speaker): display_name(speaker) for speaker in speakers},
            ),
            page_size=page_size,
            cursor=page + 1 if end < len(segments) else None,
        )


def _tag(speaker: str | None) -> str:
    return speaker or UNKNOWN_SPEAKER


class Quote(CamelResponseModel):
    """Words of the recording."""

    quote: str = Field(description="What was said.")
    start_time_in_millis: int = Field(description=_BEGIN)
    end_time_in_millis: int = Field(description=_END)


class SummarySection(CamelResponseModel):
    """One part of the summary. `Highlights` are quotations: nothing in them is paraphrased."""

    id: str = Field(description="The id of this part.")
    prompt_header: str = Field(description="What it is about.")
    prompt_response: str = Field(description="The text; of highlights, a line for each with its speaker.")
    summary_result_index: int | None = Field(description="Its place among the parts, from 0.")
    quotes: list[Quote] = Field(description="What it rests on.")


class SummaryResponse(CamelResponseModel):
    """The parts of the summary; none while there is none."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": [{
          "id": "rec_19d4f2a1b00c0ffee12345678901234-highlights", "promptHeader": "Highlights",
          "promptResponse": "Speaker 2: we could renew for two years", "summaryResultIndex": 0,
          "quotes": [{"quote": "we could renew for two years", "startTimeInMillis": 31400, "endTimeInMillis": 33900}]
        }]}""")
    )

    data: list[SummarySection] = Field(description="The parts.")

    @classmethod
    def of(cls, recording: Recording) -> SummaryResponse:
        highlights = recording.highlights
        if not highlights:
            return cls(data=[])
        section = SummarySection(
            id=f"{recording.id}-highlights",
            prompt_header="Highlights",
            prompt_response="\n".join(f"{display_name(line.speaker)}: {line.text}" for line in highlights),
            summary_result_index=0,
            quotes=[
                Quote(
                    quote=line.text,
                    start_time_in_millis=milliseconds(line.start_s),
                    end_time_in_millis=milliseconds(line.end_s),
                )
                for line in highlights
            ],
        )
        return cls(data=[section])


class SignedDownload(CamelResponseModel):
    """Where to GET the audio. No credential is needed with it."""

    error: bool = Field(description="Always false.")
    url: str = Field(description="The presigned URL. Whoever has it can listen: treat it like a password.")
    expiration: int = Field(description="Until when it is good, in milliseconds since 1970.")


class SignedDownloadResponse(CamelResponseModel):
    """The URL."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "error": false, "url": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b",
          "expiration": 1774872900000
        }}""")
    )

    data: SignedDownload = Field(description="Where to GET the audio.")


class TranscriptionLanguageResponse(CamelResponseModel):
    """Nothing more to say."""

    model_config = ConfigDict(json_schema_extra=example({"data": None}))

    data: None = Field(description="Always null.")
