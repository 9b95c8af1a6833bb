"""Problems of names: what is declared, where it may be used, and functions."""

from __future__ import annotations

from lang.problems.problem import Problem


class UnknownName(Problem):
    code = "unknown-name"
    title = "nothing is called `{name}`"
    label = "unknown"
    help = "{hint}"

    name: str
    hint: str = ""


class UsedBeforeBound(Problem):
    code = "used-before-bound"
    title = "`{name}` is used before it is bound"
    label = "not bound yet"
    help = "move its declaration up"

    name: str


class BoundTwice(Problem):
    code = "bound-twice"
    title = "`{name}` is bound twice"
    label = "again here"
    help = "choose another name: no name hides another"

    name: str


class BuiltinName(Problem):
    code = "builtin-name"
    title = "`{name}` is a built-in function"
    label = "taken"
    help = "choose another name, such as `{name}_`"

    name: str


class NotAValue(Problem):
    code = "not-a-value"
    title = "`{name}` is {what}, not a value"
    label = "no value"
    help = "{hint}"

    name: str
    what: str
    hint: str = "write a number, or a name that `input`, `param`, `let` or `var` has bound"


class OutsideFunction(Problem):
    code = "outside-function"
    title = "`{name}` is {what}, which a function cannot see"
    label = "bound outside the function"
    help = "functions see params, types and functions: hand it in as a parameter"

    name: str
    what: str


class NotAssignable(Problem):
    code = "not-assignable"
    title = "`{name}` is {what} and cannot be assigned"
    label = "assigned here"
    help = "{hint}"

    name: str
    what: str
    hint: str


class NotAPlace(Problem):
    code = "not-a-place"
    title = "this cannot be assigned"
    label = "not a variable"
    help = "write a `var`, an element `v[i]` or a field `v.0` on the left"


class AssignInValue(Problem):
    code = "assign-in-value"
    title = "`{name}` is assigned inside an `if` that gives a value"
    label = "changes something outside"
    help = "write the `if` as a statement, with assignments in its arms"

    name: str


class UnknownKind(Problem):
    code = "unknown-kind"
    title = "there is no kind `{name}`"
    label = "unknown kind"
    help = "{hint}"

    name: str
    hint: str = "kinds are `bit`, `uint<N>`, `int<N>`, `fix<T, F>`, and what `type` names"


class NotAKind(Problem):
    code = "not-a-kind"
    title = "`{name}` is {what}, not a kind"
    label = "expected a kind"
    help = "kinds are `bit`, `uint<N>`, `int<N>`, `fix<T, F>`, and what `type` names"

    name: str
    what: str


class UnknownParty(Problem):
    code = "unknown-party"
    title = "there is no party `{name}`"
    label = "unknown"
    help = "{hint}"

    name: str
    hint: str


class TooManyParties(Problem):
    code = "too-many-parties"
    title = "a third party, `{name}`"
    label = "the third"
    help = "a program has two parties, or one and the owners that share its data sets: `dataset NAME from A, B`"

    name: str


class PartyMissing(Problem):
    code = "party-missing"
    title = "only one party, `{name}`"
    label = "alone"
    help = "a program has two parties: write `party NAME;` for the other one"

    name: str


class NothingToRun(Problem):
    """A file without parties; of `param`, `type` and `fn` alone it checks, and is there to be imported."""

    code = "nothing-to-run"
    title = "this file has no parties: it cannot be run"
    label = "no `party`"
    help = "write `party NAME;` twice, or compile the program that imports this file"


class NoOutput(Problem):
    code = "no-output"
    title = "this program has no `output`: nobody learns anything"
    label = "ends without an `output`"
    help = "write `output NAME to PARTY;`"


class UnknownDataset(Problem):
    code = "unknown-dataset"
    title = "there is no data set `{name}`"
    label = "unknown"
    help = "{hint}"

    name: str
    hint: str


class UnknownField(Problem):
    code = "unknown-field"
    title = "`{dataset}` has no field `{name}`"
    label = "unknown"
    help = "its fields are {fields}"

    name: str
    dataset: str
    fields: str


class UnknownFunction(Problem):
    code = "unknown-function"
    title = "there is no function `{name}`"
    label = "unknown"
    help = "{hint}"

    name: str
    hint: str = ""


class NotAFunction(Problem):
    code = "not-a-function"
    title = "`{name}` is {what}, not a function"
    label = "cannot be called"
    help = "{hint}"

    name: str
    what: str
    hint: str = "to multiply, write `*`; to pick an element, `[ ]`"


class CallsNeeded(Problem):
    code = "calls-needed"
    title = "`{name}` is a function"
    label = "not called"
    help = "call it: `{name}(...)`"

    name: str


class ArgumentCount(Problem):
    code = "argument-count"
    title = "`{name}` takes {wanted}, not {given}"
    label = "{given} given"
    help = "write `{usage}`"

    name: str
    wanted: str
    given: int
    usage: str


class UnknownOption(Problem):
    code = "unknown-option"
    title = "`{name}` has no option `{option}`"
    label = "unknown"
    help = "{hint}"

    name: str
    option: str
    hint: str


class OptionTwice(Problem):
    code = "option-twice"
    title = "the option `{option}` is given twice"
    label = "again"
    help = "keep one of them"

    option: str


class OptionValue(Problem):
    code = "option-value"
    title = "the option `{option}` must be {wanted}"
    label = "is {value}"
    help = "write `{option} = 0.01`"

    option: str
    wanted: str
    value: str


class Recursion(Problem):
    code = "recursion"
    title = "`{name}` calls itself"
    label = "a function cannot call itself, directly or through others"
    help = "write a `for` loop"

    name: str


class MissingResult(Problem):
    code = "missing-result"
    title = "`{name}` has no result"
    label = "the last expression of the body is its result"
    help = "end the body with an expression, without `;`"

    name: str


class SizeUnknown(Problem):
    code = "size-unknown"
    title = "the size `{size}` of `{name}` cannot be told from the arguments"
    label = "no argument says what it is"
    help = "use `{size}` in the kind of a parameter: `x: fix<16, 8>[{size}]`"

    size: str
    name: str


class SizeConflict(Problem):
    code = "size-conflict"
    title = "`{size}` would be both {first} and {second}"
    label = "here it is {second}"
    help = "the sizes of the arguments must agree"

    size: str
    first: int
    second: int


class UnknownParam(Problem):
    code = "unknown-param"
    title = "there is no param `{name}` to override"
    label = "for `-D {name}=...`"
    help = "{hint}"

    name: str
    hint: str


class ParamValue(Problem):
    code = "param-value"
    title = "`{value}` is no value for the param `{name}`"
    label = "{reason}"
    help = "write `-D {name}={example}`"

    name: str
    value: str
    reason: str
    example: str


class ImportMissing(Problem):
    code = "import-missing"
    title = "cannot read `{path}`: {reason}"
    label = "imported here"
    help = "the path is relative to the file that imports it"

    path: str
    reason: str


class ImportCircular(Problem):
    code = "import-circular"
    title = "`{path}` imports itself: {way}"
    label = "closes the circle"
    help = "move what both need into a third file"

    path: str
    way: str


class ImportHolds(Problem):
    code = "import-holds"
    title = "an imported file cannot hold {what}"
    label = "not in an imported file"
    help = "an imported file holds only `param`, `type` and `fn`: move this to the main program"

    what: str


class Unused(Problem):
    code = "unused"
    severity = "warning"
    title = "the {what} `{name}` is never used"
    label = "never read"
    help = "use it or remove it: `{owner}` would have to provide it for nothing"

    what: str
    name: str
    owner: str
