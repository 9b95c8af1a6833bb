from __future__ import annotations

from hypothesis import given, settings
from lanes import assert_agrees, lanes, vectors

from compiler.gates.verify import verify
from compiler.kernels.expand import expand
from compiler.words.ir import Block


@settings(deadline=None, max_examples=300)
@given(lanes())
def test_a_lane_computes_what_its_words_mean(lane: Block) -> None:
    circuit = expand(lane)
    verify(circuit)
    assert_agrees(circuit, lane, vectors(lane.params, 40))
