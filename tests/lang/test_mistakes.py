"""The mistakes that people make: each has a code of its own, and a golden message with a place and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = (HERE / "problems", HERE.parent / "compiler" / "problems")

MISTAKES = {  # mistake: (code, golden file)
    "unknown name, with the nearest known one": ("unknown-name", "unknown_name"),
    "name used before it is bound": ("used-before-bound", "used_before_bound"),
    "name bound twice": ("bound-twice", "bound_twice"),
    "assignment to a `let`": ("not-assignable", "not_assignable"),
    "unknown kind": ("unknown-kind", "unknown_kind"),
    "unknown party": ("unknown-party", "unknown_party"),
    "more than two parties": ("too-many-parties", "too_many_parties"),
    "unknown function": ("unknown-function", "unknown_function"),
    "wrong number of arguments": ("argument-count", "argument_count"),
    "wrong shape of an argument": ("wrong-shape", "wrong_shape"),
    "recursion": ("recursion", "recursion"),
    "missing result": ("missing-result", "missing_result"),
    "result of the wrong kind": ("wrong-kind", "wrong_kind"),
    "statement after the value of a block": ("value-not-last", "value_not_last"),
    "`if` without `else` used as a value": ("if-without-else", "if_without_else"),
    "arms of different kinds": ("arms-differ", "arms_differ"),
    "shapes that do not broadcast": ("shapes-differ", "shapes_differ"),
    "inner sizes of `@` that differ": ("inner-sizes", "inner_sizes"),
    "index out of bounds": ("index-range", "index_range"),
    "private index that may be out of bounds": ("private-index", "private_index"),
    "slice backwards": ("slice-backwards", "slice_backwards"),
    "private loop bound": ("private-bound", "private_bound"),
    "loop over 4096 unrolled iterations": ("unrolled-too-far", "unrolled_too_far"),
    "literal that no kind holds": ("literal-range", "literal_range"),
    "kind with F > T or a width out of range": ("kind-range", "kind_range"),
    "bit operation on a fix": ("bits-of-fix", "bits_of_fix"),
    "division by a public zero": ("division-by-zero", "division_by_zero"),
    "unbound non-linear function of too wide a range": ("range-too-wide", "range_too_wide"),
    "`within` that cannot be met": ("within-unmet", "within_unmet"),
    "`reveal` elsewhere than in an output": ("reveal-place", "reveal_place"),
    "output to nobody": ("output-to-nobody", "output_to_nobody"),
    "two outputs of one name": ("output-twice", "output_twice"),
    "records that leak": ("leaks-data", "leaks_data"),
    "an input that leaks": ("leaks-input", "leaks_input"),
    "data set named outside `on`": ("dataset-outside", "dataset_outside"),
    "`dpsgd` under a private condition": ("dpsgd-private", "dpsgd_private"),
    "`dpsgd` that assigns outside itself": ("dpsgd-assigns", "dpsgd_assigns"),
    "`dpsgd` without a bound on the gradient": ("dpsgd-unbounded", "dpsgd_unbounded"),
    "trained variable that is not a `var`": ("not-trainable", "not_trainable"),
    "private value of a clause": ("clause-private", "clause_private"),
    "noise drawn by a party that does not own the data": ("noise-by-receiver", "noise_by_receiver"),
    "two owners of data sets": ("dataset-owners", "dataset_owners"),
    "an output to one of several owners": ("several-owners", "owners_output"),
    "training for several owners that tells nothing before its end": ("owners-release", "owners_release"),
    "unused input or data set": ("unused", "unused"),
    "import that is missing": ("import-missing", "import_missing"),
    "import that is circular": ("import-circular", "import_circular"),
    "import that holds a party": ("import-holds", "import_holds"),
    "`-D` of a param that does not exist": ("unknown-param", "unknown_param"),
    "unclosed brace": ("unclosed-brace", "unclosed_brace"),
    "unclosed string": ("unclosed-string", "unclosed_string"),
    "unexpected character": ("unexpected-character", "unexpected_character"),
    "unexpected word": ("unexpected-word", "unexpected_word"),
}


def test_each_has_its_own_code() -> None:
    codes = [code for code, _ in MISTAKES.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(("code", "stem"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake(code: str, stem: str) -> None:
    folder = next(folder for folder in FOLDERS if (folder / f"{stem}.ccr").exists())
    messages = (folder / f"{stem}.err").read_text().rstrip("\n").split("\n\n")
    own = [m for m in messages if f"[{code}]" in m.split("\n")[0]]
    assert own
    for message in own:
        title, place, *rest = message.split("\n")
        assert title.startswith("warning[" if code == "unused" else "error[")
        assert re.fullmatch(r" *--> \S+\.ccr:\d+:\d+", place)
        assert any("^" in line for line in rest)  # the place itself
        assert any("= help: " in line for line in rest) or "expected" in message  # what to write


def test_the_nearest_name_is_told() -> None:
    assert "did you mean `a`?" in (FOLDERS[0] / "unknown_name.err").read_text()
