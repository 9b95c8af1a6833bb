"""A `var` whose value both parties know is public: it indexes, bounds and decides like a loop index."""

from __future__ import annotations

import pytest
from support.agreement import words_agree

from compiler.pipeline import understand
from lang import typed
from lang.checker.check import check
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = "party p; party q; input a: uint<8> from p; input b: uint<8> from q; input x: uint<8>[6] from q; param N = 3;\n"

# Programs that are right only if a variable is public at some place.
PUBLIC = {
    "straight": "var n = 2 as uint<8>; n += 1; n = n * 2 - 1; let r = x[n] + a;",
    "size": "var n = 2 as uint<4>; n += 1; let v: uint<8>[n] = a; let r = sum(v) * x[0];",
    "counts": "var n: uint<8> = 0; var r: uint<16> = 0; for i in 0..6 { r += x[n] * a; n += 1; }",
    "twice in one": "var n: uint<8> = 4; var r = a; for i in 2..5 { n -= 2; r = x[n] + r; n += 1; }",
    "after": "var n: uint<8> = 1; var r: uint<16> = a; for i in 0..N { n += 1; r += x[i]; } r += x[n];",
    "in loops": "var n: uint<8> = 0; var r = a; for i in 0..2 { for j in 0..3 { r = x[n] + r; n += 1; } }",
    "after loops": "var n = 0 as uint<8>; var r = a; for i in 0..2 { for j in 0..2 { n += 1; } } r += x[n];",
    "doubles": "var n: uint<8> = 1; var r = a; for i in 0..3 { r += x[n]; n = n * 2; }",
    "decides": "var n = 0 as uint<8>; var r = a; for i in 0..4 { if n % 2 == 0 { r += x[n]; } else { r=a; } n += 1; }",
    "public arm": "var n: uint<8> = 0; var r = a; for i in 0..4 { if i % 2 == 1 { n += 2; } r += x[n]; }",
    "in an arm": "var r = a; if a > b { var n = 3 as uint<8>; n += 2; r = x[n]; } else { r = x[1]; }",
    "slice": "var n: uint<8> = 0; var r: uint<16> = a; for i in 0..3 { r += sum(x[n..n + 2]); n += 2; }",
}
# What is assigned under a private condition, or from what is private, is private.
PRIVATE = {
    "condition": "var n: uint<8> = 2; if a > b { n = 3; }",
    "other arm": "var n: uint<8> = 2; if a > b { n = 3; } else { n = 3; }",
    "condition in a loop": "var n: uint<8> = 0; for i in 0..4 { if x[i] > a { n += 1; } }",
    "value": "var n: uint<8> = 2; n = a;",
    "not evaluated": "var n: uint<8> = 2; n = argmax([1, 3, 2]);",
    "value in a loop": "var n: uint<8> = 2; for i in 0..3 { n += x[i]; }",
}


@pytest.mark.parametrize("text", PUBLIC.values(), ids=PUBLIC)
def test_a_public_variable(text: str) -> None:
    words_agree(f"{HEAD}{text} output r = reveal(r + b) to q;")


@pytest.mark.parametrize("text", PRIVATE.values(), ids=PRIVATE)
def test_a_private_variable(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        understand(Source("private.ccr", f"{HEAD}{text} let v: uint<8>[n] = a; output r = reveal(v) to q;"))
    assert "size-not-public" in {problem.code for problem in caught.value.problems}
    words_agree(f"{HEAD}{text} output r = reveal(n + a + b + sum(x)) to q;")


def test_a_loop_that_counts_stays_a_loop() -> None:
    text = f"{HEAD}{PUBLIC['counts']} output r = reveal(r) to q;"
    statements = check(Source("counts.ccr", text)).program.statements
    assert [s.count for s in statements if isinstance(s, typed.Repeat)] == [6]


def test_a_counter_that_meets_the_end_of_its_kind_does_not_count() -> None:
    text = "var n: uint<2> = 0; var r: uint<16> = a; for i in 0..6 { r += x[n] * i; n += 2; n -= 1; }"
    words_agree(f"{HEAD}{text} output r = reveal(r + b) to q;")


def test_what_is_trained_is_not_known() -> None:
    text = """party v; party c; dataset rows from c { x: fix<8, 4> where norm2(x) <= 1.0; }
        var w: fix<16, 8> = 0.5;
        dpsgd w on rows(batch = 1, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row { loss squared(w, row.x); }
        output w to v;"""
    [_, train, release] = check(Source("trained.ccr", text)).program.statements
    assert isinstance(train, typed.Train) and isinstance(train.loss, typed.Operate)
    assert isinstance(train.loss.args[0], typed.Read)
    assert isinstance(release, typed.Release) and isinstance(release.value, typed.Read)
