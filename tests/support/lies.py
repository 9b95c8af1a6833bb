"""A program whose artifact says one thing and does another, and yet keeps every rule of a plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from compiler.program import Compiled
from compiler.schedule.plan import Clear, Enter, Open, Plan
from compiler.words.ir import Block, Type, Value
from compiler.words.operations import Draw, Linear, Strided, View

TRAINING = """party vendor; party hospital;
input w0: fix<16, 8>[2] from vendor;
dataset records from hospital { x: fix<8, 4>[2] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on records(batch = 4, steps = 3, clip = 1.0, noise = 1.5, rate = 0.5) as row {
    loss logistic(dot(w, row.x), row.y);
}
output w to vendor;
"""


def opens_a_row(program: Compiled) -> Compiled:
    """TRAINING, whose output is a record of the batch instead of the trained weights."""
    [mechanism] = program.mechanisms
    [last] = [step for step in program.plan.steps if isinstance(step, Open)]
    rows = Type((mechanism.slots, 2), Fraction(1, 16), -128, 127)
    first, finer = replace(rows, shape=(2,)), replace(last.type, lo=-(1 << 15), hi=(1 << 15) - 1)
    drawn = Draw("records", "x", "hospital", mechanism.draw, mechanism.batch, mechanism.slots)
    row = Block(
        0,
        (),
        (
            Value(drawn, (), rows),
            Value(View(Strided(0, (1,))), (0,), first),
            Value(Linear((16,)), (1,), replace(first, scale=Fraction(1, 256), lo=-2048, hi=2032)),
        ),
        (2,),
    )
    word, buffer = 1_000_000, len(program.plan.buffers)
    steps = (
        *(step for step in program.plan.steps if step is not last),
        Clear("hospital", row, (), (word,)),
        Enter("hospital", word, finer, buffer),
        replace(last, buffer=buffer, type=finer),
    )
    plan = Plan(program.plan.kernels, (*program.plan.buffers, finer.size * finer.width), steps)
    return replace(program, plan=plan)
