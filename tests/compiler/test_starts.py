"""Where the variables of a training may start whose steps are told, and what its body may read."""

from __future__ import annotations

import pytest
from support.in_memory import run_both
from support.rings import Ideal, walk_in_the_clear
from support.training_text import Trial

from compiler import pipeline
from compiler.pipeline import Meaning, understand
from lang.problems.problem import Rejected
from lang.source import Source

HEAD = """party vendor; party hospital;
input w0: fix<8, 4>[2] from vendor;
input u0: fix<8, 4>[2] from vendor;
input c0: fix<8, 4>[2] from hospital;
input k: bit from hospital;
dataset rows from hospital { x: fix<6, 3>[2] where norm2(x) <= 1.0; y: bit; }
dataset other from hospital { x: fix<6, 3>[2] where norm2(x) <= 1.0; y: bit; }
"""
SUM = "measure m on other(rows = 3, clip = 1.0, noise = NOISE) as row { row.x }\n"


def trained(name: str, on: str = "rows", told: bool = True, noise: str = "1.0", more: str = "") -> str:
    release = ", release = step" if told else ""
    return (
        f"dpsgd {name} on {on}(batch = 1, steps = 2, clip = 1.0, noise = {noise}, rate = 1.0{release}) as row "
        f"{{ loss logistic(dot({name}{more}, row.x), row.y); }}\n"
    )


def meaning(text: str, outputs: str = "output w to vendor;\n") -> Meaning:
    return understand(Source("starts.ccr", HEAD + text + outputs))


STARTS = {
    "an input": "var w = w0;\n" + trained("w"),
    "a constant": "var w: fix<8, 4>[2] = [0.5, -1];\n" + trained("w"),
    "made of inputs": "var w: fix<8, 4>[2] = clamp(w0 * u0, -1, 1);\n" + trained("w"),
    "chosen by an input": "var w = w0;\nif u0[0] > 0 { w = u0; }\n" + trained("w"),
    "told before": "var w = w0;\n" + trained("w") + trained("w", "other"),
    "made of what was told before": "var u = u0;\n"
    + trained("u")
    + "var w: fix<8, 4>[2] = clamp(u * w0, -1, 1);\n"
    + trained("w"),
    "told, and then trained to the end": "var w = w0;\n" + trained("w") + trained("w", "other", told=False),
    "what was told, in the body": "var u = u0; var w = w0;\n" + trained("u") + trained("w", "other", more=" + u"),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_its_receiver_makes(name: str) -> None:
    made = meaning(STARTS[name])
    sources = Trial(made.words, 2)
    meant = Ideal(made.words).run(sources)
    plan = pipeline.build(made).plan
    for found in (walk_in_the_clear(plan, sources, made.words.parties), run_both(plan, sources).evaluator):
        assert found.keys() == meant.keys() and all((found[n] == meant[n]).all() for n in meant)


REFUSED = {
    "the owner's": ("var w = c0;\n" + trained("w"), "step-start"),
    "a sum with the owner's": ("var w: fix<8, 4>[2] = w0 + c0;\n" + trained("w"), "step-start"),
    "chosen by the owner": ("var w = w0;\nif k { w = u0; }\n" + trained("w"), "step-start"),
    "trained to the end": ("var w = w0;\n" + trained("w", told=False) + trained("w", "other"), "step-start"),
    "measured": (
        SUM.replace("NOISE", "4.0") + "var w: fix<8, 4>[2] = m as fix<8, 4>;\n" + trained("w"),
        "step-start",
    ),
    "the owner's, in the body": ("var w = w0;\n" + trained("w", more=" + c0"), "leaks-step"),
    "trained without noise, in the body": (
        "var u = u0; var w = w0;\n" + trained("u", told=False, noise="0") + trained("w", "other", more=" + u"),
        "leaks-step",
    ),
    "trained without noise on the same rows, in the body": (
        "var u = u0; var w = w0;\n" + trained("u", told=False, noise="0") + trained("w", more=" + u"),
        "leaks-step",
    ),
    "measured without noise, in the body": (
        "var w = w0;\n"
        + SUM.replace("NOISE", "0")
        + "let q: fix<8, 4>[2] = m as fix<8, 4>;\n"
        + trained("w", more=" + q"),
        "leaks-step",
    ),
    "trained to the end, in the body": (
        "var u = u0; var w = w0;\n" + trained("u", told=False) + trained("w", "other", more=" + u"),
        "leaks-step",
    ),
    "measured, in the body": (
        "var w = w0;\n"
        + SUM.replace("NOISE", "4.0")
        + "let q: fix<8, 4>[2] = m as fix<8, 4>;\n"
        + trained("w", more=" + q"),
        "leaks-step",
    ),
    "trained to the end of what was told, in the body": (
        "var u = u0; var w = w0;\n" + trained("u") + trained("u", told=False) + trained("w", "other", more=" + u"),
        "leaks-step",
    ),
    "in a loop": ("var w = w0;\nfor i in 0..2 {\n" + trained("w") + "}\n", "step-place"),
}


@pytest.mark.parametrize("outputs", ["output w to vendor;\n", "output reveal(w) to vendor;\n"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_no_receiver_may_be_told_of(name: str, outputs: str) -> None:
    """A `reveal` of the outputs lets nothing out of the steps."""
    text, code = REFUSED[name]
    with pytest.raises(Rejected) as caught:
        meaning(text, outputs)
    assert code in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("receivers", ["hospital", "vendor, hospital"])
def test_whoever_drew_the_noise_of_a_sum_receives_nothing_of_it(receivers: str) -> None:
    """Also not through what is measured, or what is trained to the end with noise of both."""
    told = "var w = w0;\n" + trained("w")
    measured = "measure m on other(rows = 3, clip = 1.0, noise = 4.0) as row { dot(w, row.x) }\n"
    for text, name in (
        (told, "w"),
        (told + measured, "m"),
        (told + trained("w", "other", told=False), "w"),
        (told + trained("w", "other", noise="1.0 drawn by both"), "w"),
    ):
        with pytest.raises(Rejected) as caught:
            meaning(text, f"output reveal({name}) to {receivers};\n")
        assert "noise-known" in {problem.code for problem in caught.value.problems}
