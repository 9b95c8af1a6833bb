"""What a loss can judge by: labels that may be what it gives no meaning to are wrong before a row is seen."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lang import typed
from lang.checker.context import Context
from lang.checker.infer import number
from lang.checker.public import interval
from lang.numerals import show_number
from lang.problems.flow import LabelRange
from lang.traverse import walk
from lang.typed import Call, Number

Ends = tuple[Fraction, Fraction]
_HINTS = {
    Call.LOGISTIC: "compare it, `{label} == 1`, or let the data set promise it: `where 0 <= {field} && {field} <= 1`",
    Call.CROSS_ENTROPY: "let the data set promise it, `where 0 <= {field} && {field} < {count}`, or add scores",
    Call.SQUARED: "let the data set promise it with a `where`, or give the score a wider kind",
}


def check_label(context: Context, call: Call, args: Sequence[typed.Expr]) -> None:
    """Report a label that may lie outside of what the loss `call` judges; one whose range is not seen passes."""
    if call not in _HINTS or len(args) != 2:
        return
    (score, label), found = args, _range(context, args[1])
    allowed = _allowed(call, number(score, f"`{call.value}`"), label)
    if found is None or allowed is None:
        return
    kind = score.type.kind if call is Call.SQUARED and isinstance(score.type, Number) else None
    near = kind.scale / 2 if kind else 0  # what a score rounds to is met
    if allowed[0] - near <= found[0] and found[1] <= allowed[1] + near:
        return
    least, most = map(show_number, found)
    field = _field(label)
    hint = _HINTS[call].format(label=f"row.{field}", field=field, count=show_number(allowed[1] + 1))
    ends = f"from {show_number(allowed[0])} to {show_number(allowed[1])}"
    context.report(LabelRange(span=label.span, loss=call.value, ends=ends, least=least, most=most, hint=hint))


def _allowed(call: Call, score: Number, label: typed.Expr) -> Ends | None:
    if call is Call.LOGISTIC:
        return Fraction(0), Fraction(1)
    if call is Call.CROSS_ENTROPY:
        return (Fraction(0), Fraction(score.shape[-1] - 1)) if score.shape else None
    if isinstance(label, typed.RowField) and score.kind is not None:
        return score.kind.lo * score.kind.scale, score.kind.hi * score.kind.scale
    return None


def _field(label: typed.Expr) -> str:
    """The first one that the label is made of."""
    for node in walk([label]):
        if isinstance(node, typed.RowField):
            return node.name
    return "y"


def _range(context: Context, e: typed.Expr) -> Ends | None:
    """Between which numbers its elements lie, where that is seen here."""
    if not isinstance(e.type, Number):
        return None
    if isinstance(e, typed.Const):
        return min(e.values), max(e.values)
    kind = e.type.kind
    if isinstance(e, typed.RowField) and kind is not None:
        return e.ends[0] * kind.scale, e.ends[1] * kind.scale
    if e.type.integer:
        whole = interval(e, context.ranges)
        return None if whole is None else (Fraction(whole[0]), Fraction(whole[1]))
    return None if kind is None else (kind.lo * kind.scale, kind.hi * kind.scale)
