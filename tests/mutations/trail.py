"""Faults of the log and of its audit: damage that is not seen, a name that leaves, refusals without end."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

AUDIT, CHAIN, REPEATED = (f"runtime/ledger/{name}.py" for name in ("audit", "chain", "repeated"))
LOG, REFUSALS, PERMIT = (f"tests/runtime/test_{name}.py" for name in ("log", "refusals", "permit_told"))
OWNERS = f"{LOG}::test_another_owner_or_ledger"
ANEW = f"{LOG}::test_who_hashes_anew_cannot_sign_anew"
ABOVE = f"{LOG}::test_a_charge_above_its_grant_is_told_with_the_sums"
SECRET = f"{LOG}::test_data_sets_go_by_other_names_and_nothing_secret_leaves"

TRAIL = (
    Mutation(
        "a kept checkpoint is not looked at",
        AUDIT,
        "kept.head != done.head:",
        "False:",
        f"{LOG}::test_a_history_that_was_written_anew",
    ),
    Mutation(
        "fewer events than were kept pass",
        AUDIT,
        "done.held.statement.events > done.events",
        "False",
        f"{LOG}::test_an_older_log_is_whole_by_itself",
    ),
    Mutation(
        "a line may have any number",
        AUDIT,
        'if done.head and document["number"] != done.events + 1:',
        "if False:",
        f"{LOG}::test_a_number_that_is_not_the_lines_is_told",
    ),
    Mutation(
        "hashes are not looked at",
        AUDIT,
        'chain.follow(done.head, leaf) != document["hash"]',
        "False",
        f"{LOG}::test_each_damaged_line_is_named_and_no_other",
    ),
    Mutation("the signed head may be another", AUDIT, "(done.head and said.head != done.head)", "False", ANEW),
    Mutation(
        "the end is believed unsigned",
        AUDIT,
        "verify(end, end.statement.key if done.header is None else done.header.key)",
        "pass",
        ANEW,
    ),
    Mutation("whoever signs is the signer", AUDIT, "done.signer != done.header.key", "False", OWNERS),
    Mutation("a kept checkpoint is believed", AUDIT, "verify(held, held.statement.key)", "pass", OWNERS),
    Mutation(
        "no end is a good end",
        AUDIT,
        "    if done.end is None:\n",
        "    if False:\n",
        f"{LOG}::test_no_end_can_be_cut_off",
    ),
    Mutation("the rules are not asked again", AUDIT, "        done.books.check(event)\n", "        pass\n", ABOVE),
    Mutation(
        "what became of a refused run is told as well",
        AUDIT,
        "if isinstance(event, Moved | CutOff) and event.run in done.refused:",
        "if False:",
        ABOVE,
    ),
    Mutation(
        "all events have one salt",
        CHAIN,
        'salt = hmac.digest(key, _SALT + number.to_bytes(8, "big"), "sha256").hex()',
        'salt = "0" * 64',
        f"{LOG}::test_a_guess_of_an_event_cannot_be_tested",
    ),
    Mutation("the other data set keeps its name", CHAIN, '("data", "same_as")', '("data",)', SECRET),
    Mutation("marks leave", CHAIN, '("marks",)', "()", SECRET),
    Mutation(
        "a line may be as long as it likes",
        "runtime/ledger/log.py",
        "file.readline(LONGEST)",
        "file.readline()",
        f"{LOG}::test_only_so_much_is_read",
    ),
    Mutation(
        "every refusal is an event",
        REPEATED,
        "times >= 2 * last.times or",
        "True or",
        f"{REFUSALS}::test_a_thousand_equal_refusals_are_ten_events",
    ),
    Mutation(
        "a refusal of another day is none",
        REPEATED,
        " or event.at - last.at >= DAY",
        "",
        f"{REFUSALS}::test_a_few_refusals_each_day",
    ),
    Mutation(
        "a refused run is forgotten",
        "runtime/party/ledger_permit.py",
        "            note(self._path, self._about.denied(name(error), sums=sums))\n",
        "            pass\n",
        f"{PERMIT}::test_a_refused_run_is_written_down",
    ),
    Mutation(
        "a run begins after its contract's end",
        "runtime/ledger/keeping.py",
        "if not agreed.not_before <= run.at < agreed.expires:",
        "if False:",
        f"{PERMIT}::test_no_run_begins_when_its_contract_has_expired",
    ),
    Mutation(
        "nobody says how a released run's process ended",
        "runtime/ledger/run.py",
        "(*books.open, *books.releasing)",
        "tuple(books.open)",
        f"{PERMIT}::test_how_the_run_of_a_dead_process_ended",
    ),
)
