"""What the README says of the endpoints is what the surfaces declare."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures import endpoints_table

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_table_of_endpoints_is_what_the_surfaces_declare() -> None:
    """Made anew by `python -m tests.fixtures.endpoints_table`."""
    shown = README.partition(endpoints_table.BEGIN)[2].partition(endpoints_table.END)[0].strip()
    assert shown == endpoints_table.table()


def test_every_endpoint_of_the_documents_is_served() -> None:
    assert endpoints_table.names() >= endpoints_table.SEEDS.keys() | endpoints_table.REFERENCE
