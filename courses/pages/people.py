"""The page that lists the people of a course."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from courses.models import Course, Enrolment
from courses.querysets import NOT_SIGNED_IN
from formats.choices import Role

PER_PAGE: Final = 50
LONGEST_SEARCH: Final = 100
# The page's filters: the label of each, and which enrolments it shows.
SHOWN: Final[dict[str, tuple[str, Q]]] = {
    "": ("Everybody", Q(is_active=True)),
    Role.STUDENT: ("Students", Q(is_active=True, role=Role.STUDENT)),
    Role.ASSISTANT: ("Teaching assistants", Q(is_active=True, role=Role.ASSISTANT)),
    Role.LECTURER: ("Lecturers", Q(is_active=True, role=Role.LECTURER)),
    Role.ADMINISTRATOR: (
        "Course administrators",
        Q(is_active=True, role=Role.ADMINISTRATOR),
    ),
    Role.EXAMINER: ("External examiners", Q(is_active=True, role=Role.EXAMINER)),
    "new": ("Never signed in", NOT_SIGNED_IN),
    "inactive": ("Inactive", Q(is_active=False)),
}
_UNINVITED: Final = NOT_SIGNED_IN & Q(invited_at=None, invitation_due_at=None)
_SEARCHED: Final = ("first_name", "last_name", "email", "login")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of the filter, with the number of people that it shows."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """What the page shows. `query` leads back to it, without the page's number."""

    page: "Page[Enrolment]"
    choices: Sequence[Choice]
    q: str
    show: str
    query: str
    # The number of people who have never signed in, and for whom no invitation was sent
    # or waits.
    uninvited: int

    @property
    def query_with_page(self) -> str:
        """The query string that leads back to this page, with its question mark."""
        query = people_query(q=self.q, show=self.show, page=str(self.page.number))
        return f"?{query}"

    @property
    def total(self) -> int:
        """The number of people who match the search and the filter."""
        return self.page.paginator.count


def people_page(course: Course, *, q: str, show: str, page: str) -> PeoplePage:
    """Return a page of the course's people. Three queries, however many there are."""
    q = q.replace("\0", "")[:LONGEST_SEARCH].strip()
    show = show if show in SHOWN else ""
    counts = course.enrolments.aggregate(
        **{f"n{i}": Count("pk", filter=each) for i, (_, each) in _numbered()},
        uninvited=Count("pk", filter=_UNINVITED),
    )
    found = course.enrolments.filter(SHOWN[show][1], *_words(q))
    rows = found.select_related("user").order_by(
        "user__last_name", "user__first_name", "user__email"
    )
    return PeoplePage(
        page=Paginator(rows, PER_PAGE).get_page(page),
        choices=[
            Choice(
                value=value,
                label=SHOWN[value][0],
                count=counts[f"n{i}"],
                is_chosen=value == show,
            )
            for i, value in enumerate(SHOWN)
        ],
        q=q,
        show=show,
        query=people_query(q=q, show=show),
        uninvited=counts["uninvited"],
    )


def people_query(*, q: str, show: str, page: str = "") -> str:
    """Return the query string that leads to these people again."""
    wanted = {"q": q, "show": show, "page": page}
    return urlencode({name: value for name, value in wanted.items() if value})


def _numbered() -> "enumerate[tuple[str, Q]]":
    return enumerate(SHOWN.values())


def _words(q: str) -> list[Q]:
    """Match people who have each word in their name, address or login."""
    return [
        Q(
            *((f"user__{name}__icontains", word) for name in _SEARCHED),
            _connector=Q.OR,
        )
        for word in q.split()
    ]
