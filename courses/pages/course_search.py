"""A course's page narrowed to words, to what is examinable, or to what is new."""

from dataclasses import dataclass, replace
from typing import Final

from courses.models import Week
from courses.pages.course import CoursePage, WeekEntry
from courses.pages.coursework import DueAssignment
from courses.pages.materials import MaterialItem
from courses.pages.sessions import SessionItem, TaughtLecture

LONGEST_QUERY: Final = 100


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What the viewer asks for. Words must all occur, in any order and case."""

    words: tuple[str, ...] = ()
    examinable: bool = False
    new: bool = False

    @classmethod
    def of(cls, query: str, show: str) -> "Narrowing":
        """Read it from an address: `q` and `show`. Whatever is unknown is ignored."""
        return cls(
            words=tuple(query[:LONGEST_QUERY].casefold().split()),
            examinable=show == "examinable",
            new=show == "new",
        )

    def __bool__(self) -> bool:
        return bool(self.words or self.examinable or self.new)

    def has(self, text: str) -> bool:
        """Whether all the words occur in the text."""
        text = text.casefold()
        return all(word in text for word in self.words)

    def wants_item(self, item: MaterialItem, around: str = "") -> bool:
        """Whether the item is asked for; `around` is the name of what holds it."""
        return (
            (not self.examinable or item.is_examinable)
            and (not self.new or item.is_new)
            and self.has(f"{item.words()} {around}")
        )

    def wants_work(self, work: DueAssignment) -> bool:
        """Whether the coursework is asked for. It is no part of the exam."""
        return (
            not self.examinable
            and (not self.new or work.is_new)
            and self.has(f"{work.assignment.title} coursework deadline")
        )


def narrow(page: CoursePage, asked: Narrowing) -> CoursePage:
    """Return the page with what is asked for, all weeks of it open. No query.

    A week whose name is asked for comes whole, unless only a kind of thing is asked
    for.
    """
    if not asked:
        return page
    weeks = [_narrow_week(entry, asked) for entry in page.weeks]
    return CoursePage(
        weeks=[entry for entry in weeks if not _is_bare(entry)],
        items=[item for item in page.items if asked.wants_item(item)],
        work=page.work,
    )


def _is_bare(entry: WeekEntry) -> bool:
    return not (entry.session_items or entry.items or entry.work)


def _narrow_week(entry: WeekEntry, asked: Narrowing) -> WeekEntry:
    around = _name(entry.week)
    if not (asked.examinable or asked.new) and asked.has(around):
        return replace(entry, is_open=True)
    session_items = (
        _narrow_session(session_item, asked) for session_item in entry.session_items
    )
    return replace(
        entry,
        is_open=True,
        session_items=[
            session_item for session_item in session_items if session_item is not None
        ],
        items=[item for item in entry.items if asked.wants_item(item)],
        work=[work for work in entry.work if asked.wants_work(work)],
        due=[work for work in entry.due if asked.wants_work(work)],
    )


def _name(week: Week) -> str:
    return f"week {week.number} {week.title}"


def _narrow_session(session_item: SessionItem, asked: Narrowing) -> SessionItem | None:
    """The session with the lectures and items that are asked for, or None."""
    if not (asked.examinable or asked.new) and asked.has(session_item.words()):
        return session_item
    lectures = [
        kept
        for lecture in session_item.lectures
        if (kept := _narrow_lecture(lecture, asked)) is not None
    ]
    items = [item for item in session_item.items if asked.wants_item(item)]
    return (
        replace(session_item, lectures=lectures, items=items)
        if lectures or items
        else None
    )


def _narrow_lecture(lecture: TaughtLecture, asked: Narrowing) -> TaughtLecture | None:
    """The lecture, whole if its own name is asked for, or with some of its items."""
    name = f"lecture {lecture.lecture}"
    if asked.new or not _is_wanted(lecture, asked, name):
        items = [item for item in lecture.items if asked.wants_item(item, name)]
        return replace(lecture, items=items) if items else None
    return lecture


def _is_wanted(lecture: TaughtLecture, asked: Narrowing, name: str) -> bool:
    return (not asked.examinable or lecture.is_examinable) and asked.has(name)
