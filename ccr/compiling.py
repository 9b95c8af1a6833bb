"""A text or a file as a program."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational, Real
from pathlib import Path

from ccr import options
from ccr.program import Program
from ccr.wording import own_words
from compiler.joint.choices import Evaluator, Products
from lang.problems.draw import draw
from lang.problems.problem import Problem, Rejected
from lang.source import Source
from runtime import api

NAME = "program.ccr"  # of a text without a file
ENDINGS = (".ccr", ".ccrc")
_LINE = re.compile(r"\s*\d+ \|")


def compile(
    source: str | Path,
    /,
    *,
    products: Products | str | None = None,
    evaluator: Evaluator | str | None = None,
    **params: object,
) -> Program:
    """A `.ccr` file or the text of one, compiled; or a `.ccrc` artifact, read.

    A Path is a file, and so is a string that ends in `.ccr` or `.ccrc`; another one with a `;` in it is text.  `params`
    give a `param` of the program another value: numbers, or the text of one.  `products` and `evaluator` may be
    words, as on the command line: "gates", "honest".

    Raises Rejected (the message draws what is wrong with the program, or why the file cannot be read), ArtifactError,
    and ValueError for a word that is neither, and for an artifact with params, `products` or `evaluator`, which are
    fixed in it.
    """
    overrides = {name: _number(value) for name, value in params.items()}
    chosen = None if products is None else options.word("products", products, Products)
    taken_for = None if evaluator is None else options.word("evaluator", evaluator, Evaluator)
    try:
        return Program(api.compile(_source(source), overrides, chosen, taken_for))
    except Rejected as error:
        raise Rejected(error.problems, "\n" + "\n\n".join(map(_drawn, error.problems))) from None


def _drawn(problem: Problem) -> str:
    """But for the lines of the text, which stand behind their numbers."""
    return "\n".join(line if _LINE.match(line) else own_words(line) for line in draw(problem).split("\n"))


def _source(given: str | Path) -> Path | Source:
    if not isinstance(given, str):
        return options.path(given)
    named = given.endswith(ENDINGS) and "\n" not in given
    return Source(NAME, given.replace("\r\n", "\n")) if ";" in given and not named else Path(given)


def _number(value: object) -> str | Fraction:
    """A float stands for its decimals, as they are written: 0.1 is a tenth.  What is no number the program refuses."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, Rational):
        return Fraction(value)
    if isinstance(value, Real | Decimal) and isfinite(value):
        return Fraction(str(value))
    return str(value)
