"""What a party's process may do instead of its work."""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path


def killed(_: Connection, __: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left(_: Connection, status: int) -> None:
    os._exit(status)


def slept(_: Connection, seconds: float) -> None:
    time.sleep(seconds)


def told(pipe: Connection, task: object) -> None:
    """What it was given, where it looks for modules, and whether it hears Ctrl-C."""
    pipe.send((task, sys.path, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())))


def drew(pipe: Connection, _: object) -> None:
    """Something secret from everything that a party draws from."""
    import random
    import secrets

    import numpy as np
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from nacl.utils import random as sodium

    from runtime.crypto.labels import fresh
    from runtime.privacy.randomness import RunSecret

    pipe.send(
        {
            "system": secrets.token_bytes(16),
            "labels": fresh(1).tobytes(),
            "openssl": X25519PrivateKey.generate().private_bytes_raw(),
            "sodium": sodium(16),
            "random": random.random(),
            "numpy": np.random.default_rng().bytes(16),
            "run secret": RunSecret.of(None).key,
        }
    )


def looked(pipe: Connection, _: object) -> None:
    """How many threads it has, what it has loaded, whether it hears Ctrl-C, and where it looks for modules."""
    threads = len([*Path("/proc/self/task").iterdir()])
    deaf = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    pipe.send((threads, set(sys.modules), deaf, sys.path))
