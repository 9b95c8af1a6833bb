"""Give a kernel's nets registers by live range, and its lanes a tile that stays in the cache.

A linear scan in gate order: a net holds its register from the gate that drives it to the last gate that reads it, an
output to the end.  The lowest free register is taken, so the result is a function of the circuit alone.
A gate may get the register of an operand that it is the last to read: whoever runs it reads both operands first.
"""

from __future__ import annotations

from heapq import heappop, heappush

from compiler.gates.circuit import Circuit
from compiler.schedule.plan import Kernel

LARGEST_TILE = 1024
TILE_LABELS = 1 << 16  # in one tile's registers: a megabyte of them


def place(name: str, circuit: Circuit) -> Kernel:
    """The circuit as a kernel that a launch can run."""
    registers = allocate(circuit)
    count = max(registers) + 1
    return Kernel(name, circuit, registers, count, tile_of(count))


def tile_of(registers: int) -> int:
    """The largest power of two of lanes, 1..1024, whose registers hold TILE_LABELS (one lane runs in any case)."""
    fitting = max(1, TILE_LABELS // registers)
    return min(LARGEST_TILE, 1 << (fitting.bit_length() - 1))


def allocate(circuit: Circuit) -> tuple[int, ...]:
    """The register of each net; the constant and the inputs stand in the registers of their own number."""
    last = last_reads(circuit)
    first_gate = 1 + circuit.inputs
    registers = list(range(first_gate))
    free = [net for net in range(1, first_gate) if last[net] < 0]  # inputs that nobody reads; sorted, so a heap
    fresh = first_gate
    for index, (_, left, right) in enumerate(circuit.gates):
        one, other = left >> 1, right >> 1
        if last[one] == index:
            heappush(free, registers[one])
        if last[other] == index and other != one:
            heappush(free, registers[other])
        if free:
            registers.append(heappop(free))
        else:
            registers.append(fresh)
            fresh += 1
        if last[first_gate + index] < 0:  # a gate that nobody reads
            heappush(free, registers[-1])
    return tuple(registers)


def last_reads(circuit: Circuit) -> list[int]:
    """The last gate that reads each net: -1 if none does, one past the last gate for outputs and the constant."""
    last = [-1] * (1 + circuit.inputs + len(circuit.gates))
    for index, (_, left, right) in enumerate(circuit.gates):
        last[left >> 1] = last[right >> 1] = index
    for net in (0, *(literal >> 1 for literal in circuit.outputs)):
        last[net] = len(circuit.gates)
    return last
