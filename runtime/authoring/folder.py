"""`ccr new`: from a table of one's own to a folder with a program that learns from such tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from math import ceil, log2
from pathlib import Path

import numpy as np

from compiler.lowering.understand import understand
from lang.source import Source
from runtime.authoring import prepare, writing
from runtime.authoring.choice import Fix, Model, net, start
from runtime.authoring.floating import Floats
from runtime.authoring.npz import npz
from runtime.authoring.own_table import Own
from runtime.authoring.prepare import features, labels
from runtime.authoring.search import MARGIN, Search, Wanted, described, scaling_of
from runtime.authoring.trial import Outcome, Trials
from runtime.authoring.writing import Draft
from runtime.data.memory import InMemory, Input
from runtime.files import replace_bytes

_FRACTIONS = (5, 7, 10)  # of weights, the cheapest first
_FEATURES = (6, 8)
_SEEDS = 5  # of each pair of kinds
_ROOM = 2.0  # how much larger than any weight that was seen the kind's end is


@dataclass(frozen=True, slots=True)
class Made:
    """A draft, and how good it is."""

    draft: Draft
    outcome: Outcome  # by seed
    tried: int
    seeds: int


def made(name: str, table: str, vendor: str, owner: str, own: Own, wanted: Wanted, say: Callable[[str], None]) -> Made:
    """Chooses everything.  Raises OutOfReach where no noise is enough, and Rejected for names that cannot be."""
    search = Search(own, wanted, say)
    choice = search.best()
    say(f"chosen: {described(choice)}: {search.mean(choice):.3f}")
    draft = Draft(name, table, vendor, owner, own, wanted, choice, scaling_of(own, choice))
    draft, outcome = _with_kinds(draft, search.longest(choice), say)
    return Made(draft, outcome, len(search.tried), wanted.seeds)


def _with_kinds(draft: Draft, longest: float, say: Callable[[str], None]) -> tuple[Draft, Outcome]:
    """The narrowest that are as good as any."""
    found: list[tuple[Draft, Outcome]] = []
    whole = 1 + max(1, ceil(log2(_ROOM * max(longest, 1e-9))))  # bits before the point, the sign's among them
    for feature in _FEATURES:
        for fraction in _FRACTIONS:
            choice = replace(draft.choice, feature=feature, weight=Fix(whole + fraction, fraction))
            there = replace(draft, choice=choice, scaling=scaling_of(draft.own, choice))
            source = Source(f"{draft.name}.ccr", writing.program(there))
            if understand(source).checked.warnings:  # an update that is lost in rounding
                continue
            found.append((there, _trials(there).outcome(source)))
            mean = np.mean(found[-1][1].fixed)
            say(f"kinds: weights {choice.weight}, features {Fix(feature + 1, feature)}: {mean:.3f}")
    best = max(float(np.mean(outcome.fixed)) for _, outcome in found)
    return next(of for of in found if np.mean(of[1].fixed) >= best - MARGIN)


def _trials(draft: Draft) -> Trials:
    return Trials(given(draft), min(_SEEDS, draft.wanted.seeds), draft.wanted.records, {})


def given(draft: Draft) -> dict[str, Input]:
    """The inputs of its program: the start weights, and the vendor's table in the place of the records."""
    x, y = _prepared(draft)
    rows = InMemory("own.csv", {"x": x, "y": y})
    start_weights: dict[str, Input] = {n: InMemory("start.npz", {n: w}) for n, w in weights(draft).items()}
    return {"records": rows, **start_weights}


def weights(draft: Draft) -> dict[str, Floats]:
    """What training begins with, by the names of the program's inputs."""
    model = draft.wanted.model
    made_of = net(model, len(draft.own.columns) + 1, len(draft.own.classes), draft.wanted.hidden)
    names = ("first", "second", "bias") if model is Model.MLP else ("w0",)
    return dict(zip(names, start(made_of), strict=True))


def _prepared(draft: Draft) -> tuple[Floats, Floats]:
    return features(draft.own.raw, draft.scaling), labels(draft.own.labels, draft.scaling)


def write(made: Made, folder: Path) -> list[str]:
    """All files, by name.  Raises OSError."""
    draft = made.draft
    fixed, floating = made.outcome.fixed, made.outcome.floating or ()
    more = {
        "tried": str(made.tried),
        "seeds": str(made.seeds),
        "chosen": described(draft.choice),
        "fixed": _told(fixed),
        "floating": _told(floating),
    }
    files = {
        f"{draft.name}.ccr": writing.program(draft).encode(),
        "README.md": writing.readme(draft, more).encode(),
        "Makefile": writing.makefile(draft).encode(),
        "prepare.py": Path(prepare.__file__).read_bytes(),
        "scaling.json": (json.dumps(writing.as_json(draft.scaling), indent=1) + "\n").encode(),
        "start.npz": npz(weights(draft)),
        "own.csv": _csv(*_prepared(draft)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        replace_bytes(folder / name, content)
    return list(files)


def _told(scores: Sequence[float]) -> str:
    return f"{np.mean(scores):.3f} ± {np.std(scores, ddof=1):.3f} ({len(scores)} seeds)"


def _csv(rows: Floats, answers: Floats) -> bytes:
    stream = StringIO()
    prepare.write(stream, rows, answers)
    return stream.getvalue().encode()
