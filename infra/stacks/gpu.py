"""Speech on GPUs: network, queue and jobs. Idle, it costs nothing but the rejected-traffic log."""

from __future__ import annotations

from typing import Any

from aws_cdk import Fn, RemovalPolicy, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk.aws_ecr_assets import DockerImageAsset, Platform
from constructs import Construct

from auricle.processing.stages import JOBS
from infra.bundling import Bundler
from infra.constructs.access import RUN_KEYS, Access
from infra.constructs.findings import lint_exceptions
from infra.constructs.function import log_retention
from infra.constructs.jobs import JobNetwork, JobQueue, SpeechJob
from infra.environments import Environment, GpuFleet
from infra.stacks.data import DataStack


class GpuStack(Stack):
    """The queue that transcribe and diarize are submitted to where the environment computes them on Batch."""

    @property
    def availability_zones(self) -> list[str]:
        """Two of the region's, chosen when it is deployed.

        Where account and region are given, CDK would have its CLI look zones up and write dummies meanwhile; what is
        deployed here is the checked assembly, which nothing is filled into afterwards.
        """
        return [Fn.select(index, Fn.get_azs()) for index in (0, 1)]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        fleet: GpuFleet,
        data: DataStack,
        bundler: Bundler,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        lint_exceptions(self)
        network = JobNetwork(self, "Network", environment=environment)
        JobQueue(self, "Queue", environment=environment, fleet=fleet, network=network)

        folder = bundler.image(
            "gpu",
            extras=["speech", "whisper"],
            functions=[stage.value for stage in JOBS],
            whisper_model=environment.whisper_model,
        )
        image = ecs.ContainerImage.from_docker_image_asset(
            DockerImageAsset(self, "Image", directory=str(folder), platform=Platform.LINUX_AMD64)
        )
        log = logs.LogGroup(
            self, "Log", retention=log_retention(environment.log_days), removal_policy=RemovalPolicy.DESTROY
        )
        variables = {
            "AURICLE_TRANSCRIPTION_ENGINE": environment.transcription_engine,
            "AURICLE_WHISPER_MODEL": environment.whisper_model,
            "AURICLE_WHISPER_DEVICE": "cuda",
        }
        access = Access(data)
        for stage, size in JOBS.items():
            job = SpeechJob(
                self,
                stage.value.capitalize(),
                stage=stage,
                environment=environment,
                image=image,
                log=log,
                vcpus=size.vcpus,
                memory_gib=size.memory_gib,
                gpus=size.gpus or None,
                variables=variables if size.gpus else {},
            )
            access.keep_state(job.role)
            access.read(job.role)
            access.write(job.role, RUN_KEYS)
