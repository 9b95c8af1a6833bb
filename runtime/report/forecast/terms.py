"""How long a run takes: its work at a machine's rates, over a link.

    seconds = fixed + trips * round trip + asked / rate + max(working, streamed / rate)

The garbler streams tables while the evaluator works on them, each with a thread of its own for the wire, so whichever
of these and the link is slowest decides; what the evaluator asks for is waited for.  Without a link the wire takes no
time.  Linear but for the maximum, so that a page may compute it anew for any link.

Several owners are garblers beside each other; the one party that they run with does the evaluator's work of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf

from compiler.program import Compiled
from runtime.execute.backend import CHUNK_BYTES
from runtime.report.forecast.rates import Rates
from runtime.report.forecast.tally import Clearly, Tally, tally
from runtime.report.traffic import Link, round_trips, setup_bytes, traffic

PAIRING = 5  # round trips: certificates and doors of the workers, and TLS between each two


@dataclass(frozen=True, slots=True)
class Terms:
    """Of a run from the greeting to the outputs."""

    setup: float  # seconds that one party waits for the other before the first step
    asking: float  # likewise, for transfers and for the last of what is streamed
    working: float  # seconds of whoever works longer while tables are streamed
    trips: int  # round trips
    streamed: int  # bytes that flow while both work
    asked: int  # bytes that are waited for

    @property
    def fixed(self) -> float:
        return self.setup + self.asking

    def as_json(self) -> dict[str, float]:
        return {**asdict(self), "fixed": self.fixed}


@dataclass(frozen=True, slots=True)
class _Session:
    """Seconds of either party of one session, of the processor."""

    garbling: float
    evaluating: float
    sending: float
    receiving: float
    accepting: float  # the garbler, for which the evaluator waits
    asking: float  # and the other way round
    trips: int
    streamed: int
    asked: int

    @property
    def work(self) -> float:
        return self.garbling + self.evaluating + self.sending + self.receiving

    def busiest(self, cores: float) -> float:
        """Seconds if all four are at work all the time."""
        return max(self.garbling, self.evaluating, self.sending, self.receiving, self.work / cores)

    def lagging(self, cores: float) -> float:
        """Seconds in which they are not: the evaluator works on a piece when the garbler has made it, and between two
        waits the last piece is worked on while nothing more comes."""
        last = min(1.0, self.trips * CHUNK_BYTES / self.streamed) if self.streamed else 1.0
        return last * (self.work - self.busiest(cores))

    @staticmethod
    def of(program: Compiled, rates: Rates, workers: int) -> _Session:
        found, sent = tally(program, workers), traffic(program)
        asked, moving = sent.transfers + sent.outputs + setup_bytes(), found.moved * (rates.send + rates.receive)
        return _Session(
            _garbling(found, rates) + moving,
            _evaluating(found, rates) + moving,
            found.streamed * rates.send,
            found.streamed * rates.receive,
            found.messages * rates.accept_message + found.transfers * rates.accept + asked * rates.send,
            found.messages * rates.ask_message + found.transfers * rates.ask + asked * rates.receive,
            round_trips(program) + (PAIRING if workers else 0),
            found.streamed,
            asked,
        )


def terms(programs: Sequence[Compiled], rates: Rates, workers: int = 0) -> Terms:
    """Of a run, or of those with several owners side by side.  Without workers all parties share this machine's cores;
    with so many on both sides each of these has a machine and a connection of its own, and so has each coordinator."""
    each, cores = [_Session.of(program, rates, workers) for program in programs], inf if workers else rates.cores
    half, trips = rates.setup / 2, max(session.trips for session in each)
    busiest = max(
        max(s.busiest(cores) for s in each),
        sum(s.evaluating for s in each),
        sum(s.receiving for s in each),
        sum(s.work for s in each) / cores,
    )
    lagging = max(s.busiest(cores) + s.lagging(cores) for s in each) - busiest
    asking = max(s.accepting for s in each) + sum(s.asking for s in each) + trips * rates.trip
    return Terms(
        half + len(each) * half,
        asking + max(0.0, lagging),
        busiest,
        trips,
        sum(s.streamed for s in each),
        sum(s.asked for s in each),
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
        + found.and_instructions * rates.and_instruction
        + found.walked * rates.walked
        + clearly.words * rates.word
        + clearly.elements * rates.element
        + clearly.slots * rates.slot
        + clearly.noise * rates.noise
    )
