"""The templates of every environment, synthesized once for all tests, and again only when something changed.

Run as a module it synthesizes; the tests run it in a process of its own, since jsii keeps a Node beside it.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.bundling import DOMAIN, FUNCTIONS, ROOT, content_hash, function_names
from infra.environments import ENVIRONMENTS
from infra.synth import StackTemplate, stacks

KEPT = ROOT / "build" / "test-assemblies"
LOCAL_ORIGINS = ["http://localhost:3000", "https://app.example.com"]
"""Of the pages that may call `local` here; the other environments name none."""
PLACED = {
    "account": "123456789012",
    "region": "eu-central-1",
    "jwks_url": "https://id.acme.test/jwks.json",
    "jwt_issuer": "https://id.acme.test/",
    "alarm_topic": "arn:aws:sns:eu-central-1:123456789012:pager",
}
"""Said of one more prod, in the folder `placed`: all that deploying it takes."""
SAID = {"local": {"cors_origins": ",".join(LOCAL_ORIGINS)}, "staging": {"alarm_email": "ops@acme.test"}}
"""By environment."""
UNEXPLAINED = "unexplained.json"
"""What cdk-nag finds when no finding is accepted, and the reasons we give."""


@dataclass(frozen=True)
class Assembly:
    """One environment's stacks, by their last word: data, service, gpu."""

    environment: str
    stacks: dict[str, StackTemplate]

    @property
    def templates(self) -> list[StackTemplate]:
        return list(self.stacks.values())

    def resources(self, kind: str, stack: str | None = None) -> dict[str, dict[str, Any]]:
        """Resources of one CloudFormation type, by logical id, of one stack or of all."""
        return {
            name: resource
            for word, template in self.stacks.items()
            if stack in (None, word)
            for name, resource in template.load()["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str, stack: str | None = None) -> dict[str, Any]:
        """The properties of the one resource of this type."""
        (resource,) = self.resources(kind, stack).values()
        properties: dict[str, Any] = resource["Properties"]
        return properties

    def function_names(self) -> list[str]:
        """The folders of `functions/` that this environment deploys: all, but for who watches jobs where none are."""
        jobs = ENVIRONMENTS[self.environment].gpu is not None
        return [name for name in function_names() if jobs or name != "watch_jobs"]

    def functions(self) -> dict[str, dict[str, Any]]:
        """Properties of each Lambda function, by the name of its folder."""
        return {
            resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: resource["Properties"]
            for resource in self.resources("AWS::Lambda::Function").values()
        }


@cache
def synthesized() -> Path:
    """The folder with one cloud assembly per environment and what cdk-nag says without our reasons.

    Looked for once a process: sources that change while tests run are the next run's.
    """
    infra = ROOT / "infra"
    sources = [*infra.glob("*.py"), infra / "processing.asl.json", infra / "stacks", infra / "constructs"]
    key = content_hash([*sorted(sources), infra / "images", ROOT / "cdk.json", FUNCTIONS, DOMAIN, Path(__file__)])
    ready = KEPT / key
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            # Not all: another run may read them still.
            for old in sorted(KEPT.glob("*/"), key=lambda path: path.stat().st_mtime)[:-2]:
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(dir=KEPT) as folder:
                out = Path(folder) / "out"
                done = subprocess.run(
                    [sys.executable, "-m", "tests.infra.assemblies", str(out)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise AssertionError(f"Synthesis failed:\n{done.stderr[-6000:]}")
                out.rename(ready)
    return ready


def read(environment: str) -> Assembly:
    """One environment's assembly."""
    found = stacks(synthesized() / environment / f"assembly-{environment}")
    return Assembly(environment, {stack.stack_name.rsplit("-", 1)[1]: stack for stack in found})


def read_placed() -> Assembly:
    """Prod once more, with its account, its region and a topic there is already."""
    found = stacks(synthesized() / "placed" / "assembly-prod")
    return Assembly("prod", {stack.stack_name.rsplit("-", 1)[1]: stack for stack in found})


def main(outdir: Path) -> None:
    from aws_cdk import Acknowledgment, Validations

    from infra.synth import ChecksFailed, synthesize

    context = {"bundling": "false"}
    for name in ENVIRONMENTS:
        synthesize(name, outdir / name, context={**context, **SAID.get(name, {})})
    synthesize("prod", outdir / "placed", context={**context, **PLACED})

    reasons: dict[str, str] = {}

    def note(_self: Validations, *acknowledged: Acknowledgment) -> None:
        """Reasons are written down, but not heard."""
        reasons.update((each.id, each.reason) for each in acknowledged)

    setattr(Validations, "acknowledge", note)  # noqa: B010 - assigned in the open, mypy compares jsii's signatures
    found: tuple[str, ...] = ()
    try:
        synthesize("prod", outdir / "unexplained", context=context)
    except ChecksFailed as failed:
        found = failed.findings
    (outdir / UNEXPLAINED).write_text(json.dumps({"found": found, "reasons": reasons}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
