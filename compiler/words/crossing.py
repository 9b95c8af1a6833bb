"""Operations by which values pass between the parties: what enters, what is told, products as shares."""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC = ""  # the owner of what both parties know


@dataclass(frozen=True, slots=True)
class Enter:
    """A party's local value becomes a joint one."""

    party: str  # or PUBLIC


# what a party is told in the middle of a run
@dataclass(frozen=True, slots=True)
class Learn:
    """A noisy sum of a step, told to a party: from then on a value of its own.

    What is made of it the party makes in the clear, and goes on with: it may take any other numbers instead.
    Cut into shares it has two operands, the garbler's half with the noise and the party's own, whose sum mod 2^w it is.
    """

    party: str
    draw: int  # as of Mechanism
    variable: int  # as of Noise


@dataclass(frozen=True, slots=True)
class Held:
    """A value of the party's own as one that it makes in the clear whatever it is taken for, like what it learns."""

    party: str


@dataclass(frozen=True, slots=True)
class Pooled:
    """What all owners of a data set tell the party of one step, added: the operand, and what it is told in other runs,
    each cut to the numbers that the noisy sum of an owner that is honest hardly ever leaves."""

    party: str
    draw: int  # as of Mechanism
    variable: int  # as of Noise
    most: int  # of this owner, either way; in points of the sum's grid
    together: int  # of all owners
    sizes: tuple[int, ...]  # the batches of all owners, or of a `measure` their rows


# products as shares, see `compiler.joint.shares`


@dataclass(frozen=True, slots=True)
class Ring:
    """The sum of products of the `count` trailing axes, and `more`, mod 2^w for w the width of its signed type.

    Where it is joint and enters as shares, a malicious evaluator adds what it likes: it may have every value of the
    type, and stands in no relation to any other value, not even to another Ring of the same operands.
    """

    count: int
    more: int = 0  # one of the parties adds it to its share: the half that rounds costs nothing here


@dataclass(frozen=True, slots=True)
class Transfer:
    """Both parties' shares of a Ring whose first operand is the garbler's own; only a Share reads it."""

    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """The party's part of a Transfer.  In the clear one is 0 and the other everything, as good a split as any."""

    party: str
    first: bool  # the garbler's, which is the one of 0
