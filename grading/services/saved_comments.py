"""Words that markers of a question use again, kept as they mark."""

from typing import Any, Final

from django.db.models import F, Q

from accounts.models import User
from courses.models import Rubric
from courses.permissions import Right
from courses.services.access import require_right
from grading.models import SavedComment, Stage

# The longest comment that is kept, and how many are offered.
LONGEST: Final = 300
MOST: Final = 60


def keep_comment(*, actor: User, rubric: Rubric, text: str, stage: Stage) -> None:
    """Count one more use of the words, or keep them if they are new.

    Long comments are about one answer alone, and are not kept. Raises PermissionDenied
    if the actor may not mark in the course.
    """
    require_right(actor, Right.GRADE, rubric.assignment.course)
    words = " ".join(text.split())
    if not words or len(words) > LONGEST:
        return
    known = {"rubric": rubric, "text": words, "made_by": actor, "stage": stage}
    if not SavedComment.objects.filter(**known).update(used=F("used") + 1):
        SavedComment.objects.create(**known)


def saved_comments(rubric: Rubric, viewer: User, stage: Stage) -> list[str]:
    """Return the words of the markers of the question, the most used first.

    SECURITY: a second marker gets their own words alone, for those of others would tell
    what the first marking says. In the same way, nobody else gets the words of a second
    marking.
    """
    may_see = Q(made_by=viewer)
    if stage != Stage.SECOND:
        may_see |= Q(stage=Stage.FIRST)
    rows: Any = SavedComment.objects.filter(may_see, rubric=rubric)
    found = rows.order_by("-used", "pk").values_list("text", flat=True)[: 2 * MOST]
    # Two markers may have kept the same words.
    return list(dict.fromkeys(found))[:MOST]
