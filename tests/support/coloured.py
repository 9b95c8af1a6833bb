"""What each character of a program is to the language's own lexer, beside which colours are held."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token

from lang.syntax.expected import WORDS
from lang.syntax.parse import _GRAMMAR

NUMBERS = ("INT", "SIZE", "DECIMAL")
KINDS = {"bit", "fix", "int", "uint"}


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR.read_text(), parser="lalr", strict=True, keep_all_tokens=True, propagate_positions=True)


def _sort(token: Token) -> str:
    if token in WORDS:
        return "kind" if token in KINDS else "word"
    if token.type in NUMBERS:
        return "number"
    return {"NAME": "name", "STRING": "string"}.get(token.type, "sign")


PIECES = {
    "signs": "let x = a + b - c * d / e % f @ g ** 2 & h | i ^ j << 1 >> 2 && !(k < l) || m != n;\nx -= 1; y *= 2;\n",
    "kinds": "input x: uint<8>[2, N + 1] from a;\nlet y = x as fix<16, 8>[3] saturate nearest >= 0x1_f;\n",
    "items": "let z = t.0.1 + a.1[0..2] + b[..] + 1.5 + 2e-3 + 0b1_0 + 1_000;\n",
    "strings": 'import "lib.ccr"; // "not" a string, 1.0\nfn f<N>(x: bit[N]) -> bit { x[0] }\n',
}  # what examples do not have


def meant(text: str) -> list[str]:
    """Of each character: `word`, `kind`, `name`, `number`, `string`, `sign`, or empty between them."""
    found = [""] * len(text)
    for token in _parser().parse(text).scan_values(lambda value: isinstance(value, Token)):
        found[token.start_pos : token.end_pos] = [_sort(token)] * len(token)
    return found
