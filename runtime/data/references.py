"""Which file, and which array of it: `model.safetensors:fc1.weight:T`, as it stands after `--input NAME=`.

What follows the first `.npz:`, `.safetensors:` or other ending of a known format is the array's name there, to its
end; a last `:T` says that the array lies in the file transposed.  Nothing is ever transposed unless that is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from runtime.data.errors import InputError
from runtime.data.formats import FORMATS, Named, format_of, listed

_TRANSPOSED = ":T"
# Files that are programs for a machine which makes objects: whoever opens one runs it.
PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib")


@dataclass(frozen=True, slots=True)
class Reference:
    """A file, or an array of it."""

    path: str
    array: str = ""  # its name in the file; "" where none is written
    transposed: bool = False

    @staticmethod
    def of(text: str) -> Reference:
        """Raises InputError where no name follows the colon."""
        ends = [(at, at + len(e)) for e in (*FORMATS, *PICKLES) if (at := text.lower().find(f"{e}:")) >= 0]
        if not ends:
            return Reference(text)
        end = min(ends)[1]
        path, array = text[:end], text[end + 1 :]
        if array.endswith(_TRANSPOSED):
            return Reference(path, array.removesuffix(_TRANSPOSED), transposed=True)
        if not array:
            raise InputError("no name follows the colon", help=f"write {path}:NAME, or {path} alone", file=text)
        return Reference(path, array)

    def __str__(self) -> str:
        array = f":{self.array}" if self.array or self.transposed else ""
        return f"{self.path}{array}{_TRANSPOSED if self.transposed else ''}"

    def check_named(self) -> None:
        """Raises InputError for a name in a file whose arrays have none."""
        if self.array and not isinstance(format_of(self.path), Named):
            what = f"there is no `{self.array}` to be found: only arrays of {named_endings()} files have names"
            transposing = f"; {Reference(self.path, transposed=True)} transposes it"
            raise InputError(what, help=f"give the path alone{transposing}", file=self.path)


def named_endings() -> str:
    """`.npz or .safetensors`"""
    return listed(ending for ending, found in FORMATS.items() if isinstance(found, Named))


def path_of(text: str) -> str:
    """The file alone.  Raises InputError as `Reference.of`."""
    return Reference.of(text).path


def refuse_unread(path: str) -> None:
    """Of what is in no format that is read: raises InputError for a pickle, whatever it holds, and for a folder."""
    if _is_folder(path):
        help = "give a file, or of many that are one data set a pattern in quotes, such as 'FOLDER/*.parquet'"
        raise InputError("it is a folder", help=help, file=path)
    ending = next((e for e in PICKLES if path.lower().endswith(e)), None)
    if ending is not None:
        _refuse(path, ending)


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # too long for a name, as a number of 1024 bits is
        return False


def _refuse(path: str, ending: str) -> NoReturn:
    torch = ending in PICKLES[:4]
    raise InputError(
        f"a {ending} file is a pickle, which is never opened: it may run any code",
        help="save the tensors with safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
        if torch
        else "save the arrays, such as np.savez('model.npz', coef=model.coef_, intercept=model.intercept_)",
        file=path,
    )
