"""What a person should know about a result that is there all the same: a cut-off file, an unlikely language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED_RANGES = 20


@dataclass(frozen=True, slots=True)
class ProcessingWarning:
    """`code` is for programs (`truncated`, `likely-not-english`), `message` for people."""

    code: str
    message: str


def describe_chunks(numbers: Sequence[int]) -> str:
    """Numbers for people: `chunk 3 is`, `chunks 3, 7 to 9 and 12 are`. Of very many, the first."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1 and (number + 1 in numbers or number > ranges[-1][0] + 1):
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    if not ranges:
        return "no chunk is"
    said = [str(first) if first == last else f"{first} to {last}" for first, last in ranges[:_NAMED_RANGES]]
    if len(ranges) > _NAMED_RANGES:
        said.append("more")
    text = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"chunk {text} is" if len(numbers) == 1 else f"chunks {text} are"
