"""The auditor audited: its curve, its bounds, its wiring, and its verdicts on mechanisms made of numpy."""

from __future__ import annotations

from dataclasses import replace
from math import exp, sqrt
from pathlib import Path

import numpy as np
import pytest
from audit.bugs import in_every_batch
from audit.claim import DELTA, curve, log_likelihood_ratio
from audit.trainings import CANARIES, PROGRAM, SIZE, START, Setting, Transcript, claim, noisy_sum
from audit.verdict import LEVEL, TESTS, Batch, audit, points_of, refuted, upper
from scipy.stats import norm

from compiler.training import dpsgd
from compiler.words.builder import Builder
from compiler.words.evaluate import run
from runtime import api
from runtime.party.sources import PartySources
from runtime.privacy.accountant import Mechanism
from runtime.privacy.randomness import RunSecret
from runtime.report.privacy import privacy

SMALL = Setting(records=16)
CLAIM = Mechanism(name="records", n=16, batch=8, slots=20, steps=4, noise_multiplier=0.7)


def test_the_claim_is_what_ccr_privacy_says() -> None:
    said = privacy(api.compile(PROGRAM).compiled, {"records": SMALL.records}, DELTA)
    assert curve(claim(SMALL)).epsilon == pytest.approx(said.epsilon, rel=1e-3)


def test_the_claim_is_of_the_schedule_that_is_written() -> None:
    assert claim(Setting(records=16, joint=False)) == CLAIM
    certified = claim(SMALL)
    assert 0.9995 * 0.7 < certified.noise_multiplier <= 0.7 and certified.noise_delta <= 1e-6


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.15, 0.4, 0.8])
def test_the_curve_of_the_plain_gaussian(alpha: float) -> None:
    """Batches of everybody: T steps are one Gaussian mechanism with mean sqrt(T) / sigma."""
    everybody = replace(CLAIM, batch=CLAIM.n, noise_multiplier=2.0)
    exact = norm.cdf(norm.isf(alpha) - sqrt(CLAIM.steps) / 2)
    assert exact - 3e-3 < curve(everybody).least(alpha) <= exact


def test_no_test_beats_the_curve_and_the_best_one_meets_it() -> None:
    batch = simulated(np.random.default_rng(5), 400_000)
    ratio = log_likelihood_ratio(CLAIM, batch.seen)
    for cut in np.quantile(ratio[~batch.present], [0.6, 0.85, 0.95]):
        positives, negatives = (ratio[~batch.present] > cut).mean(), (ratio[batch.present] <= cut).mean()
        assert curve(CLAIM).least(positives) < negatives + 0.004
        if cut > 0:
            assert curve(CLAIM).least(positives) == pytest.approx(negatives, abs=0.004)


def test_clopper_pearson() -> None:
    """None of n: 1 - level^(1/n).  All of n: 1.  And the rate stays below in 95 of 100 cases."""
    assert upper(np.zeros(50, dtype=np.bool_), 0.05) == pytest.approx(1 - 0.05 ** (1 / 50))
    assert upper(np.ones(50, dtype=np.bool_), 0.05) == 1
    trials = np.random.default_rng(6).random((2000, 300)) < 0.1
    assert 0.93 < np.mean([upper(t, 0.05) >= 0.1 for t in trials]) < 0.98


def simulated(rng: np.random.Generator, canaries: int, claim: Mechanism = CLAIM, norm: float = 1.0) -> Batch:
    """What an auditor of exactly this mechanism would see."""
    present = rng.random(canaries) < 0.5
    sampled = rng.random((canaries, claim.steps)) < claim.batch / claim.n
    noise = rng.normal(0, claim.noise_multiplier, sampled.shape)
    return Batch(norm * (sampled & present[:, None]) + noise, present)


def batches(seed: int, claim: Mechanism) -> list[Batch]:
    rng = np.random.default_rng([7, seed])
    return [simulated(rng, 1500, claim), simulated(rng, 7500, claim)]


def test_no_false_alarm_on_the_mechanism_itself() -> None:
    assert not any(audit(CLAIM, batches(seed, CLAIM), 2).alarm for seed in range(100))


def test_less_noise_always_alarms() -> None:
    weak = replace(CLAIM, noise_multiplier=0.8 * CLAIM.noise_multiplier)
    assert all(audit(CLAIM, batches(seed, weak), 2).alarm for seed in range(100))


def test_one_epsilon_is_no_test() -> None:
    """Why the whole curve: the errors of a system with half the noise fit the claimed (epsilon, delta) well."""
    half = replace(CLAIM, noise_multiplier=CLAIM.noise_multiplier / 2)
    points = points_of(CLAIM, simulated(np.random.default_rng(8), 7500, half), LEVEL / (2 * TESTS))
    assert refuted(CLAIM, points)
    claimed = exp(curve(CLAIM).epsilon)
    assert all(p.false_negatives + claimed * p.false_positives > 1 - DELTA for p in points)
    assert all(p.false_positives + claimed * p.false_negatives > 1 - DELTA for p in points)


@pytest.mark.parametrize(("norm", "least"), [(1, 255 / 256), (10, 0.95)])
def test_a_canary_gives_its_row_at_every_step(norm: int, least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of length 1 nearly, never more, also where it had to be clipped, and alike for all.  (Here without noise.)"""
    in_every_batch(monkeypatch)
    monkeypatch.setattr(dpsgd, "noisy_sums", without_noise)
    present = np.random.default_rng(9).random((3, len(CANARIES))) < 0.5
    sums = SMALL.noisy_sums(present, norm, 0)
    assert sums.shape == (3, CLAIM.steps, SIZE)
    length = (sums @ CANARIES.T).max() / sqrt(SIZE)
    assert least <= length <= 1
    assert (sums == length * (present @ CANARIES)[:, None, :] / sqrt(SIZE)).all()


def without_noise(b: Builder, batch: dpsgd.Batch, sums: list[int]) -> list[int]:
    return [b.add(batch.mechanism((), ()), (s,), b.type(s)) for s in sums]


def test_the_transcript_is_of_the_run_that_simulate_makes(tmp_path: Path) -> None:
    """Files in, weights out, one run secret: the weights follow from the noisy sums read, bit for bit."""
    everyone = np.ones(len(CANARIES), dtype=np.bool_)
    rows = np.vstack([CANARIES / sqrt(SIZE), np.zeros(SIZE)])
    np.savez(tmp_path / "records.npz", x=rows, y=np.zeros(16, dtype=np.int64))
    np.save(tmp_path / "w0.npy", np.array([START, *[0] * (SIZE - 1)], dtype=np.float64))
    given = {"records": str(tmp_path / "records.npz"), "w0": str(tmp_path / "w0.npy")}
    [simulated] = api.simulate(api.compile(PROGRAM), given, seed=3).values()

    words = SMALL.meaning().words
    transcript = Transcript(*noisy_sum(words.block))
    run(words.block, transcript, PartySources(SMALL.inputs(everyone, 1), RunSecret.from_seed(3)), ())
    weights = np.array([START * 256, *[0] * (SIZE - 1)], dtype=np.float64)
    for total in transcript.released:
        weights = np.floor(weights - total * 256 / 8 + 0.5)
    assert (weights == simulated).all()
