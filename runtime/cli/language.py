"""`ccr fmt` and `ccr explain`: the text of a program, and what the messages about it mean."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from lang.problems.explain import page, problems
from lang.problems.problem import Problem, Rejected
from lang.syntax.fmt import format_text
from lang.syntax.load import decode, read, whole
from runtime.cli.faults import faults, saving
from runtime.cli.options import Json, UsageError
from runtime.cli.program_files import STDIN
from runtime.cli.screen import result, write
from runtime.cli.status import FAILED
from runtime.files import replace_bytes


def fmt(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", show_default=False, help="Programs to format in place; - formats standard input."
        ),
    ],
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; say which files would change, and exit with 1 if any would."),
    ] = False,
    json: Json = False,
) -> None:
    """Format programs.  Comments stay, and formatting again changes nothing."""
    with faults(json):
        if files == [STDIN]:
            _stream(check, json)
            return
        changed = _changed(files)
        if not check:
            for file, text in changed.items():
                with saving(Path(file)):  # never left cut off
                    replace_bytes(Path(file), text.encode())
        done = "would change" if check else "formatted"
        result(
            {"changed": list(changed)},
            "\n".join(f"{file}: {done if file in changed else 'no change'}" for file in files),
            json,
        )
        if check and changed:
            raise typer.Exit(FAILED)


def _stream(check: bool, json: bool) -> None:
    """From standard input to standard output."""
    given = whole("<stdin>", sys.stdin.buffer)
    text = format_text(decode("<stdin>", given))
    changed = text.encode() != given
    if json:
        result({"changed": [STDIN] if changed else [], "text": text}, "", True)
    elif not check:
        write(text, end="")
    if check and changed:
        raise typer.Exit(FAILED)


def _changed(files: list[str]) -> dict[str, str]:
    """The formatted text of those files that are not formatted yet; raises Rejected with the problems of all."""
    changed: dict[str, str] = {}
    wrong: list[Problem] = []
    for file in files:
        try:
            text = format_text(read(file))
        except Rejected as rejected:
            wrong += rejected.problems
        else:
            if text.encode() != Path(file).read_bytes():
                changed[file] = text
    if wrong:
        raise Rejected(wrong)
    return changed


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            show_default=False,
            help="What stands in brackets in a message; all codes are listed if not given.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Tell what a problem code means.  A program shows it, and another one is mended."""
    with faults(json):
        known = problems()
        if code is None:
            pages = [page(each) for each in known]
            width = max(map(len, known))
            result(
                {"codes": [{"code": p.code, "severity": p.severity, "summary": p.summary} for p in pages]},
                "\n".join(f"{p.code:<{width}}  {p.summary}" for p in pages),
                json,
            )
            return
        if code not in known:
            near = get_close_matches(code.lower().replace("_", "-"), known, 3, 0.5)
            hint = f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else "`ccr explain` lists them all"
            raise UsageError(f"there is no problem code `{code}`", hint)
        found = page(code)
        result(
            {
                "code": code,
                "severity": found.severity,
                "summary": found.summary,
                "text": found.text,
                "wrong": found.programs.get("wrong", ""),
                "right": found.programs.get("right", ""),
            },
            found.text.rstrip("\n"),
            json,
        )
