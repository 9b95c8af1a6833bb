"""Words as text: the programs in `words/`, as they are understood and as joint work takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Golden

from compiler import pipeline
from compiler.joint.locality import roles
from compiler.joint.shares import Products
from compiler.words.show import lines
from lang.syntax.load import read

PROGRAMS = sorted((Path(__file__).parent / "words").glob("*.ccr"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_words_as_text(path: Path, golden: Golden) -> None:
    words = pipeline.understand(read(path)).words
    joint = pipeline.joint(pipeline.localised(words, roles(words), Products.SHARES), roles(words))
    golden.check(path.with_suffix(".words"), "\n".join(["// understood", *lines(words), "// joint", *lines(joint), ""]))
