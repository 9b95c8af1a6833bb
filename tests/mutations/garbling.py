"""Faults of garbled circuits: rows, tweaks, labels, the label secret."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

HASH, PORTABLE, WALK = "runtime/crypto/hash.py", "runtime/execute/portable.py", "runtime/execute/walk.py"
JOINT = "runtime/execute/joint.py"
SECRET, ROWS, YAO = "runtime/crypto/secret.py", "compiler/schedule/rows.py", "runtime/execute/yao.py"
PRODUCTS = "runtime/execute/products.py"
TWEAKS, WIPED = "tests/runtime/test_tweaks.py", "tests/runtime/test_wiped.py"
SESSIONS = "tests/runtime/test_two_sessions.py::test_two_sessions_share_no_delta_seed_point_or_label"
HASHED = "tests/runtime/test_hash.py::test_every_lane_and_half"
ONE_PAIR = f"{TWEAKS}::test_no_row_and_tweak_serve_two_pairs_of_labels"
IN_AND_AFTER_LOOPS = "tests/compiler/test_rows.py::test_no_row_is_used_twice_in_and_after_nested_loops"
ONE_SIDED, KNOWN = "tests/runtime/test_one_sided.py", "tests/compiler/test_knowledge.py"
HALVES, KNOWLEDGE = "runtime/execute/one_sided.py", "compiler/schedule/knowledge.py"
WALKED_ROWS = "tests/runtime/test_walk.py::test_no_row_is_used_twice_and_none_is_left_out"

GARBLING = (
    Mutation(
        "launches take no rows",
        ROWS,
        "row += table_rows(kernels[step.kernel], lane_count(step))",
        "row += 0",
        IN_AND_AFTER_LOOPS,
    ),
    Mutation("a Repeat is counted once", ROWS, "row += step.count * rows", "row += rows", IN_AND_AFTER_LOOPS),
    Mutation("products take no rows", ROWS, "row += step.transfer.rows", "row += 0", ONE_PAIR),
    Mutation(
        "every iteration has the first one's rows",
        WALK,
        "base + step.row + index * step.rows",
        "base + step.row",
        ONE_PAIR,
    ),
    Mutation("every tile has the first one's rows", JOINT, "row += and_gates", "row += 0", WALKED_ROWS),
    Mutation(
        "a body's rows begin at zero",
        JOINT,
        "self._launch(step, iteration, base + step.row)",
        "self._launch(step, iteration, step.row)",
        WALKED_ROWS,
    ),
    Mutation(
        "what a loop leaves lies where another buffer of it lay",
        "runtime/execute/native/stretch.py",
        "        for buffer in sorted(left(body(step), ())):\n            self._place(buffer)\n",
        "",
        "tests/runtime/test_native_stretch.py::test_what_a_loop_leaves_has_a_place_of_its_own",
    ),
    Mutation(
        "every bit of a word has the first one's rows",
        PRODUCTS,
        "BitHash(self._seed, row + bit * shape.rows_of_a_bit, shape)\n            permute",
        "BitHash(self._seed, row, shape)\n            permute",
        ONE_PAIR,
    ),
    Mutation(
        "one tweak for all blocks of a word",
        PRODUCTS,
        "(word * shape.blocks + np.arange(shape.blocks))",
        "(word + 0 * np.arange(shape.blocks))",
        "tests/runtime/test_products.py::test_no_row_and_tweak_serves_two_labels",
    ),
    Mutation(
        "threads of a product do the same bits",
        "runtime/execute/native/shares.py",
        "labels, bits, part, form.parts, delta",
        "labels, bits, 0, form.parts, delta",
        "tests/runtime/test_native_products.py::test_windows_and_threads_change_no_byte",
    ),
    Mutation("one key for all rows", HASH, "(self._seed ^ row)", "(self._seed)", HASHED),
    Mutation(
        "lanes alike", HASH, "2 * np.arange(lanes, dtype=np.uint64)", "0 * np.arange(lanes, dtype=np.uint64)", HASHED
    ),
    Mutation(
        "halves alike", HASH, "np.array(halves, dtype=np.uint64)", "0 * np.array(halves, dtype=np.uint64)", HASHED
    ),
    Mutation(
        "the hash does not feed forward",
        HASH,
        "        np.bitwise_xor(self.output, self._inner, self.output)\n",
        "",
        HASHED,
    ),
    Mutation(
        "delta is constant for the process",
        SECRET,
        "        return LabelSecret(fresh_delta())",
        "        return LabelSecret(np.full((1, 2), 0x1234567812345679, dtype=np.uint64))",
        SESSIONS,
    ),
    Mutation(
        "delta without its permute bit",
        "runtime/crypto/labels.py",
        "    delta[0, 0] |= np.uint64(1)\n",
        "",
        "tests/runtime/test_labels.py::test_delta_is_fresh_and_has_its_permute_bit",
    ),
    Mutation(
        "public seeds are constant",
        SECRET,
        "PublicSeeds(secrets.token_bytes(HASH_SEED_BYTES), secrets.token_bytes(SEED_BYTES))",
        "PublicSeeds(bytes(HASH_SEED_BYTES), bytes(SEED_BYTES))",
        SESSIONS,
    ),
    Mutation(
        "one public seed for both purposes",
        SECRET,
        "return PublicSeeds(secrets.token_bytes(HASH_SEED_BYTES), secrets.token_bytes(SEED_BYTES))",
        "return PublicSeeds(*[secrets.token_bytes(SEED_BYTES)] * 2)",
        SESSIONS,
    ),
    Mutation(
        "destroy wipes nothing",
        SECRET,
        "                copy.fill(0)\n",
        "                copy.fill\n",
        f"{WIPED}::test_the_buffers_of_a_tile",
    ),
    Mutation(
        "destroy leaves the tiles",
        SECRET,
        "(*self._copies.values(), *self._entrusted)",
        "self._copies.values()",
        f"{WIPED}::test_the_buffers_of_a_tile",
    ),
    Mutation(
        "masks are not wiped",
        PORTABLE,
        "        secret.entrusted(self._masks.both)\n",
        "",
        f"{WIPED}::test_the_buffers_of_a_tile",
    ),
    Mutation(
        "pairs of labels are not wiped",
        PORTABLE,
        "labels = secret.entrusted(self._hash.input)",
        "labels = self._hash.input",
        f"{WIPED}::test_the_buffers_of_a_tile",
    ),
    Mutation(
        "a path that fails its self-test runs",
        "runtime/execute/engines.py",
        "        if works(path):\n",
        "        if path:\n",
        "tests/runtime/test_native.py::test_the_fastest_that_works_is_chosen",
    ),
    Mutation(
        "a destroyed secret garbles on",
        SECRET,
        "            if self._destroyed:\n                raise SecretDestroyed\n            yield",
        "            yield",
        "tests/runtime/test_walk.py::test_a_destroyed_secret_garbles_nothing",
    ),
    Mutation(
        "a forged output keeps the secret",
        YAO,
        "                self._secret.destroy()\n",
        "",
        "tests/runtime/test_walk.py::test_the_secret_ends_with_the_first_forged_output",
    ),
    Mutation(
        "an output is believed by its colour",
        YAO,
        "if len(mine) != len(zero) or wrong.any():",
        "if len(mine) != len(zero):",
        "tests/runtime/test_walk.py::test_a_forged_output_is_refused_and_ends_the_secret",
    ),
    Mutation(
        "a wire of a transfer keeps its colour",
        YAO,
        "coloured(self._cot.send(piece.stop - piece.start), 0)",
        "self._cot.send(piece.stop - piece.start)",
        f"{ONE_SIDED}::test_colours_of_what_is_entered",
    ),
    Mutation(
        "an active label keeps its colour",
        YAO,
        "coloured(self._cot.receive(bits[piece]), bits[piece])",
        "self._cot.receive(bits[piece])",
        f"{ONE_SIDED}::test_colours_of_what_is_entered",
    ),
    Mutation(
        "the garbler's own labels show nothing",
        YAO,
        "coloured(stream.words(2 * count).reshape(count, 2), 0)",
        "stream.words(2 * count).reshape(count, 2)",
        f"{ONE_SIDED}::test_colours_of_what_is_entered",
    ),
    Mutation(
        "a ciphertext shows the colour of a zero label",
        HALVES,
        "            table[:, 0] &= EVEN\n",
        "",
        f"{ONE_SIDED}::test_the_garblers_row_says_nothing_of_a_joint_bit_that_is_taken_for_the_evaluators",
    ),
    Mutation(
        "both halves by themselves have one tweak",
        HALVES,
        "tweaks = (0, 0) if half is Half.GARBLERS else (1, 1)",
        "tweaks = (0, 0)",
        f"{ONE_SIDED}::test_one_gate_in_every_case",
    ),
    Mutation(
        "what the evaluator knows goes on inverted as it is",
        "runtime/execute/portable.py",
        "    outputs[np.array(program.shown, dtype=np.bool_), :, 0] ^= np.uint64(1)\n",
        "",
        f"{ONE_SIDED}::test_one_gate_in_every_case",
    ),
    Mutation(
        "a bit with the other party's in it is known",
        "compiler/gates/knowledge.py",
        "both = nets[left >> 1] & nets[right >> 1]",
        "both = nets[left >> 1] | nets[right >> 1]",
        f"{KNOWN}::test_known_nets_are_of_what_a_party_knows",
    ),
    Mutation(
        "the garbler knows products",
        "compiler/gates/knowledge.py",
        "nets.append(both if op is xor else both & evaluator)",
        "nets.append(both)",
        f"{KNOWN}::test_known_nets_are_of_what_a_party_knows",
    ),
    Mutation(
        "a buffer is known to whoever knows something in it",
        KNOWLEDGE,
        "known[buffer] &= who",
        "known[buffer] = who",
        f"{ONE_SIDED}::test_launches_copies_and_loops",
    ),
    Mutation(
        "an artifact's kernels are believed",
        KNOWLEDGE,
        "if stated and stated != _inputs(launch, known):",
        "if False:",
        f"{KNOWN}::test_an_artifact_that_claims_more_is_refused",
    ),
)
