"""Problems of kinds, shapes and indices."""

from __future__ import annotations

from lang.problems.problem import Problem


class LiteralTooLarge(Problem):
    code = "literal-range"
    title = "no kind holds this number"
    label = "{reason}"
    help = "the widest kind has {limit} bits"

    reason: str
    limit: int


class ValueTooLarge(Problem):
    code = "value-range"
    title = "this {what} more than {limit} bits"
    label = "too large"
    help = "{hint}"

    limit: int
    what: str = "public value takes"
    hint: str = "compute with smaller numbers"


class KindRange(Problem):
    code = "kind-range"
    title = "there is no `{kind}`: {reason}"
    label = "{wanted}"
    help = "{hint}"

    kind: str
    reason: str
    wanted: str
    hint: str = "write a width of 1 to 1024 bits"


class ShapeRange(Problem):
    code = "shape-range"
    title = "a shape of {elements} elements"
    label = "at most {limit}"
    help = "use smaller sizes"

    elements: str
    limit: int


class SizeNotPublic(Problem):
    code = "size-not-public"
    title = "a size must be a public whole number"
    label = "{what}"
    help = "write a number, a `param` or arithmetic on them"

    what: str


class SizeNegative(Problem):
    code = "size-range"
    title = "a size of {value}"
    label = "must be at least {least}"
    help = "write a size of at least {least}"

    value: int
    least: int


class WrongShape(Problem):
    code = "wrong-shape"
    title = "{what} wants the shape {wanted}, not {given}"
    label = "has the shape {given}"
    help = "{hint}"

    what: str
    wanted: str
    given: str
    hint: str = "a scalar fills any shape; else change it with `reshape` or take a slice"


class WrongKind(Problem):
    code = "wrong-kind"
    title = "{what} wants {wanted}, not {given}"
    label = "is {given}"
    help = "{hint}"

    what: str
    wanted: str
    given: str
    hint: str = "numbers and tuples do not become each other: pack or unpack it"


class ShapesDiffer(Problem):
    code = "shapes-differ"
    title = "the shapes {left} and {right} do not go together in `{op}`"
    label = "shapes broadcast from the last axis on: equal, or one of them 1"
    help = "take slices of one shape, or give one of them an axis of 1 with `reshape`"

    left: str
    right: str
    op: str


class InnerSizes(Problem):
    code = "inner-sizes"
    title = "`{op}` of {left} and {right}: the inner sizes differ"
    label = "{first} against {second}"
    help = "{hint}"

    op: str
    left: str
    right: str
    first: int
    second: int
    hint: str = "the last axis on the left must be as long as the last but one on the right"


class WrongRank(Problem):
    code = "wrong-rank"
    title = "`{op}` of {shape}"
    label = "wants {wanted}"
    help = "{hint}"

    op: str
    shape: str
    wanted: str
    hint: str = "change its shape with `reshape`"


class WrongAxis(Problem):
    code = "wrong-axis"
    title = "no axis {axis} in the shape {shape}"
    label = "axes are counted from 0"
    help = "write the number of one of its axes; -1 is the last"

    axis: int
    shape: str


class ItemsDiffer(Problem):
    code = "items-differ"
    title = "the items of an array have one shape: {first}, then {given}"
    label = "has the shape {given}"
    help = "a tuple `(a, b)` may hold different shapes"

    first: str
    given: str


class TooManyPicks(Problem):
    code = "too-many-indices"
    title = "{given} indices for the shape {shape}"
    label = "one too many"
    help = "write at most one index for each axis"

    given: int
    shape: str


class NotIndexable(Problem):
    code = "not-indexable"
    title = "{what} has no elements to pick"
    label = "not an array"
    help = "only arrays have elements: a kind such as `uint<8>[4]`"

    what: str


class IndexRange(Problem):
    code = "index-range"
    title = "index {index} of an axis of {size}"
    label = "out of bounds"
    help = "indices go from 0 to {last}"

    index: str
    size: int
    last: int


class SliceRange(Problem):
    code = "slice-range"
    title = "the slice {start}..{end} of an axis of {size}"
    label = "out of bounds"
    help = "a slice of this axis lies in 0..{size}"

    start: int
    end: int
    size: int


class SliceBackwards(Problem):
    code = "slice-backwards"
    title = "the range {start}..{end} {fault}"
    label = "nothing in it"
    help = "a range goes from its start to just before its end"

    start: int
    end: int
    fault: str = "runs backwards"
