"""Faults of `release = step`: what is told, under which noise, and where its variables start."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

VERIFY, CUT = "compiler/training/verify.py", "compiler/joint/verify.py"
START, TOLD, PLAN = "compiler/training/start.py", "compiler/joint/told.py", "compiler/schedule/shares.py"
DAMAGED, STARTS = "tests/compiler/test_steps_damaged.py", "tests/compiler/test_starts.py"
NOISES = f"{DAMAGED}::test_two_sums_have_noises_of_their_own"
SHARES, PLANS = f"{DAMAGED}::test_damaged_shares_are_refused", f"{DAMAGED}::test_damaged_plans_are_refused"
REFUSED = f"{STARTS}::test_what_no_receiver_may_be_told_of"

TOLD_STEPS = (
    Mutation(
        "two sums of one step have one noise",
        VERIFY,
        "op.variable) for op in ops}) == len(ops)",
        "op.variable) for op in ops}) <= len(ops)",
        NOISES,
    ),
    Mutation(
        "a mechanism of fewer numbers than there are",
        VERIFY,
        "need(sorted(sizes) == sorted(mechanism.sizes),",
        "need(len(sizes) >= len(mechanism.sizes),",
        NOISES,
    ),
    Mutation(
        "what is told belongs to another mechanism",
        VERIFY,
        "(party, draw) != (mechanism.to, mechanism.draw)",
        "party != mechanism.to",
        f"{DAMAGED}::test_damaged_words_are_refused",
    ),
    Mutation(
        "an input is told in the middle",
        VERIFY,
        "if isinstance(item.op, Ring | Mechanism | Learn | Pooled):",
        "if isinstance(item.op, Ring | Mechanism | Pooled):",
        f"{DAMAGED}::test_nothing_is_told_outside_of_the_steps",
    ),
    Mutation(
        "sums are told to whose rows they are of",
        VERIFY,
        'need(party != mechanism.to, "rows that are told to their owner")',
        "pass",
        f"{DAMAGED}::test_the_owner_is_told_nothing",
    ),
    Mutation(
        "a share is told with some noise",
        CUT,
        "if entries.told != hidden:",
        "if entries.told.total() != hidden.total():",
        SHARES,
    ),
    Mutation(
        "a row's share is told",
        CUT,
        "        self._read_by_nothing_else(added.args[0])\n",
        "",
        SHARES,
    ),
    Mutation(
        "the noise of a share is read otherwise",
        CUT,
        " or self.readers[added.args[1]] != [ring.args[0]]:",
        ":",
        SHARES,
    ),
    Mutation(
        "noise of no weight hides a share in a plan",
        PLAN,
        " and all(added.op.coefficients)",
        "",
        PLANS,
    ),
    Mutation(
        "one noise hides two shares in a plan",
        PLAN,
        "        self.noises |= fresh\n",
        "",
        PLANS,
    ),
    Mutation(
        "shares are told with the noise of both",
        TOLD,
        "if not isinstance(noise, Value) or not isinstance(noise.op, Noise):",
        "if not isinstance(noise, Value):",
        f"{DAMAGED}::test_joint_noise_is_opened_and_not_handed",
    ),
    Mutation("variables start at anybody's input", START, " if owner == party:", ":", REFUSED),
    Mutation("variables start at what was not told", START, "told(trained) == party", "True", REFUSED),
    Mutation(
        "the start of a variable is made in the circuit",
        START,
        "copies[number] = b.add(Held(party), (number,), item.type)\n            case Value(op=op)",
        "copies[number] = number\n            case Value(op=op)",
        f"{STARTS}::test_a_start_that_its_receiver_makes",
    ),
    Mutation(
        "sums without noise are told",
        "lang/checker/clauses.py",
        "    if not noise:\n",
        "    if noise < 0:\n",
        "tests/compiler/test_updates.py::test_no_sum_is_told_without_noise",
    ),
    Mutation(
        "what one party makes alone lies in no buffer",
        "compiler/joint/locality.py",
        "return replace(item, args=(self.dense(item.args[0]),))",
        "return self.moved(item)",
        "tests/properties/test_steps_hold.py::test_sums_that_one_party_makes_alone_are_told",
    ),
)
