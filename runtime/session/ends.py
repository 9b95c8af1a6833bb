"""What the backends of a run ask of its connection."""

from __future__ import annotations

import numpy as np

from runtime.crypto.labels import LABEL_BYTES, Labels, decode, encode
from runtime.execute.backend import Bits, StepSum
from runtime.net.channel import expect
from runtime.net.errors import NetworkError, ProtocolError
from runtime.net.frames import Frame
from runtime.net.traffic import Traffic
from runtime.ot.extension import Receiver, Sender, request_bytes
from runtime.session.guard import Guard
from runtime.session.permit import Permit
from runtime.session.phases import Phases
from runtime.session.tables import TablesReceived, TablesSent


class GarblerEnds:
    """What the garbling backend asks of the channel."""

    def __init__(self, guard: Guard, sender: Sender, phases: Phases, permit: Permit, traffic: Traffic) -> None:
        self._guard, self._sender, self._phases, self._permit = guard, sender, phases, permit
        self._traffic = traffic
        self._tables = TablesSent(guard)
        self._own = False  # outputs of the garbler's have come

    def send_tables(self, tables: memoryview) -> None:
        self._traffic.tables += len(tables)
        self._tables.send(tables)

    def send_corrections(self, corrections: memoryview) -> None:
        self._traffic.corrections += len(corrections)
        self._tables.send(corrections)

    def flush(self) -> None:
        """What is held leaves."""
        self._tables.now()

    def send(self, count: int) -> Labels:
        self._traffic.transfers += request_bytes(count)
        self._tables.now()
        with self._phases.during("inputs"):
            return self._sender.send(self._guard, count)

    def receive_output_labels(self, count: int) -> Labels:
        self._traffic.outputs += count * LABEL_BYTES
        self._own = count > 0
        self._tables.now()
        with self._phases.during("outputs"):
            return decode(_exactly(self._guard, Frame.OUTPUT_LABELS, count * LABEL_BYTES))

    def send_decoding_bits(self, bits: Bits) -> None:
        """To whoever may be gone: the garbler's own outputs are checked by now, and kept even so."""
        with self._phases.during("outputs"):
            self._permit.releasing()
            packed = np.packbits(bits, bitorder="little").tobytes()
            self._traffic.outputs += len(packed)
            try:
                self._guard.send(Frame.DECODING, packed)
            except NetworkError:
                if not self._own:
                    raise

    def send_noisy_sum(self, sum: StepSum, payload: bytes) -> None:
        self._tables.now()
        with self._phases.during("outputs"):
            self._permit.releasing_step(sum.index)
            self._traffic.outputs += len(payload)
            self._guard.send(Frame.NOISY_SUM, payload)


class EvaluatorEnds:
    """What the evaluating backend asks of the channel."""

    def __init__(self, guard: Guard, receiver: Receiver, phases: Phases, permit: Permit, traffic: Traffic) -> None:
        self._guard, self._receiver, self._phases, self._permit = guard, receiver, phases, permit
        self._traffic = traffic
        self._tables = TablesReceived(guard)

    def receive_tables(self, count: int) -> memoryview:
        self._traffic.tables += count
        return self._tables.receive(count)

    def receive_corrections(self, count: int) -> memoryview:
        self._traffic.corrections += count
        return self._tables.receive(count)

    def receive(self, choices: Bits) -> Labels:
        self._traffic.transfers += request_bytes(len(choices))
        with self._phases.during("inputs"):
            return self._receiver.receive(self._guard, choices)

    def send_output_labels(self, labels: Labels) -> None:
        self._traffic.outputs += len(labels) * LABEL_BYTES
        with self._phases.during("outputs"):
            self._permit.releasing()
            self._guard.send(Frame.OUTPUT_LABELS, encode(labels))

    def receive_noisy_sum(self, sum: StepSum, size: int) -> bytes:
        self._traffic.outputs += size
        with self._phases.during("outputs"):
            return _exactly(self._guard, Frame.NOISY_SUM, size)

    def receive_decoding_bits(self, count: int) -> Bits:
        self._traffic.outputs += -(-count // 8)
        with self._phases.during("outputs"):
            payload = _exactly(self._guard, Frame.DECODING, -(-count // 8))
            return np.unpackbits(np.frombuffer(payload, np.uint8), bitorder="little", count=count)


def _exactly(guard: Guard, frame: Frame, size: int) -> bytes:
    payload = expect(guard, frame, size)
    if len(payload) != size:
        raise ProtocolError(
            f"the peer sent {len(payload)} bytes of {frame.name}, not {size}; check that both parties "
            "run the same program and version"
        )
    return payload
