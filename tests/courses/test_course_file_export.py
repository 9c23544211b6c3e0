"""Exporting and importing a course gives the same file and the same course again."""

import datetime as dt
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from hypothesis import example, given, settings
from hypothesis import strategies as st

from courses.models import Course, Lecture, Room, Session, Week
from courses.services.course_files import export_course
from formats.choices import MaterialKind
from formats.course.course_fields import cleaned
from formats.course.yaml_writer import Value, dump
from tests.courses.coursefiles import EXAMPLE, import_file, imported_course, small
from tests.factories import (
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    SlotFactory,
    TeacherFactory,
    WeekFactory,
)

db = pytest.mark.django_db
MONDAY = dt.date(2027, 1, 11)


def export(slug: str, folder: Path) -> str:
    said = StringIO()
    call_command("export_course", slug, str(folder), stdout=said)
    return said.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below the folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# --- The same file ------------------------------------------------------------------


@db
def test_example_comes_back_byte_for_byte_with_its_files(tmp_path: Path) -> None:
    course = imported_course(EXAMPLE)
    said = export(course.slug, tmp_path)
    example = contents(EXAMPLE.parent)
    del example["README.md"]
    assert contents(tmp_path) == example
    assert f"import_course {tmp_path}/course.yaml --year 2024-25" in said


@db
def test_file_in_another_form_is_exported_in_the_canonical_form(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    export(course.slug, tmp_path / "first")
    again = imported_course(tmp_path / "first" / "course.yaml", slug="again")
    export(again.slug, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


# --- The same course ----------------------------------------------------------------


def course_with_every_field() -> Course:
    """Return a course in which most columns of every row are filled."""
    course = CourseFactory.create(
        slug="rich",
        release_at=at("2026-07-20 08:00:05"),
        summary="Two lines\r\n\r\n* and a list: # no comment",
        late_mode="possible",
        late_unit="hour",
        late_step=Decimal("2.50"),
        late_floor=Decimal(20),
        late_maximum=Decimal(50),
        late_zero_after=48,
        late_days_limit=2,
        late_days=5,
        pass_mark=Decimal(50),
        letter_scale="A* 80, A 70, F 0",
        total_decimals=2,
        examiners_see_codes=True,
        quota_mb=512,
        weights_days=30,
    )
    weeks = [
        WeekFactory.create(
            course=course,
            number=number,
            starts_on=MONDAY + dt.timedelta(weeks=number - 2),
            title="no" if number == 2 else "",
            summary="“Quoted”: 10:00",
            release_at=None if number == 3 else at("2027-01-10 00:00"),
        )
        for number in (2, 3, 12)
    ]
    exam = ComponentFactory.create(course=course, title="Exam: part 1", kind="exam")
    ComponentFactory.create(
        course=course,
        title="null",
        weight_percent=Decimal("49.50"),
        split="equal",
        drop_lowest=2,
        best_count=5,
        required_percent=Decimal("39.50"),
        is_extra_credit=True,
        module_code=course.module_codes[0],
        position=3,
    )
    ComponentFactory.create(course=course, title="0.5", weight_percent=0, note="- none")
    rooms = [
        RoomFactory.create(
            name="311", aliases=["HXL 311"], url="https://example.org/311"
        ),
        RoomFactory.create(name="Huxley, 308"),
    ]
    teachers = [
        TeacherFactory.create(course=course, name=name, position=position)
        for position, name in enumerate(["O'Neil", "Łukasz", "123"])
    ]
    SlotFactory.create(
        course=course,
        room=rooms[0],
        kind="tutorial",
        starts=dt.time(9, 5, 30),
        online_url="https://example.org/join",
        online_label="MS Teams",
    )
    lectures = [
        LectureFactory.create(course=course, number=number, examinable=examinable)
        for number, examinable in (("01", "no"), ("1b", "all"), ("08", ""))
    ]
    sessions = rich_sessions(course, weeks, rooms)
    sessions[0].teachers.set(teachers[:2])
    SessionLectureFactory.create(session=sessions[0], lecture=lectures[1], part="start")
    SessionLectureFactory.create(
        session=sessions[0], lecture=lectures[0], watch_before=True, position=1
    )
    rich_materials(course, weeks, sessions, lectures)
    AssignmentFactory.create(
        course=course,
        with_revision=False,
        week=weeks[1],
        component=exam,
        weight_percent=Decimal("12.25"),
        is_extra_credit=True,
        due_at=at("2027-01-22 19:00"),
        closes_at=at("2027-08-02 19:00"),
        grace_minutes=30,
        upload_minutes=0,
        max_attempts=3,
        cooldown_minutes=45,
        cpu_budget_seconds=1800,
        gpu_budget_seconds=600,
        self_check_limit=5,
        self_check_minutes=20,
        counting="best",
        declaration="I wrote it.\nAll of it.",
        declaration_questions="AI tools? [required]\nHours worked [number]",
        late_mode="multiplier",
        late_unit="hour",
        late_step=Decimal(0),
        late_floor=Decimal("0.50"),
        late_maximum=Decimal(100),
        late_zero_after=1,
        late_days_limit=1,
        pass_mark=Decimal("37.50"),
        marking_is_anonymous=True,
        markers_see_own_only=True,
        agreed_above=Decimal("1.50"),
        regrades_until=at("2027-09-02 19:00"),
        regrade_limit=0,
        marks_out_of=Decimal("62.50"),
        summary="Brief\n\n```python\nx = {'a': 1}\n```",
        release_at=None,
    )
    return course


def rich_sessions(
    course: Course, weeks: list[Week], rooms: list[Room]
) -> list[Session]:
    """Make sessions at all kinds of times: in their week, outside, over midnight."""
    common = {"course": course, "week": weeks[0]}
    return [
        SessionFactory.create(
            **common,
            key="w2-lecture",
            starts_at=at("2027-01-15 10:00"),
            room=rooms[0],
            queue_label="Lab queue",
            queue_url="https://example.org/queue",
            by_team=True,
            note="yes",
            position=7,
        ),
        SessionFactory.create(
            **common,
            key="w2-moved",
            kind="lab",
            title="Trip: London",
            starts_at=at("2027-03-28 00:30"),
            ends_at=at("2027-03-29 12:00"),
            moved_from=at("2027-01-14 10:00"),
            room=rooms[1],
            position=8,
        ),
        SessionFactory.create(
            **common,
            key="w2-cancelled",
            kind="other",
            untimed=True,
            cancelled_at=at("2027-01-01 10:00"),
            cancel_reason="Strike",
            position=3,
        ),
        SessionFactory.create(
            course=course,
            week=weeks[2],
            key="w12-autumn",
            online=True,
            starts_at=at("2026-10-25 01:30"),
        ),
    ]


def rich_materials(
    course: Course, weeks: list[Week], sessions: list[Session], lectures: list[Lecture]
) -> None:
    """Make materials in every list, with every combination of week and session."""
    places: list[dict[str, Any]] = [
        {"week": weeks[0]},
        {"week": weeks[0], "session": sessions[0]},
        {"week": weeks[1], "session": sessions[0], "lecture": lectures[0]},
        {"session": sessions[1], "description": "What to read\nfirst: this"},
        {"lecture": lectures[1], "kind": "recording", "title": "YouTube"},
        {"lecture": lectures[1], "kind": "slides", "attribution": "A. N. Other"},
        {"url": "https://example.org/a?b=1&c=[2]#d", "access": "college"},
        {"week": weeks[2], "opens_at": at("2027-06-01 08:00"), "release_at": None},
        {"week": weeks[2], "body": "# Title\n\n    code\n\ttab \nend", "code": "1e3"},
    ]
    rows = [
        MaterialFactory.create(course=course, position=index % 2, **place)
        for index, place in enumerate(places)
    ]
    rows[0].also_in.set(weeks[1:])
    rows[1].file.save("Nötes v2.PDF", ContentFile(b"%PDF-1"))
    AttachmentFactory.create(material=rows[1], label="Answers, all", position=2)
    answers = AttachmentFactory.create(material=rows[1], label="答え", url="")
    answers.file.save("answers", ContentFile(b"42"))


@db
def test_any_exported_course_is_imported_again_unchanged(tmp_path: Path) -> None:
    course = course_with_every_field()
    export("rich", tmp_path / "first")
    course.assignments.all().delete()
    course.delete()
    Room.objects.all().delete()
    course = imported_course(
        tmp_path / "first" / "course.yaml", slug="rich", year="2026-27"
    )
    export("rich", tmp_path / "second")
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert first["course.yaml"].decode() == second["course.yaml"].decode()
    assert first == second
    assert len(first) == 3
    assert course.sessions.count() == 4
    assert course.materials.count() == 9


@db
def test_exported_course_equals_its_file(tmp_path: Path) -> None:
    course_with_every_field()
    export("rich", tmp_path)
    plan = import_file(tmp_path / "course.yaml", slug="rich", year="2026-27").plan
    assert list(plan.lines()) == []


@db
def test_coursework_of_week_0_is_exported(tmp_path: Path) -> None:
    course = course_with_every_field()
    first = WeekFactory.create(course=course, number=0)
    course.assignments.update(week=first)
    export("rich", tmp_path)
    plan = import_file(tmp_path / "course.yaml", slug="rich", year="2026-27").plan
    assert not any("week" in line for line in plan.lines())


@db
def test_day_outside_of_the_academic_year_has_its_year(tmp_path: Path) -> None:
    course_with_every_field()
    export("rich", tmp_path)
    text = (tmp_path / "course.yaml").read_text(encoding="utf-8")
    assert "released: 20 July 2026 09:00:05" in text
    assert "starts: 11 January\n" in text


@db
def test_second_of_two_equal_hours_is_exported_as_such(tmp_path: Path) -> None:
    course_with_every_field()
    export("rich", tmp_path)
    text = (tmp_path / "course.yaml").read_text(encoding="utf-8")
    assert "from: 01:30 again" in text


@db
def test_file_missing_from_storage_is_named_and_left_out(tmp_path: Path) -> None:
    course = CourseFactory.create(slug="lost")
    material = MaterialFactory.create(course=course)
    material.file.save("n01.pdf", ContentFile(b"%PDF-1"))
    material.file.storage.delete(material.file.name or "")
    assert "no longer has the file materials/n01" in export("lost", tmp_path)
    assert "file:" not in (tmp_path / "course.yaml").read_text(encoding="utf-8")


@db
def test_unknown_course_is_an_error_that_names_the_known_ones(
    tmp_path: Path,
) -> None:
    CourseFactory.create(slug="here")
    with pytest.raises(CommandError, match=r"There are: here\."):
        export("gone", tmp_path)


@db
def test_only_editors_export_a_course(tmp_path: Path) -> None:
    course = CourseFactory.create()
    student = EnrolmentFactory.create(course=course).user
    with pytest.raises(PermissionDenied):
        export_course(actor=student, course=course, folder=tmp_path)


@db
def test_exported_files_are_named_after_their_materials(tmp_path: Path) -> None:
    material = MaterialFactory.create(key="n02", kind=MaterialKind.NOTES)
    material.file.save("final (3).pdf", ContentFile(b"%PDF-1"))
    export(material.course.slug, tmp_path)
    assert (tmp_path / "files" / "n02.pdf").read_bytes() == b"%PDF-1"


# --- The layout ---------------------------------------------------------------------


TEXTS = st.text(max_size=60) | st.sampled_from(
    ["no", "10:00", "1e3", "0x1f", "~", "- a", "a: b", "a #b", "2027-01-31", "null"]
)


@given(text=TEXTS, others=st.lists(TEXTS, max_size=3))
@example(text="0?", others=["0?"])
def test_any_text_is_read_as_it_was_written(text: str, others: list[str]) -> None:
    document: dict[str, Value] = {
        "title": text,
        "names": others,
        "weeks": [{"key": text, "b": "c"}],
    }
    read: Any = yaml.safe_load(dump(document))
    assert read["names"] == others
    for found in (read["title"], read["weeks"][0]["key"]):
        assert found.removesuffix("\n") == text.removesuffix("\n")


@given(text=st.text(alphabet="a \n\t#:-|>'\"\\", max_size=40).map(str.strip))
@settings(max_examples=300)
def test_any_markdown_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load(dump({"body": text}))["body"].strip() == cleaned(text)


def test_same_values_give_the_same_bytes() -> None:
    document: dict[str, Value] = {
        "format": 1,
        "weeks": [{"number": 2, "title": "a\nb", "list": ["x"]}],
    }
    text = "format: 1\n\nweeks:\n  - number: 2\n    title: |\n      a\n      b\n    list: [x]\n"
    assert dump(document) == text
