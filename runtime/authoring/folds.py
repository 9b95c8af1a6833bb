"""Which records are held out: each seed leaves out another fifth, all classes in proportion."""

from __future__ import annotations

import numpy as np

from runtime.authoring.floating import Floats, Numbers

FOLDS = 5


def held_out(y: Floats, seed: int) -> tuple[Numbers, Numbers]:
    """Row numbers (trained on, held out), of seeds from 1."""
    rng = np.random.default_rng((seed - 1) // FOLDS)
    order = np.lexsort((rng.random(len(y)), y))  # by label, so that each fold has its share of each
    mine = np.arange(len(y)) % FOLDS == (seed - 1) % FOLDS
    return np.sort(order[~mine]), np.sort(order[mine])


def repeated(rows: Numbers, count: int) -> Numbers:
    """As many rows as there will be records: those that there are, over and over."""
    return np.resize(rows, max(count, len(rows)))
