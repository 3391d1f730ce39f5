"""Lint rules that are not about coroutines. Each takes what it reads and yields (line, message)."""

import re

from cpp_tokens import DIRECTIVE, NAME, NUMBER, match_brackets

MAX_COLUMNS = 100
MAX_FUNCTION_LINES = 90
WISHED_FUNCTION_LINES = 70
WISHED_FILE_LINES = 400

# The one place that resumes coroutines is the ready queue; a task starts and hands back through
# its own promise, and RunInline starts a task that never waits. Anything else would run one
# coroutine inside another's stack frame.
RESUME_ALLOWED = (
    "include/pgring/coro/run.h",
    "include/pgring/coro/task.h",
    "include/pgring/uring/ready_queue.h",
    "src/coro/task.cc",
    "src/uring/ready_queue.cc",
    "tests/",
)

# These wait for the server (or for a name server) and would stop every connection of the reactor.
BLOCKING_LIBPQ = frozenset((
    "PQexec", "PQexecParams", "PQexecPrepared", "PQprepare", "PQdescribePrepared",
    "PQdescribePortal", "PQclosePrepared", "PQclosePortal", "PQfn", "PQreset", "PQsetdb",
    "PQsetdbLogin", "PQconnectdb", "PQconnectdbParams", "PQping", "PQpingParams",
    "PQsetClientEncoding", "PQendcopy", "PQgetline",
    "PQencryptPasswordConn", "PQchangePassword", "PQcancel", "PQcancelBlocking",
    "PQrequestCancel", "lo_open", "lo_close", "lo_read", "lo_write", "lo_lseek", "lo_lseek64",
    "lo_creat", "lo_create", "lo_tell", "lo_tell64", "lo_truncate", "lo_truncate64", "lo_unlink",
    "lo_import", "lo_import_with_oid", "lo_export",
))
# The canceller is a thread of its own: libpq 15 has no other way to cancel than to wait.
BLOCKING_ALLOWED = ("src/postgres/blocking_", "src/postgres/canceller.cc", "src/cluster/", "tests/")

_LEFTOVERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")


def check_lines(lines):
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS and "://" not in line:
            yield number, f"{len(line)} columns; at most {MAX_COLUMNS}"
        match = _LEFTOVERS.search(line)
        if match:
            yield number, f"'{match.group()}': do it, or open an issue and leave it out of the code"
        if line != line.rstrip():
            yield number, "white space at the end of the line"


def check_blocking_libpq(path, tokens):
    if path.startswith(BLOCKING_ALLOWED):
        return
    partner = match_brackets(tokens)
    for index, token in enumerate(tokens):
        if token.kind != NAME:
            continue
        if token.text in BLOCKING_LIBPQ:
            yield token.line, (f"{token.text} blocks; only src/postgres/blocking_*.cc and "
                               "src/cluster may call it")
        last = tokens[partner[index + 1] - 1].text if partner.get(index + 1) else ""
        if token.text == "PQgetCopyData" and last != "1" and last != "true":
            yield token.line, "PQgetCopyData blocks unless its last argument is the literal 1"
        if token.text == "PQsetnonblocking" and last == "0":
            yield token.line, "PQsetnonblocking(connection, 0) makes the connection blocking"


def check_resume(path, tokens):
    if path.startswith(RESUME_ALLOWED):
        return
    for index in range(1, len(tokens) - 1):
        if (tokens[index].text == "resume" and tokens[index - 1].text in (".", "->")
                and tokens[index + 1].text == "("):
            yield tokens[index].line, ("only the ready queue resumes coroutines: push the handle "
                                       "onto it (the list of exceptions is in "
                                       "tools/lib/source_rules.py)")


def check_using_declarations(path, tokens):
    """A name brought in by `using A::B;` in a .cc file is used there."""
    if not path.endswith(".cc"):
        return
    words = [token.text for token in tokens]
    for index in range(len(words) - 1):
        if words[index] != "using" or words[index + 1] in ("namespace", "enum"):
            continue
        end = words.index(";", index)
        name = words[end - 1]
        if "=" not in words[index:end] and words.count(name) == 1:
            yield tokens[index].line, f"{name} is brought in by `using` and not used"


def header_guard(path):
    """PGRING_<LAYER>_<FILE>_H_, from the path below include/pgring, src or the root (tests)."""
    for prefix in ("include/pgring/", "src/"):
        if path.startswith(prefix):
            path = path[len(prefix):]
    return "PGRING_" + re.sub(r"\W", "_", path).upper() + "_"


def check_header_guard(path, tokens):
    wanted = header_guard(path)
    directives = [token.text for token in tokens if token.kind == DIRECTIVE]
    if directives[:2] != [f"#ifndef {wanted}", f"#define {wanted}"]:
        yield 1, f"the header guard must be {wanted} (#ifndef and #define, before anything else)"


def function_bodies(tokens):
    """Yields (first line, last line, name) of every function with a body at namespace or class
    scope. Lambdas and local classes count as part of the function around them."""
    partner = match_brackets(tokens)
    index, head = 0, 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == DIRECTIVE or token.text in (";", "}"):
            head = index + 1
        elif token.text in ("public", "private", "protected") and tokens[index + 1].text == ":":
            index += 1
            head = index + 1
        elif token.text in ("(", "["):
            index = partner.get(index, index)
        elif token.text == "{":
            closing = partner.get(index, len(tokens) - 1)
            kind = _brace_kind(tokens[head:index], partner, head)
            if kind == "scope":
                head = index + 1
            elif kind == "function":
                yield tokens[head].line, tokens[closing].line, _function_name(tokens[head:index])
                index, head = closing, closing + 1
            else:
                index = closing
        index += 1


def _brace_kind(head, partner, offset):
    """What a '{' after the tokens `head` opens: a scope, a function's body or an initialiser."""
    texts = [token.text for token in head]
    if not texts or "namespace" in texts or texts[0] == "extern":
        return "scope"
    depth_zero, index = [], 0
    while index < len(texts):
        depth_zero.append(texts[index])
        if texts[index] in ("(", "["):
            index = partner.get(offset + index, offset + index) - offset
        index += 1
    if "(" not in depth_zero or texts[-1] in ("=", ","):
        is_type = any(text in ("class", "struct", "union", "enum") for text in depth_zero)
        return "scope" if is_type and "=" not in depth_zero else "initialiser"
    if depth_zero[0] in ("class", "struct", "union") and texts[-1] != ")" and ":" in depth_zero:
        return "scope"
    # A member initialiser `: a_{1}` stands after the parameters' closing parenthesis.
    after = depth_zero[depth_zero.index("(") + 1:]
    if ":" in after and head[-1].kind in (NAME, NUMBER) and texts[-1] not in (
            "const", "noexcept", "override", "final", "try"):
        return "initialiser"
    return "function"


def _function_name(head):
    texts = [token.text for token in head]
    if texts[0] in ("TEST", "TEST_F", "TEST_P", "BENCHMARK"):
        return "".join(texts[:6])
    name = texts.index("(") - 1
    while name >= 2 and texts[name - 1] == "::":
        name -= 2
    return "".join(texts[name:texts.index("(")])


def check_function_lengths(tokens, warn):
    for first, last, name in function_bodies(tokens):
        length = last - first + 1
        if length > MAX_FUNCTION_LINES:
            yield first, f"{name} has {length} lines; at most {MAX_FUNCTION_LINES}: split it"
        elif length > WISHED_FUNCTION_LINES:
            warn(first, f"{name} has {length} lines; {WISHED_FUNCTION_LINES} is the aim")
