"""Keyed hashes in the place of values: HMAC-SHA-256 under a key that its owner keeps.

Under one key a value of a column always has the same pseudonym, so rows of a person stay together; a column's name goes
in, so that two columns are not linked.  Without the key nobody can try values; whoever has it can, and undo this.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from pathlib import Path

from runtime.data.deidentify.cells import plain
from runtime.data.errors import InputError

_DOMAIN = b"ccr pseudonym 1\0"
_LENGTH = 32  # bytes of a key
_DIGITS = 30  # hexadecimal ones of a pseudonym: no two values meet, and no digest without a key is as long
PSEUDONYM = re.compile(rf"[0-9a-f]{{{_DIGITS}}}", re.ASCII)
_KEY = re.compile(rf"[0-9a-f]{{{2 * _LENGTH}}}\n?", re.ASCII)


def pseudonym(key: bytes, column: str, text: str) -> str:
    """Of a value as text, without blanks around it; a gap stays one."""
    value = plain(text)
    if not value:
        return ""
    said = column.encode("utf-8", "surrogatepass")
    message = _DOMAIN + len(said).to_bytes(8, "big") + said + value.encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256").hex()[:_DIGITS]


def read_key(path: Path) -> bytes:
    """Of a file that `new_key` wrote.  Raises InputError, also if others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(4 * _LENGTH).decode("latin-1")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", help="check the path", file=str(path)) from None
    if not _KEY.fullmatch(text):
        help = "give the file that this command made, or a name that is free for it to make one"
        raise InputError("this is no key of hashes", help=help, file=str(path))
    if mode & 0o077:
        raise InputError("others than its owner may read this key", help=f"chmod 600 {path}", file=str(path))
    return bytes.fromhex(text.strip())


def new_key(path: Path) -> bytes:
    """A fresh key in a new file that its owner alone may read.  Raises InputError."""
    key = secrets.token_bytes(_LENGTH)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", help="check the path", file=str(path)) from None
    return key
