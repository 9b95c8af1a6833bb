"""The rates of this machine, kept in a file of the user's cache; those of no machine in particular without one.

One file holds what was measured of every backend.  What another machine, CPU, Python or version of ccr measured is as
if it were not there: rates are no promise, and a home may be shared by many machines.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from functools import cache
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

from runtime.execute import engines
from runtime.execute.engines import PORTABLE as PORTABLE_BACKEND
from runtime.execute.engines import NoSuchBackend
from runtime.files import replace_bytes
from runtime.report.forecast.rates import NATIVE, PORTABLE, Rates

LONGEST = 1 << 16  # bytes of the file


def place() -> Path:
    """In the cache directory of the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return folder / "ccr" / "rates.json"


def machine() -> dict[str, object]:
    """What rates hold for."""
    return {
        "ccr": version("ccr-lang"),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": cores(),
        "node": platform.node(),
    }


def cores() -> int:
    """That this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def own() -> Rates:
    """Of the backend that a run here takes now."""
    try:
        backend = engines.chosen().backend
    except NoSuchBackend:  # whatever runs here says so itself
        backend = PORTABLE_BACKEND
    return measured(backend) or builtin(backend)


def builtin(backend: str) -> Rates:
    return PORTABLE if backend == PORTABLE_BACKEND else NATIVE


@cache
def measured(backend: str) -> Rates | None:
    """What is kept of this machine; None if nothing is, or nothing that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        with place().open("rb") as file:
            kept: Any = json.loads(file.read(LONGEST))
        if isinstance(kept, dict) and kept.get("machine") == machine() and isinstance(kept.get("rates"), dict):
            return _rates(kept["rates"].get(backend))
    return None


def keep(found: Mapping[str, Rates]) -> Path:
    """By backend, all that were measured.  Raises OSError."""
    content = {"machine": machine(), "rates": {backend: asdict(rates) for backend, rates in found.items()}}
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, json.dumps(content, indent=1).encode())
    measured.cache_clear()
    return path


def _rates(found: Any) -> Rates | None:
    names = {field.name for field in fields(Rates)}
    if not isinstance(found, dict) or found.keys() != names:
        return None
    if not all(type(value) in (int, float) and isfinite(value) and value >= 0 for value in found.values()):
        return None
    return Rates(**found) if found["cores"] >= 1 else None


def _processor() -> str:
    """Its model, as Linux names it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
