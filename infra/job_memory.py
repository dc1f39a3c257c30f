"""What a speech stage may use as a Batch job: in AWS of its machine, locally of this one."""

from __future__ import annotations

from collections.abc import Mapping

JOB_MEMORY_GIB: Mapping[str, int] = {"transcribe": 10, "diarize": 3}
"""By the stage's package. The weights of a large model are read into it on their way to the GPU."""
