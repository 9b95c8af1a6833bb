"""Values of the language as words: a tensor is one word, a tuple is a nesting of them."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.words.ir import Type
from lang.kinds import Kind, Tensor, TupleKind

Word = int | tuple["Word", ...]  # a tuple for a value of tuple kind


def type_of(kind: Kind | None) -> Type:
    """Of a variable of a tensor kind: the kind's whole range."""
    assert isinstance(kind, Tensor)
    return Type(kind.shape, kind.scalar.scale, kind.scalar.lo, kind.scalar.hi)


def flatten(word: Word) -> list[int]:
    return [word] if isinstance(word, int) else [leaf for part in word for leaf in flatten(part)]


def leaf_names(name: str, word: Word) -> list[str]:
    """One for each of `flatten`: fields of a tuple are called by their places."""
    if isinstance(word, int):
        return [name]
    return [leaf for i, part in enumerate(word) for leaf in leaf_names(f"{name}.{i}", part)]


def rebuild(like: Word, leaves: Iterator[int]) -> Word:
    """The same nesting with other leaves."""
    return next(leaves) if isinstance(like, int) else tuple(rebuild(part, leaves) for part in like)


def kind_types(kind: Kind | None) -> list[Type]:
    if isinstance(kind, TupleKind):
        return [ty for f in kind.fields for ty in kind_types(f)]
    return [type_of(kind)]
