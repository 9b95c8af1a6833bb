"""Graphs of ONNX, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper, save

Arrays = Mapping[str, NDArray[Any]]
Node = tuple[str, Sequence[str], Mapping[str, Any]]  # op, its inputs behind what flows ("" stands for that), attributes


def chain(path: Path, shape: Sequence[int], nodes: Sequence[Node], arrays: Arrays) -> str:
    """Nodes n0, n1, ..., each of which has the value of the one before; floats are kept as float32."""
    made, at = [], "x"
    for number, (op, others, options) in enumerate(nodes):
        inputs = [at if name == "" else name for name in others] if "" in others else [at, *others]
        made.append(helper.make_node(op, inputs, [f"v{number}"], name=f"n{number}", **options))
        at = f"v{number}"
    return graph(path, shape, made, at, arrays)


def graph(path: Path, shape: Sequence[int], nodes: Sequence[Any], out: str, arrays: Arrays) -> str:
    kept = [
        numpy_helper.from_array(a.astype(np.int64 if a.dtype.kind == "i" else np.float32), name)
        for name, a in arrays.items()
    ]
    whole = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, ["n", "scores"])],
        kept,
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    save(model, str(path))
    return str(path)
