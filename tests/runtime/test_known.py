"""A side compiles an artifact's text itself, once: what it has compiled it marks in the user's cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.lies import TRAINING, opens_a_row

import runtime.program
from compiler import artifact, pipeline
from compiler.artifact import ArtifactError
from lang.problems.problem import Rejected
from lang.source import Source
from runtime.api import compile
from runtime.program import Known, from_artifact

PROGRAM = pipeline.compile(Source("training.ccr", TRAINING))
DATA = artifact.encode(PROGRAM)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ccr/compiled"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Grows with each compilation."""
    times: list[str] = []
    build = pipeline.build

    def counted(*given: Any, **more: Any) -> Any:
        times.append("")
        return build(*given, **more)

    monkeypatch.setattr(pipeline, "build", counted)
    yield times


def test_once(cache: Path, compiled: list[str]) -> None:
    assert from_artifact("a.ccrc", DATA).known is Known.COMPILED
    again = from_artifact("b.ccrc", DATA)
    assert again.known is Known.BEFORE and again.compiled == PROGRAM and len(compiled) == 1
    [mark] = cache.iterdir()
    assert mark.stat().st_size == 0 and cache.stat().st_mode & 0o777 == 0o700


def test_every_file_by_itself(cache: Path, compiled: list[str]) -> None:
    """Of two artifacts with one digest each one's text is compiled."""
    other = artifact.encode(pipeline.compile(Source("training.ccr", TRAINING + "// more\n")))
    assert artifact.digest(other) == artifact.digest(DATA)
    compiled.clear()
    assert from_artifact("a.ccrc", DATA).known is from_artifact("a.ccrc", other).known is Known.COMPILED
    assert len(compiled) == 2


def test_a_lie_is_not_marked(cache: Path) -> None:
    lie = artifact.encode(opens_a_row(PROGRAM))
    for _ in range(2):
        with pytest.raises(ArtifactError, match="plan is not what its text makes"):
            from_artifact("a.ccrc", lie)
    assert not cache.exists()


def test_another_compiler_compiles_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_artifact("a.ccrc", DATA)
    monkeypatch.setattr(runtime.program, "_compiler", lambda: b"another")
    assert from_artifact("a.ccrc", DATA).known is Known.COMPILED


def test_a_folder_that_others_write_says_nothing(cache: Path) -> None:
    from_artifact("a.ccrc", DATA)
    cache.chmod(0o777)
    assert from_artifact("a.ccrc", DATA).known is Known.COMPILED


def test_a_program_of_too_many_gates_is_named(tmp_path: Path) -> None:
    """Before they are made, with the limit and the place: none of them would fit into an artifact."""
    text = "party p; party q;\ninput x: int<1024> from p;\ninput y: int<1024> from q;\noutput z = reveal(x / y) to q;\n"
    (tmp_path / "wide.ccr").write_text(text)
    with pytest.raises(Rejected) as rejected:
        compile(tmp_path / "wide.ccr")
    [problem] = rejected.value.problems
    assert (problem.code, problem.span.line) == ("too-many-gates", 4)
    assert "more than 524288 gates" in problem.say(problem.title)


def test_without_a_cache_it_is_compiled_every_time(cache: Path, compiled: list[str]) -> None:
    cache.parent.write_text("a file where the folder would be")
    assert from_artifact("a.ccrc", DATA).known is from_artifact("a.ccrc", DATA).known is Known.COMPILED
    assert len(compiled) == 2
