from __future__ import annotations

import pytest

from auricle.recordings.media_types import download_media_type


@pytest.mark.parametrize(
    "declared", ["audio/wav", "audio/mp4", "audio/x-ms-wma", "video/webm", "image/jpeg", "image/heic", "audio/vnd.wave"]
)
def test_sound_and_pictures_are_called_what_they_are(declared: str) -> None:
    assert download_media_type(declared, "call") == declared
    assert download_media_type(f" {declared.upper()}; codecs=opus", "page.html") == declared


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/pdf",
        "application/javascript",
        "multipart/x-mixed-replace",
        "audio/",
        "audio/wav, text/html",
        "audio/wav\r\nx: y",
        "video",
    ],
)
def test_everything_else_is_bytes(declared: str | None) -> None:
    assert download_media_type(declared, "call") == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "served"),
    [("call.wav", "audio/wav"), ("a.b.MP3", "audio/mpeg"), ("page.html", None), ("a.svg", None), ("wav", None)],
)
@pytest.mark.parametrize("declared", [None, "text/html", "application/octet-stream"])
def test_where_nothing_of_use_was_declared_the_name_tells(declared: str | None, name: str, served: str | None) -> None:
    assert download_media_type(declared, name) == (served or "application/octet-stream")


@pytest.mark.parametrize(
    ("suffix", "served"),
    [
        (".aac", "audio/aac"),
        (".amr", "audio/amr"),
        (".flac", "audio/flac"),
        (".m4a", "audio/mp4"),
        (".mp3", "audio/mpeg"),
        (".mp4", "video/mp4"),
        (".oga", "audio/ogg"),
        (".ogg", "audio/ogg"),
        (".opus", "audio/ogg"),
        (".wav", "audio/wav"),
        (".webm", "video/webm"),
        (".html", "application/octet-stream"),
    ],
)
def test_each_suffix_of_a_recording_has_its_type(suffix: str, served: str) -> None:
    assert download_media_type(None, f"call{suffix}") == served
    assert download_media_type("image/png", f"call{suffix}") == "image/png", "what is declared comes first"
