"""The timetable and news of a course in the admin: fast, and of own courses only."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from courses.models import (
    Announcement,
    CalendarFeed,
    Component,
    Course,
    CourseChange,
    CourseVisit,
    Lecture,
    Material,
    Progress,
    Room,
    Session,
    Slot,
    Teacher,
    Week,
)
from formats.choices import Role
from tests.courses.admin_pages import address, queries_of
from tests.factories import (
    AnnouncementFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    SlotFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
OF_A_COURSE: tuple[type[models.Model], ...] = (
    Teacher,
    Slot,
    Lecture,
    Session,
    Week,
    Material,
    Announcement,
    CourseChange,
)
MODELS = (Room, *OF_A_COURSE)
# The address of a list with each of our own filters.
FILTERED = {
    Session: "state=open&released=yes&week=3&kind__exact=lecture",
    Material: "content=no&released=later&week=3&access__exact=public",
    Week: "released=no",
    Announcement: "released=later",
}


def client_of(course: Course, role: Role | None) -> Client:
    user = UserFactory.create(is_staff=True, is_superuser=role is None)
    if role is not None:
        EnrolmentFactory.create(course=course, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> Client:
    return client_of(course, Role.LECTURER)


@pytest.fixture(params=[None, Role.LECTURER])
def editor(course: Course, request: pytest.FixtureRequest) -> Client:
    return client_of(course, request.param)


def add_content(course: Course) -> None:
    """Add one more row of everything, also to everything that has parts."""
    week = WeekFactory.create(course=course)
    teacher = TeacherFactory.create(course=course, user=UserFactory.create())
    SlotFactory.create(
        course=course,
        weekday=Slot.objects.filter(course=course).count() % 7,
        room=RoomFactory.create(),
    )
    for owner in {week, course.weeks.earliest("pk")}:
        session = SessionFactory.create(course=course, week=owner)
        session.teachers.add(teacher)
        material = MaterialFactory.create(course=course, week=owner, session=session)
        material.also_in.add(week)
    first = course.sessions.earliest("pk")
    SessionLectureFactory.create(session=first)
    MaterialFactory.create(course=course, session=first)
    MaterialFactory.create(course=course, lecture=course.lectures.earliest("pk"))
    AttachmentFactory.create(material=course.materials.earliest("pk"))
    AnnouncementFactory.create(course=course)
    CourseChangeFactory.create(course=course)
    ComponentFactory.create(course=course)


# --- Pages and their queries ------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_list_answers_with_queries_that_do_not_grow(
    model: type[models.Model], editor: Client, course: Course
) -> None:
    add_content(course)
    few = queries_of(editor, address(model, "changelist"))
    for _ in range(4):
        add_content(course)
    assert queries_of(editor, address(model, "changelist")) <= few <= 15


@pytest.mark.parametrize("model", [*MODELS, Course])
def test_page_of_a_row_answers_with_queries_that_do_not_grow(
    model: type[models.Model], editor: Client, course: Course
) -> None:
    add_content(course)
    row = model._default_manager.earliest("pk")
    few = queries_of(editor, address(model, "change", row.pk))
    for _ in range(4):
        add_content(course)
    assert queries_of(editor, address(model, "change", row.pk)) <= few <= 20


@pytest.mark.parametrize("model", [each for each in MODELS if each != CourseChange])
def test_page_to_add_answers(
    model: type[models.Model], editor: Client, course: Course
) -> None:
    add_content(course)
    assert queries_of(editor, address(model, "add")) <= 12


@pytest.mark.parametrize("model", MODELS)
def test_search_and_filters_answer(
    model: type[models.Model], editor: Client, course: Course
) -> None:
    add_content(course)
    for query in ("q=30", FILTERED.get(model, "q=a")):
        url = f"{address(model, 'changelist')}?{query}"
        assert editor.get(url).status_code == 200


def test_room_is_found_by_another_spelling(editor: Client) -> None:
    room = RoomFactory.create(name="Huxley 308", aliases=["HXL 308"])
    RoomFactory.create(name="Huxley 311")
    answer = editor.get(address(Room, "changelist"), {"q": "hxl"})
    assert list(answer.context["cl"].queryset) == [room]


def test_private_models_have_no_page() -> None:
    shown = set(admin.site._registry)
    assert not shown & {CalendarFeed, CourseVisit, Progress}


# --- Rights -------------------------------------------------------------------


@pytest.mark.parametrize("model", OF_A_COURSE)
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
    assert answer["Location"] == reverse("admin:index")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_right_to_enter_the_admin_is_no_right_to_edit(
    model: type[models.Model], role: Role, course: Course
) -> None:
    add_content(course)
    client = client_of(course, role)
    row = model._default_manager.earliest("pk")
    for page, args in (("changelist", []), ("add", []), ("change", [row.pk])):
        assert client.get(address(model, page, *args)).status_code == 403


def test_lecturer_adds_rooms_but_changes_none(lecturer: Client) -> None:
    form = {"name": "Huxley 340", "aliases": "[]"}
    assert lecturer.post(address(Room, "add"), form).status_code == 302
    room = Room.objects.get()
    assert lecturer.post(address(Room, "change", room.pk), form).status_code == 403
    assert lecturer.post(address(Room, "delete", room.pk)).status_code == 403


def test_recorded_changes_are_read_only(editor: Client, course: Course) -> None:
    change = CourseChangeFactory.create(course=course)
    for page, args in (("add", []), ("change", [change.pk]), ("delete", [change.pk])):
        assert editor.post(address(CourseChange, page, *args)).status_code == 403
    shown = editor.get(address(CourseChange, "change", change.pk))
    assert b'name="_save"' not in shown.content


# --- Choices ---------------------------------------------------------


def choices(client: Client, url: str, name: str) -> set[str]:
    field = client.get(url).context["adminform"].form.fields[name]
    return {str(value) for value, _ in field.choices if value}


@pytest.mark.parametrize(
    ("model", "name", "related"),
    [
        (Session, "week", Week),
        (Session, "teachers", Teacher),
        (Material, "week", Week),
        (Material, "also_in", Week),
        (Material, "session", Session),
        (Material, "lecture", Lecture),
    ],
)
def test_choices_are_those_of_the_rows_course(
    model: type[models.Model],
    name: str,
    related: type[models.Model],
    editor: Client,
    course: Course,
) -> None:
    add_content(course)
    add_content(CourseFactory.create())
    row = model._default_manager.filter(course=course).earliest("pk")
    own = related._default_manager.filter(course=course)
    shown = choices(editor, address(model, "change", row.pk), name)
    assert shown == {str(each.pk) for each in own}


def test_choices_of_a_new_row_are_of_own_courses_only(
    lecturer: Client, course: Course
) -> None:
    add_content(course)
    add_content(CourseFactory.create())
    own = {str(week.pk) for week in course.weeks.all()}
    assert choices(lecturer, address(Session, "add"), "week") == own


def session_form(course: Course, week: Week, **changed: Any) -> dict[str, Any]:
    return {
        "course": course.pk,
        "week": week.pk,
        "kind": "lecture",
        "position": 0,
        **changed,
    }


def test_session_is_added_with_a_key_of_its_own(
    lecturer: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course, number=5)
    for _ in range(2):
        form = session_form(course, week)
        assert lecturer.post(address(Session, "add"), form).status_code == 302
    keys = course.sessions.order_by("key").values_list("key", flat=True)
    assert list(keys) == ["w5-lecture", "w5-lecture-2"]


def test_forged_week_is_refused(lecturer: Client, course: Course) -> None:
    form = session_form(course, WeekFactory.create())
    answer = lecturer.post(address(Session, "add"), form)
    assert "week" in answer.context["adminform"].errors
    assert not Session.objects.exists()


def test_forged_teacher_is_refused(lecturer: Client, course: Course) -> None:
    week = WeekFactory.create(course=course)
    form = session_form(course, week, teachers=[TeacherFactory.create().pk])
    answer = lecturer.post(address(Session, "add"), form)
    assert "teachers" in answer.context["adminform"].errors


@pytest.mark.parametrize(
    ("model", "name", "factory"),
    [(Session, "teachers", TeacherFactory), (Material, "also_in", WeekFactory)],
)
def test_rows_of_two_own_courses_are_not_mixed(
    model: type[models.Model], name: str, factory: Any, course: Course
) -> None:
    client = client_of(course, None)
    week = WeekFactory.create(course=course)
    form = session_form(course, week, **{name: [factory.create().pk]})
    if model is Material:
        form |= {"kind": "notes", "title": "N", "access": "public", "key": "n"}
        form |= {"attachments-TOTAL_FORMS": 0, "attachments-INITIAL_FORMS": 0}
    answer = client.post(address(model, "add"), form)
    assert name in answer.context["adminform"].errors


def test_shares_of_the_mark_are_on_the_courses_page(
    lecturer: Client, course: Course
) -> None:
    ComponentFactory.create(course=course, title="Exam")
    page = lecturer.get(address(Course, "change", course.pk)).content.decode()
    assert 'name="components-0-weight_percent"' in page
    assert Component not in admin.site._registry
