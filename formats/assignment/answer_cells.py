"""Find the cells of a notebook that belong to each question that people mark.

A student may hand in a notebook that nbgrader or Otter gave out before the assignment
was imported. Its answers have names in the foreign format, and no mark of ours.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import Any, Final

from formats.assignment.foreign_cells import question_key
from formats.assignment.notebook_cells import Notebook
from formats.problems import ProblemList
from formats.yaml_document import nearest

_CODE_MARK: Final = re.compile(r"\s*#\s*softmark:\s*answer\s+(\S+)\s*")
_TEXT_MARK: Final = re.compile(r"\s*<!--\s*softmark:\s*answer\s+(\S+?)\s*-->\s*")
_ANY_MARK: Final = re.compile(r"\s*(?:#|<!--)\s*softmark:")
_OTTER_MARK: Final = re.compile(
    r"\s*<!--\s*(BEGIN|END)\s+QUESTION\s*-->\s*", re.IGNORECASE
)
_OTTER_FIELD: Final = re.compile(r"\s*(name|points):\s*(\S+)\s*")
# A line with a mark has at most this many characters. SECURITY: longer ones are read by
# no pattern, because anybody who hands in a notebook chooses its text.
_LONGEST_LINE: Final = 300
_RULE: Final = frozenset("-_* ")
_FLAGS: Final = ("grade", "solution", "locked", "task")


@dataclass(kw_only=True)
class OtterBlock:
    """The cells between Otter's BEGIN QUESTION and END QUESTION comments.

    People mark what stands there. `title` is the first line of its text, and `text` is
    its first cell with words. Old versions of Otter left `points` in the notebook.
    """

    key: str
    title: str = ""
    text: str = ""
    points: str = ""
    places: list[int] = field(default_factory=list)


def answer_key(cell: Mapping[str, Any]) -> str | None:
    """Return the key of the question that this cell answers, by our mark, or None.

    The mark is in the metadata, or it is the cell's first line.
    """
    ours = _section(_section(cell, "metadata"), "softmark").get("answer")
    if isinstance(ours, str):
        return ours
    first = _text(cell).partition("\n")[0]
    pattern = {"code": _CODE_MARK, "markdown": _TEXT_MARK}.get(
        str(cell.get("cell_type"))
    )
    if pattern is None or len(first) > _LONGEST_LINE:
        return None
    found = pattern.fullmatch(first)
    return found[1] if found else None


def answer_places(
    cells: Sequence[Mapping[str, Any]],
    keys: Collection[str],
    *,
    added: Collection[int] = (),
) -> dict[str, list[int]]:
    """Return the places, from 0, of the cells that belong to each of these questions.

    `keys` are those of questions that people mark. Each of them is in the result, with
    no places if its cells are not found. The cells of a question are found by our mark
    or else by nbgrader's id, or else by Otter's comments. Cells without any mark belong
    to a question if they stand between two of its cells. A task of nbgrader is answered
    in the cells below it. `added` are the places of cells that the student has added to
    the hand-out: those directly below a cell of the question belong to it, except empty
    ones.
    """
    own = [answer_key(cell) for cell in cells]
    theirs = [_nbgrader_key(cell) for cell in cells]
    blocks = {block.key: block.places for block in otter_blocks(cells)}
    is_marked = [
        mark is not None or other is not None or _has_our_mark(cell)
        for mark, other, cell in zip(own, theirs, cells, strict=True)
    ]
    found = {}
    for key in keys:
        places = [place for place, mark in enumerate(own) if mark == key]
        places = places or [place for place, mark in enumerate(theirs) if mark == key]
        filled = _filled(places, cells, is_marked, added)
        found[key] = list(filled) or blocks.get(key, [])
    return found


def _filled(
    places: Sequence[int],
    cells: Sequence[Mapping[str, Any]],
    is_marked: Sequence[bool],
    added: Collection[int],
) -> Iterator[int]:
    """Yield the places, and those of cells without a mark that belong to them."""
    for place, following in pairwise((*places, len(cells))):
        yield place
        below = range(place + 1, following)
        unmarked = list(takewhile(lambda each: not is_marked[each], below))
        is_between = following < len(cells) and len(unmarked) == len(below)
        if is_between or _is_task(cells[place]):
            yield from unmarked
        else:
            new = takewhile(lambda each: each in added, unmarked)
            yield from (each for each in new if _text(cells[each]).strip())


def otter_blocks(cells: Sequence[Mapping[str, Any]]) -> list[OtterBlock]:
    """Return what is between Otter's comments, in order, each with a key of its own.

    The key is made of the question's name, which old versions of Otter left in the
    notebook, or else of the first line of its text.
    """
    found: list[OtterBlock] = []
    is_open = False
    for place, cell in enumerate(cells):
        lines = _text(cell).split("\n")
        marks = _otter_marks(cell, lines)
        if is_open and (not marks or any(map(str.strip, lines[: marks[0][0]]))):
            _add(
                found[-1], place, _words(cell, lines[: marks[0][0]] if marks else lines)
            )
        if marks:
            is_open = marks[-1][1] == "BEGIN"
            if is_open:
                found.append(OtterBlock(key=""))
                _add(found[-1], place, lines[marks[-1][0] + 1 :])
    seen: Counter[str] = Counter()
    for block in found:
        name = block.key or question_key(block.title) or "question"
        seen[name] += 1
        block.key = name if seen[name] == 1 else question_key(f"{name}-{seen[name]}")
    return found


def _otter_marks(
    cell: Mapping[str, Any], lines: Sequence[str]
) -> list[tuple[int, str]]:
    """Return the lines of a text cell that are Otter's marks, with BEGIN or END."""
    if cell.get("cell_type") != "markdown":
        return []
    return [
        (number, found[1].upper())
        for number, line in enumerate(lines)
        if len(line) <= _LONGEST_LINE and (found := _OTTER_MARK.fullmatch(line))
    ]


def _words(cell: Mapping[str, Any], lines: Sequence[str]) -> Sequence[str]:
    """Return the lines if they are text: code says nothing about a question."""
    return lines if cell.get("cell_type") == "markdown" else ()


def _add(block: OtterBlock, place: int, lines: Sequence[str]) -> None:
    """Add a cell with these lines to a block, but no cell that only draws a line."""
    text = [line for line in lines if line.strip()]
    is_new = not block.places
    if text and not is_new and all(map(_RULE.issuperset, text)):
        return
    block.places.append(place)
    block.text = block.text or "\n".join(text)
    is_comment = False
    for line in text:
        is_comment = is_comment or line.lstrip().startswith("<!--")
        given = _OTTER_FIELD.fullmatch(line[:_LONGEST_LINE])
        if is_comment and is_new and given:
            if given[1] == "name":
                block.key = question_key(given[2])
            else:
                block.points = given[2]
        if not is_comment and not block.title and not _RULE.issuperset(line):
            block.title = line.strip()[:_LONGEST_LINE]
        is_comment = is_comment and "-->" not in line


def validate_answer_cells(
    notebook: Notebook, keys: Collection[str], file: str, faults: ProblemList
) -> None:
    """Note cells that are marked as answers to unknown questions."""
    for number, cell in enumerate(notebook["cells"], 1):
        key = answer_key(cell)
        if key is not None and key not in keys:
            faults.add(
                f"This cell is marked as an answer to “{key}”, but no question that "
                "people mark has this key.",
                file=file,
                cell=number,
                hint=nearest(key, list(keys))
                if keys
                else "No question of the assignment is of the kind “manual”.",
            )


def mark_answer(cell: dict[str, Any], key: str) -> None:
    """Mark the cell as one that belongs to the question, in its metadata."""
    ours = cell["metadata"].setdefault("softmark", {})
    ours["answer"] = key


def _nbgrader_key(cell: Mapping[str, Any]) -> str | None:
    """Return the key of the question whose nbgrader id the cell has, or None."""
    theirs = _section(_section(cell, "metadata"), "nbgrader")
    name = theirs.get("grade_id")
    if not isinstance(name, str) or not name:
        return None
    return question_key(name) if any(theirs.get(flag) for flag in _FLAGS) else None


def _is_task(cell: Mapping[str, Any]) -> bool:
    return _section(_section(cell, "metadata"), "nbgrader").get("task") is True


def _has_our_mark(cell: Mapping[str, Any]) -> bool:
    """Return whether the cell checks a question, or is one that students cannot change."""
    ours = _section(_section(cell, "metadata"), "softmark")
    return bool(ours) or _ANY_MARK.match(_text(cell)[:_LONGEST_LINE]) is not None


def _section(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = of.get(name)
    return section if isinstance(section, Mapping) else {}


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source")
    if isinstance(source, str):
        return source
    return "".join(map(str, source)) if isinstance(source, list) else ""
