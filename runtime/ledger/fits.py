"""Whether amounts fit: what is asked, taken and bound, with the sums that a refusal tells."""

from __future__ import annotations

from lang.numerals import spelled
from runtime.contract.amounts import Spend
from runtime.contract.refused import Refused


def fits(reason: str, what: str, asked: Spend, taken: Spend, bound: Spend, verb: str, mend: str = "") -> None:
    """Raises Refused; `mend` is the command that gives more, but for the amount."""
    if (taken + asked).within(bound):
        return
    left = bound - taken
    room = left.epsilon > 0 and left.delta > 0
    help = (
        f"what fits: epsilon at most {spelled(left.epsilon)}, delta at most {spelled(left.delta)}"
        if room
        else f"nothing is left to {verb}"
    )
    if room and verb == "run":
        help += "; `ccr privacy` says with what noise, or for how many steps"
    if mend:
        enough = bound.larger(taken + asked)
        help += f"; `{mend} --epsilon {spelled(enough.epsilon)} --delta {spelled(enough.delta)}` would allow it"
    raise Refused(reason, what, help=help, sums={"bound": bound, "charged": taken, "asked": asked, "left": left})


def not_below(what: str, taken: Spend, bound: Spend) -> None:
    if not taken.within(bound):
        raise Refused(
            f"below-{what}",
            f"more than that is {what} already",
            help=f"give at least {taken}",
            sums={what: taken, "asked": bound},
        )


def below_one(amount: Spend) -> Spend:
    if amount.delta >= 1:
        raise Refused("delta-not-below-1", "a delta of 1 or more promises nothing")
    return amount
