"""One table of a policy's file: its keys by name and type, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from runtime.data.errors import InputError


@dataclass(frozen=True, slots=True)
class Section:
    """`[name]` of the file `where`."""

    keys: Mapping[str, object]
    name: str
    where: str

    @staticmethod
    def of(found: object, name: str, where: str) -> Section:
        """Raises InputError for what is no table."""
        if not isinstance(found, dict):
            raise InputError(f"`{name}` is not a table", help=f"write [{name}] and its keys below", file=where)
        return Section(cast("Mapping[str, object]", found), name, where)

    def wrong(self, what: str, help: str) -> InputError:
        return InputError(f"[{self.name}]: {what}", help=help, file=self.where)

    def get(self, key: str) -> object:
        """None where it is not written."""
        return self.keys.get(key)

    def only(self, known: Sequence[str], because: str = "") -> None:
        """Raises InputError for another key, with what may have been meant."""
        for key in self.keys:
            if key not in known:
                near = get_close_matches(key.lower().replace("_", "-"), known, 1, 0.6)
                listed = ", ".join(f"`{k}`" for k in known)
                help = f"did you mean `{near[0]}`?" if near else f"its keys are {listed}"
                raise self.wrong(f"there is no key `{key}`" + (f": {because}" if because else ""), help)

    def learned(self, words: Collection[str], help: str) -> None:
        """Raises InputError for a key, or a value, that says a constant is to be found in the rows."""
        for key, value in self.keys.items():
            word = key if key.lower() in words else value if isinstance(value, str) and key != "how" else ""
            if word and word.lower() in words:
                raise self.wrong(f"`{word}` would be learned from the rows", help)

    def text(self, key: str, choices: Sequence[str] = ()) -> str:
        """One that must be there."""
        found = self.get(key)
        if not isinstance(found, str) or not found:
            one = f": one of {', '.join(choices)}" if choices else ""
            missing = "is missing" if found is None else "is no text"
            raise self.wrong(f"`{key}` {missing}", f'write `{key} = "..."`{one}')
        return found

    def count(self, key: str) -> int | None:
        """A whole number from 1; None where it is not written."""
        found = self.get(key)
        if found is not None and (isinstance(found, bool) or not isinstance(found, int) or found < 1):
            raise self.wrong(f"`{key}` is no whole number from 1", f"write `{key} = 3`")
        return found

    def flag(self, key: str) -> bool:
        """False where it is not written."""
        found = self.get(key)
        if found is not None and not isinstance(found, bool):
            raise self.wrong(f"`{key}` is neither true nor false", f"write `{key} = true`, without quotes")
        return bool(found)

    def names(self, key: str) -> tuple[str, ...]:
        """Of columns; none where it is not written."""
        found = self.get(key)
        if found is None:
            return ()
        listed = cast("list[object]", found) if isinstance(found, list) else [None]
        names = [name for name in listed if isinstance(name, str) and name.strip()]
        if len(names) < len(listed):
            raise self.wrong(f"`{key}` is no list of names", f'write `{key} = ["a", "b"]`')
        if twice := [name for name in names if names.count(name) > 1]:
            raise self.wrong(f"`{key}` lists `{twice[0]}` twice", "leave out one of them")
        return tuple(names)
