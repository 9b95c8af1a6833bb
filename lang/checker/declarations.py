"""Parties, params, types, inputs, data sets, functions, imports and outputs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from lang import typed
from lang.checker.context import declared
from lang.checker.expressions import literal
from lang.checker.failing import Failed
from lang.checker.infer import describe
from lang.checker.symbols import DatasetName, FunctionName, KindName, ParamName, PartyName
from lang.checker.training import Training
from lang.kinds import TupleKind
from lang.problems.flow import DatasetOwners, NotYet, OutputToNobody, OutputTwice, ReceiverTwice, WhereForm
from lang.problems.names import (
    BoundTwice,
    ImportCircular,
    ImportHolds,
    ImportMissing,
    ParamValue,
    TooManyParties,
    UnknownParty,
)
from lang.problems.problem import Rejected
from lang.problems.shapes import WrongKind
from lang.problems.syntax import FileMissing
from lang.source import Source, Span
from lang.syntax import tree
from lang.syntax.parse import parse
from lang.typed import Const, Number, type_of

Loader = Callable[[str], Source]
_PLACEHOLDERS = (2, 3, 5, 7, 11, 13, 17, 19)
_HELD = {
    tree.Party: "a `party`",
    tree.Input: "an `input`",
    tree.Dataset: "a `dataset`",
    tree.Output: "an `output`",
    tree.Extern: "an `extern fn`",
    tree.Let: "a `let`",
    tree.Var: "a `var`",
    tree.Assign: "an assignment",
    tree.For: "a `for`",
    tree.If: "an `if`",
    tree.Dpsgd: "a `dpsgd`",
    tree.Loss: "a `loss`",
    tree.Grad: "a `grad`",
}


class Declarations(Training):
    """Checks a whole file, item by item in text order."""

    def __init__(self, overrides: Mapping[str, str | Fraction], loader: Loader) -> None:
        super().__init__()
        self.overrides = overrides
        self.loader = loader
        self.parties: list[tree.Name] = []
        self.inputs: list[typed.Input] = []
        self.datasets: list[typed.Dataset] = []
        self.param_names: list[str] = []  # also those whose value is wrong
        self.params: dict[str, Fraction] = {}
        self.functions: list[tree.Fn] = []
        self.output_names: dict[str, Span] = {}
        self.imported: dict[str, Span] = {}

    def file(self, file: tree.File) -> list[typed.Statement]:
        """All of the main program."""
        self.scopes.stack[0].later = {name.name: name.span for item in file.items for name in declared(item)}
        self._functions(file)
        self._given_names(file)
        done: list[typed.Statement] = []
        for item in file.items:
            done += self._item(item)
        self._uncalled()
        return done

    def _item(self, item: tree.Item) -> list[typed.Statement]:
        match item:
            case tree.Fn():
                return []
            case tree.Output():
                with self.attempt():
                    return self._output(item)
                return []
            case (
                tree.Import()
                | tree.Party()
                | tree.Param()
                | tree.TypeAlias()
                | tree.Input()
                | tree.Dataset()
                | tree.Extern()
            ):
                with self.attempt():
                    self._declaration(item)
                    return []
                self.poison(declared(item))
                return []
            case _:
                return self.one_statement(item)

    def _declaration(
        self, item: tree.Import | tree.Party | tree.Param | tree.TypeAlias | tree.Input | tree.Dataset | tree.Extern
    ) -> None:
        match item:
            case tree.Import():
                self._import(item, (item.span.source.name,))
            case tree.Party():
                self._party(item)
            case tree.Param():
                self._param(item)
            case tree.TypeAlias():
                self.bind(item.name, KindName(item.name.span, self.kind(item.kind)))
            case tree.Input():
                self._input(item)
            case tree.Dataset():
                self._dataset_declared(item)
            case tree.Extern():
                raise Failed(NotYet(span=item.span, what="`extern fn`", instead="write the function in this language"))

    # -- parties, params, inputs

    def _party(self, item: tree.Party) -> None:
        self.bind(item.name, PartyName(item.name.span))
        self.parties.append(item.name)
        if len(self.parties) == 3:
            raise Failed(
                TooManyParties(
                    span=item.name.span,
                    name=item.name.name,
                    related=tuple((name.span, "a party") for name in self.parties[:2]),
                )
            )

    def _param(self, item: tree.Param) -> None:
        self.param_names.append(item.name.name)
        value = self.constant(self.expr(item.value), "a param")
        if value.type.shape:
            raise Failed(
                WrongKind(span=item.value.span, what="a param", wanted="one number", given=describe(value.type))
            )
        if item.name.name in self.overrides:
            value = self._overridden(item, value, self.overrides[item.name.name])
        self.bind(item.name, ParamName(item.name.span, value))
        self.params[item.name.name] = value.values[0]

    def _overridden(self, item: tree.Param, value: Const, given: str | Fraction) -> Const:
        """The param with the value from the command line; a whole number stays one."""
        name = item.name.name
        example = "60" if value.type.integer else "1.5"
        new = parse_number(given)
        if new is None:
            raise Failed(
                ParamValue(span=item.name.span, name=name, value=str(given), reason="not a number", example=example)
            )
        if value.type.integer and new.denominator != 1:
            raise Failed(
                ParamValue(
                    span=item.name.span, name=name, value=str(given), reason="must be a whole number", example=example
                )
            )
        return replace(value, values=(new,), type=replace(value.type, kind=None))

    def _owner(self, name: tree.Name) -> str:
        symbol = self.scopes.find(name.name)
        if isinstance(symbol, PartyName):
            return name.name
        known = [party.name for party in self.parties]
        listed = " or ".join(f"`{party}`" for party in known)
        hint = self.near(name.name, known) or (f"the parties are {listed}" if known else f"write `party {name.name};`")
        raise Failed(UnknownParty(span=name.span, name=name.name, hint=hint))

    def _input(self, item: tree.Input) -> None:
        owner = None
        with self.attempt():
            owner = self._owner(item.party)
        kind = self.kind(item.kind)
        if isinstance(kind, TupleKind):
            raise Failed(
                WrongKind(
                    span=item.kind.span,
                    what="an input",
                    wanted="numbers",
                    given="a tuple",
                    hint="write one `input` for each field",
                )
            )
        if owner is None:
            raise Failed
        variable = self.fresh(item.name, kind)
        self.bind_value(item.name, variable, type_of(kind), "an input")
        self.inputs.append(typed.Input(variable, owner, item.span))

    def _dataset_declared(self, item: tree.Dataset) -> None:
        owner = None
        with self.attempt():
            owner = self._owner(item.party)
        fields: dict[str, typed.Field] = {}
        for field in item.fields:
            with self.attempt():
                if field.name.name in fields:
                    raise Failed(
                        BoundTwice(
                            span=field.name.span,
                            name=field.name.name,
                            related=((fields[field.name.name].span, "first bound here"),),
                        )
                    )
                fields[field.name.name] = self._field(field)
        if owner is None or len(fields) < len(item.fields):
            raise Failed
        if self.datasets and self.datasets[0].party != owner:
            raise Failed(
                DatasetOwners(
                    span=item.party.span,
                    first=self.datasets[0].party,
                    second=owner,
                    related=((self.datasets[0].span, "the first owner"),),
                )
            )
        dataset = typed.Dataset(item.name.name, owner, tuple(fields.values()), item.name.span)
        self.bind(item.name, DatasetName(item.name.span, dataset))
        self.datasets.append(dataset)

    def _field(self, field: tree.Field) -> typed.Field:
        kind = self.kind(field.kind)
        if isinstance(kind, TupleKind):
            raise Failed(WrongKind(span=field.kind.span, what="a field", wanted="numbers", given="a tuple"))
        norm = self._norm(field) if field.where is not None else None
        return typed.Field(field.name.name, kind, norm, field.name.span)

    def _norm(self, field: tree.Field) -> Fraction:
        """The bound of `where norm2(field) <= c`."""
        name = field.name.name
        match field.where:
            case tree.Binary(op="<=", left=tree.Invoke(name=function, args=(tree.Name(name=arg),)), right=bound) if (
                function.name == "norm2" and arg == name
            ):
                value = self.constant(self.expr(bound), "a bound")
                if not value.type.shape and value.values[0] > 0:
                    return value.values[0]
                raise Failed(WhereForm(span=bound.span, field=name))
            case where:
                assert where is not None
                raise Failed(WhereForm(span=where.span, field=name))

    # -- functions and imports

    def _functions(self, file: tree.File) -> None:
        """Functions may be called before their text."""
        for item in file.items:
            if isinstance(item, tree.Fn):
                self.bind(item.name, FunctionName(item.name.span, item))
                self.functions.append(item)

    def _uncalled(self) -> None:
        """Functions that nothing calls are checked with sizes made up for the purpose."""
        for function in self.functions:
            if function.name.name in self.inlined_names:
                continue
            with self.attempt():
                if function.sizes:
                    with self.untaken():
                        self._try(function)
                else:
                    self._try(function)

    def _try(self, function: tree.Fn) -> None:
        with self.attempt():
            with self.scopes.function():
                for size, value in zip(function.sizes, _PLACEHOLDERS * (1 + len(function.sizes) // 8), strict=False):
                    self.bind(size, ParamName(size.span, Const(Number((), True), (Fraction(value),), size.span)))
                kinds = [self.kind(parameter.kind) for parameter in function.parameters]
            args = tuple(
                typed.Read(type_of(kind), self.fresh(parameter.name, kind), parameter.name.span)
                for kind, parameter in zip(kinds, function.parameters, strict=True)
            )
            self.in_loss = True  # it may be meant for a loss
            self.inline(function, args, function.name.span, None)
        self.in_loss = False

    def _import(self, item: tree.Import, way: tuple[str, ...]) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(item.span.source.name), item.path))
        if path in way or path in map(posixpath.normpath, way):
            raise Failed(ImportCircular(span=item.span, path=item.path, way=" → ".join((*way, path))))
        if path in self.imported:
            return
        self.imported[path] = item.span
        try:
            file = parse(self.loader(path))
        except Rejected as rejected:
            if isinstance(first := rejected.problems[0], FileMissing):
                raise Failed(ImportMissing(span=item.span, path=item.path, reason=first.reason)) from None
            raise Failed(*rejected.problems) from None
        self._functions(file)
        for inner in file.items:
            match inner:
                case tree.Import():
                    with self.attempt():
                        self._import(inner, (*way, path))
                case tree.Fn() | tree.Param() | tree.TypeAlias():
                    self._item(inner)
                case _:
                    self.report(
                        ImportHolds(span=inner.span, what=_HELD[type(inner)], related=((item.span, "imported here"),))
                    )

    # -- outputs

    def _given_names(self, file: tree.File) -> None:
        """Names that outputs are given, by `NAME =` or by their variable, so that automatic ones avoid them."""
        for item in file.items:
            if isinstance(item, tree.Output):
                for release in item.releases:
                    name = _given_name(release)
                    if name is not None:
                        if name.name in self.output_names:
                            self.report(
                                OutputTwice(
                                    span=name.span,
                                    name=name.name,
                                    related=((self.output_names[name.name], "the first one"),),
                                )
                            )
                        self.output_names.setdefault(name.name, name.span)

    def _output(self, item: tree.Output) -> list[typed.Statement]:
        receivers: list[str] = []
        if not item.receivers:
            example = _given_name(item.releases[0])
            self.report(
                OutputToNobody(
                    span=item.span,
                    output=example.name if example else "...",
                    party=self.parties[0].name if self.parties else "PARTY",
                )
            )
        for name in item.receivers:
            with self.attempt():
                party = self._owner(name)
                if party in receivers:
                    raise Failed(ReceiverTwice(span=name.span, party=party))
                receivers.append(party)
        done: list[typed.Statement] = []
        for release in item.releases:
            with self.attempt():
                done.append(self._release(release, tuple(receivers)))
        return done

    def _release(self, release: tree.Release, receivers: tuple[str, ...]) -> typed.Release:
        inner = release.value.value if isinstance(release.value, tree.Reveal) else release.value
        value = self.expr(inner)
        given = _given_name(release)
        name = given.name if given else self._automatic(release.span)
        return typed.Release(name, value, receivers, isinstance(release.value, tree.Reveal), inner.span)

    def _automatic(self, span: Span) -> str:
        """out, out2, ..."""
        number_of = 1
        while (name := f"out{number_of if number_of > 1 else ''}") in self.output_names:
            number_of += 1
        self.output_names[name] = span
        return name


def _given_name(release: tree.Release) -> tree.Name | None:
    if release.name is not None:
        return release.name
    value = release.value.value if isinstance(release.value, tree.Reveal) else release.value
    return value if isinstance(value, tree.Name) else None


def parse_number(given: str | Fraction) -> Fraction | None:
    """A number from the command line: 60, -2, 0x10, 1.5, 1e-3 or 3/4."""
    if isinstance(given, Fraction):
        return given
    text = given.strip()
    sign = -1 if text.startswith("-") else 1
    over, slash, under = text.removeprefix("-").partition("/")
    try:
        parts = [
            literal(tree.Literal(part.strip(), Span(Source("-D", given), 1, 1, 1, 1))).values[0]
            for part in ((over, under) if slash else (over,))
        ]
    except (Failed, ValueError):
        return None
    if slash:
        return sign * parts[0] / parts[1] if parts[1] else None
    return sign * parts[0]
