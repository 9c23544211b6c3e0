"""The rubric by which people mark a question."""

from django.core.validators import MaxLengthValidator
from django.db import models
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models.assignment import Assignment
from formats.assignment import rubric as formats_rubric
from formats.assignment.rubric import (
    LONGEST_TEXT,
    Choose,
    GroupRules,
    RubricRules,
    Starts,
)


class Rubric(models.Model):
    """How a question of an assignment is marked by hand, and out of how many points.

    Revisions share the rubric of a question that their folders define in the same way,
    so what was marked holds in all of them. A folder that defines the question
    differently makes a new rubric: nothing marked by the old one holds for it.
    """

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="rubrics")
    key = models.SlugField(max_length=60, help_text="The key of the question.")
    points = models.DecimalField(max_digits=7, decimal_places=2)
    starts = models.CharField(
        max_length=4,
        choices=[(Starts.ZERO.value, "0 points"), (Starts.FULL.value, "Full points")],
        default=Starts.ZERO.value,
    )
    definition_sha256 = models.CharField(
        max_length=64,
        editable=False,
        help_text="SHA-256 of the question's points and rubric in the folder.",
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Counts changes, so that no editor overwrites another."
    )

    groups: "RelatedManager[RubricGroup]"

    class Meta:
        ordering = ["assignment", "key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "key", "definition_sha256"],
                name="rubric_one_per_definition",
            ),
            models.CheckConstraint(
                condition=models.Q(points__gte=0), name="rubric_points_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(starts__in=[each.value for each in Starts]),
                name="rubric_start_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · {self.key}"

    def rules(self) -> RubricRules:
        """Return the rules for computing points. No query if the groups are prefetched."""
        return RubricRules(
            possible=self.points,
            starts=Starts(self.starts),
            groups=tuple(group.rules() for group in self.groups.all()),
        )

    def definition(self) -> formats_rubric.Rubric:
        """Return the rubric as a folder writes it. No query if all is prefetched."""
        return formats_rubric.Rubric(
            starts=Starts(self.starts),
            groups=tuple(
                formats_rubric.RubricGroup(
                    title=group.title,
                    choose=Choose(group.choose),
                    maximum=group.maximum,
                    minimum=group.minimum,
                    items=tuple(
                        formats_rubric.RubricItem(text=item.text, points=item.points)
                        for item in group.items.all()
                    ),
                )
                for group in self.groups.all()
            ),
        )


class RubricGroup(models.Model):
    """Items of a rubric of which one or several are chosen."""

    rubric = models.ForeignKey(Rubric, models.CASCADE, related_name="groups")
    title = models.CharField(max_length=200, blank=True)
    choose = models.CharField(
        max_length=7,
        choices=[(Choose.SEVERAL.value, "Several"), (Choose.ONE.value, "One")],
        default=Choose.SEVERAL.value,
    )
    maximum = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="The items of the group add at most these points.",
    )
    minimum = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="The items of the group add at least these points, if any is chosen.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    items: "RelatedManager[RubricItem]"

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(choose__in=[each.value for each in Choose]),
                name="rubric_group_choice_known",
            ),
            models.CheckConstraint(
                condition=models.Q(maximum__isnull=True)
                | models.Q(minimum__isnull=True)
                | models.Q(minimum__lte=models.F("maximum")),
                name="rubric_group_bounds_ordered",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "Items"

    def rules(self) -> GroupRules:
        """Return the points of the items, and the bounds of their sum."""
        return GroupRules(
            points={item.pk: item.points for item in self.items.all()},
            chooses_one=self.choose == Choose.ONE,
            maximum=self.maximum,
            minimum=self.minimum,
        )


class RubricItem(models.Model):
    """Words for something in an answer, and the points that it adds or takes."""

    group = models.ForeignKey(RubricGroup, models.CASCADE, related_name="items")
    text = models.TextField(validators=[MaxLengthValidator(LONGEST_TEXT)])
    points = models.DecimalField(max_digits=7, decimal_places=2)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text
