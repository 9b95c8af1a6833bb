"""A hospital and a vendor who use the command, from keys to a contract to a run between two processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.command import HERE, Started, call, port, start
from support.contracts import program, write_records


class Room:
    """A folder with both parties' keys, the program, the data, and a ledger; the commands are the parties' own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program, self.records = folder / "small.ccrc", write_records(folder / "records.csv")
        self.program.write_bytes(program().artifact)
        self.weights = folder / "w0.csv"
        self.weights.write_text("w\n0.5\n-0.25\n")
        for name in ("hospital", "vendor"):
            self.told("keys", "new", name, "--folder", str(folder))

    def told(self, *arguments: str) -> Any:
        done = call(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str, status: int = 3) -> Any:
        done = call(*arguments, *([] if "--json" in arguments else ["--json"]))
        assert done.exit_code == status, (done.stderr, done.exception)
        return json.loads(done.stdout)["error"]

    def keys(self, party: str) -> list[str]:
        return ["--key", str(self.folder / f"{party}.key"), "--cert", str(self.folder / f"{party}.crt")]

    @property
    def ledger(self) -> list[str]:
        return ["--ledger", str(self.folder / "ledger" / "hospital.db")]

    @property
    def contract(self) -> str:
        return str(self.folder / "contract.json")

    def grant(self, epsilon: str, delta: str) -> Any:
        self.told("budget", "grant", str(self.records), "--epsilon", epsilon, "--delta", delta, *self.ledger)
        return self.told(
            "budget",
            "allot",
            str(self.records),
            "--to",
            str(self.folder / "vendor.crt"),
            "--epsilon",
            epsilon,
            "--delta",
            delta,
            *self.ledger,
        )

    def new(self, *more: str) -> list[str]:
        return [
            "contract",
            "new",
            str(self.program),
            "--as",
            "hospital",
            *self.keys("hospital"),
            "--peer",
            str(self.folder / "vendor.crt"),
            "--input",
            f"records={self.records}",
            "-o",
            self.contract,
            *more,
        ]

    def sign(self, *parties: str) -> Any:
        return [self.told("contract", "sign", self.contract, *self.keys(party)) for party in parties][-1]

    def agree(self, *more: str) -> Any:
        """Both sign."""
        made = self.told(*self.new("--runs", "3", *(more or ("--epsilon", "1"))))
        self.sign("hospital", "vendor")
        return made

    def hospital(self, *more: str) -> list[str]:
        return [
            "run",
            str(self.program),
            "--as",
            "hospital",
            *self.keys("hospital"),
            "--contract",
            self.contract,
            "--input",
            f"records={self.records}",
            *self.ledger,
            "--listen",
            f"{HERE}:0",
            "--json",
            *more,
        ]

    def vendor(self, port: int, *more: str) -> list[str]:
        return [
            "run",
            str(self.program),
            "--as",
            "vendor",
            *self.keys("vendor"),
            "--contract",
            self.contract,
            "--input",
            f"w0={self.weights}",
            "--connect",
            f"{HERE}:{port}",
            "--json",
            *more,
        ]

    def meet(self) -> tuple[Started, Started]:
        hospital = start(*self.hospital())
        return hospital, start(*self.vendor(port(hospital)))

    def charged(self) -> Any:
        return self.told("budget", "show", *self.ledger)["data_sets"][0]["charged"]
