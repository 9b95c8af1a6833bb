"""Inputs to try a circuit with: numbers of all kinds, since carries and zeros are rare in random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice


def samples(inputs: int, count: int, draw: random.Random) -> list[int]:
    """Numbers of as many bits as there are inputs."""
    return [*islice(_kinds(inputs, draw), count)] if inputs else [0] * count


def like(sample: int, inputs: int, draw: random.Random) -> int:
    """The sample with some bits changed, about one in 32."""
    change = draw.getrandbits(inputs)
    for _ in range(4):
        change &= draw.getrandbits(inputs)
    return sample ^ change


def _kinds(inputs: int, draw: random.Random) -> Iterator[int]:
    every, half = (1 << inputs) - 1, inputs // 2

    def bits() -> int:
        return draw.getrandbits(inputs)

    def few() -> int:
        return sum({1 << draw.randrange(inputs) for _ in range(draw.randrange(4))})

    def short() -> int:
        return draw.getrandbits(half) >> draw.randrange(half) if half else 0

    while True:
        yield bits()
        yield bits() & bits() & bits()
        yield bits() | bits() | bits()
        yield few()
        yield every ^ few()
        yield _runs(inputs, draw)
        yield short() | short() << half
        low = short()
        yield low | (low ^ few() & (1 << half) - 1) << half


def _runs(inputs: int, draw: random.Random) -> int:
    """Of equal bits, some long."""
    total, at, bit = 0, 0, draw.randrange(2)
    while at < inputs:
        length = 1 + draw.randrange(1 << draw.randrange(1, 6))
        total |= bit * ((1 << length) - 1) << at
        at += length
        bit ^= 1
    return total & (1 << inputs) - 1
