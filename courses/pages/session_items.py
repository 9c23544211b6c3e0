"""Sessions for pages: their teachers and places, lectures and materials."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from django_stubs_ext import WithAnnotations

from courses.annotations import WithTeaching
from courses.models import Lecture, Session, SessionLecture
from courses.pages.material_items import MaterialItem, is_examinable


@dataclass(frozen=True, kw_only=True)
class TaughtLecture:
    """A lecture in a session, with the materials that belong to it."""

    lecture: Lecture
    part: str
    watch_before: bool
    items: Sequence[MaterialItem]

    @property
    def is_examinable(self) -> bool:
        """Whether all or parts of it may come up in the exam."""
        return is_examinable(self.lecture)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A room, or a link to follow. `icon` is a name in static/img/icons.svg."""

    icon: str
    label: str
    url: str
    is_only: bool = False


@dataclass(frozen=True, kw_only=True)
class SessionItem:
    """A session for one viewer."""

    session: Session
    teachers: Sequence[str]
    lectures: Sequence[TaughtLecture]
    items: Sequence[MaterialItem]
    is_over: bool

    @property
    def watch_before(self) -> Sequence[TaughtLecture]:
        """The lectures to watch before the session."""
        return [each for each in self.lectures if each.watch_before]

    @property
    def places(self) -> Sequence[Place]:
        """The session's room, its place online, and its queue for help, if known."""
        session, found = self.session, []
        if session.room:
            room = session.room
            found.append(Place(icon="home", label=room.name, url=room.url))
        if session.online_label or session.online_url:
            found.append(
                Place(
                    icon="monitor",
                    label=session.online_label or "Join online",
                    url=session.online_url,
                    is_only=session.is_online_only,
                )
            )
        if session.queue_label or session.queue_url:
            label = session.queue_label or "Queue for help"
            found.append(Place(icon="queue", label=label, url=session.queue_url))
        return found

    def words(self) -> str:
        """Return the text that a search looks through, without lectures and items."""
        session = self.session
        room = session.room.name if session.room else ""
        return (
            f"{session.name} {session.note} {room} {session.online_label} "
            f"{session.queue_label} {' '.join(self.teachers)}"
        )


def named_teachers(session: Session) -> list[str]:
    """Return the teachers' names in order. No query: `with_teaching` loaded them."""
    row = cast("WithAnnotations[Session, WithTeaching]", session)
    return [name for _, name in sorted(row.teacher_names or [])]


def teachers_of(session: Session) -> list[str]:
    """Return the teachers' names in order, then the team, as `named_teachers` does."""
    names = named_teachers(session)
    return [*names, "the team"] if session.by_team else names


def session_item_of(
    session: Session,
    *,
    now: dt.datetime,
    of_lecture: Mapping[int, Sequence[MaterialItem]],
    of_session: Mapping[int, Sequence[MaterialItem]],
) -> SessionItem:
    """Return the session with its materials and those of its lectures. No query.

    The session was loaded by `with_teaching`.
    """
    return SessionItem(
        session=session,
        teachers=teachers_of(session),
        lectures=[
            _taught(place, of_lecture.get(place.lecture_id, ()))
            for place in session.lecture_places.all()
        ],
        items=of_session.get(session.pk, ()),
        is_over=session.ends_at is not None and session.ends_at <= now,
    )


def _taught(place: SessionLecture, items: Sequence[MaterialItem]) -> TaughtLecture:
    return TaughtLecture(
        lecture=place.lecture,
        part=place.part,
        watch_before=place.watch_before,
        items=items,
    )
