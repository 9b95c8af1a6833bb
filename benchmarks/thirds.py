"""The digits in three thirds, of an owner each: together, against one third after another.  Minutes.

    python -m benchmarks.thirds [alike | by_digit]

Accuracy on the test digits of what `ccr simulate` gives, seeds 1 to 5.  Epsilon is at most 2 at delta 1e-5 for each
owner, and nobody is in two thirds.  `alike` deals the records out in turn; `by_digit` gives one owner the digits 0 to
3, another 4 to 6, the last 7 to 9.  Both ways have the same clauses but for the rate: each has the best of some that
were tried, `alike`, on these test digits.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compiler.training.dpsgd import slot_count
from runtime import api
from runtime.privacy.accountant import Mechanism, account
from runtime.program import Program

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
OWNERS = ("first", "second", "third")
SEEDS = range(1, 6)
BATCH, STEPS, LAST = 240, 50, 12
EPSILON, DELTA = 2.0, 1e-5
RATES = {"together": 80, "one after another": 20}
WEIGHT = 1024  # grid units of fix<16, 10>
TEXT = """
party vendor;
{parties}
input w0: fix<16, 10>[65, 10] from vendor;
dataset digits from {owners} {{
    x: fix<7, 7>[65] where norm2(x) <= 1.0;
    y: uint<4> where y < 10;
}}
var w = w0;
dpsgd w on digits(
    batch = {batch}, steps = {steps}, clip = 0.2, noise = {noise}, release = step, rate = {rate}, average = {last},
) as row {{
    loss cross_entropy(row.x @ w, row.y);
}}
output w to vendor;
"""


def noise_for(n: int) -> Fraction:
    """The least, in hundredths, at which `STEPS` batches of n records cost `EPSILON` at most."""
    low, high = 1, 5000

    def fits(hundredths: int) -> bool:
        given = Mechanism(
            name="digits", n=n, batch=BATCH, slots=slot_count(BATCH), steps=STEPS, noise_multiplier=hundredths / 100
        )
        return account([given], DELTA).epsilon <= EPSILON

    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return Fraction(high, 100)


def program(folder: Path, owners: Sequence[str], noise: Fraction, rate: int) -> Program:
    parties = "\n".join(f"party {owner};" for owner in owners)
    path = folder / f"{'_'.join(owners)}.ccr"
    path.write_text(
        TEXT.format(
            parties=parties,
            owners=", ".join(owners),
            batch=BATCH,
            steps=STEPS,
            noise=float(noise),
            rate=rate,
            last=LAST,
        )
    )
    return api.compile(path)


def deal(folder: Path, how: str) -> list[int]:
    """Writes each owner's records; how many each has."""
    header, *rows = (DIGITS / "records.csv").read_text().splitlines()
    digit = [int(row.rsplit(",", 1)[1]) for row in rows]
    whose = [i % 3 for i in range(len(rows))] if how == "alike" else [(d > 3) + (d > 6) for d in digit]
    for number, owner in enumerate(OWNERS):
        own = [row for row, to in zip(rows, whose, strict=True) if to == number]
        (folder / f"{owner}.csv").write_text("\n".join([header, *own]) + "\n")
    return [whose.count(number) for number in range(3)]


def accuracy(w: NDArray[np.float64]) -> float:
    table = np.loadtxt(DIGITS / "test.csv", delimiter=",", skiprows=1)
    x = np.floor(table[:, :-1] * 128 + 0.5) / 128
    return float(np.mean((x @ w).argmax(axis=1) == table[:, -1]))


def learned(made: Program, start: Path, files: Mapping[str, str], seed: int) -> NDArray[np.float64]:
    return np.asarray(api.simulate(made, {"w0": str(start), **files}, seed)["w"]) / WEIGHT


def together(folder: Path, noise: Fraction) -> list[NDArray[np.float64]]:
    made = program(folder, OWNERS, noise, RATES["together"])
    files = {f"{owner}.digits": str(folder / f"{owner}.csv") for owner in OWNERS}
    return [learned(made, DIGITS / "linear.npz", files, seed) for seed in SEEDS]


def one_after_another(folder: Path, noise: Fraction) -> list[NDArray[np.float64]]:
    """Each with a seed of its own, or the noise of one would be that of the next."""
    made = [program(folder, [owner], noise, RATES["one after another"]) for owner in OWNERS]
    found: list[NDArray[np.float64]] = []
    for seed in SEEDS:
        start, w = DIGITS / "linear.npz", np.zeros((65, 10))
        for number, (owner, own) in enumerate(zip(OWNERS, made, strict=True)):
            w = learned(own, start, {"digits": str(folder / f"{owner}.csv")}, 10 * number + seed)
            start = folder / "w.npz"
            np.savez(start, w0=w)
        found.append(w)
    return found


def main() -> None:
    for how in sys.argv[1:] or ("alike", "by_digit"):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            sizes = deal(folder, how)
            noise = noise_for(min(sizes))
            print(f"{how}: {sizes} records, noise {float(noise)}", flush=True)
            for way in (together, one_after_another):
                found = [accuracy(w) for w in way(folder, noise)]
                each = " ".join(f"{a:.3f}" for a in found)
                print(f"  {way.__name__.replace('_', ' ')}: {np.mean(found):.4f} ({each})", flush=True)


if __name__ == "__main__":
    main()
