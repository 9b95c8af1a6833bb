"""A compiled program, as `ccr inspect` shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import assert_never

from compiler.joint.choices import Evaluator
from compiler.program import Compiled, Released, everyone, products, unclaimed
from lang.numerals import counted, exact
from runtime.program import Program
from runtime.report import spent
from runtime.report.attribution import Attribution
from runtime.report.everyone import Everyone
from runtime.report.forecast.seconds import seconds
from runtime.report.privacy import Privacy
from runtime.report.traffic import Link
from runtime.report.wording import count, duration, honest, listing, size, table, traffic
from runtime.report.work import Work


def learns(program: Compiled) -> dict[str, list[Released]]:
    """The outputs of each party, in the program's order."""
    return {party: [o for o in program.outputs if party in o.receivers] for party in everyone(program)}


def as_json(
    program: Program,
    work: Work,
    found: Attribution,
    privacy: Privacy | Everyone,
    link: Link | None = None,
    workers: int = 0,
) -> dict[str, object]:
    compiled = program.compiled
    without = {o.name for o in unclaimed(compiled)}
    return {
        "program": program.name,
        "digest": program.digest,
        "parties": list(compiled.parties),
        "garbler": compiled.garbler,
        "evaluator": compiled.evaluator,
        "evaluator_taken_for": compiled.taken_for.value,
        "parameters": dict(compiled.parameters),
        "outputs": [
            {
                "name": o.name,
                "kind": o.kind,
                "to": list(o.receivers),
                "revealed": o.revealed,
                "integrity": o.name not in without,
            }
            for o in compiled.outputs
        ],
        "products": products(compiled.plan).value,
        "approximations": [{"function": a.function, "error": float(a.error)} for a in compiled.approximations],
        **work.as_json(),
        **({"link": _by_link(compiled, link, workers)} if link else {}),
        "lines": [asdict(n) for n in found.lines],
        "passes": [p.as_json() for p in found.passes],
        "attribution": found.as_json(),
        "privacy": privacy.as_json(),
    }


@dataclass(frozen=True, slots=True)
class Role:
    """Of a party; `brings` is empty where it has a run of its own, in the place of another."""

    party: str
    does: str
    brings: str
    learns: str


def roles(compiled: Compiled) -> list[Role]:
    found: list[Role] = []
    for party, outputs in learns(compiled).items():
        if party not in compiled.parties:
            does = f"does as {compiled.garbler}, of whose run alone these costs are, in one of its own"
            found.append(Role(party, does, "", ""))
            continue
        steps = [
            f"the noisy sums of each step on `{m.dataset}`"
            for m in compiled.mechanisms
            if m.to == party and not m.whole
        ]
        told = ", ".join([*(f"{o.name}: {o.kind}" for o in outputs), *steps]) or "nothing"
        does = "garbles" if party == compiled.garbler else "evaluates"
        found.append(Role(party, does, _brings(compiled, party), told))
    return found


def parties(compiled: Compiled) -> list[str]:
    """A sentence for each party: its role, what it brings, what it learns; and the params."""
    lines = [
        f"{r.party} {r.does}, brings {r.brings}, learns {r.learns}" if r.brings else f"{r.party} {r.does}"
        for r in roles(compiled)
    ]
    return [*lines, *remarks(compiled)]


def remarks(compiled: Compiled) -> list[str]:
    """The params, what is approximated, and what the parties take each other for."""
    lines: list[str] = []
    if compiled.parameters:
        lines.append("params " + ", ".join(f"{name} = {exact(Fraction(value))}" for name, value in compiled.parameters))
    if compiled.approximations:
        lines.append(
            "approximated " + ", ".join(f"{a.function} within {float(a.error):.3g}" for a in compiled.approximations)
        )
    return [*lines, taken_for(compiled), *integrity(compiled)]


def taken_for(compiled: Compiled) -> str:
    """What the parties take the evaluator for, and what that comes to: a sentence."""
    match compiled.taken_for:
        case Evaluator.MALICIOUS:
            enters = "inputs, coins and shares" if compiled.mechanisms else "inputs"
            but = (
                ", but for weights that it goes on with, which may be any"
                if any(m.to for m in compiled.mechanisms)
                else ""
            )
            said = f"{compiled.evaluator} may be malicious: it enters its {enters} and nothing that it computes of them"
            return said + but
        case Evaluator.HONEST:
            return honest(compiled.evaluator)
        case _:
            assert_never(compiled.taken_for)


def trust(compiled: Compiled) -> list[str]:
    """What a run must not go without saying: that the evaluator is taken for honest, if it is."""
    return [honest(compiled.evaluator)] if compiled.taken_for is Evaluator.HONEST else []


def integrity(compiled: Compiled) -> list[str]:
    """What products as shares cost in integrity, if they do: a sentence."""
    if not (without := unclaimed(compiled)):
        return []
    names = listing([o.name for o in without])
    what = "trained or measured" if any(m.whole for m in compiled.mechanisms) else "trained"
    return [f"no integrity is claimed for {names}: a malicious {compiled.evaluator} can steer what is {what}"]


def totals(compiled: Compiled, work: Work, link: Link | None, workers: int = 0) -> list[str]:
    """Bytes and seconds, which gates alone do not say."""
    step = work.messages_per_step
    said = f", {counted(step, 'message')} a step from {compiled.evaluator}" if step is not None else ""
    over = _over(compiled, link, workers)
    return [
        f"{traffic(work.bytes)} (without set-up and TLS)",
        f"products as {products(compiled.plan).value}{said}",
        f"about {duration(work.seconds)} of work, and {count(work.round_trips)} round trips{over}",
    ]


def _by_link(compiled: Compiled, link: Link, workers: int) -> dict[str, object]:
    shared = {"workers": workers, "seconds_without_workers": seconds(compiled, link)} if workers else {}
    return {**asdict(link), "seconds": seconds(compiled, link, workers), **shared}


def _over(compiled: Compiled, link: Link | None, workers: int) -> str:
    if link is None:
        return ""
    told, trip = duration(seconds(compiled, link)), f"{1000 * link.round_trip:g} ms"
    over = f"about {told} in all over {size(link.bytes_per_second)}/s with {trip} a round trip"
    if not workers:
        return f"; {over}"
    shared = duration(seconds(compiled, link, workers))
    return f"; {over}, about {shared} with {counted(workers, 'worker')} a side, each pair over such a link"


def text(
    program: Program,
    work: Work,
    found: Attribution,
    privacy: Privacy | Everyone,
    link: Link | None = None,
    workers: int = 0,
) -> str:
    compiled = program.compiled
    lines = [f"{program.name}  digest {program.digest}", "", *parties(compiled)]
    lines += [
        "",
        f"{count(work.and_gates)} AND gates, {count(work.ciphertexts)} ciphertexts; "
        f"{count(work.xor_gates)} XOR gates, AND depth {count(work.depth)}",
        *totals(compiled, work, link, workers),
        "",
    ]
    lines += table(
        ("kernel", "AND", "XOR", "depth", "registers", "launches", "lanes"),
        [
            (
                f"k{number}  {k.name}",
                *(count(k.and_gates), count(k.xor_gates), k.depth, k.registers, count(k.launches), count(k.lanes)),
            )
            for number, k in enumerate(work.kernels)
        ],
    )
    return "\n".join([*lines, "", *spent.text(found), "", *privacy.lines()])


def _brings(program: Compiled, party: str) -> str:
    names = [f"{entry.name}: {kind}" for entry, _, kind in program.inputs if entry.party == party]
    names += [f"data set {d.name}" for d in program.datasets if d.party == party]
    return ", ".join(names) or "nothing"
