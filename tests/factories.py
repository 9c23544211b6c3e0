"""Factories of rows for tests. A trait names a state; no value is random.

    student = EnrolmentFactory(course=course).user
    run = GradingRunFactory(submission=submission, finished=True)

`small_notebook()` is notebook text that the real runner executes in milliseconds.
"""

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Accommodation,
    Announcement,
    Assignment,
    AssignmentRevision,
    Attachment,
    Component,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    ExtensionRequest,
    Lecture,
    Material,
    Question,
    RequiredFile,
    RevisionFile,
    Room,
    Rubric,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)
from formats.choices import ComponentKind, FileKind, MaterialKind, Part, Role
from grading.models import (
    GradingRun,
    Mark,
    MarkChange,
    Marking,
    QuestionResult,
    Regrade,
    RegradeRequest,
    RunEvent,
    SelfCheck,
    SelfCheckFile,
    Trial,
)
from grading.services.run_queue import SELF_CHECK_PRIORITY
from grading.states import State, Verdict
from storage.blobs import store_blob
from submissions.models import OpenedAttempt, Submission, SubmittedFile, Upload


def hours(count: float) -> dt.datetime:
    """Return the moment so many hours from now; negative is in the past."""
    return timezone.now() + dt.timedelta(hours=count)


def small_notebook(*sources: str) -> str:
    """Return notebook text, nbformat 4.5, with one code cell for each source."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for index, source in enumerate(sources or ("answer = 6 * 7\nprint(answer)",))
    ]
    return json.dumps(
        {
            "cells": cells,
            "metadata": {
                "kernelspec": {
                    "name": "python3",
                    "display_name": "Python 3",
                    "language": "python",
                },
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def store_text(text: str) -> tuple[str, int]:
    """Store text as a blob; return its SHA-256 and its size in bytes."""
    blob = store_blob([text.encode()], max_bytes=10**8)
    return blob.sha256, blob.size


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    first_name = "Ada"
    last_name = factory.Sequence(lambda n: f"Person{n:03d}")
    login = factory.Sequence(lambda n: f"ap{n:03d}")
    password = factory.django.Password("correct horse battery staple")

    class Params:
        site_staff = factory.Trait(is_staff=True, is_superuser=True)


class CourseFactory(factory.django.DjangoModelFactory[Course]):
    class Meta:
        model = Course

    slug = factory.Sequence(lambda n: f"70010-{n}")
    title = "Deep Learning"
    module_codes = factory.LazyFunction(lambda: ["70010", "97111"])
    academic_year = "2026-27"
    release_at = factory.LazyFunction(lambda: hours(-1000))

    class Params:
        hidden = factory.Trait(release_at=None)


class EnrolmentFactory(factory.django.DjangoModelFactory[Enrolment]):
    class Meta:
        model = Enrolment

    course = factory.SubFactory(CourseFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.STUDENT

    class Params:
        assistant = factory.Trait(role=Role.ASSISTANT)
        lecturer = factory.Trait(role=Role.LECTURER)
        administrator = factory.Trait(role=Role.ADMINISTRATOR)
        examiner = factory.Trait(role=Role.EXAMINER)
        left = factory.Trait(is_active=False)


class WeekFactory(factory.django.DjangoModelFactory[Week]):
    class Meta:
        model = Week

    course = factory.SubFactory(CourseFactory)
    number = factory.Sequence(lambda n: n + 2)
    starts_on = factory.LazyAttribute(
        lambda week: dt.date(2027, 1, 4) + dt.timedelta(weeks=week.number)
    )
    title = "Convolutions"
    # Before the start of this week, whatever day it is.
    release_at = factory.LazyFunction(lambda: hours(-200))

    class Params:
        hidden = factory.Trait(release_at=None)


class MaterialFactory(factory.django.DjangoModelFactory[Material]):
    class Meta:
        model = Material

    course = factory.SubFactory(CourseFactory)
    week = None
    kind = MaterialKind.NOTES
    key = factory.Sequence(lambda n: f"n{n:02d}")
    code = factory.Sequence(lambda n: f"N{n:02d}")
    title = "Lecture Notes"
    release_at = factory.LazyFunction(lambda: hours(-100))

    class Params:
        hidden = factory.Trait(release_at=None)
        announced = factory.Trait(opens_at=factory.LazyFunction(lambda: hours(24)))


class AttachmentFactory(factory.django.DjangoModelFactory[Attachment]):
    class Meta:
        model = Attachment

    material = factory.SubFactory(MaterialFactory)
    label = factory.Sequence(lambda n: f"Answers {n}")
    url = "https://example.org/answers"
    release_at = factory.LazyFunction(lambda: hours(-100))

    class Params:
        hidden = factory.Trait(release_at=None)


class RoomFactory(factory.django.DjangoModelFactory[Room]):
    class Meta:
        model = Room

    name = factory.Sequence(lambda n: f"Huxley {300 + n}")


class TeacherFactory(factory.django.DjangoModelFactory[Teacher]):
    class Meta:
        model = Teacher

    course = factory.SubFactory(CourseFactory)
    name = factory.Sequence(lambda n: f"Teacher {n}")


class SlotFactory(factory.django.DjangoModelFactory[Slot]):
    """A slot on Fridays from nine to ten."""

    class Meta:
        model = Slot

    course = factory.SubFactory(CourseFactory)
    weekday = 4
    starts = dt.time(9)
    ends = dt.time(10)


class LectureFactory(factory.django.DjangoModelFactory[Lecture]):
    class Meta:
        model = Lecture

    course = factory.SubFactory(CourseFactory)
    number = factory.Sequence(lambda n: f"{n + 1:02d}")
    title = "Basic building blocks"


class SessionFactory(factory.django.DjangoModelFactory[Session]):
    """A lecture in a room of its own, tomorrow."""

    class Meta:
        model = Session

    course = factory.SubFactory(CourseFactory)
    week = factory.LazyAttribute(
        lambda row: row.course.weeks.first() or WeekFactory(course=row.course)
    )
    key = factory.Sequence(lambda n: f"session-{n}")
    starts_at = factory.LazyFunction(lambda: hours(24))
    ends_at = factory.LazyAttribute(
        lambda row: row.starts_at and row.starts_at + dt.timedelta(hours=1)
    )
    room = factory.SubFactory(RoomFactory)
    release_at = factory.LazyFunction(lambda: hours(-100))

    class Params:
        hidden = factory.Trait(release_at=None)
        over = factory.Trait(starts_at=factory.LazyFunction(lambda: hours(-48)))
        untimed = factory.Trait(starts_at=None, room=None)
        online = factory.Trait(
            room=None, online_label="MS Teams", online_url="https://teams.example/join"
        )


class SessionLectureFactory(factory.django.DjangoModelFactory[SessionLecture]):
    class Meta:
        model = SessionLecture

    session = factory.SubFactory(SessionFactory)
    lecture = factory.LazyAttribute(
        lambda row: LectureFactory(course=row.session.course)
    )


class ComponentFactory(factory.django.DjangoModelFactory[Component]):
    class Meta:
        model = Component

    course = factory.SubFactory(CourseFactory)
    kind = ComponentKind.COURSEWORK
    title = factory.Sequence(lambda n: f"Coursework {n}")
    weight_percent = Decimal(50)


class AnnouncementFactory(factory.django.DjangoModelFactory[Announcement]):
    class Meta:
        model = Announcement

    course = factory.SubFactory(CourseFactory)
    title = "The lab moves"
    body = "To **room 311**."
    author = factory.SubFactory(UserFactory)
    release_at = factory.LazyFunction(lambda: hours(-1))

    class Params:
        hidden = factory.Trait(release_at=None)


class CourseChangeFactory(factory.django.DjangoModelFactory[CourseChange]):
    """A change that students can read."""

    class Meta:
        model = CourseChange

    course = factory.SubFactory(CourseFactory)
    kind = CourseChange.Kind.SESSION
    summary = "The tutorial of week 6 is in Huxley 311."
    is_public = True
    made_by = factory.SubFactory(UserFactory)


class AssignmentFactory(factory.django.DjangoModelFactory[Assignment]):
    """An open assignment with a published revision: a notebook and one question."""

    class Meta:
        model = Assignment
        skip_postgeneration_save = True

    course = factory.SubFactory(CourseFactory)
    slug = factory.Sequence(lambda n: f"cw{n}")
    title = "Convolution from scratch"
    release_at = factory.LazyFunction(lambda: hours(-100))
    due_at = factory.LazyFunction(lambda: hours(48))

    class Params:
        hidden = factory.Trait(release_at=None)
        closed = factory.Trait(due_at=factory.LazyFunction(lambda: hours(-24)))
        late = factory.Trait(
            due_at=factory.LazyFunction(lambda: hours(-24)),
            closes_at=factory.LazyFunction(lambda: hours(24)),
        )

    @factory.post_generation
    def with_revision(self, create: bool, extracted: bool | None, **_: Any) -> None:
        assignment: Any = self
        if create and extracted is not False and assignment.marks_out_of is None:
            assignment.revision = RevisionFactory(assignment=assignment)
            assignment.save()


class EnteredAssignmentFactory(AssignmentFactory):
    """An assignment of 100 points whose marks people enter, a day after its date."""

    class Meta:
        model = Assignment
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"exam{n}")
    title = "Written exam"
    due_at = factory.LazyFunction(lambda: hours(-24))
    marks_out_of = Decimal(100)


class RevisionFactory(factory.django.DjangoModelFactory[AssignmentRevision]):
    """A revision with the notebook required and one question worth 2 points.

    The question `answer` has one check, `check_answer`, that the notebook's `answer`
    is 42.
    """

    class Meta:
        model = AssignmentRevision
        skip_postgeneration_save = True

    assignment = factory.SubFactory(AssignmentFactory, with_revision=False)
    number = factory.Sequence(lambda n: n + 1)
    notebook_name = "work.ipynb"
    cell_seconds = 10
    question_seconds = 10
    run_seconds = 60

    @factory.post_generation
    def with_content(self, create: bool, extracted: bool | None, **_: Any) -> None:
        if not create or extracted is False:
            return
        revision: Any = self
        RequiredFileFactory(revision=revision)
        QuestionFactory(revision=revision)
        RevisionFileFactory(
            revision=revision,
            part=Part.TESTS,
            name="answer.py",
            text="def check_answer(answer):\n    assert answer == 42\n",
        )


class RequiredFileFactory(factory.django.DjangoModelFactory[RequiredFile]):
    class Meta:
        model = RequiredFile

    revision = factory.SubFactory(RevisionFactory, with_content=False)
    name = "work.ipynb"
    kind = FileKind.NOTEBOOK
    max_bytes = 5 * 1024**2

    class Params:
        weights = factory.Trait(
            name="digits.safetensors",
            kind=FileKind.SAFETENSORS,
            max_bytes=50 * 1024**2,
            position=1,
        )


class RevisionFileFactory(factory.django.DjangoModelFactory[RevisionFile]):
    class Meta:
        model = RevisionFile
        exclude = ["text", "stored"]

    text = "x = 1\n"
    stored = factory.LazyAttribute(lambda row: store_text(row.text))
    revision = factory.SubFactory(RevisionFactory, with_content=False)
    part = Part.PUBLIC
    name = "data.txt"
    sha256 = factory.LazyAttribute(lambda row: row.stored[0])
    size = factory.LazyAttribute(lambda row: row.stored[1])


class QuestionFactory(factory.django.DjangoModelFactory[Question]):
    class Meta:
        model = Question

    revision = factory.SubFactory(RevisionFactory, with_content=False)
    key = "answer"
    title = "The answer"
    points = Decimal(2)
    checks = factory.LazyFunction(
        lambda: [
            {
                "name": "check_answer",
                "points": "2",
                "visibility": "always",
                "description": "The answer is 42.",
            }
        ]
    )


class RubricFactory(factory.django.DjangoModelFactory[Rubric]):
    class Meta:
        model = Rubric

    assignment = factory.SubFactory(AssignmentFactory)
    key = "words"
    points = Decimal(10)
    definition_sha256 = factory.Sequence(lambda n: f"{n:064x}")


class ManualQuestionFactory(QuestionFactory):
    """A question that people mark, with a rubric of its own that has no items."""

    key = "words"
    title = "In words"
    kind = "manual"
    points = Decimal(10)
    checks = factory.LazyFunction(list)
    rubric = factory.SubFactory(
        RubricFactory,
        assignment=factory.SelfAttribute("..revision.assignment"),
        key=factory.SelfAttribute("..key"),
        points=factory.SelfAttribute("..points"),
    )


class ExtensionFactory(factory.django.DjangoModelFactory[Extension]):
    class Meta:
        model = Extension

    assignment = factory.SubFactory(AssignmentFactory)
    student = factory.SubFactory(UserFactory)
    due_at = factory.LazyFunction(lambda: hours(96))
    reason = "Illness"
    granted_by = factory.SubFactory(UserFactory)


class AccommodationFactory(factory.django.DjangoModelFactory[Accommodation]):
    class Meta:
        model = Accommodation

    course = factory.SubFactory(CourseFactory)
    student = factory.LazyAttribute(
        lambda row: EnrolmentFactory(course=row.course).user
    )
    percent = factory.LazyAttribute(lambda row: 0 if row.hours else 25)
    hours = 0
    reason = "A learning support agreement"
    granted_by = factory.SubFactory(UserFactory)


class ExtensionRequestFactory(factory.django.DjangoModelFactory[ExtensionRequest]):
    class Meta:
        model = ExtensionRequest

    assignment = factory.SubFactory(AssignmentFactory)
    student = factory.LazyAttribute(
        lambda row: EnrolmentFactory(course=row.assignment.course).user
    )
    wished_due_at = factory.LazyFunction(lambda: hours(96))
    reason = "A private matter"


class SubmissionFactory(factory.django.DjangoModelFactory[Submission]):
    """An attempt with a notebook, by an enrolled student."""

    class Meta:
        model = Submission
        skip_postgeneration_save = True

    assignment = factory.SubFactory(AssignmentFactory)
    revision = factory.LazyAttribute(lambda row: row.assignment.revision)
    author = factory.LazyAttribute(
        lambda row: EnrolmentFactory(course=row.assignment.course).user
    )
    attempt = factory.LazyAttribute(
        lambda row: (
            Submission.objects.filter(
                assignment=row.assignment, author=row.author
            ).count()
            + 1
        )
    )
    started_at = factory.LazyFunction(lambda: hours(-1))

    @factory.post_generation
    def notebook(self, create: bool, extracted: str | bool | None, **_: Any) -> None:
        if create and extracted is not False:
            SubmittedFileFactory(submission=self, text=extracted or small_notebook())


class SubmittedFileFactory(factory.django.DjangoModelFactory[SubmittedFile]):
    class Meta:
        model = SubmittedFile
        exclude = ["text", "stored"]

    text = factory.LazyFunction(small_notebook)
    stored = factory.LazyAttribute(lambda row: store_text(row.text))
    submission = factory.SubFactory(SubmissionFactory, notebook=False)
    name = "work.ipynb"
    original_name = "my work (3).ipynb"
    kind = FileKind.NOTEBOOK
    sha256 = factory.LazyAttribute(lambda row: row.stored[0])
    size = factory.LazyAttribute(lambda row: row.stored[1])


class OpenedAttemptFactory(factory.django.DjangoModelFactory[OpenedAttempt]):
    """An attempt that an enrolled student has just opened, with its notebook."""

    class Meta:
        model = OpenedAttempt
        skip_postgeneration_save = True

    assignment = factory.SubFactory(AssignmentFactory)
    author = factory.LazyAttribute(
        lambda row: EnrolmentFactory(course=row.assignment.course).user
    )
    opened_at = factory.LazyFunction(lambda: hours(0))
    complete_by = factory.LazyAttribute(
        lambda row: row.opened_at + dt.timedelta(minutes=30)
    )
    expires_at = factory.LazyAttribute(
        lambda row: row.opened_at + dt.timedelta(hours=24)
    )
    declared = factory.LazyFunction(lambda: {"statement": "My own.", "answers": []})

    @factory.post_generation
    def notebook(self, create: bool, extracted: str | bool | None, **_: Any) -> None:
        if create and extracted is not False:
            UploadFactory(attempt=self, text=extracted or small_notebook())


class UploadFactory(factory.django.DjangoModelFactory[Upload]):
    """A declared file of which nothing has arrived."""

    class Meta:
        model = Upload
        exclude = ["text"]

    text = factory.LazyFunction(small_notebook)
    attempt = factory.SubFactory(OpenedAttemptFactory, notebook=False)
    name = "work.ipynb"
    original_name = "my work (3).ipynb"
    sha256 = factory.LazyAttribute(
        lambda row: hashlib.sha256(row.text.encode()).hexdigest()
    )
    size = factory.LazyAttribute(lambda row: len(row.text.encode()))


class GradingRunFactory(factory.django.DjangoModelFactory[GradingRun]):
    """A queued run; traits put it further along."""

    class Meta:
        model = GradingRun
        skip_postgeneration_save = True

    submission: Any = factory.SubFactory(SubmissionFactory)
    revision: Any = factory.LazyAttribute(lambda row: row.submission.revision)
    course: Any = factory.LazyAttribute(lambda row: row.revision.assignment.course)
    number: Any = factory.LazyAttribute(
        lambda row: GradingRun.objects.filter(submission=row.submission).count() + 1
    )
    grading_seed = 2027

    class Params:
        running = factory.Trait(
            state=State.RUNNING,
            started_at=factory.LazyFunction(timezone.now),
            lease_token=1,
            lease_expires_at=factory.LazyFunction(lambda: hours(1)),
            worker="worker-1",
        )
        finished = factory.Trait(
            state=State.FINISHED,
            verdict=Verdict.COMPLETED,
            code="completed",
            started_at=factory.LazyFunction(lambda: hours(-0.01)),
            finished_at=factory.LazyFunction(timezone.now),
            lease_token=1,
            automatic_points=Decimal(2),
            level="L0",
        )
        needs_staff = factory.Trait(
            state=State.NEEDS_STAFF,
            code="runner_failed",
            finished_at=factory.LazyFunction(timezone.now),
            platform_tries=3,
        )


class TrialFactory(GradingRunFactory):
    """A trial of a revision, queued unless a trait says otherwise."""

    submission: Any = None
    revision: Any = factory.SubFactory(RevisionFactory)
    trial = Trial.SOLUTION
    number = factory.LazyAttribute(
        lambda row: (
            GradingRun.objects.filter(revision=row.revision, trial=row.trial).count()
            + 1
        )
    )


class SelfCheckFactory(factory.django.DjangoModelFactory[SelfCheck]):
    """A check of a notebook by an enrolled student; its run is SelfCheckRunFactory's."""

    class Meta:
        model = SelfCheck
        skip_postgeneration_save = True

    assignment = factory.SubFactory(AssignmentFactory, self_check_limit=3)
    revision = factory.LazyAttribute(lambda row: row.assignment.revision)
    author = factory.LazyAttribute(
        lambda row: EnrolmentFactory(course=row.assignment.course).user
    )

    @factory.post_generation
    def notebook(self, create: bool, extracted: str | None, **_: Any) -> None:
        if create:
            sha256, size = store_text(extracted or small_notebook())
            check: Any = self
            SelfCheckFile.objects.create(
                self_check=check,
                name="work.ipynb",
                original_name="my work (3).ipynb",
                kind=FileKind.NOTEBOOK,
                sha256=sha256,
                size=size,
            )


class SelfCheckRunFactory(GradingRunFactory):
    """The run of a self-check, queued unless a trait says otherwise."""

    submission: Any = None
    self_check: Any = factory.SubFactory(SelfCheckFactory)
    revision: Any = factory.LazyAttribute(lambda row: row.self_check.revision)
    number: Any = 1
    priority = SELF_CHECK_PRIORITY

    class Params:
        finished = factory.Trait(
            state=State.FINISHED,
            verdict=Verdict.COMPLETED,
            code="completed",
            started_at=factory.LazyFunction(lambda: hours(-0.01)),
            finished_at=factory.LazyFunction(timezone.now),
            lease_token=1,
            level="L0",
        )
        failed = factory.Trait(
            state=State.CANCELLED,
            code="runner_failed",
            finished_at=factory.LazyFunction(timezone.now),
        )


class RegradeFactory(factory.django.DjangoModelFactory[Regrade]):
    """An open regrade, in which the submission `of` was run again."""

    class Meta:
        model = Regrade
        skip_postgeneration_save = True

    assignment = factory.SubFactory(AssignmentFactory)
    revision = factory.LazyAttribute(lambda row: row.assignment.revision)
    reason = "A test was wrong."

    @factory.post_generation
    def of(self, create: bool, extracted: Submission | None, **fields: Any) -> None:
        if create and extracted is not None:
            regrade: Any = self
            GradingRunFactory(
                submission=extracted,
                revision=regrade.revision,
                regrade=regrade,
                finished=True,
                **fields,
            )


class RunEventFactory(factory.django.DjangoModelFactory[RunEvent]):
    class Meta:
        model = RunEvent

    run = factory.SubFactory(GradingRunFactory)
    target = State.QUEUED


class QuestionResultFactory(factory.django.DjangoModelFactory[QuestionResult]):
    class Meta:
        model = QuestionResult

    run = factory.SubFactory(GradingRunFactory, finished=True)
    question = factory.LazyAttribute(lambda row: row.run.revision.questions.get())
    outcome = QuestionResult.Outcome.PASSED
    points = Decimal(2)
    checks = factory.LazyFunction(
        lambda: [
            {"name": "check_answer", "score": 1.0, "points": "2", "message": "passed"}
        ]
    )


class MarkFactory(factory.django.DjangoModelFactory[Mark]):
    """The mark of the author of `run`."""

    class Meta:
        model = Mark
        exclude = ["run"]

    run = factory.SubFactory(GradingRunFactory, finished=True)
    assignment = factory.LazyAttribute(lambda row: row.run.submission.assignment)
    student = factory.LazyAttribute(lambda row: row.run.submission.author)


class MarkingFactory(factory.django.DjangoModelFactory[Marking]):
    """A finished marking of the first question of `run` that people mark."""

    class Meta:
        model = Marking
        exclude = ["run"]

    run = factory.SubFactory(GradingRunFactory, finished=True)
    submission = factory.LazyAttribute(lambda row: row.run.submission)
    student = factory.LazyAttribute(lambda row: row.run.submission.author)
    rubric = factory.LazyAttribute(
        lambda row: row.run.revision.questions.filter(kind="manual").first().rubric
    )
    adjustment = Decimal(1)
    is_finished = True


class RegradeRequestFactory(factory.django.DjangoModelFactory[RegradeRequest]):
    """An open request about the first question of a submission's revision."""

    class Meta:
        model = RegradeRequest

    submission = factory.SubFactory(SubmissionFactory)
    key = factory.LazyAttribute(
        lambda row: row.submission.revision.questions.all()[0].key
    )
    reason = "The sign is right."
    points_before = Decimal(1)


class MarkChangeFactory(factory.django.DjangoModelFactory[MarkChange]):
    class Meta:
        model = MarkChange

    mark = factory.SubFactory(MarkFactory)
    after = Decimal(2)
    reason = "First mark"
