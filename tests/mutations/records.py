"""Faults of de-identification."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

FOLDER = "runtime/data/deidentify"
CHECK, MASK, COMMAND = (f"tests/runtime/test_{name}.py" for name in ("deidentify_check", "mask", "deidentify_command"))

RECORDS = (
    Mutation(
        "hashes of people have no key",
        f"{FOLDER}/pseudonyms.py",
        'return hmac.digest(key, message, "sha256")',
        'return hmac.digest(b"", message, "sha256")',
        f"{MASK}::test_a_hash_is_of_key_column_and_value",
    ),
    Mutation(
        "the key of hashes is anybody's",
        f"{FOLDER}/pseudonyms.py",
        "os.O_EXCL, 0o600)",
        "os.O_EXCL, 0o644)",
        f"{MASK}::test_keys_are_for_their_owner_alone",
    ),
    Mutation(
        "a masked file is anybody's",
        f"{FOLDER}/mask_file.py",
        "counts.append(write(plan, file)), PRIVATE)",
        "counts.append(write(plan, file)), 0o644)",
        f"{MASK}::test_every_format",
    ),
    Mutation(
        "a person has one row more",
        f"{FOLDER}/persons.py",
        "self.rows[person] > self.most",
        "self.rows[person] > self.most + 1",
        f"{CHECK}::test_persons_have_their_first_rows",
    ),
    Mutation(
        "a group of k - 1 rows passes",
        f"{FOLDER}/groups.py",
        "small = groups.sizes < k",
        "small = groups.sizes < k - 1",
        f"{CHECK}::test_k_and_l_are_what_counting_says",
    ),
    Mutation(
        "a report's digest has no key",
        f"{FOLDER}/report.py",
        "return hmac.digest(key, _REPORT + report",
        'return hmac.digest(b"", _REPORT + report',
        f"{COMMAND}::test_a_report_holds_no_value_and_is_tied_to_its_records",
    ),
    Mutation(
        "a report may be spelled otherwise",
        f"{FOLDER}/report.py",
        " or _encode(document) != report:",
        ":",
        f"{COMMAND}::test_what_is_no_report",
    ),
)
