"""In the OpenAPI document: what was said: utterances, the summary, and where to download the audio."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class Utterance(CamelShown):
    """What one speaker said in one go, in milliseconds; `confidence` where the engine gives one."""

    utterance: str
    start_time_in_millis: int
    end_time_in_millis: int
    speaker_tag: str = Field(description="Whose it is: a key of `speakerMap`.")
    redacted: bool
    confidence: float | None = None


class Utterances(CamelShown):
    """Some utterances, and who the speakers are."""

    utterances: list[Utterance]
    is_low_data_mode: bool
    speaker_map: dict[str, str]


class UtterancesAnswer(CamelShown):
    """A page of utterances. `cursor` is the number of the next page, null at the end."""

    data: Utterances
    page_size: int
    cursor: int | None


class Quote(CamelShown):
    """Words of the recording, in milliseconds."""

    quote: str
    start_time_in_millis: int
    end_time_in_millis: int


class SummarySection(CamelShown):
    """One part of the summary. `Highlights` are quotations: nothing in them is paraphrased."""

    id: str
    prompt_header: str
    prompt_response: str
    summary_result_index: int | None
    quotes: list[Quote]


class SummaryAnswer(CamelShown):
    """The parts of the summary; none while there is none."""

    data: list[SummarySection]


class SignedUrl(CamelShown):
    """Where to GET the audio, until `expiration` (milliseconds since 1970). No credential is needed with it."""

    error: bool
    url: str
    expiration: int


class SignedUrlAnswer(CamelShown):
    """The URL."""

    data: SignedUrl


class LanguageAnswer(CamelShown):
    """Nothing more to say."""

    data: None


_NO_CONSENT = Refusal(409, "consent-required", "Consent is pending, refused or withdrawn: no content is shown.")
_NOT_THERE = Refusal(404, "recording-not-found", "Unknown, or of another tenant: the two look the same.")

OPERATIONS: Mapping[str, Documented] = {
    "get_utterances": Documented(
        "Get the utterances",
        "In reading order, with milliseconds from the start. `cursor` is a page number; the first is 1.",
        UtterancesAnswer,
        {
            "data": {
                "utterances": [
                    {
                        "utterance": "thank you",
                        "startTimeInMillis": 510,
                        "endTimeInMillis": 1320,
                        "speakerTag": "speaker_0",
                        "redacted": False,
                        "confidence": 0.87,
                    }
                ],
                "isLowDataMode": False,
                "speakerMap": {"speaker_0": "Speaker 1"},
            },
            "pageSize": 100_000,
            "cursor": None,
        },
        refusals=(
            _NOT_THERE,
            _NO_CONSENT,
            Refusal(409, "not-ready", "Not there yet; Retry-After says when to ask again."),
            Refusal(409, "processing-failed", "There is none, and why."),
        ),
    ),
    "get_summary": Documented(
        "Get the summary",
        "Where no language model is deployed, the most telling quotations, called highlights. Empty while there is "
        "none.",
        SummaryAnswer,
        {
            "data": [
                {
                    "id": f"{RECORDING_ID}-highlights",
                    "promptHeader": "Highlights",
                    "promptResponse": "Speaker 2: we could renew for two years",
                    "summaryResultIndex": 0,
                    "quotes": [
                        {
                            "quote": "we could renew for two years",
                            "startTimeInMillis": 31400,
                            "endTimeInMillis": 33900,
                        }
                    ],
                }
            ]
        },
        refusals=(_NOT_THERE, _NO_CONSENT),
    ),
    "create_signed_url": Documented(
        "Sign a download URL",
        "A presigned GET, good for 15 minutes at most: the audio as browsers play it, or, before it has been "
        "processed, as it was uploaded.",
        SignedUrlAnswer,
        {
            "data": {
                "error": False,
                "url": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b",
                "expiration": 1774872900000,
            }
        },
        refusals=(_NOT_THERE, _NO_CONSENT, Refusal(409, "not-ready", "There is no audio yet.")),
    ),
    "change_transcription_language": Documented(
        "Say which language is spoken",
        "Kept with the recording. The embedded engine hears English whatever it says.",
        LanguageAnswer,
        {"data": None},
        request_example={"transcriptionLanguage": "English"},
        refusals=(_NOT_THERE, Refusal(409, "conflict", "The recording is locked.")),
    ),
}
