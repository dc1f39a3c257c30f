"""Generators and validators read the document of the whole API without an error and without a warning."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.clients.tools import HERE, NODE_MODULES, Done, install, node, node_tool, python_tool, run
from tests.contract.gateway import Gateway, Identity
from tests.fakes import Fakes
from tests.fixtures.operations import whole_document

AT_ONCE = 2
OF_ITSELF = (
    "[main] WARN  o.o.codegen.DefaultCodegen - OpenAPI 3.1 support is still in beta.",
    # Once for any OpenAPI 3.1 document with `additionalProperties: false`, which it reads as a schema without a name.
    "[main] WARN  o.o.codegen.utils.ModelUtils - Failed to get the schema name: null",
)
"""What openapi-generator warns of that is not the document."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document, and what a client's author has beside it."""
    install()
    made = tmp_path_factory.mktemp("clients")
    (made / "openapi.json").write_text(json.dumps(whole_document()))
    (made / "node_modules").symlink_to(NODE_MODULES)
    for name in ("call.ts", "call.py", "redocly.yaml"):
        shutil.copy(HERE / name, made)
    return made


@pytest.fixture(scope="module")
def results(folder: Path) -> Iterator[Mapping[str, Future[Done]]]:
    """What each tool answers, as many at a time as there are cores to count on."""
    generator = python_tool("openapi-generator-cli")
    commands = {
        "python": [
            *(*python_tool("openapi-python-client"), "generate", "--path", "openapi.json", "--meta", "none"),
            *("--output-path", "auricle_client", "--config", str(HERE / "python-client.yaml"), "--fail-on-warning"),
        ],
        "typescript": [*node_tool("openapi-typescript"), "openapi.json", "--output", "schema.d.ts"],
        "generate": [*generator, "generate", "-g", "python", "-i", "openapi.json", "-o", "generated"],
        "validate": [*generator, "validate", "-i", "openapi.json", "--recommend"],
        "redocly": [*node_tool("redocly"), "lint", "openapi.json", "--format=stylish", "--max-problems=1000"],
        "ajv": [*node(HERE / "compile_schemas.mjs"), "openapi.json", str(NODE_MODULES)],
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(run, command, folder) for name, command in commands.items()}


def test_openapi_python_client_has_nothing_to_warn_of(results: Mapping[str, Future[Done]]) -> None:
    assert results["python"].result() == Done(0, "Generating auricle_client\n")


def test_a_call_by_the_python_client_type_checks(folder: Path, results: Mapping[str, Future[Done]]) -> None:
    results["python"].result()
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=.mypy_cache"]
    done = run([*mypy, "--follow-imports=silent", "call.py"], folder)
    assert done == Done(0, "Success: no issues found in 1 source file\n")


def test_the_python_client_calls_the_api(
    folder: Path, results: Mapping[str, Future[Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    results["python"].result()
    monkeypatch.syspath_prepend(str(folder))
    call, client = importlib.import_module("call"), importlib.import_module("auricle_client")
    caller = client.AuthenticatedClient(
        "https://api.test", token=Identity().token(), httpx_args={"transport": transport(Fakes())}
    )
    assert call.upload_url(caller, "call.wav").startswith("https://")
    assert call.with_status(caller, client.models.AudioFileStatus.PENDING) == ["call.wav"]
    with pytest.raises(RuntimeError, match="fileName"):
        call.upload_url(caller, "")


def transport(services: Fakes) -> httpx.MockTransport:
    """The API in the place of the network."""
    identity = Identity()
    api = Gateway(services, identity)

    def answer(request: httpx.Request) -> httpx.Response:
        answered = api.ask(
            request.method,
            request.url.path,
            query=request.url.query.decode(),
            body=request.content,
            token=identity.token(),
        )
        return httpx.Response(answered.status, headers=dict(answered.headers), content=answered.body)

    return httpx.MockTransport(answer)


def test_openapi_typescript_reads_it(results: Mapping[str, Future[Done]]) -> None:
    done = results["typescript"].result()
    assert done.status == 0
    assert lines_with(done, "warn", "error") == []


def test_a_call_by_the_typescript_types_type_checks(folder: Path, results: Mapping[str, Future[Done]]) -> None:
    results["typescript"].result()
    strict = ["--strict", "--noEmit", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]
    modules = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    assert run([*node_tool("tsc"), *strict, *modules, "call.ts"], folder) == Done(0, "")


def test_openapi_generator_finds_the_document_valid(results: Mapping[str, Future[Done]]) -> None:
    done = results["validate"].result()
    assert (done.status, done.printed.split("\n", 1)[1]) == (0, "No validation issues detected.\n")


def test_openapi_generator_has_nothing_to_warn_of(folder: Path, results: Mapping[str, Future[Done]]) -> None:
    done = results["generate"].result()
    found = [line for line in lines_with(done, "WARN", "ERROR", "Exception") if not line.startswith(OF_ITSELF)]
    assert (done.status, found) == (0, [])
    assert (folder / "generated" / "openapi_client" / "api" / "audio_files_api.py").is_file()


def test_redocly_finds_nothing(results: Mapping[str, Future[Done]]) -> None:
    done = results["redocly"].result()
    assert "Your API description is valid" in done.printed, done.printed
    assert lines_with(done, "warning", "error") == []


def test_ajv_compiles_every_schema_and_accepts_every_example(results: Mapping[str, Future[Done]]) -> None:
    done = results["ajv"].result()
    *wrong, last = done.printed.splitlines()
    assert (done.status, wrong) == (0, [])
    assert last.startswith("compiled ")


def lines_with(done: Done, *words: str) -> list[str]:
    return [line for line in done.printed.splitlines() if any(word in line for word in words)]
