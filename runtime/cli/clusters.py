"""`--cluster`: a party's run on its own cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from lang.numerals import counted
from runtime.cli.options import UsageError, address
from runtime.cli.screen import say
from runtime.cluster.errors import NoCluster
from runtime.cluster.where import LOCAL, Doors
from runtime.execute.sharing import MOST

if TYPE_CHECKING:
    from runtime.cluster.dasks import DaskCluster
    from runtime.cluster.staff import Staff

ClusterOf = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="WHERE",
        show_default=False,
        help=f"Share the run among workers: `{LOCAL}` for some that are started here, of each party that runs here; "
        "with --as also this party's of the Dask scheduler at tcp://HOST:PORT.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, max=MOST, show_default=False, help="With --cluster: how many; both alike."
    ),
]
WorkerListen = Annotated[
    str | None,
    typer.Option(
        "--worker-listen",
        metavar="HOST:PORTS",
        show_default=False,
        help="With --cluster and --listen: the host by which the peer reaches this party's workers, and a port for "
        "each, like 192.0.2.7:9000-9007.",
    ),
]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the options ask for."""

    where: str
    workers: int
    doors: Doors | None

    @staticmethod
    def of(
        where: str | None, workers: int | None, listen: str | None, party: str | None, listens: bool
    ) -> Cluster | None:
        """Raises UsageError for options that mean nothing, or not together."""
        if where is None:
            for option, given in (("--workers", workers), ("--worker-listen", listen)):
                if given is not None:
                    raise UsageError(f"{option} goes with --cluster", "without a cluster a party runs on one machine")
            return None
        if find_spec("distributed") is None:
            raise UsageError("--cluster needs Dask", "install it with `pip install 'ccr-lang[cluster]'`")
        if where != LOCAL and not where.startswith(("tcp://", "tls://")):
            raise UsageError(
                f"--cluster {where} is no scheduler", f"write `{LOCAL}`, or its address like tcp://192.0.2.7:8786"
            )
        if party is None and where != LOCAL:
            help = f"a cluster belongs to one party: with all of them here write `--cluster {LOCAL}`"
            raise UsageError(f"--cluster {where} goes with --as PARTY", help)
        if workers is None:
            raise UsageError("--cluster needs --workers", "all parties give the same number")
        if listen is not None and not listens:
            raise UsageError("--worker-listen goes with --listen", "the workers of the party that listens are called")
        return Cluster(where, workers, None if listen is None else _doors(listen))

    @contextmanager
    def started(self, quiet: bool, sessions: int = 1) -> Generator[DaskCluster]:
        """Its workers for so many sessions, ready to be hired.

        Raises UsageError, also for a NoCluster that is raised inside.
        """
        from runtime.cluster.dasks import dask  # here, because most runs have no cluster

        count = self.workers * sessions
        try:
            with dask(self.where, count, self.doors) as cluster:
                if not quiet:
                    where = "on this machine" if self.where == LOCAL else f"of {self.where}"
                    say(f"{counted(count, 'worker')} {where}, {self._dashboard(cluster)}")
                yield cluster
        except NoCluster as error:
            raise UsageError(str(error), error.help) from None

    @contextmanager
    def staffed(
        self, artifacts: Sequence[bytes], quiet: bool, wait: float, stall: float, whole: float
    ) -> Generator[list[Staff]]:
        """Hired, for a session of each program.  Raises UsageError and WorkerLost."""
        from runtime.cluster.staffs import staffed  # likewise

        with (
            self.started(quiet, len(artifacts)) as cluster,
            staffed(cluster, artifacts, False, wait, stall, whole) as staffs,
        ):
            yield staffs

    def _dashboard(self, cluster: DaskCluster) -> str:
        """Dask draws it with Bokeh, which a scheduler that is started here has only if this machine has."""
        if not cluster.dashboard or (self.where == LOCAL and find_spec("bokeh") is None):
            return "no dashboard (`pip install bokeh`)"
        return f"dashboard {cluster.dashboard}"


def _doors(text: str) -> Doors:
    host, _, ports = text.rpartition(":")
    first, dash, last = ports.partition("-")
    one = address("--worker-listen", f"{host}:{first}")
    other = address("--worker-listen", f"{host}:{last}") if dash else one
    if other.port < one.port or not one.port:
        raise UsageError(f"`--worker-listen {text}` is not HOST:FIRST-LAST", "write it like 192.0.2.7:9000-9007")
    return Doors(one.host, one.port, other.port)
