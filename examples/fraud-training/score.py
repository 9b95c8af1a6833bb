"""How good a model is on payments that nobody trained on, of all three banks' customers.

python examples/fraud-training/score.py MODEL.npz           on test.csv
python examples/fraud-training/score.py MODEL.npz NAME      on NAME.csv of this folder, say bank_a_holdout
"""

from __future__ import annotations

import sys

import numpy as np
from reference import accuracy, auc, read


def main() -> None:
    model, name = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "test"
    with np.load(model, allow_pickle=False) as file:
        (array,) = file.files
        weights = file[array]
    x, y = read(name)
    found = int(np.sum(x[y == 1] @ weights > 0))
    print(
        f"{model}: AUC {auc(weights, name):.3f}, accuracy {accuracy(weights, name):.3f}, "
        f"{found} of the {int(y.sum())} frauds caught among {len(y)} payments"
    )


if __name__ == "__main__":
    main()
