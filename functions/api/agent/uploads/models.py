"""What the agent API reads and answers of uploads."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from api.agent.shared import RecordingStatus, RecordingType, TranscriptionStatus
from api.examples import SOURCE_URL, example, parsed
from api.forms import File
from api.models import Id, Line, QueryInteger, RequestModel, ResponseModel, ShownMoment, left_out
from auricle.errors import ConsentRequired
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.uploads import NewRecording, TakenAudio, source_key_of

MAX_IDS_CHARACTERS = 4096
"""Of `contact_ids`, a JSON array in a field of its own."""
MAX_FILE_BYTES = 2**53 - 1
"""The largest whole number that every client writes as it means it; what is processed is a setting, and far below."""
_SEPARATORS = re.compile(r"[\\/]")
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def _id_array(given: Any) -> Any:
    try:
        ids = orjson.loads(given) if len(given) <= MAX_IDS_CHARACTERS else None
    except (orjson.JSONDecodeError, TypeError):
        ids = None
    if not isinstance(ids, list):
        raise ValueError('must be a JSON array of ids, like ["contact_1"]')  # noqa: TRY004 - pydantic takes ValueError
    return ids


IdArray = Annotated[
    list[Id],
    Field(max_length=20),
    BeforeValidator(_id_array, json_schema_input_type=Annotated[str, StringConstraints(max_length=MAX_IDS_CHARACTERS)]),
]
"""Ids in one field of a form."""


class UploadForm(RequestModel):
    """The form of an upload. A file of more than 4.5 MB is left out, and its name and size said instead."""

    model_config = ConfigDict(
        strict=False,  # everything in a form is text
        json_schema_extra={
            "anyOf": [
                {"required": ["file"], "properties": {"file": {}}},
                {"required": ["file_name", "file_size"], "properties": {"file_name": {}, "file_size": {}}},
            ],
            **example("""
              {"type": "phone", "consent_status": "all_consented", "source": "twilio",
               "contact_ids": "[\\"contact_19d4f2a1b0512345678901234abcdef\\"]",
               "file_name": "call-2026-03-30.mp3", "file_size": 18000000}
            """),
        },
    )

    file: File = left_out(
        description="WAV, MP3, M4A, OGG, WEBM or any other format that is processed, up to 4.5 MB. It is told by its "
        "content, whatever it is called."
    )
    type: RecordingType = Field(description="What kind of conversation it is.")
    consent_status: Literal["all_consented", "one_party", "pending"] = Field(
        description="Who agreed to being recorded. While it is `pending`, the recording is kept and not processed."
    )
    source: Line = left_out(description="Where it comes from, like `twilio`, `google_meet` or `manual`.")
    contact_ids: IdArray = Field([], description="The contacts it is linked to: a JSON array of their ids.")
    deal_id: Id = left_out(description="The deal it is linked to, by its id in the CRM, known here or not.")
    title: Line = left_out(description="What it is called.")
    file_name: Line = left_out(description="The name of a file that is left out.")
    file_size: QueryInteger = left_out(ge=1, le=MAX_FILE_BYTES, description="The size in bytes of a file left out.")

    @model_validator(mode="before")
    @classmethod
    def _check_consent(cls, given: Any) -> Any:
        if "consent_status" not in given:
            raise ConsentRequired("consent_status is missing: say all_consented, one_party or pending.")
        return given

    @property
    def has_file(self) -> bool:
        """Whether the file came with the form."""
        return "file" in self.model_fields_set

    @property
    def size_bytes(self) -> int | None:
        """The size of the file, whether it came with the form or not; None where nothing says it."""
        return self.file.size if self.has_file else self.file_size

    def recording(self, now: datetime) -> NewRecording:
        """The recording that the form describes; of a file without a name, so is it."""
        return NewRecording(
            file_name=_base_name(self.file.filename or "") if self.has_file else self.file_name or "",
            title=self.title,
            kind=self.type,
            source=self.source,
            consent=Consent(self.consent_status),
            consent_basis=ConsentBasis(BasisKind.STATED, now),
            contact_ids=tuple(self.contact_ids),
            deal_id=self.deal_id,
        )


def _base_name(file_name: str) -> str:
    """The name alone: some browsers send the folder too."""
    return _NOT_IN_A_LINE.sub("", _SEPARATORS.split(file_name)[-1]).strip()[:255]


_UPLOADED = parsed("""
  {"id": "rec_19d4f2a1b00c0ffee12345678901234", "status": "processing", "created_at": "2026-03-30T12:00:00Z",
   "estimated_duration_seconds": 720, "transcription_status": "queued"}
""")


class UploadedRecording(ResponseModel):
    """A recording whose processing begins."""

    model_config = ConfigDict(json_schema_extra=example(_UPLOADED | {"audio_url": SOURCE_URL}))

    id: str = Field(description="The id of the recording.")
    status: RecordingStatus = Field(description="How far it is.")
    audio_url: str = Field(description="Where the audio lies (s3://…).")
    estimated_duration_seconds: int = Field(description="Its likely length: at least 1, exact where the file says it.")
    transcription_status: TranscriptionStatus = Field(description="How far the transcription is.")
    created_at: ShownMoment = Field(description="When the recording was made.")

    @classmethod
    def of(cls, taken: TakenAudio, *, bucket: str) -> UploadedRecording:
        recording = taken.recording
        return cls(
            id=recording.id,
            status=RecordingStatus.PROCESSING,
            audio_url=f"s3://{bucket}/{source_key_of(recording)}",
            estimated_duration_seconds=taken.estimated_s,
            transcription_status=TranscriptionStatus.QUEUED,
            created_at=recording.created_at,
        )
