"""The grammar's tables in the user's cache: made once, and never taken from where somebody else may have put them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from lang.syntax import parse


class Planted:
    """A pickle that runs code: it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> object:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize(("mode", "opened"), [(0o700, True), (0o755, True), (0o777, False), (0o770, False)])
def test_tables_are_opened_only_where_nobody_else_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, opened: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    parse._parser.__wrapped__()
    [tables] = (tmp_path / "ccr" / "grammar").iterdir()
    assert tables.parent.stat().st_mode & 0o777 == 0o700
    tables.write_bytes(pickle.dumps(Planted(tmp_path / "trace")))
    tables.parent.chmod(mode)
    parser, _ = parse._parser.__wrapped__()
    assert (tmp_path / "trace").exists() == opened
    assert parser.parse("party a;") is not None
