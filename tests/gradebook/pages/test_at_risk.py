"""Students at risk: who is listed, and the mails to them."""

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    CourseVisit,
    Enrolment,
    StudentMail,
)
from courses.services.student_mails import mail_due_to_students
from grading.models import Mark, Standing
from portal.celery import app
from tests.factories import EnrolmentFactory, ExtensionFactory, hours
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


@pytest.fixture
def lecturer(world: GradebookWorld) -> Client:
    return signed_in(world.lecturer)


def address(world: GradebookWorld) -> str:
    return reverse("gradebook:at-risk", args=[world.course.slug])


def ask(client: Client, world: GradebookWorld, **query: str) -> Answer:
    return client.get(address(world), query)


def reasons(answer: Answer) -> dict[User, tuple[str, ...]]:
    return {row.student: row.reasons for row in answer.context["page"].rows}


def test_who_handed_in_nothing_is_listed(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", None)
    world.student("60", "70", "90")
    found = reasons(ask(lecturer, world))
    assert found == {student: ("Nothing was handed in for Second task.",)}


def test_extension_and_excuse_are_respected(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", None, None)
    ExtensionFactory.create(assignment=world.second, student=student, due_at=hours(24))
    Mark.objects.create(
        assignment=world.first, student=student, standing=Standing.EXCUSED
    )
    assert reasons(ask(lecturer, world)) == {}


def test_who_does_not_come_is_listed(world: GradebookWorld, lecturer: Client) -> None:
    student = world.student()
    Assignment.objects.update(due_at=hours(48))
    Course.objects.update(release_at=hours(-24 * 30))
    Enrolment.objects.update(enrolled_at=hours(-24 * 30))
    assert reasons(ask(lecturer, world)) == {student: ("The course was never opened.",)}
    CourseVisit.objects.create(
        course=world.course, user=student, seen_at=hours(-24 * 13)
    )
    assert reasons(ask(lecturer, world)) == {}


def test_only_released_marks_count_for_the_pass_mark(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("20", "30", "30")
    assert reasons(ask(lecturer, world)) == {}
    world.release()
    assert reasons(ask(lecturer, world)) == {
        student: ("The marks released so far come to 25 %, and 40 % pass.",)
    }


def test_mark_that_the_student_does_not_see_yet_is_in_no_reason(
    world: GradebookWorld, lecturer: Client
) -> None:
    """The reasons are mailed to the student."""
    student = world.student("20", "30", "30")
    world.release()
    for each in world.assignments:
        ExtensionFactory.create(assignment=each, student=student, due_at=hours(24))
    assert reasons(ask(lecturer, world)) == {}


def test_filter_shows_one_reason(world: GradebookWorld, lecturer: Client) -> None:
    missing = world.student("90", "90", None)
    failing = world.student("20", "30", "30")
    world.release()
    assert set(reasons(ask(lecturer, world, show="missing"))) == {missing}
    assert set(reasons(ask(lecturer, world, show="failing"))) == {failing}
    assert set(reasons(ask(lecturer, world, show="nonsense"))) == {missing, failing}


def test_work_that_is_marked_apart_is_not_told(world: GradebookWorld) -> None:
    world.student("20", None, "30")
    world.release()
    Assignment.objects.filter(pk=world.first.pk).update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    answer = ask(signed_in(assistant), world)
    assert reasons(answer) == {}
    assert "Some coursework is left out" in words(answer)


def send(client: Client, world: GradebookWorld, *students: User, **form: str) -> Answer:
    data = {
        "subject": "Your work",
        "text": "Dear [name],\n[reasons]",
        "student": [str(each.pk) for each in students],
        **form,
    }
    return client.post(address(world), data)


def test_each_chosen_student_gets_a_mail_of_their_own(
    world: GradebookWorld, lecturer: Client
) -> None:
    one, other = world.student("60", None, "90"), world.student("60", "70", None)
    left_out = world.student("60", None, None)
    assert send(lecturer, world, one, other).status_code == 302
    assert mail_due_to_students(now=timezone.now()) == 2
    assert mail_due_to_students(now=timezone.now()) == 0
    assert sorted(each.to[0] for each in mail.outbox) == sorted(
        [one.email, other.email]
    )
    for each in mail.outbox:
        assert (len(each.to), each.cc, each.bcc) == (1, [], [])
        assert each.reply_to == [world.lecturer.email]
    (first,) = [each for each in mail.outbox if each.to == [one.email]]
    assert first.body.startswith(
        f"Dear {one.name},\n* Nothing was handed in for First task."
    )
    assert other.name not in first.body
    assert not StudentMail.objects.filter(student=left_out).exists()


def test_who_mailed_whom_when_is_recorded(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", None, "90")
    send(lecturer, world, student)
    change = CourseChange.objects.get()
    assert change.summary == "1 student was mailed: “Your work”."
    assert (change.made_by, change.is_public) == (world.lecturer, False)
    stored = StudentMail.objects.get()
    assert (stored.author, stored.mailed_at) == (world.lecturer, None)
    assert f"{world.lecturer.name} being sent" in words(ask(lecturer, world))
    mail_due_to_students(now=timezone.now())
    assert StudentMail.objects.get().mailed_at
    assert "being sent" not in words(ask(lecturer, world))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"student": []}, "Choose at least one student."),
        ({"subject": " "}, "This field is required."),
        ({"text": "x" * 5_001}, "at most 5000 characters"),
        ({"text": "[reasons]" * 500}, "The text is too long with the reasons."),
    ],
)
def test_what_cannot_be_mailed_is_refused_in_words(
    form: dict[str, str],
    expected: str,
    world: GradebookWorld,
    lecturer: Client,
) -> None:
    student = world.student("60", None, "90")
    answer = send(lecturer, world, student, **form)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert not StudentMail.objects.exists()


def test_only_students_at_risk_of_this_course_are_mailed(
    world: GradebookWorld, lecturer: Client
) -> None:
    fine, stranger = world.student("60", "70", "90"), EnrolmentFactory.create().user
    assert send(lecturer, world, fine, stranger).status_code == 422
    assert not StudentMail.objects.exists()


@pytest.mark.parametrize(
    ("trait", "status"), [("assistant", 403), ("examiner", 403), ("administrator", 302)]
)
def test_who_manages_people_may_mail(
    trait: str, status: int, world: GradebookWorld
) -> None:
    student = world.student("60", None, "90")
    user = EnrolmentFactory.create(course=world.course, **{trait: True}).user
    assert send(signed_in(user), world, student).status_code == status
    assert StudentMail.objects.exists() == (status == 302)


def test_student_who_has_left_gets_no_mail(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", None, "90")
    send(lecturer, world, student)
    Enrolment.objects.filter(user=student).update(is_active=False)
    assert mail_due_to_students(now=timezone.now()) == 0
    assert not mail.outbox


def test_mails_go_out_by_themselves() -> None:
    tasks = {each["task"] for each in app.conf.beat_schedule.values()}
    assert "courses.mail_students" in tasks


def test_all_can_be_ticked_at_once(world: GradebookWorld, lecturer: Client) -> None:
    world.student("60", None, "90")
    assert ask(lecturer, world).content.count(b" checked>") == 0
    assert ask(lecturer, world, tick="all").content.count(b" checked>") == 1


def test_file_has_the_reasons_and_no_formula(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", None, "90")
    User.objects.filter(pk=student.pk).update(last_name="=1+1")
    path = reverse("gradebook:at-risk-file", args=[world.course.slug])
    text = lecturer.get(path).content.decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["last_name"] == "'=1+1"
    assert row["reasons"] == "Nothing was handed in for First task."


def test_number_of_queries_does_not_grow(
    world: GradebookWorld,
    lecturer: Client,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    for _ in range(4):
        world.student("60", None, None)
    ask(lecturer, world)
    with assert_max_queries(30):
        ask(lecturer, world)
