"""Every operation of the core has all that an operation needs; one that lacks something is named here.

What the type checkers hold (a lowering, an approximation, a derivative, the gradient of a loss) is not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from support.agreement import words_agree
from support.in_memory import Inputs
from support.one_row import contribution, unclipped
from support.random_text import program
from support.real import REAL, TRIED

from compiler.pipeline import understand
from compiler.words.evaluate import evaluate
from lang import typed
from lang.checker.check import check
from lang.checker.functions import RULES
from lang.problems.problem import Rejected
from lang.source import Source
from lang.typed import INEXACT, LOSSES, Call, Inexact

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
SEEDS = 200  # random programs that are looked through for an operation
FRACTION = 20  # bits after the point of the kinds that are differentiated
STEP = 2.0**-10  # of a finite difference

# An expression of each, over `w` and `x`, vectors of four numbers of kind K.
EXAMPLES: Mapping[Call, str] = {
    Call.ADD: "w + x",
    Call.SUB: "w - x",
    Call.MUL: "w * x",
    Call.NEG: "-w",
    Call.DIVIDE: "w / 4",
    Call.MODULO: "(w as int<8>) % 3",
    Call.MATMUL: "reshape(w, 2, 2) @ reshape(x, 2, 2)",
    Call.DOT: "dot(w, x)",
    Call.SUM: "sum(w)",
    Call.MEAN: "mean(w)",
    Call.MIN: "min(w, x)",
    Call.MAX: "max(w, x)",
    Call.MIN_OF: "min(w)",
    Call.MAX_OF: "max(w)",
    Call.ABS: "abs(w)",
    Call.RELU: "relu(w)",
    Call.SIGN: "sign(w)",
    Call.CLAMP: "clamp(w, -0.25, 0.25)",
    Call.LESS: "w < x",
    Call.EQUAL: "w == x",
    Call.NOT: "!(w < x)",
    Call.AND: "(w as int<8>) & 6",
    Call.OR: "(w as int<8>) | 6",
    Call.XOR: "(w as int<8>) ^ 6",
    Call.SHL: "w << 1",
    Call.SHR: "w >> 1",
    Call.TRANSPOSE: "transpose(reshape(w, 2, 2)) @ [x[0], x[1]]",
    Call.RESHAPE: "reshape(w, 2, 2) @ [x[0], x[1]]",
    Call.BROADCAST: "if x[0] > 0 { let e: K[4] = w[0]; e } else { w }",
    Call.ZEROS: "w + zeros(4)",
    Call.CONCAT: "dot(concat(x, w[1..]), [1, 2, 3, 4, 5, 6, 7])",
    Call.ARGMAX: "argmax(w)",
    Call.SORT: "dot(sort(w), [1, 2, 3, 4])",
    Call.SORT_BY: "dot(sort(w, x), [1, 2, 3, 4])",
    Call.ARGSORT: "argsort(w)",
    Call.POPCOUNT: "popcount(w as int<8>)",
    Call.CONV2D: "conv2d(reshape(w, 2, 2), reshape(x, 2, 2))",
    Call.AVGPOOL: "avgpool(reshape(w, 2, 2), 2)",
    Call.MAXPOOL: "maxpool(reshape(w, 2, 2), 2)",
    Call.SIGMOID: "sigmoid(w) as K",
    Call.EXP: "exp(w) as K",
    Call.LOG: "log(w) as K",
    Call.SQRT: "sqrt(w) as K",
    Call.RSQRT: "rsqrt(w) as K",
    Call.TANH: "tanh(w) as K",
    Call.SOFTMAX: "softmax(w) as K",
    Call.NORM2: "norm2(w) as K",
    Call.LOGISTIC: "logistic(dot(w, x) as fix<24, 12>, 1)",
    Call.SQUARED: "squared(w, x)",
    Call.CROSS_ENTROPY: "cross_entropy(w as fix<24, 12>, 1)",
}
# Those that cannot be differentiated: the code of the problem, or "zero".
WITHOUT_GRADIENT: Mapping[Call, str] = {
    Call.LESS: "zero",  # constant but for jumps
    Call.EQUAL: "zero",
    Call.SIGN: "zero",
    Call.ARGMAX: "zero",
    Call.ARGSORT: "zero",
    Call.MODULO: "zero",  # x - d floor(x / d), where rounding differentiates as the identity
    Call.NOT: "zero",
    Call.AND: "not-yet",  # bits are no numbers
    Call.OR: "not-yet",
    Call.XOR: "not-yet",
    Call.POPCOUNT: "not-yet",
}
# How the page writes those without a name.
SIGNS: Mapping[Call, str] = {
    Call.ADD: "| `p + q`",
    Call.SUB: "`p - q`",
    Call.MUL: "| `p * q`",
    Call.NEG: "`-p`",
    Call.DIVIDE: "| `p / q`",
    Call.MODULO: "`p % q`",
    Call.LESS: "| `p < q`",
    Call.EQUAL: "`p == q`",
    Call.NOT: "`!` turns over",
    Call.AND: "`& | ^` act on",
    Call.OR: "`& | ^` act on",
    Call.XOR: "`& | ^` act on",
    Call.SHL: "| `<<`, `>>` |",
    Call.SHR: "| `<<`, `>>` |",
    Call.BROADCAST: "Shapes broadcast",
}


def calls(node: Any) -> Iterator[Call]:
    """The operations in a checked tree."""
    if isinstance(node, typed.Operate):
        yield node.call
    if isinstance(node, tuple):
        for item in node:
            yield from calls(item)
    elif is_dataclass(node) and not isinstance(node, (typed.Variable, Source)):
        for field in fields(node):
            if field.name not in ("type", "span"):
                yield from calls(getattr(node, field.name))


def made(text: str) -> set[Call]:
    return set(calls(check(Source("calls.ccr", text), {}).program.statements))


def plain(call: Call) -> str:
    """The example between two inputs."""
    return f"""party alice; party bob; type K = fix<8, 4>;
        input w: K[4] from alice; input x: K[4] from bob;
        output out = reveal({EXAMPLES[call]}) to bob;"""


def trained(call: Call) -> str:
    """The sum of the example as a loss of `w`."""
    example = re.sub(r"\bx\b", "row.x", EXAMPLES[call])
    loss = example if call in LOSSES else f"sum({example})"
    return f"""party vendor; party clinic; type K = fix<40, {FRACTION}>;
        input first: K[4] from vendor;
        dataset rows from clinic {{ x: K[4]; }}
        var w = first;
        dpsgd w on rows(batch = 1, steps = 1, clip = 4096.0, noise = 1.0, rate = 1.0) as row {{ loss {loss}; }}
        output w to vendor;"""


def test_the_table_has_every_operation() -> None:
    assert set(RULES) == set(Call)
    named = {call: rule.name for call, rule in RULES.items() if rule.name}
    assert {call for call, name in named.items() if "within" in name.options} == INEXACT | LOSSES
    assert {call for call, name in named.items() if name.only_in_loss} == LOSSES


@pytest.mark.parametrize("call", Call)
def test_meaning(call: Call) -> None:
    """Its words give what tests/support/meaning.py reads in the text."""
    if call in LOSSES:  # never computed, only differentiated
        assert call in made(trained(call))
    else:
        assert call in made(plain(call))
        words_agree(plain(call))


@pytest.mark.parametrize("call", get_args(Inexact))
def test_reference(call: Inexact) -> None:
    """tests/compiler/test_grad_functions.py holds its derivative against this."""
    assert call.value in REAL and call.value in TRIED


@pytest.mark.parametrize("call", [call for call in Call if call not in INEXACT])
def test_gradient(call: Call) -> None:
    """That of finite differences of its words; of a loss, that there is one."""
    if WITHOUT_GRADIENT.get(call) == "not-yet":
        with pytest.raises(Rejected) as caught:
            understand(Source("grad.ccr", trained(call)))
        assert {p.code for p in caught.value.problems} == {"not-yet"}
        return
    weights, x = np.array([0.75, -0.5, 0.125, -0.1875]), np.array([0.25, 0.5, -0.75, 1.0])
    with unclipped():
        words = understand(Source("grad.ccr", trained(call))).words
    [gradient] = contribution(words, {"first": grid(weights)}, {"x": grid(x)})
    found = np.asarray(gradient, dtype=float)
    if call in WITHOUT_GRADIENT:
        assert not found.any()
        return
    assert found.any()
    if call not in LOSSES:
        assert np.abs(found - differences(EXAMPLES[call], weights, x)).max() < 1e-3


def grid(values: Any) -> Any:
    return np.asarray(np.round(values * 2.0**FRACTION), dtype=np.int64)


def differences(example: str, weights: Any, x: Any) -> Any:
    """Central differences of the sum of the example, by the clear evaluator."""
    text = f"""party vendor; party clinic; type K = fix<40, {FRACTION}>;
        input w: K[4] from vendor; input x: K[4] from clinic;
        output out = reveal(sum({example})) to vendor;"""
    words = understand(Source("sum.ccr", text)).words
    [scale] = [item.type.scale for n, item in words.block.numbered() if n == words.block.results[0]]

    def value(moved: Any) -> float:
        [out] = evaluate(words.block, [], Inputs({"w": grid(moved), "x": grid(x)}))
        return float(Fraction(int(out)) * scale)

    found = [value(weights + STEP * unit) - value(weights - STEP * unit) for unit in np.eye(len(weights))]
    return np.array(found) / (2 * STEP)


@pytest.mark.parametrize("call", Call)
def test_page(call: Call) -> None:
    """docs/language.md tells of it: a name in a row of a table, or an operator."""
    name = RULES[call].name
    if name is None:
        assert SIGNS[call] in PAGE
    else:
        twice = sum(rule.name is not None and rule.name.name == name.name for rule in RULES.values()) > 1
        form = f"{name.name}(p, axis" if name.over and "axis" in name.options and twice else f"{name.name}("
        assert re.search(rf"^\|[^|]*`{re.escape(form)}", PAGE, re.MULTILINE)


def test_generator() -> None:
    """The random programs make use of it; a loss has no place in them."""
    missing = set(Call) - LOSSES
    for text in map(program, range(SEEDS)):
        if any((name := RULES[call].name) is None or f"{name.name}(" in text for call in missing):
            missing -= made(text)
    assert not missing
