"""The commands of `ccr`, as a table: what each is called, what it does, and where it is.

A command's module is loaded when the command is called or asked about: all of them together take longer to load than
most commands to run.  `ccr --help` reads this table alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    where: str  # module of this folder, and function
    help: str  # the first sentence of the function's docstring
    parties: bool = False  # it starts them, unless it is one of them

    def load(self) -> Callable[..., None]:
        module, function = self.where.split(":")
        found: Callable[..., None] = getattr(import_module(f"runtime.cli.{module}"), function)
        return found


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    help: str
    commands: tuple[Command, ...]


_DATA = (
    Command(
        "show",
        "tables:show",
        "Say which columns of a file fill which field, which nobody reads, and whether every record can be used.",
    ),
    Command("check", "deidentification:check", "Look for what names or singles out people in a file of records."),
    Command(
        "mask",
        "deidentification:mask",
        "Drop, hash and generalise columns of a file of records, row by row, as a policy says.",
    ),
)
_CIRCUIT = (
    Command("show", "circuits:show", "Tell a circuit's inputs, outputs and gates, and how a program calls it."),
    Command(
        "import",
        "circuits:import_",
        "Read a circuit and write it as ccr does: Bristol Fashion, without copies and gates of constants.",
    ),
    Command("export", "circuits:export", "Write a circuit in the other Bristol format, or in the same."),
    Command(
        "minimize", "circuits:minimize", "Write a smaller circuit of the same function, once it is proved to be one."
    ),
    Command(
        "run",
        "circuits:run",
        "Compute a circuit between two processes of this machine, by the real protocol.",
        parties=True,
    ),
)
_KEYS = (
    Command("new", "identities:new", "Make a key and a certificate."),
    Command("show", "identities:show", "Print a certificate's fingerprint, its key."),
)
_POLICY = (
    Command("show", "policies:show", "Say in words what a policy allows, and its digest."),
    Command("check", "policies:check", "Say which rules one run of a program would break."),
)
_CONTRACT = (
    Command("new", "contracts:new", "Write the contract of a program, unsigned."),
    Command("sign", "contracts:sign_", "Sign a contract, in its file."),
    Command("show", "contracts:show", "Say what a contract says, and whose signature holds."),
    Command("verify", "contracts:verify_", "Check that a contract binds now."),
    Command("revoke", "contracts:revoke_", "Revoke a contract for good: no run starts under it."),
)
_BUDGET = (
    Command("grant", "budgets:grant", "Set the whole budget of a data set."),
    Command("allot", "budgets:allot", "Set the share of a data set's budget that one consumer may use."),
    Command("show", "budgets:show", "Say what is granted, allotted, charged and left."),
    Command("lift", "budgets:lift", "Allow runs under a blocked contract again."),
    Command("end", "budgets:end", "End a run that was cut, for good, at a stop that its contract names."),
    Command("clock", "budgets:clock", "Compare the clock with the ledger's last event."),
    Command("history", "budgets:history", "List everything that happened to the budgets."),
    Command("checkpoint", "checkpoints:checkpoint", "Sign how far the ledger has come, to be published."),
    Command("compare", "checkpoints:compare", "Check that one checkpoint goes on where another ended."),
    Command("export", "trails:export", "Write every event as one signed log of JSON lines."),
    Command("audit", "trails:audit_", "Verify an exported log, without the ledger."),
    Command("report", "trails:report", "Give account of every budget, for an officer."),
)
COMMANDS: tuple[Command | Group, ...] = (
    Command("new", "new_program:new", "Write a program that learns from tables like your own."),
    Command("tune", "tuning:tune", "Try what a program is trained with."),
    Command(
        "import",
        "import_model:import_",
        "Turn a trained model into a program that scores records by it, and its weights.",
    ),
    Command("check", "checking:check", "Say what is wrong with programs, all of it, with places."),
    Command("fmt", "language:fmt", "Format programs."),
    Command("explain", "language:explain", "Tell what a problem code means."),
    Command("compile", "programs:compile", "Compile a program to an artifact for both parties."),
    Command("inspect", "programs:inspect", "Show what a program costs, who learns what, and its epsilon."),
    Command("privacy", "privacy:privacy", "Say what privacy a program costs."),
    Command("simulate", "simulation:simulate", "Compute all outputs in the clear."),
    Command("run", "runs:run", "Run a program between its parties.", parties=True),
    Group(
        "circuit",
        "Circuits of other people: the old Bristol format and Bristol Fashion, packed by gzip or not.",
        _CIRCUIT,
    ),
    Group("data", "See what is in a file of records, check and mask it.", _DATA),
    Group("keys", "Make and show the keys by which two parties know each other.", _KEYS),
    Group("policy", "Read the rules that an officer or a standards body has written.", _POLICY),
    Group("contract", "Write, sign and check what two parties agree on before they run.", _CONTRACT),
    Group("budget", "Grant privacy budgets to data sets, and see what is left.", _BUDGET),
    Command("doctor", "doctor:doctor", "Tell what does the gates on this machine, and test it."),
    Command(
        "lsp",
        "editor.server:lsp",
        "Serve an editor, by the Language Server Protocol on standard input and output.",
    ),
    Command("completion", "completion:completion", "Print what makes a shell complete commands, options and files."),
)


def every() -> Iterator[Command]:
    """All commands, those of groups too."""
    for row in COMMANDS:
        match row:
            case Command():
                yield row
            case Group():
                yield from row.commands
            case _:
                assert_never(row)
