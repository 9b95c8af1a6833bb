"""Arrays as the bytes of a `.npz`."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np

from runtime.authoring.floating import Floats


def npz(arrays: Mapping[str, Floats]) -> bytes:
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()
