"""The programs of several owners: each is that of one owner, but that its receiver adds what all of them tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from support.damaged_words import Change, argument, beside, damaged, nth, op, typed

from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from compiler.joint.locality import roles
from compiler.joint.shares import Products
from compiler.pipeline import Meaning, mechanisms, understand
from compiler.program import Compiled, and_gates, everyone, outside, owner, receiver
from compiler.schedule.told import told_steps
from compiler.schedule.verify import verify as verify_plan
from compiler.training.verify import Unsafe, check
from compiler.words.builder import Builder
from compiler.words.ir import Block, Loop, Value
from compiler.words.operations import Entry, Learn, Mechanism, Noise, Pooled
from compiler.words.verify import Malformed, verify
from lang.source import Source

OWNERS = ("bank_a", "bank_b", "bank_c")
TEXT = """party vendor;
party bank_a;
party bank_b;
party bank_c;
input w0: fix<16, 8>[4] from vendor;
input b0: fix<16, 8> from vendor;
dataset records from bank_a, bank_b, bank_c { x: fix<8, 4>[4] where norm2(x) <= 1.0; y: bit; }
var w = w0;
var b = b0;
dpsgd w, b on records(batch = 4, steps = 3, clip = 2.0, noise = 1.5, rate = 0.5, momentum = 0.5, release = step)
    as row {
    loss logistic(dot(w, row.x) + b, row.y);
}
measure correct on records(rows = 9, clip = 1.0, noise = 4.0) as row { (dot(w, row.x) + b > 0) == row.y }
output w, b, correct to vendor;
"""


def alone(name: str) -> str:
    """The same, written with one owner; a `measure` tells at its end."""
    text = re.sub("party bank_.;\n", "", TEXT).replace(", ".join(OWNERS), name)
    return text.replace("party vendor;", f"party vendor;\nparty {name};").replace("4.0)", f"4.0 drawn by {name})")


@cache
def meant(name: str) -> Meaning:
    return understand(Source("owners.ccr", TEXT), party=name)


@cache
def built(name: str, products: Products = Products.SHARES) -> Compiled:
    return pipeline.built(meant(name), products)


def values(block: Block) -> Iterator[Value]:
    for item in block.items:
        match item:
            case Loop():
                yield from values(item.body)
            case Value():
                yield item
            case _:
                pass


@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("name", OWNERS)
def test_it_is_sound_and_of_one_of_them(name: str, products: Products) -> None:
    verify(meant(name).words)
    check(meant(name).words)
    compiled = built(name, products)
    verify_plan(compiled.plan, outside(compiled))
    assert (owner(compiled), receiver(compiled)) == (name, "vendor")
    assert compiled.owners == OWNERS and everyone(compiled) == ("vendor", *OWNERS)
    assert (compiled.garbler, compiled.evaluator) == (name, "vendor")
    assert set(compiled.parties) == {"vendor", name} and {d.party for d in compiled.datasets} == {name}
    assert artifact.decode(artifact.encode(compiled)) == compiled


@pytest.mark.parametrize("name", OWNERS)
def test_it_costs_and_tells_what_that_of_one_owner_does(name: str) -> None:
    single = pipeline.built(understand(Source("alone.ccr", alone(name))))
    compiled = built(name)
    trained, measured = single.mechanisms
    assert compiled.mechanisms == (trained, replace(measured, to="vendor"))
    assert told_steps(compiled.plan) == 4 and told_steps(single.plan) == 3  # the measure's, too
    assert {m.drawn_by for m in compiled.mechanisms} == {name}
    assert and_gates(compiled.plan) <= and_gates(single.plan)  # whose measured sum is opened at the end


def test_only_what_is_pooled_and_the_divisor_are_of_all_of_them() -> None:
    found = [item.op for item in values(meant("bank_b").words.block) if isinstance(item.op, Pooled)]
    assert [(p.party, p.draw, p.variable, p.sizes) for p in found] == [
        ("vendor", 0, 0, (4, 4, 4)),
        ("vendor", 0, 1, (4, 4, 4)),
        ("vendor", 1, 0, (9, 9, 9)),
    ]


def test_the_divisor_is_that_of_all_of_them() -> None:
    """At three times the rate the words are those of one owner, but for the sums of the others."""
    trained = [re.sub("measure .*|, correct|, momentum = 0.5", "", text) for text in (TEXT, alone("bank_a"))]
    three, one = (understand(Source("a.ccr", text)).words for text in (trained[0].replace("0.5", "1.5"), trained[1]))
    found = [i.op for i in values(three.block) if not isinstance(i.op, Pooled)]
    assert found == [i.op for i in values(one.block)]


# -- what no compiler of ours makes -------------------------------------------------------------------


def pooled_before_it_is_told(b: Builder, v: Value) -> int:
    learned = b.item(v.args[0])
    assert isinstance(learned, Value) and isinstance(learned.op, Learn)
    return b.emit(replace(v, args=learned.args))


def pooled_twice(b: Builder, v: Value) -> int:
    first = b.emit(v)
    return b.emit(replace(v, args=(first,)))


def of_what_the_vendor_gives(b: Builder, v: Value, number: int) -> None:
    assert isinstance(v.op, Entry)
    most = 1 << 30
    b.add(Pooled("vendor", 0, 0, most, 3 * most, (4, 4, 4)), (number,), replace(v.type, lo=-3 * most, hi=3 * most))


DAMAGE: dict[str, tuple[Callable[[], Change], str]] = {
    "of one owner alone": (lambda: op(Pooled, sizes=(4,)), "of one owner alone"),
    "cut to nothing": (lambda: op(Pooled, most=0), "or of nothing"),
    "cut further out than is said": (lambda: op(Pooled, most=1 << 40, together=3 << 40), "its operands make it"),
    "of more owners than is said": (lambda: op(Pooled, together=1 << 30), "its operands make it"),
    "a smaller range than there is": (lambda: typed(Pooled, lo=-1, hi=1), "its operands make it"),
    "on another grid": (lambda: typed(Pooled, scale=1), "scale|grid|points"),
    "by the owner": (lambda: op(Pooled, party="bank_a"), "holds what is not its own"),
    "by nobody of the program": (lambda: op(Pooled, party="bank_b"), "is not a party|holds what is not its own"),
    "of what is joint": (lambda: nth(Pooled, 0, pooled_before_it_is_told), "holds what is not its own"),
    "as another sum": (lambda: op(Pooled, variable=1), "than its own"),
    "as of another training": (lambda: op(Pooled, draw=1), "than its own"),
    "twice": (lambda: nth(Pooled, 0, pooled_twice), "than its own"),
    "of an input": (lambda: beside(Entry, of_what_the_vendor_gives), "stands outside"),
    "told to nobody": (lambda: argument(Learn, 0), "not its own"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_words_are_refused(name: str) -> None:
    change, rule = DAMAGE[name]
    with pytest.raises(Unsafe) as error:
        check(damaged(meant("bank_a").words, change()))
    assert re.search(rule, error.value.rule), error.value.rule


@pytest.mark.parametrize("name", ["by the owner", "of what is joint", "told to nobody"])
def test_the_words_themselves_refuse_what_the_owner_would_lose_by(name: str) -> None:
    """Before anything is proved of a training."""
    with pytest.raises(Malformed):
        verify(damaged(meant("bank_a").words, DAMAGE[name][0]()))


def test_noise_and_sums_are_the_owner_s_as_ever() -> None:
    for change in (op(Noise, party="vendor"), op(Mechanism, drawn_by="vendor"), op(Noise, sigma=1)):
        with pytest.raises(Unsafe):
            check(damaged(meant("bank_c").words, change))


# -- what an artifact says ----------------------------------------------------------------------------

FORGED: dict[str, tuple[Callable[[Compiled], Compiled], str]] = {
    "nobody else": (lambda p: replace(p, owners=()), "owners are"),
    "one alone": (lambda p: replace(p, owners=("bank_a",)), "of several owners, and not of one of them"),
    "fewer": (lambda p: replace(p, owners=("bank_a", "bank_b")), "owners are"),
    "more": (lambda p: replace(p, owners=(*OWNERS, "bank_d")), "owners are"),
    "in another order": (lambda p: replace(p, owners=OWNERS[::-1]), "owners are"),
    "others": (lambda p: replace(p, owners=("bank_b", "bank_c")), "of several owners, and not of one of them"),
    "of another one's records": (
        lambda p: replace(p, datasets=tuple(replace(d, party="bank_b") for d in p.datasets)),
        "who is not a party",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_artifact_that_says_other_owners_is_refused(name: str) -> None:
    change, rule = FORGED[name]
    with pytest.raises(ArtifactError, match=rule):
        artifact.decode(artifact.encode(change(built("bank_a"))))


@pytest.mark.parametrize("owners", [OWNERS, ("alice", "bob"), ("alice", "carol")])
def test_owners_of_no_data_are_none(owners: tuple[str, ...]) -> None:
    """Of nobody's program, which ended in an IndexError."""
    text = "party alice;\nparty bob;\ninput x: uint<4> from alice;\noutput y = reveal(x) to bob;\n"
    plain = pipeline.compile(Source("plain.ccr", text))
    with pytest.raises(ArtifactError, match="of several owners, and not of one of them"):
        artifact.decode(artifact.encode(replace(plain, owners=owners)))


def test_the_programs_of_two_owners_are_two() -> None:
    """Whoever signs for one has not signed for the other, nor for fewer or more of them."""
    made = [artifact.encode(built(name)) for name in OWNERS]
    fewer = understand(
        Source("owners.ccr", TEXT.replace("bank_b, bank_c {", "bank_b {").replace("party bank_c;\n", ""))
    )
    assert len({*made, artifact.encode(pipeline.built(fewer))}) == 4
    assert {d.name for d in artifact.decode(made[2]).datasets} == {"records"}
    with pytest.raises(ArtifactError, match="owners are"):
        artifact.decode(artifact.encode(replace(built("bank_a"), files=built("bank_b").files, owners=OWNERS[:2])))


def test_mechanisms_are_those_of_the_words() -> None:
    for name in OWNERS:
        assert tuple(mechanisms(meant(name).words)) == built(name).mechanisms
        assert roles(meant(name).words).garbler == name
