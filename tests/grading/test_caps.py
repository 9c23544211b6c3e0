"""A cap bounds a mark everywhere, and its student reads why with the release."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from gradebook.services.formula import load_formula
from gradebook.services.scores import load_scores
from grading.mark_points import Cap, mark_points
from grading.models import Mark, MarkChange, Marking
from grading.pages.staff_rows import student_rows
from grading.services.class_marks import class_shares
from grading.services.mark_adjustment import adjust_mark
from grading.services.mark_caps import CapRefusedError, set_caps
from grading.services.marking_plan import plan_marking
from tests.api.asking import ROOT, rows, session_of
from tests.factories import EnrolmentFactory, hours
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
WHY = "Resit after misconduct."


def capped_world(percent: str = "40", students: int = 1) -> FeedbackWorld:
    """Return students with 6 of 12 points, of whom the first is capped."""
    world = feedback_world(students)
    for run in world.runs:
        world.mark(run, "Clear")
    cap(world, percent)
    return world


def cap(world: FeedbackWorld, percent: str | None, **more: Any) -> int:
    return set_caps(
        actor=more.pop("actor", world.lecturer),
        assignment=world.assignment,
        students=[world.student.pk],
        percent=None if percent is None else Decimal(percent),
        **{"words": WHY, "reason": "Panel of 4 June.", **more},
    )


@pytest.mark.parametrize(
    ("raw", "adjustment", "percent", "final"),
    [
        ("6", "0", "40", "4.80"),
        ("4.80", "0", "40", "4.80"),
        ("3", "5", "40", "4.80"),
        ("6", "-4", "40", "2.00"),
        ("6", "0", "0", "0"),
        ("6", "0", "33.33", "4.00"),
    ],
)
def test_the_cap_holds_for_all_of_the_mark(
    raw: str, adjustment: str, percent: str, final: str
) -> None:
    points = mark_points(
        automatic=Decimal(raw),
        adjustment=Decimal(adjustment),
        late=None,
        cap=Cap(percent=Decimal(percent)),
        possible=Decimal(12),
    )
    assert points.final == Decimal(final)
    whole = points.raw + points.adjustment - points.capped
    assert max(whole, Decimal(0)) == points.final


def test_every_way_to_a_mark_has_the_cap() -> None:
    world = capped_world()
    student, assignment = world.student, world.assignment
    Assignment.objects.update(weight_percent=100)
    mark = Mark.objects.get(student=student)
    assert mark.final_points == Decimal("4.80")
    (row,) = student_rows(assignment)
    assert row.mark == Decimal("4.80")
    formula = load_formula(assignment.course)
    scores = load_scores(formula, [student.pk], now=timezone.now())
    assert scores.of(student.pk)[assignment.pk].points == Decimal("4.80")
    assert scores.total(student.pk).percent == 40
    file = signed_in(world.lecturer).get(
        reverse("grading:marks-file", args=[assignment.course.slug, assignment.slug])
    )
    (line,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    cells = (line["final"], line["cap_percent"], line["cap_words"])
    assert cells == ("4.80", "40.00", WHY)
    (shown,) = rows(world.lecturer, "marks/")
    assert (shown["earned"], shown["parts"]["cap"]) == ("4.80", "40.00")
    adjust_mark(
        actor=world.lecturer,
        assignment=assignment,
        student=student,
        by=Decimal(3),
        reason="x",
    )
    assert Mark.objects.get(student=student).final_points == Decimal("4.80")


def test_the_class_has_the_capped_mark() -> None:
    world = capped_world(students=5)
    world.release()
    MarkChange.objects.update(at=hours(-3))
    shares = class_shares(world.assignment, now=hours(1))
    assert sorted(shares) == [Decimal("0.4"), *[Decimal("0.5")] * 4]


def test_previews_know_the_cap() -> None:
    """Without the agreed marking, the mark would fall from 6 to 2 points."""
    world = capped_world("10")
    Marking.objects.create(
        rubric=world.rubric,
        student=world.student,
        submission=world.run.work,
        stage="second",
        is_finished=True,
    )
    Assignment.objects.update(agreed_above=100)
    before, after = Assignment.objects.get(), Assignment.objects.get()
    after.agreed_above = Decimal(1)
    assert not plan_marking(before=before, after=after).marks
    cap(world, None)
    assert len(plan_marking(before=before, after=after).marks) == 1


def test_the_student_reads_it_with_the_release_and_nothing_before() -> None:
    world = capped_world()
    course = world.assignment.course
    of_work = [course.slug, world.assignment.slug]
    marks = reverse("gradebook:marks", args=[course.slug])
    feedback = reverse("grading:feedback", args=of_work)
    client = signed_in(world.student)
    for path in (marks, feedback):
        assert "apped" not in words(client.get(path))
    (before,) = rows(world.student, "marks/")
    assert (before["earned"], before["parts"]) == ("2.00", None)
    world.release()
    for path in (marks, feedback):
        said = words(client.get(path))
        assert f"Capped at 40 % of the points: {WHY}" in said
        assert "4.8 / 12" in said
        assert "Panel" not in said
    (after,) = rows(world.student, "marks/")
    parts = after["parts"]
    assert (after["earned"], parts["cap"], parts["cap_reason"]) == (
        *("4.80", "40.00"),
        WHY,
    )


def test_before_the_release_a_mark_without_hidden_points_has_no_cap() -> None:
    """All parts of such a mark are shown before the release."""
    world = capped_world("10")
    revision = world.assignment.revision
    assert revision is not None
    revision.questions.filter(key="words").delete()
    client = signed_in(world.student)
    marks = reverse("gradebook:marks", args=[world.assignment.course.slug])
    page = words(client.get(marks))
    assert "So far 2 / 2" in page
    assert "Cap" not in page
    world.release()
    assert "Capped at 10 %" in words(client.get(marks))


def test_each_cap_is_in_the_history_and_can_be_taken_back() -> None:
    world = capped_world()
    assert cap(world, "40") == 1
    cap(world, None)
    mark = Mark.objects.get(student=world.student)
    assert (mark.final_points, mark.cap_words) == (Decimal(6), "")
    found = list(mark.changes.order_by("pk").values_list("before", "after", "reason"))[
        -2:
    ]
    assert found == [
        (
            Decimal(6),
            Decimal("4.80"),
            f"Capped at 40 % of the points: {WHY} Panel of 4 June.",
        ),
        (Decimal("4.80"), Decimal(6), "No cap any more. Panel of 4 June."),
    ]


def test_a_cap_alone_is_no_mark() -> None:
    world = capped_world()
    newcomer = EnrolmentFactory.create(course=world.assignment.course).user
    set_caps(
        actor=world.lecturer,
        assignment=world.assignment,
        students=[newcomer.pk],
        percent=Decimal(50),
        words="Resit.",
        reason="x",
    )
    mark = Mark.objects.get(student=newcomer)
    assert mark.is_empty
    assert mark.changes.get().after is None


@pytest.mark.parametrize(
    ("percent", "more", "said"),
    [
        ("101", {}, "from 0 to 100"),
        ("NaN", {}, "from 0 to 100"),
        ("1.234", {}, "two decimals"),
        ("40", {"words": " "}, "words that the student reads"),
        ("40", {"words": "x" * 301}, "at most 300"),
        ("40", {"reason": " "}, "Give a reason"),
    ],
)
def test_what_is_no_cap_is_refused_in_words(
    percent: str, more: dict[str, str], said: str
) -> None:
    world = feedback_world()
    with pytest.raises(CapRefusedError, match=said):
        cap(world, percent, **more)
    assert Mark.objects.get().cap_percent is None


def test_markers_cap_nothing() -> None:
    world = feedback_world()
    with pytest.raises(PermissionDenied):
        cap(world, "40", actor=world.marker)


def test_the_page_caps_those_chosen() -> None:
    world = feedback_world(2)
    course, client = world.assignment.course, signed_in(world.lecturer)
    here = reverse("grading:standings", args=[course.slug, world.assignment.slug])
    form = {
        "student": [run.work.author.pk for run in world.runs],
        "decide": "cap",
        "cap-percent": "40",
        "cap-reason": "Panel.",
    }
    answer = client.post(here, form)
    assert answer.status_code == 422
    assert "Say why, in words that the student reads." in words(answer)
    assert answer.content.decode().count(" checked") == 2
    answer = client.post(here, {**form, "cap-words": "Resit"}, follow=True)
    assert "Stored for 2 students." in words(answer)
    assert words(answer).count("40 % : Resit") + words(answer).count("40 %: Resit") == 2
    assert set(Mark.objects.values_list("cap_percent", flat=True)) == {Decimal(40)}
    staff = reverse(
        "grading:assignment-staff", args=[course.slug, world.assignment.slug]
    )
    assert "cap of 40 %" in words(client.get(staff))


def test_the_api_caps_by_the_same_rules() -> None:
    world = feedback_world()
    url = f"{ROOT}assignments/{world.assignment.pk}/caps/"

    def post(who: User, **form: object) -> Any:
        given = {"students": [world.student.pk], "reason": "Panel.", **form}
        return session_of(who).post(url, given, content_type="application/json")

    assert post(world.marker, percent="40", words="Resit").status_code == 403
    refused = post(world.lecturer, percent="40")
    assert refused.status_code == 400
    assert "words that the student reads" in refused.content.decode()
    assert post(world.lecturer, percent="40", words="Resit").json() == {"students": 1}
    assert Mark.objects.get().cap_percent == Decimal(40)
    post(world.lecturer, percent=None)
    assert Mark.objects.get().cap_percent is None
