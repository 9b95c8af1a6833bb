"""What a program costs, for whoever is only told it: computed once, then kept in the user's cache.

What a ledger charges and a contract says is computed each time anew (`privacy/cost.py`).  A kept cost is that of the
same mechanisms, records and delta, by the same code and libraries, in a folder that nobody else can write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from compiler.program import Compiled
from compiler.words import sampler
from runtime.files import PRIVATE, replace_bytes
from runtime.privacy import accountant
from runtime.privacy.accountant import Guarantee

_LARGEST = 1 << 12  # bytes of a file


def cost_told(program: Compiled, records: Mapping[str, int], delta: float) -> Guarantee:
    """As `cost_of`; takes seconds the first time only."""
    path = _path(program, records, delta)
    found = _read(path)
    if found is None:
        from runtime.privacy.cost import cost_of  # here, because what is kept needs none of it

        found = cost_of(program, records, delta)
        with suppress(OSError):  # then it is computed again the next time
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_bytes(path, _sealed(path, json.dumps(asdict(found)).encode()), PRIVATE)
    return found


def _path(program: Compiled, records: Mapping[str, int], delta: float) -> Path:
    """Named by all that the cost follows from."""
    owners = [(d.name, d.party) for d in program.datasets]
    what = (program.mechanisms, program.disjoint, owners, sorted(records.items()), delta)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ccr" / "costs"
    return folder / sha256(_accountant() + repr(what).encode()).hexdigest()


@cache
def _accountant() -> bytes:
    """Other code might find another cost."""
    whole = sha256(" ".join(version(library) for library in ("numpy", "scipy", "dp-accounting")).encode())
    own = sorted(Path(str(accountant.__file__)).parent.glob("*.py"))
    for path in (*own, Path(str(sampler.__file__))):  # what a sampler's table draws is part of its certificate
        whole.update(sha256(path.read_bytes()).digest())
    return whole.digest()


def _read(path: Path) -> Guarantee | None:
    """None for what is not there, not whole, or in a folder that others can write."""
    try:
        folder = path.parent.stat()
        with path.open("rb") as file:
            content = file.read(_LARGEST)
        if folder.st_uid != os.geteuid() or folder.st_mode & 0o022:
            return None
        _, _, told = content.partition(b"\n")
        return Guarantee(**json.loads(told)) if content == _sealed(path, told) else None
    except (OSError, ValueError, TypeError):
        return None


def _sealed(path: Path, told: bytes) -> bytes:
    return sha256(path.name.encode() + told).hexdigest().encode() + b"\n" + told
