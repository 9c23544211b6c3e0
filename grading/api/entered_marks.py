"""The API with which people enter marks, such as those of an exam."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.serializers import PersonSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import StrictAPIView
from accounts.http import sender
from accounts.models import ApiToken, User
from courses.models import Assignment
from courses.permissions import DECIDES_MARKS, rights_at
from grading.api.errors import MarksChanged
from grading.api.fields import KnownFieldsSerializer, points_field
from grading.api.submissions import assignment_for
from grading.services.entered_marks import (
    LONGEST_REASON,
    EntriesConflictError,
    EntriesRefusedError,
    MarkEntry,
    NotEnteredError,
    enter_marks,
    enterable_students,
    entered_points,
)

_MOST_MARKS: Final = 500


class GivenMarkSerializer(KnownFieldsSerializer):
    """A mark to enter."""

    student = serializers.CharField(max_length=254, help_text="Login or address.")
    points = points_field(
        allow_null=True, help_text="Null removes the mark. Then there is none, not 0."
    )
    seen = points_field(
        allow_null=True,
        required=False,
        help_text="The points that you have read, or null if there were none. If they "
        "are others by now, nothing is stored. Without it, whatever is there is "
        "replaced.",
    )


class EnterMarksSerializer(KnownFieldsSerializer):
    """Marks to enter: all of them are stored, or none."""

    marks = serializers.ListField(
        child=GivenMarkSerializer(), min_length=1, max_length=_MOST_MARKS
    )
    reason = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=LONGEST_REASON,
        help_text="It stays in the history of each mark that changes.",
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="Say what would change, and store nothing."
    )


class ChangedEntrySerializer(serializers.Serializer[Any]):
    """The entered points of a student, before and after. Null: none are entered."""

    student = PersonSerializer()
    before = points_field(allow_null=True)
    after = points_field(allow_null=True)


class EnteredMarksSerializer(serializers.Serializer[Any]):
    """What was entered, or what would be in a dry run."""

    dry_run = serializers.BooleanField(help_text="Whether nothing was stored.")
    unchanged = serializers.IntegerField(
        help_text="How many marks are already what was sent."
    )
    changes = ChangedEntrySerializer(many=True)


class EnteredMarksView(StrictAPIView):
    """Entering marks of an assignment that is not handed in."""

    write_scope = ApiToken.Scope.MARK
    parser_classes = [ShortJsonParser]

    @extend_schema(
        operation_id="entered_marks",
        summary="Enter marks",
        request=EnterMarksSerializer,
        responses={
            200: EnteredMarksSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        """Enter marks for up to 500 students of an assignment with `marks_out_of`."""
        found = assignment_for(request, pk)
        if not rights_at(sender(request), found) & DECIDES_MARKS:
            raise PermissionDenied("Your role in the course does not allow this.")
        checked = EnterMarksSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        given: dict[str, Any] = checked.validated_data
        people = _people(found, [each["student"] for each in given["marks"]])
        before = entered_points(found, [each.pk for each in people])
        entries = [
            MarkEntry(
                student=person.pk,
                points=each["points"],
                seen=each.get("seen", before.get(person.pk)),
            )
            for person, each in zip(people, given["marks"], strict=True)
        ]
        with transaction.atomic():
            _enter(sender(request), found, entries, people, given["reason"])
            transaction.set_rollback(given["dry_run"])
        changes = [
            {
                "student": person,
                "before": before.get(person.pk),
                "after": entry.points,
            }
            for person, entry in zip(people, entries, strict=True)
            if before.get(person.pk) != entry.points
        ]
        said = EnteredMarksSerializer(
            {
                "dry_run": given["dry_run"],
                "unchanged": len(entries) - len(changes),
                "changes": changes,
            }
        )
        return Response(said.data)


def _enter(
    actor: User,
    assignment: Assignment,
    entries: list[MarkEntry],
    people: list[User],
    reason: str,
) -> None:
    """Store the marks. Raises ValidationError and MarksChanged in words."""
    names = {person.pk: person.login or person.email for person in people}
    try:
        enter_marks(actor=actor, assignment=assignment, entries=entries, reason=reason)
    except NotEnteredError as error:
        raise ValidationError([ErrorDetail(str(error), code="not_entered")]) from error
    except EntriesRefusedError as error:
        said = [
            ErrorDetail(f"{names[key]}: {words}", code="invalid_points")
            for key, words in error.faults.items()
        ]
        raise ValidationError({"marks": said}) from error
    except EntriesConflictError as error:
        words = "; ".join(
            f"{names[key]}: {_stored_words(each.stored)}"
            for key, each in error.conflicts.items()
        )
        raise MarksChanged(
            f"Nothing was stored, because marks have changed since you read them: "
            f"{words}."
        ) from error


def _stored_words(points: Decimal | None) -> str:
    return "removed" if points is None else f"{points} now"


def _people(assignment: Assignment, names: list[str]) -> list[User]:
    """Return the students with these logins or addresses, in the same order.

    Raises ValidationError for those that are unknown, or are there twice.
    """
    students: Iterable[User] = User.objects.filter(
        pk__in=enterable_students(assignment)
    )
    known: dict[str, User] = {}
    for each in students:
        known[each.email.casefold()] = each
        if each.login:
            known.setdefault(each.login.casefold(), each)
    found, faults = [], []
    seen: set[int] = set()
    for name in names:
        person = known.get(name.strip().casefold())
        if person is None:
            words = f"{name[:80]} is no student of this course."
            faults.append(ErrorDetail(words, code="unknown_student"))
        elif person.pk in seen:
            words = f"{name[:80]} is there twice."
            faults.append(ErrorDetail(words, code="repeated_student"))
        else:
            seen.add(person.pk)
            found.append(person)
    if faults:
        raise ValidationError({"marks": faults})
    return found
