"""Uploading a recording: as a form up to 4.5 MB, by a presigned URL above.

API Gateway and Lambda take six megabytes of base64, so 4.5 MB of audio. What is larger never reaches this code in
AWS; whoever has a larger file sends the form without it and says how large it is, and is told where to put it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request, Response

from api.agent.errors import NO_CONTACT
from api.agent.shared import PREFIX, FounderOnce
from api.agent.uploads.models import UploadedRecording, UploadForm
from api.dependencies import RequestContext
from api.forms import Form
from api.problems import FieldProblem, PossibleError, Problem, errors, invalid_request
from api.request_ids import REQUEST_ID
from api.routing import api_router
from auricle.errors import TooLarge
from auricle.recordings.uploads import NewRecording

MAX_DIRECT_BYTES = 4_500_000
"""Audio that comes through with its form around it, as base64, in one invocation."""

router = api_router(PREFIX, tags=["uploads"])


@router.post(
    "/recordings/upload",
    status_code=201,
    response_model=UploadedRecording,
    responses=errors(
        NO_CONTACT,
        PossibleError(413, "file-too-large", "More than 4.5 MB: `upload` says where the file goes instead."),
        PossibleError(422, "consent-required", "consent_status is missing."),
        PossibleError(422, "unsupported-audio", "The file is no audio that can be processed."),
        PossibleError(422, "too-large", "Larger than anything that is processed here."),
    ),
    summary="Upload a recording",
)
async def upload_recording(
    request: Request, context: FounderOnce, form: Annotated[UploadForm, Depends(Form(UploadForm))], response: Response
) -> UploadedRecording | Response:
    """A form with the file, up to 4.5 MB of audio; processing begins when it is stored. A larger file is refused with
    413, and `upload` in the error says where to PUT it: it becomes the recording named there, and the rest of the form
    is kept. API Gateway itself refuses bodies of more than about 6 MB before they come here, without that word: for
    such a file send the form without `file`, with `file_name` and `file_size`."""
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import take_audio

    size_bytes = form.size_bytes
    if size_bytes is None:
        raise invalid_request([FieldProblem("file", "is missing")])
    wanted = form.recording(context.now)
    if size_bytes > MAX_DIRECT_BYTES:
        return _hand_over(wanted, size_bytes, context, request)
    if not form.has_file:
        raise invalid_request(
            [FieldProblem("file", f"is missing: up to {MAX_DIRECT_BYTES} bytes are sent with the form")]
        )
    stores = context.stores
    taken = take_audio(
        wanted,
        await form.file.read(),
        org=context.org,
        user=context.caller.user,
        rep=rep_of_id(context.org, context.caller.user, stores),
        recordings=stores.recordings,
        contacts=stores.contacts,
        objects=stores.objects,
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/recordings/{taken.recording.id}"
    return UploadedRecording.of(taken, bucket=context.settings.bucket)


def _hand_over(wanted: NewRecording, size_bytes: int, context: RequestContext, request: Request) -> Response:
    """The recording is there and waits for its bytes; the error says where they go.

    It is not raised, since something was made: sent again with its Idempotency-Key, the form gets the same answer.
    """
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import request_upload

    stores, most = context.stores, context.settings.max_upload_bytes
    if size_bytes > most:
        raise TooLarge(f"The file has {size_bytes} bytes, and {most} is the most that is processed here.")
    upload = request_upload(
        replace(wanted, file_name=wanted.file_name or "recording"),
        org=context.org,
        user=context.caller.user,
        rep=rep_of_id(context.org, context.caller.user, stores),
        recordings=stores.recordings,
        contacts=stores.contacts,
        objects=stores.objects,
        url_seconds=context.settings.upload_url_seconds,
        now=context.now,
    )
    place = {"id": upload.recording.id, "method": "PUT", "upload_url": upload.url, "expires_at": upload.expires_at}
    problem = Problem(
        413,
        "file-too-large",
        f"A form takes {MAX_DIRECT_BYTES} bytes of audio at most. PUT the file to upload_url instead: it becomes "
        f"the recording {upload.recording.id}, for which everything else of this form was kept.",
        headers={"location": f"{PREFIX}/recordings/{upload.recording.id}"},
        facts={"upload": {**place, "headers": {}}},
    )
    rendered: Response = request.app.state.render(problem, request.scope["path"], request.scope[REQUEST_ID])
    return rendered
