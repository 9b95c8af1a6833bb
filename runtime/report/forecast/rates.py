"""What a machine takes for a unit of each kind of work: seconds, of one core.

Those here are of no machine in particular: what is measured nowhere is foretold by them, rather too long than too
short.  `measure.py` finds a machine's own, `kept.py` keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """By backend; for what is counted see `tally.Tally`."""

    garble_row: float
    garble_gate: float
    evaluate_row: float
    evaluate_gate: float
    xor_row: float
    xor: float
    tile: float
    wire: float
    instruction: float  # an XOR gate of a kernel that is made ready, once
    and_instruction: float  # an AND gate of it, of which more has to be known
    correct_bit: float  # the garbler
    correct_number: float
    corrected_bit: float  # the evaluator
    corrected_number: float
    accept_message: float  # the garbler
    accept: float
    ask_message: float  # the evaluator
    ask: float
    walked: float
    word: float  # in the clear
    element: float
    slot: float
    noise: float  # the first that a party draws alone: what it takes is imported then
    send: float  # a byte over TLS, by the garbler
    receive: float
    trip: float  # a round trip between two processes of one machine
    setup: float  # base transfers and trees, of both parties one after the other
    start: float  # a party's process, until it has read a small input
    cores: float  # that the machine has, which is no rate


NATIVE = Rates(
    garble_row=40e-9,
    garble_gate=15e-9,
    evaluate_row=40e-9,
    evaluate_gate=8e-9,
    xor_row=4e-9,
    xor=1.1e-9,
    tile=0.6e-6,
    wire=1.5e-9,
    instruction=3e-6,
    and_instruction=6e-6,
    correct_bit=14e-6,
    correct_number=3e-9,
    corrected_bit=7e-6,
    corrected_number=1.6e-9,
    accept_message=110e-6,
    accept=25e-9,
    ask_message=200e-6,
    ask=35e-9,
    walked=180e-6,
    word=15e-6,
    element=2e-9,
    slot=2e-6,
    noise=0.25,
    send=2.2e-9,
    receive=2.2e-9,
    trip=0.5e-3,
    setup=0.08,
    start=0.6,
    cores=2,
)
PORTABLE = Rates(
    garble_row=24e-6,
    garble_gate=0.07e-6,
    evaluate_row=22e-6,
    evaluate_gate=0.04e-6,
    xor_row=0.65e-6,
    xor=1.5e-9,
    tile=95e-6,
    wire=25e-9,
    instruction=2.5e-6,
    and_instruction=5e-6,
    correct_bit=400e-6,
    correct_number=18e-9,
    corrected_bit=300e-6,
    corrected_number=10e-9,
    accept_message=1.5e-3,
    accept=0.35e-6,
    ask_message=1.6e-3,
    ask=0.4e-6,
    walked=180e-6,
    word=15e-6,
    element=2e-9,
    slot=2e-6,
    noise=0.25,
    send=2.2e-9,
    receive=2.2e-9,
    trip=0.5e-3,
    setup=0.08,
    start=0.6,
    cores=2,
)
