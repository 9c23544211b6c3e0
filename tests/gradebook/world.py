"""A course with an exam and two pieces of coursework, and marks by whole percents."""

from dataclasses import dataclass, field
from decimal import Decimal

from accounts.actors import SYSTEM
from accounts.models import User
from courses.frozen_marks import is_frozen
from courses.models import Assignment, Component, Course, MarkFreeze, Question
from formats.choices import ComponentKind, Counting
from grading.models import GradingRun
from grading.services.freezing import freeze_marks
from grading.services.marks import recompute_mark
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    GradingRunFactory,
    MarkFactory,
    SubmissionFactory,
    hours,
)


@dataclass(frozen=True, kw_only=True)
class GradebookWorld:
    """The course, its lecturer, and its assessments, each out of 100 points."""

    course: Course
    lecturer: User
    exam_part: Component
    coursework_part: Component
    exam: Assignment
    first: Assignment
    second: Assignment
    students: list[User] = field(default_factory=list)

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        return self.exam, self.first, self.second

    def student(self, *points: str | None, module_code: str = "") -> User:
        """Return a new student with these marks for the assessments, in their order."""
        user: User = EnrolmentFactory.create(
            course=self.course, module_code=module_code
        ).user
        for assignment, given in zip(self.assignments, points, strict=False):
            if given is not None:
                self.mark(assignment, user, given)
        self.students.append(user)
        return user

    def mark(self, assignment: Assignment, user: User, points: str) -> None:
        """Give the student a mark."""
        work = SubmissionFactory.create(
            assignment=assignment,
            author=user,
            started_at=hours(-49),
            received_at=hours(-48),
        )
        run = GradingRunFactory.create(
            submission=work, finished=True, automatic_points=Decimal(points)
        )
        MarkFactory.create(run=run)

    def mark_later(self, assignment: Assignment, user: User, points: str) -> None:
        """Let a worker finish another attempt of the student, through its service."""
        work = SubmissionFactory.create(
            assignment=assignment,
            author=user,
            attempt=9,
            started_at=hours(-48),
            received_at=hours(-47),
        )
        run = GradingRunFactory.create(submission=work, finished=True)
        GradingRun.objects.filter(pk=run.pk).update(
            automatic_points=Decimal(points), is_after_freeze=is_frozen(self.course)
        )
        recompute_mark(actor=SYSTEM, assignment=assignment, student=user, reason="run")

    def second_lecturer(self) -> User:
        """Return another lecturer of the course."""
        user: User = EnrolmentFactory.create(course=self.course, lecturer=True).user
        return user

    def freeze(self, second: User) -> MarkFreeze:
        """Freeze the marks for a board of the lecturer and this person."""
        return freeze_marks(
            actor=self.lecturer,
            course=self.course,
            board="Board of 12 June",
            members=[self.lecturer.pk, second.pk],
        )

    def release(self, *assignments: Assignment) -> None:
        """Release the marks of these assessments, or of all."""
        keys = [each.pk for each in assignments or self.assignments]
        Assignment.objects.filter(pk__in=keys).update(marks_released_at=hours(-1))


def assessment(course: Course, component: Component, title: str) -> Assignment:
    """Return an assessment of 100 points with half of the component's weight."""
    made: Assignment = AssignmentFactory.create(
        course=course,
        component=component,
        title=title,
        counting=Counting.LATEST,
        due_at=hours(-24),
    )
    Question.objects.filter(revision=made.revision).update(points=100)
    return made


def gradebook_world(**course: object) -> GradebookWorld:
    """Return the course: the exam is one half, and two pieces of coursework the other."""
    made = CourseFactory.create(**course)
    exam_part = ComponentFactory.create(
        course=made, kind=ComponentKind.EXAM, title="Exam", weight_percent=50
    )
    coursework_part = ComponentFactory.create(
        course=made, title="Coursework", weight_percent=50, position=1
    )
    exam = assessment(made, exam_part, "Written exam")
    first = assessment(made, coursework_part, "First task")
    second = assessment(made, coursework_part, "Second task")
    for each, weight in ((exam, 50), (first, 20), (second, 30)):
        each.weight_percent = Decimal(weight)
        each.save()
    return GradebookWorld(
        course=made,
        lecturer=EnrolmentFactory.create(course=made, lecturer=True).user,
        exam_part=exam_part,
        coursework_part=coursework_part,
        exam=exam,
        first=first,
        second=second,
    )
