"""Loops that only add become one sum where no addition could have met an end of the kind, and mean what they meant."""

from __future__ import annotations

import pytest
from support.agreement import circuits_agree, words_agree

from compiler.pipeline import built, understand
from compiler.program import and_gates
from compiler.words.ir import Loop
from lang.source import Source

INPUTS = "party alice; party bob; input x: uint<4>[8] from alice; input y: uint<4> from bob;"
OUTPUT = "output out = reveal(t) to bob;"

ONE_SUM = {
    "products": "var t: uint<12> = y; for i in 0..8 { t += x[i] * y; }",
    "in arms": "var t: uint<8>[2] = 0; for i in 0..8 { if x[i] > y { t[0] += 1; } else { t[1] += 1; } }",
    "two loops": "var t: int<16> = y; for i in 0..4 { for j in 0..2 { t -= x[2 * i + j] * i; } t += y; }",
    "at a private index": "var t: uint<5>[16] = y; for i in 0..8 { t[x[i] ^ y] += 1; }",
    "inside a loop that carries": """
        var t: uint<12> = y;
        for k in 0..2 { var u: uint<9> = t & 7; for i in 0..8 { u += x[i] * k; } t = t ^ u; }""",
    "of what a body binds": """
        var t: uint<10> = 1;
        for i in 0..8 { var v: uint<4>[3] = x[i]; v[i % 3] = y; t += sum(v); }""",
    "finer than the sum": "var t: fix<12, 3> = y; for i in 0..8 { t += x[i] / 4.0 + 0.5; }",
    "once": "var t: uint<8> = y; let v = [y]; for i in 0..1 { t += v[i]; }",
    "the same each time": "var t: uint<8> = 0; for i in 0..8 { t += y; }",
    "written out": "var t: uint<12> = y; for i in 0..8 { t = t + x[i] * y; }",
    "written out the other way": "var t: int<12> = y; for i in 0..8 { if y > i { t = x[i] + t; } t = t - y; }",
    "an element, written out": "var t: uint<5>[16] = y; for i in 0..8 { t[x[i] ^ y] = t[x[i] ^ y] + 1; }",
    "the whole tensor": "var t: int<12>[8] = y; for i in 0..3 { t -= x * y + i; }",
    "and then an element": "var t: int<12>[8] = 0; for i in 0..2 { t += y; } t[0] = x[1]; t[2..4] += x[2];",
    "and then in an arm": "var t: int<12>[8] = 0; for i in 0..4 { t -= y; } if x[0] > y { t[3] += x[1]; }",
    "and one in the loop around": "var t: int<12>[6] = 0; for i in 0..2 { for j in 0..2 { t += y; } t[0] += y; }",
    "of halves": "var t: fix<12, 4>[6] = 0.0; for i in 0..2 { for j in 0..2 { t += y / 2.0; } t[0] -= 0.25; }",
}
STILL_A_LOOP = {
    "an end is met": "var t: uint<6> = y; for i in 0..8 { t += x[i] * y; }",
    "an end is met on the way": "var t: uint<8> = y; for i in 0..8 { t += 20; t -= x[i] * 3; }",
    "below zero": "var t: uint<8> = 5; for i in 0..8 { t -= x[i]; t += y; }",
    "each addition rounds": "var t: fix<12, 2> = y; for i in 0..8 { t += x[i] / 8.0; }",
    "what is added reads it": "var t: uint<10> = y; for i in 0..8 { t += x[i] + (t & 1); }",
    "another place is added to": "var t: uint<12>[9] = y; for i in 0..8 { t[i] = t[i + 1] + x[i]; }",
    "it is taken from something": "var t: int<12> = y; for i in 0..8 { t = x[i] - t; }",
    "it is read": "var t: uint<10> = y; for i in 0..8 { t += x[i]; if t > 20 { t += 1; } }",
    "it is assigned, too": "var t: uint<10> = y; for i in 0..8 { t += x[i]; if x[i] > y { t = 0; } }",
    "an element of its own for each index": "var t: uint<5>[8] = y; for i in 0..8 { t[i] += x[i]; }",
}

# loops that may just reach an end of the kind from the first start, and pass it from the second
TO_THE_END = {
    "up": ("var t: uint<7> = {}; for i in 0..8 { t += x[i]; }", 7, 8),
    "down": ("var t: uint<7> = {}; for i in 0..8 { t -= x[i]; }", 120, 119),
    "up from what is private": ("var t: uint<8> = {} + y; for i in 0..8 { t += x[i]; }", 120, 121),
    "down from what is private": ("var t: uint<8> = {} - y; for i in 0..8 { t -= x[i]; }", 135, 134),
    "up in steps of the kind": ("var t: fix<8, 2> = {} / 4.0; for i in 0..8 { t += x[i] / 4.0; }", 7, 8),
    "down in steps of the kind": ("var t: fix<8, 2> = -{} / 4.0; for i in 0..8 { t -= x[i] / 4.0; }", 8, 9),
    "up twice": ("var t: uint<8> = {}; for i in 0..8 { t += x[i]; t += y; }", 15, 16),
    "down twice": ("var t: uint<8> = {}; for i in 0..8 { t -= x[i]; t -= y; }", 240, 239),
    "up in two loops": ("var t: uint<7> = {}; for i in 0..4 { for j in 0..2 { t += x[2 * i + j]; } }", 7, 8),
    "down in two loops": ("var t: int<8> = {}; for i in 0..4 { for j in 0..2 { t -= x[2 * i + j]; } }", -8, -9),
    "up in and around a loop": (
        "var t: uint<8> = {}; for i in 0..2 { t += y; for j in 0..4 { t += x[4 * i + j]; } }",
        105,
        106,
    ),
    "down in and around a loop": (
        "var t: int<9> = {}; for i in 0..2 { t -= y; for j in 0..4 { t -= x[4 * i + j]; } }",
        -106,
        -107,
    ),
    "up, and down where an arm is taken": (
        "var t: int<8> = {}; for i in 0..8 { t += x[i]; if y > 3 { t -= 2; } }",
        7,
        8,
    ),
    "down, and up where an arm is taken": (
        "var t: uint<8> = {}; for i in 0..8 { t -= x[i]; if y > 3 { t += 2; } }",
        120,
        119,
    ),
}


@pytest.mark.parametrize("name", TO_THE_END)
def test_a_loop_is_one_sum_exactly_where_no_end_can_be_passed(name: str) -> None:
    body, fitting, passing = TO_THE_END[name]
    for start, one_sum in (fitting, True), (passing, False):
        meant = understand(Source("ends.ccr", f"{INPUTS} {body.replace('{}', str(start))} {OUTPUT}"))
        assert one_sum != any(isinstance(i, Loop) for i in meant.words.block.items), start


@pytest.mark.parametrize("body", [*ONE_SUM.values(), *STILL_A_LOOP.values()], ids=[*ONE_SUM, *STILL_A_LOOP])
def test_the_result_is_that_of_the_text(body: str) -> None:
    meant, compiled = words_agree(f"{INPUTS} {body} {OUTPUT}")
    circuits_agree(meant, compiled, garbled=False)
    inner = [i for i in meant.words.block.items if isinstance(i, Loop)]
    if body in STILL_A_LOOP.values():
        assert inner
    else:
        assert len(inner) == body.count("k in")


def test_counting_costs_less_than_carrying() -> None:
    """Sixteen comparisons and two counts; the loop that carries both took 400 AND gates."""
    _, compiled = words_agree(f"{INPUTS} {ONE_SUM['in arms']} {OUTPUT}")
    assert and_gates(compiled.plan) <= 62


# counters of rows that are counted under private conditions: what 64 additions to each of 8 take by a uint<8>, where
# they are clamped one by one, and by a uint<13>, which has room for all
CLAMPED = {
    "under a condition": ("if c[i] { t += v[i]; }", 12_288, 7_152),
    "under a condition, written out": ("if c[i] { t = t + v[i]; }", 12_288, 7_152),
    "under two": ("if c[i] && d[i] { t += v[i]; }", 12_352, 7_216),
    "times a bit": ("t += v[i] * c[i];", 12_288, 7_152),
    "one of two": ("t += if c[i] { v[i] } else { w[i] };", 11_776, 7_152),
    "what is larger": ("t += (v[i] > w[i]) * v[i];", 15_872, 10_736),
    "by how much it is larger": ("t += relu(v[i] - w[i]);", 15_360, 10_736),
    "the larger one": ("t += max(v[i], w[i]);", 15_360, 10_736),
}


@pytest.mark.parametrize("name", CLAMPED)
def test_a_counter_that_is_clamped_at_each_addition_is_told(name: str) -> None:
    body, clamped, summed = CLAMPED[name]
    for bits, count in ((8, clamped), (13, summed)):
        text = f"""party alice; party bob;
        input v: uint<7>[64, 8] from alice; input w: uint<7>[64, 8] from bob;
        input c: bit[64] from bob; input d: bit[64] from alice;
        var t: uint<{bits}>[8] = 0; for i in 0..64 {{ {body} }}
        output reveal(t) to alice;"""
        meant = understand(Source("counter.ccr", text))
        told = [warning for warning in meant.checked.warnings if warning.code == "added-stepwise"]
        assert (len(told), and_gates(built(meant).plan)) == (bits == 8, count)
