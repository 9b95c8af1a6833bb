"""Problems of public values and of control: bounds, conditions, arms, bindings, operations on the wrong class."""

from __future__ import annotations

from lang.problems.problem import Problem


class NotPublic(Problem):
    code = "private-bound"
    title = "{what} must be public"
    label = "known only when the program runs"
    help = "write a number, a `param`, or arithmetic on them"

    what: str


class NotWhole(Problem):
    code = "not-whole"
    title = "{what} must be a whole number"
    label = "is {value}"
    help = "write a whole number"

    what: str
    value: str


class ClampReversed(Problem):
    code = "clamp-reversed"
    title = "the bounds of this `clamp` run backwards"
    label = "from {low} to {high}: nothing lies between them"
    help = "write the lower bound first: `clamp(x, {high}, {low})`"

    low: str
    high: str


class UnrolledTooFar(Problem):
    code = "unrolled-too-far"
    title = "this loop unrolls to more than {limit} iterations"
    label = "its body needs the value of the index"
    help = "{hint}"

    limit: int
    hint: str = "sizes, slice bounds and public conditions that depend on the index unroll a loop"


class TooLarge(Problem):
    code = "too-large"
    title = "the program grows beyond {limit} {what}"
    label = "the last of them"
    help = "{hint}"

    limit: int
    what: str = "inlined calls"
    hint: str = "functions are inlined at each call: use loops for repetition"


class CircuitsTooLarge(Problem):
    code = "too-many-gates"
    title = "the circuits of this program take more than {limit} gates"
    label = "its gates are beyond"
    help = "bind values to narrower kinds (a product's gates grow with both widths); elements of an array share gates"

    limit: int


class TupleTooLarge(Problem):
    code = "tuple-too-large"
    title = "a tuple of more than {limit} values"
    label = "the values of its fields, and of theirs, are counted"
    help = "use an array for many values of one kind"

    limit: int


class ConditionKind(Problem):
    code = "condition-kind"
    title = "a condition must be a bit, not {given}"
    label = "not a bit"
    help = "compare it: `x != 0`"

    given: str


class IfWithoutElse(Problem):
    code = "if-without-else"
    title = "an `if` without `else` has no value"
    label = "used as a value"
    help = "write `else {{ ... }}` with the other value"


class ArmWithoutValue(Problem):
    code = "arm-without-value"
    title = "this arm of the `if` has no value"
    label = "the `if` is used as a value"
    help = "end it with an expression, without `;`"


class ArmsDiffer(Problem):
    code = "arms-differ"
    title = "the arms of this `if` have different kinds: {first} and {second}"
    label = "{second} here"
    help = "give both arms the same shape"

    first: str
    second: str


class UnusedValue(Problem):
    code = "unused-value"
    title = "this value is not used"
    label = "nobody takes it"
    help = "bind it with `let NAME = ...;` or remove it"


class NotATuple(Problem):
    code = "not-a-tuple"
    title = "{what} has no field `{field}`"
    label = "not a tuple with that field"
    help = "{hint}"

    what: str
    field: str
    hint: str = "only tuples have fields, and only those that they were made with: `(a, b).0`"


class PatternLength(Problem):
    code = "pattern-length"
    title = "{names} names for {given}"
    label = "does not match"
    help = "write one name for each field of the tuple"

    names: int
    given: str


class VarKind(Problem):
    code = "var-kind"
    title = "the kind of the `var` `{name}` cannot be told"
    label = "an exact number has no kind of its own"
    help = "declare it: `var {name}: {example} = ...;`"

    name: str
    example: str


class BitsOfFix(Problem):
    code = "bits-of-fix"
    title = "`{op}` works on the bits of integers, not on {given}"
    label = "not an integer"
    help = "convert it first: `x as int<16>`"

    op: str
    given: str


class NotNamed(Problem):
    code = "not-named"
    title = "`{op}` needs a named kind: the bits of an exact number have no end"
    label = "no kind of its own"
    help = "convert it first: `x as uint<8>`"

    op: str


class IntegersOnly(Problem):
    code = "integers-only"
    title = "`{op}` works on integers, not on {given}"
    label = "not an integer"
    help = "{hint}"

    op: str
    given: str
    hint: str = ""


class DivisionByZero(Problem):
    code = "division-by-zero"
    title = "division by a public zero"
    label = "is 0"
    help = "divide by a number other than 0"


class ExponentRange(Problem):
    code = "exponent-range"
    title = "an exponent must be a public whole number from 0 to {limit}"
    label = "{given}"
    help = "write a number such as `x ** 2`; for roots there is `sqrt(x)`"

    limit: int
    given: str


class ShiftRange(Problem):
    code = "shift-range"
    title = "a shift must be by a whole number from 0 to {limit}"
    label = "{given}"
    help = "write a number such as `x << 3`, or bound it: `x << clamp(s, 0, 15)`"

    limit: int
    given: str


class ModesClash(Problem):
    code = "modes-clash"
    title = "`{first}` and `{second}` exclude each other"
    label = "both given"
    help = "keep one of them"

    first: str
    second: str


class LossOnly(Problem):
    code = "loss-only"
    title = "`{name}` stands only in a `loss`"
    label = "not in a `loss`"
    help = "write `loss {name}(...);` in the body of a `dpsgd`"

    name: str


class Clamped(Problem):
    code = "clamped"
    severity = "warning"
    title = "{value} does not fit `{kind}`: it becomes {becomes}"
    label = "out of range"
    help = "write a value from {lo} to {hi}, or a wider kind"

    value: str
    kind: str
    becomes: str
    lo: str
    hi: str
