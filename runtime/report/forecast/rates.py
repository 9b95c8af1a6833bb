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
    instruction: float
    correct_bit: float  # the garbler
    correct_number: float
    corrected_bit: float  # the evaluator
    corrected_number: float
    accept_message: float  # the garbler
    accept: float
    ask_message: float  # the evaluator
    ask: float
    walked: float
    word: float
    element: float
    send: float  # a byte over TLS, by the garbler
    receive: float
    trip: float  # a round trip between two processes of one machine
    setup: float  # base transfers and trees, of both parties one after the other
    start: float  # a party's process, until it has read a small input
    cores: int  # that the machine has


NATIVE = Rates(
    garble_row=60e-9,
    garble_gate=12e-9,
    evaluate_row=50e-9,
    evaluate_gate=8e-9,
    xor_row=3e-9,
    xor=1e-9,
    tile=0.5e-6,
    wire=4e-9,
    instruction=6e-6,
    correct_bit=25e-6,
    correct_number=3.5e-9,
    corrected_bit=12e-6,
    corrected_number=1.8e-9,
    accept_message=250e-6,
    accept=30e-9,
    ask_message=400e-6,
    ask=40e-9,
    walked=60e-6,
    word=60e-6,
    element=4e-9,
    send=3e-9,
    receive=1.5e-9,
    trip=0.5e-3,
    setup=0.09,
    start=0.6,
    cores=2,
)
PORTABLE = Rates(
    garble_row=25e-6,
    garble_gate=0.12e-6,
    evaluate_row=20e-6,
    evaluate_gate=0.08e-6,
    xor_row=1e-6,
    xor=5e-9,
    tile=150e-6,
    wire=40e-9,
    instruction=4e-6,
    correct_bit=250e-6,
    correct_number=20e-9,
    corrected_bit=150e-6,
    corrected_number=12e-9,
    accept_message=2e-3,
    accept=0.35e-6,
    ask_message=2e-3,
    ask=0.4e-6,
    walked=60e-6,
    word=60e-6,
    element=4e-9,
    send=3e-9,
    receive=1.5e-9,
    trip=0.5e-3,
    setup=0.1,
    start=0.6,
    cores=2,
)
