"""A bound on what a piece of work may allocate, so that it fails by itself before its machine kills it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWN_PAGES = Path("/proc/self/statm")
_DATA = 5
"""Which of its numbers counts data and stack, that is what `RLIMIT_DATA` bounds."""


@contextmanager
def allocations_bounded(max_bytes: int) -> Iterator[None]:
    """The process may allocate so much beyond what it has now; what asks for more gets a MemoryError.

    Libraries that ask for what a file's header promises fail at once, and not when they have used it. Linux only:
    elsewhere nothing is bounded.
    """
    if not _OWN_PAGES.exists():
        yield
        return
    present_bytes = int(_OWN_PAGES.read_text().split()[_DATA]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounded = present_bytes + max_bytes
    if hard != resource.RLIM_INFINITY:
        bounded = min(bounded, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bounded, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
