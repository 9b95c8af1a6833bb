"""The command `ccr`: the table of commands as a parser, of which each part is made when it is asked for."""

from __future__ import annotations

import sys
from collections import UserDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Annotated, Any, assert_never

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from runtime.cli import signals
from runtime.cli.commands import COMMANDS, Command, Group
from runtime.cli.screen import NotShown, result, say
from runtime.cli.status import WRONG

_UsageError: Any = typer.BadParameter.__bases__[0]  # click's, which typer brings along under a name of its own
_ALONE = {"--as", "--help", "-h"}  # where no other process is started
_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class _Rows(UserDict[str, Any]):
    """Rows of the table by name, each of which is taken out as a parser."""

    def __getitem__(self, name: str) -> Any:
        return _parser(self.data[name])


class _Reader:
    """Reads a parameter's value: typer does it by pydantic, which takes longer to load than most commands to run, and
    nothing is read into what is not there, a text that is asked for as a text, and a default."""

    def __init__(self, whole: Callable[[], Any]) -> None:
        self._whole = whole  # typer's own, which it makes at need

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        kind = param.type_descriptor.annotation
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if type(value) is kind:
            return value
        if kind == list[str] and isinstance(value, list | tuple) and {str}.issuperset(map(type, value)):
            return list(value)
        return self._whole().coerce(value, param=param, ctx=ctx)


def _read_here(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if hasattr(parameter, "get_runtime_param") and "get_runtime_param" not in vars(parameter):
            parameter.get_runtime_param = partial(_Reader, parameter.get_runtime_param)
    return parameters


class _One(TyperCommand):
    """A parser of one command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _read_here(super().get_params(ctx))


class _Listed(TyperGroup):
    """A parser of commands that lists them without loading them."""

    rows: Sequence[Command | Group]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Rows({row.name: row for row in self.rows})

    def main(self, args: Sequence[str] | None = None, *more: Any, **given: Any) -> Any:
        """Ends the process; a wrong command line is told to programs too, as every other fault is."""
        words = sys.argv[1:] if args is None else args
        try:
            status = super().main(args, *more, **given | {"standalone_mode": False})
        except _UsageError as error:
            from runtime.cli import misread  # here, because most commands are typed right

            error.message = misread.told(error)
            error.show()
            if "--json" in words:
                help = f"`{error.ctx.command_path} --help` says what it takes" if error.ctx else ""
                with suppress(NotShown):  # it has been said on standard error
                    told = {"code": "usage", "message": error.format_message(), "help": help}
                    result({"error": told}, "", True)
            status = WRONG
        sys.exit(status)

    def invoke(self, ctx: Any) -> Any:
        """A command is loaded and called in here."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as signal:
            said, status = signals.told(signal)
            say(said)
            raise typer.Exit(status) from None

    def get_params(self, ctx: Any) -> list[Any]:
        return _read_here(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        return [row.name for row in self.rows]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(row.name, row.help) for row in self.rows])


def _listed(commands: Sequence[Command | Group]) -> type[_Listed]:
    return type("Listed", (_Listed,), {"rows": commands})


@cache
def _parser(row: Command | Group) -> Any:
    match row:
        case Command(name):
            one = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_SETTINGS)
            one.command(name, cls=_One)(_loaded(row))
            return get_command(one)
        case Group(_, help, commands):
            return get_group(typer.Typer(cls=_listed(commands), help=help, no_args_is_help=True, rich_markup_mode=None))
        case _:
            assert_never(row)


def _loaded(row: Command) -> Callable[..., None]:
    if not row.parties or _ALONE & {word.partition("=")[0] for word in sys.argv}:
        return row.load()
    from runtime.party.nursery import prepared  # here, because it is for few commands

    with prepared():
        return row.load()


app = typer.Typer(
    name="ccr",
    cls=_listed(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        # Here, because both are for this option alone.
        from importlib.metadata import version

        from runtime.execute.engines import NoSuchBackend, chosen

        try:
            backend = chosen().backend
        except NoSuchBackend as error:
            backend = f"none: {error}"
        print(f"ccr {version('ccr-lang')}, backend {backend}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Train on records that nobody may see: programs for two parties, run as garbled circuits."""
