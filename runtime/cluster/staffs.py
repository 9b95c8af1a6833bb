"""Workers of sessions that nothing goes on behind: of parties that are all on this machine, or of several owners."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from runtime.cluster.dasks import DaskCluster, dask
from runtime.cluster.errors import NoCluster
from runtime.cluster.sessions import all_there
from runtime.cluster.staff import Staff
from runtime.cluster.where import LOCAL
from runtime.net.errors import NetworkError

WHOLE = 1e7  # seconds that a worker stays at most: whoever started it here ends sooner, and it with them


@contextmanager
def staffed(
    cluster: DaskCluster, artifacts: Sequence[bytes], listens: bool, wait: float, stall: float, whole: float
) -> Generator[list[Staff]]:
    """A staff for a session of each program, all of as many workers; seconds as of `Staff.hire`.

    Raises NoCluster and WorkerLost.
    """
    launcher, staffs = all_there(cluster, wait), list[Staff]()
    with ExitStack() as ends:
        for own, artifact in zip(launcher.dealt(len(artifacts)), artifacts, strict=True):
            staffs.append(Staff.hire(own, listens, artifact, wait, stall, whole))
            ends.callback(staffs[-1].end)
        yield staffs


@contextmanager
def started_here(workers: int, artifacts: Sequence[bytes], listens: bool, stall: float) -> Generator[list[Staff]]:
    """In a party's own process: so many workers for each program, as `Helping` says.  Raises NetworkError."""
    try:
        with (
            dask(LOCAL, workers * len(artifacts), None) as cluster,
            staffed(cluster, artifacts, listens, stall, stall, WHOLE) as staffs,
        ):
            yield staffs
    except NoCluster as error:
        raise NetworkError(f"{error}; {error.help}") from error
