"""Faults of policies: a rule that is not looked at, a sum that is not taken, a policy that is forgotten."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

HOLD, SPELL = "runtime/policy/hold.py", "runtime/policy/spell.py"
POLICIES_OF, CHARGES, BOOKS = (f"runtime/ledger/{name}.py" for name in ("policies", "charges", "books"))
RULED, PERMIT, RUN = "runtime/party/ruled.py", "runtime/party/ledger_permit.py", "runtime/ledger/run.py"
EACH = "tests/runtime/test_policy.py::test_each_rule_refuses"
ONE_STEP = "tests/runtime/test_policy.py::test_each_bound_is_one_step_from_what_passes_to_what_is_refused"
LAST = "tests/runtime/test_policy.py::test_what_is_allowed_passes"
LEDGER, GATES = "tests/runtime/test_policy_ledger.py", "tests/e2e/test_policy_gates.py"
DIGEST = "tests/runtime/test_policy_read.py::test_whatever_is_changed_makes_another_digest"

POLICIES = (
    Mutation("an expired policy holds", HOLD, "    if policy.expired(now):", "    if False:", EACH),
    Mutation("it is in force a day less", "runtime/policy/rules.py", "now.date() > self", "now.date() >= self", LAST),
    Mutation(
        "a run is not held against its contract's rules", HOLD, "_agreement(policy, proposal.agreement)", "()", EACH
    ),
    Mutation("the largest epsilon is not allowed", HOLD, "asked.epsilon > most", "asked.epsilon >= most", LAST),
    Mutation("more is asked and less is refused", HOLD, "asked.epsilon > most", "4 > asked.epsilon > most", ONE_STEP),
    Mutation("delta is not bounded", HOLD, "asked.delta > policy.delta", "False", EACH),
    Mutation("1/n is allowed", HOLD, "if name := too_large(asked.delta, records):", 'if name := "":', EACH),
    Mutation("noise is not looked at", HOLD, "noise < policy.least_noise", "False", EACH),
    Mutation("any purpose passes", HOLD, "if policy.purposes and agreed.purpose", "if False and agreed.purpose", EACH),
    Mutation("any reveal passes", HOLD, "sorted(reveals - set(policy.reveal))", "()", EACH),
    Mutation("no report is needed", HOLD, "policy.report and report is None", "False", EACH),
    Mutation("the last of all data sets counts", HOLD, "in run.data:", "in run.data[-1:]:", EACH),
    Mutation("a digest of the amounts alone", SPELL, "text.encode()", "text[99:].encode()", DIGEST),
    Mutation(
        "a remembered policy is believed",
        SPELL,
        "    if _digest(text) != name:",
        "    if False:",
        "tests/runtime/test_policy_read.py::test_a_remembered_policy_is_the_one_of_its_digest",
    ),
    Mutation(
        "a consumer's runs do not add up",
        CHARGES,
        "    yield of_consumer(run.consumer)\n",
        "",
        f"{LEDGER}::test_all_runs_of_a_consumer_add_up_whichever_data_they_read",
    ),
    Mutation(
        "a run is held against what was before it",
        BOOKS,
        "self._charges.total(scope) + self._charges.more(scope, run)",
        "self._charges.total(scope)",
        f"{LEDGER}::test_all_runs_on_a_data_set_add_up_whoever_makes_them",
    ),
    Mutation(
        "nobody asks when a run is reserved",
        RUN,
        "            rules(books, started)\n",
        "",
        f"{LEDGER}::test_deltas_add_up_too",
    ),
    Mutation(
        "they are asked before what died is given back",
        RUN,
        "        yield from list(_given_back(ledger, books, name))\n        yield event(books)\n",
        "        made = event(books)\n        yield from list(_given_back(ledger, books, name))\n        yield made\n",
        f"{LEDGER}::test_what_dead_processes_held_is_given_back_first",
    ),
    Mutation(
        "a grant forgets its policy",
        POLICIES_OF,
        "            if self._adopted:\n",
        "            if False:\n",
        f"{LEDGER}::test_what_is_granted_under_a_policy_stays_under_it",
    ),
    Mutation(
        "an older version takes its place",
        POLICIES_OF,
        "new.version < old.version",
        "False",
        f"{LEDGER}::test_what_is_granted_under_a_policy_stays_under_it",
    ),
    Mutation(
        "a run is under any policy",
        BOOKS,
        "            self.policies.same(self.under(data), run.policy)\n",
        "            pass\n",
        f"{LEDGER}::test_under_which_policy_a_run_may_start",
    ),
    Mutation(
        "any file is the contract's policy",
        RULED,
        "given is not None and digest(given) != terms.policy",
        "False",
        f"{LEDGER}::test_the_policy_of_a_contract",
    ),
    Mutation(
        "a policy that nobody has holds",
        RULED,
        "    if owner:\n",
        "    if False:\n",
        f"{GATES}::test_run_without_the_policy",
    ),
    Mutation(
        "expiry is looked at once",
        PERMIT,
        "            hold(self._policy, agreement(self._terms), now())\n",
        "            pass\n",
        f"{GATES}::test_a_policy_that_expires_while_the_run_is_on",
    ),
)
