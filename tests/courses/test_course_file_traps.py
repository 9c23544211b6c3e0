"""Facts of a real course's page that are easily misread, and how they are imported."""

import datetime as dt
import zoneinfo
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from courses.models import Course, Material, Room
from courses.pages.course import course_page
from courses.pages.viewer import viewer_of
from formats.choices import Examinable, MaterialKind
from tests.courses.coursefiles import (
    EXAMPLE,
    YEAR,
    faults,
    import_file,
    imported_course,
    run,
    small,
)
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LONDON = zoneinfo.ZoneInfo("Europe/London")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# --- Years, weeks and deadlines -----------------------------------------------------


def test_year_is_asked_for_and_never_guessed() -> None:
    with pytest.raises(CommandError, match="--year"):
        call_command("import_course", str(EXAMPLE), stdout=StringIO())
    assert not Course.objects.exists()


def test_year_in_which_weeks_begin_on_other_days_is_refused_with_those_that_fit() -> (
    None
):
    with pytest.raises(CommandError) as refused:
        call_command("import_course", str(EXAMPLE), "--year", "2025-26")
    assert "13 January 2026 is a Tuesday" in str(refused.value)
    assert "The weeks of this file fit" in str(refused.value)
    assert YEAR in str(refused.value)


def test_moved_plan_is_the_same_file_with_another_first_week() -> None:
    """The page's second version has week 2 from 20 January, task 1 due 7 February."""
    course = imported_course(first_week=dt.date(2025, 1, 20))
    assert course.weeks.get(number=2).starts_on == dt.date(2025, 1, 20)
    assert course.weeks.get(number=10).starts_on == dt.date(2025, 3, 17)
    due_at = course.assignments.get(slug="conv-digits").due_at
    assert due_at == utc("2025-02-07 19:00")
    material = course.materials.get(key="t01")
    assert material.release_at == utc("2025-01-27 00:00")


def test_weeks_begin_at_2_and_keep_their_numbers() -> None:
    assert [week.number for week in imported_course().weeks.all()] == list(range(2, 11))


def test_week_1_may_be_empty(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        (
            "weeks:\n",
            "weeks:\n  - {number: 1, starts: 6 January, title: No lectures}\n",
        ),
    )
    week = imported_course(path).weeks.get(number=1)
    assert not week.sessions.exists()
    assert week.title == "No lectures"


def test_one_deadline_listed_in_three_weeks_is_one_row() -> None:
    course = imported_course()
    assert course.assignments.count() == 2
    assert course.assignments.get(slug="conv-digits").due_at == utc("2025-01-31 19:00")
    assert course.assignments.get(slug="generative-models").due_at == utc(
        "2025-02-28 19:00"
    )


def test_weeks_from_the_hand_out_to_the_deadline_show_the_one_row() -> None:
    course = imported_course()
    staff, now = UserFactory.create(site_staff=True), utc("2025-01-22 12:00")
    page = course_page(viewer_of(staff, course.slug, now), now)
    shown = {
        entry.week.number: [work.assignment.slug for work in entry.assignments]
        for entry in page.weeks
    }
    assert shown[3] == shown[4] == ["conv-digits"]
    assert shown[6] == shown[7] == shown[8] == ["generative-models"]


def test_stated_deadline_is_due_and_the_hard_one_is_grace(tmp_path: Path) -> None:
    path = small(tmp_path, ("week: 2, due", "week: 2, grace_minutes: 60, due"))
    work = imported_course(path).assignments.get()
    assert (work.due_at, work.grace_minutes) == (utc("2025-01-24 19:00"), 60)


@pytest.mark.parametrize(
    ("slug", "number"), [("conv-digits", 4), ("generative-models", 8)]
)
def test_deadline_on_a_teaching_friday_is_that_evening(slug: str, number: int) -> None:
    course = imported_course()
    due = course.assignments.get(slug=slug).due_at.astimezone(LONDON)
    week = course.weeks.get(number=number)
    assert due.date() == week.starts_on + dt.timedelta(days=4)
    assert week.sessions.filter(ends_at__lt=due, ends_at__date=due.date()).exists()


def test_empty_assessed_row_is_not_a_third_task(tmp_path: Path) -> None:
    path = small(tmp_path, ("coursework:\n", 'coursework:\n  - {title: "-"}\n'))
    said = faults(path)
    assert "“slug” is missing" in said
    assert "“due” is missing" in said


# --- Sessions and rooms -------------------------------------------------------------


def test_room_may_be_another_one_in_one_week() -> None:
    course = imported_course()
    rooms = {s.key: s.room.name for s in course.sessions.all() if s.room}
    assert rooms["w6-tutorial"] == "Huxley 311"
    assert rooms["w6-lecture"] == rooms["w7-tutorial"] == "Huxley 308"


def test_session_of_one_week_may_be_on_a_tuesday() -> None:
    session = imported_course().sessions.get(key="w7-lab")
    assert session.starts_at == utc("2025-02-18 14:00")
    assert session.ends_at == utc("2025-02-18 15:00")


def test_two_sessions_may_share_an_hour() -> None:
    week = imported_course().weeks.get(number=8)
    at_ten = week.sessions.filter(starts_at=utc("2025-02-28 10:00"))
    assert [session.key for session in at_ten] == ["w8-tutorial", "w8-lab"]
    assert [t.name for t in at_ten[0].teachers.all()] == ["Coppock"]
    assert at_ten[1].by_team


def test_lecture_may_be_online_only() -> None:
    session = imported_course().sessions.get(key="w8-lecture")
    assert session.is_online_only
    assert session.online_label == "MS Teams live"


def test_time_that_yaml_reads_as_a_number_is_a_fault_in_words(tmp_path: Path) -> None:
    path = small(tmp_path, ('from: "10:00", to: "11:00"', "from: 10:00, to: 11:00"))
    said = faults(path)
    assert "line 22: “from” must be text, but YAML reads “10:00” as a number." in said
    assert 'Put it in quotes: "10:00".' in said


def test_three_spellings_of_a_room_are_one_room(tmp_path: Path) -> None:
    course = imported_course(small(tmp_path))
    assert {s.room.name for s in course.sessions.all() if s.room} == {"Huxley 308"}
    assert Room.objects.get().aliases == ["308", "HXL 308"]


def test_room_that_another_course_spelt_otherwise_is_the_same_room(
    tmp_path: Path,
) -> None:
    Room.objects.create(name="HXL 308", url="https://example.org/map")
    imported_course(small(tmp_path))
    room = Room.objects.get()
    assert room.name == "HXL 308"
    assert set(room.aliases) == {"Huxley 308", "308"}
    assert room.url == "https://example.org/map"


def test_session_without_a_time_is_part_of_its_week() -> None:
    session = imported_course().sessions.get(key="w2-lecture")
    assert session.starts_at is None
    assert session.room is None
    assert [teacher.name for teacher in session.teachers.all()] == ["Kainz"]


def test_team_is_not_a_person(tmp_path: Path) -> None:
    course = imported_course()
    assert course.sessions.get(key="w5-tutorial").by_team
    assert not course.teachers.filter(name="team").exists()
    path = small(tmp_path, ("room: HXL 308", "room: HXL 308, teachers: [team]"))
    assert "Write “team: true” instead." in faults(path)


def test_session_may_have_several_teachers() -> None:
    teachers = imported_course().sessions.get(key="w10-revision").teachers.all()
    assert {teacher.name for teacher in teachers} == {"Li", "Coppock", "Kainz"}


# --- Lectures and materials ---------------------------------------------------------


def test_lecture_is_watched_before_each_session_that_says_so() -> None:
    lecture = imported_course().lectures.get(number="02")
    places = lecture.session_places.select_related("session")
    assert {p.session.key for p in places if p.watch_before} == {
        "w2-lecture",
        "w3-lecture",
    }


def test_lecture_may_be_split_over_two_weeks() -> None:
    places = (
        imported_course()
        .lectures.get(number="04")
        .session_places.select_related("session")
    )
    assert {p.session.key: p.part for p in places} == {
        "w4-lecture": "start",
        "w5-lecture": "",
    }


def test_codes_are_not_derived_from_lectures() -> None:
    course = imported_course()
    about = {
        m.code: m.lecture.number
        for m in course.materials.select_related("lecture")
        if m.lecture and m.code
    }
    assert about["N11"] == "12"
    assert about["N13"] == "14"
    codes = set(course.materials.values_list("code", flat=True))
    assert not {"T04", "N06"} & codes
    assert {"T01", "T07", "N01", "N02a", "N14"} <= codes


def test_item_may_have_several_files() -> None:
    material = imported_course().materials.get(key="n07")
    assert material.file
    assert [a.label for a in material.attachments.all()] == ["slides"]


def test_notes_of_two_weeks_are_one_item() -> None:
    material = imported_course().materials.get(code="N02")
    assert material.week is not None
    assert material.week.number == 2
    assert [week.number for week in material.also_in.all()] == [3]


def test_one_quiz_is_available_and_three_are_announced() -> None:
    quizzes = imported_course().materials.filter(kind=MaterialKind.QUIZ)
    now = timezone.now()
    assert [q.key for q in quizzes if not q.is_announced(now)] == ["w4-quiz"]
    assert len([q for q in quizzes if q.is_announced(now)]) == 3


def test_missing_examinability_is_unknown_and_not_no(tmp_path: Path) -> None:
    assert (
        imported_course(small(tmp_path)).lectures.get().examinable == Examinable.UNKNOWN
    )


def test_unquoted_no_is_a_fault_and_not_false(tmp_path: Path) -> None:
    path = small(tmp_path, ("Building blocks}", "Building blocks, examinable: no}"))
    said = faults(path)
    assert "line 13: “examinable” must be text, but YAML reads “no”" in said
    path = small(tmp_path, ("Building blocks}", 'Building blocks, examinable: "no"}'))
    assert imported_course(path).lectures.get().examinable == Examinable.NO


def test_marked_parts_end_with_lecture_07_and_the_rest_is_examinable_in_full() -> None:
    lectures = imported_course().lectures.values_list("number", "examinable")
    for number, examinable in lectures:
        assert examinable == ("parts" if number <= "07" else "all")


def test_missing_split_is_left_open_and_flagged() -> None:
    imported = import_file()
    weights = {row.weight for row in imported.plan.wanted.coursework}
    assert weights == {0}
    assert "The file does not say how the 50 % of “Coursework” are split." in str(
        imported.warnings[0]
    )


def test_weights_that_do_not_add_up_are_flagged_and_imported(tmp_path: Path) -> None:
    said = run(small(tmp_path, ("kind: exam, weight: 50", "kind: exam, weight: 40")))
    assert (
        "! course.yaml, line 7: The weights of the components add up to 90, not 100."
        in said
    )
    assert Course.objects.exists()


def test_materials_with_a_lost_link_are_imported_and_flagged() -> None:
    said = run(EXAMPLE)
    assert "“Introduction to PyTorch I” (intro-pytorch-1) has nothing to open" in said
    assert Material.objects.get(key="intro-pytorch-1").url == ""


def test_lecture_may_have_two_recordings() -> None:
    recordings = imported_course().lectures.get(number="06").materials.all()
    assert [r.title for r in recordings] == [
        "YouTube (Data Augmentation)",
        "YouTube (case study)",
    ]


def test_typing_errors_are_kept_and_ordinals_are_read(tmp_path: Path) -> None:
    assert imported_course().materials.get(key="w4-quiz").title == "test your knowlege"
    path = small(
        tmp_path,
        ("starts: 20 January", "starts: 20th Jan"),
        ("24 January 19:00", "24th Jan, 19:00"),
    )
    course = imported_course(path, slug="other")
    assert course.weeks.get(number=3).starts_on == dt.date(2025, 1, 20)
    assert course.assignments.get().due_at == utc("2025-01-24 19:00")


def test_materials_of_a_practical_keep_their_order() -> None:
    path = imported_course().sessions.get(key="w2-practical").materials.all()
    assert [(m.kind, m.title) for m in path] == [
        ("recording", "Introduction to PyTorch I"),
        ("notebook", "jupyter notebook I"),
        ("recording", "Introduction to PyTorch II"),
        ("notebook", "jupyter notebook II"),
    ]


def test_course_has_both_of_its_codes() -> None:
    assert imported_course().module_codes == ["70010", "97111"]


# --- Clocks -------------------------------------------------------------------------


def test_deadline_in_may_is_in_summer_time(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ("13 January", "28 April"),
        ("20 January", "5 May"),
        ("24 January 19:00", "9 May 19:00"),
    )
    course = imported_course(path)
    assert course.assignments.get().due_at == utc("2025-05-09 18:00")
    assert course.sessions.get(key="w2-lecture").starts_at == utc("2025-05-02 08:00")


def test_run_that_moves_into_summer_keeps_its_local_hours() -> None:
    course = imported_course(first_week=dt.date(2025, 4, 28))
    due_at = course.assignments.get(slug="conv-digits").due_at
    assert due_at == utc("2025-05-16 18:00")
    assert due_at.astimezone(LONDON).hour == 19
