"""How models are opened: on one core, and as quiet as a library should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auricle.errors import ModelUnavailable

if TYPE_CHECKING:
    from pathlib import Path


def open_session(model: Path) -> Any:
    """An onnxruntime session on one thread: stages run side by side, and each has one core to itself.

    Raises ModelUnavailable where the file is missing or is not a model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not model.is_file():
        raise ModelUnavailable(f"There is no model at {model}. Set up the models once (ensure_models).")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no public base class
        raise ModelUnavailable(f"The model at {model} cannot be loaded: {error}") from error
