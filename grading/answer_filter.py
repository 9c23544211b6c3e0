"""Which answers of a list are shown, and in which order. This module uses no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlencode

# The name of an address's parameter with which the marking page walks the list.
WALKS: Final = "list"
NOBODY: Final = "nobody"
BY_CODE: Final = ""
BY_NAME: Final = "name"
BY_POINTS: Final = "points"
ORDERS: Final = (
    (BY_CODE, "Code"),
    (BY_NAME, "Name"),
    (BY_POINTS, "Points, lowest first"),
)
_LONGEST: Final = 200


class FilteredAnswer(NamedTuple):
    """What of an answer is looked at. `words` are those by which it is found."""

    student: int
    code: str
    name: str
    words: str
    state: str
    marker: int | None
    points: float | None


@dataclass(frozen=True, kw_only=True)
class AnswerFilter:
    """What somebody chose above the list. What is empty chooses nothing.

    `marker` is a person's id, or NOBODY.
    """

    q: str = ""
    state: str = ""
    marker: str = ""
    order: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "AnswerFilter":
        """Return the filter of an address."""
        order = query.get("order", "")
        return cls(
            q=query.get("q", "").strip()[:_LONGEST],
            state=query.get("state", "")[:_LONGEST],
            marker=query.get("marker", "")[:_LONGEST],
            order=order if order in dict(ORDERS) else BY_CODE,
        )

    @property
    def query(self) -> dict[str, str]:
        """What an address needs to have the same filter."""
        chosen = {
            "q": self.q,
            "state": self.state,
            "marker": self.marker,
            "order": self.order,
        }
        return {name: value for name, value in chosen.items() if value}

    @property
    def walking_query(self) -> dict[str, str]:
        """What the address of a marking page needs to walk the list."""
        return {WALKS: "1", **self.query}

    @property
    def text(self) -> str:
        """The query as an address has it."""
        return urlencode(self.query)

    def chosen(
        self, answers: Iterable[FilteredAnswer], *, keep: int | None = None
    ) -> list[FilteredAnswer]:
        """Return the answers of the filter in its order; `keep` is a student who stays."""
        found = [
            each for each in answers if each.student == keep or self._includes(each)
        ]
        found.sort(key=lambda each: each.code)
        if self.order == BY_NAME:
            found.sort(key=lambda each: each.name)
        if self.order == BY_POINTS:
            found.sort(key=lambda each: (each.points is None, each.points or 0))
        return found

    def _includes(self, each: FilteredAnswer) -> bool:
        marker = NOBODY if each.marker is None else str(each.marker)
        return (
            self.state in ("", each.state)
            and self.marker in ("", marker)
            and all(word in each.words for word in self.q.casefold().split())
        )
