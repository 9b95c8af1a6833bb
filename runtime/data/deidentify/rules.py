"""What a policy asks of a file of records before anything is learned from it: `[deidentification]` of policy.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runtime.data.deidentify import masks
from runtime.data.deidentify.masks import Drop, Mask
from runtime.data.deidentify.sections import Section

NAME = "deidentification"
_KEYS = ("quasi-identifiers", "sensitive", "k", "l", "direct", "person", "most", "report", "mask")


@dataclass(frozen=True, slots=True)
class Rules:
    """Columns by their names; 1 for a `k` or a `diversity` that is not asked for.

    `quasi` are the columns by which somebody could be found who is known otherwise, `sensitive` what would then be
    learned, `direct` what names a person by itself, `person` what tells persons apart, each with at most `most` rows.
    With `report` a contract has to name a report that the file has passed.
    """

    quasi: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    k: int = 1
    diversity: int = 1  # the l of l-diversity
    direct: tuple[str, ...] = ()
    person: str | None = None
    most: int | None = None
    report: bool = False
    mask: Mapping[str, Mask] = field(default_factory=dict[str, Mask])

    def of_persons(self, person: str | None, most: int | None) -> Rules:
        """With what somebody says besides, which may be stricter only.  Raises ValueError."""
        if person is not None and self.person not in (None, person):
            raise ValueError(f"the policy tells persons apart by `{self.person}`")
        if most is not None and self.most is not None and most > self.most:
            raise ValueError(f"the policy lets a person have {self.most} rows")
        made = replace(self, person=person or self.person, most=most or self.most)
        if made.most is not None and made.person is None:
            raise ValueError("nothing says by which column persons are told apart")
        return made

    def document(self) -> dict[str, object]:
        """As JSON, in the policy's words; of one spelling for one meaning."""
        return {
            "quasi-identifiers": list(self.quasi),
            "sensitive": list(self.sensitive),
            "k": self.k,
            "l": self.diversity,
            "direct": list(self.direct),
            "person": self.person,
            "most": self.most,
            "report": self.report,
            "mask": {column: masks.document(mask) for column, mask in self.mask.items()},
        }


def read(section: object, where: str) -> Rules:
    """The rules of a section as tomllib has it; `where` is its file, for errors.  Raises InputError."""
    table = Section.of(section, NAME, where)
    table.only(_KEYS)
    written = Section.of(table.keys.get("mask", {}), f"{NAME}.mask", where)
    rules = Rules(
        quasi=table.names("quasi-identifiers"),
        sensitive=table.names("sensitive"),
        k=table.count("k") or 1,
        diversity=table.count("l") or 1,
        direct=table.names("direct"),
        person=None if table.get("person") is None else table.text("person"),
        most=table.count("most"),
        report=table.flag("report"),
        mask={column: masks.read(column, found, where) for column, found in written.keys.items()},
    )
    _agree(rules, table)
    return rules


def _agree(rules: Rules, table: Section) -> None:
    """Raises InputError for rules that say nothing without each other, or cannot both be kept."""
    for number, listed in (("k", "quasi-identifiers"), ("l", "sensitive")):
        if table.get(number) is None and table.names(listed):
            raise table.wrong(f"`{listed}` are named, and no `{number}`", f"write `{number} = 5` or another")
        if table.get(number) is not None and not table.names(listed):
            raise table.wrong(f"`{number}` is said, and no `{listed}`", f'write `{listed} = ["a", "b"]`')
    if rules.sensitive and not rules.quasi:
        raise table.wrong("l-diversity is of groups, and no `quasi-identifiers` are named", "name them, and `k`")
    if both := [column for column in rules.quasi if column in rules.sensitive]:
        raise table.wrong(f"`{both[0]}` is a quasi-identifier and sensitive at once", "name it in one of the lists")
    for what, columns in (
        ("a quasi-identifier", rules.quasi),
        ("sensitive", rules.sensitive),
        ("what tells persons apart", () if rules.person is None else (rules.person,)),
    ):
        if gone := [column for column in columns if isinstance(rules.mask.get(column), Drop)]:
            raise table.wrong(f"`{gone[0]}` is {what}, and dropped", "hash or generalise it, or leave it out there")
