"""kill -9 of the engine's whole process group, at random moments, under clients that upload without pause.

Everything random comes from one seed. What a client was told counts: a 2xx is written down before the next request,
and at the end each of them has to be true, once.
"""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from infra.local.child import Child, kill_group, launch
from infra.local.failures import EngineFailed
from tests.integration.service import AUDIO_FILES, SCOPES, Listener, Service, wait
from tests.integration.test_engine_recovery import two_free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ORG = "faults"
RESTARTS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    seed: int
    kills: int = 20
    clients: int = 4
    uploads: tuple[int, int] = (0, 8)
    """How many uploads the engine acknowledges in each of its lives, at least and at most."""
    and_then_s: tuple[float, float] = (0.0, 3.0)
    """How long it goes on after the last of them, at least and at most."""
    lives_s: float = 60.0
    """After which it is killed whatever it acknowledged: a busy machine is slow."""
    killed_while_starting: float = 0.2
    """The share of starts that are killed too."""
    settled_within_s: float = 900.0
    """After the last start, until everything has to be finished."""
    pause_s: tuple[float, float] = (0.2, 2.0)
    """Of a client between two uploads."""


@dataclass
class Acknowledged:
    """What the API said yes to."""

    created: set[str] = field(default_factory=set)
    uploaded: set[str] = field(default_factory=set)
    sent: Counter[str] = field(default_factory=Counter)
    """How often bytes were sent, answered or not."""
    titles: dict[str, set[str | None]] = field(default_factory=dict)
    """Titles that may stand there: the last one acknowledged, and those sent after it."""
    deleted: set[str] = field(default_factory=set)


@dataclass
class Outcome:
    """What is left of it after the kills."""

    plan: Plan
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    restarts_s: list[float] = field(default_factory=list)
    kills: int = 0
    duration_s: float = 0.0

    def summary(self) -> str:
        """One line."""
        restarts = f"{statistics.median(self.restarts_s):.1f} s, at most {max(self.restarts_s):.1f} s"
        return (
            f"faults: seed {self.plan.seed}: {self.kills} kills under {self.plan.clients} clients; "
            f"{self.acknowledged} acknowledged uploads, {len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{len(self.stuck)} stuck; restarts {restarts}; {self.duration_s:.0f} s"
        )


class Client(threading.Thread):
    """Asks for an upload, sends it, gives it a title; now and then removes one. Writes down what was answered."""

    def __init__(self, base_url: str, token: str, audio: bytes, plan: Plan, number: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.said = Acknowledged()
        self.unexpected: list[str] = []
        self._random = random.Random(f"{plan.seed}-client-{number}")
        self._pause_s = plan.pause_s
        self._audio = audio
        self._stopping = threading.Event()
        self._http = httpx.Client(
            base_url=base_url, headers={"authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._upload()
            except httpx.TransportError:
                self._stopping.wait(0.1)  # killed: what was not answered was not promised
                continue
            self._stopping.wait(self._random.uniform(*self._pause_s))
        self._http.close()

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _upload(self) -> None:
        made = self._http.post(f"{AUDIO_FILES}/upload-url", json={"fileName": "call.flac"})
        if not self._is_success(made):
            return
        recording, url = made.json()["audioFileId"], made.json()["uploadUrl"]
        self.said.created.add(recording)
        self.said.sent[recording] += 1
        if not self._is_success(httpx.put(url, content=self._audio, timeout=30, trust_env=False)):
            return
        self.said.uploaded.add(recording)
        if self._random.random() < 0.5:
            title = f"Title {self._random.randrange(1000)}"
            possible = self.said.titles.setdefault(recording, {None})
            possible.add(title)
            if self._is_success(self._http.patch(f"/v1/core/recordings/{recording}", json={"title": title})):
                self.said.titles[recording] = {title}
        if self._random.random() < 0.1 and self._is_success(
            self._http.delete(f"/v1/core/recordings/{recording}?permanent=true")
        ):
            self.said.deleted.add(recording)

    def _is_success(self, answer: httpx.Response) -> bool:
        # While the engine starts its front says 503; a function whose engine is being killed may end as 5xx.
        if not answer.is_success and answer.status_code < 500:
            self.unexpected.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
        return answer.is_success


class Engine:
    """The engine's process group at one address, killed and started again."""

    def __init__(self, home: Path, plan: Plan, outcome: Outcome) -> None:
        self._home, self._port = home, two_free_ports()
        self._plan, self._outcome = plan, outcome
        self._random = random.Random(f"{plan.seed}-kills")
        self.child = self._launch()

    def _launch(self) -> Child:
        return launch(self._home, self._port, own_group=True)

    def live_and_die(self, acknowledged: Callable[[], int]) -> None:
        """Serve for a while, be killed, perhaps be killed while starting, and start."""
        until_s = time.monotonic() + self._plan.lives_s
        enough = acknowledged() + self._random.randint(*self._plan.uploads)
        while acknowledged() < enough and time.monotonic() < until_s:
            time.sleep(0.01)
        time.sleep(self._random.uniform(*self._plan.and_then_s))
        self.child.kill_group()
        self._outcome.kills += 1
        while self._outcome.kills < self._plan.kills and self._random.random() < self._plan.killed_while_starting:
            self._start_and_die(self._random.uniform(0.2, 3.0))
        began_s = time.monotonic()
        self.child = self._launch()
        self._outcome.restarts_s.append(time.monotonic() - began_s)

    def _start_and_die(self, within_s: float) -> None:
        killed = threading.Event()

        def kill_later(child_pid: int) -> None:
            killed.set()
            kill_group(child_pid)

        try:
            child = launch(
                self._home,
                self._port,
                own_group=True,
                started=lambda pid: threading.Timer(within_s, kill_later, [pid]).start(),
            )
        except EngineFailed:
            if not killed.is_set():
                raise
        else:
            wait(killed.is_set)
            child.kill_group()
        self._outcome.kills += 1


def run(home: Path, plan: Plan, audio: bytes, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Do it all, and find out what is left."""
    began_s = time.monotonic()
    outcome = Outcome(plan)
    engine = Engine(home, plan, outcome)
    try:
        heard = Listener(engine.child)
        token = engine.child.token(org=ORG, roles=["founder"], scopes=SCOPES)
        time.sleep(2)  # the rule and the queue of the listener are saved, as is everything that is not a recording
        clients = [Client(engine.child.base_url, token, audio, plan, number) for number in range(plan.clients)]
        for client in clients:
            client.start()
        while outcome.kills < plan.kills:
            engine.live_and_die(lambda: sum(len(client.said.uploaded) for client in clients))
            tell(f"kill {outcome.kills} of {plan.kills}; up again in {outcome.restarts_s[-1]:.1f} s")
        for client in clients:
            client.stop()
        unexpected = [line for client in clients for line in client.unexpected]
        assert unexpected == [], unexpected[:5]
        service = Service.at(engine.child, ORG)
        with service.http:
            _judge([client.said for client in clients], service, heard, outcome)
    finally:
        engine.child.stop()
    outcome.duration_s = time.monotonic() - began_s
    return outcome


def _judge(said: Sequence[Acknowledged], service: Service, heard: Listener, outcome: Outcome) -> None:
    deadline_s = time.monotonic() + outcome.plan.settled_within_s
    for one in said:
        outcome.acknowledged += len(one.uploaded)
        for recording in sorted(one.created - one.deleted):
            _judge_recording(recording, one, service, heard, outcome, deadline_s)
        for recording in sorted(one.deleted):
            if service.http.get(f"/v1/core/recordings/{recording}").status_code != 404:
                outcome.lost.append(f"{recording}: its removal")


def _judge_recording(
    recording: str, said: Acknowledged, service: Service, heard: Listener, outcome: Outcome, deadline_s: float
) -> None:
    answer = service.http.get(f"{AUDIO_FILES}/{recording}/processing-status")
    if answer.status_code == 404:
        outcome.lost.append(f"{recording}: created")
        return
    versions = [key for key in service.versions(recording) if key == "source"]
    if not versions:
        if recording in said.uploaded:
            outcome.lost.append(f"{recording}: uploaded")
        return
    if len(versions) > said.sent[recording]:
        outcome.doubled.append(f"{recording}: {len(versions)} versions")
    # Also where the client was not told that its bytes had come.
    while service.status(recording)["status"] not in {"completed", "failed"}:
        if time.monotonic() > deadline_s:
            outcome.stuck.append(f"{recording}: {json.dumps(service.status(recording))}")
            return
        time.sleep(0.2)
    status = service.status(recording)
    if status["status"] != "completed":
        outcome.lost.append(f"{recording}: {status}")
        return
    wait(lambda: "RUNNING" not in service.executions(recording).values())
    executions, runs = service.executions(recording), _runs(service, recording)
    if list(executions.values()) != ["SUCCEEDED"] or runs != 1 or status["run"] != 1:
        outcome.doubled.append(f"{recording}: {executions}, {runs} runs")
    heard.until(recording, "completed")
    completed = {event["detail"]["id"] for event in heard.of(recording) if _is_completion(event)}
    if len(completed) != 1:
        outcome.doubled.append(f"{recording}: {len(completed)} completion events")
    titles = said.titles.get(recording)
    if titles and (found := service.get(f"/v1/core/recordings/{recording}")["data"]["title"]) not in titles:
        outcome.lost.append(f"{recording}: the title {titles}; it is {found!r}")


def _is_completion(event: dict[str, Any]) -> bool:
    return bool(event["detail-type"] == "recording.completed")


def _runs(service: Service, recording: str) -> int:
    return sum(key.startswith("RUN#") for key in service.items(recording))
