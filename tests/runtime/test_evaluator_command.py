"""`--evaluator` on the command line: part of the program, of the contract and of what the screen says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import EXAMPLES, MILLIONAIRES, TUMOUR, call, finish, port, start
from support.contracts import HOSPITAL, VENDOR

from runtime import api
from runtime.contract.agree import with_program
from runtime.contract.draft import terms_for
from runtime.contract.refused import Refused
from runtime.contract.terms import Terms, agrees_with_itself
from runtime.ledger.events import now

CHECKED = """party bank; party shop;
input secret: uint<8>[4] from bank;
input code: uint<8> from shop;
let allowed = code < 4;
output reveal(if allowed { sum(secret) } else { 0 }) to shop;
"""
HONEST = ("--evaluator", "honest")
GIVEN = ("--input", "code=3", "--input")
TRUSTED = "shop is TAKEN FOR HONEST: what it computes of its own inputs nothing checks (evaluator: honest)"
FILE_COMMANDS = ("check", "compile", "inspect", "privacy", "simulate", "run", "contract new", "contract verify")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluator") / "checked.ccr"
    path.write_text(CHECKED)
    path.with_suffix(".csv").write_text("secret\n200\n7\n31\n2\n")
    return path


def told(*arguments: str) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_every_command_that_takes_a_program_takes_it(command: str) -> None:
    assert "--evaluator" in call(*command.split(), "--help").stdout


def test_the_choice_is_part_of_the_program(checked: Path, tmp_path: Path) -> None:
    honest, malicious, default = (
        told("inspect", str(checked), *more) for more in (HONEST, ("--evaluator", "malicious"), ())
    )
    assert default == malicious and honest["digest"] != malicious["digest"]
    assert (honest["evaluator_taken_for"], malicious["evaluator_taken_for"]) == ("honest", "malicious")
    assert honest["and_gates"] < malicious["and_gates"] and honest["outputs"] == malicious["outputs"]
    artifact = tmp_path / "checked.ccrc"
    done = call("compile", str(checked), *HONEST, "-o", str(artifact))
    assert done.exit_code == 0 and TRUSTED in done.stdout
    assert told("inspect", str(artifact)) == {**honest, "program": "checked.ccrc"}
    again = told("compile", str(checked), "-o", str(artifact))
    assert again["digest"] == malicious["digest"] and again["evaluator_taken_for"] == "malicious"


def test_a_program_that_both_read_alike_differs_by_what_it_is_trusted_with() -> None:
    honest, malicious = (told("inspect", MILLIONAIRES, *more) for more in (HONEST, ()))
    assert honest["and_gates"] == malicious["and_gates"] and honest["digest"] != malicious["digest"]


def test_no_evaluator_is_taken_for_honest_where_a_data_set_is_at_stake() -> None:
    found = told("inspect", TUMOUR, *HONEST)
    assert found == told("inspect", TUMOUR) and found["evaluator_taken_for"] == "malicious"
    said = "vendor may be malicious: it enters its inputs, coins and shares and nothing that it computes of them"
    assert said in call("inspect", TUMOUR, *HONEST).stdout


def test_the_screen_says_it(checked: Path) -> None:
    assert TRUSTED in call("inspect", str(checked), *HONEST).stdout
    said = "shop may be malicious: it enters its inputs and nothing that it computes of them"
    assert said in call("inspect", str(checked)).stdout
    shown = call("inspect", str(EXAMPLES / "digits" / "by_step.ccr")).stdout
    assert "learns w: fix<16, 10>[65, 10], the noisy sums of each step on `digits`" in shown
    assert "nothing that it computes of them, but for weights that it goes on with" in shown


@pytest.mark.slow
def test_both_choices_give_the_same_and_a_run_says_what_it_trusts(checked: Path) -> None:
    given = (*GIVEN, f"secret={checked.with_suffix('.csv')}", "--quiet")
    runs = {more: call("run", str(checked), *given, *more) for more in (HONEST, ())}
    assert all(done.exit_code == 0 and "out = 240" in done.stdout for done in runs.values())
    assert TRUSTED in runs[HONEST].stdout and f"warning: {TRUSTED}" in runs[HONEST].stderr
    assert "HONEST" not in runs[()].stdout + runs[()].stderr
    simulated = [told("simulate", str(checked), *given[:-1], *more)["outputs"] for more in (HONEST, ())]
    assert simulated == [{"out": 240}, {"out": 240}]


@pytest.mark.parametrize("command", ["inspect", "simulate", "run"])
def test_an_artifact_has_chosen(checked: Path, tmp_path: Path, command: str) -> None:
    artifact = tmp_path / "checked.ccrc"
    told("compile", str(checked), *HONEST, "-o", str(artifact))
    done = call(command, str(artifact), *HONEST)
    assert done.exit_code == 2 and "an artifact's trust in the evaluator is fixed" in done.stderr
    with pytest.raises(ValueError, match="trust in the evaluator is fixed"):
        api.compile(artifact, evaluator=api.Evaluator.HONEST)


def test_other_words_than_these() -> None:
    done = call("inspect", MILLIONAIRES, "--evaluator", "nice")
    assert done.exit_code == 2 and "'malicious', 'honest'" in done.stderr


def agreed(program: api.Program) -> Terms:
    certificates = dict(zip(program.compiled.parties, (HOSPITAL.certificate, VENDOR.certificate), strict=True))
    return terms_for(program, certificates, {}, None, now(), now().replace(year=now().year + 1))


def test_a_contract_is_about_one_of_them(checked: Path) -> None:
    programs = {taken: api.compile(checked, evaluator=taken) for taken in api.Evaluator}
    terms = {taken: agreed(program) for taken, program in programs.items()}
    assert (terms[api.Evaluator.HONEST].honest, terms[api.Evaluator.MALICIOUS].honest) == ("shop", None)
    for taken in api.Evaluator:
        with_program(terms[taken], programs[taken])
        other = next(e for e in api.Evaluator if e is not taken)
        with pytest.raises(Refused, match="of the evaluator the contract says") as refused:
            with_program(terms[taken], programs[other])
        assert refused.value.reason == "other-evaluator" and taken.value in refused.value.help


def test_a_contract_takes_no_stranger_for_honest(checked: Path) -> None:
    terms = agreed(api.compile(checked)).model_copy(update={"honest": "mallory"})
    with pytest.raises(Refused, match="`mallory` is named in the terms"):
        agrees_with_itself(terms)


def test_a_contract_says_it(checked: Path, tmp_path: Path) -> None:
    for name in ("bank", "shop"):
        assert call("keys", "new", name, "--folder", str(tmp_path)).exit_code == 0
    own = [f"--{what}={tmp_path / 'bank'}.{end}" for what, end in (("key", "key"), ("cert", "crt"))]
    for more, said in ((HONEST, TRUSTED), ((), "the evaluator may be malicious")):
        out = tmp_path / f"{len(more)}.json"
        peer = f"--peer={tmp_path / 'shop.crt'}"
        done = call("contract", "new", str(checked), "--as", "bank", *own, peer, "-o", str(out), *more)
        assert done.exit_code == 0 and f"\n  {said}\n" in done.stdout, done.stderr
        assert f"\n  {said}\n" in call("contract", "show", str(out)).stdout


@pytest.mark.slow
def test_peers_that_chose_differently(checked: Path, tmp_path: Path) -> None:
    for name in ("bank", "shop"):
        assert call("keys", "new", name, "--folder", str(tmp_path)).exit_code == 0

    def ends(own: str, peer: str) -> tuple[str, ...]:
        return (
            *("--as", own, "--json", f"--key={tmp_path / own}.key", f"--cert={tmp_path / own}.crt"),
            f"--peer={tmp_path / peer}.crt",
        )

    secret = f"secret={checked.with_suffix('.csv')}"
    bank = start("run", str(checked), *ends("bank", "shop"), "--listen", "127.0.0.1:0", "--input", secret, *HONEST)
    where = f"127.0.0.1:{port(bank)}"
    shop = start("run", str(checked), *ends("shop", "bank"), "--connect", where, "--input", "code=9")
    for process, mine, theirs in ((bank, "honest", "malicious"), (shop, "malicious", "honest")):
        status, out, err = finish(process)
        assert status == 1 and json.loads(out)["error"]["code"] == "DifferentEvaluators"
        assert f"you run with --evaluator {mine}, the peer with {theirs}: choose the same" in err
