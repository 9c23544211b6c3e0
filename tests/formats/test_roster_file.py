"""How a roster's file is read, and what is said about one that cannot be used."""

import pytest

from formats.choices import Role
from formats.roster import (
    MOST_BYTES,
    MOST_ROWS,
    Entry,
    RosterError,
    escaped,
    read_roster,
    unescaped,
    write_roster,
)

CODES = ["70010", "97111"]


def read(text: str | bytes) -> list[Entry]:
    content = text.encode() if isinstance(text, str) else text
    return list(read_roster(content, module_codes=CODES).entries)


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(RosterError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.problems]


def test_columns_come_in_any_order_and_under_their_usual_names() -> None:
    text = "Surname,Module_Code,Email address,ROLE,Given-Name,Username\n"
    text += "Byrne,97111,Una@Example.org,Teaching Assistant,Una,ub26\n"
    assert read(text) == [
        Entry(
            line=2,
            email="una@example.org",
            first_name="Una",
            last_name="Byrne",
            login="ub26",
            role=Role.ASSISTANT,
            module_code="97111",
        )
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_recognised(delimiter: str) -> None:
    (entry,) = read(f"email{delimiter}role\na@example.org{delimiter}lecturer\n")
    assert (entry.email, entry.role) == ("a@example.org", Role.LECTURER)


def test_columns_that_are_missing_stay_unset() -> None:
    (entry,) = read("email\na@example.org\n")
    assert (entry.role, entry.module_code, entry.name) == (None, "", "a@example.org")


def test_byte_order_mark_is_not_part_of_a_name() -> None:
    assert read("\ufeffemail\na@example.org\n")[0].email == "a@example.org"


def test_line_ends_of_every_system_are_read() -> None:
    for end in ("\n", "\r\n", "\r"):
        assert len(read(f"email{end}a@example.org{end}b@example.org")) == 2


def test_empty_lines_are_counted_but_add_nobody() -> None:
    (entry,) = read("\nemail,role\n\n,\na@example.org,\n")
    assert entry.line == 5


def test_name_over_two_lines_keeps_the_lines_after_it_right() -> None:
    text = 'email,first_name\n"a@example.org","An\nna"\nnobody,x\n'
    assert [fault.split(":")[0] for fault in faults(text)] == ["Line 2", "Line 4"]


def test_another_encoding_is_refused_with_its_line() -> None:
    text = "email,last_name\na@example.org,Byrne\nb@example.org,Müller\n"
    (fault,) = faults(text.encode("cp1252"))
    assert fault.startswith("Line 3: The file is not text in UTF-8.")
    assert "CSV UTF-8" in fault


def test_spreadsheet_is_refused_as_one() -> None:
    assert "not CSV" in faults(b"PK\x03\x04 and so on")[0]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "There is no address."),
        ("nobody", "“nobody” is not an email address."),
        ("a@b", "“a@b” is not an email address."),
        ("=1+1", "“=1+1” is not an email address."),
        (f"{'x' * 64}@{'y' * 190}.org", "more than 254 characters"),
    ],
)
def test_bad_address_is_named_with_its_line(cell: str, words: str) -> None:
    found = faults(f"email,role\na@example.org,\n{cell},student\n")
    assert any(f.startswith("Line 3: ") and words in f for f in found)


def test_address_twice_names_both_lines() -> None:
    text = "email\na@example.org\nb@example.org\nA@EXAMPLE.ORG\n"
    assert faults(text) == ["Line 4: a@example.org is on line 2 already."]


def test_unknown_role_says_which_there_are() -> None:
    (fault,) = faults("email,role\na@example.org,king\n")
    assert fault == (
        "Line 2: “king” is not a role. Write one of: student, assistant, lecturer, "
        "admin, examiner."
    )


def test_unknown_code_says_which_there_are() -> None:
    (fault,) = faults("email,module_code\na@example.org,70011\n")
    assert "The codes are: 70010, 97111" in fault


def test_every_fault_is_reported_at_once() -> None:
    assert len(faults("email,role\nx,\na@example.org,king\n,\n,student\n")) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("name\nUna\n", "No column is called “email”"),
        ("email,E-Mail\na@example.org,b@example.org\n", "Two columns are “email”"),
        ("email\n", "The file has no people"),
        ('email\n"a@example.org\n', "cannot be read"),
        ('email\n"a"b@example.org\n', "cannot be read"),
        ("email\na\x00@example.org\n", "not text"),
        ("email,login\na@example.org,a\x1bb\n", "not text"),
        (f"email,login\na@example.org,{'x' * 65}\n", "more than 64"),
    ],
)
def test_unusable_file_is_refused_in_words(text: str, words: str) -> None:
    assert any(words in fault for fault in faults(text))


def test_size_and_rows_are_limited() -> None:
    assert "1 MB" in faults(b"x" * (MOST_BYTES + 1))[0]
    rows = "\n".join(f"p{n}@example.org" for n in range(MOST_ROWS + 1))
    assert "more than 2,000 people" in faults(f"email\n{rows}")[0]
    assert len(read(f"email\n{rows[: rows.rindex(chr(10))]}")) == MOST_ROWS


def test_unknown_columns_are_named() -> None:
    content = b"email,Tutor,,Year\na@example.org,x,,2\n"
    assert read_roster(content, module_codes=[]).ignored == ["Tutor", "Year"]


def test_formula_is_read_as_text() -> None:
    (entry,) = read('email,first_name\na@example.org,"=HYPERLINK(""http://x"")"\n')
    assert entry.first_name == '=HYPERLINK("http://x")'


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_formula_is_written_so_that_no_spreadsheet_runs_it(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"
    assert unescaped(escaped(cell)) == cell


def test_other_apostrophes_are_kept() -> None:
    assert escaped("'t Hooft") == unescaped("'t Hooft") == "'t Hooft"


def test_a_written_roster_can_be_read_again() -> None:
    row = {
        "email": "+a@example.org",
        "first_name": "=cmd|' /C calc'!A0",
        "last_name": 'O"Neill, jr.',
        "login": "-x",
        "role": "lecturer",
        "module_code": "70010",
    }
    text = write_roster([row])
    assert "\n'+a@example.org" in text
    (entry,) = read(text)
    assert {name: getattr(entry, name) for name in row} == row
