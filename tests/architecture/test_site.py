"""The site: what leads out of `docs` comes along, what the code knows is on it, nothing is fetched from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ccr
from docs.made import reference
from docs.made.links import ROOT, linked, rewritten, uri
from lang.checker.functions import BUILTINS
from lang.problems.explain import problems

CONFIG = (ROOT / "mkdocs.yml").read_text()


def test_links_out_of_docs_lead_to_what_comes_along() -> None:
    text = "[a](../examples/tumour/tumour.ccr) [b](data.md#records) [c](../README.md) [d](https://x.org/y) [e](#here)"
    assert rewritten(text, "docs/python.md", "python.md") == (
        "[a](examples/tumour/tumour.ccr) [b](data.md#records) [c](index.md) [d](https://x.org/y) [e](#here)\n"
    )
    assert (
        rewritten("[a](docs/data.md) [b](examples)", "README.md", "index.md")
        == "[a](data.md) [b](examples/README.md)\n"
    )
    assert rewritten("[w](../lang/problems/pages/unused.md)", "docs/circuits.md", "circuits.md") == (
        "[w](reference/problems.md#unused)\n"
    )
    assert rewritten("[y](../privacy.md)", "docs/decisions/slots.md", "decisions/slots.md") == "[y](../privacy.md)\n"
    assert list(linked("docs/python.md", text)) == ["examples/tumour/tumour.ccr", "docs/data.md", "README.md"]
    assert uri("docs/decisions") == "decisions/index.md" and uri("editors/vscode") == "editors/vscode/README.md"


def test_fences_say_what_their_second_word_is() -> None:
    text = (
        "```ccr unused\n```\n```text own.csv\n```\n```ccr head\n```\n```console refused\n```\n"
        "   ```python a/b.py\n   ```\n"
    )
    assert rewritten(text, "docs/x.md", "x.md") == (
        '```ccr title="unused"\n```\n```text title="own.csv"\n```\n```ccr\n```\n```console\n```\n'
        '   ```python title="a/b.py"\n   ```\n'
    )


def test_what_belongs_to_a_numbered_item_stays_in_it() -> None:
    text = "1. One:\n\n   ```text\n   a\n   ```\n\n2. Two\n\nAfter\n   it\n"
    assert rewritten(text, "docs/x.md", "x.md") == "1. One:\n\n    ```text\n    a\n    ```\n\n2. Two\n\nAfter\n   it\n"


def test_the_reference_has_all_of_it() -> None:
    pages, functions, names = reference.problem_pages(), reference.builtins(), reference.names()
    assert [code for code in problems() if f" {{ #{code} }}\n" not in pages] == []
    assert [name for name in BUILTINS if f"| `{name}(" not in functions] == []
    assert [name for name in ccr.__all__ if f"## ccr.{name}\n" not in names] == []
    assert "### Program.simulate" in names and "## ccr.sklearn.DPClassifier" in names
    assert "\nccr.Link(bytes_per_second: float, round_trip: float)\n" in names and "    connect: str = '',\n" in names
    assert re.findall(r"^(#.*)\n\n```python\n[^`]*\n```\n\n\n", names, re.MULTILINE) == []  # of which nothing is said
    assert len(reference.decisions().splitlines()) == 4 + len(list((ROOT / "docs" / "decisions").glob("*.md")))


def test_every_page_has_its_place() -> None:
    """A page that is not named falls under the guides; these are the ones that are named, and they are there."""
    nav = re.findall(r"[\w/-]+\.md", CONFIG.split("\nnav:\n", 1)[1])
    made = {"index.md", "decisions/index.md", *(page for page in nav if page.startswith("reference/"))}
    assert [page for page in nav if page not in made and not (ROOT / "docs" / page).is_file()] == []
    assert len(nav) == len(set(nav))


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    """Of what a page loads by itself; links that a reader follows may lead anywhere.  `ccr` blocks have colours."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=\"?(https?:[^\s\">]+)", page.read_text())
        assert loaded == [], page
    first = (tmp_path / "site" / "tutorial" / "first-model.html").read_text()
    assert '<span class="kd">party</span>' in first
