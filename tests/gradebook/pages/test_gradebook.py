"""The gradebook: everybody's marks and totals, sorted, filtered, and as a file."""

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import User
from courses.models import Assignment, Component
from gradebook.pages.gradebook import GradebookQuery
from grading.models import Mark, Standing
from tests.factories import (
    EnrolmentFactory,
    ExtensionFactory,
    ExtensionRequestFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    SubmissionFactory,
    hours,
)
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


@pytest.fixture
def lecturer(world: GradebookWorld) -> Client:
    return signed_in(world.lecturer)


def ask(client: Client, world: GradebookWorld, **query: str) -> Answer:
    return client.get(reverse("gradebook:gradebook", args=[world.course.slug]), query)


def shown(answer: Answer) -> list[User]:
    return [row.student for row in answer.context["page"].rows]


def test_total_is_what_the_formula_gives(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", "90")
    text = words(ask(lecturer, world))
    # 50 % of 60, 20 % of 70, 30 % of 90.
    assert "71 %" in text
    assert "so far" not in text


def test_marks_that_are_missing_make_a_total_so_far(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", None, None)
    assert "60 % so far" in words(ask(lecturer, world))


def test_nothing_handed_in_is_nothing_once_marks_are_out(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", None)
    world.release()
    text = words(ask(lecturer, world))
    assert "0 nothing handed in" in text
    assert "44 %" in text


def test_who_may_still_hand_in_has_not_missed_it(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", None)
    ExtensionFactory.create(assignment=world.second, student=student, due_at=hours(24))
    world.release()
    assert "nothing handed in" not in words(ask(lecturer, world))


def test_excused_work_leaves_its_share_to_the_others(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", None)
    Mark.objects.create(
        assignment=world.second, student=student, standing=Standing.EXCUSED
    )
    text = words(ask(lecturer, world))
    assert "Excused" in text
    assert "65 %" in text


def test_no_total_while_the_weights_do_not_add_up(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", "90")
    Component.objects.filter(pk=world.exam_part.pk).update(weight_percent=40)
    answer = ask(lecturer, world)
    assert "The weights add up to 90 %, not to 100 %." in words(answer)
    assert not answer.context["page"].has_totals


def test_rows_are_sorted_by_any_column(world: GradebookWorld, lecturer: Client) -> None:
    low = world.student("10", "90", "50")
    high = world.student("90", "20", "50")
    none = world.student()
    key = str(world.first.pk)
    assert shown(ask(lecturer, world, sort="total", order="down")) == [high, low, none]
    assert shown(ask(lecturer, world, sort="total")) == [low, high, none]
    assert shown(ask(lecturer, world, sort=key)) == [high, low, none]
    assert set(shown(ask(lecturer, world, sort="nonsense"))) == {low, high, none}


def test_filters_show_who_needs_looking_at(
    world: GradebookWorld, lecturer: Client
) -> None:
    failing = world.student("20", "30", "30")
    missing = world.student("80", "80", None)
    world.student("80", "80", "80")
    world.release()
    assert shown(ask(lecturer, world, show="failing")) == [failing]
    assert shown(ask(lecturer, world, show="missing")) == [missing]
    assert shown(ask(lecturer, world, show="waiting")) == []
    assert shown(ask(lecturer, world, q=missing.email)) == [missing]


def test_students_of_a_code_are_shown_alone(lecturer: Client) -> None:
    world = gradebook_world(module_codes=["70010", "97111"])
    one = world.student("50", "50", "50", module_code="97111")
    world.student("50", "50", "50", module_code="70010")
    client = signed_in(world.lecturer)
    assert shown(ask(client, world, code="97111")) == [one]


def test_each_code_may_have_an_exam_of_its_own() -> None:
    world = gradebook_world(module_codes=["70010", "97111"])
    Component.objects.filter(pk=world.exam_part.pk).update(module_code="70010")
    Component.objects.create(
        course=world.course,
        kind="exam",
        title="Other exam",
        weight_percent=50,
        module_code="97111",
    )
    world.student("20", "60", "60", module_code="70010")
    world.student("20", "60", "60", module_code="97111")
    text = words(ask(signed_in(world.lecturer), world))
    assert "40 %" in text
    assert "60 % so far" in text


def test_assistant_sees_no_total_while_some_work_is_anonymous(
    world: GradebookWorld,
) -> None:
    world.student("60", "70", "90")
    Assignment.objects.filter(pk=world.first.pk).update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    answer = ask(signed_in(assistant), world)
    text = words(answer)
    assert "First task" not in text
    assert "71 %" not in text
    file = reverse("gradebook:gradebook-file", args=[world.course.slug])
    sent = signed_in(assistant).get(file).content.decode()
    assert "First task" not in sent
    assert "total_percent" not in sent


def test_file_has_everybody_and_no_formula(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", "90")
    User.objects.filter(pk=student.pk).update(last_name="=HYPERLINK(1)")
    answer = lecturer.get(reverse("gradebook:gradebook-file", args=[world.course.slug]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 1
    assert rows[0]["last_name"] == "'=HYPERLINK(1)"
    assert rows[0]["Written exam (100)"] == "60.00"
    assert (rows[0]["total_percent"], rows[0]["passed"]) == ("71.0", "yes")


def send_file(client: Client, world: GradebookWorld, **given: str) -> Any:
    """Ask for a file of the gradebook."""
    url = reverse("gradebook:gradebook-file", args=[world.course.slug])
    return client.get(url, given)


def test_excel_file_has_numbers_and_no_formula(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", "90")
    bad = "=HYPERLINK(1)\x01"
    User.objects.filter(pk=student.pk).update(last_name=bad, first_name="@SUM(1)")
    answer = send_file(lecturer, world, format="xlsx")
    assert answer["Content-Disposition"].endswith('.xlsx"')
    sheet = load_workbook(io.BytesIO(answer.content)).active
    heads, row = sheet.iter_rows()
    found = dict(zip([cell.value for cell in heads], row, strict=True))
    assert (found["last_name"].data_type, found["last_name"].value) == (
        "s",
        "=HYPERLINK(1)",
    )
    assert found["first_name"].data_type == "s"
    assert found["Written exam (100)"].value == 60
    assert found["total_percent"].value == 71
    assert sheet.freeze_panes == "A2"


def test_the_registry_gets_complete_totals_alone(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", "90", module_code="70010")
    world.student("10", "20", "30")
    world.student("60", "70")
    answer = send_file(lecturer, world, kind="registry")
    assert answer["Content-Disposition"].startswith('attachment; filename="registry-')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    found = [(row["module_code"], row["mark"], row["result"]) for row in rows]
    assert sorted(found) == [
        ("70010", "71.0", "passed"),
        ("70010/97111", "", "not complete"),
        ("70010/97111", "18.0", "failed"),
    ]


def test_the_registry_gets_no_totals_from_somebody_who_sees_none(
    world: GradebookWorld,
) -> None:
    world.student("60", "70", "90")
    Assignment.objects.filter(pk=world.first.pk).update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    sent = send_file(signed_in(assistant), world, kind="registry").content.decode()
    assert "71.0" not in sent


def test_nbgrader_s_columns_have_a_row_for_each_assessment_and_student(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70")
    absent = world.student()
    excused = Mark.objects.get(assignment=world.first, student=student)
    excused.standing = Standing.EXCUSED
    excused.save()
    Mark.objects.filter(assignment=world.exam).update(adjustment=Decimal(5))
    answer = send_file(lecturer, world, kind="nbgrader")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert list(rows[0])[:4] == ["assignment", "duedate", "timestamp", "student_id"]
    found = {
        (row["assignment"], row["email"]): (row["raw_score"], row["score"])
        for row in rows
    }
    assert len(rows) == len(found) == 6
    assert found[world.exam.slug, student.email] == ("65.00", "65.00")
    assert found[world.first.slug, student.email] == ("", "")
    assert found[world.second.slug, absent.email] == ("0", "0")
    (sent,) = [row for row in rows if row["raw_score"] == "65.00"]
    assert sent["timestamp"]
    assert "+" not in sent["timestamp"]
    assert Decimal(sent["max_score"]) == 100


@pytest.mark.parametrize("given", [{"kind": "x"}, {"format": "../x"}])
def test_there_is_no_file_of_another_kind(
    world: GradebookWorld, lecturer: Client, given: dict[str, str]
) -> None:
    assert send_file(lecturer, world, **given).status_code == 404


def test_number_of_queries_does_not_grow(
    world: GradebookWorld,
    lecturer: Client,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    for _ in range(3):
        world.student("60", "70", "90")
    ask(lecturer, world)
    with assert_max_queries(14):
        ask(lecturer, world)
    with assert_max_queries(14):
        ask(lecturer, world, sort="total")


def test_each_column_leads_to_its_submissions(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", "90")
    page = ask(lecturer, world).content.decode()
    for each in world.assignments:
        assert f'href="{each.get_absolute_url()}staff/"' in page


def test_coursework_without_questions_is_not_of_0_points(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60")
    assert "no questions yet" not in words(ask(lecturer, world))
    Assignment.objects.filter(pk=world.second.pk).update(revision=None)
    text = words(ask(lecturer, world))
    assert "no questions yet" in text
    assert "/ 0" not in text


def test_who_has_no_module_code_has_no_total_where_parts_depend_on_it() -> None:
    """Their exam is not known, so coursework alone would pass them."""
    world = gradebook_world(module_codes=["70010", "97111"])
    Component.objects.filter(pk=world.exam_part.pk).update(module_code="70010")
    Component.objects.create(
        course=world.course,
        kind="exam",
        title="Other exam",
        weight_percent=50,
        module_code="97111",
    )
    student = world.student("20", "60", "60")
    answer = ask(signed_in(world.lecturer), world)
    (row,) = answer.context["page"].rows
    assert (row.percent, row.letter, row.passes) == (None, "", None)
    assert "none: no module code" in words(answer)
    world.release()
    own = words(
        signed_in(student).get(reverse("gradebook:marks", args=[world.course.slug]))
    )
    assert "no code is entered for you" in own
    assert "60 % so far" not in own


def test_work_without_a_result_is_not_nothing_handed_in(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", None)
    work = SubmissionFactory.create(assignment=world.second, author=student)
    GradingRunFactory.create(submission=work, needs_staff=True)
    world.release()
    text = words(ask(lecturer, world))
    assert "no result yet" in text
    assert "nothing handed in" not in text
    assert shown(ask(lecturer, world, show="waiting")) == [student]
    own = words(
        signed_in(student).get(reverse("gradebook:marks", args=[world.course.slug]))
    )
    assert "Nothing handed in" not in own
    assert "Passed" not in own


def test_who_waits_for_an_answer_on_an_extension_has_not_missed_it(
    world: GradebookWorld, lecturer: Client
) -> None:
    student = world.student("60", "70", None)
    ExtensionRequestFactory.create(
        assignment=world.second,
        student=student,
        made_at=hours(-30),
        wished_due_at=hours(24),
    )
    world.release()
    assert "nothing handed in" not in words(ask(lecturer, world))


def test_points_that_wait_for_a_marker_are_no_mark_in_the_file(
    world: GradebookWorld, lecturer: Client
) -> None:
    world.student("60", "70", "90")
    ManualQuestionFactory.create(revision=world.second.revision, points=50)
    answer = lecturer.get(reverse("gradebook:gradebook-file", args=[world.course.slug]))
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert row["Second task (150)"] == "waits for marking"
    assert row["is_complete"] == "no"


def test_code_with_a_character_that_no_database_takes_is_no_fault() -> None:
    assert GradebookQuery.of({"code": "7\0"}).code == "7"
