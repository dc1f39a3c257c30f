"""Sentences that tell a recording's owner why it was not processed, where more than one module tells it."""

from __future__ import annotations

RETRY_HINT = "Ask for processing again to retry; what succeeded is kept."
WITHDRAWN_WHILE_PROCESSING = (
    "Consent was withdrawn while the recording was being processed: it is kept and not processed further. Record "
    "consent, and processing goes on."
)
