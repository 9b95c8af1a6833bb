"""Faults of what is cut into pieces: lanes and bits among threads, a data set among files, its rows on a disk."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

NATIVE = "runtime/execute/native"
THREADS, STRETCH, FILES, DIGESTS, NURSERY = (
    f"tests/runtime/test_{name}.py" for name in ("threads", "native_stretch", "partitions", "digests", "nursery")
)
ONE = f"{THREADS}::test_a_wide_launch_makes_the_bytes_of_one_thread"
BITS = f"{THREADS}::test_corrections_and_shares_are_those_of_one_thread"
BACK = f"{FILES}::test_rows_come_back_as_they_were_put"

PIECES = (
    Mutation(
        "what a thread fails with is nobody's",
        "runtime/execute/threads.py",
        "            each.result()\n",
        "            pass\n",
        f"{THREADS}::test_what_a_part_fails_with_is_raised_when_all_have_ended",
    ),
    Mutation(
        "nobody waits for the other threads",
        "runtime/execute/threads.py",
        "            _ended(begun)\n",
        "            pass\n",
        f"{THREADS}::test_ctrl_c_waits_for_the_others",
    ),
    Mutation(
        "threads outlive their session",
        "runtime/execute/threads.py",
        "            self._others.shutdown()\n",
        "            pass\n",
        f"{THREADS}::test_nobody_is_left_behind",
    ),
    Mutation(
        "the registers of one thread alone are wiped",
        f"{NATIVE}/engine.py",
        "        for registers in self._registers:\n            secret.entrusted(registers)\n",
        "        secret.entrusted(self._registers[0])\n",
        f"{THREADS}::test_the_registers_of_all_are_wiped",
    ),
    Mutation(
        "threads share registers",
        f"{NATIVE}/engine.py",
        "registers = self._registers[part]",
        "registers = self._registers[0]",
        ONE,
    ),
    Mutation(
        "threads of an evaluator share registers",
        f"{NATIVE}/engine.py",
        "memories, self._registers[part], self",
        "memories, self._registers[0], self",
        ONE,
    ),
    Mutation(
        "shares of other threads are lost",
        f"{NATIVE}/shares.py",
        "            first += other\n",
        "            pass\n",
        BITS,
    ),
    Mutation(
        "two buffers have one place",
        f"{NATIVE}/stretch.py",
        "[(start + wires, end)] if",
        "[(start, end)] if",
        f"{STRETCH}::test_the_bytes_are_those_of_one_step_after_the_other",
    ),
    Mutation(
        "more loops than C has room for are taken",
        f"{NATIVE}/stretch.py",
        "DEEPEST, MOST_AXES = 16, 32",
        "DEEPEST, MOST_AXES = 17, 33",
        f"{STRETCH}::test_more_loops_or_axes_than_c_has_room_for_are_run_one_by_one",
    ),
    Mutation(
        "files are read in another order",
        "runtime/data/partitions.py",
        "found = sorted(glob(path))",
        "found = sorted(glob(path), reverse=True)",
        f"{FILES}::test_files_are_read_in_the_order_of_their_names",
    ),
    Mutation(
        "a file's records may count twice",
        "runtime/data/partitions.py",
        "(at.st_dev, at.st_ino)",
        "(len(seen), at.st_ino)",
        f"{FILES}::test_one_file_by_two_names_is_refused",
    ),
    Mutation(
        "columns of two files are compared by name alone",
        "runtime/data/partitions.py",
        '`: {table.types[column.block]}"',
        '`"',
        f"{FILES}::test_columns_that_differ_are_refused",
    ),
    Mutation(
        "a file may be empty",
        "runtime/data/partitions.py",
        "if before == self.starts[number]:",
        "if before < self.starts[number]:",
        f"{FILES}::test_a_file_without_rows_is_refused",
    ),
    Mutation(
        "a bad row is told of the file before",
        "runtime/data/partitions.py",
        "bisect_right(self.starts, row - 1) - 1",
        "bisect_right(self.starts, row - 2) - 1",
        f"{FILES}::test_a_bad_first_row_is_told_with_its_file",
    ),
    Mutation(
        "a file that comes while others are read is not told",
        "runtime/data/unchanged.py",
        "if after != marks:",
        "if any(after.get(each) != mark for each, mark in marks.items()):",
        f"{FILES}::test_a_file_that_changes_goes_or_comes_is_told",
    ),
    Mutation(
        "a link may lead elsewhere meanwhile",
        "runtime/data/unchanged.py",
        "Path(file).stat(), Path(file).lstat()",
        "Path(file).stat(), Path(file).stat()",
        f"{FILES}::test_a_link_that_led_elsewhere_meanwhile_is_told",
    ),
    Mutation(
        "rows come in the order in which they lie",
        "runtime/data/rows.py",
        "found[order[start:stop]] =",
        "found[start:stop] =",
        f"{FILES}::test_rows_come_in_the_order_in_which_they_are_asked_for",
    ),
    Mutation(
        "a row that is asked for twice is read with the next",
        "runtime/data/rows.py",
        "prepend=ascending[0] - 2) != 1)",
        "prepend=ascending[0] - 2) > 1)",
        BACK,
    ),
    Mutation(
        "records of all runs are enciphered alike",
        "runtime/data/spool.py",
        "self._key = os.urandom(_BLOCK)",
        "self._key = bytes(_BLOCK)",
        f"{FILES}::test_what_is_in_the_file_says_nothing",
    ),
    Mutation(
        "a copy that was cut short is what it is",
        "runtime/data/spool.py",
        "if len(found) != skipped + count:",
        "if not found:",
        f"{FILES}::test_a_copy_that_was_cut_short_is_told",
    ),
    Mutation(
        "digests are in the order of the records",
        "runtime/data/digests.py",
        "    _split(digests, size).sort()\n",
        "    _split(digests, size)\n",
        f"{DIGESTS}::test_in_order",
    ),
    Mutation(
        "a record in both is in both as often as in the one",
        "runtime/data/digests.py",
        "np.minimum(times, other_times[at])[many",
        "times[many",
        f"{DIGESTS}::test_in_common",
    ),
    Mutation(
        "a party holds the end of another's life",
        "runtime/party/begin.py",
        "            other.close()\n",
        "            pass\n",
        f"{NURSERY}::test_when_the_nursery_is_killed_each_of_its_parties_is_given_up",
    ),
)
