"""No page, file or answer of the API tells a second marker what the first one gave.

The first marking has points, words and items that are found nowhere else. Second markers
of every role ask every address, before they have given their own marking.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import RubricGroup, RubricItem
from courses.permissions import Right, rights_at
from grading.models import Mark, MarkerAllocation, Marking, Stage
from grading.services.agreement import disagreements
from grading.services.aliases import codes_of
from grading.services.blind_marking import hidden_answers, known_marks
from grading.services.marker_scope import marker_scope
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.rubric_edit import edit_without_marks
from grading.services.saved_comments import keep_comment
from tests.factories import (
    EnrolmentFactory,
    ManualQuestionFactory,
    MarkingFactory,
    RegradeRequestFactory,
)
from tests.matrix import ROWS
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

WORDS: Final = ("canary-comment", "canary-cell")
# 3.37 of 10 points: the points, a mark with them, and the share.
NUMBERS: Final = re.compile(r"\d[.,]37\b|33[.,]7\d?\b")
DESCRIPTIONS: Final = {"api:schema", "api:docs"}
# What a second marker gets at the addresses of work.
CLOSED: Final = {
    "grading:assignment-staff": "302",
    "grading:marks-file": "403",
    "grading:regrade": "403",
    "grading:run": "404",
    "grading:executed": "404",
    "submissions:submission": "404",
    "api:run-detail": "404",
    "api:mark-detail": "404",
    "api:submission-detail": "404",
    "grading:marking": "200",
    "grading:marking-agree": "200",
}


@pytest.fixture
def world() -> World:
    """Return the world with a first marking, and nobody's second one."""
    world = make_world()
    question = ManualQuestionFactory.create(revision=world.assignment.revision)
    assert question.rubric is not None
    first = EnrolmentFactory.create(course=world.course, role="assistant").user
    save_marking(
        actor=first,
        target=MarkingTarget(
            rubric=question.rubric,
            student=world.people["owner"],
            submission=world.submission,
        ),
        given=GivenMarking(
            adjustment=Decimal("3.37"),
            comment="canary-comment",
            cell_comments={1: "canary-cell"},
        ),
        version=0,
    )
    keep_comment(
        actor=first,
        rubric=question.rubric,
        text="canary-comment",
        stage=Stage.FIRST,
    )
    RegradeRequestFactory.create(
        submission=world.submission, key="words", points_before=Decimal("3.37")
    )
    return world


def make_second(world: World, viewer: str) -> None:
    MarkerAllocation.objects.create(
        assignment=world.assignment,
        marker=world.people[viewer],
        student=world.people["owner"],
        stage=Stage.SECOND,
    )


def answers(
    client: Client, world: World, names: Collection[str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield each address that is read, or these, its status, and all that it answers."""
    for row in ROWS:
        if row.method != "get" or row.note or row.name in DESCRIPTIONS:
            continue
        if row.name not in (names or {row.name}):
            continue
        path = reverse(row.name, args=row.args(world))
        with transaction.atomic():
            answer = client.get(path, row.form(world), headers=row.headers)
            body = answer.getvalue().decode(errors="replace")
            transaction.set_rollback(True)
        yield row.name, str(answer.status_code), f"{dict(answer.headers)} {body}"


def of_marking(world: World) -> Iterator[str]:
    owner = world.people["owner"].pk
    code = codes_of(world.assignment, [owner])[owner]
    where = [world.course.slug, world.assignment.slug]
    for name in ("work", "notebook", "changes", "like"):
        yield reverse(f"grading:marking-{name}", args=[*where, "words", code])
    for name in ("nothing", "comments"):
        yield reverse(f"grading:marking-{name}", args=[*where, "words"])
    yield reverse("grading:rubric", args=[*where, "words"])
    yield reverse("grading:release", args=where)
    yield reverse("grading:marking-statistics", args=where)
    yield reverse("api:marking", args=[world.assignment.pk, "words", code])
    yield reverse("api:rubric-list", args=[world.assignment.pk])
    yield reverse("grading:feedback-of", args=[*where, code])


def told(text: str) -> set[str]:
    return {each for each in WORDS if each in text} | set(NUMBERS.findall(text))


def found_by(world: World, viewer: str) -> dict[str, set[str]]:
    client = world.client(viewer)
    found = {name: told(text) for name, _, text in answers(client, world)}
    for path in of_marking(world):
        answer = client.get(path)
        found[path] = told(answer.getvalue().decode(errors="replace"))
    return {name: canaries for name, canaries in found.items() if canaries}


@pytest.mark.parametrize(
    ("viewer", "released"),
    [
        ("assistant", "not yet"),
        ("lecturer", "not yet"),
        ("lecturer", "released"),
        ("superuser", "released"),
    ],
)
def test_no_route_tells_a_second_marker_the_first_marking(
    world: World, viewer: str, released: str
) -> None:
    if released == "released":
        world.assignment.marks_released_at = timezone.now()
        world.assignment.save()
    make_second(world, viewer)
    assert not found_by(world, viewer)


def test_without_a_second_marking_to_give_staff_see_all_of_it(world: World) -> None:
    """Where nobody found a canary, the walks of second markers would prove nothing."""
    names = {"grading:marks-file", "grading:run", "api:mark-list"}
    client = world.client("lecturer")
    found = {name for name, _, text in answers(client, world, names) if told(text)}
    assert found == names
    pages = [
        path for path in of_marking(world) if told(client.get(path).content.decode())
    ]
    for page in ("statistics", "release", "feedback", "comments"):
        assert page in " ".join(pages)


@pytest.mark.parametrize("viewer", ["assistant", "lecturer"])
def test_work_is_closed_until_the_second_marking_is_finished(
    world: World, viewer: str
) -> None:
    person = world.people[viewer]
    make_second(world, viewer)
    client = world.client(viewer)
    assert {
        name: status for name, status, _ in answers(client, world, CLOSED)
    } == CLOSED
    assert Right.VIEW_ALL_WORK not in rights_at(person, world.assignment)
    draft = MarkingFactory.create(
        run=world.run,
        stage=Stage.SECOND,
        marker=person,
        adjustment=Decimal("3.37"),
        is_finished=False,
    )
    assert hidden_answers(person, [world.assignment.pk])
    Marking.objects.filter(pk=draft.pk).update(is_finished=True)
    assert not hidden_answers(person, [world.assignment.pk])
    assert Right.VIEW_ALL_WORK in rights_at(person, world.assignment)
    open_again = list(answers(client, world, {"grading:run", "api:mark-detail"}))
    assert {status for _, status, _ in open_again} == {"200"}
    assert told(" ".join(text for *_, text in open_again))


def test_the_page_of_work_says_why_it_is_closed(world: World) -> None:
    make_second(world, "lecturer")
    client = world.client("lecturer")
    where = [world.course.slug, world.assignment.slug]
    answer = client.get(reverse("grading:assignment-staff", args=where), follow=True)
    assert "have not finished your second markings" in answer.content.decode()
    for name in ("release", "marking-statistics"):
        text = client.get(reverse(f"grading:{name}", args=where)).content.decode()
        assert "what the first marker gave" in text, name


def test_other_answers_and_other_people_are_not_concerned(world: World) -> None:
    make_second(world, "lecturer")
    assert not hidden_answers(world.people["assistant"], [world.assignment.pk])
    MarkerAllocation.objects.update(key="another")
    assert not hidden_answers(world.people["lecturer"], [world.assignment.pk])
    MarkerAllocation.objects.update(key="", student=None)
    assert hidden_answers(world.people["lecturer"], [world.assignment.pk])


def test_whoever_made_the_first_marking_knows_it(world: World) -> None:
    make_second(world, "lecturer")
    Marking.objects.update(marker=world.people["lecturer"])
    assert not hidden_answers(world.people["lecturer"], [world.assignment.pk])


def test_an_agreed_answer_is_hidden_from_a_second_marker_with_a_draft(
    world: World,
) -> None:
    person = world.people["lecturer"]
    make_second(world, "lecturer")
    second = MarkingFactory.create(run=world.run, stage=Stage.SECOND, marker=person)
    MarkingFactory.create(run=world.run, stage=Stage.AGREED)
    scope = marker_scope(person, world.assignment)
    assert len(disagreements(world.assignment, scope)) == 1
    Marking.objects.filter(pk=second.pk).update(is_finished=False)
    assert disagreements(world.assignment, scope) == []


def test_previews_of_marks_leave_out_what_a_second_marker_must_not_know(
    world: World,
) -> None:
    mark = Mark.objects.get(assignment=world.assignment, student=world.people["owner"])
    lecturer = world.people["lecturer"]
    assert known_marks(lecturer, [mark]).rows == (mark,)
    make_second(world, "lecturer")
    known = known_marks(lecturer, [mark])
    assert (known.rows, known.leaves_out) == ((), True)
    # It is said of no mark, too: whether one changes is hidden.
    assert known_marks(lecturer, []).leaves_out
    assert known_marks(world.people["assistant"], [mark]).rows == (mark,)


def test_a_second_marker_looks_at_every_plan_also_if_it_changes_nothing(
    world: World,
) -> None:
    client = world.client("lecturer")
    url = reverse("grading:late-rule", args=[world.course.slug])
    form = {"late_mode": "cap", "late_unit": "day", "late_days": "0", "pass_mark": "40"}
    assert client.post(url, form).status_code == 302
    make_second(world, "lecturer")
    answer = client.post(url, {**form, "pass_mark": "50"})
    assert "Nothing is saved yet" in answer.content.decode()
    assert "are left out here, and are not counted" in answer.content.decode()
    seen = answer.context["plan"].digest
    sent = client.post(url, {**form, "pass_mark": "50", "seen": seen})
    assert sent.status_code == 302


def test_the_rubric_does_not_count_what_a_second_marker_must_not_know(
    world: World,
) -> None:
    rubric = Marking.objects.get().rubric
    group = RubricGroup.objects.create(rubric=rubric, title="Why")
    item = RubricItem.objects.create(group=group, text="Clear", points=1)
    Marking.objects.get().items.add(item)
    client = world.client("lecturer")
    where = [world.course.slug, world.assignment.slug, "words"]
    url = reverse("grading:rubric", args=where)

    def counted() -> int:
        (row,) = client.get(url).context["page"].groups
        return int(row.items[0].marked)

    assert counted() == 1
    make_second(world, "lecturer")
    assert counted() == 0


def test_a_course_file_does_not_tell_a_second_marker_which_marks_it_would_change(
    world: World,
) -> None:
    marking = Marking.objects.get()
    rubric, lecturer = marking.rubric, world.people["lecturer"]
    group = RubricGroup.objects.create(rubric=rubric, title="Why")
    for text in ("Clear", "Unclear"):
        RubricItem.objects.create(group=group, text=text, points=1)
    marking.items.add(RubricItem.objects.get(text="Clear"))
    (stored,) = rubric.definition().groups

    def answers_for(text: str) -> str:
        """Return what is said to a file that gives the item with this text 2 points."""
        items = tuple(
            replace(item, points=Decimal(2)) if item.text == text else item
            for item in stored.items
        )
        written = replace(rubric.definition(), groups=(replace(stored, items=items),))
        return edit_without_marks(
            actor=lecturer, rubric=rubric, written=written, dry_run=True
        )

    assert "would change 1 mark" in answers_for("Clear")
    assert answers_for("Unclear") == ""
    make_second(world, "lecturer")
    assert "you give a second marking" in answers_for("Clear")
    assert answers_for("Clear") == answers_for("Unclear")
