"""What of a program's text may be turned: the clauses of its one `dpsgd`, and the kinds that it names.

A clause that is a number is turned where it stands, one that is a `param` where that is declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lang.source import Source, Span
from lang.syntax import tree
from lang.syntax.fmt import format_text
from lang.syntax.parse import parse
from runtime.authoring.choice import Fix

CLAUSES = ("batch", "steps", "noise", "rate", "clip")
_SAID = re.compile(r"epsilon [\d.]+ at delta [\d.e+-]+ for \d+ records")


@dataclass(frozen=True, slots=True)
class Knobs:
    """Places by the name of a clause or a `type`; `kinds` are the types that are a `fix` of plain numbers."""

    source: Source
    places: Mapping[str, Span]
    kinds: Mapping[str, Fix]

    def turned(self, values: Mapping[str, str]) -> Source:
        """The text with other values at these places, formatted if it was before."""
        lines = self.source.text.split("\n")
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        text = self.source.text
        for name, span in sorted(self.places.items(), key=lambda of: (of[1].line, of[1].column), reverse=True):
            if name in values:
                begin, end = starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
                text = text[:begin] + values[name] + text[end:]
        turned = Source(self.source.name, text)
        if text == self.source.text or format_text(self.source) != self.source.text:
            return turned
        return Source(self.source.name, format_text(turned))

    def said(self, text: str, epsilon: float, delta: float, records: int) -> str:
        """The text, whose comment on the noise says what it now buys, if it has said it as `ccr new` does."""
        return _SAID.sub(bought(epsilon, delta, records), text)


def bought(epsilon: float, delta: float, records: int) -> str:
    """What a program's comment says that its noise buys."""
    return f"epsilon {epsilon:g} at delta {short_form(delta)} for {records} records"


def short_form(value: float) -> str:
    """1e-5, which Python writes 1e-05."""
    return f"{value:g}".replace("e-0", "e-")


def knobs(source: Source) -> Knobs:
    """Raises Rejected where the text cannot be read, and ValueError where it has not one `dpsgd`."""
    items = parse(source).items
    trainings = [item for item in items if isinstance(item, tree.Dpsgd)]
    if len(trainings) != 1:
        raise ValueError("there must be one `dpsgd`, and not in a block")
    params = {item.name.name: item.value for item in items if isinstance(item, tree.Param)}
    places: dict[str, Span] = {}
    for clause in trainings[0].clauses:
        value = params.get(clause.value.name) if isinstance(clause.value, tree.Name) else clause.value
        if clause.name.name in CLAUSES and isinstance(value, tree.Literal):
            places[clause.name.name] = value.span
    kinds = {item.name.name: found for item in items if isinstance(item, tree.TypeAlias) and (found := _fix(item.kind))}
    places |= {
        item.name.name: item.kind.span
        for item in items
        if isinstance(item, tree.TypeAlias) and item.name.name in kinds and item.name.name not in places
    }
    return Knobs(source, places, kinds)


def _fix(kind: tree.Kind) -> Fix | None:
    match kind:
        case tree.Words("fix", (tree.Literal(bits), tree.Literal(fraction))) if bits.isdigit() and fraction.isdigit():
            return Fix(int(bits), int(fraction))
        case _:
            return None
