"""What is in a ledger, in words and as JSON.

A data set is called by its label and its place in the ledger, never by its content's hash, with which whoever reads
the screen or a log could test guesses of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from runtime.ledger.books import OPEN, Books
from runtime.ledger.events import Allotted, Blocked, Event, Granted, Lifted, Moved, Reserved, State
from runtime.report.wording import amount

COMPOSED = (
    "runs add up (basic composition); those that one `pld` contract fixes beforehand are charged once, as one "
    "PLD composition"
)


class Names:
    """Data sets by number, in the order of their first grant."""

    def __init__(self, events: Sequence[Event]) -> None:
        granted = [event for event in events if isinstance(event, Granted)]
        self.numbers = {data: number for number, data in enumerate(dict.fromkeys(g.data for g in granted), 1)}
        self.labels = {g.data: g.label for g in granted}

    def __getitem__(self, data: str) -> str:
        return f"{self.labels[data]} (data set {self.numbers[data]})"


def overview(names: Names, books: Books, only: str | None) -> list[dict[str, object]]:
    """One object for each data set, or for `only` this one."""
    return [
        {
            "data": names.numbers[data],
            "label": grant.label,
            "granted": amount(grant.budget.spend),
            "charged": amount(books.charged(data)),
            "left": amount(grant.budget.spend - books.charged(data)),
            "consumers": [
                {
                    "label": share.label,
                    "key": key,
                    "allotted": amount(share.budget.spend),
                    "charged": amount(books.charged(data, key)),
                    "left": amount(share.budget.spend - books.charged(data, key)),
                }
                for (of, key), share in books.allotted.items()
                if of == data
            ],
            "runs": {
                state.value: sum(data in run.data and books.states[name] is state for name, run in books.runs.items())
                for state in State
            },
        }
        for data, grant in books.granted.items()
        if only in (None, data)
    ]


def lines(names: Names, books: Books, only: str | None) -> list[str]:
    said: list[str] = []
    for data, grant in books.granted.items():
        if only not in (None, data):
            continue
        taken = books.charged(data)
        said += [
            names[data],
            f"  granted {grant.budget.spend}",
            f"  charged {taken}",
            f"  left    {grant.budget.spend - taken}",
        ]
        for (of, key), share in books.allotted.items():
            if of == data:
                taken = books.charged(data, key)
                said += [
                    f"  {share.label} (key {key[:16]})",
                    f"    allotted {share.budget.spend}",
                    f"    charged  {taken}",
                    f"    left     {share.budget.spend - taken}",
                ]
        if held := sum(data in run.data and books.states[name] in OPEN for name, run in books.runs.items()):
            said.append(f"  {held} of the charges may still be given back: their runs have released nothing")
    said += [f"contract {contract[:16]} is blocked: {event.why}" for contract, event in books.blocked.items()]
    return [*said, COMPOSED] if said else ["no budget has been granted"]


def history(names: Names, events: Sequence[Event]) -> list[str]:
    return [
        f"{number:4}  {event.at:%Y-%m-%d %H:%M:%S}  {event.state if isinstance(event, Moved) else event.kind:11}  "
        f"{_about(names, event)}"
        for number, event in enumerate(events, 1)
    ]


def _about(names: Names, event: Event) -> str:
    match event:
        case Granted():
            return f"{names[event.data]}: {event.budget.spend}"
        case Allotted():
            return f"{event.label} (key {event.consumer[:16]}) of {names[event.data]}: {event.budget.spend}"
        case Reserved():
            of = " and ".join(names[data] for data in event.data)
            return (
                f"run {event.run[:16]} of contract {event.contract[:16]} on {of}: {event.charge.spend}, "
                f"{event.composition} composition"
            )
        case Moved():
            return f"run {event.run[:16]}"
        case Blocked():
            return f"contract {event.contract[:16]}: {event.why}"
        case Lifted():
            return f"contract {event.contract[:16]}"
        case _:
            assert_never(event)


def history_json(names: Names, events: Sequence[Event]) -> list[dict[str, object]]:
    return [{"number": number, **_plain(names, event)} for number, event in enumerate(events, 1)]


def _plain(names: Names, event: Event) -> dict[str, object]:
    fields: dict[str, object] = event.model_dump(mode="json")
    match event:
        case Granted() | Allotted():
            fields["data"] = names.numbers[event.data]
        case Reserved():
            fields["data"] = [names.numbers[data] for data in event.data]
        case Moved() | Blocked() | Lifted():
            pass
        case _:
            assert_never(event)
    return fields
