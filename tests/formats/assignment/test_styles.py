"""Tests of each style are found, listed and checked without running them."""

from pathlib import Path
from typing import Any

import pytest

from formats.assignment import (
    foreign_key,
    locked_cells,
    read_bundle,
)
from formats.assignment.foreign_cells import is_about_otter, question_key
from formats.assignment.section_tests import section_text, split_sections
from formats.assignment.style_words import STYLE_WORDS
from formats.choices import TEST_STYLE_LABELS
from formats.problems import Problem
from runner.protocol.jobs import TestStyle
from tests.formats.assignment.bundles import MANIFEST, faults_of, line_of, write_bundle
from tests.formats.importing.foreign import code, marks, notebook, text

SCRIPT = '''\
# Notes for staff.
# %% small
"""Small numbers are added."""
assert add(1, 2) == 3

# %% large
"""Large numbers are added."""
assert add(10**20, 1) == 10**20 + 1
'''
DOCTEST = """\
# %% small
>>> add(1, 2)
3
# %% large
>>> for n in range(2):
...     print(add(n, 1))
1
2
"""
CASES = '''\
@test_case(points=1)
def small(add):
    """Small numbers are added."""
    assert add(1, 2) == _three()


@test_case()
def large(add, env):
    """Large numbers are added."""


def _three():
    return 3


def helper():
    return 4
'''
DESCRIBED = MANIFEST.replace("- name: small", "- description: s\n        name: small")
DESCRIBED = DESCRIBED.replace("- name: large", "- description: l\n        name: large")


def manifest(style: str, base: str = MANIFEST) -> str:
    return base.replace("    points: 3\n", f"    points: 3\n    style: {style}\n")


def faults(tmp_path: Path, style: str, tests: str) -> tuple[Problem, ...]:
    base = DESCRIBED if style == "doctest" else MANIFEST
    return faults_of(
        write_bundle(tmp_path, manifest=manifest(style, base), tests=tests)
    )


@pytest.mark.parametrize(
    ("style", "tests"), [("script", SCRIPT), ("doctest", DOCTEST), ("cases", CASES)]
)
def test_a_sound_file_of_each_style_is_read(
    tmp_path: Path, style: str, tests: str
) -> None:
    assert faults(tmp_path, style, tests) == ()
    question = read_bundle(tmp_path).questions[0]
    assert question.style == TestStyle(style)
    assert all(check.description for check in question.checks)


@pytest.mark.parametrize(
    ("style", "tests", "line", "words"),
    [
        ("script", SCRIPT + "# %% more\nx\n", 9, "not in a list of checks"),
        ("script", SCRIPT + "# %% large\n'Again.'\n", 9, "has a section already"),
        ("script", "x = 1\n" + SCRIPT, 1, "in no section"),
        ("script", SCRIPT + "(\n", 9, "not Python"),
        ("script", SCRIPT + "!ls\n", 9, "IPython's own syntax"),
        ("script", SCRIPT + "%matplotlib inline\n", 9, "IPython's own syntax"),
        (
            "script",
            SCRIPT.replace('"""Large numbers are added."""\n', ""),
            6,
            "no description",
        ),
        (
            "doctest",
            DOCTEST.replace("...     ", "..."),
            6,
            "not an interpreter session",
        ),
        ("doctest", DOCTEST.replace(">>> add(1, 2)\n3", "add(1, 2)"), 2, "begins with"),
        ("doctest", DOCTEST.replace("add(1, 2)", "add(1, 2"), 2, "not Python"),
        ("cases", CASES + "@test_case()\ndef more(add): ...\n", 19, "not in a list"),
        ("cases", CASES.replace("small(add)", "small(*add)"), 2, "takes * or **"),
    ],
)
def test_each_fault_of_a_style_is_named_with_its_line(
    tmp_path: Path, style: str, tests: str, line: int, words: str
) -> None:
    found = faults(tmp_path, style, tests)
    assert [(f.file, f.line) for f in found] == [("tests/add.py", line)]
    assert words in found[0].message


@pytest.mark.parametrize(
    ("style", "tests"),
    [
        ("script", SCRIPT.replace("%% large", "%% lrge")),
        ("cases", CASES.replace("@test_case()\n", "")),
    ],
)
def test_a_check_without_code_is_named_where_it_is_listed(
    tmp_path: Path, style: str, tests: str
) -> None:
    found = [f for f in faults(tmp_path, style, tests) if f.file == "assignment.yaml"]
    assert [f.line for f in found] == [line_of("name: large", manifest(style))]


def test_a_style_must_be_known_and_belong_to_tests(tmp_path: Path) -> None:
    hints = [fault.hint for fault in faults(tmp_path, "scripts", SCRIPT)]
    assert "Did you mean “script”?" in hints
    text = MANIFEST + "    style: script\n"
    (fault,) = faults_of(write_bundle(tmp_path, manifest=text))
    assert "no style of tests" in fault.message


def test_imports_give_the_names_their_modules(tmp_path: Path) -> None:
    said = MANIFEST + 'imports: {np: numpy, Conv2d: "torch.nn:Conv2d"}\n'
    bundle = read_bundle(write_bundle(tmp_path, manifest=said))
    assert dict(bundle.imports) == {"np": "numpy", "Conv2d": "torch.nn:Conv2d"}


@pytest.mark.parametrize(
    "line", ["1x: numpy", "if: numpy", "np: numpy; x", "np: .a", "np: 3", "np: a:b.c"]
)
def test_imports_are_names_and_nothing_else(tmp_path: Path, line: str) -> None:
    said = f"{MANIFEST}imports:\n  {line}\n"
    (fault,) = faults_of(write_bundle(tmp_path, manifest=said))
    assert fault.line == line_of(line, said)


def test_a_section_is_read_as_it_was_written() -> None:
    written = section_text("a", "x = 1\n# %% b\ny\n") + section_text("c", "z")
    assert [(s.name, s.source) for s in split_sections(written)] == [
        ("a", "x = 1\n# % % b\ny\n"),
        ("c", "z\n"),
    ]


# --- Students' own copies ------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (code("x", **marks("test_a", solution=True)), "test_a"),
        (code('grader.check("Linear Layer")'), "Linear-Layer"),
        (code("# Run this.\ngrader.check('q1');"), "q1"),
        (code("x = 3\ngrader.check('q1')"), None),
        (code("grader.check(name)"), None),
        (code("grader.check('q1'"), None),
        (code("x", **marks("")), None),
        (text("x", **marks("t")), None),
    ],
)
def test_check_cells_of_foreign_copies_are_found(
    cell: dict[str, Any], key: str | None
) -> None:
    assert foreign_key(cell) == key


@pytest.mark.parametrize(
    ("source", "is_so"),
    [
        ("import otter\ngrader = otter.Notebook('a.ipynb')", True),
        ("grader.run_plugin('x')", True),
        ("import otter\nimport numpy", False),
        ("x = 1\ngrader.export()", False),
        ("grader = 1", False),
        ("", False),
        ("(", False),
    ],
)
def test_cells_that_only_call_otter_are_found(source: str, *, is_so: bool) -> None:
    assert is_about_otter(source) == is_so


@pytest.mark.parametrize("name", ["é", "x" * 61, "-" * 5, "a b" * 30])
def test_every_name_gives_a_key(name: str) -> None:
    key = question_key(name)
    assert key == question_key(name)
    assert 0 < len(key) <= 60
    assert key.replace("-", "").isalnum()


def test_locked_cells_are_found_by_their_names() -> None:
    cells = [code("a", softmark={"locked": "setup"}), code("b"), text("c")]
    assert locked_cells(notebook(*cells)) == {"setup": "a"}


@pytest.mark.parametrize("table", [TEST_STYLE_LABELS, STYLE_WORDS])
def test_each_style_has_its_words(table: dict[TestStyle, Any]) -> None:
    assert set(table) == set(TestStyle)
