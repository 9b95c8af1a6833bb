"""The wheel and the source distribution, made of what git has of this tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.command import ROOT


def source(to: Path) -> Path:
    """A copy of the files that git knows, or would with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to


def built(tree: Path, to: Path, *options: str, compiler: str | None = None) -> Path:
    """`python -m build`: the file that it makes."""
    environment = os.environ | ({} if compiler is None else {"CC": compiler})
    command = [sys.executable, "-m", "build", "--outdir", str(to), *options, str(tree)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (made,) = to.iterdir()
    return made
