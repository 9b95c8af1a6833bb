"""The command `ccr` and its sub-commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from runtime.cli import (
    budgets,
    checkpoints,
    circuits,
    contracts,
    deidentification,
    identities,
    language,
    policies,
    privacy,
    programs,
    runs,
    tables,
    trails,
)

app = typer.Typer(
    name="ccr",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(programs.check)
app.command()(language.fmt)
app.command()(language.explain)
app.command()(programs.compile)
app.command()(programs.inspect)
app.command()(privacy.privacy)
app.command()(runs.simulate)
app.command()(runs.run)
app.add_typer(circuits.app, name="circuit")
tables.app.command()(deidentification.check)
tables.app.command()(deidentification.mask)
app.add_typer(tables.app, name="data")
app.add_typer(identities.app, name="keys")
app.add_typer(policies.app, name="policy")
app.add_typer(contracts.app, name="contract")
budgets.app.command()(checkpoints.checkpoint)
budgets.app.command()(checkpoints.compare)
budgets.app.command()(trails.export)
budgets.app.command("audit")(trails.audit_)
budgets.app.command()(trails.report)
app.add_typer(budgets.app, name="budget")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ccr {version('ccr-lang')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Train on records that nobody may see: programs for two parties, run as garbled circuits."""
