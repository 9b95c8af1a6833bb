"""What the server answers, by pygls.

Everything about a text is answered from its last analysis.  What a run would cost takes longer: it is found in a
thread when a text is opened or saved, and stands until it is saved again.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.server import LanguageServer

from lang.problems.draw import brief
from lang.problems.problem import Problem, Rejected
from lang.source import Source, Span
from lang.syntax import load, tree
from lang.syntax.fmt import format_text
from lang.syntax.parse import parse
from runtime.cli.editor import hover, renaming
from runtime.cli.editor.analysis import Analysis, analysed, spelled
from runtime.cli.editor.costs import Costs, costs, trainings
from runtime.cli.editor.places import Places

_REFUSED: Any = JsonRpcException  # without types
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


class Server(LanguageServer):
    """The texts that are open, by URI: what was last found of each."""

    def __init__(self) -> None:
        super().__init__("ccr", version("ccr-lang"), text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.analyses: dict[str, Analysis] = {}
        self.costs: dict[str, Costs | None] = {}
        self.read: dict[str, set[str]] = {}  # the files that a text imports, also through others
        self.worker = ThreadPoolExecutor(1)

    # -- texts

    def source(self, uri: str) -> Source:
        return Source(_path(uri), self.workspace.get_text_document(uri).source.replace("\r\n", "\n"))

    def load(self, path: str) -> Source:
        """A file as it is in the editor, where it is open there; raises Rejected."""
        uri = _uri(path)
        return self.source(uri) if uri in self.workspace.text_documents else load.named(path)

    def look(self, uri: str) -> Analysis:
        """Analyse a text, and tell the editor what is wrong with it."""
        read = self.read[uri] = set[str]()

        def load(path: str) -> Source:
            read.add(_uri(path))
            return self.load(path)

        found = self.analyses[uri] = analysed(self.source(uri), load)
        own = [problem for problem in found.problems if problem.span.source.name == found.source.name]
        other = [problem for problem in found.problems if problem not in own]
        told = [self._diagnostic(problem) for problem in own]
        told += [self._elsewhere(problem) for problem in other]
        self.publish_diagnostics(uri, told)
        return found

    def importers(self, uri: str) -> list[str]:
        """The open texts that one is a part of."""
        return [other for other in self.workspace.text_documents if other != uri and uri in self.read.get(other, ())]

    def count(self, uri: str) -> None:
        """Find what a run costs, in the one thread that does so."""
        source = self.source(uri)

        def counted() -> None:
            self.costs[uri] = costs(source, self.load)
            if self._refreshes():
                protocol: Any = self.lsp  # without types
                protocol.send_request(types.WORKSPACE_CODE_LENS_REFRESH)

        self.worker.submit(counted)

    def _refreshes(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.code_lens and workspace.code_lens.refresh_support)

    # -- places

    @property
    def places(self) -> Places:
        encoding = self.workspace.position_encoding
        return Places(str(getattr(encoding, "value", encoding) or "utf-16"))

    def at(self, uri: str, position: types.Position) -> tuple[int, int]:
        """Line and column, from 1."""
        lines = self.analyses[uri].source.text.split("\n")
        line = min(position.line, len(lines) - 1)
        return line + 1, self.places.column(lines[line], position.character)

    # -- problems

    def _diagnostic(self, problem: Problem) -> types.Diagnostic:
        help = problem.say(problem.help)
        return types.Diagnostic(
            range=self.places.range(problem.span),
            message=brief(problem.say(problem.title) + (f"\nhelp: {help}" if help else "")),
            severity=_SEVERITIES[problem.severity],
            code=problem.code,
            source="ccr",
            related_information=[
                types.DiagnosticRelatedInformation(self._location(span), label) for span, label in problem.related
            ],
        )

    def _elsewhere(self, problem: Problem) -> types.Diagnostic:
        """Of a file that is imported: told at the top, with the place as a related one."""
        start = types.Range(types.Position(0, 0), types.Position(0, 0))
        there = types.DiagnosticRelatedInformation(self._location(problem.span), problem.say(problem.title))
        return types.Diagnostic(
            start, str(problem), _SEVERITIES[problem.severity], problem.code, source="ccr", related_information=[there]
        )

    def _location(self, span: Span) -> types.Location:
        return types.Location(_uri(span.source.name), self.places.range(span))

    # -- answers

    def hovered(self, uri: str, position: types.Position) -> types.Hover | None:
        analysis, (line, column) = self.analyses[uri], self.at(uri, position)
        if (found := analysis.at(line, column)) is not None:
            said: str | None = hover.told(analysis, *found, self.costs.get(uri))
        else:
            word = _word(analysis.source, line, column)
            said = hover.builtin(word)
        return None if said is None else types.Hover(types.MarkupContent(types.MarkupKind.Markdown, said))

    def defined(self, uri: str, position: types.Position) -> types.Location | None:
        found = self.analyses[uri].at(*self.at(uri, position))
        return None if found is None else self._location(found[1].span)

    def used(self, uri: str, position: types.Position) -> list[types.Location]:
        found = self.analyses[uri].at(*self.at(uri, position))
        return [] if found is None else [self._location(span) for span in sorted(self.analyses[uri].uses(found[1]))]

    def renamable(self, uri: str, position: types.Position) -> types.PrepareRenameResult | None:
        line, column = self.at(uri, position)
        try:
            spans = renaming.places(self.analyses[uri], line, column)
        except renaming.CannotRename:
            return None
        here = next(s for s in spans if s.line == line and s.column <= column <= s.end_column)
        return types.PrepareRenameResult_Type1(self.places.range(here), spelled(here))

    def renamed(self, uri: str, position: types.Position, name: str) -> types.WorkspaceEdit:
        try:
            spans = renaming.renamed(self.analyses[uri], *self.at(uri, position), name, self.load)
        except renaming.CannotRename as error:
            raise _REFUSED(str(error), types.LSPErrorCodes.RequestFailed) from None
        return types.WorkspaceEdit({uri: [types.TextEdit(self.places.range(span), name) for span in spans]})

    def formatted(self, uri: str) -> list[types.TextEdit]:
        """One edit of the whole; none where the text cannot be read."""
        source = self.source(uri)
        try:
            text = format_text(source)
        except Rejected:
            return []
        end = source.text.count("\n") + 1
        return [types.TextEdit(types.Range(types.Position(0, 0), types.Position(end, 0)), text)]

    def lenses(self, uri: str) -> list[types.CodeLens]:
        """Of the program on its first line, of each function and each `dpsgd` and `measure` on its own."""
        found, source = self.costs.get(uri), self.source(uri)
        if found is None:
            return []
        try:
            file = parse(source)
        except Rejected:
            return []
        lenses = [(1, found.whole)]
        lenses += [
            (item.span.line, found.functions[item.name.name])
            for item in file.items
            if isinstance(item, tree.Fn) and item.name.name in found.functions
        ]
        program = self.analyses[uri].program
        lines = trainings(program) if program else []
        if len(lines) == len(found.trainings):  # else the text has other ones by now
            lenses += dict(zip(lines, found.trainings, strict=True)).items()
        return [_lens(line, told) for line, told in lenses]


def _lens(line: int, told: str) -> types.CodeLens:
    start = types.Position(line - 1, 0)
    return types.CodeLens(types.Range(start, start), types.Command(told, ""))


def _word(source: Source, line: int, column: int) -> str:
    text = source.line(line)
    start = column - 1
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return spelled(Span(source, line, start + 1, line, start + 1))


def _path(uri: str) -> str:
    return uris.to_fs_path(uri) or uri


def _uri(path: str) -> str:
    return Path(path).absolute().as_uri()


def _defect(record: logging.LogRecord) -> bool:
    """Not an answer that says no, which pygls would log as a failure of the server, with where it was raised."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, JsonRpcException) and error.code == types.LSPErrorCodes.RequestFailed)


def served() -> Server:
    """A server that knows what to answer."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_defect)
    server = Server()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _(params: types.DidOpenTextDocumentParams) -> None:
        server.look(params.text_document.uri)
        server.count(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _(params: types.DidChangeTextDocumentParams) -> None:
        for uri in (params.text_document.uri, *server.importers(params.text_document.uri)):
            server.look(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _(params: types.DidSaveTextDocumentParams) -> None:
        for uri in server.workspace.text_documents:  # one that imports it may now be wrong, or right
            server.look(uri)
        server.count(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.analyses.pop(uri, None)
        server.costs.pop(uri, None)
        server.read.pop(uri, None)
        server.publish_diagnostics(uri, [])
        for other in server.importers(uri):  # the file counts again, without what was not saved
            server.look(other)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def _(params: types.HoverParams) -> types.Hover | None:
        return server.hovered(params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def _(params: types.DefinitionParams) -> types.Location | None:
        return server.defined(params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def _(params: types.ReferenceParams) -> list[types.Location]:
        return server.used(params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def _(params: types.PrepareRenameParams) -> types.PrepareRenameResult | None:
        return server.renamable(params.text_document.uri, params.position)

    @server.feature(types.TEXT_DOCUMENT_RENAME)
    def _(params: types.RenameParams) -> types.WorkspaceEdit:
        return server.renamed(params.text_document.uri, params.position, params.new_name)

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def _(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        return server.formatted(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    def _(params: types.CodeLensParams) -> list[types.CodeLens]:
        return server.lenses(params.text_document.uri)

    return server
