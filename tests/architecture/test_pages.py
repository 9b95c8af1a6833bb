"""docs/architecture.md, CONTRIBUTING.md and the README of each folder name what is there, and all of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("lang", "compiler", "runtime", "ccr")
ROOMS = sorted(path.parent.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("__init__.py"))
FOLDERS = [*ROOMS, *map(Path, ("tests", "tests/support", "benchmarks", "examples"))]
TOP = "ccr|lang|compiler|runtime|tests|docs|news|examples|benchmarks"
PATH = re.compile(rf"`((?:{TOP})/[\w/.]+)`")
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/peers.md",
    "docs/protocol.md",
    "docs/policy.md",
    "docs/privacy.md",
    "docs/providers.md",
    "docs/security.md",
    "docs/audit.md",
    "docs/trail.md",
    "news/README.md",
]


def named(text: str) -> set[str]:
    """Files and folders that a page names, from the top of the repository; not those that a code block makes."""
    made = set(re.findall(r"^ *```python (\S+)$", text, re.M))
    return {found for found in PATH.findall(text) if found not in made}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    assert {name for name in named(text) if not (ROOT / name).exists()} == set()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith(("http", "#"))]
    assert {link for link in links if not ((ROOT / page).parent / link).exists()} == set()


def test_every_room_is_on_the_page() -> None:
    rows = set(re.findall(r"^\| `([\w/.]+)` \|", PAGE.read_text(), re.M))
    rooms = {str(room) for room in ROOMS if len(room.parts) == 2}
    assert rooms <= rows
    assert {row for row in rows if not (ROOT / row).exists()} == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_says_what_it_is(folder: Path) -> None:
    """In a few lines, with files that exist; what is in a room and what it is for stands nowhere else."""
    text = (ROOT / folder / "README.md").read_text()
    assert text.startswith("# ") and len(text.splitlines()) <= 14
    # in or under the folder, or from the top of the repository
    for name in re.findall(r"`([\w/]+\.(?:py|lark|md)|\w+/)`", text):
        places = (ROOT / folder / name, ROOT / name, *(ROOT / folder).glob(f"*/{name}"))
        assert any(place.exists() for place in places), name


@pytest.mark.skipif(shutil.which("make") is None, reason="the Makefile is read by make")
def test_make_says_what_there_is_and_quick_runs_what_exists() -> None:
    def made(*arguments: str) -> str:
        return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"^  make ([a-z-]+) +\S", made(), re.M)) == targets
    paths = re.findall(r"tests/\S+", made("-n", "quick"))
    assert len(paths) > 20 and {path for path in paths if not (ROOT / path).exists()} == set()


def test_a_missing_file_is_seen() -> None:
    assert named("`lang/no_such.py` and `lang`") == {"lang/no_such.py"}
