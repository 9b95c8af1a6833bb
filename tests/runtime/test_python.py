"""ccr from Python: what a program gives, what is shown of it, and how it is used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import MILLIONAIRES, ROOT
from support.python_programs import OWNERS, ROWS, SMALL, small

import ccr
from ccr.progress import Bar
from runtime import api
from runtime.report.progress import Standing
from runtime.session.watch import Moment

BASE, RECORDS = ROOT / "examples" / "tumour" / "base.npz", ROOT / "examples" / "tumour" / "records.csv"


@pytest.fixture(scope="module")
def ran() -> tuple[ccr.Program, ccr.Result]:
    program = small()
    return program, program.run(w0=[0.5, -0.25], level=7, records=ROWS)


# -- compile ------------------------------------------------------------------------------------


def test_a_path_a_name_and_a_text(tmp_path: Path) -> None:
    (tmp_path / "small.ccr").write_text(SMALL.replace("NOISE", "4").replace("W to", "w to"))
    by_path, by_name = ccr.compile(tmp_path / "small.ccr"), ccr.compile(str(tmp_path / "small.ccr"))
    assert by_path.name == by_name.name == "small.ccr" and small().name == "program.ccr"
    by_path.save(tmp_path / "small.ccrc")
    assert by_path.digest == by_name.digest == ccr.compile(str(tmp_path / "small.ccrc")).digest
    with pytest.raises(ccr.Rejected, match="no-such"):
        ccr.compile("no-such")


@pytest.mark.parametrize(
    "value", [0.1, "0.1", Decimal("0.1"), Fraction(1, 10), np.float64(0.1), np.float32(0.1)], ids=lambda v: repr(v)
)
def test_params(value: object) -> None:
    assert small(RATE=value).digest == small(RATE=Fraction(1, 10)).digest != small().digest


def test_a_param_that_is_none() -> None:
    assert small(RATE=1).digest == small(RATE=np.int8(1)).digest == small().digest
    for value in ("high", float("nan"), None, True, [1]):
        with pytest.raises(ccr.Rejected, match="RATE"):
            small(RATE=value)
    with pytest.raises(ccr.Rejected, match="STEPS"):
        small(STEPS=3)


def test_products_and_evaluator_as_words() -> None:
    source = MILLIONAIRES
    for word, meant in (("honest", ccr.Evaluator.HONEST), ("malicious", ccr.Evaluator.MALICIOUS)):
        assert ccr.compile(source, evaluator=word).digest == ccr.compile(source, evaluator=meant).digest
    assert ccr.compile(source, products="gates").digest == ccr.compile(source, products=ccr.Products.GATES).digest
    with pytest.raises(ValueError, match=r"evaluator is .malicious. or .honest., not 'onest'"):
        ccr.compile(source, evaluator="onest")
    with pytest.raises(ValueError, match=r"products is .gates. or .shares., not 'gate'"):
        ccr.compile(source, products="gate")


def test_a_rejection_is_drawn() -> None:
    with pytest.raises(ccr.Rejected) as rejected:
        ccr.compile("party a; party b;\ninput x: uint<4> from a;\noutput x to b;")
    assert str(rejected.value).startswith(
        "\nerror[leaks-input]: `x` carries the input `x` of `a` to `b`\n --> program.ccr:3:8"
    )
    assert "3 | output x to b;\n  |        ^ learned by `b` here" in str(rejected.value)


# -- what comes out -----------------------------------------------------------------------------


def test_outputs_are_numbers_or_the_grid_s_integers() -> None:
    inputs = {"w0": [0.5, -0.25], "level": 7, "records": ROWS}
    found, raw = small().simulate(inputs, seed=1), small().simulate(inputs, seed=1, raw=True)
    assert found["w"].dtype == np.float64 and raw["w"].dtype == np.int64
    assert np.array_equal(found["w"] * 256, raw["w"]) and found["out"] == raw["out"] == 1
    wide = ccr.compile("party a; party b; input x: fix<90, 20> from a; output reveal(x) to b;")
    assert wide.simulate(x=2**60)["x"] == 2.0**60 and wide.simulate(x=2**60, raw=True)["x"] == 2**80


def test_a_mean_is_the_nearest_float() -> None:
    third = ccr.compile("party a; party b; input x: uint<4>[3] from a; output m = reveal(mean(x)) to b;")
    assert third.simulate(x=[1, 0, 0])["m"] == 1 / 3


def test_a_run_learns_what_simulate_computes() -> None:
    inputs = {"w0": [0.5, -0.25], "level": 7, "records": ROWS}
    result = small().run(inputs, seed=1)
    assert np.array_equal(result.outputs["w"], small().simulate(inputs, seed=1)["w"])
    assert result.epsilon == np.inf and "NOT private" in result._repr_html_()
    assert np.array_equal(small().run(inputs, seed=1, raw=True).outputs["w"] / 256, result.outputs["w"])


def test_a_result_says_what_it_took_beside_what_was_predicted(ran: tuple[ccr.Program, ccr.Result]) -> None:
    program, result = ran
    assert result.learned == {"hospital": ("out",), "vendor": ("w", "out")}
    assert 0 < result.epsilon < np.inf and result.epsilons == {"hospital": result.epsilon} and result.delta == 1e-5
    assert result.epsilon == program.privacy(records=3).epsilon
    said = program.inspect()
    assert (result.actual.and_gates, result.actual.bytes) == (said.and_gates, said.bytes)
    assert (result.predicted.bytes, result.predicted.seconds) == (said.bytes, said.seconds)
    assert 0 < result.actual.seconds < result.seconds and result.bytes > result.actual.bytes
    assert json.loads(json.dumps(result.as_dict()))["epsilon"] == result.epsilon
    assert str(result).startswith("who learned what\n")


BARE = {"noise": 0, "output": "reveal(w)"}


def test_a_run_that_tells_records_as_they_are_is_asked_for() -> None:
    program, inputs = small(**BARE), {"w0": [0.5, -0.25], "level": 7, "records": ROWS}
    with pytest.raises(ccr.Refused, match="`w` would tell records as they are") as refused:
        program.run(inputs)
    assert refused.value.reason == "not-private" and "not_private=True" in refused.value.help
    assert program.run(inputs, not_private=True).epsilon == np.inf


def test_several_owners_by_name() -> None:
    program = ccr.compile(OWNERS)
    assert list(program.inputs) == ["w0", "bank_a.payments", "bank_b.payments"]
    rows = ROWS.drop(columns="name")
    flat = program.simulate({"bank_a.payments": rows, "bank_b.payments": rows}, w0=[0, 0], seed=1)["w"]
    nested = {"bank_a": {"payments": rows}, "bank_b": {"payments": rows}}
    assert np.array_equal(program.simulate(nested, w0=[0, 0], seed=1)["w"], flat)
    assert np.array_equal(program.simulate(w0=[0, 0], seed=1, **nested)["w"], flat)
    with pytest.raises(ccr.InputError, match=r"did you mean `bank_a\.payments`"):
        program.simulate(w0=[0, 0], payments=rows)
    with pytest.raises(
        ccr.InputError, match=r"`bank_b.payments` is missing: dataset from bank_b\n.*\{\"bank_b.payments\": \.\.\.\}"
    ):
        program.simulate({"bank_a.payments": rows}, w0=[0, 0])
    result = program.run(nested, w0=[0, 0])
    assert set(result.epsilons) == {"bank_a", "bank_b"} and result.epsilon == max(result.epsilons.values())
    told = program.privacy(records={"bank_a": 3, "bank_b": 9})
    assert told.epsilons["bank_a"] > told.epsilons["bank_b"]
    with pytest.raises(ValueError, match="`bank_c` is no owner"):
        program.privacy(records={"bank_c": 3})


def test_a_session_is_driven_with_arrays() -> None:
    program = ccr.compile(OWNERS)
    rows = ROWS.drop(columns="name")
    with program.session(w0=[0.5, 0], bank_a={"payments": rows}, bank_b={"payments": rows}) as session:
        with pytest.raises(ValueError, match="no outputs before"):
            _ = session.outputs
        for _ in session:
            session.weights = {"w": np.array([1.0, session.index])}
    assert session.outputs["w"].tolist() == [1.0, 1.0] and repr(session) == "<ccr session, ended>"


# -- what is shown ------------------------------------------------------------------------------


def test_what_is_shown_is_short(ran: tuple[ccr.Program, ccr.Result]) -> None:
    program, result = ran
    for shown in (program, result, program.inspect(), program.privacy(records=3)):
        assert repr(shown).startswith("<ccr ") and len(repr(shown)) < 200 and "\n" not in repr(shown)
        html = shown._repr_html_()
        assert html.startswith('<div class="ccr">') and html.endswith("</div>") and "<script" not in html
    assert "takes `w0`, `level` and `records`, gives `w` and `out`" in repr(program)


def test_the_heat_map_is_the_text(ran: tuple[ccr.Program, ccr.Result]) -> None:
    program, _ = ran
    rows = [row for row in program._repr_html_().split("<tr")[1:] if "logistic" in row]
    assert len(rows) == 1 and 'class="heat' in rows[0] and '<span class="call">logistic</span>' in rows[0]
    assert re.sub("<[^>]*>", "", rows[0]).split("%")[-1].rstrip() == "    loss logistic(dot(w, row.x), row.y);"


def test_no_cost_for_no_records() -> None:
    with pytest.raises(ValueError, match="records is a whole number above 0, not 0"):
        small().inspect(records=0)


def test_privacy_says_what_is_not_known() -> None:
    with pytest.raises(ValueError, match="how many records `records` has is not known: say records=n"):
        small().privacy()
    with pytest.raises(ValueError, match="a batch of 2 from 1 record"):
        small().privacy(records=1)
    with pytest.raises(ValueError, match="no privacy mechanism"):
        ccr.compile(MILLIONAIRES).privacy(records=1)
    assert "noise 1" in str(small().privacy(records=100, epsilon=5.0)) or "instead of" in str(
        small().privacy(records=100, epsilon=5.0)
    )


def test_progress_is_lines_where_it_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    program = ccr.compile(MILLIONAIRES)
    program.run(a=3, b=2)
    assert capfd.readouterr().err == ""
    program.run(a=3, b=2, progress=True)
    assert capfd.readouterr().err.startswith("millionaires.ccr: 32 AND gates, ")


def test_progress_in_a_notebook_replaces_one_line() -> None:
    shown: list[tuple[str, dict[str, Any]]] = []

    class Handle:
        display_id = "1"

    def display(html: str, **named: Any) -> Handle:
        shown.append((html, named))
        return Handle()

    bar = Bar(display, "a<b>.ccr", 2.0)
    bar.advance(Standing(Moment("stream", 1, 50, 500, 1.0), 2, 100, 1000, 1.0, None))
    bar.end()
    assert [named for _, named in shown] == [{"display_id": True}, *2 * [{"display_id": "1", "update": True}]]
    assert 'value="0.500"' in shown[1][0] and "step 1 of 2, 50 of 100 AND gates, 500 bytes of 1.0 kB" in shown[1][0]
    assert 'value="1.000"' in shown[2][0] and "done in" in shown[2][0] and "a&lt;b&gt;.ccr" in shown[0][0]


# -- how it is used -----------------------------------------------------------------------------

SCRIPT = """
print("begun")
import ccr
result = ccr.compile({program!r}).run(a=3, b=2)
print(int(result.outputs["out"]))
"""


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """The parties' processes do not run it again."""
    (tmp_path / "script.py").write_text(SCRIPT.format(program=str(MILLIONAIRES)))
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("begun\n1\n", 0), done.stderr


PACKAGES = ("ccr", "lang", "compiler", "runtime", "numpy", "lark", "rich")


def test_importing_ccr_imports_nothing_else() -> None:
    code = f"import sys; import ccr; print([m for m in sys.modules if m.split('.')[0] in {PACKAGES}])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout == "['ccr']\n", done.stderr


def test_every_name_is_there() -> None:
    assert set(ccr.__all__) <= set(dir(ccr))
    for name in ccr.__all__:
        assert getattr(ccr, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        _ = ccr.simulate  # type: ignore[attr-defined]  # it is a program's
    assert api.Evaluator is ccr.Evaluator


@pytest.mark.parametrize("seed", ["a", "1", 1.5, True])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="a seed is a whole number"):
        small().simulate(w0=[0, 0], level=1, records=ROWS, seed=seed)


def test_a_seed_may_be_numpy_s() -> None:
    given = {"w0": [0, 0], "level": 1, "records": ROWS}
    one, other = small().simulate(given, seed=7), small().simulate(given, seed=np.int64(7))
    assert np.array_equal(one["w"], other["w"])


@pytest.mark.parametrize("delta", [0, 1, 5, -0.1])
def test_a_wrong_delta_is_said_at_once(delta: float) -> None:
    with pytest.raises(ValueError, match=r"delta is .* and must be a number above 0 and below 1"):
        small().run(w0=[0, 0], level=1, records=ROWS, delta=delta)
