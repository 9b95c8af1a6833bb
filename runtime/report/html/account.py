"""The account that an owner gives of its budgets, as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from lang.numerals import spelled
from runtime.contract.amounts import Spend
from runtime.ledger.events import Allotted, Granted
from runtime.report import account, budget
from runtime.report.html.charts import bar, barred, bars
from runtime.report.html.document import Markup, Section, document, marked, paragraphs, table, wide
from runtime.report.rules import words
from runtime.report.trail import Trail
from runtime.report.wording import count, listing


def page(trail: Trail, at: datetime) -> str:
    """The whole account, as of `at`."""
    parts: list[Section] = []
    for number, (data, grant) in enumerate(trail.books.granted.items(), 1):
        parts.append(Section(trail.names[data], _budget(trail, data, grant)))
        parts.append(Section(f"Runs on data set {number}", _runs(trail, data)))
    parts.append(Section("Contracts", _contracts(trail, at)))
    parts.append(Section("Refusals", _refusals(trail)))
    parts.append(Section("Grants in time", _grants(trail)))
    parts.append(Section("Policies, revocations, blocks and the clock", _notes(trail)))
    note = f"as of {account.moment(at)} UTC, all times UTC; {marked(budget.COMPOSED)}"
    return document("Privacy budgets", note, parts)


def _budget(trail: Trail, data: str, grant: Granted) -> str:
    books, whole = trail.books, grant.budget.spend
    rows = [_spent("all", "", whole, books.charged(data))]
    rows += [
        _spent(share.label, key, share.budget.spend, books.charged(data, key))
        for (of, key), share in books.allotted.items()
        if of == data
    ]
    said = [f"{count(grant.records)} records." if grant.records else "How many records there are is not known."]
    if grant.reveals:
        said.append(f"{listing(grant.reveals)} may tell records at an infinite epsilon.")
    if told := books.revealed(data):
        said.append(f"Told at an infinite epsilon: {listing(sorted(set(told)))}, {count(len(told))} times in all.")
    header = ("consumer", "granted ε", "spent", "left", "granted δ", "spent", "left")
    return paragraphs(said) + bars("Budget", header, rows)


def _spent(whom: str, key: str, bound: Spend, taken: Spend) -> tuple[object, ...]:
    """What was granted, is spent and is left; the bar is of epsilon."""
    left = bound - taken
    share = min(1.0, float(taken.epsilon / bound.epsilon)) if bound.epsilon else 1.0
    name = Markup(barred(whom, bar([("spent", share)])) + (_key(key) if key else ""))
    amounts = [*(s.epsilon for s in (bound, taken, left)), *(s.delta for s in (bound, taken, left))]
    return name, *map(spelled, amounts)


def _key(key: str) -> Markup:
    """A fingerprint, all of it."""
    return Markup(f'<code class="key">{escape(key)}</code>')


def _runs(trail: Trail, data: str) -> str:
    return _or_none(
        "Runs",
        ("began", "ended", "consumer", "contract", "program", "cost", "what became of it"),
        [
            (
                account.moment(run.began.at),
                account.moment(run.ended),
                trail.consumer(run.began.consumer),
                run.began.contract[:16],
                run.began.program[:16],
                account.cost(run),
                run.outcome,
            )
            for run in trail.runs.values()
            if trail.books.concerns(run.began, data)
        ],
    )


def _contracts(trail: Trail, at: datetime) -> str:
    return _or_none(
        "Contracts",
        ("contract", "stands", "with", "fingerprint", "valid from", "until", "what it allows"),
        [
            (
                contract.name[:16],
                contract.standing(at),
                *((agreed.peer.name, _key(agreed.peer.key)) if agreed else ("", "")),
                *((account.moment(agreed.not_before), account.moment(agreed.expires)) if agreed else ("", "")),
                account.bounds(contract),
            )
            for contract in trail.contracts.values()
            for agreed in [contract.agreed]
        ],
    )


def _refusals(trail: Trail) -> str:
    return _or_none(
        "Refusals",
        ("when", "what", "rule", "why", "for", "data", "contract", "program", "asked", "times by then"),
        [
            (
                account.moment(event.at),
                event.attempt.value,
                event.rule,
                words(event.rule),
                trail.consumer(event.consumer),
                account.data(trail, event.data),
                (event.contract or "")[:16],
                (event.program or "")[:16],
                event.asked.spend if event.asked else "",
                count(event.times),
            )
            for event in trail.denied
        ],
    )


def _grants(trail: Trail) -> str:
    return _or_none(
        "Grants in time",
        ("when", "data", "for", "epsilon", "delta"),
        [(account.moment(e.at), trail.names[e.data], _whom(e), *_amounts(e)) for e in trail.grants],
    )


def _whom(event: Granted | Allotted) -> str:
    return event.label if isinstance(event, Allotted) else "all"


def _amounts(event: Granted | Allotted) -> tuple[str, str]:
    return spelled(event.budget.epsilon), spelled(event.budget.delta)


def _notes(trail: Trail) -> str:
    return _or_none(
        "Notes", ("when", "what"), [(account.moment(event.at), account.note(event)) for event in trail.notes]
    )


def _or_none(name: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table of words, or the word that there is nothing."""
    found = list(rows)
    return wide(name, table(header, found, range(len(header)))) if found else paragraphs(["none"])
