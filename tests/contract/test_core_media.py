"""Images and multimedia events on the core API: addresses of https alone, files by presigned URLs."""

from __future__ import annotations

from typing import Any

import pytest

from api.core.media import models as documented
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.gateway import Gateway
from tests.fakes import Fakes

IMAGES = "/v1/core/recordings/rec_1/images"
MEDIA = "/v1/core/recordings/rec_1/multimedia-events"
PHOTO = "https://img.example.com/some/path/photo.jpq"
IMAGE: dict[str, Any] = {
    "rawImages": [{"type": "web", "uri": PHOTO, "url": PHOTO}],
    "linkedImage": "https://app.example.com/assets/Image/2176982453",
    "timestamp": 1640995200000,
}
EVENT: dict[str, Any] = {"mimeType": "image/jpeg", "timestampInMilliseconds": 1640995200000}


@pytest.fixture(autouse=True)
def recording(archive: Archive) -> None:
    archive.complete()


def test_an_image_is_added_listed_shown_and_removed(api: Gateway) -> None:
    answer = api.post(IMAGES, IMAGE)
    image = shown(documented.ImageResponse, answer, 201)["data"]
    assert image == {"id": image["id"], **IMAGE}
    place = f"{IMAGES}/{image['id']}"
    assert answer.headers["location"] == place
    bare = shown(documented.ImageResponse, api.post(IMAGES, {"rawImages": IMAGE["rawImages"]}), 201)["data"]
    assert (bare["linkedImage"], bare["timestamp"]) == (None, None)
    page = shown(documented.ImagePage, api.get(IMAGES))
    assert sorted(one["id"] for one in page["data"]) == sorted([image["id"], bare["id"]])
    assert shown(documented.ImageResponse, api.get(place))["data"] == image
    found = api.get("/v1/core/recordings/rec_1", showPhotos="true").json["data"]["images"]
    assert IMAGE in found
    assert len(found) == 2
    assert shown(documented.ImageResponse, api.delete(place))["data"] == image
    for method in ("GET", "DELETE"):
        refused(send(api, method, place), 404, "event-not-found")
    assert [one["id"] for one in api.get(IMAGES).json["data"]] == [bare["id"]]


def test_a_file_is_put_where_the_event_says_and_goes_with_it(api: Gateway, services: Fakes) -> None:
    answer = api.post(MEDIA, EVENT)
    event = shown(documented.MultimediaUploadResponse, answer, 201)["data"]
    assert (event["storageUrl"], event["expiresAt"]) == (f"rec_1/{event['id']}", "2026-03-30T12:15:00.123Z")
    key = f"orgs/acme/recordings/rec_1/media/{event['id']}"
    assert key in event["uploadUrl"]
    assert "image%2Fjpeg" in event["uploadUrl"]
    place = f"{MEDIA}/{event['id']}"
    assert answer.headers["location"] == place
    assert shown(documented.MultimediaDownloadResponse, api.get(place))["data"]["downloadUrl"] is None
    services.objects.write(key, b"jpeg", content_type="image/jpeg")
    read = shown(documented.MultimediaDownloadResponse, api.get(place))["data"]
    assert key in read["downloadUrl"]
    kept = {"id": event["id"], "storageUrl": event["storageUrl"], **EVENT}
    assert shown(documented.MultimediaEventPage, api.get(MEDIA))["data"] == [kept]
    found = api.get("/v1/core/recordings/rec_1", showMultimediaEvents="true").json["data"]["multimediaEvents"]
    assert found == [{"storageUrl": event["storageUrl"], **EVENT}]
    assert shown(documented.MultimediaEventResponse, api.delete(place))["data"] == kept
    assert services.objects.first_version(key) is None
    for method in ("GET", "DELETE"):
        refused(send(api, method, place), 404, "event-not-found")
    assert api.get(MEDIA).json["data"] == []


@pytest.mark.parametrize(("path", "body"), [(IMAGES, IMAGE), (MEDIA, EVENT)], ids=["images", "multimedia"])
def test_pages_go_on_by_cursor(api: Gateway, archive: Archive, path: str, body: Any) -> None:
    made = {api.post(path, body).json["data"]["id"] for _ in range(5)}
    found: list[str] = []
    query = "pageSize=2"
    while True:
        page = api.ask("GET", path, query=query).json
        assert page["pageSize"] == 2
        found += [one["id"] for one in page["data"]]
        if page["cursor"] is None:
            break
        query = f"pageSize=2&cursor={page['cursor']}"
    assert len(found) == 5
    assert set(found) == made
    archive.complete("rec_2")
    first = api.ask("GET", path, query="pageSize=2").json["cursor"]
    answer = api.ask("GET", path.replace("rec_1", "rec_2"), query=f"cursor={first}")
    refused(answer, 422, "invalid-request", "cursor")
    for query in ("pageSize=0", "pageSize=101", "x=1"):
        refused(api.ask("GET", path, query=query), 422, "invalid-request", query.partition("=")[0])


@pytest.mark.parametrize(
    "url",
    [
        "http://img.example.com/a.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://",
        "https://user:password@example.com/a",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/<script>",
        "//example.com/a",
        "https://example.com/" + "a" * 2048,
        7,
    ],
)
def test_addresses_are_https_alone(api: Gateway, url: Any) -> None:
    raw = {"type": "web", "uri": PHOTO, "url": PHOTO}
    refused(api.post(IMAGES, {**IMAGE, "linkedImage": url}), 422, "invalid-request", "linkedImage")
    for name in ("uri", "url"):
        body = {"rawImages": [{**raw, name: url}]}
        refused(api.post(IMAGES, body), 422, "invalid-request", f"rawImages.0.{name}")
    assert api.get(IMAGES).json["data"] == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"rawImages": []}, "rawImages"),
        ({"rawImages": None}, "rawImages"),
        ({"rawImages": IMAGE["rawImages"] * 21}, "rawImages"),
        ({"rawImages": [{"type": "a b", "uri": PHOTO, "url": PHOTO}]}, "rawImages.0.type"),
        ({"rawImages": [{"type": "web", "url": PHOTO}]}, "rawImages.0.uri"),
        ({"timestamp": -1}, "timestamp"),
        ({"timestamp": 10**15}, "timestamp"),
        ({"timestamp": "now"}, "timestamp"),
        ({"id": "image_1"}, "id"),
    ],
    ids=str,
)
def test_every_wrong_field_of_an_image_is_named(api: Gateway, change: Any, wrong: str) -> None:
    refused(api.post(IMAGES, {**IMAGE, **change}), 422, "invalid-request", wrong)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"mimeType": "text/html"}, "mimeType"),
        ({"mimeType": "image"}, "mimeType"),
        ({"mimeType": "image/svg+xml\r\nx: y"}, "mimeType"),
        ({"mimeType": None}, "mimeType"),
        ({"timestampInMilliseconds": None}, "timestampInMilliseconds"),
        ({"timestampInMilliseconds": 1.5}, "timestampInMilliseconds"),
        ({"storageUrl": "a/b"}, "storageUrl"),
    ],
    ids=str,
)
def test_every_wrong_field_of_a_multimedia_event_is_named(api: Gateway, change: Any, wrong: str) -> None:
    refused(api.post(MEDIA, {**EVENT, **change}), 422, "invalid-request", wrong)


@pytest.mark.parametrize(("path", "body"), [(IMAGES, IMAGE), (MEDIA, EVENT)], ids=["images", "multimedia"])
def test_unknown_binned_and_foreign_ids_look_the_same(api: Gateway, archive: Archive, path: str, body: Any) -> None:
    child = api.post(path, body).json["data"]["id"]
    archive.put("rec_2", deleted_at=NOW)
    archive.put("rec_3", org="globex")
    archive.complete("rec_4")
    for recording_id in ("rec_none", "rec_2", "rec_3"):
        there = path.replace("rec_1", recording_id)
        for method, place in (
            ("POST", there),
            ("GET", there),
            ("GET", f"{there}/{child}"),
            ("DELETE", f"{there}/{child}"),
        ):
            found = refused(send(api, method, place, body if method == "POST" else None), 404, "recording-not-found")
            assert found["error"] == f"There is no recording {recording_id}."
    for place in (f"{path.replace('rec_1', 'rec_4')}/{child}", f"{path}/none", f"{path}/a%20b"):
        for method in ("GET", "DELETE"):
            refused(send(api, method, place), 404, "event-not-found")
    stranger = api.identity.token(org="globex")
    refused(api.get(f"{path}/{child}", token=stranger), 404, "recording-not-found")
    assert api.get(f"{path}/{child}").status == 200


@pytest.mark.parametrize(("path", "body"), [(IMAGES, IMAGE), (MEDIA, EVENT)], ids=["images", "multimedia"])
def test_adding_and_reading_take_their_scopes(api: Gateway, path: str, body: Any) -> None:
    child = f"{path}/{api.post(path, body).json['data']['id']}"
    reader = api.identity.token(scope="recordings:read")
    for method, place in (("POST", path), ("DELETE", child)):
        answer = send(api, method, place, body if method == "POST" else None, token=reader)
        refused(answer, 403, "insufficient-scope")
    writer = api.identity.token(scope="recordings:write")
    for place in (path, child):
        refused(api.get(place, token=writer), 403, "insufficient-scope")
