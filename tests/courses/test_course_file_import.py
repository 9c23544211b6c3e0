"""A course file is imported again, in part, as a dry run, and after staff's changes."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from courses.models import (
    Assignment,
    Attachment,
    Component,
    Course,
    CourseChange,
    Lecture,
    Material,
    Room,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)
from tests.courses.coursefiles import EXAMPLE, import_file, imported_course, run, small
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    MaterialFactory,
    RevisionFactory,
    RoomFactory,
    SessionFactory,
    SubmissionFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
MODELS = (
    Course,
    Component,
    Room,
    Teacher,
    Slot,
    Lecture,
    Week,
    Session,
    SessionLecture,
    Material,
    Attachment,
    Assignment,
    CourseChange,
)
MOVED = (
    'day: friday, from: "10:00", to: "11:00"',
    'day: thursday, from: "14:00", to: "15:00"',
)


def everything() -> dict[str, list[Any]]:
    """Return every row of the portal's courses, with all its columns."""
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in MODELS}


# --- Again --------------------------------------------------------------------------


def test_second_import_changes_nothing_and_says_so() -> None:
    run(EXAMPLE)
    before = everything()
    said = run(EXAMPLE)
    assert everything() == before
    assert "Nothing to change: 70010-2024-25 agrees with the file." in said


def test_second_import_stores_no_file_again(tmp_path: Path) -> None:
    (tmp_path / "t01.pdf").write_bytes(b"%PDF-1")
    path = small(tmp_path, ('url: "https://example.org/t01"', "file: t01.pdf"))
    name = imported_course(path).materials.get().file.name
    assert import_file(path).plan.is_empty
    assert Material.objects.get().file.name == name
    assert Material.objects.get().replaced_at is None


def test_file_with_other_content_is_stored_and_keeps_its_key(tmp_path: Path) -> None:
    (tmp_path / "t01.pdf").write_bytes(b"%PDF-1")
    path = small(tmp_path, ('url: "https://example.org/t01"', "file: t01.pdf"))
    first = imported_course(path).materials.get()
    (tmp_path / "t01.pdf").write_bytes(b"%PDF-2")
    assert "~ material t01: file: " in run(path)
    second = Material.objects.get()
    assert (second.pk, second.key) == (first.pk, "t01")
    assert second.replaced_at is not None
    with second.file.open() as content:
        assert content.read() == b"%PDF-2"


def test_file_missing_from_storage_is_stored_again(tmp_path: Path) -> None:
    (tmp_path / "t01.pdf").write_bytes(b"%PDF-1")
    path = small(tmp_path, ('url: "https://example.org/t01"', "file: t01.pdf"))
    material = imported_course(path).materials.get()
    material.file.storage.delete(material.file.name or "")
    assert "(lost)" in run(path)
    with Material.objects.get().file.open() as content:
        assert content.read() == b"%PDF-1"


def test_import_that_changes_nothing_takes_few_queries(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    imported_course()
    with assert_max_queries(20):
        assert import_file().plan.is_empty


# --- Dry ----------------------------------------------------------------------------


def test_dry_run_of_a_new_course_writes_nothing() -> None:
    said = run(EXAMPLE, "--dry-run")
    assert not any(everything().values())
    assert "+ week 2 “Logistics, and why convolutions”" in said
    assert "109 added, 0 changed, 0 deleted, 0 only in the portal." in said
    assert "this was a dry run" in said


def test_dry_run_says_what_differs_and_writes_nothing(tmp_path: Path) -> None:
    imported_course(small(tmp_path))
    before = everything()
    path = small(
        tmp_path,
        MOVED,
        ("24 January 19:00", "25 January 19:00"),
        (
            '  - {number: "02"',
            '  - {number: "01", title: Logistics}\n  - {number: "02"',
        ),
        ("    materials:\n", "    summary: Tutorial only.\n    materials:\n"),
    )
    said = run(path, "--dry-run").splitlines()
    assert "+ lecture 01 “Logistics”" in said
    assert "~ week 3: summary: nothing → Tutorial only." in said
    assert (
        "~ session w3-tutorial: starts: Fri 24 January 10:00 → Thu 23 January 14:00; "
        "ends: Fri 24 January 11:00 → Thu 23 January 15:00"
    ) in said
    assert "~ coursework cw1: due: Fri 24 January 19:00 → Sat 25 January 19:00" in said
    assert everything() == before


def test_long_texts_that_begin_alike_are_told_apart_by_their_length(
    tmp_path: Path,
) -> None:
    text = "Padding keeps the size, and strides halve it: try both on paper first."
    path = small(tmp_path, ("title: Signals", f"title: Signals, body: '{text}'"))
    imported_course(path)
    path = small(tmp_path, ("title: Signals", f"title: Signals, body: '{text} Now.'"))
    (line,) = [line for line in run(path, "--dry-run").splitlines() if "~" in line]
    assert "(70 characters)" in line
    assert "(75 characters)" in line


# --- Rows that the file no longer has ----------------------------------------------------


def without_material(folder: Path) -> Path:
    return small(
        folder,
        (
            '    materials:\n      - {key: t01, kind: tutorial, title: Signals, url: "https://example.org/t01"}\n',
            "",
        ),
    )


def test_row_missing_from_the_file_is_named_and_kept(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    said = run(without_material(tmp_path))
    assert "- only in the portal, kept: material t01 “Signals”" in said
    assert course.materials.filter(key="t01").exists()


def test_pruning_deletes_rows_missing_from_the_file(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    path = without_material(tmp_path)
    assert "kept" not in run(path, "--prune", "--dry-run")
    assert course.materials.exists()
    assert "- only in the portal, deleted: material t01" in run(path, "--prune")
    assert not course.materials.exists()


def test_pruning_keeps_assignments_with_submissions(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    SubmissionFactory.create(
        assignment=AssignmentFactory.create(course=course, slug="own")
    )
    MaterialFactory.create(course=course, key="extra")
    with pytest.raises(Exception, match="coursework own cannot be deleted"):
        run(small(tmp_path), "--prune")
    assert course.materials.filter(key="extra").exists()


def test_rooms_of_other_courses_are_never_pruned(tmp_path: Path) -> None:
    imported_course(small(tmp_path))
    elsewhere = RoomFactory.create(name="Elsewhere")
    said = run(small(tmp_path), "--prune")
    assert "only in the portal" not in said
    assert Room.objects.filter(pk=elsewhere.pk).exists()


# --- Changes that staff made meanwhile ------------------------------------------------------


def test_cancelled_session_stays_cancelled(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    session = course.sessions.get(key="w3-tutorial")
    session.cancelled_at, session.cancel_reason = timezone.now(), "Strike"
    session.save()
    assert import_file(small(tmp_path)).plan.is_empty
    session.refresh_from_db()
    assert session.is_cancelled
    assert session.cancel_reason == "Strike"


def test_pruning_keeps_a_cancelled_session(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    SessionFactory.create(
        course=course,
        week=course.weeks.get(number=3),
        key="extra",
        cancelled_at=timezone.now(),
        room=None,
    )
    import_file(small(tmp_path), prune=True)
    assert course.sessions.filter(key="extra").exists()


def test_revision_and_people_are_kept(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    work = course.assignments.get()
    student = EnrolmentFactory.create(course=course).user
    submission = SubmissionFactory.create(assignment=_published(work), author=student)
    import_file(small(tmp_path, ("24 January 19:00", "25 January 19:00")))
    work.refresh_from_db()
    assert work.revision == submission.revision
    assert course.enrolments.filter(user=student, is_active=True).exists()


def test_release_that_staff_changed_is_kept_unless_the_file_gives_one(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    week = course.weeks.get(number=3)
    week.release_at = None
    week.save()
    assert import_file(small(tmp_path)).plan.is_empty
    week.refresh_from_db()
    assert week.release_at is None


def test_file_that_staff_uploaded_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "t01.pdf").write_bytes(b"%PDF-1")
    course = imported_course(
        small(tmp_path, ('url: "https://example.org/t01"', "file: t01.pdf"))
    )
    said = run(small(tmp_path))
    assert "- only in the portal, kept: the file of material t01" in said
    assert course.materials.get().file
    run(small(tmp_path), "--prune")
    assert not course.materials.get().file


def test_positions_with_the_same_order_are_kept(tmp_path: Path) -> None:
    course = imported_course()
    for material in course.materials.all():
        material.position = material.position * 10 + 5
        material.save()
    assert import_file().plan.is_empty


def test_session_that_is_moved_back_counts_as_not_moved(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    session = course.sessions.get(key="w3-tutorial")
    assert session.starts_at
    assert session.ends_at
    session.moved_from = session.starts_at
    session.starts_at = session.starts_at + dt.timedelta(days=1)
    session.ends_at = session.ends_at + dt.timedelta(days=1)
    session.save()
    import_file(small(tmp_path))
    session.refresh_from_db()
    assert session.moved_from is None


# --- Releases -----------------------------------------------------------------------


def test_new_rows_are_released_with_their_course(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    assert course.release_at is not None
    assert course.materials.get().release_at == course.release_at
    assert course.weeks.get(number=2).release_at == course.release_at


def test_hidden_course_s_rows_are_released_with_it(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path, ("  released: 6 January 09:00\n", "")))
    assert course.release_at is None
    student = EnrolmentFactory.create(course=course).user
    assert not Week.objects.visible_to(student).exists()
    course.release_at = timezone.now()
    course.save()
    assert Week.objects.visible_to(student).count() == 2


def test_rows_released_with_their_course_move_to_its_earlier_release(
    tmp_path: Path,
) -> None:
    imported_course(small(tmp_path))
    course = imported_course(
        small(tmp_path, ("released: 6 January", "released: 5 January"))
    )
    assert course.weeks.get(number=2).release_at == course.release_at
    assert import_file(small(tmp_path)).plan.changed


def test_row_may_be_hidden_or_have_a_release_of_its_own(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ("title: Signals", "title: Signals, released: 20 January 08:00"),
        ("starts: 20 January\n", "starts: 20 January\n    hidden: true\n"),
    )
    course = imported_course(path)
    assert course.weeks.get(number=3).release_at is None
    released_at = course.materials.get().release_at
    assert released_at == dt.datetime(2025, 1, 20, 8, tzinfo=dt.UTC)


# --- Recorded changes ----------------------------------------------------------------------


def test_moved_session_and_deadline_of_a_released_course_are_announced(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    import_file(small(tmp_path, MOVED, ("24 January 19:00", "25 January 19:00")))
    session = course.changes.get(kind=CourseChange.Kind.SESSION)
    assert session.is_public
    assert session.summary == "The tutorial of week 3 moved."
    assert "Fri 24 Jan 2025, 10:00 GMT" in session.before
    assert session.session is not None
    deadline = course.changes.get(kind=CourseChange.Kind.DEADLINE)
    assert deadline.is_public
    assert deadline.after == "Sat 25 Jan 2025, 19:00 GMT"


def test_other_changes_are_recorded_for_staff(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    import_file(small(tmp_path, ("title: Signals", "title: Signals and systems")))
    change = course.changes.get()
    assert not change.is_public
    assert change.kind == CourseChange.Kind.MATERIAL
    assert change.summary == "Material “Signals and systems” changed."


def test_moving_a_hidden_session_is_not_announced(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    session = course.sessions.get(key="w3-tutorial")
    session.release_at = None
    session.save()
    import_file(small(tmp_path, MOVED))
    assert not course.changes.get().is_public


def test_shift_of_the_whole_run_is_one_change_and_its_deadlines(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    import_file(small(tmp_path), first_week=dt.date(2025, 4, 28), slug=course.slug)
    shift = course.changes.get(kind=CourseChange.Kind.SHIFT)
    assert shift.summary == "The run moved by 15 weeks."
    assert shift.is_public
    assert (shift.before, shift.after) == (
        "Week 2 from Mon 13 Jan 2025",
        "Week 2 from Mon 28 Apr 2025",
    )
    deadline = course.changes.get(kind=CourseChange.Kind.DEADLINE)
    assert deadline.after == "Fri 9 May 2025, 19:00 BST"
    assert course.changes.count() == 2


def test_session_that_moves_differently_from_its_run_is_announced(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    import_file(
        small(tmp_path, MOVED), first_week=dt.date(2025, 1, 20), slug=course.slug
    )
    told = course.changes.get(kind=CourseChange.Kind.SESSION)
    assert told.session is not None
    assert told.session.key == "w3-tutorial"


def test_unreleased_course_records_no_changes(tmp_path: Path) -> None:
    hidden = ("  released: 6 January 09:00\n", "")
    course = imported_course(small(tmp_path, hidden))
    import_file(small(tmp_path, hidden, MOVED))
    assert not course.changes.exists()


def test_cancellation_in_the_file_is_announced(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    words = "room: HXL 308, cancelled: true, cancel_reason: Open day"
    import_file(small(tmp_path, ("room: HXL 308", words)))
    session = course.sessions.get(key="w3-tutorial")
    assert (session.is_cancelled, session.cancel_reason) == (True, "Open day")
    assert course.changes.get().summary == "The tutorial of week 3 is cancelled."


# --- Rights and addresses -----------------------------------------------------------


def test_only_editors_import_into_a_course(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    path = small(tmp_path, MOVED)
    with pytest.raises(PermissionDenied):
        import_file(
            path, actor=EnrolmentFactory.create(course=course, assistant=True).user
        )
    import_file(path, actor=EnrolmentFactory.create(course=course, lecturer=True).user)
    assert CourseChange.objects.get().made_by is not None


def test_only_site_staff_import_a_new_course(tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied):
        import_file(small(tmp_path), actor=UserFactory.create())
    assert import_file(
        small(tmp_path), actor=UserFactory.create(site_staff=True)
    ).course


def test_address_is_made_of_code_and_year_or_given(tmp_path: Path) -> None:
    assert imported_course(small(tmp_path)).slug == "70010-2024-25"
    assert imported_course(small(tmp_path), slug="dl").slug == "dl"


def test_other_courses_are_unchanged(tmp_path: Path) -> None:
    week = WeekFactory.create(number=2)
    imported_course(small(tmp_path))
    import_file(small(tmp_path), prune=True)
    assert Week.objects.filter(pk=week.pk, title=week.title).exists()


def _published(assignment: Assignment) -> Assignment:
    assignment.revision = RevisionFactory.create(assignment=assignment)
    assignment.save()
    return assignment


def test_changed_settings_are_announced_as_from_the_page(
    tmp_path: Path,
) -> None:
    course = imported_course(small(tmp_path))
    more = '24 January 19:00", closes: "31 January 19:00", attempts: 3, counting: best'
    import_file(small(tmp_path, ('24 January 19:00"', more)))
    told = course.changes.filter(is_public=True).values_list("summary", flat=True)
    assert sorted(told) == [
        "Coursework Task 1: at most 3 attempts now.",
        "Coursework Task 1: late work is accepted until Fri 31 Jan 2025, 19:00 GMT.",
        "Coursework Task 1: the best attempt counts now.",
    ]
    staff = course.changes.get(is_public=False)
    assert staff.summary == "Coursework “Coursework Task 1” changed."
    assert "closes: Fri 31 Jan 2025, 19:00 GMT" in staff.after


# --- Late rules -----------------------------------------------------------------------


def test_late_rules_are_imported_and_told_to_students(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path, ("week: 2, due", "late_mode: none, due")))
    Course.objects.update(release_at=hours(-1))
    course.assignments.update(release_at=hours(-1))
    path = small(
        tmp_path,
        ("week: 2, due", "late_mode: raw, late_step: 12.5, pass_mark: 45, due"),
        (
            "format: 1\ncourse:\n",
            "format: 1\ncourse:\n  late_mode: cap\n  late_days: 3\n",
        ),
    )
    import_file(path, slug=course.slug)
    course.refresh_from_db()
    work = course.assignments.get()
    assert (course.late_mode, course.late_days) == ("cap", 3)
    assert (work.late_mode, work.late_step, work.pass_mark) == (
        "raw",
        Decimal("12.5"),
        Decimal(45),
    )
    told = course.changes.filter(is_public=True).values_list("summary", flat=True)
    assert "The course's rule for late work changed." in told
    assert "Coursework Task 1: the rule for late work changed." in told
