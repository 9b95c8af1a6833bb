"""The text of a folder's files: templates, filled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.resources import files
from string import Template

from lang.source import Source
from lang.syntax.fmt import format_text
from runtime.authoring.choice import Choice, Fix, Model
from runtime.authoring.knobs import bought, short_form
from runtime.authoring.own_table import Own
from runtime.authoring.prepare import Scaling
from runtime.authoring.search import Wanted


@dataclass(frozen=True, slots=True)
class Draft:
    """All that the files of a folder say."""

    name: str  # of the program, without an ending
    table: str
    vendor: str
    owner: str
    own: Own
    wanted: Wanted
    choice: Choice
    scaling: Scaling


def template(name: str) -> Template:
    return Template((files("runtime.authoring") / "templates" / f"{name}.txt").read_text(encoding="utf-8"))


def program(draft: Draft) -> str:
    """Formatted."""
    classes = draft.own.classes
    kind = "mlp_of_two" if draft.wanted.model is Model.MLP and len(classes) == 2 else draft.wanted.model.value
    text = template(f"{kind}.ccr").substitute(_words(draft))
    return format_text(Source(f"{draft.name}.ccr", text))


def makefile(draft: Draft) -> str:
    return template("Makefile").substitute(_words(draft))


def readme(draft: Draft, more: dict[str, str]) -> str:
    """`more` is what has been tried, and what came of it."""
    own, model = draft.own, draft.wanted.model
    count = len(own.columns)
    words = _words(draft) | {
        "title": f"{draft.name}: `{_plain(own.label)}`, learned by `{draft.vendor}` from `{draft.owner}`",
        "what": f" ({', '.join(map(_plain, own.classes))})" if 0 < len(own.classes) <= 12 else "",
        "columns": "one column" if count == 1 else f"{count} columns",
        "rows": str(len(own.labels)),
        "start": "random" if model is Model.MLP else "zeros",
        "score": "R squared" if model is Model.LINEAR else "accuracy",
        "use": template(f"use_{model.value}").substitute(_words(draft)).rstrip(),
    }
    return template("README").substitute(words | more)


def _words(draft: Draft) -> dict[str, str]:
    choice, wanted, scaling = draft.choice, draft.wanted, draft.scaling
    classes = max(len(draft.own.classes), 2)
    return {
        "name": draft.name,
        "table": _plain(draft.table),
        "vendor": draft.vendor,
        "owner": draft.owner,
        "label": _plain(draft.own.label),
        "features": str(len(draft.own.columns) + 1),
        "classes": str(classes),
        "bits": str((classes - 1).bit_length()),
        "ones": f"1 is `{_plain(draft.own.classes[1])}`" if len(draft.own.classes) == 2 else "",
        "hidden": str(wanted.hidden),
        "batch": str(choice.batch),
        "steps": str(choice.steps),
        "clip": _decimal(choice.clip),
        "noise": _decimal(choice.noise),
        "rate": _decimal(choice.rate),
        "weight": str(choice.weight),
        "feature": str(Fix(choice.feature + 1, choice.feature)),
        "epsilon": f"{wanted.epsilon:g}",
        "delta": short_form(wanted.delta),
        "bought": bought(wanted.epsilon, wanted.delta, wanted.records),
        "records": str(wanted.records),
        "middle": f"{scaling.middle:g}",
        "spread": f"{scaling.spread:g}",
    }


def as_json(scaling: Scaling) -> dict[str, object]:
    return asdict(scaling)


def _decimal(value: float) -> str:
    text = f"{value:.6f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def _plain(text: str) -> str:
    """Of one line, as it may stand in a comment and in a page."""
    return " ".join(text.replace("`", "'").split())
