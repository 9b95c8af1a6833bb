"""All files of a program, under names that do not say where on a machine they lie."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from lang.source import Source
from lang.syntax import tree
from lang.syntax.parse import parse

Loader = Callable[[str], Source]


def imported(importer: str, path: str) -> str:
    """The name of the file that `importer` imports, or reads a circuit from, as `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))


def gathered(source: Source, loader: Loader) -> tuple[Source, ...]:
    """The program's own file and those it imports, in the order of their imports, as if it lay in the working folder;
    its circuits among them.

    A loader that knows no other files than these gives the same program.  Raises Rejected, as `parse` and `loader` do.
    """
    found: dict[str, Source] = {}
    _gather(source, posixpath.basename(source.name), loader, found)
    return tuple(found.values())


def _gather(source: Source, name: str, loader: Loader, found: dict[str, Source]) -> None:
    found[name] = Source(name, source.text)
    for item in parse(source).items:
        if isinstance(item, tree.Import | tree.Extern) and (own := imported(name, item.path)) not in found:
            inner = loader(imported(source.name, item.path))
            if isinstance(item, tree.Import):
                _gather(inner, own, loader, found)
            else:
                found[own] = Source(own, inner.text)
