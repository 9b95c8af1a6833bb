"""Words evaluated with some values read otherwise, as by a party that enters what it likes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from compiler.words import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Value

Meant = Callable[[list[Array]], Array]  # operands -> the item's value as it should be
Read = Callable[[Value, list[Array], Meant], Array]  # of an item and its operands


@contextmanager
def reading(read: Read) -> Generator[None]:
    """While it lasts each value is what `read` says."""
    honest = evaluate.value

    def value(item: Value, args: list[Array], *rest: Any) -> Array:
        return read(item, args, lambda operands: honest(item, operands, *rest))

    with patch.object(evaluate, "value", value):
        yield
