"""Refuse autograders for Gradescope: they are programs, which no import can read."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from formats.archives import Source
from formats.assignment.function_tests import MAX_BYTES
from formats.problems import ProblemList

_HARNESS: Final = "run_autograder"
# Files that Otter puts beside the same harness.
_OTTER: Final = frozenset({"otter_config.json", "run_otter.py"})
_LIBRARIES: Final = frozenset({"unittest", "gradescope_utils"})
_NAMED: Final = 6


def refuse_gradescope(source: Source) -> None:
    """Raise ImportRefusedError if the source is a plain autograder for Gradescope."""
    names = {path.name for path in source.files}
    if names & _OTTER:
        return
    methods = {
        path.as_posix(): found
        for path in source.files
        if path.suffix == ".py" and (found := list(_methods(source.root / path)))
    }
    if _HARNESS not in names and not methods:
        return
    faults = ProblemList()
    faults.add(
        "This is an autograder for Gradescope. It is a program, so it cannot be "
        "imported.",
        hint="Write its tests in our own format: for each question, an entry in "
        "assignment.yaml and a file tests/KEY.py with a function for each test. The "
        "parameters of a function are the names of the notebook that it tests. See "
        "docs/writing-an-assignment.md.",
    )
    for file, found in methods.items():
        more = len(found) - _NAMED
        words = ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        faults.add(
            f"Its tests are {words}.",
            file=file,
            hint="A test becomes a check: its weight is the check's “points”, its "
            "visibility the check's “visibility”.",
        )
    raise faults.error()


def _methods(path: Path) -> Iterator[str]:
    """Yield the test methods of a unittest file, with the points of each."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if not any(_imports_a_library(node) for node in tree.body):
        return
    for group in tree.body:
        for node in group.body if isinstance(group, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                yield f"{node.name}{_weight(node)}"


def _imports_a_library(node: ast.stmt) -> bool:
    modules = []
    if isinstance(node, ast.Import):
        modules = [each.name for each in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    return any(each.partition(".")[0] in _LIBRARIES for each in modules)


def _weight(node: ast.FunctionDef) -> str:
    """Return “ (2 points)” for a method under `@weight(2)`, or ""."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.args:
            name = getattr(decorator.func, "attr", getattr(decorator.func, "id", ""))
            value = decorator.args[0]
            points = getattr(value, "value", None)
            if name == "weight" and isinstance(points, int | float):
                return f" ({points} {'point' if points == 1 else 'points'})"
    return ""
