"""The notebook among the examples: run cell by cell, and every cell shows what it shows in the repository."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from support.command import ROOT

NOTEBOOK = ROOT / "examples" / "tumour" / "tumour.ipynb"
CELLS: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text())["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
PNG = b"\x89PNG"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(NOTEBOOK.parent)
    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def shown(cell: str, names: dict[str, Any]) -> tuple[str, set[str]]:
    """What a cell prints, and in which forms a notebook would show what it ends with and the figures that it drew."""
    body, forms, printed = ast.parse(cell), set[str](), StringIO()
    last = body.body.pop() if isinstance(body.body[-1], ast.Expr) and not cell.rstrip().endswith(";") else None
    with redirect_stdout(printed):
        exec(compile(body, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None
    if html := getattr(value, "_repr_html_", str)():
        assert "<table" in html or "<pre" in html
        forms.add("text/html")
    if hasattr(value, "_repr_png_"):
        assert value._repr_png_().startswith(PNG)
        forms.add("image/png")
    for number in plt.get_fignums():
        drawn = BytesIO()
        plt.figure(number).savefig(drawn, format="png")
        assert drawn.getvalue().startswith(PNG)
        forms.add("image/png")
    plt.close("all")
    return printed.getvalue(), forms


def kept(cell: dict[str, Any]) -> tuple[bool, set[str]]:
    """Of the outputs that the repository has: whether something is printed, and the forms of what is shown."""
    forms = {form for output in cell["outputs"] for form in output.get("data", {})}
    return any(output["output_type"] == "stream" for output in cell["outputs"]), forms - {"text/plain"}


def test_it_is_short_and_every_cell_has_something_to_look_at() -> None:
    lines = [line for cell in CODE for line in "".join(cell["source"]).splitlines() if line.strip()]
    assert len(lines) < 40
    assert all(cell["outputs"] and all(o["output_type"] != "error" for o in cell["outputs"]) for cell in CODE)
    assert NOTEBOOK.stat().st_size < 250_000


def test_every_cell_shows_what_it_does_in_the_repository(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for cell in CODE:
        printed, forms = shown("".join(cell["source"]), names)
        assert (bool(printed), forms) == kept(cell), cell["source"]
    assert names["result"].epsilon == names["spent"].epsilon < 2
    assert names["accuracy"](names["result"].outputs["w"]) > 0.9
