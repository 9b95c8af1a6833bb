"""Mutated artifacts, one after the other: `python -m support.fuzz_artifacts FIRST LAST SECONDS` prints what came out.

Every mutant has its own seed, its number.  It ends early after so many seconds of work.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from support.mutants import mutant
from support.peak import peak

from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from compiler.program import Compiled, products
from lang.syntax.load import read

ROOT = Path(__file__).parents[2]
PROGRAMS = (
    "examples/millionaires/millionaires.ccr",
    "examples/auction/auction.ccr",
    "tests/compiler/words/loop.ccr",
    "tests/compiler/words/train.ccr",
    "tests/lang/programs/imported.ccr",
)


def honest(program: Compiled) -> bool:
    """Does the text, compiled by other hands than the decoder's, give all that the artifact says?"""
    texts = {file.name: file for file in program.files}
    params = {name: Fraction(value) for name, value in program.parameters}
    meant = pipeline.understand(program.files[0], params, texts.__getitem__)
    made = pipeline.build(meant, products(program.plan), program.taken_for)
    return all(getattr(made, f.name) == getattr(program, f.name) for f in fields(Compiled))


def fuzz(first: int, last: int, seconds: float) -> dict[str, object]:
    whole = [artifact.encode(pipeline.compile(read(ROOT / name))) for name in PROGRAMS]
    begun, slowest, counts = time.process_time(), (0.0, -1), Counter[str]()
    for number in range(first, last):
        if time.process_time() - begun > seconds:
            break
        chance = random.Random(number)
        data = mutant(chance.choice(whole), chance)
        start = time.process_time()
        try:
            program = artifact.decode(data)
        except ArtifactError as error:
            counts["refused"] += 1
            assert str(error).isprintable(), number
            program = None
        slowest = max(slowest, (time.process_time() - start, number))
        if program is not None:
            counts["accepted" if data in whole else "accepted with another text"] += 1
            assert honest(program), number
    return {"tried": counts.total(), "counts": counts, "slowest": slowest, "peak": peak()}


if __name__ == "__main__":
    print(json.dumps(fuzz(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
