"""Three hundred damaged examples through the whole way to words: each gives diagnostics or passes, and soon."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from compiler.pipeline import understand
from lang.problems.draw import draw
from lang.problems.problem import Rejected
from lang.syntax.expected import WORDS
from lang.syntax.load import decode

ROOT = Path(__file__).parents[2]
PROGRAMS = [*sorted(ROOT.glob("examples/*/*.ccr")), *sorted(ROOT.glob("tests/lang/programs/*.ccr"))]
TOKEN = re.compile(r'//[^\n]*|"[^"\n]*"|[A-Za-z_]\w*|\d[\w.]*?(?=\.\.)|\d[\w.]*|\.\.|->|\*\*|<<|>>|[<>=!+*-]=|\s+|.')
OPERATORS = ["+", "-", "*", "/", "%", "@", "&", "|", "^", "<", "==", "**", "<<", ">>"]
NUMBERS = ["0", "1", "3", "7", "65", "1000000", "0.5", "1e300", "0.0001"]
LONGEST = 2.0  # seconds of processor time
SOME, ALL = range(60), range(300)

Damage = Callable[[random.Random, list[str], list[int]], None]  # (random, tokens, places of those that count)


def deleted(pick: random.Random, tokens: list[str], places: list[int]) -> None:
    tokens[pick.choice(places)] = ""


def swapped(pick: random.Random, tokens: list[str], places: list[int]) -> None:
    i, j = pick.choice(places), pick.choice(places)
    tokens[i], tokens[j] = tokens[j], tokens[i]


def replaced(pick: random.Random, tokens: list[str], places: list[int]) -> None:
    tokens[pick.choice(places)] = tokens[pick.choice(places)]


def likened(pick: random.Random, tokens: list[str], places: list[int]) -> None:
    """Names by names, numbers by numbers, operators by operators: what still reads as a program."""
    names = [i for i in places if (tokens[i][0].isalpha() or tokens[i][0] == "_") and tokens[i] not in WORDS]
    numbers = [i for i in places if tokens[i][0].isdecimal()]
    operators = [i for i in places if tokens[i] in OPERATORS]
    for _ in range(pick.randint(1, 3)):
        i = pick.choice([*names, *numbers, *operators])
        tokens[i] = (
            tokens[pick.choice(names)]
            if i in names
            else pick.choice(NUMBERS)
            if i in numbers
            else pick.choice(OPERATORS)
        )


DAMAGE: list[Damage] = [deleted, swapped, replaced, likened, likened, likened]


def mutant(seed: int) -> bytes:
    pick = random.Random(seed)
    data = pick.choice(PROGRAMS).read_bytes()
    match pick.randrange(4):
        case 0:
            return data[: pick.randrange(len(data))]
        case 1:
            start, length = pick.randrange(len(data)), pick.randint(1, 8)
            return data[:start] + pick.randbytes(length) + data[start + pick.choice((0, length)) :]
        case _:
            tokens = TOKEN.findall(data.decode())
            places = [i for i, token in enumerate(tokens) if token.strip() and not token.startswith("//")]
            pick.choice(DAMAGE)(pick, tokens, places)
            return "".join(tokens).encode()


def survives(seed: int) -> str:
    """The first code, or nothing; anything but problems passes through, and is a failure."""
    before = process_time()
    try:
        understand(decode(str(ROOT / "tests/lang/programs/mutant.ccr"), mutant(seed)))
        code = ""
    except Rejected as rejected:
        assert rejected.problems and all(draw(p).startswith(f"error[{p.code}]: ") for p in rejected.problems)
        code = rejected.problems[0].code
    assert process_time() - before < LONGEST
    return code


def test_mutants() -> None:
    assert len({survives(seed) for seed in SOME}) > 8


@pytest.mark.slow
def test_all_mutants() -> None:
    assert len({survives(seed) for seed in ALL}) > 20
