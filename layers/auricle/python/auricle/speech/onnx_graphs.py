"""Builds the ONNX graphs of two published networks from their weights, byte for byte the same everywhere.

A graph holds nothing that depends on when, where or by which version of a library it was built, so that its
SHA-256 can stand in `auricle.speech.models`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[Any]]

_OPSET = 17
_IR_VERSION = 8

SAMPLE_RATE_HZ = 16_000
SEGMENTATION_WINDOW_SAMPLES = 80_000
SEGMENTATION_SPEAKERS = 3
EMBEDDING_SIZE = 256
MEL_BANDS = 40

_NORM_EPSILON = 1e-5
_LEAK = 0.01
_FILTER_GRID = 2.0**-26


class _Graph:
    """Collects nodes and weights; every method adds one operation and answers the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def weight(self, name: str, values: NDArray[Any]) -> str:
        dtype = np.dtype("<i8") if values.dtype.kind == "i" else np.dtype("<f4")
        kind = TensorProto.INT64 if values.dtype.kind == "i" else TensorProto.FLOAT
        packed = np.ascontiguousarray(values, dtype=dtype)
        self.weights.append(helper.make_tensor(name, kind, packed.shape, packed.tobytes(), raw=True))
        return name

    def add(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def linear(self, x: str, name: str, weights: Weights) -> str:
        """x @ W.T + b over the last axis."""
        product = self.add("MatMul", x, self.weight(f"{name}.weight", weights[f"{name}.weight"].T))
        return self.add("Add", product, self.weight(f"{name}.bias", weights[f"{name}.bias"]))

    def lstm(self, x: str, layer: int, weights: Weights, *, bidirectional: bool) -> tuple[str, str]:
        """One layer of PyTorch's LSTM on (time, batch, features): all hidden states and the last one."""
        suffixes = ("", "_reverse") if bidirectional else ("",)
        of = {
            part: [_onnx_gate_order(weights[f"lstm.{part}_l{layer}{suffix}"]) for suffix in suffixes]
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        hidden_size = of["weight_hh"][0].shape[1]
        states, last = f"lstm_{layer}_states", f"lstm_{layer}_last"
        biases = [np.concatenate(pair) for pair in zip(of["bias_ih"], of["bias_hh"], strict=True)]
        inputs = [
            x,
            self.weight(f"lstm_{layer}.input", np.stack(of["weight_ih"])),
            self.weight(f"lstm_{layer}.recurrent", np.stack(of["weight_hh"])),
            self.weight(f"lstm_{layer}.bias", np.stack(biases)),
        ]
        self.nodes.append(
            helper.make_node(
                "LSTM",
                inputs,
                [states, last],
                hidden_size=hidden_size,
                direction="bidirectional" if bidirectional else "forward",
            )
        )
        return states, last

    def serialize(
        self, name: str, inputs: Mapping[str, tuple[Any, ...]], outputs: Mapping[str, tuple[Any, ...]]
    ) -> bytes:
        def describe(values: Mapping[str, tuple[Any, ...]]) -> list[Any]:
            return [helper.make_tensor_value_info(key, TensorProto.FLOAT, list(shape)) for key, shape in values.items()]

        graph = helper.make_graph(self.nodes, name, describe(inputs), describe(outputs), self.weights)
        model = helper.make_model(
            graph,
            producer_name="auricle",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))


def _onnx_gate_order(rows: NDArray[Any]) -> NDArray[Any]:
    """PyTorch stacks the gates input, forget, cell, output; ONNX input, output, forget, cell."""
    entry, forget, cell, output = np.split(rows, 4)
    return np.concatenate([entry, output, forget, cell])


def speaker_encoder_graph(weights: Weights) -> bytes:
    """Mel frames (batch, time, 40) to unit voice embeddings (batch, 256).

    The GE2E encoder of Wan et al., "Generalized end-to-end loss for speaker verification" (2018), as trained
    by Resemblyzer: three LSTM layers, the last hidden state through a linear layer and ReLU, L2 normalised.
    """
    graph = _Graph()
    x = graph.add("Transpose", "mel", perm=[1, 0, 2])
    last = ""
    for layer in range(3):
        states, last = graph.lstm(x, layer, weights, bidirectional=False)
        x = graph.add("Squeeze", states, graph.weight(f"direction_{layer}", np.array([1]))) if layer < 2 else states
    hidden = graph.add("Squeeze", last, graph.weight("last_direction", np.array([0])))
    positive = graph.add("Relu", graph.linear(hidden, "linear", weights))
    norm = graph.add("ReduceL2", positive, axes=[1], keepdims=1)
    graph.add("Div", positive, norm, output="embedding")
    return graph.serialize(
        "speaker-encoder",
        {"mel": ("batch", "time", MEL_BANDS)},
        {"embedding": ("batch", EMBEDDING_SIZE)},
    )


def speaker_segmentation_graph(weights: Weights) -> bytes:
    """Waveforms (batch, 1, 80000) at 16 kHz to activities (batch, 293, 3) of up to three speakers, 0 to 1.

    PyanNet of Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation" (2021):
    sinc filters, two convolutions, four bidirectional LSTM layers, two linear layers, one output per speaker.
    """
    graph = _Graph()

    def normalized(x: str, name: str) -> str:
        return graph.add(
            "InstanceNormalization",
            x,
            graph.weight(f"{name}.weight", weights[f"{name}.weight"]),
            graph.weight(f"{name}.bias", weights[f"{name}.bias"]),
            epsilon=_NORM_EPSILON,
        )

    def pooled(x: str, stage: int) -> str:
        x = graph.add("MaxPool", x, kernel_shape=[3], strides=[3])
        return graph.add("LeakyRelu", normalized(x, f"sincnet.norm1d.{stage}"), alpha=_LEAK)

    filters = graph.weight("sinc_filters", sinc_filters(weights))
    x = graph.add("Conv", normalized("waveform", "sincnet.wav_norm1d"), filters, strides=[10])
    x = pooled(graph.add("Abs", x), 0)
    for stage in (1, 2):
        name = f"sincnet.conv1d.{stage}"
        kernel = graph.weight(f"{name}.weight", weights[f"{name}.weight"])
        x = pooled(graph.add("Conv", x, kernel, graph.weight(f"{name}.bias", weights[f"{name}.bias"])), stage)
    x = graph.add("Transpose", x, perm=[2, 0, 1])
    both_directions = graph.weight("both_directions", np.array([0, 0, -1]))
    for layer in range(4):
        states, _ = graph.lstm(x, layer, weights, bidirectional=True)
        x = graph.add("Reshape", graph.add("Transpose", states, perm=[0, 2, 1, 3]), both_directions)
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    for name in ("linear.0", "linear.1"):
        x = graph.add("LeakyRelu", graph.linear(x, name, weights), alpha=_LEAK)
    graph.add("Sigmoid", graph.linear(x, "classifier", weights), output="activity")
    return graph.serialize(
        "speaker-segmentation",
        {"waveform": ("batch", 1, SEGMENTATION_WINDOW_SAMPLES)},
        {"activity": ("batch", 293, SEGMENTATION_SPEAKERS)},
    )


def sinc_filters(weights: Weights) -> NDArray[np.float32]:
    """The 80 band-pass kernels (80, 1, 251), 40 even and 40 odd, from the band edges the network learnt.

    Ravanelli and Bengio, "Speaker recognition from raw waveform with SincNet" (2018), with the odd half of
    Pariente et al., "Filterbank design for end-to-end speech separation" (2020).

    Sines differ in the last bit from one processor to the next. Values are computed in double precision and
    rounded to a grid millions of times coarser, so the kernels come out the same on every machine.
    """
    return np.asarray(np.round(_exact_sinc_filters(weights) / _FILTER_GRID) * _FILTER_GRID, dtype=np.float32)


def _exact_sinc_filters(weights: Weights) -> NDArray[np.float64]:
    low_edge, band_width, half_window, angle = (
        weights[f"sincnet.conv1d.0.filterbank.{name}"].astype(np.float64)
        for name in ("low_hz_", "band_hz_", "window_", "n_")
    )
    minimum_hz = 50.0
    low_hz = minimum_hz + np.abs(low_edge)
    high_hz = np.clip(low_hz + minimum_hz + np.abs(band_width), minimum_hz, SAMPLE_RATE_HZ / 2)
    width_hz = high_hz - low_hz
    low, high = low_hz * angle, high_hz * angle
    even = (np.sin(high) - np.sin(low)) / (angle / 2) * half_window
    odd = (np.cos(low) - np.cos(high)) / (angle / 2) * half_window
    kernels = np.concatenate(
        [
            np.concatenate([even, 2 * width_hz, even[:, ::-1]], axis=1) / (2 * width_hz),
            np.concatenate([odd, np.zeros_like(width_hz), -odd[:, ::-1]], axis=1) / (2 * width_hz),
        ]
    )
    return kernels[:, None, :]
