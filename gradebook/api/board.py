"""The API of a board: whether the marks of a course are frozen, and what is proposed."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import ErrorResponseSerializer
from accounts.api.strict import StrictAPIView
from accounts.http import sender
from courses.models import Course
from courses.permissions import Right, can
from gradebook.pages.board import board_page
from grading.models import BoardProposal


class FreezeSerializer(serializers.Serializer[Any]):
    """A freeze: its board, when it began, and the people who decide."""

    board = serializers.CharField()
    frozen_at = serializers.DateTimeField()
    members = serializers.ListField(
        child=serializers.CharField(), help_text="The names of who decide."
    )


class ProposalSerializer(serializers.Serializer[Any]):
    """A change of one mark that somebody proposed, or the end of the freeze."""

    id = serializers.IntegerField(source="proposal.pk")
    board = serializers.CharField(source="proposal.freeze.board")
    assignment = serializers.IntegerField(
        source="proposal.assignment_id",
        allow_null=True,
        help_text="Null for the end of the freeze.",
    )
    student = serializers.CharField(
        help_text="A name, or a code for external examiners from whom the course hides "
        "names. Empty for the end of the freeze."
    )
    change = serializers.CharField(
        source="proposal.words", help_text="What changes, in words."
    )
    reason = serializers.CharField(source="proposal.reason")
    proposed_by = serializers.CharField(source="proposal.proposed_by.name")
    proposed_at = serializers.DateTimeField(source="proposal.proposed_at")
    state = serializers.ChoiceField(
        BoardProposal.State.choices, source="proposal.state"
    )
    answered_by = serializers.CharField(
        source="proposal.answered_by.name",
        default=None,
        allow_null=True,
        help_text="Null while it is open.",
    )
    answered_at = serializers.DateTimeField(
        source="proposal.answered_at", allow_null=True
    )
    answer = serializers.CharField(
        source="proposal.answer", help_text="Why it was declined."
    )


class BoardSerializer(serializers.Serializer[Any]):
    """The freeze that holds in a course, and the proposals of its board."""

    freeze = FreezeSerializer(
        allow_null=True, help_text="Null while the marks are not frozen."
    )
    proposals = ProposalSerializer(many=True)


class BoardView(StrictAPIView):
    """Whether the marks of a course are frozen, and what its board decides."""

    @extend_schema(
        summary="Read the board of a course",
        responses={
            200: BoardSerializer,
            403: ErrorResponseSerializer,
            404: ErrorResponseSerializer,
        },
        tags=["courses"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the freeze that holds, and all proposals, the latest first.

        It is for those who oversee the course. Decisions are made on the page, by two
        people. While marks are frozen, whatever would change one is answered with 409
        and the code `marks_frozen`.
        """
        person = sender(request)
        course = get_object_or_404(Course.objects.visible_to(person), slug=slug)
        if not can(person, Right.OVERSEE, course):
            raise PermissionDenied
        page = board_page(user=person, course=course, now=timezone.now())
        freeze = page.freeze and {
            "board": page.freeze.board,
            "frozen_at": page.freeze.frozen_at,
            "members": [each.name for each in page.members],
        }
        data = {"freeze": freeze, "proposals": page.rows}
        return Response(BoardSerializer(data).data)
