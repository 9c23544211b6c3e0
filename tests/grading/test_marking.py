"""Marking by hand: to what the points belong, and that no marker overwrites another."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from courses.services.edited_rows import save_assignment
from formats.assignment.rubric import Choose
from grading.models import GradingRun, Mark, MarkChange, Marking, Stage
from grading.services.hand_points import load_hand_points
from grading.services.mark_previews import preview_hand
from grading.services.mark_standing import StandingRefusedError, set_standing
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    MarkingTarget,
    remove_marking,
    save_marking,
    taken_over,
)
from grading.services.marking_refused import MarkingRefusedError
from grading.services.marks import load_counting_runs, recompute_mark
from grading.services.rubric_edit import (
    EditedGroup,
    EditedItem,
    EditedRubric,
    RubricRefusedError,
    edit_rubric,
    plan_rubric,
)
from grading.states import State
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkingFactory,
    RevisionFactory,
    SubmissionFactory,
)
from tests.services.locks import wait_for_a_lock

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    assignment: Assignment = AssignmentFactory.create()
    ManualQuestionFactory.create(revision=assignment.revision, points=10)
    group = RubricGroup.objects.create(rubric=Rubric.objects.get(), title="Argument")
    for position, (text, points) in enumerate((("Clear", 4), ("Wrong sign", -1))):
        RubricItem.objects.create(
            group=group, text=text, points=points, position=position
        )
    return assignment


@pytest.fixture
def marker(assignment: Assignment) -> User:
    marker: User = EnrolmentFactory.create(
        course=assignment.course, role="assistant"
    ).user
    return marker


@pytest.fixture
def student(assignment: Assignment) -> User:
    student: User = EnrolmentFactory.create(course=assignment.course).user
    return student


def rubric() -> Rubric:
    return Rubric.objects.order_by("pk")[0]


def items(*texts: str) -> frozenset[int]:
    return frozenset(
        RubricItem.objects.get(text=text, group__rubric=rubric()).pk for text in texts
    )


def attempt(
    assignment: Assignment, student: User, points: int = 1, **fields: object
) -> GradingRun:
    run: GradingRun = GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student),
        **{"finished": True, "automatic_points": points, **fields},
    )
    recompute_mark(actor=SYSTEM, assignment=assignment, student=student, reason="run")
    return run


def target(run: GradingRun) -> MarkingTarget:
    return MarkingTarget(rubric=rubric(), student=run.work.author, submission=run.work)


def mark_of(student: User) -> Mark:
    (mark,) = load_counting_runs(Mark.objects.filter(student=student))
    assert mark.points == Mark.objects.get(student=student).points
    return mark


def test_items_and_adjustment_make_the_points_of_that_attempt_alone(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    assert mark_of(student).counting().hand.waiting == 10
    given = GivenMarking(items=items("Clear"), adjustment=Decimal("0.5"))
    marking = save_marking(actor=marker, target=target(run), given=given, version=0)
    mark = mark_of(student)
    assert (mark.manual_points, mark.final_points) == (Decimal("4.5"), Decimal("5.5"))
    assert mark.counting().hand.waiting == 0
    change = MarkChange.objects.first()
    assert change is not None
    assert (change.actor, change.before) == (marker, Decimal(1))
    assert change.after == Decimal("5.5")
    assert "no points yet → 4.5" in change.reason
    assert marking.changes.get().after["points"] == "4.50"


def test_a_new_attempt_carries_nothing_over_until_somebody_takes_it_over(
    assignment: Assignment, student: User, marker: User
) -> None:
    first = attempt(assignment, student)
    given = GivenMarking(items=items("Clear"), comment="Good")
    old = save_marking(actor=marker, target=target(first), given=given, version=0)
    second = attempt(assignment, student, 2)
    mark = mark_of(student)
    assert (mark.run, mark.manual_points) == (second, Decimal(0))
    assert mark.counting().hand.waiting == 10
    save_marking(
        actor=marker,
        target=target(second),
        given=taken_over(old, rubric()),
        version=0,
    )
    assert mark_of(student).final_points == 6


def test_a_rerun_of_the_same_revision_keeps_the_marking(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    save_marking(
        actor=marker,
        target=target(run),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    again = GradingRunFactory.create(
        submission=run.work, number=2, finished=True, automatic_points=3
    )
    assert (mark_of(student).run, mark_of(student).final_points) == (again, Decimal(7))


def test_a_revision_with_another_rubric_has_none_of_the_marking(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    old = save_marking(
        actor=marker,
        target=target(run),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    revision = RevisionFactory.create(assignment=assignment, number=99999)
    question = ManualQuestionFactory.create(revision=revision, points=8)
    GradingRunFactory.create(
        submission=run.work,
        revision=revision,
        number=2,
        finished=True,
        automatic_points=1,
    )
    mark = mark_of(student)
    assert mark.manual_points == 0
    assert mark.counting().hand.waiting == 8
    # The new rubric has no such item: a person has to look at it.
    assert question.rubric is not None
    draft = taken_over(old, question.rubric)
    assert (draft.items, draft.is_finished) == (frozenset(), False)


def test_a_withdrawn_attempt_lets_the_earlier_marked_one_count_again(
    assignment: Assignment, student: User, marker: User
) -> None:
    first = attempt(assignment, student)
    save_marking(
        actor=marker,
        target=target(first),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    attempt(
        assignment,
        student,
        finished=False,
        state=State.CANCELLED,
        finished_at=timezone.now(),
    )
    mark = mark_of(student)
    assert (mark.run, mark.final_points) == (first, Decimal(5))


@pytest.mark.parametrize("state", [State.CANCELLED, State.NEEDS_STAFF])
def test_work_whose_run_has_no_result_counts_once_it_is_marked(
    assignment: Assignment, student: User, marker: User, state: State
) -> None:
    run = attempt(
        assignment,
        student,
        finished=False,
        state=state,
        finished_at=timezone.now(),
        automatic_points=None,
    )
    assert not Mark.objects.exists()
    save_marking(
        actor=marker,
        target=target(run),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    mark = mark_of(student)
    assert (mark.run, mark.final_points) == (run, Decimal(4))


def test_a_student_without_work_can_be_marked_or_excused(
    assignment: Assignment, student: User, marker: User
) -> None:
    absent = MarkingTarget(rubric=rubric(), student=student)
    given = GivenMarking(items=items("Clear"), comment="On paper")
    save_marking(actor=marker, target=absent, given=given, version=0)
    mark = mark_of(student)
    assert (mark.run, mark.final_points) == (None, Decimal(4))
    with pytest.raises(StandingRefusedError):
        set_standing(
            actor=marker,
            assignment=assignment,
            student=student,
            standing=None,
            reason=" ",
        )


@pytest.mark.parametrize("counting", ["latest", "best"])
def test_the_best_attempt_is_the_one_that_can_still_become_it(
    assignment: Assignment, student: User, marker: User, counting: str
) -> None:
    Assignment.objects.update(counting=counting)
    first, second = attempt(assignment, student, 3), attempt(assignment, student, 1)
    assert mark_of(student).run == (first if counting == "best" else second)
    save_marking(
        actor=marker,
        target=target(first),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    # Unmarked, the second attempt could still have 11 points.
    assert mark_of(student).run == second
    save_marking(actor=marker, target=target(second), given=GivenMarking(), version=0)
    expected = (first, Decimal(7)) if counting == "best" else (second, Decimal(1))
    assert (mark_of(student).run, mark_of(student).final_points) == expected


def test_a_draft_and_a_second_marking_give_no_points(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    draft = GivenMarking(items=items("Clear"), is_finished=False)
    save_marking(actor=marker, target=target(run), given=draft, version=0)
    second = MarkingTarget(
        rubric=rubric(), student=student, submission=run.work, stage=Stage.SECOND
    )
    save_marking(
        actor=marker, target=second, given=GivenMarking(items=items("Clear")), version=0
    )
    assert mark_of(student).counting().hand.waiting == 10


def test_two_markers_never_overwrite_each_other(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    other = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    mine, theirs = GivenMarking(items=items("Clear")), GivenMarking(comment="No")
    first = save_marking(actor=other, target=target(run), given=theirs, version=0)
    for version in (0, 7):
        with pytest.raises(MarkingConflictError, match=other.name) as caught:
            save_marking(actor=marker, target=target(run), given=mine, version=version)
        assert caught.value.marking == first
    stored = Marking.objects.get()
    assert (stored.comment, stored.version) == ("No", 1)
    save_marking(actor=marker, target=target(run), given=mine, version=1)
    assert Marking.objects.get().version == 2
    remove_marking(actor=marker, target=target(run), version=2)
    assert mark_of(student).counting().hand.waiting == 10


def test_storing_the_same_again_is_no_change(
    assignment: Assignment, student: User, marker: User
) -> None:
    work = target(attempt(assignment, student))
    for version, zero in enumerate(("0", "0.0", "-0")):
        given = GivenMarking(adjustment=Decimal(zero))
        save_marking(actor=marker, target=work, given=given, version=version)
    assert Marking.objects.get().changes.count() == 1


def test_what_cannot_be_stored_is_refused_in_words(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    RubricGroup.objects.update(choose=Choose.ONE)
    elsewhere = SubmissionFactory.create()
    wrong = {
        "one item": GivenMarking(items=items("Clear", "Wrong sign")),
        "no longer": GivenMarking(items=frozenset({999_999})),
        "two decimals": GivenMarking(adjustment=Decimal("0.001")),
        "at most": GivenMarking(adjustment=Decimal("NaN")),
        "numbered from 1": GivenMarking(cell_comments={0: "x"}),
        "characters": GivenMarking(comment="x" * 10_001),
    }
    for words, given in wrong.items():
        with pytest.raises(MarkingRefusedError, match=words):
            save_marking(actor=marker, target=target(run), given=given, version=0)
    with pytest.raises(MarkingRefusedError, match="another student"):
        save_marking(
            actor=marker,
            target=MarkingTarget(
                rubric=rubric(), student=student, submission=elsewhere
            ),
            given=GivenMarking(),
            version=0,
        )
    with pytest.raises(PermissionDenied):
        save_marking(actor=student, target=target(run), given=GivenMarking(), version=0)
    assert not Marking.objects.exists()


def edited(points: int, *, keeps_all: bool = True) -> EditedRubric:
    group = RubricGroup.objects.get()
    clear, wrong = group.items.order_by("position")
    return EditedRubric(
        groups=(
            EditedGroup(
                pk=group.pk,
                items=(
                    EditedItem(pk=clear.pk, text="Very clear", points=Decimal(points)),
                    *(
                        (EditedItem(pk=wrong.pk, text="Sign", points=Decimal(-1)),)
                        if keeps_all
                        else ()
                    ),
                    EditedItem(text="New", points=Decimal(1)),
                ),
            ),
        )
    )


def test_editing_an_item_marks_everybody_again_who_has_it(
    assignment: Assignment, student: User, marker: User
) -> None:
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    run = attempt(assignment, student)
    other = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, other)
    save_marking(
        actor=marker,
        target=target(run),
        given=GivenMarking(items=items("Clear")),
        version=0,
    )
    plan = plan_rubric(rubric(), edited(6))
    assert [(row.student, row.before, row.after) for row in plan.rows] == [
        (student, Decimal(5), Decimal(7))
    ]
    assert mark_of(student).final_points == 5
    with pytest.raises(RubricRefusedError, match="preview"):
        edit_rubric(actor=lecturer, rubric=rubric(), edited=edited(6), seen="")
    with pytest.raises(PermissionDenied):
        edit_rubric(actor=marker, rubric=rubric(), edited=edited(6), seen=plan.digest)
    edit_rubric(actor=lecturer, rubric=rubric(), edited=edited(6), seen=plan.digest)
    assert mark_of(student).final_points == 7
    assert MarkChange.objects.filter(mark__student=student)[0].after == 7
    assert [item.text for item in RubricItem.objects.all()] == [
        "Very clear",
        "Sign",
        "New",
    ]


def test_the_preview_says_who_has_an_item_that_is_removed(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    chosen = items("Clear", "Wrong sign")
    save_marking(
        actor=marker, target=target(run), given=GivenMarking(items=chosen), version=0
    )
    plan = plan_rubric(rubric(), edited(4, keeps_all=False))
    assert [(item.text, count) for item, count in plan.removed] == [("Wrong sign", 1)]
    assert [(row.before, row.after) for row in plan.rows] == [(Decimal(4), Decimal(5))]


@pytest.mark.django_db(transaction=True)
def test_an_item_that_is_being_removed_is_refused_in_words(
    assignment: Assignment, student: User, marker: User
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole file")
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    chosen, work = items("Wrong sign"), target(attempt(assignment, student))

    def give() -> None:
        try:
            given = GivenMarking(items=chosen)
            save_marking(actor=marker, target=work, given=given, version=0)
        finally:
            connections.close_all()

    edit = edited(4, keeps_all=False)
    seen = plan_rubric(rubric(), edit).digest
    with ThreadPoolExecutor(1) as others:
        with transaction.atomic():
            edit_rubric(actor=lecturer, rubric=rubric(), edited=edit, seen=seen)
            giving = others.submit(give)
            wait_for_a_lock()
        with pytest.raises(MarkingRefusedError, match="no longer in the rubric"):
            giving.result(timeout=60)
    assert not Marking.objects.exists()


def test_points_are_loaded_in_as_many_queries_for_many_as_for_one(
    assignment: Assignment, marker: User, django_assert_max_num_queries: object
) -> None:
    for _ in range(4):
        student = EnrolmentFactory.create(course=assignment.course).user
        run = attempt(assignment, student)
        save_marking(
            actor=marker,
            target=target(run),
            given=GivenMarking(items=items("Clear")),
            version=0,
        )
    with django_assert_max_num_queries(6):  # type: ignore[operator]  # of pytest-django
        marked = load_hand_points([assignment.pk])
    assert len(marked.earned) == 4


def test_second_marking_that_differs_waits_for_an_agreed_one(
    assignment: Assignment, student: User, marker: User
) -> None:
    assignment.agreed_above = Decimal("0.5")
    assignment.save()
    run = attempt(assignment, student)

    def give(stage: Stage, points: str, version: int = 0) -> Mark:
        save_marking(
            actor=marker,
            target=MarkingTarget(
                rubric=rubric(), student=student, submission=run.work, stage=stage
            ),
            given=GivenMarking(adjustment=Decimal(points)),
            version=version,
        )
        return mark_of(student)

    assert give(Stage.FIRST, "4").final_points == 5
    assert give(Stage.SECOND, "4.5").final_points == 5
    apart = give(Stage.SECOND, "5", version=1)
    assert (apart.final_points, apart.counting().hand.waiting) == (
        Decimal(1),
        Decimal(10),
    )
    change = apart.changes.latest("at", "pk")
    assert (change.before, change.after) == (Decimal(5), Decimal(1))
    assert give(Stage.AGREED, "5").final_points == 6
    assert give(Stage.FIRST, "0", version=1).final_points == 6


def test_another_bound_is_previewed_and_the_marks_follow(
    assignment: Assignment, student: User, marker: User
) -> None:
    run = attempt(assignment, student)
    for stage, points in ((Stage.FIRST, 4), (Stage.SECOND, 6)):
        MarkingFactory.create(run=run, stage=stage, adjustment=points, rubric=rubric())
    recompute_mark(actor=SYSTEM, assignment=assignment, student=student, reason="x")
    (row,) = preview_hand(
        assignment,
        load_hand_points([assignment.pk]),
        load_hand_points([assignment.pk], assumed_bounds={assignment.pk: Decimal(2)}),
    )
    assert (row.before, row.after) == (Decimal(1), Decimal(5))
    assignment.agreed_above = Decimal(2)
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    save_assignment(actor=lecturer, assignment=assignment)
    change = mark_of(student).changes.latest("at", "pk")
    assert (change.before, change.after) == (Decimal(1), Decimal(5))
    assert change.actor == lecturer
