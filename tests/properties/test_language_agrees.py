"""Programs as text: the plain reading, the words, the circuits and the garbled runs say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.agreement import circuits_agree, values, words_agree
from support.random_text import program

from compiler.joint.locality import Evaluator
from runtime import api
from runtime.party.here import run_here

ONCE_WRONG = {
    "a shift by nothing": "output out = reveal(a << 0) to bob;",
    "the bits of a number that its kind holds with room": "output out = reveal(popcount((a - 9) as int<8>)) to bob;",
    "a clamped index": "output out = reveal(x[clamp(a - b, 0, 4)]) to bob;",
    "an index that is a multiple": "output out = reveal(x[(a % 2) * 4]) to bob;",
    "a number after a loop that one of its body's has too": """
        var t: uint<4> = a;
        for i in 0..3 { t = t ^ x[i]; }
        output out = reveal(min(t, 9)) to bob;""",
    "every other element": """
        var t: uint<9> = a;
        for i in 0..2 { t = t * 2 + x[2 * i + 1] - x[i + i]; }
        output out = reveal(t) to bob;""",
    "a slice before an index": """
        var m: uint<4>[3, 2] = a;
        m[1.., 0] = [b, a + 1];
        output out = reveal(m) to bob;""",
    "twice an index as a variable": """
        var t: int<8> = 0;
        for i in 0..2 { var v: int<6>[2] = i + i; v[1] -= a; t = t * 3 + v[0] + v[1]; }
        output out = reveal(t) to bob;""",
    "a multiple of an index as an element": """
        var t: uint<8>[4] = 0;
        for i in 0..4 { t[i] = 4 * i; t[3 - i] += a; }
        output out = reveal(t) to bob;""",
    "private indices of any axis": """
        var m: uint<4>[3, 2, 2] = a;
        m[1, :, b % 2] = [b, a];
        m[a % 3, 1.., b % 2] += [3];
        for i in 0..3 { m[i, a % 2, 0] = i + b; }
        output out = reveal(m) to bob;""",
    "a loop that only copies what one party has": """
        var t: uint<3> = 0;
        var u: uint<3> = 1;
        for i in 0..2 { t = a; u = b; }
        output out = reveal(t) to bob;
        output other = reveal(u - t) to bob;""",
    "an index as a number": """
        var t: uint<8> = a;
        for i in 0..3 { for j in 0..2 { t = t * b + i + j; } }
        output out = reveal(t) to bob;""",
}


def taken_for(number: int) -> Evaluator:
    """Every other program computes what its evaluator may alone."""
    return Evaluator.HONEST if number % 2 else Evaluator.MALICIOUS


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_a_small_program(name: str) -> None:
    inputs = "input a: uint<3> from alice; input b: uint<3> from bob; input x: uint<4>[5] from bob;"
    circuits_agree(*words_agree(f"party alice; party bob; {inputs} {ONCE_WRONG[name]}"), garbled=True)


@pytest.mark.parametrize("number", range(40))
def test_a_random_program(number: int) -> None:
    circuits_agree(*words_agree(program(number), taken_for(number)), garbled=number % 3 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(40, 400))
def test_another_random_program(number: int) -> None:
    circuits_agree(*words_agree(program(number), taken_for(number)), garbled=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_two_processes(number: int, tmp_path: Path) -> None:
    path = tmp_path / "random.ccr"
    path.write_text(program(number))
    compiled = api.compile(path)
    assert compiled.meaning is not None
    given: dict[str, str] = {}
    drawn = values(compiled.meaning, 7)
    for entry, type in compiled.meaning.words.inputs:
        given[entry.name] = str(tmp_path / f"{entry.name}.npy")
        np.save(
            given[entry.name],
            np.asarray(drawn[entry.name] * type.scale, dtype=np.int64 if type.scale == 1 else np.float64),
        )
    want = api.simulate(compiled, given)
    reports = run_here(compiled, given, seed=1, timeout=120.0)
    for o in compiled.compiled.outputs:
        for receiver in o.receivers:
            assert np.array_equal(reports[receiver].outputs[o.name], want[o.name])
