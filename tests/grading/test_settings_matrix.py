"""Each setting is changed after work is in, and every page, list and feed is compared.

A case names the surfaces that change, with words that disappear and words that appear.
All other surfaces must stay the same: a setting that changes a page unexpectedly fails
too.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.db.models import Model

from courses.models import Assignment, Course, Extension
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseFactory,
    ExtensionFactory,
    RevisionFactory,
    UserFactory,
    WeekFactory,
)
from tests.grading.settings_world import (
    DAY,
    DUE,
    HOUR,
    NOW,
    SURFACES,
    World,
    look,
    make_world,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

# By surface: text that is there only before, and text that is there only after.
Pair = tuple[str, str]
Shows = Mapping[str, Pair | list[Pair]]
PAGES = ("course", "coursework", "marks", "home", "news", "receipt", "run", "best run")
STAFF_PAGES = ("staff table", "submissions", "manage", "extensions")
OWN_API = tuple(
    f"api {name}" for name in ("assignments", "submissions", "run", "marks")
)
STAFF_API = ("staff api marks", "late api")
FEED = {"feed": ("SEQUENCE:1", "SEQUENCE:2")}


@dataclass(frozen=True)
class Case:
    """A setting that is changed, and the changes that this shows."""

    change: Callable[[World], object]
    shows: Shows


def to(model: type[Model], **values: object) -> Callable[[World], object]:
    """Store the values without any service: no surface may need to be notified."""
    return lambda _: model._default_manager.update(**values)


def on(surfaces: tuple[str, ...], gone: str, come: str) -> Shows:
    return dict.fromkeys(surfaces, (gone, come))


# --- Changes of more than one value ------------------------------------------------


def another_course(world: World) -> None:
    other = CourseFactory.create(slug="vision", title="Vision", hidden=True)
    Assignment.objects.update(course=other, component=None, week=None)


def another_week(world: World) -> None:
    starts_on = (DUE - 30 * DAY).date()
    week = WeekFactory.create(course=world.course, number=5, starts_on=starts_on)
    Assignment.objects.update(week=week)


def another_component(world: World) -> None:
    component = ComponentFactory.create(course=world.course, title="Project")
    Assignment.objects.update(component=component)


def another_revision(world: World) -> None:
    revision = RevisionFactory.create(assignment=world.assignment, number=99999)
    Assignment.objects.update(revision=revision)


def extension_of_other_work(world: World) -> None:
    hidden = AssignmentFactory.create(course=world.course, hidden=True, title="X")
    Extension.objects.update(assignment=hidden)


def extension_of_somebody_else(world: World) -> None:
    Extension.objects.update(student=world.classmate)


def granted_by_another(world: World) -> None:
    other = UserFactory.create(first_name="Grace", last_name="Hopper")
    Extension.objects.update(granted_by=other)


# --- Expected changes -------------------------------------------------------------------------

ON_TIME: Shows = {
    "receipt": ("UTC Late", "UTC On time"),
    "run": ("GMT Late", ""),
    "api submissions": ('"is_late":true', ""),
    "late api": ('"count":1', '"count":0'),
}
OWN_MOVES: Shows = {
    "course": ("Late work accepted", "Due soon"),
    "coursework": ("Tue 9 Mar, 19:00 GMT Passed", "Thu 11 Mar, 18:00 GMT Due tomorrow"),
    "home": ("Nothing is due", "tomorrow Thu 11 Mar, 18:00 GMT"),
    "news": ("Your own deadline is Tue 9 Mar 2027, 19:00", "Thu 11 Mar 2027, 18:00"),
    "api changes": (
        "Your own deadline is Tue 9 Mar 2027, 19:00",
        "Thu 11 Mar 2027, 18:00",
    ),
    "feed": (":20270309T190000", ":20270311T180000"),
    "staff table": ("Late (1)", "Late (0)"),
    **ON_TIME,
}
NO_EXTENSION: Shows = {
    "course": ("Extended due Tue 9 Mar, 19:00", "due Tue 9 Mar, 18:00"),
    "coursework": ("Your own deadline", "Deadline Tue 9 Mar, 18:00 GMT"),
    "home": ("because you have an extension", "Digits is due on Tue 9 Mar 2027, 18:00"),
    "news": ("because you have an extension", "Digits is due on Tue 9 Mar 2027, 18:00"),
    "api changes": (
        "because you have an extension",
        "Digits is due on Tue 9 Mar 2027, 18:00",
    ),
    "feed": (":20270309T190000", ":20270309T180000"),
    "api assignments": ("2027-03-09T19:00:00Z", ""),
    # The signed receipt names the deadline by which it calls the work late.
    "receipt": ("Deadline: 2027-03-09T19:00:00Z", "Deadline: 2027-03-09T18:00:00Z"),
}
CLOSED: Shows = {
    "course": ("Late work accepted", "Closed"),
    "coursework": ("3 hidden", "You can no longer hand in"),
    "marks": ("are shown when you can no longer hand in", "So far 1 / 5"),
    "run": ("of 5 points, 3 hidden", "The harder one Not passed 0 / 3"),
    "best run": ("The harder one Not shown yet", "The harder one Passed 3 / 3"),
    "feed": ("Saturday 20 March", "Wednesday 10 March"),
    "api assignments": ("2027-03-20T18:00:00Z", "2027-03-10T11:00:00Z"),
    "api run": ('"outcome":"hidden"', '"outcome":"failed"'),
    "api marks": ('"shown_points":"2.00"', '"shown_points":"5.00"'),
    "export": ("closes: 20 March 18:00", "closes: 10 March 11:00"),
}
HIDDEN: Shows = {
    "course": ("Digits", "No coursework yet"),
    "coursework": ("Digits", "404"),
    "marks": ("Digits", "No coursework yet"),
    "home": ("The common deadline for Digits", "Nothing changed"),
    "news": ("Digits", "Nothing changed"),
    "feed": ("VEVENT", ""),
    "api assignments": ('"count":1', '"count":0'),
    "api changes": ('"count":1', '"count":0'),
}
NAMED = (*PAGES, *STAFF_PAGES)
LOSES_HALF: Shows = {
    "coursework": ("Late work is labelled as late", "Late work loses 50 %"),
    "marks": ("", "Handed in 16 hours late: 0.5 points lost."),
    "api assignments": ("Late work loses no points", "Late work loses 50 %"),
    "api marks": ('"earned":"1.00"', '"earned":"0.50"'),
    "staff table": ("", "1 − 0.5 late"),  # noqa: RUF001  a minus
    "staff api marks": ('"late_penalty":"0.00"', '"late_penalty":"0.50"'),
}
# Fields of a late rule, with a value, and how the API shows that it changes.
LATE_FIELDS = (
    ("late_unit", "hour", ('"unit":"day"', '"unit":"hour"')),
    ("late_step", 7, ('"step":null', '"step":"7.00"')),
    ("late_floor", 20, ('"floor":null', '"floor":"20.00"')),
    ("late_maximum", 30, ('"maximum":null', '"maximum":"30.00"')),
    ("late_zero_after", 3, ('"zero_after":null', '"zero_after":3')),
    ("late_days_limit", 2, ('"days_limit":null', '"days_limit":2')),
)

# By the settings that change, with spaces between them, or by what happens to one.
CASES: dict[str, Case] = {
    "assignment.course": Case(
        another_course,
        {
            **{name: HIDDEN[name] for name in set(HIDDEN) - {"news", "api changes"}},
            **on(("receipt", "run", "best run"), "Digits", "404"),
            "home": ("Your latest runs", ""),
            "api changes": ('"assignment":"digits"', '"assignment":null'),
            "api submissions": ('"count":2', '"count":0'),
            "api run": ("finished", "not_found"),
            "api marks": ('"count":1', '"count":0'),
            "staff table": ("Digits", "404"),
            "extensions": ("Digits", "404"),
            "submissions": ("Digits", "No coursework yet"),
            # The course that is being set up then has no coursework.
            "manage": ("", "Set its deadline and its share of the mark"),
            "staff api marks": ('"count":1', '"count":0'),
            "late api": ('"count":1', '"count":0'),
            "export": ("digits", ""),
        },
    ),
    "assignment.week": Case(
        another_week,
        {
            "course": ("", "Week 5: Convolutions"),
            "coursework": ("Coursework · Week 9", "Coursework · Week 5"),
            "api assignments": ('"week":9', '"week":5'),
            "export": ("", "week: 5"),
        },
    ),
    "assignment.slug": Case(
        to(Assignment, slug="letters"),
        {
            **FEED,
            "api assignments": ('"slug":"digits"', '"slug":"letters"'),
            "api changes": ('"assignment":"digits"', '"assignment":"letters"'),
            "export": ("slug: digits", "slug: letters"),
        },
    ),
    "assignment.title": Case(
        to(Assignment, title="Letters"),
        {
            **on(
                (*PAGES, "api assignments", "api changes", "feed", "export"),
                "Digits",
                "Letters",
            ),
            **on(("staff table", "submissions", "extensions"), "Digits", "Letters"),
        },
    ),
    "assignment.summary": Case(
        to(Assignment, summary="Read the letters."),
        on(
            ("coursework", "api assignments", "export"),
            "Read the digits.",
            "Read the letters.",
        ),
    ),
    "assignment.release_at": Case(
        to(Assignment, release_at=None), {**HIDDEN, "export": ("", "hidden: true")}
    ),
    "assignment.due_at": Case(
        to(Assignment, due_at=DUE + 2 * DAY),
        {
            **OWN_MOVES,
            "news": (
                "because you have an extension",
                "has moved to Thu 11 Mar 2027, 18:00 GMT.",
            ),
            "api changes": (
                "because you have an extension",
                "has moved to Thu 11 Mar 2027, 18:00 GMT.",
            ),
            "api assignments": ("2027-03-09", "2027-03-11T18:00:00Z"),
            **on(
                ("submissions", "extensions"), "Tue 9 Mar, 18:00", "Thu 11 Mar, 18:00"
            ),
            "export": ("due: 9 March 18:00", "due: 11 March 18:00"),
        },
    ),
    "assignment.grace_minutes": Case(
        to(Assignment, grace_minutes=24 * 60),
        {
            **ON_TIME,
            "course": ("Late work accepted", "Past due"),
            "coursework": (
                "You can still hand in, but your work will be labelled as late.",
                "",
            ),
            "staff table": ("Late (1)", "Late (0)"),
            "export": ("", "grace_minutes: 1440"),
        },
    ),
    "assignment.late_mode": Case(
        to(Assignment, late_mode="raw", late_step=50),
        {**LOSES_HALF, "export": ("", "late_mode: raw")},
    ),
    # Without a mode, the assignment has no rule of its own.
    " ".join(f"assignment.{name}" for name, _, _ in LATE_FIELDS): Case(
        to(Assignment, **{name: value for name, value, _ in LATE_FIELDS}),
        {"export": [("", f"{name}: {value}") for name, value, _ in LATE_FIELDS]},
    ),
    "assignment.pass_mark": Case(
        to(Assignment, pass_mark=50),
        {
            "api assignments": ('"pass_mark":"40.00"', '"pass_mark":"50.00"'),
            "export": ("", "pass_mark: 50"),
        },
    ),
    "course.late_mode": Case(
        to(Course, late_mode="raw", late_step=50),
        {**LOSES_HALF, "export": ("", "late_mode: raw")},
    ),
    " ".join(f"course.{name}" for name, _, _ in LATE_FIELDS): Case(
        to(Course, **{name: value for name, value, _ in LATE_FIELDS}),
        {
            "api assignments": [pair for _, _, pair in LATE_FIELDS],
            "export": [("", f"{name}: {value}") for name, value, _ in LATE_FIELDS],
        },
    ),
    "course.late_days": Case(
        to(Course, late_days=3),
        {
            "api courses": ('"late_days":0', '"late_days":3'),
            "export": ("", "late_days: 3"),
        },
    ),
    "course.pass_mark": Case(
        to(Course, pass_mark=50),
        {
            **on(
                ("api courses", "api assignments"),
                '"pass_mark":"40.00"',
                '"pass_mark":"50.00"',
            ),
            "export": ("", "pass_mark: 50"),
        },
    ),
    "course.letter_scale": Case(
        to(Course, letter_scale="A 70, F 0"),
        {
            "api courses": ('"letter_scale":""', '"letter_scale":"A 70, F 0"'),
            "export": ("", "letter_scale: A 70, F 0"),
        },
    ),
    "course.total_decimals": Case(
        to(Course, total_decimals=2),
        {
            "api courses": ('"total_decimals":1', '"total_decimals":2'),
            "export": ("", "total_decimals: 2"),
        },
    ),
    "course.examiners_see_codes": Case(
        to(Course, examiners_see_codes=True),
        {
            "api courses": (
                '"examiners_see_codes":false',
                '"examiners_see_codes":true',
            ),
            "export": ("", "examiners_see_codes: true"),
        },
    ),
    "course.quota_mb": Case(
        to(Course, quota_mb=512),
        {
            "coursework": ("of 2 GB used", "of 512 MB used"),
            "api courses": ('"quota_mb":null', '"quota_mb":512'),
            "export": ("", "quota_mb: 512"),
        },
    ),
    "course.weights_days": Case(
        to(Course, weights_days=30),
        {
            "coursework": ("", "do not count are removed 30 days after"),
            "api courses": ('"weights_days":null', '"weights_days":30'),
            "export": ("", "weights_days: 30"),
        },
    ),
    "assignment.marking_is_anonymous": Case(
        to(Assignment, marking_is_anonymous=True),
        {
            "api assignments": (
                '"marking_is_anonymous":false',
                '"marking_is_anonymous":true',
            ),
            "export": ("", "marking_is_anonymous: true"),
        },
    ),
    "assignment.markers_see_own_only": Case(
        to(Assignment, markers_see_own_only=True),
        {"export": ("", "markers_see_own_only: true")},
    ),
    "assignment.agreed_above": Case(
        to(Assignment, agreed_above=Decimal("1.5")),
        {"export": ("", "agreed_above: 1.5")},
    ),
    "assignment.regrades_until": Case(
        to(Assignment, regrades_until=DUE + 9 * DAY),
        {
            "api assignments": ('"regrades_until":null', '"regrades_until":"2027'),
            "export": ("", "regrades_until: "),
            "staff table": ("", "Regrade requests"),
        },
    ),
    "assignment.regrade_limit": Case(
        to(Assignment, regrade_limit=5),
        {
            "api assignments": ('"regrade_limit":3', '"regrade_limit":5'),
            "export": ("", "regrade_limit: 5"),
        },
    ),
    "assignment.upload_minutes": Case(
        to(Assignment, upload_minutes=45),
        {
            "coursework": ("within 30 minutes", "within 45 minutes"),
            "api assignments": ('"upload_minutes":30', '"upload_minutes":45'),
            "export": ("", "upload_minutes: 45"),
        },
    ),
    "assignment.self_check_limit": Case(
        to(Assignment, self_check_limit=4),
        {
            "coursework": ("", "4 of 4 left"),
            "api assignments": ('"self_check_limit":0', '"self_check_limit":4'),
            "export": ("", "self_check_limit: 4"),
        },
    ),
    "assignment.self_check_minutes": Case(
        to(Assignment, self_check_minutes=45),
        {
            "api assignments": ('"self_check_minutes":30', '"self_check_minutes":45'),
            "export": ("", "self_check_minutes: 45"),
        },
    ),
    "assignment.closes_at": Case(to(Assignment, closes_at=NOW - HOUR), CLOSED),
    "assignment.max_attempts": Case(
        to(Assignment, max_attempts=1),
        {
            "course": ("Late work accepted", "All attempts used"),
            "coursework": ("my own, unaided work", "2 attempts. At most 1 is allowed"),
            "api assignments": ('"max_attempts":null', '"max_attempts":1'),
            "export": ("", "attempts: 1"),
        },
    ),
    "assignment.cooldown_minutes": Case(
        to(Assignment, cooldown_minutes=90),
        {
            "coursework": (
                "my own, unaided work",
                "Between two attempts you must wait 90 minutes",
            ),
            "api assignments": ('"cooldown_minutes":0', '"cooldown_minutes":90'),
            "export": ("", "cooldown_minutes: 90"),
        },
    ),
    "assignment.declaration": Case(
        to(Assignment, declaration="I did it alone."),
        {
            "coursework": ("my own, unaided work", "I did it alone."),
            "api assignments": ("my own, unaided work", "I did it alone."),
            "export": ("", "declaration: I did it alone."),
        },
    ),
    "assignment.declaration_questions": Case(
        to(Assignment, declaration_questions="Hours worked [number]"),
        {
            "coursework": ("", "Hours worked optional"),
            "api assignments": (
                '"declaration_questions":[]',
                '"text":"Hours worked","is_number":true,"is_required":false',
            ),
            "export": ("", "declaration_questions: Hours worked [number]"),
        },
    ),
    "assignment.cpu_budget_seconds": Case(
        to(Assignment, cpu_budget_seconds=600),
        {
            "coursework": ("", "CPU time left for your runs"),
            "api assignments": (
                '"cpu_budget_seconds":null',
                '"cpu_budget_seconds":600',
            ),
            "export": ("", "cpu_budget_seconds: 600"),
        },
    ),
    "assignment.gpu_budget_seconds": Case(
        to(Assignment, gpu_budget_seconds=600),
        {
            "coursework": ("", "GPU time left for your runs"),
            "api assignments": (
                '"gpu_budget_seconds":null',
                '"gpu_budget_seconds":600',
            ),
            "export": ("", "gpu_budget_seconds: 600"),
        },
    ),
    "assignment.counting": Case(
        to(Assignment, counting="best"),
        {
            "coursework": (
                "This will replace your 1 point",
                "The best attempt counts. You see which",
            ),
            "marks": ("attempt 2 counts", "2 / 5"),
            "run": ("Counts for the mark", ""),
            "api assignments": ('"counting":"latest"', '"counting":"best"'),
            "api marks": ('"earned":"1.00"', '"run":null'),
            "staff table": ("attempt 2 1 / 5", "attempt 1 5 / 5"),
            "staff api marks": ('"final_points":"1.00"', '"final_points":"5.00"'),
            "export": ("", "counting: best"),
        },
    ),
    "assignment.component": Case(
        another_component,
        {
            "marks": ("Practicals Digits 50 %", "Project Digits 50 %"),
            "submissions": (
                "The weights add up to 50 %, not to",
                "Project Digits 50 %",
            ),
            "manage": ("The shares of the mark add up to 50 %", ""),
            "api assignments": ('"Practicals"', '"Project"'),
            "export": ("component: Practicals", "component: Project"),
        },
    ),
    "assignment.weight_percent": Case(
        to(Assignment, weight_percent=20),
        {
            **on(("course", "coursework"), "50 % of the", "20 % of the"),
            **on(("marks", "submissions"), "Digits 50 %", "Digits 20 %"),
            "manage": ("", "The coursework of Practicals adds up to 20 %"),
            "api assignments": ('"50.00"', '"20.00"'),
            "export": ("Practicals\n    weight: 50", "Practicals\n    weight: 20"),
        },
    ),
    "assignment.is_extra_credit": Case(
        to(Assignment, is_extra_credit=True),
        {
            **on(("marks", "submissions"), "Digits 50 % 50 %", "Digits 50 % (extra)"),
            "api assignments": ('"is_extra_credit":false', '"is_extra_credit":true'),
            "export": ("", "is_extra_credit: true"),
        },
    ),
    "assignment.marks_out_of": Case(
        # No form allows it once work is in. Nothing is handed in any more, and nobody
        # has a deadline of their own.
        to(Assignment, marks_out_of=50, revision=None),
        {
            "course": ("Late work accepted", "Past Handed in"),
            "coursework": ("Your own deadline", "Nothing is handed in here"),
            "marks": ("/ 5 so far", "All 1 4 5"),
            "home": (
                "because you have an extension",
                "is due on Tue 9 Mar 2027, 18:00",
            ),
            **on(
                ("news", "api changes"),
                "because you have an extension",
                "Digits is due on Tue 9 Mar 2027, 18:00",
            ),
            "receipt": (
                "Deadline: 2027-03-09T19:00:00Z",
                "Deadline: 2027-03-09T18:00:00Z",
            ),
            "run": ("of 5 points, 3 hidden", "The harder one Not passed 0 / 3"),
            "best run": ("Not shown yet", "The harder one Passed 3 / 3"),
            "feed": ("Due: Digits", "More: http"),
            "api assignments": ('"marks_out_of":null', '"marks_out_of":"50.00"'),
            "api run": ('"shown_points":"0.00"', '"outcome":"failed"'),
            "api marks": ('"shown_points":"2.00"', '"shown_points":"5.00"'),
            "staff table": ("Handed in", "302"),
            "submissions": ("Digits Due Tue", "Marks are entered"),
            "extensions": ("Illness", "404"),
            "export": ("", "marks_out_of: 50"),
        },
    ),
    "assignment.marks_released_at": Case(
        # The student of this world may still hand in, and so sees no more of it.
        to(Assignment, marks_released_at=NOW - HOUR),
        {
            "coursework": ("Marks are provisional", "You see yours as soon as"),
            "api assignments": ('"marks_are_released":false', ""),
        },
    ),
    "assignment, once handing in has closed": Case(
        to(Assignment, marks_released_at=NOW - HOUR, closes_at=NOW - HOUR),
        {
            **CLOSED,
            "coursework": ("Marks are provisional", "You can no longer hand in"),
            "marks": ("Provisional", "Released"),
            "api assignments": ('"marks_are_released":false', "2027-03-10T11:00:00Z"),
            "api marks": ('"parts":null', '"final_points":"1.00"'),
            "staff api marks": ('"is_provisional":true', ""),
        },
    ),
    "assignment.revision": Case(
        another_revision,
        # The marks stay those of the revision that graded them, until a re-score.
        {
            "coursework": ("The harder one", "2 points in all"),
            "api assignments": ("The harder one", '"number":99999'),
            "staff table": ("", "Revision 99999"),
        },
    ),
    "course.slug": Case(
        to(Course, slug="vision"),
        {
            **FEED,
            **on(
                (*OWN_API, *STAFF_API, "api changes"),
                '"course":"dl"',
                '"course":"vision"',
            ),
            "api courses": ('"slug":"dl"', '"slug":"vision"'),
        },
    ),
    "course.title": Case(
        to(Course, title="Vision"),
        on((*NAMED, "api courses", "export"), "Deep Learning", "Vision"),
    ),
    "course.module_codes": Case(
        to(Course, module_codes=["60001"]),
        {
            **on(NAMED, "70010/97111", "60001"),
            **on(("api courses", "export", "feed"), "97111", "60001"),
        },
    ),
    "course.academic_year": Case(
        to(Course, academic_year="2027-28"),
        {
            **on((*NAMED, "api courses"), "2026-27", "2027-28"),
            # Dates are in the next year; other years are written out.
            "export": ("starts: 8 March\n", "starts: 8 March 2027"),
        },
    ),
    "course.time_zone": Case(
        to(Course, time_zone="Asia/Dubai"),
        {
            **on(("course", "coursework", "run", "best run"), "GMT", "UTC+04"),
            **on(("receipt",), "11:00:00 GMT", "15:00:00 +04"),
            **on(("staff table", "submissions", "extensions"), "GMT", "UTC+04"),
            **on(("home", "news", "api changes"), "27, 19:00 GMT,", "23:00 UTC+04"),
            "manage": ("Sun 7 Mar, 18:00 GMT", "Sun 7 Mar, 22:00 UTC+04"),
            "api courses": ("Europe/London", "Asia/Dubai"),
            "feed": ("TZID=Europe/London:20270309T19", "TZID=Asia/Dubai:20270309T23"),
            "export": ("due: 9 March 18:00", "due: 9 March 22:00"),
        },
    ),
    "course.summary": Case(
        to(Course, summary="How machines see."),
        on(
            ("course", "api courses", "export"),
            "How networks learn.",
            "How machines see.",
        ),
    ),
    "course.release_at": Case(
        to(Course, release_at=None),
        {
            **on(tuple(set(PAGES) - {"home"}), "Digits", "404"),
            "news": ("Digits", "404"),
            "home": ("Digits", "You are not in a course yet"),
            "feed": ("VEVENT", ""),
            **on(("api submissions",), '"count":2', '"count":0'),
            "api run": ("finished", "not_found"),
            **on(
                ("api assignments", "api marks", "api courses", "api changes"),
                '"count":1',
                '"count":0',
            ),
            "manage": ("", "Students do not see the course"),
            "export": ("released: 27 January 20:00", ""),
        },
    ),
    "extension.assignment": Case(
        extension_of_other_work,
        {
            **NO_EXTENSION,
            "extensions": ("Illness", "No extensions"),
            "submissions": ("", " X "),
            "manage": ("", "X"),
            "export": ("", "title: X"),
        },
    ),
    "extension.student": Case(
        extension_of_somebody_else,
        {**NO_EXTENSION, "extensions": ("Sam Student Tue 9", "Class Mate Tue 9")},
    ),
    "extension.due_at": Case(
        to(Extension, due_at=DUE + 2 * DAY),
        {
            **OWN_MOVES,
            "api assignments": ("2027-03-09T19:00:00Z", "2027-03-11T18:00:00Z"),
            "extensions": ("Tue 9 Mar, 19:00", "Thu 11 Mar, 18:00"),
        },
    ),
    "extension.reason": Case(
        to(Extension, reason="A fire"), {"extensions": ("Illness", "A fire")}
    ),
    "extension.granted_by": Case(
        granted_by_another, {"extensions": ("", "Grace Hopper")}
    ),
    # No page shows when it was granted; the changes record it.
    "extension.granted_at": Case(to(Extension, granted_at=NOW), {}),
    "extension, withdrawn": Case(
        lambda _: Extension.objects.all().delete(),
        {**NO_EXTENSION, "extensions": ("Illness", "No extensions")},
    ),
}


def test_every_setting_has_a_case() -> None:
    fields = {
        f"{name_of(model)}.{field.name}"
        for model in (Assignment, Course, Extension)
        for field in model._meta.fields
        if not field.primary_key
    }
    assert {n for names in CASES for n in names.split() if "." in n} == fields
    models = tuple(name_of(model) for model in (Assignment, Course, Extension))
    assert all(name.startswith(models) for name in CASES)


@contextmanager
def undone() -> Iterator[None]:
    """Undo in the end what is stored meanwhile."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", [Assignment, Course, Extension])
@time_machine.travel(NOW, tick=False)
def test_changed_setting_shows_everywhere_at_once(
    model: type[Model], subtests: pytest.Subtests
) -> None:
    world = make_world()
    before = look(world)
    of_model = {n: case for n, case in CASES.items() if n.startswith(name_of(model))}
    assert of_model
    for setting, case in of_model.items():
        with subtests.test(setting), undone():
            case.change(world)
            assert_changed(case, before, look(world))


def name_of(model: type[Model]) -> str:
    return model.__name__.lower()


def assert_changed(case: Case, before: dict[str, str], after: dict[str, str]) -> None:
    changed = {name for name in SURFACES if before[name] != after[name]}
    assert changed == set(case.shows)
    for name, gone, come in pairs_of(case.shows):
        assert gone in before[name], name
        assert not gone or gone not in after[name], name
        assert come in after[name], name
        assert not come or come not in before[name], name


def pairs_of(shows: Shows) -> Iterator[tuple[str, str, str]]:
    for name, pairs in shows.items():
        each: list[Pair] = pairs if isinstance(pairs, list) else [pairs]
        yield from ((name, gone, come) for gone, come in each)


@time_machine.travel(NOW, tick=False)
def test_extension_granted_afterwards_shows_everywhere_at_once() -> None:
    world = make_world()
    Extension.objects.all().delete()
    before = look(world)
    ExtensionFactory.create(
        assignment=world.assignment, student=world.student, due_at=DUE + 2 * DAY
    )
    after = look(world)
    assert {name for name in SURFACES if before[name] != after[name]} == {
        *OWN_MOVES,
        "api assignments",
        "extensions",
    }
    for name in ("news", "home", "api changes"):
        assert (
            "Your own deadline is Thu 11 Mar 2027, 18:00 GMT, because you have an ext"
            in after[name]
        )
    for name, _, come in pairs_of(ON_TIME):
        assert come in after[name]
