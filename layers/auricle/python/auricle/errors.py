"""Every error Auricle raises on purpose, on one page.

The message is part of the interface: it says what was wrong and what to do, and is shown to users as it is.
Class names are part of the workflow: `infra/processing.asl.json` retries and catches by them, and the
API maps them to HTTP once (`functions/api/problems.py`).
"""

from __future__ import annotations


class AuricleError(Exception):
    """The root. `message` is meant for users; nothing private goes into it."""

    code = "internal-error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


# --- what the uploader sent -------------------------------------------------------------------------------


class UnusableRecording(AuricleError):
    """The bytes cannot become a recording, however often they are processed again."""

    code = "unusable-recording"


class EmptyAudio(UnusableRecording):
    """Nothing was uploaded, or the file holds no audio at all."""

    code = "empty-audio"


class UnsupportedAudio(UnusableRecording):
    """Not audio, or a format Auricle does not read."""

    code = "unsupported-audio"


class DamagedAudio(UnusableRecording):
    """A known format that cannot be decoded: cut off in transfer, or broken."""

    code = "damaged-audio"


class TooLong(UnusableRecording):
    """Longer than the environment's bound on duration."""

    code = "too-long"


class TooLarge(UnusableRecording):
    """More bytes than the environment's bound on size."""

    code = "too-large"


# --- what a request asked -----------------------------------------------------------------------------------


class InvalidRequest(AuricleError):
    """A field of the request is wrong; `field` names it."""

    code = "invalid-request"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class RecordTooLarge(InvalidRequest):
    """With this, a record would be larger than the table keeps: 400 KB. Every field has a bound far below that."""

    code = "record-too-large"


class Unauthenticated(AuricleError):
    """No credential, or one that does not hold."""

    code = "unauthenticated"


class Forbidden(AuricleError):
    """A good credential without the scope or role the route needs."""

    code = "forbidden"


class NotYours(Forbidden):
    """A good credential with all the route needs, of somebody who may not do this to that record."""


class NotFound(AuricleError):
    """Unknown, or of another tenant: the two look the same."""

    code = "not-found"


class RecordingNotFound(NotFound):
    """No such recording in the credential's tenant."""

    code = "recording-not-found"


class ContactNotFound(NotFound):
    """No such contact in the credential's tenant."""

    code = "contact-not-found"


class DealNotFound(NotFound):
    """No such deal in the credential's tenant."""

    code = "deal-not-found"


class InteractionNotFound(NotFound):
    """No such email, SMS, meeting or note on the contact's timeline."""

    code = "interaction-not-found"


class CallNotFound(NotFound):
    """No such call in the credential's tenant."""

    code = "call-not-found"


class UserNotFound(NotFound):
    """No such user in the credential's tenant."""

    code = "user-not-found"


class TeamNotFound(NotFound):
    """No such team in the credential's tenant."""

    code = "team-not-found"


class ConnectionNotFound(NotFound):
    """No such integration connection in the credential's tenant."""

    code = "connection-not-found"


class TokenNotFound(NotFound):
    """No such API token in the credential's tenant."""

    code = "token-not-found"


class CommentNotFound(NotFound):
    """No such comment on the recording."""

    code = "comment-not-found"


class EventNotFound(NotFound):
    """No such mobile or media event of the recording."""

    code = "event-not-found"


class QuestionNotFound(NotFound):
    """No such debrief question in the credential's tenant."""

    code = "question-not-found"


class PreconditionFailed(AuricleError):
    """`If-Match` names another version than the present one: somebody changed it meanwhile."""

    code = "precondition-failed"


class TooManyRequests(AuricleError):
    """The credential has spent its requests of this minute; `retry_after_s` says when there are new ones."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConsentRequired(AuricleError):
    """The recording is held until consent is recorded."""

    code = "consent-required"


class Conflict(AuricleError):
    """The request does not fit the present state."""

    code = "conflict"


class NotReady(Conflict):
    """Asked for a result that is not there yet."""

    code = "not-ready"


class IllegalTransition(Conflict):
    """The recording's state does not allow this step (`recording.TRANSITIONS` is the table)."""

    code = "illegal-transition"


# --- what happened inside -----------------------------------------------------------------------------------


class SupersededRun(AuricleError):
    """A stage of a run that is no longer the recording's current one (deleted, or reprocessed)."""

    code = "superseded-run"


class TransientError(AuricleError):
    """Worth trying again: throttled, timed out, or briefly unreachable."""

    code = "transient"


class UnknownVersion(AuricleError):
    """Something stored that only a newer release can read; the message names its version and those known."""


class EngineFailed(AuricleError):
    """A speech engine could not do its work; the message names the engine."""

    code = "engine-failed"


class ModelUnavailable(EngineFailed):
    """Weights are neither present nor to be had; the message says where they were looked for."""

    code = "model-unavailable"


class WeightsChanged(ModelUnavailable):
    """Weights are not the bytes that are pinned or were recorded when they were first fetched."""

    code = "weights-changed"


class GpuUnavailable(EngineFailed):
    """A GPU was asked for and there is none."""

    code = "gpu-unavailable"
