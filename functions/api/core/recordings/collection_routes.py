"""Recordings: list them, fetch them by id, start one, and change the one a body names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import Body, Query, Response
from pydantic import StringConstraints

from api.core.crm_objects import link_to_first
from api.core.recordings import collection_models as models
from api.core.recordings.models import ChangedRecordingResponse, Flag
from api.core.recordings.recording import Outcome, SparseCoreRecording
from api.core.recordings.shared import CHANGE_ERRORS, change, customers_of, shows, sparse
from api.core.shared import PREFIX, Reader, ReaderAnew, Writer
from api.dependencies import Cursor, IfMatch, RequestContext, page_size, tag_revision
from api.models import Moment, QueryInteger
from api.paging import Cursors, fill_page, fit_page
from api.problems import PossibleError, errors
from api.routing import SparseRoute, api_router
from auricle.errors import InvalidRequest, RecordingNotFound
from auricle.identifiers import is_id
from auricle.moments import shifted
from auricle.ports import RecordingFilter
from auricle.recordings.recording import Recording, Result

router = api_router(f"{PREFIX}/recordings", SparseRoute, tags=["recordings"])

ID_TAKEN = PossibleError(409, "conflict", "There is another recording of that id.")
_SAME_FIELDS = {"id", "title", "conversation_type", "transcription_language", "engagement_id", "seed_recording_id"}
"""What the domain calls by the same names."""


@router.get("", summary="List recordings")
async def list_core_recordings(
    context: Reader,
    limit: Annotated[QueryInteger | None, page_size("limit")] = None,
    page_size: Annotated[QueryInteger | None, page_size("pageSize")] = None,
    conversation_type: Annotated[
        models.Names | None, Query(alias="conversationType", description="Of one of these types, separated by commas.")
    ] = None,
    result: Annotated[Outcome | None, Query(description="With this result.")] = None,
    organization_id: Annotated[
        Annotated[str, StringConstraints(max_length=255)] | None,
        Query(alias="organizationId", description="Of this organization: there is none of any but the credential's."),
    ] = None,
    team_id: Annotated[
        models.Names | None,
        Query(alias="teamId", description="Of members of one of these teams, their ids separated by commas."),
    ] = None,
    created_after: Annotated[Moment | None, Query(alias="dateCreated:gt", description="Recorded later.")] = None,
    created_before: Annotated[Moment | None, Query(alias="dateCreated:lt", description="Recorded earlier.")] = None,
    _order_by: Annotated[Literal["dateCreated"], Query(alias="orderBy", description="The order.")] = "dateCreated",
    order_direction: Annotated[
        Literal["asc", "desc"], Query(alias="orderDirection", description="Oldest first, or newest first.")
    ] = "desc",
    cursor: Cursor = None,
    crm_link_status: Annotated[
        Literal["unlinked"] | None, Query(alias="crmLinkStatus", description="Not linked to a record of the CRM.")
    ] = None,
    show_crm_customer: Annotated[Flag, shows("showCrmCustomer", "`crmCustomer` of each")] = "false",
    show_crm_customers: Annotated[Flag, shows("showCrmCustomers", "`crmCustomer` of each, too")] = "false",
    _show_evaluation_score: Annotated[
        Flag, shows("showEvaluationScore", "scores, of which there are none yet")
    ] = "false",
    _show_followups: Annotated[Flag, shows("showFollowups", "follow-ups, of which there are none yet")] = "false",
) -> models.RecordingPage:
    """Newest first, or oldest first with `orderDirection=asc`. Filters combine. Both bounds of `dateCreated` are left
    out of what they bound. Go on with `cursor`, filters unchanged. Left out is what is private, or not discoverable,
    and somebody else's. `limit` and `pageSize` are the same: 100 where neither is given."""
    if limit is not None and page_size is not None and limit != page_size:
        raise InvalidRequest("limit and pageSize say the same: give one of them", field="pageSize")
    size = limit or page_size or models.MAX_IDS
    # Neither bound is included, and answers show whole milliseconds.
    wanted = RecordingFilter(
        conversation_types=_names(conversation_type, field="conversationType"),
        result=result,
        team_ids=_names(team_id, field="teamId"),
        created_from=shifted(created_after, timedelta(milliseconds=1)),
        created_to=shifted(created_before, timedelta(microseconds=-1)),
        linked_to_crm=False if crm_link_status else None,
    )
    if created_after and created_before and created_after > created_before:
        raise InvalidRequest("dateCreated:gt must not be later than dateCreated:lt", field="dateCreated:gt")
    if organization_id not in (None, context.org):
        return models.RecordingPage(data=[], cursor=None, page_size=size, limit=size)
    found, following = _page(context, wanted, size, cursor, oldest_first=order_direction == "asc")
    if "true" in (show_crm_customer, show_crm_customers):
        customers = customers_of(found, context)
        items = [models.ListedRecording.of(each, customer) for each, customer in zip(found, customers, strict=True)]
    else:
        items = [models.ListedRecording.of(each) for each in found]
    return models.RecordingPage(data=items, cursor=following, page_size=size, limit=size)


@router.post("", summary="Fetch recordings by id")
async def fetch_core_recordings(
    body: Annotated[models.FetchRecordingsRequest, Body(default_factory=models.FetchRecordingsRequest)],
    context: ReaderAnew,
) -> models.FetchedRecordings:
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
    return models.FetchedRecordings(data=data, cursor=following, page_size=size, limit=size)


@router.put("", status_code=201, responses=errors(ID_TAKEN), summary="Start a recording")
async def start_core_recording(
    body: models.StartRecordingRequest, context: Writer, if_match: IfMatch, response: Response
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
            **body.model_dump(include=_SAME_FIELDS),
            capture=body.capture(),
            started_at=body.date_created,
            private=body.is_private,
            result=Result(body.result) if body.result else None,
            automatic_split=body.enable_automatic_split,
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


@router.patch("", responses=CHANGE_ERRORS, summary="Change a recording, its id in the body")
async def change_core_recording_in_body(
    body: models.ChangeRecordingByIdRequest, context: Writer, if_match: IfMatch, response: Response
) -> ChangedRecordingResponse:
    """As `PATCH /v1/core/recordings/{recording_id}`."""
    return change(body.id, body, context, if_match, response)


def _fetched(context: RequestContext, ids: Sequence[str]) -> list[SparseCoreRecording]:
    """Those of the recordings there are, in the order of the ids."""
    found: list[SparseCoreRecording] = []
    for recording_id in filter(is_id, ids):
        with suppress(RecordingNotFound):
            found.append(sparse(context, context.detail(recording_id)))
    return found


def _page(
    context: RequestContext, wanted: RecordingFilter, size: int, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[Recording], str | None]:
    filters = repr((wanted, oldest_first))
    cursors = Cursors(context.settings, org=context.org, route="core recordings", filters=filters)
    read = partial(context.stores.recordings.list, context.org, wanted, oldest_first=oldest_first)
    found, position = fill_page(read, size, cursors.position(cursor))
    return found, cursors.seal(position)


def _names(names: str | None, *, field: str) -> frozenset[str]:
    """Names between commas."""
    if names is None:
        return frozenset()
    found = frozenset(name.strip() for name in names.split(",")) - {""}
    if len(found) > models.MAX_IDS:
        raise InvalidRequest(f"{field} may have {models.MAX_IDS} names at most", field=field)
    return found
