"""Outputs: what is released under which name, and to whom."""

from __future__ import annotations

from lang import typed
from lang.checker.context import Context
from lang.checker.declared import Declared, owner
from lang.checker.failing import Failed
from lang.problems.flow import OutputToNobody, OutputTwice, ReceiverTwice
from lang.source import Span
from lang.syntax import tree


def reserve_names(context: Context, declared: Declared, file: tree.File) -> None:
    """Names that outputs are given, by `NAME =` or by their variable, so that automatic ones avoid them."""
    for item in file.items:
        if isinstance(item, tree.Output):
            for release in item.releases:
                name = _given_name(release)
                if name is not None:
                    if name.name in declared.outputs:
                        context.report(
                            OutputTwice(
                                span=name.span,
                                name=name.name,
                                related=((declared.outputs[name.name], "the first one"),),
                            )
                        )
                    declared.outputs.setdefault(name.name, name.span)


def output(context: Context, declared: Declared, item: tree.Output) -> list[typed.Statement]:
    """The releases of an output; records what is wrong."""
    receivers: list[str] = []
    if not item.receivers:
        example = _given_name(item.releases[0])
        context.report(
            OutputToNobody(
                span=item.span,
                output=example.name if example else "...",
                party=declared.parties[0].name if declared.parties else "PARTY",
            )
        )
    for name in item.receivers:
        with context.attempt():
            party = owner(context, declared, name)
            if party in receivers:
                raise Failed(ReceiverTwice(span=name.span, party=party))
            receivers.append(party)
    done: list[typed.Statement] = []
    for release in item.releases:
        with context.attempt():
            done.append(_release(context, declared, release, tuple(receivers)))
    return done


def _release(context: Context, declared: Declared, release: tree.Release, receivers: tuple[str, ...]) -> typed.Release:
    inner = release.value.value if isinstance(release.value, tree.Reveal) else release.value
    value = context.expr(inner)
    given = _given_name(release)
    name = given.name if given else _automatic(declared, release.span)
    return typed.Release(name, value, receivers, isinstance(release.value, tree.Reveal), inner.span)


def _automatic(declared: Declared, span: Span) -> str:
    """out, out2, ...: the first that is not taken."""
    name = next(name for name in declared.unnamed if name not in declared.outputs)
    declared.outputs[name] = span
    return name


def _given_name(release: tree.Release) -> tree.Name | None:
    if release.name is not None:
        return release.name
    value = release.value.value if isinstance(release.value, tree.Reveal) else release.value
    return value if isinstance(value, tree.Name) else None
