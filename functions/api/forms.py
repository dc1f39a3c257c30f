"""Forms with files: multipart/form-data, read by Starlette once the caller is known.

FastAPI reads a form that it has parameters for before it solves dependencies. A route therefore depends on a `Form`,
after its context:

    async def upload_recording(
        context: FounderOnce, form: Annotated[UploadForm, Depends(Form(UploadForm))]
    ) -> UploadedRecording: ...
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from fastapi import Request, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ValidationError, WithJsonSchema
from starlette import datastructures
from starlette.exceptions import HTTPException

from api.problems import FieldProblem, HttpProblem, Problem, invalid_request

if TYPE_CHECKING:
    from starlette.datastructures import FormData

MEDIA_TYPE = "multipart/form-data"
MAX_FIELDS = 40
"""How many fields a form may have, and how many files."""
MAX_FIELD_BYTES = 64 * 1024

_Model = TypeVar("_Model", bound=BaseModel)


def _check_file(part: Any) -> Any:
    if not isinstance(part, datastructures.UploadFile):
        raise ValueError("must be a file: a part with a file name")  # noqa: TRY004 - pydantic takes ValueError
    return part


File = Annotated[
    UploadFile,
    BeforeValidator(_check_file),
    WithJsonSchema({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}),
]
"""A form's file."""


class Form(Generic[_Model]):
    """The dependency that gives a form as the model. A field that is left empty was not given, as browsers send it."""

    def __init__(self, model: type[_Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> _Model:
        """Raises HttpProblem, RequestValidationError: it cannot be read, or not as the model."""
        parts = (await read_form(request)).multi_items()
        twice = sorted(name for name, times in Counter(name for name, _ in parts).items() if times > 1)
        if twice:
            raise invalid_request(FieldProblem(name, "is given more than once") for name in twice)
        given = {name: part for name, part in parts if not isinstance(part, str) or part.strip()}
        try:
            return self.model.model_validate(given)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from None


def is_form(request: Request) -> bool:
    """Whether the body is declared to be a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def read_form(request: Request) -> FormData:
    """The request's form, read once; `ApiRoute` closes its files.

    Raises:
        HttpProblem: 415 for what is no form, 400 for one that is broken, was not sent whole, or is not in UTF-8.
    """
    if not is_form(request):
        raise HttpProblem(Problem(415, "unsupported-media-type", f"Send the body as {MEDIA_TYPE}, with its boundary."))
    content = await Request.body(request)  # and not that of `JsonRequest`, which reads JSON
    boundary = _boundary(request.headers["content-type"])
    # Starlette takes a form without its last boundary for one that ends there, and leaves its files open.
    if not content.startswith(boundary + b"--") and b"\r\n" + boundary + b"--" not in content:
        raise _broken("The form breaks off before its last boundary: it was not sent whole.")
    try:
        form = await request.form(max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    except HTTPException as error:
        raise _broken(f"The form cannot be read: {error.detail}") from None
    # It takes text that is not in UTF-8 for Latin-1.
    for _, part in form.multi_items():
        if isinstance(part, str):
            is_utf8 = part.isascii() or b"\r\n\r\n" + part.encode() + b"\r\n" + boundary in content
        else:
            is_utf8 = _is_utf8(part.headers["content-disposition"].encode("latin-1"))
        if not is_utf8:
            raise _broken("The form is not in UTF-8.")
    return form


def _boundary(content_type: str) -> bytes:
    """What stands between the parts."""
    from python_multipart.multipart import parse_options_header

    options = parse_options_header(content_type)[1]
    if options.get(b"charset", b"utf-8").lower() not in {b"utf-8", b"utf8"}:  # some decoders of Python end the request
        raise _broken("The form is not in UTF-8.")
    boundary = options.get(b"boundary")
    if not boundary:
        raise _broken(f"The content type names no boundary: send the form as {MEDIA_TYPE}.")
    return b"--" + boundary


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _broken(detail: str) -> HttpProblem:
    return HttpProblem(Problem(400, "broken-form", detail))
