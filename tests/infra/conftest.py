from __future__ import annotations

import pytest

from infra.environments import ENVIRONMENTS
from tests.infra import assemblies


@pytest.fixture(scope="session", params=list(ENVIRONMENTS))
def assembly(request: pytest.FixtureRequest) -> assemblies.Assembly:
    """Each environment in turn."""
    return assemblies.read(request.param)


@pytest.fixture(scope="session")
def local() -> assemblies.Assembly:
    return assemblies.read("local")


@pytest.fixture(scope="session")
def prod() -> assemblies.Assembly:
    return assemblies.read("prod")
