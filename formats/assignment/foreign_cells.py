"""Recognise the check cells and locked cells of nbgrader and Otter.

A student may hand in a notebook that was given out by nbgrader or Otter before the
assignment was imported. Its check cells have names in the foreign format, and no mark
of ours.
"""

import ast
import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from formats.assignment.notebook_cells import Notebook, check_key, source_of
from formats.notebook.cell_syntax import TooComplexError, parse

_LONGEST: Final = 60
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_CHECK: Final = 1_000
# Matches `grader.check("name")`, with or without more arguments, among blank lines and
# comments. It never backtracks into a part that has matched, so each blank is read
# once.
_OTTER_CHECK: Final = re.compile(
    r"""
    (?:[ \t]*+(?:\#[^\n]*+)?+\n)*+
    [ \t]*+[^\W\d]\w*+\.check\(\s*+
    (?P<quote>["'])(?P<name>[^"'\\\n]*+)(?P=quote)
    \s*+(?:,(?:[^()]|\([^()]*+\))*+)?+\)
    [ \t]*+;?+[ \t]*+(?:\#[^\n]*+)?+
    (?:\n[ \t]*+(?:\#[^\n]*+)?+)*+
    """,
    re.VERBOSE,
)


def question_key(name: str) -> str:
    """Return our key for the question of this name in a foreign format.

    The same name always gives the same key. Characters that a key may not have become
    dashes.
    """
    key = _FOREIGN.sub("-", name).strip("-")
    if key and len(key) <= _LONGEST:
        return key
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{key[: _LONGEST - 9]}-{digest}".lstrip("-")


def foreign_key(cell: dict[str, Any]) -> str | None:
    """Return the question's key if this is a check cell of nbgrader or Otter, or None.

    nbgrader: `grade_id` in the metadata, whatever the flags beside it say. Otter: the
    cell is one call `grader.check("name")` and nothing else, so that a student's code
    is never taken for a check cell.
    """
    if cell["cell_type"] != "code":
        return None
    theirs = cell["metadata"].get("nbgrader")
    if isinstance(theirs, dict):
        name = theirs.get("grade_id")
        if isinstance(name, str) and name:
            return question_key(name)
    checked = otter_check(source_of(cell))
    return None if checked is None else question_key(checked)


def otter_check(source: str) -> str | None:
    """Return the name in a cell that is one call of `grader.check`, or None.

    SECURITY: this uses one pattern and no parser, because it runs on every cell of
    every upload.
    """
    if len(source) > _LONGEST_CHECK or ".check(" not in source:
        return None
    found = _OTTER_CHECK.fullmatch(source)
    return found["name"] if found else None


def is_about_otter(source: str) -> bool:
    """Return whether a cell only sets up Otter or calls its grader.

    No run here needs such a cell. It would end in an error where Otter is not
    installed.
    """
    try:
        body = parse(source).body
    except (SyntaxError, TooComplexError):
        return False
    return bool(body) and all(map(_is_about_otter, body))


def _is_about_otter(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names] == ["otter"]
    called = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    owner = called.func if isinstance(called, ast.Call) else None
    value = owner.value if isinstance(owner, ast.Attribute) else None
    wanted = "otter" if isinstance(node, ast.Assign) else "grader"
    return isinstance(value, ast.Name) and value.id == wanted


def mark_cells(
    notebook: Notebook, keys: Collection[str], locked: Mapping[str, str]
) -> None:
    """Mark the check cells of a student's notebook, and put back its locked cells.

    Each cell that nbgrader or Otter would check gets our mark, and so do copies of it,
    unless a cell already has our mark for that question. The first cell with the name
    of a locked cell gets the staff's source.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    marked = {key for cell in cells if (key := check_key(cell)) is not None}
    left, names = set(keys) - marked, dict(locked)
    for cell in cells:
        key = foreign_key(cell)
        if key in left:
            cell["metadata"]["softmark"] = {"question": key}
        name = _locked_name(cell)
        if name in names:
            cell["source"] = names.pop(name)


def _locked_name(cell: dict[str, Any]) -> str | None:
    """Return the name under which the staff may have locked the cell, or None."""
    for mark, field in (("softmark", "locked"), ("nbgrader", "grade_id")):
        about = cell["metadata"].get(mark)
        name = about.get(field) if isinstance(about, dict) else None
        if isinstance(name, str) and name:
            return name
    return None


def locked_cells(notebook: dict[str, Any]) -> dict[str, str]:
    """Return the source of each code cell that students may not change, by name.

    Such a cell has `{"softmark": {"locked": name}}` in its metadata. In a notebook that
    nbgrader gave out, the name is its `grade_id`.
    """
    found: dict[str, str] = {}
    for cell in notebook["cells"]:
        ours = cell["metadata"].get("softmark")
        name = ours.get("locked") if isinstance(ours, dict) else None
        if cell["cell_type"] == "code" and isinstance(name, str) and name:
            found.setdefault(name, source_of(cell))
    return found
