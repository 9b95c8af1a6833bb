"""An artifact is what its text compiles to: whatever it says beside that is refused, by the name of what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.lies import TRAINING, opens_a_row
from support.mutants import put_together, taken_apart

from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from compiler.artifact.sealed import framed, parts, seal
from compiler.joint.locality import Evaluator
from compiler.joint.shares import Products
from compiler.program import Compiled
from lang.source import Source
from lang.syntax.load import read

ROOT = Path(__file__).parents[2]
PARAMS = TRAINING.replace("noise = 1.5", "noise = NOISE").replace("input w0", "param NOISE = 1.5;\ninput w0")


@pytest.fixture(scope="module")
def training() -> Compiled:
    return pipeline.compile(Source("training.ccr", TRAINING))


def test_a_row_is_not_opened_under_a_mechanism(training: Compiled) -> None:
    """It declares a `dpsgd`, from which epsilon is computed, and its plan gives a record away."""
    lie = artifact.encode(opens_a_row(training))
    assert artifact.decode_known(lie).mechanisms == training.mechanisms  # no rule of a plan is broken
    with pytest.raises(ArtifactError, match="the artifact's plan is not what its text makes"):
        artifact.decode(lie)


def mechanism(**fields: Any) -> Callable[[Compiled], Compiled]:
    return lambda p: replace(p, mechanisms=(replace(p.mechanisms[0], **fields),))


def output(**fields: Any) -> Callable[[Compiled], Compiled]:
    return lambda p: replace(p, outputs=(replace(p.outputs[0], **fields), *p.outputs[1:]))


def wider(program: Compiled) -> Compiled:
    """As the plan opens it, but for its range."""
    own = program.outputs[0]
    return output(type=replace(own.type, lo=own.type.lo * 2))(program)


LIES: dict[str, tuple[Callable[[Compiled], Compiled], str]] = {
    "more noise than is drawn": (mechanism(noise_multiplier=Fraction(100)), "mechanisms"),
    "fewer steps than are taken": (mechanism(steps=1), "mechanisms"),
    "a smaller clip": (mechanism(clip=Fraction(1, 100)), "mechanisms"),
    "another argument": (mechanism(argument="structure: trust me"), "mechanisms"),
    "no mechanism at all": (lambda p: replace(p, mechanisms=()), "products as shares|mechanisms"),
    "an output said to be revealed": (output(revealed=True), "outputs"),
    "an output of another kind": (output(kind="bit"), "outputs"),
    "an output of another range": (wider, "outputs"),
    "another unit of an input": (
        lambda p: replace(p, inputs=((p.inputs[0][0], p.inputs[0][1], "uint<16>[2]"),)),
        "inputs",
    ),
    "a norm that is not promised": (
        lambda p: replace(
            p,
            datasets=(
                replace(p.datasets[0], fields=(replace(p.datasets[0].fields[0], norm=None), p.datasets[0].fields[1])),
            ),
        ),
        "data sets are not",
    ),
    "an error that is not": (lambda p: replace(p, approximations=()), "approximations"),
    "passes that saved more": (
        lambda p: replace(p, passes=(replace(p.passes[0], and_before=p.passes[0].and_before + 1), *p.passes[1:])),
        "passes",
    ),
    "passes that made less": (
        lambda p: replace(p, passes=(replace(p.passes[0], and_before=1, xor_before=1), *p.passes[1:])),
        "passes",
    ),
    "a cheaper line": (
        lambda p: replace(p, lines=(replace(p.lines[0], and_gates=p.lines[0].and_gates + 1), *p.lines[1:])),
        "list of costs",
    ),
    "a param that there is not": (lambda p: replace(p, parameters=(("N", "2"),)), "unknown-param"),
    "a param that is no number": (lambda p: replace(p, parameters=(("N", "1e99999999"),)), "params are none"),
    "a text that reveals": (
        lambda p: replace(p, files=(replace(p.files[0], text=TRAINING.replace("1.5", "0.1")),)),
        "mechanisms",
    ),
    "a text that is none": (
        lambda p: replace(p, files=(replace(p.files[0], text="party \N{SNOWMAN};"),)),
        "does not compile: training.ccr:1:7: unexpected-character",
    ),
    "a file that nobody reads": (lambda p: replace(p, files=(*p.files, Source("more.ccr", ""))), "list of files"),
    "no text": (lambda p: replace(p, files=()), "has no text"),
}


@pytest.mark.parametrize("name", LIES)
def test_what_is_said_is_what_the_text_makes(training: Compiled, name: str) -> None:
    lie, reason = LIES[name]
    with pytest.raises(ArtifactError, match=reason):
        artifact.decode(artifact.encode(lie(training)))


@pytest.mark.parametrize(("old", "new"), [(b",", b", "), (b"[", b"[ "), (b'"Compiled"', b'"\\u0043ompiled"')])
def test_there_is_one_spelling(training: Compiled, old: bytes, new: bytes) -> None:
    """Else one program had many digests."""
    header, body, notes = parts(artifact.encode(training))
    spelled = seal(framed(header.replace(old, new, 1), body), notes)
    assert artifact.decode_known(spelled) == training
    with pytest.raises(ArtifactError, match="not spelled as its text is compiled"):
        artifact.decode(spelled)


def test_a_comment_is_no_part_of_the_program(training: Compiled) -> None:
    said = pipeline.compile(Source("other.ccr", TRAINING + "// for the hospital in Graz\n"))
    data = artifact.encode(said)
    assert artifact.decode(data) == training
    assert artifact.digest(data) == artifact.digest(artifact.encode(training))
    assert artifact.decode(data).files == (Source("other.ccr", TRAINING + "// for the hospital in Graz\n"),)


@pytest.mark.parametrize("products", Products)
def test_params_and_products_are_found_again(products: Products) -> None:
    program = pipeline.compile(Source("t.ccr", PARAMS), {"NOISE": "7/3"}, products)
    assert artifact.decode(artifact.encode(program)) == program
    assert program.mechanisms[0].noise_multiplier == Fraction(7, 3)


def test_a_param_given_as_it_is_written_is_not_another_program() -> None:
    written, given = (pipeline.compile(Source("t.ccr", PARAMS), p) for p in ({}, {"NOISE": "1.50"}))
    assert artifact.encode(written) == artifact.encode(given)


def test_imported_files_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under names that do not say where they lay, and are read from nowhere else."""
    (tmp_path / "a/lib").mkdir(parents=True)
    (tmp_path / "a/lib/twice.ccr").write_text(
        'import "../../plus.ccr";\nfn twice(x: uint<4>) -> uint<8> { plus(x) * 2 }\n'
    )
    (tmp_path / "plus.ccr").write_text("fn plus(x: uint<4>) -> uint<5> { x + 1 }\n")
    (tmp_path / "a/main.ccr").write_text(
        'party p; party q;\nimport "lib/twice.ccr";\ninput x: uint<4> from p;\noutput y = reveal(twice(x)) to q;\n'
    )
    data = artifact.encode(pipeline.compile(read(tmp_path / "a/main.ccr")))
    for path in tmp_path.rglob("*.ccr"):
        path.write_text("nothing of a program")
    monkeypatch.chdir(tmp_path)
    program = artifact.decode(data)
    assert [file.name for file in program.files] == ["main.ccr", "lib/twice.ccr", "../plus.ccr"]
    assert str(tmp_path).encode() not in data
    without = replace(program, files=program.files[:2])
    with pytest.raises(ArtifactError, match=r"lib/twice.ccr:1:1: import-missing"):
        artifact.decode(artifact.encode(without))


def test_a_text_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "own.ccr").write_text("fn secret(x: uint<4>) -> uint<4> { x }\n")
    program = pipeline.compile(read(ROOT / "examples/millionaires/millionaires.ccr"))
    text = f'import "{tmp_path}/own.ccr";\n{program.files[0].text}'
    with pytest.raises(ArtifactError, match="import-missing"):
        artifact.decode(artifact.encode(replace(program, files=(Source("m.ccr", text),))))


@pytest.mark.parametrize("odd", ["\x1b[2J", "\x00", "\r", "\x9b", "\u202e", "\u2066", "\u2028", "\u2029"])
def test_nothing_that_a_screen_obeys(training: Compiled, odd: str) -> None:
    """Not in the text, whose lines are shown, and not in a name, which a message may quote."""
    for files in ((Source("t.ccr", f"{TRAINING}// {odd}\n"),), (Source(f"{odd}.ccr", TRAINING),)):
        with pytest.raises(ArtifactError, match=r"control character U\+|a name that cannot be printed"):
            artifact.encode(replace(training, files=files))
    header, body, notes = taken_apart(artifact.encode(training))
    notes[1][0][1] += f"// {odd}\n"
    with pytest.raises(ArtifactError, match=r"control character U\+"):
        artifact.decode(put_together(header, body, notes))
    whole = json.loads(json.dumps(header).replace("vendor", f"ven{json.dumps(odd)[1:-1]}dor"))
    with pytest.raises(ArtifactError, match="some that cannot be printed") as refused:
        artifact.decode(put_together(whole, body, notes))
    assert str(refused.value).isprintable()


def test_a_message_quotes_no_orders(training: Compiled) -> None:
    header, body, notes = taken_apart(artifact.encode(training))
    header[0] = "\x1b]0;owned\x07"
    for whole in (header, ["Compiled", *[["\x1b[31m"]] * 11]):
        with pytest.raises(ArtifactError) as refused:
            artifact.decode(put_together(whole, body, notes))
        assert str(refused.value).isprintable()


def test_a_program_beyond_the_bounds_is_not_written() -> None:
    """What is written can be read."""
    text = "party p; party q;\ninput x: int<64>[100000000] from p;\noutput y = reveal(x + 1) to q;\n"
    with pytest.raises(ArtifactError, match="6500000000 wires in a buffer, more than 4294967296"):
        artifact.encode(pipeline.compile(Source("large.ccr", text)))


@pytest.mark.parametrize(("before", "after", "levels"), [("(x + ", ")", 195), ("f(", ")", 195), ("-(", ")", 95)])
def test_a_text_as_deep_as_the_language_allows(before: str, after: str, levels: int) -> None:
    """No step of the compiler runs out of stack before the checker says that it is too deep."""
    text = f"""party p; party q;
    input x: int<8> from p;
    input y: int<8> from q;
    fn f(v: int<8>) -> int<8> {{ v }}
    let z: int<8> = {before * levels}x + y{after * levels};
    output o = reveal(z) to q;
    """
    program = pipeline.compile(Source("deep.ccr", text))
    assert artifact.decode(artifact.encode(program)) == program


CHECKED = """party bank; party shop;
input secret: uint<8> from bank;
input code: uint<8> from shop;
output reveal(if code < 4 { secret } else { 0 }) to shop;
"""


def test_whom_it_trusts_is_part_of_the_program() -> None:
    honest, malicious = (
        pipeline.compile(Source("checked.ccr", CHECKED), evaluator=e) for e in (Evaluator.HONEST, Evaluator.MALICIOUS)
    )
    for program, other in ((honest, malicious), (malicious, honest)):
        assert artifact.decode(artifact.encode(program)) == program
        with pytest.raises(ArtifactError, match=r"(plan|passes) (is|are) not (what|those of) its text"):
            artifact.decode(artifact.encode(replace(program, taken_for=other.taken_for)))
