"""The cost of a compiled program: of its own tables, with the theorems' hypotheses held against what was compiled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from support.command import EXAMPLES, ROOT, TUMOUR

from compiler import pipeline
from compiler.program import Compiled
from compiler.words.ir import Block, Loop, Value, full_range
from compiler.words.operations import Bound, Linear, Mechanism, Round
from compiler.words.sampler import Sampler, sampler
from lang.syntax.load import read
from runtime import api
from runtime.privacy import accountant, cost
from runtime.privacy.accountant import account
from runtime.privacy.certificate import Certificate, Part
from runtime.privacy.cost import DELTAS, certificate, charged, cost_of

RECORDS = {"records": 455}


@pytest.fixture(scope="module")
def tumour() -> Compiled:
    return api.compile(TUMOUR).compiled


def test_joint_noise_costs_hardly_more_than_a_gaussian(tumour: Compiled) -> None:
    plain = accountant.Mechanism(name="records", n=455, batch=64, slots=96, steps=20, noise_multiplier=1.69)
    gaussian = account([plain], 1e-5).epsilon
    assert gaussian < cost_of(tumour, RECORDS, 1e-5).epsilon < gaussian + 2e-3 < 2.0


def test_what_the_accountant_is_told(tumour: Compiled) -> None:
    proved = certificate(tumour.mechanisms[0])
    told = charged(tumour.mechanisms[0], RECORDS)
    assert proved is not None and proved.holds and proved.dimension == 31
    assert told.noise_multiplier == proved.sigma_eff < 1.69
    assert (told.noise_delta, told.far_delta) == (1e-8, proved.far_delta)
    assert (told.n, told.batch, told.slots, told.steps) == (455, 64, 96, 20)


def test_a_rounded_gaussian_counts_for_what_it_says(tumour: Compiled) -> None:
    own = replace(tumour.mechanisms[0], drawn_by="hospital", samplers=())
    told = charged(own, RECORDS)
    assert certificate(own) is None and (told.noise_delta, told.far_delta) == (0.0, 0.0)
    assert Fraction(told.noise_multiplier) <= Fraction("1.69") < Fraction(told.noise_multiplier) + Fraction(1, 1 << 50)


def spoiled(good: Sampler) -> Sampler:
    """Weight moved from the middle to one entry: the variance grows, the distribution is worse."""
    return replace(good, thresholds=(0, *good.thresholds[1:]), aliases=(20, *good.aliases[1:]))


def test_the_table_itself_is_judged(tumour: Compiled) -> None:
    m = tumour.mechanisms[0]
    worse = replace(m, samplers=(spoiled(m.samplers[0]),))
    proved = certificate(worse)
    assert proved is not None and not proved.holds
    told = charged(worse, RECORDS)
    assert told.noise_multiplier == proved.sigma_eff < 0.9 * 1.69


def test_little_noise_is_given_more_delta() -> None:
    def proved(multiplier: str) -> tuple[float, bool]:
        m = Mechanism("d", 0, 10, 23, 1, Fraction(1), Fraction(multiplier), "", (sampler(Fraction(96)),), (100,))
        found = certificate(m)
        assert found is not None
        return found.delta, found.holds

    assert proved("1.69") == (1e-8, True) and proved("0.7") == (1e-8, True)
    assert proved("0.6") == (1e-7, True) and proved("0.5") == (1e-6, True) and proved("0.1") == (1e-6, False)


def test_no_more_certificates_are_made_than_one_that_holds(tumour: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def certify(parts: tuple[Part, ...], delta: float) -> Certificate:
        asked.append(delta)
        return Certificate(1.0, 1.0 if len(asked) == enough else 0.5, delta, delta, 31, 0.0)

    monkeypatch.setattr(cost, "certify", certify)
    for enough, delta in enumerate(DELTAS, 1):
        asked.clear()
        found = certificate(tumour.mechanisms[0])
        assert found is not None and found.delta == delta and found.holds and asked == [*DELTAS[:enough]]


def test_what_nothing_is_known_of(tumour: Compiled) -> None:
    m = tumour.mechanisms[0]
    for changed, words in (
        (replace(m, samplers=()), "without its tables"),
        (replace(m, sizes=()), "without its tables"),
        (replace(m, drawn_by="vendor"), "does not own the records"),
    ):
        with pytest.raises(ValueError, match=words):
            cost_of(replace(tumour, mechanisms=(changed,)), RECORDS, 1e-5)


@pytest.mark.parametrize(
    ("records", "delta", "words"),
    [({}, 1e-5, "not known"), ({"records": 63}, 1e-5, "batch"), (RECORDS, 0.0, "delta"), (RECORDS, 1.0, "delta")],
)
def test_what_cannot_be_told(tumour: Compiled, records: dict[str, int], delta: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cost_of(tumour, records, delta)


# -- what the theorems take for granted of a program ------------------------------------------------


def items(block: Block) -> Iterator[tuple[int, Value]]:
    for number, item in block.numbered():
        if isinstance(item, Loop):
            yield from items(item.body)
        elif isinstance(item, Value):
            yield number, item


@pytest.mark.parametrize("file", ["tumour/tumour.ccr", "digits/mlp.ccr"])
def test_every_sum_has_the_noise_that_its_mechanism_states(file: str) -> None:
    """The tables in the circuit are those that are judged, on grids as fine, one draw for each element, used once."""
    words = pipeline.understand(read(EXAMPLES / file)).words
    found = dict(items(words.block))
    (m,) = {v.op for v in found.values() if isinstance(v.op, Mechanism)}
    released = [v for v in found.values() if isinstance(v.op, Mechanism)]
    assert tuple(v.type.size for v in released) == m.sizes and len(m.samplers) == len(m.sizes)
    read_by = Counter(n for v in found.values() for n in v.args)
    for value, table in zip(released, m.samplers, strict=True):
        noisy = found[value.args[0]]
        assert read_by[value.args[0]] == 1
        if isinstance(noisy.op, Round):  # of a Ring: added in a ring, and any of its numbers may come out
            whole = full_range(noisy.type.width, True)
            assert noisy.op == Round(1, 1, *whole, wrap=True) and (noisy.type.lo, noisy.type.hi) == whole
            noisy = found[noisy.args[0]]
        assert isinstance(noisy.op, Linear) and noisy.op.constant == 0
        total, noise = (found[n] for n in noisy.args)
        assert isinstance(total.op, Bound) and total.op.norm == m.clip
        assert noise.op == table and noise.type.shape == total.type.shape == value.type.shape
        assert noise.type.scale * table.sigma == m.clip * m.noise_multiplier
        scales = [c * value.type.scale for c in noisy.op.coefficients]
        assert scales == [total.type.scale, noise.type.scale]  # the sum itself, on a multiple of the noise's grid
        assert [read_by[n] for n in noisy.args] == [1, 1]  # neither leaves in another way


def test_every_test_that_the_page_names_is_there() -> None:
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    files = re.findall(r"`(tests/[a-z_/]+\.py)`", text)
    code = "".join((ROOT / file).read_text(encoding="utf-8") for file in set(files))
    names = set(re.findall(r"`(test_[a-z_]+)(?:\.\.\.)?`", text))
    assert len(files) >= 12 and len(names) >= 12
    assert [name for name in names if f"def {name}" not in code] == []
