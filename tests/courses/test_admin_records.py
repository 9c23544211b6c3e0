"""Changes that staff make in the admin are announced to students, as those on pages."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Announcement, Assignment, Course, CourseChange
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
NINE = dt.datetime(2027, 2, 5, 9, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def person(course: Course) -> User:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True)
    return user


@pytest.fixture
def lecturer(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def address(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:courses_{model}_{page}", args=args)


def form_of(client: Client, page: str, /, **changed: Any) -> dict[str, Any]:
    """Return the form of the page with these fields changed."""
    context = client.get(page).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    sent: dict[str, Any] = {}
    for form in forms:
        for field in form:
            value = field.value()
            widgets = getattr(field.field.widget, "widgets", None)
            if widgets:
                parts = field.field.widget.decompress(value)
                for index, (widget, part) in enumerate(
                    zip(widgets, parts, strict=True)
                ):
                    sent[f"{field.html_name}_{index}"] = widget.format_value(part) or ""
            elif not hasattr(value, "storage"):
                sent[field.html_name] = "" if value is None else value
    return {**{k: v for k, v in sent.items() if v is not False}, **changed}


def told() -> CourseChange:
    return CourseChange.objects.get()


def test_page_saved_unchanged_records_nothing(lecturer: Client, course: Course) -> None:
    session = SessionFactory.create(course=course, starts_at=NINE)
    url = address("session", "change", session.pk)
    assert lecturer.post(url, form_of(lecturer, url)).status_code == 302
    assert not CourseChange.objects.exists()


def test_changed_time_of_a_session_is_announced(
    lecturer: Client, course: Course, person: User
) -> None:
    session = SessionFactory.create(course=course, starts_at=NINE)
    url = address("session", "change", session.pk)
    form = form_of(lecturer, url, starts_at_0="2027-02-06", ends_at_0="2027-02-06")
    assert lecturer.post(url, form).status_code == 302
    session.refresh_from_db()
    assert session.moved_from == NINE
    assert told().is_public
    assert told().made_by == person
    assert told().after.startswith("Sat 6 Feb 2027, 09:00 to 10:00 GMT")


def test_changed_room_on_the_weeks_page_is_announced(
    lecturer: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course)
    SessionFactory.create(course=course, week=week, starts_at=NINE)
    room = RoomFactory.create(name="Huxley 311")
    url = address("week", "change", week.pk)
    form = form_of(lecturer, url, **{"sessions-0-room": room.pk})
    assert lecturer.post(url, form).status_code == 302
    assert told().after.endswith("Huxley 311")


def test_two_sessions_added_on_the_weeks_page_have_two_keys(
    lecturer: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course, number=4)
    url = address("week", "change", week.pk)
    form = form_of(lecturer, url, **{"sessions-TOTAL_FORMS": 2})
    for index in range(2):
        form[f"sessions-{index}-kind"] = "lab"
        form[f"sessions-{index}-position"] = index
        form[f"sessions-{index}-week"] = week.pk
    assert lecturer.post(url, form).status_code == 302
    assert set(course.sessions.values_list("key", flat=True)) == {"w4-lab", "w4-lab-2"}


def test_changed_deadline_is_announced(lecturer: Client, course: Course) -> None:
    assignment = AssignmentFactory.create(course=course, due_at=NINE)
    url = address("assignment", "change", assignment.pk)
    form = form_of(lecturer, url, due_at_0="2027-02-08")
    assert lecturer.post(url, form).status_code == 302
    assert told().kind == CourseChange.Kind.DEADLINE
    assert (told().before, told().after) == (
        "Fri 5 Feb 2027, 09:00 GMT",
        "Mon 8 Feb 2027, 09:00 GMT",
    )
    assert told().is_public


def test_changed_deadline_of_hidden_work_is_recorded_for_staff(
    lecturer: Client, course: Course
) -> None:
    assignment = AssignmentFactory.create(course=course, due_at=NINE, hidden=True)
    url = address("assignment", "change", assignment.pk)
    form = form_of(lecturer, url, due_at_0="2027-02-08")
    assert lecturer.post(url, form).status_code == 302
    assert not told().is_public


def test_new_assignment_records_no_changed_deadline(
    lecturer: Client, course: Course
) -> None:
    url = address("assignment", "add")
    form = form_of(
        lecturer,
        url,
        course=course.pk,
        title="CW",
        slug="cw",
        due_at_0="2027-03-01",
        due_at_1="16:00",
    )
    assert lecturer.post(url, form).status_code == 302
    assert Assignment.objects.exists()
    made = CourseChange.objects.get()
    assert (made.kind, made.is_public) == (CourseChange.Kind.CONTENT, False)
    assert made.summary.endswith(" is new coursework.")


def test_replaced_file_is_announced_and_dated(lecturer: Client, course: Course) -> None:
    material = MaterialFactory.create(
        course=course, code="N02", file=ContentFile(b"%PDF-1", name="n02.pdf")
    )
    url = address("material", "change", material.pk)
    new = SimpleUploadedFile("n02-new.pdf", b"%PDF-2")
    assert lecturer.post(url, form_of(lecturer, url, file=new)).status_code == 302
    material.refresh_from_db()
    assert material.replaced_at is not None
    assert material.key
    assert told().summary == "N02 Lecture Notes was replaced by a new version."
    assert told().is_public


@pytest.mark.parametrize(
    "state", [{"hidden": True}, {"opens_at": timezone.now() + dt.timedelta(days=2)}]
)
def test_replaced_file_that_is_not_open_yet_is_recorded_for_staff(
    lecturer: Client, course: Course, state: dict[str, Any]
) -> None:
    material = MaterialFactory.create(
        course=course, url="https://example.org/1", **state
    )
    url = address("material", "change", material.pk)
    form = form_of(lecturer, url, url="https://example.org/2")
    assert lecturer.post(url, form).status_code == 302
    assert not told().is_public


@pytest.mark.parametrize("url", ["", "https://example.org/2"])
def test_removing_or_adding_a_link_is_not_a_replacement(
    lecturer: Client, course: Course, url: str
) -> None:
    """A link is removed, or a second way to the same notes is added."""
    kept = ContentFile(b"%PDF-1", name="n02.pdf") if url else ""
    material = MaterialFactory.create(
        course=course, file=kept, url="" if url else "https://example.org/1"
    )
    page = address("material", "change", material.pk)
    assert lecturer.post(page, form_of(lecturer, page, url=url)).status_code == 302
    material.refresh_from_db()
    assert material.url == url
    assert not CourseChange.objects.exists()


def test_first_file_replaces_nothing(lecturer: Client, course: Course) -> None:
    material = MaterialFactory.create(course=course)
    url = address("material", "change", material.pk)
    new = SimpleUploadedFile("n02.pdf", b"%PDF-2")
    assert lecturer.post(url, form_of(lecturer, url, file=new)).status_code == 302
    material.refresh_from_db()
    assert material.file
    assert material.replaced_at is None
    assert not CourseChange.objects.exists()


# --- Roles --------------------------------------------------------------------


def test_changed_role_is_recorded_for_staff(lecturer: Client, course: Course) -> None:
    person = EnrolmentFactory.create(course=course)
    url = address("enrolment", "change", person.pk)
    form = form_of(lecturer, url, role="assistant")
    assert lecturer.post(url, form).status_code == 302
    person.refresh_from_db()
    assert person.role == "assistant"
    assert told().kind == CourseChange.Kind.ROLE
    assert not told().is_public


def test_last_lecturer_stays_one(
    lecturer: Client, course: Course, person: User
) -> None:
    own = person.enrolments.get()
    url = address("enrolment", "change", own.pk)
    answer = lecturer.post(url, form_of(lecturer, url, role="student"))
    assert "A course needs at least one lecturer." in answer.content.decode()
    url = address("course", "change", course.pk)
    form = form_of(lecturer, url, **{"enrolments-0-role": "assistant"})
    answer = lecturer.post(url, form)
    assert "A course needs at least one lecturer." in answer.content.decode()
    own.refresh_from_db()
    assert own.role == "lecturer"


def test_last_two_lecturers_cannot_both_be_removed(
    lecturer: Client, course: Course
) -> None:
    EnrolmentFactory.create(course=course, lecturer=True)
    url = address("course", "change", course.pk)
    changes = {f"enrolments-{number}-role": "student" for number in (0, 1)}
    answer = lecturer.post(url, form_of(lecturer, url, **changes))
    assert answer.status_code == 200
    assert "A course needs at least one lecturer." in answer.content.decode()
    assert course.enrolments.filter(role="lecturer").count() == 2

    form = form_of(lecturer, url, **{"enrolments-1-role": "student"})
    assert lecturer.post(url, form).status_code == 302
    assert course.enrolments.filter(role="lecturer").count() == 1


def test_enrolment_cannot_be_moved_to_another_person(
    lecturer: Client, course: Course
) -> None:
    enrolment = EnrolmentFactory.create(course=course)
    url = address("enrolment", "change", enrolment.pk)
    form = form_of(lecturer, url, user=UserFactory.create().pk)
    assert lecturer.post(url, form).status_code == 302
    user = enrolment.user
    enrolment.refresh_from_db()
    assert enrolment.user == user


# --- Actions ------------------------------------------------------------------


def act(client: Client, action: str, *rows: Any, **sent: str) -> str:
    form = {"action": action, "_selected_action": [row.pk for row in rows], **sent}
    answer = client.post(address("session", "changelist"), form, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_sessions_are_cancelled_with_a_reason(lecturer: Client, course: Course) -> None:
    sessions = SessionFactory.create_batch(2, course=course)
    words = act(lecturer, "cancel", *sessions, reason="strike")
    assert words == "2 sessions cancelled; students are told."
    assert CourseChange.objects.filter(reason="strike", is_public=True).count() == 2
    assert act(lecturer, "restore", sessions[0], reason="no strike").startswith("1 ")


def test_nothing_is_cancelled_without_a_reason(
    lecturer: Client, course: Course
) -> None:
    session = SessionFactory.create(course=course)
    assert "Give a reason. Students read it." in act(lecturer, "cancel", session)
    session.refresh_from_db()
    assert not session.is_cancelled


def test_action_does_not_reach_another_course(lecturer: Client, course: Course) -> None:
    SessionFactory.create(course=course)
    other = SessionFactory.create()
    act(lecturer, "cancel", other, reason="strike")
    other.refresh_from_db()
    assert not other.is_cancelled


# --- Announcements --------------------------------------------------------------


def test_who_writes_an_announcement_is_its_author(
    lecturer: Client, course: Course, person: User
) -> None:
    url = address("announcement", "add")
    form = form_of(lecturer, url, course=course.pk, title="Hello", body="World")
    assert lecturer.post(url, form).status_code == 302
    assert Announcement.objects.get().author == person
    assert told().summary == "The announcement “Hello” was written."


def test_edit_keeps_author_and_mails(lecturer: Client, course: Course) -> None:
    made = AnnouncementFactory.create(
        course=course, is_mailed=True, mailed_at=hours(-1)
    )
    url = address("announcement", "change", made.pk)
    form = form_of(lecturer, url, title="Really")
    assert lecturer.post(url, form).status_code == 302
    changed = Announcement.objects.get()
    assert changed.title == "Really"
    assert changed.author == made.author
    assert changed.mailed_at == made.mailed_at


def test_announcement_that_ends_before_it_shows_is_refused(
    lecturer: Client, course: Course
) -> None:
    url = address("announcement", "add")
    form = form_of(
        lecturer,
        url,
        course=course.pk,
        title="Hello",
        body="World",
        ends_at_0="2020-01-01",
        ends_at_1="10:00",
    )
    answer = lecturer.post(url, form)
    assert "ends_at" in answer.context["adminform"].errors


def test_deleted_announcement_is_recorded(lecturer: Client, course: Course) -> None:
    made = AnnouncementFactory.create(course=course)
    url = address("announcement", "delete", made.pk)
    assert lecturer.post(url, {"post": "yes"}).status_code == 302
    assert told().summary.endswith("was deleted.")
