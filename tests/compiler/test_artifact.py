"""Artifacts: the same bytes everywhere, read back whole, and nothing but artifacts accepted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from support.clear import clear_steps
from support.mutants import put_together, taken_apart

from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from compiler.artifact.sealed import DIGEST, framed, parts, seal
from compiler.joint.locality import Evaluator
from compiler.program import Compiled
from compiler.words.ir import Claim, Value
from compiler.words.operations import NAMES, Op
from lang.kinds import Comparison, Relation
from lang.syntax.load import read

ROOT = Path(__file__).parents[2]
AUCTION = ROOT / "examples/auction/auction.ccr"
TUMOUR = ROOT / "examples/tumour/tumour.ccr"


@pytest.fixture(scope="module")
def auction() -> Compiled:
    return pipeline.compile(read(AUCTION))


@pytest.fixture(scope="module")
def tumour() -> Compiled:
    return pipeline.compile(read(TUMOUR), {"STEPS": "2", "BATCH": "4", "FEATURES": "3"})


def test_read_back(auction: Compiled) -> None:
    assert artifact.decode(artifact.encode(auction)) == auction


def test_read_back_with_dpsgd(tumour: Compiled) -> None:
    assert artifact.decode(artifact.encode(tumour)) == tumour


@pytest.mark.parametrize("seed", ["0", "1"])
def test_bytes_do_not_depend_on_the_hash_seed_or_the_folder(auction: Compiled, seed: str, tmp_path: Path) -> None:
    copy = tmp_path / "auction.ccr"
    copy.write_bytes(AUCTION.read_bytes())
    code = (
        "import sys; from compiler import artifact, pipeline; from lang.syntax.load import read; "
        "print(artifact.digest(artifact.encode(pipeline.compile(read(sys.argv[1])))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, copy.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == artifact.digest(artifact.encode(auction))


@pytest.mark.parametrize("read_again", [artifact.decode, artifact.decode_known])
def test_every_byte_counts(auction: Compiled, read_again: Callable[[bytes], Compiled]) -> None:
    """Also where the text is not compiled again."""
    data = artifact.encode(auction)
    for position in (*range(0, len(data), 97), *range(len(data) - 2 * DIGEST - 4, len(data))):  # both digests, too
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(ArtifactError):
            read_again(bytes(changed))


@pytest.mark.parametrize("data", [b"", b"CCRC", b"PK\x03\x04" + bytes(100), b"CCRC" + bytes(100)])
def test_foreign_files(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        artifact.decode(data)


def test_truncated(auction: Compiled) -> None:
    data = artifact.encode(auction)
    for length in range(0, len(data), 211):
        with pytest.raises(ArtifactError):
            artifact.decode(data[:length])


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        3,
        "x",
        ["Compiled"],
        ["Compiled", *[[]] * 11],
        ["os.system", "ls"],
        [[[[[[]]]]]],
        None,
        ["Compiled", 1, 2, 3, 4, 5, 6, 7, 8, 9],
    ],
)
def test_a_forged_header_is_named_as_such(header: object) -> None:
    with pytest.raises(ArtifactError, match="does not describe a program"):
        artifact.decode(put_together(header, b"", [[], []]))


@pytest.mark.parametrize("name", ["SAMPLE", "MUL", "VIEW", "PLAY"])
def test_an_operation_has_the_record_of_its_own(auction: Compiled, name: str) -> None:
    data = artifact.encode(auction)
    header, body, notes = parts(data)
    own, other = (f'["Value","{n}",[]'.encode() for n in ("INPUT", name))
    assert own in header
    with pytest.raises(ArtifactError, match="does not describe a program"):
        artifact.decode(seal(framed(header.replace(own, other), body), notes))
    assert artifact.decode(seal(framed(header, body), notes)) == auction


@pytest.mark.parametrize("output", [float("inf"), 2.0, "2", True])
def test_an_output_of_a_circuit_is_an_integer(auction: Compiled, output: object) -> None:
    header, body, notes = taken_apart(artifact.encode(auction))
    _, kernels, *_ = header[13]
    kernels[0][2][2][0] = output
    with pytest.raises(ArtifactError, match="does not describe a program: expected int"):
        artifact.decode(put_together(header, body, notes))


@pytest.mark.parametrize("scale", ["1e999999999", " 1", "+1", "1_0/10", "2/2", "1.0", "1/0"])
def test_a_fraction_is_spelled_in_one_way(auction: Compiled, scale: str) -> None:
    """Else a few bytes were a number that fills the memory."""
    header, body, notes = taken_apart(artifact.encode(auction))
    _, type_, _ = header[6][0]
    assert type_[2] == "1"
    type_[2] = scale
    with pytest.raises(ArtifactError, match="does not describe a program"):
        artifact.decode(put_together(header, body, notes))


def asking(**fields: Any) -> Callable[[Compiled], Compiled]:
    """The program with its first input's type changed."""
    return lambda p: replace(
        p, inputs=((p.inputs[0][0], replace(p.inputs[0][1], **fields), p.inputs[0][2]), *p.inputs[1:])
    )


def noisy(**fields: Any) -> Callable[[Compiled], Compiled]:
    """The program with its mechanism changed."""
    return lambda p: replace(p, mechanisms=(replace(p.mechanisms[0], **fields),))


def promising(comparison: Comparison) -> Callable[[Compiled], Compiled]:
    """The program with a `where` at the first field of its data set."""

    def changed(p: Compiled) -> Compiled:
        [d] = p.datasets
        return replace(p, datasets=(replace(d, fields=(replace(d.fields[0], where=(comparison,)), *d.fields[1:])),))

    return changed


MISDECLARED: dict[str, tuple[Callable[[Compiled], Compiled], str]] = {
    "a party twice": (lambda p: replace(p, parties=(*p.parties, p.parties[0])), "not its garbler and its evaluator"),
    "an input twice": (lambda p: replace(p, inputs=p.inputs * 2), "two inputs of one name"),
    "a data set like an input": (
        lambda p: replace(p, datasets=(replace(p.datasets[0], name=p.inputs[0][0].name),)),
        "two inputs of one name",
    ),
    "a stranger's data set": (lambda p: replace(p, datasets=(replace(p.datasets[0], party="eve"),)), "asks `eve` for"),
    "an input of part of a range": (asking(lo=-7), "of no kind"),
    "an input of thirds": (asking(scale=Fraction(1, 3)), "of no kind"),
    "an input of a negative unit": (asking(scale=Fraction(-1)), "of no kind"),
    "an input of no elements": (asking(shape=(0,)), "of no kind"),
    "a promise of no field": (promising(Comparison("q", Relation.LESS, "", Fraction(1))), "no row can be held to"),
    "a promise beside no field": (promising(Comparison("x", Relation.LESS, "q", Fraction(0))), "no row can be held to"),
    "an honest evaluator beside records": (
        lambda p: replace(p, taken_for=Evaluator.HONEST),
        "takes the evaluator for honest",
    ),
    "noise on no data set": (noisy(dataset="q"), "noise on `q` that its owner has no part in"),
    "a receiver's noise": (noisy(drawn_by="vendor"), "that its owner has no part in"),
    "a batch of nobody": (noisy(batch=0), "what cannot be"),
    "a batch beyond its slots": (noisy(slots=1), "what cannot be"),
    "no steps": (noisy(steps=0), "what cannot be"),
    "no clip": (noisy(clip=Fraction(0)), "what cannot be"),
    "no noise": (noisy(noise_multiplier=Fraction(0)), "what cannot be"),
    "a variable of no elements": (noisy(sizes=(0,)), "what cannot be"),
}


def test_a_promise_is_read_back() -> None:
    program = pipeline.compile(read(ROOT / "examples/digits/softmax.ccr"))
    [found] = artifact.decode(artifact.encode(program)).datasets
    assert found.fields[1].where == (Comparison("y", Relation.LESS, "", Fraction(10)),)


@pytest.mark.parametrize("name", MISDECLARED)
def test_what_a_program_asks_of_its_parties_makes_sense(tumour: Compiled, name: str) -> None:
    change, reason = MISDECLARED[name]
    with pytest.raises(ArtifactError, match=reason):
        artifact.decode(artifact.encode(change(tumour)))


def test_a_claim_is_read_back() -> None:
    """A party's own remainder is a clear word, whose range nobody can compute."""
    program = pipeline.compile(read(ROOT / "tests/compiler/words/loop.ccr"), evaluator=Evaluator.HONEST)
    claims = [
        {i.claim for step in clear_steps(p.plan.steps) for i in step.block.items if isinstance(i, Value)}
        for p in (program, artifact.decode(artifact.encode(program)))
    ]
    assert claims == [{None, Claim.REMAINDER}] * 2


def test_every_operation_has_a_name() -> None:
    classes = set[type]()
    waiting: list[object] = [Op]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type):
            classes.add(one)
        waiting += get_args(one)
    assert set(NAMES) == classes and len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize("version", [3, 99])
def test_another_version_says_so(auction: Compiled, version: int) -> None:
    data = artifact.encode(auction)
    with pytest.raises(ArtifactError, match=f"format {version}, this ccr reads format 7: compile it again"):
        artifact.decode(data[:4] + version.to_bytes(2, "little") + data[6:])


@pytest.mark.parametrize(
    "notes",
    [
        b"",
        b"{}",
        b"[[]]",
        b"[1,[]]",
        b'[[["Line","a.ccr",1,1]],[]]',
        b'[[["Line","a.ccr",1,1,"9"]],[]]',
        b'[[],[["a.ccr"]]]',
        b'[[],[["a.ccr",3]]]',
        b"\xff",
    ],
)
def test_forged_notes_are_named_as_such(auction: Compiled, notes: bytes) -> None:
    header, body, own = parts(artifact.encode(auction))
    assert artifact.decode(seal(framed(header, body), own)) == auction
    with pytest.raises(ArtifactError, match="does not describe a program"):
        artifact.decode(seal(framed(header, body), notes))


def test_the_mechanism_keeps_why_the_gradient_is_bounded(tumour: Compiled) -> None:
    [mechanism] = artifact.decode(artifact.encode(tumour)).mechanisms
    assert mechanism.argument.startswith("structure: ")


@pytest.mark.parametrize("more", [b"\0", b"\0" * 9, b"{}"])
def test_bytes_after_the_last_circuit_are_refused(auction: Compiled, more: bytes) -> None:
    """Else two files of different digests would be one program."""
    header, body, notes = parts(artifact.encode(auction))
    assert artifact.decode(seal(framed(header, body), notes)) == auction
    with pytest.raises(ArtifactError, match="bytes left over"):
        artifact.decode(seal(framed(header, body + more), notes))
