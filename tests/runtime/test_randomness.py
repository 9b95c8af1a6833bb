"""The run secret: repeatable, separated by purpose and position, unbiased, and out of sight."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.privacy.randomness import RunSecret, Stream

LETTERS = "ab\0\xff\u20ac"  # of one byte to three, and one that might end a name
places = st.tuples(st.text(LETTERS, max_size=4), st.lists(st.integers(0, 3), max_size=3).map(tuple))


def test_a_seed_repeats_and_the_system_does_not() -> None:
    first, second = (RunSecret.from_seed(7).stream("noise", (1, 2)).bytes(64) for _ in range(2))
    assert first == second
    assert RunSecret.from_os().stream("noise", ()).bytes(16) != RunSecret.from_os().stream("noise", ()).bytes(16)
    assert RunSecret.from_seed(7).seeded and not RunSecret.from_os().seeded


def test_the_stream_is_pinned() -> None:
    """A change here changes what every recorded `--seed` means."""
    assert RunSecret.from_seed(1).stream("noise", (0, 3)).bytes(16).hex() == "c4aafdc6dd2bfebc8e605b5e54b96428"


@settings(deadline=None)
@given(places, places)
def test_places_are_separated(first: tuple[str, tuple[int, ...]], second: tuple[str, tuple[int, ...]]) -> None:
    secret = RunSecret.from_seed(0)
    assert (secret.stream(*first).bytes(16) == secret.stream(*second).bytes(16)) == (first == second)


def test_words_are_the_bytes() -> None:
    secret = RunSecret.from_seed(3)
    words = secret.stream("a", ()).uint64(5)
    assert words.tobytes() == secret.stream("a", ()).bytes(40)


def test_no_secret_in_a_repr() -> None:
    secret = RunSecret.from_os()
    assert secret.key.hex() not in repr(secret) and repr(secret.key) not in repr(secret)


class Scripted(Stream):
    """A stream that gives the words it is told to."""

    __slots__ = ("words",)

    def __init__(self, words: list[int]) -> None:
        super().__init__(bytes(32))
        self.words = words

    def bytes(self, count: int) -> bytes:
        return b"".join(self.words.pop(0).to_bytes(8, "little") for _ in range(count // 8))


def test_below_redraws_the_words_that_would_bias_it() -> None:
    """2^64 mod 3 = 1: only the last word has no partner."""
    assert Scripted([2**64 - 1, 2**64 - 2]).below(3) == (2**64 - 2) % 3
    assert Scripted([2**64 - 1]).below(2**64) == 2**64 - 1


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_below_refuses_a_bound_it_cannot_draw(bound: int) -> None:
    with pytest.raises(ValueError, match="bound"):
        RunSecret.from_seed(0).stream("a", ()).below(bound)
