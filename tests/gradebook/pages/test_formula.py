"""What counts for the course mark: entered, previewed, stored, and told."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.models import Assignment, Component, Course, CourseChange, Enrolment
from grading.models import MarkerAllocation, Stage
from submissions.models import Submission
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    ManualQuestionFactory,
    MarkingFactory,
)
from tests.gradebook.world import GradebookWorld, gradebook_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world(module_codes=["70010", "97111"])


@pytest.fixture
def lecturer(world: GradebookWorld) -> Client:
    return signed_in(world.lecturer)


@pytest.fixture
def url(world: GradebookWorld) -> str:
    return reverse("gradebook:formula", args=[world.course.slug])


def form_of(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """Return what a browser sends if only these fields are changed."""
    forms = client.get(url).context["forms"]
    sent: dict[str, Any] = {}
    for formset in (forms.components, forms.shares):
        for field in formset.management_form:
            sent[field.html_name] = field.value()
    for form in (*forms.components, *forms.shares, forms.total):
        for field in form:
            value = field.value()
            if value is True:
                value = "on"
            if value is not None and value is not False:
                sent[field.html_name] = getattr(value, "pk", value)
    return {**sent, **changes}


def test_nothing_changes_if_nothing_is_entered(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    world.student("60", "70", "90")
    assert lecturer.post(url, form_of(lecturer, url)).status_code == 302
    assert not CourseChange.objects.exists()
    assert Component.objects.count() == 2


def test_totals_that_would_change_are_shown_first(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    world.student("60", "70", "90")
    sent = form_of(
        lecturer, url, **{"part-0-required_percent": "65", "letter_scale": "A 70, F 0"}
    )
    answer = lecturer.post(url, sent)
    text = words(answer)
    assert "1 total would change" in text
    assert "71.0 %, passed 71.0 % F, not passed" in text
    assert Component.objects.get(title="Exam").required_percent is None
    assert not CourseChange.objects.exists()
    done = lecturer.post(url, {**sent, "seen": answer.context["seen"]})
    assert done.status_code == 302
    assert Component.objects.get(title="Exam").required_percent == 65
    assert Course.objects.get().letter_scale == "A 70, F 0"


def test_change_is_told_to_students_without_the_formula(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    lecturer.post(url, form_of(lecturer, url, **{"part-1-drop_lowest": "1"}))
    told = CourseChange.objects.get(is_public=True)
    assert told.summary == "What counts for the course mark changed."
    assert "task" not in told.before + told.after
    recorded = CourseChange.objects.get(is_public=False)
    assert "drop 1" in recorded.after


def test_part_is_added_and_coursework_moves_into_it(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    new = {
        "part-2-title": "Quizzes",
        "part-2-kind": "other",
        "part-2-weight_percent": "10",
        "part-2-split": "equal",
        "part-2-drop_lowest": "0",
    }
    answer = lecturer.post(url, form_of(lecturer, url, **new))
    assert answer.status_code == 302, words(answer)
    quizzes = Component.objects.get(title="Quizzes")
    moved = {"share-1-component": str(quizzes.pk)}
    assert lecturer.post(url, form_of(lecturer, url, **moved)).status_code == 302
    assert Assignment.objects.get(pk=world.first.pk).component == quizzes
    assert "The weights add up to 110 %" in words(lecturer.get(url))


def test_part_with_coursework_is_not_removed(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    answer = lecturer.post(url, form_of(lecturer, url, **{"part-0-DELETE": "on"}))
    assert answer.status_code == 422
    assert "Give its coursework another part first." in words(answer)
    assert Component.objects.count() == 2


def test_empty_part_is_removed(lecturer: Client, url: str) -> None:
    before = Component.objects.count()
    spare = Component.objects.create(
        course=Course.objects.get(),
        kind="other",
        title="Spare",
        weight_percent=0,
        position=5,
    )
    sent = form_of(lecturer, url, **{"part-2-DELETE": "on"})
    assert sent["part-2-title"] == spare.title
    assert lecturer.post(url, sent).status_code == 302
    assert Component.objects.count() == before


@pytest.mark.parametrize(
    ("wrong", "words_of_it"),
    [
        ({"letter_scale": "A 70"}, "must begin at 0"),
        ({"part-0-weight_percent": "101"}, "less than or equal to 100"),
        ({"part-0-best_count": "0"}, "greater than or equal to 1"),
        ({"part-1-title": "Exam"}, "Two parts cannot have the same title"),
        ({"part-0-module_code": "40000"}, "valid choice"),
        ({"share-0-component": "999999"}, "valid choice"),
        ({"total_decimals": "3"}, "less than or equal to 2"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    lecturer: Client, url: str, wrong: dict[str, str], words_of_it: str
) -> None:
    answer = lecturer.post(url, form_of(lecturer, url, **wrong))
    assert answer.status_code == 422
    assert words_of_it in words(answer)
    assert not CourseChange.objects.exists()


def test_part_of_another_course_is_not_reached(lecturer: Client, url: str) -> None:
    other = Component.objects.create(
        course=CourseFactory.create(), kind="other", title="Theirs", weight_percent=7
    )
    lecturer.post(
        url,
        form_of(lecturer, url, **{"part-0-id": str(other.pk), "part-0-title": "Mine"}),
    )
    other.refresh_from_db()
    assert other.title == "Theirs"


def test_assistant_cannot_change_it(world: GradebookWorld, url: str) -> None:
    assistant = EnrolmentFactory.create(course=world.course, assistant=True).user
    assert signed_in(assistant).get(url).status_code == 403


def test_preview_says_why_nobody_would_have_a_total(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    world.student("60", "70", "90")
    first = form_of(lecturer, url, **{"part-0-weight_percent": "30"})
    text = words(lecturer.post(url, first))
    assert "Nobody would have a total" in text
    assert "The weights add up to 80 %" in text
    assert Component.objects.get(pk=world.exam_part.pk).weight_percent == 50
    second = form_of(lecturer, url, letter_scale="A 50, F 0")
    assert "Nobody would have a total" not in words(lecturer.post(url, second))


def test_second_marker_of_a_student_is_not_shown_their_total(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    """Every formula can be previewed, so a total would tell a mark of the first one."""
    known, hidden = world.student("60", "70", "90"), world.student("61", "71", "91")
    question = ManualQuestionFactory.create(revision=world.first.revision)
    work = Submission.objects.get(assignment=world.first, author=hidden)
    marking = MarkingFactory.create(run=work.runs.get(), adjustment=Decimal("3.5"))
    MarkerAllocation.objects.create(
        assignment=world.first,
        marker=world.lecturer,
        student=hidden,
        key=question.key,
        stage=Stage.SECOND,
    )
    sent = form_of(lecturer, url, letter_scale="A 70, F 0")
    answer = lecturer.post(url, sent)
    assert [row.student for row in answer.context["plan"].rows] == [known]
    assert "are left out here, and are not counted" in words(answer)
    # Nor does it tell whether their total changes.
    Enrolment.objects.filter(user=known).delete()
    assert lecturer.post(url, sent).status_code == 302
    marking.delete()
    sent = form_of(lecturer, url, letter_scale="")
    assert [row.student for row in lecturer.post(url, sent).context["plan"].rows] == [
        hidden
    ]


def test_formula_that_somebody_else_changed_meanwhile_is_not_overwritten(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    sent = form_of(lecturer, url, **{"part-0-weight_percent": "40"})
    other = form_of(lecturer, url, **{"part-1-note": "Ask in the lab."})
    assert lecturer.post(url, other).status_code == 302
    answer = lecturer.post(url, sent)
    assert answer.status_code == 422
    assert "Somebody has changed what counts since you opened" in words(answer)
    assert Component.objects.get(title="Coursework").note == "Ask in the lab."
    assert Component.objects.get(title="Exam").weight_percent == 50


def test_part_that_was_removed_meanwhile_does_not_come_back(
    lecturer: Client, url: str
) -> None:
    spare = Component.objects.create(
        course=Course.objects.get(), kind="other", title="Spare", weight_percent=0
    )
    sent = form_of(lecturer, url)
    spare.delete()
    assert lecturer.post(url, sent).status_code == 422
    assert not Component.objects.filter(title="Spare").exists()


def test_release_of_marks_meanwhile_stays(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    """The row of coursework is read under its lock, with all that others stored."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole file")
    sent = form_of(lecturer, url, **{"share-1-weight_percent": "10"})
    with CaptureQueriesContext(connection) as queries:
        assert lecturer.post(url, sent).status_code == 302
    texts = [query["sql"] for query in queries]
    course = [n for n, sql in enumerate(texts) if _locks(sql, "courses_course")]
    (first, *_) = [
        sql
        for sql in texts[course[-1] :]
        if sql.startswith("SELECT")
        and f'"courses_assignment"."id" = {world.first.pk}' in sql
    ]
    assert "FOR UPDATE" in first


def _locks(sql: str, table: str) -> bool:
    return f'FROM "{table}"' in sql and "FOR UPDATE" in sql


def test_form_without_its_counts_is_refused_in_words(
    lecturer: Client, url: str
) -> None:
    sent = form_of(lecturer, url)
    answer = lecturer.post(
        url, {name: text for name, text in sent.items() if "TOTAL_FORMS" not in name}
    )
    assert answer.status_code == 422
    assert "This cannot be saved" in words(answer)


def test_extra_credit_by_itself_is_a_change_of_what_counts(
    world: GradebookWorld, lecturer: Client, url: str
) -> None:
    Assignment.objects.filter(pk=world.first.pk).update(component=None)
    sent = form_of(lecturer, url, **{"share-1-is_extra_credit": "on"})
    assert lecturer.post(url, sent).status_code == 302
    assert CourseChange.objects.filter(is_public=True).exists()
