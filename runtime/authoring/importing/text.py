"""A network with kinds as the text of a program, and its weights by the names of the program's inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lang.source import Source
from lang.syntax.fmt import format_text
from runtime.authoring.choice import Fix
from runtime.authoring.floating import Floats
from runtime.authoring.importing.network import Activation, Conv, Dense, Layer, Network, Pool, Reshape
from runtime.authoring.importing.precision import Kinds, rounded
from runtime.authoring.writing import template

_CLASSES = 12  # whose names are told
RESERVED = re.compile(r"[bwvK]\d+|r|records|RECORDS|scores|class")  # what a written program calls things


@dataclass(frozen=True, slots=True)
class Given:
    """What else the text says."""

    name: str
    model: str  # the file
    vendor: str
    owner: str
    records: int
    about: str  # of the error


@dataclass
class _Text:
    """Statements of one record, or of all where `stacked`."""

    network: Network
    kinds: Kinds
    stacked: bool
    inputs: list[str] = field(default_factory=list[str])
    lines: list[str] = field(default_factory=list[str])
    types: dict[Fix, str] = field(default_factory=dict[Fix, str])
    weights: dict[str, Floats] = field(default_factory=dict[str, Floats])

    def kind(self, fix: Fix) -> str:
        """A name of its own for each kind."""
        return self.types.setdefault(fix, f"K{len(self.types)}")

    def shaped(self, fix: Fix, shape: tuple[int, ...]) -> str:
        whole = ("RECORDS", *map(str, shape)) if self.stacked else tuple(map(str, shape))
        return f"{self.kind(fix)}[{', '.join(whole)}]"

    def weight(self, name: str, values: Floats, fix: Fix, vendor: str) -> None:
        self.weights[name] = rounded(values, fix)
        shape = ", ".join(map(str, values.shape))
        self.inputs.append(f"input {name}: {self.kind(fix)}[{shape}] from {vendor};")


def text(network: Network, kinds: Kinds, given: Given) -> tuple[str, dict[str, Floats]]:
    """Formatted, and the weights on their grids."""
    stacked = len(network.shape) == 1 and all(isinstance(layer, Dense | Activation) for layer in network.layers)
    t = _Text(network, kinds, stacked)
    feature = t.kind(kinds.feature)
    last = _statements(t, "records" if stacked else "records[r]", given)
    shapes = network.shapes()
    result = next((v for v in reversed(kinds.values) if v is not None), kinds.feature)
    if stacked:
        body = "\n".join([*t.lines, f"let scores = {last};"])
    else:
        inner = "\n".join([*t.lines, f"scores[r] = {last};"])
        out = ", ".join(("RECORDS", *map(str, shapes[-1])))
        body = f"var scores: {t.kind(result)}[{out}] = 0;\nfor r in 0..RECORDS {{\n{inner}\n}}"
    words = {
        "name": " ".join(given.name.split()),
        "model": " ".join(given.model.split()),  # of one line, as it stands in a comment
        "vendor": given.vendor,
        "owner": given.owner,
        "records": str(given.records),
        "about": given.about,
        "types": "\n".join(f"type {name} = {fix};" for fix, name in t.types.items()),
        "weights": "\n".join(t.inputs),
        "features": f"{feature}[{', '.join(('RECORDS', *map(str, network.shape)))}]",
        "body": body,
        "outputs": _outputs(network, given.owner, shapes[-1]),
    }
    written = template("imported.ccr").substitute(words)
    return format_text(Source(f"{given.name}.ccr", written)), t.weights


def _outputs(network: Network, owner: str, shape: tuple[int, ...]) -> str:
    said = f"output reveal(scores) to {owner};"
    if not network.decides or len(shape) != 1:
        return said
    names = ", ".join(" ".join(name.split()) for name in network.classes)
    comment = f" // 0, 1, ... are {names}" if 0 < len(network.classes) <= _CLASSES else ""
    if shape[0] == 1:
        return f"{said}\noutput class = reveal(scores[:, 0] > 0) to {owner};{comment}"
    return f"{said}\noutput class = reveal(argmax(scores, axis = 1)) to {owner};{comment}"


def _statements(t: _Text, at: str, given: Given) -> str:
    """Each layer with a kind of its own is bound to it; the name of what comes out."""
    shapes = t.network.shapes()
    for i, (layer, value) in enumerate(zip(t.network.layers, t.kinds.values, strict=True)):
        at = _said(t, i, layer, at, shapes[i + 1], given.vendor)
        if value is not None:
            t.lines.append(f"let v{i}: {t.shaped(value, shapes[i + 1])} = {at};")
            at = f"v{i}"
    return at


def _said(t: _Text, i: int, layer: Layer, at: str, shape: tuple[int, ...], vendor: str) -> str:
    """A layer's value as an expression."""
    weight, bias = t.kinds.weights[i], t.kinds.biases[i]
    if isinstance(layer, Dense | Conv):
        assert weight is not None and bias is not None
        t.weight(f"w{i}", layer.weight, weight, vendor)
        t.weight(f"b{i}", layer.bias, bias, vendor)
        if isinstance(layer, Dense):
            return f"{at} @ w{i} + b{i}"
        return f"conv2d({at}, w{i}{_steps(layer.stride, 1, layer.padding)}) + reshape(b{i}, {len(layer.bias)}, 1, 1)"
    if isinstance(layer, Pool):
        name = "maxpool" if layer.largest else "avgpool"
        return f"{name}({at}, {layer.size}{_steps(layer.stride, layer.size, layer.padding)})"
    if isinstance(layer, Reshape):
        return f"reshape({at}, {', '.join(map(str, shape))})"
    return f"{layer.value}({at})"


def _steps(stride: int, usual: int, padding: int) -> str:
    return (f", stride = {stride}" if stride != usual else "") + (f", padding = {padding}" if padding else "")
