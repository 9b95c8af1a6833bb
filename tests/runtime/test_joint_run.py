"""Joint noise in a run: both parties' coins at every step, the noise in nobody's hands, the same bits everywhere."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from support.memory_channel import pair

from compiler.artifact import decode
from compiler.schedule.plan import Clear, Enter, Free, Launch, Repeat, Step
from compiler.words.integers import Array
from compiler.words.ir import Block, Loop, Type, Value
from compiler.words.operations import Coins
from compiler.words.sampler import Sampler
from runtime import api
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk
from runtime.party.run import Report, prepare, run
from runtime.party.sources import PartySources, load
from runtime.privacy.randomness import RunSecret

TEXT = """party vendor;
party hospital;
input w0: fix<12, 6>[3] from vendor;
dataset records from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }
var w = w0;
var b: fix<12, 6> = 0.5;
dpsgd w, b on records(batch = 2, steps = 3, clip = 2.0, noise = NOISE, rate = 1.0) as row {
    loss logistic(dot(w, row.x) + b, row.y);
}
output w to vendor;
output b to vendor;
"""
RECORDS = "x0,x1,x2,y\n0.5,0.25,-0.5,1\n-0.25,0.5,0,0\n0,0.75,0.5,1\n0.5,-0.5,0.25,0\n"
NAMES = ("w", "b")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("joint")
    (folder / "records.csv").write_text(RECORDS)
    np.save(folder / "w0.npy", np.array([0.5, -1.0, 0.25]))
    for name, noise in ("joint", "1.0"), ("fine", "0.001"), ("own", "1.0 drawn by hospital"):
        (folder / f"{name}.ccr").write_text(TEXT.replace("NOISE", noise))
    return folder


def given(folder: Path) -> dict[str, str]:
    return {"records": str(folder / "records.csv"), "w0": str(folder / "w0.npy")}


def garbled(program: api.Program, folder: Path, secrets: dict[str, RunSecret]) -> dict[str, Array]:
    """The real protocol between two threads, oblivious transfers and all; what the vendor learns."""
    files, ends = given(folder), dict(zip(("hospital", "vendor"), pair(), strict=True))
    reports: dict[str, Report] = {}

    def play(party: str, name: str) -> None:
        reports[party] = run(program, party, prepare(program, party, {name: files[name]}, secrets[party]), ends[party])

    other = Thread(target=play, args=("hospital", "records"))
    other.start()
    play("vendor", "w0")
    other.join()
    return reports["vendor"].outputs


@pytest.mark.parametrize("name", ["joint", "fine", "own"])
def test_words_circuits_and_the_protocol_agree(folder: Path, name: str) -> None:
    program = api.compile(folder / f"{name}.ccr")
    everyone, secret = frozenset(program.compiled.parties), RunSecret.from_seed(4)
    expected = api.simulate(program, given(folder), seed=4)
    sources = PartySources(load(program.compiled, everyone, given(folder)), secret)
    circuits = walk(program.compiled.plan, ClearBackend(program.compiled.plan.kernels), sources, everyone)
    protocol = garbled(program, folder, dict.fromkeys(everyone, secret))
    for output in NAMES:
        assert expected[output].tolist() == circuits[output].tolist() == protocol[output].tolist()


def test_each_party_has_its_part_in_the_noise(folder: Path) -> None:
    """Who changes its own secret alone changes the noise.  The vendor's has no other use; the hospital also samples."""
    program = api.compile(folder / "joint.ccr")
    first, second = RunSecret.from_seed(1), RunSecret.from_seed(2)
    found = [garbled(program, folder, {"hospital": first, "vendor": vendor})["w"] for vendor in (first, second)]
    assert not np.array_equal(*found)


def test_noise_differs_by_step_and_variable(folder: Path) -> None:
    program = api.compile(folder / "joint.ccr")
    sources = PartySources(
        load(program.compiled, frozenset(program.compiled.parties), given(folder)), RunSecret.from_seed(1)
    )
    asked = coins_of(program.compiled.plan.steps)
    drawn = [sources.coins(at, type, (step,)).reshape(-1)[:60].tolist() for at, type in asked for step in range(3)]
    assert len(asked) == 4 and len({tuple(bits) for bits in drawn}) == 12


def test_no_party_holds_the_noise_in_the_clear(folder: Path) -> None:
    """Each enters its own coins inside the loop, before the launch that reads them, and they are freed there."""
    plan = api.compile(folder / "joint.ccr").compiled.plan
    [loop] = [step for step in plan.steps if isinstance(step, Repeat)]
    for step in loop.body:
        if isinstance(step, Clear):
            values = list(items(step.block))
            assert not any(isinstance(v.op, Sampler) for v in values)
            assert {v.op.party for v in values if isinstance(v.op, Coins)} <= {step.party}
    bits = {type.size * type.width for _, type in coins_of(plan.steps)}
    entered = {
        step.buffer: (i, step.party)
        for i, step in enumerate(loop.body)
        if isinstance(step, Enter) and step.type.size * step.type.width in bits and step.type.width == 1
    }
    assert sorted(party for _, party in entered.values()) == ["hospital", "hospital", "vendor", "vendor"]
    freed = {step.buffer for step in loop.body if isinstance(step, Free)}
    for buffer, (i, _) in entered.items():
        readers = [
            at
            for at, step in enumerate(loop.body)
            if isinstance(step, Launch) and buffer in {view.buffer for view in step.reads}
        ]
        assert buffer in freed and readers and i < min(readers)


def test_the_artifact_says_how_the_noise_is_drawn(folder: Path) -> None:
    program = api.compile(folder / "joint.ccr")
    [mechanism] = decode(program.artifact).mechanisms
    assert mechanism == program.compiled.mechanisms[0]
    assert mechanism.drawn_by == "" and len(mechanism.samplers) == 2
    [own] = api.compile(folder / "own.ccr").compiled.mechanisms
    assert own.drawn_by == "hospital" and own.samplers == ()
    [fine] = api.compile(folder / "fine.ccr").compiled.mechanisms
    assert all(16 <= s.sigma < 32 for s in fine.samplers)  # on a grid of its own


def coins_of(steps: tuple[Step, ...]) -> list[tuple[Coins, Type]]:
    found = [
        (v.op, v.type)
        for step in steps
        if isinstance(step, Clear)
        for v in items(step.block)
        if isinstance(v.op, Coins)
    ]
    return found + [pair for step in steps if isinstance(step, Repeat) for pair in coins_of(step.body)]


def items(block: Block) -> list[Value]:
    inner = [v for item in block.items if isinstance(item, Loop) for v in items(item.body)]
    return inner + [item for item in block.items if isinstance(item, Value)]
