"""Faults of several owners: what is added up, for whom is waited, and what each is charged."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

POOL, BESIDE = "runtime/execute/pool.py", "runtime/execute/beside.py"
EVERYONE = "runtime/report/everyone.py"
POOLS, ADVERSARY = "tests/runtime/test_pool.py", "tests/runtime/test_owners_adversary.py"
COMPILED, PRIVACY = "tests/compiler/test_owners.py", "tests/runtime/test_owners_privacy.py"
DISJOINT = f"{PRIVACY}::test_a_person_in_disjoint_sets_is_in_one_of_them_at_each_owner"

OWNERS = (
    Mutation(
        "a sum that no honest owner tells counts whole",
        POOL,
        "np.clip(exact, -at.most, at.most)",
        "exact",
        f"{ADVERSARY}::test_a_sum_of_garbage_counts_no_more_than_an_honest_one_could",
    ),
    Mutation(
        "the sums of many owners wrap around",
        POOL,
        "at.together < 1 << 63",
        "at.together < 1 << 70",
        f"{POOLS}::test_many_owners_at_the_edge_of_what_64_bits_hold",
    ),
    Mutation(
        "a sum of all owners is forgotten while its step goes on",
        POOL,
        "if came and (draw, position) not in latest:",
        "if came:",
        f"{POOLS}::test_a_sum_stays_what_it_was_whoever_leaves_since",
    ),
    Mutation(
        "sums of all owners are kept for ever",
        POOL,
        "                del self._meetings[draw, variable, position]\n",
        "                pass\n",
        f"{POOLS}::test_memory_does_not_grow_with_the_steps",
    ),
    Mutation(
        "an owner that is gone counts on",
        POOL,
        "        if owner in self._gone:\n",
        "        if not self._owners:\n",
        f"{POOLS}::test_who_is_gone_counts_no_more_even_if_it_comes",
    ),
    Mutation(
        "one that is slow lets the others give up",
        POOL,
        "OF_STALL = 0.75",
        "OF_STALL = 1.5",
        f"{ADVERSARY}::test_a_bank_that_says_nothing_is_left_behind_before_the_others_give_up",
    ),
    Mutation(
        "Ctrl-C leaves runs behind",
        BESIDE,
        '            run.end("it was interrupted here")\n',
        "            pass\n",
        f"{POOLS}::test_ctrl_c_ends_all_of_them",
    ),
    Mutation(
        "owners are charged although one of them refuses",
        "runtime/session/session.py",
        "        self.follow.gather()",
        "        pass",
        f"{ADVERSARY}::test_a_bank_with_the_program_of_another_is_refused",
    ),
    Mutation(
        "all owners draw one noise of one seed",
        "runtime/privacy/randomness.py",
        'f"{seed}\\0{owner}" if owner else str(seed)',
        "str(seed)",
        f"{ADVERSARY}::test_one_seed_gives_each_bank_batches_and_noise_of_its_own",
    ),
    Mutation(
        "the mean is over one owner's batch",
        "compiler/training/dpsgd.py",
        "sum(s.batches) or s.batch",
        "s.batch",
        f"{COMPILED}::test_the_divisor_is_that_of_all_of_them",
    ),
    Mutation(
        "the others' sums are added to another sum",
        "compiler/training/verify.py",
        "source.op != Learn(party, draw, variable)",
        "not isinstance(source.op, Learn)",
        f"{COMPILED}::test_damaged_words_are_refused",
    ),
    Mutation(
        "the others' sums are added to what is nobody's",
        "compiler/words/verify.py",
        "isinstance(item.op, Held | Pooled)",
        "isinstance(item.op, Held)",
        f"{COMPILED}::test_the_words_themselves_refuse_what_the_owner_would_lose_by",
    ),
    Mutation(
        "noise of every owner is drawn by the first",
        "lang/checker/owners.py",
        "replace(statement, drawn_by=drawn_by, batch=statement.batches[place])",
        "replace(statement, batch=statement.batches[place])",
        "tests/lang/test_owners.py::test_it_is_that_of_one_owner",
    ),
    Mutation(
        "the rows of every owner are counted as the first one's",
        "lang/checker/owners.py",
        "rows=statement.each[place]",
        "rows=statement.each[0]",
        "tests/lang/test_owners.py::test_it_is_that_of_one_owner",
    ),
    Mutation(
        "a person is in the same part at every owner",
        EVERYONE,
        'name=f"{name}.{m.name}", apart=frozenset(f"{name}.{other}" for other in m.apart)',
        "name=m.name, apart=m.apart",
        DISJOINT,
    ),
    Mutation(
        "a person at all owners pays at one of them",
        EVERYONE,
        "[m for program, records in parts for m in _named(program, records)]",
        "[m for program, records in parts[:1] for m in _named(program, records)]",
        f"{PRIVACY}::test_everywhere_is_the_closed_form_where_nothing_is_sampled",
    ),
)
