"""A contract in words."""

from __future__ import annotations

from typing import assert_never

from lang.numerals import counted, spelled
from runtime.contract.sign import Standing, digest, standing
from runtime.contract.terms import Contract, Mechanism, Privacy, Terms
from runtime.privacy.limits import warning
from runtime.report.wording import honest, in_one_alone, listing


def lines(contract: Contract) -> list[str]:
    """Everything that the parties sign, but for certificates and commitments, which are for machines."""
    terms = contract.terms
    unbounded = terms.unbounded()
    said = [f"contract {digest(terms)}"]
    said += [f"  {p.name}: fingerprint {p.key}, {_signed(contract, p.name)}" for p in terms.parties]
    said += [f"  REVOKED by {r.party}: no run starts under it" for r in contract.revocations]
    said.append(f"  valid from {terms.not_before:%Y-%m-%d %H:%M} to {terms.expires:%Y-%m-%d %H:%M} UTC")
    said += framework(terms)
    said.append(f"program {terms.program}")
    said.append(f"  {honest(terms.honest) if terms.honest else 'the evaluator may be malicious'}")
    said += [
        f"  {o.output}: {o.kind} is learned by {' and '.join(o.receivers) or 'nobody'}"
        + (", REVEALED: no privacy mechanism protects what it is made of" if o.output in terms.reveals else "")
        + (f", TELLS RECORDS of {listing(unbounded[o.output])} at an infinite epsilon" if o.output in unbounded else "")
        for o in terms.learns
    ]
    said += [
        f"  {p.name} learns nothing" for p in terms.parties if not any(p.name in o.receivers for o in terms.learns)
    ]
    said += [
        f"data `{d.name}` of {d.owner}: {counted(d.records, 'record')}, {d.unit}, {d.adjacency}" for d in terms.data
    ]
    said += [f"  {in_one_alone(names)}" for names in terms.disjoint]
    said += [f"  {_mechanism(m)}" for m in terms.mechanisms]
    return said + _privacy(terms)


def framework(terms: Terms) -> list[str]:
    """What it is for, and the rules that it is made under."""
    said = [] if terms.purpose is None else [f"purpose: {terms.purpose}"]
    said += [] if terms.policy is None else [f"policy {terms.policy}"]
    return said + [
        f"  `{d.name}` has a passing report of de-identification, {d.report}"
        for d in terms.data
        if d.report is not None
    ]


def as_json(terms: Terms) -> dict[str, object]:
    reports = {d.name: d.report for d in terms.data if d.report is not None}
    return {"purpose": terms.purpose, "policy": terms.policy, "reports": reports}


def _signed(contract: Contract, party: str) -> str:
    stands = standing(contract)[party]
    match stands:
        case Standing.SIGNED:
            return "has signed"
        case Standing.MISSING:
            return "has not signed"
        case Standing.ALTERED:
            return "ITS SIGNATURE IS NOT UNDER THIS TEXT: the text was altered after it signed, or the signature was"
        case _:
            assert_never(stands)


def _mechanism(m: Mechanism) -> str:
    drawn = m.drawn_by or "both parties together"
    how = (
        f"{counted(m.steps, 'noisy sum')} over all {counted(m.batch, 'record')} of `{m.dataset}`"
        if m.whole
        else f"{counted(m.steps, 'step')} on Poisson batches of {m.batch} (rate {m.rate}) in {counted(m.slots, 'slot')}"
    )
    told = f"; {m.told} learns {'it at once' if m.whole else 'the noisy sum of every step'}" if m.told else ""
    return f"{how}, clip {float(m.clip):g}, noise multiplier {float(m.noise_multiplier):g} drawn by {drawn}{told}"


def _privacy(terms: Terms) -> list[str]:
    if terms.privacy is None and terms.mechanisms:
        return ["privacy: the mechanisms' noise hides nothing: an infinite epsilon, which no budget covers"]
    if terms.privacy is None:
        return ["privacy: no mechanism, no budget; see what is revealed"]
    p = terms.privacy
    how = (
        "each charged when it starts (basic composition)"
        if p.composition == "basic"
        else "fixed beforehand, charged together when the first one starts (PLD composition)"
    )
    return [
        f"privacy: {counted(p.runs, 'run')} at most, {how}",
        f"  one run: at most {p.per_run.spend}",
        f"  all runs: at most {p.total.spend}",
        *([f"  {_stops(p)}"] if p.stops else []),
        *([f"  warning: {said}"] if (said := warning(p.total.delta, terms.protected())) else []),
    ]


def _stops(p: Privacy) -> str:
    at = ", ".join(f"{stop.steps} ({spelled(stop.delta)})" for stop in p.stops)
    return f"a run may be ended for good, and then costs less, at these steps, each with its part of delta: {at}"
