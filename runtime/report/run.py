"""A run that has ended well: who learned what, what work it was, what it gave away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from compiler.program import Released, owner
from compiler.words.integers import Array
from runtime.data.references import Reference
from runtime.net.traffic import Traffic
from runtime.party.run import Report
from runtime.program import Program
from runtime.report import saved, values, wording, workers
from runtime.report.everyone import Everyone
from runtime.report.forecast.foretold import Foretold
from runtime.report.intervals import Intervals, intervals
from runtime.report.privacy import Privacy
from runtime.report.program import integrity, learns, trust
from runtime.report.traffic import Link
from runtime.report.wording import amount, count, duration, indent, size, table

PHASES = ("compile", "start", "setup", "steps")
INSECURE = "--insecure: the parties talk over loopback without encryption; it is for measurements, not for data"
TELLING = 0.5  # seconds of the steps from which a rate means something
SEEDED = "a seed fixes the sampling and the noise: this run is NOT private, whoever knows the seed can remove the noise"


def phases(report: Report, compile: float, run: float) -> dict[str, float]:
    """Seconds by phase, without overlap; `run` is the time from the end of compiling to the last output.

    What the party counted is its `session`; whatever comes before (starting, reading its files, meeting the peer) is
    `start`.
    """
    own = session(report)
    seconds = {"compile": compile, "start": run - sum(own.values()), **own}
    return seconds | {"total": sum(seconds.values())}


def session(report: Report) -> dict[str, float]:
    """From the greeting to the outputs: `setup` until the first step, and the `steps`, with all that is waited for in
    them, which depends on the role."""
    setup = report.seconds.get("setup", 0.0)
    return {"setup": setup, "steps": sum(report.seconds.values()) - setup}


@dataclass(frozen=True)
class Ended:
    """What is known here after a run: the reports of the parties that ran on this machine."""

    program: Program
    programs: Sequence[Program]  # that were run: it alone, or those of all owners that it ran with
    reports: Mapping[str, Report]
    seconds: Mapping[str, float]
    files: Mapping[str, Reference]  # where outputs are, by their names
    privacy: Privacy | Everyone
    seeded: bool
    link: Link | None = None  # what the seconds are predicted for
    insecure: bool = False  # the parties talked without encryption

    @property
    def outputs(self) -> dict[str, Array]:
        return {name: value for report in self.reports.values() for name, value in report.outputs.items()}

    @property
    def and_gates(self) -> int:
        return self._any.and_gates

    @property
    def traffic(self) -> Traffic:
        """Bytes by kind, as they were counted."""
        return self._any.traffic

    @property
    def took(self) -> float:
        """Seconds from the greeting to the outputs."""
        return sum(self._last.seconds.values())

    @property
    def _any(self) -> Report:
        """Of several owners' run, that of the party that has all of it, if it is here."""
        reports = list(self.reports.values())
        return next((r for r in reports if r.sessions), reports[0])

    @property
    def _last(self) -> Report:
        """Of the party that ended last, where both ran here."""
        return self.reports.get(self.program.compiled.evaluator, self._any)

    def as_json(self) -> dict[str, object]:
        types = {o.name: o.type for o in self.program.compiled.outputs}
        charged = self._any.charged
        sent = sum(r.sent_bytes for r in self.reports.values())
        return {
            "outputs": {name: values.numbers(value, types[name]) for name, value in self.outputs.items()},
            "learned": {
                party: [
                    {"name": o.name, "kind": o.kind, "revealed": o.revealed, **saved.as_json(self.files.get(o.name))}
                    for o in outputs
                ]
                for party, outputs in learns(self.program.compiled).items()
            },
            "intervals": {
                o.name: around.as_json()
                for o in self.program.compiled.outputs
                if o.name in self.outputs and (around := self._interval(o, self.outputs[o.name])) is not None
            },
            "and_gates": self._any.and_gates,
            "seconds": dict(self.seconds),
            "bytes": self._any.traffic.as_json(),
            "predicted": self.foretold.as_json(self.link),
            "bytes_sent": sent,
            "parties": {
                r.party: {
                    "bytes_sent": r.sent_bytes,
                    "bytes_received": r.received_bytes,
                    "seconds": r.seconds,
                    "workers": workers.as_json(r),
                }
                for r in self.reports.values()
            },
            "backend": self._any.backend,
            "farewell": {r.party: r.farewell for r in self._torn()},
            "epsilon": self.privacy.epsilon,  # holds if `private`
            **self._of_each(),
            "delta": self.privacy.delta,
            "privacy": self.privacy.as_json(),
            "private": not self.seeded and self.privacy.private,
            "contract": self._any.contract or None,
            "continues": self._any.continues,
            "charged": amount(charged.amount) | {"runs": charged.runs} if charged else None,
            "digest": self.program.digest,
            "evaluator_taken_for": self.program.compiled.taken_for.value,
            "known": self.program.known.value,
            **({"insecure": True} if self.insecure else {}),
        }

    def unsaved(self) -> tuple[dict[str, object], str] | None:
        """The outputs that are in no file, as an object and as text; None where all are."""
        types = {o.name: o.type for o in self.program.compiled.outputs}
        left = {name: value for name, value in self.outputs.items() if name not in self.files}
        if not left:
            return None
        lines = [f"{name} = {values.text(value, types[name], value.size)}" for name, value in left.items()]
        numbers = {name: values.numbers(value, types[name]) for name, value in left.items()}
        return {"outputs": numbers}, "\n".join(lines)

    def text(self) -> str:
        return "\n".join(
            [
                "who learned what",
                *indent(self._learned()),
                "privacy",
                *indent(self._privacy()),
                "cost",
                *indent(self._work()),
            ]
        )

    def _learned(self) -> list[str]:
        lines: list[str] = []
        for party, outputs in learns(self.program.compiled).items():
            if not outputs:
                lines.append(f"{party} learned nothing")
            for output in outputs:
                how = " (revealed)" if output.revealed else ""
                lines.append(f"{party} learned {output.name}: {output.kind}{how}")
                if party in self.reports and output.name not in self.files:
                    value = self.outputs[output.name]
                    lines.append(f"    {output.name} = {values.text(value, output.type, value.size)}")
                    if around := self._interval(output, value):
                        lines += [f"    {line}" for line in around.text()]
                elif party in self.reports:
                    lines.append(f"    saved in {self.files[output.name]}")
        lines += [
            f"{r.party}'s session has no last word ({r.farewell}); its outputs are complete" for r in self._torn()
        ]
        return [*lines, *trust(self.program.compiled), *integrity(self.program.compiled)]

    def _of_each(self) -> dict[str, object]:
        """Of several owners."""
        if not isinstance(self.privacy, Everyone):
            return {}
        return {**self.privacy.epsilons(), "gone": dict(self._any.gone)}

    @cached_property
    def foretold(self) -> Foretold:
        """Of what was run: all of it, or where a run went on what had been left."""
        sessions = self._any.sessions
        runs = [program.compiled for program in self.programs]
        first = [(run, sessions.get(owner(run), self._any).first) for run in runs]
        return Foretold.of(first, workers=len(self._any.workers) // (len(self._any.sessions) or 1))

    @property
    def predicted(self) -> float:
        """Seconds from the greeting to the outputs, over the link if one was named."""
        return self.foretold.seconds(self.link)

    @property
    def phases(self) -> dict[str, float]:
        """Of those seconds, as `Foretold.phases`."""
        return session(self._last)

    def costs(self) -> dict[str, object]:
        """What it took beside what was foretold, with nothing in it that anybody learned."""
        return {
            "and_gates": self._any.and_gates,
            "bytes": self.traffic.as_json(),
            "seconds": dict(self.seconds),
            "from_the_greeting": self.took,
            "phases": self.phases,
            "foretold": self.foretold.as_json(self.link),
            "epsilon": self.privacy.epsilon,
            "delta": self.privacy.delta,
        }

    def _interval(self, output: Released, value: Array) -> Intervals | None:
        """None also where an owner was lost on the way, whose rows may be in it or not."""
        return None if self._any.gone else intervals(self.program.compiled, output, value)

    def _torn(self) -> list[Report]:
        return [report for report in self.reports.values() if report.farewell]

    def _privacy(self) -> list[str]:
        lines = self.privacy.lines()
        if self.seeded:
            lines = [f"WARNING: {SEEDED}", "without the seed it would be:", *indent(lines)]
        return [*lines, self._charged(), *([f"WARNING: {INSECURE}"] if self.insecure else [])]

    def price(self) -> list[str]:
        """Epsilon, in sentences."""
        price = self.privacy.price()
        return [f"WARNING: {SEEDED}", "without the seed it would be:", *price] if self.seeded else price

    def _charged(self) -> str:
        report = self._any
        if not report.contract:
            return "no contract: nothing was charged to any ledger"
        if report.sessions:
            under = [f"{owner} {r.contract[:16]}" for owner, r in report.sessions.items()]
            return f"contracts with {', '.join(under)}; nothing is charged here"
        if report.charged is None:
            return f"contract {report.contract[:16]}; nothing is charged here"
        if report.continues:
            return f"contract {report.contract[:16]}; charged here when the run began: {report.charged.amount}"
        once = f", once for all {report.charged.runs} runs of the contract" if report.charged.runs > 1 else ""
        return f"contract {report.contract[:16]}; charged here: {report.charged.amount}{once}"

    def _work(self) -> list[str]:
        gates, steps = self._any.and_gates, self.seconds["steps"]
        sent_by_kind = self._any.traffic
        speed = f", {size(sent_by_kind.total / steps)}/s in the steps" if steps >= TELLING else ""
        sent = " + ".join(f"{size(r.sent_bytes)} sent by {r.party}" for r in self.reports.values())
        parts = ", ".join(f"{name} {self.seconds[name]:.1f}" for name in PHASES)
        return [
            f"{count(gates)} AND gates, {self._any.backend} backend",
            f"{wording.traffic(sent_by_kind)}{speed}",
            sent,
            f"{duration(self.seconds['total'])}: {parts}",
            *self._beside(),
            *workers.lines(self.reports.values()),
        ]

    def _beside(self) -> list[str]:
        """What was predicted beside what it was, from the greeting on."""
        told, own, link = self.foretold.phases(self.link), self.phases, self.link
        over = f" over {size(link.bytes_per_second)}/s and {1000 * link.round_trip:g} ms" if link else ""
        rows = [(f"{name}, s", f"{told[name]:.2f}", f"{own[name]:.2f}") for name in told]
        rows.append((f"greeting to outputs{over}, s", f"{self.predicted:.2f}", f"{self.took:.2f}"))
        rows.append(("bytes", size(self.foretold.bytes.total), size(self.traffic.total)))
        return table(("", "predicted", "actual"), rows)
