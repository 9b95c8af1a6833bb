"""A party's workers: whatever is shared among them, the outputs are those of one machine."""

from __future__ import annotations

import numpy as np
import pytest
from support.command import BASE, RECORDS, TUMOUR
from support.crews import run_spread

from compiler.joint.shares import Products
from runtime import api
from runtime.execute.backend import Roles
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret

FILES = {name: path.split("=", 1)[1] for name, path in (("records", RECORDS), ("w0", BASE))}


@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_the_demo_gives_the_same_bits(products: Products, workers: int) -> None:
    program = api.compile(TUMOUR, {"STEPS": "2"}, products)
    compiled = program.compiled
    sources = PartySources(load(compiled, frozenset(compiled.parties), FILES), RunSecret.from_seed(4))
    both = run_spread(compiled.plan, sources, workers, Roles(compiled.garbler, compiled.evaluator))
    expected = api.simulate(program, FILES, seed=4)
    assert np.array_equal(both.evaluator["w"], expected["w"])
