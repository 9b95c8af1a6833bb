"""ccr from Python."""

from pathlib import Path

import pytest
from support.command import BASE, MILLIONAIRES, RECORDS, TUMOUR

import ccr
from runtime import api

INPUTS = dict(given.split("=", 1) for given in (BASE, RECORDS))


def test_ccr_hands_on_what_the_packages_define() -> None:
    assert set(api.__all__) <= set(ccr.__all__)
    for name in api.__all__:
        assert getattr(ccr, name) is getattr(api, name)


def test_a_run_learns_what_simulate_computes() -> None:
    program = ccr.compile(TUMOUR, {"STEPS": "1"})
    simulated = ccr.simulate(program, INPUTS, seed=4)
    reports = ccr.run(program, INPUTS, seed=4)
    assert set(reports) == {"hospital", "vendor"}
    assert reports["hospital"].outputs == {} and reports["vendor"].outputs["w"].tolist() == simulated["w"].tolist()


BARE = """party vendor; party hospital;
input w0: fix<16, 8>[2] from vendor;
dataset records from hospital { x: fix<12, 10>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 1, steps = 1, clip = 1.0, noise = 0, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w = reveal(w) to vendor;
"""


def test_a_run_that_tells_records_as_they_are_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "bare.ccr").write_text(BARE)
    (tmp_path / "records.csv").write_text("x[0],x[1],y\n0.5,0.25,1\n-0.25,0.5,0\n")
    (tmp_path / "w0.csv").write_text("w\n0.5\n-0.25\n")
    program = ccr.compile(tmp_path / "bare.ccr")
    given = {"records": str(tmp_path / "records.csv"), "w0": str(tmp_path / "w0.csv")}
    with pytest.raises(ccr.Refused, match="`w` would tell records as they are") as refused:
        ccr.run(program, given)
    assert refused.value.reason == "not-private" and "not_private=True" in refused.value.help
    assert ccr.run(program, given, not_private=True)["vendor"].outputs["w"].shape == (2,)


def test_errors_have_names(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ccr"
    wrong.write_text("party alice; party bob;\noutput x to alice;\n")
    with pytest.raises(ccr.Rejected):
        ccr.compile(wrong)
    program = ccr.compile(MILLIONAIRES)
    with pytest.raises(ccr.InputError, match="`b` is missing"):
        ccr.run(program, {"a": "1"})
    (tmp_path / "not.ccrc").write_bytes(b"CCRC")
    with pytest.raises(ccr.ArtifactError):
        ccr.compile(tmp_path / "not.ccrc")
