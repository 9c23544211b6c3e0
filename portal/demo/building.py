"""Makes the demo course, once. What somebody changed in it afterwards stays."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.text import slugify

from accounts.actors import SYSTEM
from accounts.models import User
from courses.bundle import Bundle, read_bundle
from courses.models import Assignment, Course, Extension, Material, Role, Week
from courses.services.enrolments import enrol
from courses.services.revisions import import_revision
from grading.services import publish_revision, start_trials, submit_work
from portal.demo.calendar import Calendar
from portal.demo.people import DOMAIN, EVERYBODY, Person
from portal.demo.sheets import notebook, pdf_page
from portal.demo.timetable import COURSE_ITEMS, SUMMARY, WEEKS, Item
from submissions.services import IncomingFile

SLUG: Final = "deep-learning"
COURSEWORK: Final = "conv-digits"
EXAMPLE: Final[Path] = settings.BASE_DIR / "examples" / "conv-digits"
_SECOND_BRIEF: Final = """\
Train a variational autoencoder on digits, and explain what its latent space shows.
"""
_BRIEF: Final = """\
You write the four operations that a small convolutional network is made of, then \
train such a network to read handwritten digits.

Download the notebook and the data, fill in what is missing, and hand in **your \
notebook and your weights**. The notebook is run without training, so your weights \
are what is measured.
"""
_NO_WAITING: Final = (
    "The demo begins with work handed in, before a worker could run the trials."
)


@dataclass(frozen=True, kw_only=True)
class DemoReport:
    """What `build_demo` left: the course, and whether it was made just now."""

    course: Course
    was_made: bool
    runs: int = 0


def find_demo() -> Course | None:
    """Return the demo course if this portal has it."""
    return Course.objects.filter(slug=SLUG).first()


def has_content_of_its_own() -> bool:
    """Whether the portal holds courses or people other than the demo's."""
    return (
        Course.objects.exclude(slug=SLUG).exists()
        or User.objects.exclude(email__endswith=f"@{DOMAIN}").exists()
    )


def build_demo(*, password: str, now: dt.datetime) -> DemoReport:
    """The portal has the demo course, its people, and work in the queue.

    If it has the course already, nothing changes.
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
        Extension.objects.create(
            assignment=assignment,
            student=people[f"irene.carvalho@{DOMAIN}"],
            due_at=assignment.due_at + dt.timedelta(days=7),
            reason="Ill for a week, certified.",
            granted_by=people[f"lecturer@{DOMAIN}"],
        )
    # Handing in stores files, which must not hold up other writers: no transaction.
    runs = [
        _hand_in(people[person.email], assignment, submission, now)
        for person in EVERYBODY
        for submission in person.hands_in
    ]
    return DemoReport(course=course, was_made=True, runs=len(runs))


# --- Course -------------------------------------------------------------------


def _make_course(calendar: Calendar) -> Course:
    course = Course.objects.create(
        slug=SLUG,
        title="Deep Learning",
        module_codes=["70010", "97111"],
        academic_year=calendar.academic_year,
        time_zone="Europe/London",
        summary=SUMMARY,
        release_at=calendar.at(1),
    )
    for position, item in enumerate(COURSE_ITEMS):
        _make_material(course, None, item, position, calendar.at(1))
    for entry in WEEKS:
        week = Week.objects.create(
            course=course,
            number=entry.number,
            starts_on=calendar.monday(entry.number),
            title=entry.title,
            summary=entry.summary,
            release_at=calendar.at(1),
        )
        for position, item in enumerate(entry.items):
            is_quiz = item.kind == Material.Kind.QUIZ
            out = calendar.at(
                entry.number, day=4 if is_quiz else 0, hour=17 if is_quiz else 9
            )
            # What this week needs is there, whatever hour it is on Monday.
            released_at = (
                min(out, calendar.now) if out.date() <= calendar.today else out
            )
            _make_material(course, week, item, position, released_at)
    return course


def _make_material(
    course: Course, week: Week | None, item: Item, position: int, at: dt.datetime
) -> None:
    material = Material(
        course=course,
        week=week,
        kind=item.kind,
        key=slugify(f"{week.number if week else 'course'} {item.code or item.title}"),
        code=item.code,
        title=item.title,
        url=item.url,
        examinable=item.examinable,
        position=position,
        release_at=at,
    )
    if not item.url and item.kind != Material.Kind.QUIZ:
        title = f"{item.code} {item.title}".strip()
        if item.kind == Material.Kind.NOTEBOOK:
            name, content = f"{slugify(title)}.ipynb", notebook(title=title)
        else:
            name, content = (
                f"{slugify(title)}.pdf",
                pdf_page(title=title, course=str(course)),
            )
        material.file.save(name, ContentFile(content), save=False)
    material.save()


# --- People -------------------------------------------------------------------


def _make_people(course: Course, password: str) -> dict[str, User]:
    """Accounts with one password, hashed once: it is no secret, and takes a moment."""
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
    weeks = {week.number: week for week in course.weeks.all()}
    due_at = calendar.first_deadline
    first = Assignment.objects.create(
        course=course,
        week=weeks[4],
        slug=COURSEWORK,
        title=bundle.title,
        summary=_BRIEF,
        release_at=calendar.at(3),
        due_at=due_at,
        closes_at=due_at + dt.timedelta(days=14),
        weight_percent=25,
    )
    revision = import_revision(actor=SYSTEM, assignment=first, bundle=bundle)
    start_trials(actor=SYSTEM, revision=revision)
    publish_revision(actor=SYSTEM, revision=revision, reason=_NO_WAITING)
    first.revision = revision
    Assignment.objects.create(
        course=course,
        week=weeks[8],
        slug="generative-models",
        title="Generative models on digits",
        summary=_SECOND_BRIEF,
        release_at=calendar.at(6),
        due_at=calendar.at(8, day=4, hour=19),
        closes_at=calendar.at(10, day=4, hour=19),
        weight_percent=25,
    )
    return first


def _hand_in(
    student: User, assignment: Assignment, submission: str, now: dt.datetime
) -> object:
    folder = EXAMPLE / "submissions" / submission
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    opened = [path.open("rb") for path in paths]
    try:
        return submit_work(
            actor=student,
            assignment=assignment,
            files=[
                IncomingFile(
                    name=path.name,
                    original_name=path.name,
                    content=content,
                    size=path.stat().st_size,
                )
                for path, content in zip(paths, opened, strict=True)
            ],
            started_at=now,
            idempotency_key=f"demo-{submission}",
        )
    finally:
        for content in opened:
            content.close()
