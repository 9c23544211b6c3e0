"""All faults of a course file are reported at once, in words, each with its line."""

import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.models import Course, Room
from tests.courses.coursefiles import SMALL, YEAR, faults, save, small

pytestmark = pytest.mark.django_db


def line_of(words: str, text: str = SMALL) -> int:
    """Return the number of the first line with these words."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def test_every_fault_is_listed_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ("room: HXL 308", "room: HXL 309"),
        ("13 January", "14 January"),
        ("24 January 19:00", "31 February 19:00"),
    )
    said = faults(path)
    assert said.count("course.yaml, line ") == 3
    assert not Course.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("starts: 20 January", "starts: 21 January", "is a Tuesday"),
        ("starts: 20 January", "starts: 13 January", "does not begin after week 2"),
        ("number: 3\n", "number: 2\n", "Week 2 is already on line 15"),
        ("24 January 19:00", "30 February 19:00", "30 February does not exist in 2025"),
        ("24 January 19:00", "24 January", "not a day with an hour"),
        ("24 January 19:00", "24.1. 19:00 h", "not a day with an hour"),
        ("24 January 19:00", "24 Brumaire 19:00", "“24 Brumaire” is not a day"),
        ("24 January 19:00", "24 January 25:00", "“25:00” is not a time of day"),
        ("24 January 19:00", "10 March 19:00", "is outside the run"),
        ("24 January 19:00", "10 January 19:00", "is outside the run"),
        ("week: 2, due", "week: 4, due", "There is no week 4"),
        ("week: 2, due", "handed_out: 25 January 09:00, due", "after its deadline"),
        ("week: 2, due", "closes: 20 January 09:00, due", "must not be before the deadline"),
        ("week: 2, due", "handed_out: 20 January 09:00, hidden: true, due", "hidden"),
        ("week: 2, due", "late_mode: raw, due", "“late_step”: Say how much each unit costs"),
        ("week: 2, due", "late_step: 10, due", "“late_step”: Leave this empty, or say what"),
        ("week: 2, due", "late_mode: cap, late_step: 10, due", "does not need it"),
        ("week: 2, due", "late_mode: raw, late_step: 101, due", "at most 100"),
        ("week: 2, due", "late_mode: halve, due", "“late_mode” cannot be “halve”"),
        ("week: 2, due", "pass_mark: 101, due", "“pass_mark” must be from 0 to 100"),
        ("component: Coursework", "component: Course", "is not in “components”"),
        ("weight: 50}\nrooms", "weight: 101}\nrooms", "from 0 to 100"),
        ("room: HXL 308", "room: HXL 309", "“HXL 309” is not in “rooms”"),
        ("room: HXL 308", "teachers: [Li]", "“Li” is not in “teachers”"),
        ("room: HXL 308", 'lectures: [{number: "03"}]', "is not in “lectures”"),
        ("key: w3-tutorial", "key: w2-lecture", "already the key of the session"),
        ("key: w3-tutorial", "key: week three", "cannot be a key"),
        ('"11:00"', '"09:00"', "It ends before it begins"),
        ('"11:00", room', '"11:00", until: 24 January 12:00, room', "say the same"),
        ("day: friday, from: \"10:00\"", "day: freitag, from: \"10:00\"", "not a day of the week"),
        ("title: Signals", "title: Signals, also_in: [7]", "There is no week 7"),
        ("title: Signals", "title: Signals, also_in: [3]", "is in week 3 already"),
        ("title: Signals", "title: Signals, lecture: \"9\"", "is not in “lectures”"),
        ("title: Signals", "title: Signals, session: w9", "is not in “sessions”"),
        ("title: Signals", "titel: Signals", "Did you mean “title”?"),
        ("https://example.org/t01", "javascript:alert(1)", "is not the address of a page"),
        ("https://example.org/t01", "www.example.org", "is not the address of a page"),
        ("kind: tutorial, title", "kind: sheet, title", "“kind” cannot be “sheet”"),
        ("teachers: [Kainz]", "teachers: [Kainz, Kainz]", "is here twice"),
        ("aliases: [\"308\"", "aliases: [308", "Put it in quotes"),
        ("title: Deep Learning", "title: Deep Learning\n  time_zone: Europe/Paradise", "is not a time zone"),
        ("title: Deep Learning", 'title: "Deep\\0Learning"', "control character"),
        ("title: Deep Learning", 'title: "Deep\\ud800Learning"', "control character"),
        ("format: 1", "format: 2", "“format” must be a whole number from 1 to 1"),
    ],
)  # fmt: skip
def test_fault_is_named_on_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    said = faults(small(tmp_path, (old, new)))
    assert words in said
    first = SMALL[: SMALL.index(old)].count("\n") + 1
    lines = range(first, first + 1 + new.strip().count("\n"))
    assert any(f"course.yaml, line {line}: " in said for line in lines)
    assert not Course.objects.exists()


def test_deadline_at_an_hour_that_clocks_skip_is_a_fault(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ("13 January", "24 March"),
        ("20 January", "31 March"),
        ("24 January 19:00", "30 March 01:30"),
    )
    said = faults(path)
    assert "30 March 2025 01:30 does not exist in Europe/London: clocks go" in said


def test_two_materials_with_one_key_are_a_fault(tmp_path: Path) -> None:
    again = "\nmaterials:\n  - {key: t01, kind: link, title: Book}\n"
    said = faults(save(tmp_path, SMALL + again))
    assert "“t01” is already the key of the material on line 24." in said


def test_list_used_in_two_weeks_by_an_alias_is_a_fault(tmp_path: Path) -> None:
    path = small(
        tmp_path,
        ("    materials:\n", "    materials: &again\n"),
        ("coursework:\n", "materials: *again\ncoursework:\n"),
    )
    assert "“t01” is already the key of the material on line 24." in faults(path)


def test_two_rooms_with_one_spelling_are_a_fault(tmp_path: Path) -> None:
    path = small(tmp_path, ("rooms:\n", "rooms:\n  - {name: HXL 308}\n"))
    assert "already a name of HXL 308" in faults(path)


def test_merging_two_rooms_of_the_portal_is_a_fault(
    tmp_path: Path,
) -> None:
    Room.objects.create(name="Huxley 308")
    Room.objects.create(name="HXL 308")
    said = faults(small(tmp_path))
    assert "are two rooms of the portal, and one in this file" in said
    assert f"line {line_of('name: Huxley 308')}: " in said


# --- Files --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gone.pdf", "../secret.txt", "/etc/hostname", "link"])
def test_file_that_is_not_beside_the_course_file_is_a_fault(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    path = small(folder, ('url: "https://example.org/t01"', f"file: {name}"))
    said = faults(path)
    assert "beside the course file" in said or "is outside the" in said
    assert not Course.objects.exists()


def test_attachment_has_a_link_or_a_file_and_not_both(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    both = (
        "title: Signals, attachments: "
        '[{label: Answers, url: "https://example.org", file: a.pdf}]'
    )
    said = faults(small(tmp_path, ("title: Signals", both)))
    assert "It has a link and a file." in said


def test_file_that_is_not_yaml_is_a_fault(tmp_path: Path) -> None:
    assert "This is not YAML" in faults(save(tmp_path, "weeks: [\n"))
    assert "must be a mapping" in faults(save(tmp_path, "- a\n"))
    assert "“course” is missing" in faults(save(tmp_path, "format: 1\n"))


def test_missing_course_file_is_a_fault(tmp_path: Path) -> None:
    assert "It cannot be read" in faults(tmp_path / "course.yaml")


def test_file_that_is_too_large_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "course.yaml"
    path.touch()
    os.truncate(path, 5 * 1024**2)
    assert "larger than 4096 KB" in faults(path)


# --- The command line ---------------------------------------------------------------


@pytest.mark.parametrize("year", ["2024", "2024-26", "24-25", "from 2024"])
def test_year_is_two_years_in_a_row(tmp_path: Path, year: str) -> None:
    with pytest.raises(CommandError, match="Write it as 2024-25"):
        call_command("import_course", str(small(tmp_path)), "--year", year)


def test_first_week_begins_on_a_monday(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is a Tuesday"):
        call_command(
            "import_course",
            str(small(tmp_path)),
            "--year",
            YEAR,
            "--first-week",
            "2025-01-21",
        )


def test_address_of_a_course_is_one_word(tmp_path: Path) -> None:
    said = faults(small(tmp_path), "--slug", "deep learning")
    assert "“deep learning” cannot be an address" in said
