"""Each sum of products is one entry of shares, and digits stay digits: what the compiler makes passes, defects fail."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from support.damaged_words import Change, argument, beside, damaged, nth

from compiler import pipeline
from compiler.joint.locality import roles
from compiler.joint.shares import Products
from compiler.joint.verify import Miscut, check
from compiler.words.builder import BIT, Builder
from compiler.words.ir import Value, Words
from compiler.words.operations import Digits, Enter, Exact, Less, Linear, Round, Share
from lang.source import Source
from lang.syntax.load import read

HERE = Path(__file__).parent / "words"
VENDOR = Enter("vendor")


@cache
def understood() -> Words:
    return pipeline.understand(read(HERE / "layers.ccr")).words


@cache
def joint(local: Words) -> Words:
    return pipeline.joint(local, roles(understood()))


def localised(products: Products) -> Words:
    return pipeline.localised(understood(), roles(understood()), products)


def checked(local: Words, joint: Words, products: Products) -> None:
    check(understood(), local, joint, roles(understood()), products)


@pytest.mark.parametrize("products", Products)
def test_what_the_compiler_makes_passes(products: Products) -> None:
    checked(localised(products), joint(localised(products)), products)


def test_the_other_choice_of_products_is_seen() -> None:
    gates, shares = localised(Products.GATES), localised(Products.SHARES)
    with pytest.raises(Miscut, match="0 entries of shares for 4 sums"):
        checked(gates, joint(gates), Products.SHARES)
    with pytest.raises(Miscut, match="4 entries of shares"):
        checked(shares, joint(shares), Products.GATES)


def entry(change: Change) -> Change:
    """Of the evaluator's first entry of a share."""
    made_of_shares = set[int]()
    done = False

    def changed(b: Builder, v: Value) -> int | None:
        nonlocal done
        late = isinstance(v.op, Share) or (
            isinstance(v.op, Round | Linear) and bool(v.args) and set(v.args) <= made_of_shares
        )
        if late:
            made_of_shares.add(number := b.emit(v))
            return number
        if v.op != VENDOR or v.args[0] not in made_of_shares or done:
            return None
        done = True
        return change(b, v)

    return changed


def read_beside(b: Builder, v: Value) -> int:
    number = b.emit(v)
    b.add(Less(), (number, number), replace(BIT, shape=v.type.shape))
    return number


def sum_of_entries(change: Change) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        ops = [i.op for a in v.args if isinstance(i := b.item(a), Value)]
        return change(b, v) if v.op == Linear((1, 1)) and ops == [Enter("clinic"), VENDOR] else None

    return changed


def wrapped(change: Change) -> Change:
    def changed(b: Builder, v: Value) -> int | None:
        inner = b.item(v.args[0]) if isinstance(v.op, Round) and v.op.wrap else None
        ops = [i.op for a in inner.args if isinstance(i := b.item(a), Value)] if isinstance(inner, Value) else []
        return change(b, v) if ops == [Enter("clinic"), VENDOR] else None

    return changed


ENTRIES: dict[str, tuple[Change, str]] = {
    "an entry with another reader": (entry(read_beside), "read more than once"),
    "a share that is not entered": (entry(lambda b, v: v.args[0]), "was not entered"),
    "the other party's share": (entry(lambda b, v: b.emit(replace(v, op=Enter("clinic")))), "not its own"),
    "a difference of shares": (sum_of_entries(lambda b, v: b.emit(replace(v, op=Linear((1, -1))))), "not added"),
    "one party's share twice": (
        sum_of_entries(lambda b, v: b.emit(replace(v, args=(v.args[1], v.args[1])))),
        "read more than once, or never",
    ),
    "no wrap": (wrapped(argument(Round, 0)), "read more than once, or never"),
    "another ring": (
        wrapped(lambda b, v: b.emit(replace(v, op=replace(v.op, lo=2 * v.type.lo, hi=2 * v.type.hi + 1)))),
        "another ring",
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_damaged_entry_is_refused(name: str) -> None:
    change, rule = ENTRIES[name]
    local = localised(Products.SHARES)
    with pytest.raises(Miscut) as error:
        checked(damaged(local, change), joint(local), Products.SHARES)
    assert re.search(rule, error.value.rule), error.value.rule


def same_again(b: Builder, v: Value) -> int:
    number = b.emit(v)
    return b.add(Round(1, 1, v.type.lo, v.type.hi), (number,), v.type)


SHORT = """party alice; party bob; input x: int<2>[8, 6] from alice; input y: int<2>[6, 8] from bob;
output reveal(x @ y) to bob;"""
DIGITS: dict[str, tuple[Change, str]] = {
    "something between a division and its digits": (nth(Digits, 0, same_again), "is entered between"),
    "a division of something else": (nth(Exact, 0, lambda b, v: b.emit(replace(v, args=(0,)))), "no sum of digits"),
    "a division twice": (beside(Exact, lambda b, v, n: b.emit(replace(v, args=(n,)))), "no sum of digits"),
}


@pytest.mark.parametrize("name", DIGITS)
def test_damaged_digits_are_refused(name: str) -> None:
    """Of products of few bits: wider ones go by squares."""
    change, rule = DIGITS[name]
    words = pipeline.understand(Source("short.ccr", SHORT)).words
    who = roles(words)
    local = pipeline.localised(words, who, Products.GATES)
    ready = pipeline.joint(local, who)
    check(words, local, ready, who, Products.GATES)
    with pytest.raises(Miscut, match=rule):
        check(words, local, damaged(ready, change), who, Products.GATES)
