"""nbgrader: a course folder with one assignment, and `nbgrader autograde` in it."""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.peers.process import run_command, stock_environment
from bench.work import Question, Step, Work, code_cell, to_notebook

ASSIGNMENT: Final = "bench"
_SCHEMA: Final = 3
# The score is NULL until the cell is graded, unlike a score of 0.
_POINTS: Final = """
    SELECT SUM(grade.auto_score), COUNT(grade.auto_score) FROM grade
    JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
    JOIN submitted_assignment ON
        submitted_assignment.id = submitted_notebook.assignment_id
    WHERE submitted_assignment.student_id = ?
"""


def _marked(key: str, *, solution: bool, points: int = 0) -> dict[str, object]:
    """Return nbgrader's own metadata of a cell."""
    mark: dict[str, object] = {
        "schema_version": _SCHEMA,
        "grade_id": key,
        "cell_type": "code",
        "solution": solution,
        "grade": not solution,
        "locked": not solution,
        "task": False,
    }
    if not solution:
        mark["points"] = points
    return {"nbgrader": mark}


def _test_cell(question: Question) -> dict[str, object]:
    hidden = [f"### {edge} HIDDEN TESTS" for edge in ("BEGIN", "END")]
    return code_cell(
        "\n".join([hidden[0], question.test, hidden[1]]),
        _marked(f"test-{question.key}", solution=False, points=question.points),
    )


def _cells(step: Step) -> Iterator[dict[str, object]]:
    if step.question is None:
        yield code_cell(step.source)
    else:
        key = f"answer-{step.question.key}"
        yield code_cell(step.source, _marked(key, solution=True))
        yield _test_cell(step.question)


def staff_notebook(work: Work) -> str:
    """Return the notebook from which an assignment is generated."""
    return to_notebook(cell for step in work.steps for cell in _cells(step))


def handed_in(released: str, work: Work) -> str:
    """Return the released notebook with the student's answers in their places."""
    answers = {
        f"answer-{step.question.key}": step.source
        for step in work.steps
        if step.question is not None
    }
    notebook = json.loads(released)
    for cell in notebook["cells"]:
        key = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        cell["source"] = answers.get(key, cell["source"])
    return json.dumps(notebook)


class Course:
    """A course in which `students` have handed in the work, and nothing is graded."""

    def __init__(
        self, work: Work, *, students: int, interpreter: Path, folder: Path
    ) -> None:
        self._work = work
        self._students = [f"student-{number}" for number in range(students)]
        self._folder = folder
        self._command = str(interpreter.parent / "nbgrader")
        home = folder / "home"
        self._environment = stock_environment(interpreter, home)
        self._pristine = folder / "pristine"
        source = self._pristine / "source" / ASSIGNMENT
        for new in (home, source):
            new.mkdir(parents=True)
        (source / "work.ipynb").write_text(staff_notebook(work))
        self._nbgrader(self._pristine, "generate_assignment", ASSIGNMENT)
        self._hand_in()

    def _hand_in(self) -> None:
        released = self._pristine / "release" / ASSIGNMENT / "work.ipynb"
        text = handed_in(released.read_text(), self._work)
        for student in self._students:
            target = self._pristine / "submitted" / student / ASSIGNMENT
            target.mkdir(parents=True)
            (target / "work.ipynb").write_text(text)

    def _nbgrader(self, course: Path, *arguments: str) -> None:
        run_command(
            [self._command, *arguments], folder=course, environment=self._environment
        )

    def autograde(self) -> float:
        """Return how long the command took for all students, on a fresh copy."""
        course = self._folder / "course"
        shutil.rmtree(course, ignore_errors=True)
        shutil.copytree(self._pristine, course)
        begun = time.perf_counter()
        self._nbgrader(course, "autograde", ASSIGNMENT)
        seconds = time.perf_counter() - begun
        for student, found in self._graded(course).items():
            assert found == (self._work.earned, len(self._work.questions)), student
        return seconds

    def _graded(self, course: Path) -> Mapping[str, tuple[float, int]]:
        """Return each student's points, and the number of cells that were graded."""
        with closing(sqlite3.connect(course / "gradebook.db")) as gradebook:
            return {
                student: gradebook.execute(_POINTS, (student,)).fetchone()
                for student in self._students
            }
