"""As many instructions whatever the labels, the numbers, the keys and the correlation are.

Counted by callgrind, so exact: two runs that differ in nothing but secrets must agree to the last instruction.  What
an instruction takes may still depend on an address, which memcheck watches (`tests/runtime/test_native_memory.py`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.backends import NATIVE
from support.native import NATIVE_FOLDER, built, with_mask

SECRETS = ("1001", "1002", "1003")  # of as many digits, which the driver reads

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("valgrind") is None or "aesni" not in NATIVE,
    reason="callgrind is not installed, or the C part is not built here",
)


def test_secrets_change_no_count(tmp_path: Path) -> None:
    program = built(tmp_path, NATIVE_FOLDER, "-O3")
    made = {
        subprocess.run([program, "aesni", "49", each], stdout=subprocess.PIPE, check=True).stdout: each
        for each in SECRETS
    }
    assert len(made) == len(SECRETS)  # they were secrets of the same work
    assert len({instructions(program, each) for each in SECRETS}) == 1


@pytest.mark.slow
def test_a_branch_by_a_label_is_counted(tmp_path: Path) -> None:
    """A mask that is made where a permute bit is 1 alone."""
    mask = (
        "#define MASK_1(v) ({ __m128i made = _mm_setzero_si128(); "
        'if (_mm_cvtsi128_si32(v) & 1) { __asm__ volatile(""); made = _mm_set1_epi32(-1); } made; })'
    )
    program = built(tmp_path, with_mask(tmp_path, mask), "-O3")
    assert len({instructions(program, each) for each in SECRETS}) > 1


def instructions(program: str, secrets: str) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "aesni", "49", secrets]
    done = subprocess.run(command, capture_output=True, check=True)
    [count] = re.findall(rb"Collected : (\d+)", done.stderr)
    return int(count)
