"""The C part without Python, built from any sources: `native_driver.c`, for tools that watch and for other CPUs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
NATIVE_FOLDER = ROOT / "runtime" / "execute" / "native"
DRIVER = ROOT / "tests" / "support" / "native_driver.c"
FILES = ("gates", "products", "stretch", "stretch_code")
LANES = ("1", "5", "49", "100")  # alone, vectors and what is left, a strip and one more, strips
MASK = "#define MASK_1("


def built(folder: Path, sources: Path, *flags: str, compiler: str = "gcc") -> str:
    """The driver's path; it is called as its text says."""
    program = str(folder / f"{compiler}-driver")
    command = [compiler, "-std=c11", "-g", "-Wall", "-Wextra", "-Werror", *flags, f"-I{sources}", str(DRIVER)]
    subprocess.run([*command, *(str(sources / f"{name}.c") for name in FILES), "-o", program], check=True)
    return program


def with_mask(folder: Path, mask: str) -> Path:
    """Sources whose permute bits on x86 become masks in another way: that of a text of C."""
    sources = folder / "sources"
    shutil.copytree(NATIVE_FOLDER, sources, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    text = (sources / "simd.h").read_text()
    [line] = [line for line in text.splitlines() if line.startswith(MASK)]
    (sources / "simd.h").write_text(text.replace(line, mask))
    return sources
