"""What is replaceable: functions, workflow, API, rules and alarms. Deleting this stack loses no recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_sqs import Queue
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.api import Api
from infra.constructs.events import SOURCE_KEYS, Triggers
from infra.constructs.function import Function, Layers, dead_letter_queue
from infra.constructs.outbox import publish_from_stream
from infra.constructs.workflow import Workflow
from infra.environments import Environment
from infra.stacks.data import DataStack

RECORDING_KEYS = "orgs/*/recordings/*"
RUN_KEYS = "orgs/*/recordings/*/runs/*"


class ServiceStack(Stack):
    """One version of the code."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        data: DataStack,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._environment = environment
        self._data = data
        self._layers = Layers(self, "Layers", environment=environment)

        lost_starts = dead_letter_queue(self, "LostStarts")
        lost_sweeps = dead_letter_queue(self, "LostSweeps")
        lost_events = dead_letter_queue(self, "LostEvents")

        # The stages of the workflow.
        prepare = self._function("prepare", carries="speech", memory_mb=3008, timeout_s=900, storage_mb=4096)
        transcribe = self._function("transcribe", carries="speech", memory_mb=3008, timeout_s=900)
        diarize = self._function("diarize", carries="speech", memory_mb=3008, timeout_s=900, storage_mb=2048)
        assemble = self._function("assemble", memory_mb=1024, timeout_s=300)
        summarize = self._function("summarize", memory_mb=1024, timeout_s=300)
        finish = self._function("finish", memory_mb=1024, timeout_s=300)
        workflow = Workflow(
            self,
            "Processing",
            environment=environment,
            functions={
                "PrepareFunction": prepare,
                "TranscribeFunction": transcribe,
                "DiarizeFunction": diarize,
                "AssembleFunction": assemble,
                "SummarizeFunction": summarize,
                "FinishFunction": finish,
            },
            substitutions={
                "TableName": data.table.table_name,
                "BucketName": data.bucket.bucket_name,
                "JobQueue": f"auricle-{environment.name}-speech",
                "TranscribeJob": f"auricle-{environment.name}-transcribe",
                "DiarizeJob": f"auricle-{environment.name}-diarize",
            },
        )
        runs = {"AURICLE_STATE_MACHINE_ARN": workflow.state_machine_arn}

        # What starts it, and what looks after it.
        api = Api(self, "Api", environment=environment)
        serve = self._function("api", memory_mb=1769, timeout_s=29, variables={**runs, **self._for_clients(api)})
        start = self._function(
            "start_processing", memory_mb=512, timeout_s=60, dead_letters=lost_starts, variables=runs
        )
        sweep = self._function("sweep", memory_mb=512, timeout_s=300, dead_letters=lost_sweeps, variables=runs)
        publish = self._function(
            "publish_events", memory_mb=512, timeout_s=60, variables={"AURICLE_BUS": data.bus.event_bus_name}
        )
        api.serve(serve)
        triggers = Triggers(self, "Triggers")
        triggers.start_on_upload(start, bucket=data.bucket, undelivered=lost_starts)
        triggers.sweep_after_failure(sweep, workflow=workflow, undelivered=lost_sweeps)
        triggers.sweep_regularly(sweep, every_minutes=environment.sweep_minutes, undelivered=lost_sweeps)
        publish_from_stream(publish, table=data.table, unpublished=lost_events)

        # Who may do what.
        for function in (serve, start, sweep, prepare, transcribe, diarize, assemble, summarize, finish):
            data.table.grant_read_write_data(function)
        for function in (serve, start, sweep):
            data.bucket.grant_read(function, RECORDING_KEYS)
            workflow.grant_start_execution(function)
            workflow.grant_read(function)
        data.bucket.grant_put(serve, SOURCE_KEYS)
        for function in (prepare, transcribe, diarize, assemble, summarize, finish):
            data.bucket.grant_read(function, RECORDING_KEYS)
        data.bucket.grant_put(prepare, RECORDING_KEYS)
        data.bucket.grant_put(transcribe, RUN_KEYS)
        data.bucket.grant_put(diarize, RUN_KEYS)
        data.bucket.grant_put(assemble, RECORDING_KEYS)
        data.bucket.grant_put(summarize, RUN_KEYS)
        data.bucket.grant_delete(finish, RUN_KEYS)
        data.bus.grant_put_events_to(publish)

        # Who is told when it goes wrong.
        functions = {
            "Api": serve,
            "StartProcessing": start,
            "Sweep": sweep,
            "PublishEvents": publish,
            "Prepare": prepare,
            "Transcribe": transcribe,
            "Diarize": diarize,
            "Assemble": assemble,
            "Summarize": summarize,
            "Finish": finish,
        }
        alarms = Alarms(self, "Alarms", environment=environment)
        alarms.on_dead_letters({"Starts": lost_starts, "Sweeps": lost_sweeps, "Events": lost_events})
        alarms.on_failed_runs(workflow)
        alarms.on_server_errors(api.http)
        alarms.on_errors(functions)

        CfnOutput(self, "ApiId", value=api.id)
        CfnOutput(self, "ApiUrl", value=api.url)
        CfnOutput(self, "StateMachineArn", value=workflow.state_machine_arn)
        for name, function in functions.items():
            CfnOutput(self, f"{name}FunctionName", value=function.function_name)

    def _function(
        self,
        name: str,
        *,
        memory_mb: int,
        timeout_s: int,
        carries: str = "service",
        storage_mb: int = 512,
        variables: Mapping[str, str] | None = None,
        dead_letters: Queue | None = None,
    ) -> Function:
        return Function(
            self,
            f"{_camel(name)}Function",
            name=name,
            environment=self._environment,
            layers=self._layers,
            dependencies=carries,
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            storage_mb=storage_mb,
            variables={**self._for_all(), **(variables or {})},
            dead_letters=dead_letters,
        )

    def _for_all(self) -> dict[str, str]:
        environment = self._environment
        return {
            "AURICLE_ENV": environment.name,
            "AURICLE_TABLE": self._data.table.table_name,
            "AURICLE_BUCKET": self._data.bucket.bucket_name,
            "AURICLE_TRANSCRIBE_COMPUTE": environment.transcribe_compute,
            "AURICLE_DIARIZE_COMPUTE": environment.diarize_compute,
            "AURICLE_TRANSCRIPTION_ENGINE": environment.transcription_engine,
            "AURICLE_WHISPER_MODEL": environment.whisper_model,
            "AURICLE_MAX_DURATION_S": str(environment.max_duration_s),
            "AURICLE_MAX_UPLOAD_BYTES": str(environment.max_upload_bytes),
        }

    def _for_clients(self, api: Api) -> dict[str, str]:
        identity = self._environment.identity
        return {
            "AURICLE_JWKS_URL": identity.jwks_url,
            "AURICLE_JWT_ISSUER": identity.issuer,
            "AURICLE_JWT_AUDIENCE": identity.audience,
            "AURICLE_PUBLIC_URL": api.url,
            "AURICLE_UPLOAD_URL_SECONDS": "900",
            "AURICLE_CORS_ORIGINS": ",".join(self._environment.cors_origins),
        }


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
