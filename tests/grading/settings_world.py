"""A course with work in it, and every page, list and feed that shows its coursework."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import Client
from django.urls import reverse

from accounts.actors import SYSTEM
from accounts.models import User
from courses.calendar.services import renew_feed
from courses.models import Assignment, Course, CourseChange, Extension
from courses.services.course_files import export_course
from grading.models import GradingRun
from grading.services import recompute_mark
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    QuestionResultFactory,
    SubmissionFactory,
    WeekFactory,
)
from tests.grading.pages import add_question, signed_in, words

# A Wednesday, the day after the deadline.
NOW = dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC)
DUE = dt.datetime(2027, 3, 9, 18, tzinfo=dt.UTC)
CLOSES = dt.datetime(2027, 3, 20, 18, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class World:
    """Two attempts of a student: the first on time and best, the second late."""

    course: Course
    assignment: Assignment
    student: User
    classmate: User
    lecturer: User
    extension: Extension
    best: GradingRun
    latest: GradingRun
    clients: dict[str, Client]


def make_world() -> World:
    """Return the world: the latest counts; 3 of 5 points are shown after the close."""
    course = CourseFactory.create(
        slug="dl", title="Deep Learning", summary="How networks learn."
    )
    week = WeekFactory.create(course=course, number=9, starts_on=dt.date(2027, 3, 8))
    component = ComponentFactory.create(course=course, title="Practicals")
    assignment = AssignmentFactory.create(
        course=course,
        week=week,
        component=component,
        slug="digits",
        title="Digits",
        summary="Read the digits.",
        due_at=DUE,
        closes_at=CLOSES,
        weight_percent=50,
    )
    add_question(assignment, "after_deadline")
    student, classmate = (
        EnrolmentFactory.create(
            course=course, user__first_name=first, user__last_name=last
        ).user
        for first, last in (("Sam", "Student"), ("Class", "Mate"))
    )
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    extension = ExtensionFactory.create(
        assignment=assignment,
        student=student,
        due_at=DUE + HOUR,
        granted_by=lecturer,
        granted_at=DUE - DAY,
    )
    best = _attempt(assignment, student, DUE - DAY, answer=1, secret=1)
    latest = _attempt(assignment, student, NOW - HOUR, answer=0.5, secret=0)
    recompute_mark(actor=SYSTEM, assignment=assignment, student=student, reason="1")
    CourseChangeFactory.create(
        course=course,
        kind=CourseChange.Kind.DEADLINE,
        assignment=assignment,
        summary="Digits is due on Tue 9 Mar 2027, 18:00 GMT.",
        before="Mon 8 Mar 2027, 18:00 GMT",
        after="Tue 9 Mar 2027, 18:00 GMT",
        made_at=DUE - 2 * DAY,
    )
    world = World(
        course=course,
        assignment=assignment,
        student=student,
        classmate=classmate,
        lecturer=lecturer,
        extension=extension,
        best=best,
        latest=latest,
        clients={"student": signed_in(student), "lecturer": signed_in(lecturer)},
    )
    # So that nothing is new to the student on the second look.
    SURFACES["course"](world)
    return world


def _attempt(
    assignment: Assignment, student: User, at: dt.datetime, **scores: float
) -> GradingRun:
    submission = SubmissionFactory.create(
        assignment=assignment, author=student, started_at=at, received_at=at
    )
    run: GradingRun = GradingRunFactory.create(
        submission=submission,
        finished=True,
        queued_at=at,
        started_at=at,
        finished_at=at,
        automatic_points=2 * scores["answer"] + 3 * scores["secret"],
    )
    for question in run.revision.questions.all():
        score = scores[question.key]
        points = str(Decimal(str(score)) * question.points)
        name = question.checks[0]["name"]
        found = {"name": name, "score": score, "points": points, "message": "tried"}
        QuestionResultFactory.create(
            run=run, question=question, points=Decimal(points), checks=[found]
        )
    return run


# --- Every page, list and feed ------------------------------------------------

Surface = Callable[[World], str]


def _page(who: str, path: Callable[[World], str]) -> Surface:
    """Return the words of a page, with its present address; or its status."""

    def read(world: World) -> str:
        answer = world.clients[who].get(path(world))
        return words(answer) if answer.status_code == 200 else str(answer.status_code)

    return read


def _api(who: str, path: str) -> Surface:
    def read(world: World) -> str:
        return world.clients[who].get(f"/api/v1/{path}").content.decode()

    return read


def _of_course(name: str) -> Callable[[World], str]:
    return lambda world: reverse(
        name, args=[Course.objects.get(pk=world.course.pk).slug]
    )


def _of_assignment(end: str = "") -> Callable[[World], str]:
    return lambda world: (
        Assignment.objects.get(pk=world.assignment.pk).get_absolute_url() + end
    )


def _feed(world: World) -> str:
    content = Client().get(f"/calendar/{renew_feed(actor=world.student)}.ics").content
    return content.decode().replace("\r\n ", "")


def _export(world: World) -> str:
    course = Course.objects.get(pk=world.course.pk)
    with TemporaryDirectory() as folder:
        export_course(actor=world.lecturer, course=course, folder=Path(folder))
        return (Path(folder) / "course.yaml").read_text()


SURFACES: dict[str, Surface] = {
    "course": _page("student", _of_course("courses:course")),
    "coursework": _page("student", _of_assignment()),
    "marks": _page("student", _of_course("gradebook:marks")),
    "home": _page("student", lambda _: "/"),
    "news": _page("student", _of_course("courses:news")),
    "receipt": _page("student", lambda world: world.latest.work.get_absolute_url()),
    "run": _page("student", lambda world: world.latest.get_absolute_url()),
    "best run": _page("student", lambda world: world.best.get_absolute_url()),
    "feed": _feed,
    "api assignments": _api("student", "assignments/"),
    "api submissions": _api("student", "submissions/"),
    "api run": lambda world: _api("student", f"runs/{world.latest.pk}/")(world),
    "api marks": _api("student", "marks/"),
    "api courses": _api("student", "courses/"),
    "api changes": _api("student", "changes/"),
    "staff table": _page("lecturer", _of_assignment("staff/")),
    "submissions": _page("lecturer", _of_course("gradebook:marks")),
    "manage": _page("lecturer", _of_course("courses:manage")),
    "extensions": _page("lecturer", _of_assignment("staff/extensions/")),
    "staff api marks": _api("lecturer", "marks/"),
    "late api": _api("lecturer", "submissions/?is_late=true"),
    "export": _export,
}


def look(world: World) -> dict[str, str]:
    """Return the present text of each surface."""
    return {name: read(world) for name, read in SURFACES.items()}
