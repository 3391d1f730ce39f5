"""Every lint rule that is not about coroutines, with text that keeps it and text that breaks it."""

import unittest

from load_tools import load_script
import source_rules
from cpp_tokens import tokenize

lint = load_script("lint")


def problems(name, text):
    """Returns (problems, notes) of the lint for a file of this name and text."""
    notes = []
    found = [message for _, message in
             lint.check_file(name, text, set(), lambda line, message: notes.append(message))]
    return found, notes


def function_of(lines, head="void Work() {"):
    return "\n".join([head] + ["  Step();"] * (lines - 2) + ["}"]) + "\n"


class Lines(unittest.TestCase):
    def test_columns(self):
        self.assertEqual(problems("src/base/a.cc", "x" * 100 + "\n")[0], [])
        self.assertEqual(len(problems("src/base/a.cc", "x" * 101 + "\n")[0]), 1)

    def test_a_character_is_one_column(self):
        self.assertEqual(problems("src/base/a.cc", "// " + "\u00b5" * 97 + "\n")[0], [])

    def test_a_link_may_be_longer(self):
        self.assertEqual(problems("src/base/a.cc", "// https://" + "x" * 120 + "\n")[0], [])

    def test_leftovers(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X"):
            self.assertEqual(len(problems("src/base/a.cc", f"// {word}: later\n")[0]), 1)
        self.assertEqual(problems("src/base/a.cc", "mkdtemp(\"pgring-XXXX" + "XX\");\n")[0], [])

    def test_trailing_space(self):
        self.assertEqual(len(problems("tools/build", "echo \n")[0]), 1)


class Functions(unittest.TestCase):
    HEADS = (
        "void Work() {", "absl::StatusOr<int> Pool::Work(int a) const {",
        "Pool::Pool(int a) : a_(a), b_{1}, c_{} {", "TEST(Pool, Works) {",
        "template <typename T> T Work(T value) noexcept {", "auto Work() -> std::vector<int> {",
        "Task<void> Work(Reactor* r = nullptr) override {", "bool operator()(int a) const {",
    )

    def test_longest_allowed(self):
        for head in self.HEADS:
            with self.subTest(head):
                limit = source_rules.MAX_FUNCTION_LINES
                found, notes = problems("src/base/a.cc", function_of(limit, head))
                self.assertEqual((found, len(notes)), ([], 1))

    def test_one_line_too_long(self):
        for head in self.HEADS:
            with self.subTest(head):
                limit = source_rules.MAX_FUNCTION_LINES
                self.assertEqual(len(problems("src/base/a.cc", function_of(limit + 1, head))[0]), 1)

    def test_within_the_aim_says_nothing(self):
        text = function_of(source_rules.WISHED_FUNCTION_LINES)
        self.assertEqual(problems("src/base/a.cc", text), ([], []))

    def test_functions_inside_scopes(self):
        limit = source_rules.MAX_FUNCTION_LINES
        for opening in ("namespace pgring {\nnamespace {\n", "class Pool final : public Base {\n",
                        "extern \"C\" {\n", "struct A {\n public:\n  int x = 0;\n  int y{1};\n"):
            with self.subTest(opening):
                text = opening + function_of(limit + 1) + "}" * opening.count("{") + ";\n"
                self.assertEqual(len(problems("src/base/a.cc", text)[0]), 1)

    def test_classes_and_tables_have_no_limit(self):
        rows = "\n".join(["  {1, 2},"] * 120)
        members = "\n".join(["  int Get() const { return 1; }"] * 120)
        for text in (f"constexpr Row kRows[] = {{\n{rows}\n}};\n",
                     f"const std::vector<Row> rows = {{\n{rows}\n}};\n",
                     f"enum class Kind {{\n{rows}\n}};\n", f"class A {{\n{members}\n}};\n"):
            self.assertEqual(problems("src/base/a.cc", text)[0], [])

    def test_names(self):
        text = "int Pool::Size(int n) { return n; }\nTEST(A, B) { Go(); }\n"
        names = [name for _, _, name in source_rules.function_bodies(tokenize(text))]
        self.assertEqual(names, ["Pool::Size", "TEST(A,B)"])


class Files(unittest.TestCase):
    def test_long_file_is_noted(self):
        found, notes = problems("src/base/a.cc", "int a;\n" * 401)
        self.assertEqual((found, len(notes)), ([], 1))


class BlockingLibpq(unittest.TestCase):
    def test_forbidden_calls(self):
        for call in ("PQexec(connection, \"select 1\");", "PQconnectdb(info);",
                     "auto f = &PQping;", "PQgetCopyData(connection, &row, 0);",
                     "PQsetnonblocking(connection, 0);", "lo_open(connection, 1, 2);"):
            with self.subTest(call):
                text = f"void F() {{ {call} }}\n"
                self.assertEqual(len(problems("src/postgres/connection.cc", text)[0]), 1)
                self.assertEqual(len(problems("src/run/runner.cc", text)[0]), 1)
                self.assertEqual(problems("src/postgres/blocking_session.cc", text)[0], [])
                self.assertEqual(problems("src/cluster/server.cc", text)[0], [])
                self.assertEqual(problems("tests/postgres/a_test.cc", text)[0], [])

    def test_allowed_calls(self):
        for call in ("PQsendQuery(c, \"PQexec\");", "PQgetCopyData(c, &row, 1);", "PQgetResult(c);",
                     "PQsetnonblocking(c, 1);", "// PQexec would block"):
            with self.subTest(call):
                self.assertEqual(problems("src/postgres/a.cc", f"void F() {{\n{call}\n}}\n")[0], [])


class Resume(unittest.TestCase):
    def test_what_using_brings_in_is_used(self):
        unused = "using ::testing::Eq;\nint F() { return 0; }\n"
        self.assertEqual(problems("tests/a/b.cc", unused)[0],
                         ["Eq is brought in by `using` and not used"])
        for text in ("using ::testing::Eq;\nint F() { return Eq(0); }\n",
                     "using Number = int;\n", "using namespace std::literals;\n"):
            self.assertEqual(problems("tests/a/b.cc", text)[0], [])
        self.assertEqual(problems("src/base/a.h", "#ifndef PGRING_BASE_A_H_\n"
                                  "#define PGRING_BASE_A_H_\nusing std::swap;\n#endif\n")[0], [])

    def test_only_the_ready_queue_resumes(self):
        for text in ("void F() { handle.resume(); }\n", "void F() { node->handle . resume (); }\n"):
            self.assertEqual(len(problems("src/coro/semaphore.cc", text)[0]), 1)
            self.assertEqual(problems("src/uring/ready_queue.cc", text)[0], [])
        self.assertEqual(problems("src/coro/a.cc", "void F() { Resume(); resume(); }\n")[0], [])


class HeaderGuards(unittest.TestCase):
    CASES = {
        "include/pgring/base/check.h": "PGRING_BASE_CHECK_H_",
        "src/run/run_result.h": "PGRING_RUN_RUN_RESULT_H_",
        "tests/support/fake_clock.h": "PGRING_TESTS_SUPPORT_FAKE_CLOCK_H_",
    }

    def test_right_guard(self):
        for name, guard in self.CASES.items():
            text = f"// Why.\n#ifndef {guard}\n#define {guard}\n#endif  // {guard}\n"
            self.assertEqual(problems(name, text)[0], [])

    def test_wrong_guards(self):
        for text in ("int a;\n", "#pragma once\n", "#ifndef CHECK_H\n#define CHECK_H\n#endif\n",
                     "#include <a>\n#ifndef PGRING_BASE_CHECK_H_\n#define PGRING_BASE_CHECK_H_\n",
                     "#ifndef PGRING_BASE_CHECK_H_\n#define PGRING_BASE_CHECKS_H_\n"):
            self.assertEqual(len(problems("include/pgring/base/check.h", text)[0]), 1)


if __name__ == "__main__":
    unittest.main()
