"""Whatever the evaluator enters is an input, in every program: it learns what that input would have told it.

And what `--evaluator honest` trusts it with: a check of its own input that it makes itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.agreement import clear, values
from support.in_memory import Inputs, run_both
from support.random_text import program
from support.reading import Meant, reading

from compiler.joint.locality import Evaluator, localise, roles
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, build, understand
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Block, Item, Loop, Value, full_range
from compiler.words.operations import Enter, Entry
from lang.source import Source
from runtime.execute.backend import Bits, Roles
from runtime.execute.yao import EvaluatorBackend

CHECKED = """
party bank; party shop;
input secret: uint<8>[4] from bank;
input code: uint<8> from shop;
let allowed = code < 4;
output reveal(if allowed { sum(secret) } else { 0 }) to shop;
"""
COPIED = """
party alice; party bob;
input a: uint<3> from alice;
input b: uint<3> from bob;
var t = b;
for i in 0..2 { t = b; }
output reveal(t - b + a) to bob;
"""
SECRET = [200, 7, 31, 2]
WRONG = 77  # no code that the check lets through


def understood() -> Meaning:
    return understand(Source("checked.ccr", CHECKED))


def learned(taken_for: Evaluator, entered: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """What a shop with a wrong code learns of a garbled run where it enters these bits, lowest first, for any other."""
    compiled = build(understood(), evaluator=taken_for)
    assert compiled.evaluator == "shop"
    honest = EvaluatorBackend.enter

    def enter(self: EvaluatorBackend, party: str, bits: Bits | None, count: int) -> Any:
        if party == "shop":
            bits = np.array([entered >> i & 1 for i in range(count)], dtype=np.uint8)
        return honest(self, party, bits, count)

    given = {"secret": np.array(SECRET), "code": np.array(WRONG)}
    with monkeypatch.context() as patched:
        patched.setattr(EvaluatorBackend, "enter", enter)
        return int(run_both(compiled.plan, given, roles=Roles("bank", "shop")).evaluator["out"])


def test_a_shop_that_is_taken_for_honest_answers_its_own_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing holds it to its code: this is what both sides trust it with."""
    assert learned(Evaluator.HONEST, 0, monkeypatch) == 0
    assert learned(Evaluator.HONEST, 1, monkeypatch) == sum(SECRET)


@pytest.mark.parametrize("entered", [1, 3, 4, 5, WRONG, 0xFF])
def test_a_malicious_shop_can_only_enter_a_code(entered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = entered < 4  # then it has a right code
    assert learned(Evaluator.MALICIOUS, entered, monkeypatch) == (sum(SECRET) if allowed else 0)


def entered(block: Block, party: str) -> Iterator[tuple[Value, Item | None]]:
    """Whatever the party enters, wherever in the program, with what its word is made by in the outermost block."""
    made = dict(block.numbered())
    waiting = [block]
    while waiting:
        for item in waiting.pop().items:
            if isinstance(item, Loop):
                waiting.append(item.body)
            elif isinstance(item, Value) and item.op == Enter(party):
                yield item, made.get(item.args[0])


def test_what_a_loop_only_copies_is_not_entered_beside_the_input() -> None:
    """It enters b, and not what it says a copy of b is."""
    meant = understand(Source("copied.ccr", COPIED))
    who = roles(meant.words)
    assert who.evaluator == "bob"
    found = list(entered(localise(meant.words, who, Products.SHARES).block, "bob"))
    assert [of.op for _, of in found if isinstance(of, Value)] == [Entry("b", "bob")]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_entered_is_an_input(seed: int) -> None:
    """Each input once and whole; under any bits in their place, what the program gives for the inputs that they are."""
    meant = understand(Source("random.ccr", program(seed)))
    who = roles(meant.words)
    local = localise(meant.words, who, Products.SHARES)
    found = list(entered(local.block, who.evaluator))
    names = {item: of.op.name for item, of in found if isinstance(of, Value) and isinstance(of.op, Entry)}
    assert len(names) == len(set(names.values())) == len(found)
    given, rng = values(meant, seed), np.random.default_rng(seed)
    taken = dict(given)

    def read(item: Value, args: list[Array], honest: Meant) -> Array:
        if item.op != Enter(who.evaluator):
            return honest(args)
        lo, hi = full_range(item.type.width, item.type.signed)
        taken[names[item]] = rng.integers(lo, hi + 1, item.type.shape).astype(object)
        return taken[names[item]]

    with reading(read):
        outputs = evaluate(local.block, [], Inputs(given))
    for output, got, want in zip(local.outputs, outputs, clear(meant, taken).values(), strict=True):
        assert np.array_equal(got, want), output.name
