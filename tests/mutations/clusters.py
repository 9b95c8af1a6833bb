"""Faults of clusters: whose rows are whose, what workers answer, who is lost and what goes on, what is wiped."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

CLUSTER = "runtime/cluster"
FAULTS, PARTS, ROWS, SESSIONS, LIFE, SHELVES = (
    f"tests/runtime/test_{name}.py"
    for name in ("cluster_faults", "cluster_parts", "cluster_rows", "cluster_sessions", "lifeline", "shelves")
)
ONCE = f"{ROWS}::test_no_row_is_hashed_under_twice"
ANSWER = f"{SHELVES}::test_an_answer_to_another_question_is_none"
AGAIN = f"{SESSIONS}::test_what_goes_on_is_the_run_that_lost_its_worker"
LABELS = f"{FAULTS}::test_labels_that_were_not_asked_for"

CLUSTERS = (
    Mutation(
        "the first worker has the coordinator's rows",
        f"{CLUSTER}/parts.py",
        "row | (worker + 1) << ROW_BITS",
        "row | worker << ROW_BITS",
        f"{PARTS}::test_rows_are_of_one_worker",
    ),
    Mutation(
        "workers garble under the rows of one",
        f"{CLUSTER}/worker.py",
        "order.iteration, own_rows(self._number, order.base))",
        "order.iteration, order.base)",
        ONCE,
    ),
    Mutation(
        "workers correct under the rows of one",
        f"{CLUSTER}/worker.py",
        "self._side.multiply(order, own_rows(self._number, order.row))",
        "self._side.multiply(order, order.row)",
        ONCE,
    ),
    Mutation(
        "all iterations of a shared loop have one row",
        f"{CLUSTER}/spread.py",
        "base + step.row + index * step.rows)",
        "base + step.row)",
        f"{ROWS}::test_no_row_of_a_shared_loop_is_hashed_under_twice",
    ),
    Mutation(
        "rows may run into a worker's number",
        f"{CLUSTER}/staff.py",
        "        own_rows(MOST, number_rows(plan.steps, plan.kernels)[1])",
        "        own_rows(MOST, 0)",
        f"{ROWS}::test_a_run_of_more_rows_than_stand_below_a_workers_number",
    ),
    Mutation(
        "whoever had a wire before has it still",
        f"{CLUSTER}/holdings.py",
        "self._of(buffer)[wires] = who",
        "self._of(buffer)[wires] |= who",
        f"{PARTS}::test_holdings_are_those_of_a_plain_table",
    ),
    Mutation(
        "a peer may name more workers than it has",
        f"{CLUSTER}/staff.py",
        "len(found) == count and all(map(keys",
        "all(map(keys",
        f"{FAULTS}::test_certificates_that_are_none",
    ),
    Mutation(
        "a door may be any text",
        f"{CLUSTER}/staff.py",
        "_HOST.fullmatch(h) and type(p)",
        "type(p)",
        f"{FAULTS}::test_doors_that_are_none",
    ),
    Mutation(
        "labels of any length are an answer",
        f"{CLUSTER}/hand.py",
        "kind != order or len(payload) != size",
        "kind != order",
        LABELS,
    ),
    Mutation(
        "an answer of any kind is one",
        f"{CLUSTER}/hand.py",
        "kind != order or len(payload) != size",
        "len(payload) != size",
        LABELS,
    ),
    Mutation(
        "a worker's frame of delta is kept",
        f"{CLUSTER}/member.py",
        "            begin.delta.fill(0)\n",
        "",
        f"{FAULTS}::test_a_worker_keeps_one_copy_of_delta",
    ),
    Mutation(
        "the end of a session leaves a worker that sends alone",
        f"{CLUSTER}/member.py",
        "        life.wipes(pair.abort)\n",
        "",
        f"{FAULTS}::test_a_worker_in_the_middle_of_a_send_wipes_at_once",
    ),
    Mutation(
        "a peer's worker may take for ever",
        f"{CLUSTER}/member.py",
        "time.monotonic() + post.whole  #",
        "float('inf')  #",
        f"{FAULTS}::test_a_peer_that_takes_little_ends_with_the_run",
    ),
    Mutation(
        "a lifeline holds for ever",
        f"{CLUSTER}/lifeline.py",
        "        channel.timeout = longest\n",
        "",
        f"{LIFE}::test_it_holds_no_longer_than_a_run",
    ),
    Mutation(
        "what is made after the end is not wiped",
        f"{CLUSTER}/lifeline.py",
        "            if not self._over:\n                return\n",
        "            return\n",
        f"{LIFE}::test_what_is_made_after_the_end_is_wiped_at_once",
    ),
    Mutation(
        "delta shows in what is told to a worker",
        f"{CLUSTER}/words.py",
        "    delta: Labels | None = field(repr=False)",
        "    delta: Labels | None = field()",
        f"{FAULTS}::test_what_is_said_to_workers_does_not_show",
    ),
    Mutation(
        "who is lost is hired again",
        f"{CLUSTER}/sessions.py",
        "                cluster.lose(lost.name)\n",
        "                pass\n",
        f"{SESSIONS}::test_a_run_goes_on_with_those_left",
    ),
    Mutation(
        "a run goes on as often as it likes",
        f"{CLUSTER}/sessions.py",
        "error is lost or not attempts",
        "error is lost",
        f"{SESSIONS}::test_attempts_are_bounded_by_the_workers_of_the_first",
    ),
    Mutation(
        "a run that cannot go on tries again",
        f"{CLUSTER}/sessions.py",
        "error is lost or not attempts",
        "not attempts",
        f"{SESSIONS}::test_a_run_that_cannot_go_on_ends_with_what_it_lost",
    ),
    Mutation(
        "who goes between two roll calls is hired",
        f"{CLUSTER}/sessions.py",
        "                launcher = _left(cluster, lost, roll_call)  #",
        "                _left(cluster, lost, roll_call)  #",
        f"{SESSIONS}::test_what_goes_on_has_workers_of_its_own",
    ),
    Mutation(
        "a run begins with fewer workers than were asked for",
        f"{CLUSTER}/sessions.py",
        "    have(cluster, asked, wait)\n",
        "",
        f"{SESSIONS}::test_whoever_does_not_answer_at_first_is_missed",
    ),
    Mutation(
        "workers of a session that failed are kept",
        f"{CLUSTER}/sessions.py",
        "        staff.end()\n",
        "        pass\n",
        f"{SESSIONS}::test_every_staff_is_let_go",
    ),
    Mutation(
        "a run goes on where nothing was told",
        "runtime/cli/sittings.py",
        "self.side.program.owners or not self.side.own.told",
        "self.side.program.owners",
        f"{SESSIONS}::test_only_behind_a_step_that_was_told",
    ),
    Mutation(
        "what goes on has the batches and the noise of before",
        "runtime/cli/sittings.py",
        "return replace(self, side=side)",
        "return self",
        AGAIN,
    ),
    Mutation(
        "what goes on is the oldest run that was cut",
        "runtime/cli/one_party.py",
        "continues=True, run=before.own.permit.run)",
        "continues=True)",
        AGAIN,
    ),
    Mutation(
        "rows come from the first shelf",
        f"{CLUSTER}/shelves.py",
        "shelf.start, shelf.count = self.count, filled.count",
        "shelf.start, shelf.count = 0, filled.count",
        f"{SHELVES}::test_what_they_have_is_what_one_machine_reads",
    ),
    Mutation(
        "a shelf is asked for the rows that are drawn",
        f"{CLUSTER}/shelves.py",
        "np.zeros(min(len(numbers), shelf.count)",
        "np.zeros(len(wanted)",
        f"{SHELVES}::test_which_rows_are_drawn_does_not_show_in_what_passes",
    ),
    Mutation(
        "a shelf may take as long as a run",
        f"{CLUSTER}/shelves.py",
        "padded.tobytes(), self._limits.rows)",
        "padded.tobytes(), self._limits.whole)",
        f"{SHELVES}::test_a_worker_that_stalls_is_named_while_the_peer_still_waits",
    ),
    Mutation(
        "a shelf may tell of fewer records than it has",
        f"{CLUSTER}/shelves.py",
        "shelf.answer(ask, size * shelf.count)",
        "shelf.answer(ask)",
        f"{SHELVES}::test_a_worker_tells_of_each_of_its_records",
    ),
    Mutation(
        "rows of any length are rows",
        f"{CLUSTER}/shelves.py",
        "kind != ask or size not in (None, len(payload))",
        "kind != ask",
        ANSWER,
    ),
    Mutation(
        "an answer to another question is taken",
        f"{CLUSTER}/shelves.py",
        "kind != ask or size not in (None, len(payload))",
        "size not in (None, len(payload))",
        ANSWER,
    ),
    Mutation(
        "files of two workers may differ",
        f"{CLUSTER}/shelves.py",
        "part.files[0], filled.columns)",
        "part.files[0], first.columns)",
        f"{SHELVES}::test_files_that_differ_are_told_whoever_reads_them",
    ),
    Mutation(
        "a shelf hands out what was read while it changed",
        f"{CLUSTER}/shelf.py",
        "        stamps.check()\n        if len",
        "        if len",
        f"{SHELVES}::test_files_that_change_while_they_are_read_are_told",
    ),
    Mutation(
        "other records are charged than are drawn from",
        f"{CLUSTER}/shelf.py",
        "                self.stamps.check()\n",
        "",
        f"{SHELVES}::test_files_that_change_are_told_when_they_are_read_again",
    ),
)
