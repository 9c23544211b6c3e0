"""A small class whose coursework was marked by people and released, for its feedback."""

from dataclasses import dataclass, field
from decimal import Decimal

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from grading.models import GradingRun, Marking
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.marks import recompute_mark
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    QuestionResultFactory,
    SubmissionFactory,
    hours,
    small_notebook,
)

KEY = "words"


@dataclass(kw_only=True)
class FeedbackWorld:
    """An assignment with an automatic and a manual question, and its people."""

    assignment: Assignment
    marker: User
    lecturer: User
    rubric: Rubric
    items: dict[str, RubricItem]
    runs: list[GradingRun] = field(default_factory=list)

    @property
    def run(self) -> GradingRun:
        """The first student's run."""
        return self.runs[0]

    @property
    def student(self) -> User:
        """The first student."""
        return self.run.work.author

    def hand_in(self, points: int = 2, **fields: object) -> GradingRun:
        """Add a student with one attempt."""
        student = EnrolmentFactory.create(course=self.assignment.course).user
        run: GradingRun = GradingRunFactory.create(
            submission=SubmissionFactory.create(
                assignment=self.assignment,
                author=student,
                notebook=small_notebook("1", "2", "3"),
            ),
            **{"finished": True, "automatic_points": points, **fields},
        )
        QuestionResultFactory.create(
            run=run, question=run.revision.questions.get(key="answer"), points=points
        )
        recompute_mark(
            actor=SYSTEM, assignment=self.assignment, student=student, reason="run"
        )
        self.runs.append(run)
        return run

    def target(self, run: GradingRun) -> MarkingTarget:
        return MarkingTarget(
            rubric=self.rubric, student=run.work.author, submission=run.work
        )

    def mark(
        self, run: GradingRun, *texts: str, version: int = 0, **given: object
    ) -> Marking:
        """Let the marker choose these items."""
        chosen = frozenset(self.items[text].pk for text in texts)
        return save_marking(
            actor=self.marker,
            target=self.target(run),
            given=GivenMarking(items=chosen, **given),  # type: ignore[arg-type]
            version=version,
        )

    def release(self) -> None:
        """Release the marks now; requests are taken for a day."""
        Assignment.objects.filter(pk=self.assignment.pk).update(
            due_at=hours(-2),
            closes_at=hours(-2),
            marks_released_at=hours(0),
            regrades_until=hours(24),
        )
        self.assignment.refresh_from_db()


def feedback_world(students: int = 1) -> FeedbackWorld:
    """Return the world with students of whom nobody is marked by hand."""
    assignment: Assignment = AssignmentFactory.create()
    ManualQuestionFactory.create(revision=assignment.revision, points=10, key=KEY)
    rubric = Rubric.objects.get(assignment=assignment)
    group = RubricGroup.objects.create(rubric=rubric, title="Argument")
    items = {
        text: RubricItem.objects.create(
            group=group, text=text, points=points, position=position
        )
        for position, (text, points) in enumerate(
            (("Clear", Decimal(4)), ("Wrong sign", Decimal(-1)))
        )
    }
    course = assignment.course
    world = FeedbackWorld(
        assignment=assignment,
        marker=EnrolmentFactory.create(course=course, assistant=True).user,
        lecturer=EnrolmentFactory.create(course=course, lecturer=True).user,
        rubric=rubric,
        items=items,
    )
    for _ in range(students):
        world.hand_in()
    return world
