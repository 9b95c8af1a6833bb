"""The real circuits, which lie beside the project and are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.gates.netlist import Netlist, netlist
from lang.source import Source
from lang.syntax.load import named

FOLDER = Path(__file__).parents[2].parent / "shared" / "circuits"
NAMES = (
    "adder_32bit.old",
    "int_div16.old-with-or",
    "adder64",
    "sub64",
    "neg64",
    "zero_equal",
    "mult64",
    "divide64",
    "ModAdd512",
    "FP-add",
    "FP-eq",
    "FP-i2f",
    "aes_128",
)
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no circuits beside the project, in {FOLDER.name}")


def path(name: str) -> Path:
    return FOLDER / f"{name}.txt.gz"


def text(name: str) -> Source:
    return named(path(name))


def read(name: str) -> Netlist:
    return netlist(text(name))
