"""The cells of a notebook that nbgrader has marked."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from formats.assignment import Question
from formats.assignment.foreign_cells import question_key
from formats.choices import QuestionKind
from formats.importing.mark_schemes import mark_scheme_in, rubric_in


@dataclass(frozen=True, kw_only=True)
class MarkedCell:
    """A cell with nbgrader's marks: its position, and what the marks say."""

    number: int
    place: str
    cell: dict[str, Any]
    grade_id: str
    grade: bool
    solution: bool
    locked: bool
    task: bool
    points: Decimal
    heading: str

    @property
    def key(self) -> str:
        return question_key(self.grade_id)

    @property
    def title(self) -> str:
        """The title of the question: its id as words, or the heading above it."""
        words = self.grade_id.replace("_", " ").replace("-", " ").strip()
        if self.grade_id.startswith("cell-"):
            return self.heading or self.place[:1].upper() + self.place[1:]
        return (words[:1].upper() + words[1:])[:200]


def manual_question(marked: MarkedCell, points: Decimal) -> Question:
    """Return the question that people mark, with the rubric of its mark scheme."""
    return Question(
        key=marked.key,
        title=marked.title,
        points=points,
        kind=QuestionKind.MANUAL,
        rubric=rubric_in(
            mark_scheme_in(marked.cell["source"]),
            points=points,
            is_code=marked.cell["cell_type"] == "code",
        ),
    )
