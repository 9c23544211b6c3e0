"""The board of a course: nothing but its decisions changes frozen marks."""

import ast
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import User
from courses.frozen_marks import MarksFrozenError, is_frozen
from courses.models import (
    Assignment,
    Component,
    CourseChange,
    Enrolment,
    MarkFreeze,
)
from gradebook.services.formula import load_formula
from gradebook.services.scores import load_scores
from grading.models import BoardProposal, GradingRun, Mark, MarkChange, Standing
from grading.services.board import (
    WantedMark,
    confirm_proposal,
    decline_proposal,
    propose_end,
    propose_mark,
)
from grading.services.freezing import BoardRefusedError, freeze_marks, preview_end
from grading.services.mark_adjustment import adjust_mark
from grading.services.mark_caps import set_caps
from grading.services.mark_standing import set_standing
from grading.services.releasing import release_marks
from tests.factories import EnrolmentFactory, UserFactory, hours
from tests.gradebook.world import GradebookWorld, gradebook_world

pytestmark = pytest.mark.django_db
State = BoardProposal.State


@pytest.fixture
def world() -> GradebookWorld:
    return gradebook_world()


@pytest.fixture
def student(world: GradebookWorld) -> User:
    return world.student("60", "70", "80")


@pytest.fixture
def second(world: GradebookWorld) -> User:
    return world.second_lecturer()


@pytest.fixture
def freeze(world: GradebookWorld, student: User, second: User) -> MarkFreeze:
    """Freeze the marks of a course in which a student has three, with their history."""
    for mark in Mark.objects.all():
        MarkChange.objects.create(mark=mark, after=mark.final_points, reason="made")
    return world.freeze(second)


def points(assignment: Assignment, student: User) -> Decimal | None:
    return Mark.objects.get(assignment=assignment, student=student).final_points


def total(world: GradebookWorld, student: User) -> Fraction | None:
    formula = load_formula(world.course)
    scores = load_scores(formula, [student.pk], now=timezone.now())
    return scores.total(student.pk).percent


def proposed(
    world: GradebookWorld, student: User, freeze: MarkFreeze, **wanted: Any
) -> BoardProposal:
    return propose_mark(
        actor=world.lecturer,
        freeze=freeze,
        wanted=WantedMark(assignment=world.exam, student=student.pk, **wanted),
        reason="The examiners agreed.",
    )


def _cap(world: GradebookWorld, student: User) -> None:
    set_caps(
        actor=world.lecturer,
        assignment=world.exam,
        students=[student.pk],
        percent=Decimal(40),
        words="A resit.",
        reason="x",
    )


def _excuse(world: GradebookWorld, student: User) -> None:
    set_standing(
        actor=world.lecturer,
        assignment=world.exam,
        student=student,
        standing=Standing.EXCUSED,
        reason="x",
    )


def _adjust(world: GradebookWorld, student: User) -> None:
    adjust_mark(
        actor=world.lecturer,
        assignment=world.exam,
        student=student,
        by=Decimal(5),
        reason="x",
    )


def _weight(world: GradebookWorld, student: User) -> None:
    part = Component.objects.get(pk=world.exam_part.pk)
    part.weight_percent = Decimal(60)
    part.save()


def _new_part(world: GradebookWorld, student: User) -> None:
    Component.objects.create(
        course=world.course, kind="coursework", title="New", weight_percent=1
    )


def _remove_part(world: GradebookWorld, student: User) -> None:
    Assignment.objects.filter(component=world.exam_part).update(component=None)
    Component.objects.get(pk=world.exam_part.pk).delete()


def _share(world: GradebookWorld, student: User) -> None:
    row = Assignment.objects.get(pk=world.first.pk)
    row.weight_percent = Decimal(30)
    row.save(update_fields=["weight_percent"])


def _letters(world: GradebookWorld, student: User) -> None:
    world.course.letter_scale = "A 50, F 0"
    world.course.save()


def _code(world: GradebookWorld, student: User) -> None:
    row = Enrolment.objects.get(course=world.course, user=student)
    row.module_code = "70010"
    row.save(update_fields=["module_code"])


def _new_coursework(world: GradebookWorld, student: User) -> None:
    Assignment.objects.create(
        course=world.course,
        slug="new",
        title="New",
        due_at=hours(5),
        component=world.exam_part,
    )


WRITERS: dict[str, Callable[[GradebookWorld, User], None]] = {
    "a cap": _cap,
    "a standing": _excuse,
    "an adjustment": _adjust,
    "a weight": _weight,
    "a new part": _new_part,
    "a removed part": _remove_part,
    "a share": _share,
    "letters": _letters,
    "a module code": _code,
    "new coursework that counts": _new_coursework,
}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_else_changes_a_frozen_mark_or_total(
    name: str, world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    before = points(world.exam, student), total(world, student)
    history = MarkChange.objects.count()
    with pytest.raises(MarksFrozenError):
        WRITERS[name](world, student)
    if name != "a removed part":
        assert (points(world.exam, student), total(world, student)) == before
    assert MarkChange.objects.count() == history


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_is_stored_while_marks_are_not_frozen(
    name: str, world: GradebookWorld, student: User
) -> None:
    WRITERS[name](world, student)


def test_what_does_not_touch_totals_is_stored(
    world: GradebookWorld, freeze: MarkFreeze
) -> None:
    world.course.title = "Another title"
    world.course.save()
    part = Component.objects.get(pk=world.exam_part.pk)
    part.title = "The exam"
    part.save()
    Assignment.objects.create(
        course=world.course, slug="extra", title="Not assessed", due_at=hours(5)
    )


def test_marks_are_released_while_they_are_frozen(
    world: GradebookWorld, freeze: MarkFreeze
) -> None:
    release_marks(actor=world.lecturer, assignment=world.exam, at=timezone.now())
    assert Assignment.objects.get(pk=world.exam.pk).marks_are_released


def test_work_that_finishes_meanwhile_counts_from_the_end_on(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    world.mark_later(world.exam, student, "90")
    newcomer = world.student()
    world.mark_later(world.exam, newcomer, "50")
    assert points(world.exam, student) == 60
    found = [(each.before, each.after) for each in preview_end(freeze)]
    assert found == [(Decimal(60), Decimal(90)), (None, Decimal(50))]
    assert GradingRun.objects.filter(is_after_freeze=True).count() == 2
    end = propose_end(actor=world.lecturer, freeze=freeze, reason="All is decided.")
    confirm_proposal(actor=second, proposal=end)
    assert not is_frozen(world.course)
    assert points(world.exam, student) == 90
    assert points(world.exam, newcomer) == 50
    last = MarkChange.objects.filter(mark__student=student)[0]
    assert (last.before, last.after) == (Decimal(60), Decimal(90))
    assert "All is decided." in last.reason


def test_a_proposal_holds_once_a_second_person_confirms_it(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    proposal = proposed(world, student, freeze, points=Decimal("65.5"))
    assert points(world.exam, student) == 60
    with pytest.raises(BoardRefusedError, match="proposed this yourself"):
        confirm_proposal(actor=world.lecturer, proposal=proposal)
    confirm_proposal(actor=second, proposal=proposal)
    assert points(world.exam, student) == Decimal("65.5")
    change = MarkChange.objects.filter(mark__student=student)[0]
    assert (change.before, change.after) == (Decimal(60), Decimal("65.5"))
    for words in ("Board of 12 June", world.lecturer.name, second.name, "agreed"):
        assert words in change.reason
    with pytest.raises(BoardRefusedError, match="answered this proposal already"):
        confirm_proposal(actor=second, proposal=proposal)


def test_the_end_declines_what_is_still_open(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    proposal = proposed(world, student, freeze, points=Decimal(65))
    end = propose_end(actor=world.lecturer, freeze=freeze, reason="Done.")
    confirm_proposal(actor=second, proposal=end)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.answer) == (
        State.DECLINED,
        "The freeze has ended.",
    )
    assert points(world.exam, student) == 60


def test_points_of_entered_marks_are_entered(
    world: GradebookWorld, student: User, second: User
) -> None:
    talk = Assignment.objects.create(
        course=world.course,
        slug="talk",
        title="Talk",
        due_at=hours(-5),
        marks_out_of=20,
    )
    frozen = freeze_marks(
        actor=world.lecturer,
        course=world.course,
        board="Board",
        members=[world.lecturer.pk, second.pk],
    )
    proposal = propose_mark(
        actor=world.lecturer,
        freeze=frozen,
        wanted=WantedMark(assignment=talk, student=student.pk, points=Decimal(12)),
        reason="Seen by all.",
    )
    confirm_proposal(actor=second, proposal=proposal)
    assert Mark.objects.get(assignment=talk).entered_points == 12
    assert points(talk, student) == 12


def test_a_standing_is_decided_and_taken_back(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    for standing in (Standing.WITHHELD, ""):
        proposal = proposed(world, student, freeze, standing=standing)
        confirm_proposal(actor=second, proposal=proposal)
        assert Mark.objects.get(assignment=world.exam).standing == standing


def test_a_declined_proposal_changes_nothing(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    proposal = proposed(world, student, freeze, points=Decimal(65))
    with pytest.raises(BoardRefusedError, match="Say why"):
        decline_proposal(actor=second, proposal=proposal, words=" ")
    decline_proposal(actor=second, proposal=proposal, words="No evidence.")
    assert points(world.exam, student) == 60
    proposal.refresh_from_db()
    assert (proposal.state, proposal.answer) == (State.DECLINED, "No evidence.")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"points": Decimal(-1)}, "0 or more"),
        ({"points": Decimal("NaN")}, "0 or more"),
        ({"points": Decimal("1.234")}, "two decimals"),
        ({"points": Decimal(101)}, "at most 100"),
        ({"points": Decimal(60)}, "these points already"),
        ({"standing": ""}, "this standing already"),
        ({"standing": "nonsense"}, "Choose a standing"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused_in_words(
    wanted: dict[str, Any],
    words: str,
    world: GradebookWorld,
    student: User,
    freeze: MarkFreeze,
) -> None:
    with pytest.raises(BoardRefusedError, match=words):
        proposed(world, student, freeze, **wanted)
    assert not BoardProposal.objects.exists()


def test_one_proposal_is_open_for_a_mark(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    proposed(world, student, freeze, points=Decimal(65))
    with pytest.raises(BoardRefusedError, match="open proposal"):
        proposed(world, student, freeze, points=Decimal(66))
    assert BoardProposal.objects.count() == 1


def test_a_mark_that_moved_is_not_changed(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    proposal = proposed(world, student, freeze, points=Decimal(65))
    Mark.objects.filter(assignment=world.exam).update(adjustment=1)
    with pytest.raises(BoardRefusedError, match="no longer the one"):
        confirm_proposal(actor=second, proposal=proposal)
    proposal.refresh_from_db()
    assert proposal.is_open


def test_only_named_people_who_still_manage_marks_decide(
    world: GradebookWorld, student: User, second: User, freeze: MarkFreeze
) -> None:
    third = EnrolmentFactory.create(course=world.course, lecturer=True).user
    proposal = proposed(world, student, freeze, points=Decimal(65))
    with pytest.raises(BoardRefusedError, match="named for the board"):
        confirm_proposal(actor=third, proposal=proposal)
    Enrolment.objects.filter(user=second).update(role="assistant")
    with pytest.raises(BoardRefusedError, match="named for the board"):
        confirm_proposal(actor=second, proposal=proposal)
    assert points(world.exam, student) == 60


def test_who_may_freeze_and_for_whom(world: GradebookWorld, second: User) -> None:
    def tried(**changes: Any) -> MarkFreeze:
        given: dict[str, Any] = {
            "actor": world.lecturer,
            "course": world.course,
            "board": "Board",
            "members": [world.lecturer.pk, second.pk],
            **changes,
        }
        return freeze_marks(**given)

    student = world.student("60")
    for members in ([], [second.pk], [second.pk, student.pk], [second.pk, 0]):
        with pytest.raises(BoardRefusedError, match="at least two people"):
            tried(members=members)
    with pytest.raises(BoardRefusedError, match="Name the board"):
        tried(board=" ")
    for nobody in (student, UserFactory.create()):
        with pytest.raises(PermissionDenied):
            tried(actor=nobody)
    assert not is_frozen(world.course)
    tried()
    with pytest.raises(BoardRefusedError, match="frozen already"):
        tried()


def test_students_are_told_nothing_of_the_freeze(
    world: GradebookWorld, student: User, freeze: MarkFreeze
) -> None:
    told = CourseChange.objects.visible_to(student).values_list("summary", flat=True)
    assert not any("frozen" in words for words in told)
    read = CourseChange.objects.visible_to(world.lecturer)
    assert any("Board of 12 June" in each.summary for each in read)


def test_one_module_writes_the_history_of_marks() -> None:
    root = Path(settings.BASE_DIR)
    writers = set()
    for app in ("accounts", "courses", "submissions", "grading", "gradebook", "portal"):
        for path in (root / app).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text())
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            for call in calls:
                words = ast.unparse(call.func)
                if words == "MarkChange" or (
                    words.startswith("MarkChange.objects.")
                    and (
                        words.rpartition(".")[2]
                        in ("create", "bulk_create", "get_or_create")
                    )
                ):
                    writers.add(path.name)
                if any(each.arg == "by_board" for each in call.keywords):
                    assert path.name == "board.py"
    assert writers == {"mark_changes.py"}
