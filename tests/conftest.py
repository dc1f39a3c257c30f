"""What every suite may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def shared_speech() -> Path:
    """Real recordings with ground truth, which lie beside the checkout and in no commit."""
    folder = SHARED / "speech"
    if not folder.is_dir():
        pytest.skip(f"REAL SPEECH NOT TESTED: {folder} is not there")
    return folder


@pytest.fixture(scope="session")
def demo_call() -> Path:
    """Sixty-eight seconds of two synthetic voices; `demo_call.json` beside it has the exact turns."""
    return FIXTURES / "demo_call.flac"
