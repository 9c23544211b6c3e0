"""Cells of foreign notebooks, as they stand in students' own copies.

A student may hand in a notebook that was given out by nbgrader or Otter before the
assignment was imported. Its check cells carry no mark of ours, but names of theirs.
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
# `grader.check("name")`, with more arguments or not, among blank lines and comments.
# What a part has matched is never given back: blanks are read once.
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
    """Return the key of the question that is called so in a foreign format.

    The same name gives the same key always; other characters than a key may have
    become dashes.
    """
    key = _FOREIGN.sub("-", name).strip("-")
    if key and len(key) <= _LONGEST:
        return key
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{key[: _LONGEST - 9]}-{digest}".lstrip("-")


def foreign_key(cell: dict[str, Any]) -> str | None:
    """Return the key that nbgrader's or Otter's own marks give a code cell, or None.

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

    SECURITY: told by one pattern and not by a parser, because every cell of every
    upload is asked.
    """
    if len(source) > _LONGEST_CHECK or ".check(" not in source:
        return None
    found = _OTTER_CHECK.fullmatch(source)
    return found["name"] if found else None


def is_about_otter(source: str) -> bool:
    """Whether a cell only sets up Otter or calls its grader, which no run here needs.

    Such a cell would end in an error where Otter is not installed.
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
    """Make a student's notebook as the staff's is where students may change nothing.

    Each cell that nbgrader or Otter would check gets our mark, copies too, unless a cell
    has our mark for that question already. The first cell of each locked name gets the
    staff's source.
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
    """Return the name by which the staff may have locked the cell."""
    for mark, field in (("softmark", "locked"), ("nbgrader", "grade_id")):
        about = cell["metadata"].get(mark)
        name = about.get(field) if isinstance(about, dict) else None
        if isinstance(name, str) and name:
            return name
    return None


def locked_cells(notebook: dict[str, Any]) -> dict[str, str]:
    """Return the source of each code cell that students may not change, by its name.

    Such a cell has `{"softmark": {"locked": name}}` in its metadata; in a copy that
    nbgrader gave out, the name is its `grade_id`.
    """
    found: dict[str, str] = {}
    for cell in notebook["cells"]:
        ours = cell["metadata"].get("softmark")
        name = ours.get("locked") if isinstance(ours, dict) else None
        if cell["cell_type"] == "code" and isinstance(name, str) and name:
            found.setdefault(name, source_of(cell))
    return found
