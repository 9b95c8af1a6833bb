"""`--products` and `--link` on the command line, and what is told of bytes and seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import EXAMPLES, MILLIONAIRES, TUMOUR, call

from runtime import api

SHORT = ("-D", "STEPS=1", "-D", "BATCH=4")
FILE_COMMANDS = ("check", "compile", "inspect", "privacy", "simulate", "run", "contract new", "contract verify")


def told(*arguments: str) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("products") / "tumour.ccrc"
    assert call("compile", TUMOUR, *SHORT, "--products", "gates", "-o", str(path)).exit_code == 0
    return str(path)


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_every_command_that_takes_a_program_takes_products(command: str) -> None:
    assert "--products" in call(*command.split(), "--help").stdout


def test_the_choice_is_part_of_the_program(artifact: str) -> None:
    gates, shares, default = (
        told("inspect", TUMOUR, *SHORT, *more) for more in (("--products", "gates"), ("--products", "shares"), ())
    )
    assert gates["products"] == "gates" and shares["products"] == "shares"
    assert default == shares and gates["digest"] != shares["digest"]
    assert told("inspect", artifact) == {**gates, "program": "tumour.ccrc"}
    assert gates["and_gates"] > 6 * shares["and_gates"] and gates["bytes"]["corrections"] == 0
    assert gates["privacy"] == shares["privacy"] and gates["outputs"] == shares["outputs"]


def test_a_program_without_training_is_the_same_either_way() -> None:
    digests = {told("inspect", MILLIONAIRES, "--products", how)["digest"] for how in ("gates", "shares")}
    assert len(digests) == 1 and told("inspect", MILLIONAIRES)["products"] == "gates"


@pytest.mark.parametrize("command", ["inspect", "simulate", "run", "privacy"])
def test_an_artifact_has_chosen(artifact: str, command: str) -> None:
    done = call(command, artifact, "--products", "gates")
    assert done.exit_code == 2 and "an artifact's products are fixed" in done.stderr
    with pytest.raises(ValueError, match="products are fixed"):
        api.compile(artifact, products=api.Products.GATES)


def test_other_words_than_gates_and_shares() -> None:
    done = call("inspect", TUMOUR, "--products", "wires")
    assert done.exit_code == 2 and "'gates', 'shares'" in done.stderr


@pytest.mark.slow
def test_both_choices_give_the_same_bits(tmp_path: Path) -> None:
    folder = EXAMPLES / "tumour"
    given = ("--input", f"w0={folder / 'base.npz'}", "--input", f"records={folder / 'records.csv'}", "--seed", "4")
    runs = [told("run", TUMOUR, *SHORT, *given, "--quiet", "--products", how) for how in ("gates", "shares")]
    simulated = [told("simulate", TUMOUR, *SHORT, *given, "--products", how) for how in ("gates", "shares")]
    assert len({str(each["outputs"]) for each in (*runs, *simulated)}) == 1
    for each in runs:
        assert each["bytes"] == each["predicted"]["bytes"] and each["predicted"]["seconds"] > 0
        assert each["bytes"]["total"] < each["bytes_sent"] < each["bytes"]["total"] + 40_000


def test_bytes_by_kind_and_by_line() -> None:
    found = told("inspect", TUMOUR, *SHORT)
    sent = found["bytes"]
    assert sent.keys() == {"tables", "corrections", "transfers", "outputs", "total"}
    assert sent["total"] == sum(size for kind, size in sent.items() if kind != "total")
    assert sent["tables"] == found["table_bytes"] == 16 * found["ciphertexts"]
    assert sum(line["bytes"] for line in found["lines"]) == sent["total"]
    [score] = [line for line in found["lines"] if (line["line"], line["column"]) == (25, 19)]
    assert score["bytes"] > 32 * score["and_gates"] > 0
    assert found["messages_per_step"] == 2
    shown = call("inspect", TUMOUR, *SHORT).stdout
    assert (
        "products as shares, 2 messages a step from vendor\n" in shown
        and "of outputs (without set-up and TLS)\n" in shown
    )
    assert "tumour.ccr:25:19  dot(w, row.x)" in shown


def test_seconds_over_a_link() -> None:
    plain, over = told("inspect", TUMOUR, *SHORT), told("inspect", TUMOUR, *SHORT, "--link", "100Mbit,40ms")
    link = over.pop("link")
    assert over == plain and link.keys() == {"bytes_per_second", "round_trip", "seconds"}
    assert (link["bytes_per_second"], link["round_trip"]) == (12.5e6, 0.04)
    sent, waited = plain["bytes"]["total"] / 12.5e6, 0.04 * plain["round_trips"]
    assert max(plain["seconds"], sent) + waited < link["seconds"] < plain["seconds"] + sent + waited
    assert "over 12.5 MB/s with 40 ms a round trip" in call("inspect", TUMOUR, *SHORT, "--link", "100Mbit,40ms").stdout


@pytest.mark.parametrize("text", ["100Mbit", "100,40", "0Mbit,40ms", "-1Mbit,4ms", "1Mbit,nan", "1e3Mbit,4ms", ""])
def test_a_link_is_a_rate_and_a_round_trip(text: str) -> None:
    for command in ("inspect", "run"):
        done = call(command, TUMOUR, "--link", text)
        assert done.exit_code == 2 and "100Mbit,40ms" in done.stderr


def test_what_integrity_is_not_claimed_of(tmp_path: Path) -> None:
    path = tmp_path / "tumour.ccr"
    path.write_text(Path(TUMOUR).read_text().replace("output w to vendor;", "output reveal(w) to hospital;"))
    [output] = told("inspect", str(path), *SHORT)["outputs"]
    assert output["integrity"] is False
    said = "no integrity is claimed for `w`: a malicious vendor can steer what is trained"
    assert said in call("inspect", str(path), *SHORT).stdout
    [output] = told("inspect", TUMOUR, *SHORT)["outputs"]
    assert output["integrity"] is True
    [output] = told("inspect", str(path), *SHORT, "--products", "gates")["outputs"]
    assert output["integrity"] is True
