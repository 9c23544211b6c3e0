"""Students who handed in nothing are listed, decided about, and marked."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark, MarkerAllocation, Marking, Standing
from grading.services.mark_standing import (
    StandingRefusedError,
    set_standing,
    set_standings,
)
from tests.factories import EnrolmentFactory
from tests.grading.feedback_world import feedback_world
from tests.grading.marking import answered, code_of, marked_assignment, marker_of
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def address_of(assignment: Assignment, *more: str) -> str:
    name = "marking-work" if more else "marking-nothing"
    args = [assignment.course.slug, assignment.slug, "words", *more]
    return reverse(f"grading:{name}", args=args)


def nobody(assignment: Assignment, **fields: str) -> User:
    more = {f"user__{name}": value for name, value in fields.items()}
    student: User = EnrolmentFactory.create(
        course=assignment.course, user__last_name="Quillfeather", **more
    ).user
    return student


def test_those_chosen_get_the_decision_with_its_reason() -> None:
    assignment = marked_assignment()
    answered(assignment)
    students = [nobody(assignment) for _ in range(3)]
    codes = [code_of(assignment, each) for each in students]
    client = signed_in(marker_of(assignment))
    page = words(client.get(address_of(assignment)))
    assert page.count("Quillfeather") == 3
    form = {"code": codes[:2], "standing": "excused"}
    answer = client.post(address_of(assignment), form)
    assert answer.status_code == 422
    assert "Give a reason." in words(answer)
    # What was chosen stays chosen.
    assert answer.content.decode().count(" checked") == 2
    assert 'value="excused" selected' in answer.content.decode()
    assert not Mark.objects.filter(standing="excused").exists()
    stored = client.post(address_of(assignment), {**form, "reason": "ill"}, follow=True)
    assert "Stored for 2 students." in words(stored)
    found = Mark.objects.filter(standing=Standing.EXCUSED)
    assert {each.student for each in found} == set(students[:2])
    assert words(client.get(address_of(assignment))).count("Excused") >= 2
    assert client.post(address_of(assignment), {"reason": "x"}).status_code == 422


def test_one_decision_is_stored_for_all_who_are_not_decided() -> None:
    assignment = marked_assignment()
    ill, *others = [nobody(assignment) for _ in range(3)]
    client, here = signed_in(marker_of(assignment)), address_of(assignment)
    form = {"code": code_of(assignment, ill), "standing": "excused", "reason": "ill"}
    client.post(here, form)
    assert "all 2 students who are not decided" in words(client.get(here))
    client.post(here, {"undecided": "1", "standing": "zero", "reason": "nothing came"})
    zero = Mark.objects.filter(standing=Standing.ZERO)
    assert {each.student for each in zero} == set(others)
    assert Mark.objects.get(standing=Standing.EXCUSED).student == ill


def test_students_stand_by_name_or_by_code_while_names_are_hidden() -> None:
    assignment = marked_assignment()
    for name in ("Zoe", "Ann", "Mia"):
        nobody(assignment, first_name=name)
    client, here = signed_in(marker_of(assignment)), address_of(assignment)
    rows = client.get(here).context["page"].rows
    assert [row.name.split()[0] for row in rows] == ["Ann", "Mia", "Zoe"]
    Assignment.objects.update(marking_is_anonymous=True)
    rows = client.get(here).context["page"].rows
    codes = [row.item.code for row in rows]
    assert codes == sorted(codes)


def test_nothing_is_stored_for_anybody_if_one_student_is_refused() -> None:
    assignment = marked_assignment(markers_see_own_only=True)
    own, other = nobody(assignment), nobody(assignment)
    marker = marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=marker, stage="first", key="", student=own
    )
    with pytest.raises(StandingRefusedError):
        set_standings(
            actor=marker,
            assignment=assignment,
            students=[own.pk, other.pk],
            standing=Standing.ZERO,
            reason="x",
        )
    assert not Mark.objects.exclude(standing="").exists()


def test_points_are_given_for_work_on_paper() -> None:
    assignment = marked_assignment()
    student = nobody(assignment)
    client = signed_in(marker_of(assignment))
    here = address_of(assignment, code_of(assignment, student))
    assert "Nothing was handed in here." in words(client.get(here))
    client.post(here, {"attempt": "0", "version": "0", "adjustment": "3"})
    marking = Marking.objects.get(student=student, submission=None)
    assert (marking.points, marking.is_finished) == (Decimal(3), True)
    assert "Marked" in words(client.get(address_of(assignment)))


def test_no_name_is_there_while_marking_is_anonymous_and_no_other_work() -> None:
    assignment = marked_assignment(marking_is_anonymous=True, markers_see_own_only=True)
    student = nobody(assignment)
    code = code_of(assignment, student)
    page = words(
        signed_in(marker_of(assignment, "lecturer")).get(address_of(assignment))
    )
    assert code in page
    assert "Quillfeather" not in page
    client = signed_in(marker_of(assignment))
    assert code not in words(client.get(address_of(assignment)))
    form = {"code": code, "standing": "zero", "reason": "x"}
    assert client.post(address_of(assignment), form).status_code == 422
    assert client.get(address_of(assignment, code)).status_code == 404


def test_a_standing_is_decided_by_who_marks_the_whole_student() -> None:
    world = feedback_world()
    student = EnrolmentFactory.create(course=world.assignment.course).user
    Assignment.objects.update(markers_see_own_only=True)

    def decide(actor: User, standing: Standing | None) -> Mark | None:
        return set_standing(
            actor=actor,
            assignment=Assignment.objects.get(),
            student=student,
            standing=standing,
            reason="Ill",
        )

    with pytest.raises(StandingRefusedError, match="all questions"):
        decide(world.marker, Standing.EXCUSED)
    # There is nothing to take back, so no mark is made.
    assert decide(world.lecturer, None) is None
    assert not Mark.objects.filter(student=student).exists()
    assert decide(world.lecturer, Standing.EXCUSED) is not None
