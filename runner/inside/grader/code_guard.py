"""The rules for code beside the tests: only the tests' source and installed code run.

The tests may hold text of the student's, and libraries evaluate text where nobody expects
it: `sympy.expand(answer)` does. Audit hooks see everything that is compiled, executed,
imported, loaded as a library or started as a program. By default it is refused.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

from runner.inside.grader import audit, name_lookups, refusals, string_formatting
from runner.inside.grader.code_places import CodePlaces
from runner.inside.grader.evaluators import evaluates_harmlessly, frames_from
from runner.inside.grader.staff_texts import STAFF_TEXTS
from runner.inside.grader.subprocesses import check_program

_NOT_COMPILED: Final = (
    "tests may evaluate only their own text: let a function of the notebook evaluate "
    "other text, or take a number or an array instead of text"
)
_NOT_RUN: Final = (
    "tests may not run anything that was handed in, or anything from a folder that can "
    "be written to. Call the notebook's functions instead: they run in the notebook's "
    "process"
)
_NOT_IMPORTED: Final = (
    "tests may not import from the folder of handed-in files, or from a folder that can "
    "be written to. Modules of the course are found without such a folder"
)
# These modules compile text that they make themselves, of names and numbers.
_GENERATORS: Final = frozenset(
    (
        *("collections", "dataclasses", "enum", "functools", "unittest.mock"),
        *("attr._make", "sympy.polys.monomials", "decorator"),
        "networkx.utils.decorators",
    )
)
_GENERATING: Final = (
    "runner.inside.grader.",
    "torch.",
    "scipy.",
    "sklearn.",
    "numba.",
    "hypothesis.",
)
_IMPORTERS: Final = frozenset(
    ("importlib._bootstrap", "importlib._bootstrap_external", "runpy")
)
_FROZEN: Final = "<frozen importlib._bootstrap_external>"
# The module prefix of pandas' own interpreter, which evaluates what it parses.
_INTERPRETER: Final = "pandas.core.computation."


def install(places: CodePlaces) -> None:
    """Refuse from now on all code in this process except the staff's and installed code."""
    places.protect()
    string_formatting.guard_formatter()
    name_lookups.install()
    checks: dict[str, Callable[..., None]] = {
        "compile": partial(_check_compiled, places),
        "exec": partial(_check_executed, places),
        "marshal.loads": partial(_check_loaded, places),
        "import": partial(_check_import, places),
        "ctypes.dlopen": partial(_check_library, places),
        "open": places.check_opened,
        "os.rename": places.check_moved,
        "os.link": places.check_moved,
        "os.symlink": places.check_linked,
        "os.remove": places.check_changed,
        "os.rmdir": places.check_changed,
        "os.truncate": lambda path, _length: places.check_changed(path),
        "os.chmod": lambda path, _mode, folder: places.check_itself(path, folder),
        "os.mkdir": lambda path, _mode, folder: places.check_itself(path, folder),
        "subprocess.Popen": lambda program, words, cwd, env: _check_started(
            places, (program, words), cwd, env
        ),
        "os.system": lambda command: _check_started(places, (command,)),
        "os.exec": lambda path, words, env: _check_started(
            places, (path, words), env=env
        ),
        "os.posix_spawn": lambda path, words, env: _check_started(
            places, (path, words), env=env
        ),
        "os.spawn": lambda _mode, path, words, env: _check_started(
            places, (path, words), env=env
        ),
        "pty.spawn": lambda words: _check_started(places, (words,)),
    }

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check is not None and not audit.is_suspended():
            check(*arguments)

    sys.addaudithook(watch)


# --- Code -------------------------------------------------------------------------------


def _caller() -> FrameType | None:
    """Return the frame that raised the event: the first outside this module."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - an audit hook has no other way
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    return frame


def _check_compiled(places: CodePlaces, source: object, file: object) -> None:
    frame = _caller()
    if frame is None or _is_trusted(places, frame, file):
        return
    if _is_importing(frame) or evaluates_harmlessly(frame, source):
        return
    if not STAFF_TEXTS.covers(_text_of(source)) or _is_elsewhere(places, file):
        raise refusals.not_permitted(_NOT_COMPILED)


def _is_trusted(places: CodePlaces, frame: FrameType, file: object) -> bool:
    """Return whether the frame may compile any text."""
    if frame.f_code is ast.parse.__code__:
        # Parsing alone runs nothing, except in pandas' own interpreter.
        asker = frame.f_back
        above = "" if asker is None else str(asker.f_globals.get("__name__"))
        return not above.startswith(_INTERPRETER)
    name = str(frame.f_globals.get("__name__"))
    if name in _IMPORTERS and not places.allows(file):
        raise refusals.not_permitted(_NOT_IMPORTED)
    return name in _IMPORTERS | _GENERATORS or name.startswith(_GENERATING)


def _is_importing(frame: FrameType) -> bool:
    """Return whether a module is being imported that is installed or the course's."""
    return any(
        one.f_code.co_filename == _FROZEN and one.f_code.co_name == "exec_module"
        for one in frames_from(frame)
    )


def _text_of(source: object) -> str:
    if isinstance(source, ast.AST):
        try:
            return ast.unparse(source)
        except (ValueError, AttributeError, RecursionError):
            return ""
    return source.decode(errors="replace") if isinstance(source, bytes) else str(source)


def _is_elsewhere(places: CodePlaces, file: object) -> bool:
    """Return whether code claims to come from a file in a writable folder."""
    if not isinstance(file, str | bytes | os.PathLike):
        return False
    name = os.fsdecode(file)
    return not name.startswith("<") and places.is_writable(name) and Path(name).exists()


def _check_executed(places: CodePlaces, code: Any) -> None:
    if _is_elsewhere(places, code.co_filename):
        raise refusals.not_permitted(_NOT_RUN)


def _check_loaded(places: CodePlaces, *_: object) -> None:
    """Allow compiled code only from the cache of a module that may be imported."""
    frame = _caller()
    if frame is not None and frame.f_globals.get("__name__") in _IMPORTERS:
        paths = (frame.f_locals.get(n) for n in ("bytecode_path", "source_path"))
        if all(path is None or places.allows(path) for path in paths):
            return
        raise refusals.not_permitted(_NOT_IMPORTED)
    raise refusals.not_permitted(_NOT_COMPILED)


def _check_import(
    places: CodePlaces, _name: object, file: object, path: object, *_: object
) -> None:
    if isinstance(path, list) and not places.allows_all(path):
        raise refusals.not_permitted(_NOT_IMPORTED)
    if file is not None and not places.allows(file):
        raise refusals.not_permitted(_NOT_IMPORTED)


def _check_library(places: CodePlaces, name: object) -> None:
    """Allow a library by its bare name, or by a path where libraries are installed."""
    is_path = isinstance(name, str | bytes) and b"/" in os.fsencode(name)
    if is_path and not places.allows(name):
        raise refusals.not_permitted(_NOT_RUN)


# --- Programs ---------------------------------------------------------------------------


def _check_started(
    places: CodePlaces,
    words: tuple[object, ...],
    cwd: object = None,
    env: Mapping[Any, Any] | None = None,
) -> None:
    is_of_tests = True
    for frame in frames_from(_caller()):
        if frame.f_globals in (vars(subprocess), vars(os)):
            continue
        file = frame.f_code.co_filename
        is_of_tests = file.startswith("<") or string_formatting.NAME in frame.f_globals
        break
    if not check_program(places, words, cwd, env, is_of_tests=is_of_tests):
        raise refusals.not_permitted(_NOT_RUN)
