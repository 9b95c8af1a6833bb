"""Faults of `measure`: its rows, its clip, its noise, and what it is charged."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

VERIFY, HOT = "compiler/training/verify.py", "compiler/training/hot.py"
MEASURE, DPSGD = "compiler/training/measure.py", "compiler/training/dpsgd.py"
DRAWS, COST, SOURCES = "runtime/privacy/draws.py", "runtime/privacy/cost.py", "runtime/party/sources.py"
IN_A_RUN, COMPILED = "tests/runtime/test_measure.py", "tests/compiler/test_measures.py"
DISJOINT, STARTS = "tests/runtime/test_disjoint.py", "tests/compiler/test_starts.py"
PROOF = "tests/compiler/test_training_verify.py"
DAMAGE = f"{PROOF}::test_damage_is_refused_by_its_rule"
PASSES = f"{PROOF}::test_what_the_compiler_makes_passes"

MEASURES = (
    Mutation(
        "rows of a sample pass for all rows",
        VERIFY,
        "d.batch, d.slots, d.whole)",
        "d.batch, d.slots, mechanism.whole)",
        DAMAGE,
    ),
    Mutation(
        "a step tells a measure before the end",
        "compiler/flow/leaks.py",
        "    if not op.to:\n        found.update",
        "    if not op.to and not op.whole:\n        found.update",
        f"{STARTS}::test_what_no_receiver_may_be_told_of",
    ),
    Mutation(
        "a step tells what is trained to the end",
        "compiler/flow/leaks.py",
        "    if not op.to:\n        found.update",
        "    if op.whole:\n        found.update",
        f"{STARTS}::test_what_no_receiver_may_be_told_of",
    ),
    Mutation(
        "columns without names are called by where they stand",
        "runtime/data/marks.py",
        "table.names() if table.named else []",
        "table.names()",
        f"{DISJOINT}::test_columns_without_names_may_stand_anywhere",
    ),
    Mutation(
        "two mechanisms share their noise", VERIFY, "if draw in draws:", "if draw in draws and not draws:", DAMAGE
    ),
    Mutation(
        "each measure has the first one's draw",
        "compiler/lowering/lower.py",
        "measure(c.b, s, c.program, value, next(c.trainings))",
        "measure(c.b, s, c.program, value, 0)",
        PASSES,
    ),
    Mutation(
        "all rows are a sample",
        DPSGD,
        "return isinstance(self.train, t.Measure)",
        "return False",
        f"{COMPILED}::test_each_measure_counts_and_in_a_loop_each_iteration",
    ),
    Mutation(
        "a number is clamped to more than the clip",
        MEASURE,
        "most = int(clip / type.scale)",
        "most = int(clip / type.scale) + 1",
        f"{COMPILED}::test_what_cannot_be_longer_is_clipped_for_nothing",
    ),
    Mutation(
        "a vector is added up as it is",
        DPSGD,
        "    scaled = clipped(b, gradients, clip, norms, own, valid if any(revived) else None)\n",
        "    scaled = [masked(b, g, valid, own) for g in gradients]\n",
        PASSES,
    ),
    Mutation(
        "an empty slot counts",
        DPSGD,
        "zeroed = [masked(b, g, valid, own) if r else g for",
        "zeroed = [g for",
        PASSES,
    ),
    Mutation("a sum without its noise", DPSGD, "noisy.append(added(b, total, noise))", "noisy.append(total)", PASSES),
    Mutation(
        "bins alike count once",
        HOT,
        "max(max(Counter(values[offset + start + n] for n in within).values()) for start in starts)",
        "1",
        f"{COMPILED}::test_what_may_be_longer_is_scaled",
    ),
    Mutation(
        "bins for one number each count once",
        HOT,
        "        if _same(items, types, other, axis) and (found",
        "        if (found",
        f"{COMPILED}::test_what_may_be_longer_is_scaled",
    ),
    Mutation(
        "rows stand in the order of the file",
        DRAWS,
        'return place(secret.stream("slots", (draw, *position)), np.arange(n, dtype=np.int64))',
        "return np.arange(n, dtype=np.int64)",
        f"{IN_A_RUN}::test_rows_stand_in_uniformly_random_slots",
    ),
    Mutation(
        "rows stand in one order in all measures",
        DRAWS,
        'return place(secret.stream("slots", (draw, *position)), np.arange(n, dtype=np.int64))',
        'return place(secret.stream("slots", ()), np.arange(n, dtype=np.int64))',
        f"{IN_A_RUN}::test_each_measure_places_its_rows_anew",
    ),
    Mutation(
        "rows too many are left out",
        SOURCES,
        "if draw.whole and n != draw.batch:",
        "if draw.whole and n < draw.batch:",
        f"{IN_A_RUN}::test_another_number_of_rows_is_refused",
    ),
    Mutation(
        "a measure is charged for another number of rows",
        COST,
        "if m.whole and records[m.dataset] != m.slots:",
        "if m.whole and records[m.dataset] < m.slots:",
        f"{IN_A_RUN}::test_it_is_charged_for_its_own_rows",
    ),
    Mutation(
        "a measure in a loop is charged once",
        "compiler/pipeline.py",
        "replace(value.op, steps=times, argument",
        "replace(value.op, argument",
        f"{COMPILED}::test_each_measure_counts_and_in_a_loop_each_iteration",
    ),
    Mutation(
        "a contract for more rows than there are",
        "runtime/contract/terms.py",
        "if m.whole and not m.batch == m.slots == n:",
        "if m.whole and not m.batch <= m.slots <= n:",
        "tests/runtime/test_contract.py::test_forged",
    ),
    Mutation(
        "of disjoint data sets the cheapest is charged",
        "runtime/privacy/accountant.py",
        "return max((_account(some, delta, accuracy) for some in persons(mechanisms)), key=lambda g: g.epsilon)",
        "return min((_account(some, delta, accuracy) for some in persons(mechanisms)), key=lambda g: g.epsilon)",
        f"{DISJOINT}::test_the_dearest_person_is_charged",
    ),
    Mutation(
        "beside disjoint data sets others cost nothing",
        "runtime/privacy/accountant.py",
        "[m for m in mechanisms if not m.apart or m.name in chosen]",
        "[m for m in mechanisms if m.name in chosen]",
        f"{DISJOINT}::test_the_dearest_person_is_charged",
    ),
    Mutation(
        "a record may be in two disjoint data sets",
        SOURCES,
        "        if common := own & seen.keys():",
        "        if (common := own & seen.keys()) == own:",
        f"{DISJOINT}::test_a_record_in_two_of_them_is_refused",
    ),
    Mutation(
        "a contract may say other data sets disjoint",
        "runtime/contract/agree.py",
        "    if compiled.disjoint != terms.disjoint:",
        "    if len(compiled.disjoint) != len(terms.disjoint):",
        f"{DISJOINT}::test_a_contract_says_it",
    ),
    Mutation(
        "nine tenths for 95 %",
        "runtime/report/intervals.py",
        "_Z = 1.959963984540054",
        "_Z = 1.644853626951473",
        f"{IN_A_RUN}::test_the_interval_covers_what_it_says",
    ),
)
