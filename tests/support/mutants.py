"""Artifacts with something wrong, and right digests: what a liar or a bad disk could hand over."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any

from compiler.artifact.sealed import framed, parts, seal

ODD: tuple[Any, ...] = (
    0, 1, -1, 2, 3, 63, 64, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 64, -(1 << 63), 10**18, 10**11, 10**300, 10**4000,
    True, False, None, 0.5, float("inf"), float("nan"), "", "x", "\x1b[31m", "1/3", "-7", "1e99999999", "9" * 3000,
    [], [[]], {}, ["Type"], [0] * 100,
)  # fmt: skip


def taken_apart(data: bytes) -> tuple[Any, bytes, Any]:
    """The header, the circuits, the notes."""
    header, body, notes = parts(data)
    return json.loads(header), body, json.loads(notes)


def put_together(header: Any, body: bytes, notes: Any) -> bytes:
    return seal(framed(_text(header), body), _text(notes))


def _text(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def mutant(data: bytes, chance: random.Random) -> bytes:
    """The artifact with one to four changes to its structure, its gates, its text or its bytes; digests are right."""
    header, body, notes = taken_apart(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        match chance.randrange(8):
            case 0:
                body = _scrambled(body, chance)
            case 1:
                _changed(notes, chance)
            case 2:
                match notes:
                    case [_, [*_, [_, str(text)] as file]]:
                        file[1] = _retold(text, chance)
                    case _:
                        pass
            case 3:
                raw = bytearray(_text(header))
                raw[chance.randrange(len(raw))] = chance.randrange(256)
                return seal(framed(bytes(raw), body), _text(notes))
            case _:
                _changed(header, chance)
    return put_together(header, body, notes)


def _changed(whole: Any, chance: random.Random) -> None:
    """One place of a nest of lists: another value, one of its neighbours, one less or one more."""
    found = _place(whole, chance)
    if found is None:
        return
    parent, i = found
    match chance.randrange(6):
        case 0:
            del parent[i]
        case 1:
            parent.insert(i, deepcopy(parent[i]))
        case 2:
            others = [there[j] for there, j in filter(None, (_place(whole, chance) for _ in range(20)))]
            alike = [other for other in others if _kind(other) == _kind(parent[i])]
            parent[i] = deepcopy(chance.choice(alike or others))
        case 3 if type(parent[i]) is int:
            parent[i] += chance.choice((-2, -1, 1, 2, 1 << 20))
        case _:
            parent[i] = deepcopy(chance.choice(ODD))


def _kind(value: Any) -> object:
    """Values of one kind often fit where the other stood."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], str) else type(value)


def _place(whole: Any, chance: random.Random) -> tuple[list[Any], int] | None:
    """Found by going down at random, so that long lists of numbers do not take all chances."""
    found = None
    while isinstance(whole, list) and whole and (found is None or chance.random() < 0.9):
        found = whole, chance.randrange(len(whole))
        whole = whole[found[1]]
    return found


def _scrambled(body: bytes, chance: random.Random) -> bytes:
    if not body:
        return b"\0" * 9
    at = chance.randrange(len(body))
    match chance.randrange(3):
        case 0:
            return body[:at]
        case 1:
            return body + body[at:]
        case _:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _retold(text: str, chance: random.Random) -> str:
    if not text:
        return "x"
    at, to = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
    match chance.randrange(4):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + chance.choice('0123456789(){}[]<>;,=+-*/.\x1b\u202e"az') + text[at + 1 :]
        case 2:
            return text[:at] + str(chance.randrange(10**9)) + text[at:]
        case _:
            return text[:at] + text[to:]
