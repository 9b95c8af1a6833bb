"""What of the C engines this machine has: they are built where there is a compiler, for some kinds of CPU."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

VERSION = 6  # as in module.c: what an older build takes and makes may be something else


@dataclass(frozen=True, slots=True)
class Built:
    """Paths through the C code, the fastest first; each is a way of doing the same on some kinds of CPU."""

    paths: tuple[str, ...]  # that this CPU has
    lacking: tuple[str, ...]  # that it has not
    missing: str = ""  # why there are no paths at all


def built() -> Built:
    if find_spec("runtime.execute.native._kernel") is None:
        return Built((), (), "ccr was installed without a C compiler")
    try:
        from runtime.execute.native import _kernel  # here, because it may be missing
    except ImportError as error:
        return Built((), (), f"its C part does not load: {error}")
    if _kernel.VERSION != VERSION:
        return Built((), (), f"its C part is of version {_kernel.VERSION}, not {VERSION}: install ccr again")
    found = _kernel.paths()
    if not found:
        return Built((), (), "its C part has nothing for this kind of CPU")
    return Built(tuple(name for name, has in found if has), tuple(name for name, has in found if not has))
