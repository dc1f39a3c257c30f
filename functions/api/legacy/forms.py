"""Forms with files: multipart/form-data, read as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.legacy.faults import Fault, Refused

if TYPE_CHECKING:
    from starlette.requests import Request

    from auricle.adapters.multipart import Form


async def read_form(request: Request, *, wanted_bytes: int) -> Form:
    """The request's form; of each file so many bytes at most, of a larger one its size alone.

    Raises:
        Refused: 415 for what is no form, 400 for one that is broken, cut off, or not in UTF-8.
    """
    from auricle.adapters.multipart import MEDIA_TYPE, BrokenForm, FormReader

    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Refused(Fault(415, "unsupported-media-type", f"Send the body as {MEDIA_TYPE}, with its boundary."))
    try:
        reader = FormReader(content_type, wanted_bytes=wanted_bytes)
        async for chunk in request.stream():
            reader.feed(chunk)
        return reader.finish()
    except BrokenForm as error:
        raise Refused(Fault(400, "broken-form", str(error))) from None
