"""How a quotient of integers is written that keeps its fraction: in the words of the text."""

from __future__ import annotations

from lang.source import Span

_LONG = 40  # characters of a quotient that is repeated in a message
_MOST = 64  # bits that a number is shifted by, for its divisor to be written out


def written(span: Span) -> str:
    """The quotient as it stands there; one of `x` and `y` where that is too long."""
    text = span.source.line(span.line)[span.column - 1 : span.end_column - 1].strip()
    if text.startswith("(") and text.endswith(")") and _operands(text) is None:
        text = text[1:-1].strip()
    short = span.line == span.end_line and len(text) <= _LONG
    return text if short and _operands(text) is not None else "x / y"


def exactly(span: Span) -> str:
    """What to write instead, quoted."""
    dividend, operator, divisor = _operands(written(span)) or ("x", "/", "y")
    if operator == ">>" and divisor.isdecimal() and int(divisor) <= _MOST:
        divisor = str(1 << int(divisor))
    if divisor.isdecimal():
        return f"`{dividend} / {divisor}.0`"
    return f"`{dividend} as fix<16, 8> / {divisor}`"


def _operands(text: str) -> tuple[str, str, str] | None:
    """Around the last `/` or `>>` outside brackets, since operators bind from the left."""
    depth = 0
    for place in range(len(text) - 1, 0, -1):
        depth += (text[place] in ")]}") - (text[place] in "([{")
        for operator in ("/", ">>"):
            if not depth and text.startswith(operator, place):
                return text[:place].strip(), operator, text[place + len(operator) :].strip()
    return None
