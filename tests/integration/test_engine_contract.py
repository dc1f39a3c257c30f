"""The engine's private names that infra/local/glue.py holds on to. When one of these tests fails after an update
of ministack, read the change in its source and mend glue.py; then raise PINNED_VERSION."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from infra.local import glue
from infra.local.home import CHECKOUT
from infra.local.memory import EXIT_ABOVE_MEMORY, MEMORY_MB


def test_the_installed_engine_is_the_pinned_one() -> None:
    assert importlib.metadata.version("ministack") == glue.PINNED_VERSION
    assert f'"ministack=={glue.PINNED_VERSION}"' in (CHECKOUT / "pyproject.toml").read_text()


@pytest.mark.parametrize("private", glue.CONTRACT, ids=lambda private: f"{private.module}.{private.name}")
def test_a_private_name_is_where_and_as_it_was(private: glue.PrivateName) -> None:
    if private.parameters is None:
        private.resolve()
    else:
        assert private.present_parameters() == private.parameters


def test_the_contract_is_complete() -> None:
    """Nothing else of Auricle reaches into the engine."""
    for path in sorted((CHECKOUT / "infra").rglob("*.py")):
        mentions = re.findall(r"^\s*(?:from|import) ministack\S*", path.read_text(), re.MULTILINE)
        assert path.name == "glue.py" or not mentions, path


def test_the_stores_hold_what_glue_reads() -> None:
    assert "arn:aws:states:::sqs:sendMessage" in glue.SERVICE_INTEGRATIONS.resolve()
    for store in (glue.EXECUTIONS, glue.FUNCTIONS, glue.STREAM_RECORDS, glue.STREAM_POSITIONS, glue.EVENT_SOURCES):
        assert isinstance(store.resolve()._data, dict)


def test_the_worker_script_still_takes_code_before_it() -> None:
    _binary, script = glue.WORKER_SCRIPT.resolve()("python3.13")
    compile(glue.EXIT_WITH_PARENT + EXIT_ABOVE_MEMORY + glue.FORGET_CHECKOUT + script, "worker", "exec")
    # The engine tells a worker of its function's memory by this variable, and of its death in these words.
    from ministack.core import lambda_runtime

    runtime = Path(lambda_runtime.__file__).read_text()
    assert f'setdefault("{MEMORY_MB}", str(self.config.get("MemorySize"' in runtime
    assert all(words in runtime for words in ("Worker process died", "Worker process exited immediately"))
    # The engine reports a failed handler by its traceback; the class is read from there.
    assert '"trace": traceback.format_exc()' in script


def test_a_restart_still_fails_what_was_running() -> None:
    """Recovery looks for this name; were it another, cut-off executions would stay failed."""
    from ministack.services import stepfunctions

    assert f'"{glue.CUT_OFF}"' in Path(stepfunctions.__file__).read_text()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nValueError: no', "ValueError"),
        ('  File "a.py", line 1, in f\n    g()\n    ^^^\nauricle.errors.EmptyAudio: nothing', "EmptyAudio"),
        ('  File "a.py", line 1, in f\nauricle.errors.TooLong: one\nKeyError: two\nthree', "TooLong"),
        (
            '  File "a.py", line 1, in f\nKeyError: 1\n\nDuring handling …:\n\n  File "b.py", line 2\nTimeoutError',
            "TimeoutError",
        ),
        ("Worker init failed: no module", None),
    ],
)
def test_the_class_is_read_from_the_traceback(text: str, name: str | None) -> None:
    assert glue.error_class(text) == name
