"""What a run has cost that was ended for good at a stop which its contract names.  No I/O here.

All of it is fixed when the run is reserved: by how many steps are spent then, and by nothing that was released.
"""

from __future__ import annotations

from runtime.contract import stops
from runtime.contract.refused import Refused
from runtime.ledger.events import Reserved, Unbounded, budget


def agree(run: Reserved) -> None:
    """The stops of a run fit each other and what is taken at first.  Raises Refused (stops-differ)."""
    if not run.endings:
        return
    stops.fit([(e.steps, e.cost.delta) for e in run.endings], run.steps, run.cost.delta)
    if not run.composition == "basic" or not run.cost == run.charge == ended(run, run.steps).charge:
        raise Refused("stops-differ", "the run is to be charged otherwise than what its last stop costs")


def ended(run: Reserved, spent: int) -> Reserved:
    """The run as it is charged when no step follows those that are spent; as before where there is no such stop."""
    costs = [(e.steps, e.cost.spend) for e in run.endings]
    if all(at < spent for at, _ in costs):
        return run
    return run.model_copy(update={"charge": budget(stops.after(costs, spent, run.cost.delta))})


def may_end(run: Reserved | Unbounded, spent: int) -> None:
    """Raises Refused (nothing-to-give-back): a run that would cost as much may as well go on."""
    if isinstance(run, Unbounded) or not run.endings:
        raise Refused(
            "nothing-to-give-back",
            "the contract names no stops, so a run that is ended before its end has cost as much as a whole one",
            help="stops are named beforehand: `ccr contract new --stops`",
        )
    if ended(run, spent).charge == run.charge:
        before = max((e.steps for e in run.endings if e.steps < spent), default=0)
        raise Refused(
            "nothing-to-give-back",
            f"{spent} of {run.steps} steps are told, and the run costs as much as a whole one"
            + (f" from step {before + 1} on" if before else ""),
            help="the steps that are left may be used: `ccr run --continue`",
        )
