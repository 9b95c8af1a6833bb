"""Sums of products by squares: the same values, by about half the gates where lanes share a factor."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agreement import circuits_agree, words_agree
from support.lanes import assert_agree, block, every_vector, number, vectors, whole

from compiler.cells.expand import expand
from compiler.gates.verify import verify
from compiler.joint.locality import Evaluator
from compiler.joint.shares import Products
from compiler.pipeline import compile
from compiler.program import and_gates
from compiler.schedule.cut import estimate
from compiler.words.ir import Block, Type, Value, digit_offset
from compiler.words.operations import Linear
from compiler.words.rules import Operand, Wrong, made
from compiler.words.triangles import Triangles
from lang.source import Source
from lang.syntax.load import read


def lane(*factors: Type, offset: int, pair: bool) -> Block:
    """Of one term: the sum over an axis of one."""
    op = Triangles(1, offset, pair)
    both = [sum(t.lo for t in factors), sum(t.hi for t in factors)]
    ports = [number(t.lo, t.hi, 1) for t in factors]
    return block(ports, Value(op, tuple(range(len(ports))), number(*op.ends(*both))))


PAIRS = [(a, b) for a in (1, 2, 3, 5, 8) for b in (1, 3, 4, 8)]


@pytest.mark.parametrize("signed", [(False, False), (True, False), (False, True), (True, True)], ids=str)
@pytest.mark.parametrize("widths", PAIRS, ids=str)
def test_every_sum_of_two(widths: tuple[int, int], signed: tuple[bool, bool]) -> None:
    one, other = (whole(w, s) for w, s in zip(widths, signed, strict=True))
    offset = digit_offset(number(one.lo + other.lo, one.hi + other.hi))
    term = lane(one, other, offset=offset, pair=True)
    circuit = expand(term)
    verify(circuit)
    assert_agree(circuit, term, [v[:, None] for v in every_vector([one, other])])
    assert len(circuit.gates) <= estimate(term.items[0], list(term.params))
    width = number(one.lo + other.lo, one.hi + other.hi).width
    assert circuit.and_gates <= width - 1 + width * (width - 1) // 2


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("offset", [1, -15, -511])
def test_every_number_alone(width: int, signed: bool, offset: int) -> None:
    """Also with the offset of a wider word, as it is taken from the sum's."""
    term = lane(whole(width, signed), offset=offset, pair=False)
    assert_agree(expand(term), term, [v[:, None] for v in every_vector([whole(width, signed)])])


@pytest.mark.parametrize(("one", "other"), [(whole(16, True), whole(16, True)), (whole(32, True), whole(24, False))])
def test_wide_sums(one: Type, other: Type) -> None:
    offset = digit_offset(number(one.lo + other.lo, one.hi + other.hi))
    term = lane(one, other, offset=offset, pair=True)
    assert_agree(expand(term), term, vectors(term.params, 10_000))


def test_a_product_is_what_they_differ_by() -> None:
    """Q(a + b) - Q(a) - Q(b), over all of two kinds at once."""
    kind = number(-8, 7, 1)
    of = [
        Value(Triangles(1, 1, pair), args, number(*Triangles(1, 1, pair).ends(-16, 14)))
        for pair, args in ((True, (0, 1)), (False, (0,)), (False, (1,)))
    ]
    product = block([kind, kind], *of, Value(Linear((1, -1, -1)), (2, 3, 4), number(-56, 64)))
    arrays = [v[:, None] for v in every_vector([whole(4, True)] * 2)]
    assert_agree(expand(product), product, arrays)


def operand(type: Type) -> Operand:
    return Operand(type, (type.lo, type.hi), 0)


VECTOR = Type((3,), Fraction(1, 4), -8, 7)
REFUSED = {
    "an even offset": (Triangles(1, 2, True), (VECTOR, VECTOR), Fraction(1, 16), "not odd"),
    "another scale": (Triangles(1, 1, True), (VECTOR, VECTOR), Fraction(1, 4), "the scale is 1/4"),
    "one of two operands": (Triangles(1, 1, True), (VECTOR,), Fraction(1, 16), "1 operands instead of 2"),
    "two of one operand": (Triangles(1, 1, False), (VECTOR, VECTOR), Fraction(1, 16), "2 operands instead of 1"),
    "more axes than there are": (Triangles(2, 1, False), (VECTOR,), Fraction(1, 16), "2 axes of 1"),
}


@pytest.mark.parametrize(("op", "types", "scale", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(op: Triangles, types: tuple[Type, ...], scale: Fraction, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        made(op, [operand(t) for t in types], Type((), scale, -1000, 1000))


@given(st.integers(-40, 40), st.integers(0, 60), st.integers(-40, 40).map(lambda n: 2 * n + 1))
def test_the_range_is_exact(lo: int, extent: int, offset: int) -> None:
    of = [n * (n + offset) // 2 for n in range(lo, lo + extent + 1)]
    assert Triangles(1, offset, False).ends(lo, lo + extent) == (min(of), max(of))


HEAD = "party alice; party bob;\n"
PROGRAMS = {
    "rows by a vector": ("int<6>[5, 4]", "fix<7, 2>[4]", "x @ y"),
    "matrices": ("uint<4>[3, 5]", "uint<4>[5, 3]", "x @ y"),
    "matrices of two signs": ("uint<4>[3, 5]", "int<5>[5, 3]", "x @ y"),
    "of one party and of both": ("int<5>[4, 6]", "int<5>[6, 4]", "x @ (y * 3 + x[0, 0])"),
    "a convolution": ("int<5>[6, 6]", "int<4>[3, 3]", "conv2d(x, y, padding = 1)"),
    "long": ("int<12>[3, 70]", "int<12>[70, 3]", "x @ y"),
    "the wider cut": ("int<5>[5, 6]", "int<14>[6, 5]", "x @ y"),
    "the wider cut in three": ("uint<19>[5, 6]", "int<5>[6, 5]", "x @ y"),
    "the wider cut, and wrapped": ("int<5>[8, 6]", "int<14>[6, 8]", "(x @ y) as int<9> wrap"),
    "the wider cut, of both parties": ("int<5>[8, 6]", "int<6>[6, 8]", "x @ (y * 300 + x[0, 0])"),
    "a convolution of wide pixels": ("int<17>[8, 8]", "uint<5>[3, 3]", "conv2d(x, y)"),
    "both halved": ("int<30>[6, 40]", "int<32>[40, 6]", "x @ y"),
    "both halved, of naturals": ("uint<32>[6, 40]", "uint<31>[40, 6]", "x @ y"),
    "both halved, of both parties": ("int<30>[6, 40]", "int<30>[40, 6]", "x @ (y + x[0, 0])"),
    "rounded": ("fix<8, 4>[4, 6]", "fix<8, 4>[6, 4]", "(x @ y) as fix<8, 4>"),
    "wrapped": ("int<8>[4, 70]", "int<8>[70, 4]", "(x @ y) as int<8> wrap"),
    "wrapped behind the point": ("fix<16, 8>[4, 40]", "fix<16, 8>[40, 4]", "(x @ y) as fix<16, 8> floor wrap"),
    "wrapped and read whole": ("int<8>[4, 9]", "int<8>[9, 4]", "((x @ y) as int<8> wrap) + (x @ y)"),
    "one product": ("int<7>", "uint<6>", "x * y"),
    "one that wraps": ("uint<8>", "uint<8>", "(x * y) as uint<8> wrap"),
    "an outer product": ("int<7>[5, 1]", "int<7>[6]", "x * y"),
    "one that is added to": ("int<7>[5, 1]", "int<7>[6]", "(x * y + 3 * x - 5) as int<7> wrap"),
    "one that is divided": ("int<7>[5, 1]", "int<7>[6]", "((x * y + 3 * x) / 4) as int<5> wrap"),
}


@pytest.mark.parametrize("evaluator", Evaluator)
@pytest.mark.parametrize(("left", "right", "product"), PROGRAMS.values(), ids=PROGRAMS)
def test_programs_keep_their_values(left: str, right: str, product: str, evaluator: Evaluator) -> None:
    text = f"{HEAD}input x: {left} from alice; input y: {right} from bob;\noutput z = reveal({product}) to bob;"
    circuits_agree(*words_agree(text, evaluator), garbled=evaluator is Evaluator.MALICIOUS and "long" not in text)


def test_in_a_loop() -> None:
    text = f"""{HEAD}input x: int<6>[4, 6] from alice; input y: int<6>[6, 4] from bob; var t: int<8>[4, 4] = 0;
        for i in 0..3 {{ t = (x @ y + t) as int<8> wrap; }} output z = reveal(t) to bob;"""
    circuits_agree(*words_agree(text), garbled=True)


HONEST, MALICIOUS = Evaluator.HONEST, Evaluator.MALICIOUS
BARS = [
    ("fix<32, 16>[32, 64]", "fix<32, 16>[64]", "(x @ y) as fix<32, 16> floor wrap", MALICIOUS, 520 * 32 * 64, 1023133),
    ("fix<16, 8>[32, 64]", "fix<16, 8>[64]", "(x @ y) as fix<16, 8> floor wrap", MALICIOUS, 140 * 32 * 64, 268823),
    ("int<32>[24, 24]", "int<32>[24, 24]", "(x @ y) as int<32> wrap", MALICIOUS, 4_300_000, 3994656),
    ("int<32>[24, 24]", "int<32>[24, 24]", "(x @ y) as int<32> wrap", HONEST, 3_900_000, 3854592),
    ("int<8>[28, 28]", "int<8>[5, 5]", "conv2d(x, y)", MALICIOUS, 660_000, 650424),
    ("fix<32, 16>[64]", "fix<32, 16>[64]", "dot(x, y) as fix<32, 16> floor wrap", HONEST, 490 * 64, 31101),
    ("fix<16, 8>[64]", "fix<16, 8>[64]", "dot(x, y) as fix<16, 8> floor wrap", HONEST, 130 * 64, 8192),
    *(
        (f"uint<{n}>", f"uint<{n}>", f"(x * y) as uint<{n}> wrap", HONEST, bar, bar - 1)
        for n, bar in ((8, 31), (16, 95), (32, 319), (64, 1151))
    ),
    *(
        (f"int<{n}>", f"int<{n}>", "x * y", HONEST, bar, bar - 2)
        for n, bar in ((8, 66), (16, 198), (32, 654), (64, 2334))
    ),
]


@pytest.mark.parametrize(("left", "right", "product", "evaluator", "bar", "ands"), BARS)
def test_bars(left: str, right: str, product: str, evaluator: Evaluator, bar: int, ands: int) -> None:
    assert gates(left, right, product, evaluator) == ands <= bar


def test_a_step_of_logistic_regression() -> None:
    """16 rows of 20 features."""
    text = f"""{HEAD}input x: fix<32, 16>[16, 20] from alice; input y: bit[16] from alice;
        input w: fix<32, 16>[20] from bob;
        let p: fix<32, 16>[16] = clamp((x @ w) as fix<32, 16> floor wrap * 0.25 + 0.5, 0, 1);
        let g = ((p - y) @ x) as fix<32, 16> floor wrap;
        output z = reveal((w - g * 0.0625) as fix<32, 16>) to bob;"""
    assert and_gates(compile(Source("squares.ccr", text)).plan) <= 360_000


def test_the_demo_in_gates() -> None:
    """Features of 9 bits by weights of 16, which are cut: at most 5 400 ANDs for each of 96 slots, 20 steps; and by
    those of 9 that it has."""
    demo = read(Path(__file__).parents[2] / "examples" / "tumour" / "tumour.ccr")
    wide = replace(demo, text=demo.text.replace("fix<9, 5>", "fix<16, 10>"))
    assert and_gates(compile(wide, products=Products.GATES).plan) == 10_128_900 <= 5_400 * 96 * 20
    assert and_gates(compile(demo, products=Products.GATES).plan) == 6_860_380


CUT = [("int<8>[32, 64]", "int<16>[64, 8]", 1_503_480), ("int<32>[16, 32]", "int<32>[32, 16]", 4_350_720)]


@pytest.mark.parametrize(("left", "right", "ands"), CUT)
def test_cut_factors(left: str, right: str, ands: int) -> None:
    assert gates(left, right, "x @ y") == ands


def test_single_products_of_a_malicious_evaluator_stay() -> None:
    """What it would save by computing its square alone, it may not: there it costs more than the product."""
    for n, ands in (8, 78), (16, 286), (32, 1061):
        assert gates(f"int<{n}>", f"int<{n}>", "x * y") == ands


def gates(left: str, right: str, product: str, evaluator: Evaluator = Evaluator.MALICIOUS) -> int:
    text = f"{HEAD}input x: {left} from alice; input y: {right} from bob;\noutput z = reveal({product}) to bob;"
    return and_gates(compile(Source("squares.ccr", text), evaluator=evaluator).plan)
