"""Faults of pages: what a program's text could do to whoever reads it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

TEXT, DOCUMENT = "runtime/report/html/text.py", "runtime/report/html/document.py"
INSPECT = "tests/runtime/test_inspect.py"
MARKUP = f"{INSPECT}::test_a_program_cannot_put_markup_into_the_page"

PAGES = (
    Mutation("a text is markup", TEXT, "        yield escape(text)\n", "        yield text\n", MARKUP),
    Mutation(
        "a character that is not seen stays so",
        TEXT,
        'seen = character == "\\t" or character.isprintable()',
        "seen = True",
        f"{INSPECT}::test_characters_that_are_not_seen_are_shown",
    ),
    Mutation(
        "a cell is markup",
        DOCUMENT,
        'r"<code>\\1</code>", escape(text))',
        'r"<code>\\1</code>", text)',
        MARKUP,
    ),
    Mutation(
        "any script may run",
        DOCUMENT,
        "f\"script-src '{_digest(script)}'\"",
        "\"script-src 'unsafe-inline'\"",
        f"{INSPECT}::test_the_page",
    ),
)
