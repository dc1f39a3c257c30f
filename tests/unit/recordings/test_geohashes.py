"""Places as geohashes."""

from __future__ import annotations

import pytest

from auricle.recordings.geohashes import geohash


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (57.64911, 10.40744, "u4pruydqqv"),
        (42.605, -5.603, "ezs42s000e"),
        (0.0, 0.0, "s000000000"),
        (-90.0, -180.0, "0000000000"),
        (90.0, 180.0, "zzzzzzzzzz"),
        (89.9999999, 179.9999999, "zzzzzzzzzz"),
        (-0.0000001, -0.0000001, "7zzzzzzzzz"),
    ],
)
def test_places_have_the_hashes_others_make(latitude: float, longitude: float, expected: str) -> None:
    assert geohash(latitude, longitude) == expected
