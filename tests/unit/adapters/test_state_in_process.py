"""The adapters keep the same contract as the ports in memory, against services that answer inside this process.

tests/integration/test_state.py runs the same suites against the whole local engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auricle.adapters import aws
from auricle.bootstrap import Bootstrap
from auricle.settings import Settings
from tests.fakes.aws_in_process import MACHINE, AwsInProcess, aws_in_process
from tests.fakes.chunks_contract import ChunksContract
from tests.fakes.collection_contract import CollectionContract
from tests.fakes.contract import State, StateContract
from tests.fakes.manners_contract import MannersContract


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


class TestRecords(CollectionContract):
    pass


class TestChunks(ChunksContract):
    pass


class TestManners(MannersContract):
    pass
