"""Code is highlighted in time that grows with its length, whatever stands in it."""

import time
from html import unescape
from typing import Final

import pytest
from django.utils.html import strip_tags
from pygments.lexers import get_lexer_by_name
from pygments.token import Text

from rendering import highlighting
from rendering.highlighting import highlighted
from rendering.markdown import LANGUAGES, MAX_CODE

BLANKS: Final = (" ", "\t", "\f", "\v", "\x1c", "\x85", "\xa0", "\u2028", " \t\f")
ENDS: Final = ("\n", "\r\n", "\r")
# Of processor time. Where blank lines cost the square of their number it was 10.
SECONDS: Final = 2.0
PYTHON: Final = get_lexer_by_name("python")


@pytest.fixture
def without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlighting, "_SECONDS", 1000)


def seconds_of(code: str, language: str) -> float:
    """Return the processor time to highlight the code."""
    lexer = get_lexer_by_name(language)
    start = time.thread_time()
    highlighted(code, lexer)
    return time.thread_time() - start


@pytest.mark.usefixtures("without_limit")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("blank", BLANKS)
def test_lines_of_blanks_cost_no_square(blank: str, end: str) -> None:
    for opening in ("", "x = 1\n", "(", '"""\n'):
        code = (opening + (blank + end) * MAX_CODE)[:MAX_CODE]
        assert seconds_of(code + "y = 2\n", "python") < SECONDS


@pytest.mark.usefixtures("without_limit")
@pytest.mark.parametrize("piece", ["...  \n", ">>>  \n", ">>>  \nx\n", "... \t\n \n"])
def test_lines_of_blanks_in_a_session_cost_no_square(piece: str) -> None:
    assert seconds_of((">>> a\n" + piece * MAX_CODE)[:MAX_CODE], "pycon") < SECONDS


@pytest.mark.usefixtures("without_limit")
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_mixed_lines_cost_no_square(language: str) -> None:
    for piece in (" \n\t\n\f\n", " \n\n", "#\n \n", "-\n \n", ": \n", "\\\n", " \\\n"):
        assert seconds_of((piece * MAX_CODE)[:MAX_CODE], language) < SECONDS


@pytest.mark.parametrize("piece", ["@", "`", "%"])
def test_what_a_lexer_reads_again_and_again_is_left_in_time(piece: str) -> None:
    """YAML's lexer reads the rest of the line at each of these."""
    code = piece * MAX_CODE
    taken = seconds_of(code, "yaml")
    assert taken < 2 * highlighting.seconds_for(MAX_CODE)
    assert (
        unescape(strip_tags(highlighted(code, get_lexer_by_name("yaml"))))
        == code + "\n"
    )


def test_code_is_plain_once_its_time_is_over() -> None:
    code = "if a < b:\n    return '&'\n"
    plain = highlighted(code, PYTHON, seconds=0)
    assert strip_tags(plain).count("<") == 0
    assert unescape(strip_tags(plain)) == code
    assert plain.count("hl-") < highlighted(code, PYTHON).count("hl-")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("seconds", [0, 10])
def test_nothing_but_blanks_and_line_ends_is_lost(language: str, seconds: int) -> None:
    code = '\ufeff\n x = "a<b"\r\n \t\n>>> \n- a: 1\r{"k": [1]}\n... y\n\n'
    shown = '\n x = "a<b"\n\n>>>\n- a: 1\n{"k": [1]}\n... y\n'.lstrip("\n")
    html = highlighted(code, get_lexer_by_name(language), seconds=seconds)
    assert unescape(strip_tags(html)) == shown


def test_a_text_has_no_more_than_its_time() -> None:
    """A lexer whose tokens take long each is left soon."""
    asked = 0

    class Slow(type(PYTHON)):  # type: ignore[misc]
        def get_tokens(self, text: str) -> object:
            nonlocal asked
            for letter in text:
                asked += 1
                until = time.thread_time() + 0.01
                while time.thread_time() < until:
                    pass
                yield Text, letter

    html = highlighted("x" * 1000, Slow(), seconds=0.05)
    assert asked < 20
    assert html == "x" * 1000 + "\n"
