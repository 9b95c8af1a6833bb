"""What MkDocs calls: pages of the reference are made, and files that pages lead to come along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.made import commands, reference
from docs.made.links import DECISIONS, PROBLEMS, ROOT, linked, rewritten, uri

MADE = {
    PROBLEMS: reference.problem_pages,
    "reference/builtins.md": reference.builtins,
    "reference/commands.md": lambda: commands.page(commands.entries()),
    "reference/python.md": reference.names,
    DECISIONS: reference.decisions,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Each decision is in the navigation, and so is a page that nobody has put there."""
    nav: list[dict[str, Any]] = config.nav or []
    folder = Path(config.docs_dir)
    why = next(section["Why"] for section in nav if "Why" in section)
    why += sorted(f"decisions/{path.name}" for path in (folder / "decisions").glob("*.md"))
    guides = next(section["Guides"] for section in nav if "Guides" in section)
    guides += sorted(path.name for path in folder.glob("*.md") if path.name not in str(nav))
    config.nav = nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for at, make in MADE.items():
        files.append(File.generated(config, at, content=make()))
    waiting = ["README.md", *(f"docs/{file.src_uri}" for file in files if file.generated_by is None)]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if (ROOT / path).is_dir():
            path = f"{path}/README.md"
        if path in seen or not (ROOT / path).is_file():
            continue
        seen.add(path)
        at = uri(path).partition("#")[0]
        if files.get_file_from_path(at) is None:
            files.append(File.generated(config, at, abs_src_path=str(ROOT / path)))
        if path.endswith(".md"):
            waiting += linked(path, (ROOT / path).read_text(encoding="utf-8"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    at = page.file.src_uri
    source = page.file.abs_src_path
    path = str(Path(source).relative_to(ROOT)) if source else f"docs/{at}"
    return rewritten(markdown, path, at)
