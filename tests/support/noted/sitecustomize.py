"""What every process of a run loads at its start where this folder is on its path, also a worker that Dask starts: it
shares small steps too, and a garbler's worker writes down what it garbles, in the folder that CCR_NOTED names."""

import os
from pathlib import Path

import pytest
from support.cluster_worker import garbled

from runtime.execute import sharing

sharing.GATES = sharing.BYTES = 64
garbled(pytest.MonkeyPatch(), Path(os.environ["CCR_NOTED"]))
