"""`ccr` with these arguments, which writes at its end how much memory it had: `python -m benchmarks.watched FILE ...`.

Who started it cannot ask: what the system tells of an ended process on Linux begins with what its parent had.
"""

from __future__ import annotations

import atexit
import resource
import sys
from pathlib import Path

from runtime.cli.main import main

STATUS = Path("/proc/self/status")


def peak() -> float:
    """MB, since this process began."""
    if STATUS.exists():
        [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1000)


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    atexit.register(lambda: file.write_text(str(peak())))
    main()
