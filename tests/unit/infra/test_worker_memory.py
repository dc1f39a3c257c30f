"""A worker that takes more memory than its function has dies by a signal, as on AWS."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.local.memory import EXIT_ABOVE_MEMORY, MEMORY_MB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")


def run(code: str, *, memory_mb: str = "200") -> tuple[int, str]:
    """The exit code and the standard error of a worker with so much memory."""
    done = subprocess.run(
        [sys.executable, "-c", EXIT_ABOVE_MEMORY + code],
        env={MEMORY_MB: memory_mb},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_within_its_memory_it_lives() -> None:
    assert run("used = b'x' * (100 << 20); import time; time.sleep(0.5)") == (0, "")


def test_above_it_it_is_killed_and_says_so() -> None:
    code, said = run("used = b'x' * (250 << 20); import time; time.sleep(30)")
    assert code == -9
    assert said.endswith("MB of 200 MB: killed, as AWS does\n")


def test_a_moment_above_it_is_enough() -> None:
    assert run("used = b'x' * (250 << 20); del used; import time; time.sleep(30)")[0] == -9


def test_what_is_only_reserved_counts_for_nothing() -> None:
    reserve = "import mmap; held = mmap.mmap(-1, 4 << 30, prot=mmap.PROT_READ); import time; time.sleep(0.5)"
    assert run(reserve) == (0, "")


def test_twice_its_memory_is_refused_at_once() -> None:
    assert run("try:\n    bytearray(500 << 20)\nexcept MemoryError:\n    print('refused')")[0] == 0
    assert run("bytearray(500 << 20)")[1].endswith("MemoryError\n")


def test_without_a_function_nothing_is_bounded() -> None:
    assert run("used = b'x' * (250 << 20); import time; time.sleep(0.3)", memory_mb="") == (0, "")
