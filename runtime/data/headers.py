"""The header of a safetensors file: what it says of each tensor, held against what it may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

_SHOWN = 80  # characters of what was found
_Natural = Annotated[int, Field(ge=0)]


class NotUnderstood(ValueError):
    """A header is no JSON, or not of this form; the message says where."""


class Entry(BaseModel):
    """What a header says of one tensor."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    dtype: str
    shape: list[_Natural]
    data_offsets: Annotated[list[_Natural], Field(min_length=2, max_length=2)]


_HEADER = TypeAdapter(dict[str, Entry])


def understood(text: bytes, notes: str) -> dict[str, Entry]:
    """By the tensors' names, without the entry of `notes`.  Raises NotUnderstood."""
    try:
        header = from_json(text)
        if isinstance(header, dict):
            header.pop(notes, None)
        return _HEADER.validate_python(header)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:_SHOWN]
        raise NotUnderstood(f"its header is not understood at `{where}`: {first['msg']}") from None
    except ValueError as error:
        raise NotUnderstood(f"its header is no JSON: {str(error)[:_SHOWN]}") from None
