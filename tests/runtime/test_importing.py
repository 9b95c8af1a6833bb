"""Models of others as networks, and networks as programs: what they compute, and by how much they are off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper
from onnx.reference import ReferenceEvaluator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC
from support.graphs import Node, chain, graph

from lang.source import Source
from lang.syntax.fmt import format_text
from runtime.authoring.importing import estimators, onnx_graph
from runtime.authoring.importing.model import Imported, imported, simulated
from runtime.authoring.importing.network import Activation, Conv, Dense, Layer, Network, Pool, Reshape
from runtime.authoring.importing.text import Given
from runtime.authoring.importing.untaken import Untaken

Floats = NDArray[np.float64]
GIVEN = Given("model", "model.onnx", "vendor", "owner", 2, "")
_HALF = 0.5


def as_program(network: Network, low: float, high: float, within: float, samples: Floats | None = None) -> Imported:
    return imported(network, np.full(network.shape, low), np.full(network.shape, high), within, GIVEN, samples)


def off(found: Imported, network: Network, records: Floats) -> float:
    return float(np.abs(simulated(found.text, found.weights, records) - network.scores(records)).max())


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, int]:
    """One to three dense layers, perhaps behind a convolution and a pool; and a seed."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    scale = draw(st.sampled_from([0.1, 1.0, 5.0]))
    layers: list[Layer] = []
    shape: tuple[int, ...] = (draw(st.integers(1, 5)),)
    if draw(st.booleans()):
        channels, kernels, padding = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(0, 1))
        shape = (channels, 4, 4)
        layers.append(Conv(rng.normal(0, scale, (kernels, channels, 3, 3)), rng.normal(size=kernels), 1, padding))
        layers.append(draw(st.sampled_from([Activation.RELU, Activation.SIGMOID])))
        layers.append(Pool(draw(st.booleans()), 2, 2, 0))
        layers.append(Reshape((int(np.prod(Network(shape, tuple(layers)).shapes()[-1])),)))
    for depth in range(draw(st.integers(1, 3))):
        inputs, outputs = Network(shape, tuple(layers)).shapes()[-1][0], draw(st.integers(1, 4))
        if depth:
            layers.append(draw(st.sampled_from([Activation.RELU, Activation.TANH, Activation.SIGMOID])))
        layers.append(Dense(rng.normal(0, scale, (inputs, outputs)), rng.normal(0, scale, outputs)))
    if draw(st.booleans()):
        layers.append(Activation.SOFTMAX)
    return Network(shape, tuple(layers), draw(st.booleans())), seed


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from([(-1.0, 1.0), (0.0, 16.0), (-300.0, 20.0)]), st.sampled_from([0.5, 0.05]))
def test_no_record_in_range_is_off_by_more_than_is_said(
    made: tuple[Network, int], between: tuple[float, float], within: float
) -> None:
    network, seed = made
    low, high = between
    rng = np.random.default_rng(seed)
    records = rng.uniform(low, high, (4, *network.shape))
    records[0], records[1] = low, np.where(rng.random(network.shape) < _HALF, low, high)
    found = as_program(network, low, high, within)
    assert found.kinds.bound <= within
    assert off(found, network, records) <= found.kinds.bound
    assert format_text(Source("model.ccr", found.text)) == found.text
    # and kinds that samples have chosen are no wider, and are off by no more than was asked for
    narrower = as_program(network, low, high, within, records)
    assert narrower.kinds.feature.bits <= found.kinds.feature.bits
    assert narrower.measured is not None and narrower.measured <= narrower.kinds.bound
    assert narrower.measured == off(narrower, network, records)


def test_a_bound_is_near_what_happens() -> None:
    """One feature, one weight: nothing is lost to the way it is proved."""
    network = Network((1,), (Dense(np.array([[0.3]]), np.array([0.1])),))
    found = as_program(network, -1, 1, 0.01)
    worst = off(found, network, np.linspace(-1, 1, 2001)[:, None])
    assert 0.5 * found.kinds.bound < worst <= found.kinds.bound


IMAGE: dict[str, NDArray[Any]] = {
    "k": np.random.default_rng(1).normal(size=(2, 1, 3, 3)),
    "c": np.array([0.5, -0.5]),
    "w": np.random.default_rng(2).normal(size=(8, 3)),
    "b": np.array([1.0, 0.0, -1.0]),
    "add": np.array([[0.25, 0.5, 0.75]]),
    "s": np.array([0, -1]),
    "lift": np.array([[[0.5]], [[1.0]]]),
}
FLAT: list[Node] = [("Flatten", [], {}), ("Gemm", ["w", "b"], {})]
CHAINS: dict[str, list[Node]] = {
    "maximum": [
        ("Conv", ["k", "c"], {}),
        ("Relu", [], {}),
        ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ],
    "mean": [
        ("Conv", ["k"], {}),
        ("Add", ["lift"], {}),
        ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ],
    "stride": [("Conv", ["k", "c"], {"strides": [2, 2]}), ("Tanh", [], {}), ("Identity", [], {})],
    "padding": [
        ("Conv", ["k", "c"], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ],
    "padded mean": [
        ("Conv", ["k", "c"], {"strides": [2, 2]}),
        (
            "AveragePool",
            [],
            {"kernel_shape": [2, 2], "strides": [1, 1], "pads": [1, 1, 1, 1], "count_include_pad": 1},
        ),
        ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [1, 1]}),
    ],
}


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("end", ["Softmax", "Sigmoid", "Add"])
def test_a_chain_of_onnx(tmp_path: Path, name: str, end: str) -> None:
    """As ONNX's own evaluator has it, in floating point; and the program, within its bound."""
    last: list[Node] = {"Add": [("Add", ["", "add"], {})]}.get(end, [(end, [], {})])
    flat: list[Node] = [("Reshape", ["s"], {}), ("MatMul", ["w"], {}), ("Add", ["b", ""], {})]
    path = chain(tmp_path / "m.onnx", (1, 6, 6), [*CHAINS[name], *(FLAT if end == "Softmax" else flat), *last], IMAGE)
    network = onnx_graph.read(path)
    records = np.random.default_rng(3).uniform(-1, 1, (5, 1, 6, 6))
    (wanted,) = ReferenceEvaluator(path).run(None, {"x": records.astype(np.float32)})
    np.testing.assert_allclose(network.scores(records), wanted, atol=1e-5)
    found = as_program(network, -1, 1, 0.1)
    assert off(found, network, records) <= found.kinds.bound <= 0.1
    assert network.decides == (end == "Softmax")


def test_a_gemm_of_every_kind(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    arrays = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=(1, 3))}
    options = {"transB": 1, "alpha": 0.5, "beta": 2.0}
    path = chain(tmp_path / "m.onnx", (4,), [("Gemm", ["w", "b"], options), ("Dropout", [], {})], arrays)
    records = rng.normal(size=(5, 4))
    (wanted,) = ReferenceEvaluator(path).run(None, {"x": records.astype(np.float32)})
    np.testing.assert_allclose(onnx_graph.read(path).scores(records), wanted, atol=1e-5)


UNTAKEN: dict[str, tuple[list[Node], str]] = {
    "an operation": ([("Elu", [], {})], r"the node `n0` \(Elu\) cannot be taken: there are Relu, Sigmoid, .*"),
    "groups": ([("Conv", ["g"], {"group": 2})], r"`n0` \(Conv\) .*: it has 2 groups, and one is taken"),
    "dilations": ([("Conv", ["k2"], {"dilations": [2, 2]})], r"`n0` \(Conv\) .*: its dilations are \[2, 2\]"),
    "pads": ([("Conv", ["k2"], {"pads": [0, 0, 1, 1]})], r"`n0` \(Conv\) .* differ from side to side"),
    "auto_pad": ([("Conv", ["k2"], {"auto_pad": "SAME_UPPER"})], r"its auto_pad is SAME_UPPER"),
    "oblong": ([("MaxPool", [], {"kernel_shape": [1, 2]})], r"`n0` \(MaxPool\) .* 1 by 2, and squares are taken"),
    "ceil": ([("MaxPool", [], {"kernel_shape": [2, 2], "ceil_mode": 1})], r"ceil_mode"),
    "rest": ([("MaxPool", [], {"kernel_shape": [4, 4], "strides": [4, 4]})], r"6 by 6 are no whole squares of 4"),
    "mean of part": (
        [("AveragePool", [], {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]})],
        r"count_include_pad is 0",
    ),
    "axis": ([("Softmax", [], {"axis": 1})], r"`n0` \(Softmax\) .*: its axis is not the last of a vector's"),
    "an axis of records": ([("Reshape", ["flat"], {})], r"`n0` \(Reshape\) .* does not keep records apart"),
    "a sum": ([("Relu", [], {}), ("Add", ["one"], {})], r"`n1` \(Add\) .* right behind a Gemm, MatMul or Conv"),
    "no fit": ([("Gemm", ["w"], {})], r"`n0` \(Gemm\) .*: it does not fit what it is given"),
    "no matrix": (
        [("Flatten", [], {}), ("Gemm", ["one"], {})],
        r"`n1` \(Gemm\) .*: its constant has shape \[1\], and 2",
    ),
    "no step": ([("Conv", ["k2"], {"strides": [0, 0]})], r"`n0` \(Conv\) .*: its strides \[0, 0\] or its pads"),
    "no window": ([("MaxPool", [], {"kernel_shape": [0, 0]})], r"`n0` .*: its windows are 0 by 0"),
    "one axis": ([("MaxPool", [], {"kernel_shape": [2]})], r"`n0` \(MaxPool\) .*: its windows are 2, and squares"),
    "a far edge": ([("Conv", ["k2"], {"pads": [9_000_000] * 4})], r"`n0` .*: a padding of 9000000 is no less than its"),
    "no number of axes": ([("Reshape", ["one"], {})], r"`n0` \(Reshape\) .*: its shape is no array of whole numbers"),
    "no weights": ([("Relu", [], {})], r"the graph .*: nothing in it has weights"),
}


@pytest.mark.parametrize("name", UNTAKEN)
def test_what_onnx_has_that_is_not_taken(tmp_path: Path, name: str) -> None:
    """By the node's name and type, with the reason."""
    nodes, said = UNTAKEN[name]
    ones = np.ones
    arrays = {"g": ones((2, 1, 3, 3)), "k2": ones((2, 2, 3, 3)), "one": ones(1), "w": ones((5, 2))}
    used = {n for _, names, _ in nodes for n in names}
    arrays |= {"flat": np.array([72, -1])}
    path = chain(tmp_path / "m.onnx", (2, 6, 6), nodes, {n: a for n, a in arrays.items() if n in used})
    with pytest.raises(Untaken, match=said):
        onnx_graph.read(path)


@pytest.mark.parametrize(
    ("shape", "node"),
    [
        ((10**6, 10**6), ("Flatten", [], {})),
        ((4000, 4000), ("Conv", ["k"], {})),
        ((4000, 4000), ("MaxPool", [], {"kernel_shape": [2000, 2000], "strides": [1, 1]})),
        ((10**6, 10), ("MatMul", ["w"], {})),
    ],
)
def test_a_small_file_of_a_large_network(tmp_path: Path, shape: tuple[int, int], node: Node) -> None:
    """It says what it likes of sizes, and nothing is made of them."""
    arrays = {"k": np.ones((500, 1, 1, 1)), "w": np.ones((10, 1000))}
    path = chain(tmp_path / "m.onnx", (1, *shape), [node], {n: arrays[n] for n in node[1]})
    with pytest.raises(Untaken, match=r"(a record of it has|of one record it makes) \d{9,} numbers"):
        onnx_graph.read(path)


def test_graphs_that_are_no_chain(tmp_path: Path) -> None:
    w = np.ones((4, 4))
    first = helper.make_node("MatMul", ["x", "w"], ["a"], name="first")
    both = helper.make_node("Add", ["a", "x"], ["b"], name="skip")
    with pytest.raises(Untaken, match=r"the node `skip` \(Add\) .*: a chain is taken"):
        onnx_graph.read(graph(tmp_path / "m.onnx", (4,), [first, both], "b", {"w": w}))
    computed = helper.make_node("MatMul", ["w", "x"], ["a"], name="turned")
    with pytest.raises(Untaken, match=r"the node `turned` \(MatMul\)"):
        onnx_graph.read(graph(tmp_path / "m.onnx", (4,), [computed], "a", {"w": w}))
    (tmp_path / "no.onnx").write_bytes(b"no graph")
    with pytest.raises(ValueError, match="it is no model of ONNX"):
        onnx_graph.read(str(tmp_path / "no.onnx"))


def points(classes: int) -> tuple[Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, 90)
    return rng.normal(size=(90, 4)) * [1, 100, 0.01, 3] + np.outer(y, [1, 50, 0, -2]), y


ESTIMATORS = {
    "two classes": (LogisticRegression(max_iter=2000), 2),
    "three classes": (make_pipeline(StandardScaler(), LogisticRegression()), 3),
    "ridge": (make_pipeline(MinMaxScaler((-1, 1)), RidgeClassifier()), 3),
    "sgd": (make_pipeline(MaxAbsScaler(), SGDClassifier(random_state=1)), 2),
    "network": (make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=20, random_state=1)), 3),
    "deep": (make_pipeline(StandardScaler(), MLPClassifier((3, 2), activation="tanh", max_iter=20, random_state=1)), 2),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_classifier_of_scikit_learn(name: str) -> None:
    model, classes = ESTIMATORS[name]
    x, y = points(classes)
    model.fit(x, y)
    network = estimators.network(model)
    scores = network.scores(x)
    told = (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)
    assert np.array_equal(told, model.predict(x))
    if hasattr(model, "decision_function"):
        np.testing.assert_allclose(np.squeeze(scores), model.decision_function(x), atol=1e-9)
    low, high = x.min(axis=0), x.max(axis=0)
    found = imported(network, low, high, 0.01, GIVEN, x)
    assert found.measured is not None and found.measured <= 0.01 and found.agree is not None and found.agree > 0.95
    assert f"// 0, 1, ... are {', '.join(map(str, range(classes)))}" in found.text


@pytest.mark.parametrize(
    "model", [LinearRegression(), Ridge(), MLPRegressor(hidden_layer_sizes=(3,), max_iter=20, random_state=1)], ids=repr
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_regression_of_scikit_learn(model: Any) -> None:
    x, y = points(3)
    x /= np.abs(x).max(axis=0)
    pipeline = make_pipeline(StandardScaler(with_mean=False), model).fit(x, 10 * y + x[:, 0])
    network = estimators.network(pipeline)
    np.testing.assert_allclose(np.squeeze(network.scores(x)), pipeline.predict(x), atol=1e-9)
    found = imported(network, x.min(axis=0), x.max(axis=0), 0.5, GIVEN, x)
    assert found.measured is not None and found.measured <= 0.5 and "class" not in found.text.split("party")[1]


def test_what_scikit_learn_has_that_is_not_taken() -> None:
    x, y = points(2)
    with pytest.raises(Untaken, match=r"`SVC` of sklearn\.svm\._classes cannot be taken: there are LogisticRegression"):
        estimators.network(SVC().fit(x, y))
    with pytest.raises(Untaken, match="the step `PolynomialFeatures` cannot be taken"):
        estimators.network(make_pipeline(PolynomialFeatures(), Ridge()).fit(x, y))
    with pytest.raises(Untaken, match="`Ridge` cannot be taken: it has not been fitted"):
        estimators.network(Ridge())
    with pytest.raises(Untaken, match="clip is not linear"):
        estimators.network(make_pipeline(MinMaxScaler(clip=True), Ridge()).fit(x, y))


def test_weights_that_are_no_numbers() -> None:
    network = Network((1,), (Dense(np.array([[np.nan]]), np.zeros(1)),))
    with pytest.raises(Untaken, match="weights that are no finite numbers"):
        as_program(network, -1, 1, 0.1)
    with pytest.raises(Untaken, match="no kinds of 40 bits keep its error within 1e-30"):
        as_program(Network((1,), (Dense(np.array([[0.3]]), np.zeros(1)),)), -1, 1, 1e-30)
