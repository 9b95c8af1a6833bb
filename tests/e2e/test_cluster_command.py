"""`ccr run --cluster local`: both parties, each with a cluster of its own, give the bits of one machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import BASE, RECORDS, TUMOUR, afresh, call, finish, port

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

SMALL = ("-D", "STEPS=2", "--seed", "4", "--products", "gates")


@pytest.mark.slow  # two clusters take some ten seconds to start
@pytest.mark.parametrize("workers", ["1", "2"])
def test_both_parties_with_a_cluster(tmp_path: Path, workers: str) -> None:
    for party in ("hospital", "vendor"):
        assert call("keys", "new", party, "--folder", str(tmp_path)).exit_code == 0
    shared = ("run", TUMOUR, *SMALL, "--cluster", "local", "--workers", workers, "--json")

    def keys(own: str, peer: str) -> list[str]:
        return [f"--key={tmp_path / own}.key", f"--cert={tmp_path / own}.crt", f"--peer={tmp_path / peer}.crt"]

    hospital = afresh(
        *shared,
        "--as=hospital",
        "--listen=127.0.0.1:0",
        "--input",
        RECORDS,
        *keys("hospital", "vendor"),
        "--not-private",
    )
    vendor = afresh(
        *shared, "--as=vendor", f"--connect=127.0.0.1:{port(hospital)}", "--input", BASE, *keys("vendor", "hospital")
    )
    status, out, said = finish(vendor)
    assert status == 0, said
    assert finish(hospital)[0] == 0
    told = json.loads(out)
    alone = call("simulate", TUMOUR, *SMALL, "--input", RECORDS, "--input", BASE, "--json")
    assert told["outputs"]["w"] == json.loads(alone.stdout)["outputs"]["w"]
    assert len(told["parties"]["vendor"]["workers"]) == int(workers)
    assert told["bytes"]["tables"] == told["predicted"]["bytes"]["tables"]
