"""A compiled program, and what one does with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ccr import looks, options
from ccr.inputs import given, names
from ccr.inspection import Inspection, inspected
from ccr.numbers import numbers
from ccr.privacy import Privacy, spent
from ccr.progress import progress_of
from ccr.result import Result
from ccr.sessions import Session
from ccr.wording import in_python
from lang.numerals import counted
from lang.problems.problem import Problem
from runtime import api, program
from runtime.api import PATIENCE
from runtime.files import ARTIFACT, replace_bytes, spare
from runtime.party.alone import Connection
from runtime.report.traffic import Link
from runtime.report.wording import listing
from runtime.report.work import work

Columns = Mapping[str, str | Iterable[str]]  # by field of a data set: columns of a table, `a..b` for all from a to b
Inputs = Mapping[str, object]


class Program:
    """As `ccr.compile` makes it.

    Inputs are given by name: numbers, arrays (NumPy's, or whatever becomes one), data frames, paths as the command
    takes them, and for a data set also a mapping from its fields to arrays of rows.  What cannot be a keyword, such as
    "bank_a.payments", stands in a mapping before them: `{"bank_a.payments": frame}` or `{"bank_a": {"payments":
    frame}}`.  Values are rounded to the grid of their kind, half up, and never clamped.

    Outputs are float64 where their kind has a fraction, else int64 (Python's where that is too short); `raw` are always
    the integers of the grid.
    """

    def __init__(self, compiled: program.Program) -> None:
        self.built = compiled  # as the rest of ccr has it

    @property
    def name(self) -> str:
        """Of its file."""
        return self.built.name

    @property
    def digest(self) -> str:
        """What both parties compare."""
        return self.built.digest

    @property
    def inputs(self) -> Mapping[str, str]:
        """Each one's name, with its kind and who brings it."""
        return names(self.built.compiled)

    @property
    def outputs(self) -> Mapping[str, str]:
        """Each one's name, with its kind and who learns it."""
        return {o.name: f"{o.kind} to {', '.join(o.receivers)}" for o in self.built.compiled.outputs}

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Of the text, in its order."""
        return self.built.warnings

    def save(self, path: str | Path) -> None:
        """Write the artifact, which both parties can run.  Raises OSError, also where another file would be lost."""
        file = options.path(path)
        spare(file, ARTIFACT)
        replace_bytes(file, self.built.artifact)

    def simulate(
        self,
        inputs: Inputs | None = None,
        /,
        *,
        seed: int | None = None,
        columns: Columns | None = None,
        raw: bool = False,
        **named: object,
    ) -> dict[str, NDArray[Any]]:
        """All outputs, computed here in the clear: what a run would give, noise included, at no cost.

        This is no private run: whoever calls it has all inputs.  A run with the same `seed` gives the same.
        Raises InputError, and ValueError for what is no seed.
        """
        seed, columns, raw = options.seed(seed), options.columns(columns), options.flag("raw", raw)
        values = given(self.built.compiled, inputs, named)
        with in_python():
            found = api.simulate(self.built, values, seed, columns)
        return self._numbers(found, raw)

    def run(
        self,
        inputs: Inputs | None = None,
        /,
        *,
        seed: int | None = None,
        delta: float | None = None,
        columns: Columns | None = None,
        raw: bool = False,
        timeout: float = PATIENCE,
        not_private: bool = False,
        progress: bool | None = None,
        threads: int = 1,
        **named: object,
    ) -> Result:
        """Run it by the real protocol, between processes of this machine, one for each party.

        Progress is shown in a notebook and on a terminal, elsewhere if it is asked for.  So many `threads` share the
        gates of each party.  With a `seed` the run is not private.  Raises InputError and, unless it may be
        `not_private`, Refused where records would leave at an infinite epsilon, both before anything is sent;
        ValueError for what is no seed, no delta or no number of threads; and PartyFailed.
        """
        threads = options.count("threads", threads)
        seed, columns, delta = options.seed(seed), options.columns(columns), options.between("delta", delta, high=1)
        timeout, raw = options.between("timeout", timeout) or PATIENCE, options.flag("raw", raw)
        not_private = options.flag("not_private", not_private)
        progress = None if progress is None else options.flag("progress", progress)
        program, values = self.built, given(self.built.compiled, inputs, named)
        with in_python(), progress_of(program, api.of_each(program) or {"": program}, progress) as advance:
            ended = api.run(program, values, seed, timeout, columns, not_private, delta, advance, threads=threads)
        return Result(ended, self._numbers(ended.outputs, raw))

    def session(
        self,
        inputs: Inputs | None = None,
        /,
        *,
        seed: int | None = None,
        columns: Columns | None = None,
        timeout: float = PATIENCE,
        connection: Connection | None = None,
        raw: bool = False,
        threads: int = 1,
        **named: object,
    ) -> Session:
        """As `run`, of a program with `release = step`: a loop over its steps, which says with what weights each goes
        on.

        With a `connection` it is the party that is told the steps alone, whose peer runs `ccr run --as`, and its own
        inputs are given.  Raises as `run`, what is wrong with a connection when the loop is entered, and ValueError for
        a program that tells no steps.
        """
        seed, columns, connection = options.seed(seed), options.columns(columns), options.connection(connection)
        timeout, raw = options.between("timeout", timeout) or PATIENCE, options.flag("raw", raw)
        threads, compiled = options.count("threads", threads), self.built.compiled
        values = given(compiled, inputs, named, api.told(self.built) if connection else "")
        return Session(
            api.session(self.built, values, seed, timeout, columns, connection, threads),
            lambda found: self._numbers(found, raw),
        )

    def privacy(
        self,
        records: int | Mapping[str, int] | None = None,
        *,
        delta: float | None = None,
        epsilon: float | None = None,
    ) -> Privacy:
        """What a run gives away of data sets of so many records, by owner where they are several: epsilon for delta.

        An `epsilon` asks what noise, or how many steps, would cost that.  Takes seconds.  Raises ValueError where
        nothing can be said.
        """
        return spent(self.built, records, delta, epsilon)

    def inspect(
        self,
        records: int | None = None,
        *,
        delta: float | None = None,
        link: Link | None = None,
    ) -> Inspection:
        """What a run costs, by kernel and source line, and who learns what; with `records` also epsilon."""
        return inspected(self.built, records, delta, link)

    def _numbers(self, found: Mapping[str, Any], raw: bool) -> dict[str, NDArray[Any]]:
        types = {o.name: o.type for o in self.built.compiled.outputs}
        return {name: value if raw else numbers(name, value, types[name]) for name, value in found.items()}

    def __deepcopy__(self, _: object) -> Program:
        """It does not change."""
        return self

    def __repr__(self) -> str:
        compiled = self.built.compiled
        taken, learned = listing(list(self.inputs)) or "nothing", listing(list(self.outputs))
        more = f", {counted(len(self.warnings), 'warning')}" if self.warnings else ""
        return f"<ccr program {self.name} ({looks.short(work(compiled))}): takes {taken}, gives {learned}{more}>"

    def _repr_html_(self) -> str:
        return looks.program(self.built)
