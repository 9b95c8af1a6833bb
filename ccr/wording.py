"""What is said of the command's options, as it is written in Python."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from runtime.contract.refused import Refused
from runtime.data.errors import InputError
from runtime.party.errors import PartyFailed

# What a person is to type in a shell stands in backquotes behind the command's name, and stays as it is.
_COMMAND = re.compile(r"(`ccr [^`]*`)")
_COLUMNS = re.compile(r"--columns (?:'([^']+)'|([^\s:;]*[^\s,:;]))")
_INPUT = re.compile(r"--input ([\w.]+)=[\w.]+")
_DEFINE = re.compile(r"-D (\w+)=")
_CHOICE = re.compile(r"--(products|evaluator) (\w+)")
_OPTION = re.compile(r"--(columns|contract|ledger|peer|products|evaluator|seed|timeout|wait)\b(?: [A-Z]+\b)?")


@contextmanager
def in_python() -> Generator[None]:
    """What is raised says it so."""
    try:
        yield
    except InputError as error:
        what, help, file = map(own_words, (error.what, error.help, error.file))
        said = type(error)(what, help=help, file=file, row=error.row, column=error.column, counted=error.counted)
        raise said from None
    except Refused as error:
        raise Refused(error.reason, own_words(error.what), help=own_words(error.help), sums=error.sums) from None
    except PartyFailed as error:
        raise PartyFailed(own_words(str(error))) from None


def own_words(said: str) -> str:
    """Options as arguments: `--input w0=FILE` is `w0=...`, `-D STEPS=60` is `STEPS=60`, `--wait` is `wait`."""
    return "".join(part if _COMMAND.fullmatch(part) else _own_words(part) for part in _COMMAND.split(said))


def _own_words(text: str) -> str:
    text = _DEFINE.sub(r"\1=", _INPUT.sub(_of_input, _COLUMNS.sub(_of_columns, text)))
    return _OPTION.sub(r"`\1`", _CHOICE.sub(r'\1="\2"', text).replace("--continue", "goes_on=True"))


def _of_columns(option: re.Match[str]) -> str:
    name, _, columns = (option[1] or option[2]).partition("=")
    return f'columns={{"{name}": {columns.split(",")}}}' if columns.strip(".") else f'columns={{"{name}": ...}}'


def _of_input(option: re.Match[str]) -> str:
    return f'{{"{option[1]}": ...}}' if "." in option[1] else f"{option[1]}=..."
