"""The page of a board: who sees it, what is sent, and what students see of it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.frozen_marks import is_frozen
from courses.models import Assignment, Course, Enrolment, MarkFreeze
from grading.models import BoardProposal, Mark
from tests.factories import EnrolmentFactory, hours
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


@pytest.fixture
def student(world: GradebookWorld) -> User:
    return world.student("60", "70", "80")


@pytest.fixture
def second(world: GradebookWorld) -> User:
    return world.second_lecturer()


@pytest.fixture
def url(world: GradebookWorld) -> str:
    return reverse("gradebook:board", args=[world.course.slug])


@pytest.fixture
def freeze(world: GradebookWorld, student: User, second: User) -> MarkFreeze:
    return world.freeze(second)


def proposal_of(client: Client, url: str, **sent: Any) -> BoardProposal:
    answer = client.post(url, {"do": "propose", "reason": "Agreed.", **sent})
    assert answer.status_code == 302, words(answer)
    return BoardProposal.objects.latest("pk")


def test_a_lecturer_freezes_the_marks(
    world: GradebookWorld, second: User, url: str
) -> None:
    client = signed_in(world.lecturer)
    sent = {"do": "freeze", "board": "Board of 12 June"}
    refused = client.post(url, {**sent, "members": [second.pk]})
    assert refused.status_code == 422
    assert "at least two people" in words(refused)
    assert "Board of 12 June" in refused.content.decode()
    client.post(url, {**sent, "members": [second.pk, world.lecturer.pk]})
    assert is_frozen(world.course)
    page = words(client.get(url))
    for name in ("Board of 12 June", second.name, world.lecturer.name):
        assert name in page


def test_a_change_takes_two_people(
    world: GradebookWorld, student: User, second: User, url: str, freeze: MarkFreeze
) -> None:
    mine, theirs = signed_in(world.lecturer), signed_in(second)
    proposal = proposal_of(
        mine, url, assignment=world.exam.pk, student=student.pk, points="65"
    )
    answer_url = reverse(
        "gradebook:board-answer", args=[world.course.slug, proposal.pk]
    )
    assert "Take it back" in words(mine.get(url))
    own = mine.post(answer_url, {"answer": "confirm"}, follow=True)
    assert "proposed this yourself" in words(own)
    seen = words(theirs.get(url))
    assert "60 points → 65 points" in seen
    assert "Confirm" in seen
    theirs.post(answer_url, {"answer": "confirm"})
    assert Mark.objects.get(assignment=world.exam).final_points == Decimal(65)
    assert f"Confirmed by {second.name}" in words(mine.get(url))


def test_a_declined_proposal_keeps_its_answer(
    world: GradebookWorld, student: User, second: User, url: str, freeze: MarkFreeze
) -> None:
    proposal = proposal_of(
        signed_in(world.lecturer),
        url,
        assignment=world.exam.pk,
        student=student.pk,
        standing="excused",
    )
    answer_url = reverse(
        "gradebook:board-answer", args=[world.course.slug, proposal.pk]
    )
    theirs = signed_in(second)
    nothing = theirs.post(answer_url, {"answer": "decline", "words": ""}, follow=True)
    assert "Say why." in words(nothing)
    theirs.post(answer_url, {"answer": "decline", "words": "No letter was sent."})
    assert "No letter was sent." in words(theirs.get(url))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "Give either final points or a standing."),
        ({"points": "5", "standing": "absent"}, "Give either"),
        ({"points": "x"}, "Enter a number"),
        ({"points": "500"}, "Enter at most 100 points."),
        ({"points": "60"}, "The mark has these points already."),
    ],
)
def test_a_proposal_that_cannot_be_keeps_what_was_typed(
    sent: dict[str, str],
    told: str,
    world: GradebookWorld,
    url: str,
    freeze: MarkFreeze,
) -> None:
    [student] = world.students
    form = {"assignment": world.exam.pk, "student": student.pk, "reason": "As agreed."}
    client = signed_in(world.lecturer)
    answer = client.post(url, {"do": "propose", **form, **sent})
    assert answer.status_code == 422
    assert told in words(answer)
    assert "As agreed." in answer.content.decode()


def test_what_comes_too_late_is_refused_in_words(
    world: GradebookWorld, student: User, url: str
) -> None:
    answer = signed_in(world.lecturer).post(url, {"do": "end", "reason": "Done."})
    assert answer.status_code == 422
    assert "The marks are not frozen any more." in words(answer)


def test_other_pages_refuse_in_words_while_marks_are_frozen(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    client = signed_in(world.lecturer)
    talk = Assignment.objects.create(
        course=world.course,
        slug="talk",
        title="Talk",
        due_at=hours(-5),
        marks_out_of=20,
    )
    url = reverse("grading:entered-marks", args=[world.course.slug, talk.slug])
    sent = {f"points-{student.pk}": "5", f"seen-{student.pk}": ""}
    answer = client.post(url, sent)
    assert answer.status_code == 409
    assert "The marks of this course are frozen" in words(answer)
    assert not Mark.objects.filter(assignment=talk).exists()
    cell = reverse("gradebook:gradebook-cell", args=[world.course.slug])
    told = client.post(
        cell, {"assignment": talk.pk, "student": student.pk, "points": "5", "seen": ""}
    )
    assert "frozen" in told.json()["error"]


def test_forms_with_words_keep_them_while_marks_are_frozen(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    url = reverse("grading:standings", args=[world.course.slug, world.exam.slug])
    sent = {
        "decide": "standing",
        "student": student.pk,
        "standing": "excused",
        "reason": "A letter came.",
    }
    answer = signed_in(world.lecturer).post(url, sent)
    assert answer.status_code == 422
    assert "The marks of this course are frozen" in words(answer)
    assert "A letter came." in answer.content.decode()
    assert not Mark.objects.get(assignment=world.exam).standing


def test_the_api_refuses_with_a_code_while_marks_are_frozen(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    client = signed_in(world.lecturer)
    answer = client.post(
        f"/api/v1/assignments/{world.exam.pk}/standings/",
        {"students": [student.pk], "standing": "excused", "reason": "Ill."},
        content_type="application/json",
    )
    assert answer.status_code == 409, answer.content
    assert answer.json()["errors"][0]["code"] == "marks_frozen"


def test_who_sees_the_board(
    world: GradebookWorld, student: User, url: str, freeze: MarkFreeze
) -> None:
    def status(role: str) -> int:
        user = EnrolmentFactory.create(course=world.course, role=role).user
        return signed_in(user).get(url).status_code

    found = {
        role: status(role)
        for role in ("student", "assistant", "examiner", "admin", "lecturer")
    }
    assert found == {
        "student": 403,
        "assistant": 403,
        "examiner": 200,
        "admin": 200,
        "lecturer": 200,
    }


def test_an_examiner_without_names_reads_codes(
    world: GradebookWorld, student: User, url: str, freeze: MarkFreeze
) -> None:
    proposal_of(
        signed_in(world.lecturer),
        url,
        assignment=world.exam.pk,
        student=student.pk,
        points="65",
    )
    Course.objects.filter(pk=world.course.pk).update(examiners_see_codes=True)
    examiner = EnrolmentFactory.create(course=world.course, role="examiner").user
    page = words(signed_in(examiner).get(url))
    assert "65 points" in page
    for told in (student.name, student.email, student.last_name):
        assert told not in page
    assert "Confirm" not in page


def test_the_gradebook_says_that_marks_are_frozen(
    world: GradebookWorld, student: User, url: str, freeze: MarkFreeze
) -> None:
    page = signed_in(world.lecturer).get(
        reverse("gradebook:gradebook", args=[world.course.slug])
    )
    assert "The marks are frozen" in words(page)
    assert url in page.content.decode()


def test_students_see_nothing_of_the_freeze(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    client = signed_in(student)
    for name in ("gradebook:marks", "courses:course", "courses:news"):
        page = words(client.get(reverse(name, args=[world.course.slug])))
        assert "frozen" not in page.lower()
        assert "board" not in page.lower()


def test_a_person_who_left_the_staff_sees_no_forms(
    world: GradebookWorld, second: User, url: str, freeze: MarkFreeze
) -> None:
    Enrolment.objects.filter(user=second).update(role="examiner")
    page = words(signed_in(second).get(url))
    assert "Propose a change" not in page


def test_the_page_asks_no_more_for_more_proposals(
    world: GradebookWorld,
    student: User,
    url: str,
    freeze: MarkFreeze,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(world.lecturer)
    students = [student, world.student("10"), world.student("20")]
    for each in students:
        proposal_of(client, url, assignment=world.exam.pk, student=each.pk, points="65")
    with django_assert_max_num_queries(26):
        client.get(url)
