"""The programs that a test may start: installed ones, with arguments of the test's own.

A program sees the private files, and does not know the rules for tests. So it gets no
text of the student's, and no file from a writable folder.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runner.inside.grader.code_places import CodePlaces
from runner.inside.grader.staff_texts import STAFF_TEXTS

_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9.]*(e[-+]?[0-9]+)?")
# Environment variables by which a program finds code.
_SEARCHED: Final = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE"),
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV"),
)
_INTERPRETERS: Final = re.compile(r"(python|sh|bash|dash|zsh|perl|ruby|node)[0-9.]*")
_INHERITED: Final = dict(os.environ)


def check_program(
    places: CodePlaces,
    command: object,
    cwd: object,
    env: Mapping[Any, Any] | None,
    *,
    is_of_tests: bool,
) -> bool:
    """Return whether a program may be started with this command, folder and environment.

    A library makes its arguments itself; the arguments of a test must be the test's own.
    """
    words = list(_words(command))
    where = os.getcwd() if cwd is None else os.fsdecode(cwd)  # type: ignore[arg-type]  # noqa: PTH109 - a path
    if os.path.realpath(where) != places.work and places.is_writable(where):
        return False
    if any(_leads_to_writable(places, word, where) for word in words):
        return False
    if is_of_tests and not all(_is_own(places, word) for word in words):
        return False
    return _is_set_safely(places, words, env) and not _reads_program(words)


def _words(command: object) -> Iterator[str]:
    if isinstance(command, list | tuple):
        for part in command:
            yield from _words(part)
    elif isinstance(command, str | bytes | os.PathLike):
        yield os.fsdecode(command)


def _is_own(places: CodePlaces, word: str) -> bool:
    if word == sys.executable or _NUMBER.fullmatch(word) or STAFF_TEXTS.covers(word):
        return True
    if word in {"/bin/sh", "-c"}:  # put before the command by `shell=True`
        return True
    return word.startswith("/") and places.allows(word) and os.path.exists(word)  # noqa: PTH110 - a path's text


def _leads_to_writable(places: CodePlaces, word: str, where: str) -> bool:
    """Return whether the word or a part of it is a path in a writable folder."""
    for part in {word, *re.split(r"[\s'\"=:;,()]+", word)}:
        path = os.path.join(where, part)  # noqa: PTH118 - a path's text
        if part and "\0" not in part and len(part) < 4096 and places.is_writable(path):  # noqa: PLR2004 - the longest path
            if os.path.isfile(path):  # noqa: PTH113 - same
                return True
            if part.startswith("/"):
                return True
    return False


def _is_set_safely(
    places: CodePlaces, words: list[str], env: Mapping[Any, Any] | None
) -> bool:
    setting = {
        os.fsdecode(name): os.fsdecode(value)
        for name, value in (os.environ if env is None else env).items()
    }
    for name in _SEARCHED:
        value = setting.get(name)
        if value is None or value == _INHERITED.get(name):
            continue
        if not all(map(places.allows, filter(None, value.split(os.pathsep)))):
            return False
    is_python = any("python" in word for word in words)
    return "PYTHONSAFEPATH" in setting or not is_python


def _reads_program(words: list[str]) -> bool:
    """Return whether this is an interpreter that reads its program from standard input."""
    named = [word for word in words if not word.startswith("-")]
    return bool(named) and all(
        _INTERPRETERS.fullmatch(Path(word).name) for word in named
    )
