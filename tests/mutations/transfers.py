"""Faults of oblivious transfers: the base transfers, the extension and its check."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

BASE, GROUP, ORACLE = "runtime/ot/base.py", "runtime/ot/group.py", "runtime/ot/oracle.py"
CHECK, EXTENSION, TREES = "runtime/ot/check.py", "runtime/ot/extension.py", "runtime/ot/trees.py"
OF_BASE, OF_EXTENSION = "tests/runtime/test_base_ot.py", "tests/runtime/test_extension.py"
OF_TREES = "tests/runtime/test_trees.py"
FROZEN = "tests/runtime/test_transcripts.py::test_base_transfers"
PLACE = f"{OF_BASE}::test_a_pad_is_of_its_place"
SHOWN = f"{OF_BASE}::test_what_is_shown_of_a_pad_tells_neither_pad_nor_seed"
TARGET = f"{OF_BASE}::test_the_target_is_new_and_nobodys"
COLUMN = f"{OF_EXTENSION}::test_an_error_is_caught_in_every_column"
CHUNK = f"{OF_EXTENSION}::test_an_error_is_a_guess_of_all_four_bits"
PLACED = f"{OF_TREES}::test_trees_are_of_their_session_and_place"
LACKED = f"{OF_TREES}::test_a_message_tells_nothing_of_the_leaf_that_is_lacking"
FACTORS = f"{OF_EXTENSION}::test_factors_are_of_all_of_their_seed"
BEFORE = f"{OF_EXTENSION}::test_the_challenge_depends_on_everything_before_it"

TRANSFERS = (
    Mutation(
        "one scalar for all transfers",
        BASE,
        "tuple(group.scalar() for _ in range(COUNT))",
        "(group.scalar(),) * COUNT",
        f"{OF_BASE}::test_equal_choices_do_not_show",
    ),
    Mutation(
        "a target of known logarithm",
        GROUP,
        """    return add(
        bindings.crypto_core_ed25519_from_uniform(digest[:32]), bindings.crypto_core_ed25519_from_uniform(digest[32:])
    )""",
        "    return base(bindings.crypto_core_ed25519_scalar_reduce(digest))",
        TARGET,
    ),
    Mutation(
        "a fixed seed of the target",
        BASE,
        "    seed = secrets.token_bytes(DIGEST_BYTES)\n",
        "    seed = bytes(DIGEST_BYTES)\n",
        TARGET,
    ),
    Mutation(
        "a target of any session",
        GROUP,
        "digest = oracle(domain, *parts)",
        "digest = oracle(domain, *parts[1:])",
        FROZEN,
    ),
    Mutation(
        "a single Elligator image",
        GROUP,
        """    return add(
        bindings.crypto_core_ed25519_from_uniform(digest[:32]), bindings.crypto_core_ed25519_from_uniform(digest[32:])
    )""",
        "    return bindings.crypto_core_ed25519_from_uniform(digest[:32])",
        TARGET,
    ),
    Mutation("a pad without its index", BASE, 'index.to_bytes(2, "little")', 'b""', PLACE),
    Mutation("a pad without its bit", BASE, "bytes((bit,))", 'b""', PLACE),
    Mutation("a pad without its transcript", BASE, 'oracle(b"pad", transcript,', 'oracle(b"pad", b"",', PLACE),
    Mutation("a pad without its point", BASE, "bytes((bit,)), point)", "bytes((bit,)))", PLACE),
    Mutation(
        "a transcript without the choices", BASE, "session, choices, z)\n\n\ndef", 'session, b"", z)\n\n\ndef', PLACE
    ),
    Mutation("a transcript without z", BASE, "session, choices, z)\n\n\ndef", 'session, choices, b"")\n\n\ndef', PLACE),
    Mutation(
        "a transcript without the session",
        BASE,
        'oracle(b"transcript", session, choices',
        'oracle(b"transcript", b"", choices',
        PLACE,
    ),
    Mutation("H3 is the identity", BASE, 'return oracle(b"commit", transcript, value)', "return value", SHOWN),
    Mutation(
        "a seed is the head of its pad",
        BASE,
        'return oracle(b"seed", transcript, pad)[:SEED_BYTES]',
        "return pad[:SEED_BYTES]",
        SHOWN,
    ),
    Mutation(
        "a scalar of 128 bits",
        GROUP,
        "secrets.token_bytes(64)",
        "secrets.token_bytes(16) + bytes(48)",
        f"{OF_BASE}::test_a_scalar_is_any_below_the_order",
    ),
    Mutation(
        "an oracle without lengths",
        ORACLE,
        '        self._digest.update(len(part).to_bytes(8, "little"))\n',
        "",
        f"{OF_BASE}::test_no_two_lists_of_parts_are_hashed_alike",
    ),
    Mutation(
        "any point of a receiver is taken",
        BASE,
        "if not all(group.is_valid(point) and point != target for point in points):",
        "if not all(point != target for point in points):",
        f"{OF_BASE}::test_a_receivers_point_outside_the_group_is_refused",
    ),
    Mutation(
        "the target is taken for a point",
        BASE,
        "group.is_valid(point) and point != target for",
        "group.is_valid(point) for",
        f"{OF_BASE}::test_the_target_itself_is_refused",
    ),
    Mutation(
        "any point of a sender is taken",
        BASE,
        "if not group.is_valid(z):",
        "if False:",
        f"{OF_BASE}::test_a_senders_point_outside_the_group_is_refused",
    ),
    Mutation(
        "a sender's proof is not looked at",
        BASE,
        "if not hmac.compare_digest(_commit(transcript, answer), rest[-DIGEST_BYTES:]):",
        "if False:",
        f"{OF_BASE}::test_a_changed_challenge_is_a_guess_at_one_choice",
    ),
    Mutation(
        "a receiver's answer is not looked at",
        BASE,
        "if not hmac.compare_digest(answer, self.expected):",
        "if False:",
        f"{OF_BASE}::test_a_changed_answer_is_caught",
    ),
    Mutation(
        "an answer is compared in a time that depends on it",
        BASE,
        "hmac.compare_digest(answer, self.expected)",
        "answer == self.expected",
        f"{OF_BASE}::test_a_changed_answer_is_caught",
        equivalent="a hash of pads that one side knows and the other has one try at: the session ends with a wrong one",
    ),
    Mutation(
        "a proof is compared in a time that depends on it",
        BASE,
        "hmac.compare_digest(_commit(transcript, answer), rest[-DIGEST_BYTES:])",
        "_commit(transcript, answer) == rest[-DIGEST_BYTES:]",
        f"{OF_BASE}::test_a_changed_challenge_is_a_guess_at_one_choice",
        equivalent="as above: a guess at choices ends the session, and tells by that what its time would tell",
    ),
    Mutation(
        "column 90 is not checked",
        CHECK,
        "    return residue\n",
        "    residue[90] = 0\n    return residue\n",
        COLUMN,
    ),
    Mutation(
        "columns are added up before they are compared",
        CHECK,
        "    return residue\n",
        "    return np.bitwise_xor.reduce(residue, axis=0, keepdims=True)\n",
        f"{OF_EXTENSION}::test_equal_errors_of_two_trees_do_not_cancel",
    ),
    Mutation(
        "the challenge is of half of the corrections",
        CHECK,
        "hashlib.sha256(corrections).digest()",
        "hashlib.sha256(corrections[: len(corrections) // 2]).digest()",
        f"{OF_EXTENSION}::test_the_challenge_is_of_every_part_of_the_columns",
    ),
    Mutation(
        "one factor for all blocks",
        CHECK,
        "    factors[-1] = 1, 0\n",
        "    factors[:] = factors[0]\n    factors[-1] = 1, 0\n",
        f"{OF_EXTENSION}::test_every_block_has_a_factor_of_its_own",
    ),
    Mutation(
        "the challenge is not of the session",
        CHECK,
        'oracle(b"challenge", session,',
        'oracle(b"challenge", b"",',
        BEFORE,
    ),
    Mutation("the challenge is not of the batch", CHECK, 'batch.to_bytes(8, "little"), count', 'b"", count', BEFORE),
    Mutation("the last block hides nothing", CHECK, "    factors[-1] = 1, 0\n", "    factors[-1] = 0, 0\n", BEFORE),
    Mutation(
        "the padding of the choices is zeros",
        EXTENSION,
        "np.frombuffer(secrets.token_bytes(8 * _words(len(choices))), np.uint8).copy()",
        "np.zeros(8 * _words(len(choices)), np.uint8)",
        f"{OF_EXTENSION}::test_the_discarded_choices_hide_the_folds",
    ),
    Mutation(
        "a sender goes on after a failed check",
        EXTENSION,
        "            batch = self._batch\n            self.destroy()\n",
        "            batch = self._batch\n",
        f"{OF_EXTENSION}::test_a_failure_destroys_the_sender_and_its_delta",
    ),
    Mutation(
        "a sender's delta is not wiped",
        EXTENSION,
        "        self._mask[:] = 0\n",
        "",
        f"{OF_EXTENSION}::test_a_failure_destroys_the_sender_and_its_delta",
    ),
    Mutation(
        "a sender's seeds are not wiped",
        EXTENSION,
        "            self._streams.wipe()\n",
        "            pass\n",
        f"{OF_EXTENSION}::test_a_destroyed_sender_has_wiped_its_seeds",
    ),
    Mutation(
        "the columns of a tree are added up before they are compared",
        CHECK,
        "    return residue\n",
        "    return np.bitwise_xor.reduce(residue.reshape(TREES, -1, 2), axis=1)\n",
        CHUNK,
    ),
    Mutation(
        "a column is compared where delta has a bit alone",
        CHECK,
        "    return residue\n",
        "    return residue & delta_mask\n",
        f"{OF_EXTENSION}::test_every_fold_of_the_answer_is_compared",
    ),
    Mutation(
        "the trees are not checked",
        TREES,
        "    if not hmac.compare_digest(_digest(session, turned(tags, choices)), message[-DIGEST_BYTES:]):\n",
        "    if False:\n",
        f"{OF_TREES}::test_a_wrong_sum_is_a_guess_of_one_bit",
    ),
    Mutation(
        "half of the trees are checked",
        TREES,
        'return oracle(b"tags", session, tags.tobytes())',
        'return oracle(b"tags", session, tags[: TREES // 2].tobytes())',
        f"{OF_TREES}::test_every_tree_is_checked",
    ),
    Mutation(
        "the digest is of the sum of the tags",
        TREES,
        'return oracle(b"tags", session, tags.tobytes())',
        'return oracle(b"tags", session, np.bitwise_xor.reduce(tags, axis=1).tobytes())',
        f"{OF_TREES}::test_a_wrong_sum_is_a_guess_of_one_bit",
    ),
    Mutation(
        "a tag holds its seed",
        TREES,
        "both[:, :, SEED_BYTES:].copy()",
        "both[:, :, :TAG_BYTES].copy()",
        LACKED,
    ),
    Mutation(
        "all receivers grow from one root",
        TREES,
        "secrets.token_bytes(TREES * SEED_BYTES)",
        "bytes(TREES * SEED_BYTES)",
        LACKED,
    ),
    Mutation(
        "sums are sent as they are",
        TREES,
        "by_choice[choice][:, bit] ^ sums[:, 1 - choice]",
        "by_choice[choice][:, bit] & 0 ^ sums[:, 1 - choice]",
        f"{OF_TREES}::test_the_sender_reaches_all_leaves_but_one",
    ),
    Mutation("a node is of any tree", TREES, "bytes((bit,)), bytes((number,)))", "bytes((bit,)))", PLACED),
    Mutation(
        "a node is of any level", TREES, 'Oracle(b"node", session, bytes((bit,)), ', 'Oracle(b"node", session, ', PLACED
    ),
    Mutation("a node is of any session", TREES, 'Oracle(b"node", session, ', 'Oracle(b"node", b"", ', PLACED),
    Mutation(
        "a leaf is of any tree",
        TREES,
        'Oracle(b"leaf", session, bytes((number,)))',
        'Oracle(b"leaf", session)',
        PLACED,
    ),
    Mutation(
        "the challenges are not of the trees",
        TREES,
        'return oracle(b"trees", session, message)',
        "return session",
        f"{OF_EXTENSION}::test_the_challenges_are_of_the_trees",
    ),
    Mutation(
        "the challenges are of half of the trees",
        TREES,
        'return oracle(b"trees", session, message)',
        'return oracle(b"trees", session, message[: len(message) // 2])',
        f"{OF_EXTENSION}::test_the_challenges_are_of_the_trees",
    ),
    Mutation("a challenge of 128 bits", CHECK, "(first ^ second).reshape", "first.reshape", FACTORS),
)
