"""What is replaceable: functions, workflow, API, rules and alarms. Deleting this stack loses no recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk.aws_secretsmanager import Secret, SecretStringGenerator
from aws_cdk.aws_sqs import Queue
from constructs import Construct

from auricle.processing.stages import FUNCTIONS, STAGES, Files
from infra.bundling import Bundler
from infra.constructs.access import (
    CHUNK_KEYS,
    MEDIA_KEYS,
    RECORDING_KEYS,
    RUN_KEYS,
    SIGNATURE_KEYS,
    SOURCE_KEYS,
    Access,
)
from infra.constructs.alarms import Alarms
from infra.constructs.api import Api
from infra.constructs.events import Triggers
from infra.constructs.findings import accept, lint_exceptions
from infra.constructs.function import Function, Packages, dead_letter_queue
from infra.constructs.outbox import publish_from_stream
from infra.constructs.workflow import Workflow, let_cancel_jobs
from infra.environments import Environment
from infra.stacks.data import DataStack

SPEECH_FUNCTIONS = tuple(name for name, size in FUNCTIONS.items() if size.speech)
"""Those that decode or listen: they carry the extra `speech` and the weights."""


class ServiceStack(Stack):
    """One version of the code."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        data: DataStack,
        bundler: Bundler,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        lint_exceptions(self)
        self._environment = environment
        self._data = data
        self._packages = Packages(self, "Packages", environment=environment, bundler=bundler)
        self._functions: dict[str, Function] = {}

        stages = {
            name: self._function(name, memory_mb=size.memory_mb, timeout_s=size.timeout_s, storage_mb=size.storage_mb)
            for name, size in FUNCTIONS.items()
        }
        workflow = Workflow(
            self,
            "Processing",
            environment=environment,
            functions=stages,
            substitutions={"TableName": data.table.table_name, "BucketName": data.bucket.bucket_name},
        )

        lost_starts = dead_letter_queue(self, "LostStarts")
        lost_sweeps = dead_letter_queue(self, "LostSweeps")
        lost_events = dead_letter_queue(self, "LostEvents")
        lost_calls = dead_letter_queue(self, "LostCalls")
        runs = {"AURICLE_STATE_MACHINE_ARN": workflow.state_machine_arn}
        bus = {"AURICLE_BUS": data.bus.event_bus_name}
        api = Api(self, "Api", environment=environment)
        serve = self._function("api", memory_mb=1769, timeout_s=29, variables=runs | self._clients(api))
        start = self._function(
            "start_processing", memory_mb=512, timeout_s=60, variables=runs, dead_letters=lost_starts
        )
        sweep = self._function("sweep", memory_mb=512, timeout_s=300, variables=runs, dead_letters=lost_sweeps)
        publish = self._function("publish_events", memory_mb=512, timeout_s=60, variables=bus)
        register = self._function("register_calls", memory_mb=512, timeout_s=60, dead_letters=lost_calls)
        api.serve(serve)

        triggers = Triggers(self, "Triggers")
        triggers.start_on_upload(start, bucket=data.bucket, undelivered=lost_starts)
        triggers.register_calls(register, bus=data.bus, undelivered=lost_calls)
        triggers.sweep_after_failure(sweep, workflow=workflow, undelivered=lost_sweeps)
        triggers.erase_orphans_daily(sweep, undelivered=lost_sweeps)
        triggers.sweep_regularly(sweep, every_minutes=environment.sweep_minutes, undelivered=lost_sweeps)
        publish_from_stream(publish, table=data.table, unpublished=lost_events)
        lost = {"Starts": lost_starts, "Sweeps": lost_sweeps, "Events": lost_events, "Calls": lost_calls}
        if environment.gpu:
            lost["Jobs"] = dead_letter_queue(self, "LostJobEvents")
            queue = {
                "AURICLE_JOB_QUEUE": environment.job_queue,
                "AURICLE_GPU_WAIT_MINUTES": str(environment.gpu.wait_minutes),
            }
            watch = self._function(
                "watch_jobs", memory_mb=256, timeout_s=60, variables=queue, dead_letters=lost["Jobs"]
            )
            triggers.watch_jobs(watch, environment=environment, undelivered=lost["Jobs"])
            let_cancel_jobs(watch)

        access = Access(data)
        for function in (serve, start, sweep, *stages.values()):
            access.keep_state(function)
            access.read(function)
        # Whoever holds a presigned URL may do what its signer may.
        for keys in (SOURCE_KEYS, CHUNK_KEYS, MEDIA_KEYS, SIGNATURE_KEYS):
            access.write(serve, keys)
        for definition in STAGES:
            if definition.function:
                keys = RECORDING_KEYS if definition.writes is Files.RECORDING else RUN_KEYS
                access.write(stages[definition.stage], keys)
        access.remove(stages["finish"], RUN_KEYS)
        for function in (serve, start, sweep):  # each may be the one that erases a removed recording
            access.remove(function, RECORDING_KEYS)
        for function in (serve, start, sweep):  # each may be the one that blocks what consent was withdrawn from
            access.tag(function, RECORDING_KEYS)
        for function in (serve, start, sweep):
            workflow.let_start(function)
        access.keep_state(register)
        access.read_changes(publish)
        data.bus.grant_put_events_to(publish)

        alarms = Alarms(self, "Alarms", environment=environment)
        alarms.on_failed_recordings()
        alarms.on_slow_transcripts()
        alarms.on_open_recordings()
        if environment.gpu:
            alarms.on_jobs()
        alarms.on_dead_letters(lost)
        alarms.on_failed_runs(workflow)
        alarms.on_server_errors(api.http)
        alarms.on_errors(self._functions)
        alarms.on_late_events(publish)

        CfnOutput(self, "ApiId", value=api.id)
        CfnOutput(self, "ApiUrl", value=api.url)
        CfnOutput(self, "StateMachineArn", value=workflow.state_machine_arn)
        for name, function in self._functions.items():
            CfnOutput(self, f"{name}FunctionName", value=function.function_name)

    def _function(
        self,
        name: str,
        *,
        memory_mb: int,
        timeout_s: int,
        storage_mb: int = 512,
        variables: Mapping[str, str] | None = None,
        dead_letters: Queue | None = None,
    ) -> Function:
        camel = "".join(word.capitalize() for word in name.split("_"))
        self._functions[camel] = Function(
            self,
            f"{camel}Function",
            name=name,
            environment=self._environment,
            package=self._package(name),
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            storage_mb=storage_mb,
            variables={**self._everywhere(), **(variables or {})},
            dead_letters=dead_letters,
        )
        return self._functions[camel]

    def _package(self, name: str) -> Mapping[str, Any]:
        if name not in SPEECH_FUNCTIONS:
            return self._packages.zipped(name, "service")
        if self._environment.speech_packaging == "zip":
            return self._packages.zipped(name, "speech")
        model = self._environment.lambda_whisper_model
        return self._packages.imaged(
            name,
            "speech",
            extras=["speech", "whisper"] if model else ["speech"],
            functions=SPEECH_FUNCTIONS,
            whisper_model=model,
        )

    def _everywhere(self) -> dict[str, str]:
        environment = self._environment
        return {
            "AURICLE_ENV": environment.name,
            "AURICLE_TABLE": self._data.table.table_name,
            "AURICLE_BUCKET": self._data.bucket.bucket_name,
            "AURICLE_TRANSCRIBE_COMPUTE": environment.transcribe_compute,
            "AURICLE_DIARIZE_COMPUTE": environment.diarize_compute,
            "AURICLE_TRANSCRIPTION_ENGINE": environment.transcription_engine,
            "AURICLE_WHISPER_MODEL": environment.lambda_whisper_model or environment.whisper_model,
            "AURICLE_MAX_DURATION_S": str(environment.max_duration_s),
            "AURICLE_MAX_UPLOAD_BYTES": str(environment.max_upload_bytes),
        }

    def _cursor_key(self) -> Secret:
        """What the API seals the cursors of its listings with."""
        key = Secret(
            self,
            "CursorKey",
            description=f"Signs the cursors of Auricle {self._environment.name}",
            generate_secret_string=SecretStringGenerator(password_length=48, exclude_punctuation=True),
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(key, "SMG4", reason="A new key only ends listings that are under way; there is nobody to tell of it.")
        return key

    def _clients(self, api: Api) -> dict[str, str]:
        identity = self._environment.identity
        return {
            "AURICLE_JWKS_URL": identity.jwks_url,
            "AURICLE_JWT_ISSUER": identity.issuer,
            "AURICLE_JWT_AUDIENCE": identity.audience,
            "AURICLE_PUBLIC_URL": api.url,
            "AURICLE_REQUESTS_PER_MINUTE": str(self._environment.requests_per_minute),
            "AURICLE_UPLOAD_URL_SECONDS": "900",
            # A reference that CloudFormation resolves when it deploys: no secret stands in the template.
            "AURICLE_CURSOR_KEY": self._cursor_key().secret_value.unsafe_unwrap(),
            "AURICLE_CORS_ORIGINS": ",".join(self._environment.cors_origins),
            "AURICLE_DOWNLOAD_HOSTS": ",".join(self._environment.download_hosts),
        }
