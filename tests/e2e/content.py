"""One row of everything that a course shows, for pages in a browser."""

from django.core.files.base import ContentFile

from courses.models import Course, Week
from formats.choices import Examinable, MaterialAccess, MaterialKind
from tests.factories import (
    AnnouncementFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    LectureFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    TeacherFactory,
    hours,
    small_notebook,
)

TEXT = """\
The output has $o = \\lfloor (i + 2p - k) / s \\rfloor + 1$ places.

$$y_{ij} = b + \\sum_{uv} w_{uv}\\, x_{i+u,j+v}$$

```python
def size(i: int, k: int) -> int:
    return i - k + 1
```

| kernel | stride |
|--:|--:|
| 3 | 1 |
"""
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n"


def add_content(course: Course, week: Week) -> None:
    """Add sessions, materials of every kind, news and components to the course."""
    ComponentFactory.create(course=course, title="Exam", kind="exam")
    ComponentFactory.create(course=course, title="Coursework", note="Two tasks.")
    AnnouncementFactory.create(course=course, is_pinned=True)
    _meet(course, week)
    _hand_out(course, week)


def _meet(course: Course, week: Week) -> None:
    session = SessionFactory.create(
        course=course,
        week=week,
        room=RoomFactory.create(url="https://example.org/map"),
        online_label="MS Teams",
        online_url="https://example.org/join",
        queue_label="Lab queue",
        by_team=True,
        note="Bring a **laptop**.",
    )
    session.teachers.add(TeacherFactory.create(course=course))
    lecture = LectureFactory.create(course=course, examinable=Examinable.PARTS)
    SessionLectureFactory.create(session=session, lecture=lecture, watch_before=True)
    MaterialFactory.create(
        course=course,
        key="video",
        code="",
        title="Recording",
        lecture=lecture,
        kind=MaterialKind.RECORDING,
        url="https://example.org/video",
        access=MaterialAccess.COLLEGE,
    )
    cancelled = SessionFactory.create(
        course=course,
        week=week,
        kind="tutorial",
        cancelled_at=hours(-1),
        cancel_reason="The room is painted.",
    )
    SessionFactory.create(
        course=course, week=week, online=True, kind="lab", moved_from=hours(2)
    )
    CourseChangeFactory.create(
        course=course, session=cancelled, before="Friday", after="never", reason="Paint"
    )


def _hand_out(course: Course, week: Week) -> None:
    text = MaterialFactory.create(
        course=course,
        week=week,
        key="text",
        title="Notes on sizes",
        body=TEXT,
        description="Read *before* the lecture.",
        attribution="T. Eccles",
        examinable=Examinable.ALL,
    )
    AttachmentFactory.create(material=text, label="Answers")
    kinds = MaterialKind
    for key, kind, name, content in (
        ("sheet", kinds.SLIDES, "sheet.pdf", PDF),
        ("notebook", kinds.NOTEBOOK, "intro.ipynb", small_notebook().encode()),
    ):
        MaterialFactory.create(
            course=course,
            week=week,
            key=key,
            kind=kind,
            file=ContentFile(content, name=name),
        )
    MaterialFactory.create(
        course=course, week=week, key="quiz", kind=kinds.QUIZ, announced=True
    )
    MaterialFactory.create(
        course=course, key="board", kind=kinds.LINK, url="https://example.org/board"
    )
