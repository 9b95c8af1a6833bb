"""A copy of the tree in which one fault at a time is tried."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path

from tests.mutations.mutation import ROOT, Mutation

SECONDS = 120.0  # for one test; alone it takes two or three
COPIED = ("lang", "compiler", "runtime", "ccr", "tests", "docs", "examples", "news", "pyproject.toml", "README.md")


class Tree:
    """A copy in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)

    def tried(self, mutation: Mutation) -> str:
        """caught, survived or timed out, by its test; broken if it does not come that far, or is not there."""
        path = self._folder / mutation.file
        before = path.read_text()
        try:
            _write(path, mutation.applied(self._folder))
            status = self.ran([mutation.test], SECONDS)
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            _write(path, before)
        return {0: "survived", 1: "caught"}.get(status, "broken")  # 1: tests ran, and some failed

    def ran(self, tests: Sequence[str], seconds: float) -> int:
        """The exit status of pytest.  Raises TimeoutExpired."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "", "-p", "no:cacheprovider", *tests]
        places = os.pathsep.join((str(self._folder), str(self._folder / "tests")))  # before what is installed
        found = os.environ | {"PYTHONPATH": places}
        return subprocess.run(command, cwd=self._folder, env=found, capture_output=True, timeout=seconds).returncode


def _write(path: Path, text: str) -> None:
    """And forget what was compiled of it: two texts of one length within a second look alike."""
    path.write_text(text)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
