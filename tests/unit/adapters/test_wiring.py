from __future__ import annotations

import subprocess
import sys

import pytest

from auricle.adapters.s3 import _saved_as
from auricle.bootstrap import Bootstrap, bootstrap
from auricle.recordings.comments import COMMENTS
from auricle.settings import SettingMissing, Settings

PORTS = {
    "recordings": "DynamoRecordings",
    "contacts": "DynamoContacts",
    "answers": "DynamoIdempotencyStore",
    "rate_limit_store": "DynamoRateLimitStore",
    "objects": "S3Objects",
    "downloads": "HttpsDownloads",
    "workflow": "StepFunctionsWorkflow",
    "events": "EventBridgeBus",
    "job_queue": "BatchQueue",
    "metrics": "EmbeddedMetrics",
}


def test_importing_the_wiring_loads_no_sdk() -> None:
    """Each function pays for what it uses; the API's start-up pays for none of it."""
    program = "import sys, auricle.bootstrap; print({'boto3', 'botocore', 'pynamodb', 'numpy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_a_missing_setting_is_named_when_it_is_needed() -> None:
    wired = Bootstrap(Settings())
    for port, variable in {
        "recordings": "AURICLE_TABLE",
        "contacts": "AURICLE_TABLE",
        "objects": "AURICLE_BUCKET",
        "workflow": "AURICLE_STATE_MACHINE_ARN",
        "events": "AURICLE_BUS",
        "job_queue": "AURICLE_JOB_QUEUE",
    }.items():
        with pytest.raises(SettingMissing, match=variable):
            getattr(wired, port)


def test_each_port_is_made_once() -> None:
    wired = Bootstrap(Settings(bucket="b"))
    assert wired.objects is wired.objects


def test_each_port_is_the_adapter_of_its_service() -> None:
    wired = Bootstrap(
        Settings(
            env="dev", table="t", bucket="b", bus="e", state_machine_arn="arn", job_queue="q", diarize_compute="batch"
        )
    )
    made = {name: type(getattr(wired, name)).__name__ for name in PORTS}
    assert made == PORTS
    assert vars(wired.objects)["_bucket"] == "b"
    assert vars(wired.events)["_bus"] == "e"
    assert vars(wired.job_queue)["_name"] == "q"
    assert vars(wired.metrics)["_environment"] == "dev"
    assert vars(wired.workflow)["_state_machine_arn"] == "arn"
    assert vars(wired.workflow)["_compute"] == {"transcribe": "lambda", "diarize": "batch"}
    assert type(wired.records(COMMENTS)).__name__ == "DynamoRecordStore"


def test_a_process_has_one_bootstrap() -> None:
    assert bootstrap() is bootstrap()


@pytest.mark.parametrize(
    ("file_name", "header"),
    [
        ("call 1.wav", "attachment; filename=\"call 1.wav\"; filename*=UTF-8''call%201.wav"),
        ('a"; x="b.wav', "attachment; filename=\"a__ x__b.wav\"; filename*=UTF-8''a%22%3B%20x%3D%22b.wav"),
        ("grüß\r\nx: y", "attachment; filename=\"gr____x_ y\"; filename*=UTF-8''gr%C3%BC%C3%9F%0D%0Ax%3A%20y"),
    ],
)
def test_a_file_name_cannot_break_out_of_its_header(file_name: str, header: str) -> None:
    assert _saved_as(file_name) == header
