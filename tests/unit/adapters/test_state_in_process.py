"""The adapters keep the same contract as the ports in memory, against services that answer inside this process.

tests/integration/test_state.py runs the same suites against the whole local engine.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from auricle.adapters import aws
from auricle.adapters.dynamodb.answers import AnswerItem, RateLimitItem
from auricle.adapters.dynamodb.items import Item, OutboxItem
from auricle.adapters.s3 import fetch_folder
from auricle.bootstrap import Bootstrap
from auricle.crm.contacts import Contact
from auricle.crm.timeline import EntryType
from auricle.domain_events import EventType
from auricle.errors import NotFound, RecordTooLarge, SupersededRun, TransientError
from auricle.ports import RecordingFilter
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.counters import CountersChange
from auricle.recordings.events import recording_event
from auricle.recordings.job import Job
from auricle.recordings.recording import Status
from auricle.settings import Settings
from tests.fakes.aws_in_process import ENDPOINT, MACHINE, AwsInProcess, Request, aws_in_process
from tests.fakes.chunks_contract import ChunksContract
from tests.fakes.contract import NOW, State, StateContract, a_recording, an_interaction
from tests.fakes.idempotency_contract import MannersContract
from tests.fakes.records_contract import REMARKS, THINGS, RecordStoreContract, a_remark

WRITE = "TransactWriteItems"


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[AwsInProcess, str]]:
    with aws_in_process() as made:
        yield made


@pytest.fixture(scope="module")
def state(services: tuple[AwsInProcess, str]) -> Bootstrap:
    _, name = services
    return Bootstrap(Settings(table=name, bucket=name, state_machine_arn=MACHINE))


class TestAdapters(StateContract):
    def tags(self, state: State, prefix: str) -> dict[tuple[str, str], dict[str, str]]:
        assert isinstance(state, Bootstrap)
        s3, bucket = aws.client("s3"), state.settings.bucket
        tags = {}
        for one in s3.list_object_versions(Bucket=bucket, Prefix=prefix).get("Versions", ()):
            which = {"Bucket": bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
            tag_set = s3.get_object_tagging(**which)["TagSet"]
            tags[one["Key"], one["VersionId"]] = {tag["Key"]: tag["Value"] for tag in tag_set}
        return tags


class TestRecords(RecordStoreContract):
    pass


class TestChunks(ChunksContract):
    pass


class TestManners(MannersContract):
    pass


class TestRequests:
    """What the table is asked, and what it holds afterwards."""

    @pytest.fixture
    def org(self) -> str:
        return f"org-{uuid4().hex[:12]}"

    @pytest.fixture
    def table(self, services: tuple[AwsInProcess, str]) -> AwsInProcess:
        services[0].requests.clear()
        return services[0]

    @pytest.fixture
    def no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("time.sleep", lambda _seconds: None)

    @pytest.mark.usefixtures("no_waiting")
    def test_a_transaction_whose_answer_was_lost_is_not_applied_twice(
        self, state: Bootstrap, table: AwsInProcess, org: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All tries carry one token, by which the table knows them: else the second would find the id taken."""
        lost = iter(range(7))  # more than the client itself tries

        def failing(request: Request) -> Exception | None:
            is_lost = request.operation == WRITE and next(lost, None) is not None
            return ReadTimeoutError(endpoint_url=ENDPOINT) if is_lost else None

        monkeypatch.setattr(table, "failing", failing)
        state.recordings.create(a_recording(org), [])
        tries = table.asked(WRITE)
        assert len(tries) > 5
        assert len({one["ClientRequestToken"] for one in tries}) == 1
        monkeypatch.undo()
        state.recordings.create(a_recording(org, "rec_2"), [])
        assert table.asked(WRITE)[-1]["ClientRequestToken"] != tries[0]["ClientRequestToken"]

    def test_what_was_written_is_seen_by_who_reads_next(self, state: Bootstrap, table: AwsInProcess, org: str) -> None:
        """Every read of the table itself is consistent; of an index none can be."""
        note = an_interaction(org, "ann", EntryType.NOTE, NOW, body="x")
        state.contacts.create_contact(Contact(org, "ann", "Ann", NOW, NOW))
        state.contacts.add_interaction(note)
        before = a_recording(org, status=Status.UPLOADED, version="v1", contact_ids=("ann",))
        state.recordings.create(before, [])
        running = replace(before, status=Status.TRANSCRIBING)
        assert state.recordings.begin_run(running, expected=before, events=[])
        state.records(REMARKS).add(a_remark(org))
        state.answers.claim(org, "name", "me", "print", now=NOW)
        table.requests.clear()
        state.recordings.get(org, "rec_1")
        state.recordings.find(org, ["rec_1"])
        state.recordings.detail(org, "rec_1")
        state.recordings.was_removed(org, "rec_1")
        state.recordings.list(org, RecordingFilter(), 1)
        state.recordings.forget_children(org, "rec_none")
        with pytest.raises(SupersededRun):
            state.recordings.save(replace(running, run=7), expected=running, finished_stages={})
        state.contacts.get_contact(org, "ann")
        state.contacts.get_contacts(org, ["ann"])
        state.contacts.get_interaction(org, "ann", note.id)
        state.contacts.timeline(org, "ann")
        state.records(REMARKS).get(org, "remark_1", recording_id="rec_1")
        state.records(REMARKS).list(org, 1, recording_id="rec_1")
        assert state.answers.claim(org, "name", "you", "print", now=NOW) is not None
        gets, queries, batches = (table.asked(operation) for operation in ("GetItem", "Query", "BatchGetItem"))
        assert [one.get("ConsistentRead") for one in gets] == [True] * 8
        of_indexes = [one for one in queries if "IndexName" in one]
        assert {one["IndexName"] for one in of_indexes} == {"gsi1"}
        of_table = [one for one in queries if "IndexName" not in one]
        assert len(of_table) >= 5
        assert {one.get("ConsistentRead") for one in of_table} == {True}
        asked = [one for batch in batches for one in batch["RequestItems"].values()]
        assert [one.get("ConsistentRead") for one in asked] == [True, True]

    def test_a_detail_reads_the_end_of_the_partition_once(
        self, state: Bootstrap, table: AwsInProcess, org: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table, "page_items", 1000)
        recording = a_recording(org, status=Status.UPLOADED, version="v1")
        state.recordings.create(recording, [])
        for run in range(1, 4):
            after = replace(recording, run=run, status=Status.TRANSCRIBING)
            assert state.recordings.begin_run(after, expected=recording, events=[])
            recording = state.recordings.get(org, "rec_1")
        state.recordings.count(org, "rec_1", CountersChange(views=1))
        state.recordings.change_chunks(org, "rec_1", ChunksChange(requested=frozenset({0})))
        table.requests.clear()
        detail = state.recordings.detail(org, "rec_1")
        (query,) = table.asked("Query")
        assert (query["Limit"], query["ScanIndexForward"]) == (4, False)
        assert detail.run is not None
        assert (detail.run.number, detail.counters.views, detail.chunks is not None) == (3, 1, True)

    def test_of_a_removed_recording_its_state_and_its_events_stay(self, state: Bootstrap, org: str) -> None:
        before = a_recording(org, status=Status.UPLOADED, version="v1")
        state.recordings.create(before, [recording_event(EventType.RECORDING_CREATED, before)])
        running = replace(before, status=Status.TRANSCRIBING)
        assert state.recordings.begin_run(running, expected=before, events=[])
        state.records(REMARKS).add_all([a_remark(org, f"remark_{number}") for number in range(20)])
        state.recordings.count(org, "rec_1", CountersChange(views=1))
        state.recordings.change_chunks(org, "rec_1", ChunksChange(requested=frozenset({0})))
        assert self.keys(org)[20:] == [
            "OUTBOX#evt_rec_1_1_created",
            "RUN#0001",
            "STATE",
            "STATE#CHUNKS",
            "STATE#TALLY",
        ]
        state.recordings.forget_children(org, "rec_1")
        assert self.keys(org) == ["OUTBOX#evt_rec_1_1_created", "STATE"]

    def keys(self, org: str) -> list[str]:
        return [item.sk for item in Item.query(f"ORG#{org}#REC#rec_1", consistent_read=True)]

    def test_an_event_waits_in_the_table_for_a_week(self, state: Bootstrap, org: str) -> None:
        before = a_recording(org)
        state.recordings.create(before, [recording_event(EventType.RECORDING_CREATED, before)])
        stale = replace(before, revision=7)
        lost = recording_event(EventType.RECORDING_FAILED, before)
        assert not state.recordings.save(replace(before, title="x"), expected=stale, events=[lost])
        failed = recording_event(EventType.RECORDING_FAILED, replace(before, run=2))
        assert state.recordings.save(replace(before, title="y"), expected=before, events=[failed])
        found = list(OutboxItem.query(f"ORG#{org}#REC#rec_1", Item.sk.startswith("OUTBOX#"), consistent_read=True))
        assert [item.event_type for item in found] == ["recording.created", "recording.failed"]
        assert json.loads(found[0].envelope)["id"] == "evt_rec_1_1_created"
        assert {item.expires_at for item in found} == {datetime(2026, 11, 28, 9, 30, tzinfo=UTC)}

    def test_a_month_is_noted_once_by_each_process(self, state: Bootstrap, table: AwsInProcess, org: str) -> None:
        for number, created_at in enumerate((NOW, NOW, NOW + timedelta(days=30), NOW)):
            state.recordings.create(a_recording(org, f"rec_{number}", created_at=created_at), [])
        noted = [one for one in table.asked("UpdateItem") if one["Key"]["sk"] == {"S": "MONTHS"}]
        assert len(noted) == 2
        other = Bootstrap(Settings(table=state.settings.table))
        assert [one.id for one in other.recordings.list(org, RecordingFilter(), 9).recordings] == [
            "rec_2",
            "rec_3",
            "rec_1",
            "rec_0",
        ]

    def test_a_listing_that_finds_nothing_gives_up_after_24_queries(
        self, state: Bootstrap, table: AwsInProcess, org: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next page goes on where this one stopped: within a month, and between two."""
        monkeypatch.setattr(table, "page_items", 1)
        for number in range(30):
            recording = a_recording(org, f"rec_{number:02d}", deal_id=None if number else "deal-1")
            state.recordings.create(recording, [])
        self.gives_up_and_goes_on(state, table, org)

    def test_a_listing_over_many_months_gives_up_too(self, state: Bootstrap, table: AwsInProcess, org: str) -> None:
        for number in range(30):
            created_at = NOW + timedelta(days=31 * number)
            recording = a_recording(
                org, f"rec_{number:02d}", created_at=created_at, deal_id=None if number else "deal-1"
            )
            state.recordings.create(recording, [])
        self.gives_up_and_goes_on(state, table, org)

    def gives_up_and_goes_on(self, state: Bootstrap, table: AwsInProcess, org: str) -> None:
        table.requests.clear()
        wanted = RecordingFilter(deal_id="deal-1")
        first = state.recordings.list(org, wanted, 5)
        assert first.recordings == ()
        assert first.next_position is not None
        assert len(table.asked("Query")) == 24
        rest = state.recordings.list(org, wanted, 5, first.next_position)
        assert [one.id for one in rest.recordings] == ["rec_00"]
        assert rest.next_position is None
        assert 6 <= len(table.asked("Query")) - 24 <= 8

    def test_a_filter_reads_in_large_pages_and_a_listing_in_its_own(
        self, state: Bootstrap, table: AwsInProcess, org: str
    ) -> None:
        state.recordings.create(a_recording(org), [])
        table.requests.clear()
        state.recordings.list(org, RecordingFilter(), 5)
        state.recordings.list(org, RecordingFilter(created_from=NOW), 5)
        state.recordings.list(org, RecordingFilter(deal_id="deal-1"), 5)
        state.recordings.list(org, RecordingFilter(in_trash=True), 300)
        state.contacts.timeline(org, "ann", limit=5)
        state.contacts.timeline(org, "ann", limit=5, types=[EntryType.NOTE])
        state.records(THINGS).list(org, 5)
        state.records(THINGS).list(org, 5, wanted=lambda _: True)
        assert [one["Limit"] for one in table.asked("Query")] == [6, 6, 250, 301, 6, 250, 6, 250]

    def test_records_that_nobody_wants_are_looked_at_in_24_queries_at_most(
        self, state: Bootstrap, table: AwsInProcess, org: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("auricle.adapters.dynamodb.records.FILTERED_PAGE", 1)
        state.recordings.create(a_recording(org), [])
        remarks = state.records(REMARKS)
        remarks.add_all([a_remark(org, f"remark_{number:02d}") for number in range(30)])
        table.requests.clear()
        first = remarks.list(org, 5, recording_id="rec_1", wanted=lambda one: one.id == "remark_29")
        assert (first.records, len(table.asked("Query"))) == ((), 24)
        rest = remarks.list(org, 5, first.next_position, recording_id="rec_1", wanted=lambda one: one.id > "remark_25")
        assert [one.id for one in rest.records] == ["remark_26", "remark_27", "remark_28", "remark_29"]
        assert rest.next_position is None

    def test_the_index_of_unfinished_work_is_read_no_further_than_asked(
        self, state: Bootstrap, table: AwsInProcess, org: str
    ) -> None:
        state.recordings.create(a_recording(org), [])
        table.requests.clear()
        assert len(list(state.recordings.open_recordings(NOW + timedelta(days=400), 1))) == 1
        queries = table.asked("Query")
        shards = {one["ExpressionAttributeValues"][":0"]["S"] for one in queries}
        assert shards == {f"OPEN#{number}" for number in range(8)}
        assert {one["Limit"] for one in queries} == {1}
        assert len(table.asked("GetItem")) == 1

    def test_only_of_a_removed_recording_the_erasure_is_confirmed(self, state: Bootstrap, org: str) -> None:
        recording = a_recording(org, f"rec_{uuid4().hex}")
        state.recordings.create(recording, [])
        state.recordings.confirm_erased(org, recording.id)
        waiting = state.recordings.open_recordings(NOW + timedelta(seconds=1), 10_000)
        assert recording.id in {one.id for one in waiting}

    def test_an_answer_and_its_claim_expire_after_a_day(self, state: Bootstrap, org: str) -> None:
        def expiry() -> datetime:
            return AnswerItem.get(f"ORG#{org}#ANSWER#name", "ANSWER", consistent_read=True).expires_at

        state.answers.claim(org, "name", "me", "print", now=NOW)
        assert expiry() == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
        state.answers.keep(org, "name", "me", b"answer", now=NOW + timedelta(minutes=30))
        assert expiry() == datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def test_an_answer_larger_than_an_item_is_refused(self, state: Bootstrap, org: str) -> None:
        state.answers.claim(org, "name", "me", "print", now=NOW)
        with pytest.raises(RecordTooLarge):
            state.answers.keep(org, "name", "me", secrets.token_bytes(410_000), now=NOW)

    def test_a_meter_expires_ten_minutes_after_its_minute(self, state: Bootstrap, org: str) -> None:
        state.rate_limit_store.take(org, "cred", 29_000_000, 3)
        item = RateLimitItem.get(f"ORG#{org}#METER#cred", "000029000000", consistent_read=True)
        assert item.expires_at == datetime.fromtimestamp(29_000_001 * 60 + 600, UTC)

    @pytest.mark.usefixtures("no_waiting")
    def test_a_busy_table_that_leaves_much_of_a_batch_undone_is_asked_again(
        self, state: Bootstrap, table: AwsInProcess, org: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state.recordings.create(a_recording(org), [])
        state.records(REMARKS).add_all([a_remark(org, f"remark_{number:02d}") for number in range(20)])
        monkeypatch.setattr(table, "batch_items", 1)
        state.recordings.forget_children(org, "rec_1")
        assert self.keys(org) == ["STATE"]
        state.records(REMARKS).add_all([a_remark(org, f"remark_{number:02d}") for number in range(40)])
        with pytest.raises(TransientError):
            state.recordings.forget_children(org, "rec_1")
        assert 1 < len(self.keys(org)) < 41


class TestBucket:
    """What only the bucket can be asked."""

    def test_everything_under_an_address_is_fetched(self, state: Bootstrap, tmp_path: Path) -> None:
        bucket = state.settings.bucket
        for key in ("models/small/model.bin", "models/small/a/vocabulary.txt", "models/small-other", "models/small/"):
            state.objects.write(key, key.encode(), content_type="application/octet-stream")
        fetch_folder(f"s3://{bucket}/models/small", tmp_path / "one")
        fetch_folder(f"s3://{bucket}/models/small/", tmp_path / "two")
        for folder in ("one", "two"):
            found = {str(path.relative_to(tmp_path / folder)) for path in (tmp_path / folder).rglob("*.*")}
            assert found == {"model.bin", "a/vocabulary.txt"}
        assert (tmp_path / "one" / "model.bin").read_bytes() == b"models/small/model.bin"
        with pytest.raises(NotFound, match="nothing under s3://"):
            fetch_folder(f"s3://{bucket}/models/sm", tmp_path / "none")

    def test_who_looks_for_a_lost_file_is_not_told_where_it_was(self, state: Bootstrap) -> None:
        with pytest.raises(NotFound) as refused:
            state.objects.read("orgs/acme/recordings/rec_1/source")
        assert refused.value.message == "A file that is needed is not stored any more: source."

    def test_objects_keep_their_type_and_their_tag(self, state: Bootstrap, tmp_path: Path) -> None:
        s3, bucket = aws.client("s3"), state.settings.bucket
        (tmp_path / "file").write_bytes(b"x")
        state.objects.upload(tmp_path / "file", "types/uploaded", content_type="audio/flac")
        state.objects.write("types/written", b"x", content_type="application/json", of_one_run=True)
        state.objects.write("types/kept", b"x", content_type="text/plain")
        types = {key: s3.head_object(Bucket=bucket, Key=key)["ContentType"] for key in state.objects.keys("types/")}
        assert types == {
            "types/kept": "text/plain",
            "types/uploaded": "audio/flac",
            "types/written": "application/json",
        }
        tags = s3.get_object_tagging(Bucket=bucket, Key="types/written")["TagSet"]
        assert tags == [{"Key": "lifetime", "Value": "run"}]
        assert s3.get_object_tagging(Bucket=bucket, Key="types/kept")["TagSet"] == []


class TestStateMachine:
    """What only the state machine can be asked."""

    def test_an_execution_is_given_its_job_and_where_to_compute(
        self, services: tuple[AwsInProcess, str], state: Bootstrap
    ) -> None:
        settings = replace(state.settings, transcribe_compute="batch")
        job = Job("acme", "rec_7", 2, "v9")
        assert Bootstrap(settings).workflow.start(job)
        asked = services[0].asked("StartExecution")[-1]
        assert asked["stateMachineArn"] == "arn:aws:states:us-east-1:000000000000:stateMachine:speech"
        assert asked["name"] == "rec_7-45e56db55964-r2"
        assert json.loads(asked["input"]) == {
            "org": "acme",
            "recording": "rec_7",
            "run": 2,
            "version": "v9",
            "compute": {"transcribe": "batch", "diarize": "lambda"},
        }
        assert state.workflow.outcome(job) == "RUNNING"

    def test_a_service_that_does_not_answer_is_no_execution_that_is_not_there(
        self, services: tuple[AwsInProcess, str], state: Bootstrap, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        monkeypatch.setattr(services[0], "failing", lambda _: EndpointConnectionError(endpoint_url=ENDPOINT))
        job = Job("acme", "rec_8", 1, "v1")
        with pytest.raises(TransientError, match="could not be started just now"):
            state.workflow.start(job)
        with pytest.raises(TransientError, match="could not be read just now"):
            state.workflow.outcome(job)
