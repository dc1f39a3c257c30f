"""Documents of the table, written and read."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from auricle.adapters.dynamodb import documents


@dataclass
class Note:
    text: str


def test_threads_write_and_read_at_the_same_time() -> None:
    """In a process of its own: a zstd context that two threads share ends the process."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def _main() -> None:
    sys.setswitchinterval(1e-6)  # threads take turns a thousand times as often as usual
    letters = [chr(code) for code in range(32, 127)]
    notes = [Note("".join(Random(seed).choices(letters, k=3_000))) for seed in range(50)]  # nothing repeats: long work

    def comes_back(number: int) -> bool:
        note = notes[number % len(notes)]
        return documents.unpack(Note, documents.pack(note)) == note

    with ThreadPoolExecutor(16) as pool:
        came_back = sum(pool.map(comes_back, range(5_000)))
    if came_back != 5_000:
        sys.exit(f"{came_back} of 5000 came back as they were written")


if __name__ == "__main__":
    _main()
