"""Syntax problems in words: what stands there, and what could."""

from __future__ import annotations

import re
from collections.abc import Set
from difflib import get_close_matches

from lark import Token

STATEMENT_WORDS = frozenset(
    {
        "import",
        "party",
        "param",
        "type",
        "input",
        "dataset",
        "disjoint",
        "extern",
        "fn",
        "output",
        "let",
        "var",
        "for",
        "if",
        "dpsgd",
        "measure",
        "loss",
        "grad",
    }
)
DECLARATION_WORDS = frozenset(
    {"import", "party", "param", "type", "input", "dataset", "disjoint", "extern", "fn", "output"}
)
WORDS = STATEMENT_WORDS | {
    "as",
    "bit",
    "by",
    "drawn",
    "else",
    "fix",
    "floor",
    "from",
    "in",
    "int",
    "nearest",
    "on",
    "reveal",
    "saturate",
    "to",
    "uint",
    "where",
    "wrap",
}

# What people write who come from other languages, and what is written here.
_FOREIGN = {
    "return": "the last expression of a block is its value: write it without `return` and without `;`",
    "const": "write `param NAME = VALUE;` or `let NAME = VALUE;`",
    "mut": "write `var NAME = ...;` for what may be assigned",
    "def": "write `fn NAME(PARAMETER: KIND) -> KIND { ... }`",
    "func": "write `fn NAME(PARAMETER: KIND) -> KIND { ... }`",
    "function": "write `fn NAME(PARAMETER: KIND) -> KIND { ... }`",
    "while": "loops are `for i in 0..N { ... }`: both parties must know how often they run",
    "elif": "write `else if`",
    "struct": "a tuple groups values: `(a, b)`; the rows of a `dataset` are the only records",
    "use": 'write `import "file.ccr";`',
    "and": "write `&&`",
    "or": "write `||`",
    "not": "write `!`",
    "float": "numbers have a fixed point: `fix<16, 10>` is 16 bits, 10 of them after the point",
    "bool": "write `bit`",
}
# A sign -> the one that could stand there instead, and what to say if it could.
_FOREIGN_SIGNS = {
    "=": ("==", "to compare, write `==`"),
    "if": ("(", "as an operand an `if` takes parentheses: `(if c { a } else { b })`"),
    ":": ("..", "a range is written `start..end`"),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), ("&&", "comparisons do not chain: write `a < b && b < c`")),
}
# Kinds, as they are written.
_KINDS = {"uint": "`uint<8>`", "int": "`int<16>`", "fix": "`fix<16, 10>`, 10 of its 16 bits after the point"}
_SIZES = re.compile(r"\b(uint|int|fix)\s*<[^<>;{}]*$")
_WORD = re.compile(r"\b([A-Za-z_]\w*)\s*$")
_OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "AT", "VBAR", "CIRCUMFLEX", "AMPERSAND"}


def found(token: Token) -> str:
    """The offending token as it is called in a message."""
    if token.type == "$END":
        return "end of the file"
    if token.type in ("INT", "SIZE", "DECIMAL"):
        return f"number `{token}`"
    if token.type == "STRING":
        return "string"
    return f"`{token}`"


def expected(accepts: set[str], spelled: dict[str, str]) -> str:
    """What the grammar could have taken, in words; `spelled` gives a terminal's own text."""
    phrases: list[str] = []
    if {"LET", "VAR", "FOR"} <= accepts:
        phrases.append("a statement")
        if "RBRACE" in accepts:
            phrases.append("`}`")
    elif {"NAME", "LPAR", "INT"} <= accepts:
        phrases.append("an expression")
        if {"COLON"} <= accepts:
            phrases.append("a range")
    elif {"UINT", "FIX"} <= accepts:
        phrases.append("a kind such as `uint<8>`")
    elif {"SIZE", "NAME"} <= accepts:
        phrases.append("a size")
    else:
        if "NAME" in accepts:
            phrases.append("a name")
        if "STRING" in accepts:
            phrases.append("a string")
        rest = accepts - {"NAME", "STRING"}
        operator = len(rest & _OPERATORS) > 2
        if operator:
            rest = rest & {"SEMICOLON", "COMMA", "RPAR", "RSQB", "RBRACE", "LBRACE", "TO", "FROM", "EQUAL"}
        phrases += sorted(f"`{spelled.get(t, t)}`" for t in rest if t != "$END")
        if operator:
            phrases.append("an operator")
        if not rest and "$END" in accepts and not phrases:
            phrases.append("the end of the file")
    if len(phrases) > 6:
        phrases = [*phrases[:5], "…"]
    if len(phrases) < 2:
        return "".join(phrases) or "something else"
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]


def hint(token: Token, previous: Token | None, spelled: set[str]) -> str:
    """What to write instead, if it can be guessed."""
    for word in filter(None, (token, previous)):
        if word.type == "NAME" and str(word) in _FOREIGN:
            return _FOREIGN[str(word)]
    for word in filter(None, (previous, token)):
        fitting = WORDS & spelled if word is token else WORDS  # `form` is `from` where that may stand, not `for`
        if word.type == "NAME" and (near := _near(word, fitting) or _near(word, WORDS)):
            return f"did you mean `{near[0]}`?"
    instead, text = _FOREIGN_SIGNS.get(str(token), ("", ""))
    return text if instead in spelled else ""


def kind_hint(token: Token, before: str, spelled: set[str]) -> str:
    """What to write instead of a kind such as `unit<8>`, `int`, `fix<8>` or `int<8, 2>`; `before` stands before it."""
    if sizes := _SIZES.search(before):
        if sizes[1] == "fix":
            return f"a `fix` has two sizes: {_KINDS['fix']}" if token in (">", ",") else ""
        return f"only a `fix` has bits after the point: {_KINDS['fix']}" if token == "," else ""
    word = last[1] if (last := _WORD.search(before)) else ""
    if word in _KINDS and "<" in spelled:
        return f"say how many bits it has: {_KINDS[word]}"
    if token != "<" or "&&" in spelled:  # where an operand has ended it compares
        return ""
    if word == "bit":
        return f"a `bit` is one bit; more are {_KINDS['uint']}"
    near = get_close_matches(word.lower(), _KINDS, 1, 0.6)
    return f"did you mean {_KINDS[near[0]]}?" if near else ""


def _near(word: str, among: Set[str]) -> list[str]:
    return get_close_matches(word, sorted(among), 1, 0.75)
