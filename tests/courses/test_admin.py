"""The admin is fast, follows the table of rights, and keeps frozen rows unchanged."""

import datetime as dt
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    Enrolment,
    Extension,
    Material,
    RevisionFile,
    Week,
)
from formats.choices import Role
from submissions.models import Submission
from tests.courses.admin_pages import address, queries_of
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    MaterialFactory,
    RequiredFileFactory,
    RevisionFactory,
    RevisionFileFactory,
    SubmissionFactory,
    UserFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db
MODELS: tuple[type[models.Model], ...] = (
    Course,
    Enrolment,
    Week,
    Material,
    Assignment,
    AssignmentRevision,
    Extension,
    Submission,
)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def site_staff() -> Client:
    return client_of(UserFactory.create(site_staff=True))


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> Client:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True)
    return client_of(user)


def add_content(course: Course) -> None:
    """Add one more row of everything to the course."""
    student = EnrolmentFactory.create(course=course).user
    EnrolmentFactory.create(course=course, assistant=True)
    week = WeekFactory.create(course=course)
    MaterialFactory.create(course=course, week=week)
    assignment = AssignmentFactory.create(course=course, week=week)
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    RevisionFileFactory.create(revision=assignment.revision)
    ExtensionFactory.create(assignment=assignment, student=student)
    SubmissionFactory.create(assignment=assignment, author=student)


def add_page_content(course: Course) -> None:
    """Add one more row of everything that is shown within one change page."""
    add_content(course)
    assignment = Assignment.objects.earliest("pk")
    week = Week.objects.earliest("pk")
    MaterialFactory.create(course=course, week=week)
    RevisionFactory.create(assignment=assignment, with_content=False)
    ExtensionFactory.create(assignment=assignment)
    RevisionFileFactory.create(
        revision=assignment.revision, name=f"more-{RevisionFile.objects.count()}.txt"
    )


@pytest.mark.parametrize("model", MODELS)
def test_list_answers_with_queries_that_do_not_grow(
    model: type[models.Model], site_staff: Client, course: Course
) -> None:
    add_content(course)
    few = queries_of(site_staff, address(model, "changelist"))
    for _ in range(4):
        add_page_content(course)
    assert queries_of(site_staff, address(model, "changelist")) <= few <= 14


@pytest.mark.parametrize("model", MODELS)
def test_page_of_a_row_answers_with_queries_that_do_not_grow(
    model: type[models.Model], site_staff: Client, course: Course
) -> None:
    add_content(course)
    row = model._default_manager.earliest("pk")
    few = queries_of(site_staff, address(model, "change", row.pk))
    for _ in range(4):
        add_page_content(course)
    assert queries_of(site_staff, address(model, "change", row.pk)) <= few <= 16


@pytest.mark.parametrize("model", MODELS)
def test_search_and_filters_answer(
    model: type[models.Model], site_staff: Client, course: Course
) -> None:
    add_content(course)
    assert site_staff.get(address(model, "changelist"), {"q": "a"}).status_code == 200


@pytest.mark.parametrize(
    "model", [each for each in MODELS if each not in {AssignmentRevision, Submission}]
)
def test_page_to_add_answers(model: type[models.Model], site_staff: Client) -> None:
    assert site_staff.get(address(model, "add")).status_code == 200


@pytest.mark.parametrize("model", [AssignmentRevision, Submission])
def test_frozen_rows_are_neither_added_changed_nor_deleted(
    model: type[models.Model], site_staff: Client, course: Course
) -> None:
    add_content(course)
    row = model._default_manager.earliest("pk")
    for page, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        assert site_staff.post(address(model, page, *args), {}).status_code == 403
    assert (
        b'name="_save"' not in site_staff.get(address(model, "change", row.pk)).content
    )


def test_large_course_page_lists_staff_only(site_staff: Client, course: Course) -> None:
    EnrolmentFactory.create_batch(30, course=course)
    EnrolmentFactory.create(course=course, assistant=True)
    page = site_staff.get(address(Course, "change", course.pk)).content.decode()
    assert 'name="enrolments-TOTAL_FORMS" value="1"' in page
    assert ">30</a>" in page


# --- Rights -----------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_lecturer_sees_own_courses_only(
    model: type[models.Model], lecturer: Client, course: Course
) -> None:
    add_content(course)
    own = set(model._default_manager.values_list("pk", flat=True))
    add_content(CourseFactory.create())
    other = model._default_manager.exclude(pk__in=own).earliest("pk")
    shown = lecturer.get(address(model, "changelist")).context["cl"].queryset
    assert {row.pk for row in shown} == own
    answer = lecturer.get(address(model, "change", other.pk))
    assert answer.status_code == 302  # to the index, as for a row that does not exist
    assert answer["Location"] == reverse("admin:index")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "role",
    [Role.STUDENT, Role.ASSISTANT, Role.ADMINISTRATOR, Role.EXAMINER, None],
)
def test_right_to_enter_the_admin_is_no_right_to_edit(
    model: type[models.Model], role: Role | None, course: Course
) -> None:
    add_content(course)
    user = UserFactory.create(is_staff=True)
    if role is not None:
        EnrolmentFactory.create(course=course, user=user, role=role)
    reads_work = role not in (Role.STUDENT, None)
    expected = 200 if reads_work and model is Submission else 403
    answer = client_of(user).get(address(model, "changelist"))
    assert answer.status_code == expected


def test_lecturer_who_left_edits_nothing(course: Course) -> None:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True, left=True)
    assert client_of(user).get(address(Week, "changelist")).status_code == 403


def test_lecturer_without_the_right_to_enter_is_kept_out(course: Course) -> None:
    user = EnrolmentFactory.create(course=course, lecturer=True).user
    assert client_of(user).get(address(Week, "changelist")).status_code == 302


def week_form(course: Course) -> dict[str, Any]:
    return {"course": course.pk, "number": 7, "starts_on": "2027-02-22", "title": "T"}


def test_lecturer_adds_a_week(lecturer: Client, course: Course) -> None:
    assert lecturer.post(address(Week, "add"), week_form(course)).status_code == 302
    assert Week.objects.get().course == course


def test_forged_course_is_refused(lecturer: Client) -> None:
    answer = lecturer.post(address(Week, "add"), week_form(CourseFactory.create()))
    assert "course" in answer.context["adminform"].errors
    assert not Week.objects.exists()


@pytest.mark.parametrize("model", [Course, Enrolment, Assignment])
def test_lecturer_cannot_delete_rows_that_work_depends_on(
    model: type[models.Model], lecturer: Client, course: Course
) -> None:
    add_content(course)
    row = model._default_manager.latest("pk")
    assert lecturer.post(address(model, "delete", row.pk)).status_code == 403


def test_lecturer_cannot_add_a_course(lecturer: Client) -> None:
    assert lecturer.get(address(Course, "add")).status_code == 403


# --- Saving -----------------------------------------------------------


def assignment_form(course: Course, **changed: Any) -> dict[str, Any]:
    return {
        "course": course.pk,
        "title": "CW",
        "slug": "cw",
        "due_at_0": "2027-03-01",
        "due_at_1": "16:00",
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


def test_new_assignment_is_saved(lecturer: Client, course: Course) -> None:
    form = assignment_form(course)
    assert lecturer.post(address(Assignment, "add"), form).status_code == 302
    assert Assignment.objects.get().due_at.astimezone(course.tz).hour == 16


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("closes_at", {"closes_at_0": "2027-01-01", "closes_at_1": "10:00"}),
        ("slug", {"slug": "no spaces"}),
    ],
)
def test_errors_of_the_model_are_shown_at_the_field(
    lecturer: Client, course: Course, field: str, changed: dict[str, str]
) -> None:
    form = assignment_form(course, **changed)
    answer = lecturer.post(address(Assignment, "add"), form)
    assert field in answer.context["adminform"].errors


def test_the_admin_publishes_nothing(lecturer: Client, course: Course) -> None:
    own = AssignmentFactory.create(course=course)
    page = lecturer.get(address(Assignment, "change", own.pk))
    assert "revision" not in page.context["adminform"].form.fields


def extension_form(assignment: Assignment, student: User) -> dict[str, Any]:
    due = timezone.localtime(assignment.due_at + dt.timedelta(days=3))
    return {
        "assignment": assignment.pk,
        "student": student.pk,
        "due_at_0": due.date().isoformat(),
        "due_at_1": "16:00",
        "reason": "Illness",
    }


def test_extension_names_who_granted_it(
    lecturer: Client, course: Course, client: Client
) -> None:
    assignment = AssignmentFactory.create(course=course)
    student = EnrolmentFactory.create(course=course).user
    form = extension_form(assignment, student)
    assert lecturer.post(address(Extension, "add"), form).status_code == 302
    granted_by = Extension.objects.get().granted_by
    assert str(granted_by.pk) == lecturer.session["_auth_user_id"]


def test_extension_is_offered_for_students(lecturer: Client, course: Course) -> None:
    assignment = AssignmentFactory.create(course=course)
    student = EnrolmentFactory.create(course=course).user
    EnrolmentFactory.create(course=course, role=Role.ASSISTANT)
    page = lecturer.get(f"{address(Extension, 'add')}?course={course.pk}")
    offered = page.context["adminform"].form.fields["student"].queryset
    assert list(offered) == [student]
    assert list(page.context["adminform"].form.fields["assignment"].queryset) == [
        assignment
    ]


def test_extension_for_somebody_outside_the_course_is_refused(
    lecturer: Client, course: Course
) -> None:
    form = extension_form(AssignmentFactory.create(course=course), UserFactory.create())
    answer = lecturer.post(address(Extension, "add"), form)
    assert "student" in answer.context["adminform"].errors


def test_extension_that_shortens_is_refused(lecturer: Client, course: Course) -> None:
    assignment = AssignmentFactory.create(course=course)
    student = EnrolmentFactory.create(course=course).user
    form = extension_form(assignment, student) | {"due_at_0": "2020-01-01"}
    answer = lecturer.post(address(Extension, "add"), form)
    assert "due_at" in answer.context["adminform"].errors


def test_material_added_on_a_weeks_page_is_of_its_course(
    lecturer: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course, number=3)
    form = week_form(course) | {
        "sessions-TOTAL_FORMS": 0,
        "sessions-INITIAL_FORMS": 0,
        "materials-TOTAL_FORMS": 1,
        "materials-INITIAL_FORMS": 0,
        "materials-0-week": week.pk,
        "materials-0-kind": "notes",
        "materials-0-title": "Notes",
        "materials-0-position": 1,
    }
    assert lecturer.post(address(Week, "change", week.pk), form).status_code == 302
    assert Material.objects.get().course == course


def test_suggestions_name_own_courses_only(lecturer: Client, course: Course) -> None:
    own = AssignmentFactory.create(course=course)
    AssignmentFactory.create()
    asked = {"app_label": "courses", "model_name": "extension"}
    answer = lecturer.get(
        reverse("admin:autocomplete"), {**asked, "field_name": "assignment", "term": ""}
    )
    assert [each["id"] for each in answer.json()["results"]] == [str(own.pk)]


def test_a_lecturer_finds_the_people_of_own_courses_only(
    lecturer: Client, course: Course
) -> None:
    own = EnrolmentFactory.create(course=course).user
    EnrolmentFactory.create()
    asked = {
        "app_label": "courses",
        "model_name": "extension",
        "field_name": "student",
        "term": "Person",
    }
    answer = lecturer.get(reverse("admin:autocomplete"), asked)
    found = {each["id"] for each in answer.json()["results"]}
    assert str(own.pk) in found
    assert len(found) == course.enrolments.count()


def test_a_course_is_added_with_codes_as_people_write_them(
    site_staff: Client,
) -> None:
    form = {
        "title": "Deep Learning",
        "slug": "dl-2026-27",
        "module_codes": "70010, 97111",
        "academic_year": "2026-27",
        "time_zone": "Europe/London",
        "late_mode": "none",
        "late_unit": "day",
        "late_days": "0",
        "pass_mark": "40",
        "total_decimals": "1",
    }
    answer = site_staff.post(reverse("admin:courses_course_add"), form)
    assert answer.status_code == 302
    course = Course.objects.get(slug="dl-2026-27")
    assert course.module_codes == ["70010", "97111"]
    assert course.release_at is None
    page = site_staff.get(address(Course, "change", course.pk)).content.decode()
    assert 'value="70010, 97111"' in page


def test_a_week_begins_on_a_monday(site_staff: Client, course: Course) -> None:
    form = {"course": course.pk, "number": 3, "starts_on": "2027-01-12"}
    answer = site_staff.post(reverse("admin:courses_week_add"), form)
    assert "Tuesday" in answer.content.decode()
