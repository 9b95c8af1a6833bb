"""Every program under examples/, and what a run of it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Example:
    """What a program needs: input -> a file of its folder, or a literal; and params that make a run of it short."""

    inputs: Mapping[str, str]
    small: Mapping[str, str] = field(default_factory=dict)

    def given(self, folder: Path) -> dict[str, str]:
        return {name: str(folder / value) if "." in value else value for name, value in self.inputs.items()}


BANKS = ("bank_a", "bank_b", "bank_c")


def digits(start: str, *weights: str, batch: str = "4") -> Example:
    return Example(dict.fromkeys(weights, start) | {"digits": "records.csv"}, {"STEPS": "1", "BATCH": batch})


ALL = {
    "auction/auction": Example({"mine": "mine.csv", "yours": "yours.csv"}),
    "backbone/head": Example({"w0": "zeros.npz", "images": "records.npz"}, {"STEPS": "1", "BATCH": "4"}),
    "diabetes/diabetes": Example({"w0": "base.npz", "records": "records.csv"}, {"STEPS": "2", "BATCH": "8"}),
    "digits/by_step": Example({"w0": "linear.npz", "digits": "records.csv"}, {"STEPS": "2", "BATCH": "4", "LAST": "2"}),
    "digits/cnn": digits("cnn.npz", "kernels0", "dense0", "bias0", batch="2"),
    "digits/mlp": digits("mlp.npz", "first", "second", "bias", batch="2"),
    "digits/one_vs_all": digits("linear.npz", "w0"),
    "digits/softmax": digits("linear.npz", "w0"),
    "fraud/fraud": Example(
        {"payments": "payments.csv"} | dict.fromkeys(("first", "shift", "second", "offset", "limit"), "model.npz")
    ),
    "fraud-training/train": Example(
        {"w0": "base.npz"}
        | {f"{bank}.payments": f"{bank}.csv" for bank in BANKS}
        | {f"{bank}.holdout": f"{bank}_holdout.csv" for bank in BANKS},
        {"STEPS": "2", "BATCH": "8"},
    ),
    "millionaires/millionaires": Example({"a": "1200000", "b": "900000"}),
    "tumour/measured": Example(
        {"w0": "base.npz", "records": "records.csv", "holdout": "test.csv"}, {"STEPS": "2", "BATCH": "8"}
    ),
    "tumour/tumour": Example({"w0": "base.npz", "records": "records.csv"}, {"STEPS": "2", "BATCH": "8"}),
}
