"""The embedded AWS engine in one process, on loopback: `start` it here, or `python -m infra.local.engine`.

Two ports: the public one (the API and the JWKS, front.py) and the one after it (the AWS endpoint, where
presigned URLs lead). The engine is one per process: its state lives in module globals.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import logging
import logging.handlers
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local import aws, keys
from infra.local.checkpoint import Activity
from infra.local.cross_site import CrossSiteRules, configured_origins
from infra.local.durability import Durability
from infra.local.failures import EngineFailed, LocalEnvironmentError, PortTaken, PortUnusable
from infra.local.home import Home, default_home

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.deploy import Deployment
    from infra.local.front import Front

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
MAX_PORT = 65_535
STOP_WITHIN_S = 3.0
HOLD_WITHIN_S = 1.0
START_WITHIN_S = 30.0

log = logging.getLogger("auricle.local.engine")


@dataclass(frozen=True)
class Running:
    """A served local environment. `stop` saves and ends it; `wait` returns when it ends by itself."""

    home: Home
    base_url: str
    endpoint: aws.Endpoint
    deployment: Deployment
    _server: _Server
    _held: contextlib.ExitStack

    @property
    def endpoint_url(self) -> str:
        """The address of the AWS port."""
        return self.endpoint.url

    def client(self, service: str) -> Any:
        """A boto3 client at this engine."""
        return self.endpoint.client(service)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the server ended by itself within the time."""
        return self._server.ended.wait(timeout_s)

    def stop(self) -> None:
        """Take no more requests, save, end the functions' processes. Once is enough, twice is harmless."""
        self._held.close()


class _Over(Exception):
    """Ends the engine's own handling of its life."""


class _Server:
    """Hypercorn with the engine behind it, on an event loop of its own in a thread."""

    def __init__(self, application: Any, front: Front, public: socket.socket, endpoint: socket.socket) -> None:
        self.ended = threading.Event()
        self.failure: BaseException | None = None
        self._application = application
        self._front = front
        self._public_port = public.getsockname()[1]
        self._sockets = (public, endpoint)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._holding = False
        self._under_way = 0
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Serve from now on. Raises EngineFailed."""
        self._thread.start()
        if not self._ready.wait(START_WITHIN_S) or self.failure is not None:
            raise EngineFailed(f"The engine did not start: {self.failure or 'no answer'}. See engine.log.")

    def hold(self) -> None:
        """Answer no further request, and let those the engine works on end.

        Held requests wait rather than fail: a function that got an error now would report it, and its workflow
        would write a failure into the state that is about to be saved.
        """
        self._holding = True
        deadline_s = time.monotonic() + HOLD_WITHIN_S
        while self._under_way and time.monotonic() < deadline_s:
            time.sleep(0.01)

    def stop(self) -> None:
        """Close the ports."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_WITHIN_S)

    def _run(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"fd://{bound.detach()}" for bound in self._sockets]  # hypercorn closes them
        config.graceful_timeout = 1.0
        config.keep_alive_timeout = 30.0
        config.errorlog = logging.getLogger("auricle.local.http")
        config.h11_max_incomplete_size = 64 * 1024
        try:
            self._loop.run_until_complete(serve(self, config, shutdown_trigger=self._stopping.wait, mode="asgi"))
        except BaseException as failure:  # reported by start() or wait()
            self.failure = failure
            log.exception("the engine ended")
        finally:
            self.ended.set()
            self._ready.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if self._holding:
            await self._stopping.wait()
            return
        if scope["server"][1] == self._public_port:
            await self._front(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._under_way -= 1

    async def _live(self, scope: Any, receive: Any, send: Any) -> None:
        """The engine's start; its shutdown is left out, for it would save again what stop() has saved."""

        async def receive_start() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await send({"type": "lifespan.shutdown.complete"})
                raise _Over
            return message

        async def send_and_note(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self._ready.set()

        with contextlib.suppress(_Over):
            await self._application(scope, receive_start, send_and_note)


def start(
    home: Path,
    port: int = DEFAULT_PORT,
    progress: Callable[[str], None] = lambda _text: None,
    *,
    endpoint_port: int | None = None,
    assembly: Path | None = None,
) -> Running:
    """Serve the local environment from `home` on `port` and the port after it; deploy what changed.

    `port` 0 takes any two free ports. `assembly` deploys that cloud assembly instead of this checkout's.
    Returns when the API answers. Raises LocalEnvironmentError: a port or the home taken, the app not
    synthesizable, the template not deployable.
    """

    place = Home(home)
    with contextlib.ExitStack() as held:
        held.enter_context(place.held())
        signing_key, secret = keys.load_or_create(place.keys), keys.aws_secret(place.keys)
        public = held.enter_context(contextlib.closing(_bind(port)))
        after = 0 if port == 0 else port + 1
        behind = held.enter_context(contextlib.closing(_bind(after if endpoint_port is None else endpoint_port)))
        public_port, aws_port = public.getsockname()[1], behind.getsockname()[1]
        base_url = f"http://{HOST}:{public_port}"
        endpoint = aws.Endpoint(f"http://{HOST}:{aws_port}", secret)
        origins = frozenset(configured_origins(os.environ))

        _log_to(place.logs)
        _set_environment(place, aws_port, endpoint)
        durability = Durability(place, progress)
        held.callback(durability.close)
        progress("Starting the engine …")

        from infra.local import glue
        from infra.local.aws_port import AwsPort
        from infra.local.batch_jobs import BatchJobs
        from infra.local.front import Front
        from infra.local.object_policy import denied_by_tags
        from infra.local.signatures import Verifier

        activity = Activity()
        jobs = BatchJobs(place.logs, place.scratch, glue.function_environments, endpoint.environment())
        engine = glue.install(activity.note, jobs.submit_and_wait, durability.before_invocation)
        durability.install()
        application = AwsPort(
            durability.answering_when_written(engine),
            verifier=Verifier(aws.ACCOUNT, endpoint.secret_access_key),
            rules=CrossSiteRules(aws_port, origins),
            changed=activity.note,
            denied=denied_by_tags,
        )
        front = Front(keys.jwks(signing_key), CrossSiteRules(public_port, origins))
        server = _Server(application, front, public, behind)
        checkpoint = durability.checkpoint(activity)
        try:
            server.start()
        except EngineFailed as failure:
            raise durability.failure or failure from None
        # Undone from the last to the first: what is saved is the state before anything was taken away.
        held.callback(server.stop)
        held.callback(glue.stop_workers)
        held.callback(durability.close)  # what ends because functions end is no news
        held.callback(checkpoint.stop)
        held.callback(server.hold)

        from infra.local import recovery, synthesis
        from infra.local.deploy import deploy

        deployment = deploy(
            assembly or synthesis.synthesize(progress, cors_origins=origins),
            base_url=base_url,
            endpoint=endpoint,
            progress=progress,
        )
        if deployment.changed:
            # Twice, so that the file kept beside the newest one knows of the change too.
            for _ in range(2):
                checkpoint.save(whole=True)
        checkpoint.start()
        front.api_id = deployment.api_id
        recovered = recovery.recover(endpoint, deployment.sweep_function)
        if recovered.executions:
            progress(f"Going on with {len(recovered.executions)} cut-off recording(s) …")
        return Running(place, base_url, endpoint, deployment, server, held.pop_all())


def _bind(port: int) -> socket.socket:
    if not 0 <= port <= MAX_PORT:
        raise PortUnusable(port, "there is no such port" if port < 0 else f"the highest is {MAX_PORT}")
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port) from error
        raise PortUnusable(port, error.strerror or str(error)) from error
    return bound


def _set_environment(home: Home, aws_port: int, endpoint: aws.Endpoint) -> None:
    """Everything the engine reads from the environment; it reads most of it while it is imported."""
    if "ministack" in sys.modules:
        raise EngineFailed("The engine was imported before its environment was set, or started twice.")
    for name in list(os.environ):
        if name.startswith(("AWS_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_", "SFN_", "S3_")):
            del os.environ[name]
    # Without bytecode every start of the engine compiles for half a second, and so does every function's process.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    for name in ("AUTH", "USE_SSL", "SERVICES", "EDGE_PORT", "CDK_OUTDIR", "CDK_CONTEXT_JSON"):
        os.environ.pop(name, None)
    for name in ("NO_PROXY", "no_proxy"):  # functions reach the engine directly, whatever proxy there is
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), HOST, "localhost"]))
    os.environ.update(endpoint.environment())
    os.environ.update(
        {
            "GATEWAY_PORT": str(aws_port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": "localhost",
            "MINISTACK_ACCOUNT_ID": aws.ACCOUNT,
            "MINISTACK_REGION": aws.REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(home.state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(
                home.scratch / "s3"
            ),  # the engine's own way of keeping objects, which journaled_objects.py replaces
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "3600",
            "LAMBDA_ACCOUNT_CONCURRENCY": "64",
            # No socket there: with a Docker daemon the engine would remove containers it takes for its own.
            "DOCKER_HOST": f"unix://{home.root}/no-docker",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(home.scratch),
        }
    )
    tempfile.tempdir = str(home.scratch)


def _log_to(folder: Path) -> None:
    """engine.log for the engine and this package, functions.log for what the functions write."""
    layout = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")

    def handler(name: str) -> logging.Handler:
        made = logging.handlers.RotatingFileHandler(folder / name, maxBytes=5_000_000, backupCount=1, delay=True)
        made.setFormatter(layout)
        return made

    root = logging.getLogger()
    for present in list(root.handlers):
        root.removeHandler(present)
    root.addHandler(handler("engine.log"))
    root.setLevel(logging.WARNING)
    local = logging.getLogger("auricle.local")
    local.setLevel(logging.INFO)
    functions = logging.getLogger("auricle.local.functions")
    functions.propagate = False
    functions.handlers = [handler("functions.log")]


def main() -> int:
    """Serve until SIGTERM, SIGINT or (with --with-parent) the parent's end, telling how it goes as JSON lines.

    `{"progress": "…"}` any number of times, then `{"ready": {…}}` or `{"failed": "…"}`.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--home", type=Path, default=default_home())
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--endpoint-port", type=int)
    parser.add_argument("--assembly", type=Path, help="a cloud assembly to deploy instead of this checkout's")
    parser.add_argument("--with-parent", action="store_true", help="stop when the parent process ends")
    chosen = parser.parse_args()
    parent = os.getppid()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def tell(**what: Any) -> None:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()

    try:
        running = start(
            chosen.home.expanduser().resolve(),
            chosen.port,
            lambda text: tell(progress=text),
            endpoint_port=chosen.endpoint_port,
            assembly=chosen.assembly,
        )
    except LocalEnvironmentError as failure:
        tell(failed=str(failure), kind=type(failure).__name__)
        return 1
    except Exception as failure:
        log.exception("the start failed")
        tell(failed=f"The engine did not start: {str(failure)[:2000]}", kind=EngineFailed.__name__)
        return 1
    tell(
        ready={
            "base_url": running.base_url,
            "endpoint_url": running.endpoint_url,
            "outputs": dict(running.deployment.outputs),
            "changed": list(running.deployment.changed),
        }
    )
    while not stopping.wait(0.2):
        if running.wait(0) or (chosen.with_parent and os.getppid() != parent):
            break
    running.stop()
    sys.stdout.flush()
    # Threads of the engine may still sit in a long call of a function that is gone: everything is saved by now.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
