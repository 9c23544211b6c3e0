"""Page, file and API tell the same totals, and so do those of a student."""

import csv
import io
import random
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Component
from formats.choices import Split
from grading.models import Mark, Standing
from tests.api.asking import ROOT, session_of
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import signed_in

pytestmark = pytest.mark.django_db
STANDINGS = ("", "", "", *Standing.values)


def random_world(seed: int) -> GradebookWorld:
    """Return a course with random rules, marks, standings, caps and releases."""
    # This is chance for a test, no secret.
    draw = random.Random(seed)  # noqa: S311
    world = gradebook_world(
        letter_scale=draw.choice(["", "A 70, B 60, F 0"]),
        total_decimals=draw.randint(0, 2),
    )
    Component.objects.filter(pk=world.exam_part.pk).update(
        required_percent=draw.choice([None, 40])
    )
    Component.objects.filter(pk=world.coursework_part.pk).update(
        split=draw.choice(Split.values),
        drop_lowest=draw.randint(0, 1),
        best_count=draw.choice([None, 1]),
    )
    for _ in range(6):
        points = [f"{draw.randint(0, 10_000) / 100}" for _ in range(3)]
        student = world.student(
            *(each if draw.random() < 0.8 else None for each in points)
        )
        for mark in Mark.objects.filter(student=student):
            mark.standing = draw.choice(STANDINGS)
            mark.adjustment = Decimal(draw.randint(-5, 5))
            if draw.random() < 0.3:
                mark.cap_percent, mark.cap_words = Decimal(40), "A resit."
            mark.save()
    world.release(*draw.sample(world.assignments, draw.randint(1, 3)))
    return world


def _percent(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def api_totals(user: User, world: GradebookWorld) -> dict[int, tuple[object, ...]]:
    """Return percent, letter and passing by the student's id, by the API."""
    url = f"{ROOT}courses/{world.course.slug}/totals/"
    return {
        row["student"]["id"]: (_percent(row["percent"]), row["letter"], row["passes"])
        for row in session_of(user).get(url).json()["totals"]
    }


@pytest.mark.parametrize("seed", range(8))
def test_staff_read_the_same_totals_everywhere(seed: int) -> None:
    world = random_world(seed)
    client = signed_in(world.lecturer)
    url = reverse("gradebook:gradebook", args=[world.course.slug])
    told = api_totals(world.lecturer, world)
    for query in ({}, {"sort": "total"}, {"sort": str(world.exam.pk), "order": "down"}):
        rows = client.get(url, query).context["page"].rows
        assert {
            row.student.pk: (row.percent, row.letter, row.passes) for row in rows
        } == told
    data = client.get(reverse("gradebook:gradebook-file", args=[world.course.slug]))
    lines = list(csv.DictReader(io.StringIO(data.content.decode("utf-8-sig"))))
    by_email = {each.email: each.pk for each in world.students}
    assert {
        by_email[line["email"]]: (_percent(line["total_percent"]), line["letter"])
        for line in lines
    } == {key: row[:2] for key, row in told.items()}


@pytest.mark.parametrize("seed", range(8))
def test_students_read_the_same_total_on_their_page_and_in_the_api(seed: int) -> None:
    world = random_world(seed)
    for student in world.students:
        page = signed_in(student).get(
            reverse("gradebook:marks", args=[world.course.slug])
        )
        table = page.context["page"].total
        told = api_totals(student, world)
        if table is None:
            assert not told
        else:
            assert told == {student.pk: (table.percent, table.letter, table.passes)}


def test_a_filter_shows_who_has_a_standing() -> None:
    world = gradebook_world()
    people = {}
    for standing in (Standing.EXCUSED, Standing.ABSENT, Standing.WITHHELD):
        people[standing] = world.student("60")
        if standing == Standing.ABSENT:
            # Absent holds as long as nothing counts.
            people[standing] = world.student()
            Mark.objects.create(assignment=world.exam, student=people[standing])
        Mark.objects.filter(student=people[standing]).update(standing=standing)
    client = signed_in(world.lecturer)
    url = reverse("gradebook:gradebook", args=[world.course.slug])
    for standing, student in people.items():
        rows = client.get(url, {"show": standing.value}).context["page"].rows
        assert [row.student for row in rows] == [student], standing
