"""What a run of benchmarks ran on: without it no figure says anything."""

from __future__ import annotations

import os
import platform
import ssl
from importlib.metadata import version
from pathlib import Path

from runtime.execute.engines import chosen

TELLING = ("aes", "pclmulqdq", "avx2", "avx512f", "vaes", "vpclmulqdq", "sha_ni", "pmull")
BUSY = 0.5  # processes that wait for a core or have one, of the last minute


def facts() -> dict[str, object]:
    """Of this machine and of what runs on it, now."""
    cpu = _described(Path("/proc/cpuinfo"))
    flags = set((cpu.get("flags") or cpu.get("Features") or "").split())
    return {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "flags": [flag for flag in TELLING if flag in flags],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(int(_described(Path("/proc/meminfo")).get("MemTotal", "0 kB").split()[0]) / 2**20, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "openssl": ssl.OPENSSL_VERSION,
        "backend": chosen().backend,
        "ccr": version("ccr-lang"),
        "load": round(os.getloadavg()[0], 2),
    }


def warning(known: dict[str, object]) -> str:
    """Why the figures will be too low; empty if they will not."""
    load = known["load"]
    assert isinstance(load, float)
    if load <= BUSY:
        return ""
    return f"this machine is busy (load {load}): the figures will be worse than it can do"


def _described(file: Path) -> dict[str, str]:
    """The first value of each `name: value`; empty where there is no such file."""
    found: dict[str, str] = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found
