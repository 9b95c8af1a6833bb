"""Faults of what stands around a session: the network, artifacts, data, the ledger, the certificate of noise."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

TLS, KEYS = "runtime/net/tls.py", "runtime/net/keys.py"
LINK = "runtime/net/link.py"
SEALED, TYPED, CIRCUITS = (f"compiler/artifact/{name}.py" for name in ("sealed", "typed", "circuits"))
CONTENT, MARKS = "runtime/data/content.py", "runtime/data/marks.py"
STORE, CERTIFICATE = "runtime/ledger/store.py", "runtime/privacy/certificate.py"
OF_TLS, LIMITS = "tests/runtime/test_tls.py", "tests/compiler/test_artifact_limits.py"
READ = f"{LIMITS}::test_how_much_is_read"
LONG = f"{LIMITS}::test_how_long_a_list_a_number_and_a_string_are"
ZERO = "tests/runtime/test_marks.py::test_a_zero_has_no_sign"
DURABLE = "tests/runtime/test_ledger_file.py::test_what_is_recorded_has_reached_the_disk"
CHAIN = "tests/runtime/test_certificate.py::test_no_chain_spends_more_than_its_shift_may"

AROUND = (
    Mutation(
        "TLS gives tickets",
        TLS,
        "        context.num_tickets = 0\n",
        "        context.num_tickets = 2\n",
        f"{OF_TLS}::test_no_session_is_resumed",
    ),
    Mutation(
        "the temporary key is anybody's",
        TLS,
        "        path.touch(mode=0o600)\n",
        "        path.touch(mode=0o644)\n",
        f"{OF_TLS}::test_the_key_is_on_disk_for_its_owner_alone",
    ),
    Mutation(
        "the temporary key stays",
        TLS,
        "    with tempfile.TemporaryDirectory() as folder:\n",
        "    for folder in (tempfile.mkdtemp(),):\n",
        f"{OF_TLS}::test_no_key_stays_on_disk_and_no_thread_stays_behind",
    ),
    Mutation(
        "an older TLS is spoken",
        TLS,
        "context.minimum_version = ssl.TLSVersion.TLSv1_3",
        "context.minimum_version = ssl.TLSVersion.TLSv1_2",
        f"{OF_TLS}::test_an_older_tls_is_refused",
    ),
    Mutation(
        "any certificate that is trusted is the peer's",
        LINK,
        "        if (presented := self._tls.getpeercert(binary_form=True)) != expected:\n",
        "        if (presented := self._tls.getpeercert(binary_form=True)) is None:\n",
        f"{OF_TLS}::test_only_the_pinned_certificate_counts_of_several_trusted_ones",
    ),
    Mutation(
        "a key file is anybody's",
        KEYS,
        "_write(key, identity.private_key, 0o600)",
        "_write(key, identity.private_key, 0o644)",
        "tests/runtime/test_keys.py::test_round_trip_through_files",
    ),
    Mutation(
        "a certificate need not be signed",
        KEYS,
        "        parsed.verify_directly_issued_by(parsed)\n",
        "        pass\n",
        "tests/runtime/test_keys.py::test_a_certificate_that_is_none_of_ours_is_a_named_error",
    ),
    Mutation(
        "an artifact of any number of entries",
        SEALED,
        'text.count(b",") > ENTRIES or text',
        "text",
        READ,
    ),
    Mutation(
        "an artifact of any number of records",
        SEALED,
        " or text.count(b'[\"') > RECORDS",
        "",
        READ,
    ),
    Mutation("an artifact of any length", SEALED, "        if len(text) > most:\n", "        if False:\n", READ),
    Mutation(
        "an artifact nested as deep as one likes",
        TYPED,
        "    if depth > NESTING:\n",
        "    if False:\n",
        f"{LIMITS}::test_how_deep_is_read",
    ),
    Mutation("integers of any length", TYPED, "elif data.bit_length() > BITS:", "elif False:", LONG),
    Mutation("fractions of any length", TYPED, "len(data) <= 2 * DIGITS and ", "", LONG),
    Mutation(
        "bytes are left over",
        CIRCUITS,
        "        if self._at != len(self._data):\n",
        "        if False:\n",
        "tests/compiler/test_artifact.py::test_bytes_after_the_last_circuit_are_refused",
    ),
    Mutation(
        "a circuit longer than the file",
        CIRCUITS,
        "if not 0 <= count <= (len(self._data) - self._at) // GATE:",
        "if count > (len(self._data) - self._at) // GATE:",
        f"{LIMITS}::test_a_circuit_takes_what_is_there_and_all_of_it",
    ),
    Mutation(
        "an artifact's digest is not looked at",
        SEALED,
        "    if hashlib.sha256(tail).digest() + hashlib.sha256(data[:start]).digest() != data[-2 * DIGEST :]:\n",
        "    if False:\n",
        "tests/compiler/test_artifact.py::test_every_byte_counts",
    ),
    Mutation("the ledger is not synced", STORE, "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF", DURABLE),
    Mutation(
        "the ledger's seal is not looked at",
        STORE,
        "        sealed = seal.count <= count and self._mark(seal.count, seal) == seal.tip\n",
        "        sealed = True\n",
        "tests/runtime/test_ledger_file.py::test_an_older_copy_is_refused",
    ),
    Mutation(
        "minus zero is another number",
        MARKS,
        '(numbers + 0.0).astype(">f8")',
        'numbers.astype(">f8")',
        ZERO,
    ),
    Mutation(
        "minus zero has another mark",
        MARKS,
        "np.sort(numbers + 0.0, axis=1)",
        "np.sort(numbers, axis=1)",
        ZERO,
    ),
    Mutation(
        "the order of records makes a data set",
        CONTENT,
        "    put_in_order(digests, DIGEST)\n",
        "",
        "tests/runtime/test_contract.py::test_content_is_the_records_and_nothing_else",
    ),
    Mutation(
        "the order of columns makes a data set",
        MARKS,
        "np.sort(numbers + 0.0, axis=1)",
        "(numbers + 0.0)",
        "tests/e2e/test_same_people.py::test_records_are_known_in_every_format_and_order_of_columns",
    ),
    Mutation(
        "a file's change is known by its writer's time",
        "runtime/data/unchanged.py",
        "s.st_mtime_ns, s.st_ctime_ns",
        "s.st_mtime_ns, 0",
        "tests/runtime/test_permit.py::test_a_time_that_is_set_back_hides_no_change",
    ),
    Mutation(
        "a bit's delta without the dimension",
        CERTIFICATE,
        "self.delta * 0.25 / self.dimension / _AMPLIFIED / scales",
        "self.delta * 0.25 / _AMPLIFIED / scales",
        CHAIN,
    ),
    Mutation(
        "a multiple's delta without the dimension",
        CERTIFICATE,
        "self.delta * (0.25 / self.dimension + 0.5",
        "self.delta * (0.25 + 0.5",
        CHAIN,
    ),
    Mutation(
        "a shift's delta without the dimension",
        CERTIFICATE,
        "self.delta * (0.5 / self.dimension + 0.5",
        "self.delta * (0.5 + 0.5",
        CHAIN,
    ),
    Mutation(
        "a chain is not amplified",
        CERTIFICATE,
        "self.delta * 0.25 / self.dimension / _AMPLIFIED / scales",
        "self.delta * 0.25 / self.dimension / scales",
        CHAIN,
    ),
)
