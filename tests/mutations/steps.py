"""Faults of steps that are told one by one: what the ledger counts, who may go on, and from where."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

SESSIONS, BOOKS, RUN = "runtime/ledger/sessions.py", "runtime/ledger/books.py", "runtime/ledger/run.py"
PERMIT, WALK, LOG = "runtime/party/ledger_permit.py", "runtime/execute/walk.py", "runtime/party/step_log.py"
SESSION, ENDS, HELLO = "runtime/session/session.py", "runtime/session/ends.py", "runtime/session/hello.py"
OF_LEDGER, OF_RUN = "tests/runtime/test_ledger_steps.py", "tests/runtime/test_continue.py"
OF_LOG = "tests/runtime/test_step_log.py"
STOPPER = "tests/runtime/test_stopper.py::test_the_best_stopper_learns_no_more_than_was_granted"
STOPS, ENDINGS, COST = "runtime/contract/stops.py", "runtime/ledger/endings.py", "runtime/contract/cost.py"
OF_STOPS, OF_COMMAND = "tests/runtime/test_named_stops.py", "tests/runtime/test_stops_command.py"
STOPPER_OF_STOPS = "tests/runtime/test_stopper.py::test_the_best_stopper_of_named_stops_learns_no_more_than_was_granted"
ONCE = f"{OF_LEDGER}::test_whatever_happens_each_index_is_told_once"
LOST = f"{OF_RUN}::test_a_step_that_is_lost_on_its_way_is_spent"
DAMAGED = f"{OF_LOG}::test_a_damaged_log_is_told"

STEPS = (
    Mutation(
        "steps that are not used are given back",
        BOOKS,
        "    State.RELEASING: frozenset({State.FINISHING, State.STOPPED, State.RELEASED}),\n",
        "    State.RELEASING: frozenset({State.FINISHING, State.STOPPED, State.RELEASED, State.ABORTED}),\n",
        ONCE,
    ),
    Mutation(
        "a run that was cut after its first step is given back whole",
        RUN,
        '[Moved(at=now(), run=self.name, state="releasing")] if first else []',
        "[]",
        f"{OF_LEDGER}::test_the_whole_run_is_charged_with_its_first_step",
    ),
    Mutation(
        "a run is charged with its second step",
        RUN,
        "first = books.states[self.name] is State.LABELS_SENT",
        "first = books.states[self.name] is State.LABELS_SENT and index > 0",
        STOPPER,
    ),
    Mutation("an index is told again", SESSIONS, "if event.index != spent:", "if event.index > spent:", ONCE),
    Mutation(
        "an index is left out",
        SESSIONS,
        "if event.index != spent:",
        "if event.index < spent:",
        f"{OF_LEDGER}::test_steps_come_in_their_order_and_once",
    ),
    Mutation(
        "one step more than there are",
        SESSIONS,
        "if spent >= started.steps:",
        "if spent > started.steps:",
        f"{OF_LEDGER}::test_t_in_all_whatever_number_of_sessions",
    ),
    Mutation(
        "steps after the end",
        SESSIONS,
        "        if state is not State.RELEASING:\n",
        "        if state not in (State.RELEASING, State.FINISHING):\n",
        f"{OF_LEDGER}::test_t_in_all_whatever_number_of_sessions",
    ),
    Mutation(
        "a session goes on from where another one has been",
        SESSIONS,
        "if event.index != self.spent[event.run]:",
        "if event.index > self.spent[event.run]:",
        f"{OF_LEDGER}::test_one_who_has_looked_too_long",
    ),
    Mutation(
        "attempts without end",
        SESSIONS,
        "if self.attempts.get(event.run, 0) >= MOST_SESSIONS:",
        "if self.attempts.get(event.run, 0) > 2 * MOST_SESSIONS:",
        f"{OF_LEDGER}::test_the_attempts_are_bounded",
    ),
    Mutation(
        "a blocked contract's run is gone on with",
        BOOKS,
        "                self.may_go_on(self._started(event.run).contract)\n                self._may_tell",
        "                self._may_tell",
        f"{OF_LEDGER}::test_a_contract_that_is_over_has_no_further_step",
    ),
    Mutation(
        "a blocked contract's run goes on",
        BOOKS,
        "                self.may_go_on(self._started(event.run).contract)\n                self.sessions.may_step",
        "                self.sessions.may_step",
        f"{OF_LEDGER}::test_a_contract_that_is_over_has_no_further_step",
    ),
    Mutation(
        "two sessions of one run at a time",
        RUN,
        "                os.close(self._handle)\n                raise _busy() from None\n",
        "                return\n",
        f"{OF_LEDGER}::test_one_session_at_a_time",
    ),
    Mutation(
        "a noisy sum leaves before its step is spent",
        ENDS,
        "            self._permit.releasing_step(sum.index)\n            self._traffic.outputs += len(payload)\n"
        "            self._guard.send(Frame.NOISY_SUM, payload)\n",
        "            self._traffic.outputs += len(payload)\n            self._guard.send(Frame.NOISY_SUM, payload)\n"
        "            self._permit.releasing_step(sum.index)\n",
        "tests/runtime/test_continue.py::test_nothing_of_a_step_leaves_before_it_is_spent",
    ),
    Mutation(
        "a step is spent with each of its sums",
        PERMIT,
        "        if index != self._spent:\n            super().releasing_step(index)\n",
        "        if True:\n            super().releasing_step(index)\n",
        "tests/runtime/test_continue.py::test_a_step_is_spent_once_whatever_it_tells",
    ),
    Mutation(
        "the contract may expire between steps",
        PERMIT,
        "    def releasing_step(self, index: int) -> None:\n        self._in_time()\n",
        "    def releasing_step(self, index: int) -> None:\n        pass\n",
        "tests/runtime/test_continue.py::test_a_contract_that_expires_between_two_steps",
    ),
    Mutation(
        "a session that goes on makes all steps again",
        WALK,
        "training.first + index < self._follow.first",
        "training.first + index < 0",
        LOST,
    ),
    Mutation(
        "the owner goes on from a step of the peer's choice",
        SESSION,
        "self._begin(hello if self.role is Role.GARBLER else peer)",
        "self._begin(peer if self.role is Role.GARBLER else hello)",
        LOST,
    ),
    Mutation(
        "steps are skipped without --continue",
        SESSION,
        "if garbler.first > steps or (garbler.first and not garbler.continues):",
        "if garbler.first > steps:",
        "tests/runtime/test_continue.py::test_a_peer_that_begins_in_the_middle",
    ),
    Mutation(
        "one side alone goes on",
        HELLO,
        "    if mine.continues != theirs.continues:\n",
        "    if mine.continues and not theirs.continues and not mine.contract:\n",
        f"{OF_RUN}::test_both_sides_say_that_they_go_on",
    ),
    Mutation("a damaged step is read", LOG, " or content != self._sealed(index, payload)", "", DAMAGED),
    Mutation(
        "a step that is gone was lost", LOG, "if not there.isdisjoint(range(index, cut)):", "if not cut:", DAMAGED
    ),
    Mutation(
        "steps behind the ledger's are forgotten",
        LOG,
        "if any(index >= first for index in there):",
        "if any(index > first for index in there):",
        f"{OF_LOG}::test_a_ledger_that_was_put_back_is_told",
    ),
    Mutation(
        "noisy sums are kept after they were used",
        WALK,
        "            if index >= self._follow.first:\n                self._follow.log.learned(index, sums)\n"
        "            before = [self._word(number) for number in step.targets]\n"
        "            values = self._follow.drive(Made(index, sums, before, values))\n",
        "            before = [self._word(number) for number in step.targets]\n"
        "            values = self._follow.drive(Made(index, sums, before, values))\n"
        "            if index >= self._follow.first:\n                self._follow.log.learned(index, sums)\n",
        f"{OF_LOG}::test_a_log_that_cannot_be_written_ends_the_session_there",
    ),
    Mutation(
        "a step follows upon the end of a run",
        BOOKS,
        "    State.STOPPED: frozenset(),\n",
        "    State.STOPPED: frozenset({State.FINISHING}),\n",
        f"{OF_STOPS}::test_an_ended_run_never_steps_again",
    ),
    Mutation(
        "steps are told of a run that was ended",
        SESSIONS,
        "        if state is not State.RELEASING:\n",
        "        if state not in (State.RELEASING, State.STOPPED):\n",
        f"{OF_STOPS}::test_an_ended_run_never_steps_again",
    ),
    Mutation(
        "a run that was ended is gone on with",
        SESSIONS,
        "if state is not State.RELEASING or event.run not in self._contracts:",
        "if state is State.FINISHING:",
        f"{OF_STOPS}::test_an_ended_run_never_steps_again",
    ),
    Mutation(
        "the stop before the last step is charged",
        STOPS,
        "for at, cost in endings if at >= steps)",
        "for at, cost in endings if at >= min(steps, endings[-1][0]) // 2)",
        STOPPER_OF_STOPS,
    ),
    Mutation(
        "of delta a stop's part is charged",
        ENDINGS,
        "budget(stops.after(costs, spent, run.cost.delta))",
        "budget(stops.after(costs, spent, min(cost.delta for _, cost in costs)))",
        STOPPER_OF_STOPS,
    ),
    Mutation(
        "the parts of delta are more than the whole",
        STOPS,
        "if (found := sum((part for _, part in named), Fraction(0))) != delta:",
        "if (found := sum((part for _, part in named), Fraction(0))) < delta:",
        f"{OF_STOPS}::test_stops_that_do_not_fit_are_refused",
    ),
    Mutation(
        "a stop costs what its steps do at the whole delta",
        COST,
        "(steps, cost(program, records, part, told=steps)) for",
        "(steps, cost(program, records, sum((p for _, p in named), Fraction(0)), told=steps)) for",
        f"{OF_COMMAND}::test_what_stops_cost_is_told_beforehand",
    ),
    Mutation(
        "an end counts the steps before the last one",
        BOOKS,
        "ended(started, self.sessions.spent.get(run, 0))",
        "ended(started, self.sessions.spent.get(run, 0) - 1)",
        f"{OF_STOPS}::test_what_is_given_back",
    ),
    Mutation(
        "the whole run is charged less than its last stop",
        ENDINGS,
        "run.cost == run.charge == ended(run, run.steps).charge",
        "run.cost == run.charge",
        f"{OF_STOPS}::test_stops_that_do_not_fit_are_refused",
    ),
    Mutation(
        "a run has other stops than its contract",
        "runtime/ledger/keeping.py",
        "Stop(steps=ending.steps, delta",
        "Stop(steps=ending.steps + ending.steps % 2, delta",
        f"{OF_STOPS}::test_a_run_has_the_stops_of_its_contract",
    ),
    Mutation(
        "a blocked contract gives back",
        BOOKS,
        "            self._not_blocked(started.contract)\n            may_end",
        "            may_end",
        f"{OF_STOPS}::test_a_blocked_contract_gives_nothing_back_and_a_revoked_one_does",
    ),
    Mutation(
        "a run is ended under its session's feet",
        RUN,
        "            first = first or busy\n            continue\n",
        "            first = first or busy\n            lock = _Lock(_lock_path(ledger, name[16:]))\n",
        f"{OF_STOPS}::test_a_live_session_is_not_ended_and_one_without_its_lock_steps_no_further",
    ),
)
