"""What `ccr tune` has found, as a table, as JSON, and as the program's text with what was picked."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.authoring.floating import Loss
from runtime.authoring.knobs import short_form
from runtime.authoring.tuning import AXES, Row, Tuning

_HEADS = (*AXES, "noise", "fixed point", "floating point")


def table(rows: Sequence[Row], best: Row | None) -> list[str]:
    """The one that is picked has a star; before all have been tried none is."""
    cells = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_HEADS))]
    marks = ["  ", *("* " if row is best else "  " for row in rows)]
    shown = zip(marks, cells, strict=True)
    return [(mark + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True))).rstrip() for mark, line in shown]


def _cells(row: Row) -> tuple[str, ...]:
    came = f"{row.mean:.3f} ± {row.spread:.3f}" if row.outcome else row.why
    floating = "" if row.floating is None else f"{row.floating:.3f}"
    return (*(row.point.shown(axis) for axis in AXES), f"{row.noise:.4g}", came, floating)


def lines(tuning: Tuning, best: Row, holdout: str) -> list[str]:
    trials = tuning.trials
    what = score(tuning)
    how = f"on {holdout}" if holdout else "on a fifth of the records, another one for each seed, that is held out"
    said = [
        *table(tuning.rows, best),
        "",
        f"{what}, mean and standard deviation of {trials.seeds} seeds, {how}; delta {short_form(tuning.delta)}, "
        f"{trials.records} records",
        f"picked: {_short(best)}: {what} {best.mean:.3f}, before {tuning.rows[0].mean:.3f}",
    ]
    if all(row.floating is None for row in tuning.rows):
        said.append("floating point: of a program like this no counterpart is known")
    said.append("each row here was trained on these records: were they private, every row would have cost its epsilon")
    return said


def score(tuning: Tuning) -> str:
    """What it is called."""
    return "R squared" if regression(tuning) else "accuracy"


def regression(tuning: Tuning) -> bool:
    scores = tuning.learner.scores
    return scores is None or scores.loss.value == Loss.SQUARED.value


def _short(row: Row) -> str:
    return ", ".join(f"{axis} {row.point.shown(axis)}" for axis in AXES if row.point.shown(axis))


def as_json(tuning: Tuning, best: Row | None) -> dict[str, object]:
    return {
        "score": "r2" if regression(tuning) else "accuracy",
        "seeds": tuning.trials.seeds,
        "records": tuning.trials.records,
        "delta": tuning.delta,
        "rows": [_row(row) for row in tuning.rows],
        "picked": None if best is None else tuning.rows.index(best),
    }


def _row(row: Row) -> dict[str, object]:
    point, outcome = row.point, row.outcome
    return {
        "epsilon": point.epsilon,
        "batch": point.batch,
        "steps": point.steps,
        "rate": float(point.rate),
        "kinds": {name: str(fix) for name, fix in point.kinds},
        "noise": row.noise,
        "fixed": list(outcome.fixed) if outcome else None,
        "floating": list(outcome.floating) if outcome and outcome.floating else None,
        "why": row.why or None,
    }


def written(tuning: Tuning, best: Row) -> str:
    """The program's text with what was picked, what it says of its noise included."""
    epsilon = float(f"{best.point.epsilon:.3g}")
    return tuning.knobs.said(best.source.text, epsilon, tuning.delta, tuning.trials.records)
