"""A kind of problem is a record: made by its fields' names, compared by what it says, never changed."""

from __future__ import annotations

from typing import ClassVar

import pytest

from lang.problems.explain import problems
from lang.problems.problem import Record
from lang.problems.values import NotWhole
from lang.source import Source, Span

HERE = Span(Source("a.ccr", "x"), 1, 1, 1, 2)


class Place(Record):
    line: int


class Wrong(Place):
    code = "wrong"
    told: ClassVar[int] = 0

    what: str
    hint: str = "mend it"


def test_a_record_is_made_of_its_fields() -> None:
    found = Wrong(line=3, what="x")
    assert (found.line, found.what, found.hint) == (3, "x", "mend it")
    assert repr(found) == "Wrong(line=3, what='x', hint='mend it')"


@pytest.mark.parametrize("given", [{}, {"what": "x", "hind": "y"}, {"what": "x", "told": 1}, {"what": "x", "code": ""}])
def test_what_is_missing_or_unknown_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Wrong takes line, what, hint, and got line"):
        Wrong(line=3, **given)  # type: ignore[arg-type]  # what a caller must not do


def test_equal_where_they_say_the_same() -> None:
    class Other(Wrong):
        pass

    one, same = Wrong(line=3, what="x"), Wrong(what="x", line=3)
    assert one == same and hash(one) == hash(same) and len({one, same}) == 1
    assert one not in (Wrong(line=3, what="y"), Wrong(line=3, what="x", hint=""), Other(line=3, what="x"), "x")


def test_it_does_not_change() -> None:
    with pytest.raises(AttributeError, match="Wrong does not change"):
        Wrong(line=3, what="x").what = "y"  # type: ignore[misc]  # what a caller must not do


def test_no_kind_of_problem_is_a_dataclass() -> None:
    """As one it would not take a place: its fields would be its own alone."""
    assert [kind.code for kind in problems().values() if hasattr(kind, "__dataclass_fields__")] == []


def test_a_problem_with_places_beside_it() -> None:
    one = NotWhole(span=HERE, what="a size", value="2.5")
    assert one.beside((HERE, "here")) == NotWhole(span=HERE, what="a size", value="2.5", related=((HERE, "here"),))
    assert one.related == () and str(one) == "a.ccr:1:1: error[not-whole]: a size must be a whole number"
