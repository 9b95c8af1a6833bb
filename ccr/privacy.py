"""What a program gives away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ccr import looks, options
from compiler.program import Compiled
from lang.numerals import counted
from runtime import api
from runtime.privacy.cost import stated
from runtime.program import Program
from runtime.report.plot import figure
from runtime.report.spending import Spending, SpendingOfAll, spending, spending_of_all
from runtime.report.wording import listing


class Privacy:
    """Of `Program.privacy`.  `print` tells it as the command does."""

    def __init__(self, name: str, found: Spending | SpendingOfAll) -> None:
        self._name, self._found = name, found

    @property
    def epsilon(self) -> float:
        """An upper bound, infinite where records are told as they are; of several owners that of the one who loses
        most."""
        found = self._found.privacy.cost if isinstance(self._found, Spending) else self._found.everyone.cost
        assert found is not None  # `spending` raises
        return found

    @property
    def delta(self) -> float:
        """For which epsilon is told."""
        return (self._found.privacy if isinstance(self._found, Spending) else self._found.everyone).delta

    @property
    def epsilons(self) -> Mapping[str, float]:
        """By owner, where they are several."""
        found = self._found
        return {} if isinstance(found, Spending) else {o: s.privacy.cost or 0.0 for o, s in found.of.items()}

    def plot(self) -> Any:
        """Epsilon over steps and over delta, a Figure of matplotlib; of several owners for the dearest.

        Raises ModuleNotFoundError without it: `pip install 'ccr-lang[plot]'`.
        """
        return figure(self._found if isinstance(self._found, Spending) else self._found.dearest)

    def as_dict(self) -> dict[str, object]:
        """As `ccr privacy --json`."""
        return self._found.as_json()

    def __str__(self) -> str:
        return self._found.text()

    def __repr__(self) -> str:
        return f"<ccr privacy of {self._name}: epsilon {looks.epsilon(self.epsilon)} at delta {self.delta:g}>"

    def _repr_html_(self) -> str:
        return looks.privacy(f"epsilon {looks.epsilon(self.epsilon)} at delta {self.delta:g}", str(self))


def spent(
    program: Program, records: int | Mapping[str, int] | None, delta: float | None, epsilon: float | None
) -> Privacy:
    """Raises ValueError where there is no mechanism, or nobody can say what it costs."""
    if not program.compiled.mechanisms:
        raise ValueError(
            f"{program.name} has no privacy mechanism, so no epsilon: records leave with one only through a `dpsgd` or "
            "`measure` with noise above 0"
        )
    delta, epsilon = options.between("delta", delta, high=1), options.between("epsilon", epsilon)
    if not program.owners:
        return Privacy(program.name, spending(program.compiled, _rows(program.compiled, records), delta, epsilon))
    of = records if isinstance(records, Mapping) else dict.fromkeys(program.owners, records)
    if foreign := sorted(set(of) - set(program.owners)):
        raise ValueError(f"`{foreign[0]}` is no owner of a data set: {', '.join(program.owners)}")
    parts = [(own.compiled, _rows(own.compiled, of.get(owner), owner)) for owner, own in api.of_each(program).items()]
    return Privacy(program.name, spending_of_all(parts, delta, epsilon))


def _rows(program: Compiled, records: int | Mapping[str, int] | None, owner: str = "") -> dict[str, int]:
    """Of every data set that a mechanism reads.  Raises ValueError."""
    used, said = sorted({m.dataset for m in program.mechanisms}), stated(program)
    known = _by_dataset(program, records, used) | said
    if missing := [name for name in used if name not in known]:
        how = f"records={{{owner!r}: n, ...}}" if owner else "records=n"
        raise ValueError(f"how many records `{missing[0]}` has is not known: say {how}")
    for m in program.mechanisms:
        if m.batch > known[m.dataset]:
            rows = counted(known[m.dataset], "record")
            raise ValueError(f"a batch of {m.batch} from {rows} of `{m.dataset}` cannot be: lower the batch")
    return known


def _by_dataset(program: Compiled, records: int | Mapping[str, int] | None, used: Sequence[str]) -> dict[str, int]:
    """What is said of an owner is said of each of its data sets.  Raises ValueError."""
    if not isinstance(records, Mapping):
        return {} if records is None else dict.fromkeys(used, options.count("records", records))
    of = {d.name: d.party for d in program.datasets}
    if foreign := [name for name in records if name not in {*of, *of.values()}]:
        raise ValueError(f"records: `{foreign[0]}` is no data set and no owner of one; there are {listing(list(of))}")
    counts = {name: options.count(f'records["{name}"]', n) for name, n in records.items()}
    return {name: counts.get(name, counts.get(owner, 0)) for name, owner in of.items() if {name, owner} & counts.keys()}
