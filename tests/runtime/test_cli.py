"""The command line within this process: what it prints, and what it refuses before anything is sent."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import BASE, HERE, MILLIONAIRES, RECORDS, TUMOUR, call

from runtime.cli.options import Address, UsageError, address, pairs
from runtime.report.wording import count, percent, size


def told(*arguments: str) -> Any:
    """The JSON of a command that must succeed."""
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    """The message of a command that must be refused as wrong."""
    done = call(*arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of both parties, and the tumour program as an artifact."""
    folder = tmp_path_factory.mktemp("cli")
    for name in ("hospital", "vendor"):
        assert call("keys", "new", name, "--folder", str(folder)).exit_code == 0
    assert call("compile", TUMOUR, "-o", str(folder / "tumour.ccrc")).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def inspected() -> Any:
    """What `ccr inspect` tells of the tumour program."""
    return told("inspect", TUMOUR)


@pytest.fixture(scope="module")
def shown() -> str:
    """The same for people."""
    return call("inspect", TUMOUR).stdout


# -- check, compile, inspect


def test_check_a_good_program() -> None:
    assert told("check", MILLIONAIRES) == {"problems": []}
    done = call("check", MILLIONAIRES)
    assert done.exit_code == 0 and done.stdout == f"{MILLIONAIRES}: no errors\n"


def test_check_tells_every_problem_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "wrong.ccr"
    file.write_text("party a; party b;\ninput x: uint<8> from a;\noutput x to a;\noutput y to a;\noutput z to a;\n")
    done = call("check", str(file), "--json")
    problems = json.loads(done.stdout)["problems"]
    assert done.exit_code == 2
    assert [(p["code"], p["line"], p["column"]) for p in problems] == [("unknown-name", 4, 8), ("unknown-name", 5, 8)]
    assert f"--> {file}:4:8" in done.stderr and done.stderr.endswith("2 errors\n")


def test_check_a_file_to_be_imported(tmp_path: Path) -> None:
    file = tmp_path / "layers.ccr"
    file.write_text("param WIDTH = 3;\ntype Weight = fix<16, 10>;\nfn half(x: Weight) -> Weight { x / 2 }\n")
    assert told("check", str(file)) == {"problems": []}
    assert "nothing-to-run" in refused("compile", str(file))
    file.write_text("var x: bit = 1;\n")
    assert "nothing-to-run" in refused("check", str(file))


def test_leaks_are_problems_of_the_program(tmp_path: Path) -> None:
    file = tmp_path / "leak.ccr"
    file.write_text("party a; party b;\ninput x: uint<8> from a;\noutput x to b;\n")
    message = refused("check", str(file))
    assert "error[leaks-input]" in message and "reveal" in message


def test_markup_in_a_program_is_printed_as_it_stands(tmp_path: Path) -> None:
    """Codes stand in brackets, which a terminal library would take for markup; long lines are not wrapped."""
    file = tmp_path / "long.ccr"
    file.write_text("party a; party b; output zzz to a; // [red]" + "x" * 300 + "\n")
    message = refused("check", str(file))
    assert "error[unknown-name]" in message and "[red]" + "x" * 300 in message


def test_params_from_the_command_line(inspected: Any) -> None:
    plain, more = inspected, told("inspect", TUMOUR, "-D", "STEPS=2000")
    assert [k["digest"] for k in plain["kernels"]] == [k["digest"] for k in more["kernels"]]
    assert more["and_gates"] == 100 * plain["and_gates"] and more["digest"] != plain["digest"]
    assert plain["parameters"]["NOISE"] == "169/100"
    assert "unknown-param" in refused("check", TUMOUR, "-D", "STEP=3")
    assert "NAME=VALUE" in refused("check", TUMOUR, "-D", "STEPS")


def test_inspect_adds_up(folder: Path) -> None:
    found = told("inspect", str(folder / "tumour.ccrc"), "--records", "455", "--delta", "1e-6")
    kernels = found["kernels"]
    assert found["and_gates"] == sum(k["and_gates"] * k["lanes"] for k in kernels)
    assert found["xor_gates"] == sum(k["xor_gates"] * k["lanes"] for k in kernels)
    assert found["depth"] == sum(k["depth"] * k["launches"] for k in kernels)
    assert found["ciphertexts"] == sum(k["ciphertexts"] * k["lanes"] for k in kernels)
    assert found["table_bytes"] == found["bytes"]["tables"] == 16 * found["ciphertexts"]
    assert found["and_gates"] < found["ciphertexts"] < 2 * found["and_gates"]  # shares are joined in adders
    assert all(k["depth"] <= k["and_gates"] and k["registers"] > 0 for k in kernels)
    assert [p["name"] for p in found["passes"]][:2] == ["fold", "share"]
    assert sum(k["and_gates"] for k in kernels) == found["passes"][-1]["and_after"]
    assert found["and_gates"] == found["passes"][-1]["run_and_after"]
    assert found["xor_gates"] == found["passes"][-1]["run_xor_after"]
    lines = found["lines"]
    assert sum(n["and_gates"] for n in lines) == found["and_gates"]
    assert sum(n["ciphertexts"] for n in lines) == found["ciphertexts"]
    assert all(n["ciphertexts"] <= 2 * n["and_gates"] and n["file"] == "tumour.ccr" for n in lines)
    assert sum(n["bytes"] for n in lines) == found["bytes"]["total"]
    assert [(n["line"], n["column"]) for n in lines] == [(15, 1), (24, 1), (25, 10), (25, 19), (28, 8)]
    privacy = found["privacy"]
    assert privacy["sigma"] == 1.69 and privacy["delta"] == 1e-6 and 2.0 < privacy["epsilon"] < 3.0
    assert privacy["mechanisms"][0]["slots"] == 96
    assert privacy["mechanisms"][0]["bounded_by"].startswith("structure: ")


def test_inspect_has_the_fields_that_others_rely_on(folder: Path, inspected: Any) -> None:
    source, artifact = inspected, told("inspect", str(folder / "tumour.ccrc"))
    assert {name: value for name, value in source.items() if name != "program"} == {
        name: value for name, value in artifact.items() if name != "program"
    }
    assert source.keys() >= {
        "and_gates",
        "xor_gates",
        "ciphertexts",
        "table_bytes",
        "bytes",
        "messages_per_step",
        "round_trips",
        "seconds",
        "products",
        "depth",
        "kernels",
        "lines",
        "passes",
        "privacy",
        "digest",
    }
    assert source["kernels"][0].keys() == {
        "name",
        "and_gates",
        "xor_gates",
        "ciphertexts",
        "depth",
        "registers",
        "launches",
        "lanes",
        "digest",
    }
    assert source["lines"][0].keys() == {"file", "line", "column", "and_gates", "ciphertexts", "bytes"}
    counts = {f"{what}_{when}" for what in ("and", "xor") for when in ("before", "after")}
    assert source["passes"][0].keys() == {"name", *counts, *(f"run_{name}" for name in counts)}
    row = "file line column kernel cell and_gates xor_gates ciphertexts bytes"
    assert source["attribution"]["rows"][0].keys() == set(row.split())
    assert source["privacy"].keys() >= {"epsilon", "delta", "sigma", "noise_ands_per_sample"}
    assert source["privacy"]["noise_ands_per_sample"] == 136
    assert told("inspect", MILLIONAIRES)["privacy"]["noise_ands_per_sample"] is None


def test_inspect_shows_what_the_lines_cost(folder: Path, shown: str, inspected: Any) -> None:
    lines = inspected["lines"]
    [score] = [n for n in lines if (n["line"], n["column"]) == (25, 19)]
    share = percent(score["bytes"], sum(n["bytes"] for n in lines))
    cost = rf" +{count(score['and_gates'])} +{size(score['bytes'])} +{share}"
    assert re.search(r"tumour.ccr:25:19  dot\(w, row.x\)" + cost, shown)
    assert re.search(r"tumour.ccr:25:19  dot\(w, row.x\)" + cost, call("inspect", str(folder / "tumour.ccrc")).stdout)


def test_inspect_says_what_it_does_not_know(shown: str) -> None:
    assert "epsilon is unknown" in shown and "--records N" in shown
    assert "hospital garbles" in shown and "learns nothing" in shown
    assert "not differentially private: `out` is revealed to alice and bob" in call("inspect", MILLIONAIRES).stdout
    assert "less than a batch of 64" in refused("inspect", TUMOUR, "--records", "63")
    assert "--delta" in refused("inspect", TUMOUR, "--delta", "1")


def test_artifacts(folder: Path, tmp_path: Path) -> None:
    artifact = str(folder / "tumour.ccrc")
    assert told("compile", TUMOUR, "-o", str(tmp_path / "again.ccrc"))["digest"] == told("inspect", artifact)["digest"]
    assert (tmp_path / "again.ccrc").read_bytes() == (folder / "tumour.ccrc").read_bytes()
    damaged = bytearray((folder / "tumour.ccrc").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.ccrc").write_bytes(damaged)
    (tmp_path / "foreign.ccrc").write_bytes(b"PK\3\4")
    assert "damaged" in refused("inspect", str(tmp_path / "damaged.ccrc"))
    assert "not a compiled ccr program" in refused("simulate", str(tmp_path / "foreign.ccrc"))
    assert "no such file" in refused("run", str(tmp_path / "missing.ccrc")).lower()
    assert "params are fixed" in refused("inspect", artifact, "-D", "STEPS=3")
    assert "compiled already" in refused("compile", artifact)


# -- simulate


def test_simulate_prints_and_saves(tmp_path: Path) -> None:
    assert call("simulate", MILLIONAIRES, "--input", "a=3", "--input", "b=2").stdout == "out = 1\n"
    path = tmp_path / "out.csv"
    given = ("--input", "a=2", "--input", "b=3", "--output", f"out={path}")
    assert told("simulate", MILLIONAIRES, *given)["outputs"] == {"out": 0}
    assert path.read_text() == "out\n0\n"


def test_outputs_are_looked_at_before_the_work(tmp_path: Path) -> None:
    given = ("simulate", MILLIONAIRES, "--input", "a=2", "--input", "b=3", "--output")
    assert "no output `oud`" in refused(*given, f"oud={tmp_path / 'x.csv'}")
    assert "no such format" in refused(*given, f"out={tmp_path / 'x.txt'}")
    assert "directory" in refused(*given, f"out={tmp_path / 'none' / 'x.csv'}")


# -- run: what is refused before anything is sent


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """A peer that waits; that nobody has called it shows that nothing was sent."""
    with socket.create_server((HERE, 0)) as listener:
        listener.setblocking(False)
        yield listener
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_witness_sees_a_caller(folder: Path) -> None:
    """Else the tests below could not fail."""
    with socket.create_server((HERE, 0)) as listener:
        done = call(
            "run", str(folder / "tumour.ccrc"), *ends(folder, "vendor", listener), "--input", BASE, "--wait", "0.2"
        )
        assert done.exit_code == 1 and "TLS handshake" in done.stderr
        listener.setblocking(False)
        listener.accept()[0].close()


def ends(folder: Path, party: str, listener: socket.socket) -> list[str]:
    other = "vendor" if party == "hospital" else "hospital"
    return [
        "--as",
        party,
        f"--key={folder / party}.key",
        f"--cert={folder / party}.crt",
        f"--peer={folder / other}.crt",
        "--connect",
        f"{HERE}:{listener.getsockname()[1]}",
    ]


def spoiled(column: int, cell: str) -> str:
    """The hospital's table with one cell of its third line changed."""
    lines = Path(RECORDS.removeprefix("records=")).read_text().splitlines()
    cells = lines[2].split(",")
    cells[column] = cell
    return "\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("high", 'line 3, column "x1": `high` is not a number'),
        ("NaN", 'line 3, column "x1": NaN is not a finite number'),
        ("1.5", 'line 3, column "x1": 1.5 is out of range of `fix<9, 8>`'),
        ("0.99", 'line 3, column "x": norm2(x) is'),
        ("0.5,0.5", "line 3: 33 cells where the header has 32"),
    ],
)
def test_wrong_records(folder: Path, tmp_path: Path, peer: socket.socket, cell: str, words: str) -> None:
    table = tmp_path / "records.csv"
    table.write_text(spoiled(1, cell))
    run = ("run", str(folder / "tumour.ccrc"), *ends(folder, "hospital", peer))
    message = refused(*run, "--input", f"records={table}")
    assert words in message and "= help:" in message and str(table) in message


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(30), "shape [30] where the program needs [31]"),
        (np.zeros(31, dtype=complex), "dtype complex128"),
        (np.full(31, np.inf), "inf is not a finite number"),
        (np.array([None] * 31), "Python objects"),
    ],
)
def test_wrong_weights(folder: Path, tmp_path: Path, peer: socket.socket, array: Any, words: str) -> None:
    file = tmp_path / "w.npz"
    np.savez(file, w0=array)
    message = refused("run", str(folder / "tumour.ccrc"), *ends(folder, "vendor", peer), "--input", f"w0={file}")
    assert words in message and "= help:" in message


def test_wrong_names_of_inputs(folder: Path, peer: socket.socket) -> None:
    run = ("run", str(folder / "tumour.ccrc"), *ends(folder, "vendor", peer))
    assert "no such file" in refused(*run, "--input", "w0=missing.npz")
    assert "`w0` is missing" in refused(*run)
    assert "no input `records` of this party" in refused(*run, "--input", BASE, "--input", RECORDS)
    assert "given twice" in refused(*run, "--input", BASE, "--input", BASE)
    assert "no such format" in refused(*run, "--input", BASE, "--output", "w=w.txt")


def test_fewer_records_than_a_batch(folder: Path, tmp_path: Path, peer: socket.socket) -> None:
    table = tmp_path / "records.csv"
    lines = Path(RECORDS.removeprefix("records=")).read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:64]))
    run = ("run", str(folder / "tumour.ccrc"), *ends(folder, "hospital", peer), "--input")
    assert "fewer than one batch of 64" in refused(*run, f"records={table}")


def test_an_output_of_somebody_else(folder: Path, peer: socket.socket) -> None:
    run = ("run", str(folder / "tumour.ccrc"), *ends(folder, "hospital", peer), "--input", RECORDS)
    assert "`hospital` does not learn `w`" in refused(*run, "--output", "w=w.npz")


def test_an_input_is_refused_with_data(tmp_path: Path, folder: Path, peer: socket.socket) -> None:
    table = tmp_path / "records.csv"
    table.write_text(spoiled(1, "high"))
    done = call(
        "run", str(folder / "tumour.ccrc"), *ends(folder, "hospital", peer), "--input", f"records={table}", "--json"
    )
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"], error["row"], error["column"]) == (2, "input", 3, "x1")


def test_how_a_party_is_started(folder: Path) -> None:
    keys = [f"--key={folder / 'vendor.key'}", f"--cert={folder / 'vendor.crt'}", f"--peer={folder / 'hospital.crt'}"]
    run = ("run", str(folder / "tumour.ccrc"))
    assert "--listen goes with --as" in refused(*run, "--listen", "127.0.0.1:7000")
    assert "needs `--key`, `--cert` and `--peer`" in refused(*run, "--as", "vendor", "--listen", "127.0.0.1:7000")
    assert "one of --listen and --connect" in refused(*run, "--as", "vendor", *keys)
    assert "no party `nurse`" in refused(*run, "--as", "nurse", *keys, "--connect", "127.0.0.1:9")
    assert "not HOST:PORT" in refused(*run, "--as", "vendor", *keys, "--listen", "7000")
    own = [*keys[:2], f"--peer={folder / 'vendor.crt'}", "--listen", "127.0.0.1:7000"]
    assert "is this party's own certificate" in refused(*run, "--as", "vendor", *own)
    assert "not the key of" in refused(
        *run, "--as", "vendor", keys[0], f"--cert={folder / 'hospital.crt'}", keys[2], "--listen", "127.0.0.1:0"
    )
    for option in ("--timeout", "--wait"):
        assert f"{option} 0 is not" in refused(*run, option, "0")
        assert f"{option} inf is not" in refused(*run, option, "inf")
    assert "--ledger goes with --contract" in refused(*run, "--ledger", "ledger.db")


def test_a_wrong_input_when_both_run_here(tmp_path: Path, folder: Path) -> None:
    run = ("run", str(folder / "tumour.ccrc"), "--quiet", "--input", RECORDS, "--input")
    assert "missing.npz: there is no such file" in refused(*run, f"w0={tmp_path / 'missing.npz'}")


# -- keys, options


def test_keys(tmp_path: Path) -> None:
    made = told("keys", "new", "nurse", "--folder", str(tmp_path))
    assert told("keys", "show", made["certificate"])["fingerprint"] == made["fingerprint"]
    assert re.fullmatch("[0-9a-f]{64}", made["fingerprint"])
    assert Path(made["key"]).stat().st_mode & 0o077 == 0
    assert "not overwritten" in refused("keys", "new", "nurse", "--folder", str(tmp_path))
    assert "cannot name a key" in refused("keys", "new", "../nurse")
    assert "not a certificate" in refused("keys", "show", made["key"])


def test_addresses() -> None:
    assert address("--listen", "[::1]:7000") == Address("::1", 7000) and str(Address("::1", 7000)) == "[::1]:7000"
    assert address("--listen", "host:0") == Address("host", 0)
    for wrong in ("host", ":7000", "host:", "host:65536", "host:x"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            address("--listen", wrong)
    assert pairs("-D", ["A=b=c"]) == {"A": "b=c"}
