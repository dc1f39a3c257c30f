"""Recording and withdrawing consent, and what follows: processing goes on or stops, content is shown or hidden.

The record changes first, which hides and shows at once. Then the bucket follows: without consent it gives none of the
recording's objects to anybody, not even by a URL that was signed before. The sweep finishes what was cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from auricle.domain_events import DomainEvent
from auricle.errors import ConsentRequired, RecordingNotFound
from auricle.ports import RecordingStore
from auricle.recordings.changes import change_recording
from auricle.recordings.consent import (
    MAX_CHANGES,
    BasisKind,
    Consent,
    ConsentBasis,
    ConsentChange,
    ObjectAccess,
    Parties,
    Withdrawal,
    attested,
)
from auricle.recordings.events import consent_event
from auricle.recordings.intake import Intake, process
from auricle.recordings.object_access import settle_object_access
from auricle.recordings.recording import Recording, Status


def record_consent(
    org: str,
    recording_id: str,
    consent: Consent,
    *,
    by: str,
    note: str | None,
    grace: timedelta,
    intake: Intake,
    all_recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """Notes who recorded what, and does what follows from it; returns the recording as it then stands.

    Saying again what holds notes nothing, but finishes what was cut short. Neither a lock nor the trash is a
    hindrance: whoever withdraws consent need not find out who may unlock or restore. Recordings that are made of this
    one lose their consent with it, and get it back with it. `grace` is how long after its withdrawal consent can be
    recorded again.

    `intake.recordings` decides who may record consent to this one: where it is a viewer's, the viewer must see it.
    `all_recordings` is the tenant's own, for what follows: that reaches recordings the viewer may not see, too.

    Raises:
        RecordingNotFound: not the tenant's.
        PreconditionFailed: it is not at `if_revision`.
        TransientError: something did not answer; consent may be noted by then, and asking again is right.
    """

    def change(before: Recording) -> Recording:
        if before.consent is consent and note is None and _rests_on_itself(before):
            return before
        return _changed(before, consent, Parties(), by=by, note=note, grace=grace, now=now)

    tenants_own = replace(intake, recordings=all_recordings)
    return _recorded(org, recording_id, change, by, grace, tenants_own, now, if_revision, admitted=intake.recordings)


def with_attested_consent(
    before: Recording, parties: Parties, *, by: str, grace: timedelta, now: datetime
) -> Recording:
    """The recording with what those who were recorded said themselves; of whom nothing is said, what was stays.

    Whoever stores it announces `consent_event` with it where it differs, and calls `settle_consent` afterwards.
    """
    known = before.parties
    said = Parties(
        known.customer if parties.customer is None else parties.customer,
        known.rep if parties.rep is None else parties.rep,
    )
    consent = attested(before.consent, said)
    if said == known and consent is before.consent:
        return before
    return _changed(before, consent, said, by=by, note=None, grace=grace, now=now)


def consent_history(recording: Recording) -> tuple[ConsentChange, ...]:
    """Every change, oldest first, beginning with what held when the recording was made."""
    changes = recording.consent_changes
    said = changes[0].before if changes else recording.consent
    return (ConsentChange(said, said, recording.created_at, recording.user_id or ""), *changes)


def carry_to_made(source: Recording, *, by: str, grace: timedelta, intake: Intake, now: datetime) -> None:
    """The recordings made of this one lose their consent with it, and get back what they had with it.

    One that lost it for a reason of its own does not get it back here.

    `intake.recordings` are the tenant's own, not those that one viewer sees: consent is carried to recordings the
    viewer may not see.
    """
    for made_id in source.made_into:
        with suppress(RecordingNotFound):  # never made, or removed since
            made = intake.recordings.get(source.org, made_id, with_trashed=True)
            if source.consent is Consent.WITHDRAWN:
                if made.consent is not Consent.WITHDRAWN:
                    _withdraw_with(source, made, by, grace, intake, now)
            elif source.consent.allows_processing and _lost_with_a_source(made):
                _restore_with(source, made, by, grace, intake, now)


def _recorded(
    org: str,
    recording_id: str,
    change: Callable[[Recording], Recording],
    by: str,
    grace: timedelta,
    intake: Intake,
    now: datetime,
    if_revision: int | None,
    *,
    admitted: RecordingStore,
) -> Recording:
    """The recording after the change, and after all that follows from it.

    It is changed through `admitted`; what follows goes through `intake`, as in `carry_to_made`.
    """
    after = change_recording(
        org,
        recording_id,
        change,
        recordings=admitted,
        now=now,
        if_revision=if_revision,
        events=_announced,
        with_trashed=True,
        locked=True,
    )
    return settle_consent(after, by=by, grace=grace, intake=intake, now=now)


def settle_consent(after: Recording, *, by: str, grace: timedelta, intake: Intake, now: datetime) -> Recording:
    """Does what follows from the consent of a recording that is stored; returns it as it then stands.

    The bucket blocks or unblocks it, what is made of it follows, and its processing starts where it was held.
    Doing it again finishes what was cut short. `intake.recordings` are the tenant's own, as in `carry_to_made`.

    Raises:
        RecordingNotFound: it was removed meanwhile.
        TransientError: something did not answer.
    """
    after = settle_object_access(after, recordings=intake.recordings, objects=intake.objects, may_be_written=True)
    carry_to_made(after, by=by, grace=grace, intake=intake, now=now)
    if after.deleted_at is not None or not _was_held(after):
        return after
    return process(after.org, after.id, reprocess=False, intake=intake, now=now)


def _changed(
    before: Recording,
    consent: Consent,
    parties: Parties,
    *,
    by: str,
    note: str | None,
    grace: timedelta,
    now: datetime,
    with_recording: str | None = None,
) -> Recording:
    """The recording with that consent, and what its record says of it."""
    made = ConsentChange(consent=consent, before=before.consent, at=now, by=by, note=note)
    withdrawal, access = None, before.object_access
    if consent is Consent.WITHDRAWN:
        known = before.withdrawal
        withdrawal = (
            replace(known, with_recording=with_recording)
            if known is not None
            else Withdrawal(at=now, erase_at=now + grace, with_recording=with_recording)
        )
    if consent.allows_processing:
        if access.is_to_be_blocked:
            access = ObjectAccess.UNBLOCKING
    elif not access.is_to_be_blocked:
        access = ObjectAccess.BLOCKING
    after = replace(
        before,
        consent=consent,
        parties=parties,
        consent_basis=ConsentBasis(BasisKind.STATED, now),
        consent_changes=_kept((*before.consent_changes, made)),
        withdrawal=withdrawal,
        object_access=access,
    )
    return after.as_consented()


def _withdraw_with(
    source: Recording, made: Recording, by: str, grace: timedelta, intake: Intake, now: datetime
) -> None:
    note = f"Consent to recording {source.id}, of which this one is made, was withdrawn."

    def change(before: Recording) -> Recording:
        if before.consent is Consent.WITHDRAWN:
            return before
        return _changed(
            before,
            Consent.WITHDRAWN,
            before.parties,
            by=by,
            note=note,
            grace=grace,
            now=now,
            with_recording=source.id,
        )

    _recorded(source.org, made.id, change, by, grace, intake, now, None, admitted=intake.recordings)


def _restore_with(source: Recording, made: Recording, by: str, grace: timedelta, intake: Intake, now: datetime) -> None:
    sources = intake.recordings.find(
        made.org, [piece.recording_id for piece in made.made_of], with_trashed=True, with_removed=True
    )
    if any(map(_is_without_consent, sources.values())):
        return
    note = f"Consent to recording {source.id}, of which this one is made, was recorded again."

    def change(before: Recording) -> Recording:
        if not _lost_with_a_source(before):
            return before
        had = before.consent_changes[-1].before
        return _changed(before, had, before.parties, by=by, note=note, grace=grace, now=now)

    _recorded(source.org, made.id, change, by, grace, intake, now, None, admitted=intake.recordings)


def _lost_with_a_source(made: Recording) -> bool:
    """Whether it lost its consent with a recording it is made of. Of several, only the first to lose it is noted."""
    return made.withdrawal is not None and made.withdrawal.with_recording is not None


def _announced(after: Recording) -> Sequence[DomainEvent]:
    return [consent_event(after)]


def _is_without_consent(source: Recording) -> bool:
    """Whether what is made of this one may not have consent either.

    One that was erased because consent was withdrawn still counts; nobody refused one that was merely removed.
    """
    if source.status is Status.REMOVED:
        return source.consent is Consent.WITHDRAWN
    return not source.consent.allows_processing


def _rests_on_itself(recording: Recording) -> bool:
    """Whether somebody said of this recording what holds: not the policy, nor somebody of what it is made of."""
    if recording.consent is Consent.WITHDRAWN:
        return recording.withdrawal is not None and recording.withdrawal.with_recording is None
    return recording.consent_basis is None or recording.consent_basis.kind is BasisKind.STATED


def _was_held(recording: Recording) -> bool:
    """Whether it waits for nothing but the consent it now has: held when it arrived, or stopped on its way."""
    stopped = recording.failure is not None and recording.failure.code == ConsentRequired.code
    return recording.consent.allows_processing and (
        recording.status is Status.UPLOADED or (recording.status is Status.ERROR and stopped)
    )


def _kept(changes: tuple[ConsentChange, ...]) -> tuple[ConsentChange, ...]:
    return changes if len(changes) <= MAX_CHANGES else (changes[0], *changes[-(MAX_CHANGES - 1) :])
