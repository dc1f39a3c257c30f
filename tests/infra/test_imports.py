"""Who imports whom beyond the packages that pyproject.toml names: functions are found by their folders, so that a new
one is held to the same rules."""

from __future__ import annotations

import grimp
import pytest

from infra.bundling import function_names

NAMES = function_names()


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("auricle", "infra", *NAMES, include_external_packages=True)


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_the_graph_sees_every_function(imports: grimp.ImportGraph) -> None:
    assert {"api.handler", "transcribe.job", "summarize.handler"} <= imports.modules
    assert "auricle" in packages(imports.find_upstream_modules("finish", as_package=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_function_imports_the_domain_and_no_other_function_nor_where_it_runs(
    name: str, imports: grimp.ImportGraph
) -> None:
    imported = packages(imports.find_upstream_modules(name, as_package=True))
    assert imported & {*NAMES, "infra", "aws_cdk", "ministack"} == set()


@pytest.mark.parametrize("package", ["auricle", "infra"])
def test_neither_the_domain_nor_the_infrastructure_imports_a_function(package: str, imports: grimp.ImportGraph) -> None:
    assert packages(imports.find_upstream_modules(package, as_package=True)) & set(NAMES) == set()


def test_the_domain_does_not_know_where_it_runs(imports: grimp.ImportGraph) -> None:
    assert "infra" not in packages(imports.find_upstream_modules("auricle", as_package=True))
