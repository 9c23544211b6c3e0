"""The search on a course's page: by words, examinable only, or new only."""

from dataclasses import dataclass, replace
from typing import Final

from courses.models import Week
from courses.pages.course import CoursePage, WeekEntry
from courses.pages.due_assignments import DueAssignment
from courses.pages.material_items import MaterialItem
from courses.pages.session_items import SessionItem, TaughtLecture

LONGEST_QUERY: Final = 100


@dataclass(frozen=True, kw_only=True)
class CourseSearch:
    """What the viewer searches for. All words must occur, in any order and case."""

    words: tuple[str, ...] = ()
    examinable: bool = False
    new: bool = False

    @classmethod
    def of(cls, query: str, show: str) -> "CourseSearch":
        """Read `q` and `show` of an address. Unknown values of `show` are ignored."""
        return cls(
            words=tuple(query[:LONGEST_QUERY].casefold().split()),
            examinable=show == "examinable",
            new=show == "new",
        )

    def __bool__(self) -> bool:
        return bool(self.words or self.examinable or self.new)

    def matches_text(self, text: str) -> bool:
        """Return whether all the words occur in the text."""
        text = text.casefold()
        return all(word in text for word in self.words)

    def matches_item(self, item: MaterialItem, around: str = "") -> bool:
        """Return whether the item matches; `around` is the name of what contains it."""
        return (
            (not self.examinable or item.is_examinable)
            and (not self.new or item.is_new)
            and self.matches_text(f"{item.words()} {around}")
        )

    def matches_assignment(self, work: DueAssignment) -> bool:
        """Return whether the assignment matches. Coursework is never examinable."""
        return (
            not self.examinable
            and (not self.new or work.is_new)
            and self.matches_text(f"{work.assignment.title} coursework deadline")
        )


def search(page: CoursePage, asked: CourseSearch) -> CoursePage:
    """Return the page with only what matches, and all its weeks open. No query.

    A week whose name has the words is kept whole, unless the search is also for what is
    examinable or new.
    """
    if not asked:
        return page
    weeks = [_search_week(entry, asked) for entry in page.weeks]
    return CoursePage(
        weeks=[entry for entry in weeks if not _is_bare(entry)],
        items=[item for item in page.items if asked.matches_item(item)],
        assignments=page.assignments,
    )


def _is_bare(entry: WeekEntry) -> bool:
    return not (entry.session_items or entry.items or entry.assignments)


def _search_week(entry: WeekEntry, asked: CourseSearch) -> WeekEntry:
    around = _name(entry.week)
    if not (asked.examinable or asked.new) and asked.matches_text(around):
        return replace(entry, is_open=True)
    session_items = (
        _search_session(session_item, asked) for session_item in entry.session_items
    )
    return replace(
        entry,
        is_open=True,
        session_items=[
            session_item for session_item in session_items if session_item is not None
        ],
        items=[item for item in entry.items if asked.matches_item(item)],
        assignments=[
            work for work in entry.assignments if asked.matches_assignment(work)
        ],
        due=[work for work in entry.due if asked.matches_assignment(work)],
    )


def _name(week: Week) -> str:
    return f"week {week.number} {week.title}"


def _search_session(
    session_item: SessionItem, asked: CourseSearch
) -> SessionItem | None:
    """Return the session with its lectures and items that match, or None.

    A session that has the words itself is kept whole.
    """
    if not (asked.examinable or asked.new) and asked.matches_text(session_item.words()):
        return session_item
    lectures = [
        kept
        for lecture in session_item.lectures
        if (kept := _search_lecture(lecture, asked)) is not None
    ]
    items = [item for item in session_item.items if asked.matches_item(item)]
    return (
        replace(session_item, lectures=lectures, items=items)
        if lectures or items
        else None
    )


def _search_lecture(
    lecture: TaughtLecture, asked: CourseSearch
) -> TaughtLecture | None:
    """Return the lecture whole if it matches itself, else with its items that match.

    None if nothing matches. In a search for what is new only the items count.
    """
    name = f"lecture {lecture.lecture}"
    if asked.new or not _lecture_matches(lecture, asked, name):
        items = [item for item in lecture.items if asked.matches_item(item, name)]
        return replace(lecture, items=items) if items else None
    return lecture


def _lecture_matches(lecture: TaughtLecture, asked: CourseSearch, name: str) -> bool:
    return (not asked.examinable or lecture.is_examinable) and asked.matches_text(name)
