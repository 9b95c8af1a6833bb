"""Whether C lets other threads go on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Thread

TIMES = 2000


def counts_meanwhile(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> bool:
    """Whether another thread counts on during the work, at one of so many times; nobody is made to yield, so it does
    only where C lets it.  What is done `before` each time does not count."""
    counted, meanwhile = [0], [0]

    def many() -> None:
        for _ in range(TIMES):
            before()
            start = counted[0]
            work()
            meanwhile[0] = counted[0] - start
            if meanwhile[0]:
                break

    interval, thread = sys.getswitchinterval(), Thread(target=many)
    sys.setswitchinterval(1000.0)
    try:
        thread.start()
        while thread.is_alive():
            counted[0] += 1
            time.sleep(0)
    finally:
        sys.setswitchinterval(interval)
    return meanwhile[0] > 0
