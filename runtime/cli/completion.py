"""`ccr completion`: what a shell completes, made from the parser: commands, options, their choices, else files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, assert_never

import typer
from typer.main import get_command

from runtime.cli.faults import faults
from runtime.cli.screen import write


class Shell(Enum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True, slots=True)
class Option:
    names: tuple[str, ...]
    help: str
    takes: bool  # a value behind it
    choices: tuple[str, ...]  # of that value, where it is one of a few


@dataclass(frozen=True, slots=True)
class Node:
    """A command or a group of them: what may stand behind the words that lead there."""

    words: tuple[str, ...]  # without `ccr`
    commands: tuple[tuple[str, str], ...]  # names, with what each does
    options: tuple[Option, ...]
    values: tuple[str, ...]  # of an argument that is one of a few

    @property
    def path(self) -> str:
        return " ".join(self.words)


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", show_default=False, help="For which shell.")],
) -> None:
    """Print what makes a shell complete commands, options and files.

    bash: source <(ccr completion bash)    in ~/.bashrc

    zsh: source <(ccr completion zsh)    in ~/.zshrc, after compinit

    fish: ccr completion fish > ~/.config/fish/completions/ccr.fish
    """
    from runtime.cli.app import app  # here, because it is made of all commands, of which this is one

    with faults(False):
        found = list(nodes(get_command(app)))
        match shell:
            case Shell.BASH:
                write(bash(found))
            case Shell.ZSH:
                write(zsh(found))
            case Shell.FISH:
                write(fish(found))
            case _:
                assert_never(shell)


def nodes(parser: Any, words: tuple[str, ...] = ()) -> Iterator[Node]:
    """The parser's own node, then those of its commands.  Loads all of them."""
    context = typer.Context(parser)
    commands: dict[str, Any] = {name: parser.get_command(context, name) for name in getattr(parser, "commands", ())}
    given = parser.get_params(context)
    options = tuple(_option(p) for p in given if p.param_type_name == "option")
    values = tuple(choice for p in given if p.param_type_name == "argument" for choice in _choices(p.metavar))
    yield Node(words, tuple((name, _first(found.help)) for name, found in commands.items()), options, values)
    for name, found in commands.items():
        yield from nodes(found, (*words, name))


def _option(found: Any) -> Option:
    return Option(tuple(found.opts), _first(found.help), not found.is_flag, _choices(found.metavar))


def _choices(metavar: str | None) -> tuple[str, ...]:
    """`gates|shares` are words to type, `N|FILE` are not."""
    return tuple(metavar.split("|")) if metavar and "|" in metavar and metavar.islower() else ()


def _first(help: str | None) -> str:
    """The first sentence, without what a shell would read otherwise."""
    sentence = " ".join((help or "").split()).split(". ")[0].rstrip(".")
    return sentence.translate(str.maketrans("'", "\N{RIGHT SINGLE QUOTATION MARK}", "`\\$"))


def bash(found: Sequence[Node]) -> str:
    """Options behind a dash; else the names of commands, or files."""
    paths = "|".join(f'"{node.path}"' for node in found if node.words)
    choices = [
        f"        {'|'.join(f'{chr(34)}{node.path} {name}{chr(34)}' for name in option.names)}) "
        f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$cur")); return ;;'
        for node in found
        for option in node.options
        if option.choices
    ]
    return "\n".join(
        (
            "_ccr() {",
            '    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
            '    local node="" options="" words="" word',
            '    for word in "${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do',
            '        case "${node:+$node }$word" in',
            f'            {paths}) node="${{node:+$node }}$word" ;;',
            "        esac",
            "    done",
            '    case "$node $prev" in',
            *choices,
            "    esac",
            '    case "$node" in',
            *(
                f'        "{node.path}") options="{" ".join(name for o in node.options for name in o.names)}"; '
                f'words="{" ".join((*(name for name, _ in node.commands), *node.values))}" ;;'
                for node in found
            ),
            "    esac",
            '    if [[ "$cur" == -* ]]; then',
            '        COMPREPLY=($(compgen -W "$options" -- "$cur"))',
            '    elif [[ -n "$words" ]]; then',
            '        COMPREPLY=($(compgen -W "$words" -- "$cur"))',
            "    else",
            "        local IFS=$'\\n'",  # a name may have spaces
            '        COMPREPLY=($(compgen -f -- "$cur"))',
            "    fi",
            "}",
            "complete -o filenames -F _ccr ccr",
        )
    )


def zsh(found: Sequence[Node]) -> str:
    """As for bash, whose completions zsh takes."""
    return f"autoload -U +X bashcompinit && bashcompinit\n{bash(found)}"


def fish(found: Sequence[Node]) -> str:
    paths = " ".join(f"'{node.path}'" for node in found if node.words)
    return "\n".join(
        (
            "function __ccr_at",
            "    set -l node",
            "    for word in (commandline -opc)[2..-1]",
            f"        contains -- (string join -- ' ' $node $word) {paths}; and set -a node $word",
            "    end",
            "    set -l at (string join -- ' ' $node)",
            '    test "$at" = "$argv[1]"',
            "end",
            *(line for node in found for line in _fish(node)),
        )
    )


def _fish(node: Node) -> Iterator[str]:
    at = f"complete -c ccr -n '__ccr_at \"{node.path}\"'"
    for name, help in node.commands:
        yield f"{at} -f -a {name} -d '{help}'"
    for value in node.values:
        yield f"{at} -f -a {value}"
    for option in node.options:
        names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
        takes = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r" if option.takes else ""
        yield f"{at} {names}{takes} -d '{option.help}'"
