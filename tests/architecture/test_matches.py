"""A `match` whose last case takes everything ends in `assert_never` or raises there: nothing new passes in silence.

The others look at something that has no closed set of forms, or fall back to what is safe for all of them; each says
why.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("lang", "compiler", "runtime")
OPEN = {
    "compiler/cells/word.py:_reads": "how many low bits of its operands a word needs: all of them, if nothing else",
    "compiler/joint/verify.py:_value": "whatever else reads a share is refused",
    "compiler/lowering/history.py:step": "what is made otherwise is new, and chosen whole",
    "compiler/training/bounds.py:_structural": "a norm has the bound that the type's range gives, if no better one",
    "compiler/training/bounds.py:_vanishing": "what is not known to vanish is zeroed by the slot's valid bit",
    "compiler/training/claims.py:form": "any value is one time itself",
    "compiler/training/factor_fits.py:_grows": "what is not known to grow does not",
    "compiler/training/grad.py:round_adjoint": "any other adjoint is rounded where it is",
    "compiler/training/scaled.py:_absolute": "any value is one time itself",
    "compiler/training/scaled.py:_made": "what is made otherwise is not known to be scaled",
    "compiler/training/squares.py:_squares": "what is not known to be a norm is none",
    "compiler/schedule/late.py:words": "nothing else reads a clear word of the same step",
    "compiler/training/slots.py:_structural": "as in bounds.py",
    "compiler/training/slots.py:_vanishing": "what is not known to vanish does not",
    "compiler/training/start.py:_copy": "what its receiver cannot make is refused",
    "compiler/training/verify.py:_told": "what neither tells nor is told is none of its business",
    "compiler/training/verify.py:_leaves": "what reads something hidden is hidden",
    "compiler/training/verify.py:_mechanism": "what draws nothing is of no mechanism",
    "compiler/training/loss.py:seeds": "any expression is a loss: its own value",
    "runtime/authoring/knobs.py:_fix": "what is no `fix` of two numbers is not tuned",
    "runtime/authoring/importing/estimators.py:_range": "any other scaler does not say what it has seen",
    "runtime/contract/canonical.py:_bounded": "any JSON value; only objects and lists are nested",
    "runtime/policy/read.py:_plain": "what no policy holds is refused",
    "compiler/words/simplify.py:value": "what has no shorter form stays",
    "compiler/words/evaluate.py:value": "handed on to `computed`, whose parameter's type is what is left",
    "compiler/words/verify.py:_owners": "what is computed is of whom its operands are of",
    "runtime/session/session.py:_reason": "any exception; its name is all that is told",
}


def silent(text: str) -> list[str]:
    """The functions with a `match` whose last case takes everything and goes on."""
    found: list[str] = []
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for match in (node for node in ast.walk(function) if isinstance(node, ast.Match)):
            last = match.cases[-1]
            takes_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
            loud = isinstance(last.body[-1], ast.Raise) or "assert_never" in ast.unparse(last.body[0])
            if takes_all and not loud:
                found.append(function.name)
    return found


def test_no_match_has_a_silent_default() -> None:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    found = {f"{path.relative_to(ROOT)}:{name}" for path in files for name in silent(path.read_text(encoding="utf-8"))}
    assert found == OPEN.keys()


def test_a_silent_default_is_seen() -> None:
    head = "def f(x):\n    match x:\n        case 1:\n            pass\n        case "
    assert silent(f"{head}_:\n            return 2\n") == silent(f"{head}other:\n            return 2\n") == ["f"]
    assert silent(f"{head}_:\n            assert_never(x)\n") == silent(f"{head}2:\n            pass\n") == []
    assert silent(f"{head}_:\n            raise ValueError\n") == []
