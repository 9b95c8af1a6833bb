#!/usr/bin/env python3
"""What benchmarks/against.py runs of MP-SPDZ's Yao's protocol: `mp_spdz.py WORK COUNT PARTY PORT [CIRCUIT]`.

Party 1 garbles and party 2 evaluates, on loopback and in the clear as MP-SPDZ has it; both learn the result.  As party
0 it makes ready what both need, in the folder of MP-SPDZ that CCR_MP_SPDZ names and `make yao-party.x` was run in: the
programs, which its compiler takes long for, and inputs.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

LANES = 1000  # of an iteration; its compiler takes minutes for 100 000 at once
SOURCES = {
    "products": """
word = sbitintvec.get_type(32)
@for_range({turns})
def _(i):
    left, right = (word.get_input_from(player, size={lanes}) for player in (0, 1))
    for product in (left * right).elements():
        product.reveal()
""",
    "sort": """
from Compiler.GC.types import sbitint
word, bits = sbitint.get_type(32), sbits.get_type(32)
words = Array({count}, word)
@for_range({count})
def _(i):
    words[i] = word(bits.get_input_from(0) ^ bits.get_input_from(1))
words.sort(batcher=True)
@for_range({count})
def _(i):
    words[i].reveal()
""",
    "millionaires": """
from Compiler.GC.types import sbitint
word = sbitint.get_type(32)
(word.get_input_from(0) > word.get_input_from(1)).reveal()
""",
    "aes": """
from circuit import Circuit
block, encrypt = sbitvec.get_type(128), Circuit('ccr_aes')
key = block.get_input_from(0)
@for_range({turns})
def _(i):
    keys = sbitvec([key.elements()[0]] * {lanes})
    texts = sbitvec(block.get_input_from(1, size={lanes}).elements())
    for each in encrypt(keys, texts).elements():
        each.reveal()
""",
}


def name(work: str, count: int) -> str:
    return f"ccr_{work}_{count}"


def source(work: str, count: int) -> str:
    """In its language.  Raises KeyError for a work that there is none of, ValueError for one of no whole turns."""
    lanes = min(count, LANES)
    if "{turns}" in SOURCES[work] and count % lanes:
        raise ValueError(f"{count} is more than {LANES}, and no multiple of it")
    return SOURCES[work].format(count=count, lanes=lanes, turns=count // lanes)


def prepare(home: Path, work: str, count: int, circuit: str | None) -> None:
    if circuit is not None:
        shutil.copy(circuit, home / "Programs" / "Circuits" / "ccr_aes.txt")
    (home / "Programs" / "Source" / f"{name(work, count)}.mpc").write_text(source(work, count))
    for party in range(2):
        width = 128 if work == "aes" else 31
        words = (str(random.getrandbits(width)) for _ in range(count))
        (home / "Player-Data" / f"{name(work, count)}-P{party}-0").write_text(" ".join(words))
    compiler = [sys.executable, "compile.py", "--garbled", "--binary", "32", name(work, count)]
    subprocess.run(compiler, cwd=home, stdout=subprocess.DEVNULL, check=True)


def main(work: str, count: int, party: int, port: str, circuit: str | None) -> None:
    home = Path(os.environ["CCR_MP_SPDZ"])
    if party == 0:
        prepare(home, work, count, circuit)
        return
    os.chdir(home)
    inputs = ["--input-file", f"Player-Data/{name(work, count)}"]
    command = ["./yao-party.x", "--portnum", port, "--hostname", "localhost", *inputs, str(party - 1)]
    os.execv(command[0], [*command, name(work, count)])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5] if len(sys.argv) > 5 else None)
