"""`auricle --help` answers quickly: what commands need is imported when they run."""

from __future__ import annotations

import subprocess
import sys


def test_the_help_imports_no_library_that_only_commands_need() -> None:
    script = """
import sys
from typer.testing import CliRunner
from infra.cli.main import app
help_text = CliRunner().invoke(app, ["--help"]).output
for command in "up demo submit status token synth preflight deploy cdk evaluate models state".split():
    assert f" {command} " in help_text, command
slow = {"aws_cdk", "boto3", "fastapi", "httpx", "joserfc", "ministack", "numpy", "onnxruntime"}
print(sorted(slow & {name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
