"""What the documentation says of endpoints, settings and files is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from auricle.settings import Settings
from tests.fixtures import endpoints_table

ROOT = Path(__file__).parents[2]
ENDPOINTS = (ROOT / "docs" / "endpoints.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_table_of_endpoints_is_what_the_surfaces_declare() -> None:
    """Made anew by `python -m tests.fixtures.endpoints_table`."""
    shown = ENDPOINTS.partition(endpoints_table.BEGIN)[2].partition(endpoints_table.END)[0].strip()
    assert shown == endpoints_table.table()


def test_every_endpoint_of_the_documents_is_served() -> None:
    assert endpoints_table.names() >= endpoints_table.SEEDS.keys() | endpoints_table.REFERENCE


@pytest.mark.parametrize("name", [setting.name for setting in fields(Settings)])
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `AURICLE_{name.upper()}` |" in SETTINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_tests_that_the_security_model_names_are_there() -> None:
    named = re.findall(
        r"`((?:contract|infra|integration|unit|fixtures)/[a-z_/]+(?:\.py)?)/?`", (ROOT / "docs/security.md").read_text()
    )
    assert len(named) >= 8
    assert [path for path in named if not (ROOT / "tests" / path).exists()] == []
