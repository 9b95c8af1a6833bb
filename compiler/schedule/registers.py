"""Holds a kernel to its promises: nets read before they are lost, and a tile that fits the cache.

The registers are followed gate by gate, each holding the number of its net: what `place` allots by live ranges is
found sound without asking how it was found.
"""

from __future__ import annotations

from collections.abc import Iterable

from compiler.schedule.place import tile_of
from compiler.schedule.plan import Kernel


def fault(kernel: Kernel) -> str | None:
    """What is wrong with a kernel, or None."""
    return _shape(kernel) or _liveness(kernel)


def _shape(kernel: Kernel) -> str | None:
    circuit, registers = kernel.circuit, kernel.registers
    if circuit.inputs < 1 or not circuit.outputs:
        return "it has no inputs or no outputs"
    if len(registers) != 1 + circuit.inputs + len(circuit.gates):
        return f"{len(registers)} registers are named for {1 + circuit.inputs + len(circuit.gates)} nets"
    if min(registers) < 0 or max(registers) + 1 != kernel.register_count:
        return f"its nets are in registers {min(registers)}..{max(registers)}, not in {kernel.register_count}"
    if kernel.register_count > len(registers):
        return f"{kernel.register_count} registers are held for {len(registers)} nets"
    if registers[: 1 + circuit.inputs] != tuple(range(1 + circuit.inputs)):
        return "the constant or an input is not in the register of its number"
    if kernel.tile < 1 or kernel.tile & (kernel.tile - 1):
        return f"its tile of {kernel.tile} lanes is not a power of two"
    if kernel.tile > tile_of(kernel.register_count):
        return f"its tile of {kernel.tile} lanes is larger than {kernel.register_count} registers allow"
    return None


def _liveness(kernel: Kernel) -> str | None:
    circuit, registers = kernel.circuit, kernel.registers
    held = [-1] * kernel.register_count  # the net in each register
    first = 1 + circuit.inputs
    held[:first] = range(first)
    for net, (_, left, right) in enumerate(circuit.gates, first):
        a, b = left >> 1, right >> 1
        if not (0 <= a < net and 0 <= b < net):
            return f"gate {net - first} reads a net that is not made yet"
        if held[registers[a]] != a or held[registers[b]] != b:
            return f"gate {net - first} reads a net whose register was given away"
        held[registers[net]] = net
    return _lost(held, registers, (literal >> 1 for literal in circuit.outputs))


def _lost(held: list[int], registers: tuple[int, ...], outputs: Iterable[int]) -> str | None:
    """Of what must stand to the end."""
    if held[0] != 0:
        return "a gate overwrites the constant"
    for position, net in enumerate(outputs):
        if not 0 <= net < len(registers):
            return f"output {position} is no net of the circuit"
        if held[registers[net]] != net:
            return f"the register of output {position} was given away"
    return None
