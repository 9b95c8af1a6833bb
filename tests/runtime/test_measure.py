"""`measure` in a run: the same bits everywhere, all rows and no others, intervals that hold as often as they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from math import sqrt
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from support.contracts import BUDGETS, HOSPITAL, NOW, VENDOR
from support.memory_channel import pair

from compiler.joint.shares import Products
from compiler.words.integers import Array
from compiler.words.ir import Block, Loop, Type, Value
from compiler.words.operations import Draw
from runtime import api
from runtime.contract.agree import with_program
from runtime.contract.draft import Holding, terms_for
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract
from runtime.data.errors import InputError
from runtime.data.load import whole
from runtime.data.rows import Records
from runtime.execute.clear import ClearBackend
from runtime.execute.walk import walk
from runtime.party.run import Report, prepare, run
from runtime.party.sources import PartySources, load
from runtime.privacy.accountant import account
from runtime.privacy.cost import charged, told, up_to
from runtime.privacy.draws import draw_whole
from runtime.privacy.randomness import RunSecret
from runtime.report.contract import lines
from runtime.report.intervals import Intervals, intervals
from runtime.report.privacy import privacy

ROWS = 12
HEAD = """party vendor;
party hospital;
param ROWS = 12;
input w0: fix<12, 6>[3] from vendor;
dataset records from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }
"""
TRAINED = """dataset train from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }
var w = w0;
dpsgd w on train(batch = 2, steps = 2, clip = 1.0, noise = 1.0, rate = 1.0) as row {
    loss logistic(dot(w, row.x), row.y);
}
"""
CORRECT = "measure correct on records(rows = ROWS, clip = 1.0, noise = NOISE) as row { (dot(w, row.x) > 0) == row.y }\n"
TEXTS = {
    "trained": TRAINED + CORRECT + "output w, correct to vendor;",
    "step by step": TRAINED.replace("rate", "release = step, rate").replace("1.0, rel", "1.0 drawn by hospital, rel")
    + CORRECT
    + "output w, correct to vendor;",
    "own": "let w = w0;\n" + CORRECT.replace("NOISE", "4.0 drawn by hospital") + "output correct / ROWS to vendor;",
    "vector": "let w = w0;\n"
    + CORRECT.replace("{ (dot(w, row.x) > 0) == row.y }", "{ [dot(w, row.x) > 0, row.y] }")
    + "output correct to vendor;",
    "loop": "let w = w0;\nvar all: fix<16, 4>[3] = 0;\nfor k in 0..3 {\n"
    + CORRECT
    + "all[k] = correct;\n}\n"
    + "output all to vendor;",
}


def rows(count: int) -> str:
    rng = np.random.default_rng(count)
    x = np.round(rng.uniform(-0.5, 0.5, (count, 3)) * 16) / 16
    table = [",".join(map(str, [*row, int(sum(row) > 0)])) for row in x.tolist()]
    return "x0,x1,x2,y\n" + "\n".join(table) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measure")
    for name, count in ("records", ROWS), ("train", 9), ("fewer", ROWS - 1), ("more", ROWS + 1):
        (folder / f"{name}.csv").write_text(rows(count))
    np.save(folder / "w0.npy", np.array([1.5, -0.25, 1.0]))
    for name, text in TEXTS.items():
        (folder / f"{name}.ccr").write_text((HEAD + text).replace("NOISE", "4.0"))
    return folder


def given(folder: Path, name: str, records: str = "records") -> dict[str, str]:
    found = {"records": str(folder / f"{records}.csv"), "w0": str(folder / "w0.npy")}
    return found | ({"train": str(folder / "train.csv")} if name in ("trained", "step by step") else {})


def garbled(program: api.Program, files: dict[str, str], secret: RunSecret) -> dict[str, Array]:
    """The real protocol between two threads; what the vendor learns."""
    ends = dict(zip(("hospital", "vendor"), pair(), strict=True))
    reports: dict[str, Report] = {}

    def play(party: str, own: dict[str, str]) -> None:
        reports[party] = run(program, party, prepare(program, party, own, secret), ends[party])

    other = Thread(target=play, args=("hospital", {n: f for n, f in files.items() if n != "w0"}))
    other.start()
    play("vendor", {"w0": files["w0"]})
    other.join()
    return reports["vendor"].outputs


@pytest.mark.parametrize("products", Products)
@pytest.mark.parametrize("name", TEXTS)
def test_words_circuits_and_the_protocol_agree(folder: Path, name: str, products: Products) -> None:
    program = api.compile(folder / f"{name}.ccr", products=products)
    everyone, secret, files = frozenset(program.compiled.parties), RunSecret.from_seed(4), given(folder, name)
    expected = api.simulate(program, files, seed=4)
    sources = PartySources(load(program.compiled, everyone, files), secret)
    circuits = walk(program.compiled.plan, ClearBackend(program.compiled.plan.kernels), sources, everyone)
    protocol = garbled(program, files, secret)
    assert expected
    for output in expected:
        assert expected[output].tolist() == circuits[output].tolist() == protocol[output].tolist()


@pytest.mark.parametrize("records", ["fewer", "more"])
def test_another_number_of_rows_is_refused(folder: Path, records: str) -> None:
    program = api.compile(folder / "own.ccr")
    with pytest.raises(InputError, match=r"records, where `measure` counts 12"):
        api.simulate(program, given(folder, "own", records), seed=1)


def test_every_row_is_read_once_and_whole(folder: Path) -> None:
    """Sampled rows would be told by other bounds than those that are charged."""
    program = api.compile(folder / "own.ccr")
    loaded = load(program.compiled, frozenset(program.compiled.parties), given(folder, "own"))
    records, meaning = loaded["records"], program.meaning
    assert isinstance(records, Records) and meaning is not None
    rows_of = whole(records)
    want = sorted([*map(int, x), int(y), 1] for x, y in zip(rows_of["x"], rows_of["y"], strict=True))
    orders: set[str] = set()
    for seed in range(3):
        sources = PartySources(loaded, RunSecret.from_seed(seed))
        found = {at.name: sources.sample(at, type, (0,)) for at, type in drawn(meaning.words.block)}
        rows = [[*map(int, x), int(y), int(v)] for x, y, v in zip(found["x"], found["y"], found[""], strict=True)]
        assert sorted(rows) == want
        orders.add(str(rows))
    assert len(orders) == 3


def test_rows_stand_in_uniformly_random_slots() -> None:
    """A file may be sorted by what is in it: in its order, rows would stand where others put them."""
    found = Counter(
        tuple(draw_whole(RunSecret.from_seed(seed), 1, (0,), n=3, slots=3).tolist()) for seed in range(1200)
    )
    assert set(found) == set(permutations(range(3)))
    assert all(abs(count - 200) < 60 for count in found.values())  # more than four deviations


def test_each_measure_places_its_rows_anew() -> None:
    secret = RunSecret.from_seed(1)
    orders = {draw_whole(secret, draw, (step,), n=20, slots=20).tobytes() for draw in (0, 1) for step in (0, 1)}
    assert len(orders) == 4


def test_the_cost_is_that_of_a_gaussian_of_all_rows(folder: Path) -> None:
    """mu = 1 / noise for each sum; with what is trained on other rows by the product."""
    records = {"records": ROWS, "train": 9}
    one = privacy(api.compile(folder / "own.ccr").compiled, {}, 1e-5)
    assert one.guarantee is not None and 0.925 < one.guarantee.epsilon < 0.9275  # of a Gaussian with mu = 1/4: .9261
    three = privacy(api.compile(folder / "loop.ccr").compiled, records, 1e-5)
    assert three.mechanisms[0].steps == 3
    assert three.guarantee is not None and one.guarantee.epsilon * sqrt(3) < three.guarantee.epsilon < 1.75
    both = api.compile(folder / "trained.ccr").compiled
    alone = [account([m], 1e-5).epsilon for m in told(both, records)]
    together = privacy(both, records, 1e-5).guarantee
    assert together is not None and max(alone) < together.epsilon < sum(alone)


def drawn(block: Block) -> Iterator[tuple[Draw, Type]]:
    for item in block.items:
        if isinstance(item, Loop):
            yield from drawn(item.body)
        elif isinstance(item, Value) and isinstance(item.op, Draw):
            yield item.op, item.type


@pytest.mark.parametrize("n", [ROWS - 1, ROWS + 1])
def test_it_is_charged_for_its_own_rows(folder: Path, n: int) -> None:
    [mechanism] = api.compile(folder / "own.ccr").compiled.mechanisms
    with pytest.raises(ValueError, match="where `measure` counts 12"):
        charged(mechanism, {"records": n})


def test_a_contract_says_that_all_rows_are_read(folder: Path) -> None:
    program = api.compile(folder / "own.ccr")
    agreed = terms_for(
        program,
        {"vendor": VENDOR.certificate, "hospital": HOSPITAL.certificate},
        {"records": Holding(ROWS, "5a" * 32, "00" * 32)},
        BUDGETS,
        NOW,
        NOW + timedelta(days=1),
    )
    assert "1 noisy sum over all 12 records" in "\n".join(lines(Contract(terms=agreed, signatures=())))
    with_program(agreed, program)
    [mechanism] = agreed.mechanisms
    sampled = agreed.model_copy(update={"mechanisms": (mechanism.model_copy(update={"whole": False}),)})
    with pytest.raises(Refused, match="sampling-differs"):
        with_program(sampled, program)


def around(program: api.Program, files: dict[str, str], seed: int) -> Intervals:
    [output] = program.compiled.outputs
    found = intervals(program.compiled, output, api.simulate(program, files, seed=seed)[output.name])
    assert found is not None
    return found


WIDE = """party vendor;
party hospital;
input w: fix<12, 6>[3] from vendor;
dataset records from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }
measure correct on records(rows = 200, clip = 1.0, noise = 4.0 DRAWN) as row { (dot(w, row.x) > 0) == row.y }
output correct / 200 to vendor;
"""


@pytest.mark.parametrize("drawn", ["", "drawn by hospital"])
def test_the_interval_covers_what_it_says(tmp_path: Path, drawn: str) -> None:
    """In at least 93 of 100 runs, and it is no wider than two deviations and a point of the grid."""
    (tmp_path / "wide.ccr").write_text(WIDE.replace("DRAWN", drawn))
    (tmp_path / "records.csv").write_text(rows(200))
    w = np.array([1.5, -0.25, 1.0])
    np.save(tmp_path / "w.npy", w)
    table = np.loadtxt(tmp_path / "records.csv", delimiter=",", skiprows=1)
    truth = float(np.mean((table[:, :3] @ w > 0) == table[:, 3]))
    assert 0.7 < truth < 0.95
    program = api.compile(tmp_path / "wide.ccr")
    files = {"records": str(tmp_path / "records.csv"), "w": str(tmp_path / "w.npy")}
    found = [around(program, files, seed) for seed in range(100)]
    covered = sum(float(i.rows[0]) <= truth <= float(i.rows[1]) for i in found)
    assert covered >= 93
    assert all(float(i.rows[1] - i.rows[0]) <= 2 * (2 * 4 + 1) / 200 for i in found)
    assert all(i.population[0] <= i.rows[0] + 0.01 and i.rows[1] - 0.01 <= i.population[1] for i in found)


@pytest.mark.parametrize("chance", [0.5, 0.9, 0.99])
def test_the_interval_of_a_population_covers_its_mean(tmp_path: Path, chance: float) -> None:
    """Of 1 000 samples of a population and as many noises; rows at hand alone would not."""
    (tmp_path / "wide.ccr").write_text(WIDE.replace("DRAWN", "drawn by hospital"))
    compiled = api.compile(tmp_path / "wide.ccr").compiled
    [output] = compiled.outputs
    rng = np.random.default_rng(7)
    noisy = rng.binomial(200, chance, 1000) + np.rint(rng.normal(0, 4, 1000)).astype(np.int64)
    found = [intervals(compiled, output, np.asarray(n)) for n in noisy]
    of_rows, of_all = (
        sum(bool(low <= chance <= high) for low, high in ends)
        for ends in ([i.rows for i in found if i], [i.population for i in found if i])
    )
    assert of_all >= 930
    assert chance > 0.9 or of_rows < 900


@pytest.mark.parametrize(
    ("output", "of"),
    [
        ("correct", "the sum over"),
        ("correct / 200", "the mean over"),
        ("3 - correct / 100", "-0.01 times the sum and 3 over"),
    ],
)
def test_an_interval_says_of_what_it_is(tmp_path: Path, output: str, of: str) -> None:
    text = WIDE.replace("DRAWN", "drawn by hospital").replace("correct / 200", output)
    (tmp_path / "wide.ccr").write_text(text)
    compiled = api.compile(tmp_path / "wide.ccr").compiled
    [released] = compiled.outputs
    e = released.estimate
    assert e is not None
    told = np.asarray(int((150 * e.factor + e.offset) / released.type.scale))
    found = intervals(compiled, released, told)
    assert found is not None
    first, second, last = found.text()
    assert f"of {of} these 200 records of `records`, each clipped to 1" in first
    assert "other records drawn as these were" in second and "not for the best of several" in last
    said = found.as_json()
    factor = abs(float(found.of.factor))
    assert said["deviation"] == pytest.approx(4 * factor) and said["records"] == 200 and said["confidence"] == 0.95
    assert said["high"] - said["low"] == pytest.approx(16 * factor)  # (8 + 1/2) / 4 deviations are 96.6 %
    assert said["population_low"] < said["low"] and said["high"] < said["population_high"]


def test_an_array_has_an_interval_for_each_number(folder: Path) -> None:
    program = api.compile(folder / "vector.ccr")
    [released] = program.compiled.outputs
    found = intervals(program.compiled, released, api.simulate(program, given(folder, "vector"), seed=1)["correct"])
    assert found is not None and found.rows[0].shape == (2,)
    assert len(found.as_json()["low"]) == 2 and found.text()[0].startswith("each number is within ")


def test_what_opens_at_the_end_has_told_nothing_of_a_run_that_was_ended(tmp_path: Path) -> None:
    path = tmp_path / "m.ccr"
    path.write_text((HEAD + TEXTS["step by step"]).replace("NOISE", "4.0 drawn by hospital"))
    compiled = api.compile(path).compiled
    rows = {"train": 40, "records": ROWS}
    whole = told(compiled, rows)
    first, whole_again = up_to(compiled, whole, 1), up_to(compiled, whole, 2)
    assert [(m.name, m.steps) for m in first] == [("train", 1), ("records", 0)]
    assert whole_again == whole == up_to(compiled, whole, None)
    assert [m.steps for m in whole] == [2, 1]


def test_of_steps_one_after_another_those_up_to_a_stop_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.ccr"
    train = (
        "dpsgd {0} on train(batch = 2, steps = {1}, clip = 1.0, noise = 1.0, release = step, rate = 1.0) as row {{\n"
        "    loss logistic(dot({0}, row.x), row.y);\n}}\n"
    )
    path.write_text(
        HEAD
        + "dataset train from hospital { x: fix<5, 4>[3] where norm2(x) <= 1.0; y: bit; }\nvar w = w0;\nvar v = w0;\n"
        + train.format("w", 2)
        + train.format("v", 3)
        + "output w, v to vendor;"
    )
    compiled = api.compile(path).compiled
    whole = told(compiled, {"train": 40})
    found = [[m.steps for m in up_to(compiled, whole, steps)] for steps in range(6)]
    assert found == [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [2, 3]]
