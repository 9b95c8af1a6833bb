"""What the nets of a circuit are, for all inputs: sums, mod 2, of nets before them.

Each net is written down as a sum of inputs, of ANDs and perhaps of 1, so that sums are compared by algebra and a SAT
solver is left with the ANDs.  Nets that are the same sum are one variable of it.  What has been proved stands in
`sums`, into which nothing else gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from compiler.gates.circuit import Circuit, GateOp

SOLVER = "glucose4"
ONE = 1  # the mask of the sum that is 1


class MissingSolver(Exception):
    """The optional package `python-sat` is not installed."""


class Solver(Protocol):
    """A pysat.solvers.Solver, which ships no types."""

    def append_formula(self, formula: Sequence[Sequence[int]], no_return: bool = ...) -> object: ...
    def conf_budget(self, budget: int) -> None: ...
    def solve_limited(self, assumptions: Sequence[int]) -> bool | None: ...
    def get_model(self) -> list[int]: ...
    def accum_stats(self) -> dict[str, int]: ...
    def delete(self) -> None: ...


class Prover:
    """Nets are taken one after the other; of the last one it can be asked what it is."""

    def __init__(self, circuit: Circuit) -> None:
        """Raises MissingSolver."""
        try:
            made = import_module("pysat.solvers").Solver(name=SOLVER)
        except ModuleNotFoundError:
            raise MissingSolver from None
        self.circuit = circuit
        self.forms = [0, *(1 << (1 + i) for i in range(circuit.inputs))]  # by net: bit 0 for 1, then the columns
        self.columns = [0, *range(1, 1 + circuit.inputs)]  # the net of each: an input, or an AND that is no known sum
        self._sums: dict[int, tuple[int, ...]] = {}
        self._solver = cast("Solver", made)
        self._variables = 1 + circuit.inputs  # 1 is true, 2 and on are the inputs
        self._variable = {0: -1} | {1 << (1 + i): 2 + i for i in range(circuit.inputs)}  # by form, without its 1
        self._solver.append_formula([[1]], no_return=True)

    def close(self) -> None:
        self._solver.delete()

    @property
    def sums(self) -> Mapping[int, tuple[int, ...]]:
        """By net: the literals of which it is proved to be the sum."""
        return MappingProxyType(self._sums)

    @property
    def conflicts(self) -> int:
        """So far: the measure of the solver's work, the same on every machine."""
        return self._solver.accum_stats()["conflicts"]

    def form(self, literal: int) -> int:
        return self.forms[literal >> 1] ^ literal & 1

    def take(self) -> int:
        """The next net; an AND is a column of its own until it is proved to be a sum."""
        net = len(self.forms)
        op, left, right = self.circuit.gates[net - 1 - self.circuit.inputs]
        a, b = self._literal(self.form(left)), self._literal(self.form(right))
        if op is GateOp.XOR:
            form = self.form(left) ^ self.form(right)
            if form & ~ONE not in self._variable:
                made = self._xor(a, b)
                self._variable[form & ~ONE] = -made if form & ONE else made
        else:
            form = 1 << len(self.columns)
            self.columns.append(net)
            self._variable[form] = made = self._new()
            self._solver.append_formula([[-made, a], [-made, b], [made, -a, -b]], no_return=True)
        self.forms.append(form)
        return net

    def ask(self, literals: Sequence[int], conflicts: int) -> bool | list[int]:
        """Whether the last net, an AND, is always the sum of these, of nets before it.

        True if that is proved; inputs for which it is not, if there are any; False if so many conflicts do not decide.
        """
        net = len(self.forms) - 1
        if self.columns[-1] != net or any(literal >> 1 >= net for literal in literals):
            raise ValueError("only the last net is asked for, if it is an AND, and by nets before it")
        own, total, form = self._variable[1 << len(self.columns) - 1], -1, 0
        for literal in literals:
            total = self._xor(total, self._literal(self.form(literal)))
            form ^= self.form(literal)
        for one, other in ((own, -total), (-own, total)):
            self._solver.conf_budget(conflicts)
            match self._solver.solve_limited([one, other]):
                case True:
                    model = self._solver.get_model()
                    return [int(model[1 + i] > 0) for i in range(self.circuit.inputs)]
                case None:
                    return False
                case False:
                    self._solver.append_formula([[-one, -other]], no_return=True)
        del self._variable[1 << len(self.columns) - 1]
        self.columns.pop()
        self.forms[net] = form
        self._variable.setdefault(form & ~ONE, -own if form & ONE else own)
        self._sums[net] = tuple(literals)
        return True

    def _literal(self, form: int) -> int:
        variable = self._variable[form & ~ONE]
        return -variable if form & ONE else variable

    def _new(self) -> int:
        self._variables += 1
        return self._variables

    def _xor(self, a: int, b: int) -> int:
        if abs(a) == 1 or abs(b) == 1:
            constant, other = (a, b) if abs(a) == 1 else (b, a)
            return -other if constant > 0 else other
        made = self._new()
        clauses = [[-made, a, b], [-made, -a, -b], [made, -a, b], [made, a, -b]]
        self._solver.append_formula(clauses, no_return=True)
        return made
