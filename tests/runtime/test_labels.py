"""The seed expander and the label arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.crypto import labels
from runtime.crypto.prg import Prg


def test_stream_is_aes_counter_mode() -> None:
    # FIPS 197, appendix C.1, turned around: AES-128 of the zero block under the zero key.
    assert Prg(bytes(16)).bytes(16).tobytes().hex() == "66e94bd4ef8a2c3b884cfa59ca342b2e"


@given(st.lists(st.integers(0, 100), max_size=8))
@settings(deadline=None)
def test_pieces_of_a_stream_join_up(sizes: list[int]) -> None:
    seed = bytes(range(16))
    stream = Prg(seed)
    pieces = b"".join(stream.bytes(size).tobytes() for size in sizes)
    assert pieces == Prg(seed).bytes(sum(sizes)).tobytes()


def test_words_are_little_endian() -> None:
    seed = b"s" * 16
    assert Prg(seed).words(3).tolist() == [
        int.from_bytes(Prg(seed).bytes(24).tobytes()[8 * i : 8 * i + 8], "little") for i in range(3)
    ]


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Prg(bytes(15))


@given(st.binary(max_size=160).filter(lambda data: len(data) % 16 == 0))
@settings(deadline=None)
def test_labels_survive_encoding(data: bytes) -> None:
    decoded = labels.decode(data)
    assert decoded.shape == (len(data) // 16, 2)
    assert labels.encode(decoded) == data


def test_bit_order() -> None:
    label = np.array([[1 | 1 << 63, 2]], dtype=np.uint64)
    assert np.flatnonzero(labels.bits(label)).tolist() == [0, 63, 65]
    assert labels.encode(label)[0] & 1 == 1


def test_delta_is_fresh_and_has_its_permute_bit() -> None:
    deltas = [labels.fresh_delta() for _ in range(64)]
    assert all(int(delta[0, 0]) & 1 for delta in deltas)
    assert len({labels.encode(delta) for delta in deltas}) == 64


def test_cut_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        labels.decode(bytes(17))
