"""The subset of coroutine code that g++ 12 compiles correctly (src/README.md has the reasons).

    co_await x;                    a whole statement, or
    auto v = co_await f(a);        the initialiser or the right side of a named variable,

and in the arguments of an awaited call only names, std::move(name), literals and constructor calls.
Coroutine lambdas capture nothing. `check` yields (line, message) for everything else.
"""

from cpp_tokens import DIRECTIVE, NAME, NUMBER, PUNCTUATION, STRING, match_brackets

_ADVICE = {
    "place": "co_await must be a whole statement or the initialiser of a named variable: "
             "write 'auto v = co_await ...;' first and use v",
    "argument": "an argument of an awaited call must be a name, std::move(name), a literal or a "
                "constructor call: name the value before the call",
    "operand": "the operand of co_await must be a name or one call: name the value before it",
    "macro": "co_await in a macro hides a suspension point from readers and from this check: "
             "write it out",
    "capture": "a coroutine lambda must not capture (captures live in the lambda object, not in "
               "the frame): pass the values as parameters",
}

_CONTROL = {"if", "for", "while", "switch"}
_CASTS = {"static_cast", "const_cast", "reinterpret_cast"}
_LITERAL_NAMES = {"true", "false", "nullptr"}
_BUILTIN_TYPES = {
    "bool", "char", "int", "unsigned", "long", "short", "float", "double", "size_t", "string",
    "string_view", "vector", "optional", "pair", "tuple", "array", "span", "Span", "Status",
    "unique_ptr", "shared_ptr", "monostate", "nanoseconds", "microseconds", "milliseconds",
    "seconds", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t",
    "uint64_t", "ssize_t",
}


def declared_types(tokens):
    """The names of classes, structs, enums and aliases that a file declares."""
    names, partner = set(), match_brackets(tokens)
    for index, token in enumerate(tokens[:-1]):
        if token.text in ("class", "struct", "enum", "using", "union"):
            following = index + 1
            while following < len(tokens) and tokens[following].text in ("class", "struct", "["):
                following = partner.get(following, following) + 1
            if following < len(tokens) and tokens[following].kind == NAME:
                names.add(tokens[following].text)
    return names


class _Operand:
    """A recursive-descent reader of what may follow co_await. Each step returns the next index."""

    def __init__(self, tokens, partner, types):
        self.tokens = tokens
        self.partner = partner
        self.types = types | _BUILTIN_TYPES

    def text(self, index):
        return self.tokens[index].text if index < len(self.tokens) else ""

    def kind(self, index):
        return self.tokens[index].kind if index < len(self.tokens) else ""

    def template_arguments(self, index):
        """Index after a <...> at `index`, or `index` when there is none (a comparison, say)."""
        if self.text(index) != "<":
            return index
        start, depth = index, 0
        while index < len(self.tokens):
            text = self.text(index)
            if text == "<":
                depth += 1
            elif text == ">":
                depth -= 1
                if depth == 0:
                    return index + 1
            elif text in "({" and index in self.partner:
                index = self.partner[index]
            elif text in (";", ")", "}", "&&", "||"):
                break
            index += 1
        return start

    def name(self, index):
        """Index after `a::b<T>::c`, or None."""
        if self.text(index) == "::":
            index += 1
        while self.kind(index) == NAME:
            index = self.template_arguments(index + 1)
            if self.text(index) != "::":
                return index
            index += 1
        return None

    def member_path(self, index):
        """Index after `name`, `a.b->c` or `a[i].b` (plain names as subscripts), or None."""
        index = self.name(index)
        while index is not None and self.text(index) in (".", "->", "["):
            if self.text(index) == "[":
                closing = self.partner.get(index)
                if closing is None or self.argument_end(index + 1) != closing:
                    return None
                index = closing + 1
            else:
                index = self.name(index + 1)
        return index

    def argument_end(self, index):
        """Index after one allowed argument, or None."""
        if self.kind(index) == STRING:
            while self.kind(index) == STRING:
                index += 1
            return index
        if self.text(index) in ("*", "&", "-", "+", "!", "~"):
            index += 1
        if self.kind(index) == NUMBER or self.text(index) in _LITERAL_NAMES:
            return index + 1
        start, index = index, self.member_path(index)
        if index is None or self.text(index) != "(":
            return index
        callee = "".join(token.text for token in self.tokens[start:index])
        closing = self.partner.get(index)
        if closing is None:
            return None
        if callee in ("std::move", "std::as_const", "std::ref"):
            return closing + 1 if self.member_path(index + 1) == closing else None
        if not self.is_constructor(start, index):
            return None
        return closing + 1 if self.arguments_are_plain(index) else None

    def is_constructor(self, start, end):
        if any(token.text in (".", "->", "[") for token in self.tokens[start:end]):
            return False
        position, last = start, ""
        while position < end:
            if self.kind(position) == NAME:
                last = self.text(position)
                position = self.template_arguments(position + 1)
            else:
                position += 1
        return last in self.types or last in _CASTS

    def arguments_are_plain(self, opening):
        """Whether the argument list that opens at `opening` holds allowed arguments only."""
        closing = self.partner[opening]
        index = opening + 1
        while index < closing:
            index = self.argument_end(index)
            if index is None or (self.text(index) != "," and index != closing):
                return False
            index += self.text(index) == ","
        return True

    def problem(self, index):
        """None when a sound operand and then ';' stand at `index`, else the kind of problem."""
        if self.text(index) == "*":
            index += 1
        while True:
            index = self.name(index)
            if index is None:
                return "operand"
            called = self.text(index) == "("
            if called:
                opening = index
                if opening not in self.partner or not self.arguments_are_plain(opening):
                    return "argument"
                index = self.partner[opening] + 1
            if self.text(index) == ";":
                return None
            if self.text(index) not in (".", "->"):
                return "operand"
            # An accessor in front (`pool().Acquire()`) is harmless; a temporary made from
            # arguments is not.
            if called and self.partner[opening] != opening + 1:
                return "operand"
            index += 1


def _statement_start(tokens, partner, index):
    """Index of the first token of the statement around `index`; None inside parentheses."""
    index -= 1
    while index >= 0:
        token = tokens[index]
        if token.kind == DIRECTIVE or token.text in (";", "{", "}"):
            return index + 1
        if token.text in ("(", "["):
            return None
        if token.text in (")", "]") and index in partner:
            index = partner[index]
        elif token.text == ":" and _is_label(tokens, partner, index):
            return index + 1
        index -= 1
    return 0


def _is_label(tokens, partner, index):
    """Whether the ':' at `index` ends `case x:` or `default:`; not that of `? :` or range-for."""
    index -= 1
    while index >= 0 and tokens[index].text not in (";", "{", "}", "?", "("):
        index = partner.get(index, index) - 1 if tokens[index].text in (")", "]") else index - 1
    return index < 0 or tokens[index].text not in ("?", "(")


def _skip_control(tokens, partner, index):
    """Index after `if (...)`, `else`, `for (...)`, attributes and the like."""
    while index < len(tokens):
        text = tokens[index].text
        if text in ("else", "do"):
            index += 1
        elif text in _CONTROL:
            index += 1
            if tokens[index].text == "constexpr":
                index += 1
            index = partner.get(index, index) + 1
        elif text == "[" and tokens[index + 1].text == "[":
            index = partner.get(index, index) + 1
        else:
            break
    return index


def _is_sound_prefix(tokens, start, end):
    """Whether tokens[start:end], what stands before co_await, is nothing or `... variable =`."""
    prefix = tokens[start:end]
    if not prefix or [token.text for token in prefix] == ["(", "void", ")"]:
        return True
    if prefix[-1].text != "=":
        return False
    declarator = prefix[:-1]
    bindings = [index for index, token in enumerate(declarator) if token.text == "["]
    if bindings:  # auto [a, b] = ...
        return declarator[0].text in ("auto", "const") and declarator[-1].text == "]"
    if not declarator or declarator[-1].kind != NAME:
        return False
    return not any(token.text in ("(", "?", "=", "return", "co_return") for token in declarator)


def check_awaits(tokens, types):
    partner = match_brackets(tokens)
    operand = _Operand(tokens, partner, types)
    for index, token in enumerate(tokens):
        if token.kind == DIRECTIVE and "co_await" in token.text:
            yield token.line, _ADVICE["macro"]
        if token.text != "co_await" or token.kind != NAME:
            continue
        if index > 0 and tokens[index - 1].text == "operator":
            continue
        start = _statement_start(tokens, partner, index)
        if start is None:
            yield token.line, _ADVICE["place"]
            continue
        start = _skip_control(tokens, partner, start)
        if not _is_sound_prefix(tokens, start, index):
            yield token.line, _ADVICE["place"]
            continue
        problem = operand.problem(index + 1)
        if problem:
            yield token.line, _ADVICE[problem]


def _lambdas(tokens, partner):
    """Yields (introducer, body opening) of every lambda expression."""
    for index, token in enumerate(tokens):
        if token.text != "[" or index not in partner or token.kind != PUNCTUATION:
            continue
        before = tokens[index - 1] if index else None
        if before is not None and (before.text in (")", "]", "[", "auto")
                                   or before.kind in (NUMBER, STRING)
                                   or (before.kind == NAME and before.text not in
                                       ("return", "co_return", "co_yield", "co_await", "else"))):
            continue
        if tokens[index + 1].text == "[":
            continue
        closing = partner[index]
        position = closing + 1
        while position < len(tokens) and tokens[position].text not in ("{", ";", ",", "}", "="):
            if tokens[position].text in ("(", "[") and position in partner:
                position = partner[position]
            elif tokens[position].text == ")":
                break
            position += 1
        if position < len(tokens) and tokens[position].text == "{" and position in partner:
            yield index, position


def check_lambdas(tokens):
    partner = match_brackets(tokens)
    lambdas = list(_lambdas(tokens, partner))
    bodies = {opening: partner[opening] for _, opening in lambdas}
    for introducer, opening in lambdas:
        if partner[introducer] == introducer + 1:
            continue
        index = opening + 1
        while index < partner[opening]:
            if index in bodies:  # a lambda inside answers for itself
                index = bodies[index]
            elif tokens[index].text in ("co_await", "co_return", "co_yield"):
                yield tokens[introducer].line, _ADVICE["capture"]
                break
            index += 1


def check(tokens, types):
    yield from check_awaits(tokens, types)
    yield from check_lambdas(tokens)
