"""Geohashes, the way many databases name places: the longer the text, the smaller the square."""

from __future__ import annotations

_DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
_BITS = 25
"""Of latitude and longitude each: ten digits of five bits, which is a metre."""


def geohash(latitude: float, longitude: float) -> str:
    """The place as a geohash: the bits of longitude and latitude by turns, five to a digit."""
    steps = 1 << _BITS
    east = min(int((longitude + 180) / 360 * steps), steps - 1)
    north = min(int((latitude + 90) / 180 * steps), steps - 1)
    bits = 0
    for place in range(_BITS - 1, -1, -1):
        bits = bits << 2 | (east >> place & 1) << 1 | north >> place & 1
    return "".join(_DIGITS[bits >> shift & 31] for shift in range(2 * _BITS - 5, -1, -5))
