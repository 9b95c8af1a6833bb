"""The noise that an epsilon asks of one training, before there is a program."""

from __future__ import annotations

from functools import cache
from math import ceil

from compiler.training.dpsgd import slot_count
from runtime.privacy.accountant import Mechanism
from runtime.privacy.calibrate import noise_for

_JOINT = 1.0002  # noise that both parties draw is certified as that of a little less


@cache
def noise(epsilon: float, delta: float, n: int, batch: int, steps: int) -> float:
    """A noise multiplier in thousandths, rounded up.  Raises OutOfReach, and ValueError where batch > n."""
    asked = Mechanism(name="", n=n, batch=batch, slots=slot_count(batch), steps=steps, noise_multiplier=1.5)
    (found,) = noise_for([asked], epsilon, delta)
    return ceil(found * _JOINT * 1000) / 1000
