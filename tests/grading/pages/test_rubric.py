"""The page that edits a rubric: its form, the preview of marks, and YAML."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from grading.models import Mark
from grading.services.aliases import codes_of
from grading.services.marking import GivenMarking, save_marking
from tests.factories import (
    EnrolmentFactory,
    ManualQuestionFactory,
    RevisionFactory,
    TrialFactory,
)
from tests.grading.pages import signed_in, words
from tests.grading.test_marking import assignment as assignment  # noqa: PLC0414
from tests.grading.test_marking import attempt, items, mark_of, target

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(assignment: Assignment) -> Client:
    return signed_in(
        EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    )


@pytest.fixture
def url(assignment: Assignment) -> str:
    return reverse(
        "grading:rubric", args=[assignment.course.slug, assignment.slug, "words"]
    )


def sent(answer: Any, act: str = "save", **changed: str) -> dict[str, str]:
    """Return what a browser sends of a form that was shown."""
    page = answer.context["page"]
    forms = [page.head.head]
    data = {"act": act, "groups": str(len(page.groups))}
    for number, row in enumerate(page.groups):
        data[f"group-{number}-items"] = str(len(row.items))
        forms += [row.group.form, *(item.form for item in row.items)]
    for form in forms:
        data |= {field.html_name: str(field.value() or "") for field in form}
    if page.plan:
        data["seen"] = page.plan.digest
    return {**data, **changed}


def shown(answer: Any) -> list[list[str]]:
    """Return the words of the items in each group of the form."""
    return [
        [item.form["text"].value() for item in row.items if item.form["text"].value()]
        for row in answer.context["page"].groups
    ]


def errors(answer: Any) -> dict[str, list[str]]:
    page = answer.context["page"]
    forms = [page.head.head]
    for row in page.groups:
        forms += [row.group.form, *(item.form for item in row.items)]
    return {
        (form.prefix if name == "__all__" else f"{form.prefix}-{name}"): list(found)
        for form in forms
        for name, found in form.errors.items()
    }


def marked(assignment: Assignment, *texts: str) -> Any:
    """Return a student whose attempt was marked with these items."""
    enrolment = EnrolmentFactory.create(course=assignment.course)
    save_marking(
        actor=EnrolmentFactory.create(course=assignment.course, lecturer=True).user,
        target=target(attempt(assignment, enrolment.user)),
        given=GivenMarking(items=items(*texts)),
        version=0,
    )
    return enrolment.user


def test_marks_that_change_are_shown_before_they_change(
    page: Client, url: str, assignment: Assignment
) -> None:
    student = marked(assignment, "Clear")
    assert mark_of(student).final_points == 5
    changed = {"group-0-item-0-points": "2.5", "group-0-item-2-text": "New"}
    changed["group-0-item-2-points"] = "1"
    preview = page.post(url, sent(page.get(url), **changed))
    assert "1 mark would change. To save" in words(preview)
    assert Mark.objects.get().final_points == 5
    assert page.post(url, sent(preview)).status_code == 302
    assert mark_of(student).final_points == Decimal("3.5")
    assert [str(each) for each in RubricItem.objects.all()] == [
        "Clear",
        "Wrong sign",
        "New",
    ]


def test_an_item_that_markings_have_goes_after_a_look(
    page: Client, url: str, assignment: Assignment
) -> None:
    student = marked(assignment, "Clear", "Wrong sign")
    form = page.get(url)
    assert "in 1 marking" in words(form)
    without = page.post(url, sent(form, act="remove-item:0:1"))
    assert shown(without) == [["Clear"]]
    preview = page.post(url, sent(without))
    assert "1 item that markers chose would go" in words(preview)
    assert RubricItem.objects.count() == 2
    page.post(url, sent(preview))
    assert mark_of(student).final_points == 5


def test_buttons_change_the_form_and_store_nothing(page: Client, url: str) -> None:
    answer = page.get(url)
    for act, expected in (
        ("down-item:0:0", [["Wrong sign", "Clear"]]),
        ("add-group", [["Wrong sign", "Clear"], []]),
        ("up-group:1", [[], ["Wrong sign", "Clear"]]),
        ("remove-item:1:0", [[], ["Clear"]]),
        ("up-item:1:0", [[], ["Clear"]]),
        ("remove-item:7:0", [[], ["Clear"]]),
        ("no-such:x", [[], ["Clear"]]),
        (f"up-group:{'9' * 5000}", [[], ["Clear"]]),
        ("remove-group:0", [["Clear"]]),
    ):
        answer = page.post(url, sent(answer, act=act))
        assert (shown(answer), errors(answer)) == (expected, {})
    assert [str(each) for each in RubricItem.objects.all()] == ["Clear", "Wrong sign"]


def test_faults_stand_at_their_fields(page: Client, url: str) -> None:
    form = page.post(url, sent(page.get(url), act="add-group"))
    wrong = {
        "group-0-maximum": "1",
        "group-0-minimum": "2",
        "group-0-item-0-text": "",
        "group-0-item-1-points": "0.125",
        "group-0-item-2-text": "No points",
        "group-1-title": "Empty",
    }
    answer = page.post(url, sent(form, **wrong))
    assert answer.status_code == 422
    assert errors(answer) == {
        "group-0-minimum": ["This is above the most that the group may add."],
        "group-0-item-0-text": ["Write the words of the item, or remove it."],
        "group-0-item-1-points": [
            "Ensure that there are no more than 2 decimal places."
        ],
        "group-0-item-2-points": ["Give the points of the item. They may be 0."],
        "group-1": ["Give the group an item, or remove it."],
    }
    assert Rubric.objects.get().version == 1


def test_nobody_overwrites_another_s_rubric(page: Client, url: str) -> None:
    form = page.get(url)
    page.post(url, sent(form, **{"group-0-title": "Mine"}))
    answer = page.post(url, sent(form, **{"group-0-title": "Yours"}))
    assert "Somebody else has changed the rubric" in words(answer)
    assert RubricGroup.objects.get().title == "Mine"


def test_yaml_fills_the_form_and_keeps_items_with_the_same_words(
    page: Client, url: str, assignment: Assignment
) -> None:
    stored = page.get(f"{url}rubric.yaml")
    document = yaml.safe_load(stored.content)
    assert document == {
        "starts": "zero",
        "groups": [
            {
                "title": "Argument",
                "items": [
                    {"text": "Clear", "points": 4},
                    {"text": "Wrong sign", "points": -1},
                ],
            }
        ],
    }
    student = marked(assignment, "Clear")
    text = (
        "starts: full\nitems:\n- {text: Clear, points: -2}\n- {text: Else, points: 0}"
    )
    filled = page.post(url, {"act": "fill", "yaml": text})
    assert shown(filled) == [["Clear", "Else"]]
    page.post(url, sent(page.post(url, sent(filled))))
    assert mark_of(student).final_points == 9
    refused = page.post(url, {"act": "fill", "yaml": "items:\n- {text: No points}"})
    assert refused.status_code == 422
    assert "rubric.yaml, line 2: “points” is missing here." in words(refused)


def test_the_page_says_which_revisions_have_another_rubric(
    page: Client,
    url: str,
    assignment: Assignment,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    later = RevisionFactory.create(assignment=assignment)
    ManualQuestionFactory.create(revision=later, points=8)
    assert assignment.revision is not None
    first, second = assignment.revision.number, later.number
    with assert_max_queries(13):
        said = words(page.get(url))
    assert f"the rubric of revision {first}, which the published revision has" in said
    assert f"Revision {second} defines the question differently" in said
    said = words(page.get(f"{url}?revision={second}"))
    assert "The rubric has no items" in said
    assert f"Revision {first} (published) defines the question" in said


def test_codes_stand_for_names_where_marking_is_anonymous(
    page: Client, url: str, assignment: Assignment
) -> None:
    student = marked(assignment, "Clear")
    Assignment.objects.update(marking_is_anonymous=True)
    change = {"group-0-item-0-points": "2"}
    preview = words(page.post(url, sent(page.get(url), **change)))
    assert codes_of(assignment, [student.pk])[student.pk] in preview
    assert student.last_name not in preview


def test_the_page_of_a_revision_links_to_its_rubrics(
    page: Client, url: str, assignment: Assignment
) -> None:
    assert assignment.revision is not None
    TrialFactory.create(revision=assignment.revision, finished=True)
    number = assignment.revision.number
    course = assignment.course
    args = [course.slug, assignment.slug, number]
    answer = page.get(reverse("grading:trials", args=args))
    assert f'href="{url}?revision={number}"' in answer.content.decode()


def test_a_question_without_a_rubric_has_no_page(page: Client, url: str) -> None:
    assert page.get(url.replace("/words/", "/none/")).status_code == 404
