"""Faults of a session: the greeting, the order of frames, what is taken from a peer and what it is told."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

HELLO, ENDS, GUARD = "runtime/session/hello.py", "runtime/session/ends.py", "runtime/session/guard.py"
SESSION, STATE, CHANNEL = "runtime/session/session.py", "runtime/session/state.py", "runtime/net/channel.py"
OF_SESSION, OF_ENDS, OF_PERMIT = (f"tests/runtime/test_{name}.py" for name in ("session", "ends", "permit"))
DIGITS = f"{OF_SESSION}::test_every_digit_is_compared"
NAME = f"{OF_SESSION}::test_the_sessions_name_is_of_both_greetings"
WORDS = f"{OF_SESSION}::test_a_peer_is_not_told_the_words_of_an_error"

SESSIONS = (
    Mutation(
        "programs are compared on 16 digits",
        HELLO,
        "    if mine.program != theirs.program:\n",
        "    if mine.program[:16] != theirs.program[:16]:\n",
        DIGITS,
    ),
    Mutation(
        "contracts are compared on 16 digits",
        HELLO,
        "    if mine.contract != theirs.contract:\n",
        "    if mine.contract[:16] != theirs.contract[:16]:\n",
        DIGITS,
    ),
    Mutation(
        "tables that are held go behind what follows from them",
        ENDS,
        "        self._tables.now()\n"
        '        with self._phases.during("outputs"):\n            self._permit.releasing_step',
        '        with self._phases.during("outputs"):\n            self._permit.releasing_step',
        "tests/runtime/test_ends.py::test_pieces_of_the_stream_go_whole_and_short_ones_together",
    ),
    Mutation(
        "a session's name without the second greeting",
        HELLO,
        "hashlib.sha256(second).digest()",
        'b""',
        NAME,
    ),
    Mutation(
        "a session's name without the first greeting",
        HELLO,
        'b"ccr session\\0" + hashlib.sha256(first).digest()',
        'b"ccr session\\0"',
        NAME,
    ),
    Mutation(
        "a greeting's nonce is constant",
        HELLO,
        "return secrets.token_hex(NONCE_BYTES)",
        'return "0" * 2 * NONCE_BYTES',
        f"{OF_SESSION}::test_no_nonce_comes_twice",
    ),
    Mutation(
        "both may have one role",
        HELLO,
        "if mine.role == theirs.role or mine.party == theirs.party:",
        "if mine.party == theirs.party:",
        f"{OF_SESSION}::test_both_sides_see_a_disagreement",
    ),
    Mutation(
        "the limit of a frame holds at the channel alone",
        GUARD,
        "        if len(payload) > limit:\n",
        "        if False:\n",
        f"{OF_SESSION}::test_a_frame_is_no_longer_than_its_place_allows",
    ),
    Mutation(
        "the limit of a frame holds nowhere at the channel",
        CHANNEL,
        "        if length > limit:\n",
        "        if False:\n",
        "tests/runtime/test_channel.py::test_an_oversized_frame_is_refused_and_the_channel_stays_refused",
    ),
    Mutation(
        "tables after the outputs",
        STATE,
        "    (State.RETURNED, Way.SEND, Frame.DECODING): State.RELEASED,\n",
        "    (State.RETURNED, Way.SEND, Frame.DECODING): State.RELEASED,\n"
        "    (State.RETURNED, Way.SEND, Frame.TABLES): State.RETURNED,\n",
        f"{OF_SESSION}::test_the_tables_end_before_the_outputs",
    ),
    Mutation(
        "decoding bits before the outputs",
        STATE,
        "    (State.RETURNED, Way.SEND, Frame.DECODING): State.RELEASED,\n",
        "    (State.RETURNED, Way.SEND, Frame.DECODING): State.RELEASED,\n"
        "    (State.RUNNING, Way.SEND, Frame.DECODING): State.RELEASED,\n",
        f"{OF_SESSION}::test_no_decoding_bits_before_the_garblers_outputs",
    ),
    Mutation(
        "a forged output does not block the contract",
        SESSION,
        "isinstance(error, (CheatingDetected, ForgedOutput))",
        "isinstance(error, CheatingDetected)",
        f"{OF_ENDS}::test_a_forged_output_is_held_against_the_peer",
    ),
    Mutation(
        "a failed check does not block the contract",
        SESSION,
        "isinstance(error, (CheatingDetected, ForgedOutput))",
        "isinstance(error, ForgedOutput)",
        f"{OF_PERMIT}::test_a_peer_that_cheats_is_met_again_only_after_a_person_has_looked",
    ),
    Mutation(
        "too few decoding bits or labels are taken",
        ENDS,
        "    if len(payload) != size:\n",
        "    if len(payload) > size:\n",
        f"{OF_ENDS}::test_output_labels_of_another_number",
    ),
    Mutation(
        "seeds of any length",
        SESSION,
        "        if len(drawn) != HASH_SEED_BYTES + SEED_BYTES:\n",
        "        if False:\n",
        f"{OF_ENDS}::test_seeds_of_another_length",
    ),
    Mutation(
        "empty pieces of the tables are taken",
        "runtime/session/tables.py",
        "            if not part:\n",
        "            if False:\n",
        f"{OF_ENDS}::test_pieces_of_the_tables_are_joined_and_none_is_empty",
    ),
    Mutation(
        "the peer is told an error's words",
        SESSION,
        'return f"it failed there ({type(error).__name__})"',
        'return f"it failed there ({error})"',
        WORDS,
    ),
    Mutation(
        "the peer is told why it was refused",
        SESSION,
        "            return REFUSED\n",
        "            return str(error)\n",
        WORDS,
    ),
    Mutation(
        "a peer's words steer the terminal",
        GUARD,
        '"".join(c if c.isprintable() else "?" for c in text)',
        "text",
        f"{OF_SESSION}::test_the_peers_reason_is_told_without_control_characters",
    ),
    Mutation(
        "a session's end leaves the label secret",
        SESSION,
        "            wiped.callback(secret.destroy)\n",
        "",
        "tests/runtime/test_wiped.py::test_a_session_leaves_no_secret",
    ),
    Mutation(
        "a session's end leaves the transfers' secret",
        SESSION,
        "            wiped.callback(sender.destroy)\n",
        "",
        "tests/runtime/test_wiped.py::test_a_session_leaves_no_secret",
    ),
    Mutation(
        "labels leave before the budget is marked",
        SESSION,
        "            self.permit.labels()\n",
        "",
        f"{OF_PERMIT}::test_nothing_leaves_before_its_mark_is_durable",
    ),
    Mutation(
        "decoding bits leave before the budget is marked",
        ENDS,
        """            self._permit.releasing()
            packed = np.packbits(bits, bitorder="little").tobytes()
            self._traffic.outputs += len(packed)
            try:
                self._guard.send(Frame.DECODING, packed)
""",
        """            packed = np.packbits(bits, bitorder="little").tobytes()
            self._traffic.outputs += len(packed)
            try:
                self._guard.send(Frame.DECODING, packed)
                self._permit.releasing()
""",
        f"{OF_PERMIT}::test_nothing_leaves_before_its_mark_is_durable",
    ),
)
