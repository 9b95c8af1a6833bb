"""How long a run takes: its work at a machine's rates, over a link.

    seconds = fixed + trips * round trip + asked / rate + max(working, streamed / rate)

The garbler streams tables while the evaluator works on them, so whichever of the two and the link is slowest decides;
what the evaluator asks for is waited for.  Without a link the wire takes no time.  Linear but for the maximum, so
that a page may compute it anew for any link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from compiler.program import Compiled
from runtime.report.forecast.rates import Rates
from runtime.report.forecast.tally import Clearly, Tally, tally
from runtime.report.traffic import Link, round_trips, setup_bytes, traffic

PAIRING = 5  # round trips: certificates and doors of the workers, and TLS between each two


@dataclass(frozen=True, slots=True)
class Terms:
    """Of a run from the greeting to the outputs."""

    setup: float  # seconds that one party waits for the other before the first step
    asking: float  # likewise, for transfers
    working: float  # seconds of whoever works longer while tables are streamed
    trips: int  # round trips
    streamed: int  # bytes that flow while both work
    asked: int  # bytes that are waited for

    @property
    def fixed(self) -> float:
        return self.setup + self.asking

    def as_json(self) -> dict[str, float]:
        return {**asdict(self), "fixed": self.fixed}


def terms(program: Compiled, rates: Rates, workers: int = 0) -> Terms:
    """Without workers both parties are on one machine, whose cores they share; with so many on both sides each of these
    has a machine and a connection of its own, and so has each coordinator."""
    found, sent = tally(program, workers), traffic(program)
    trips = round_trips(program) + (PAIRING if workers else 0)
    streamed, asked = found.streamed, sent.transfers + sent.outputs + setup_bytes()
    moving = found.moved * (rates.send + rates.receive)
    garbling = _garbling(found, rates) + streamed * rates.send + moving
    evaluating = _evaluating(found, rates) + streamed * rates.receive + moving
    alone = 0.0 if workers else (garbling + evaluating) / rates.cores
    ask, accept = rates.ask, rates.accept
    asking = found.messages * (rates.ask_message + rates.accept_message) + found.transfers * (ask + accept)
    asking += asked * (rates.send + rates.receive) + trips * rates.trip
    return Terms(rates.setup, asking, max(garbling, evaluating, alone), trips, streamed, asked)


def together(each: Sequence[Terms]) -> Terms:
    """Of runs side by side with several owners, of whom one party has a part in all."""
    return Terms(
        sum(t.setup for t in each),
        sum(t.asking for t in each),
        sum(t.working for t in each),
        max(t.trips for t in each),
        sum(t.streamed for t in each),
        sum(t.asked for t in each),
    )


def seconds_over(found: Terms, link: Link | None = None) -> float:
    if link is None:
        return found.fixed + found.working
    rate = link.bytes_per_second
    waited = found.trips * link.round_trip + found.asked / rate
    return found.fixed + waited + max(found.working, found.streamed / rate)


def _garbling(found: Tally, rates: Rates) -> float:
    return (
        found.rows * rates.garble_row
        + found.gates * rates.garble_gate
        + found.bits * rates.correct_bit
        + found.numbers * rates.correct_number
        + _both(found, rates, found.garbler)
    )


def _evaluating(found: Tally, rates: Rates) -> float:
    return (
        found.rows * rates.evaluate_row
        + found.gates * rates.evaluate_gate
        + found.bits * rates.corrected_bit
        + found.numbers * rates.corrected_number
        + _both(found, rates, found.evaluator)
    )


def _both(found: Tally, rates: Rates, clearly: Clearly) -> float:
    return (
        found.xor_rows * rates.xor_row
        + found.xors * rates.xor
        + found.tiles * rates.tile
        + found.wires * rates.wire
        + found.instructions * rates.instruction
        + found.walked * rates.walked
        + clearly.words * rates.word
        + clearly.elements * rates.element
        + clearly.slots * rates.slot
        + clearly.noise * rates.noise
    )
