"""Tables of marks from elsewhere: CSV and XLSX, with columns found by their headings."""

import io
import zipfile
from typing import Any

import openpyxl
import pytest

from formats import mark_table
from formats.mark_table import MarkLine, MarkTable, read_mark_table
from formats.problems import ImportRefusedError


def read(text: str, title: str = "") -> MarkTable:
    return read_mark_table(text.encode(), title=title)


def sheet(*rows: list[Any], formats: dict[str, str] | None = None) -> bytes:
    """Return an XLSX file with these rows."""
    book = openpyxl.Workbook()
    active = book.active
    for row in rows:
        active.append(row)
    for place, number_format in (formats or {}).items():
        active[place].number_format = number_format
    book.create_sheet("Other").append(["login", "points"])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(ImportRefusedError) as refused:
        read_mark_table(content)
    (problem,) = refused.value.problems
    assert problem.hint
    return f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    "head",
    [
        *("login,points", "Username,Mark", "CID,Score", "student_id,Total-Score"),
        *("SID,total_points_earned", " Student ID ,MARKS"),
    ],
)
def test_columns_are_found_by_their_headings(head: str) -> None:
    (line,) = read(f"{head}\nab123,12.5\n").lines
    assert line == MarkLine(line=2, login="ab123", points="12.5")


def test_nbgrader() -> None:
    """Raw scores are before a penalty, so they are not what counts."""
    found = read(
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score\n"
        "ps1,,,ab123,Ada,B,ab@example.org,9.0,1.0,8.0,10.0\n"
    )
    assert found.points_heading == "score"
    assert found.lines[0] == MarkLine(
        line=2, email="ab@example.org", login="ab123", points="8.0", out_of="10.0"
    )


def test_gradescope() -> None:
    found = read(
        "First Name,Last Name,SID,Email,Total Score,Max Points,Status\n"
        "Ada,B,123,ab@example.org,41.5,50.0,Graded\n"
        "Bo,C,124,bc@example.org,,50.0,Missing\n"
    )
    assert [each.points for each in found.lines] == ["41.5", ""]
    assert found.lines[0].out_of == "50.0"


def test_the_column_of_the_title_goes_before_others() -> None:
    text = "email,Other,Exam (50),total\na@example.org,1,2,3\n"
    assert read(text, title="exam").lines[0].points == "2"
    assert read(text).lines[0].points == "3"


@pytest.mark.parametrize(
    "content",
    [
        "\ufefflogin;points\nab1;12,5\n".encode(),
        b"login\tpoints\nab1\t12,5\n",
        b'login,points\nab1,"12,5"\n',
        "login;points\r\nab1;12,5\r\n".encode("utf-16"),
        "login;name;points\nab1;Zoë;12,5\n".encode("latin-1"),
        b"login;name;points\nab1;\x81;12,5\n",
    ],
)
def test_encodings_and_separators_of_spreadsheets(content: bytes) -> None:
    (line,) = read_mark_table(content).lines
    assert (line.login, line.points) == ("ab1", "12,5")


def test_what_hides_a_formula_is_taken_away() -> None:
    (line,) = read("login,points\n'=cmd(),'-1\n").lines
    assert (line.login, line.points) == ("=cmd()", "-1")


def test_lines_count_as_in_the_file() -> None:
    found = read('\nlogin,points\n\n"a\nb",1\nc,2\n')
    assert [each.line for each in found.lines] == [4, 6]


def test_short_lines_and_empty_cells() -> None:
    found = read("login,points\na\nb,\n")
    assert [each.points for each in found.lines] == ["", ""]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"login,points\n", "headings alone"),
        (b"name,points\na,1\n", "No column says whose the marks are."),
        (b"login,grade point\na,1\n", "No column has the points."),
        (b"\xd0\xcf\x11\xe0old", "an old format"),
        (b"PK\x03\x04broken", "cannot be read"),
        (b"\x00\x01\x02", "no table"),
        (b'login,points\na,"' + b"x" * 200_000, "cannot be read from line"),
        (b"x" * (mark_table.MOST_BYTES + 1), "larger than 5 MB"),
        (b"login,points\n" + b"a,1\n" * (mark_table.MOST_LINES + 1), "more than 5,000"),
    ],
)
def test_files_that_cannot_be_used(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_a_spreadsheet() -> None:
    found = read_mark_table(
        sheet(["Login", "Points"], ["ab1", 12.5], [], [123, 0.1 + 0.2], ["c", "absent"])
    )
    assert [(each.line, each.login, each.points) for each in found.lines] == [
        (2, "ab1", "12.5"),
        (4, "123", "0.3"),
        (5, "c", "absent"),
    ]


def test_a_cell_in_percent_is_not_taken_for_points() -> None:
    content = sheet(["login", "mark"], ["a", 0.62], formats={"B2": "0%"})
    assert "in percent" in read_mark_table(content).lines[0].fault


def test_a_formula_without_a_stored_value_is_not_taken_for_an_empty_cell() -> None:
    content = sheet(["login", "mark"], ["a", "=1+1"])
    assert "no stored value" in read_mark_table(content).lines[0].fault


def test_dates_and_truth_values_are_no_points() -> None:
    content = sheet(["login", "mark"], ["a", True])
    assert read_mark_table(content).lines[0].points == "True"


def test_a_spreadsheet_that_is_large_when_it_is_unpacked_is_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * (61 * 1024**2))
    assert "too large" in refusal(sink.getvalue())


def test_a_zip_of_something_else_is_no_spreadsheet() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as other:
        other.writestr("a.txt", "x")
    assert "cannot be read" in refusal(sink.getvalue())


def test_a_sheet_that_claims_a_million_rows_is_read_at_once() -> None:
    content = sheet(["login", "points"], ["a", 1])
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as good,
        zipfile.ZipFile(sink, "w") as bad,
    ):
        for each in good.infolist():
            data = good.read(each)
            if each.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(b'<row r="2">', b'<row r="1000000">')
                data = data.replace(b'"A2"', b'"XFD1000000"').replace(
                    b'"A1:B2"', b'"A1:XFD1000000"'
                )
            bad.writestr(each, data)
    assert "headings alone" in refusal(sink.getvalue())
