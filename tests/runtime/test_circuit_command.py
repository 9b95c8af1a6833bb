"""`ccr circuit`: what it tells, writes, computes and refuses."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support import shared_circuits as shared
from support.command import MILLIONAIRES, call

from compiler.gates.bristol import circuit_of
from compiler.gates.netlist import Netlist, netlist
from lang.syntax.load import CIRCUIT, named
from runtime import api
from runtime.cli import circuit_program

FILE = """4 7
2 2 1
2 1 2

2 1 0 1 3 AND
2 1 3 2 4 XOR
1 1 3 5 INV
1 1 5 6 EQW
"""  # a0 a1 + b; and not (a0 a1), twice


def told(*arguments: str) -> Any:
    done = call("circuit", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    done = call("circuit", *arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    return done.stderr


def read(path: Path) -> Netlist:
    return netlist(named(path))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "both.txt"
    path.write_text(FILE)
    return str(path)


def test_show(file: str) -> None:
    assert told("show", file) == {
        "inputs": [2, 1],
        "outputs": [1, 2],
        "wires": 7,
        "gates": {"AND": 1, "EQW": 1, "INV": 1, "XOR": 1},
        "and_gates": 1,
        "xor_gates": 1,
        "depth": 1,
        "declaration": 'extern fn both(x0: uint<2>, x1: bit) -> uint<3> = bristol("both.txt");',
    }


@pytest.mark.parametrize("packed", [False, True])
def test_from_standard_input(packed: bool) -> None:
    given = gzip.compress(FILE.encode()) if packed else FILE.encode()
    done = call("circuit", "run", "-", "3", "1", "--clear", given=given)
    assert (done.exit_code, done.stdout) == (0, "0x0\n0x0\n"), done.stderr


@pytest.mark.parametrize(
    "text, place",
    [
        (FILE[: FILE.index("1 1 3 5")], "6:1"),  # cut at a line's end: told where it ends
        (FILE[: FILE.index("INV")], "7:1"),
        (FILE + "1 1 5 6 EQW\n", "9:1"),
    ],
)
def test_too_few_gates_and_too_many_are_told_where_it_shows(text: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_text(text)
    said = refused("show", str(path))
    assert "4 gates stated" in said and f"cut.txt:{place}" in said


def test_a_number_too_long_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(FILE.replace("1 1 3 5 INV", "1 1 3 5000000000 INV"))
    assert "`5000000000` has more than 9 digits" in refused("show", str(path))


def test_import_writes_what_ccr_reads_and_a_program_of_it(file: str, tmp_path: Path) -> None:
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(FILE.encode()))
    (tmp_path / "programs").mkdir()
    out, program = tmp_path / "out.txt", tmp_path / "programs" / "out.ccr"
    assert told("import", str(packed), "-o", str(out), "--program", str(program))["and_gates"] == 1
    assert (read(out).inputs, read(out).outputs) == ((2, 1), (1, 2))
    assert circuit_of(read(out)) == circuit_of(read(Path(file)))
    done = call("simulate", str(program), "--input", "x0=3", "--input", "x1=1", "--json")
    assert json.loads(done.stdout)["outputs"] == {"out": 0b000}


def test_export_to_the_old_format(tmp_path: Path) -> None:
    file, out = tmp_path / "and.txt", tmp_path / "old.txt"
    file.write_text("1 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n")
    told("export", str(file), "-o", str(out), "--format", "old")
    assert out.read_text().startswith("1 3\n1 1 1\n\n")
    assert read(out) == read(file)


def test_what_the_old_format_does_not_hold(file: str, tmp_path: Path) -> None:
    out = tmp_path / "old.txt"
    assert "one output" in refused("export", file, "-o", str(out), "--format", "old")
    assert not out.exists()


def test_minimize_drops_what_is_there_twice(tmp_path: Path) -> None:
    file, out = tmp_path / "twice.txt", tmp_path / "once.txt"
    file.write_text("3 5\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n2 1 1 0 3 AND\n2 1 2 3 4 OR\n")
    found = told("minimize", str(file), "-o", str(out))
    assert (found["and_gates_before"], found["and_gates_after"], found["verified"]) == (3, 1, True)
    assert circuit_of(read(out)).and_gates == 1


def test_minimize_drops_what_cannot_happen(tmp_path: Path) -> None:
    """a b and (a xor b) exclude one another, so that their OR is their sum."""
    file, out = tmp_path / "or.txt", tmp_path / "sum.txt"
    file.write_text("4 7\n3 1 1 1\n1 1\n\n2 1 0 1 3 AND\n2 1 0 1 4 XOR\n2 1 4 2 5 AND\n2 1 3 5 6 OR\n")
    found = told("minimize", str(file), "-o", str(out), "-O", "2")
    assert (found["and_gates_before"], found["and_gates_after"], found["verified"]) == (3, 1, True)
    assert [step["name"] for step in found["passes"]].count("sums") == 1


def test_minimize_without_a_solver(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysat.solvers", None)
    out = tmp_path / "small.txt"
    assert "pip install 'ccr-lang[sat]', or take -O 1" in refused("minimize", file, "-o", str(out), "-O", "2")
    assert not out.exists()
    assert told("minimize", file, "-o", str(out))["verified"]


def test_and_inverter_graphs(tmp_path: Path) -> None:
    """(a, b) -> (a xor b, a b); in binary, packed."""
    binary = b"aig 5 2 0 2 3\n10\n6\n\x02\x02\x03\x02\x01\x02i0 a\ni1 b[0]\no0 s[0]\no1 s[1]\nc\n\xff"
    file, out = tmp_path / "half.aig.gz", tmp_path / "half.txt"
    file.write_bytes(gzip.compress(binary))
    declared = 'extern fn half(x0: bit, x1: bit) -> uint<2> = bristol("half.txt");'
    assert told("show", str(file))["declaration"] == declared
    for a, b in ((0, 0), (0, 1), (1, 1)):
        assert told("run", str(file), str(a), str(b), "--clear")["outputs"] == [hex((a ^ b) + 2 * (a & b))]
    assert told("run", str(file), "1", "1")["outputs"] == ["0x2"]
    assert told("import", str(file), "-o", str(out))["declaration"] == declared
    assert read(out).outputs == (2,)


def test_what_is_read_from_standard_input_is_called_by_a_name_that_a_file_may_have() -> None:
    done = call("circuit", "show", "-", given=FILE.encode())
    assert done.exit_code == 0 and "extern fn circuit(" in done.stdout and 'bristol("circuit.txt")' in done.stdout


@pytest.mark.parametrize("command", ["import", "export", "minimize"])
@pytest.mark.parametrize("ending", [".aag", ".aig"])
def test_no_file_is_called_what_it_is_not(command: str, ending: str, file: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{ending}"
    said = refused(command, file, "-o", str(out))
    assert "is only read" in said and "call it out.txt" in said and not out.exists()


def test_a_damaged_and_inverter_graph(tmp_path: Path) -> None:
    file = tmp_path / "cut.aag"
    file.write_text("aag 3 2 0 1 1\n2\n4\n6\n6 2\n")
    assert "cut.aag is no circuit in AIGER's format: line 5: 2 words instead of 3 numbers" in refused("show", str(file))


def test_run_in_the_clear(file: str) -> None:
    for a in range(4):
        for b in range(2):
            both = a == 3
            assert told("run", file, hex(a), str(b), "--clear")["outputs"] == [hex(both ^ b), hex(3 * (1 - both))]


def test_run_between_two_processes(file: str) -> None:
    found = told("run", file, "0b11", "0")
    assert found["outputs"] == told("run", file, "3", "0", "--clear")["outputs"]
    assert found["and_gates"] == 0 and found["bytes_sent"] > 0  # the AND is of the first party's bits alone


def test_values_that_fit_no_input(file: str) -> None:
    assert "1 value for 2 inputs" in refused("run", file, "1")
    assert "does not fit the 2 bits" in refused("run", file, "4", "0")
    assert "does not fit the 2 bits" in refused("run", file, "--", "-1", "0")
    assert "no whole number" in refused("run", file, "1.5", "0")


def test_an_input_wider_than_a_number(tmp_path: Path) -> None:
    file = tmp_path / "wide.txt"
    file.write_text("1 1027\n2 1025 1\n1 1\n\n2 1 0 1 1026 XOR\n")
    assert "--clear" in refused("run", str(file), "1", "0")
    assert told("run", str(file), "1", "0", "--clear")["outputs"] == ["0x1"]
    assert "x0: bit[1025]" in told("show", str(file))["declaration"]


def test_files_that_are_no_circuits(tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    assert "no such file" in refused("show", str(file))
    file.write_bytes(gzip.compress(FILE.encode())[:-9])
    assert "the archive is damaged" in refused("show", str(file))
    file.write_bytes(b"\x1f\x8bno archive")
    assert "the archive is damaged" in refused("show", str(file))
    file.write_bytes(gzip.compress(b"0" * (CIRCUIT + 1)))
    assert "more than 33554432 bytes" in refused("show", str(file))
    file.write_bytes(b"\xff\xfe")
    assert "not text in UTF-8" in refused("show", str(file))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("aes_128.txt.gz", "aes_128"),
        ("FP-add.txt", "FP_add"),
        ("sum.txt", "circuit_sum"),
        ("bit.txt", "circuit_bit"),
        ("8.txt", "circuit_8"),
        ("\u00e9.txt", "circuit"),
    ],
)
def test_names_of_functions(file: str, name: str) -> None:
    assert circuit_program.called(file) == name


def test_kernels_of_a_program(tmp_path: Path) -> None:
    """Each in a file, which is the circuit that is garbled."""
    compiled = api.compile(MILLIONAIRES).compiled
    for form, ending in (("bristol", "txt"), ("verilog", "v"), ("dot", "dot")):
        done = call("inspect", MILLIONAIRES, "--export", form, "--export-to", str(tmp_path / form), "--json")
        assert json.loads(done.stdout)["exported"] == [
            str(tmp_path / form / f"k{n}.{ending}") for n in range(len(compiled.plan.kernels))
        ]
    for number, kernel in enumerate(compiled.plan.kernels):
        assert circuit_of(read(tmp_path / "bristol" / f"k{number}.txt")) == kernel.circuit


# -- real ones


@shared.needed
def test_adder64_between_two_processes() -> None:
    """One AND for each bit but the last, whose carry nobody asks for."""
    found = told("run", str(shared.path("adder64")), hex(2**64 - 1), "43")
    assert (found["outputs"], found["and_gates"]) == (["0x000000000000002a"], 63)


@shared.needed
@pytest.mark.slow
def test_aes_between_two_processes() -> None:
    """FIPS 197, appendix C.1."""
    values = "0x000102030405060708090a0b0c0d0e0f", "0x00112233445566778899aabbccddeeff"
    assert told("run", str(shared.path("aes_128")), *values)["outputs"] == ["0x69c4e0d86a7b0430d8cdb78070b4c55a"]
