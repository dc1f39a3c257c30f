"""Recordings: get with every field, list, create, update, bin, restore and remove."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.legacy.answers import json_response
from api.legacy.paging import Cursors, fit_page
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.fields import fields_of
from api.legacy.surfaces.core.given import CrmObject, check_connection, check_date, linking, rep_of_user
from api.legacy.surfaces.core.recording_requests import (
    MAX_IDS,
    NOTHING_SHOWN,
    CaptureSettings,
    CaptureSource,
    ChangeByIdRequest,
    ChangeRequest,
    DeleteRequest,
    FetchRequest,
    RecordingsRequest,
    ShowRequest,
    StartRequest,
)
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, milliseconds, surface, timestamp
from auricle.errors import InvalidRequest, PreconditionFailed, RecordingNotFound
from auricle.identifiers import is_id
from auricle.ports import Position, RecordingFilter
from auricle.recordings.recording import Recording, RecordingDetail, Result

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.recording import Capture
    from auricle.records import RecordKind

MAX_READINGS = 10
"""How often a page that a filter leaves short is filled up before it is answered as it is."""


@surface.get("/recordings/{recording_id}", scope=READ, reads=ShowRequest)
async def get_core_recording(call: Call, asked: ShowRequest) -> Response:
    detail = call.services.recordings.detail(
        call.org, call.recording_id(), children=_children(asked), with_trashed=True
    )
    data = _fields(call, detail, asked)
    recording = detail.recording
    if asked.summary == "true":
        data["summary"] = " … ".join(highlight.text for highlight in recording.highlights) or None
    if asked.entity_extractions == "true":
        data["entityExtractions"] = None
    return enveloped(data, headers=etag(recording.revision), cursor=None, pageSize=1, limit=1)


@surface.get("/recordings", scope=READ, reads=RecordingsRequest)
async def list_core_recordings(call: Call, asked: RecordingsRequest) -> Response:
    if asked.limit is not None and asked.page_size is not None and asked.limit != asked.page_size:
        raise InvalidRequest("limit and pageSize say the same: give one of them", field="pageSize")
    limit = asked.limit or asked.page_size or MAX_IDS
    wanted = RecordingFilter(
        conversation_types=_listed(asked.conversation_type),
        result=asked.result,
        team_ids=_listed(asked.team_id, field="teamId"),
        created_from=_shifted(asked.created_after, timedelta(milliseconds=1)),
        created_to=_shifted(asked.created_before, timedelta(microseconds=-1)),
        linked_to_crm=False if asked.crm_link_status else None,
    )
    if asked.created_after and asked.created_before and asked.created_after > asked.created_before:
        raise InvalidRequest("dateCreated:gt must not be later than dateCreated:lt", field="dateCreated:gt")
    if asked.organization_id not in (None, call.org):
        return enveloped([], cursor=None, pageSize=limit, limit=limit)
    oldest_first = asked.order_direction == "asc"
    found, cursor = _page(call, wanted, limit, asked.cursor, oldest_first=oldest_first)
    items = [_item(recording) for recording in found]
    if "true" in (asked.show_crm_customer, asked.show_crm_customers):
        from api.core.crm_links.models import CrmCustomer
        from auricle.crm.crm_link import customers_of

        customers = customers_of(call.org, found, records=call.services, contacts=call.services.contacts)
        for item, customer in zip(items, customers, strict=True):
            if customer is not None:
                item["crmCustomer"] = CrmCustomer.of(customer).model_dump(exclude_unset=True)
    return enveloped(items, cursor=cursor, pageSize=limit, limit=limit)


@surface.post("/recordings", scope=READ, reads=FetchRequest, only_reads=True)
async def fetch_core_recordings(call: Call, asked: FetchRequest) -> Response:
    if asked.ids is None:
        if isinstance(asked.cursor, int):
            raise InvalidRequest("cursor of a listing is the text of the page before", field="cursor")
        text_cursor = asked.cursor

        def read(count: int) -> tuple[list[Any], str | None]:
            listed, following = _page(call, RecordingFilter(), count, text_cursor)
            return _whole_each(call, [recording.id for recording in listed]), following

        data, cursor = fit_page(read, asked.page_size)
        return enveloped(data, cursor=cursor, pageSize=asked.page_size, limit=asked.page_size)
    if isinstance(asked.cursor, str) or (asked.cursor or 0) < 0:
        raise InvalidRequest("cursor among ids is the number of the page before", field="cursor")
    begin = asked.cursor or 0
    wanted = list(dict.fromkeys(asked.ids))

    def read_ids(count: int) -> tuple[list[Any], int | None]:
        end = begin + count
        return _whole_each(call, wanted[begin:end]), end if end < len(wanted) else None

    data, number = fit_page(read_ids, asked.page_size)
    return enveloped(data, cursor=number, pageSize=asked.page_size, limit=asked.page_size)


def _whole_each(call: Call, ids: Sequence[str]) -> list[Any]:
    """Those of the recordings there are, with all that is set of each."""
    return [_said(_fields(call, detail, NOTHING_SHOWN)) for detail in _details(call, ids)]


@surface.put("/recordings", scope=WRITE, reads=StartRequest)
async def start_core_recording(call: Call, asked: StartRequest) -> Response:
    from auricle.directory.organization_settings import consent_at_creation
    from auricle.recordings.capture import NewCapture, start_recording

    services, now = call.services, call.parts.now()
    check_date(asked.created_at, now)
    check_connection(call, asked.connection_id)
    _check_revision(call, asked.id)
    consent, basis = consent_at_creation(call.org, None, records=services, now=now)
    recording = start_recording(
        NewCapture(
            id=asked.id,
            capture=_capture(asked),
            started_at=asked.created_at,
            title=asked.title,
            private=asked.is_private,
            conversation_type=asked.conversation_type,
            transcription_language=asked.transcription_language,
            result=Result(asked.result) if asked.result else None,
            engagement_id=asked.engagement_id,
            automatic_split=asked.automatic_split,
            seed_recording_id=asked.seed_recording_id,
            consent=consent,
            consent_basis=basis,
        ),
        org=call.org,
        user=call.caller.user,
        rep=rep_of_user(call, call.caller.user),
        link=linking(call, _crm_objects(asked), asked.connection_id),
        recordings=services.recordings,
        now=now,
    )
    location = f"{surface.prefix}/recordings/{recording.id}"
    return json_response(None, 201, headers={"location": location, **etag(recording.revision)})


@surface.patch("/recordings", scope=WRITE, reads=ChangeByIdRequest)
async def change_core_recording_in_body(call: Call, asked: ChangeByIdRequest) -> Response:
    return _changed(call, asked.id, asked)


@surface.patch("/recordings/{recording_id}", scope=WRITE, reads=ChangeRequest)
async def change_core_recording(call: Call, asked: ChangeRequest) -> Response:
    return _changed(call, call.recording_id(), asked)


@surface.delete("/recordings/{recording_id}", scope=WRITE, reads=DeleteRequest, in_query=True)
async def delete_core_recording(call: Call, asked: DeleteRequest) -> Response:
    services, now = call.services, call.parts.now()
    if asked.permanent == "true":
        from auricle.recordings.intake import remove

        remove(
            call.org,
            call.recording_id(),
            recordings=services.recordings,
            objects=services.objects,
            now=now,
            with_trashed=True,
            if_revision=call.if_revision,
        )
        return json_response(None)
    from auricle.recordings.trash import move_to_trash

    trashed = move_to_trash(
        call.org, call.recording_id(), recordings=services.recordings, now=now, if_revision=call.if_revision
    )
    return json_response(None, headers=etag(trashed.revision))


@surface.post("/recordings/{recording_id}/restore", scope=WRITE, holds_content=True)
async def restore_core_recording(call: Call) -> Response:
    from auricle.recordings.trash import restore

    restored = restore(
        call.org,
        call.recording_id(),
        recordings=call.services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return _whole(call, restored.id)


# --- showing ----------------------------------------------------------------------------------------------


def _children(asked: ShowRequest) -> Sequence[RecordKind[Any]]:
    """What lies with the recording and is read with it, in the same query, where a flag asks for it."""
    if "true" not in (asked.photos, asked.multimedia_events, asked.mobile_events):
        return ()
    from auricle.recordings.media import IMAGES, MULTIMEDIA
    from auricle.recordings.mobile_events import MOBILE_EVENTS

    asked_for = ((asked.photos, IMAGES), (asked.multimedia_events, MULTIMEDIA), (asked.mobile_events, MOBILE_EVENTS))
    return [kind for flag, kind in asked_for if flag == "true"]


def _fields(call: Call, detail: RecordingDetail, asked: ShowRequest) -> dict[str, Any]:
    """Every field of the recording, what was asked for by flags included.

    What other modules show is loaded where there is something to show: most requests need none of it.
    """
    recording, children = detail.recording, detail.children
    shown: dict[str, Any] = {}
    if detail.chunks is not None:
        from api.core.chunks.models import ChunkBoard

        own = {"id", "transcription_status", "processing_error", "date_finished", "chunks"}
        shown |= ChunkBoard.of(detail).model_dump(exclude=own)
    if recording.debrief_asked:
        from api.core.debrief.models import RecordingQuestion

        questions = [RecordingQuestion.of(question) for question in recording.debrief_asked]
        shown["debriefQuestions"] = [question.model_dump(exclude_unset=True) for question in questions]
    if "true" in (asked.photos, asked.multimedia_events):
        from api.core.media.models import CapturedImage, CapturedMultimedia
        from auricle.recordings.media import IMAGES, MULTIMEDIA

        if asked.photos == "true":
            shown["images"] = [CapturedImage.of(image).model_dump() for image in children[IMAGES.name]]
        if asked.multimedia_events == "true":
            shown["multimediaEvents"] = [CapturedMultimedia.of(event).model_dump() for event in children[MULTIMEDIA.name]]
    if asked.mobile_events == "true":
        from api.core.mobile_events.models import RecordedMobileEvent
        from auricle.recordings.mobile_events import MOBILE_EVENTS

        shown["mobileEvents"] = [RecordedMobileEvent.of(event).model_dump() for event in children[MOBILE_EVENTS.name]]
    if "true" in (asked.crm_customers, asked.crm_opportunities, asked.media_opportunities):
        from api.core.crm_links.models import CrmCustomer, CrmOpportunity
        from auricle.crm.crm_link import customers_of, opportunities_of

        if asked.crm_customers == "true":
            (customer,) = customers_of(call.org, [recording], records=call.services, contacts=call.services.contacts)
            shown["crmCustomer"] = CrmCustomer.of(customer).model_dump(exclude_unset=True) if customer else None
        if asked.crm_opportunities == "true":
            opportunities = opportunities_of(call.org, recording, call.services)
            shown["crmOpportunities"] = [CrmOpportunity.of(*one).model_dump(exclude_unset=True) for one in opportunities]
        if asked.media_opportunities == "true":
            shown["mediaOpportunities"] = []  # no connection brings any yet
    return fields_of(_as_seen(call, detail), shown)


def _as_seen(call: Call, detail: RecordingDetail) -> RecordingDetail:
    """The detail with the caller's own unread private comments, and without parts and originals hidden from them.

    Who came to an undiscoverable recording by its id is led on to its undiscoverable parts, and nobody else is.
    """
    if detail.counters.unread_private:
        detail = replace(detail, counters=detail.counters.as_seen_by(call.caller.reader))
    recording = detail.recording
    original = recording.made_of[0].recording_id if len(recording.made_of) == 1 else None
    relatives = [cut.recording_id for cut in recording.splits] + ([original] if original else [])
    hidden = call.services.hidden(call.org, relatives, listed=recording.discoverable) if relatives else None
    if not hidden:
        return detail
    seen = replace(
        recording,
        splits=tuple(cut for cut in recording.splits if cut.recording_id not in hidden),
        made_of=() if original in hidden else recording.made_of,
    )
    return replace(detail, recording=seen)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what nothing has set: only `GET` of one recording shows every field."""
    return {name: value for name, value in fields.items() if value is not None}


def _item(recording: Recording) -> dict[str, Any]:
    """As lists show it: a hundred a page, so what nothing has set is never looked at twice."""
    rep, audio, capture = recording.rep, recording.audio, recording.capture
    item: dict[str, Any] = {
        "id": recording.id,
        "dateCreated": timestamp(recording.created_at),
        "isPrivate": recording.private,
        "discoverable": recording.discoverable,
    }
    if audio is not None:
        item["durationInMilliseconds"] = milliseconds(audio.duration_s)
        item["isVideo"] = audio.is_video
    if recording.result is not None:
        item["result"] = recording.result
    if recording.title is not None:
        item["title"] = recording.title
    if recording.user_id is not None:
        item["userId"] = recording.user_id
    if rep is not None:
        item |= _said({"repFirstName": rep.first_name, "repLastName": rep.last_name})
    if capture is not None and capture.trigger is not None:
        item["trigger"] = capture.trigger
    return item


def _whole(call: Call, recording_id: str) -> Response:
    """The recording as it stands after a change."""
    detail = call.services.recordings.detail(call.org, recording_id, with_trashed=True)
    data = _said(_fields(call, detail, NOTHING_SHOWN))
    return enveloped(data, headers=etag(detail.recording.revision))


# --- listing ----------------------------------------------------------------------------------------------


def _page(
    call: Call, wanted: RecordingFilter, limit: int, cursor: str | None, *, oldest_first: bool = False
) -> tuple[Sequence[Recording], str | None]:
    """So many recordings, in as many readings as a filter that admits few takes, and the cursor of what follows."""
    filters = repr((wanted, oldest_first))
    cursors = Cursors(call.parts.settings(), org=call.org, route="core recordings", filters=filters)
    position: Position | None = cursors.position(cursor) if cursor is not None else None
    found: list[Recording] = []
    for _ in range(MAX_READINGS):
        read = call.services.recordings.list(call.org, wanted, limit - len(found), position, oldest_first=oldest_first)
        found += read.recordings
        position = read.next_position
        if position is None or len(found) == limit:
            break
    return found, cursors.seal(position)


def _details(call: Call, ids: Iterable[str]) -> Iterable[RecordingDetail]:
    """Those there are, in the order asked."""
    for recording_id in ids:
        if is_id(recording_id):
            with suppress(RecordingNotFound):
                yield call.detail(recording_id)


def _listed(names: str | None, *, field: str = "conversationType") -> frozenset[str]:
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


# --- changing ---------------------------------------------------------------------------------------------

_CLEARABLE = {
    "title": "title",
    "notes": "notes",
    "conversation_type": "conversation_type",
    "outcome_label": "outcome_label",
    "conversation_quality": "conversation_quality",
}
_SETTABLE = {
    "is_private": "private",
    "discoverable": "discoverable",
    "lock": "locked",
    "do_not_delete": "do_not_delete",
    "advanced_bookmarks_checked": "advanced_bookmarks_checked",
    "created_at": "created_at",
}
_OF_CAPTURE = ("terminated_ungracefully", "record_errors", "latitude", "longitude")


def _changed(call: Call, recording_id: str, asked: ChangeRequest) -> Response:
    from auricle.recordings.edits import Edit
    from auricle.recordings.updates import AttestedConsent, Update, update_recording

    services, now = call.services, call.parts.now()
    said = asked.model_fields_set
    fields = {name: getattr(asked, given) for given, name in _CLEARABLE.items() if given in said}
    if "result" in said:
        fields["result"] = Result(asked.result) if asked.result else None
    fields |= {name: value for given, name in _SETTABLE.items() if (value := getattr(asked, given)) is not None}
    consent = None
    if asked.customer_consents is not None or asked.rep_consents is not None:
        from auricle.directory.organization_settings import settings_of
        from auricle.recordings.consent import Parties

        consent = AttestedConsent(
            Parties(customer=asked.customer_consents, rep=asked.rep_consents),
            by=call.caller.user,
            grace=settings_of(call.org, records=services, now=now).consent_grace,
        )
    update_recording(
        call.org,
        recording_id,
        Update(
            Edit(fields, {name: value for name in _OF_CAPTURE if (value := getattr(asked, name)) is not None}),
            status=asked.transcription_status,
            chunk_count=asked.chunk_count,
            chunks_to_come=[int(number) for number in asked.chunks_outstanding or ()],
            consent=consent,
            consent_signature=b64decode(asked.consent_signature) if asked.consent_signature else None,
        ),
        viewer=services.viewer,
        intake=call.intake,
        all_recordings=services.recordings_for_consent,
        now=now,
        if_revision=call.if_revision,
    )
    return _whole(call, recording_id)


def _check_revision(call: Call, recording_id: str) -> None:
    """Raises PreconditionFailed: `If-Match` names a state that no recording of that id is in."""
    if (expected := call.if_revision) is None:
        return
    with suppress(RecordingNotFound):
        if call.recording(recording_id).revision == expected:
            return
    raise PreconditionFailed("There is no recording of that id in that state.")


def _crm_objects(asked: StartRequest) -> tuple[CrmObject, ...]:
    """The appointment's opportunity, and its engagement, stand for CRM objects of these types."""
    named = (("Opportunity", asked.opportunity_id), ("Engagement", asked.engagement_id))
    given = (CrmObject.model_construct(type=of, id=id_) for of, id_ in named if id_ is not None)
    return (*asked.crm_objects, *given)


def _capture(asked: StartRequest) -> Capture:
    from auricle.recordings.recording import Capture

    source = asked.source or CaptureSource.model_construct()
    settings = asked.settings or CaptureSettings.model_construct()
    return Capture(
        sdk_version=source.sdk_version,
        bundle_id=source.bundle_id,
        app_version=source.app_version,
        app_name=source.app_name,
        sdk_type=source.sdk_type,
        os=asked.os,
        os_version=asked.os_version,
        device_type=asked.device_type,
        device_id=asked.original_device_id,
        code_version=asked.code_version,
        trigger=asked.trigger,
        latitude=asked.latitude,
        longitude=asked.longitude,
        chunk_creation_mode=settings.chunk_creation_mode,
        beta_features=asked.beta_features,
    )
