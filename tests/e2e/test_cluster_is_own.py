"""A cluster on this machine is one party's: whoever else reaches its ports is told nothing, and runs nothing."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from distributed import rpc

from runtime.cluster.dasks import dask
from runtime.cluster.errors import NoCluster
from runtime.cluster.where import LOCAL


async def answered(address: str) -> bool:
    """Does Dask talk to somebody who has no key of the cluster's?"""
    async with rpc(address, timeout=3) as stranger:
        try:
            await asyncio.wait_for(stranger.identity(), 3)
        except OSError:
            return False
        return True


def test_strangers_on_this_machine_run_nothing() -> None:
    with dask(LOCAL, 1, None) as cluster:
        launcher = cluster.launcher(20.0)
        ports = [cluster._client.scheduler.address, *(place.address for place in cluster._places)]
        assert [asyncio.run(answered(f"tcp://{urlsplit(port).netloc}")) for port in ports] == [False, False]
        assert launcher.doors() == [("127.0.0.1", 0)]
        assert launcher.certificates[0].startswith(b"-----BEGIN CERTIFICATE-----")


def test_a_worker_that_dies_before_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr("distributed.LocalCluster", fails)
    with pytest.raises(NoCluster, match="not all of 2 workers started on this machine: Nanny"), dask(LOCAL, 2, None):
        pass
