"""Warnings number cells as the run does, and ignore the hand-out's own cells."""

from typing import Any

import pytest

from formats.choices import Part
from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.notebook_checks import check_notebook
from formats.notebook.opened_files import find_missing_files
from formats.notebook.repeated_checks import find_repeated_checks
from formats.problems import Problem
from tests.factories import AssignmentFactory, QuestionFactory, RevisionFileFactory
from tests.submissions.builders import code_cell, incoming, notebook_bytes
from tests.submissions.test_create_submission import hand_in

OPENS = "a = 1\nopen('x.csv')"
TEXT = {"cell_type": "markdown", "metadata": {}, "source": "# 1"}
CONFLICT = "<<<<<<< HEAD\na = 1"


def missing(*cells: Any, context: AssignmentContext, **files: Any) -> list[Problem]:
    files = {"present": (), **files}
    data = notebook_bytes(*cells)
    return list(find_missing_files(data, name="w", context=context, **files))


def given(*cells: Any, **changes: Any) -> AssignmentContext:
    """Return a context whose hand-out has these cells."""
    return AssignmentContext(handout=cells, given=cells, **changes)


@pytest.mark.parametrize(
    "own",
    [
        code_cell(OPENS),
        code_cell(OPENS, id="other", metadata={"tags": ["mine"]}),
        code_cell(f"\n{OPENS}  \n\n"),
        code_cell(OPENS.replace("\n", "\r\n")),
        code_cell(OPENS.replace(" = ", "=")),
        code_cell(OPENS.splitlines(keepends=True)),
    ],
)
def test_the_hand_outs_own_cell_is_not_warned_of(own: Any) -> None:
    assert missing(own, context=given(code_cell(OPENS))) == []
    assert missing(own, context=given(code_cell("b = 1"))) != []


def test_other_faults_of_the_hand_outs_own_cells_are_not_warned_of() -> None:
    cells = code_cell("x = "), code_cell(CONFLICT), {**TEXT, "source": "a\0"}
    assert missing(*cells, context=given(*cells)) == []
    found = check_notebook(notebook_bytes(*cells), name="w", context=given(*cells))
    assert found.warnings == ()


def test_a_missing_required_file_is_warned_of_whichever_cell_opens_it() -> None:
    own = code_cell("torch.load('n.pt')")
    (found,) = missing(own, context=given(own), wanted={"n.pt"})
    assert found.code == "opens_wanted"


def test_a_students_function_that_the_hand_out_calls_is_warned_of() -> None:
    call, answer = code_cell("n = get()"), code_cell("def get(): return open('x.csv')")
    (found,) = missing(answer, call, context=given(call))
    assert found.message.startswith("Cell 2 opens “x.csv”")


def test_a_locked_cell_is_read_as_it_will_be_restored() -> None:
    locked = {"softmark": {"locked": "a"}}
    context = given(code_cell("n = 1", metadata=locked))
    assert missing(code_cell(OPENS, metadata=locked), context=context) == []


def test_a_cell_has_the_number_of_its_run() -> None:
    """Text, empty and skipped cells do not count, comments and emptied checks do."""
    check = {"softmark": {"question": "q"}}
    cells = [
        *(TEXT, code_cell(" \n"), code_cell("1", metadata={"tags": ["slow"]})),
        *(code_cell("# note"), code_cell("", metadata=check), code_cell(OPENS)),
    ]
    context = given(code_cell("f()", metadata=check), keys=["q"], skip_tags=["slow"])
    (found,) = missing(*cells, context=context)
    assert found.message.startswith("Cell 3 opens “x.csv”")


@pytest.mark.parametrize(
    ("cells", "where"),
    [
        ([code_cell("1"), code_cell(""), code_cell(CONFLICT)], "Cell 2 of"),
        (
            [code_cell("1"), {**TEXT, "source": CONFLICT}],
            "The text cell below cell 1 of",
        ),
        ([{**TEXT, "source": CONFLICT}, code_cell("1")], "A text cell at the top of"),
        (
            [
                code_cell("1"),
                code_cell(CONFLICT, metadata={"tags": ["skip-execution"]}),
            ],
            "The skipped cell below cell 1 of",
        ),
    ],
)
def test_a_cell_without_a_number_is_called_by_its_position(
    cells: Any, where: str
) -> None:
    (found,) = check_notebook(notebook_bytes(*cells), name="w").warnings
    assert found.message.startswith(where)


def test_copies_within_the_hand_out_are_not_warned_of() -> None:
    check = code_cell("# softmark: check q")
    context = given(check, check, keys=["q"])
    for copies, told in ((2, 0), (3, 1)):
        data = notebook_bytes(*[check] * copies)
        found = find_repeated_checks(data, name="w", context=context)
        assert len(found) == told


@pytest.mark.django_db
@pytest.mark.parametrize("part", [Part.HANDOUT, Part.STAFF])
def test_the_revision_s_own_notebooks_are_compared(part: str) -> None:
    assignment = AssignmentFactory.create()
    QuestionFactory.create(revision=assignment.revision, key="q")
    content = notebook_bytes(code_cell(OPENS), code_cell("# softmark: check q"))
    RevisionFileFactory.create(
        revision=assignment.revision, part=part, name="h.ipynb", text=content.decode()
    )
    assert hand_in(assignment, incoming(content)).warnings == []
    changed = incoming(
        notebook_bytes(code_cell(f"{OPENS}.read()"), code_cell("# softmark: check q"))
    )
    assert len(hand_in(assignment, changed).warnings) == 1
