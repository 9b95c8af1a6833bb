"""Every command with its help, from the parser itself: as a page of the site, and as the man page `docs/ccr.1`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.main import get_command

from runtime.cli.app import app
from runtime.cli.status import FAILED, INTERRUPTED, REFUSED, TERMINATED, WRONG

STATUS = {
    0: "done",
    FAILED: "the work failed: the peer, the network, a file that cannot be written",
    WRONG: "the command line, the program or an input is wrong",
    REFUSED: "refused by the contract, the policy or the ledger",
    INTERRUPTED: "interrupted",
    TERMINATED: "ended by SIGTERM",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of them."""

    name: str  # with `ccr` and the group
    usage: str
    text: str  # of its help
    rows: tuple[tuple[str, str], ...]  # arguments and options, each with what it is
    group: bool


def entries() -> list[Entry]:
    """All of them, in the order of the table, each group before its commands."""
    return list(_entries(get_command(app), "ccr", None))


def _entries(parser: Any, name: str, above: typer.Context | None) -> Iterator[Entry]:
    context = typer.Context(parser, info_name=name.split()[-1], parent=above, **parser.context_settings)
    commands = list(getattr(parser, "commands", ()))
    rows = tuple((_spelled(one, context), _help(one)) for one in parser.get_params(context))
    usage = " ".join(parser.get_usage(context).split()).removeprefix("Usage: ")
    yield Entry(name, usage, re.sub(r"[ \t]+", " ", parser.help or "").strip(), rows, bool(commands))
    for one in commands:
        yield from _entries(parser.get_command(context, one), f"{name} {one}", context)


def _spelled(given: Any, context: typer.Context) -> str:
    if given.param_type_name == "argument":
        return str(given.metavar)
    # Click keeps an option of --help as it was first asked for, its names in the order of a set.
    given_names = context.help_option_names if given.name == "help" else given.opts
    names = sorted(given_names, key=lambda one: not one.startswith("--"))
    return ", ".join(names) + (f" {given.metavar}" if given.metavar and not given.is_flag else "")


def _help(given: Any) -> str:
    return " ".join((given.help or "").split())


def page(found: Sequence[Entry]) -> str:
    """Markdown."""
    lines = ["# Commands", "", "As `--help` says it; exit statuses are the same for all:", ""]
    lines += ["| status | |", "|---|---|", *(f"| {code} | {what} |" for code, what in STATUS.items()), ""]
    for entry in found:
        lines += [f"{'##' if entry.name.count(' ') < 2 else '###'} {entry.name}", "", entry.text, ""]
        lines += ["```text", entry.usage, "```", ""]
        if not entry.group:
            rows = (f"| `{_cell(name)}` | {_cell(help)} |" for name, help in entry.rows)
            lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def man(found: Sequence[Entry]) -> str:
    """In the macros of man(7)."""
    lines = [
        '.TH CCR 1 "" ccr "User Commands"',
        ".SH NAME",
        _line("ccr - programs for two parties, trained on records that nobody may see"),
        ".SH SYNOPSIS",
        ".B ccr",
        ".I COMMAND",
        "[OPTIONS] ...",
        ".SH DESCRIPTION",
        _line(found[0].text),
        ".SH COMMANDS",
    ]
    for entry in found[1:]:
        lines += [f'.SS "{_line(entry.name)}"', *_paragraphs(entry.text)]
        if not entry.group:
            lines += [".PP", _line(entry.usage)]
            lines += [line for name, help in entry.rows for line in (".TP", rf"\fB{_line(name)}\fR", _line(help))]
    lines += [".SH EXIT STATUS"]
    lines += [line for code, what in STATUS.items() for line in (".TP", rf"\fB{code}\fR", _line(what))]
    lines += [".SH ENVIRONMENT"]
    lines += [".TP", r"\fBNO_COLOR\fR", "No colours on a terminal."]
    lines += [".TP", r"\fBCCR_BACKEND\fR", _line("What does the gates; `ccr doctor` names what there is.")]
    lines += [
        ".TP",
        r"\fBXDG_DATA_HOME\fR",
        _line("Where the ledger is kept, in ccr/ledger.db; ~/.local/share if not set."),
    ]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield ".PP"
        yield _line(" ".join(paragraph.split()))


def _line(text: str) -> str:
    """As plain text of one line, whose dashes stay what one can type."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain
