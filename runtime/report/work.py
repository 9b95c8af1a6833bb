"""The work of a run, gates, bytes and seconds, counted from its schedule: no run is needed.

"Work" is always this; a "cost" is always epsilon.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from compiler.artifact import kernel_digest
from compiler.gates.circuit import and_depth
from compiler.program import Compiled, and_gates, ciphertexts
from compiler.schedule.plan import lane_count, launches
from runtime.execute.backend import ciphertext_bytes
from runtime.net.traffic import Traffic
from runtime.report.forecast.seconds import seconds
from runtime.report.traffic import messages_per_step, round_trips, traffic


@dataclass(frozen=True, slots=True)
class KernelWork:
    """One kernel: gates of one lane, and how often it runs."""

    name: str
    and_gates: int
    xor_gates: int
    ciphertexts: int
    depth: int  # AND gates on its longest path
    registers: int
    launches: int  # of a whole run
    lanes: int  # of all its launches together
    digest: str


@dataclass(frozen=True, slots=True)
class Work:
    """The whole program."""

    and_gates: int
    xor_gates: int
    ciphertexts: int  # two for each AND gate, one where a party knows an operand
    table_bytes: int
    bytes: Traffic
    messages_per_step: int | None  # from the evaluator; None where nothing is trained
    round_trips: int
    seconds: float  # about, without what the network takes
    depth: int  # the sum over all launches, which run one after the other
    kernels: tuple[KernelWork, ...]

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "bytes": self.bytes.as_json()}


def work(program: Compiled) -> Work:
    """Exact: gates are counted after minimisation, loops by their trip counts."""
    plan = program.plan
    times, lanes = [0] * len(plan.kernels), [0] * len(plan.kernels)
    for launch, count in launches(plan.steps):
        times[launch.kernel] += count
        lanes[launch.kernel] += count * lane_count(launch)
    kernels = tuple(
        KernelWork(
            kernel.name,
            kernel.circuit.and_gates,
            kernel.circuit.xor_gates,
            kernel.ciphertexts,
            and_depth(kernel.circuit),
            kernel.register_count,
            t,
            n,
            kernel_digest(kernel),
        )
        for kernel, t, n in zip(plan.kernels, times, lanes, strict=True)
    )
    sent = ciphertexts(plan)
    return Work(
        and_gates(plan),
        sum(k.xor_gates * k.lanes for k in kernels),
        sent,
        ciphertext_bytes(sent),
        traffic(program),
        messages_per_step(program),
        round_trips(program),
        seconds(program),
        sum(k.depth * k.launches for k in kernels),
        kernels,
    )
