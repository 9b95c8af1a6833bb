"""What is in a ledger, in words and as JSON.

A data set is called by its label and its place in the ledger, never by its content's hash, with which whoever reads
the screen or a log could test guesses of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import assert_never

from lang.numerals import counted, spelled
from runtime.ledger.books import OPEN, Books
from runtime.ledger.endings import ended
from runtime.ledger.events import (
    Adopted,
    Allotted,
    Blocked,
    Continued,
    Contracted,
    Corrected,
    CutOff,
    Denied,
    Event,
    Granted,
    Lifted,
    Moved,
    Reserved,
    Revoked,
    State,
    Stepped,
    Unbounded,
)
from runtime.report.wording import amount, listing

COMPOSED = (
    "runs add up (basic composition); those that one `pld` contract fixes beforehand are charged once, as one "
    "PLD composition"
)


class Names:
    """Data sets by number, in the order of their first grant; those that have one budget have one number."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._books = Books()
        self._labels: dict[str, dict[str, str]] = {}  # by the first of a budget's data sets, then by data set
        for event in events:
            if isinstance(event, Granted):
                self._books.take(event)
                self._labels.setdefault(self._books.first(event.data), {})[event.data] = event.label
        self.numbers = {data: number for number, data in enumerate(self._labels, 1)}

    def number(self, data: str) -> int | None:
        """None for records that nobody has granted a budget."""
        return self.numbers.get(self._books.first(data))

    def __getitem__(self, data: str) -> str:
        if self.number(data) is None:
            return "records without a budget"
        labels = dict.fromkeys(self._labels[self._books.first(data)].values())
        return f"{' and '.join(labels)} (data set {self.number(data)})"


def overview(names: Names, books: Books, only: str | None) -> list[dict[str, object]]:
    """One object for each data set, or for `only` this one."""
    return [
        {
            "data": names.number(data),
            "label": grant.label,
            "granted": amount(grant.budget.spend),
            "charged": amount(books.charged(data)),
            "left": amount(grant.budget.spend - books.charged(data)),
            "policy": _policy(books, data),
            "reveals": list(grant.reveals),
            "revealed": books.revealed(data),
            "consumers": [
                {
                    "label": share.label,
                    "fingerprint": key,
                    "allotted": amount(share.budget.spend),
                    "charged": amount(books.charged(data, key)),
                    "left": amount(share.budget.spend - books.charged(data, key)),
                }
                for (of, key), share in books.allotted.items()
                if of == data
            ],
            "steps": [
                {
                    "run": name,
                    "told": told,
                    "of": books.runs[name].steps,
                    "ended": books.states[name] is State.STOPPED,
                    "gives_back": spelled(gives_back(books, name)),
                }
                for name, told in books.sessions.spent.items()
                if books.concerns(books.runs[name], data)
            ],
            "runs": {
                state.value: sum(
                    books.concerns(run, data) and books.states[name] is state for name, run in books.runs.items()
                )
                for state in State
            },
        }
        for data, grant in books.granted.items()
        if only in (None, data)
    ]


def lines(names: Names, books: Books, only: str | None) -> list[str]:
    said = budgets(names, books, only)
    said += [f"contract {contract[:16]} is blocked: {event.why}" for contract, event in books.blocked.items()]
    said += [f"contract {contract[:16]} is revoked by {event.party}" for contract, event in books.revoked.items()]
    return [*said, COMPOSED] if said else ["no budget has been granted"]


def budgets(names: Names, books: Books, only: str | None) -> list[str]:
    """What is granted, allotted, charged and left."""
    said: list[str] = []
    for data, grant in books.granted.items():
        if only not in (None, data):
            continue
        taken = books.charged(data)
        said += [
            names[data],
            f"  granted {grant.budget.spend}{_under(books, data)}",
            f"  charged {taken}",
            f"  left    {grant.budget.spend - taken}",
        ]
        for (of, key), share in books.allotted.items():
            if of == data:
                taken = books.charged(data, key)
                said += [
                    f"  {share.label} (fingerprint {key})",
                    f"    allotted {share.budget.spend}",
                    f"    charged  {taken}",
                    f"    left     {share.budget.spend - taken}",
                ]
        said += _reveals(grant, books.revealed(data))
        if held := sum(books.concerns(run, data) and books.states[name] in OPEN for name, run in books.runs.items()):
            said.append(f"  {held} of the charges may still be given back: their runs have released nothing")
        said += [f"  {line}" for line in _steps(books, data)]
    return said


def _policy(books: Books, data: str) -> dict[str, object] | None:
    under = books.under(data)
    if under is None:
        return None
    return {"name": books.policies[under].name, "version": books.policies[under].version, "digest": under}


def _under(books: Books, data: str) -> str:
    under = books.under(data)
    return (
        ""
        if under is None
        else f", under policy `{books.policies[under].name}` version {books.policies[under].version}"
    )


def _steps(books: Books, data: str) -> list[str]:
    """Of the runs that tell steps, how many have left."""
    told = [(name, run) for name, run in books.runs.items() if name in books.sessions.spent]
    return [
        f"run {name[:16]}: {books.sessions.spent[name]} of {run.steps} steps told{_may_become(books, name)}"
        for name, run in told
        if books.concerns(run, data)
    ]


def _may_become(books: Books, name: str) -> str:
    if books.states[name] is State.STOPPED:
        return ", ended for good"
    if name not in books.sessions.unfinished.get(books.runs[name].contract, ()):
        return ""
    back = gives_back(books, name)
    return ", `ccr run --continue` goes on" + (f", `ccr budget end` gives epsilon {spelled(back)} back" if back else "")


def gives_back(books: Books, name: str) -> Fraction:
    """Epsilon, if this run were ended now."""
    run = books.runs[name]
    if not isinstance(run, Reserved) or name not in books.sessions.unfinished.get(run.contract, ()):
        return Fraction(0)
    return run.charge.spend.epsilon - ended(run, books.sessions.spent[name]).charge.spend.epsilon


def _reveals(grant: Granted, revealed: list[str]) -> list[str]:
    said = [f"  {listing(grant.reveals)} may tell records at an infinite epsilon"] if grant.reveals else []
    if revealed:
        told = [f"`{output}` in {counted(revealed.count(output), 'run')}" for output in sorted(set(revealed))]
        said.append(f"  told at an infinite epsilon: {', '.join(told)}; what is charged does not count it")
    return said


def history(names: Names, events: Sequence[Event]) -> list[str]:
    return [
        f"{number:4}  {event.at:%Y-%m-%d %H:%M:%S}  {event.state if isinstance(event, Moved) else event.kind:11}  "
        f"{_about(names, event)}"
        for number, event in enumerate(events, 1)
    ]


def _about(names: Names, event: Event) -> str:
    match event:
        case Adopted():
            return f"policy `{event.name}` version {event.version}, {event.policy}"
        case Granted():
            reveals = f", and {listing(event.reveals)} at an infinite epsilon" if event.reveals else ""
            people = ", of other people than those that it shares records with" if event.distinct else ""
            under = f", under policy {event.policy[:16]}" if event.policy is not None else ""
            return f"{names[event.data]}: {event.budget.spend}{reveals}{people}{under}"
        case Allotted():
            return f"{event.label} (fingerprint {event.consumer}) of {names[event.data]}: {event.budget.spend}"
        case Reserved() | Unbounded():
            return _started(names, event)
        case Moved() | CutOff():
            return f"run {event.run[:16]}" + (f": {event.why}" if event.why else "")
        case Contracted():
            return (
                f"{event.contract[:16]} {event.step.replace('_', ' ')}, with {event.peer.name} (fingerprint "
                f"{event.peer.key})"
            )
        case Denied():
            return _denied(names, event)
        case Stepped():
            return f"run {event.run[:16]}: step {event.index + 1}"
        case Continued():
            return f"run {event.run[:16]}, from step {event.index + 1} on"
        case Blocked():
            return f"contract {event.contract[:16]}: {event.why}"
        case Lifted():
            return f"contract {event.contract[:16]}"
        case Revoked():
            return f"contract {event.contract[:16]} by {event.party}"
        case Corrected():
            return f"the clock, which had been at {event.ahead:%Y-%m-%d %H:%M:%S}"
        case _:
            assert_never(event)


def _started(names: Names, event: Reserved | Unbounded) -> str:
    of = " and ".join(names[data] for data in event.data)
    costs = [f"{event.charge.spend}, {event.composition} composition"] if isinstance(event, Reserved) else []
    costs += [f"`{reveal.output}` at an infinite epsilon" for reveal in event.reveals]
    made = f" for {event.purpose}" if event.purpose is not None else ""
    made += f" under policy {event.policy[:16]}" if event.policy is not None else ""
    return f"run {event.run[:16]} of contract {event.contract[:16]}{made} on {of}: {'; '.join(costs)}"


def _denied(names: Names, event: Denied) -> str:
    contract = [f"contract {event.contract[:16]}"] if event.contract else []
    data = [f"on {' and '.join(names[data] for data in event.data)}"] if event.data else []
    consumer = [f"for fingerprint {event.consumer}"] if event.consumer else []
    times = [f"{event.times} times by now"] if event.times > 1 else []
    return ", ".join([f"{event.attempt.value} ({event.rule})", *contract, *data, *consumer, *times])


def history_json(names: Names, events: Sequence[Event]) -> list[dict[str, object]]:
    return [{"number": number, **plain(names, event)} for number, event in enumerate(events, 1)]


def plain(names: Names, event: Event) -> dict[str, object]:
    """As JSON, its data sets by their numbers."""
    fields: dict[str, object] = event.model_dump(mode="json")
    match event:
        case Granted():
            fields["data"], fields["same_as"] = names.number(event.data), event.same_as and names.number(event.same_as)
            del fields["marks"]
        case Allotted():
            fields["data"] = names.number(event.data)
        case Reserved() | Unbounded():
            fields["data"] = [names.number(data) for data in event.data]
            fields["reveals"] = [reveal.output for reveal in event.reveals]
        case Denied():
            fields["data"] = [names.number(data) for data in event.data]
        case (
            Adopted()
            | Moved()
            | Stepped()
            | Continued()
            | CutOff()
            | Contracted()
            | Blocked()
            | Lifted()
            | Revoked()
            | Corrected()
        ):
            pass
        case _:
            assert_never(event)
    return fields
