"""How many frauds the released risks found, and how far they lie from the model's in floating point.

python examples/fraud/score.py risk.npz
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HERE = Path(__file__).parent


def risks() -> Array:
    """What the model says of each payment, with nothing rounded but its inputs."""
    with np.load(HERE / "model.npz", allow_pickle=False) as model:
        payments = np.loadtxt(HERE / "payments.csv", delimiter=",", skiprows=1)
        hidden = np.maximum(payments @ model["first"] + model["shift"], 0)
        return np.asarray(1 / (1 + np.exp(-(hidden @ model["second"] + model["offset"]))))


def main() -> None:
    with np.load(sys.argv[1], allow_pickle=False) as file:
        (name,) = file.files
        risk = file[name]
    fraud = np.loadtxt(HERE / "truth.csv", skiprows=1) == 1
    flagged = risk >= 0.5
    print(
        f"{flagged.sum()} of {len(risk)} payments flagged; {(flagged & fraud).sum()} of {fraud.sum()} frauds among "
        f"them; risks within {abs(risk - risks()).max():.3f} of floating point"
    )


if __name__ == "__main__":
    main()
