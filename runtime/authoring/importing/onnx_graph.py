"""A chain of ONNX nodes as a network.  Needs the package `onnx` (the extra `onnx`); nothing in a file is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, assert_never

import numpy as np

from runtime.authoring.floating import Floats
from runtime.authoring.importing.network import Activation, Conv, Dense, Layer, Network, Pool, Reshape
from runtime.authoring.importing.untaken import Untaken

_PLAIN = {
    "Relu": Activation.RELU,
    "Sigmoid": Activation.SIGMOID,
    "Tanh": Activation.TANH,
}
_NOTHING = ("Identity", "Dropout")  # which a model that has been trained goes through unchanged
TAKEN = (
    *_PLAIN,
    *_NOTHING,
    *("Gemm", "MatMul", "Add", "Conv", "AveragePool", "GlobalAveragePool", "MaxPool", "Softmax", "Flatten", "Reshape"),
    "Constant",
)
_MOST = 1 << 26  # elements of a value, or of what a layer makes of it on its way: 512 MB


def read(path: str) -> Network:
    """Raises Untaken, OSError, and ValueError for what is no ONNX file."""
    import onnx

    try:
        model: Any = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
    except OSError:
        raise
    except Exception as error:  # protobuf and the checker have errors of many kinds
        raise ValueError(
            f"it is no model of ONNX: {str(error).splitlines()[0] if str(error) else 'it is empty'}"
        ) from None
    return _Chain(model.graph).network()


@dataclass(frozen=True, slots=True)
class _Node:
    """One node, its attributes, and its arrays behind the value that flows."""

    name: str
    op: str
    options: Mapping[str, Any]
    arrays: tuple[Floats | None, ...]
    flows: tuple[int, ...]  # which inputs are not arrays

    def __str__(self) -> str:
        return f"the node `{self.name}` ({self.op})"

    def array(self, place: int) -> Floats:
        """Raises Untaken where it is computed."""
        found = self.arrays[place] if place < len(self.arrays) else None
        if found is None:
            raise Untaken(str(self), "what it is computed with is no constant of the file")
        return found


class _Chain:
    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self._graph = graph
        self._arrays: dict[str, Floats] = {}
        for held in graph.initializer:
            if held.external_data:
                raise Untaken(f"the array `{held.name}`", "it lies in another file: save the model as one file")
            self._arrays[held.name] = np.asarray(numpy_helper.to_array(held))
        inputs = [i for i in graph.input if i.name not in self._arrays]
        if len(inputs) != 1 or len(graph.output) != 1:
            counts = f"{len(inputs)} inputs and {len(graph.output)} outputs"
            raise Untaken("the graph", f"it has {counts}, and one of each is taken")
        self._name = inputs[0].name
        sizes = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim]
        if len(sizes) < 2 or any(size < 1 for size in sizes[1:]):
            raise Untaken(f"the input `{self._name}`", "its axes but the first, of records, must be numbers")
        self.shape = tuple(sizes[1:])
        if prod(self.shape) > _MOST:
            raise Untaken(f"the input `{self._name}`", f"a record of it has {prod(self.shape)} numbers")
        self.layers: list[Layer] = []

    def network(self) -> Network:
        at, shape = self._name, self.shape
        for held in self._graph.node:
            node = self._node(held, at)
            if node is None:
                continue
            made = _layers(node, shape, self.layers)
            for layer in made:
                self.layers.append(layer)
                shape = _shape(node, shape, layer)
            at = held.output[0]
        if at != self._graph.output[0].name:
            raise Untaken(f"the output `{self._graph.output[0].name}`", "it is not what the last node gives")
        if not any(isinstance(layer, Dense | Conv) for layer in self.layers):
            raise Untaken("the graph", "nothing in it has weights")
        decides = self.layers[-1] is Activation.SOFTMAX
        return Network(self.shape, tuple(self.layers), decides)

    def _node(self, held: Any, at: str) -> _Node | None:
        """None for a constant, which is kept.  Raises Untaken."""
        from onnx import helper, numpy_helper

        options = {a.name: helper.get_attribute_value(a) for a in held.attribute}
        name = held.name or (held.output[0] if held.output else "")
        if held.op_type == "Constant":
            if "value" not in options:
                raise Untaken(f"the node `{name}` (Constant)", "it holds no array")
            self._arrays[held.output[0]] = np.asarray(numpy_helper.to_array(options["value"]))
            return None
        arrays = tuple(self._arrays.get(n) for n in held.input)
        flows = tuple(i for i, n in enumerate(held.input) if n and n not in self._arrays)
        node = _Node(name, held.op_type, options, arrays, flows)
        if held.op_type not in TAKEN:
            raise Untaken(str(node), f"there are {', '.join(TAKEN)}")
        if held.domain not in ("", "ai.onnx"):
            raise Untaken(str(node), f"it is of the domain {held.domain}")
        if [held.input[i] for i in flows] != [at]:
            raise Untaken(
                str(node), "a chain is taken, in which each node has the value of the one before and no other"
            )
        return node


def _layers(node: _Node, shape: tuple[int, ...], before: list[Layer]) -> Sequence[Layer]:
    """What is done; an Add goes into the bias of the layer before."""
    match node.op:
        case op if op in _PLAIN:
            return [_PLAIN[op]]
        case op if op in _NOTHING:
            return []
        case "Softmax":
            if len(shape) != 1 or node.options.get("axis", -1) not in (-1, 1):
                raise Untaken(str(node), "its axis is not the last of a vector's")
            return [Activation.SOFTMAX]
        case "Gemm":
            return [_gemm(node)]
        case "MatMul":
            weight = _weight(node, 2)
            return [Dense(weight, np.zeros(weight.shape[1]))]
        case "Add":
            before[-1:] = [_added(node, before[-1] if before else None)]
            return []
        case "Conv":
            return [_conv(node, shape)]
        case "AveragePool" | "MaxPool" | "GlobalAveragePool":
            return [_pool(node, shape)]
        case "Flatten":
            if node.options.get("axis", 1) != 1:
                raise Untaken(str(node), "its axis is not 1")
            return [Reshape((int(np.prod(shape)),))]
        case "Reshape":
            return [_reshape(node, shape)]
        case _:
            raise AssertionError(f"{node.op} is in TAKEN, and is made no layer of")


def _gemm(node: _Node) -> Dense:
    o = node.options
    if o.get("transA", 0) or node.flows != (0,):
        raise Untaken(str(node), "what flows must be its first operand, not transposed")
    weight = _weight(node, 2) * o.get("alpha", 1.0)
    weight = weight.T if o.get("transB", 0) else weight
    bias = np.zeros(weight.shape[1])
    if len(node.arrays) > 2:
        bias = bias + node.array(2).astype(np.float64).reshape(-1) * o.get("beta", 1.0)
    return Dense(weight, bias)


def _weight(node: _Node, axes: int) -> Floats:
    """Raises Untaken."""
    weight = node.array(1)
    if weight.ndim != axes or not weight.size:
        raise Untaken(str(node), f"its constant has shape {list(weight.shape)}, and {axes} axes are taken")
    return weight.astype(np.float64)


def _added(node: _Node, before: Layer | None) -> Layer:
    """Raises Untaken where no sum is before it."""
    constant = node.arrays[1 - node.flows[0]]
    if constant is None or not isinstance(before, Dense | Conv):
        raise Untaken(str(node), "only a constant is added, right behind a Gemm, MatMul or Conv")
    outputs = len(before.bias)
    wanted = (outputs,) if isinstance(before, Dense) else (outputs, 1, 1)
    try:
        bias = np.broadcast_to(constant, (1, *wanted)).reshape(-1).astype(np.float64)
    except ValueError:
        raise Untaken(str(node), f"its constant has shape {list(constant.shape)} beside {outputs} outputs") from None
    if isinstance(before, Dense):
        return Dense(before.weight, before.bias + bias)
    return Conv(before.weight, before.bias + bias, before.stride, before.padding)


def _conv(node: _Node, shape: tuple[int, ...]) -> Conv:
    if len(shape) != 3:
        raise Untaken(str(node), "it is not over two axes of images with channels")
    weight = _weight(node, 4)
    if node.options.get("group", 1) != 1:
        raise Untaken(str(node), f"it has {node.options['group']} groups, and one is taken")
    stride, padding = _steps(node)
    if padding >= max(weight.shape[2:]):
        raise Untaken(str(node), f"a padding of {padding} is no less than its window")
    bias = node.array(2).astype(np.float64) if len(node.arrays) > 2 else np.zeros(len(weight))
    return Conv(weight, bias, stride, padding)


def _pool(node: _Node, shape: tuple[int, ...]) -> Pool:
    if len(shape) != 3:
        raise Untaken(str(node), "it is not over two axes of images with channels")
    if node.op == "GlobalAveragePool":
        sizes, stride, padding = list(shape[1:]), shape[1], 0
    else:
        sizes = list(node.options["kernel_shape"])
        stride, padding = _steps(node)
    if len(sizes) != 2 or sizes[0] != sizes[1] or sizes[0] < 1:
        raise Untaken(str(node), f"its windows are {' by '.join(map(str, sizes))}, and squares are taken")
    size = int(sizes[0])
    if node.options.get("ceil_mode", 0):
        raise Untaken(str(node), "its ceil_mode counts windows that are not full")
    if node.op == "AveragePool" and padding and not node.options.get("count_include_pad", 0):
        raise Untaken(str(node), "its count_include_pad is 0: the padding would have to count in the mean")
    if stride == size and any((side + 2 * padding) % size for side in shape[1:]):
        raise Untaken(str(node), f"{shape[1]} by {shape[2]} are no whole squares of {size}")
    if 2 * padding > size:
        raise Untaken(str(node), f"a padding of {padding} is more than half of {size}")
    return Pool(node.op == "MaxPool", size, stride, padding)


def _steps(node: _Node) -> tuple[int, int]:
    """Stride and padding, each one number.  Raises Untaken."""
    o = node.options
    strides, pads = list(o.get("strides", [1, 1])), list(o.get("pads", [0, 0, 0, 0]))
    if len(set(strides)) > 1 or len(set(pads)) > 1:
        raise Untaken(str(node), f"its strides {strides} or its pads {pads} differ from side to side")
    if len(strides) != 2 or len(pads) != 4 or strides[0] < 1 or pads[0] < 0:
        raise Untaken(str(node), f"its strides {strides} or its pads {pads} are none of two axes")
    if any(d != 1 for d in o.get("dilations", [1])):
        raise Untaken(str(node), f"its dilations are {list(o['dilations'])}, and 1 is taken")
    if o.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise Untaken(str(node), f"its auto_pad is {o['auto_pad'].decode()}: export it with pads in numbers")
    return int(strides[0]), int(pads[0])


def _reshape(node: _Node, shape: tuple[int, ...]) -> Reshape:
    if node.array(1).dtype.kind != "i":
        raise Untaken(str(node), "its shape is no array of whole numbers")
    wanted = [int(v) for v in node.array(1).reshape(-1)]
    sizes, total = wanted[1:], int(np.prod(shape))
    if not wanted or wanted[0] not in (-1, 0, 1):
        raise Untaken(str(node), f"its shape {wanted} does not keep records apart")
    sizes = [shape[i] if size == 0 and i < len(shape) else size for i, size in enumerate(sizes)]
    if sizes.count(-1) == 1:
        rest = int(np.prod([s for s in sizes if s != -1]))
        sizes = [total // max(rest, 1) if s == -1 else s for s in sizes]
    if not sizes or min(sizes) < 1 or int(np.prod(sizes)) != total:
        raise Untaken(str(node), f"its shape {wanted} does not hold a record of {list(shape)}")
    return Reshape(tuple(sizes))


def _shape(node: _Node, shape: tuple[int, ...], layer: Layer) -> tuple[int, ...]:
    """Behind a layer; raises Untaken where it does not fit, or is too large to be looked at."""
    if (numbers := _numbers(shape, layer)) > _MOST:
        raise Untaken(str(node), f"of one record it makes {numbers} numbers")
    try:
        return Network(shape, (layer,)).shapes()[-1]
    except ValueError:
        raise Untaken(str(node), f"it does not fit what it is given, of shape {list(shape)}") from None


def _numbers(shape: tuple[int, ...], layer: Layer) -> int:
    """How many a layer makes of one record, at most, those on its way among them."""
    match layer:
        case Dense(weight):
            return prod(shape[:-1]) * int(weight.shape[1])
        case Conv(weight, _, stride, padding):
            each, beside = max(len(weight), int(weight[0].size)), 2 * padding
        case Pool(_, size, stride, padding):
            each, beside = shape[0] * size**2, 2 * padding
        case Reshape() | Activation():
            return prod(shape)
        case _:
            assert_never(layer)
    return each * prod((side + beside) // stride + 1 for side in shape[1:])
