"""The API of attempts whose files arrive in pieces: open, check, finish, drop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.throttling import BaseThrottle

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.short_json import ShortJsonParser
from accounts.api.strict import ReadOnlyViewSet
from accounts.http import sender
from accounts.models import ApiToken
from accounts.throttles import OpeningThrottle, SelfCheckThrottle, SubmitThrottle
from courses.permissions import can_submit
from formats.declaration import NOT_DECLARED
from grading.api import errors
from grading.api.hand_in_inputs import DECLARE, AnswersField, checked_key
from grading.api.self_checks import SelfCheckSerializer, created_check
from grading.api.serializers import ReceiptSerializer
from grading.api.submissions import IDEMPOTENCY_KEY, assignment_for, receipt_of
from grading.services import check_opened_attempt, finish_attempt
from grading.services.use import budget_refusals
from submissions.api.filters import OpenedAttemptFilter
from submissions.api.serializers import OpenedAttemptSerializer
from submissions.arrival import upload_arrived_at
from submissions.attempt_opening import drop_attempt, open_attempt
from submissions.exceptions import (
    AttemptGoneError,
    AttemptHandedInError,
    AttemptIncompleteError,
    SubmissionRefusedError,
)
from submissions.intake import DeclaredFile
from submissions.models import OpenedAttempt
from submissions.services import declaration_of

MOST_FILES: Final = 32


class DeclaredFileSerializer(serializers.Serializer[Any]):
    """A file that will arrive."""

    name = serializers.CharField(
        max_length=120, help_text="The required name of the file."
    )
    original_name = serializers.CharField(
        max_length=255,
        default="",
        allow_blank=True,
        help_text="The name of the file on your machine.",
    )
    size = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        help_text="The SHA-256 of the whole file: 64 small hexadecimal digits.",
        error_messages={"invalid": "Send 64 small hexadecimal digits."},
    )


class OpenAttemptSerializer(serializers.Serializer[Any]):
    """An attempt to open: its files are declared, and cannot be changed later."""

    assignment = serializers.IntegerField(min_value=1)
    for_check = serializers.BooleanField(
        default=False,
        help_text="Send true to have the files checked before you hand them in. Then "
        "you need not declare anything yet: open the same files again to do so.",
    )
    declaration = serializers.BooleanField(
        required=False,
        help_text="Send true to confirm the `declaration` of the assignment: by "
        "default that this is your own, unaided work. Needed unless it is `for_check`.",
        error_messages=dict.fromkeys(["null", "invalid"], DECLARE),
    )
    answers = AnswersField(
        default=dict,
        help_text="Your answers to the `declaration_questions` of the assignment, by "
        "the key of each question.",
    )
    replaces = serializers.UUIDField(
        default=None,
        help_text=(
            "An attempt of yours that is dropped for this one. Files that both have "
            "need not be sent again."
        ),
    )
    files = DeclaredFileSerializer(  # type: ignore[call-arg]  # DRF passes it to the list
        many=True, allow_empty=False, max_length=MOST_FILES
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse work that its author does not call their own, but for a check."""
        if not (attrs["for_check"] or attrs.get("declaration")):
            raise _not_declared()
        return attrs


def _not_declared() -> serializers.ValidationError:
    refused = ErrorDetail(DECLARE, code="declaration_missing")
    return serializers.ValidationError({"declaration": [refused]})


@extend_schema_view(
    list=extend_schema(summary="List opened attempts"),
    retrieve=extend_schema(summary="Read an opened attempt"),
)
class OpenedAttemptViewSet(ReadOnlyViewSet[OpenedAttempt]):
    """Attempts whose files arrive in pieces. Staff see those of their courses."""

    queryset = OpenedAttempt.objects.none()
    serializer_class = OpenedAttemptSerializer
    filterset_class = OpenedAttemptFilter
    parser_classes: ClassVar[list[Any]] = [ShortJsonParser]  # type: ignore[misc]
    write_scope = ApiToken.Scope.SUBMIT
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[OpenedAttempt]:
        """Return the visible attempts; for a list the latest first, without details."""
        if self.action == "list":
            return OpenedAttempt.objects.listed_for(sender(self.request))
        return self.with_details()

    def with_details(self) -> QuerySet[OpenedAttempt]:
        """Return the visible attempts with all that is shown of them."""
        return (
            OpenedAttempt.objects.visible_to(sender(self.request))
            .select_related("author", "assignment__course", "assignment__revision")
            .prefetch_related("uploads")
        )

    def load_rows(self, page: QuerySet[OpenedAttempt]) -> list[OpenedAttempt]:
        """Return the attempts of one page of the list, with all that is shown."""
        rows = self.with_details().filter(pk__in=page.values("pk"))
        return list(rows.order_by("-opened_at", "-pk"))

    def get_throttles(self) -> list[BaseThrottle]:
        """Return the limits on opening, checking and handing in; reading has none."""
        kinds = {
            "create": OpeningThrottle,
            "check": SelfCheckThrottle,
            "finish": SubmitThrottle,
        }
        return [kinds[self.action]()] if self.action in kinds else []

    @extend_schema(
        summary="Open an attempt",
        request=OpenAttemptSerializer,
        responses={
            201: OpenedAttemptSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Declare the files of an attempt.

        The attempt counts from now if every byte arrives by `complete_by`, and else
        from its last byte. If you open the same files again, you get the same attempt,
        so that you can go on.
        """
        person = sender(request)
        checked = OpenAttemptSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        assignment = assignment_for(request, asked["assignment"])
        if not can_submit(person, assignment):
            raise PermissionDenied("Only students of this course can hand in.")
        declared = NOT_DECLARED
        if asked.get("declaration"):
            declared, faults = declaration_of(assignment, asked["answers"])
            if faults:
                raise errors.refusal(SubmissionRefusedError(faults))
        try:
            opened = open_attempt(
                actor=person,
                assignment=assignment,
                files=[DeclaredFile(**file) for file in asked["files"]],
                opened_at=upload_arrived_at(cast("HttpRequest", request)),
                replaces=asked["replaces"],
                barred=budget_refusals(assignment, person),
                declared=declared,
            )
        except SubmissionRefusedError as error:
            raise errors.refusal(error) from error
        # Another request may have dropped it just now.
        answer = self.get_serializer(
            get_object_or_404(self.get_queryset(), pk=opened.pk)
        )
        where = reverse("api:opened-attempt-detail", [opened.pk], request=request)
        return Response(answer.data, status=201, headers={"Location": where})

    @extend_schema(
        summary="Drop an opened attempt",
        responses={204: None, 409: ErrorResponseSerializer},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete the attempt and all that has arrived of it."""
        try:
            drop_attempt(actor=sender(request), opened=self._own())
        except AttemptHandedInError as error:
            raise errors.AttemptHandedIn from error
        return Response(status=204)

    @extend_schema(
        summary="Hand in an opened attempt",
        request=None,
        responses={
            201: ReceiptSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
            410: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def finish(self, request: Request, pk: str) -> Response:
        """Hand in, once all files have arrived.

        If you get no answer, ask again: you get the same receipt. If a file is
        refused, the attempt stays open. Replace it by one with the corrected file.
        """
        opened = self._own()
        _refuse_expired(opened)
        if opened.submission_id is None and not opened.is_declared:
            raise _not_declared()
        with _refusals():
            run = finish_attempt(actor=sender(request), opened=opened)
        return receipt_of(request, run)

    @extend_schema(
        summary="Check an opened attempt",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={
            201: SelfCheckSerializer,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
            410: ErrorResponseSerializer,
        },
        filters=False,
    )
    @action(detail=True, methods=["post"], filterset_class=None)
    def check(self, request: Request, pk: str) -> Response:
        """Have the files run without handing them in, once all have arrived.

        The attempt stays open. To correct a file, replace the attempt: the files that
        stay the same are not sent again.
        """
        opened, key = self._own(), checked_key(request)
        _refuse_expired(opened)
        with _refusals():
            made = check_opened_attempt(
                actor=sender(request), opened=opened, idempotency_key=key
            )
        return created_check(request, made)

    def _own(self) -> OpenedAttempt:
        """Return the attempt if this person has opened it. Raises PermissionDenied."""
        found = self.get_object()
        if found.author != self.request.user:
            raise PermissionDenied("Only its author can do this.")
        return found


def _refuse_expired(opened: OpenedAttempt) -> None:
    """Raise AttemptExpired if it was not handed in for too long."""
    if opened.submission_id is None and opened.expires_at <= timezone.now():
        raise errors.AttemptExpired


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the services' refusals into errors of the API."""
    try:
        yield
    except AttemptIncompleteError as error:
        names = ", ".join(f"“{name}”" for name in error.names)
        words = f"These files have not arrived completely: {names}."
        raise errors.AttemptIncomplete(words) from error
    except AttemptHandedInError as error:
        words = "This attempt was handed in, so it cannot be checked."
        raise errors.AttemptHandedIn(words) from error
    except AttemptGoneError as error:
        raise NotFound("This attempt was dropped.") from error
    except SubmissionRefusedError as error:
        raise errors.refusal(error) from error
