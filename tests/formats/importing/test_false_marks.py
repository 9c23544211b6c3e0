"""Hidden tests, titles and tests of another tool do not reach students by mistake."""

import json
from pathlib import Path

import pytest
import yaml

from formats.assignment.notebook_cells import (
    make_handout,
    validate_handout,
    validate_staff_notebook,
)
from formats.problems import ProblemList
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    notebook,
    ok_file,
    refused,
    sources,
    text,
    write,
)

CANARY = "CANARY"
ANSWER = code("x = 1", **marks("a", solution=True))


def with_test(folder: Path, begin: str, end: str, config: str = "") -> Path:
    source = f"assert x == 1\n{begin}\nassert x != '{CANARY}'\n{end}"
    write(folder, "source/ps/ps.ipynb", ANSWER, checking("t", source))
    if config:
        (folder / "nbgrader_config.py").write_text(config)
    return folder


def handed_out(folder: Path, scratch: Path) -> str:
    found, _ = converted(folder, scratch)
    manifest = (found.folder / "assignment.yaml").read_text()
    return manifest + (found.folder / "handout.ipynb").read_text()


FALSE = (
    ("### begin hidden tests", "### end hidden tests"),
    ("### BEGIN HIDDEN TEST", "### END HIDDEN TEST"),
    ("### BEGIN_HIDDEN_TESTS", "### END_HIDDEN_TESTS"),
    ("###BeginHiddenTests", "###EndHiddenTests"),
    ("# === Begin of the hidden tests ===", ""),
    ("### BEGIN HIDEN TESTS", "### END HIDEN TESTS"),
    ("### START HIDDEN TESTS", "### STOP HIDDEN TESTS"),
    ("### HIDDEN TESTS BEGIN", "### HIDDEN TESTS END"),
    ("### HIDDEN TESTS", "### END OF HIDDEN TESTS"),
    ("### HIDDEN TESTS", ""),
    ("# Hidden tests:", ""),
    ("### BEGIN PRIVATE TESTS", "### END PRIVATE TESTS"),
    ("### ANFANG VERSTECKTE TESTS", "### ENDE VERSTECKTE TESTS"),
)


@pytest.mark.parametrize(("begin", "end"), FALSE)
def test_a_misspelt_mark_of_hidden_tests_is_a_fault(
    tmp_path: Path, begin: str, end: str
) -> None:
    faults = refused(with_test(tmp_path / "in", begin, end), tmp_path / "out")
    assert faults[0].line == 2
    assert "mark of hidden tests" in faults[0].message
    assert "### BEGIN HIDDEN TESTS" in faults[0].hint


@pytest.mark.parametrize("begin", [begin for begin, end in FALSE if "E" in end])
def test_a_notebook_of_our_own_has_no_mark_of_hidden_tests(begin: str) -> None:
    if begin == "### HIDDEN TESTS":
        begin = "### BEGIN HIDDEN TESTS"
    for validate in (validate_staff_notebook, validate_handout):
        faults = ProblemList()
        validate(notebook(code(f"x = 1\n{begin}\ny = 1")), "x.ipynb", faults)
        assert faults


@pytest.mark.parametrize(
    "comment",
    [
        "# There are hidden tests, too.",
        "# Hidden tests will check other shapes.",
        "# The hidden tests below check more.",
        "# Begin with the visible tests",
        "# Test the hidden layer: start with the first",
        "# begin hidden layers",
        "# The end. Tests follow.",
    ],
)
def test_a_comment_about_hidden_tests_is_no_mark(tmp_path: Path, comment: str) -> None:
    source = f"{comment}\nassert x == 1\n# Hidden tests\n### BEGIN HIDDEN TESTS\n"
    cell = checking("t", f"{source}assert x != '{CANARY}'\n### END HIDDEN TESTS")
    write(tmp_path / "in", "source/ps/ps.ipynb", ANSWER, cell)
    assert CANARY not in handed_out(tmp_path / "in", tmp_path / "out")


CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "dl"
c.ClearHiddenTests.begin_test_delimeter = "TESTS VERSTECKT AB HIER"
c.ClearHiddenTests.end_test_delimeter = "BIS HIER"
raise SystemExit("it is never run")
"""


def test_marks_that_nbgrader_s_configuration_names_are_marks(tmp_path: Path) -> None:
    begin, end = "# >> TESTS VERSTECKT AB HIER", "# BIS HIER"
    source = with_test(tmp_path / "in", begin, end, CONFIG)
    found, bundle = converted(source, tmp_path / "out")
    assert CANARY not in handed_out(source, tmp_path / "again")
    assert CANARY in (found.folder / "tests/t.py").read_text()
    assert bundle.questions[0].checks[0].visibility.value == "after_release"


def test_marks_of_solutions_and_of_json_are_read(tmp_path: Path) -> None:
    answer = f"def f():\n    # LOESUNG\n    return '{CANARY}'\n    # LOESUNG ENDE"
    cells = (code(answer, **marks("a", solution=True)), checking("t", "assert f()"))
    write(tmp_path / "in", "source/ps/ps.ipynb", *cells)
    traits = {"begin_solution_delimeter": "LOESUNG"}
    traits |= {"end_solution_delimeter": "LOESUNG ENDE"}
    config = tmp_path / "in/nbgrader_config.json"
    config.write_text(json.dumps({"ClearSolutions": traits}))
    text = handed_out(tmp_path / "in", tmp_path / "out")
    assert CANARY not in text
    assert "def f():" in text


@pytest.mark.parametrize(
    "config",
    [
        "c.ClearHiddenTests.begin_test_delimeter = MARK",
        "c.ClearHiddenTests.begin_test_delimeter = 'A' + 'B'",
        "c.ClearHiddenTests.begin_test_delimeter = ''",
        "setattr(c.ClearHiddenTests, 'begin_test_delimeter', 'A')",
        "c.ClearHiddenTests.update(begin_test_delimeter='A')",
        "c['ClearHiddenTests']['begin_test_delimeter'] = 'A'",
        "c.InstantiateTests.autotest_delimiter = 'A'",
        "load_subconfig('other.py')",
        "c.ClearHiddenTests.begin_test_delimeter = 'A",
    ],
)
def test_a_configuration_of_marks_that_cannot_be_read_is_refused(
    tmp_path: Path, config: str
) -> None:
    source = with_test(tmp_path / "in", "# A", "# B", config)
    (fault, *_) = refused(source, tmp_path / "out")
    assert (fault.file, "cannot be read" in fault.message) == (
        "nbgrader_config.py",
        True,
    )
    assert "nbgrader's usual marks" in fault.hint


def test_a_configuration_without_marks_changes_nothing(tmp_path: Path) -> None:
    config = "# c.ClearHiddenTests.begin_test_delimeter = 'x'\nc = get_config()\n"
    marks = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
    source = with_test(tmp_path / "in", *marks, config)
    assert CANARY not in handed_out(source, tmp_path / "out")


def test_tests_that_otter_left_in_a_notebook_of_nbgrader_s_are_dropped(
    tmp_path: Path,
) -> None:
    cells = (ANSWER, checking("t", "assert x == 1"), code("y", otter={"k": CANARY}))
    tests = {"q": {"suites": [{"cases": [{"code": CANARY, "hidden": True}]}]}}
    write(tmp_path / "in", "source/ps/ps.ipynb", *cells, otter={"tests": tests})
    assert CANARY not in handed_out(tmp_path / "in", tmp_path / "out")


def write_with_public(folder: Path, name: str, content: bytes) -> None:
    """Write a source with a file that its notebook opens, and which is so public."""
    cells = (code(f"open('{name}')"), ANSWER, checking("t", "assert x == 1"))
    write(folder, "source/ps/ps.ipynb", *cells)
    (folder / "source/ps" / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("layers.py", "def f(x):\n    ### BEGIN SOLUTION\n    return x\n"),
        ("sheet.md", "# Q\n<!-- BEGIN MARK SCHEME -->\nx\n"),
        ("checks.py", "import x\n### BEGIN HIDDEN TESTS\nassert x\n"),
    ],
)
def test_a_public_file_with_a_mark_of_the_staff_s_is_a_fault(
    tmp_path: Path, name: str, content: str
) -> None:
    write_with_public(tmp_path / "in", name, content.encode())
    (fault,) = refused(tmp_path / "in", tmp_path / "out")
    assert (fault.file, fault.line) == (f"public/{name}", 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.bin", b"\0\n### BEGIN SOLUTION"), ("a.txt", b"At the END the SOLUTION is x")],
)
def test_other_public_files_are_no_fault(
    tmp_path: Path, name: str, content: bytes
) -> None:
    write_with_public(tmp_path / "in", name, content)
    assert not refused(tmp_path / "in", tmp_path / "out")


def test_a_check_cell_of_otter_with_a_comment_runs_without_otter(
    tmp_path: Path,
) -> None:
    check = 'grader.check(\n    "q1"\n);  # run this'
    write(tmp_path / "in", "hw.ipynb", code("x = 1"), code(check))
    (tmp_path / "in/tests").mkdir()
    (tmp_path / "in/tests/q1.py").write_text(ok_file("q1", {"code": ">>> x\n1"}))
    found, _ = converted(tmp_path / "in", tmp_path / "out")
    exec(sources(found.folder, "handout.ipynb")[1], {})  # noqa: S102 - our own text


def test_a_picture_whose_name_begins_another_s_is_dropped_with_its_scheme() -> None:
    scheme = "### BEGIN MARK SCHEME\n![](attachment:im.png)\n### END MARK SCHEME"
    cell = text(f"![](attachment:im.png.1)\n{scheme}")
    cell["attachments"] = {"im.png": {"a": CANARY}, "im.png.1": {"a": "kept"}}
    made = json.dumps(make_handout(notebook(cell)))
    assert (CANARY in made, "kept" in made) == (False, True)


SECRET_HEADINGS = {
    "a written answer": text(
        f"### It is {CANARY}", **marks("c", grade=True, solution=True, points=1)
    ),
    "code in an answer": text(
        f"Use\n```python\n# {CANARY}\n```",
        **marks("c", grade=True, solution=True, points=1),
    ),
    "a mark scheme": text(
        f"Do it.\n=== BEGIN MARK SCHEME ===\n# 2 for {CANARY}\n=== END MARK SCHEME ===",
        **marks("c", task=True, points=1),
    ),
    "a region": text(f"### BEGIN SOLUTION\n# {CANARY}\n### END SOLUTION"),
    "a block of code": text(f"~~~\n# {CANARY}\n~~~"),
    "indented code": text(f"So:\n\n    # {CANARY}\n"),
}


@pytest.mark.parametrize("cell", SECRET_HEADINGS.values(), ids=SECRET_HEADINGS)
def test_titles_are_headings_that_students_read(
    tmp_path: Path, cell: dict[str, object]
) -> None:
    cells = (text("## Entropy"), cell, ANSWER, checking("cell-2", "assert x == 1"))
    write(tmp_path / "in", "source/ps/ps.ipynb", *cells)
    found, bundle = converted(tmp_path / "in", tmp_path / "out")
    last = bundle.questions[-1]
    assert (last.title, last.checks[0].description) == ("Entropy", "Entropy.")
    document = yaml.safe_load((found.folder / "assignment.yaml").read_text())
    # Staff alone read a rubric, which has the words of a mark scheme.
    for question in document["questions"]:
        question.pop("rubric", None)
    assert CANARY not in yaml.safe_dump(document)
