"""Calls by the client that openapi-python-client generates: what is right passes mypy, and what is wrong does not."""

from __future__ import annotations

from auricle_client import AuthenticatedClient
from auricle_client.api.audio_files import list_audio_files, request_upload_url
from auricle_client.models import AudioFilePage, AudioFileProblem, AudioFileStatus, UploadUrl, UploadUrlRequest


def upload_url(client: AuthenticatedClient, file_name: str) -> str:
    answer = request_upload_url.sync(client=client, body=UploadUrlRequest(file_name=file_name))
    if isinstance(answer, UploadUrl):
        return answer.upload_url
    assert isinstance(answer, AudioFileProblem)
    raise RuntimeError(answer.detail)


def with_status(client: AuthenticatedClient, status: AudioFileStatus) -> list[str]:
    answer = list_audio_files.sync(client=client, page_size=20)
    assert isinstance(answer, AudioFilePage)
    return [each.file_name for each in answer.items if each.status == status]


def wrong(client: AuthenticatedClient) -> None:
    request_upload_url.sync(client=client, body=UploadUrlRequest())  # type: ignore[call-arg]  # a field is missing
    list_audio_files.sync(client=client, page_size="20")  # type: ignore[arg-type]  # text is no number
