"""What is said of a run that is cut and whose steps a ledger counts: how to go on, since a new one is charged anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.command import BASE, EXAMPLES, RECORDS, TUMOUR, call

from runtime.cli import execution, runs
from runtime.net.errors import NetworkError
from runtime.session.guard import PeerRefused

DIGITS = EXAMPLES / "digits"
BY_STEP = (
    str(DIGITS / "by_step.ccr"),
    f"--input=w0={DIGITS / 'linear.npz'}",
    f"--input=digits={DIGITS / 'records.csv'}",
)
TOLD_AT_END = (TUMOUR, f"--input=w0={BASE}", f"--input=records={RECORDS}")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), NetworkError("the connection broke"), PeerRefused("no")])
@pytest.mark.parametrize("program", [BY_STEP, TOLD_AT_END])
def test_a_run_that_was_cut(program: tuple[str, ...], error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> None:
        raise error

    monkeypatch.setattr(runs, "_agreed", lambda *_: [SimpleNamespace(contract=None)])
    monkeypatch.setattr(runs, "_bound", lambda *_: None)
    monkeypatch.setattr(runs, "_ends", lambda *_: None)
    monkeypatch.setattr(execution.Execution, "reports", cut)
    said = call("run", *program).stderr
    assert ("--continue" in said) == (program is BY_STEP and not isinstance(error, PeerRefused))
    assert "nothing was saved" not in said
