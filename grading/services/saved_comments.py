"""Words that markers of a question use again, kept as they mark."""

from collections.abc import Collection
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from accounts.models import User
from courses.models import Assignment, Rubric
from courses.permissions import Right
from courses.services.access import require_right
from grading.models import SavedComment, Stage
from grading.services.blind_marking import is_blind_at
from grading.services.marker_scope import MarkerScope, marker_scope

# The longest comment that is kept, and how many are offered.
LONGEST: Final = 300
MOST: Final = 60


class SavedCommentRefusedError(Exception):
    """The comment cannot be changed so. The message says why."""


def keep_comment(*, actor: User, rubric: Rubric, text: str, stage: Stage) -> None:
    """Count one more use of the words, or keep them if they are new.

    Long comments are about one answer alone, and are not kept. Raises PermissionDenied
    if the actor may not mark in the course.
    """
    require_right(actor, Right.GRADE, rubric.assignment.course)
    words = _one_line(text)
    if not words or len(words) > LONGEST:
        return
    known = {"rubric": rubric, "text": words, "made_by": actor, "stage": stage}
    if not SavedComment.objects.filter(**known).update(used=F("used") + 1):
        SavedComment.objects.create(**known)


def saved_comments(
    rubric: Rubric, viewer: User, stage: Stage, scope: MarkerScope | None = None
) -> list[str]:
    """Return the words that the person may use in a marking, the most used first.

    With their scope, it takes one query for most people, and otherwise two.

    SECURITY: a second marker gets their own words alone, for those of others would tell
    what the first marking says. So does whoever has still to give a second marking of
    another answer to the question. In the same way, nobody else gets the words of a
    second marking.
    """
    is_blind = stage == Stage.SECOND or (
        (scope is None or scope.is_second_marker) and is_blind_at(viewer, rubric)
    )
    rows: Any = SavedComment.objects.filter(_words_for(viewer, is_blind), rubric=rubric)
    found = rows.order_by("-used", "pk").values_list("text", flat=True)[: 2 * MOST]
    # Two markers may have kept the same words.
    return list(dict.fromkeys(found))[:MOST]


def comments_to_manage(
    scope: MarkerScope, viewer: User, assignment: Assignment, key: str
) -> QuerySet[SavedComment]:
    """Return the saved comments of a question that the person may use, and so change.

    SECURITY: whoever is a second marker of the question gets their own words alone.
    """
    is_second = any(
        stage == Stage.SECOND and of in (key, "") for stage, of, _ in scope.given
    )
    return SavedComment.objects.filter(
        _words_for(viewer, is_second), rubric__assignment=assignment, rubric__key=key
    )


def times_used(comments: QuerySet[SavedComment]) -> list[tuple[str, int]]:
    """Return each comment's words and how often they were used, the most used first."""
    rows: Any = comments.order_by().values_list("text").annotate(times=Sum("used"))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


@transaction.atomic
def rename_saved_comment(
    *, actor: User, assignment: Assignment, key: str, text: str, new: str
) -> bool:
    """Replace the words of a saved comment, and return whether it was still there.

    Markings that have the words keep them. Raises PermissionDenied if the actor may not
    mark in the course, and SavedCommentRefusedError without words or if they are too
    long.
    """
    require_right(actor, Right.GRADE, assignment.course)
    words = _one_line(new)
    if not words:
        raise SavedCommentRefusedError(
            "Write the words of the comment. If nobody needs it, remove it."
        )
    if len(words) > LONGEST:
        raise SavedCommentRefusedError(f"Use at most {LONGEST} characters.")
    scope = marker_scope(actor, assignment)
    rows = comments_to_manage(scope, actor, assignment, key).filter(text=text)
    found = list(rows.order_by("pk").select_for_update())
    if words != text:
        for row in found:
            _rename(row, words)
    return bool(found)


def remove_saved_comment(
    *, actor: User, assignment: Assignment, key: str, text: str
) -> bool:
    """Offer the words no longer, and return whether they were still offered.

    Markings that have the words keep them. Raises PermissionDenied if the actor may not
    mark in the course.
    """
    require_right(actor, Right.GRADE, assignment.course)
    scope = marker_scope(actor, assignment)
    rows = comments_to_manage(scope, actor, assignment, key)
    count, _ = rows.filter(text=text).delete()
    return count > 0


def _rename(row: SavedComment, words: str) -> None:
    """Give the row these words, or count its uses with the row that has them."""
    others = SavedComment.objects.filter(
        rubric=row.rubric_id, made_by=row.made_by_id, stage=row.stage, text=words
    )
    same: Collection[int] = others.order_by("pk").values_list("pk", flat=True)[:1]
    if SavedComment.objects.filter(pk__in=list(same)).update(used=F("used") + row.used):
        row.delete()
        return
    row.text = words
    row.save(update_fields=["text"])


def _words_for(viewer: User, is_blind: bool) -> Q:  # noqa: FBT001  private
    own = Q(made_by=viewer)
    return own if is_blind else own | Q(stage=Stage.FIRST)


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
