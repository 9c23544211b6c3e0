"""Builds the demo course, once. It keeps what somebody changes in the course later."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Component, Course
from courses.services.accommodations import set_accommodation
from courses.services.course_files import import_course_file
from courses.services.enrolments import enrol
from courses.services.extension_requests import ask_for_extension, refuse_request
from courses.services.extensions import grant_extension
from courses.services.revisions import import_revision
from courses.services.shifting import apply_shift, plan_shift
from formats.assignment import Bundle, read_bundle
from formats.choices import Counting, Role
from formats.course.dates import AcademicYear
from grading.services import check_work, publish_revision, start_trials, submit_work
from grading.services.on_behalf import submit_for_student
from portal.demo.class_test import exam_of, make_class_test
from portal.demo.demo_dates import THIS_WEEK, Calendar, is_closed
from portal.demo.demo_total import add_exercises
from portal.demo.finished_course import FINISHED, make_finished_course
from portal.demo.marked_work import hand_in_first_steps, make_first_steps, mark_demo
from portal.demo.people import DOMAIN, EVERYBODY, Person
from portal.demo.report_work import hand_in_reports, make_report
from submissions.models import ReceiptMail
from submissions.services import IncomingFile, declaration_of

SLUG: Final = "deep-learning"
COURSEWORK: Final = "conv-digits"
WARM_UP: Final = "warm-up"
AI_TOOLS: Final = "Which AI tools did you use, and for what?"
HOURS_WORKED: Final = "Hours worked"
WARM_UP_LATE: Final = dt.timedelta(hours=3)
EXAMPLE: Final[Path] = settings.BASE_DIR / "examples" / "conv-digits"
COURSE_FILE: Final[Path] = settings.BASE_DIR / "examples/deep-learning/course.yaml"
# The year of the course file's dates, and the number of its first week.
FILE_YEAR: Final = AcademicYear(2024)
FIRST_WEEK: Final = 2
SHARE: Final = Decimal(25)
LATE_WORK: Final = dt.timedelta(days=14)
SELF_CHECKS: Final = 5
# Students with more time for every deadline, with an open request for an extension, and
# with a refused one.
ACCOMMODATED: Final = "grace.adeyemi"
ASKING: Final = "daniel.osei"
REFUSED: Final = "quentin.moreau"
_LECTURES: Final = (
    "https://www.youtube.com/playlist?list=PL3FW7Lu3i5JvHM8ljYj-zLfQRF3EO8sYv"
)
# The course's own links are lost: public pages on the same subjects replace them.
LINKS: Final[dict[str, str]] = {
    "lecture-02": _LECTURES,
    "lecture-03": _LECTURES,
    "lecture-04": _LECTURES,
    "lecture-05": _LECTURES,
    "lecture-06-augmentation": _LECTURES,
    "lecture-06-case-study": _LECTURES,
    "intro-pytorch-1": "https://docs.pytorch.org/tutorials/beginner/introyt/introyt1_tutorial.html",
    "intro-pytorch-2": "https://docs.pytorch.org/tutorials/beginner/introyt/tensors_deeper_tutorial.html",
    "teams": "https://teams.microsoft.com/",
    "gpu-cluster": "https://www.imperial.ac.uk/computing/people/csg/guides/hpcomputing/gpucluster/",
}
_NO_WAITING: Final = (
    "The demo starts with submitted work, before a worker could run the trials."
)


@dataclass(frozen=True, kw_only=True)
class DemoReport:
    """The result of `build_demo`: the course, and whether it was made just now."""

    course: Course
    was_made: bool
    runs: int = 0


def find_demo() -> Course | None:
    """Return the demo course if this portal has it."""
    return Course.objects.filter(slug=SLUG).first()


def has_content_of_its_own() -> bool:
    """Return whether the portal has courses or people other than the demo's."""
    return (
        Course.objects.exclude(slug__in=[SLUG, FINISHED]).exists()
        or User.objects.exclude(email__endswith=f"@{DOMAIN}").exists()
    )


def build_demo(*, password: str, now: dt.datetime) -> DemoReport:
    """Build the demo courses with their people, and put the work in the queue.

    If the portal has the course already, nothing changes.
    """
    found = find_demo()
    if found is not None:
        return DemoReport(course=found, was_made=False)
    bundle = read_bundle(EXAMPLE)
    calendar = Calendar(now=now)
    with transaction.atomic():
        course = _make_course(calendar)
        people = _make_people(course, password)
        assignment = _make_coursework(course, calendar, bundle)
        exercises = add_exercises(course)
        warm_up = _make_warm_up(assignment, exercises, calendar, bundle)
        first_steps = make_first_steps(exercises, people, bundle, now)
        report = make_report(course, people, now)
        make_class_test(exam_of(exercises), people, now)
        grant_extension(
            actor=people[f"lecturer@{DOMAIN}"],
            assignment=assignment,
            student=people[f"irene.carvalho@{DOMAIN}"],
            due_at=assignment.due_at + dt.timedelta(days=7),
            reason="Ill for a week, certified.",
        )
        _give_more_time(assignment, people)
        _refuse_more_time(warm_up, people)
        make_finished_course(course, people, now)

    def hand_in_for(student: User, of: Assignment, submission: str) -> object:
        return _hand_in_for(student, people, of, submission)

    # There is no transaction here: handing in stores files, which must not block other
    # writers.
    runs = [*hand_in_first_steps(first_steps, people, hand_in_for)]
    runs += [
        _hand_in(people[person.email], assignment, submission, now)
        for person in EVERYBODY
        for submission in person.hands_in
    ]
    runs += [
        _hand_in(people[person.email], warm_up, submission, now)
        for person in EVERYBODY
        for submission in person.hands_in_late
    ]
    runs += [
        _hand_in_for(people[person.email], people, warm_up, submission)
        for person in EVERYBODY
        for submission in person.sends_by_mail
    ]
    hand_in_reports(report, people, now)
    for person in EVERYBODY:
        for submission in person.checks:
            _check(people[person.email], assignment, submission)
    mark_demo(first_steps, assignment, people)
    # Nobody reads the mail of made-up people, and it would fill the terminal.
    ReceiptMail.objects.filter(submission__assignment__course=course).update(
        due_at=None
    )
    return DemoReport(course=course, was_made=True, runs=len(runs))


# --- Course -------------------------------------------------------------------


def _make_course(calendar: Calendar) -> Course:
    """Return the course of the example's file, moved so that today is in its week 4."""
    imported = import_course_file(
        actor=SYSTEM,
        path=COURSE_FILE,
        year=FILE_YEAR,
        slug=SLUG,
        first_week=calendar.monday(FIRST_WEEK),
    )
    assert imported.course is not None  # noqa: S101  no dry run
    _skip_closed_weeks(imported.course, calendar.now)
    for key, url in LINKS.items():
        imported.course.materials.filter(key=key).update(url=url)
    return imported.course


def _skip_closed_weeks(course: Course, now: dt.datetime) -> None:
    """Move weeks that would fall on holidays, and all that follow, by whole weeks."""
    while True:
        closed = [
            week
            for week in course.weeks.filter(number__gt=THIS_WEEK).order_by("number")
            if is_closed(week.starts_on)
        ]
        if not closed:
            break
        first = closed[0].number
        plan = plan_shift(course=course, from_week=first, weeks=1, now=now)
        apply_shift(
            actor=SYSTEM,
            course=course,
            from_week=first,
            weeks=1,
            seen=plan.digest,
            reason="The college is closed.",
            now=now,
        )
    # Nobody has seen the timetable as it was before.
    course.changes.all().delete()


# --- People -------------------------------------------------------------------


def _make_people(course: Course, password: str) -> dict[str, User]:
    """Create accounts with one password and return them by email address.

    The password is hashed once, because that takes a moment and the password is no
    secret.
    """
    encoded = make_password(password)
    people = {}
    for person in EVERYBODY:
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = _make_user(person, encoded)
        if person.role is not None:
            enrol(actor=SYSTEM, course=course, user=user, role=person.role)
        people[person.email] = user
    return people


def _make_user(person: Person, encoded: str) -> User:
    is_site_staff = person.role is None
    return User.objects.create(
        email=person.email,
        password=encoded,
        first_name=person.first_name,
        last_name=person.last_name,
        login=person.login if person.role == Role.STUDENT else "",
        is_staff=is_site_staff,
        is_superuser=is_site_staff,
    )


# --- Coursework ---------------------------------------------------------------


def _make_coursework(course: Course, calendar: Calendar, bundle: Bundle) -> Assignment:
    """Set the first coursework's dates, import the example's bundle and publish it.

    It is due in a few days. The page that the course follows does not say how the half
    of the mark for coursework is split, so each of the two assignments gets half of it.
    """
    work = {assignment.slug: assignment for assignment in course.assignments.all()}
    first = work[COURSEWORK]
    first.due_at = calendar.first_deadline
    first.closes_at = first.due_at + LATE_WORK
    first.self_check_limit = SELF_CHECKS
    for assignment in work.values():
        assignment.weight_percent = SHARE
        assignment.save(
            update_fields=["due_at", "closes_at", "self_check_limit", "weight_percent"]
        )
    revision = import_revision(actor=SYSTEM, assignment=first, bundle=bundle)
    start_trials(actor=SYSTEM, revision=revision)
    publish_revision(actor=SYSTEM, revision=revision, reason=_NO_WAITING)
    first.revision = revision
    return first


def _make_warm_up(
    first: Assignment, exercises: Component, calendar: Calendar, bundle: Bundle
) -> Assignment:
    """Make an exercise that was due a few hours ago and takes late work.

    The course's rule for late work applies to it, as to the rest.
    """
    due_at = (calendar.now - WARM_UP_LATE).replace(minute=0, second=0, microsecond=0)
    warm_up = Assignment.objects.create(
        course=first.course,
        component=exercises,
        slug=WARM_UP,
        title="Warm-up",
        summary="The operations of the first task, to try out handing in. The better "
        "of *First steps* and this counts.",
        release_at=due_at - dt.timedelta(days=7),
        due_at=due_at,
        closes_at=due_at + LATE_WORK,
        counting=Counting.CHOICE,
        declaration_questions=f"{AI_TOOLS}\n{HOURS_WORKED} [number]",
    )
    revision = import_revision(actor=SYSTEM, assignment=warm_up, bundle=bundle)
    publish_revision(actor=SYSTEM, revision=revision, reason=_NO_WAITING)
    warm_up.revision = revision
    return warm_up


def _give_more_time(assignment: Assignment, people: dict[str, User]) -> None:
    """Give somebody an accommodation, and let somebody else ask for an extension."""
    set_accommodation(
        actor=people[f"lecturer@{DOMAIN}"],
        course=assignment.course,
        student=people[f"{ACCOMMODATED}@{DOMAIN}"],
        hours=0,
        percent=25,
        reason="A learning support agreement.",
    )
    ask_for_extension(
        actor=people[f"{ASKING}@{DOMAIN}"],
        assignment=assignment,
        wished_due_at=assignment.due_at + dt.timedelta(days=3),
        reason="A job interview abroad on the day of the deadline.",
    )


def _refuse_more_time(warm_up: Assignment, people: dict[str, User]) -> None:
    """Let somebody ask for more time after the deadline, and refuse it."""
    request = ask_for_extension(
        actor=people[f"{REFUSED}@{DOMAIN}"],
        assignment=warm_up,
        wished_due_at=warm_up.due_at + dt.timedelta(days=2),
        reason="I had the wrong day in my calendar.",
    )
    refuse_request(
        actor=people[f"lecturer@{DOMAIN}"],
        request=request,
        answer="The deadline was announced a week ago. You can still hand in late.",
    )


def _hand_in(
    student: User, assignment: Assignment, submission: str, now: dt.datetime
) -> object:
    said = {AI_TOOLS: "One wrote the docstrings.", HOURS_WORKED: "3.5"}
    answers = {each.key: said[each.text] for each in assignment.asked}
    declared, _ = declaration_of(assignment, answers)
    with _files_of(submission) as files:
        return submit_work(
            actor=student,
            assignment=assignment,
            files=files,
            started_at=now,
            idempotency_key=f"demo-{assignment.slug}-{submission}",
            declared=declared,
        )


def _check(student: User, assignment: Assignment, submission: str) -> None:
    """Put a check of the example's files in the queue; they are not handed in."""
    with _files_of(submission) as files:
        check_work(actor=student, assignment=assignment, files=files)


def _hand_in_for(
    student: User, people: Mapping[str, User], assignment: Assignment, submission: str
) -> object:
    """Hand in work that the student has sent to the lecturer before the deadline."""
    with _files_of(submission) as files:
        return submit_for_student(
            actor=people[f"lecturer@{DOMAIN}"],
            student=student,
            assignment=assignment,
            files=files,
            reason="Sent by mail: the student had no network.",
            stated_at=assignment.due_at - dt.timedelta(minutes=20),
        )


@contextmanager
def _files_of(submission: str) -> Iterator[list[IncomingFile]]:
    """Give the files of an example submission, opened."""
    folder = EXAMPLE / "submissions" / submission
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    with ExitStack() as stack:
        yield [
            IncomingFile(
                name=path.name,
                original_name=path.name,
                content=stack.enter_context(path.open("rb")),
                size=path.stat().st_size,
            )
            for path in paths
        ]
