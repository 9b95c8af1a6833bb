"""Three banks and a vendor over TLS, one of whom does not do what it should."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Thread, current_thread
from time import sleep
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from support.clear import clear_steps
from support.loopback import tls_pair

from compiler import artifact, pipeline
from compiler.pipeline import understand
from compiler.words.integers import Array
from compiler.words.ir import Value
from compiler.words.operations import Pooled
from lang.source import Source
from runtime.execute.beside import Met, side_by_side
from runtime.execute.follow import Follow
from runtime.execute.pool import Pool, TooFewOwners
from runtime.net.channel import Channel
from runtime.net.errors import NetworkError
from runtime.net.frames import Frame
from runtime.ot.errors import CheatingDetected
from runtime.ot.extension import Receiver
from runtime.party.run import Report, prepare, run
from runtime.party.several import prepared
from runtime.privacy.randomness import RunSecret
from runtime.program import Program
from runtime.session.hello import Disagreement

OWNERS = ("bank_a", "bank_b", "bank_c")
STEPS = 3
TEXT = f"""party vendor; party bank_a; party bank_b; party bank_c;
input w0: fix<8, 5>[3] from vendor;
dataset records from bank_a, bank_b, bank_c {{ x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }}
var w = w0;
dpsgd w on records(batch = 1, steps = {STEPS}, clip = 1.0, noise = 1.0, rate = 1.0, momentum = 0.5, release = step)
    as row {{ loss logistic(dot(w, row.x), row.y); }}
output w to vendor;
"""
RECORDS = "x0,x1,x2,y\n0.5,0.25,-0.5,1\n-0.25,0.5,0,0\n0,0.75,0.5,1\n0.5,-0.5,0.25,0\n"
BAD = "bank_c"
Frames = list[tuple[int, bytes]]
Instead = Callable[[int, int, bytes], Frames]  # of (how many frames were sent before, kind, payload)


@cache
def program(owner: str) -> Program:
    meaning = understand(Source("owners.ccr", TEXT), party=owner)
    compiled = pipeline.build(meaning)
    return Program("owners.ccr", compiled, artifact.encode(compiled), meaning)


def honestly(_: int, kind: int, payload: bytes) -> Frames:
    return [(kind, payload)]


@dataclass
class Watching:
    """A channel that keeps what is sent on it, and on which something else may be sent."""

    inner: Channel
    instead: Instead = honestly
    sent: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # kind, size
    frames: int = 0

    def send(self, kind: int, payload: bytes | bytearray | memoryview) -> None:
        self.frames += 1
        for other, data in self.instead(self.frames - 1, kind, bytes(payload)):
            self.sent.append((other, len(data)))
            self.inner.send(other, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass
class Played:
    banks: dict[str, Report | BaseException]
    vendor: dict[str, Report] | BaseException
    pool: Pool
    to: dict[str, Watching]  # what the vendor sent each bank
    by: dict[str, Watching]  # what each bank sent

    def told(self, owner: str) -> int:
        return sum(kind == Frame.NOISY_SUM for kind, _ in self.by[owner].sent)


def played(
    folder: Path,
    instead: Instead = honestly,
    least: int = 3,
    timeout: float = 30.0,
    programs: dict[str, str] | None = None,
    seed: int | None = 1,
) -> Played:
    """`instead` is what the bad bank sends; `programs` says by whose program a bank runs."""
    (folder / "records.csv").write_text(RECORDS)
    np.save(folder / "w0.npy", np.array([0.5, -1.0, 0.25]))
    mine = {owner: program(owner) for owner in OWNERS}
    pool = Pool(OWNERS, least, stall=timeout)
    sources = prepared(mine, {"w0": str(folder / "w0.npy")}, seed, pool)
    ends = {owner: tls_pair(timeout) for owner in OWNERS}
    by = {owner: Watching(end, instead if owner == BAD else honestly) for owner, (end, _) in ends.items()}
    to = {owner: Watching(end) for owner, (_, end) in ends.items()}
    banks: dict[str, Report | BaseException] = {}

    def bank(owner: str) -> None:
        try:
            own = program((programs or {}).get(owner, owner))
            name = own.compiled.garbler
            given = {"records": str(folder / "records.csv")}
            banks[owner] = run(own, name, prepare(own, name, given, RunSecret.of(seed, owner)), by[owner])
        except Exception as error:
            banks[owner] = error

    def session(owner: str, met: Met) -> Report:
        channel = met(lambda: to[owner])
        return run(mine[owner], "vendor", sources[owner], channel, follow=Follow(gather=partial(pool.gather, owner)))

    threads = [Thread(target=bank, args=(owner,), name=owner) for owner in OWNERS]
    for thread in threads:
        thread.start()
    vendor: dict[str, Report] | BaseException
    try:
        vendor = side_by_side(pool, {owner: partial(session, owner) for owner in OWNERS}, least)
    except (NetworkError, Disagreement, CheatingDetected) as error:
        vendor = error
    for thread in threads:
        thread.join(2 * timeout)
    return Played(banks, vendor, pool, to, by)


def weights(reports: dict[str, Report] | BaseException) -> list[int]:
    assert isinstance(reports, dict)
    [found] = {tuple(report.outputs["w"].tolist()) for report in reports.values()}
    return list(found)


# -- what a bank tells --------------------------------------------------------------------------------


def made_up(byte: bytes) -> Instead:
    return lambda _, kind, data: [(kind, byte * len(data) if kind == Frame.NOISY_SUM else data)]


@pytest.mark.parametrize("byte", [b"\xff", b"\x7f", b"\x80", b"\0"])
def test_made_up_sums_are_seen_by_no_other_bank(byte: bytes, tmp_path: Path) -> None:
    """The vendor goes on, and what it sends the others is of the number and the sizes that it ever is."""
    honest, lying = played(tmp_path), played(tmp_path, made_up(byte))
    assert weights(honest.vendor) != weights(lying.vendor)
    for owner in OWNERS:
        assert isinstance(lying.banks[owner], Report)
        assert lying.to[owner].sent == honest.to[owner].sent
    assert lying.pool.gone == {}


def test_a_sum_of_garbage_counts_no_more_than_an_honest_one_could(tmp_path: Path) -> None:
    """It is cut where the noisy sum of an honest bank hardly ever comes; what all of them tell, after that."""
    cut, asked = dict[str, int](), dict[str, int]()
    honest = Pool.pooled

    def keeping(self: Pool, owner: str, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        cut[owner] = at.most
        asked[owner] = max(asked.get(owner, 0), int(np.abs(own).max()))
        total = honest(self, owner, at, own, position)
        assert np.abs(total).max() <= at.together <= sum(cut.values()) + 3
        return total

    with patch.object(Pool, "pooled", keeping):
        for _ in range(4):  # garbage less a share is anything: nine numbers are all small enough once in 140 runs
            played(tmp_path, made_up(b"\x7f"))
            if asked[BAD] > cut[BAD]:
                break
    assert asked[BAD] > cut[BAD] and all(asked[owner] < cut[owner] for owner in OWNERS[:2])
    [pooled] = found_in(program(BAD))
    again = Pool(OWNERS[:2], 1)
    again.leave("bank_b", "away")
    far = np.array([1 << 62, -(1 << 62)])
    assert again.pooled("bank_a", pooled, far, (0,)).tolist() == [pooled.most, -pooled.most]


def found_in(own: Program) -> list[Pooled]:
    blocks = [step.block for step in clear_steps(own.compiled.plan.steps)]
    return [i.op for block in blocks for i in block.items if isinstance(i, Value) and isinstance(i.op, Pooled)]


# -- a bank that goes, or says nothing ------------------------------------------------------------------


class Gone(NetworkError):
    pass


def leaves(number: int) -> Instead:
    def instead(at: int, kind: int, data: bytes) -> Frames:
        if at == number and current_thread().name == BAD:
            raise Gone("the bad bank has gone")
        return [(kind, data)]

    return instead


def phases(folder: Path) -> list[int]:
    """Before which frame it goes: the greeting, the seeds, the transfers, tables, each sum, the end."""
    sent = [kind for kind, _ in played(folder).by[BAD].sent]
    firsts = {kind: sent.index(kind) for kind in reversed(sent)}
    sums = [at for at, kind in enumerate(sent) if kind == Frame.NOISY_SUM]
    assert len(sums) == STEPS
    return sorted({*firsts.values(), *sums, *(at - 1 for at in sums), len(sent) - 1})


@pytest.mark.parametrize("least", [2, 3])
def test_a_bank_that_goes_at_each_phase(least: int, tmp_path: Path) -> None:
    found = phases(tmp_path)
    assert len(found) >= 7
    for number in found:
        run = played(tmp_path, leaves(number), least)
        told = run.told(BAD)
        assert isinstance(run.banks[BAD], Gone) and 0 <= told <= STEPS
        if least == 2:
            assert isinstance(run.vendor, dict) and set(run.vendor) >= set(OWNERS) - {BAD}
            assert len(weights(run.vendor)) == 3
            assert [run.told(owner) for owner in OWNERS[:2]] == [STEPS, STEPS]
            assert told == STEPS or list(run.pool.gone) == [BAD]
        elif not isinstance(run.vendor, dict):
            assert run.vendor.__notes__ == [BAD]
            assert all(run.told(owner) <= told + 1 for owner in OWNERS[:2])  # none is told more than a step ahead
            if not any(kind == Frame.TABLES for kind, _ in run.by[BAD].sent) and number <= 2:
                assert [run.told(owner) for owner in OWNERS] == [0, 0, 0]  # none was charged


def stalls(number: int) -> Instead:
    """From some frame on it sends nothing, and stays."""
    return lambda at, kind, data: [(kind, data)] if at < number or kind == Frame.ABORT else []


def dawdles(number: int) -> Instead:
    """From some frame on each comes late, though never so late that its own session ends."""

    def instead(at: int, kind: int, data: bytes) -> Frames:
        if at >= number:
            sleep(2.0)
        return [(kind, data)]

    return instead


def test_a_bank_that_is_slow_is_left_behind_before_the_others_give_up(tmp_path: Path) -> None:
    sent = [kind for kind, _ in played(tmp_path).by[BAD].sent]
    first = sent.index(Frame.NOISY_SUM)
    assert sent.index(Frame.NOISY_SUM, first + 1) - first >= 3  # a step of it takes longer than the others wait
    run = played(tmp_path, dawdles(first + 1), least=2, timeout=3.0)
    assert isinstance(run.vendor, dict) and set(run.vendor) == set(OWNERS) - {BAD}
    assert all(isinstance(run.banks[owner], Report) for owner in OWNERS[:2])
    assert run.pool.gone == {BAD: "the others have waited 2 s for it"} and isinstance(run.banks[BAD], NetworkError)


@pytest.mark.parametrize("which", [0, 1])
def test_a_bank_that_says_nothing_is_left_behind(which: int, tmp_path: Path) -> None:
    sent = [kind for kind, _ in played(tmp_path).by[BAD].sent]
    number = [at for at, kind in enumerate(sent) if kind == Frame.NOISY_SUM][which]
    run = played(tmp_path, stalls(number), least=2, timeout=3.0)
    assert isinstance(run.vendor, dict) and set(run.vendor) == set(OWNERS) - {BAD}
    assert all(isinstance(run.banks[owner], Report) for owner in OWNERS[:2])
    assert list(run.pool.gone) == [BAD] and run.told(BAD) == which


# -- another program, another bank ------------------------------------------------------------------


def test_a_bank_with_the_program_of_another_is_refused(tmp_path: Path) -> None:
    run = played(tmp_path, programs={BAD: "bank_b"})
    assert isinstance(run.vendor, Disagreement | TooFewOwners) and isinstance(run.banks[BAD], Exception)
    assert [run.told(owner) for owner in OWNERS] == [0, 0, 0]  # before anybody was charged
    run = played(tmp_path, programs={BAD: "bank_b"}, least=2)
    assert isinstance(run.vendor, dict) and set(run.vendor) == set(OWNERS) - {BAD}


# -- the vendor, towards one of them ------------------------------------------------------------------


@contextmanager
def spoilt(which: int) -> Generator[None]:
    """In the bad bank's session the vendor's batch of that number fails the check."""
    honest, made = Receiver.extend, [0]

    def extend(self: Receiver, choices: Any) -> Any:
        message, labels = honest(self, choices)
        if not current_thread().name.endswith(BAD):
            return message, labels
        made[0] += 1
        return (bytes(message[:-1]) + bytes([message[-1] ^ 1]), labels) if made[0] == which + 1 else (message, labels)

    with patch.object(Receiver, "extend", extend):
        yield


@pytest.mark.parametrize("which", [0, 1, 3])
def test_a_vendor_that_cheats_one_bank_is_caught_by_it(which: int, tmp_path: Path) -> None:
    """Before the sum of its step is told; what it had from the others it keeps."""
    with spoilt(which):
        run = played(tmp_path, least=2)
    assert isinstance(run.banks[BAD], CheatingDetected)
    assert all(isinstance(run.banks[owner], Report) for owner in OWNERS[:2])
    assert run.told(BAD) <= max(0, which - 1) and [run.told(owner) for owner in OWNERS[:2]] == [STEPS, STEPS]
    assert run.by[BAD].sent[-1][0] == Frame.ABORT


# -- one seed -------------------------------------------------------------------------------------------


def test_one_seed_gives_each_bank_batches_and_noise_of_its_own(tmp_path: Path) -> None:
    """With equal files: were their noise one, the difference of two sums would have none."""
    sums: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    honest = Pool.pooled

    def keeping(self: Pool, owner: str, at: Pooled, own: Array, position: tuple[int, ...]) -> Array:
        sums[owner, position] = own.tolist()
        return honest(self, owner, at, own, position)

    with patch.object(Pool, "pooled", keeping):
        first = weights(played(tmp_path, seed=7).vendor)
        told = dict(sums)
        assert weights(played(tmp_path, seed=7).vendor) == first and told == sums
    for step in range(STEPS):
        assert len({tuple(told[owner, (step,)]) for owner in OWNERS}) == 3
    streams = {RunSecret.of(7, owner).key for owner in ("", *OWNERS)}
    assert len(streams) == 4
