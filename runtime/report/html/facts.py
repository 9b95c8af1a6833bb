"""The figures that come first, and all totals in a row."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from math import isinf

from runtime.privacy.accountant import upward
from runtime.report.everyone import Everyone
from runtime.report.html.document import table
from runtime.report.privacy import Privacy
from runtime.report.wording import count, duration, listing, size
from runtime.report.work import Work


def facts(work: Work, privacy: Privacy | Everyone) -> str:
    told = [
        ("AND gates", count(work.and_gates), f"{_kept(work.xor_gates)} XOR, depth {_kept(work.depth)}"),
        ("Bytes", size(work.bytes.total), "without set-up and TLS"),
        ("Work", duration(work.seconds), f"about, and {count(work.round_trips)} round trips"),
        ("Epsilon", *_epsilon(privacy)),
    ]
    drawn = "\n".join(
        f'<div><dt>{name}</dt><dd>{escape(value)}</dd><dd class="quiet">{escape(more)}</dd></div>'
        for name, value, more in told
    )
    return f'<dl class="facts">\n{drawn}\n</dl>'


def _kept(number: int) -> str:
    """On one line."""
    return count(number).replace(" ", "\N{NO-BREAK SPACE}")


def _epsilon(privacy: Privacy | Everyone) -> tuple[str, str]:
    """Never less than it is, and what it is of."""
    cost = privacy.cost
    if cost is None:
        return "not known", "give the number of records"
    if isinf(cost):
        return "infinite", "no bound, see below"
    if not cost:
        return "none", _why_none(privacy)
    return upward(cost), f"at delta {privacy.delta:g}" + ("" if privacy.private else ", and what is revealed")


def _why_none(privacy: Privacy | Everyone) -> str:
    each = [privacy] if isinstance(privacy, Privacy) else list(privacy.of.values())
    bare = list(dict.fromkeys(o.name for p in each for o in p.revealed))
    if not bare:
        return "nothing is told of what its receiver does not own"
    verb = "is" if len(bare) == 1 else "are"
    return f"no records are told; {listing(bare)} {verb} revealed without noise, which no epsilon covers"


def totals(work: Work) -> str:
    names = [f.name for f in fields(work.bytes)]
    header = ("AND gates", "XOR gates", "ciphertexts", "AND depth", *names, "all bytes", "work")
    gates = (count(work.and_gates), count(work.xor_gates), count(work.ciphertexts), count(work.depth))
    sent = (*(size(getattr(work.bytes, name)) for name in names), size(work.bytes.total))
    return table(header, [(*gates, *sent, f"about {duration(work.seconds)}")])
