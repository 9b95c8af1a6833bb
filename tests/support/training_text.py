"""Random programs that train, as text, and what they are run with; the same number gives the same."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from compiler.words.evaluate import Array, as_array
from compiler.words.ir import Type, Words
from compiler.words.operations import Coins, Draw, Entry, Noise

ACTIVATIONS = ("relu({})", "clamp({}, -1, 1)", "abs({})", "tanh({})", "{} * 0.5", "{}")
HEADER = "party hospital; party vendor;"


UPDATES = (
    "rate = {}",
    "rate = {} / (1 + t)",
    "rate = {}, momentum = 0.5",
    "rate = {}, average = 1",
    "rate = 0.05, optimizer = adam(0.8, 0.9, 0.001)",
)


def by_step(number: int, updates: tuple[str, ...] = UPDATES[:1]) -> str:
    """The same program, each of whose steps is told, with one of the updates."""
    text, r = training(number), random.Random(number)
    if r.random() < 0.4:
        text = re.sub(r"noise = ([\d.]+)[^,]*,", r"noise = \1 drawn by both,", text)
    head, _, rest = text.replace(" as row {", ", release = step) as row {").partition(", rate = ")
    value, _, rest = rest.partition(")")
    return f"{head}, {r.choice(updates).format(value)}{rest}"


def training(number: int, approximated: bool = True) -> str:
    """One or two layers, perhaps with biases, perhaps a second number of the vendor's, and a loss."""
    r = random.Random(number)
    features, hidden, out = r.randint(1, 3), r.choice((0, 0, 2, 3)), r.choice((0, 2, 3))
    weight, seen = f"fix<{r.randint(5, 9)}, {r.randint(2, 5)}>", f"fix<{r.randint(6, 11)}, {r.randint(2, 6)}>"
    activation = r.choice(ACTIVATIONS if approximated else ACTIVATIONS[:3])
    shapes: dict[str, str] = {}
    body: list[str] = []
    score, width = "row.x", features
    if hidden:
        shapes["w"] = f"[{features}, {hidden}]"
        bias = ""
        if r.random() < 0.5:
            shapes["c"], bias = f"[{hidden}]", " + c"
        body.append(f"let h: {seen}[{hidden}] = {activation.format(f'(row.x @ w{bias})')};")
        score, width = "h", hidden
    shapes["v"] = f"[{width}, {out}]" if out else f"[{width}]"
    bias = ""
    if r.random() < 0.4:
        shapes["b"], bias = (f"[{out}]" if out else ""), " + b"
    product = f"{score} @ v" if out else f"dot({score}, v)"
    body.append(f"let s = {product}{bias};")
    if r.random() < 0.4:
        body.append(f"let z: {seen}{f'[{out}]' if out else ''} = s;")
        scores = "z"
    else:
        scores = "s"
    smooth = (
        f"logistic({scores}, {'[' + ', '.join(f'row.y == {i}' for i in range(out)) + ']' if out else 'row.y == 1'})"
    )
    losses = [f"sum({smooth})" if out else smooth] if approximated else []
    label = "row.y" if scores == "s" else "row.y / 8.0"  # what z's kind comes to
    losses += [f"squared({scores}[0], {label})" if out else f"squared({scores}, {label})"]
    if out and approximated:
        losses.append(f"cross_entropy({scores}, row.y)")
    body.append(f"loss {r.choice(losses)};")
    norm = " where norm2(x) <= 1.0" if r.random() < 0.5 else ""
    drawn = r.choice(("", " drawn by hospital"))
    lines = [HEADER]
    lines += [f"input {n}0: {weight}{shape} from vendor;" for n, shape in shapes.items()]
    kind = "uint<2> where y < 3" if out == 3 else "uint<1>"
    lines.append(
        f"dataset rows from hospital {{ x: fix<{r.randint(4, 7)}, {r.randint(1, 4)}>[{features}]{norm}; y: {kind}; }}"
    )
    lines += [f"var {n} = {n}0;" for n in shapes]
    clip, noise, rate = r.choice(("1.0", "0.3", "4.0", "0.01")), r.choice(("1.0", "2.5")), r.choice(("1.0", "0.25"))
    lines.append(
        f"dpsgd {', '.join(shapes)} on rows(batch = {r.randint(1, 2)}, steps = {r.randint(1, 3)}, clip = {clip}, "
        f"noise = {noise}{drawn}, rate = {rate}) as row {{ {' '.join(body)} }}"
    )
    lines += [f"output {n} to vendor;" for n in shapes]
    return "\n".join(lines) + "\n"


@dataclass
class Trial:
    """Sources of all parties from a number; what is asked for twice is the same twice.  Some slots are empty."""

    words: Words
    seed: int
    full: float = 0.6  # the chance of a slot to have a record

    def _rng(self, *key: object) -> np.random.Generator:
        return np.random.default_rng([self.seed, *map(ord, repr(key))])

    def _anything(self, type: Type, *key: object) -> Any:
        rng = self._rng(*key)
        ends = rng.choice([type.lo, type.hi, 0], type.shape)
        return np.where(rng.random(type.shape) < 0.3, ends, rng.integers(type.lo, type.hi, type.shape, endpoint=True))

    def input(self, at: Entry, type: Type) -> Array:
        return as_array(self._anything(type, at.name), type)

    def sample(self, at: Draw, type: Type, position: tuple[int, ...]) -> Array:
        filled = self._rng("slots", at.draw, position).random(at.slots) < self.full
        if at.name == "":
            return as_array(filled.astype(np.int64), type)
        rows = as_array(self._anything(type, at.name, at.draw, position), type)
        norm = next(f.norm for f in self.words.datasets[0].fields if f.name == at.name)
        for row in rows if norm else ():
            while sum(int(n) ** 2 for n in row) * type.scale**2 > norm**2:
                row[...] = row // 2 + (row < 0)
        rows[~filled] = 0
        return rows

    def coins(self, at: Coins, type: Type, position: tuple[int, ...]) -> Array:
        return as_array(self._rng("coins", at.party, at.draw, at.variable, position).integers(0, 2, type.shape), type)

    def noise(self, at: Noise, type: Type, position: tuple[int, ...]) -> Array:
        most = min(type.hi, isqrt(int(Fraction(at.sigma) ** 2)) + 1)
        return as_array(self._rng("noise", at.variable, position).integers(-most, most, type.shape), type)
