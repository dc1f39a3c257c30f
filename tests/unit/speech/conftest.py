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


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whisper model small enough to build here."""
    from tests.fixtures import toy_whisper  # it imports faster-whisper, which takes a second

    return toy_whisper.build(tmp_path_factory.mktemp("toy") / "whisper")


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the hub nor what this machine may have downloaded from it."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
