"""Workers as threads of this process, which meet by TLS on loopback as they do anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Thread

from runtime.cluster.member import Post, serve
from runtime.cluster.shelf import ShelfPost, put_up
from runtime.net import keys
from runtime.net.keys import Identity


@dataclass
class Threads:
    """So many of them."""

    count: int
    here: str = "127.0.0.1"
    threads: list[Thread] = field(default_factory=list[Thread])

    def __post_init__(self) -> None:
        self._identities: list[Identity] = [keys.new(f"worker-{n}") for n in range(self.count)]

    @property
    def certificates(self) -> list[bytes]:
        return [identity.certificate for identity in self._identities]

    def doors(self) -> list[tuple[str, int]]:
        return [(self.here, 0)] * self.count

    def public(self, worker: int, port: int) -> tuple[str, int]:
        return self.here, port

    def start(self, worker: int, post: Post) -> None:
        self.threads.append(Thread(target=serve, args=(post, self._identities[worker])))
        self.threads[-1].start()

    def put_up(self, worker: int, post: ShelfPost) -> None:
        self.threads.append(put_up(post, self._identities[worker]))

    def name(self, worker: int) -> str:
        return f"worker {worker + 1}"
