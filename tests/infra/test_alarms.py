"""Alarms watch what the functions really emit, and say what to do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import publish_events.handler
import sweep.handler
import watch_jobs.handler
from auricle.adapters.metrics import EmbeddedMetrics
from auricle.domain_events import EventType
from auricle.recordings.events import recording_event
from auricle.recordings.recording import Failure, Stage, Status
from auricle.settings import Settings
from infra.bundling import ROOT
from infra.environments import ENVIRONMENTS
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording
from tests.infra.assemblies import Assembly

Series = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, metric, and dimensions: what CloudWatch keeps apart."""

RUNBOOK = ROOT / "docs" / "runbook.md"


def alarms(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Properties of each alarm by the name it has in the code."""
    return {
        re.fullmatch(r"Alarms(\w+)[0-9A-F]{8}", name)[1]: each["Properties"]  # type: ignore[index]  # each is so called
        for name, each in assembly.resources("AWS::CloudWatch::Alarm").items()
    }


def series_of(alarm: dict[str, Any]) -> Series:
    dimensions = sorted((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return alarm["Namespace"], alarm["MetricName"], tuple(dimensions)


def own_series(assembly: Assembly) -> set[Series]:
    """What alarms watch that AWS does not measure by itself."""
    return {series_of(alarm) for alarm in alarms(assembly).values() if not alarm["Namespace"].startswith("AWS/")}


class Emitted:
    """The functions of one environment, run for what they write to standard output."""

    def __init__(self, environment: str, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.fakes = Fakes()
        self._capture = capture
        wired = SimpleNamespace(
            **{name: getattr(self.fakes, name) for name in ("recordings", "objects", "workflow", "events")},
            settings=Settings(env=environment),
            metrics=EmbeddedMetrics(environment),
        )
        for handler in (publish_events.handler, sweep.handler, watch_jobs.handler):
            patch.setattr(handler, "bootstrap", lambda: wired)
        patch.setenv("POWERTOOLS_SERVICE_NAME", "what-the-function-is-called")

    def lines(self) -> list[dict[str, Any]]:
        """The EMF objects written since this was asked last."""
        written = [json.loads(line) for line in self._capture.readouterr().out.splitlines() if line.startswith("{")]
        return [line for line in written if "_aws" in line]

    def publish(self, *ends: tuple[EventType, Any]) -> list[dict[str, Any]]:
        records = [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "SequenceNumber": str(number),
                    "NewImage": {
                        "kind": {"S": "outbox"},
                        "event_type": {"S": event_type.value},
                        "envelope": {"S": json.dumps(recording_event(event_type, recording).envelope())},
                    },
                },
            }
            for number, (event_type, recording) in enumerate(ends)
        ]
        publish_events.handler.lambda_handler({"Records": records}, LambdaContext())
        return self.lines()

    def complete(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        done = a_recording("acme", status=Status.COMPLETE, queued_at=NOW, updated_at=now, title="Dana's call")
        return self.publish((EventType.RECORDING_COMPLETED, done))

    def fail(self, status: Status = Status.ERROR) -> list[dict[str, Any]]:
        failure = Failure(Stage.TRANSCRIBE, "timed-out", "Transcription took too long.")
        return self.publish((EventType.RECORDING_FAILED, a_recording("acme", status=status, failure=failure)))

    def swept(self) -> list[dict[str, Any]]:
        sweep.handler.lambda_handler({"detail-type": "Scheduled Event"}, LambdaContext())
        return self.lines()

    def job(
        self, detail_type: str, status: str, reason: str = "Essential container in task exited"
    ) -> list[dict[str, Any]]:
        """As AWS Batch documents its events."""
        detail = {
            "jobArn": "arn:aws:batch:eu-central-1:123456789012:job/4c7599ae-0a82-49aa-ba5a-4727fcce14a8",
            "jobName": "transcribe-rec_1-r1",
            "jobId": "4c7599ae-0a82-49aa-ba5a-4727fcce14a8",
            "jobQueue": "arn:aws:batch:eu-central-1:123456789012:job-queue/auricle-prod-speech",
            "status": status,
            "statusReason": reason,
            "jobDefinition": "arn:aws:batch:eu-central-1:123456789012:job-definition/auricle-prod-transcribe:7",
        }
        watch_jobs.handler.lambda_handler(
            {"source": "aws.batch", "detail-type": detail_type, "detail": detail}, LambdaContext()
        )
        return self.lines()

    def everything(self) -> list[dict[str, Any]]:
        return [
            *self.complete(),
            *self.fail(),
            *self.swept(),
            *self.job("Batch Job State Change", "FAILED"),
            *self.job("Batch Job Queue Blocked", "RUNNABLE"),
        ]


@pytest.fixture
def emitted(assembly: Assembly, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Emitted:
    return Emitted(assembly.environment, monkeypatch, capsys)


@pytest.fixture
def in_prod(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Emitted:
    return Emitted("prod", monkeypatch, capsys)


def series(lines: list[dict[str, Any]]) -> set[Series]:
    """What CloudWatch makes of EMF lines."""
    return {
        (group["Namespace"], metric["Name"], tuple(sorted((name, line[name]) for name in names)))
        for line in lines
        for group in line["_aws"]["CloudWatchMetrics"]
        for names in group["Dimensions"]
        for metric in group["Metrics"]
    }


def test_alarms_watch_what_functions_emit(assembly: Assembly, emitted: Emitted) -> None:
    watched_series = own_series(assembly)
    expected = {"RecordingsFailed", "SecondsToTranscript", "OldestOpenRecording"}
    if ENVIRONMENTS[assembly.environment].gpu:
        expected |= {"JobsFailed", "JobsBlocked"}
    assert {name for _, name, _ in watched_series} == expected
    assert watched_series <= series(emitted.everything())


def test_what_is_emitted_names_nobody_and_has_few_values(in_prod: Emitted) -> None:
    lines = in_prod.everything()
    text = json.dumps(lines)
    for private in ("acme", "rec_1", "Dana"):
        assert private not in text
    assert {name for _, _, dimensions in series(lines) for name, _ in dimensions} == {
        "service",
        "environment",
        "status",
        "stage",
        "code",
    }


def test_a_failure_and_a_completion_are_one_and_zero_so_that_their_average_is_a_share(in_prod: Emitted) -> None:
    (completed,) = in_prod.complete()
    assert completed["RecordingsCompleted"] == [1.0]
    assert completed["RecordingsFailed"] == [0.0]
    assert completed["SecondsToTranscript"][0] > 0
    assert completed["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "environment"]]
    (failed,) = in_prod.fail()
    assert failed["RecordingsFailed"] == [1.0]
    assert (failed["status"], failed["stage"], failed["code"]) == ("ERROR", "transcribe", "timed-out")
    assert failed["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["service", "environment"],
        ["service", "environment", "status"],
        ["service", "environment", "stage", "code"],
    ]


def test_unusable_uploads_ring_by_their_share_alone(prod: Assembly, in_prod: Emitted) -> None:
    emitted_series = series(in_prod.fail(Status.UNRECOVERABLE_ERROR))
    assert series_of(alarms(prod)["RecordingsFailed"]) not in emitted_series
    assert series_of(alarms(prod)["RecordingsFailedShare"]) in emitted_series


def test_an_event_of_long_ago_is_counted_when_it_happened_while_cloudwatch_takes_it(in_prod: Emitted) -> None:
    now_ms = datetime.now(UTC).timestamp() * 1000
    (line,) = in_prod.fail()  # NOW of the tests is any date by the time they run
    assert now_ms - line["_aws"]["Timestamp"] < 14 * 86400 * 1000


def test_a_job_that_only_changes_its_state_is_not_counted(in_prod: Emitted) -> None:
    assert in_prod.job("Batch Job State Change", "RUNNABLE") == []
    (failed,) = in_prod.job("Batch Job State Change", "FAILED")
    assert (failed["JobsFailed"], failed["stage"]) == ([1.0], "transcribe")
    (blocked,) = in_prod.job("Batch Job Queue Blocked", "RUNNABLE")
    assert (blocked["JobsBlocked"], blocked["stage"]) == ([1.0], "transcribe")


@pytest.mark.parametrize(
    "reason",
    [
        "NO_GPU: no machine could be had for 10 minutes.",
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - …",
        "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    ],
)
def test_a_job_that_was_given_up_for_want_of_a_machine_is_blocked_and_not_failed(in_prod: Emitted, reason: str) -> None:
    """Its work is done by functions then, so nothing else would tell."""
    (line,) = in_prod.job("Batch Job State Change", "FAILED", reason)
    assert line["JobsBlocked"] == [1.0]
    assert "JobsFailed" not in line


def test_jobs_are_heard_of_by_what_batch_sends(prod: Assembly) -> None:
    patterns = {
        name.split("Triggers")[-1][:10]: rule["Properties"]["EventPattern"]
        for name, rule in prod.resources("AWS::Events::Rule").items()
        if "Job" in name and "EventPattern" in rule["Properties"]
    }
    queue = prod.only("AWS::Batch::JobQueue")["JobQueueName"]
    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":batch:", {"Ref": "AWS::Region"}, ":",
                             {"Ref": "AWS::AccountId"}, f":job-queue/{queue}"]]}  # fmt: skip
    failed, blocked = sorted(patterns.values(), key=lambda pattern: -len(pattern["detail"]))
    assert failed == {
        "source": ["aws.batch"],
        "detail-type": ["Batch Job State Change"],
        "detail": {"status": ["FAILED"], "jobQueue": [arn]},
    }
    assert blocked == {
        "source": ["aws.batch"],
        "detail-type": ["Batch Job Queue Blocked"],
        "detail": {"jobQueue": [arn]},
    }


@pytest.mark.parametrize(
    ("alarm", "rings_at", "missing"),
    [
        ("RecordingsFailed", ("GreaterThanThreshold", 5), "notBreaching"),
        ("RecordingsFailedShare", ("GreaterThanThreshold", 0.25), "notBreaching"),
        ("TranscriptsSlow", ("GreaterThanThreshold", 1800), "notBreaching"),
        ("RecordingWaits", ("GreaterThanThreshold", 7200), "ignore"),
        ("SweepStopped", ("LessThanThreshold", 1), "breaching"),
        ("JobsFailed", ("GreaterThanThreshold", 3), "notBreaching"),
        ("JobsBlocked", ("GreaterThanThreshold", 0), "notBreaching"),
    ],
)
def test_when_each_alarm_rings(prod: Assembly, alarm: str, rings_at: tuple[str, float], missing: str) -> None:
    found = alarms(prod)[alarm]
    assert (found["ComparisonOperator"], found["Threshold"]) == rings_at
    assert found["TreatMissingData"] == missing


def test_the_share_of_failures_rings_only_when_it_lasts(prod: Assembly) -> None:
    found = alarms(prod)["RecordingsFailedShare"]
    assert (found["Statistic"], found["Period"]) == ("Average", 900)
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (3, 4)


def test_a_sweep_that_stops_rings_after_three_were_missed(assembly: Assembly) -> None:
    found = alarms(assembly)["SweepStopped"]
    environment = ENVIRONMENTS[assembly.environment]
    assert found["Statistic"] == "SampleCount"
    assert found["Period"] == max(15, 3 * environment.sweep_minutes) * 60


def test_every_alarm_says_what_to_do_and_the_runbook_says_more(assembly: Assembly) -> None:
    headings = set(re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
    for name, alarm in alarms(assembly).items():
        assert alarm["AlarmDescription"].startswith(f"Auricle {assembly.environment}: ")
        assert alarm["AlarmDescription"].count(". ") >= 1, name
        assert len(alarm["AlarmDescription"]) <= 1024, "CloudWatch's bound"
        kind = re.sub(r"^\w+(DeadLetters|Errors)$", r"\1", name) if name != "ServerErrors" else name
        assert kind in headings, f"docs/runbook.md does not say what to do about {name}"
