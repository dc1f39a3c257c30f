"""The Lambda entry: what it loads, and that it answers without AWS where none is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from api.handler import lambda_handler
from auricle.settings import settings
from tests.contract.gateway import CONTEXT, event

LATE = ("boto3", "botocore", "pynamodb", "joserfc", "cryptography", "aws_lambda_powertools", "numpy", "zstandard")
"""What a cold start must not pay for before a request needs it."""


def test_health_over_the_real_entry() -> None:
    answered = lambda_handler(event("GET", "/health"), CONTEXT)
    assert answered["statusCode"] == 200
    assert json.loads(answered["body"])["status"] == "ok"


def test_head_is_answered_like_get() -> None:
    assert lambda_handler(event("HEAD", "/health"), CONTEXT)["statusCode"] == 200


def test_a_function_without_its_settings_says_so_in_its_log_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("AURICLE_JWKS_URL", raising=False)
    settings.cache_clear()
    asked = event("GET", "/api/v1/audio-files", headers={"authorization": "Bearer a.b.c"})
    answered = lambda_handler(asked, CONTEXT)
    settings.cache_clear()
    assert answered["statusCode"] == 500
    assert "AURICLE" not in answered["body"]
    assert [vars(record)["error"] for record in caplog.records] == ["SettingMissing"]


def test_start_up_loads_nothing_that_a_request_may_not_need() -> None:
    program = f"import sys, api.handler; print(sorted(set({LATE!r}) & set(sys.modules)))"
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    assert answer.stdout.strip() == "[]"
