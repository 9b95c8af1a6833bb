"""`ccr data check` and `ccr data mask`: a file of records held against a policy, and masked as it says."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.data_options import ColumnsOf, columns_given
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.given import compiled
from runtime.cli.options import Define, Json, UsageError
from runtime.cli.screen import result, say
from runtime.cli.status import REFUSED
from runtime.contract.commitment import report_key
from runtime.data.columns import Chosen
from runtime.data.deidentify import report as reports
from runtime.data.deidentify.check import check as checked_against
from runtime.data.deidentify.findings import Finding
from runtime.data.deidentify.mask_file import mask_file, needs_key
from runtime.data.deidentify.outliers import outliers
from runtime.data.deidentify.pseudonyms import new_key, read_key
from runtime.data.deidentify.rules import NAME, Rules, read
from runtime.data.errors import InputError
from runtime.data.load import known_columns, mapped, records_table
from runtime.data.specs import DatasetSpec
from runtime.data.table import cannot_open
from runtime.data.tables import open_table
from runtime.data.unchanged import unchanged
from runtime.files import PRIVATE, replace_bytes
from runtime.net import keys
from runtime.party.sources import specs
from runtime.policy.read import LARGEST, parse
from runtime.report.deidentification import check_lines, mask_lines
from runtime.report.wording import listing

Data = Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="A file of records.")]
Policy = Annotated[
    Path, typer.Option("--policy", metavar="POLICY", show_default=False, help=f"A policy.toml; its section [{NAME}].")
]
Person = Annotated[
    str | None,
    typer.Option("--person", metavar="COLUMN", show_default=False, help="Which column tells persons apart."),
]
Most = Annotated[
    int | None, typer.Option("--most", metavar="K", min=1, show_default=False, help="Rows that a person may have.")
]


def check(
    data: Data,
    policy: Policy,
    person: Person = None,
    most: Most = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            metavar="PROGRAM",
            show_default=False,
            help="Look for outliers too: records that this program's data set would not take.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--for", metavar="NAME", show_default=False, help="The data set, if it has more than one."),
    ] = None,
    columns: ColumnsOf = None,
    define: Define = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="REPORT", show_default=False, help="Write what was found, to be named."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="ME.key", show_default=False, help="Own key, which a report is tied to."),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option("--cert", metavar="ME.crt", show_default=False, help="Own certificate.")
    ] = None,
    json: Json = False,
) -> None:
    """Look for what names or singles out people in a file of records.  Exit status 3 if it does not pass."""
    with faults(json):
        if report is not None:
            _another("--report", str(report), data, policy, key, cert, program)
        has_folder(report)
        owner = _owner(report, key, cert)
        asked = read_policy(policy)
        rules = _of_persons(asked, person, most)
        if program is None and (name, columns, define) != (None, None, None):
            raise UsageError("--for, --columns and -D go with --program")
        with unchanged([data]):
            found = checked_against(open_table(data), rules)
            if program is not None:
                found = found.also(_outliers(data, program, define, name, columns_given(columns)))
            written = None if report is None else reports.made(data, asked, found, owner)
        told: dict[str, object] = {"file": data, "passed": found.passed, **reports.counted(found)}
        said = check_lines(data, found, rules)
        if report is not None and written is not None:
            with saving(report):
                replace_bytes(report, written, PRIVATE)
            named = reports.digest(written, owner)
            told |= {"report": str(report), "digest": named}
            said.append(f"{report}: the report, digest {named}")
        result(told | {"findings": [finding.document() for finding in found.findings]}, "\n".join(said), json)
        if not found.passed:
            raise typer.Exit(REFUSED)


def mask(
    data: Data,
    policy: Policy,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="MASKED", show_default=False, help="Of the same format.")
    ],
    hash_key: Annotated[
        Path | None,
        typer.Option(
            "--hash-key",
            metavar="KEY",
            show_default=False,
            help="The key of hashes, which stays here; made if it is not there.",
        ),
    ] = None,
    person: Person = None,
    most: Most = None,
    json: Json = False,
) -> None:
    """Drop, hash and generalise columns of a file of records, row by row, as a policy says."""
    with faults(json):
        rules = _of_persons(read_policy(policy), person, most)
        _another("--output", output, data, policy, hash_key)
        with unchanged([data]):
            open_table(data)  # before a key is made
            masked = mask_file(data, rules, _hash_key(rules, hash_key), output)
        told: dict[str, object] = {
            "file": data,
            "output": output,
            "records": masked.rows,
            "beyond": masked.beyond,
        }
        ways = {"dropped": masked.dropped, "hashed": masked.hashed, "generalised": masked.generalised}
        result(
            told | {way: list(columns) for way, columns in ways.items()},
            "\n".join(mask_lines(data, output, masked, rules)),
            json,
        )


def read_policy(path: Path) -> Rules:
    """What a policy's file says of it; where it has other sections too, all of it must be right.  Raises InputError."""
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InputError(
                f"it has more than the {LARGEST} bytes of the largest policy", help="is this another file?", file=where
            )
        text = data.decode()
        found = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise cannot_open(where, error) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"this is no TOML: {error}", help="mend it there", file=where) from None
    if NAME not in found:
        near = get_close_matches(NAME, found, 1, 0.6)
        help = f"is [{near[0]}] meant? call it [{NAME}]" if near else "add it, as docs/deidentification.md says"
        raise InputError(f"there is no section [{NAME}]", help=help, file=where)
    return read(found[NAME], where) if found.keys() == {NAME} else parse(text, where).deidentified


def _another(option: str, output: str, *inputs: str | Path | None) -> None:
    """Raises UsageError where a result would be written over what it is made from."""
    for path in inputs:
        if path is not None and Path(path).resolve() == Path(output).resolve():
            raise UsageError(f"{option} {output} would take the place of {path}", "give it another name")


def _of_persons(rules: Rules, person: str | None, most: int | None) -> Rules:
    try:
        return rules.of_persons(person, most)
    except ValueError as error:
        raise UsageError(f"--person, --most: {error}", "what is said here may be stricter only") from None


def _owner(report: Path | None, key: Path | None, cert: Path | None) -> bytes:
    """The key that a report is tied to.  Raises UsageError and KeyFileError."""
    if report is None and (key, cert) != (None, None):
        raise UsageError("--key and --cert go with --report")
    if report is None:
        return b""
    if key is None or cert is None:
        raise UsageError("a report is tied to its owner's key", "give --key ME.key --cert ME.crt (`ccr keys new ME`)")
    try:
        return report_key(keys.load(key, cert))
    except ValueError as error:
        raise UsageError(f"--key {key}: {error}") from None


def _outliers(data: str, program: str, define: list[str] | None, name: str | None, chosen: Chosen) -> list[Finding]:
    built = compiled(program, define).compiled
    everything = specs(built, frozenset(built.parties))
    known_columns(everything, chosen)
    datasets = [spec for spec in everything if isinstance(spec, DatasetSpec)]
    found = [spec for spec in datasets if name in (None, spec.name)]
    if len(found) != 1:
        what = "for which data set is not said" if name is None else f"the program has no data set `{name}`"
        known = [spec.name for spec in datasets]
        raise UsageError(what, f"--for is one of {listing(known)}" if known else "the program has none")
    table = records_table(found[0], data, chosen)
    return list(outliers(table, found[0].fields, mapped(found[0], table, chosen)))


def _hash_key(rules: Rules, path: Path | None) -> bytes:
    """Raises UsageError and InputError."""
    if not needs_key(rules):
        if path is not None:
            raise UsageError("--hash-key is of no use: the policy has nothing hashed")
        return b""
    if path is None:
        raise UsageError("the policy hashes a column, which takes a key", "add --hash-key FILE; it is made if need be")
    if path.exists():
        return read_key(path)
    made = new_key(path)
    say(f"{path}: a new key. Whoever has it can tell who a hash is; without it, later files get other hashes")
    return made
