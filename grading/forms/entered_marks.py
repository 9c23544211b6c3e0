"""The fields in which people enter marks: one for each student, and a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from grading.forms.typed_points import LONGEST_POINTS, typed_points
from grading.services.entered_marks import LONGEST_REASON, MarkEntry, points_fault

# The names of the fields: these and the student's id.
POINTS: Final = "points-"
SEEN: Final = "seen-"
NO_NUMBER: Final = "Enter a number with at most two decimals, such as 12.5."
_MOST_DIGITS: Final = 12
# What is shown again of a text that is no number.
_LONGEST_SHOWN: Final = 40


@dataclass(frozen=True, kw_only=True)
class EnteredFields:
    """What was typed: entries that can be stored, and faults, by the student's id.

    `texts` are as they were typed, and `seen` as the sender saw them, of the rows that
    were changed.
    """

    reason: str
    entries: tuple[MarkEntry, ...] = ()
    texts: Mapping[int, str] = field(default_factory=dict)
    seen: Mapping[int, str] = field(default_factory=dict)
    faults: Mapping[int, str] = field(default_factory=dict)
    reason_fault: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether there is no fault."""
        return not (self.faults or self.reason_fault)


def read_entered(given: Mapping[str, str], out_of: Decimal) -> EnteredFields:
    """Return what a form says. Rows that are as they were seen are left out.

    With the field `all`, they are not: then they must still be as they were seen.
    """
    has_all = bool(given.get("all"))
    entries: list[MarkEntry] = []
    texts: dict[int, str] = {}
    before: dict[int, str] = {}
    faults: dict[int, str] = {}
    for name, value in given.items():
        student = _student_in(name)
        if student is None:
            continue
        text, seen = value.strip(), given.get(f"{SEEN}{student}", "").strip()
        if text == seen and not has_all:
            continue
        texts[student], before[student] = text[:_LONGEST_SHOWN], seen[:LONGEST_POINTS]
        entry = MarkEntry(
            student=student,
            points=typed_points(text) if text else None,
            seen=typed_points(seen[:LONGEST_POINTS]) if seen else None,
        )
        fault = fault_of(text, entry.points, out_of)
        if fault:
            faults[student] = fault
        else:
            entries.append(entry)
    reason = given.get("reason", "").replace("\0", "").strip()
    too_long = len(reason) > LONGEST_REASON
    return EnteredFields(
        reason=reason[:LONGEST_REASON],
        entries=tuple(entries),
        texts=texts,
        seen=before,
        faults=faults,
        reason_fault=f"Write at most {LONGEST_REASON} characters." if too_long else "",
    )


def fault_of(text: str, points: Decimal | None, out_of: Decimal) -> str:
    """Return why a typed text cannot be entered, and what to do; '' if it can."""
    if points is None:
        return NO_NUMBER if text else ""
    return points_fault(points, out_of)


def _student_in(name: str) -> int | None:
    key = name.removeprefix(POINTS)
    is_key = name.startswith(POINTS) and key.isascii() and key.isdigit()
    return int(key) if is_key and len(key) <= _MOST_DIGITS else None
