"""What is told after a step is a noisy sum, told to the party that it is for, and nothing else: damage is refused.

By the proof on words, where shares are cut, and where a plan is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from support.damaged_plans import At, Damage, nth
from support.damaged_words import Change, argument, beside, damaged, op
from support.damaged_words import nth as nth_value

from compiler import pipeline
from compiler.joint import verify as cuts
from compiler.joint.locality import roles
from compiler.joint.shares import Products
from compiler.joint.verify import Miscut
from compiler.pipeline import Meaning, understand
from compiler.program import Compiled, outside
from compiler.schedule import shares, verify
from compiler.schedule.plan import Carry, Clear, Disclose, Enter, Hand, Plan, Repeat
from compiler.schedule.shares import ShareError
from compiler.schedule.verify import PlanError
from compiler.training.verify import Unsafe, check
from compiler.words.builder import Builder
from compiler.words.ir import Value, Words
from compiler.words.operations import Coins, Entry, Held, Learn, Linear, Mechanism, Noise, Round
from compiler.words.operations import Enter as Entering
from lang.source import Source

TEXT = """party vendor; party clinic;
input w0: fix<16, 8>[4] from vendor;
dataset records from clinic {{ x: fix<8, 4>[4] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 4, steps = 3, clip = 1.0, noise = 1.5{}, rate = 0.5, release = step) as row {{
    loss logistic(dot(w, row.x), row.y);
}}
output w to vendor;
"""
BOTH = " drawn by both"


@cache
def meant(drawn: str = "") -> Meaning:
    return understand(Source("steps.ccr", TEXT.format(drawn)))


@cache
def built(drawn: str = "") -> Compiled:
    return pipeline.build(meant(drawn))


# -- words ----------------------------------------------------------------------------------------

WORDS: dict[str, tuple[Callable[[], Change], str]] = {
    "told to the owner": (lambda: op(Learn, party="clinic"), "something else than a noisy sum|not its own"),
    "told to nobody that the mechanism names": (lambda: op(Mechanism, to=""), "something else than a noisy sum"),
    "told as of another mechanism": (lambda: op(Learn, draw=1), "something else than a noisy sum"),
    "told without the mechanism": (lambda: argument(Mechanism, 0), "stands outside a `dpsgd`"),
    "not told": (lambda: argument(Learn, 0), "goes on without being told|not its own"),
    "the rows' owner is told": (lambda: op(Mechanism, to="clinic"), "something else|told to their owner"),
}


@pytest.mark.parametrize("drawn", ["", BOTH])
@pytest.mark.parametrize("name", WORDS)
def test_damaged_words_are_refused(name: str, drawn: str) -> None:
    change, rule = WORDS[name]
    check(meant(drawn).words)
    with pytest.raises(Unsafe) as error:
        check(damaged(meant(drawn).words, change()))
    assert re.search(rule, error.value.rule), error.value.rule


def told_before_the_noise(b: Builder, v: Value) -> int | None:
    """The mechanism stands on the sum: its noise is added behind."""
    total = b.item(v.args[0])
    assert isinstance(total, Value)
    inner = b.item(total.args[0]) if isinstance(total.op, Round) else total
    assert isinstance(inner, Value)
    return b.emit(replace(v, args=(inner.args[0],), type=b.type(inner.args[0])))


def test_a_sum_without_noise_is_refused() -> None:
    with pytest.raises(Unsafe):
        check(damaged(meant().words, nth_value(Mechanism, 0, told_before_the_noise)))


TWO = """party vendor; party clinic;
input w0: fix<16, 8>[4] from vendor;
input b0: fix<16, 8> from vendor;
dataset records from clinic {{ x: fix<8, 4>[4] where norm2(x) <= 1.0; y: bit; }}
var w = w0; var b = b0;
dpsgd w, b on records(batch = 4, steps = 3, clip = 2.0, noise = 1.5{}, rate = 0.5{}) as row {{
    loss logistic(dot(w, row.x) + b, row.y);
}}
output w, b to vendor;
"""
ALIKE: dict[str, tuple[Callable[[], Change], str]] = {
    "one party's noise": (lambda: op(Noise, 1, variable=0), "drawn twice alike"),
    "both parties' coins": (lambda: op(Coins, -1, variable=0), "drawn twice alike"),
    "coins of one of them": (lambda: op(Coins, 2, variable=0), "drawn twice alike"),
    "fewer numbers than there are": (lambda: op(Mechanism, -1, sizes=(4, 0)), "other sizes"),
    "a sum left out": (lambda: op(Mechanism, -1, sizes=(4,)), "other sizes"),
    "a sampler too many": (
        lambda: nth_value(Mechanism, -1, lambda b, v: b.emit(replace(v, op=more(v.op)))),
        "other samplers",
    ),
}


def more(mechanism: object) -> Mechanism:
    assert isinstance(mechanism, Mechanism)
    return replace(mechanism, samplers=(*mechanism.samplers, mechanism.samplers[0]))


@pytest.mark.parametrize("release", ["", ", release = step"])
@pytest.mark.parametrize("name", ALIKE)
def test_two_sums_have_noises_of_their_own(name: str, release: str) -> None:
    """Else their difference would have none."""
    change, rule = ALIKE[name]
    drawn = " drawn by clinic" if name.startswith("one") else BOTH
    words = understand(Source("two.ccr", TWO.format(drawn, release))).words
    check(words)
    with pytest.raises(Unsafe) as error:
        check(damaged(words, change()))
    assert re.search(rule, error.value.rule), error.value.rule


def test_nothing_is_told_outside_of_the_steps() -> None:
    """An input of the owner's, say."""
    text = TEXT.format("").replace("dataset", "input c: fix<8, 4> from clinic;\ndataset")
    words = understand(Source("input.ccr", text + "output sum = reveal(c + w[0]) to vendor;\n")).words
    tell = beside(Entry, lambda b, v, number: b.add(Learn("vendor", 0, 0), (number,), v.type), -1)
    check(words)
    with pytest.raises(Unsafe, match="stands outside a `dpsgd`"):
        check(damaged(words, tell))


def test_nobody_holds_what_is_another_s() -> None:
    text = TEXT.format("").replace("dataset", "input c: fix<8, 4> from clinic;\ndataset")
    words = understand(Source("held.ccr", text + "output sum = reveal(c + w[0]) to vendor;\n")).words
    hold = beside(Entry, lambda b, v, number: b.add(Held("vendor"), (number,), v.type), -1)
    with pytest.raises(Unsafe, match="holds what is not its own"):
        check(damaged(words, hold))


def test_the_owner_is_told_nothing() -> None:
    """Words in which it goes on from the sums: a start of nobody's is anybody's."""
    text = TEXT.format("").replace("var w = w0;", "var w: fix<16, 8>[4] = [0, 0, 0, 1];")
    words = understand(Source("owner.ccr", text)).words

    def changed(b: Builder, v: Value) -> int | None:
        match v.op:
            case Learn() | Held():
                return b.emit(replace(v, op=replace(v.op, party="clinic")))
            case Mechanism():
                return b.emit(replace(v, op=replace(v.op, to="clinic")))
            case _:
                return None

    check(words)
    with pytest.raises(Unsafe, match="told to their owner"):
        check(damaged(words, changed))


# -- the cut --------------------------------------------------------------------------------------


@cache
def localised(drawn: str = "") -> Words:
    words = meant(drawn).words
    return pipeline.localised(words, roles(words), Products.SHARES)


def cut(local: Words, drawn: str = "") -> None:
    words = meant(drawn).words
    who = roles(words)
    cuts.check(words, local, pipeline.joint(localised(drawn), who), who, Products.SHARES)


def noise_left_out(b: Builder, v: Value) -> int | None:
    noises = [a for a in v.args if isinstance(i := b.item(a), Value) and isinstance(i.op, Noise)]
    if not noises or not isinstance(v.op, Linear):
        return None
    coefficients = tuple(c for c, a in zip(v.op.coefficients, v.args, strict=True) if a not in noises)
    return b.emit(replace(v, op=Linear(coefficients), args=tuple(a for a in v.args if a not in noises)))


def bare(b: Builder, v: Value) -> int:
    """The share itself, as it is before the noise."""
    ring = b.item(v.args[0])
    assert isinstance(ring, Value)
    added = b.item(ring.args[0])
    assert isinstance(added, Value)
    return b.emit(replace(v, args=(added.args[0],), type=b.type(added.args[0])))


def noisy(change: Callable[[Builder, Value, int], int]) -> Change:
    """Of the sum of a share and noise; `change` is given the noise."""

    def changed(b: Builder, v: Value) -> int | None:
        noise = b.item(v.args[-1]) if v.args else None
        here = isinstance(v.op, Linear) and isinstance(noise, Value) and isinstance(noise.op, Noise)
        return change(b, v, v.args[-1]) if here else None

    return changed


def read_otherwise(b: Builder, v: Value, noise: int) -> int:
    """The share goes on into something else, as one of a row's numbers does."""
    b.add(Linear((1,)), v.args[:1], b.type(v.args[0]))
    return b.emit(v)


def read_twice(b: Builder, v: Value, noise: int) -> int:
    b.add(Linear((1,)), (noise,), b.type(noise))
    return b.emit(v)


def clamped(b: Builder, v: Value) -> int | None:
    """A share with noise that is held to its ring's ends tells how far it went."""
    inner = b.item(v.args[0]) if isinstance(v.op, Round) else None
    noise = b.item(inner.args[-1]) if isinstance(inner, Value) and inner.args else None
    here = isinstance(v.op, Round) and isinstance(noise, Value) and isinstance(noise.op, Noise)
    return b.emit(replace(v, op=replace(v.op, wrap=False))) if here and isinstance(v.op, Round) else None


CUTS: dict[str, tuple[Change, str]] = {
    "a share that is clamped": (clamped, "in another ring"),
    "what was learned, entered in its step": (
        beside(Learn, lambda b, v, number: b.add(Entering("vendor"), (number,), v.type)),
        "enters what was learned",
    ),
    "noise of no weight": (noisy(lambda b, v, _: b.emit(replace(v, op=Linear((1, 0))))), "or with another"),
    "noise of more weight": (noisy(lambda b, v, _: b.emit(replace(v, op=Linear((1, 2))))), "or with another"),
    "noise of another variable": (op(Noise, variable=1), "or with another"),
    "less noise": (op(Noise, sigma=Fraction(1)), "or with another"),
    "noise that something else reads": (noisy(read_twice), "not its own"),
    "a share that goes on": (noisy(read_otherwise), "read otherwise"),
    "a share without noise": (noise_left_out, "told without noise"),
    "a share as it is": (nth_value(Learn, 0, bare), "told bare|in another ring|without noise|not a half"),
    "a share told to its owner": (op(Learn, party="clinic"), "tells the garbler"),
}


@pytest.mark.parametrize("name", CUTS)
def test_damaged_shares_are_refused(name: str) -> None:
    change, rule = CUTS[name]
    cut(localised())
    with pytest.raises(Miscut) as error:
        cut(damaged(localised(), change))
    assert re.search(rule, error.value.rule), error.value.rule


def test_joint_noise_is_opened_and_not_handed() -> None:
    cut(localised(BOTH), BOTH)
    told = [nth(nth(built(drawn).plan.steps, Repeat).body, kind) for drawn, kind in (("", Hand), (BOTH, Disclose))]
    assert [step.to for step in told] == ["vendor", "vendor"]


# -- the plan -------------------------------------------------------------------------------------


def in_the_body(plan: Plan, kind: type[Hand] | type[Disclose] | type[Enter]) -> Hand | Disclose | Enter:
    return nth(nth(plan.steps, Repeat).body, kind)


def share_of_garbler(plan: Plan) -> int:
    """A clear word of the clinic's that is made of shares and has no noise."""
    hand = in_the_body(plan, Hand)
    assert isinstance(hand, Hand)
    maker = next(s for s in nth(plan.steps, Repeat).body if isinstance(s, Clear) and hand.own in s.writes)
    return maker.reads[-1]


def handed_bare(plan: Plan) -> Plan:
    return At(Hand, inside=True).set(own=share_of_garbler(plan))(plan)


def maker(plan: Plan) -> Clear:
    """What makes the share with noise."""
    hand = in_the_body(plan, Hand)
    assert isinstance(hand, Hand)
    return next(s for s in nth(plan.steps, Repeat).body if isinstance(s, Clear) and hand.own in s.writes)


def rebuilt(plan: Plan, change: Callable[[Clear], list[Clear]]) -> Plan:
    made = maker(plan)
    loop = nth(plan.steps, Repeat)
    body = tuple(new for s in loop.body for new in (change(made) if s is made else [s]))
    return replace(plan, steps=tuple(replace(loop, body=body) if s is loop else s for s in plan.steps))


def weightless(plan: Plan) -> Plan:
    def change(step: Clear) -> list[Clear]:
        items = [
            replace(i, op=Linear((1, 0)))
            if isinstance(i, Value) and isinstance(i.op, Linear) and len(i.args) == 2
            else i
            for i in step.block.items
        ]
        return [replace(step, block=replace(step.block, items=tuple(items)))]

    return rebuilt(plan, change)


def hidden_again(plan: Plan) -> Plan:
    """The share that is handed over has the noise of one that was hidden before."""
    return rebuilt(plan, lambda step: [replace(step, writes=(1000,)), step])


PLANS: dict[str, tuple[str, Damage, str]] = {
    "a share without noise": ("", handed_bare, "handed as|without noise"),
    "handed as another number": (
        "",
        At(Hand, inside=True).set(type=lambda t: replace(t, lo=2 * t.lo, hi=2 * t.hi + 1)),
        "is handed as",
    ),
    "opened where something else lies": (
        BOTH,
        At(Disclose, inside=True).set(buffer=0),
        "wires, buffer 0 has|not in use",
    ),
    "noise of no weight": ("", weightless, "handed over without noise"),
    "noise that has hidden another": ("", hidden_again, "handed over without noise"),
    "to the garbler": ("", At(Hand, inside=True).set(to="clinic"), "handed what it has|to the garbler"),
    "opened to the garbler": (BOTH, At(Disclose, inside=True).set(to="clinic"), "to the garbler|does not know"),
    "to nobody": (BOTH, At(Disclose, inside=True).set(to="mallory"), "there is no party"),
    "entered behind what is told": (
        BOTH,
        lambda plan: At(Disclose, inside=True).by(lambda step: (step, in_the_body(plan, Enter)))(plan),
        "after a noisy sum of its step",
    ),
    "a word that is there": ("", At(Hand, inside=True).set(clear=1), "made twice"),
    "told outside of the steps": (
        BOTH,
        lambda plan: replace(plan, steps=(*plan.steps, in_the_body(plan, Disclose))),
        "outside of the",
    ),
    "carried by another": ("", At(Carry, inside=True).set(party="clinic"), "does not know"),
    "carried into a word of another type": (
        "",
        At(Carry, inside=True).set(types=lambda types: tuple(replace(t, hi=t.hi * 2 + 1) for t in types)),
        "made twice",
    ),
    "carried too far": (
        "",
        At(Carry, inside=True).set(types=lambda types: (replace(types[0], hi=1),)),
        "is carried as",
    ),
    "carried into what no loop carries": ("", At(Carry, inside=True).set(targets=(2,)), "made twice"),
    "carried by more than is there": ("", At(Carry, inside=True).set(targets=(1, 2)), "not as many"),
}


def loaded(program: Compiled, plan: Plan) -> None:
    verify.verify(plan, outside(program))
    shares.verify(plan, program.garbler, program.evaluator, True)


@pytest.mark.parametrize("name", PLANS)
def test_damaged_plans_are_refused(name: str) -> None:
    drawn, damage, rule = PLANS[name]
    loaded(built(drawn), built(drawn).plan)
    with pytest.raises((PlanError, ShareError)) as error:
        loaded(built(drawn), damage(built(drawn).plan))
    assert re.search(rule, str(error.value)), error.value
