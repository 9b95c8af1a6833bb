"""Short texts that would take long: each has a problem by name within seconds, or compiles within them."""

from __future__ import annotations

import random
import time

import pytest

from compiler.cells import heights
from compiler.cells.add import compress
from compiler.cells.columns import Bits, Columns
from compiler.cells.heights import Word
from compiler.cells.multiply import digit_product, plain_product, split_product
from compiler.gates.builder import Builder
from compiler.pipeline import compile
from lang.problems.problem import Rejected
from lang.source import Source

SECONDS = 10.0  # of work, on a machine that does other things too; most take a tenth of one
TWO = "party p; party q;\ninput x: uint<8> from p;\ninput y: uint<8> from q;\n"
WIDE = "party p; party q;\ninput x: uint<{0}> from p;\ninput y: uint<{1}> from q;\n"
TRAINED = """party p; party q;
dataset r from q {{ x: fix<16, 8>[4] where norm2(x) <= 1.0; y: bit; }}
input w0: fix<16, 8>[4] from p;
var w = w0;
dpsgd w on r(batch = 2, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {{ {0} loss logistic(t, row.y); }}
output w to p;
"""


def grown(times: int, step: str, first: str) -> str:
    """A chain of `let`s, `t0` to `t{times}`, each made from the one before."""
    return f"let t0 = {first};\n" + "".join(f"let t{i + 1} = {step.format(f't{i}')};\n" for i in range(times))


def doubled(times: int, body: str) -> str:
    """Functions that call the one before twice, `f0` to `f{times}`."""
    twice = "".join(f"fn f{i + 1}(a: uint<8>) -> uint<8> {{ f{i}(f{i}(a)) }}\n" for i in range(times))
    return f"fn f0(a: uint<8>) -> uint<8> {{ {body} }}\n{twice}"


OUT = "output reveal(x + y) to p;"
LONG = "".join(f"let a{i} = a ^ {i % 200};" for i in range(200)) + " a199"
TYPES = "type T0 = uint<8>;\n" + "".join(f"type T{i + 1} = (T{i}, T{i});\n" for i in range(40))
BOMBS = {
    "a tuple": (TWO + grown(40, "({0}, {0})", "x") + OUT, "tuple-too-large"),
    "a public tuple": (TWO + grown(40, "({0}, {0})", "1") + OUT, "tuple-too-large"),
    "a kind": (TWO + TYPES + "fn f(a: T40) -> uint<8> { 1 }\n" + OUT, "tuple-too-large"),
    "an array": (TWO + grown(40, "[{0}, {0}]", "x") + OUT, "shape-range"),
    "a public array": (TWO + grown(40, "[{0}, {0}]", "1") + OUT, "shape-range"),
    "calls": (TWO + doubled(40, "a") + "output reveal(f40(x) + y) to p;", "too-large"),
    "long calls": (TWO + doubled(11, LONG) + "output reveal(f11(x) + y) to p;", "too-large"),
    "an unrolled loop": (
        f"{TWO}fn f(a: uint<8>) -> uint<8> {{ {LONG} }}\nvar v = x;\n"
        "for i in 0..4000 { if i >= 10 { v = f(v); } }\noutput reveal(v + y) to p;",
        "too-large",
    ),
    "a loop in a training": (
        TRAINED.format("var t: fix<16, 8> = dot(w, row.x); for i in 0..99999999 { t = t + dot(w, row.x); }"),
        "too-large",
    ),
    "powers": (WIDE.format(64, 64) + grown(9, "{0} ** 64", "x ^ y") + "output reveal(t9) to p;", "value-range"),
    "public powers": (TWO + grown(9, "{0} ** 64", "3") + OUT, "value-range"),
    "shifts": (TWO + grown(99, "{0} << 1024", "x") + "output reveal(t99 + y) to p;", "value-range"),
    "a wide product": (WIDE.format(1024, 1024) + "output reveal(x * y) to p;", "too-many-gates"),
    "a half as wide product": (WIDE.format(1024, 512) + "output reveal(x * y) to p;", "too-many-gates"),
    "a wide square": (WIDE.format(1024, 1024) + "let z = x ^ y;\noutput reveal(z * z) to p;", "too-many-gates"),
    "a wide quotient": (WIDE.format(1024, 1024) + "output reveal(x / y) to p;", "too-many-gates"),
    "a literal": (TWO + "let z = 1e99999999;\n" + OUT, "literal-range"),
    "ifs": (TWO + grown(200, "if y > 3 {{ {0} + 1 }} else {{ {0} ^ 2 }}", "x") + "output reveal(t200) to p;", None),
    "a chain": (TWO + grown(2000, "{0}", "x") + "output reveal(t2000 + y) to p;", None),
    "sums": (TWO + grown(200, "{0} + {0}", "x") + "output reveal(t200 + y) to p;", None),
    "a quotient": (
        TWO + grown(40, "max({0}, {0})", "x / 2") + "let z: fix<16, 8> = t40;\noutput reveal(z + y) to p;",
        None,
    ),
    "a counter": (
        f"{TWO}var r = x;\nfor i in 0..3 {{ var k = i as uint<8>; {'k = k + k - k; ' * 40} r = r ^ k; }}\n"
        "output reveal(r + y) to p;",
        None,
    ),
    "outputs": (TWO + "".join(f"output reveal(x + y + {i % 9}) to p;\n" for i in range(1000)), None),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_named_or_compiles(name: str) -> None:
    text, code = BOMBS[name]
    found, begun = None, time.process_time()
    try:
        compile(Source("bomb.ccr", text))
    except Rejected as rejected:
        found = {problem.code for problem in rejected.problems}
    assert time.process_time() - begun < SECONDS
    assert found == (None if code is None else {code})


def test_a_deep_training_is_followed_to_its_end() -> None:
    """The proof walks what a step is made of one in the other, as deep as a text may go."""
    deep = "let t0 = dot(w, row.x);\n" + "".join(
        f"let t{i + 1}: fix<16, 8> = t{i} + dot(w, row.x);\n" for i in range(100)
    )
    compile(Source("deep.ccr", TRAINED.format(deep + "let t = t100;")))


def words(left: Word, right: Word, builder: Builder) -> tuple[Bits, Bits]:
    nets = tuple(builder.input(i) for i in range(left.bits + right.bits))
    return Bits(nets[: left.bits], left.signed), Bits(nets[left.bits :], right.signed)


def made(columns: Columns, builder: Builder, width: int) -> heights.Work:
    circuit = builder.circuit(compress(builder, columns, width))
    return heights.Work(circuit.and_gates, len(circuit.gates))


@pytest.mark.parametrize("number", range(20))
def test_heights_count_what_is_made(number: int) -> None:
    chance = random.Random(number)
    left, right = (Word(chance.randrange(30, 50), chance.random() < 0.5) for _ in range(2))
    width = left.bits + right.bits - chance.choice((0, 0, 5, 20))
    for counted, of in ((heights.digits, digit_product), (heights.plain, plain_product)):
        builder = Builder(left.bits + right.bits)
        assert counted(left, right).added(width) == made(of(*words(left, right, builder)), builder, width)
    builder = Builder(left.bits + right.bits)
    a, b = words(left, right, builder)
    assert heights.split(left, right, width) == made(split_product(builder, a, b), builder, width)
