"""Random programs of several owners, as text, and their runs side by side in this process."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from support.training_text import Trial

from compiler.words.evaluate import Array
from compiler.words.ir import Type, Words
from compiler.words.operations import Entry, Pooled
from runtime.execute.beside import side_by_side
from runtime.execute.pool import Pool

OWNERS = ("bank_a", "bank_b", "bank_c")
UPDATES = (
    "rate = 0.5",
    "rate = 2.0 / (1 + t)",
    "rate = 0.25, momentum = 0.5",
    "rate = 0.5, average = 2",
    "rate = 0.05, optimizer = adam(0.8, 0.9, 0.001)",
)
Told = dict[tuple[str, int, int, int], Array]  # owner, draw, variable, step -> its noisy sum as it was told


@dataclass(frozen=True, slots=True)
class Drawn:
    """One program, and what its numbers are."""

    owners: tuple[str, ...]
    batch: int
    steps: int
    update: str
    text: str


def drawn(number: int, update: str = "") -> Drawn:
    """Two variables are trained, and a measure follows; `update` takes the place of a random one."""
    r = random.Random(number)
    owners = OWNERS[: r.choice((2, 3))]
    batch, steps, update = r.randint(1, 2), r.randint(2, 3), update or r.choice(UPDATES)
    both = r.choice(("", " drawn by both"))
    parties = [f"party {name};" for name in ("vendor", *owners)]
    r.shuffle(parties)
    text = f"""{" ".join(parties)}
input w0: fix<24, 16>[2] from vendor;
input b0: fix<24, 16> from vendor;
dataset rows from {", ".join(owners)} {{ x: fix<6, 4>[2] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
var b = b0;
dpsgd w, b on rows(batch = {batch}, steps = {steps}, clip = {r.choice(("1.0", "0.5"))}, noise = 1.5{both}, {update},
    release = step) as row {{ loss logistic(dot(w, row.x) + b, row.y); }}
measure correct on rows(rows = 3, clip = 1.0, noise = 2.0{both}) as row {{ (dot(w, row.x) + b > 0) == row.y }}
output w, b, correct to vendor;
"""
    return Drawn(owners, batch, steps, update, text)


@dataclass
class Owned(Trial):
    """Sources of one owner and the vendor, whose inputs are the same for all and far from the ends of their kinds."""

    pool: Pool = field(kw_only=True)
    owner: str = field(kw_only=True)
    told: Told = field(kw_only=True)

    def input(self, at: Entry, type: Type) -> Array:
        rng = Trial(self.words, 0)._rng(at.name)
        return rng.integers(-50_000, 50_000, type.shape)

    def pooled(self, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        self.told[self.owner, at.draw, at.variable, position[-1]] = own
        return self.pool.pooled(self.owner, at, own, position)


Reading = Callable[[str, Owned], Mapping[str, Array]]  # of one owner's program, with these sources


def read_by_all(words: Mapping[str, Words], reading: Reading) -> tuple[dict[str, Mapping[str, Array]], Told]:
    """What the vendor has after each session, all of which run at once, and what each owner told."""
    pool, told = Pool(tuple(words), len(words)), Told()

    def work(owner: str, _: object) -> Mapping[str, Array]:
        seed = 1 + OWNERS.index(owner)
        return reading(owner, Owned(words[owner], seed, pool=pool, owner=owner, told=told))

    found = side_by_side(pool, {owner: partial(work, owner) for owner in words}, len(words))
    return found, told
