"""The checked tree: a small core language that the compiler lowers without asking any more questions.

Names are resolved to variables, calls inlined with the sizes found there, whatever is public is constant or decided,
loops whose body needs the value of the index are unrolled, and every binding to a kind is an explicit Convert.  Numbers
are exact (docs/decisions/rounding.md): only Convert rounds, and the operations in `INEXACT`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from lang.calls import INEXACT as INEXACT
from lang.calls import LOSSES as LOSSES
from lang.calls import Call as Call
from lang.calls import Inexact as Inexact
from lang.calls import Loss as Loss
from lang.calls import Outside as Outside
from lang.kinds import Comparison, Kind, Scalar, Tensor
from lang.kinds import Number as Number
from lang.kinds import Pair as Pair
from lang.kinds import TypeOf as TypeOf
from lang.kinds import kind_of as kind_of
from lang.kinds import leaves as leaves
from lang.kinds import type_of as type_of
from lang.source import Span


@dataclass(frozen=True, slots=True)
class Variable:
    """One binding; `number` is unique in the program, so two uses of one name never mix."""

    number: int
    name: str
    kind: Kind | None  # declared or inferred kind of a `var`, input or parameter; None: exact
    mutable: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    stride: int = 1  # of CONV2D, AVGPOOL and MAXPOOL over the last two axes of an image
    padding: int = 0  # rows and columns on each side: zeros, for MAXPOOL nothing that counts


# -- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A public tensor, row-major."""

    type: Number
    values: tuple[Fraction, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Read:
    type: TypeOf
    variable: Variable
    span: Span = field(compare=False)
    loop: Variable | None = None  # public, once the loop of this index is unrolled


@dataclass(frozen=True, slots=True)
class IndexOf:
    """The index of an enclosing Repeat, an integer known to both parties."""

    type: Number
    variable: Variable
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class RowField:
    """A field of the current row inside a Train."""

    type: Number
    name: str
    span: Span = field(compare=False)
    ends: tuple[int, int] = field(default=(0, 0), compare=False)  # `Field.ends`


@dataclass(frozen=True, slots=True)
class Operate:
    type: Number
    call: Call
    args: tuple[Expr, ...]
    span: Span = field(compare=False)
    axis: int | None = None  # SUM, MEAN, MIN_OF, MAX_OF, CONCAT; counted from 0; TRANSPOSE reverses all axes
    within: Fraction | None = None  # largest error allowed, for INEXACT
    window: Window = Window()


@dataclass(frozen=True, slots=True)
class Through:
    """Values through a circuit from a file: one for each element of the axes before those of its parameters."""

    type: Number
    outside: Outside
    args: tuple[Expr, ...]  # of the parameters' kinds
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Convert:
    """Round to a kind: floor(x + 1/2) and clamp; `floor` drops the half, `wrap` keeps the low bits."""

    type: Number
    kind: Scalar
    value: Expr
    span: Span = field(compare=False)
    floor: bool = False
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Choose:
    """`if` with a joint condition, as a value: both arms are computed."""

    type: TypeOf
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Along:
    """Elements start .. start + count of one axis."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class At:
    """One element of an axis, by an index that is an affine expression of IndexOf and constants (checked to lie in
    bounds), or by a private one (then `private`)."""

    index: Expr
    private: bool = False


Place = Along | At


@dataclass(frozen=True, slots=True)
class Pick:
    """base[places]: one place for each axis of the base; At removes its axis."""

    type: Number
    base: Expr
    places: tuple[Place, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a tuple."""

    type: TypeOf
    base: Expr
    position: int
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """A tuple."""

    type: Pair
    items: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Stack:
    """An array literal: items of equal shape along a new first axis."""

    type: Number
    items: tuple[Expr, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Statements, then a value (a block, an inlined call)."""

    type: TypeOf
    statements: tuple[Statement, ...]
    value: Expr
    span: Span = field(compare=False)
    call: str = ""  # the function, where this is a call of one


Expr = Const | Read | IndexOf | RowField | Operate | Through | Convert | Choose | Pick | Part | Pack | Stack | Scope


# -- statements ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bind:
    """let and var; the value is already converted to the variable's kind."""

    variable: Variable
    value: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Store:
    """Assignment to a variable or to a part of it; the value is already converted to the kind.

    `v += e` and `v = v + e` arrive as value = Convert(v + e), with `added` = e where e does not read v.
    """

    variable: Variable
    fields: tuple[int, ...]  # path into tuples, outermost first
    places: tuple[Place, ...]  # () is the whole
    value: Expr
    span: Span = field(compare=False)
    added: Expr | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """for index in start .. start + count."""

    index: Variable
    start: int
    count: int
    body: tuple[Statement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class When:
    """`if` with a joint condition, as a statement."""

    condition: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    span: Span = field(compare=False)


class Moment(Enum):
    """When what a `dpsgd` lets out is told."""

    END = "end"  # as outputs, which open behind the last step
    STEP = "step"  # each step's noisy sums, behind that step, to the party that is not the data set's owner


@dataclass(frozen=True, slots=True)
class Momentum:
    """m = factor * m + gradient; the weights follow m (Polyak).  A factor of 0 is plain descent."""

    factor: Fraction


@dataclass(frozen=True, slots=True)
class Adam:
    """Kingma and Ba, arXiv:1412.6980, algorithm 1, with its names for what decays and for what is added."""

    beta1: Fraction
    beta2: Fraction
    epsilon: Fraction


@dataclass(frozen=True, slots=True)
class Update:
    """What becomes of the weights for a noisy gradient; all but a constant rate needs `release = step`."""

    rates: tuple[Fraction, ...]  # one for each step, or one for all
    optimizer: Momentum | Adam = Momentum(Fraction(0))
    average: int = 0  # the weights after the last step are the mean of those after so many last ones; 0: no mean

    @property
    def plain(self) -> bool:
        return len(self.rates) == 1 and self.optimizer == Momentum(Fraction(0)) and not self.average


@dataclass(frozen=True, slots=True)
class Train:
    """dpsgd: clauses are public constants; exactly one of `loss` and `grads` is given."""

    variables: tuple[Variable, ...]
    dataset: str
    batch: int
    steps: int
    clip: Fraction
    noise: Fraction
    update: Update
    drawn_by: str | None
    body: tuple[Statement, ...]  # statements before the loss
    loss: Expr | None
    grads: tuple[tuple[Variable, Expr], ...]
    span: Span = field(compare=False)
    variable_spans: tuple[Span, ...] = field(default=(), compare=False)
    release: Moment = Moment.END
    batches: tuple[int, ...] = ()  # of all owners, in their order, if they are several


@dataclass(frozen=True, slots=True)
class Measure:
    """The noisy sum over all rows of what the body makes of one; clauses are public constants."""

    variable: Variable  # which it binds
    dataset: str
    rows: int
    clip: Fraction
    noise: Fraction
    drawn_by: str | None
    body: tuple[Statement, ...]
    value: Expr
    span: Span = field(compare=False)
    each: tuple[int, ...] = ()  # the rows of all owners, in their order, if they are several


@dataclass(frozen=True, slots=True)
class Release:
    """output; `value` keeps its own exact type (a kind where it has one)."""

    name: str
    value: Expr
    receivers: tuple[str, ...]
    reveal: bool
    span: Span = field(compare=False)  # of the released expression


Statement = Bind | Store | Repeat | When | Train | Measure | Release


# -- program ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    variable: Variable  # its kind is a Tensor
    party: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Tensor
    norm: Fraction | None  # where norm2(field) <= norm
    where: tuple[Comparison, ...]  # all of which hold
    ends: tuple[int, int]  # the least and the greatest value that these and the kind leave, in last bits
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    party: str  # of several owners that whose program it is: each has records of its own
    fields: tuple[Field, ...]
    span: Span = field(compare=False)
    owners: tuple[str, ...] = ()  # all of them, if they are several


@dataclass(frozen=True, slots=True)
class Program:
    parties: tuple[str, ...]
    inputs: tuple[Input, ...]
    datasets: tuple[Dataset, ...]
    statements: tuple[Statement, ...]  # in text order; inputs are bound before the first
    disjoint: tuple[tuple[str, ...], ...] = ()  # data sets of which no person is in two, their owner says

    @property
    def owners(self) -> tuple[str, ...]:
        """Those of its data sets, if they are several."""
        return self.datasets[0].owners if self.datasets else ()
