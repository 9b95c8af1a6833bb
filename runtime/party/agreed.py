"""What a party needs before it meets another: inputs that are read, a permit, and a log where steps are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.program import owner
from compiler.schedule.told import trainings
from runtime.contract.sign import digest
from runtime.contract.terms import Contract
from runtime.data.columns import NONE, Chosen
from runtime.data.memory import Input
from runtime.data.references import path_of
from runtime.data.unchanged import unchanged
from runtime.execute.follow import Follow
from runtime.party.ledger_permit import Bearer, permit
from runtime.party.run import prepare
from runtime.party.sources import PartySources
from runtime.party.step_log import StepLog, beside
from runtime.policy.rules import Policy
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.permit import Permit


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a run under a contract is given besides."""

    contract: Contract
    ledger: Path
    policy: Policy | None = None
    continues: bool = False  # a run that was cut
    run: str = ""  # which one, as this party's ledger names it; the oldest if it is not said


@dataclass(frozen=True, slots=True)
class Ready:
    """To meet the peer."""

    sources: PartySources
    permit: Permit
    follow: Follow

    @property
    def told(self) -> bool:
        """A step of the run has left this party, or come to it: a session can go on behind it."""
        return self.permit.told or self.follow.log.told


def ready(
    program: Program,
    bearer: Bearer,
    inputs: Mapping[str, Input],
    seed: int | None,
    columns: Chosen = NONE,
    agreed: Agreed | None = None,
) -> Ready:
    """Raises InputError and Refused, before anybody is met."""
    with unchanged(
        path_of(given) for given in inputs.values() if isinstance(given, str)
    ):  # what is charged is what is computed on
        sources = prepare(program, bearer.party, inputs, RunSecret.of(seed, owner(program.compiled)), columns)
        if agreed is None:
            return Ready(sources, Permit(), Follow())
        given = permit(
            agreed.contract,
            program,
            bearer,
            inputs,
            agreed.ledger,
            sources.loaded,
            agreed.policy,
            agreed.continues,
            agreed.run,
        )
    if bearer.party not in {training.to for training in trainings(program.compiled.plan)}:
        return Ready(sources, given, Follow())
    contract = digest(agreed.contract.terms)
    return Ready(sources, given, Follow(StepLog(beside(agreed.ledger), contract, program, agreed.continues)))
