"""What is done to which column of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from runtime.data.deidentify.cells import place_of
from runtime.data.deidentify.masking import Masker, masker
from runtime.data.deidentify.masks import Drop, Generalise, Hash, Mask
from runtime.data.deidentify.persons import Persons
from runtime.data.deidentify.rules import Rules
from runtime.data.deidentify.unmasked import masks_of
from runtime.data.encode import Wrong
from runtime.data.errors import Counted, InputError
from runtime.data.shown import some
from runtime.data.table import Table


@dataclass(frozen=True, slots=True)
class Plan:
    """Masks by the places of columns, with the policy's names for these; the place that tells persons apart."""

    table: Table
    masks: Mapping[int, tuple[str, Mask]]
    person: int | None
    persons: Persons
    key: bytes

    @staticmethod
    def of(table: Table, rules: Rules, key: bytes) -> Plan:
        """Raises InputError for a column that is not there: one that is called otherwise would stay as it is."""
        masks = masks_of(table, rules)
        gone = [name for name in rules.mask if name not in {called for called, _ in masks.values()}]
        names = [*table.names(), *table.arrays]
        if gone:
            near = get_close_matches(gone[0], names, 1, 0.6)
            raise InputError(
                f"there is no {table.noun} `{gone[0]}`, which the policy masks",
                help=f"did you mean `{near[0]}`?" if near else f"it has {some(table.names())}",
                file=table.file,
            )
        if all(isinstance(masks[place][1], Drop) if place in masks else False for place in range(len(table.columns))):
            raise InputError("nothing of it would be left", help="keep what is to be learned from", file=table.file)
        person = None if rules.person is None else place_of(table, rules.person, "is to tell persons apart")
        return Plan(table, masks, person, Persons(rules.most), key)

    @property
    def hashes(self) -> bool:
        """Whether there is need of a key."""
        return any(isinstance(mask, Hash) for _, mask in self.masks.values())

    def drops(self, place: int) -> bool:
        return place in self.masks and isinstance(self.masks[place][1], Drop)

    def maskers(self) -> dict[int, Masker]:
        """What becomes of the cells of each column that is masked and stays."""
        return {
            place: masker(name, mask, self.key)
            for place, (name, mask) in self.masks.items()
            if not isinstance(mask, Drop)
        }

    def mask(self, place: int) -> Hash | Generalise | None:
        """Of a column that stays."""
        mask = self.masks[place][1] if place in self.masks else None
        return None if isinstance(mask, Drop) else mask

    def apply(self, masker: Masker, cells: Sequence[str], rows: Sequence[int], column: str) -> list[str]:
        """Raises InputError for a cell that cannot be masked."""
        found: list[str] = []
        try:
            found.extend(map(masker, cells))
        except Wrong as wrong:
            raise self.wrong(wrong, rows[len(found)], column) from None
        return found

    def wrong(self, wrong: Wrong, row: int, column: str) -> InputError:
        counted: Counted = self.table.counted
        return InputError(wrong.what, help=wrong.help, file=self.table.file, row=row, column=column, counted=counted)
