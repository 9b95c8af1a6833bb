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
