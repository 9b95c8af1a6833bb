"""A worker: it garbles or evaluates the parts that its coordinator orders, over a connection to the peer's worker.

It has the plan, labels of the wires that it was given, and a garbler's has the correlation.  It enters and opens
nothing.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager

from compiler.schedule.plan import Copy, Launch, Plan
from runtime.cluster.errors import Parted
from runtime.cluster.orders import MOST_BYTES, Multiply, Order, Run, decode_orders, decode_wires, encode_shares
from runtime.cluster.parts import Cut, own_rows, part, shared_steps
from runtime.crypto.labels import encode
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute import engines
from runtime.execute.backend import Engine, Numbers
from runtime.execute.instructions import Programs
from runtime.execute.joint import JointSteps, LabelGates, put
from runtime.execute.sharing import Sharing
from runtime.execute.yao import PublicLabels
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError, ProtocolError
from runtime.session.tables import TablesReceived, TablesSent

EVERY = 1.0  # seconds between two words of how far it is
REASON_BYTES = 512


class Side(ABC):
    """What a worker does with labels, as its party's role has it; and the bytes that pass for it."""

    engine: Engine
    tables = corrections = 0

    @abstractmethod
    def multiply(self, order: Multiply, row: int) -> Numbers: ...

    @abstractmethod
    def flush(self) -> None:
        """What the peer's worker may wait for leaves."""


class GarblerSide(Side):
    """With the correlation; tables and corrections go to the peer's worker."""

    def __init__(self, programs: Programs, secret: LabelSecret, seeds: PublicSeeds, pair: Channel) -> None:
        self._sent, backend = TablesSent(pair), engines.chosen().backend
        constant = PublicLabels(seeds.labels).constant
        self.engine = engines.garbling(backend, programs, secret, seeds.hash, constant, self._tables)
        self._products = engines.correcting(backend, secret, seeds.hash, self._corrections)

    def multiply(self, order: Multiply, row: int) -> Numbers:
        if order.numbers is None:
            raise ProtocolError("a garbler's worker was given no numbers")
        return self._products.multiply(order.words, order.numbers, order.shape, row)

    def flush(self) -> None:
        with with_the_peers():
            self._sent.now()

    def _tables(self, data: memoryview) -> None:
        self.tables += len(data)
        with with_the_peers():
            self._sent.send(data)

    def _corrections(self, data: memoryview) -> None:
        self.corrections += len(data)
        with with_the_peers():
            self._sent.send(data)


class EvaluatorSide(Side):
    """The other party's."""

    def __init__(self, programs: Programs, seeds: PublicSeeds, pair: Channel) -> None:
        self._received, backend = TablesReceived(pair), engines.chosen().backend
        constant = PublicLabels(seeds.labels).constant
        self.engine = engines.evaluating(backend, programs, seeds.hash, constant, self._tables)
        self._products = engines.corrected(backend, seeds.hash, self._corrections)

    def multiply(self, order: Multiply, row: int) -> Numbers:
        return self._products.multiply(order.words, order.shape, row)

    def flush(self) -> None:
        """It sends its peer nothing."""

    def _tables(self, count: int) -> memoryview:
        self.tables += count
        with with_the_peers():
            return self._received.receive(count)

    def _corrections(self, count: int) -> memoryview:
        self.corrections += count
        with with_the_peers():
            return self._received.receive(count)


def prepared(plan: Plan) -> Programs:
    """The plan's kernels, and programs of those that workers run, since to make one takes longer than to run it."""
    programs, sharing = Programs(plan.kernels), Sharing(plan, 2)  # a launch is shared by any number of workers or none
    for step in shared_steps(plan):
        if isinstance(step, Launch) and sharing.large(step):
            programs[step.kernel]
    return programs


class Worker:
    """Does what its coordinator says, until that says that it is the end.  Raises NetworkError."""

    def __init__(self, number: int, plan: Plan, side: Side, coordinator: Channel) -> None:
        self._number, self._side, self._coordinator = number, side, coordinator
        self._steps = shared_steps(plan)
        self._parts: dict[tuple[int, Cut], tuple[Launch | Copy]] = {}
        self._joint = JointSteps(plan, LabelGates(side.engine), self._advanced)
        self._told = time.monotonic()
        self.gates, self.waited = 0, 0.0

    def work(self) -> None:
        while True:
            before = time.monotonic()
            kind, payload = self._coordinator.receive(MOST_BYTES)
            self.waited += time.monotonic() - before
            order = Order(kind)
            if order is Order.END:
                return
            self._do(order, payload)

    def _do(self, order: Order, payload: bytes) -> None:
        match order:
            case Order.PUT:
                buffer, wires, labels = decode_wires(payload)
                put(self._joint.allocate(buffer), wires, labels)
            case Order.RUN:
                self._run(Run.decode(payload))
            case Order.FREE:
                self._joint.buffers.pop(decode_wires(payload)[0], None)
            case Order.CLEAR:
                self._joint.buffers.clear()
            case Order.ASK:
                buffer, wires, _ = decode_wires(payload)
                self._coordinator.send(Order.LABELS, encode(self._joint.buffer(buffer)[wires]))
            case Order.MULTIPLY:
                self._multiply(Multiply.decode(payload))
            case Order.SEVERAL:
                for each, own in decode_orders(payload):
                    self._do(each, own)
            case _:
                raise ProtocolError(f"a coordinator does not say {order.name} in a run")

    def _run(self, order: Run) -> None:
        key = order.step, order.at
        if key not in self._parts:
            self._parts[key] = (part(self._steps[order.step], order.at),)
        self._joint.run(self._parts[key], order.iteration, own_rows(self._number, order.base))
        self._side.flush()

    def _multiply(self, order: Multiply) -> None:
        shares = self._side.multiply(order, own_rows(self._number, order.row))
        self._side.flush()
        self._coordinator.send(Order.SHARES, encode_shares(shares, order.shape))

    def _advanced(self, gates: int) -> None:
        """Now and then the coordinator hears of it: it takes silence for a stall."""
        self.gates += gates
        if time.monotonic() - self._told >= EVERY:
            self._coordinator.send(Order.ADVANCED, b"")
            self._told = time.monotonic()


@contextmanager
def with_the_peers() -> Generator[None]:
    """What goes wrong inside is of the connection to the peer's worker: raises Parted."""
    try:
        yield
    except NetworkError as error:
        raise Parted(str(error)) from error


def give_up(coordinator: Channel, error: BaseException) -> None:
    """Tell the coordinator why, in words that hold no secret, and close."""
    why = str(error) if isinstance(error, NetworkError) else f"it failed ({type(error).__name__})"
    try:
        coordinator.send(Order.PARTED if isinstance(error, Parted) else Order.LOST, why.encode()[:REASON_BYTES])
        coordinator.close()
    except NetworkError:
        coordinator.abort()
