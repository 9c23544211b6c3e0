"""A CSV file of extensions is read whole, and every fault names its line."""

import pytest

from formats.extension_file import (
    MOST_BYTES,
    ExtensionRow,
    ExtensionRowsError,
    decode_extension_rows,
    read_extension_rows,
)


def test_columns_are_found_by_name_in_any_order() -> None:
    text = "Reason;Login;ignored;Due\nill;ab1;x;2027-03-15 12:00\n\n"
    assert read_extension_rows(text) == [
        ExtensionRow(line=2, student="ab1", due_at="2027-03-15 12:00", reason="ill")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["Line 1: The first line must name the columns"]),
        ("student,due_at\na,b\n", ["Line 1: The first line must name the columns"]),
        ("student,due_at,reason\n", ["The file has no line after the first."]),
        (
            "student,due_at,reason\n,2027-03-15 12:00,ill\nab1,,\n",
            [
                "Line 2: The cell “student” is empty.",
                "Line 3: The cell “due_at” is empty.",
                "Line 3: The cell “reason” is empty.",
            ],
        ),
        (
            f"student,due_at,reason\na,b,{'x' * 1001}\n",
            ["Line 2: The reason is longer"],
        ),
        (
            f"student,due_at,reason\n{'x' * 140_000}\n",
            ["Line 2: This is not a line"],
        ),
    ],
)
def test_faults_are_listed_with_their_lines(text: str, words: list[str]) -> None:
    with pytest.raises(ExtensionRowsError) as found:
        read_extension_rows(text)
    said = [str(problem) for problem in found.value.problems]
    assert len(said) == len(words)
    assert all(each.startswith(start) for each, start in zip(said, words, strict=True))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (MOST_BYTES + 1)])
def test_what_is_no_text_or_too_long_is_refused(content: bytes) -> None:
    with pytest.raises(ExtensionRowsError):
        decode_extension_rows(content)
