"""Each form of co_await and of coroutine lambda that the lint must accept or refuse."""

import unittest

import load_tools  # noqa: F401  (makes the imports below work)
import coroutine_rules
from cpp_tokens import tokenize

TYPES = {"Deadline", "Statement", "Parameters"}

SOUND = (
    "co_await task;",
    "co_await Sleep(reactor, 5);",
    "(void)co_await Sleep(reactor, 5);",
    "auto v = co_await Get(a);",
    "const absl::StatusOr<std::vector<int>> v = co_await session->Execute(statement);",
    "v = co_await Get(a);",
    "state->value = co_await Get(a);",
    "this->value_ = co_await Get(a);",
    "auto [open, closed] = co_await Get(a);",
    "auto& [open, closed] = co_await Get(a);",
    "co_await std::move(task);",
    "co_await *task;",
    "if (ready) co_await task;",
    "if (ready) [[likely]] co_await task;",
    "if constexpr (kAsync) co_await task; else co_await other;",
    "for (auto& task : tasks) co_await task;",
    "for (int i = 0; i < 3; ++i) co_await Sleep(i);",
    "switch (kind) { case Kind::kRead: co_await Read(); break; default: co_await Write(); }",
    "auto v = co_await Get(std::move(a), b->c.d, options_.limit, kLimit, ns::kLimit);",
    "auto v = co_await Get(\"text\" \" more\", 'c', 1'000, -1, 1.5e-3, true, nullptr, &a, *b, !c);",
    "auto v = co_await Get(Deadline(now_ns), std::string(\"x\"), Statement(std::move(text), 3));",
    "auto v = co_await Get(std::vector<std::pair<int, int>>(3), static_cast<int>(size));",
    "auto v = co_await Get<Row<int>>(a);",
    "auto v = co_await ns::Get(values[i], values[0].name);",
    "co_await reactor().Sleep(a);",
    "co_await pool->semaphore().Acquire(units);",
    "co_await Get(\n    a,  // the first, \"quoted\"\n    /* co_await in a comment( */ b);",
    "const char* s = \"if (co_await x)\"; co_await s;",
    "const char* s = R\"(if (co_await x))\"; co_await s;",
    "TaskAwaiter<T> operator co_await() const { return TaskAwaiter<T>(handle_); }",
    "group.Spawn([](Reactor* reactor) -> Task<void> { co_await Sleep(reactor); }(reactor));",
    "int n = a[0] < b ? 1 : 2; co_await Sleep(n);",
)

MISPLACED = (
    "if (co_await Ready()) { Go(); }",
    "while (co_await Next()) {}",
    "do {} while (co_await Next());",
    "switch (co_await Kind()) {}",
    "if (auto v = co_await Get(); v.ok()) {}",
    "for (auto v = co_await Get(); v; ) {}",
    "for (auto& row : co_await Rows()) {}",
    "co_return co_await Get();",
    "return co_await Get();",
    "Use(co_await Get());",
    "auto v = Use(\n    1,\n    co_await Get());",
    "auto v = ready ? co_await Get() : other;",
    "auto v = ready ? other : co_await Get();",
    "auto v = 1 + co_await Get();",
    "auto v = !co_await Get();",
    "total += co_await Get();",
    "auto v(co_await Get());",
    "values[i] = co_await Get();",
    "a = b = co_await Get();",
    "EXPECT_TRUE((co_await Get()).ok());",
    "auto v = (co_await Get()).value();",
    "co_yield co_await Get();",
    "co_return v = co_await Get();",
    "return v = co_await Get();",
)

UNSOUND_OPERAND = (
    "auto v = co_await Get() + 1;",
    "auto v = co_await Get(), w = 2;",
    "auto v{co_await Get()};",
    "std::vector<int> v = {co_await a, co_await b};",
    "co_await Sleep{5};",
    "co_await (ready ? a : b);",
    "co_await [] { return Get(); }();",
    "co_await Connect(a).Timeout(b);",
    "co_await tasks[0];",
    "auto v = co_await Get() ? 1 : 2;",
)

UNSOUND_ARGUMENT = (
    "co_await Get([x] { return x; });",
    "co_await Get([] {});",
    "co_await Get({1, 2});",
    "co_await Get(Parameters{1, 2});",
    "co_await Get(Deadline(Parameters{1}));",
    "co_await Get(ready ? a : b);",
    "co_await Get(a + b);",
    "co_await Get(a < b);",
    "co_await Get(MakeStatement(a));",
    "co_await Get(list.size());",
    "co_await Get(Deadline(Now()));",
    "co_await Get(std::move(list.front()));",
    "co_await Get(std::move(MakeStatement()));",
    "co_await Get(a, std::function<void()>([x] {}));",
    "co_await pool->Get(a,\n    b,\n    {});",
)


def messages(code):
    source = "Task<void> Body() {\n" + code + "\n}\n"
    return [message for _, message in coroutine_rules.check(tokenize(source), TYPES)]


class CoAwait(unittest.TestCase):
    def test_sound_forms_pass(self):
        for code in SOUND:
            with self.subTest(code):
                self.assertEqual(messages(code), [])

    def expect_problem(self, snippets, *kinds):
        for code in snippets:
            with self.subTest(code):
                found = messages(code)
                self.assertTrue(found, "nothing was found")
                advice = [coroutine_rules._ADVICE[kind] for kind in kinds]
                self.assertIn(found[0], advice)

    def test_misplaced(self):
        self.expect_problem(MISPLACED, "place")

    def test_unsound_operand(self):
        self.expect_problem(UNSOUND_OPERAND, "operand", "place")

    def test_unsound_argument(self):
        self.expect_problem(UNSOUND_ARGUMENT, "argument")

    def test_macro(self):
        self.assertEqual(messages("#define TRY(x) \\\n  auto v = co_await x;\nTRY(a);"),
                         [coroutine_rules._ADVICE["macro"]])

    def test_line_is_that_of_the_co_await(self):
        source = "// one\n/* two\n three */\nvoid f() {\n  g(\n    co_await x);\n}\n"
        lines = [line for line, _ in coroutine_rules.check(tokenize(source), TYPES)]
        self.assertEqual(lines, [6])

    def test_every_co_await_is_reported(self):
        self.assertEqual(len(messages("if (co_await a) {} co_await b; if (co_await c) {}")), 2)


class Lambdas(unittest.TestCase):
    def test_coroutine_lambda_with_capture(self):
        for code in ("auto f = [x]() -> Task<void> { co_return; };",
                     "auto f = [&] { co_await task; };",
                     "Spawn([this, y = 1](int n) mutable -> Task<int> { co_return n; });",
                     "auto f = [=]() -> Task<void> { if (a) { co_await b; } };",
                     "return [x]() -> Task<void> { co_return; };"):
            with self.subTest(code):
                self.assertEqual(messages(code), [coroutine_rules._ADVICE["capture"]])

    def test_lambdas_that_may_capture(self):
        for code in ("auto f = [](int n) -> Task<int> { co_return n; };",
                     "auto f = [x] { return x; };",
                     "auto f = [x] { return [](int n) -> Task<int> { co_return n; }; };",
                     "values[i] = 3; co_await task;",
                     "int values[3] = {1, 2, 3}; co_await task;",
                     "[[maybe_unused]] int v = 0; co_await task;",
                     "std::sort(a, b, [&](int l, int r) { return l < r; }); co_await task;"):
            with self.subTest(code):
                self.assertEqual(messages(code), [])

    def test_outer_capture_is_reported_beside_a_clean_inner_one(self):
        found = messages("auto f = [x]() -> Task<void> { auto g = [] { return 1; }; co_return; };")
        self.assertEqual(found, [coroutine_rules._ADVICE["capture"]])


class DeclaredTypes(unittest.TestCase):
    def test_names(self):
        source = ("class A {}; struct B; enum class C { kX }; using D = int; "
                  "class [[nodiscard]] E final {}; template <typename T> class F {};")
        self.assertLessEqual({"A", "B", "C", "D", "E", "F"},
                             coroutine_rules.declared_types(tokenize(source)))


if __name__ == "__main__":
    unittest.main()
