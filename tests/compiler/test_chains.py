"""Depth is nesting: a chain of operators, of `else if`s or of `let`s is as long as one likes, from text to words."""

from __future__ import annotations

import pytest
from support.agreement import clear, values, words_agree

from compiler.flow import trail
from compiler.pipeline import understand
from lang.checker import check
from lang.problems.problem import Rejected
from lang.source import Source
from lang.syntax.fmt import format_text

LONG = 1100  # more than the frames that Python has below
HEAD = "party alice; party bob; input a: uint<8> from alice; input b: int<8> from bob; input x: uint<8>[4] from bob;\n"
ARMS = range(1, 251)


FEW = pytest.mark.usefixtures("few_frames")


@pytest.fixture
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the way that recurs along the chain has no room for it."""
    monkeypatch.setattr(check, "_STACK", 1)


def test_a_thousand_terms() -> None:
    terms = " + ".join(f"{k} * {name}" for k, name in enumerate(["a", "b", "x[3]", "x[a % 4]"] * 250))
    meant = understand(Source("sum.ccr", f"{HEAD}output out = reveal({terms}) to bob;"))
    given = values(meant, 0)
    numbers = {"a": given["a"], "b": given["b"], "x[3]": given["x"][3], "x[a % 4]": given["x"][given["a"] % 4]}
    want = sum(k * numbers[name] for k, name in enumerate([*numbers] * 250))
    assert clear(meant, given)["out"] == want


CHAINS = {
    "sum": " + ".join(["a", "b"] * LONG),
    "bits": " ^ ".join(["a", "b"] * LONG),
    "both": " && ".join(["a < b"] * LONG),
    "public": f"a + ({' + '.join(['1'] * LONG)}) + b",
    "levels": " - ".join(["a * 3 / 7 + b"] * (LONG // 4)),
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
@FEW
def test_long_chains_are_read_printed_and_lowered(chain: str) -> None:
    source = Source("chain.ccr", f"{HEAD}output out = reveal({chain}) to bob;\n")
    formatted = format_text(source)
    assert formatted.endswith(f"\noutput out = reveal({chain}) to bob;\n")
    assert understand(source).words.outputs


def test_a_chain_with_parentheses_is_printed_as_it_is_meant() -> None:
    text = "let a = (x + y - z) * 2 @ m < (p < q) ** 2;\nlet b = -(x * y) ** z | w ^ (v | u) & t;\n"
    assert format_text(Source("chain.ccr", text)) == text


@FEW
def test_the_leak_in_a_long_chain_is_shown() -> None:
    text = f"{HEAD}output out = {CHAINS['sum']} to bob;"
    with pytest.raises(Rejected) as caught:
        understand(Source("chain.ccr", text))
    assert {problem.code for problem in caught.value.problems} == {"leaks-input"}
    assert trail.trails(check.check(Source("chain.ccr", text)).program)


@FEW
def test_an_index_of_many_terms() -> None:
    index = " + ".join(["i", "j"] * LONG)
    loops = f"for i in 0..1 {{ for j in 0..1 {{ t += x[{index} + 2]; }} }}"
    words_agree(f"{HEAD}var t: uint<16> = 0; {loops} output out = reveal(t + a) to bob;")


@pytest.mark.parametrize("one", ["{0} + {0} - i", "2 - {0}"])
def test_lets_of_lets_do_not_grow(one: str) -> None:
    lets = " ".join(f"let a{k + 1} = {one.format(f'a{k}')};" for k in range(200))
    loop = f"for i in 0..3 {{ let a0 = i; {lets} t += x[a200]; }}"
    words_agree(f"{HEAD}var t: uint<16> = 0; {loop} output out = reveal(t + a) to bob;")


def arms(each: str, last: str) -> str:
    return (
        f"if a == 0 {{ {each.format(0)} }} " + "".join(f"else if a == {k} {{ {each.format(k)} }} " for k in ARMS) + last
    )


@FEW
def test_250_arms_of_a_value() -> None:
    words_agree(f"{HEAD}let r = {arms('{0} * b', 'else { b }')}; output out = reveal(r) to bob;")


@FEW
def test_250_arms_of_a_tuple() -> None:
    chosen = arms("({0}, (b, {0}))", "else { (251, (b, a)) }")
    words_agree(f"{HEAD}let (p, q) = {chosen}; output out = reveal(p + q.0 * q.1) to bob;")


@FEW
def test_250_arms_of_statements() -> None:
    text = arms("r = {0}; s[{0} % 4] = b;", "else { s[1] = 7; }")
    words_agree(
        f"{HEAD}var r: uint<8> = 9; var s: int<8>[4] = [b, b, b, b]; {text} output out = reveal(r * sum(s)) to bob;"
    )


@FEW
def test_250_arms_of_which_one_is_public() -> None:
    text = "".join(f"else if 1 == {k} / 200 {{ r = {k}; }} else if a == {k} {{ r = x[{k} % 4]; }} " for k in ARMS)
    words_agree(f"{HEAD}var r: uint<8> = 0; if a == 0 {{ r = 1; }} {text} output out = reveal(r + b) to bob;")


@pytest.mark.slow
@pytest.mark.parametrize("each", ["let k{0} = b + {0}; k{0} as uint<8>", "if b > {0} {{ a }} else {{ {0} }}"])
@FEW
def test_many_arms_are_printed_and_lowered(each: str) -> None:
    chain = "".join(f" else if a == {k % 256} {{ {each.format(k)} }}" for k in range(LONG))
    text = f"{HEAD}let r = if a == 0 {{ b }}{chain} else {{ a }};\noutput r = reveal(r) to bob;\n"
    source = Source("arms.ccr", text)
    assert format_text(Source("arms.ccr", format_text(source))) == format_text(source)
    assert understand(source).words.outputs


@FEW
def test_a_loss_of_many_terms() -> None:
    text = f"""party vendor; party clinic; type K = fix<24, 12>;
        input first: K[4] from vendor;
        dataset rows from clinic {{ x: K[4]; }}
        var w = first;
        dpsgd w on rows(batch = 1, steps = 1, clip = 1.0, noise = 1.0, rate = 1.0) as row {{
            loss {" + ".join(f"{k} * squared(w, row.x)" for k in range(1, LONG))};
        }}
        output w to vendor;"""
    assert check.check(Source("loss.ccr", text)).program.statements


def test_nesting_through_calls_is_bounded() -> None:
    def function(k: int, depth: int) -> str:
        loops = "".join(f"for i{k}_{j} in 0..1 {{ " for j in range(depth))
        return f"fn f{k}(v: uint<8>) -> uint<8> {{ var w = v; {loops} w = f{k + 1}(w); {'}' * depth} w }}\n"

    def program(calls: int, depth: int) -> Source:
        functions = "".join(function(k, depth) for k in range(calls))
        text = f"{HEAD}{functions}fn f{calls}(v: uint<8>) -> uint<8> {{ v }}\noutput reveal(f0(a) + b) to bob;"
        return Source("calls.ccr", text)

    understand(program(8, 10))
    with pytest.raises(Rejected) as caught:
        understand(program(20, 20))
    assert {problem.code for problem in caught.value.problems} == {"too-deep"}
