"""A small C++ lexer for the lint rules: enough to tell code from comments and strings.

Tokens carry their line (from 1). Comments vanish, a string or character literal of any kind is one
token, and a preprocessor directive is one token with its continuation lines joined.
"""

import dataclasses
import re

NAME, NUMBER, STRING = "name", "number", "string"
PUNCTUATION, DIRECTIVE = "punctuation", "directive"

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
  | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"\w*)
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"\w*|(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'\w*)
  | (?P<number>\.?\d(?:'?[\w.]|(?<=[eEpP])[+-])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<punctuation>::|->\*|->|\+\+|--|&&|\|\||<<=|<=>|[-+*/%&|^=!<]=|<<|\.\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"[ \t]*#(?:\\\n|/\*.*?\*/|//[^\n]*|[^\n])*", re.DOTALL)

_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    line: int


def tokenize(text):
    """Returns the tokens of a C++ source text."""
    tokens = []
    position, line, at_line_start = 0, 1, True
    while position < len(text):
        directive = _DIRECTIVE.match(text, position) if at_line_start else None
        if directive:
            tokens.append(Token(DIRECTIVE, directive.group().replace("\\\n", " ").strip(), line))
            end = directive.end()
        else:
            match = _PATTERN.match(text, position)
            end = match.end()
            kind = STRING if match.lastgroup in ("raw", "delimiter", "string") else match.lastgroup
            if match.group("raw"):
                kind = STRING
            if kind not in ("space", "comment"):
                tokens.append(Token(kind, match.group(), line))
        chunk = text[position:end]
        line += chunk.count("\n")
        if directive or not chunk.isspace():
            at_line_start = False
        if "\n" in chunk and chunk.rpartition("\n")[2].strip() == "":
            at_line_start = True
        position = end
    return tokens


def match_brackets(tokens):
    """Maps the index of every bracket to that of its partner, both ways; strays are left out.

    Angle brackets are not paired: without types they cannot be told from comparisons.
    """
    partner, stack = {}, []
    for index, token in enumerate(tokens):
        if token.kind != PUNCTUATION:
            continue
        if token.text in _PAIRS:
            stack.append(index)
        elif token.text in _PAIRS.values():
            if stack and _PAIRS[tokens[stack[-1]].text] == token.text:
                opening = stack.pop()
                partner[opening], partner[index] = index, opening
    return partner
