"""Read rubrics from the words of mark schemes and questions.

Staff write a mark scheme for people: “2 points for the axes”, “(1 mark)”, “-1 no
units”. Only words that can be read in one way become items.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from formats.assignment import Question
from formats.assignment.rubric import (
    LONGEST_TEXT,
    Rubric,
    RubricGroup,
    RubricItem,
    Starts,
)
from formats.importing.draft import Draft
from formats.importing.plain_words import plain_words

_KIND: Final = "MARK SCHEME"
# Nobody writes longer lines of points. SECURITY: the patterns below read no more.
_LONGEST_LINE: Final = 2_000
_MOST_ITEMS: Final = 100
_UNIT: Final = r"(?:points?|pts?|marks?)\b\.?"
_NUMBER: Final = r"\d{1,5}(?:\.\d{1,2})?(?![\d.]*\d)"
_BULLET: Final = re.compile(
    r"[ \t]*(?:[-*+•]|\(?\d{1,2}[.)]|\(?[a-z][.)])[ \t]+(?:\[[ xX]\][ \t]+)?"
    r"(?=\S)"
)
# A hyphen, a minus sign or an en dash.
_DASH: Final = r"\-\u2212\u2013"
_TAKES: Final = rf"(?:deduct|subtract|lose|take off|minus|[{_DASH}])"
_GIVES: Final = r"(?:award|give|plus|\+)"
_LINK: Final = rf"[ \t]*(?:for\b|if\b|when\b|per\b|to\b|off\b|[:=\u2014{_DASH}])?[ \t]*"
# “2 points for …”, “-1 …”, “Deduct 1 mark if …”.
_BEFORE: Final = re.compile(
    rf"(?:(?P<takes>{_TAKES})|(?P<gives>{_GIVES}))?[ \t]*(?P<number>{_NUMBER})"
    rf"[ \t]*(?P<unit>{_UNIT})?(?P<off>[ \t]+off\b)?{_LINK}(?P<words>\S.*)",
    re.IGNORECASE,
)
# “[2] …”, “(1 mark) …”.
_BRACKET: Final = (
    rf"(?:\[[ \t]*(?P<sign>[+{_DASH}])?[ \t]*(?P<number>{_NUMBER})[ \t]*(?:{_UNIT})?[ \t]*\]"
    rf"|\([ \t]*(?P<sign2>[+{_DASH}])?[ \t]*(?P<number2>{_NUMBER})[ \t]*(?:{_UNIT})[ \t]*\))"
)
_BRACKET_BEFORE: Final = re.compile(rf"{_BRACKET}{_LINK}(?P<words>\S.*)", re.IGNORECASE)
_BRACKET_AFTER: Final = re.compile(rf"{_BRACKET}[ \t]*[.;,]?[ \t]*\Z", re.IGNORECASE)
# “…: 2 points”.
_AFTER: Final = re.compile(
    rf"[:=\u2014{_DASH}][ \t]*(?P<sign>[+{_DASH}])?[ \t]*(?P<number>{_NUMBER})[ \t]*{_UNIT}[ \t]*[.;,]?[ \t]*\Z",
    re.IGNORECASE,
)
_IN_BRACKETS: Final = re.compile(
    rf"\(([^()\n]*\d[^()\n]*\b{_UNIT}[^()\n]*)\)", re.IGNORECASE
)
_PART: Final = re.compile(
    rf"[ \t]*(?P<number>{_NUMBER})[ \t]*{_UNIT}{_LINK}(?P<words>.*)", re.IGNORECASE
)


@dataclass(kw_only=True)
class _Line:
    """An item that is being read, with the words of the lines below it."""

    words: str
    points: Decimal
    indent: int


def mark_scheme_in(text: str) -> str:
    """Return the words of a cell's mark schemes, without their marks, or ""."""
    lines, inside = [], False
    for line in text.split("\n"):
        if f"BEGIN {_KIND}" in line or f"END {_KIND}" in line:
            inside = f"BEGIN {_KIND}" in line
        elif inside:
            lines.append(line)
    return "\n".join(lines).strip("\n")


def rubric_in(scheme: str, *, points: Decimal, is_code: bool = False) -> Rubric | None:
    """Return the rubric that a mark scheme describes, or None if it has no words.

    If each line of the scheme is an item with points, or belongs to the item above it,
    these are the items. Otherwise all its words are one item, which has all points.
    """
    if is_code:
        scheme = re.sub(r"(?m)^[ \t]*#+ ?", "", scheme)
    if not plain_words(scheme, longest=LONGEST_TEXT):
        return None
    items = _items(scheme)
    if not items:
        words = plain_words(scheme, longest=LONGEST_TEXT)
        items = (RubricItem(text=words, points=points),)
    takes = all(item.points < 0 for item in items)
    return Rubric(
        starts=Starts.FULL if takes else Starts.ZERO,
        groups=(RubricGroup(items=items),),
    )


def note_on_rubric(draft: Draft, question: Question, *, file: str, cell: int) -> None:
    """Note what staff should look at in the rubric that was made of a mark scheme."""
    items = [item for group in _groups_of(question) for item in group.items]
    added = sum((item.points for item in items if item.points > 0), Decimal(0))
    if len(items) == 1 and added == question.points:
        draft.note(
            f"The mark scheme of “{question.key}” became one item of its rubric, with "
            "all points: its lines do not all give points.",
            hint="Students read the words of an item that they get, once marks are "
            "released. Edit the rubric before you mark.",
            file=file,
            cell=cell,
        )
    elif added and added != question.points:
        draft.note(
            f"“{question.key}” has {question.points} points, but the items of its mark "
            f"scheme add up to {added}.",
            hint="Nobody gets more points than the question has. Edit the rubric "
            "before you mark.",
            file=file,
            cell=cell,
        )


def _groups_of(question: Question) -> tuple[RubricGroup, ...]:
    return question.rubric.groups if question.rubric else ()


def points_in(title: str, text: str) -> tuple[Decimal | None, Rubric | None]:
    """Return the points that a question's words give, and its rubric if they list parts.

    “(5 points)” are the points. “(2 points for A, 3 points for B)” are two items.
    """
    total, rubric = None, None
    for found in _IN_BRACKETS.finditer(f"{title}\n{text}"[:_LONGEST_LINE]):
        parts = [_PART.fullmatch(part) for part in re.split(r"[,;]", found[1])]
        read = [part for part in parts if part is not None]
        if len(read) < len(parts):
            continue
        worth = sum((Decimal(part["number"]) for part in read), Decimal(0))
        total = worth if total is None else total
        if len(read) > 1 and worth == total and all(part["words"] for part in read):
            items = (_item(part["words"], Decimal(part["number"])) for part in read)
            rubric = Rubric(groups=(RubricGroup(items=tuple(items)),))
    return total, rubric


def _items(scheme: str) -> tuple[RubricItem, ...]:
    """Return the items of a scheme, none if some of its lines cannot be read so."""
    found: list[_Line] = []
    for line in scheme.split("\n"):
        if not line.strip():
            continue
        bullet = _BULLET.match(line[:_LONGEST_LINE])
        indent = len(line) - len(line.lstrip())
        words = line[bullet.end() :] if bullet else line.strip()
        read = _read(re.sub(r"\*\*|__|`", "", words))
        if read is not None:
            found.append(_Line(words=read[0], points=read[1], indent=indent))
        elif found and indent > found[-1].indent:
            found[-1].words += f" {words.strip()}"
        elif found or bullet or not line.rstrip().endswith(":"):
            # A line with a colon above the items only announces them.
            return ()
    if len(found) > _MOST_ITEMS or any(
        not plain_words(each.words, longest=LONGEST_TEXT) for each in found
    ):
        return ()
    return tuple(_item(each.words, each.points) for each in found)


def _item(words: str, points: Decimal) -> RubricItem:
    text = plain_words(words, longest=LONGEST_TEXT).rstrip(" .;,")
    return RubricItem(text=text[:1].upper() + text[1:], points=points)


def _read(line: str) -> tuple[str, Decimal] | None:
    """Return the words and the points of a line, or None if it gives no points."""
    line = line.strip()[:_LONGEST_LINE]
    for pattern in (_BRACKET_AFTER, _AFTER):
        found = pattern.search(line)
        if found and line[: found.start()].strip():
            return line[: found.start()].strip(), _signed(found)
    found = _BRACKET_BEFORE.fullmatch(line)
    if found:
        return found["words"], _signed(found)
    found = _BEFORE.fullmatch(line)
    if found and (found["takes"] or found["gives"] or found["unit"]):
        points = Decimal(found["number"])
        return found["words"], -points if found["takes"] or found["off"] else points
    return None


def _signed(found: re.Match[str]) -> Decimal:
    groups = found.groupdict()
    sign = groups.get("sign") or groups.get("sign2")
    points = Decimal(groups.get("number") or groups["number2"])
    return -points if sign and sign != "+" else points
