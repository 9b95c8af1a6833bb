"""`ccr lsp`: what an editor is told, by its protocol and without."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter
from support.command import EXAMPLES, LONG, ROOT, call

from lang.source import Source, Span
from lang.syntax import load
from lang.syntax.load import read
from runtime.cli.editor import hover, renaming
from runtime.cli.editor.analysis import Analysis, analysed
from runtime.cli.editor.costs import costs, trainings
from runtime.cli.editor.origins import origins
from runtime.cli.editor.places import Places
from runtime.cli.editor.renaming import CannotRename, renamed, rewritten

TEXT = """party vendor;
party clinic;
param N = 4;
input w: fix<16, 10>[N] from vendor;
input x: fix<16, 10>[N] from clinic;
fn score<K>(a: fix<16, 10>[K], b: fix<16, 10>[K]) -> fix<16, 10> {
    dot(a, b)
}
let s = score(w, x);
let twice = 2 * N;
output reveal(s + twice) to vendor;
"""


def look(text: str = TEXT, name: str = "score.ccr") -> Analysis:
    return analysed(Source(name, text), load.named)


def at(analysis: Analysis, line: int, word: str) -> Any:
    found = analysis.at(line, analysis.source.line(line).index(word) + 1)
    assert found, (line, word)
    return found


# -- a text, without the protocol


def test_a_name_is_found_at_both_of_its_ends_and_nowhere_else() -> None:
    analysis = look()
    assert [analysis.at(9, column) is not None for column in (4, 5, 6, 7)] == [False, True, True, False]
    assert analysis.at(2, 1) is None


def test_uses_of_a_parameter_are_those_of_its_function() -> None:
    analysis = look()
    _, meant = at(analysis, 7, "a, b")
    assert [(s.line, s.column) for s in sorted(analysis.uses(meant))] == [(6, 13), (7, 9)]


def test_origins_of_values() -> None:
    text = TEXT + "var mixed = 0 as fix<16, 10>;\nfor i in 0..3 { mixed = w[i]; }\nlet both = mixed;\nlet c = x[0];\n"
    program = look(text).program
    assert program
    by_name = {
        span.source.line(span.line)[span.column - 1 :].split()[0].rstrip(":"): p for span, p in origins(program).items()
    }
    assert by_name["s"] == {"vendor", "clinic"}
    assert by_name["mixed"] == by_name["both"] == {"vendor"}
    assert by_name["c"] == {"clinic"}


def test_a_condition_and_a_loop_carry_origins() -> None:
    text = (
        "party p;\nparty q;\ninput a: uint<8> from p;\ninput b: uint<8>[3] from q;\n"
        "var first = 0 as uint<8>;\nvar second = 0 as uint<8>;\n"
        "for i in 0..3 { second = first; first = b[i]; }\n"
        "var third = 0 as uint<8>;\nif a > 3 { third = 1; }\n"
        "output reveal(first), reveal(second), reveal(third) to p;\n"
    )
    program = look(text).program
    assert program
    found = {span.line: parties for span, parties in origins(program).items() if span.line > 4}
    assert found[5] == found[6] == {"q"}
    assert found[8] == {"p"}


def test_a_trained_model_is_made_of_both() -> None:
    program = analysed(read(EXAMPLES / "tumour" / "tumour.ccr"), load.named).program
    assert program
    assert {"vendor", "hospital"} in set(origins(program).values())


def test_what_is_told_of_a_name() -> None:
    analysis, found = look(), costs(Source("score.ccr", TEXT), load.named)
    assert found
    said = hover.told(analysis, *at(analysis, 9, "s "), found)
    assert "let s = score(w, x);" in said and "`fix<16, 10>`" in said
    assert "made of what `clinic` and `vendor` bring" in said
    assert "from -32 to 31.9990234375" in said
    assert "AND gates" in hover.told(analysis, *at(analysis, 7, "a, b"), found)
    assert "made of what `vendor` brings" in hover.told(analysis, *at(analysis, 9, "w,"), found)
    assert "a param, 4" in hover.told(analysis, *at(analysis, 10, "N"), found)
    assert hover.builtin("dot") and "dot(" in str(hover.builtin("dot"))
    assert hover.builtin("dots") is None


def test_costs_of_functions_are_those_of_their_lines() -> None:
    found = costs(Source("score.ccr", TEXT), load.named)
    assert found
    assert set(found.functions) == {"score"}
    assert found.functions["score"] == found.lines[7]
    assert found.trainings == ()


def test_epsilon_of_a_training() -> None:
    source = read(EXAMPLES / "tumour" / "tumour.ccr")
    found = costs(source, load.named)
    assert found
    [said] = found.trainings
    assert said.count("epsilon") == 2 and "for 1 000 records" in said and "for 10 000 records" in said
    program = analysed(source, load.named).program
    assert program and trainings(program) == [24]


def test_a_training_that_no_run_comes_to_has_no_lens() -> None:
    """It costs nothing, and the others keep their own."""
    whole = (EXAMPLES / "tumour" / "tumour.ccr").read_text()
    training = whole[whole.index("dpsgd w") : whole.index("output w")]
    text = whole.replace(training, f"if STEPS == 0 {{\n{training}}}\n{training}")
    found, program = costs(Source("two.ccr", text), load.named), look(text, "two.ccr").program
    assert found and program and len(found.trainings) == len(trainings(program)) == 1
    assert text.split("\n")[trainings(program)[0] - 1].startswith("dpsgd")


def test_a_wrong_text_costs_nothing() -> None:
    assert costs(Source("wrong.ccr", "party p;\nlet x = y;\n"), load.named) is None


# -- renaming


def test_renaming_writes_every_use() -> None:
    analysis = look()
    line, column = 4, 7
    spans = renamed(analysis, line, column, "weights", load.named)
    text = rewritten(TEXT, spans, "weights")
    assert text == TEXT.replace("input w:", "input weights:").replace("score(w, x)", "score(weights, x)")
    assert look(text).program is not None


@pytest.mark.parametrize(
    "name, why",
    [
        ("1st", "is no name"),
        ("dot", "a word of the language"),
        ("let", "a word of the language"),
        ("x", "would be wrong"),
    ],
)
def test_names_that_are_refused(name: str, why: str) -> None:
    with pytest.raises(CannotRename, match=why):
        renamed(look(), 4, 7, name, load.named)


def test_a_name_that_would_be_caught_by_another_is_refused() -> None:
    text = (
        "party p;\nparty q;\nparam A = 1;\ninput x: uint<8> from p;\ninput y: uint<8> from q;\n"
        "fn f(v: uint<8>) -> uint<16> { v + A }\noutput reveal(f(x) + y) to q;\n"
    )
    with pytest.raises(CannotRename, match=r"would be wrong|another meaning"):
        renamed(look(text), 3, 7, "v", load.named)


def test_what_another_file_binds_is_renamed_there(tmp_path: Path) -> None:
    (tmp_path / "lib.ccr").write_text("fn one(v: uint<8>) -> uint<9> { v + 1 }\n")
    main = tmp_path / "main.ccr"
    main.write_text(
        'import "lib.ccr";\nparty p;\nparty q;\ninput x: uint<8> from p;\ninput y: uint<8> from q;\n'
        "output reveal(one(x) + y) to q;\n"
    )
    analysis = analysed(read(main), load.named)
    _, meant = at(analysis, 6, "one")
    assert meant.span.source.name == str(tmp_path / "lib.ccr")
    with pytest.raises(CannotRename, match="rename it there"):
        renaming.places(analysis, 6, 15)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.ccr")), ids=lambda path: path.stem)
def test_any_name_of_an_example_can_be_renamed(path: Path) -> None:
    analysis = analysed(read(path), load.named)
    bound = sorted({m.span for m in analysis.names.values() if m.span.source == analysis.source})[:4]
    for span in bound:
        spans = renamed(analysis, span.line, span.column, "entirely_new", load.named)
        assert any(s.line == span.line and s.column == span.column for s in spans)


# -- places


@pytest.mark.parametrize("encoding, units", [("utf-8", 8), ("utf-16", 5), ("utf-32", 4)])
def test_characters_of_several_units(encoding: str, units: int) -> None:
    line = "é𝒳 x"  # 2 + 4 + 1 bytes before the last
    places = Places(encoding)
    span = Span(Source("a.ccr", line), 1, 4, 1, 5)
    found = places.range(span)
    assert found.start.character == units - 1 and found.end.character == units
    assert places.column(line, units - 1) == 4
    assert places.column(line, 99) == 5


# -- by the protocol


class Editor(JsonRPCClient):
    """The little of an editor that the server talks to."""

    name, version = "editor", "1"

    def __init__(self) -> None:
        super().__init__(protocol_cls=LanguageServerProtocol, converter_factory=default_converter)
        self.told: dict[str, list[types.Diagnostic]] = {}
        self.lenses = asyncio.Event()
        self.diagnosed = asyncio.Event()

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = list(params.diagnostics)
            self.diagnosed.set()

        @self.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def _(*_: object) -> None:
            self.lenses.set()

    async def ask(self, method: str, params: object) -> Any:
        protocol: Any = self.protocol
        return await asyncio.wait_for(protocol.send_request_async(method, params), LONG)

    def say(self, method: str, params: object) -> None:
        self.protocol.notify(method, params)


async def talk(script: Callable[[Editor], Awaitable[None]]) -> str:
    """What the server has said on its standard error."""
    editor = Editor()
    await editor.start_io(sys.executable, "-m", "ccr", "lsp", cwd=str(ROOT), env=os.environ | {"PYTHONPATH": str(ROOT)})
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
        )
    )
    await editor.ask(types.INITIALIZE, types.InitializeParams(capabilities))
    editor.say(types.INITIALIZED, types.InitializedParams())
    await script(editor)
    await editor.ask(types.SHUTDOWN, None)
    editor.say(types.EXIT, None)
    process: Any = editor
    said: bytes = await asyncio.wait_for(process._server.stderr.read(), LONG)
    await asyncio.wait_for(editor.stop(), LONG)
    return said.decode()


def test_a_session(tmp_path: Path) -> None:
    path = tmp_path / "score.ccr"
    path.write_text(TEXT)
    uri = path.as_uri()
    document = types.TextDocumentIdentifier(uri)

    async def opened(editor: Editor, text: str) -> None:
        editor.say(
            types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "ccr", 1, text))
        )
        await asyncio.wait_for(editor.diagnosed.wait(), LONG)

    async def script(editor: Editor) -> None:
        await opened(editor, TEXT)
        assert editor.told[uri] == []
        hover = await editor.ask(types.TEXT_DOCUMENT_HOVER, types.HoverParams(document, types.Position(8, 4)))
        assert "made of what `clinic` and `vendor` bring" in hover.contents.value
        place = await editor.ask(types.TEXT_DOCUMENT_DEFINITION, types.DefinitionParams(document, types.Position(8, 9)))
        assert (place.uri, place.range.start) == (uri, types.Position(5, 3))
        await asyncio.wait_for(editor.lenses.wait(), LONG)
        lenses = await editor.ask(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams(document))
        assert [lens.range.start.line for lens in lenses] == [0, 5]
        assert "AND gates" in lenses[1].command.title
        edit = await editor.ask(types.TEXT_DOCUMENT_RENAME, types.RenameParams(document, types.Position(8, 4), "total"))
        assert [e.range.start for e in edit.changes[uri]] == [types.Position(8, 4), types.Position(10, 14)]
        with pytest.raises(JsonRpcException, match="a word of the language"):
            await editor.ask(types.TEXT_DOCUMENT_RENAME, types.RenameParams(document, types.Position(8, 4), "let"))
        [whole] = await editor.ask(
            types.TEXT_DOCUMENT_FORMATTING,
            types.DocumentFormattingParams(document, types.FormattingOptions(4, True)),
        )
        assert whole.new_text == TEXT
        editor.diagnosed.clear()
        editor.say(
            types.TEXT_DOCUMENT_DID_CHANGE,
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(2, uri),
                [types.TextDocumentContentChangeEvent_Type2(TEXT.replace("2 * N", "2 * M"))],
            ),
        )
        await asyncio.wait_for(editor.diagnosed.wait(), LONG)
        [wrong] = editor.told[uri]
        assert (wrong.code, wrong.range.start) == ("unknown-name", types.Position(9, 16))
        assert "help:" in wrong.message

    assert "Traceback" not in asyncio.run(talk(script)), "a refusal is no failure of the server"


def test_what_imports_a_text_is_looked_at_as_it_changes(tmp_path: Path) -> None:
    """Before it is saved, and once more when it is closed without being saved."""
    (tmp_path / "lib.ccr").write_text(lib := "fn twice(a: uint<8>) -> uint<9> {\n    2 * a\n}\n")
    text = 'party a;\nparty b;\nimport "lib.ccr";\ninput x: uint<8> from a;\noutput reveal(twice(x)) to b;\n'
    (tmp_path / "main.ccr").write_text(text)
    main, other = ((tmp_path / name).as_uri() for name in ("main.ccr", "lib.ccr"))

    async def script(editor: Editor) -> None:
        async def told(count: int) -> None:
            while len(editor.told.get(main, [None] * 9)) != count:
                editor.diagnosed.clear()
                await asyncio.wait_for(editor.diagnosed.wait(), LONG)

        for uri, content in ((main, text), (other, lib)):
            item = types.TextDocumentItem(uri, "ccr", 1, content)
            editor.say(types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams(item))
        await told(0)
        edited = types.TextDocumentContentChangeEvent_Type2(lib.replace("twice", "thrice"))
        editor.say(
            types.TEXT_DOCUMENT_DID_CHANGE,
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, other), [edited]),
        )
        await told(1)
        assert editor.told[main][0].code == "unknown-function"
        editor.say(types.TEXT_DOCUMENT_DID_CLOSE, types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(other)))
        await told(0)

    asyncio.run(talk(script))


def test_without_pygls_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.cli.editor.server.find_spec", lambda _: None)
    done = call("lsp")
    assert done.exit_code == 2 and "pip install 'ccr-lang[lsp]'" in done.stderr
