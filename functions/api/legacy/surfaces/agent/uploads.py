"""Uploading a recording: as a form up to 4.5 MB, by a presigned URL above.

API Gateway and Lambda take six megabytes of base64, so 4.5 MB of audio. What is larger never reaches this code in
AWS; whoever has a larger file sends the form without it and says how large it is, and is told where to put it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, Field

from api.legacy.answers import json_response
from api.legacy.faults import Fault, FieldFault
from api.legacy.reading import Asked, Id, Line, as_model, refused
from api.legacy.surface import Call
from api.legacy.surfaces.agent.wire import surface
from api.request_ids import REQUEST_ID
from auricle.errors import ConsentRequired, EmptyAudio, TooLarge, UnsupportedAudio
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from auricle.adapters.multipart import Form, FormFile
    from auricle.speech.sniff import AudioFormat

MAX_DIRECT_BYTES = 4_500_000
"""Audio that comes through with its form around it, as base64, in one invocation."""
MEDIA_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "webm": "audio/webm",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "aiff": "audio/aiff",
}
"""What a file is stored as, by its format. Any format that is processed is taken, the documented ones among them."""
MAX_IDS_CHARACTERS = 4096
"""Of `contact_ids`, a JSON array in a field of its own."""
FILE = "file"
_FORM = "auricle.form"
_SEPARATORS = re.compile(r"[\\/]")
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def _id_array(given: Any) -> Any:
    try:
        ids = orjson.loads(given) if len(given) <= MAX_IDS_CHARACTERS else None
    except (orjson.JSONDecodeError, TypeError):
        ids = None
    if not isinstance(ids, list):
        raise ValueError('must be a JSON array of ids, like ["contact_1"]')  # noqa: TRY004 - pydantic takes ValueError
    return tuple(ids)


class UploadFields(Asked):
    """`POST /recordings/upload`: the form's fields, its file aside."""

    type: Literal["phone", "in_person", "video", "voice_memo"]
    consent_status: Literal["all_consented", "one_party", "pending"]
    source: Line | None = None
    contact_ids: Annotated[tuple[Id, ...], BeforeValidator(_id_array), Field(max_length=20)] = ()
    deal_id: Id | None = None
    title: Line | None = None
    file_name: Line | None = None
    file_size: int | None = Field(None, ge=1, le=2**53 - 1)


async def _form(call: Call) -> Form:
    """The request's form, read once."""
    from api.legacy.forms import read_form

    scope = call.request.scope
    if _FORM not in scope:
        scope[_FORM] = await read_form(call.request, wanted_bytes=MAX_DIRECT_BYTES)
    form: Form = scope[_FORM]
    return form


async def _said(call: Call) -> bytes:
    """What the form says, whatever its boundary and the order of its parts."""
    form = await _form(call)
    files = [[one.name, one.file_name, one.size_bytes, sha256(one.content or b"").hexdigest()] for one in form.files]
    return orjson.dumps([sorted(form.fields), sorted(files)])


@surface.post("/recordings/upload", said=_said)
async def upload_recording(call: Call) -> Response:
    form = await _form(call)
    file = _file(form)
    asked = as_model(_fields(form), UploadFields)
    if file is None:
        if asked.file_size is None:
            raise refused([FieldFault(FILE, "is missing")])
        if asked.file_size <= MAX_DIRECT_BYTES:
            raise refused([FieldFault(FILE, f"is missing: up to {MAX_DIRECT_BYTES} bytes are sent with the form")])
        return _hand_over(call, asked, asked.file_name or "recording", asked.file_size)
    if file.content is None:
        return _hand_over(call, asked, _file_name(file.file_name) or "recording", file.size_bytes)
    return _take(call, asked, file.file_name, file.content)


def _take(call: Call, asked: UploadFields, file_name: str, content: bytes) -> Response:
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import source_key_of, take_upload
    from auricle.speech.estimate import estimated_duration_s

    found = _audio_format(content)
    services = call.services
    # Before the recording is made: an error after it would be answered with a 500, and a retry would make another.
    estimated_s = estimated_duration_s(content, found)
    bucket = call.parts.settings().bucket
    recording = take_upload(
        _wanted(
            asked,
            _file_name(file_name) or f"recording.{found.name}",
            content_type=MEDIA_TYPES.get(found.name),
            now=call.parts.now(),
        ),
        content,
        org=call.org,
        user=call.caller.user,
        rep=rep_of_id(call.org, call.caller.user, call.services),
        recordings=services.recordings,
        contacts=services.contacts,
        objects=services.objects,
        now=call.parts.now(),
    )
    return json_response(
        {
            "id": recording.id,
            "status": "processing",
            "audio_url": f"s3://{bucket}/{source_key_of(recording)}",
            "estimated_duration_seconds": estimated_s,
            "transcription_status": "queued",
            "created_at": recording.created_at,
        },
        201,
        headers={"location": f"{surface.prefix}/recordings/{recording.id}"},
    )


def _hand_over(call: Call, asked: UploadFields, file_name: str, size_bytes: int) -> Response:
    """The recording is there and waits for its bytes; the refusal says where they go.

    It is no error that is raised, since something was made: sent again with its Idempotency-Key, the form gets the
    same answer.
    """
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import request_upload

    services, settings = call.services, call.parts.settings()
    if size_bytes > settings.max_upload_bytes:
        most = settings.max_upload_bytes
        raise TooLarge(f"The file has {size_bytes} bytes, and {most} is the most that is processed here.")
    upload = request_upload(
        _wanted(asked, file_name, content_type=None, now=call.parts.now()),
        org=call.org,
        user=call.caller.user,
        rep=rep_of_id(call.org, call.caller.user, call.services),
        recordings=services.recordings,
        contacts=services.contacts,
        objects=services.objects,
        url_seconds=settings.upload_url_seconds,
        now=call.parts.now(),
    )
    fault = Fault(
        413,
        "file-too-large",
        f"A form takes {MAX_DIRECT_BYTES} bytes of audio at most. PUT the file to upload_url instead: it becomes "
        f"the recording {upload.recording.id}, for which everything else of this form was kept.",
        headers={"location": f"{surface.prefix}/recordings/{upload.recording.id}"},
        facts={
            "upload": {
                "id": upload.recording.id,
                "method": "PUT",
                "upload_url": upload.url,
                "expires_at": upload.expires_at,
                "headers": {},
            },
        },
    )
    scope = call.request.scope
    return surface.render(fault, scope["path"], scope[REQUEST_ID])


def _wanted(asked: UploadFields, file_name: str, *, content_type: str | None, now: datetime) -> Any:
    from auricle.recordings.uploads import NewRecording

    return NewRecording(
        file_name=file_name,
        title=asked.title,
        kind=asked.type,
        source=asked.source,
        content_type=content_type,
        consent=Consent(asked.consent_status),
        consent_basis=ConsentBasis(BasisKind.STATED, now),
        contact_ids=asked.contact_ids,
        deal_id=asked.deal_id,
    )


def _fields(form: Form) -> dict[str, str]:
    """The form's fields by name. What is left empty was not given, as browsers send it."""
    names = [name for name, _ in form.fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise refused([FieldFault(name, "is given more than once") for name in twice])
    given = {name: value for name, value in form.fields if value.strip()}
    if FILE in given:
        raise refused([FieldFault(FILE, "must be a file: a part with a file name")])
    if "consent_status" not in given:
        raise ConsentRequired("consent_status is missing: say all_consented, one_party or pending.")
    return given


def _file(form: Form) -> FormFile | None:
    if any(file.name != FILE for file in form.files):
        faults = [FieldFault(file.name, "is a file that is not known here") for file in form.files if file.name != FILE]
        raise refused(faults)
    if len(form.files) > 1:
        raise refused([FieldFault(FILE, "is given more than once")])
    return form.files[0] if form.files else None


def _audio_format(content: bytes) -> AudioFormat:
    """What the file is, by its first bytes.

    Raises:
        UnsupportedAudio: empty, no audio, or of a format that is not processed.
    """
    from auricle.speech.sniff import HEAD_BYTES, sniff

    try:
        return sniff(content[:HEAD_BYTES])
    except EmptyAudio as error:
        raise UnsupportedAudio(error.message) from None


def _file_name(given: str) -> str:
    """The name alone: some browsers send the folder too."""
    return _NOT_IN_A_LINE.sub("", _SEPARATORS.split(given)[-1]).strip()[:255]
