"""`ccr new`: a program, its data and a Makefile from a table of one's own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from runtime.authoring import own_table
from runtime.authoring.choice import Model
from runtime.authoring.folder import Made, made, write
from runtime.authoring.knobs import short_form
from runtime.authoring.search import Wanted
from runtime.authoring.writing import template
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.options import Delta, Json, Quiet, UsageError, checked_delta
from runtime.cli.party_names import checked_names
from runtime.cli.row_counts import rows
from runtime.cli.screen import result, say
from runtime.privacy.calibrate import OutOfReach
from runtime.privacy.limits import default_delta

MOST_HIDDEN = 1024

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="What is made.", show_default=False)]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="TABLE",
        show_default=False,
        help="A table of your own, public or synthetic: never the records that the promise is about.",
    ),
]
Label = Annotated[
    str, typer.Option("--label", metavar="COLUMN", show_default=False, help="What is to be told from the others.")
]
ModelOf = Annotated[
    Model,
    typer.Option(
        "--model",
        metavar="logistic|softmax|linear|mlp",
        show_default=False,
        help="Of two classes, of several, of a number, of classes with a hidden layer.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without", metavar="COLUMN", show_default=False, help="A column that is not used. Once for each column."
    ),
]
Hidden = Annotated[
    int, typer.Option("--hidden", metavar="N", min=1, max=MOST_HIDDEN, help="Units of the hidden layer of an mlp.")
]
Epsilon = Annotated[float, typer.Option("--epsilon", metavar="E", help="What the model may cost.")]
Records = Annotated[
    str | None,
    typer.Option(
        "--records", metavar="N", show_default=False, help="How many the owner has; as many as the table if not given."
    ),
]
Vendor = Annotated[str, typer.Option("--vendor", metavar="NAME", help="The party that learns the model.")]
Owner = Annotated[str, typer.Option("--owner", metavar="NAME", help="The party that has the records.")]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", min=2, max=100, help="Trainings of each thing tried.")]


def new(
    folder: Folder,
    data: Data,
    label: Label,
    model: ModelOf,
    without: Without = None,
    hidden: Hidden = 16,
    epsilon: Epsilon = 2.0,
    delta: Delta = None,
    records: Records = None,
    vendor: Vendor = "vendor",
    owner: Owner = "owner",
    seeds: Seeds = 40,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a program that learns from tables like your own.  With a README, a Makefile, and what prepares a table.

    Kinds, clip, batch, steps, noise and rate are chosen by training on your table, a fifth of it held out. Its means
    and scales are handed to the owner of the records: it must be public, synthetic or yours to show.
    """
    with faults(json):
        checked_delta(delta)
        if not 0 < epsilon < float("inf"):
            raise UsageError(f"--epsilon {epsilon:g} is not a number above 0")
        _free(folder)
        _named(vendor, owner, model)
        if label in (without or ()):
            raise UsageError(f"--label and --without are both `{label}`", "what is to be told is no feature anyhow")
        own = own_table.read(data, label, without or (), model)
        n = len(own.labels) if records is None else rows(records)
        wanted = Wanted(model, hidden, epsilon, delta or float(default_delta([n])), n, seeds)
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name) or "program"
        if own.constant and not quiet:
            say(f"left out, since it says the same of all records: {', '.join(own.constant)}")
        try:
            found = made(name, Path(data).name, vendor, owner, own, wanted, (lambda _: None) if quiet else say)
        except OutOfReach:
            help = "allow more, or say with --records how many records there are"
            raise UsageError(f"no noise keeps to epsilon {epsilon:g} with {n} records", help) from None
        with saving(folder):
            files = write(found, folder)
        result(_as_json(found, folder, files), "\n".join(_lines(found, folder, files, data)), json)


def _lines(found: Made, folder: Path, files: list[str], data: str) -> list[str]:
    draft, wanted, scores = found.draft, found.draft.wanted, found.outcome.fixed
    what = "R squared" if wanted.model is Model.LINEAR else "accuracy"
    return [
        f"{folder}: {', '.join(files)}",
        f"{what} {sum(scores) / len(scores):.3f} on what was held out, at epsilon {wanted.epsilon:g}, delta "
        f"{short_form(wanted.delta)}, for {wanted.records} records",
        f"scaling.json has the means and scales of {data}, and {draft.owner} gets it: they must be yours to show",
        f"next: cd {shlex.quote(str(folder))} && make",
    ]


def _as_json(found: Made, folder: Path, files: list[str]) -> dict[str, object]:
    choice, wanted = found.draft.choice, found.draft.wanted
    return {
        "folder": str(folder),
        "files": files,
        "score": "r2" if wanted.model is Model.LINEAR else "accuracy",
        "fixed": list(found.outcome.fixed),
        "tried": found.tried,
        "epsilon": wanted.epsilon,
        "delta": wanted.delta,
        "records": wanted.records,
        "batch": choice.batch,
        "steps": choice.steps,
        "clip": choice.clip,
        "rate": choice.rate,
        "noise": choice.noise,
        "weight": str(choice.weight),
        "feature_fraction": choice.feature,
    }


def _free(folder: Path) -> None:
    """Raises UsageError where something is there, and NotSaved where no folder can be made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", "give the name of a new folder")
    whole = folder.resolve()
    has_folder(next(place for place in (whole, *whole.parents) if place.parent.is_dir()))


def _named(vendor: str, owner: str, model: Model) -> None:
    """Raises UsageError for what is no name of a party in such a program."""
    text = re.sub(r"//.*|\$\w+", "", template(f"{model.value}.ccr").template)
    checked_names(vendor, owner, lambda name: re.search(rf"\b{re.escape(name)}\b", text) is not None)
