"""Read JSON strictly and in bounded time, with a message for every fault.

The standard parser accepts NaN and duplicate keys, fails on deep nesting in a way that
depends on its caller, and says little about where a file is broken. This module
corrects all of that.
"""

import itertools
import json
import re
from collections import Counter
from typing import Any, Final

from formats.findings import (
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown

MAX_DEPTH: Final = 50
# Limits memory: a list of millions of empty lists takes thirty times its size.
MAX_OBJECTS: Final = 500_000
MAX_STRINGS: Final = 2_000_000
QUOTE: Final = 60
CONFLICT: Final = re.compile(rb"^(<{7} |>{7} |={7}\r?$)", re.MULTILINE)
CONSTANT: Final = re.compile(rb'"[^"]*"|(-?Infinity|NaN)')
NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class JsonFaultError(Exception):
    """The text cannot be read. `problem` says why."""

    def __init__(self, fault: Problem) -> None:
        self.problem = fault
        super().__init__(fault.code)


class _DuplicateKeyError(Exception):
    """An object has the same key twice."""


class _ConstantError(Exception):
    """A number that JSON does not have: NaN, Infinity."""


def read_json(data: bytes, *, name: Name) -> Any:
    """Return the value of the UTF-8 text. Raises JsonFaultError and nothing else."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    text = _decode(data, name)
    brackets = _brackets(data, name)
    try:
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise JsonFaultError(_syntax(data, text, error, name)) from error
    except RecursionError as error:
        raise JsonFaultError(_too_deep(name)) from error
    except _DuplicateKeyError as error:
        key = shown(str(error), 40)
        fault = problem("notebook_duplicate_key", file=name, key=key)
        raise JsonFaultError(fault) from error
    except _ConstantError as error:
        raise JsonFaultError(_constant(data, name)) from error
    except ValueError as error:  # an integer of thousands of digits
        raise JsonFaultError(problem("notebook_number", file=name)) from error
    if (
        max(itertools.accumulate(map(STEPS.__getitem__, brackets)), default=0)
        > MAX_DEPTH
    ):
        raise JsonFaultError(_too_deep(name))
    return value


def _decode(data: bytes, name: Name) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise JsonFaultError(problem("notebook_utf16", file=name))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        fault = problem(
            "notebook_bytes",
            file=name,
            line=data.count(b"\n", 0, error.start) + 1,
            byte=f"{error.start + 1:,}",
        )
        raise JsonFaultError(fault) from error


def _unescaped(data: bytes) -> bytes:
    """Return the text, equally long, with no quotation marks inside strings."""
    return data.replace(b"\\\\", b"__").replace(b'\\"', b"__")


def _brackets(data: bytes, name: Name) -> bytes:
    """Return the brackets outside strings. Raises JsonFaultError for too many."""
    if data.count(b'"') <= 2 * MAX_STRINGS:
        outside = b"".join(_unescaped(data).split(b'"')[::2])
        brackets = outside.translate(None, NOT_BRACKETS)
        if len(brackets) <= 2 * MAX_OBJECTS:
            return brackets
    raise JsonFaultError(problem("notebook_too_many", file=name))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        times = Counter(key for key, _ in pairs)
        raise _DuplicateKeyError(times.most_common(1)[0][0])
    return entry


def _refuse(constant: str) -> None:
    raise _ConstantError(constant)


def _syntax(data: bytes, text: str, error: json.JSONDecodeError, name: Name) -> Problem:
    conflict = CONFLICT.search(data)
    if conflict:
        line = data.count(b"\n", 0, conflict.start()) + 1
        quote = data[conflict.start() :][:QUOTE].decode(errors="replace")
        return problem(
            "notebook_conflict", file=name, line=line, quote=shown(_first_line(quote))
        )
    at_end = error.pos >= len(text.rstrip())
    if at_end or error.msg.startswith("Unterminated string"):
        return problem("notebook_cut_short", file=name, line=text.count("\n") + 1)
    return problem(
        "notebook_json",
        file=name,
        line=error.lineno,
        column=error.colno,
        fault=_fault(error.msg),
        quote=_quote(text, error.pos),
    )


def _fault(message: str) -> str:
    """Return the parser's message in a form for the middle of a sentence."""
    return message[:1].lower() + message[1:].removesuffix(" at")


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _quote(text: str, position: int) -> str:
    """Return the part of the line around the position, safe to show."""
    start = max(text.rfind("\n", 0, position) + 1, position - QUOTE)
    return shown(_first_line(text[start : position + QUOTE]).strip(), 2 * QUOTE)


def _constant(data: bytes, name: Name) -> Problem:
    places = CONSTANT.finditer(_unescaped(data))
    found = next((each for each in places if each[1]), None)
    line = data.count(b"\n", 0, found.start()) + 1 if found else 1
    value = found[1].decode() if found else "NaN"
    return problem("notebook_nan", file=name, line=line, value=value)


def _too_deep(name: Name) -> Problem:
    return problem("notebook_too_deep", file=name, limit=MAX_DEPTH)
