"""The engine as a child process: what `auricle demo` and the tests use, and what a kill -9 is tried on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.local import aws, failures
from infra.local.home import CHECKOUT, Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

STOP_WITHIN_S = 20.0


@dataclass(frozen=True)
class Child:
    """A served local environment in a process of its own."""

    home: Path
    base_url: str
    endpoint_url: str
    outputs: Mapping[str, str]
    changed: tuple[str, ...]
    process: subprocess.Popen[str]

    @property
    def endpoint(self) -> aws.Endpoint:
        """Its AWS port, with the secret that requests are signed with."""
        from infra.local import keys

        return aws.Endpoint(self.endpoint_url, keys.aws_secret(Home(self.home).keys))

    def client(self, service: str) -> Any:
        """A boto3 client at this engine."""
        return self.endpoint.client(service)

    def token(
        self, *, org: str, user: str = "local-user", roles: Iterable[str] = (), scopes: Iterable[str] = ()
    ) -> str:
        """A JWT that this environment accepts."""
        from infra.local import keys

        key = keys.load_or_create(Home(self.home).keys)
        return keys.issue_token(key, org=org, user=user, roles=roles, scopes=scopes)

    def stop(self) -> None:
        """End it as Ctrl-C does: everything is saved."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as the kernel does when memory runs out: nothing is saved."""
        self._end(signal.SIGKILL)

    def kill_group(self) -> None:
        """End it and every process it started at once. Only where it was launched with `own_group`."""
        kill_group(self.process.pid)
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def launch(
    home: Path,
    port: int = 0,
    progress: Callable[[str], None] = lambda _text: None,
    *,
    assembly: Path | None = None,
    own_group: bool = False,
    started: Callable[[int], None] = lambda _pid: None,
) -> Child:
    """Start an engine that ends with this process; returns when its API answers.

    `port` 0 takes any two free ports. `own_group` gives it a process group of its own. `started` is told the
    process's id before it serves. Raises what `engine.start` raises, with the same message.
    """
    command = [sys.executable, "-m", "infra.local.engine", "--home", str(home), "--port", str(port)]
    command += ["--with-parent"] + (["--assembly", str(assembly)] if assembly else [])
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        process_group=0 if own_group else None,
    )
    started(process.pid)
    if process.stdout is None:
        raise failures.EngineFailed("The engine's process has no output to read.")
    for line in process.stdout:
        told = json.loads(line)
        if "progress" in told:
            progress(told["progress"])
        elif "ready" in told:
            ready = told["ready"]
            return Child(
                home, ready["base_url"], ready["endpoint_url"], ready["outputs"], tuple(ready["changed"]), process
            )
        elif "failed" in told:
            process.wait()
            process.stdout.close()
            raise _failure(told["kind"], told["failed"])
    process.stdout.close()
    raise failures.EngineFailed(f"The engine ended with {process.wait()}. See {home / 'logs' / 'engine.log'}.")


def kill_group(group: int) -> None:
    """SIGKILL to every process of a group; nothing where there is none any more."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _failure(kind: str, message: str) -> failures.LocalEnvironmentError:
    """The child's error as it was raised there."""
    found = getattr(failures, kind, failures.EngineFailed)
    failure = found.__new__(found)
    failure.args = (message,)
    if not isinstance(failure, failures.LocalEnvironmentError):
        return failures.EngineFailed(message)
    return failure


@contextlib.contextmanager
def launched(
    home: Path,
    port: int = 0,
    progress: Callable[[str], None] = lambda _text: None,
    *,
    assembly: Path | None = None,
) -> Iterator[Child]:
    """`launch` for a block; stopped politely at its end."""
    child = launch(home, port, progress, assembly=assembly)
    try:
        yield child
    finally:
        child.stop()
