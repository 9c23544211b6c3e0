"""Marks are released to a group: its students alone see them, and may be mailed."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Assignment,
    CourseChange,
    Enrolment,
    GroupRelease,
    RubricItem,
)
from grading.models import Mark, ReleaseMail, Standing
from grading.services.mark_standing import set_standing
from grading.services.release_mails import mail_due_releases
from grading.services.releasing import (
    NoReleaseError,
    release_marks,
    take_back_release,
)
from tests.api.asking import ROOT, get, rows, session_of
from tests.api.test_leaks import PERSONAL_LISTS
from tests.factories import EnrolmentFactory, ExtensionFactory, hours
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def grouped_world() -> FeedbackWorld:
    """Return two marked students of the codes 70010 and 97111, after the deadline."""
    world = feedback_world(2)
    Assignment.objects.update(due_at=hours(-2), closes_at=hours(-2))
    RubricItem.objects.filter(text="Clear").update(text="canary-item")
    for run, code in zip(world.runs, ("70010", "97111"), strict=True):
        world.mark(run, "Clear", comment="canary-comment", adjustment=Decimal("0.77"))
        Enrolment.objects.filter(user=run.work.author).update(module_code=code)
    world.assignment.refresh_from_db()
    return world


def release(world: FeedbackWorld, code: str | None = "70010", **more: Any) -> None:
    release_marks(
        actor=world.lecturer,
        assignment=Assignment.objects.get(),
        at=more.pop("at", timezone.now()),
        module_code=code,
        despite_problems=True,
        **more,
    )


def take_back(world: FeedbackWorld, code: str | None = None) -> None:
    take_back_release(
        actor=world.lecturer,
        assignment=Assignment.objects.get(),
        reason="A wrong key.",
        module_code=code,
    )


def found(world: FeedbackWorld, person: User) -> set[str]:
    course = world.assignment.course
    of_work = [course.slug, world.assignment.slug]
    own = next(run for run in world.runs if run.work.author == person)
    paths = [
        *(f"{ROOT}{path}" for path in (*PERSONAL_LISTS, "assignments/", "changes/")),
        f"{ROOT}runs/{own.pk}/",
        f"{ROOT}courses/{course.slug}/totals/",
        *(
            reverse(f"grading:{name}", args=of_work)
            for name in ("assignment", "feedback", "feedback-file")
        ),
        own.get_absolute_url(),
        reverse("gradebook:marks", args=[course.slug]),
        reverse("courses:news", args=[course.slug]),
    ]
    client = session_of(person)
    answers = [client.get(path).content.decode() for path in paths]
    return set(re.findall(r"canary-\w+|\b[46]\.77\b", " ".join(answers)))


def test_only_the_students_of_the_group_see_their_marks_anywhere() -> None:
    world = grouped_world()
    inside, outside = (run.work.author for run in world.runs)
    release(world)
    everything = {"canary-item", "canary-comment", "4.77", "6.77"}
    assert found(world, inside) == everything
    assert found(world, outside) == set()
    released = [
        get(each, f"assignments/{world.assignment.pk}/")["marks_are_released"]
        for each in (inside, outside)
    ]
    assert released == [True, False]
    assert not any("70010" in str(row) for row in rows(outside, "changes/"))
    # Whoever moves to the group sees what the group sees.
    Enrolment.objects.filter(user=outside).update(module_code="70010")
    assert found(world, outside) == everything
    take_back(world, "70010")
    assert found(world, inside) == set()


def test_nothing_handed_in_counts_as_0_once_it_is_out_for_the_group() -> None:
    world = grouped_world()
    course = world.assignment.course
    Assignment.objects.update(weight_percent=100)
    late = EnrolmentFactory.create(course=course, module_code="70010").user
    other = EnrolmentFactory.create(course=course, module_code="97111").user
    release(world)
    client = signed_in(world.lecturer)
    file = client.get(reverse("gradebook:gradebook-file", args=[course.slug]))
    lines = file.content.decode().splitlines()
    of = {
        who: next(line for line in lines if who.email in line) for who in (late, other)
    }
    assert ",0,0" in of[late].replace("0.0", "0").replace("0.00", "0")
    assert ",0," not in of[other]
    book = words(client.get(reverse("gradebook:gradebook", args=[course.slug])))
    assert "released to some" in book


def test_the_page_says_who_would_see_what_and_looks_different_once_it_is_out() -> None:
    world = grouped_world()
    course = world.assignment.course
    absent = EnrolmentFactory.create(course=course, module_code="70010").user
    for student, standing in (
        (absent, Standing.ABSENT),
        (world.runs[1].work.author, Standing.WITHHELD),
    ):
        set_standing(
            actor=world.lecturer,
            assignment=world.assignment,
            student=student,
            standing=standing,
            reason="x",
        )
    here = reverse("grading:release", args=[course.slug, world.assignment.slug])
    client = signed_in(world.lecturer)
    before = client.get(here)
    plan = before.context["plan"]
    counted = (plan.marked, plan.absent, len(plan.withheld), plan.without_mark)
    assert counted == (2, 1, 1, 0)
    said = words(before)
    assert "1 student reads that the mark is withheld" in said
    assert "Take back" not in said
    of_group = client.get(here, {"group": "group:70010"})
    assert of_group.context["plan"].students == 2
    form = {"group": "group:70010", "when": "now", "despite_problems": "on"}
    assert client.post(here, form).status_code == 302
    page = words(client.get(here))
    assert "Released to some groups 2 students can read their marks now." in page
    client.post(here, {**form, "group": "all"})
    page = words(client.get(here))
    assert "Released to everybody" in page
    assert "Release the marks" not in page
    assert "Make them provisional again" in page


def test_taking_it_back_asks_for_a_reason_that_staff_alone_read() -> None:
    world = grouped_world()
    course = world.assignment.course
    release(world, None)
    here = reverse("grading:release", args=[course.slug, world.assignment.slug])
    client = signed_in(world.lecturer)
    answer = client.post(here, {"take_back": "all", "reason": " "})
    assert answer.status_code == 422
    assert "Say why the marks are taken back." in words(answer)
    assert Assignment.objects.get().marks_are_released
    with pytest.raises(NoReleaseError, match="Take the release back first"):
        release(world, None, at=hours(5))
    moved = Assignment.objects.get()
    moved.marks_released_at = None
    with pytest.raises(ValidationError, match="asks for a reason"):
        moved.full_clean()
    client.post(here, {"take_back": "all", "reason": "A wrong key."})
    change = CourseChange.objects.get(reason="A wrong key.")
    assert "2 students could read their marks until then." in change.summary
    history = reverse("courses:changes", args=[course.slug])
    assert "A wrong key." in words(client.get(history))
    news = reverse("courses:news", args=[course.slug])
    assert "A wrong key." not in words(signed_in(world.student).get(news))
    assert "A wrong key." not in str(rows(world.student, "changes/"))


def test_what_is_not_released_is_not_taken_back() -> None:
    world = grouped_world()
    with pytest.raises(NoReleaseError, match="nothing is taken back"):
        take_back(world)
    release(world)
    with pytest.raises(NoReleaseError, match="nothing is taken back"):
        take_back(world, "97111")
    course = world.assignment.course
    here = reverse("grading:release", args=[course.slug, world.assignment.slug])
    form = {"take_back": "group:97111", "reason": "x"}
    answer = signed_in(world.lecturer).post(here, form)
    assert answer.status_code == 422
    assert "nothing is taken back" in words(answer)
    assert not CourseChange.objects.filter(reason="x").exists()


def test_taking_it_back_from_everybody_takes_it_back_from_groups() -> None:
    world = grouped_world()
    release(world)
    release(world, None)
    take_back(world)
    assert not GroupRelease.objects.exists()
    assert not Mark.objects.told().exists()


def test_each_student_is_mailed_once_the_mark_is_out_for_them_without_points() -> None:
    world = grouped_world()
    first, second = (run.work.author for run in world.runs)
    ExtensionFactory.create(
        assignment=world.assignment, student=second, due_at=hours(24)
    )
    release(world, None, mails=True)
    now = timezone.now()
    assert mail_due_releases(now=now) == 1
    assert mail_due_releases(now=now) == 0
    (sent,) = mail.outbox
    assert sent.to == [first.email]
    assert "Mark released" in sent.subject
    assert "/marks/#mark-" in sent.body
    assert not re.search(r"\d\.77|canary", str(sent.message()))
    # Releasing once more mails nobody twice.
    release(world, None, mails=True)
    assert mail_due_releases(now=timezone.now()) == 0
    second.extensions.all().delete()
    assert mail_due_releases(now=timezone.now()) == 1
    assert mail.outbox[-1].to == [second.email]


def test_no_mail_goes_out_for_what_was_taken_back_or_is_withheld() -> None:
    world = grouped_world()
    release(world, None, mails=True)
    take_back(world)
    assert mail_due_releases(now=timezone.now()) == 0
    assert not ReleaseMail.objects.exists()
    release(world, None, mails=True)
    set_standing(
        actor=world.lecturer,
        assignment=world.assignment,
        student=world.student,
        standing=Standing.WITHHELD,
        reason="x",
    )
    assert mail_due_releases(now=timezone.now()) == 1
    assert mail.outbox[-1].to == [world.runs[1].work.author.email]


def test_mails_of_a_group_go_to_its_students_alone() -> None:
    world = grouped_world()
    release(world, mails=True)
    assert mail_due_releases(now=timezone.now()) == 1
    assert mail.outbox[-1].to == [world.student.email]
