"""The ports on AWS, against a table, a bucket and a state machine of their own in the local engine."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from auricle.adapters import aws
from auricle.adapters.dynamodb.items import Item, OutboxItem
from auricle.adapters.dynamodb.stream import announced
from auricle.bootstrap import Bootstrap
from auricle.domain_events import EventType
from auricle.recordings.comments import COMMENTS, CommentEdit, NewComment, delete_comment, edit_comment, write_comment
from auricle.recordings.consent import BasisKind, ConsentBasis
from auricle.recordings.counters import NOTHING_COUNTED, Counters
from auricle.recordings.events import recording_event
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.mobile_events import MOBILE_EVENTS, NewMobileEvent, add_mobile_events, find_mobile_event
from auricle.recordings.recording import (
    Capture,
    CrmLink,
    Recording,
    Rep,
    Result,
    Stage,
    StageResult,
    StageState,
    Status,
)
from auricle.recordings.views import VIEWERS, begin_view, star
from auricle.settings import Settings
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import SpeakerTalk
from infra.local.aws import ACCOUNT
from infra.local.child import Child
from tests.fakes.chunks_contract import ChunksContract
from tests.fakes.contract import NOW, State, StateContract, a_finished_recording, a_recording
from tests.fakes.idempotency_contract import MannersContract
from tests.fakes.records_contract import NOISES, REMARKS, RecordStoreContract, a_remark

TABLE = "state-under-test"
BUCKET = "state-under-test"
MACHINE = "state-under-test"
BUS = "state-under-test"
WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture(scope="module")
def state(auricle: Child) -> Iterator[Bootstrap]:
    """The real wiring. The table is like the deployed one, but nothing listens to its stream or to the bucket."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in auricle.endpoint.environment().items():
            patched.setenv(name, value)
        aws.session.cache_clear()
        _make_table(auricle)
        _make_bucket(auricle)
        machine = auricle.client("stepfunctions").create_state_machine(
            name=MACHINE, roleArn=f"arn:aws:iam::{ACCOUNT}:role/none", definition=json.dumps(WAITING)
        )
        auricle.client("events").create_event_bus(Name=BUS)
        yield Bootstrap(Settings(table=TABLE, bucket=BUCKET, bus=BUS, state_machine_arn=machine["stateMachineArn"]))
    aws.session.cache_clear()


ANN = frozenset({"ann"})


def _make_table(engine: Child) -> None:
    dynamodb = engine.client("dynamodb")
    deployed = dynamodb.describe_table(TableName=engine.outputs["TableName"])["Table"]
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=deployed["KeySchema"],
        AttributeDefinitions=deployed["AttributeDefinitions"],
        GlobalSecondaryIndexes=[
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in deployed["GlobalSecondaryIndexes"]
        ],
        StreamSpecification=deployed["StreamSpecification"],
    )


def _make_bucket(engine: Child) -> None:
    s3 = engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


class TestRecords(RecordStoreContract):
    """The contract of records, and what only the table can be asked."""

    def test_a_detail_with_children_is_one_query(self, state: Bootstrap, org: str) -> None:
        """What lies before the children asked for, and what was announced, is read on the way or not at all."""
        state.recordings.create(a_recording(org), [])
        state.records(REMARKS).add_all([a_remark(org, f"remark_{number}") for number in range(40)])
        state.records(NOISES).add_all([a_remark(org, f"noise_{number}") for number in range(10)])
        with _Calls() as calls:
            detail = state.recordings.detail(org, "rec_1", children=[REMARKS])
        assert len(detail.children["remark"]) == 40
        (query,) = calls.answers
        assert query["ScannedCount"] == 41

    def test_what_people_do_with_a_recording_is_counted_in_the_table(self, state: Bootstrap, org: str) -> None:
        """Comments, views, stars and events through the domain, as the API's requests make them."""
        state.recordings.create(a_recording(org), [])
        comments, viewers = state.records(COMMENTS), state.records(VIEWERS)
        written = write_comment(
            NewComment(start_ms=0, end_ms=9, text="Listen", recipients=("bob", "cid"), private=True),
            org=org,
            recording_id="rec_1",
            author="ann",
            reader=ANN,
            counters=NOTHING_COUNTED,
            comments=comments,
            now=NOW,
        )
        marks = CommentEdit(now_unread=frozenset({"bob"}), now_read=frozenset({"cid"}))
        edited = edit_comment(
            written, marks, editor="ann", reader=ANN, counters=NOTHING_COUNTED, comments=comments, now=NOW
        )
        for _ in range(2):
            begin_view(org, "rec_1", "bob", viewers=viewers, now=NOW, if_revision=None)
            star(org, "rec_1", "bob", True, viewers=viewers, now=NOW)
        told = [NewMobileEvent("networkStatusChange", {"value": "offline"}) for _ in range(100)]
        events = state.records(MOBILE_EVENTS)
        made = add_mobile_events(org, "rec_1", told, user="bob", events=events, now=NOW)
        assert find_mobile_event(org, made[57].id, events=events) == made[57]
        detail = state.recordings.detail(org, "rec_1", children=[COMMENTS, MOBILE_EVENTS])
        assert detail.children == {"comment": (edited,), "mobile-event": made}
        assert detail.counters == Counters(views=1, viewers=1, stars=1, unread_private={"bob": frozenset({written.id})})
        delete_comment(edited, editor="ann", reader=ANN, comments=comments, now=NOW)
        assert state.recordings.detail(org, "rec_1").counters == Counters(views=1, viewers=1, stars=1)


class TestChunks(ChunksContract):
    pass


class TestManners(MannersContract):
    pass


class TestAdapters(StateContract):
    """The contract, and what only AWS's services can be asked."""

    def tags(self, state: State, prefix: str) -> dict[tuple[str, str], dict[str, str]]:
        s3 = aws.client("s3")
        found = s3.list_object_versions(Bucket=BUCKET, Prefix=prefix).get("Versions", ())
        tags = {}
        for one in found:
            which = {"Bucket": BUCKET, "Key": one["Key"], "VersionId": one["VersionId"]}
            tag_set = s3.get_object_tagging(**which)["TagSet"]
            tags[one["Key"], one["VersionId"]] = {tag["Key"]: tag["Value"] for tag in tag_set}
        return tags

    def test_a_detail_is_one_query_whatever_else_lies_there(self, state: Bootstrap, org: str) -> None:
        """A recording with several runs and many announced events costs no more to read."""
        recording = self.transcribing(state, org)
        for _ in range(3):
            failed = recording.to(Status.ERROR, at=NOW)
            events = [replace(recording_event(EventType.RECORDING_FAILED, failed), id=f"evt_{n}") for n in range(20)]
            assert state.recordings.save(failed, expected=recording, events=events)
            again = state.recordings.get(org, recording.id)
            assert state.recordings.save(again.new_run(at=NOW), expected=again)
            waiting = state.recordings.get(org, recording.id)
            assert state.recordings.begin_run(waiting.to(Status.TRANSCRIBING, at=NOW), expected=waiting, events=[])
            recording = state.recordings.get(org, recording.id)
        with _Calls() as calls:
            detail = state.recordings.detail(org, recording.id)
        assert detail.run is not None
        assert detail.run.number == 4
        (query,) = calls.answers
        assert query["ScannedCount"] == 4, "the state, and the latest runs in place of counts and chunks"

    def test_finishing_a_recording_writes_little(self, state: Bootstrap, org: str) -> None:
        """Everything together: the record, its index entries, the run, a contact's timeline and the event."""
        before = self.transcribing(state, org, **_everything_said())
        job = before.current_job()
        state.recordings.note_windows(job, 240)
        for index in range(240):
            state.recordings.note_window_done(job, index)
        after = _an_hour(before)
        stages = dict.fromkeys(Stage, StageResult(StageState.COMPLETE))
        event = recording_event(EventType.RECORDING_COMPLETED, after)
        with _Calls() as calls:
            assert state.recordings.save(after, expected=before, events=[event], finished_stages=stages)
        read, run, rest = (answer["ConsumedCapacity"] for answer in calls.answers)
        assert read["CapacityUnits"] <= 1
        assert run["CapacityUnits"] + sum(table["CapacityUnits"] for table in rest) <= 12

    def test_the_stream_tells_of_each_announced_event_once(self, state: Bootstrap, org: str, auricle: Child) -> None:
        before = a_recording(org, contact_ids=("ann",))
        state.recordings.create(before, [recording_event(EventType.RECORDING_CREATED, before)])
        stale = replace(before, revision=7)
        lost = recording_event(EventType.RECORDING_FAILED, before)
        assert not state.recordings.save(replace(before, title="x"), expected=stale, events=[lost])
        told = [one.event for record in _stream(auricle) if (one := announced(DynamoDBRecord(record)))]
        mine = [event for event in told if json.loads(event["envelope"])["org"] == org]
        assert [event["type"] for event in mine] == ["recording.created"]
        assert json.loads(mine[0]["envelope"])["id"] == "evt_rec_1_1_created"
        assert list(state.events.publish(mine * 12)) == []

    def test_outbox_items_expire(self, state: Bootstrap, org: str) -> None:
        before = a_recording(org)
        state.recordings.create(before, [recording_event(EventType.RECORDING_CREATED, before)])
        found = list(OutboxItem.query(f"ORG#{org}#REC#rec_1", Item.sk.startswith("OUTBOX#")))
        assert [item.expires_at for item in found] == [(NOW + timedelta(days=7)).replace(microsecond=0)]

    def test_an_upload_url_takes_what_it_was_signed_for(self, state: Bootstrap, org: str) -> None:
        key = RecordingKeys(org, "rec_1").source
        typed = state.objects.upload_url(key, content_type="audio/wav", seconds=60)
        assert _put(typed, {"content-type": "audio/wav", "x-ms-blob-type": "BlockBlob"}) == 200
        assert _put(typed, {"content-type": "text/html"}) == 403
        assert _put(typed.replace("rec_1", "rec_2"), {"content-type": "audio/wav"}) == 403
        untyped = state.objects.upload_url(key, content_type=None, seconds=60)
        assert _put(untyped, {"content-type": "audio/x-anything"}) == 200

    def test_an_upload_url_takes_the_bytes_that_were_declared(self, state: Bootstrap, org: str) -> None:
        key, checksum = RecordingKeys(org, "rec_1").source, b64encode(sha256(b"RIFF").digest()).decode()
        other = b64encode(sha256(b"WAVE").digest()).decode()
        sized = state.objects.upload_url(key, content_type=None, seconds=60, size_bytes=5)
        assert _put(sized, {}) == 403
        exact = state.objects.upload_url(key, content_type=None, seconds=60, size_bytes=4, checksum_sha256=checksum)
        assert _put(exact, {}) == 403
        assert _put(exact, {"x-amz-checksum-sha256": other}) == 403
        lying = state.objects.upload_url(key, content_type=None, seconds=60, checksum_sha256=other)
        assert _put(lying, {"x-amz-checksum-sha256": other}) == 400
        assert state.objects.first_version(key) is None
        assert _put(exact, {"x-amz-checksum-sha256": checksum, "x-ms-blob-type": "BlockBlob"}) == 200

    def test_a_download_url_gives_the_version_asked_for(self, state: Bootstrap, org: str) -> None:
        key = RecordingKeys(org, "rec_1").source
        state.objects.write(key, b"first", content_type="audio/wav")
        state.objects.write(key, b"second", content_type="audio/wav")
        first = state.objects.first_version(key)
        assert first is not None
        url = state.objects.download_url(
            key, file_name='Anruf "ü".wav', content_type="audio/wav", seconds=60, version=first.version
        )
        assert httpx.get(url).content == b"first"

    def test_what_was_uploaded_as_a_page_is_downloaded_as_a_file(self, state: Bootstrap, org: str) -> None:
        """Browsers would run its scripts; the URL says what the answer's headers are, here and on AWS."""
        key = RecordingKeys(org, "rec_1").source
        upload = state.objects.upload_url(key, content_type=None, seconds=60)
        assert _put(upload, {"content-type": "text/html", "content-disposition": "inline"}) == 200
        for declared, served in (("text/html", "application/octet-stream"), ("audio/mp4", "audio/mp4")):
            url = state.objects.download_url(key, file_name="call ü", content_type=declared, seconds=60)
            for answer in (httpx.get(url), httpx.get(url, headers={"range": "bytes=0-1"})):
                assert answer.headers.get_list("content-type") == [served]
                assert answer.headers.get_list("content-disposition") == [
                    "attachment; filename=\"call _\"; filename*=UTF-8''call%20%C3%BC"
                ]
            assert httpx.get(url.replace("application%2Foctet-stream", "text%2Fhtml")).status_code == (
                403 if declared == "text/html" else 200
            )

    def test_objects_of_one_run_carry_the_tag_the_lifecycle_knows(
        self, state: Bootstrap, org: str, auricle: Child
    ) -> None:
        job = Job(org, "rec_1", 1)
        state.objects.write(job.run_keys.plan, b"{}", content_type="application/json", of_one_run=True)
        tags = auricle.client("s3").get_object_tagging(Bucket=BUCKET, Key=job.run_keys.plan)["TagSet"]
        assert tags == [{"Key": "lifetime", "Value": "run"}]


def _everything_said() -> dict[str, Any]:
    """What clients say of a recording before it is finished, all of it."""
    return {
        "consent_basis": ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest"),
        "contact_ids": ("contact_19d4f2a1b0512345678901234abcdef",),
        "deal_id": "deal_19d4f2a1b0612345678901234abcdef",
        "engagement_id": "eng_19d4f2a1b0712345678901234abcdef",
        "campaign_id": "camp_19d4f2a1b0812345678901234abcdef",
        "title": "Discovery call with Dana",
        "user_id": "user_19d4f2a1b0912345678901234abcdef",
        "notes": "Wants a quote for the roof and the gutters before the end of the month; call her after six.",
        "conversation_type": "In-home sales",
        "conversation_quality": "FULL_CONVERSATION",
        "transcription_language": "English",
        "result": Result.IN_PROGRESS,
        "outcome_label": "NOT_CLOSED",
        "private": True,
        "do_not_delete": True,
        "content_type": "audio/x-m4a",
        "size_bytes": 28_800_000,
        "capture": Capture(
            sdk_version="4.12.1",
            bundle_id="com.example.field",
            app_version="7.3.0",
            app_name="Field",
            sdk_type="iOS",
            os="ios",
            os_version="17.4.1",
            device_type="iPhone15,2",
            device_id="6F9619FF-8B86-D011-B42D-00C04FC964FF",
            code_version="2291",
            trigger="button-press",
            latitude=40.712776,
            longitude=-74.005974,
            chunk_creation_mode="intervaled",
            record_errors=("interrupted",),
        ),
        "rep": Rep("Dana", "Okafor", "team_19d4f2a1b0a12345678901234abcdef", "Acme Roofing"),
        "crm_link": CrmLink(
            "OPPORTUNITY", "deal_19d4f2a1b0612345678901234abcdef", "006XX000004C9Z6", "connection_1", "API", NOW
        ),
    }


def _an_hour(before: Recording) -> Recording:
    """A finished recording of an hour between four people."""
    words = "we will send the revised agreement by friday and the security review can begin on monday morning".split()
    lines = tuple(
        Highlight(
            " ".join(words[number:] + words[:number]), f"speaker_{number % 4}", number * 31, 400.5 * number, 409.25
        )
        for number in range(5)
    )
    return replace(
        before,
        audio=a_finished_recording("org").audio,
        engines=a_finished_recording("org").engines,
        warnings=a_finished_recording("org").warnings,
        language="en",
        highlights=lines,
        speakers=tuple(SpeakerTalk(f"speaker_{number}", 801.125 + number, 2100 + number) for number in range(4)),
        word_count=8406,
    ).to(Status.COMPLETE, at=NOW + timedelta(hours=1))


def _put(url: str, headers: dict[str, str]) -> int:
    return httpx.put(url, content=b"RIFF", headers=headers).status_code


def _stream(engine: Child) -> list[dict[str, Any]]:
    """Every record of the table's stream so far."""
    streams, table = engine.client("dynamodbstreams"), engine.client("dynamodb")
    arn = table.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    records: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        while place:
            answer = streams.get_records(ShardIterator=place)
            records += answer["Records"]
            place = answer.get("NextShardIterator") if answer["Records"] else None
    return records


class _Calls:
    """What the table answered meanwhile."""

    def __enter__(self) -> _Calls:
        self.answers: list[dict[str, Any]] = []
        self._events = Item.connection().client.meta.events
        self._events.register("after-call.dynamodb", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("after-call.dynamodb", self._note)

    def _note(self, parsed: dict[str, Any], **_: Any) -> None:
        self.answers.append(parsed)
