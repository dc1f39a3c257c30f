"""The only reader of the environment. Every variable is documented here; docs/settings.md is tested against it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from auricle.errors import AuricleError

PREFIX = "AURICLE_"


class SettingMissing(AuricleError):
    """A variable this function needs is not set."""

    code = "setting-missing"


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per variable: `AURICLE_` and the field's name in capitals. Empty means not set."""

    env: str = "local"
    """Which environment this is: local, dev, staging or prod."""
    table: str = ""
    """Name of the DynamoDB table."""
    bucket: str = ""
    """Name of the bucket recordings lie in."""
    bus: str = ""
    """Name of the EventBridge bus events are published to."""
    state_machine_arn: str = ""
    """The processing workflow."""
    jwks_url: str = ""
    """Where the keys that sign credentials are published (JWKS)."""
    jwt_issuer: str = ""
    """The `iss` a credential must carry."""
    jwt_audience: str = "auricle"
    """The `aud` a credential must carry."""
    transcribe_compute: str = "lambda"
    """Where transcription runs: lambda or batch."""
    diarize_compute: str = "lambda"
    """Where diarization runs: lambda or batch."""
    transcription_engine: str = "auto"
    """auto, pocketsphinx or whisper."""
    whisper_model: str = "small"
    """Name, folder or s3:// prefix of a faster-whisper model."""
    whisper_device: str = "auto"
    """auto, cuda or cpu; where cuda is asked for and there is no GPU, transcription fails at once."""
    job_queue: str = ""
    """Name of the AWS Batch queue of the speech jobs, where there is one."""
    gpu_wait_minutes: int = 10
    """How long a job waits while no machine is to be had; then functions do its work."""
    models_dir: str = ""
    """Folder of the converted model weights."""
    max_duration_s: int = 4 * 3600
    """Longest recording that is processed, in seconds."""
    max_upload_bytes: int = 1024**3
    """Largest file that is processed, in bytes."""
    upload_url_seconds: int = 900
    """How long a presigned upload URL holds: 15 minutes at most."""
    download_url_seconds: int = 900
    """How long a presigned download URL holds: 15 minutes at most."""
    download_hosts: str = ""
    """Hosts recordings may be fetched from, separated by commas, besides the signed URLs of this API; none where
    empty."""
    requests_per_minute: int = 0
    """How many requests a credential may send in a minute; 0 bounds nothing."""
    public_url: str = ""
    """The API's address as clients see it."""
    cursor_key: str = ""
    """Secret the API seals its cursors with, the same for all of its processes. Where empty, cursors are guarded
    against mistakes only; they cannot leave their tenant either way."""
    cors_origins: str = ""
    """Origins browsers may call from, separated by commas; none where empty."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Reads every variable once.

        Raises:
            SettingMissing: when a number is not one.
        """
        given: dict[str, str | int] = {}
        for setting in fields(cls):
            text = environment.get(PREFIX + setting.name.upper(), "")
            if not text:
                continue
            if isinstance(setting.default, int):
                if not text.isdigit():
                    raise SettingMissing(f"{PREFIX}{setting.name.upper()} must be a whole number; it is {text!r}.")
                given[setting.name] = int(text)
            else:
                given[setting.name] = text
        return cls(**given)  # type: ignore[arg-type]  # the loop above types each by its field

    def require(self, name: str) -> str:
        """The setting's text.

        Raises:
            SettingMissing: naming the variable, when it is not set.
        """
        value = getattr(self, name)
        if not value:
            raise SettingMissing(f"{PREFIX}{name.upper()} is not set.")
        return str(value)

    @property
    def models_path(self) -> Path:
        """The folder of the converted weights: the setting, or the user's cache folder."""
        if self.models_dir:
            return Path(self.models_dir)
        cache_home = os.environ.get("XDG_CACHE_HOME")
        return (Path(cache_home) if cache_home else Path.home() / ".cache") / "auricle" / "models"


@cache
def settings() -> Settings:
    """This process's settings, read on first use."""
    return Settings.from_environment(os.environ)
