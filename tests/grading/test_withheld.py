"""A withheld mark: staff have it, the student is told none of its points."""

import re
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Course, RubricItem
from grading.models import Mark, QuestionResult, Standing
from grading.services.mark_standing import set_standing
from grading.services.regrade_requests import (
    RegradeRequestRefusedError,
    ask_for_regrade,
)
from tests.api.asking import ROOT, get, rows, session_of
from tests.api.test_leaks import PERSONAL_LISTS
from tests.factories import EnrolmentFactory
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
# 1.37 from the check, 4 and 0.77 by a person: 4.77 and 6.14 are their sums.
POINTS = {"1.37", "4.77", "6.14"}
WORDS = {"canary-item", "canary-comment", "canary-cell"}
FOUND = re.compile(r"canary-\w+|\b(?:1\.37|4\.77|6\.14|51\.2)\b")


def decide(
    world: FeedbackWorld, standing: Standing | None, student: User | None = None
) -> None:
    set_standing(
        actor=world.lecturer,
        assignment=world.assignment,
        student=student or world.student,
        standing=standing,
        reason="canary-reason: a question of conduct.",
    )


def marked_world() -> FeedbackWorld:
    """Return a marked student, whose total is 51.2 %."""
    world = feedback_world()
    Course.objects.update(total_decimals=1)
    world.assignment.weight_percent = Decimal(100)
    world.assignment.save()
    run = world.run
    run.automatic_points = Decimal("1.37")
    run.save()
    QuestionResult.objects.filter(run=run).update(points=Decimal("1.37"))
    RubricItem.objects.filter(text="Clear").update(text="canary-item")
    world.mark(
        run,
        "Clear",
        comment="canary-comment",
        adjustment=Decimal("0.77"),
        cell_comments={1: "canary-cell"},
    )
    return world


def paths_of(world: FeedbackWorld) -> list[str]:
    course, run = world.assignment.course, world.run
    of_work = [course.slug, world.assignment.slug]
    return [
        *(f"{ROOT}{path}" for path in (*PERSONAL_LISTS, "assignments/", "changes/")),
        f"{ROOT}runs/{run.pk}/",
        f"{ROOT}submissions/{run.submission_id}/",
        f"{ROOT}courses/{course.slug}/totals/",
        *(
            reverse(f"grading:{name}", args=of_work)
            for name in ("assignment", "feedback", "feedback-file")
        ),
        *(reverse(f"grading:{name}", args=[run.pk]) for name in ("run", "executed")),
        reverse("gradebook:marks", args=[course.slug]),
        course.get_absolute_url(),
        reverse("home"),
        reverse("courses:news", args=[course.slug]),
    ]


def found(world: FeedbackWorld, person: User) -> set[str]:
    client = session_of(person)
    answers = [client.get(path).content.decode() for path in paths_of(world)]
    mails = [str(each.message()) for each in mail.outbox]
    return set(FOUND.findall(" ".join([*answers, *mails])))


def test_no_page_list_file_or_mail_tells_a_withheld_mark_after_the_release() -> None:
    world = marked_world()
    world.release()
    everything = found(world, world.student)
    assert everything == POINTS | WORDS | {"51.2"}
    decide(world, Standing.WITHHELD)
    assert found(world, world.student) == set()
    assert "6.14" in found(world, world.lecturer)
    decide(world, None)
    assert found(world, world.student) == everything


def test_before_the_release_nothing_tells_that_a_mark_is_withheld() -> None:
    world = marked_world()
    client, now = session_of(world.student), timezone.now()

    def read() -> list[str]:
        varies = re.compile(r'nonce="[^"]*"|value="[^"]{20,}"|"X-CSRFToken": "\w+"')
        with time_machine.travel(now, tick=False):
            answers = [client.get(path).content.decode() for path in paths_of(world)]
        return [varies.sub("", each) for each in answers]

    before = read()
    decide(world, Standing.WITHHELD)
    assert read() == before


def test_the_student_is_told_to_ask_and_has_no_total() -> None:
    world = marked_world()
    decide(world, Standing.WITHHELD)
    world.release()
    client, course = signed_in(world.student), world.assignment.course
    marks = words(client.get(reverse("gradebook:marks", args=[course.slug])))
    assert "Withheld: ask the lecturer" in marks
    assert "so you are not told a total" in marks
    of_work = [course.slug, world.assignment.slug]
    for name in ("assignment", "feedback"):
        page = words(client.get(reverse(f"grading:{name}", args=of_work)))
        assert "Your mark is withheld" in page
    run = words(client.get(world.run.get_absolute_url()))
    assert "Your mark is withheld." in run
    assert "of 12 points" not in run
    (row,) = rows(world.student, "marks/")
    nothing = [row[name] for name in ("earned", "shown_points", "run", "parts")]
    assert nothing == [None] * 4
    assert (row["standing"], row["is_provisional"]) == ("withheld", True)
    (total,) = get(world.student, f"courses/{course.slug}/totals/")["totals"]
    assert (total["percent"], total["is_withheld"]) == (None, True)
    assert total["components"][0]["parts"][0]["points"] is None
    with pytest.raises(RegradeRequestRefusedError, match="not released"):
        ask_for_regrade(
            actor=world.student, assignment=world.assignment, key="words", reason="x"
        )


def test_staff_see_the_mark_and_that_the_total_waits() -> None:
    world = marked_world()
    decide(world, Standing.WITHHELD)
    world.release()
    client, course = signed_in(world.lecturer), world.assignment.course
    book = words(client.get(reverse("gradebook:gradebook", args=[course.slug])))
    assert "6.14 withheld" in book
    assert "none yet" in book
    file = client.get(reverse("gradebook:gradebook-file", args=[course.slug]))
    assert "withheld" in file.content.decode()
    assert "6.14" not in file.content.decode()
    (row,) = rows(world.lecturer, "marks/")
    assert (row["standing"], row["earned"]) == ("withheld", "6.14")
    (total,) = get(world.lecturer, f"courses/{course.slug}/totals/")["totals"]
    assert (total["is_withheld"], total["is_complete"]) == (True, False)
    of_work = [course.slug, world.assignment.slug]
    staff = words(client.get(reverse("grading:assignment-staff", args=of_work)))
    assert "1 withheld" in staff


def test_who_was_absent_has_0_points_and_it_is_said() -> None:
    world = marked_world()
    absent = EnrolmentFactory.create(course=world.assignment.course).user
    for student in (absent, world.student):
        decide(world, Standing.ABSENT, student)
    world.release()
    course = world.assignment.course
    marks = reverse("gradebook:marks", args=[course.slug])
    page = words(signed_in(absent).get(marks))
    assert "Absent: 0 points" in page
    (row,) = rows(absent, "marks/")
    assert (row["standing"], row["earned"]) == ("absent", "0.00")
    # It holds only while nothing counts.
    assert "Absent" not in words(signed_in(world.student).get(marks))
    assert Mark.objects.get(student=world.student).final_points == Decimal("6.14")
    client = signed_in(world.lecturer)
    book = words(client.get(reverse("gradebook:gradebook", args=[course.slug])))
    assert "0 absent" in book
    of_work = [course.slug, world.assignment.slug]
    page = words(client.get(reverse("grading:assignment-staff", args=of_work)))
    assert "1 absent" in page
    filtered: Any = client.get(
        reverse("grading:assignment-staff", args=of_work), {"state": "absent"}
    ).context["page"]
    assert [row.student_id for row in filtered.rows] == [absent.pk]
