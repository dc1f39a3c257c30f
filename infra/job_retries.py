"""Which attempts of a Batch job are followed by another: AWS reads it in the template, the local engine here.

Plain values without aws_cdk, as the local engine starts without Node. Batch takes the first rule whose pattern
matches; an attempt that none matches is tried again, so the last rule matches all.
https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auricle.processing.failures import TRY_AGAIN_EXIT_CODE

ATTEMPTS = 10
"""The most that Batch allows. A spot machine may be taken away again and again."""

ATTEMPT_SECONDS = 4 * 3600
"""How long one attempt may run. Four hours of speech, the longest recording, take minutes on any of the GPUs."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """What to do when all patterns that are given match. A pattern is the beginning where it ends in `*`."""

    action: Literal["RETRY", "EXIT"]
    status_reason: str | None = None
    """Of the attempt, as Batch words it."""
    reason: str | None = None
    """Of the container, as ECS words it; empty where the program just ended."""
    exit_code: str | None = None
    """Of the program, in decimal."""

    def matches(self, *, status_reason: str, reason: str, exit_code: int | None) -> bool:
        given = ((self.status_reason, status_reason), (self.reason, reason))
        return all(pattern is None or _matches(pattern, text) for pattern, text in given) and (
            self.exit_code is None or (exit_code is not None and _matches(self.exit_code, str(exit_code)))
        )


RULES = (
    # The machine was taken away or broke.
    RetryRule("RETRY", status_reason="Host EC2*"),
    # The container never ran: its image could not be pulled, or Docker did not answer. Another machine may do better.
    RetryRule("RETRY", status_reason="Task failed to start*"),
    RetryRule("RETRY", reason="CannotPullContainerError:*"),
    # The job says itself that another attempt may succeed.
    RetryRule("RETRY", exit_code=str(TRY_AGAIN_EXIT_CODE)),
    # Its own error stays the same, and so does what its memory is too small for.
    RetryRule("EXIT", reason="*"),
)


def is_tried_again(
    *, status_reason: str, reason: str, exit_code: int | None, rules: Sequence[RetryRule] = RULES
) -> bool:
    """Whether Batch starts another attempt after one that ended so, while there are attempts left."""
    first = next(
        (rule for rule in rules if rule.matches(status_reason=status_reason, reason=reason, exit_code=exit_code)),
        None,
    )
    return first is None or first.action == "RETRY"


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
