"""Epsilon of each of several owners, which is that of its own program, and of a person whom all of them know."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import pytest
from dp_accounting.pld.privacy_loss_distribution import from_truncated_subsampled_gaussian_mechanism
from dp_accounting.privacy_accountant import NeighboringRelation
from support.exact_epsilon import gaussian

from compiler import pipeline
from compiler.program import Compiled
from lang.source import Source
from runtime.privacy.accountant import Mechanism, account
from runtime.privacy.cost import cost_of
from runtime.report.everyone import Everyone, privacy_of

OWNERS = ("bank_a", "bank_b", "bank_c")
DELTA = 1e-6
ROWS = {"bank_a": 60, "bank_b": 900, "bank_c": 4000}
HEAD = """party vendor;
party bank_a;
party bank_b;
party bank_c;
input w0: fix<16, 8>[2] from vendor;
dataset payments from bank_a, bank_b, bank_c { x: fix<8, 4>[2] where norm2(x) <= 1.0; y: bit; }
"""
TRAINED = """var w = w0;
dpsgd w on payments(batch = 8, steps = 40, clip = 1.0, noise = 1.25, rate = 0.5, release = step) as row {
    loss logistic(dot(w, row.x), row.y);
}
"""
MEASURED = """measure of_{0} on {0}(rows = 50, clip = 1.0, noise = 4.0) as row {{ (dot(w0, row.x) > 0) == row.y }}
"""
HOLDOUT = HEAD.splitlines(keepends=True)[-1].replace("payments", "holdout")
TEXTS = {
    "trained": f"{HEAD}{TRAINED}output w to vendor;\n",
    "measured": f"{HEAD}{MEASURED.format('payments')}output of_payments to vendor;\n",
    "both": f"{HEAD}{HOLDOUT}{TRAINED}{MEASURED.format('holdout')}output w, of_holdout to vendor;\n",
}
TEXTS["disjoint"] = TEXTS["both"].replace("var w", "disjoint payments, holdout;\nvar w")


@cache
def compiled(name: str, owner: str) -> Compiled:
    return pipeline.compile(Source("owners.ccr", TEXTS[name]), party=owner)


def alone(name: str, owner: str) -> Compiled:
    """Of the text that is written for this owner."""
    text = re.sub("party bank_.;\n", "", TEXTS[name]).replace(", ".join(OWNERS), owner)
    text = text.replace("party vendor;", f"party vendor;\nparty {owner};").replace("4.0)", f"4.0 drawn by {owner})")
    return pipeline.compile(Source("alone.ccr", text))


def rows(name: str, owner: str) -> dict[str, int]:
    counted = {"payments": 50 if name == "measured" else ROWS[owner], "holdout": 50}
    return {d.name: counted[d.name] for d in compiled(name, owner).datasets}


def found(name: str) -> Everyone:
    made = privacy_of([(compiled(name, owner), rows(name, owner)) for owner in OWNERS], DELTA)
    assert isinstance(made, Everyone)
    return made


@pytest.mark.parametrize("name", TEXTS)
def test_each_pays_for_its_own_run(name: str) -> None:
    """What the others tell is drawn without its records: it is as if the vendor had made it up."""
    for owner, told in found(name).of.items():
        assert told.guarantee == cost_of(alone(name, owner), rows(name, owner), DELTA)


def everywhere(name: str) -> float:
    made = found(name)
    assert made.everywhere is not None and made.everywhere.delta == DELTA
    assert made.epsilon == max(e for p in made.of.values() if (e := p.epsilon) is not None)
    assert made.epsilon < made.everywhere.epsilon
    return made.everywhere.epsilon


def test_everywhere_is_the_closed_form_where_nothing_is_sampled() -> None:
    """Three measures of noise 4 are one of noise 4 / sqrt 3."""
    wanted = gaussian(3**0.5 / 4, DELTA)
    assert wanted <= everywhere("measured") <= 1.001 * wanted


def test_everywhere_is_what_another_accountant_gives() -> None:
    """Banks of three sizes, composed by dp-accounting, at a delta at which its absolute errors do not show."""
    of_each = [
        from_truncated_subsampled_gaussian_mechanism(
            dataset_size=ROWS[owner],
            sampling_probability=8 / ROWS[owner],
            truncated_batch_size=compiled("trained", owner).mechanisms[0].slots,
            noise_multiplier=1.25,
            value_discretization_interval=1e-3,
            neighboring_relation=NeighboringRelation.REPLACE_SPECIAL,
        ).self_compose(40)
        for owner in OWNERS
    ]
    made = privacy_of([(compiled("trained", owner), rows("trained", owner)) for owner in OWNERS], 1e-5)
    assert isinstance(made, Everyone) and made.everywhere is not None
    composed = of_each[0].compose(of_each[1]).compose(of_each[2])
    assert made.everywhere.epsilon == pytest.approx(composed.get_epsilon_for_delta(1e-5), rel=2e-3)
    assert made.everywhere.epsilon > of_each[0].get_epsilon_for_delta(1e-5)


def test_a_person_in_disjoint_sets_is_in_one_of_them_at_each_owner() -> None:
    """And may be in another one at another owner: the dearest of all choices is charged."""

    def told(owner: str, name: str) -> Mechanism:
        trained = compiled("both", owner).mechanisms[0]
        return {
            "payments": Mechanism(
                name=f"{owner}.payments", n=ROWS[owner], batch=8, slots=trained.slots, steps=40, noise_multiplier=1.25
            ),
            "holdout": Mechanism(name=f"{owner}.holdout", n=50, batch=50, slots=50, steps=1, noise_multiplier=4.0),
        }[name]

    choices = list(product(("payments", "holdout"), repeat=3))
    each = [
        account([told(o, name) for o, name in zip(OWNERS, choice, strict=True)], DELTA).epsilon for choice in choices
    ]
    assert everywhere("disjoint") == max(each) > sorted(each)[-2]
    assert choices[each.index(max(each))] not in (("payments",) * 3, ("holdout",) * 3)  # the choices are mixed
    assert everywhere("both") == account([told(o, n) for o in OWNERS for n in ("payments", "holdout")], DELTA).epsilon


def test_what_one_of_them_does_not_say_is_not_known_of_all() -> None:
    parts = [(compiled("trained", owner), {} if owner == "bank_b" else rows("trained", owner)) for owner in OWNERS]
    made = privacy_of(parts, DELTA)
    assert isinstance(made, Everyone)
    assert (made.cost, made.everywhere, made.as_json()["epsilon_everywhere"]) == (None, None, None)
    assert "payments" in made.unknown and made.of["bank_a"].epsilon is not None


def test_delta_is_the_least_that_any_of_them_would_have() -> None:
    many = ROWS | {"bank_b": 80_000}
    made = privacy_of([(compiled("trained", owner), {"payments": many[owner]}) for owner in OWNERS], None)
    assert made.delta == 1 / 800_000


def test_all_of_it_is_told() -> None:
    made = found("measured")
    said = made.as_json()
    assert said["epsilons"] == {owner: p.epsilon for owner, p in made.of.items()}
    assert said["epsilon_everywhere"] == everywhere("measured")
    assert [line.split(":")[0] for line in made.price()] == [*OWNERS, "a person with records at all 3 owners"]
