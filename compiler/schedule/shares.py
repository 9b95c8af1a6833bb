"""Holds a plan's products to what makes a cheat with shares harmless, as far as a plan alone shows it.

The words that were proved private are not in a plan: that each gradient is short and its sum hidden by noise cannot be
seen here.  What can: products stand in the loops of a program that hides sums by noise; who has which share; and that
shares leave the clear words they are added up in by being entered, as whole rings, or, the garbler's, by being handed
over with noise of its own, behind everything that the evaluator enters in a step, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from compiler.schedule.plan import (
    Carry,
    Clear,
    Copy,
    Disclose,
    Enter,
    Free,
    Hand,
    Launch,
    Open,
    Plan,
    Product,
    Repeat,
    Step,
    Tell,
)
from compiler.words.ir import Value, full_range
from compiler.words.operations import Linear, Noise, Round


class ShareError(Exception):
    """A plan whose shares go where the compiler sends none: which step (numbered as `show` does), and why."""


def verify(plan: Plan, garbler: str, evaluator: str, noisy: bool) -> None:
    """Raises ShareError.  `noisy`: a mechanism of the program adds noise.  The plan has passed `verify.verify`."""
    _Shares(plan, garbler, evaluator, noisy).body(plan.steps, "", 0)


class _Shares:
    """Goes through the steps once, in order."""

    def __init__(self, plan: Plan, garbler: str, evaluator: str, noisy: bool) -> None:
        self.plan, self.parties, self.noisy = plan, (garbler, evaluator), noisy
        self.owners: dict[int, str] = {}  # of the clear words that are shares or made of them
        self.entered: set[int] = set()  # buffers that hold shares and nothing else
        self.learned: set[int] = set()  # the evaluator's, from what it was told
        self.hidden: set[int] = set()  # those of them that hold a share with noise
        self.noises: set[tuple[int, int]] = set()  # that hide them: draw and variable
        self.opened = False
        self.step = ""

    def require(self, condition: bool, reason: str) -> None:
        if not condition:
            raise ShareError(f"step {self.step}: {reason}")

    def body(self, steps: Sequence[Step], prefix: str, depth: int) -> None:
        told = False
        for number, step in enumerate(steps):
            self.step = f"{prefix}{number}"
            joint = isinstance(step, Launch | Product | Enter | Repeat)
            self.require(not (told and joint), "joint work after a noisy sum of its step is told")
            match step:
                case Disclose():
                    self.require(step.buffer not in self.entered, "a share is disclosed")
                    self.learned.add(step.clear)
                    self.require(step.to == self.parties[1], "a noisy sum is told to the garbler")
                    told = True
                case Hand():
                    self.require(step.own in self.hidden, "a share is handed over without noise")
                    self.require(self.owners.get(step.other) == self.parties[1], "a share is added to what is none")
                    self.learned.add(step.clear)
                    self.require(step.to == self.parties[1], "a share is handed to the garbler")
                    told = True
                case Carry():
                    self.require(self.owners.keys().isdisjoint(step.sources), "a share is carried to the next step")
                case Open():
                    self.require(step.buffer not in self.entered, f"a share is given away as `{step.name}`")
                    self.opened = True
                case Tell():
                    self.require(step.clear not in self.owners, f"a share is told as `{step.name}`")
                case Repeat():
                    self.require(not self.opened, "joint work after an output is opened")
                    self.body(step.body, f"{self.step}.", depth + 1)
                case Launch():
                    self.require(not self.opened, "joint work after an output is opened")
                    self.entered.difference_update(view.buffer for view in step.writes)
                case Enter():
                    self.require(not self.opened, "something is entered after an output is opened")
                    self._enter(step)
                case Product():
                    self.require(not self.opened, "joint work after an output is opened")
                    self._product(step, depth)
                case Clear():
                    self._clear(step)
                case Copy():
                    self.require(step.source.buffer not in self.entered, "a share is copied before it is joined")
                case Free():
                    self.entered.discard(step.buffer)
                case _:
                    assert_never(step)

    def _product(self, step: Product, depth: int) -> None:
        self.require(self.noisy, "products as shares in a program without noise")
        self.require(depth > 0, "products as shares outside the loops that add noise")
        self.require(step.parties == self.parties, "the shares of a product are not its garbler's and its evaluator's")
        self.require(step.joint.buffer not in self.entered, "a product by the bits of a share")
        for party, number in zip(step.parties, step.shares, strict=True):
            self.owners[number] = party

    def _clear(self, step: Clear) -> None:
        shared = [number for number in step.reads if number in self.owners]
        if shared:
            for number in shared:
                self.require(self.owners[number] == step.party, f"`{step.party}` reads a share that is not its own")
            self.hidden |= {w for w, r in zip(step.writes, step.block.results, strict=True) if self._hides(step, r)}
        if not self.learned.isdisjoint(step.reads):  # it makes of what it was told what it likes: no share any more
            self.learned.update(step.writes)
        elif shared:
            self.owners.update(dict.fromkeys(step.writes, step.party))

    def _hides(self, step: Clear, result: int) -> bool:
        """Is it the sum, in a ring, of something and noise of the garbler's that hides nothing else?"""
        items = dict(step.block.numbered())
        ring = items.get(result)
        if step.party != self.parties[0] or not (isinstance(ring, Value) and isinstance(ring.op, Round)):
            return False
        whole = (ring.op.lo, ring.op.hi) == full_range(ring.type.width, True)
        added = items.get(ring.args[0])
        if not (whole and ring.op.wrap and isinstance(added, Value) and isinstance(added.op, Linear)):
            return False
        drawn = [i.op for i in map(items.get, added.args) if isinstance(i, Value) and isinstance(i.op, Noise)]
        fresh = {(noise.draw, noise.variable) for noise in drawn} - self.noises
        self.noises |= fresh
        return len(added.args) == 2 and len(fresh) == 1 and all(added.op.coefficients)

    def _enter(self, step: Enter) -> None:
        """A share by its owner and in a ring; what the evaluator may add is then a number of that ring."""
        if step.clear not in self.owners:
            self.entered.discard(step.buffer)
            return
        self.require(self.owners[step.clear] == step.party, "a share is entered that is another party's")
        whole = (step.type.lo, step.type.hi) == full_range(step.type.width, True)
        self.require(whole, f"a share is entered as {step.type}, which is not a ring")
        self.entered.add(step.buffer)
