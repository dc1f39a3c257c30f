"""Every call the code can make of a port is one its role may make, and no role may delete that has nothing to.

The local engine checks no rights at all: a grant that is missing shows on AWS alone, or here.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from auricle.recordings.keys import RecordingKeys
from infra.bundling import function_names
from tests.infra.assemblies import Assembly
from tests.infra.code import COLLECTION, entries, port_calls

KEYS = RecordingKeys("acme", "rec_1")
RUN_KEYS = KEYS.run(1)
OF_THE_RECORDING = (KEYS.source, KEYS.audio, KEYS.peaks, KEYS.transcript, RUN_KEYS.plan)

BUCKET, OBJECTS, TABLE, INDEX, MACHINE, RUN, BUS = "bucket", "objects", "table", "index", "machine", "run", "bus"
JOBS, ANYTHING = "jobs", "anything"
Needs = frozenset[tuple[str, str]]


def needs(where: str, *actions: str) -> Needs:
    return frozenset((action, where) for action in actions)


# Without s3:ListBucket a key that is not there answers 403 instead of 404, and whoever asks whether it is there fails.
_READ = needs(OBJECTS, "s3:GetObject") | needs(BUCKET, "s3:ListBucket")
_TAGGED = needs(BUCKET, "s3:ListBucketVersions") | needs(
    OBJECTS, "s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging"
)
_TRANSACTION = needs(TABLE, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem")
_UPDATE = needs(TABLE, "dynamodb:UpdateItem")
_QUERY = needs(TABLE, "dynamodb:Query")
_SEARCH = needs(INDEX, "dynamodb:Query") | needs(TABLE, "dynamodb:GetItem")
_CHECKED = needs(TABLE, "dynamodb:ConditionCheckItem")

CALLS: dict[str, Needs] = {
    "objects.first_version": needs(BUCKET, "s3:ListBucketVersions"),
    "objects.versions_after_first": needs(BUCKET, "s3:ListBucketVersions"),
    "objects.download": _READ | needs(OBJECTS, "s3:GetObjectVersion"),
    "objects.read": _READ,
    "objects.read_range": _READ,
    "objects.keys": needs(BUCKET, "s3:ListBucket"),
    "objects.folders": needs(BUCKET, "s3:ListBucket"),
    "objects.write": needs("written", "s3:PutObject", "s3:PutObjectTagging"),
    "objects.upload": needs("written", "s3:PutObject", "s3:AbortMultipartUpload"),
    "objects.remove": needs("run's", "s3:DeleteObject"),
    "objects.erase": needs(BUCKET, "s3:ListBucketVersions")
    | needs(OBJECTS, "s3:DeleteObject", "s3:DeleteObjectVersion"),
    "objects.block_reading": _TAGGED,
    "objects.allow_reading": _TAGGED,
    "objects.latest_version": _READ,
    # Whoever holds a presigned URL may do what its signer may.
    "objects.upload_url": needs("source", "s3:PutObject"),
    "objects.download_url": needs("source", "s3:GetObject", "s3:GetObjectVersion"),
    "recordings.create": _TRANSACTION,
    "recordings.save": _TRANSACTION,
    "recordings.begin_run": _TRANSACTION,
    "recordings.get": needs(TABLE, "dynamodb:GetItem"),
    "recordings.was_removed": needs(TABLE, "dynamodb:GetItem"),
    "recordings.detail": _QUERY,
    "recordings.list": _SEARCH,
    "recordings.find": needs(TABLE, "dynamodb:BatchGetItem"),
    "recordings.open_recordings": _SEARCH,
    "recordings.consent_work": _SEARCH,
    "recordings.removed_recordings": _SEARCH,
    "recordings.add_later_version": _UPDATE,
    "recordings.note_stage": _UPDATE,
    "recordings.note_windows": _UPDATE,
    "recordings.note_window_done": _UPDATE,
    "recordings.confirm_erased": _UPDATE,
    "recordings.count": _UPDATE | _CHECKED,
    "recordings.change_chunks": _TRANSACTION | _CHECKED,
    "recordings.forget_children": _QUERY | needs(TABLE, "dynamodb:BatchWriteItem"),
    COLLECTION: _TRANSACTION | _CHECKED | _QUERY | _SEARCH | needs(TABLE, "dynamodb:BatchGetItem"),
    "contacts.create_contact": needs(TABLE, "dynamodb:PutItem"),
    "contacts.get_contact": needs(TABLE, "dynamodb:GetItem"),
    "contacts.get_contacts": needs(TABLE, "dynamodb:BatchGetItem"),
    "contacts.replace_contact": _TRANSACTION,
    "contacts.list_contacts": _SEARCH,
    "contacts.add_interaction": _TRANSACTION | _CHECKED,
    "contacts.get_interaction": needs(TABLE, "dynamodb:GetItem"),
    "contacts.remove_interaction": needs(TABLE, "dynamodb:DeleteItem"),
    "contacts.recent_interactions": _SEARCH,
    "contacts.timeline": _QUERY,
    "answers.claim": needs(TABLE, "dynamodb:PutItem", "dynamodb:GetItem"),
    "answers.keep": _UPDATE,
    "answers.release": needs(TABLE, "dynamodb:DeleteItem"),
    "meter.take": _UPDATE,
    "workflow.start": needs(MACHINE, "states:StartExecution"),
    "workflow.outcome": needs(RUN, "states:DescribeExecution"),
    "downloads.fetch": frozenset(),  # the public internet's, not AWS's
    # Lines on standard output, which the role of every function may write to its log.
    "metrics.recording_completed": frozenset(),
    "metrics.recording_failed": frozenset(),
    "metrics.oldest_open_recording": frozenset(),
    "metrics.job_failed": frozenset(),
    "metrics.job_blocked": frozenset(),
    "events.publish": needs(BUS, "events:PutEvents"),
    "job_queue.jobs_since": needs(ANYTHING, "batch:ListJobs"),
    "job_queue.attempts_ended": needs(ANYTHING, "batch:DescribeJobs"),
    "job_queue.cancel": needs(JOBS, "batch:CancelJob"),
}
KEYED = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey", "dynamodb:": "kms:Decrypt"}
"""What an action takes besides where a key of one's own encrypts."""

WRITTEN = {
    "api": (KEYS.source, KEYS.consent_signature),
    "prepare": (KEYS.audio, KEYS.peaks, RUN_KEYS.plan),
    "transcribe": (RUN_KEYS.window(0),),
    "diarize": (RUN_KEYS.turns,),
    "assemble": (KEYS.transcript,),
    "summarize": (RUN_KEYS.highlights,),
}
"""The keys each function puts objects under."""


def text(value: Any) -> str:
    """An ARN as it will read: references become their own logical ids."""
    if isinstance(value, str):
        return value
    ((function, given),) = value.items()
    match function:
        case "Fn::Join":
            return str(given[0]).join(text(part) for part in given[1])
        case "Fn::GetAtt":
            return f"<{given[0]}.{given[1]}>"
        case "Fn::ImportValue":
            found = re.search(r"(?:FnGetAtt|Ref)([A-Za-z]+?)[0-9A-F]{8}(Arn|StreamArn)?", given.split(":")[-1])
            assert found, given
            return f"<{found[1]}.{found[2] or 'Ref'}>"
        case _:
            return f"<{given}>"


class Role:
    """What one role may do."""

    def __init__(self, assembly: Assembly, logical_id: str) -> None:
        self.allowed: list[tuple[str, str]] = []
        for policy in assembly.resources("AWS::IAM::Policy").values():
            if {"Ref": logical_id} not in policy["Properties"]["Roles"]:
                continue
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert "Condition" not in statement
                actions, resources = statement["Action"], statement["Resource"]
                self.allowed += [
                    (action, text(resource))
                    for action in (actions if isinstance(actions, list) else [actions])
                    for resource in (resources if isinstance(resources, list) else [resources])
                ]

    def may(self, action: str, arn: str) -> bool:
        return any(fnmatchcase(action, known) and fnmatchcase(arn, reach) for known, reach in self.allowed)


def arns(assembly: Assembly, where: str, stage: str) -> list[str]:
    """The resources a call reaches."""
    (machine,) = assembly.resources("AWS::StepFunctions::StateMachine")
    here = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
    objects = {
        "written": WRITTEN.get(stage, ()),
        "source": (KEYS.source, KEYS.chunk(0), KEYS.media("media_1")),
        "run's": (RUN_KEYS.plan, RUN_KEYS.turns),
    }
    return {
        BUCKET: ["<Recordings.Arn>"],
        OBJECTS: [f"<Recordings.Arn>/{key}" for key in OF_THE_RECORDING],
        TABLE: ["<Table.Arn>"],
        INDEX: ["<Table.Arn>/index/gsi1", "<Table.Arn>/index/gsi2"],
        MACHINE: [f"<{machine}>"],
        RUN: [f"{here}:execution:<{machine}.Name>:rec_1-3bfc269594ef-r1"],
        BUS: ["<Bus.Arn>"],
        JOBS: ["arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job/4c7599ae"],
        ANYTHING: ["*"],
    }.get(where) or [f"<Recordings.Arn>/{key}" for key in objects[where]]


def lacking(assembly: Assembly, role: Role, stage: str, calls: set[str]) -> list[str]:
    has_key = bool(assembly.resources("AWS::KMS::Key"))
    missing = []
    for call in sorted(calls):
        assert call in CALLS, f"{stage} calls {call}: say in CALLS what that takes"
        for action, where in CALLS[call]:
            found = arns(assembly, where, stage)
            assert found, f"{stage} calls {call}: say in WRITTEN under which keys"
            wanted = [(action, arn) for arn in found]
            if has_key:
                wanted += [(key, "<Key.Arn>") for begin, key in KEYED.items() if action.startswith(begin)]
            missing += [f"{call}: {each} on {arn}" for each, arn in wanted if not role.may(each, arn)]
    return missing


def role_of_function(assembly: Assembly, name: str) -> Role:
    return Role(assembly, assembly.functions()[name]["Role"]["Fn::GetAtt"][0])


def role_of_job(prod: Assembly, stage: str) -> Role:
    (job,) = (
        each["Properties"]["ContainerProperties"]
        for each in prod.resources("AWS::Batch::JobDefinition").values()
        if each["Properties"]["JobDefinitionName"].endswith(stage)
    )
    return Role(prod, job["JobRoleArn"]["Fn::GetAtt"][0])


def test_the_walk_sees_what_functions_do() -> None:
    api = port_calls(*entries("api"))
    assert {"objects.erase", "recordings.list"} <= api, "surfaces are loaded by the names of their modules"
    assert "workflow.outcome" in port_calls(*entries("sweep"))
    assert port_calls(*entries("publish_events")) == {
        "events.publish",
        "metrics.recording_completed",
        "metrics.recording_failed",
    }
    assert "objects.erase" not in port_calls(*entries("finish"))
    assert "recordings.note_stage" in port_calls(("transcribe.job", "main"))


@pytest.mark.parametrize("name", function_names())
def test_every_call_of_a_function_is_granted(assembly: Assembly, name: str) -> None:
    if name not in assembly.function_names():
        return
    assert lacking(assembly, role_of_function(assembly, name), name, port_calls(*entries(name))) == []


@pytest.mark.parametrize("stage", ["transcribe", "diarize"])
def test_every_call_of_a_job_is_granted(prod: Assembly, stage: str) -> None:
    assert lacking(prod, role_of_job(prod, stage), stage, port_calls((f"{stage}.job", "main"))) == []


@pytest.mark.parametrize("name", function_names())
def test_only_who_removes_may_delete_and_only_that(assembly: Assembly, name: str) -> None:
    if name not in assembly.function_names():
        return
    role, calls = role_of_function(assembly, name), port_calls(*entries(name))
    assert role.may("s3:DeleteObjectVersion", f"<Recordings.Arn>/{KEYS.audio}") == ("objects.erase" in calls)
    assert role.may("s3:DeleteObject", f"<Recordings.Arn>/{RUN_KEYS.plan}") == bool(
        {"objects.erase", "objects.remove"} & calls
    )
    assert not role.may("s3:DeleteObject", "<Recordings.Arn>/anything/else")


@pytest.mark.parametrize("name", function_names())
def test_only_who_blocks_or_writes_may_tag_what_is_there(assembly: Assembly, name: str) -> None:
    if name not in assembly.function_names():
        return
    role, calls = role_of_function(assembly, name), port_calls(*entries(name))
    may = role.may("s3:PutObjectVersionTagging", f"<Recordings.Arn>/{KEYS.transcript}")
    assert may == ("objects.block_reading" in calls or name in {"prepare", "assemble"})
    assert not role.may("s3:PutObjectVersionTagging", "<Recordings.Arn>/anything/else")


@pytest.mark.parametrize("name", function_names())
def test_only_who_puts_may_put_and_only_there(assembly: Assembly, name: str) -> None:
    if name not in assembly.function_names():
        return
    role, calls = role_of_function(assembly, name), port_calls(*entries(name))
    puts = bool({"objects.write", "objects.upload"} & calls) and name != "api"  # which puts what clients send
    assert role.may("s3:PutObject", f"<Recordings.Arn>/{RUN_KEYS.plan}") == puts
    if name != "prepare":
        assert not role.may("s3:PutObject", f"<Recordings.Arn>/{KEYS.audio}") or name == "assemble"


def test_the_stream_may_be_read_and_what_is_given_up_be_put_aside(assembly: Assembly) -> None:
    role = role_of_function(assembly, "publish_events")
    for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
        assert role.may(f"dynamodb:{action}", "<Table.StreamArn>")
    (queue,) = (name for name in assembly.resources("AWS::SQS::Queue") if name.startswith("LostEvents"))
    assert role.may("sqs:SendMessage", f"<{queue}.Arn>")
    if assembly.resources("AWS::KMS::Key"):
        assert role.may("kms:Decrypt", "<Key.Arn>")


def test_a_failed_event_may_be_put_aside(assembly: Assembly) -> None:
    for name, queue_name in {
        "start_processing": "LostStarts",
        "sweep": "LostSweeps",
        "register_calls": "LostCalls",
        "watch_jobs": "LostJobEvents",
    }.items():
        if name not in assembly.function_names():
            continue
        (queue,) = (each for each in assembly.resources("AWS::SQS::Queue") if each.startswith(queue_name))
        assert role_of_function(assembly, name).may("sqs:SendMessage", f"<{queue}.Arn>")


def test_the_workflow_may_call_its_functions_and_run_its_jobs(assembly: Assembly) -> None:
    (machine,) = assembly.resources("AWS::StepFunctions::StateMachine").values()
    role = Role(assembly, machine["Properties"]["RoleArn"]["Fn::GetAtt"][0])
    given = machine["Properties"]["DefinitionSubstitutions"]
    for name in (name for name in given if name.endswith("Function")):
        assert role.may("lambda:InvokeFunction", text(given[name]))
    if assembly.environment not in {"staging", "prod"}:
        return
    here = "<AWS::Region>:<AWS::AccountId>"
    jobs = [
        f"arn:<AWS::Partition>:batch:{here}:job-definition/{given[each]}" for each in ("TranscribeJob", "DiarizeJob")
    ]
    for arn in (
        *jobs,
        *(f"{job}:7" for job in jobs),
        f"arn:<AWS::Partition>:batch:{here}:job-queue/{given['JobQueue']}",
    ):
        assert role.may("batch:SubmitJob", arn)
    for action in ("batch:DescribeJobs", "batch:TerminateJob"):
        assert role.may(action, "*")
    rule = f"arn:<AWS::Partition>:events:{here}:rule/StepFunctionsGetEventsForBatchJobsRule"
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        assert role.may(action, rule)


def test_alarms_may_use_their_topic(prod: Assembly) -> None:
    """A topic policy takes the place of the default one, by which alarms of the account could publish."""
    (topic,) = prod.resources("AWS::SNS::Topic")
    statements = prod.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (allowing,) = (each for each in statements if each["Effect"] == "Allow")
    assert allowing["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowing["Action"] == "sns:Publish"
    assert allowing["Resource"] == {"Ref": topic}
    assert allowing["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert json.dumps({"aws:SecureTransport": "false"}) in json.dumps(statements)
