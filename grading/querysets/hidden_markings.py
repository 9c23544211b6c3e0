"""First markings that a second marker must not know before giving their own."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from accounts.models import User
    from grading.models import Marking


def markings_hidden_from(user: "User") -> "QuerySet[Marking]":
    """Return the first and agreed markings that are hidden from the person.

    They are of answers for which the person is a second marker, whatever their role,
    while nobody has finished a second marking of this or of a later attempt.

    SECURITY: this is the one rule of blind second marking. It hides the work of the
    whole assignment outside the marking pages (`assignments_hidden_from`), and on pages
    for those who edit the course it says which numbers to leave out.
    """
    from grading.models import MarkerAllocation, Marking  # noqa: PLC0415  models import this

    seconds = MarkerAllocation.objects.filter(marker=user, stage="second").order_by()
    covering = seconds.filter(
        Q(key="") | Q(key=OuterRef("rubric__key")),
        Q(student=None) | Q(student=OuterRef("student")),
        assignment=OuterRef("rubric__assignment"),
    )
    given = (
        Marking.objects.filter(
            rubric__assignment=OuterRef("rubric__assignment"),
            rubric__key=OuterRef("rubric__key"),
            student=OuterRef("student"),
            stage="second",
            is_finished=True,
        )
        .alias(attempt=Coalesce("submission__attempt", Value(0)))
        .filter(attempt__gte=Coalesce(OuterRef("submission__attempt"), Value(0)))
        .order_by()
    )
    found: QuerySet[Marking] = (
        Marking.objects.filter(
            # Most people are second markers of nothing.
            rubric__assignment__in=seconds.values("assignment"),
            stage__in=["first", "agreed"],
        )
        .filter(Exists(covering), ~Exists(given))
        .exclude(marker=user)
        .order_by()
    )
    return found


def assignments_hidden_from(user: "User") -> Q:
    """Match the assignments with a marking that is hidden from the person."""
    from grading.models import MarkerAllocation  # noqa: PLC0415  models import this

    seconds = MarkerAllocation.objects.filter(marker=user, stage="second").order_by()
    hidden = markings_hidden_from(user).filter(rubric__assignment=OuterRef("pk"))
    return Q(pk__in=seconds.values("assignment")) & Q(Exists(hidden))
