"""A contract in words."""

from __future__ import annotations

from typing import assert_never

from runtime.contract.sign import Standing, digest, standing
from runtime.contract.terms import Contract, Mechanism, Terms
from runtime.privacy.limits import warning
from runtime.report.wording import count, honest, in_one_alone, listing, steps, sums


def lines(contract: Contract) -> list[str]:
    """Everything that the parties sign, but for certificates and commitments, which are for machines."""
    terms = contract.terms
    unbounded = terms.unbounded()
    said = [f"contract {digest(terms)}"]
    said += [f"  {p.name}: fingerprint {p.key}, {_signed(contract, p.name)}" for p in terms.parties]
    said += [f"  REVOKED by {r.party}: no run starts under it" for r in contract.revocations]
    said.append(f"  valid from {terms.not_before:%Y-%m-%d %H:%M} to {terms.expires:%Y-%m-%d %H:%M} UTC")
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
    said += [f"data `{d.name}` of {d.owner}: {count(d.records)} records, {d.unit}, {d.adjacency}" for d in terms.data]
    said += [f"  {in_one_alone(names)}" for names in terms.disjoint]
    said += [f"  {_mechanism(m)}" for m in terms.mechanisms]
    return said + _privacy(terms)


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
        f"{sums(m.steps)} over all {count(m.batch)} records of `{m.dataset}`"
        if m.whole
        else f"{steps(m.steps)} on Poisson batches of {m.batch} (rate {m.rate}) in {m.slots} slots"
    )
    return f"{how}, clip {float(m.clip):g}, noise multiplier {float(m.noise_multiplier):g} drawn by {drawn}"


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
    runs = "1 run" if p.runs == 1 else f"{count(p.runs)} runs"
    return [
        f"privacy: {runs} at most, {how}",
        f"  one run: at most {p.per_run.spend}",
        f"  all runs: at most {p.total.spend}",
        *([f"  warning: {said}"] if (said := warning(p.total.delta, terms.protected())) else []),
    ]
