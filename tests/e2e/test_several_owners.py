"""Three banks and a vendor as four processes, each by its own command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import HERE, Started, call, finish, port, result, start

BANKS = ("bank_a", "bank_b", "bank_c")
TEXT = """party vendor; party bank_a; party bank_b; party bank_c;
input w0: fix<12, 6>[2] from vendor;
dataset records from bank_a, bank_b, bank_c { x: fix<9, 8>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = [4, 2, 3], steps = 3, clip = 1.0, noise = 4.0, rate = 1.0, release = step) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""
SEED = ("--seed", "5", "--not-private", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, the program, and three banks' files, of which no two are alike."""
    folder = tmp_path_factory.mktemp("owners")
    for name in ("vendor", *BANKS):
        assert call("keys", "new", name, "--folder", str(folder)).exit_code == 0
    (folder / "owners.ccr").write_text(TEXT)
    np.save(folder / "w0.npy", np.array([0.5, -0.25]))
    for number, bank in enumerate(BANKS):
        rows = [f"{(i % 7 - 3) / 8},{(i * 3 % 5 + number) / 8},{i % 2}" for i in range(20)]
        (folder / f"{bank}.csv").write_text("x[0],x[1],y\n" + "\n".join(rows) + "\n")
    return folder


def keys(folder: Path, name: str) -> list[str]:
    return [f"--key={folder / name}.key", f"--cert={folder / name}.crt"]


def bank(folder: Path, name: str, *more: str) -> Started:
    own = [f"--peer={folder / 'vendor'}.crt", "--listen", f"{HERE}:0", "--input", f"records={folder / name}.csv"]
    return start("run", str(folder / "owners.ccr"), "--as", name, *keys(folder, name), *own, *more)


def vendor(folder: Path, ports: dict[str, int], *more: str, certificates: dict[str, str] | None = None) -> Started:
    said: list[str] = []
    for name in BANKS:
        said += ["--connect", f"{name}={HERE}:{ports[name]}"]
        said += ["--peer", f"{name}={folder / (certificates or {}).get(name, name)}.crt"]
    given = ["--input", f"w0={folder / 'w0.npy'}"]
    return start("run", str(folder / "owners.ccr"), "--as", "vendor", *keys(folder, "vendor"), *said, *given, *more)


def simulated(folder: Path) -> Any:
    given = [f"--input={name}.records={folder / name}.csv" for name in BANKS]
    done = call("simulate", str(folder / "owners.ccr"), *given, f"--input=w0={folder / 'w0.npy'}", "--seed=5", "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["outputs"]


def test_each_by_its_own_command(folder: Path) -> None:
    banks = {name: bank(folder, name, *SEED) for name in BANKS}
    told = result(vendor(folder, {name: port(started) for name, started in banks.items()}, *SEED))
    assert told["outputs"] == simulated(folder)
    for started in banks.values():
        assert result(started)["outputs"] == {}


def test_two_addresses_that_are_swapped(folder: Path) -> None:
    """The vendor knows whom it calls; nobody is told anything."""
    banks = {name: bank(folder, name, *SEED, "--wait=20") for name in BANKS[:2]}
    a, b = (port(banks[name]) for name in BANKS[:2])
    status, out, err = finish(vendor(folder, {"bank_a": b, "bank_b": a, "bank_c": a}, *SEED, "--wait=20"))
    assert status != 0 and "outputs" not in out
    assert "bank_" in err and "certificate" in err
    for started in banks.values():
        assert finish(started)[0] != 0


@pytest.mark.parametrize(
    ("certificates", "said"),
    [
        ({"bank_b": "bank_a"}, "bank_a and bank_b have one certificate"),
        ({"bank_c": "vendor"}, "this party and bank_c have one certificate"),
    ],
)
def test_one_party_is_not_two(folder: Path, certificates: dict[str, str], said: str) -> None:
    status, _, err = finish(vendor(folder, dict.fromkeys(BANKS, 1), certificates=certificates))
    assert status == 2 and said in err
