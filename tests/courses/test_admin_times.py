"""Times in the admin are in the zone of the row's course, which is named there."""

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from courses.models import (
    Announcement,
    Assignment,
    Course,
    Enrolment,
    Extension,
    Material,
    Session,
    Week,
)
from courses.wall_clock import check_hour
from grading.models import GradingRun, Mark
from submissions.models import Submission
from tests.courses.admin_pages import address
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    LectureFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
)
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
NEW_YORK: Final = ZoneInfo("America/New_York")
NAMED: Final = "America/New_York"
SHOWN: Final = (Course, Week, Session, Material, Assignment, Announcement)
LISTED: Final = (*SHOWN, Enrolment, Submission, GradingRun, Mark)
A_TIME: Final = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d (\S+?)[<\s]")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory.create(site_staff=True))
    return client


@pytest.fixture
def course() -> Course:
    """Give a course in a zone far from the site's, beside one in the site's."""
    CourseFactory.create()
    return CourseFactory.create(time_zone=NAMED)


@pytest.fixture
def world() -> World:
    """Give a world in which every course is in New York and the site in London."""
    made = make_world()
    Course.objects.update(time_zone=NAMED)
    return made


def assignment_form(course: Course, **changed: Any) -> dict[str, Any]:
    return {
        "course": course.pk,
        "title": "CW",
        "slug": "cw",
        "due_at_0": "2026-12-04",
        "due_at_1": "23:59",
        "counting": "latest",
        "grace_minutes": "0",
        "late_unit": "day",
        "upload_minutes": "30",
        "self_check_limit": "0",
        "self_check_minutes": "30",
        "cooldown_minutes": "0",
        "weight_percent": "10",
        "agreed_above": "0",
        "regrade_limit": "3",
        **changed,
    }


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Tokyo"])
def test_deadline_is_entered_by_the_chosen_courses_clocks(
    staff: Client, course: Course, zone: str, settings: Any
) -> None:
    settings.TIME_ZONE = zone
    answer = staff.post(
        address(Assignment, "add"), assignment_form(course), follow=True
    )
    due = Assignment.objects.get().due_at.astimezone(NEW_YORK)
    assert f"{due:%Y-%m-%d %H:%M}" == "2026-12-04 23:59"
    assert "Fri 4 Dec 2026, 23:59 EST (America/New_York)" in answer.content.decode()


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(2026, 12, 5, 4, 59, 30, 123456, tzinfo=dt.UTC),
        # The second 01:30 of that night.
        dt.datetime(2027, 11, 7, 6, 30, tzinfo=dt.UTC),
    ],
)
def test_page_saved_unchanged_moves_no_time(
    staff: Client, course: Course, moment: dt.datetime
) -> None:
    row = AssignmentFactory.create(course=course, due_at=moment)
    due = row.due_at.astimezone(NEW_YORK)
    form = assignment_form(
        course, due_at_0=f"{due:%Y-%m-%d}", due_at_1=f"{due:%H:%M:%S}"
    )
    inlines = {"revisions": 1, "extensions": 0}
    for name, rows in inlines.items():
        form |= {f"{name}-TOTAL_FORMS": rows, f"{name}-INITIAL_FORMS": rows}
    staff.post(address(Assignment, "change", row.pk), form)
    row.refresh_from_db()
    assert row.due_at == moment
    assert row.title == "CW"


@pytest.mark.parametrize("model", SHOWN)
def test_every_field_of_a_time_names_the_zone(
    model: type[Model], staff: Client, world: World
) -> None:
    row = model._default_manager.filter(
        **({"pk": world.course.pk} if model is Course else {"course": world.course})
    )[0]
    page = staff.get(address(model, "change", row.pk)).content.decode()
    fields = page.count('class="datetime"')
    assert fields > 0
    assert page.count(f"data-zone>{NAMED}<") == fields
    assert set(A_TIME.findall(page)) <= {"EST", "EDT"}
    assert 'data-admin-utc-offset="-1' in page


@pytest.mark.parametrize("model", LISTED)
@pytest.mark.parametrize("is_mixed", [False, True])
def test_list_shows_each_time_by_its_courses_clocks(
    model: type[Model], staff: Client, world: World, *, is_mixed: bool
) -> None:
    if is_mixed:
        CourseFactory.create(time_zone="Asia/Tokyo", release_at=None)
    page = staff.get(address(model, "changelist")).content.decode()
    zones = set(A_TIME.findall(page))
    assert zones
    assert zones <= {"EST", "EDT"}


def test_extension_and_history_are_by_the_courses_clocks(
    staff: Client, world: World
) -> None:
    row = world.assignment
    ExtensionFactory.create(assignment=row, student=world.people["owner"])
    LogEntry.objects.create(
        user=world.people["superuser"],
        content_type=ContentType.objects.get_for_model(Assignment),
        object_id=str(row.pk),
        object_repr="x",
        action_flag=CHANGE,
        action_time=timezone.now(),
    )
    for page in ("change", "history"):
        content = staff.get(address(Assignment, page, row.pk)).content.decode()
        assert set(A_TIME.findall(content)) <= {"EST", "EDT"}
        assert A_TIME.search(content)


def test_list_of_several_zones_has_no_date_drilldown(
    staff: Client, course: Course
) -> None:
    AssignmentFactory.create(course=course)
    mixed = staff.get(address(Assignment, "changelist"))
    assert mixed.context["cl"].date_hierarchy is None
    one = staff.get(address(Assignment, "changelist"), {"course__id__exact": course.pk})
    assert one.context["cl"].date_hierarchy == "due_at"


# --- Hours that do not exist, or exist twice ---------------------------------------------


@pytest.mark.parametrize(
    ("day", "hour", "words"),
    [
        ("2027-03-14", "02:30", "has no 02:30 on Sun 14 Mar 2027"),
        ("2027-11-07", "01:30", "has 01:30 twice on Sun 7 Nov 2027"),
    ],
)
def test_hour_that_the_clocks_skip_or_repeat_is_refused_in_words(
    staff: Client, course: Course, day: str, hour: str, words: str
) -> None:
    form = assignment_form(course, due_at_0=day, due_at_1=hour)
    answer = staff.post(address(Assignment, "add"), form)
    (error,) = answer.context["adminform"].errors["due_at"]
    assert words in error
    assert "Enter a time before 0" in error
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("zone", "moment", "words"),
    [
        ("Europe/London", "2027-03-28 01:00", "before 01:00, or 02:00 or later"),
        ("Europe/London", "2027-10-31 01:59", "before 01:00, or 02:00 or later"),
        ("Australia/Lord_Howe", "2027-10-03 02:15", "before 02:00, or 02:30 or later"),
        ("Europe/London", "2027-03-28 02:00", ""),
        ("Europe/London", "2027-10-31 02:00", ""),
        ("UTC", "2027-03-28 01:30", ""),
    ],
)
def test_error_names_the_hours_around_the_clock_change(
    zone: str, moment: str, words: str
) -> None:
    naive = dt.datetime.fromisoformat(moment)
    if not words:
        check_hour(naive, ZoneInfo(zone))
        return
    with pytest.raises(ValidationError, match=words):
        check_hour(naive, ZoneInfo(zone))


# --- The course of a new row ---------------------------------------------------


@pytest.mark.parametrize("model", [Assignment, Week, Session, Material, Extension])
def test_course_of_a_new_row_is_chosen_first(
    model: type[Model], staff: Client, course: Course
) -> None:
    page = staff.get(address(model, "add"), {"_popup": "1"})
    assert set(page.context["courses"]) == set(Course.objects.all())
    assert f'href="?course={course.pk}&amp;_popup=1"' in page.content.decode()
    form = staff.get(address(model, "add"), {"course": course.pk})
    assert f"data-zone>{NAMED}<" in form.content.decode()


def test_form_of_a_new_row_offers_rows_of_the_chosen_course(
    staff: Client, course: Course
) -> None:
    for each in Course.objects.all():
        WeekFactory.create(course=each)
        LectureFactory.create(course=each)
        TeacherFactory.create(course=each)
    page = staff.get(address(Session, "add"), {"course": course.pk})
    form = page.context["adminform"].form
    assert set(form.fields["course"].queryset) == {course}
    assert set(form.fields["week"].queryset) == set(course.weeks.all())
    assert set(form.fields["teachers"].queryset) == set(course.teachers.all())


def test_extension_is_for_a_student_of_the_chosen_course(
    staff: Client, course: Course
) -> None:
    own = AssignmentFactory.create(course=course)
    AssignmentFactory.create()
    student = EnrolmentFactory.create(course=course).user
    EnrolmentFactory.create()
    page = staff.get(address(Extension, "add"), {"course": course.pk})
    form = page.context["adminform"].form
    assert set(form.fields["assignment"].queryset) == {own}
    assert set(form.fields["student"].queryset) == {student}


@pytest.mark.parametrize("given", ["0", "x", "9" * 40, "-1", "1; drop"])
def test_invalid_course_is_asked_for_again(
    staff: Client, course: Course, given: str
) -> None:
    answer = staff.get(address(Extension, "add"), {"course": given})
    assert answer.status_code in {200, 400}
    assert answer.status_code == 400 or answer.context["courses"]


def test_courses_of_others_are_not_offered(course: Course) -> None:
    user = UserFactory.create(is_staff=True)
    own = [EnrolmentFactory.create(user=user, lecturer=True).course for _ in range(2)]
    client = Client()
    client.force_login(user)
    page = client.get(address(Week, "add"), {"course": course.pk})
    assert set(page.context["courses"]) == set(own)


# --- The course itself -----------------------------------------------------------


def course_form(**changed: Any) -> dict[str, Any]:
    return {
        "slug": "70010-new",
        "title": "New",
        "module_codes": "70010",
        "academic_year": "2026-27",
        "time_zone": NAMED,
        "late_mode": "none",
        "late_unit": "day",
        "late_days": "0",
        "pass_mark": "40",
        "total_decimals": "1",
        "release_at_0": "2026-12-04",
        "release_at_1": "09:00",
        **changed,
    }


def test_new_course_is_released_by_the_clocks_given_on_the_page(
    staff: Client,
) -> None:
    page = staff.get(address(Course, "add")).content.decode()
    assert "as given on this page" in page
    answer = staff.post(address(Course, "add"), course_form())
    assert answer.status_code == 302, answer.context["errors"]
    assert Course.objects.get().release_at == dt.datetime(
        2026, 12, 4, 14, tzinfo=dt.UTC
    )


def test_changed_zone_moves_no_moment_and_the_page_says_so(staff: Client) -> None:
    row = CourseFactory.create(release_at=dt.datetime(2026, 12, 4, 9, tzinfo=dt.UTC))
    form = course_form()
    for name in ("enrolments", "components", "weeks"):
        form |= {f"{name}-TOTAL_FORMS": 0, f"{name}-INITIAL_FORMS": 0}
    answer = staff.post(address(Course, "change", row.pk), form, follow=True)
    before, zone = row.release_at, row.time_zone
    row.refresh_from_db()
    assert (row.release_at, row.time_zone != zone) == (before, True)
    assert "is still at the same moment" in answer.content.decode()
