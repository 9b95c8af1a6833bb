"""The frame of an artifact's file.

    "CCRC"  version (2 bytes)  header length (4)  header  circuits
    notes  their length (4)  SHA-256 of notes and length
    SHA-256 of all before the notes

Integers are little-endian.  The header is JSON of the fields of `Compiled` (`plain.py`), circuits are arrays: for each
gate its operation, left and right literal.  The digest at the end is the program's identity, which two parties compare
before they run.  The notes are the text and which of its lines the gates come from: a file that is renamed, commented
or formatted is the same program, so the digest leaves them out.
"""

from __future__ import annotations

import hashlib

MAGIC = b"CCRC"
VERSION = 7
LARGEST = 1 << 25  # bytes of a file
HEADER = NOTES = 1 << 22  # bytes of either
ENTRIES, RECORDS = 1 << 20, 1 << 15  # in either: commas, and lists that begin with a string
DIGEST = 32
START = 10  # of the header
MESSAGE = 400  # characters


class ArtifactError(Exception):
    """A file that is not an artifact of this version, or not one that its own text compiles to.

    The message may quote what a stranger wrote: what is no printable character of it becomes a question mark.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("".join(c if c.isprintable() else "?" for c in reason[:MESSAGE]))


def seal(content: bytes, notes: bytes) -> bytes:
    """Content and notes as a file that the digests of both protect."""
    tail = notes + len(notes).to_bytes(4, "little")
    return content + tail + hashlib.sha256(tail).digest() + hashlib.sha256(content).digest()


def framed(header: bytes, circuits: bytes) -> bytes:
    """The content."""
    return MAGIC + VERSION.to_bytes(2, "little") + len(header).to_bytes(4, "little") + header + circuits


def unsealed(data: bytes) -> tuple[bytes, bytes] | None:
    """(content, notes), or None if the digests do not match."""
    end = len(data) - 2 * DIGEST - 4
    if end < START:
        return None
    start = end - int.from_bytes(data[end : end + 4], "little")
    if start < START:
        return None
    tail = data[start : -2 * DIGEST]
    if hashlib.sha256(tail).digest() + hashlib.sha256(data[:start]).digest() != data[-2 * DIGEST :]:
        return None
    return data[:start], data[start:end]


def parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """(header, circuits, notes) of a whole file of this version; raises ArtifactError."""
    if data[:4] != MAGIC:
        raise ArtifactError("this is not a compiled ccr program: compile the .ccr file with `ccr compile`")
    version = int.from_bytes(data[4:6], "little")
    if version != VERSION:
        raise ArtifactError(f"the artifact has format {version}, this ccr reads format {VERSION}: compile it again")
    if len(data) > LARGEST:
        raise ArtifactError(f"the artifact has {len(data)} bytes, more than the {LARGEST} that are read")
    found = unsealed(data)
    if found is None:
        raise ArtifactError("the artifact is damaged: its digest does not match its content; compile it again")
    content, notes = found
    end = START + int.from_bytes(content[START - 4 : START], "little")
    if end > len(content):
        raise ArtifactError("the artifact's header is longer than the file")
    fits(content[START:end], notes)
    return content[START:end], content[end:], notes


def fits(header: bytes, notes: bytes) -> None:
    """Raises ArtifactError where reading either would take long, or much memory."""
    for what, text, most in (("plan", header, HEADER), ("text", notes, NOTES)):
        if len(text) > most:
            raise ArtifactError(f"the artifact takes {len(text)} bytes for its {what}, more than {most}")
        if text.count(b",") > ENTRIES or text.count(b'["') > RECORDS:
            raise ArtifactError(f"the artifact's {what} has more than {ENTRIES} entries or {RECORDS} records")


def digest(artifact: bytes) -> str:
    return artifact[-DIGEST:].hex()
