"""The graphs against the networks' definitions, written once more in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from auricle.speech import onnx_graphs
from auricle.speech.checkpoints import read_weights
from auricle.speech.models import MODELS, ModelName

Floats = NDArray[np.float64]
Weights = Mapping[str, NDArray[Any]]


def weights_of(name: ModelName, section: str) -> Weights:
    model = MODELS[name]
    path = Path(str(metadata.distribution(model.package).locate_file(model.path_in_package)))
    return read_weights(path.read_bytes(), section)


@pytest.fixture(scope="module")
def encoder_weights() -> Weights:
    return weights_of("speaker-encoder", "model_state")


@pytest.fixture(scope="module")
def segmentation_weights() -> Weights:
    return weights_of("speaker-segmentation", "state_dict")


@pytest.fixture(scope="module")
def segmentation(segmentation_weights: Weights) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(onnx_graphs.speaker_segmentation_graph(segmentation_weights))


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def lstm(x: Floats, weights: Weights, layer: str) -> Floats:
    """PyTorch's LSTM over (time, features), gates input, forget, cell, output."""
    size = weights[f"lstm.weight_hh_{layer}"].shape[1]
    hidden, cell = np.zeros(size), np.zeros(size)
    states = []
    for frame in x:
        gates = weights[f"lstm.weight_ih_{layer}"] @ frame + weights[f"lstm.bias_ih_{layer}"]
        gates = gates + weights[f"lstm.weight_hh_{layer}"] @ hidden + weights[f"lstm.bias_hh_{layer}"]
        entry, forget, candidate, output = np.split(gates.astype(np.float64), 4)
        cell = sigmoid(forget) * cell + sigmoid(entry) * np.tanh(candidate)
        hidden = sigmoid(output) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def test_the_encoder_is_the_network_it_was_trained_as(encoder_weights: Weights) -> None:
    mel = np.abs(np.random.default_rng(1).normal(size=(2, 60, 40))).astype(np.float32) * 0.02
    session = onnxruntime.InferenceSession(onnx_graphs.speaker_encoder_graph(encoder_weights))
    (embeddings,) = session.run(None, {"mel": mel})
    for frames, embedding in zip(mel, embeddings, strict=True):
        x: Floats = frames.astype(np.float64)
        for layer in ("l0", "l1", "l2"):
            x = lstm(x, encoder_weights, layer)
        raw = np.maximum(encoder_weights["linear.weight"] @ x[-1] + encoder_weights["linear.bias"], 0)
        np.testing.assert_allclose(embedding, raw / np.linalg.norm(raw), atol=1e-5)


def pyannet(window: Floats, weights: Weights) -> Floats:
    """One window (80000,) to activities (293, 3)."""

    def normalized(x: Floats, name: str) -> Floats:
        scaled = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        return np.asarray(scaled * weights[f"{name}.weight"][:, None] + weights[f"{name}.bias"][:, None])

    def convolved(x: Floats, kernel: NDArray[Any], stride: int = 1) -> Floats:
        views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2], axis=1)[:, ::stride]
        return np.asarray(np.einsum("ctk,ock->ot", views, kernel.astype(np.float64), optimize=True))

    def pooled(x: Floats) -> Floats:
        return np.asarray(x[:, : x.shape[1] // 3 * 3].reshape(len(x), -1, 3).max(axis=2))

    def leaky(x: Floats) -> Floats:
        return np.where(x > 0, x, 0.01 * x)

    x = normalized(window[None], "sincnet.wav_norm1d")
    x = np.abs(convolved(x, onnx_graphs._exact_sinc_filters(weights), stride=10))
    x = leaky(normalized(pooled(x), "sincnet.norm1d.0"))
    for stage in (1, 2):
        x = convolved(x, weights[f"sincnet.conv1d.{stage}.weight"]) + weights[f"sincnet.conv1d.{stage}.bias"][:, None]
        x = leaky(normalized(pooled(x), f"sincnet.norm1d.{stage}"))
    x = x.T
    for layer in range(4):
        backwards = lstm(x[::-1], weights, f"l{layer}_reverse")[::-1]
        x = np.concatenate([lstm(x, weights, f"l{layer}"), backwards], axis=1)
    for name in ("linear.0", "linear.1"):
        x = leaky(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])
    return sigmoid(x @ weights["classifier.weight"].T + weights["classifier.bias"])


def test_windows_that_share_their_filters_are_the_network_on_each(
    segmentation: onnxruntime.InferenceSession, segmentation_weights: Weights
) -> None:
    dice = np.random.default_rng(2)
    loudness = np.repeat(dice.uniform(0.01, 0.3, 12), 10_000)
    # An offset, so that the normalisation done after the filters is told from one that forgets the mean.
    waveform = (dice.normal(size=120_000) * loudness + 0.1).astype(np.float32)
    starts = np.array([0, 639, 1333])
    (activity,) = segmentation.run(None, {"waveform": waveform, "window_starts": starts})
    assert activity.shape == (3, 293, 3)
    for found, start in zip(activity, starts * 30, strict=True):
        expected = pyannet(waveform[start : start + 80_000].astype(np.float64), segmentation_weights)
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_filters_are_the_same_on_every_machine(segmentation_weights: Weights) -> None:
    """No value lies so near to a rounding boundary that another processor's sine could round it to the other side.

    Sines err by about 1e-16, which the formula multiplies by at most 200.
    """
    cells = onnx_graphs._exact_sinc_filters(segmentation_weights) / onnx_graphs._FILTER_GRID
    from_boundary = np.abs(cells - np.floor(cells) - 0.5).min() * onnx_graphs._FILTER_GRID
    assert from_boundary > 10 * 200 * 1e-16


def test_graphs_do_not_name_what_built_them(encoder_weights: Weights) -> None:
    model = onnx.load_from_string(onnx_graphs.speaker_encoder_graph(encoder_weights))
    assert (model.ir_version, model.producer_name, model.producer_version) == (8, "auricle", "")
