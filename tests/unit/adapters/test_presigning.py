"""Presigned URLs as AWS takes them: signing asks nobody, so it is looked at without the engine."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from auricle.adapters import aws
from auricle.adapters.s3 import S3Objects

KEY = "orgs/acme/recordings/rec_1/source"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "recordings.s3.eu-central-1.amazonaws.com"),
        ("us-east-1", "recordings.s3.amazonaws.com"),  # the same place, and the host it has always had
    ],
)
def test_urls_name_the_regions_own_host(monkeypatch: pytest.MonkeyPatch, region: str, host: str) -> None:
    """The global host sends uploads to a young bucket on to its region, where their signature does not hold."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    bucket = S3Objects("recordings")
    for url in (
        bucket.upload_url(KEY, content_type=None, seconds=60),
        bucket.download_url(KEY, file_name="a.wav", content_type="audio/wav", seconds=60, version="v1"),
    ):
        assert urlsplit(url).hostname == host
        assert parse_qs(urlsplit(url).query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_an_address_keeps_the_bucket_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    url = S3Objects("recordings").upload_url(KEY, content_type=None, seconds=60)
    assert url.startswith(f"http://127.0.0.1:4566/recordings/{KEY}?")


@pytest.mark.parametrize(("content_type", "signed"), [(None, "host"), ("audio/wav", "content-type;host")])
def test_only_what_was_declared_must_be_sent_as_declared(
    monkeypatch: pytest.MonkeyPatch, content_type: str | None, signed: str
) -> None:
    """Headers beyond these, such as x-ms-blob-type, are the client's own affair; no checksum is asked of it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    query = parse_qs(urlsplit(S3Objects("b").upload_url(KEY, content_type=content_type, seconds=60)).query)
    assert query["X-Amz-SignedHeaders"] == [signed]
    assert query["X-Amz-Expires"] == ["60"]
    assert not [name for name in query if "checksum" in name.lower()]


def test_length_and_checksum_are_signed_where_they_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    checksum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    url = S3Objects("b").upload_url(KEY, content_type=None, seconds=60, size_bytes=7, checksum_sha256=checksum)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;host;x-amz-checksum-sha256"]
    assert not [name for name in query if "checksum" in name.lower()]


def test_a_declared_type_and_size_are_part_of_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    url = S3Objects("recordings").upload_url(KEY, content_type="audio/mpeg", seconds=60, size_bytes=1234)
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]


@pytest.mark.parametrize(("version", "signed"), [("v1", ["v1"]), (None, None)])
def test_a_download_is_of_the_version_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, version: str | None, signed: list[str] | None
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    url = S3Objects("b").download_url(KEY, file_name="a.wav", content_type="audio/wav", seconds=60, version=version)
    assert parse_qs(urlsplit(url).query).get("versionId") == signed
