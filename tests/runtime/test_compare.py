"""Where two contracts differ is shown, however long what differs is."""

from __future__ import annotations

import pytest
from support.contracts import terms

from runtime.contract.compare import differences
from runtime.contract.terms import Terms


def told(change: str) -> str:
    """What is said of a contract whose first certificate is spelled otherwise (nobody looks at it here)."""
    agreed = terms()
    first = agreed.parties[0].model_copy(update={"certificate": change})
    other: Terms = agreed.model_copy(update={"parties": (first, agreed.parties[1])})
    [said] = differences(agreed, other)
    return said


@pytest.mark.parametrize("place", [0, 60, 100, 300, -30])
def test_a_long_value_is_shown_from_where_it_differs(place: int) -> None:
    own = terms().parties[0].certificate
    other = "?" if own[place] != "?" else "!"
    path, said = told(f"{own[:place]}{other}{own[place + 1 :]}" if place >= 0 else own[:place] + other).split(": ", 1)
    here, there = said.removesuffix(" there").split(" here, ")
    assert path == "parties.0.certificate" and here != there and other in there and max(len(here), len(there)) < 90


def test_a_short_value_is_shown_whole() -> None:
    assert told("short").endswith(" here, short there")
