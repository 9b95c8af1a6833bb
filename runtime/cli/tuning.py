"""`ccr tune`: how good a program's model gets, by what it is trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from lang.syntax.load import read
from runtime.authoring import told
from runtime.authoring.choice import Fix
from runtime.authoring.picture import plot as draw
from runtime.authoring.trial import Trials
from runtime.authoring.tuning import Lists, Row, Tuning, Untunable
from runtime.cli.data_options import ColumnsOf, Input, Inputs, Map, columns_given
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.given import compiled
from runtime.cli.models import Asked
from runtime.cli.options import Delta, File, Json, Quiet, UsageError, checked_delta, pairs, positive
from runtime.cli.program_files import source_only
from runtime.cli.row_counts import rows
from runtime.cli.screen import result, say
from runtime.cli.tables import say_odd
from runtime.data.columns import Chosen
from runtime.data.rows import Records as Held
from runtime.files import replace_bytes
from runtime.party.sources import load
from runtime.privacy.limits import default_delta
from runtime.program import Program
from runtime.report import plot as picture

T = TypeVar("T")


def _list_of(option: str, help: str) -> Any:
    return typer.Option(option, metavar="A,B,...", show_default=False, help=help)


Epsilon = Annotated[
    str | None, _list_of("--epsilon", "What it may cost; one is picked of those at the first. The program's own.")
]
Batch = Annotated[str | None, _list_of("--batch", "Batches that are tried.")]
Steps = Annotated[str | None, _list_of("--steps", "Numbers of steps that are tried.")]
Rate = Annotated[str | None, _list_of("--rate", "Rates that are tried.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kinds",
        metavar="TYPE=T.F,...",
        show_default=False,
        help="Kinds of a `type` of weights that are tried: Weight=9.5,12.7 for fix<9, 5> and fix<12, 7>.",
    ),
]
Holdout = Annotated[
    str | None,
    typer.Option(
        "--holdout",
        metavar="TABLE",
        show_default=False,
        help="Records to be scored on; another fifth of the data set for each seed, if not given.",
    ),
]
Records = Annotated[
    str | None,
    typer.Option(
        "--records", metavar="N", show_default=False, help="How many a run will have; those of the file if not given."
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", min=2, max=1000, help="Trainings of each row.")]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", show_default=False, help="Draw it; as .svg and .pdf too.")
]
Write = Annotated[bool, typer.Option("--write", help="Write what is picked into the program.")]


def tune(
    file: File,
    input: Input = None,
    inputs: Inputs = None,
    columns: ColumnsOf = None,
    map: Map = None,
    holdout: Holdout = None,
    epsilon: Epsilon = None,
    batch: Batch = None,
    steps: Steps = None,
    rate: Rate = None,
    kinds: Kinds = None,
    records: Records = None,
    delta: Delta = None,
    seeds: Seeds = 5,
    plot: Plot = None,
    write: Write = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Try what a program is trained with.  Accuracy as the circuit computes and in floating point, as a table.

    Without lists, each of epsilon, batch, steps, rate and the weights' kind is tried at half and twice of what the
    program has; with lists, what is listed, in all combinations. Noise follows from epsilon. All of it is in the clear,
    and each row costs the privacy of what it is trained on: give data of your own, never private records.
    """
    with faults(json):
        checked_delta(delta)
        source_only(file)
        if plot is not None:
            _drawable(plot)
        if write:
            has_folder(Path(file))
        lists = _lists(epsilon, batch, steps, rate, kinds)
        program, chosen = compiled(file, None), columns_given(columns)
        given = Asked.of(input, None, inputs, None, map).read(program, None)
        say_odd(program.compiled, None, given, chosen)
        n = rows(records) if records is not None else _records(program, given, chosen)
        _possible(lists, n)
        trials = Trials(given, seeds, n, chosen, holdout)
        try:
            tuning = Tuning(read(file), trials, delta or float(default_delta([n])), (lambda _: None) if quiet else say)
            best = _tried(tuning, lists, json)
        except Untunable as error:
            help = "ccr tune takes a program with one `dpsgd`, such as `ccr new` writes"
            raise UsageError(f"{file}: {error}", error.help or help) from None
        if plot is not None:
            with saving(plot):
                draw(tuning.rows, best, told.score(tuning), plot)
        lines = told.lines(tuning, best, holdout or "")
        if write:
            with saving(Path(file)):
                replace_bytes(Path(file), told.written(tuning, best).encode())
            lines.append(f"{file}: written")
        result(told.as_json(tuning, best) | {"written": write}, "\n".join(lines), json)


def _tried(tuning: Tuning, lists: Lists, json: bool) -> Row:
    """What is picked; who interrupts it is told the rows that are done."""
    try:
        return tuning.run(lists)
    except KeyboardInterrupt:
        if tuning.rows:
            result(told.as_json(tuning, None) | {"written": False}, "\n".join(told.table(tuning.rows, None)), json)
            say("what was tried until then is told; nothing is picked, plotted or written")
        raise


def _lists(
    epsilon: str | None, batch: str | None, steps: str | None, rate: str | None, kinds: Sequence[str] | None
) -> Lists:
    """Raises UsageError."""
    named = {name: tuple(map(_fix, listed.split(","))) for name, listed in pairs("--kinds", kinds).items()}
    return Lists(
        _each("--epsilon", epsilon, lambda option, text: float(positive(option, text))),
        _each("--batch", batch, _whole),
        _each("--steps", steps, _whole),
        _each("--rate", rate, positive),
        named or None,
    )


def _possible(lists: Lists, records: int) -> None:
    """Raises UsageError for a batch that is larger than all records."""
    if large := [batch for batch in lists.batch or () if batch > records]:
        help = f"list batches of {records} at most, or say with --records how many records a run will have"
        raise UsageError(f"--batch: a batch of {large[0]} from {records} records cannot be", help)


def _records(program: Program, given: Mapping[str, str], columns: Chosen) -> int:
    loaded = load(program.compiled, frozenset(program.compiled.parties), given, columns)
    return max((of.store.count for of in loaded.values() if isinstance(of, Held)), default=1)


def _each(option: str, given: str | None, of: Callable[[str, str], T]) -> tuple[T, ...] | None:
    return None if given is None else tuple(of(option, text.strip()) for text in given.split(","))


def _whole(option: str, text: str) -> int:
    """Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise UsageError(f"{option}: `{text[:40]}` is not a whole number above 0")
    return int(text)


def _fix(text: str) -> Fix:
    """Raises UsageError."""
    bits, point, fraction = text.strip().partition(".")
    if not (point and bits.isdigit() and fraction.isdigit() and int(fraction) <= int(bits)):
        raise UsageError(f"--kinds: `{text[:40]}` is no kind", "write 9.5 for fix<9, 5>")
    return Fix(int(bits), int(fraction))


def _drawable(path: Path) -> None:
    if path.suffix not in picture.ENDINGS:
        raise UsageError(f"--plot {path} does not end in {', '.join(picture.ENDINGS)}")
    if not path.parent.is_dir():
        raise UsageError(f"--plot {path}: there is no folder {path.parent}", "make it first")
    has_folder(path)
    if not picture.available():
        raise UsageError("--plot needs matplotlib, which is not installed", "pip install 'ccr-lang[plot]'")
