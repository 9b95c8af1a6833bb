"""Epsilon over the steps of a program, as a page draws it."""

from __future__ import annotations

from math import isfinite

from runtime.privacy.cost import told
from runtime.report.everyone import Everyone, Parts
from runtime.report.html.charts import Curve
from runtime.report.privacy import Privacy
from runtime.report.spending import over_steps, steps_of


def curve(parts: Parts, privacy: Privacy | Everyone, allowed: float | None = None) -> Curve | None:
    """Of several owners that of the dearest; None where no step costs a finite epsilon that is known.  Takes part of a
    second."""
    each = [("", privacy)] if isinstance(privacy, Privacy) else list(privacy.of.items())
    found = [(p.guarantee.epsilon, *part, owner) for part, (owner, p) in zip(parts, each, strict=True) if p.guarantee]
    if not found or not isfinite(max(epsilon for epsilon, *_ in found)):
        return None
    epsilon, program, records, owner = max(found, key=lambda one: one[0])
    mechanisms = told(program, records)
    points = tuple((steps, y) for steps, y in over_steps(mechanisms, privacy.delta) if isfinite(y))
    return Curve(points, (steps_of(mechanisms), epsilon), privacy.delta, owner, allowed)
