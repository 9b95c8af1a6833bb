"""The log of a ledger: whoever has it, and not the ledger, sees whatever was done to it."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from support.contracts import HOSPITAL, MALLORY, terms
from support.histories import DATA, TWIN, every_kind, exported, ledger_of, of_steps
from support.ledger_worker import COST
from support.ledgers import refused, times

from runtime.contract import canonical
from runtime.contract.fields import Digest
from runtime.contract.terms import Model
from runtime.ledger import chain, log
from runtime.ledger.audit import MOST, Audit, audit
from runtime.ledger.books import Books
from runtime.ledger.checkpoint import Head, decode_head, made
from runtime.ledger.events import Event, Granted, Moved, Reserved, budget, encode
from runtime.ledger.seal import read as read_seal
from runtime.net import keys

AT = terms().not_before + timedelta(hours=5)
SIGNER = keys.fingerprint(HOSPITAL.certificate)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return exported(tmp_path_factory.mktemp("log") / "ledger.db", every_kind(), AT)


def audited(lines: list[bytes] | bytes, **asked: Any) -> Audit:
    data = lines if isinstance(lines, bytes) else b"".join(lines)
    return audit(log.read(io.BytesIO(data)), **asked)


def codes(done: Audit) -> list[tuple[int, str]]:
    return [(damage.line, damage.code) for damage in done.told]


def head(lines: list[bytes]) -> Head:
    return decode_head(lines[-1])


def test_a_whole_log(whole: list[bytes]) -> None:
    events = every_kind()
    done = audited(whole, signer=SIGNER, held=head(whole))
    assert done.told == [] and done.events == len(events) == len(whole) - 2
    assert {event.kind for event in events} == {e["event"]["kind"] for e in map(json.loads, whole[1:-1])}
    [first] = {data for data in done.books.granted if done.books.charged(data).epsilon}
    assert done.books.charged(first) == times(COST, 2) and done.books.granted[first].label == "twin.csv"


def test_every_kind_of_event_is_in_the_history() -> None:
    kinds = {branch["properties"]["kind"]["const"] for branch in _schemas().values() if "kind" in branch["properties"]}
    assert {event.kind for event in (*every_kind(), *of_steps())} == kinds and len(kinds) == 15


def test_a_log_of_steps(tmp_path: Path) -> None:
    lines = exported(tmp_path / "ledger.db", of_steps(), AT)
    done = audited(lines, signer=SIGNER)
    assert done.told == [] and done.events == len(of_steps())
    [spent] = done.books.sessions.spent.values()
    assert spent == 3


# -- damage


def test_no_byte_can_be_changed(whole: list[bytes]) -> None:
    data = b"".join(whole)

    @given(st.integers(0, len(data) - 1), st.integers(1, 255))
    @example(len(data) - 1, 1)
    @example(0, 32)
    def changed(place: int, by: int) -> None:
        told = codes(audited(data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]))
        line = data[:place].count(b"\n") + 1
        # A hash is told of the next line, too, and whose the log is of the signed one.
        assert told and {at for at, _ in told} <= {line, line + 1, *([len(whole)] if line == 1 else [])}, told

    changed()


@pytest.mark.slow
def test_no_byte_at_all_can_be_changed(whole: list[bytes]) -> None:
    data = b"".join(whole)
    for place in range(len(data)):
        for by in (1, 32):
            assert audited(data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]).told, (place, by)


def test_no_line_can_be_dropped_doubled_or_moved(whole: list[bytes]) -> None:
    count = len(whole)
    for i in range(count):
        assert codes(audited(whole[:i] + whole[i + 1 :]))[0][0] in (i + 1, i)
        assert codes(audited(whole[: i + 1] + whole[i:]))[0][0] == i + 2
        for j in range(i + 1, count):
            swapped = [*whole[:i], whole[j], *whole[i + 1 : j], whole[i], *whole[j + 1 :]]
            assert codes(audited(swapped))[0][0] == i + 1


def test_no_end_can_be_cut_off(whole: list[bytes]) -> None:
    data = b"".join(whole)
    starts = {sum(map(len, whole[:i])) for i in range(len(whole))}
    for end in sorted(starts | {start - 1 for start in starts if start} | set(range(0, len(data) - 1, 97))):
        told = codes(audited(data[:end]))
        assert told[-1][1] in ("unsigned", "cut-off") and told[-1][0] == data[:end].count(b"\n") + (end not in starts)


def test_each_damaged_line_is_named_and_no_other(whole: list[bytes]) -> None:
    lines = list(whole)
    for at in (3, 7):
        lines[at] = lines[at].replace(b'"at":"20', b'"at":"21')
    assert codes(audited(lines)) == [(4, "altered"), (8, "altered")]
    lines[5] = b"{}\n"
    assert codes(audited(lines)) == [(4, "altered"), (6, "no-event"), (8, "altered")]


def test_a_number_that_is_not_the_lines_is_told(whole: list[bytes]) -> None:
    """No hash is of it."""
    for at in range(1, len(whole) - 1):
        wrong = canonical.encode(json.loads(whole[at]) | {"number": at + 40}) + b"\n"
        assert codes(audited([*whole[:at], wrong, *whole[at + 1 :]]))[0] == (at + 1, "out-of-order")


def test_who_hashes_anew_cannot_sign_anew(whole: list[bytes]) -> None:
    lines, found = list(whole), chain.start(json.loads(whole[0])["ledger"])
    for at, line in enumerate(whole[1:-1], 1):
        entry = json.loads(line.replace(b'"epsilon":"10"', b'"epsilon":"9"'))
        found = chain.follow(found, chain.leaf(entry["salt"], entry["event"]))
        lines[at] = canonical.encode(entry | {"hash": found}) + b"\n"
    assert codes(audited(lines)) == [(len(whole), "altered")] and lines != whole
    signed = json.loads(whole[-1])
    signed["statement"]["head"] = found
    assert codes(audited([*lines[:-1], canonical.encode(signed) + b"\n"])) == [(len(whole), "altered")]


# -- what only a checkpoint tells that somebody kept


def test_an_older_log_is_whole_by_itself(tmp_path: Path) -> None:
    """Its end is where its owner ended it: without a checkpoint that was kept nobody sees that there was more."""
    events = every_kind()
    with ledger_of(tmp_path / "ledger.db", events[:9]) as ledger:
        older = log.lines(ledger, HOSPITAL, AT)
    with ledger_of(tmp_path / "ledger.db", events[9:]) as ledger:
        newer, published = log.lines(ledger, HOSPITAL, AT), made(ledger, HOSPITAL, AT)
    assert audited(older).told == [] == audited(newer, held=head(older)).told
    assert codes(audited(older, held=head(newer))) == [(11, "rolled-back")]
    assert codes(audited(older, held=published)) == [(11, "rolled-back")]
    assert audited(newer, held=published).told == [] and newer[:10] == older[:10]


def test_a_history_that_was_written_anew(tmp_path: Path) -> None:
    events = every_kind()
    with ledger_of(tmp_path / "ledger.db", events[:9]):
        pass
    backup = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with ledger_of(tmp_path / "ledger.db", events[9:]) as ledger:
        kept = head(log.lines(ledger, HOSPITAL, AT))
    for path, data in backup.items():
        path.write_bytes(data)
    others = [e.model_copy(update={"rule": "revoked"}) if e.kind == "refused" else e for e in events[9:]]
    with ledger_of(tmp_path / "ledger.db", others) as ledger:
        again = log.lines(ledger, HOSPITAL, AT)
    assert audited(again).told == [] and codes(audited(again, held=kept)) == [(len(again) - 1, "rewritten")]


def test_another_owner_or_ledger(whole: list[bytes], tmp_path: Path) -> None:
    with ledger_of(tmp_path / "ledger.db", every_kind()) as ledger:
        others = log.lines(ledger, MALLORY, AT)
        same_owner = log.lines(ledger, HOSPITAL, AT)
    assert codes(audited(whole, signer="0" * 64)) == [(1, "foreign-signer")]
    assert (1, "foreign-signer") in codes(audited(whole, held=head(others)))
    assert (1, "other-ledger") in codes(audited(whole, held=head(same_owner)))
    forged = head(whole).model_copy(update={"signature": "0" * 128})
    refused(lambda: audited(whole, held=forged), "altered")
    assert codes(audited([whole[0], *others[1:]]))[0][1] in ("altered", "foreign-signer")
    assert codes(audited([*whole[:-1], others[-1]])) == [(len(whole), "foreign-signer")]
    assert codes(audited([*whole[:-1], same_owner[-1]])) != []


# -- the rules, asked again


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda e: {"budget": budget(COST)} if isinstance(e, Granted) else {}, "above-grant"),
        (lambda e: {"budget": budget(COST)} if e.kind == "allotted" else {}, "consumer-budget"),
        (lambda e: {"charge": budget(times(COST, 9))} if isinstance(e, Reserved) else {}, "consumer-budget"),
        (lambda e: {"program": "0" * 64} if isinstance(e, Reserved) else {}, "contract-differs"),
        (lambda e: {"at": terms().expires} if isinstance(e, Reserved) else {}, "expired"),
        (lambda e: {"reveals": ()} if isinstance(e, Granted) else {}, "infinite-epsilon"),
        (lambda e: {"state": "released"} if isinstance(e, Moved) else {}, "run-state"),
    ],
)
def test_an_owner_that_signs_what_its_ledger_would_not_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, code: str
) -> None:
    """By a version of its own that checks nothing: each such event is named with its line."""
    with monkeypatch.context() as patched:
        patched.setattr(Books, "check", lambda *_: None)
        patched.setattr(Books, "_moved", lambda *_: None)
        patched.setattr(Books, "in_time", lambda *_: None)
        lines = exported(
            tmp_path / "l.db", [e.model_copy(update=change(e)) for e in every_kind()], AT + timedelta(days=90)
        )
    done = audited(lines)
    assert done.damages == [] and code in {damage.code for damage in done.breaches}
    kinds = [json.loads(lines[damage.line - 1])["event"]["kind"] for damage in done.breaches if damage.code == code]
    assert set(kinds) <= {"granted", "allotted", "reserved", "unbounded", "moved", "cut_off"}


def test_a_charge_above_its_grant_is_told_with_the_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [e.model_copy(update={"budget": budget(COST)}) if e.kind == "allotted" else e for e in every_kind()]
    with monkeypatch.context() as patched:
        patched.setattr(Books, "check", lambda *_: None)
        lines = exported(tmp_path / "l.db", events, AT)
    first, *others = audited(lines).breaches
    assert (first.line, first.code) == (11, "consumer-budget")
    assert [other.line for other in others] == [15]  # the third run; what became of the two is not told again
    assert "bound epsilon 0.25 at delta 0.000001" in first.what and "charged epsilon 0.25" in first.what


# -- a file that anybody may have made


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00\n",
        b"[" * 50_000 + b"]" * 50_000 + b"\n",
        b'{"event":' * 9 + b"1" + b"}" * 9 + b"\n",
        b'{"event":' + b"9" * 5000 + b"}\n",
        b'{"event":1e400}\n',
        b'{"event":NaN}\n',
        b'{"event":{},"event":{}}\n',
        b'{"\\u001b[2J":{},"\\u001b[2J":{}}\n',
        b'{"event":{"kind":"granted"},"hash":"' + b"0" * 64 + b'","number":1,"salt":"' + b"0" * 64 + b'"}\n',
        b'{"event":{},"hash":1,"number":"1","salt":null}\n',
        b'{"statement":{}}\n',
        b'"statement"\n',
        b"0\n",
        b'"' + b"x" * (1 << 18) + b'"\n',
    ],
)
def test_lines_that_nobody_wrote(whole: list[bytes], line: bytes) -> None:
    for at in range(3):
        told = audited([*whole[:at], line, *whole[at + 1 :]]).told
        assert told and all(damage.what.isprintable() and len(damage.what) < 500 for damage in told)


def test_only_so_much_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        """Zeros, or empty lines."""

        def __init__(self, unit: bytes) -> None:
            self.unit, self.taken = unit, 0

        def readline(self, size: int | None = -1, /) -> bytes:
            given = (self.unit * (size or 0))[:size] if b"\n" not in self.unit else self.unit
            self.taken += len(given)
            return given

    source: Any = Endless(b"0")
    assert codes(audit(log.read(source)))[0] == (1, "cut-off") and source.taken <= log.LONGEST
    lines: Any = Endless(b"\n")
    assert len(audit(log.read(lines)).told) == MOST and lines.taken <= 2 * MOST
    monkeypatch.setattr(log, "LARGEST", 1 << 12)
    refused(lambda: list(log.read(lines)), "too-large")


def test_the_limits_fit_each_other() -> None:
    """A line takes the longest event that the ledger takes."""
    from runtime.ledger.store import _LONGEST_EVENT

    assert log.LONGEST >= _LONGEST_EVENT + 1000


# -- what leaves


def test_data_sets_go_by_other_names_and_nothing_secret_leaves(tmp_path: Path) -> None:
    with ledger_of(tmp_path / "ledger.db", every_kind()) as ledger:
        text = b"".join(log.lines(ledger, HOSPITAL, AT)).decode()
        row_key = ledger.row_key().hex()
    seal = read_seal(tmp_path / "ledger.db.seal")
    assert seal is not None
    kept_at_home = (DATA, TWIN, seal.key.hex(), chain.derived(seal.key).hex(), row_key, HOSPITAL.private_key.decode())
    assert not any(secret in text for secret in kept_at_home) and '"marks"' not in text
    assert "records.csv" in text


def test_every_name_of_a_data_set_is_renamed() -> None:
    """Whatever else events say by a digest is listed here; and none has fields of names that somebody chose."""
    models = _models(Event)
    digests = {name for model in models for name, field in model.model_fields.items() if _says_digest(field)}
    assert digests - {"data", "same_as", "marks"} == {"run", "contract", "program", "policy", "reports"}
    assert len(models) > 15 and not [
        (model, name) for model in models for name, field in model.model_fields.items() if "dict" in str(field)
    ]


def _models(annotation: Any) -> set[type[Model]]:
    """Those that an annotation speaks of, and those within them."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return {annotation}.union(*(_models(field.annotation) for field in annotation.model_fields.values()))
    return set[type[Model]]().union(*map(_models, get_args(annotation)))


def _says_digest(found: Any) -> bool:
    """A field, or a part of its annotation, is a digest."""
    digest = get_args(Digest)[1]  # what tells it from other texts
    if isinstance(found, FieldInfo):
        return digest in found.metadata or _says_digest(found.annotation)
    return digest in getattr(found, "__metadata__", ()) or any(map(_says_digest, get_args(found)))


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = TypeAdapter(Event).json_schema(mode="serialization")["$defs"]
    return {name: schema for name, schema in found.items() if "properties" in schema}


def test_the_hash_is_of_what_the_ledger_holds() -> None:
    """An event of an older version, which says less, keeps its hash; and the hash is the same in every version."""
    older = '{"at":"2026-01-01T00:00:00Z","kind":"moved","run":"%s","state":"aborted"}' % ("1" * 64)
    [told] = chain.told(chain.derived(b"k" * 32), [older])
    assert canonical.encode(told.event).decode() == older
    assert told.salt == "276d6ca3de2daf54fed85ef3a6e3d4f08226b7d8fad59197040393df9ce80794"
    assert chain.head("0" * 64, [told.leaf]) == "a8c4d306930499fdf96acf4afc5b632a9fc05aeecb22d2cab0fd945208c5d804"


def test_a_guess_of_an_event_cannot_be_tested() -> None:
    """Without the salt, of which each event has its own."""
    body = encode(every_kind()[-1])
    first, second = chain.told(chain.derived(b"k" * 32), [body, body])
    other = next(chain.told(chain.derived(b"l" * 32), [body]))
    assert first.event == second.event == other.event
    assert len({first.leaf, second.leaf, other.leaf}) == len({first.salt, second.salt, other.salt}) == 3
