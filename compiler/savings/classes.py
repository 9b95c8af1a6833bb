"""Losses over classes: softmax takes an exponential and a quotient a class, ten yes-or-no questions a sigmoid each."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.savings.edits import Edit, text_of
from lang import typed as t
from lang.traverse import walk


def one_vs_all(program: t.Program) -> Iterator[Edit]:
    """`cross_entropy(scores, class)` as one logistic loss for each class."""
    for node in walk(program.statements):
        if isinstance(node, t.Train) and isinstance(loss := node.loss, t.Operate) and loss.call is t.Call.CROSS_ENTROPY:
            scores, label = loss.args
            assert isinstance(scores.type, t.Number)
            label_text = text_of(label.span)
            hot = ", ".join(f"{label_text} == {i}" for i in range(scores.type.shape[-1]))
            yield Edit(loss.span, f"sum(logistic({text_of(scores.span)}, [{hot}]))")
