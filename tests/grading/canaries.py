"""Assignments of every format with a canary in each text that students may not read.

A canary is a word that tells where it was planted. `SHOWN` are those that students read
once marks are released; all others are for staff only.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.formats.assignment.bundles import (
    ESSAY,
    HANDOUT_CELLS,
    STAFF_CELLS,
    notebook_of,
    write_bundle,
)
from tests.formats.importing.foreign import checking, code, marks, text, write

PIXEL: Final = {"image/png": "canary-attachment"}
SHOWN: Final = (
    *("canary-failure-message", "canary-docstring", "canary-description"),
    "canary-report",
)
_SOLUTION: Final = "### BEGIN SOLUTION\nx = 1  # canary-solution\n### END SOLUTION"
_SEEN: Final = {
    "name": "open",
    "code": ">>> x > 0\nTrue",
    "hidden": False,
    "failure_message": "It is not positive.",
}
_HIDDEN: Final = {
    "name": "canary_case_name",
    "code": ">>> # canary-code\n>>> x  # canary-comment\n1",
    "hidden": True,
    "success_message": "canary-success-message",
    "failure_message": "canary-failure-message",
}
_MODULE: Final = """\
from otter.test_files import test_case
# canary-module-comment
OK_FORMAT = False
name = "q1"
points = 2


@test_case(points=1, hidden=False, failure_message="It is not positive.")
def open_case(x):
    assert x > 0


@test_case(
    points=1, hidden=True, success_message="canary-success-message",
    failure_message="canary-failure-message",
)
def canary_case_name(x):
    assert x == 1, "canary-assert-message"
"""


def nbgrader(folder: Path) -> None:
    hidden = (
        '"""The value."""\nassert x\n### BEGIN HIDDEN TESTS\n'
        "# canary-hidden-comment\nassert x == 1, 'canary-assert-message'\n"
        "### END HIDDEN TESTS"
    )
    whole = (
        "### BEGIN HIDDEN TESTS\n"
        '"""canary-hidden-docstring"""\nassert x == 1\n### END HIDDEN TESTS'
    )
    answer = text(
        "### BEGIN SOLUTION\ncanary-written-answer ![](attachment:a.png)\n"
        "### END SOLUTION\n### BEGIN MARK SCHEME\ncanary-mark-scheme\n"
        "### END MARK SCHEME",
        **marks("essay", grade=True, solution=True, points=2),
    )
    answer["attachments"] = {"a.png": PIXEL}
    task = text(
        "Draw it.\n### BEGIN MARK SCHEME\ncanary-task-scheme\n### END MARK SCHEME",
        **marks("task", task=True, locked=True, points=1),
    )
    plain = text(
        "canary-whole-answer", **marks("why", grade=True, solution=True, points=1)
    )
    solution = code(_SOLUTION, **marks("x", solution=True))
    solution["outputs"][0]["text"] = "canary-output\n"
    cells = solution, checking("part", hidden), checking("whole", whole)
    write(folder, "source/ps/ps.ipynb", *cells, answer, task, plain)
    _plant_files(folder / "source/ps", "ps")


def _plant_files(folder: Path, stem: str) -> None:
    """Put typical files of staff beside a notebook, and one file for students."""
    names = (
        *(f"{stem}.py", f"{stem}.md", f"{stem}.ipynb.bak", "solutions.py"),
        *("answers.csv", "hidden_labels.csv", "answer_key.txt", "gradebook.db"),
        *("nbgrader_config.py", "data/hidden_labels.csv", "data/answers/a.csv"),
        *("autograded/a.py", "feedback/a.html", "submitted/a.py"),
    )
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("canary-file-beside")
    (folder / "data/points.csv").write_text("1")


def _otter(folder: Path, tests: str, **metadata: Any) -> None:
    cells = code("x = ..."), code('grader.check("q1")')
    write(folder, "hw.ipynb", *cells, **metadata)
    _plant_files(folder, "hw")
    if tests:
        (folder / "tests").mkdir()
        (folder / "tests/q1.py").write_text(tests)


def _spec() -> dict[str, Any]:
    return {
        "name": "q1",
        "points": 2,
        "suites": [{"cases": [_SEEN, _HIDDEN], "type": "doctest", "scored": True}],
    }


def otter_ok(folder: Path) -> None:
    _otter(folder, f"OK_FORMAT = True\n# canary-module-comment\ntest = {_spec()!r}\n")


def otter_of_old(folder: Path) -> None:
    """Write files that do not name their format, with cases without `hidden`."""
    spec = _spec()
    spec["suites"][0]["cases"][1] = {
        key: value for key, value in _HIDDEN.items() if key != "hidden"
    }
    _otter(folder, f"test = {spec!r}\n")


def otter_together(folder: Path) -> None:
    _otter(folder, f"OK_FORMAT = True\ntest = {_spec() | {'all_or_nothing': True}!r}\n")


def otter_exceptions(folder: Path) -> None:
    _otter(folder, _MODULE)


def otter_in_metadata(folder: Path) -> None:
    _otter(folder, "", otter={"OK_FORMAT": True, "tests": {"q1": _spec()}})


def otter_text_in_metadata(folder: Path) -> None:
    _otter(folder, "", otter={"OK_FORMAT": False, "tests": {"q1": _MODULE}})


def otter_both(folder: Path) -> None:
    """Write the hidden cases into the files and into the notebook's metadata."""
    tests = f"OK_FORMAT = True\ntest = {_spec()!r}\n"
    specs = {"q1": _spec(), "q2": _MODULE, "q3": {"suites": ["canary-odd-suite"]}}
    _otter(folder, tests, otter={"OK_FORMAT": True, "tests": specs})


def otter_assigned(folder: Path) -> None:
    """Write what `otter assign` writes."""
    tests = f"OK_FORMAT = True\ntest = {_spec()!r}\n"
    _otter(folder / "autograder", tests)
    staff = [
        code("x = 1  # canary-solution"),
        text("canary-staff-words"),
        code('grader.check("q1")'),
    ]
    write(folder / "autograder", "hw.ipynb", *staff)
    (folder / "autograder/keys.csv").write_text("canary-beside-the-staff-notebook")
    (folder / "autograder/solutions").mkdir()
    (folder / "autograder/solutions/a.py").write_text("# canary-solution-file")
    shown = _spec()
    shown["suites"][0]["cases"] = [_SEEN]
    _otter(folder / "student", f"OK_FORMAT = True\ntest = {shown!r}\n")


def _own(folder: Path, style: str, tests: str, **more: str) -> None:
    described = "".join(f"        {key}: {value}\n" for key, value in more.items())
    manifest = f"""\
format: 1
title: A small task
notebook: task.ipynb
required_files:
  - {{name: task.ipynb, kind: notebook, max_mb: 2}}
  - {{name: net.pth, kind: state_dict, max_mb: 2}}
questions:
  - key: add
    title: Adding
    points: 3
    style: {style}
    checks:
      - name: open_check
        points: 1
        visibility: always
        description: It is there.
      - name: canary_check_name
        points: 2
        visibility: after_release
{described}\
# canary-yaml-comment
"""
    write_bundle(folder, manifest=manifest, tests=tests)
    scheme = "# canary-code-scheme"
    staff = (
        STAFF_CELLS[0]
        .removeprefix(ESSAY)
        .replace("return a + b", "return a + b  # canary-solution"),
        f"### BEGIN MARK SCHEME\n{scheme}\n### END MARK SCHEME\nuse = add",
    )
    cells = notebook_of(*staff, STAFF_CELLS[1])
    cells["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "canary-output"}
    ]
    (folder / "staff.ipynb").write_text(json.dumps(cells))
    own = HANDOUT_CELLS[0].removeprefix(ESSAY)
    handout = notebook_of(own, "use = add", HANDOUT_CELLS[1])
    (folder / "handout.ipynb").write_text(json.dumps(handout))
    for name in ("private/keys.txt", "private/in/keys.txt", "solution/net.pth"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("canary-private-data")
    (folder / "README.md").write_text("canary-readme")


def own_functions(folder: Path) -> None:
    tests = (
        'def open_check(add):\n    """It is there."""\n    return True\n\n\n'
        'def canary_check_name(add):\n    """canary-docstring\n\n    canary-details\n'
        '    """\n    return add(1, 2) == 3, "canary-message-of-the-test"\n'
    )
    _own(folder, "functions", tests)


def own_script(folder: Path) -> None:
    tests = (
        '# %% open_check\n"""It is there."""\nassert add\n\n'
        '# %% canary_check_name\n"""canary-docstring"""\n'
        "assert add(1, 2) == 3, 'canary-assert-message'\n"
    )
    _own(folder, "script", tests)


def own_doctest(folder: Path) -> None:
    tests = (
        "# %% open_check\n>>> add(1, 1)\n2\n\n"
        "# %% canary_check_name\n>>> add(1, 2)  # canary-code\n3\n"
    )
    _own(folder, "doctest", tests, description="canary-description")


def own_cases(folder: Path) -> None:
    tests = (
        "from otter.test_files import test_case\n\n\n@test_case(points=1)\n"
        'def open_check(add):\n    """It is there."""\n\n\n'
        '@test_case(failure_message="canary-case-message")\n'
        'def canary_check_name(add):\n    """canary-docstring"""\n'
    )
    _own(folder, "cases", tests)


SOURCES: Final[dict[str, Callable[[Path], None]]] = {
    each.__name__: each
    for each in (
        nbgrader,
        otter_ok,
        otter_of_old,
        otter_together,
        otter_exceptions,
        otter_in_metadata,
        otter_text_in_metadata,
        otter_both,
        otter_assigned,
        own_functions,
        own_script,
        own_doctest,
        own_cases,
    )
}
