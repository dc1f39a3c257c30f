"""The API function: what a cold start costs against `import fastapi`, and what a warm request adds to its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, ClassVar

from tests.contract.gateway import AUDIENCE, CONTEXT, ISSUER, Gateway, Identity, event

ROOT = Path(__file__).resolve().parents[2]
FRESH_PROCESSES = 9
REQUESTS = 3000
RECORDING_ID, CONTACT_ID, CALL_ID = "rec_bench", "contact_bench", "call_bench"
FILES, RECORDINGS = "/api/v1/audio-files", "/v1/core/recordings"
READ_FROM_DYNAMODB = {
    "audio files": f"{FILES}/{RECORDING_ID}",
    "core": f"{RECORDINGS}/{RECORDING_ID}",
    "agent": f"/api/v1/agent/founder/contacts/{CONTACT_ID}",
    "calls": f"/v1/calls/{CALL_ID}",
}
"""What each surface is first asked for."""

_CREATED_AT = datetime(2026, 3, 30, 12, tzinfo=UTC)

_CPU = "import time; started = time.process_time(); {work}; print(time.process_time() - started)"
_IMPORT_FASTAPI = _CPU.format(work="import fastapi")
_IMPORT_HANDLER = _CPU.format(work="import api.handler")
_FIRST_RESPONSE = """
import json, sys, time
event = json.loads(sys.argv[1])
started = time.process_time()
from api.handler import lambda_handler
answer = lambda_handler(event, None)
spent = time.process_time() - started
assert answer["statusCode"] == 200, answer
print(spent)
"""


def measure() -> Iterator[dict[str, Any]]:
    """Start-up in fresh processes with bytecode, then requests in this one."""
    yield from _cold()
    yield from _warm()


# --- a cold start -------------------------------------------------------------------------------------------


def _cold() -> Iterator[dict[str, Any]]:
    """Each round measures everything, so that a busy moment of the machine falls on all of it."""
    identity = Identity()
    with _aws(identity) as address, tempfile.TemporaryDirectory() as bytecode:
        environment = _environment(address, bytecode)
        _store(environment)
        headers = {"authorization": f"Bearer {identity.token()}"}
        requests = [json.dumps(event("GET", path, headers=headers)) for path in READ_FROM_DYNAMODB.values()]
        programs = [[_IMPORT_FASTAPI], [_IMPORT_HANDLER], *([_FIRST_RESPONSE, request] for request in requests)]
        for program in programs:
            _fresh(program, environment)  # writes the bytecode
        rounds = [[_fresh(program, environment) for program in programs] for _ in range(FRESH_PROCESSES)]
    fastapi_s, handler_s, *responses_s = (median(column) for column in zip(*rounds, strict=True))
    about = {"unit": "x import fastapi", "fastapi_cpu_ms": round(fastapi_s * 1000), "processes": FRESH_PROCESSES}
    yield {
        "name": "api init",
        "value": round(median(handler / fastapi for fastapi, handler, *_ in rounds), 2),
        "budget": "<= 1.2",
        "cpu_ms": round(handler_s * 1000),
        **about,
    }
    surfaces = {
        surface: round(median(each[number] / each[0] for each in rounds), 2)
        for number, surface in enumerate(READ_FROM_DYNAMODB, start=2)
    }
    yield {
        "name": "api init and first response from DynamoDB, of the slowest surface",
        "value": max(surfaces.values()),
        "budget": "<= 2.2",
        "cpu_ms": round(max(responses_s) * 1000),
        "surfaces": surfaces,
        **about,
    }


def _fresh(program: list[str], environment: Mapping[str, str]) -> float:
    """CPU seconds a fresh process says it spent."""
    command = [sys.executable, "-c", *program]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    if answer.returncode:
        raise RuntimeError(answer.stderr.strip().splitlines()[-1])
    return float(answer.stdout)


def _environment(address: str, bytecode: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **inherited,
        "PYTHONPYCACHEPREFIX": bytecode,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AURICLE_TABLE": "bench",
        "AURICLE_BUCKET": "bench",
        "AURICLE_JWKS_URL": f"{address}/jwks.json",
        "AURICLE_JWT_ISSUER": ISSUER,
        "AURICLE_JWT_AUDIENCE": AUDIENCE,
        "AURICLE_CURSOR_KEY": "bench",
    }


_STORE = """
from auricle.bootstrap import bootstrap
from auricle.crm.calls import CALLS
from tests.bench import api
services = bootstrap()
services.recordings.create(api.recording(api.RECORDING_ID), [])
services.contacts.create_contact(api.contact(api.CONTACT_ID))
services.records(CALLS).add(api.call(api.CALL_ID))
"""


def _store(environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "-c", _STORE], check=True, env=environment, cwd=ROOT)


@contextmanager
def _aws(identity: Identity) -> Iterator[str]:
    """As much of DynamoDB as one thing of each kind needs, and the issuer's keys, on a loopback port."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        stored: ClassVar[dict[str, list[dict[str, Any]]]] = {}

        def do_GET(self) -> None:  # the name http.server calls
            self._answer(identity.document())

        def do_POST(self) -> None:  # as above
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            operation = self.headers["x-amz-target"].partition(".")[2]
            answered: dict[str, Any] = {}
            if operation == "TransactWriteItems":
                for write in asked["TransactItems"]:
                    if "Put" in write:
                        self._keep(write["Put"]["Item"])
            elif operation == "PutItem":
                self._keep(asked["Item"])
            elif operation == "UpdateItem":
                answered = {"Attributes": asked["Key"]}
            elif operation == "GetItem":
                found = [item for item in self._lying_under(asked["Key"]) if item["sk"] == asked["Key"]["sk"]]
                answered = {"Item": found[0]} if found else {}
            elif operation == "Query":
                keys = [{"pk": value} for value in asked["ExpressionAttributeValues"].values()]
                found = [item for key in keys for item in self._lying_under(key)]
                answered = {"Items": found, "Count": len(found), "ScannedCount": len(found)}
            self._answer(json.dumps(answered).encode())

        def _keep(self, item: dict[str, Any]) -> None:
            self.stored.setdefault(item["pk"]["S"], []).append(item)

        def _lying_under(self, key: dict[str, Any]) -> list[dict[str, Any]]:
            return self.stored.get(key["pk"].get("S", ""), [])

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Quiet: standard output is the bench's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- a warm request -----------------------------------------------------------------------------------------


def _warm() -> Iterator[dict[str, Any]]:
    """Gateway event in, auth, validation, serialization, response out, over services that answer at once; against
    plain FastAPI and Mangum that serve the same answer."""
    from api.auth import Caller
    from api.dependencies import RequestContext
    from auricle.ports import RecordingPage
    from auricle.recordings.recording import RecordingDetail
    from auricle.visible_stores import VisibleStores
    from tests.bench._plain import plain_handler

    recordings = tuple(recording(f"rec_{number:04d}") for number in range(50))
    store = SimpleNamespace(
        list=lambda *_, **__: RecordingPage(recordings, {"month": "2026-03", "after": "rec"}),
        detail=lambda *_, **__: RecordingDetail(recordings[0], None),
    )
    services: Any = SimpleNamespace(recordings=store, contacts=None, objects=None, workflow=None)
    gateway = Gateway(services, Identity())
    caller = Caller("acme", "user_1", frozenset(), frozenset())
    context = RequestContext(caller, VisibleStores(lambda: services, caller.viewer), gateway.app.state.dependencies)
    plain = plain_handler(context)
    for name, path, query in (
        ("api warm GET", f"{FILES}/rec_0001", ""),
        ("api warm GET of every core field", f"{RECORDINGS}/rec_0001", ""),
        ("api warm list of 50", FILES, "campaignId=camp_xyz&pageSize=50"),
        ("api warm core list of 50", RECORDINGS, "result=closed&pageSize=50"),
    ):
        spent = _spent((plain, gateway.handle), gateway.identity.token(), path, query)
        (plain_us, _), (ours_us, p95_us) = (_middle(each) for each in spent)
        yield {
            "name": name,
            "value": round(ours_us / plain_us, 2),
            "unit": "x plain FastAPI and Mangum",
            "budget": "<= 1.5",
            "us": ours_us,
            "p95_us": p95_us,
            "plain_us": plain_us,
        }


def _spent(handlers: Sequence[Any], token: str, path: str, query: str) -> Sequence[list[float]]:
    """Microseconds of CPU of many requests to each handler in turn; none is answered from another's work."""
    headers = {"authorization": f"Bearer {token}"}
    spent_us: list[list[float]] = [[] for _ in handlers]
    answers = []
    for _ in range(REQUESTS):
        for handle, spent in zip(handlers, spent_us, strict=True):
            asked = event("GET", path, query=query, headers=headers)
            started = time.thread_time_ns()
            answer = handle(asked, CONTEXT)
            spent.append((time.thread_time_ns() - started) / 1000)
            if answer["statusCode"] != 200:
                raise RuntimeError(f"{path} answered {answer['statusCode']}")
            answers.append(json.loads(answer["body"]))
        if any(answer != answers[0] for answer in answers):
            raise RuntimeError(f"{path} is answered differently")
        answers.clear()
    return spent_us


def _middle(spent_us: list[float]) -> tuple[float, float]:
    """The middle and the slow end. The first tenth is left out: what is made on first use."""
    spent_us = sorted(spent_us[len(spent_us) // 10 :])
    return round(median(spent_us), 1), round(spent_us[len(spent_us) * 95 // 100], 1)


def contact(contact_id: str) -> Any:
    from auricle.crm.contacts import Contact

    return Contact("acme", contact_id, "Jane Smith", _CREATED_AT, _CREATED_AT, company="Acme Corp")


def call(call_id: str) -> Any:
    from auricle.crm.calls import CallDirection, TelephoneCall

    return TelephoneCall("acme", call_id, _CREATED_AT, _CREATED_AT, CallDirection.INBOUND, from_number="+15550100")


def recording(recording_id: str) -> Any:
    """A finished recording, as rich as they come."""
    from auricle.recordings.recording import Audio, Recording, Status
    from auricle.transcripts.highlights import Highlight
    from auricle.transcripts.transcript import Engine, SpeakerTalk

    made = Recording(
        org="acme",
        id=recording_id,
        created_at=_CREATED_AT,
        updated_at=_CREATED_AT + timedelta(seconds=70),
        status=Status.COMPLETE,
        file_name="call-2026-03-30.wav",
        title="Renewal",
        contact_ids=("contact_1", "contact_2"),
        campaign_id="camp_xyz",
        engagement_id="eng_abc123",
        content_type="audio/wav",
        version="v1",
        size_bytes=1_958_444,
    )
    return replace(
        made,
        audio=Audio("wav", "pcm_s16le", 1, 16000, 61.2),
        language="en",
        engines={"transcribe": Engine("pocketsphinx", "5.1.1", "en-us"), "diarize": Engine("embedded", "1")},
        highlights=tuple(Highlight("we could renew for two years", "speaker_1", 7, 31.4, 33.9) for _ in range(5)),
        speakers=(SpeakerTalk("speaker_0", 33.1, 91), SpeakerTalk("speaker_1", 24.8, 70)),
        word_count=161,
    )
