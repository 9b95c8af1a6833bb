"""Where the weights of a `dpsgd` with `release = step` start: at what their receiver knows by itself.

It makes that in the clear, whatever it is taken for: it may go on from any weights, so from any it may start.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.joint.locality import told
from compiler.words.builder import Builder
from compiler.words.ir import Loop, Result, Value
from compiler.words.operations import Compute, Constant, Entry, Held, Wiring
from lang.problems.problem import Rejected
from lang.problems.steps import StepPlace, StepStart
from lang.source import Span


def starts(b: Builder, weights: Sequence[int], names: Sequence[tuple[str, Span]], receiver: str) -> list[int]:
    """The weights as the receiver makes them.  Raises Rejected where it cannot, and in a loop."""
    if b.outer is not None:
        raise Rejected([StepPlace(span=span) for _, span in names[:1]])
    copies: dict[int, int] = {}
    for weight, (name, span) in zip(weights, names, strict=True):
        if not _copy(b, weight, receiver, copies):
            raise Rejected([StepStart(span=span, name=name, receiver=receiver)])
    return [copies[weight] for weight in weights]


def _copy(b: Builder, number: int, party: str, copies: dict[int, int]) -> bool:
    """Everything that the value is made of, made of what the party holds; False where it is another's."""
    waiting = [number]
    while waiting:
        number = waiting[-1]
        item = b.item(number)
        missing = [a for a in item.args if a not in copies] if isinstance(item, Value) else []
        if missing:
            waiting += missing
            continue
        waiting.pop()
        match item:
            case Value(op=Constant()):
                copies[number] = number
            case Value(op=Entry(party=owner)) if owner == party:
                copies[number] = b.add(Held(party), (number,), item.type)
            case Value(op=op) if isinstance(op, Compute | Wiring):
                copies[number] = b.emit(
                    Value(op, tuple(copies[a] for a in item.args), item.type, item.span, item.claim)
                )
            case Result(loop) if isinstance(trained := b.item(loop), Loop) and told(trained) == party:
                copies[number] = b.add(Held(party), (number,), item.type)
            case _:
                return False
    return True
