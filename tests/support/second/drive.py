"""One generated program through the public API, by words, by gates and in a run, held against what its text means."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from support.in_memory import Inputs
from support.second.kinds import Kind
from support.second.programs import numbers, program
from support.second.reference import Outside, meant
from support.second.shrink import shrunk
from support.second.text import decimal, written
from support.second.tree import Program
from support.second.values import array

from compiler.joint.locality import Evaluator
from runtime import api
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk


@dataclass(eq=False)  # not frozen: Python itself writes into an exception
class Difference(Exception):
    """What the program gave is not what its text means."""

    what: str
    text: str
    given: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.what}\n\n{self.text}\n{self.given}"


def compiled(program: Program, folder: Path, evaluator: Evaluator = Evaluator.MALICIOUS) -> api.Program:
    """Raises Rejected."""
    path = folder / "random.ccr"
    path.write_text(written(program))
    overrides = {p.name: decimal(p.value) for p in program.params if p.value != p.written}
    return api.compile(path, overrides, evaluator=evaluator)


def files(program: Program, given: Mapping[str, np.ndarray], folder: Path) -> dict[str, str]:
    """Each input as a user gives it: a number for a scalar, a table for an array."""
    found: dict[str, str] = {}
    for i in program.inputs:
        found[i.name] = said(given[i.name], i.kind.kind, folder / i.name)
    return found


def said(at: np.ndarray, kind: Kind, path: Path) -> str:
    if not at.shape:
        return decimal(at[()])
    if kind.integer and kind.bits <= 53:
        np.save(path.with_suffix(".npy"), at.astype(np.int64))
        return str(path.with_suffix(".npy"))
    rows = at.reshape(-1, at.shape[-1] if at.ndim > 1 else 1)
    lines = [[f"c{n}" for n in range(rows.shape[1])], *([decimal(v) for v in row] for row in rows)]
    path.with_suffix(".csv").write_text("".join(",".join(line) + "\n" for line in lines))
    return str(path.with_suffix(".csv"))


def agree(program: Program, folder: Path, seed: int, count: int = 2, processes: bool = False) -> None:
    """Raises Rejected, Difference."""
    evaluator = Evaluator.HONEST if seed % 3 == 0 else Evaluator.MALICIOUS
    made = compiled(program, folder, evaluator)
    for n in range(count):
        given = numbers(program, seed * 10 + n)
        check(program, made, given, folder, processes and n == 0)


def check(program: Program, made: api.Program, given: Mapping[str, np.ndarray], folder: Path, processes: bool) -> None:
    def differs(what: str) -> Difference:
        shown = {name: [str(v) for v in at.reshape(-1)] for name, at in given.items()}
        return Difference(what, written(program), shown)

    scales = {o.name: o.type.scale for o in made.compiled.outputs}
    units = {i.name: i.kind.kind.unit for i in program.inputs}
    grid = {name: each_unit(at, units[name]) for name, at in given.items()}
    found = api.simulate(made, files(program, given, folder))
    observed = {name: exactly(at, scales[name]) for name, at in found.items()}
    try:
        wanted = meant(program, given, observed)
    except Outside as error:
        raise differs(str(error)) from None
    if list(wanted) != list(found):
        raise differs(f"the outputs are {list(found)}, not {list(wanted)}")
    for name, at in wanted.items():
        if at.shape != observed[name].shape or not np.array_equal(at, observed[name]):
            raise differs(f"{name} is {spread(observed[name])}, and should be {spread(at)}")
    parties = frozenset(made.compiled.parties)
    by_gates = walk(made.compiled.plan, ClearBackend(made.compiled.plan.kernels), Inputs(grid), parties)
    for name, at in found.items():
        if not np.array_equal(np.asarray(by_gates[name], dtype=object), np.asarray(at, dtype=object)):
            raise differs(f"{name} is {by_gates[name]} by gates and {at} by words")
    if processes:
        reports = api.run(made, files(program, given, folder), seed=1).reports
        for o in made.compiled.outputs:
            for receiver in o.receivers:
                learned = reports[receiver].outputs[o.name]
                if not np.array_equal(np.asarray(learned, dtype=object), np.asarray(found[o.name], dtype=object)):
                    raise differs(f"{o.name} is {learned} in a run and {found[o.name]} by words")


def exactly(at: np.ndarray, scale: Fraction) -> np.ndarray:
    return array((Fraction(int(v)) * scale for v in np.asarray(at, dtype=object).reshape(-1)), np.shape(at))


def each_unit(at: np.ndarray, unit: Fraction) -> np.ndarray:
    whole = np.empty(at.size, dtype=object)
    whole[:] = [int(v / unit) for v in at.reshape(-1)]
    return whole.reshape(at.shape)


def spread(at: np.ndarray) -> str:
    return f"{at.shape} {[str(v) for v in at.reshape(-1)]}"


def main(seed: int) -> None:
    """Say what is wrong with a program, and with a smaller one."""

    def fails(candidate: Program) -> bool:
        try:
            agree(candidate, folder, seed)
        except Difference:
            return True
        except Exception:  # it has lost something that it needs
            return False
        return False

    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = program(seed)
        if fails(whole):
            agree(shrunk(whole, fails), folder, seed)
        agree(whole, folder, seed, processes=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
