"""Who marks and who changes rubrics lock rows in one order, so neither is stopped."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any
from unittest import mock

import pytest
from django.db import connection, connections, transaction

from accounts.actors import SYSTEM
from accounts.models import User
from courses.course_file.apply import Applier
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    Rubric,
    RubricGroup,
    RubricItem,
)
from courses.services import course_files
from courses.services.course_files import export_course
from courses.services.edited_rows import save_course
from courses.services.rubrics import lock_rubrics
from grading.models import Mark
from grading.services import marking, rescore, rubric_edit
from grading.services.marking import GivenMarking, save_marking
from grading.services.marks import record_changed_marks
from grading.services.rubric_edit import edit_rubric, edited_as_written, plan_rubric
from tests.courses.coursefiles import import_file, imported_course, small
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ManualQuestionFactory,
    RevisionFactory,
    RubricFactory,
)
from tests.grading.pages import add_question
from tests.grading.test_marking import attempt, target
from tests.grading.test_rescoring import derived, lecturer_of, plan
from tests.grading.test_rescoring import marked as marked_run
from tests.services.locks import wait_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    """Return the rubric of a published question of a course with a file."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole file")
    course = imported_course(small(tmp_path), slug="dl")
    assignment = Assignment.objects.get(course=course)
    assignment.revision = RevisionFactory.create(assignment=assignment)
    assignment.save()
    rubric: Rubric = RubricFactory.create(assignment=assignment)
    ManualQuestionFactory.create(revision=assignment.revision, rubric=rubric)
    group = RubricGroup.objects.create(rubric=rubric, title="Why", minimum=-1)
    for text, points in (("Clear", "2.5"), ("no", "-1")):
        RubricItem.objects.create(group=group, text=text, points=Decimal(points))
    return rubric


@pytest.fixture
def file(rubric: Rubric, tmp_path: Path) -> Path:
    """Return a course file that moves the deadline and changes an item of the rubric."""
    folder = tmp_path / "out"
    export_course(actor=SYSTEM, course=rubric.assignment.course, folder=folder)
    path = folder / "course.yaml"
    text = path.read_text()
    for old, new in (("points: -1", "points: -2"), ("19:00", "20:00")):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


class Pausing:
    """Calls a function, and then waits until the test lets it go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.is_there, self.may_go = function, Event(), Event()

    def __call__(self, *args: Any, **given: Any) -> Any:
        found = self.function(*args, **given)
        self.is_there.set()
        assert self.may_go.wait(60)
        return found


def run(others: ThreadPoolExecutor, function: Callable[[], Any]) -> Any:
    def call() -> Any:
        try:
            return function()
        finally:
            connections.close_all()

    return others.submit(call)


def test_a_first_marking_and_the_import_of_a_course_file_wait_for_each_other_in_turn(
    rubric: Rubric, file: Path
) -> None:
    course = rubric.assignment.course
    student = EnrolmentFactory.create(course=course).user
    marker = EnrolmentFactory.create(course=course, lecturer=True).user
    work = target(attempt(rubric.assignment, student))
    given = GivenMarking(adjustment=Decimal(1))
    # The marker holds the rubric, and wants the mark.
    paused = Pausing(marking._locked_rubric)
    with (
        mock.patch.object(marking, "_locked_rubric", paused),
        ThreadPoolExecutor(2) as others,
    ):
        marked = run(
            others,
            lambda: save_marking(actor=marker, target=work, given=given, version=0),
        )
        assert paused.is_there.wait(60)
        imported = run(others, lambda: import_file(file, slug="dl"))
        wait_for_a_lock()
        paused.may_go.set()
        assert marked.result(timeout=60).points == 1
        assert len(list(imported.result(timeout=60).plan.lines())) == 2
    mark = Mark.objects.get(student=student)
    assert mark.final_points == 2
    assert RubricItem.objects.get(text="no").points == -2


def test_an_edited_rubric_and_a_course_that_is_saved_wait_in_turn(
    rubric: Rubric,
) -> None:
    course = rubric.assignment.course
    student = EnrolmentFactory.create(course=course).user
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    attempt(rubric.assignment, student)
    edited = edited_as_written(rubric, rubric.definition())
    seen = plan_rubric(rubric, edited).digest
    # The edit holds the marks, and records a change in the course.
    paused = Pausing(record_changed_marks)
    stored = Course.objects.get(pk=course.pk)
    stored.late_days = 3
    with (
        mock.patch.object(rubric_edit, "record_changed_marks", paused),
        ThreadPoolExecutor(2) as others,
    ):
        changed = run(
            others,
            lambda: edit_rubric(
                actor=lecturer, rubric=rubric, edited=edited, seen=seen
            ),
        )
        assert paused.is_there.wait(60)
        saved = run(others, lambda: save_course(actor=lecturer, course=stored))
        wait_for_a_lock()
        paused.may_go.set()
        changed.result(timeout=60)
        saved.result(timeout=60)
    assert Course.objects.get(pk=course.pk).late_days == 3
    assert CourseChange.objects.filter(summary__contains="rubric").exists()


def test_a_re_score_locks_marks_by_their_ids(rubric: Rubric) -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "always")
    first, last = (marked_run(assignment).work.author for _ in range(2))
    # By names, the first mark would be the last one.
    User.objects.filter(pk=first.pk).update(last_name="Zzz")
    lecturer, revision = lecturer_of(assignment), derived(assignment)
    digest = plan(assignment, revision).digest
    marks = Mark.objects.select_for_update(nowait=True)
    with ThreadPoolExecutor(1) as others:
        with transaction.atomic():
            marks.get(student=first)
            scored = run(
                others,
                lambda: rescore(
                    actor=lecturer,
                    assignment=assignment,
                    revision=revision,
                    reason="x",
                    digest=digest,
                ),
            )
            wait_for_a_lock()
            assert marks.get(student=last).student == last
        assert scored.result(timeout=60) == 2


def test_an_import_locks_rubrics_before_it_changes_anything(
    rubric: Rubric, file: Path
) -> None:
    called: list[str] = []

    def locked(keys: Any) -> None:
        called.append("lock")
        assert set(keys) == {rubric.pk}
        lock_rubrics(keys)

    def made(*args: Any) -> Any:
        called.append("apply")
        return Applier(*args)

    with (
        mock.patch.object(course_files, "lock_rubrics", locked),
        mock.patch.object(course_files, "Applier", made),
    ):
        import_file(file, slug="dl")
    assert called == ["lock", "apply"]
