"""What a check or a mask has done, in words: columns, lines and numbers, never a value."""

from __future__ import annotations

from runtime.data.deidentify.check import Checked
from runtime.data.deidentify.findings import Finding
from runtime.data.deidentify.mask_file import Masked
from runtime.data.deidentify.rules import Rules
from runtime.report.wording import count, listing


def check_lines(file: str, checked: Checked, rules: Rules) -> list[str]:
    """What the file is, what was found of it, what was counted, and whether it passes."""
    found = sorted(checked.findings, key=lambda finding: not finding.fails)
    failing = sum(finding.fails for finding in found)
    records = "1 record" if checked.records == 1 else f"{count(checked.records)} records"
    return [
        f"{file}: {checked.form}, {count(checked.columns)} columns, {records}",
        *(f"  {_said(finding, checked.counted)}" for finding in found),
        *(f"  {line}" for line in _counted(checked, rules)),
        f"refused: {_findings(failing)}" if failing else "passed",
    ]


def _findings(number: int) -> str:
    return "1 finding" if number == 1 else f"{count(number)} findings"


def _said(finding: Finding, counted: str) -> str:
    noun = counted if finding.count == 1 else f"{counted}s"
    rows = ", ".join(map(str, finding.rows)) + (", ..." if finding.count > len(finding.rows) else "")
    columns = f" in {listing(finding.columns)}" if finding.columns else ""
    where = f"{noun} {rows}" if finding.count == len(finding.rows) else f"{count(finding.count)} rows, {noun} {rows}"
    told = "" if finding.fails else "to be judged: "
    return f"{told}{finding.check}: {finding.what}{columns}: {where}"


def _counted(checked: Checked, rules: Rules) -> list[str]:
    said: list[str] = []
    if checked.k is not None:
        said.append(f"k = {count(checked.k)} over {listing(rules.quasi)}, {rules.k} asked")
    if checked.diversity is not None:
        said.append(f"l = {count(checked.diversity)} of {listing(rules.sensitive)}, {rules.diversity} asked")
    if checked.person is not None and checked.persons is not None and checked.largest is not None:
        most = "" if checked.most is None else f", {checked.most} allowed"
        largest = "1 row" if checked.largest == 1 else f"{count(checked.largest)} rows"
        said.append(f"{count(checked.persons)} persons by `{checked.person}`, of one {largest} at most{most}")
    return said


def mask_lines(file: str, output: str, masked: Masked, rules: Rules) -> list[str]:
    """What was written where, and what became of which column."""
    ways = (("left out", masked.dropped), ("hashed", masked.hashed), ("generalised", masked.generalised))
    said = [f"{output}: {count(masked.rows)} records of {file}, in their order"]
    said += [f"  {way}: {listing(columns)}" for way, columns in ways if columns]
    if masked.beyond:
        records = "1 record" if masked.beyond == 1 else f"{count(masked.beyond)} records"
        said.append(f"  left out: {records} beyond the {rules.most} of one person")
    return said
