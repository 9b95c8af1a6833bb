"""The path of ARMv8 makes what those of x86 make: cross-compiled, and run by an emulator of that CPU."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.backends import NATIVE
from support.native import LANES, NATIVE_FOLDER, built

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        None in (shutil.which(COMPILER), shutil.which(EMULATOR), shutil.which("gcc")) or "aesni" not in NATIVE,
        reason=f"{COMPILER} and {EMULATOR} (Debian: gcc-aarch64-linux-gnu, qemu-user) or the C part are not here",
    ),
]


def test_another_cpu_makes_the_same_bytes(tmp_path: Path) -> None:
    here = built(tmp_path, NATIVE_FOLDER, "-O3")
    there = built(tmp_path, NATIVE_FOLDER, "-O3", "-static", compiler=COMPILER)
    for lanes in LANES:
        for secrets in ("1001", "1002"):
            expected = made(here, "aesni", lanes, secrets)
            assert all(made(here, path, lanes, secrets) == expected for path in NATIVE)
            assert made(EMULATOR, there, "armv8", lanes, secrets) == expected
            assert len(expected) == 8


def made(*command: str) -> bytes:
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
