"""What the documentation says of endpoints, settings and files is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from auricle.processing.stages import BY_STAGE
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


LISTED_STAGES = {stage.value for stage in BY_STAGE}
"""Their modules and functions have these names; the map may leave them to the list it names."""


def importable_names(folder: Path) -> set[str]:
    """Modules by name, and packages with a slash at the end, directly in a folder."""
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    packages = {f"{path.name}/" for path in folder.iterdir() if any(path.glob("*.py"))}
    return modules | packages


def named_on_the_map(heading: str) -> set[str]:
    """What stands in backquotes in one section of docs/code.md."""
    section = (ROOT / "docs/code.md").read_text().partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z0-9_./]+)`", section))


def test_the_map_names_every_package_and_module_of_the_domain() -> None:
    domain = ROOT / "layers/auricle/python/auricle"
    folders = [domain, *sorted(path.parent for path in domain.rglob("__init__.py") if path.parent != domain)]
    assert len(folders) >= 10
    names = {f"{folder.relative_to(domain)}/" for folder in folders if folder != domain}
    for folder in folders:
        names |= {name for name in importable_names(folder) if not name.endswith("/")}
    assert sorted(names - LISTED_STAGES - named_on_the_map("The domain")) == []
    assert "stages" in named_on_the_map("The domain")


def test_the_map_names_every_function_and_every_module_of_the_api() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    named = named_on_the_map("Functions")
    assert sorted(functions - LISTED_STAGES - named) == []
    assert sorted(importable_names(ROOT / "functions/api") - named) == []


def test_the_map_names_every_package_and_top_level_module_of_infra_and_every_module_of_the_command() -> None:
    names = importable_names(ROOT / "infra") | importable_names(ROOT / "infra/cli")
    assert sorted(names - named_on_the_map("Where it runs")) == []


def test_the_map_names_nothing_of_the_domain_that_is_gone() -> None:
    domain = ROOT / "layers/auricle/python/auricle"
    there = {path.stem for path in domain.rglob("*.py")} | {
        f"{path.parent.relative_to(domain)}/" for path in domain.rglob("__init__.py")
    }
    assert sorted(named_on_the_map("The domain") - there - {"layers/auricle/python/auricle/", "dynamodb/"}) == []
