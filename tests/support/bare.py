"""A program that reveals to the vendor what it trained, without noise if NOISE is 0."""

from __future__ import annotations

from pathlib import Path

from support.contracts import SOURCE, write_records

BARE = SOURCE.replace("output w to vendor", "output w = reveal(w) to vendor").replace(" drawn by hospital", "")


def write(folder: Path, text: str = BARE) -> tuple[str, list[str]]:
    """The program's file, and the --input of both parties."""
    program, weights = folder / "bare.ccr", folder / "w0.csv"
    program.write_text(text)
    weights.write_text("w\n0.5\n-0.25\n")
    records = write_records(folder / "records.csv")
    return str(program), ["--input", f"w0={weights}", "--input", f"records={records}"]
