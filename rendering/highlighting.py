"""Code as HTML with a class for each kind of token, in time that grows with its length."""

import math
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.utils.safestring import SafeString, mark_safe
from pygments import format as formatted
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.token import Text

# SECURITY: the most processor time for the tokens of a text, also by its length: usual
# code takes a fifth of it. What is left then is plain text, so that a pattern which scans
# a text again and again (YAML's, at each character of "@@@") costs no more.
_SECONDS: Final = 0.1
_SECONDS_PER_CHARACTER: Final = 25e-6
# SECURITY: at each line of blanks alone, Python's lexer looks for a docstring below all
# lines of blanks that follow. The code of a session stands behind prompts.
_BLANK_LINE: Final = re.compile(r"^(>>>|\.\.\.)?[^\S\n]+$", re.MULTILINE)
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


def highlighted(source: str, lexer: Lexer, *, seconds: float = math.inf) -> SafeString:
    """Return the code as HTML, without blanks in lines that contain nothing else.

    Tokens that are found after so many seconds of processor time, or after as many as a
    text of this length may take, have no class.
    """
    # The lexer removes the same, so that its tokens are exactly this text.
    text = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    text = _BLANK_LINE.sub(r"\1", text).strip("\n") + "\n"
    seconds = min(seconds, seconds_for(len(text)))
    tokens = _within(seconds, lexer.get_tokens(text), text)
    return mark_safe(formatted(tokens, _formatter))  # noqa: S308  it escapes


def seconds_for(length: int) -> float:
    """Return the most processor time for the tokens of a text of so many characters."""
    return _SECONDS + _SECONDS_PER_CHARACTER * length


def _within(
    seconds: float, tokens: Iterable[tuple[Any, str]], text: str
) -> Iterator[tuple[Any, str]]:
    """Yield tokens for so many seconds, then the rest of the text as one token."""
    until = time.thread_time() + seconds
    done = 0
    for kind, value in tokens:
        yield kind, value
        done += len(value)
        if time.thread_time() >= until:
            yield Text, text[done:]
            return
