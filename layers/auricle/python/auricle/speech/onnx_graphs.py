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
SEGMENTATION_FRAMES = 293
SEGMENTATION_SPEAKERS = 3
EMBEDDING_SIZE = 256
MEL_BANDS = 40

_NORM_EPSILON = 1e-5
_LEAK = 0.01
_SINC_STRIDE = 10
_POOL = 3
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
        # For each name its element type, then its axes.
        def describe(values: Mapping[str, tuple[Any, ...]]) -> list[Any]:
            return [helper.make_tensor_value_info(name, kind, axes) for name, (kind, *axes) in values.items()]

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
        {"mel": (TensorProto.FLOAT, "batch", "time", MEL_BANDS)},
        {"embedding": (TensorProto.FLOAT, "batch", EMBEDDING_SIZE)},
    )


def speaker_segmentation_graph(weights: Weights) -> bytes:
    """Windows of 80000 samples at 16 kHz to activities (windows, 293, 3) of up to three speakers, 0 to 1.

    PyanNet of Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation" (2021):
    sinc filters, two convolutions, four bidirectional LSTM layers, two linear layers, one output per speaker.

    The windows overlap, and the sinc filters are more than half of the work. So the graph takes one stretch of
    `waveform` (samples,) and where in it the windows begin (`window_starts`, in units of 30 samples, which is
    what the filters' stride and their pooling come to), and filters every sample once. The network normalises
    each window before the filters; as they are linear, that becomes a scale and an offset of what they give.
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

    x = _sinc_stage(graph, weights)
    x = graph.add("LeakyRelu", normalized(x, "sincnet.norm1d.0"), alpha=_LEAK)
    for stage in (1, 2):
        name = f"sincnet.conv1d.{stage}"
        kernel = graph.weight(f"{name}.weight", weights[f"{name}.weight"])
        x = graph.add("Conv", x, kernel, graph.weight(f"{name}.bias", weights[f"{name}.bias"]))
        x = graph.add("MaxPool", x, kernel_shape=[_POOL], strides=[_POOL])
        x = graph.add("LeakyRelu", normalized(x, f"sincnet.norm1d.{stage}"), alpha=_LEAK)
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
        {"waveform": (TensorProto.FLOAT, "samples"), "window_starts": (TensorProto.INT64, "windows")},
        {"activity": (TensorProto.FLOAT, "windows", SEGMENTATION_FRAMES, SEGMENTATION_SPEAKERS)},
    )


def _sinc_stage(graph: _Graph, weights: Weights) -> str:
    """Normalised waveform, sinc filters, magnitude and pooling, of each window: (windows, 80, 2658)."""
    filters = sinc_filters(weights)
    first, second = graph.weight("first_axis", np.array([0])), graph.weight("second_axis", np.array([1]))
    last = graph.weight("last_axis", np.array([2]))

    wave = graph.add("Unsqueeze", graph.add("Unsqueeze", "waveform", first), first)
    filtered = graph.add("Conv", wave, graph.weight("sinc_filters", filters), strides=[_SINC_STRIDE])
    pool: dict[str, Any] = {"kernel_shape": [_POOL], "strides": [_POOL]}
    highest = graph.add("MaxPool", filtered, **pool)
    lowest = graph.add("Neg", graph.add("MaxPool", graph.add("Neg", filtered), **pool))

    def of_each_window(values: str, positions: str) -> str:
        """(1, 80, time) to (windows, time, 80): a row of 80 is what gathering copies fastest."""
        rows = graph.add("Squeeze", graph.add("Transpose", values, perm=[0, 2, 1]), first)
        return graph.add("Gather", rows, positions, axis=0)

    def positions_of(units_per_start: int, count: int) -> str:
        factor = graph.weight(f"positions_per_start_{count}", np.array([units_per_start]))
        offsets = graph.weight(f"positions_{count}", np.arange(count))
        return graph.add("Add", graph.add("Unsqueeze", graph.add("Mul", "window_starts", factor), second), offsets)

    pooled_frames = ((SEGMENTATION_WINDOW_SAMPLES - filters.shape[-1]) // _SINC_STRIDE + 1) // _POOL
    pooled_positions = positions_of(1, pooled_frames)

    # Mean and variance of each window from sums over blocks of 10 samples, in double precision: a window with
    # much offset and little sound would lose its variance in single.
    block = graph.weight("blocks", np.array([-1, _SINC_STRIDE]))
    double = graph.add("Cast", "waveform", to=TensorProto.DOUBLE)
    blocks = graph.add("Reshape", double, block)
    block_positions = positions_of(_POOL, SEGMENTATION_WINDOW_SAMPLES // _SINC_STRIDE)

    def window_mean(values: str) -> str:
        means = graph.add("ReduceMean", values, axes=[1], keepdims=0)
        windows = graph.add("Gather", means, block_positions, axis=0)
        return graph.add("Unsqueeze", graph.add("ReduceMean", windows, axes=[1], keepdims=1), last)

    mean = window_mean(blocks)
    power = window_mean(graph.add("Mul", blocks, blocks))
    variance = graph.add("Sub", power, graph.add("Mul", mean, mean))
    variance = graph.add("Cast", graph.add("Abs", variance), to=TensorProto.FLOAT)
    mean = graph.add("Cast", mean, to=TensorProto.FLOAT)

    gain, bias = (
        graph.weight(f"sincnet.wav_norm1d.{part}", weights[f"sincnet.wav_norm1d.{part}"]) for part in ("weight", "bias")
    )
    epsilon = graph.weight("epsilon", np.array([_NORM_EPSILON]))
    scale = graph.add("Div", gain, graph.add("Sqrt", graph.add("Add", variance, epsilon)))
    level = graph.add("Sub", bias, graph.add("Mul", scale, mean))
    response = graph.weight("sinc_filters.level_response", filters.sum(axis=-1, dtype=np.float64).reshape(1, 1, -1))
    offset = graph.add("Mul", level, response)

    # The largest magnitude of a pool is at its highest or at its lowest value, wherever the offset moves them.
    ends = [
        graph.add("Abs", graph.add("Add", graph.add("Mul", of_each_window(end, pooled_positions), scale), offset))
        for end in (highest, lowest)
    ]
    return graph.add("Transpose", graph.add("Max", *ends), perm=[0, 2, 1])


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
