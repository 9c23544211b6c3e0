"""Names in zips: readable on every system, and different on each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.archive_names import LONGEST_NAME, portable_name, unique_names

REFUSED = set('<>:"/\\|?*')


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zs1234_2", "zs1234_2"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "_"),
        ("", "_"),
        ("C:\\x", "C__x"),
        ("CON", "_CON"),
        ("nul.ipynb", "_nul.ipynb"),
        ("com", "com"),
        ("a. ", "a"),
        ("work\u202egnp.exe", "work_gnp.exe"),
        ("a\x00b\nc", "a_b_c"),
        ("zoe\u0308", "zoë"),
        ("x" * 200 + ".ipynb", "x" * 94 + ".ipynb"),
    ],
)
def test_a_name_is_portable(text: str, name: str) -> None:
    assert portable_name(text) == name


@given(st.lists(st.text(max_size=150), max_size=8))
def test_names_are_portable_and_differ_whatever_the_texts(texts: list[str]) -> None:
    names = unique_names(texts)
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert name
        assert not REFUSED & set(name)
        assert not name.endswith((".", " "))
        assert len(name) <= LONGEST_NAME + 4
        assert name not in {".", ".."}


def test_names_that_differ_in_case_only_get_numbers() -> None:
    assert unique_names(["Ab.txt", "aB.TXT", "ab.txt"]) == [
        "Ab.txt",
        "aB-2.TXT",
        "ab-3.txt",
    ]
