"""Recordings: get with every field, list, fetch, start, change, trash, restore and remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Body, Query, Response, Security
from pydantic import StringConstraints

from api.core.crm_links.models import CrmCustomer, CrmOpportunity
from api.core.crm_objects import link_to_first
from api.core.errors import NO_RECORDING
from api.core.recordings.models import (
    MAX_IDS,
    ChangedRecordingResponse,
    ChangeRecordingByIdRequest,
    ChangeRecordingRequest,
    FetchedRecordings,
    FetchRecordingsRequest,
    Flag,
    ListedRecording,
    Names,
    RecordingChanges,
    RecordingPage,
    RecordingResponse,
    StartRecordingRequest,
)
from api.core.recordings.recording import CoreRecording, Outcome, SparseCoreRecording
from api.core.shared import PREFIX, Reader, Writer
from api.dependencies import Cursor, IfMatch, RecordingId, RequestContext, page_size, tag_revision
from api.documentation import PossibleError, errors
from api.idempotency import Idempotent
from api.models import Moment, QueryInteger
from api.paging import Batch, Cursors, fill_page, fit_page
from api.routing import api_router
from auricle.errors import InvalidRequest, RecordingNotFound
from auricle.identifiers import is_id
from auricle.ports import Position, RecordingFilter
from auricle.recordings.recording import Recording, RecordingDetail, Result

if TYPE_CHECKING:
    from auricle.recordings.updates import AttestedConsent
    from auricle.records import RecordKind

router = api_router(f"{PREFIX}/recordings", tags=["recordings"])

ShowingWriterOnce = Annotated[RequestContext, Security(Idempotent(shows_content=True), scopes=["recordings:write"])]

NOT_YOURS = PossibleError(403, "forbidden", "`isPrivate` and `discoverable` are the owner's and administrators'.")
PROTECTED = PossibleError(409, "conflict", "The recording is locked, or protected from deletion.")
CHANGE_ERRORS = errors(
    NOT_YOURS,
    NO_RECORDING,
    PossibleError(409, "conflict", "The recording is locked, or takes no chunks (any more)."),
    PossibleError(409, "illegal-transition", "The status is not a client's to set."),
)


@router.get(
    "/{recording_id}",
    response_model_exclude_unset=True,
    responses=errors(NO_RECORDING),
    summary="Get a recording",
)
async def get_core_recording(
    recording_id: RecordingId,
    context: Reader,
    response: Response,
    photos: Annotated[Flag, Query(alias="showPhotos", description="Show `images`.")] = "false",
    crm_opportunities: Annotated[
        Flag, Query(alias="showCrmOpportunities", description="Show `crmOpportunities`.")
    ] = "false",
    media_opportunities: Annotated[
        Flag, Query(alias="showMediaOpportunities", description="Show `mediaOpportunities`.")
    ] = "false",
    _evaluation_score: Annotated[
        Flag, Query(alias="showEvaluationScore", description="Show `evaluation`, which nothing sets yet.")
    ] = "false",
    multimedia_events: Annotated[
        Flag, Query(alias="showMultimediaEvents", description="Show `multimediaEvents`.")
    ] = "false",
    mobile_events: Annotated[Flag, Query(alias="showMobileEvents", description="Show `mobileEvents`.")] = "false",
    _followups: Annotated[
        Flag, Query(alias="showFollowups", description="Show `followups`, which nothing sets yet.")
    ] = "false",
    crm_customer: Annotated[Flag, Query(alias="showCrmCustomers", description="Show `crmCustomer`.")] = "false",
    summary: Annotated[Flag, Query(alias="showSummary", description="Show `summary`.")] = "false",
    entity_extractions: Annotated[
        Flag, Query(alias="showEntityExtractions", description="Show `entityExtractions`, which nothing sets yet.")
    ] = "false",
) -> RecordingResponse:
    """Every field, always; null is what nothing has set (yet), and only here: every other answer leaves such fields
    out. What a `show…` flag does not ask for is null. A recording in the trash is shown with `deleted: true`."""
    stores = context.stores
    kinds: dict[str, RecordKind[Any]] = {}
    if "true" in (photos, multimedia_events, mobile_events):
        kinds = _kinds(photos=photos, multimedia_events=multimedia_events, mobile_events=mobile_events)
    detail = stores.recordings.detail(context.org, recording_id, children=[*kinds.values()], with_trashed=True)
    recording = detail.recording
    shown: dict[str, Any] = _children_shown(kinds, detail) if kinds else {}
    if crm_customer == "true":
        (shown["crm_customer"],) = _customers([recording], context)
    if crm_opportunities == "true":
        from auricle.crm.crm_link import opportunities_of

        found = opportunities_of(context.org, recording, stores)
        shown["crm_opportunities"] = [CrmOpportunity.of(deal, connection) for deal, connection in found]
    if media_opportunities == "true":
        shown["media_opportunities"] = []
    if summary == "true":
        shown["summary"] = " … ".join(highlight.text for highlight in recording.highlights) or None
    if entity_extractions == "true":
        shown["entity_extractions"] = None
    tag_revision(response, recording.revision)
    data = CoreRecording.of(stores.as_seen(detail, context.caller.reader), **shown)
    return RecordingResponse(data=data, cursor=None, page_size=1, limit=1)


@router.get("", response_model_exclude_unset=True, summary="List recordings")
async def list_core_recordings(
    context: Reader,
    limit: Annotated[QueryInteger | None, page_size("limit")] = None,
    page_size: Annotated[QueryInteger | None, page_size("pageSize")] = None,
    conversation_type: Annotated[
        Names | None, Query(alias="conversationType", description="Of one of these types, separated by commas.")
    ] = None,
    result: Annotated[Outcome | None, Query(description="With this result.")] = None,
    organization_id: Annotated[
        Annotated[str, StringConstraints(max_length=255)] | None,
        Query(alias="organizationId", description="Of this organization: there is none of any but the credential's."),
    ] = None,
    team_id: Annotated[
        Names | None,
        Query(alias="teamId", description="Of members of one of these teams, their ids separated by commas."),
    ] = None,
    created_after: Annotated[Moment | None, Query(alias="dateCreated:gt", description="Recorded later.")] = None,
    created_before: Annotated[Moment | None, Query(alias="dateCreated:lt", description="Recorded earlier.")] = None,
    _order_by: Annotated[
        Literal["dateCreated"], Query(alias="orderBy", description="What orders them.")
    ] = "dateCreated",
    order_direction: Annotated[
        Literal["asc", "desc"], Query(alias="orderDirection", description="Oldest first, or newest first.")
    ] = "desc",
    cursor: Cursor = None,
    crm_link_status: Annotated[
        Literal["unlinked"] | None, Query(alias="crmLinkStatus", description="Not linked to a record of the CRM.")
    ] = None,
    show_crm_customer: Annotated[
        Flag, Query(alias="showCrmCustomer", description="Show `crmCustomer` of each.")
    ] = "false",
    show_crm_customers: Annotated[
        Flag, Query(alias="showCrmCustomers", description="The same as `showCrmCustomer`.")
    ] = "false",
    _show_evaluation_score: Annotated[
        Flag, Query(alias="showEvaluationScore", description="Changes nothing yet: there are no scores.")
    ] = "false",
    _show_followups: Annotated[
        Flag, Query(alias="showFollowups", description="Changes nothing yet: there are no follow-ups.")
    ] = "false",
) -> RecordingPage:
    """Newest first, or oldest first with `orderDirection=asc`. Filters combine. Both bounds of `dateCreated` are left
    out of what they bound. Go on with `cursor`, filters unchanged. Left out is what is private, or not discoverable,
    and somebody else's. `limit` and `pageSize` are the same: 100 where neither is given."""
    if limit is not None and page_size is not None and limit != page_size:
        raise InvalidRequest("limit and pageSize say the same: give one of them", field="pageSize")
    size = limit or page_size or MAX_IDS
    wanted = RecordingFilter(
        conversation_types=_names(conversation_type, field="conversationType"),
        result=result,
        team_ids=_names(team_id, field="teamId"),
        created_from=_shifted(created_after, timedelta(milliseconds=1)),
        created_to=_shifted(created_before, timedelta(microseconds=-1)),
        linked_to_crm=False if crm_link_status else None,
    )
    if created_after and created_before and created_after > created_before:
        raise InvalidRequest("dateCreated:gt must not be later than dateCreated:lt", field="dateCreated:gt")
    if organization_id not in (None, context.org):
        return RecordingPage(data=[], cursor=None, page_size=size, limit=size)
    found, following = _page(context, wanted, size, cursor, oldest_first=order_direction == "asc")
    if "true" in (show_crm_customer, show_crm_customers):
        customers = _customers(found, context)
        items = [ListedRecording.of(each, customer) for each, customer in zip(found, customers, strict=True)]
    else:
        items = [ListedRecording.of(each) for each in found]
    return RecordingPage(data=items, cursor=following, page_size=size, limit=size)


@router.post("", response_model_exclude_unset=True, summary="Fetch recordings by id")
async def fetch_core_recordings(
    body: Annotated[FetchRecordingsRequest, Body(default_factory=FetchRecordingsRequest)], context: Reader
) -> FetchedRecordings:
    """Up to 100, in the order asked; ids that are unknown, another tenant's, in the trash, or private and somebody
    else's are left out. Without `ids`, all recordings that the caller may find, page by page."""
    size = body.page_size
    following: int | str | None
    if body.ids is None:
        if isinstance(body.cursor, int):
            raise InvalidRequest("cursor of a listing is the text of the page before", field="cursor")
        after = body.cursor

        def read(count: int) -> tuple[list[SparseCoreRecording], str | None]:
            listed, following = _page(context, RecordingFilter(), count, after)
            return _fetched(context, [recording.id for recording in listed]), following

        data, following = fit_page(read, size)
    else:
        if isinstance(body.cursor, str) or (body.cursor or 0) < 0:
            raise InvalidRequest("cursor among ids is the number of the page before", field="cursor")
        begin, wanted = body.cursor or 0, list(dict.fromkeys(body.ids))

        def read_ids(count: int) -> tuple[list[SparseCoreRecording], int | None]:
            end = begin + count
            return _fetched(context, wanted[begin:end]), end if end < len(wanted) else None

        data, following = fit_page(read_ids, size)
    return FetchedRecordings(data=data, cursor=following, page_size=size, limit=size)


@router.put(
    "",
    status_code=201,
    responses=errors(PossibleError(409, "conflict", "There is another recording of that id.")),
    summary="Start a recording",
)
async def start_core_recording(
    body: StartRecordingRequest, context: Writer, if_match: IfMatch, response: Response
) -> None:
    """A phone starts recording under an id of its own; the audio follows in chunks. Answers `null`. Starting it again
    in the same words changes nothing."""
    from auricle.crm.connections import CONNECTIONS, check_connection
    from auricle.directory.organization_settings import consent_at_creation
    from auricle.directory.users import rep_of_id
    from auricle.recordings.capture import NewCapture, start_recording
    from auricle.recordings.recording_dates import check_recording_date

    stores, now = context.stores, context.now
    check_recording_date(body.date_created, now)
    check_connection(context.org, body.integration_connection_id, stores.records(CONNECTIONS))
    consent, basis = consent_at_creation(context.org, None, records=stores, now=now)
    recording = start_recording(
        NewCapture(
            id=body.id,
            capture=body.capture(),
            started_at=body.date_created,
            title=body.title,
            private=body.is_private,
            conversation_type=body.conversation_type,
            transcription_language=body.transcription_language,
            result=Result(body.result) if body.result else None,
            engagement_id=body.engagement_id,
            automatic_split=body.enable_automatic_split,
            seed_recording_id=body.seed_recording_id,
            consent=consent,
            consent_basis=basis,
        ),
        org=context.org,
        user=context.caller.user,
        rep=rep_of_id(context.org, context.caller.user, stores),
        link=link_to_first(context, body.all_crm_objects(), body.integration_connection_id),
        recordings=stores.recordings,
        now=now,
        if_revision=if_match,
    )
    response.headers["location"] = f"{PREFIX}/recordings/{recording.id}"
    tag_revision(response, recording.revision)


@router.patch(
    "",
    response_model_exclude_unset=True,
    responses=CHANGE_ERRORS,
    summary="Change a recording, its id in the body",
)
async def change_core_recording_in_body(
    body: ChangeRecordingByIdRequest, context: Writer, if_match: IfMatch, response: Response
) -> ChangedRecordingResponse:
    """As `PATCH /v1/core/recordings/{recording_id}`."""
    return _changed(body.id, body, context, if_match, response)


@router.patch(
    "/{recording_id}", response_model_exclude_unset=True, responses=CHANGE_ERRORS, summary="Change a recording"
)
async def change_core_recording(
    recording_id: RecordingId,
    body: Annotated[ChangeRecordingRequest, Body(default_factory=ChangeRecordingRequest)],
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> ChangedRecordingResponse:
    """What is not sent stays; `null` clears what can be empty. `transcriptionStatus` takes one move: from RECORDING to
    UPLOADING, which says that nothing more is recorded. Who sees the recording, its owner and administrators say. All
    of it is changed, or, where a part is refused, nothing."""
    return _changed(recording_id, body, context, if_match, response)


@router.delete("/{recording_id}", responses=errors(NO_RECORDING, PROTECTED), summary="Delete a recording")
async def delete_core_recording(
    recording_id: RecordingId,
    context: Writer,
    if_match: IfMatch,
    response: Response,
    permanent: Annotated[Flag, Query(description="For good, instead of into the trash.")] = "false",
) -> None:
    """Into the trash: hidden from every list and every other API, and restorable. With `permanent=true` for good:
    nothing of it is kept. Answers `null`."""
    stores, now = context.stores, context.now
    if permanent == "true":
        from auricle.recordings.intake import remove

        remove(
            context.org,
            recording_id,
            recordings=stores.recordings,
            objects=stores.objects,
            now=now,
            with_trashed=True,
            if_revision=if_match,
        )
        return
    from auricle.recordings.trash import move_to_trash

    trashed = move_to_trash(context.org, recording_id, recordings=stores.recordings, now=now, if_revision=if_match)
    tag_revision(response, trashed.revision)


@router.post(
    "/{recording_id}/restore",
    response_model_exclude_unset=True,
    responses=errors(NO_RECORDING),
    summary="Restore a recording from the trash",
)
async def restore_core_recording(
    recording_id: RecordingId, context: ShowingWriterOnce, if_match: IfMatch, response: Response
) -> ChangedRecordingResponse:
    """One that is not in the trash stays as it is."""
    from auricle.recordings.trash import restore

    recordings = context.stores.recordings
    restored = restore(context.org, recording_id, recordings=recordings, now=context.now, if_revision=if_match)
    return _as_it_stands(context, restored.id, response)


# --- showing ------------------------------------------------------------------------------------------------


def _kinds(**flags: str) -> dict[str, RecordKind[Any]]:
    """What lies with the recording and is read with it, in the same query, by the field that shows it."""
    from auricle.recordings.media import IMAGES, MULTIMEDIA
    from auricle.recordings.mobile_events import MOBILE_EVENTS

    kinds: dict[str, RecordKind[Any]] = {
        "photos": IMAGES,
        "multimedia_events": MULTIMEDIA,
        "mobile_events": MOBILE_EVENTS,
    }
    return {flag: kind for flag, kind in kinds.items() if flags[flag] == "true"}


def _children_shown(kinds: dict[str, RecordKind[Any]], detail: RecordingDetail) -> dict[str, Any]:
    from api.core.media.models import CapturedImage, CapturedMultimedia
    from api.core.mobile_events.models import RecordedMobileEvent

    shown_as: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "photos": ("images", CapturedImage.of),
        "multimedia_events": ("multimedia_events", CapturedMultimedia.of),
        "mobile_events": ("mobile_events", RecordedMobileEvent.of),
    }
    shown: dict[str, Any] = {}
    for flag, kind in kinds.items():
        field, show = shown_as[flag]
        shown[field] = [show(child) for child in detail.children[kind.name]]
    return shown


def _customers(recordings: Sequence[Recording], context: RequestContext) -> list[CrmCustomer | None]:
    """Whom each of the recordings concerns."""
    from auricle.crm.crm_link import customers_of

    found = customers_of(context.org, recordings, records=context.stores, contacts=context.stores.contacts)
    return [CrmCustomer.of(customer) if customer else None for customer in found]


def _sparse(context: RequestContext, detail: RecordingDetail) -> SparseCoreRecording:
    return SparseCoreRecording.of(context.stores.as_seen(detail, context.caller.reader))


def _fetched(context: RequestContext, ids: Sequence[str]) -> list[SparseCoreRecording]:
    """Those of the recordings there are, in the order of the ids."""
    found: list[SparseCoreRecording] = []
    for recording_id in filter(is_id, ids):
        with suppress(RecordingNotFound):
            found.append(_sparse(context, context.detail(recording_id)))
    return found


def _as_it_stands(context: RequestContext, recording_id: str, response: Response) -> ChangedRecordingResponse:
    """The recording after a change."""
    detail = context.stores.recordings.detail(context.org, recording_id, with_trashed=True)
    tag_revision(response, detail.recording.revision)
    return ChangedRecordingResponse(data=_sparse(context, detail))


# --- listing ------------------------------------------------------------------------------------------------


def _page(
    context: RequestContext, wanted: RecordingFilter, size: int, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[Recording], str | None]:
    filters = repr((wanted, oldest_first))
    cursors = Cursors(context.settings, org=context.org, route="core recordings", filters=filters)

    def read(count: int, position: Position | None) -> Batch[Recording]:
        found = context.stores.recordings.list(context.org, wanted, count, position, oldest_first=oldest_first)
        return found.recordings, found.next_position

    found, position = fill_page(read, size, cursors.position(cursor))
    return found, cursors.seal(position)


def _names(names: str | None, *, field: str) -> frozenset[str]:
    """Names between commas."""
    if names is None:
        return frozenset()
    found = frozenset(name.strip() for name in names.split(",")) - {""}
    if len(found) > MAX_IDS:
        raise InvalidRequest(f"{field} may have {MAX_IDS} names at most", field=field)
    return found


def _shifted(moment: datetime | None, by: timedelta) -> datetime | None:
    """The bound a listing includes, of one that is not to be: answers show whole milliseconds."""
    try:
        return moment + by if moment else None
    except OverflowError:
        return moment


# --- changing -----------------------------------------------------------------------------------------------


def _changed(
    recording_id: str, body: RecordingChanges, context: RequestContext, if_match: int | None, response: Response
) -> ChangedRecordingResponse:
    from auricle.recordings.updates import Update, update_recording

    update_recording(
        context.org,
        recording_id,
        Update(
            body.edit(),
            status=body.transcription_status,
            chunk_count=body.number_of_expected_chunks,
            chunks_to_come=[int(number) for number in body.expected_chunks_outstanding or ()],
            consent=_attested_consent(body, context),
            consent_signature=body.signature(),
        ),
        viewer=context.stores.viewer,
        intake=context.intake,
        all_recordings=context.stores.recordings_for_consent,
        now=context.now,
        if_revision=if_match,
    )
    return _as_it_stands(context, recording_id, response)


def _attested_consent(body: RecordingChanges, context: RequestContext) -> AttestedConsent | None:
    if body.customer_consent_attested is None and body.rep_consent_attested is None:
        return None
    from auricle.directory.organization_settings import settings_of
    from auricle.recordings.consent import Parties
    from auricle.recordings.updates import AttestedConsent

    settings = settings_of(context.org, records=context.stores, now=context.now)
    parties = Parties(customer=body.customer_consent_attested, rep=body.rep_consent_attested)
    return AttestedConsent(parties, by=context.caller.user, grace=settings.consent_grace)
