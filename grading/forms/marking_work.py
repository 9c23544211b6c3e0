"""What a marker typed on the marking page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.http import QueryDict

from grading.forms.typed_points import typed_points
from grading.models import Marking
from grading.services.marking import GivenMarking

# The most digits of a number that fits into a database column.
_MOST_DIGITS: Final = 9
_CELL: Final = "cell-"


class SeenWork(NamedTuple):
    """Which attempt the marker saw, and which version of its marking.

    `attempt` is None if the form did not say it.
    """

    attempt: int | None
    version: int


@dataclass(frozen=True, kw_only=True)
class TypedMarking:
    """A marking as it stands in the form, also where it is faulty.

    `attempt` is the attempt that the marker saw, None if the form did not say it, and
    `version` is that of its marking. `alike` is what the marker saw of other students,
    by their codes, who shall get the same.
    """

    attempt: int | None = None
    version: int = 0
    items: frozenset[int] = frozenset()
    adjustment: str = ""
    comment: str = ""
    cell_comments: Mapping[int, str] = field(default_factory=dict)
    alike: Mapping[str, SeenWork] = field(default_factory=dict)

    @classmethod
    def from_post(cls, sent: QueryDict) -> "TypedMarking":
        """Return what the form sent. Numbers that are none are left out.

        NUL, which PostgreSQL refuses in text, is left out too.
        """
        items = [_number(each) for name in sent for each in _items(sent, name)]
        cells = {
            _number(name.removeprefix(_CELL)): _clean(sent[name])
            for name in sent
            if name.startswith(_CELL)
        }
        other = _number(sent.get("other-cell", ""))
        if other and (text := _clean(sent.get("other-text", ""))):
            cells[other] = "\n".join(filter(None, [cells.get(other), text]))
        alike = [_seen(each) for each in sent.getlist("alike")]
        return cls(
            attempt=_number(sent.get("attempt", "")),
            version=_number(sent.get("version", "")) or 0,
            items=frozenset(each for each in items if each),
            adjustment=_clean(sent.get("adjustment", "")),
            comment=_with_saved(sent.get("comment", ""), sent.get("saved", "")),
            cell_comments={cell: text for cell, text in cells.items() if cell and text},
            alike={code: seen for code, seen in alike if code},
        )

    @classmethod
    def from_marking(cls, marking: Marking) -> "TypedMarking":
        """Return a stored marking. No query if items and comments are prefetched."""
        return cls(
            version=marking.version,
            items=frozenset(item.pk for item in marking.items.all()),
            adjustment=_as_text(marking.adjustment),
            comment=marking.comment,
            cell_comments={
                each.cell: each.text for each in marking.cell_comments.all()
            },
        )

    def with_given(self, given: GivenMarking) -> "TypedMarking":
        """Return the form with what another marking gave."""
        return replace(
            self,
            items=given.items,
            adjustment=_as_text(given.adjustment),
            comment=given.comment,
        )

    @property
    def gives_nothing(self) -> bool:
        """Whether neither an item is chosen nor points are written."""
        return not self.items and not self.adjustment

    @property
    def points_added(self) -> Decimal | None:
        """The adjustment as a number, or None if it is none."""
        return typed_points(self.adjustment or "0")

    def given(self, *, is_finished: bool) -> GivenMarking | None:
        """Return what is to be stored, or None if the adjustment is no number."""
        added = self.points_added
        if added is None:
            return None
        return GivenMarking(
            items=self.items,
            adjustment=added,
            comment=self.comment,
            cell_comments=self.cell_comments,
            is_finished=is_finished,
        )


def _seen(text: str) -> tuple[str, SeenWork]:
    """Return the code that a like answer was sent with, and what was seen of it."""
    code, attempt, version = [*text.split(":"), "", ""][:3]
    return code, SeenWork(attempt=_number(attempt), version=_number(version) or 0)


def _items(sent: QueryDict, name: str) -> list[Any]:
    is_choice = name == "item" or name.startswith("group-")
    return sent.getlist(name) if is_choice else []


def _with_saved(comment: str, saved: str) -> str:
    """Return the comment with the saved words below it, which a script adds at once."""
    return "\n".join(filter(None, [_clean(comment), _clean(saved)]))


def _clean(text: Any) -> str:
    return str(text).replace("\0", "").replace("\r\n", "\n").strip()


def _as_text(points: Decimal) -> str:
    return f"{points.normalize():f}" if points else ""


def _number(text: Any) -> int | None:
    found = str(text)
    is_number = found.isascii() and found.isdecimal() and len(found) <= _MOST_DIGITS
    return int(found) if is_number else None
