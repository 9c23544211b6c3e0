"""Documents of the API about marking by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers

from grading.api.fields import KnownFieldsSerializer, points_field
from grading.models import Marking, Stage
from grading.models.markings import LONGEST_COMMENT
from grading.pages.agreed_notice import AgreedNotice
from grading.pages.marking_cells import SourceCell
from grading.services.marker_scope import MarkerScope
from grading.services.marking import MOST_ADJUSTMENT
from grading.services.marking_queue import WorkItem

_MOST_ITEMS: Final = 500


class RubricItemSerializer(serializers.Serializer[Any]):
    """An item of a rubric."""

    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    points = points_field()


class RubricGroupSerializer(serializers.Serializer[Any]):
    """Items of which one or several are chosen, and the bounds of their sum."""

    title = serializers.CharField()
    choose = serializers.ChoiceField(["one", "several"])
    maximum = points_field(allow_null=True)
    minimum = points_field(allow_null=True)
    items = RubricItemSerializer(source="items.all", many=True)


class RubricSerializer(serializers.Serializer[Any]):
    """How a question is marked. Earlier revisions may have another rubric."""

    id = serializers.IntegerField(source="pk")
    question = serializers.CharField(source="key", help_text="The question's key.")
    points = points_field(help_text="The most points of the question.")
    starts = serializers.ChoiceField(
        ["zero", "full"], help_text="From which points the items are added or taken."
    )
    version = serializers.IntegerField()
    groups = RubricGroupSerializer(source="groups.all", many=True)


class WorkSerializer(serializers.Serializer[Any]):
    """A question of a student's attempt that you may mark."""

    question = serializers.CharField(source="key", help_text="The question's key.")
    code = serializers.CharField(help_text="By it, markers know the student here.")
    student = serializers.SerializerMethodField(
        help_text="The person's id. Null while the marking is anonymous."
    )
    attempt = serializers.IntegerField(
        help_text="The attempt that counts now; 0 if nothing was handed in."
    )
    stage = serializers.ChoiceField(
        Stage.choices, help_text="Which marking of the question you make."
    )
    rubric = serializers.IntegerField(help_text="The rubric's id.")
    version = serializers.IntegerField(
        help_text="Of the marking; 0 while there is none. Send it with your own."
    )
    is_finished = serializers.BooleanField(help_text="Whether its points count.")
    is_running = serializers.BooleanField(
        help_text="Whether the notebook has not been run to its end yet."
    )
    is_excused = serializers.BooleanField(
        help_text="Whether the student is excused, so that nothing counts that you mark."
    )

    def get_student(self, work: "WorkItem | MarkedWork") -> int | None:
        """Return the student's id, unless names are hidden."""
        scope: MarkerScope = self.context["scope"]
        return work.student if scope.sees_names else None


class CellCommentSerializer(serializers.Serializer[Any]):
    """Words at one cell."""

    cell = serializers.IntegerField(
        min_value=1, max_value=10**6, help_text="All cells are counted, from 1."
    )
    text = serializers.CharField(max_length=LONGEST_COMMENT)


class GivenSerializer(serializers.Serializer[Any]):
    """What a marker gives for the question."""

    adjustment = serializers.DecimalField(
        max_digits=7,
        decimal_places=2,
        min_value=-MOST_ADJUSTMENT,
        max_value=MOST_ADJUSTMENT,
        default=Decimal(0),
        help_text="Points added to those of the items, or taken from them.",
    )
    comment = serializers.CharField(
        max_length=LONGEST_COMMENT,
        allow_blank=True,
        default="",
        help_text="The student reads it when the marks are released.",
    )
    cell_comments = CellCommentSerializer(many=True, default=list)
    is_finished = serializers.BooleanField(
        default=True, help_text="Whether the points count. A draft counts nothing."
    )


class GivenInputSerializer(GivenSerializer, KnownFieldsSerializer):
    """What you give, and the attempt and the version that you have read."""

    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1),
        max_length=_MOST_ITEMS,
        help_text="The ids of the chosen items. It may be empty.",
    )
    is_finished = serializers.BooleanField(
        help_text="Whether the points count. A draft counts nothing."
    )
    attempt = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="The attempt that you have read."
    )
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    reason = serializers.CharField(
        max_length=1_000,
        allow_blank=True,
        default="",
        help_text="Why you change it. It stays in the history.",
    )


class MarkingSerializer(GivenSerializer):
    """A marking as it is stored."""

    version = serializers.IntegerField()
    items = serializers.SerializerMethodField()
    points = points_field(
        help_text="By the rubric as it is now, from 0 to the points of the question."
    )
    total = points_field(
        help_text="What items and adjustment add up to. If it is not equal to `points`, "
        "it is below 0 or above the points of the question, and is cut off there."
    )
    updated_at = serializers.DateTimeField()

    def get_items(self, marking: Marking) -> list[int]:
        """Return the ids of the chosen items."""
        return sorted(item.pk for item in marking.items.all())


class AnswerCellSerializer(serializers.Serializer[Any]):
    """A cell of the student's answer."""

    cell = serializers.IntegerField(help_text="All cells are counted, from 1.")
    kind = serializers.ChoiceField(["code", "markdown", "raw"])
    text = serializers.CharField()


@dataclass(frozen=True, kw_only=True)
class MarkedWork:
    """A question of a student's attempt, with the answer and its marking."""

    item: WorkItem
    answer: Sequence[SourceCell]
    marking: Marking | None
    agreed: AgreedNotice | None

    @property
    def is_agreed(self) -> bool:
        """Whether an agreed marking counts."""
        return self.agreed is not None

    @property
    def agreed_points(self) -> Decimal | None:
        """The points of the agreed marking, if the person may know them."""
        return self.agreed.points if self.agreed else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.item, name)


class MarkedWorkSerializer(WorkSerializer):
    """A question of a student's attempt, with the answer and its marking."""

    answer = AnswerCellSerializer(
        many=True,
        help_text="The cells of the question. Names are taken out while the marking "
        "is anonymous. Empty if the notebook cannot be read.",
    )
    marking = MarkingSerializer(allow_null=True)
    has_agreed = serializers.BooleanField(
        source="is_agreed",
        help_text="Whether an agreed marking counts. Then what you store changes no mark.",
    )
    agreed_points = points_field(
        allow_null=True,
        help_text="The points of the agreed marking. Null without one, and until you "
        "have finished your second marking.",
    )
