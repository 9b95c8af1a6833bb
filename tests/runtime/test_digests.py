"""Sorting and counting many digests is what Python does with them one by one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.data.digests import in_common, put_in_order

DIGEST = st.binary(min_size=3, max_size=3) | st.sampled_from([b"\0\0\0", b"a\0\0", b"a\0b", b"\0\0a", b"\xff\xff\xff"])
DIGESTS = st.lists(DIGEST, max_size=30)


@given(DIGESTS)
def test_in_order(digests: list[bytes]) -> None:
    found = bytearray(b"".join(digests))
    put_in_order(found, 3)
    assert bytes(found) == b"".join(sorted(digests))


@given(DIGESTS, DIGESTS)
def test_in_common(some: list[bytes], others: list[bytes]) -> None:
    expected = (Counter(some) & Counter(others)).total()
    assert in_common(b"".join(sorted(some)), b"".join(sorted(others)), 3) == expected
