"""The record of what was changed in a course, by whom and why."""

from accounts.actors import Actor, actor_user
from accounts.models import User
from courses.models import Assignment, Course, CourseChange, Material, Session

_LONGEST = 300


def record_change(
    *,
    actor: Actor,
    course: Course,
    kind: CourseChange.Kind,
    summary: str,
    reason: str = "",
    before: str = "",
    after: str = "",
    is_public: bool = False,
    about: Session | Material | Assignment | None = None,
    student: User | None = None,
) -> CourseChange:
    """Record the change; students read it if it is public.

    With a `student`, no other student reads it.

    Call it in the transaction that makes the change. Texts longer than 300 characters
    are cut.
    """
    return CourseChange.objects.create(
        course=course,
        kind=kind,
        summary=_cut(summary),
        reason=_cut(reason),
        before=_cut(before),
        after=_cut(after),
        is_public=is_public,
        student=student,
        session=about if isinstance(about, Session) else None,
        material=about if isinstance(about, Material) else None,
        assignment=about if isinstance(about, Assignment) else None,
        made_by=actor_user(actor),
    )


def _cut(text: str) -> str:
    text = text.replace("\x00", "")  # PostgreSQL refuses this character
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
