from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auricle.speech.flac import Samples
from auricle.speech.models import ensure_models
from auricle.speech.vad import VoiceActivityModel
from auricle.speech.working_copy import WorkingCopy, read_blocks, write_working_copy
from tests.fixtures.odd_audio import DEMO_CALL


@pytest.fixture(scope="session")
def voice_activity(tmp_path_factory: pytest.TempPathFactory) -> VoiceActivityModel:
    models = ensure_models(tmp_path_factory.mktemp("voice-activity"), ["voice-activity"])
    return VoiceActivityModel(models["voice-activity"])


@pytest.fixture(scope="session")
def demo_call() -> Samples:
    """The demo call, (n,)."""
    samples: Samples = np.concatenate(list(read_blocks(DEMO_CALL)), axis=1)[0]
    return samples


@pytest.fixture(scope="session")
def demo_copy(tmp_path_factory: pytest.TempPathFactory, voice_activity: VoiceActivityModel) -> tuple[WorkingCopy, Path]:
    """The demo call as Prepare leaves it."""
    target = tmp_path_factory.mktemp("demo-call") / "audio.flac"
    copy = write_working_copy(
        DEMO_CALL, target, voice_activity=voice_activity, max_duration_s=3600, max_size_bytes=1 << 24
    )
    return copy, target
