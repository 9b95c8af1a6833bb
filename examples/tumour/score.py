"""How many records of a table a model puts on the right side.

python examples/tumour/score.py MODEL.npz           on test.csv, which nobody trained on
python examples/tumour/score.py MODEL.npz TABLE.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main() -> None:
    model, path = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "test.csv"
    with np.load(model, allow_pickle=False) as file:
        (name,) = file.files
        weights = file[name]
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    right = int(np.sum((table[:, :-1] @ weights > 0) == (table[:, -1] == 1)))
    print(f"{model}: accuracy {right / len(table):.3f} ({right} of the {len(table)} records in {path.name})")


if __name__ == "__main__":
    main()
