"""100,000 recordings of one tenant: the first page of a listing and the thousandth cost the same."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from infra.local.child import Child, launched
from tests.bench.api import FILES, RECORDINGS, recording
from tests.contract.gateway import SETTINGS, Answer, Gateway, Identity

MANY = 100_000
PAGE = 50
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_TABLE = "many"
_AT_ONCE = 25
"""Items of one BatchWriteItem."""


def measure() -> Iterator[dict[str, Any]]:
    """In a local engine of its own."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder) / "home") as engine, Listings(engine) as many:
        many.seed(MANY)
        for path in (FILES, RECORDINGS):
            for name, page in (("first", 1), ("thousandth", 1000)):
                cost = many.cost(path, page=page, page_size=PAGE)
                yield {
                    "name": f"{name} page of {MANY} recordings, {path}",
                    "value": len(cost.requests),
                    "unit": "requests to DynamoDB",
                    "requests": cost.requests,
                    "read_units": cost.read_units,
                    "items_read": cost.items_read,
                }


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page took."""

    answer: Answer
    requests: Sequence[str]
    read_units: float
    items_read: int


class Listings:
    """The API over a table like the deployed one, with as many recordings of one tenant as are asked for."""

    def __init__(self, engine: Child) -> None:
        self._engine = engine
        self._made = 0

    def __enter__(self) -> Listings:
        from auricle.adapters import aws
        from auricle.bootstrap import Bootstrap

        self._environment = patch.dict(os.environ, _reaching(self._engine))
        self._environment.start()
        aws.session.cache_clear()
        self._dynamodb = self._engine.client("dynamodb")
        self._make_table()
        self._services = Bootstrap(replace(SETTINGS, table=_TABLE))
        _ = self._services.recordings  # which says of what table all items are
        self._api = Gateway(self._services, Identity(), settings=replace(SETTINGS, table=_TABLE))
        return self

    def __exit__(self, *_: object) -> None:
        from auricle.adapters import aws

        self._dynamodb.delete_table(TableName=_TABLE)
        self._environment.stop()
        aws.session.cache_clear()

    def seed(self, count: int) -> None:
        """Finished recordings, one a second, as the store writes them."""
        from auricle.adapters.dynamodb import items

        like = items.recording_item(recording("rec_000000")).serialize()
        months: set[str] = set()
        for begin in range(0, count, _AT_ONCE):
            batch = []
            for number in range(begin, min(begin + _AT_ONCE, count)):
                one = replace(recording(f"rec_{number:06d}"), created_at=_FIRST + timedelta(seconds=number))
                months.add(items.month_of(one.created_at))
                placed = {
                    "pk": items.recording_key(one.org, one.id),
                    "gsi1pk": items.month_key(one.org, items.month_of(one.created_at)),
                    "gsi1sk": items.list_key(one),
                    "created_at": one.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
                }
                batch.append({"PutRequest": {"Item": like | {name: {"S": value} for name, value in placed.items()}}})
            self._dynamodb.batch_write_item(RequestItems={_TABLE: batch})
        self._dynamodb.update_item(
            TableName=_TABLE,
            Key={"pk": {"S": items.tenant_key("acme")}, "sk": {"S": items.MONTHS_KEY}},
            UpdateExpression="SET kind = :kind ADD months :months",
            ExpressionAttributeValues={":kind": {"S": "months"}, ":months": {"SS": sorted(months)}},
        )
        self._made = count

    def cost(self, path: str, *, page: int, page_size: int) -> Cost:
        """A page by its cursor. Nobody walks to the thousandth here: its position is where the page before ends."""
        from api.paging import Cursors

        before = self._position((page - 1) * page_size) if page > 1 else None
        going_on = "&cursor=of-that-page" if before else ""
        with self._counted() as (requests, answers), patch.object(Cursors, "position", return_value=before):
            answer = self._api.ask("GET", path, query=f"pageSize={page_size}{going_on}")
        return self._told(answer, requests, answers)

    def numbered(self, path: str, *, page: int, page_size: int) -> Cost:
        """A page by its number."""
        with self._counted() as (requests, answers):
            answer = self._api.ask("GET", path, query=f"pageSize={page_size}&page={page}")
        return self._told(answer, requests, answers)

    def _told(self, answer: Answer, requests: Sequence[str], answers: Sequence[dict[str, Any]]) -> Cost:
        consumed = [each["ConsumedCapacity"]["CapacityUnits"] for each in answers]
        return Cost(answer, tuple(requests), sum(consumed), sum(each.get("ScannedCount", 1) for each in answers))

    def _position(self, passed: int) -> Mapping[str, str]:
        """Where a listing goes on after so many, as the store says it of a page that ends there."""
        from auricle.ports import RecordingFilter

        last = _FIRST + timedelta(seconds=self._made - passed)
        page = self._services.recordings.list("acme", RecordingFilter(created_to=last), 1)
        assert page.next_position is not None
        return page.next_position

    @contextmanager
    def _counted(self) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
        from auricle.adapters.dynamodb.items import Item

        requests: list[str] = []
        answers: list[dict[str, Any]] = []

        def ask(params: dict[str, Any], **_: Any) -> None:
            params["ReturnConsumedCapacity"] = "TOTAL"

        def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
            requests.append(model.name)
            answers.append(parsed)

        events = Item.connection().client.meta.events
        events.register("provide-client-params.dynamodb", ask)
        events.register("after-call.dynamodb", note)
        try:
            yield requests, answers
        finally:
            events.unregister("provide-client-params.dynamodb", ask)
            events.unregister("after-call.dynamodb", note)

    def _make_table(self) -> None:
        deployed = self._dynamodb.describe_table(TableName=self._engine.outputs["TableName"])["Table"]
        self._dynamodb.create_table(
            TableName=_TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=deployed["KeySchema"],
            AttributeDefinitions=deployed["AttributeDefinitions"],
            GlobalSecondaryIndexes=[
                {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
                for index in deployed["GlobalSecondaryIndexes"]
            ],
        )


def _reaching(engine: Child) -> dict[str, str]:
    return engine.endpoint.environment()
