"""The C engines under tools that watch memory: no byte out of bounds, and no branch and no address by a label.

Time that depends on labels or on the correlation would come from one of the two; memcheck, for which both are unknown,
sees either.  It knows AES-NI and no wider vectors: the other paths are the same text, for vectors of another width.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.backends import NATIVE
from support.native import LANES, NATIVE_FOLDER, built, with_mask

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None or "aesni" not in NATIVE, reason="the C part is not built here"),
]
with_memcheck = pytest.mark.skipif(shutil.which("valgrind") is None, reason="memcheck is not installed")


def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    program = built(tmp_path, NATIVE_FOLDER, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for path in NATIVE:
        for lanes in LANES:
            subprocess.run([program, path, lanes], check=True)


@with_memcheck
def test_nothing_depends_on_a_label(tmp_path: Path) -> None:
    program = built(tmp_path, NATIVE_FOLDER, "-O3")
    for lanes in LANES:
        assert "ERROR SUMMARY: 0 errors" in watched(program, lanes)


@with_memcheck
def test_a_lookup_by_a_label_is_seen(tmp_path: Path) -> None:
    """A mask that is read from a table, by a permute bit."""
    sources = with_mask(tmp_path, "__m128i MASKS[2];\n#define MASK_1(v) MASKS[_mm_cvtsi128_si32(v) & 1]")
    assert "Use of uninitialised value" in watched(built(tmp_path, sources, "-O3", "-Wno-unused"), "5")


def watched(program: str, lanes: str) -> str:
    done = subprocess.run(["valgrind", program, "aesni", lanes], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr
