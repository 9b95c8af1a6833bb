"""Attempts to carry something out that is not the receiver's, and legal programs that stand near them."""

from __future__ import annotations

import pytest

from compiler.pipeline import compile, understand
from lang.problems.draw import draw
from lang.problems.problem import Rejected
from lang.source import Source, Span

HEAD = """\
party vendor; party hospital;
input w0: fix<16, 10>[4] from vendor;
input age: uint<8> from hospital;
input ages: uint<8>[4] from hospital;
input fee: uint<8> from vendor;
input which: uint<2> from hospital;
dataset records from hospital { x: fix<9, 8>[4] where norm2(x) <= 1.0; y: bit; }
fn same(a: uint<8>) -> uint<8> { a }
fn second(a: uint<8>, b: uint<8>) -> uint<8> { b }
"""
DPSGD = "dpsgd w on records(batch = 8, steps = 2, clip = 1.0, noise = {noise}, rate = 8.0) as row {{ {body} }}"
LOSS = "loss logistic(dot(w, row.x), row.y);"


def trained(noise: str = "1.0", body: str = LOSS) -> str:
    return "var w = w0; " + DPSGD.format(noise=noise, body=body)


LEAKS = {
    "input": "output age to vendor;",
    "the other way": "output fee to hospital;",
    "to both": "output fee to vendor, hospital;",
    "sum": "output age + fee to vendor;",
    "comparison": "output age > fee to vendor;",
    "element": "output ages[2] to vendor;",
    "slice": "output ages[1..3] to vendor;",
    "function": "output same(age) to vendor;",
    "second argument": "output second(fee, age) to vendor;",
    "let": "let a = age; let b = a; output b to vendor;",
    "if value": "let a: uint<8> = if age > 18 { 1 } else { 2 }; output a to vendor;",
    "implicit, in a branch": "var flag: bit = 0; if age > 18 { flag = 1; } output flag to vendor;",
    "implicit, in the other branch": "var flag: bit = 0; if age > 18 { let q = 1; } else { flag = 1; "
    "} output flag to vendor;",
    "implicit, nested": "var n: uint<8> = 0; if fee > 3 { if age > 3 { n = 1; } } output n to vendor;",
    "a count in a loop": "var n: uint<8> = 0; for i in 0..4 { if ages[i] > 60 { n += 1; } } output n to vendor;",
    "carried around a loop": "var a: uint<8> = 0; var b: uint<8> = 0; for i in 0..3 { b = a; a = age; "
    "} output b to vendor;",
    "private index": "input t: uint<8>[4] from vendor; output t[which] to vendor;",
    "assignment at a private index": "var v: uint<8>[4] = 0; v[which] = 1; output v to vendor;",
    "tuple field": "let p = (fee, age); output p.1 to vendor;",
    "whole tuple": "let p = (fee, age); output p to vendor;",
    "array": "output [fee, age] to vendor;",
    "norm": "let n: fix<16, 4> = norm2(ages); output n to vendor;",
    "argmax": "output argmax(ages) to vendor;",
    "sort": "output sort(ages) to vendor;",
    "no noise": trained("0") + " output w to vendor;",
    "weights to the other side": trained() + " output w to hospital;",
    "input inside the loss": trained(body="loss logistic(dot(w, row.x) + age, row.y);") + " output w to vendor;",
    "input as a factor of a gradient": trained(body="grad w = row.x * (age / 256);") + " output w to vendor;",
    "reveal of something else": "output reveal(age > 3) to vendor; output b = age to vendor;",
    "mixed after training": trained() + " w[0] += age; output w to vendor;",
    "condition on released and private": trained() + " var n: bit = 0; if w[0] > age { n = 1; } output n to vendor;",
    "named call": "let r = second(fee, age); output r to vendor;",
    "condition in a function": "fn picked(x: uint<8>) -> bit { if x > 3 { 1 } else { 0 } } "
    "let r = picked(age); output r to vendor;",
    "trained twice, once without noise": trained("0")
    + " "
    + DPSGD.format(noise="1.0", body=LOSS)
    + " output w to vendor;",
}
LEGAL = {
    "what cancels is no longer there": "let z: uint<8> = age - age; output z to vendor;",
    "own input": "output age to hospital;",
    "own comparison": "output fee > 3 to vendor;",
    "reveal": "output reveal(age) to vendor;",
    "reveal to both": "output reveal(age > fee) to vendor, hospital;",
    "reveal of a sum": "output reveal(age + fee) to vendor;",
    "public": "output 1 + 2 to vendor, hospital;",
    "first argument": "output second(age, fee) to vendor;",
    "other tuple field": "let p = (fee, age); output p.0 to vendor;",
    "own tuple": "let p = (fee, fee + 1); output p to vendor;",
    "own branch": "var flag: bit = 0; if fee > 18 { flag = 1; } output flag to vendor;",
    "own loop": "var n: uint<8> = 0; for i in 0..4 { if ages[i] > 60 { n += 1; } } output n to hospital;",
    "public branch": "var a: uint<8> = fee; if 1 > 2 { a = age; } output a to vendor;",
    "overwritten": "var a: uint<8> = age; a = fee; output a to vendor;",
    "own private index": "output ages[which] to hospital;",
    "trained": trained() + " output w to vendor;",
    "trained, some of it": trained() + " output w[0] to vendor;",
    "computing on the released": trained() + " let n: fix<16, 10> = sum(w) / 4; output n to vendor;",
    "released weights choose": trained() + " var n: bit = 0; if w[0] > w[1] { n = 1; } output n to vendor;",
    "vendor's input inside the loss": trained(body="loss logistic(dot(w, row.x) + fee / 256, row.y);")
    + " output w to vendor;",
    "trained twice": trained() + " " + DPSGD.format(noise="2.0", body=LOSS) + " output w to vendor;",
    "noise drawn by the owner": trained("1.0 drawn by hospital") + " output w to vendor;",
    "noise drawn by both, revealed to both": trained("1.0") + " output reveal(w) to vendor, hospital;",
    "trained in a loop": "var w = w0; "
    "for i in 0..2 { " + DPSGD.format(noise="1.0", body=LOSS) + " } output w to vendor;",
    "explicit gradient": trained(body="grad w = row.x * 0.5;") + " output w to vendor;",
}


# What a leak's message shows between the declaration and the output: the text of a place, and what happens there.
# Where the output's own expression is all there is, nothing.
PATHS = {
    "let": ["a: passes into `a`", "b: passes into `b`"],
    "if value": ["a: passes into `a`", "age > 18: decides which value is taken"],
    "implicit, in a branch": ["age > 18: decides what is assigned"],
    "implicit, in the other branch": ["age > 18: decides what is assigned"],
    "implicit, nested": ["age > 3: decides what is assigned"],
    "a count in a loop": ["ages[i] > 60: decides what is assigned"],
    "carried around a loop": ["a = age;: passes into `a`", "b = a;: passes into `b`"],
    "private index": ["which: says which element is taken"],
    "assignment at a private index": ["which: says which element is assigned"],
    "tuple field": ["p: passes into `p`"],
    "whole tuple": ["p: passes into `p`"],
    "norm": ["n: passes into `n`"],
    "no noise": ["row.x: is read here", "w: `w` is trained on it, without noise"],
    "weights to the other side": ["w: passes into `w`"],
    "input inside the loss": ["age: is read here", "w: `w` is trained on it"],
    "input as a factor of a gradient": ["age: is read here", "w: `w` is trained on it"],
    "mixed after training": ["w[0] += age;: passes into `w`"],
    "condition on released and private": ["w[0] > age: decides what is assigned"],
    "trained twice, once without noise": ["row.x: is read here", "w: `w` is trained on it, without noise"],
    "named call": ["r: passes into `r`", "second(fee, age): passes through `second`"],
    "condition in a function": [
        "r: passes into `r`",
        "x > 3: decides which value is taken",
        "picked(age): passes through `picked`",
    ],
}


@pytest.mark.parametrize("name", LEAKS)
def test_leak(name: str) -> None:
    with pytest.raises(Rejected) as caught:
        understand(Source("leak.ccr", HEAD + LEAKS[name] + "\n"))
    assert {p.code for p in caught.value.problems} <= {"leaks-data", "leaks-input"}
    for problem in caught.value.problems:
        (_, origin), *path = problem.related  # where it comes from, then what it passed
        assert origin == "comes from here"
        assert sorted(f"{text(span)}: {label}" for span, label in path) == sorted(PATHS.get(name, []))
        assert draw(problem).count("\n") >= 4 + len(path)


def text(span: Span) -> str:
    return span.source.line(span.line)[span.column - 1 : span.end_column - 1]


def test_every_source_is_told() -> None:
    with pytest.raises(Rejected) as caught:
        understand(Source("leak.ccr", HEAD + "output age + sum(ages) + which + fee to vendor;\n"))
    assert [getattr(p, "source", "") for p in caught.value.problems] == ["age", "ages", "which"]


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL.keys())
def test_legal(text: str) -> None:
    understand(Source("legal.ccr", HEAD + text + "\n"))


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        (trained("0") + " output reveal(w) to vendor;", ("records",)),
        (trained("0") + " output reveal(w[0] > age) to vendor, hospital;", ("records",)),
        (trained("0") + " output reveal(w) to hospital;", ()),  # the owner's own
        (trained("1.0") + " output reveal(w) to vendor;", ()),
        (trained("1.0") + " output reveal(w[0] > age) to vendor;", ()),  # an input is no data set
        (trained("0") + " " + DPSGD.format(noise="1.0", body=LOSS) + " output reveal(w) to vendor;", ("records",)),
        ("output reveal(age) to vendor;", ()),
    ],
)
def test_a_reveal_says_which_records_it_carries(text: str, carried: tuple[str, ...]) -> None:
    assert [o.carries for o in compile(Source("reveal.ccr", HEAD + text + "\n")).outputs] == [carried]
