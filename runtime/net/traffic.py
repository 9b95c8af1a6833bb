"""Bytes of a run by what they carry; frames' headers, the greeting, base transfers and TLS are not among them."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Traffic:
    """Of both directions together.  A party that counts what it sends and receives knows all of it."""

    tables: int = 0  # garbler -> evaluator: 32 bytes an AND gate
    corrections: int = 0  # garbler -> evaluator: of products that go as shares
    transfers: int = 0  # evaluator -> garbler: oblivious transfer of its inputs, coins and shares, with the checks
    outputs: int = 0  # both ways: labels of the garbler's outputs, decoding bits of the evaluator's

    @property
    def total(self) -> int:
        return self.tables + self.corrections + self.transfers + self.outputs

    def as_json(self) -> dict[str, int]:
        return {**asdict(self), "total": self.total}
