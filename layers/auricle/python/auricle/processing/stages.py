"""The list of the workflow's stages: what each is called, what it needs, and what its failure means.

The deployment makes functions, jobs and grants of it (`infra/stacks`), and `infra/workflow_definition.py` the states of
the workflow. docs/code.md says how to add a stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auricle.recordings.recording import Stage


@dataclass(frozen=True, slots=True)
class FunctionSize:
    """What the function of a stage is given."""

    memory_mb: int
    timeout_s: int
    """The workflow waits a little longer, so that the function's own error is the one that is seen."""
    storage_mb: int = 512
    """Of its temporary folder."""
    speech: bool = False
    """Whether it decodes or listens: it then carries the packages of the extra `speech`, and the models."""


@dataclass(frozen=True, slots=True)
class JobSize:
    """What a stage is given where it runs as a job.

    The jobs of a recording fit together on one machine of 4 vCPUs and 16 GiB, of which ECS leaves about 15.
    """

    vcpus: int
    memory_gib: int
    """The weights of a large model are read into it on their way to the GPU."""
    gpus: int = 0


class Files(Enum):
    """Which files of a recording a stage writes."""

    RECORDING = "those that stay"
    RUN = "those of the run, which are removed when it has finished"


@dataclass(frozen=True, slots=True)
class StageDefinition:
    """One stage. Its function lies in `functions/{stage}`, and so does its job, where it has one."""

    stage: Stage
    activity: str
    """The subject of the sentence that tells a recording's owner of its failure."""
    function: FunctionSize | None
    """None of a stage that nothing carries out yet: it is skipped."""
    writes: Files = Files.RUN
    required: bool = False
    """Whether there is no transcript without it, so that its failure fails the recording. Others may fail alone."""
    job: JobSize | None = None
    """For engines that are costly to start. Where no machine can be had, the function does the work."""


STAGES = (
    StageDefinition(
        Stage.PREPARE,
        "Reading the audio",
        FunctionSize(memory_mb=3008, timeout_s=900, storage_mb=4096, speech=True),
        writes=Files.RECORDING,
        required=True,
    ),
    StageDefinition(
        Stage.TRANSCRIBE,
        "Transcription",
        FunctionSize(memory_mb=3008, timeout_s=900, speech=True),
        required=True,
        job=JobSize(vcpus=3, memory_gib=10, gpus=1),
    ),
    StageDefinition(
        Stage.DIARIZE,
        "Telling the speakers apart",
        FunctionSize(memory_mb=3008, timeout_s=900, storage_mb=2048, speech=True),
        job=JobSize(vcpus=1, memory_gib=3),
    ),
    StageDefinition(
        Stage.ASSEMBLE,
        "Putting the transcript together",
        FunctionSize(memory_mb=1024, timeout_s=300),
        writes=Files.RECORDING,
        required=True,
    ),
    StageDefinition(Stage.REDACT, "Redaction", None),
    StageDefinition(Stage.SUMMARIZE, "Picking highlights", FunctionSize(memory_mb=1024, timeout_s=300)),
)
"""In the order of the workflow."""

FINISH = FunctionSize(memory_mb=1024, timeout_s=300)
"""Of the function that ends a run, whatever its stages came to. It is no stage: it has no state of its own."""

BY_STAGE = {definition.stage: definition for definition in STAGES}
REQUIRED_STAGES = tuple(definition.stage for definition in STAGES if definition.required)
JOBS = {definition.stage: definition.job for definition in STAGES if definition.job}
"""The stages that may run as a job. They run side by side."""
FUNCTIONS = {definition.stage.value: definition.function for definition in STAGES if definition.function} | {
    "finish": FINISH
}
"""The functions of the workflow, by the name of their folder."""
