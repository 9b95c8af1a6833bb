"""Functions that are not exact, as programs say them: bound, unbound, with `within`, at the ends of their kinds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.real import EACH

from compiler.program import Approximation
from lang.problems.problem import Rejected
from runtime import api

HEAD = "party alice;\nparty bob;\ninput x: fix<16, 8>[9] from alice;\n"
X = [-32768, -1500, -300, -1, 0, 1, 40, 900, 32767]  # in units of 1/256
LEAST, MOST = Decimal(-128), Decimal(128) - Decimal(1) / 256


def program(tmp_path: Path, body: str) -> api.Program:
    path = tmp_path / "f.ccr"
    path.write_text(HEAD + body, encoding="utf-8")
    return api.compile(path)


def values(tmp_path: Path, body: str, scale: Fraction) -> list[Decimal]:
    """Output `r` of the program."""
    np.save(tmp_path / "x.npy", np.array(X) / 256)
    outputs: dict[str, Any] = api.simulate(program(tmp_path, body), {"x": str(tmp_path / "x.npy")})
    return [Decimal(int(n)) * scale.numerator / scale.denominator for n in outputs["r"]]


def check(got: list[Decimal], exact: Callable[[Decimal], Decimal], error: Decimal) -> None:
    with localcontext(Context(prec=50)):
        wanted = [max(LEAST, min(exact(Decimal(n) / 256), MOST)) for n in X]
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= error


@pytest.mark.parametrize("name", EACH)
def test_bound(name: str, tmp_path: Path) -> None:
    body = f"let y: fix<16, 8>[9] = {name}(x);\noutput r = reveal(y) to bob;\n"
    check(values(tmp_path, body, Fraction(1, 256)), EACH[name], Decimal(1) / 256)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("within", ["0.003", "0.02", "0.3"])  # under a last bit, and far over one
def test_within(name: str, within: str, tmp_path: Path) -> None:
    body = f"let y: fix<16, 8>[9] = {name}(x, within = {within});\noutput r = reveal(y) to bob;\n"
    check(values(tmp_path, body, Fraction(1, 256)), EACH[name], Decimal(within))


@pytest.mark.parametrize("name", ["sqrt", "sigmoid", "tanh"])
def test_unbound_they_have_eight_fraction_bits(name: str, tmp_path: Path) -> None:
    body = f"let y: fix<24, 12>[9] = {name}(x) + 0.0;\noutput r = reveal(y) to bob;\n"
    check(values(tmp_path, body, Fraction(1, 4096)), EACH[name], Decimal(1) / 256)


def test_softmax_along_an_axis(tmp_path: Path) -> None:
    body = (
        "let m = reshape(x, 3, 3);\nlet p: fix<16, 8>[3, 3] = softmax(m, axis = 0);\n"
        "output r = reveal(reshape(p, 9)) to bob;\n"
    )
    got = np.array([float(v) for v in values(tmp_path, body, Fraction(1, 256))]).reshape(3, 3)
    scores = np.array(X).reshape(3, 3) / 256
    powers = np.exp(scores - scores.max(axis=0))
    assert np.abs(got - powers / powers.sum(axis=0)).max() < 1 / 256


def test_what_wraps_has_no_ends(tmp_path: Path) -> None:
    body = "let y: fix<16, 8>[9] = clamp(x, -1.0, 6.0);\noutput r = reveal(exp(y) as fix<16, 8> wrap) to bob;\n"
    got = values(tmp_path, body, Fraction(1, 256))
    with localcontext(Context(prec=50)):
        exact = [max(Decimal(-1), min(Decimal(n) / 256, Decimal(6))).exp() for n in X]
        assert max(abs(((a - b) % 256 + 384) % 256 - 128) for a, b in zip(got, exact, strict=True)) <= Decimal(1) / 256


def test_the_error_is_told(tmp_path: Path) -> None:
    compiled = program(
        tmp_path,
        "let y: fix<16, 8>[9] = exp(x);\nlet z: fix<16, 4>[9] = sigmoid(x);\noutput r = reveal(y + z) to bob;\n",
    ).compiled
    exp, sigmoid = compiled.approximations
    assert exp == Approximation("exp", Fraction(1, 256))
    assert sigmoid.function == "sigmoid" and 0 < sigmoid.error <= Fraction(1, 16)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("exp(x, within = 0.0001) as fix<16, 8>", "within-unmet"),
        ("sigmoid(x, within = 0.001) as fix<16, 8>", "within-unmet"),
        ("exp(x) > 1.0", "result-too-wide"),
        ("log(x * x * x) > 1.0", "range-too-wide"),
    ],
)
def test_what_cannot_be_is_a_problem(expression: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        program(tmp_path, f"output r = reveal({expression}) to bob;\n")
    assert [p.code for p in caught.value.problems] == [code]
    assert caught.value.problems[0].span.line == 4
